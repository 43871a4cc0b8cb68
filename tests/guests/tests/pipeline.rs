//! The zoo behind the real worker: only the offending record is set aside, and everything else is written, in order, once.

// Helpers outside of `#[test]` functions are tests too: what can't be fails the test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;
use wasmill_flow::{Entry, Ran, Rig, partition};
use wasmill_guests::catalogue::{Expected, Guest, ZOO};
use wasmill_guests::host::{OUTPUTS, instance, zoo};
use wasmill_guests::records;
use wasmill_record::GuestFailureKind;

/// Shorter for guests that never end, which are called up to 65 times here. All others must not come near it, however slow the
/// machine is: page faults are CPU time of the guest, and were seen to take eight times their time on a full one.
fn deadline(guest: &Guest) -> Duration {
    let never_ends = guest.expected == Expected::Fails(GuestFailureKind::Deadline);
    if never_ends { Duration::from_millis(20) } else { AMPLE }
}

const AMPLE: Duration = Duration::from_secs(10);
const DEFAULT: Duration = Duration::from_millis(200);
const BATCH: usize = 64;
const MIDDLE: usize = 32;

fn run(deadline: Duration, entries: impl IntoIterator<Item = Entry>) -> Ran {
    let plugin = zoo(deadline);
    let mut rig = Rig::new(1);
    rig.settings.batch.records_max = BATCH;
    rig.settings.batch.bytes_max = 1 << 30;
    for entry in entries {
        rig.world().feed(partition(0), entry);
    }
    // As the start of a pipeline does it.
    rig.metrics.pipeline("flow").codes(plugin.manifest().codes.clone());
    rig.invoking(Box::new(instance(&plugin, OUTPUTS))).good()
}

/// Values without what pads them, and codes.
fn letters(ran: &Ran) -> Vec<(String, String)> {
    let code = |entry: &Entry| entry.header("__wasmill.errors.code").unwrap_or_default();
    ran.world().dead_letters().iter().map(|entry| (head(&entry.words()), code(entry))).collect()
}

fn head(words: &str) -> String {
    words.chars().take(32).collect()
}

fn written(ran: &Ran) -> Vec<String> {
    ran.world().written("out0", 0).iter().map(|words| head(words)).collect()
}

/// 64 records of which those at `offenders` are the guest's.
fn batch(guest: &Guest, offenders: impl Fn(usize) -> bool) -> Vec<Entry> {
    (0..BATCH).map(|at| if offenders(at) { guest.entry() } else { records::fine(at) }).collect()
}

fn check(guest: &Guest, entries: Vec<Entry>) {
    let name = guest.name;
    let values: Vec<String> = entries.iter().map(|entry| head(&entry.words())).collect();
    let offends = |value: &&String| value.starts_with(name);
    let expected: Vec<String> = match guest.expected {
        Expected::Forwarded => values.clone(),
        _ => values.iter().filter(|value| !offends(value)).cloned().collect(),
    };
    let aside: Vec<(String, String)> = match guest.expected.code() {
        Some(code) => values.iter().filter(offends).map(|value| (value.clone(), code.to_owned())).collect(),
        None => Vec::new(),
    };
    let ran = run(deadline(guest), entries);
    assert_eq!(letters(&ran), aside, "dead letters of {name}");
    assert_eq!(written(&ran), expected, "written beside {name}");
    assert_eq!(ran.world().position(0), BATCH as i64, "all of them are settled");
}

#[test]
fn the_offender_in_the_middle_of_a_batch_is_set_aside_alone() {
    for guest in ZOO {
        check(guest, batch(guest, |at| at == MIDDLE));
    }
}

#[test]
fn a_batch_of_nothing_but_offenders_is_set_aside_as_a_whole() {
    for guest in ZOO {
        check(guest, batch(guest, |_| true));
    }
}

#[test]
fn an_instance_that_gives_up_at_its_tenth_record_is_renewed_and_every_tenth_is_set_aside() {
    let entry = |at| records::record(&format!("nth:{at}"));
    let ran = run(DEFAULT, (0..BATCH).map(entry));
    let tenth = |at: &usize| at % 10 == 9;
    let value = |at: usize| format!("nth:{at}");
    let aside: Vec<_> = (0..BATCH).filter(tenth).map(|at| (value(at), "plugin-trap".to_owned())).collect();
    assert_eq!(letters(&ran), aside);
    assert_eq!(written(&ran), (0..BATCH).filter(|at| !tenth(at)).map(value).collect::<Vec<_>>());
}

