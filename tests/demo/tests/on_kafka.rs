//! The whole demo, with less to send: on the embedded broker, and on Apache Kafka where it can be run.

// A test outside `#[cfg(test)]`: a failed unwrap is a failed test.
#![allow(clippy::unwrap_used)]

use wasmill_artifacts::Flavour;
use wasmill_demo::account::Account;
use wasmill_demo::pipelines::ALL;
use wasmill_demo::run::{self, Size};

/// One round of orders, and enough texts to be sent all along.
const SIZE: Size = Size { orders: 2_300, texts: 200, seconds: 5 };

/// What examples/data/README.md says about the orders.
fn check(accounts: &[Account]) {
    let [orders, stock, points, texts] = accounts else { panic!("{} pipelines", accounts.len()) };
    let codes: Vec<(&str, u64)> = orders.dead_letters.iter().map(|(code, count)| (code.as_str(), *count)).collect();
    let expected =
        [("invalid-quantity", 84), ("quantity-too-large", 166), ("too-many-items", 66), ("total-too-small", 2)];
    assert_eq!(codes, expected);
    // Some valid ones are placed twice.
    assert!(orders.outputs > 1_982 && orders.inputs == orders.outputs + 318, "{orders:?}");
    for account in [stock, points] {
        assert!(account.inputs > 1_982 && account.set_aside() > 0, "{account:?}");
        assert_eq!(account.inputs, account.outputs + account.dropped + account.set_aside());
    }
    assert!(stock.dropped == 0 && points.dropped > 0, "{stock:?} {points:?}");
    assert_eq!((texts.inputs, texts.outputs, texts.set_aside()), (200, 200, 0));
}

fn all_is_accounted_for(apache: bool) {
    // The one that other tests build, too.
    let shown = run::run(apache, Flavour::Chaos, SIZE).unwrap();
    assert!(shown.is_good, "{}", shown.text);
    check(&shown.accounts);
    for part in ["in the middle of a transaction", "It adds up", "Every balance and every stock count checked"] {
        assert!(shown.text.contains(part), "{part}:\n{}", shown.text);
    }
    assert!(ALL.iter().all(|pipeline| shown.text.contains(&format!("  {}: ", pipeline.name))), "{}", shown.text);
}

mod dev_broker {
    #[test]
    fn every_record_balance_and_stock_count_is_right_although_a_process_is_killed_in_a_transaction() {
        super::all_is_accounted_for(false);
    }
}

mod apache {
    #[test]
    fn every_record_balance_and_stock_count_is_right_on_apache_kafka_too() {
        if wasmill_cluster::required_or_skipped() {
            super::all_is_accounted_for(true);
        }
    }
}
