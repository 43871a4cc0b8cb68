//! What the demo says at its end: the table, whether everything adds up, and what to try next.

use std::path::Path;

use crate::interruption::Interruption;
use crate::ledger::Ledger;
use crate::pipelines::{ALL, SESSION_TIMEOUT_MS};
use crate::table::{Entry, table};

/// The end of a demo.
#[derive(Debug)]
pub struct Shown {
    pub text: String,
    /// Each record that was sent is there once.
    pub is_good: bool,
    pub ledgers: Vec<Ledger>,
}

pub(crate) fn report(kafka: &str, entries: &[Entry<'_>], interruption: &Interruption, binary: &Path) -> (String, bool) {
    let faults: Vec<String> = entries
        .iter()
        .flat_map(|entry| entry.ledger.faults().into_iter().map(move |fault| format!("{}: {fault}", entry.name)))
        .collect();
    let is_good = faults.is_empty();
    let verdict = match is_good {
        true => adds_up(entries),
        false => format!("IT DOES NOT ADD UP:\n  {}", faults.join("\n  ")),
    };
    let text = format!(
        "\nOn {kafka}, with real orders and texts from examples/data:\n\n{}\n{}\n\n{}\n{verdict}\n{}\n{}",
        table(entries),
        LEGEND,
        killed(interruption),
        example(entries),
        next(binary),
    );
    (text, is_good)
}

const LEGEND: &str = "records/s is what was sent, not what is possible. p50 and p99 are from sending a record to seeing what became \
                      of it,\ncommitted; p99 of the orders is mostly the time without a worker.";

/// What is behind the last stable offset is the transaction's, but for markers and what others have committed meanwhile.
fn killed(Interruption { uncommitted, outage }: &Interruption) -> String {
    format!(
        "The worker of {} was killed (SIGKILL) in the middle of a transaction with up to {uncommitted} records, and\n\
         started again with the same instance id. Its group gave the dead member up {} s after its last heartbeat\n\
         (session_timeout_ms); orders came out again {:.1} s after the kill. What the transaction had written was\n\
         aborted, read again and written once.",
        ALL[0].name,
        SESSION_TIMEOUT_MS / 1000,
        outage.as_secs_f64(),
    )
}

fn adds_up(entries: &[Entry<'_>]) -> String {
    let sums = entries.iter().map(|Entry { name, ledger, .. }| {
        format!("  {name}: {} in = {} out + {} dead letters", ledger.sent, ledger.outputs, ledger.set_aside())
    });
    let sums: Vec<String> = sums.collect();
    format!(
        "It adds up. Every record is there exactly once, looked up one by one; orders are byte for byte what was sent, and\n\
         dead letters name the offset they came from:\n{}\n",
        sums.join("\n"),
    )
}

/// One dead letter, to see what there is to see.
fn example(entries: &[Entry<'_>]) -> String {
    let examples = entries.iter().filter_map(|entry| entry.ledger.example.as_ref());
    let line = |[name, code, reason]: &[String; 3]| format!("A dead letter: order {name}, {code}: {reason}\n");
    examples.take(1).map(line).collect()
}

/// From where the caller is.
fn next(binary: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let near = |path: &Path| path.strip_prefix(&here).unwrap_or(path).display().to_string();
    let root = wasmill_artifacts::root().canonicalize().unwrap_or_default();
    let wasmill = near(binary);
    let in_tree = |path: &str| near(&root.join(path));
    let orders = in_tree("examples/order-validation.yaml");
    format!(
        "Look at dead letters (Ctrl-C ends it):\n  {wasmill} dev {orders} \\\n    --feed orders={} --print orders.dlq\n\
         See what a configuration with mistakes gets:\n  {wasmill} lint {}\nWrite a plugin:\n  {}",
        in_tree("examples/data/orders.jsonl"),
        in_tree("examples/broken.yaml"),
        in_tree("docs/PLUGINS.md"),
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::ledger::Sent;
    use crate::pipelines::Identity;

    fn order(id: &str) -> String {
        format!(r#"{{"order_id":"{id}"}}"#)
    }

    fn reported(sent: &[&str], outputs: &[&str]) -> (String, bool) {
        let record = |id: &&str| Sent::new((*id).to_owned(), String::new(), order(id).as_bytes());
        let mut ledger = Ledger::new(Identity::OrderId, sent.iter().map(record).collect());
        for id in outputs {
            let value = order(id);
            ledger.output(&wasmill_verify::record::Record {
                partition: 0,
                offset: 0,
                timestamp: None,
                key: None,
                value: Some(value.as_bytes()),
                headers: &[],
            });
        }
        let entry = Entry { name: "orders", ledger: &ledger, records_per_s: 1.0, latencies_ms: &[1] };
        let interruption = Interruption { uncommitted: 42, outage: Duration::from_millis(6_500) };
        report("an embedded broker", &[entry], &interruption, Path::new("/built/wasmill"))
    }

    #[test]
    fn a_good_end_says_what_was_killed_and_that_it_adds_up() {
        let (text, is_good) = reported(&["a", "b"], &["b", "a"]);
        assert!(is_good);
        for part in [
            "with up to 42 records",
            "6.5 s after the kill",
            "orders: 2 in = 2 out + 0 dead letters",
            "/built/wasmill lint ",
        ] {
            assert!(text.contains(part), "{part}:\n{text}");
        }
    }

    #[test]
    fn a_bad_end_names_what_is_missing_and_what_is_double_and_does_not_say_that_it_adds_up() {
        let (text, is_good) = reported(&["a", "b"], &["b", "b"]);
        assert!(!is_good);
        assert!(text.contains("DOES NOT ADD UP:\n  orders: 1 missing: a\n  orders: 1 more than once: b\n"), "{text}");
        assert!(!text.contains("It adds up"), "{text}");
    }
}
