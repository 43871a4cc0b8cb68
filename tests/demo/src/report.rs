//! What the demo says at its end: the table, whether everything adds up, and what to try next. No line is longer than 100 columns.

use std::path::Path;

use crate::account::Account;
use crate::interruption::Interruption;
use crate::pipelines::SESSION_TIMEOUT_MS;
use crate::table::{Entry, table};
use crate::verdict::Verdict;

/// The end of a demo.
#[derive(Debug)]
pub struct Shown {
    pub text: String,
    /// Each record that was sent is there as often as it should be, and all stock and points are right.
    pub is_good: bool,
    /// Of each pipeline.
    pub accounts: Vec<Account>,
}

/// What is known at the end.
#[derive(Debug)]
pub(crate) struct Ended<'a> {
    pub(crate) kafka: &'a str,
    pub(crate) entries: &'a [Entry<'a>],
    pub(crate) interruption: &'a Interruption,
    pub(crate) verdict: Verdict,
    /// Of a dead letter the order, the code, and the reason.
    pub(crate) example: Option<[String; 3]>,
}

pub(crate) fn report(ended: &Ended<'_>, binary: &Path) -> (String, bool) {
    let Ended { kafka, entries, interruption, verdict, example } = ended;
    let faults: Vec<String> = entries
        .iter()
        .flat_map(|entry| entry.account.faults.iter().map(move |fault| format!("{}: {fault}", entry.name)))
        .collect();
    let adds_up = match faults.is_empty() {
        true => sums(entries),
        false => format!("IT DOES NOT ADD UP:\n  {}\n", faults.join("\n  ")),
    };
    let text = format!(
        "\nOn {kafka}, with real orders and texts from examples/data:\n\n{}\n{LEGEND}\n\n{}\n\n{adds_up}\n{}\n{}{}",
        table(entries),
        killed(interruption),
        verdict.text,
        example.as_ref().map(dead_letter).unwrap_or_default(),
        next(binary),
    );
    (text, faults.is_empty() && verdict.is_good)
}

const LEGEND: &str = "\
records/s is what was sent, not what is possible. p50 and p99 are from the moment an order (a text)
is due to seeing what became of it, committed: in loyalty, its points, two pipelines further on.
p99 of the three that belong together is mostly the time without their process.";

fn killed(Interruption { open, outage }: &Interruption) -> String {
    format!(
        "The process with the three pipelines of orders was killed (SIGKILL) in the middle of a transaction\n\
         of {}, with up to {} records, and started again with the\n\
         same instance id and state directory. Its groups gave the dead member up {} s after its last\n\
         heartbeat (session_timeout_ms); orders got their points again {:.1} s after the kill. What the\n\
         transaction had written was aborted, read again and written once.",
        open.pipelines.join(" and of "),
        open.records,
        SESSION_TIMEOUT_MS / 1000,
        outage.as_secs_f64(),
    )
}

fn sums(entries: &[Entry<'_>]) -> String {
    let sums = entries.iter().map(|Entry { name, account, .. }| {
        let (inputs, outputs, dead_letters) = (account.inputs, account.outputs, account.set_aside());
        let dropped = match account.dropped {
            0 => String::new(),
            dropped => format!(" + {dropped} dropped"),
        };
        format!("  {name}: {inputs} in = {outputs} out{dropped} + {dead_letters} dead letters\n")
    });
    format!(
        "It adds up. Every order and every text is there exactly as often as it was sent, looked up one by\n\
         one; orders are byte for byte what was sent, and their dead letters name the offset they came from:\n{}",
        sums.collect::<String>(),
    )
}

fn dead_letter([name, code, reason]: &[String; 3]) -> String {
    format!("A dead letter: order {name}, {code}: {reason}\n")
}

/// From where the caller is.
fn next(binary: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let near = |path: &Path| path.strip_prefix(&here).unwrap_or(path).display().to_string();
    let root = wasmill_artifacts::root().canonicalize().unwrap_or_default();
    let wasmill = near(binary);
    let in_tree = |path: &str| near(&root.join(path));
    format!(
        "Look at dead letters (Ctrl-C ends it):\n  {wasmill} dev {} \\\n    --feed orders={} --print orders.dlq\n\
         Look at a balance: with that running, give a customer 50 points, and see what there is:\n  \
         echo 'anna:{{\"type\":\"correction\",\"adjustment_id\":\"a-1\",\"customer_id\":\"anna\",\"points\":50}}' |\n    \
         kcat -b localhost:9092 -P -t loyalty.adjustments -K: -X partitioner=murmur2_random\n  \
         kcat -b localhost:9092 -C -t loyalty.balances -q -e -f '%k %s\\n'\n\
         What else there is to know about stock and points:\n  {}\n\
         See what a configuration with mistakes gets:\n  {wasmill} lint {}\nWrite a plugin:\n  {}",
        in_tree("examples/restaurant.yaml"),
        in_tree("examples/data/orders.jsonl"),
        in_tree("docs/decisions/0011-orders-stock-and-points.md"),
        in_tree("examples/broken.yaml"),
        in_tree("docs/PLUGINS.md"),
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::interruption::Open;

    fn reported(faults: &[&str], is_right: bool) -> (String, bool) {
        let faults = faults.iter().map(|fault| (*fault).to_owned()).collect();
        let account = Account { inputs: 9, outputs: 6, dropped: 3, faults, ..Account::default() };
        let entries = [Entry { name: "loyalty", account: &account, records_per_s: 1.0, latencies_ms: &[1] }];
        let open = Open { pipelines: vec!["order-inventory", "loyalty"], records: 4_242 };
        let ended = Ended {
            kafka: "an embedded broker",
            entries: &entries,
            interruption: &Interruption { open, outage: Duration::from_millis(6_500) },
            verdict: Verdict { text: "what the oracle says\n".to_owned(), is_good: is_right },
            example: Some(["o-1", "too-many-items", "51 items"].map(str::to_owned)),
        };
        report(&ended, Path::new("/built/wasmill"))
    }

    #[test]
    fn a_good_end_says_what_was_killed_that_it_adds_up_and_what_the_oracle_says() {
        let (text, is_good) = reported(&[], true);
        assert!(is_good);
        for part in [
            "of order-inventory and of loyalty, with up to 4242 records",
            "6.5 s after the kill",
            "It adds up.",
            "loyalty: 9 in = 6 out + 3 dropped + 0 dead letters",
            "what the oracle says",
            "order o-1, too-many-items: 51 items",
            "/built/wasmill lint ",
            "-t loyalty.balances",
        ] {
            assert!(text.contains(part), "{part}:\n{text}");
        }
        // Paths are as long as they are.
        let own = text.lines().filter(|line| !line.contains('/'));
        assert!(own.clone().count() > 15 && own.into_iter().all(|line| line.chars().count() <= 100), "{text}");
    }

    #[test]
    fn a_fault_is_named_and_it_is_not_said_that_it_adds_up() {
        let (text, is_good) = reported(&["1 missing: a", "1 more than once: b"], true);
        assert!(!is_good);
        assert!(text.contains("DOES NOT ADD UP:\n  loyalty: 1 missing: a\n  loyalty: 1 more than once: b\n"), "{text}");
        assert!(!text.contains("It adds up"), "{text}");
    }

    #[test]
    fn it_is_no_good_end_without_the_oracles_word_although_it_adds_up() {
        let (text, is_good) = reported(&[], false);
        assert!(!is_good && text.contains("It adds up"), "{text}");
    }
}