#[test]
fn offenders_of_every_kind_in_one_batch_are_each_set_aside_with_their_own_code() {
    let mut guests: Vec<&Guest> = ZOO.iter().collect();
    guests.retain(|guest| guest.expected != Expected::Dropped);
    let ran = run(DEFAULT, guests.iter().flat_map(|guest| [records::fine(0), guest.entry()]));
    let found: Vec<String> = letters(&ran).into_iter().map(|(_, code)| code).collect();
    let expected: Vec<&str> = guests.iter().filter_map(|guest| guest.expected.code()).collect();
    assert_eq!(found, expected);
    assert_eq!(written(&ran).len(), guests.len() * 2 - expected.len());
}

#[test]
fn a_dead_letter_says_which_plugin_failed_and_how() {
    let ran = run(DEFAULT, [records::fine(0), records::record("panic"), records::record("output")]);
    let letters = ran.world().dead_letters();
    let header = |at: usize, name: &str| letters[at].header(&format!("__wasmill.errors.{name}")).unwrap_or_default();
    assert_eq!(header(0, "plugin"), "zoo");
    assert!(header(0, "plugin.digest").starts_with("sha256:"), "{}", header(0, "plugin.digest"));
    let seed = header(0, "seed");
    assert!(seed.parse::<u64>().is_ok() && header(1, "seed") == seed, "of the partition: {seed}");
    assert!(header(0, "message").contains("order 17 is broken"), "{}", header(0, "message"));
    assert!(header(0, "trace").contains("zoo"), "the functions it was in: {}", header(0, "trace"));
    assert!(header(1, "message").contains("an output that is not in the manifest"), "{}", header(1, "message"));
}

/// Not in the catalogue: a batch of nothing but these would be 4 GiB.
#[test]
fn a_record_that_the_guests_memory_can_not_hold_is_set_aside_as_too_large_and_the_others_are_written() {
    let large = Entry { value: Some(vec![b'x'; 64 << 20]), ..records::fine(1) };
    let ran = run(DEFAULT, [records::fine(0), large, records::fine(2)]);
    let [letter] = &ran.world().dead_letters()[..] else { panic!("one letter") };
    let header = |name: &str| letter.header(&format!("__wasmill.errors.{name}")).unwrap_or_default();
    assert_eq!(header("code"), "record-too-large");
    assert!(header("message").contains("limits.memory_mib is 64"), "{}", header("message"));
    assert_eq!(written(&ran), ["ok-0", "ok-2"]);
    let failures = ran.metric(r#"wasmill_guest_failures_total{pipeline="flow",code="record-too-large"}"#);
    assert_eq!(failures, 2.0, "the batch's, and the record's own");
}

#[test]
fn a_code_for_each_order_makes_no_series_for_each_order() {
    let ran = run(DEFAULT, (0..200).map(|order| records::record(&format!("order:{order}"))));
    let codes: Vec<String> = letters(&ran).into_iter().map(|(_, code)| code).collect();
    assert_eq!(codes, (0..200).map(|order| format!("order-{order}")).collect::<Vec<_>>());
    assert_eq!(dead_letters_counted(&ran, "other"), 200.0);
    assert_eq!(dead_letters_counted(&ran, "order-17"), 0.0);
}

#[test]
fn a_code_that_the_manifest_lists_has_a_series_of_its_own_and_any_other_is_counted_as_other() {
    let ran = run(DEFAULT, ["listed", "unlisted", "listed"].map(records::record));
    let counted = ["listed", "other", "unlisted"].map(|code| dead_letters_counted(&ran, code));
    assert_eq!(counted, [2.0, 1.0, 0.0]);
    let codes: Vec<String> = letters(&ran).into_iter().map(|(_, code)| code).collect();
    assert_eq!(codes, ["listed", "unlisted", "listed"], "written all the same");
}

fn dead_letters_counted(ran: &Ran, code: &str) -> f64 {
    ran.metric(&format!(r#"wasmill_dead_letters_total{{pipeline="flow",code="{code}"}}"#))
}
