//! The whole demo, with less to send: on the embedded broker, and on Apache Kafka where it can be run.

// A test outside `#[cfg(test)]`: a failed unwrap is a failed test.
#![allow(clippy::unwrap_used)]

use wasmill_artifacts::Flavour;
use wasmill_demo::ledger::Ledger;
use wasmill_demo::run::{self, Size};

/// One round of orders, and enough texts to be sent all along.
const SIZE: Size = Size { records: [2_300, 200], seconds: 5 };

/// What examples/data/README.md says about the orders.
fn check(ledgers: &[Ledger]) {
    let [orders, texts] = ledgers else { panic!("{} pipelines", ledgers.len()) };
    assert_eq!((orders.sent, orders.outputs, orders.set_aside()), (2_300, 1_982, 318));
    let codes: Vec<(&str, u64)> = orders.dead_letters.iter().map(|(code, count)| (code.as_str(), *count)).collect();
    let expected =
        [("invalid-quantity", 84), ("quantity-too-large", 166), ("too-many-items", 66), ("total-too-small", 2)];
    assert_eq!(codes, expected);
    assert_eq!((texts.sent, texts.outputs, texts.set_aside()), (200, 200, 0));
}

fn all_is_accounted_for(apache: bool) {
    // The one that other tests build, too.
    let shown = run::run(apache, Flavour::Chaos, SIZE).unwrap();
    assert!(shown.is_good, "{}", shown.text);
    check(&shown.ledgers);
    for part in [
        "order-validation: 2300 in = 1982 out + 318 dead letters",
        "in the middle of a transaction with up to ",
        "It adds up",
    ] {
        assert!(shown.text.contains(part), "{part}:\n{}", shown.text);
    }
}

mod dev_broker {
    #[test]
    fn every_record_is_accounted_for_although_a_worker_is_killed_in_a_transaction() {
        super::all_is_accounted_for(false);
    }
}

mod apache {
    #[test]
    fn every_record_is_accounted_for_on_apache_kafka_too() {
        if wasmill_cluster::required_or_skipped() {
            super::all_is_accounted_for(true);
        }
    }
}
