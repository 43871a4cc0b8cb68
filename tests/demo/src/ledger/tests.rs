use wasmill_verify::record::{Header, Record};

use super::*;

fn record<'a>(value: &'a str, headers: &'a [Header<'a>]) -> Record<'a> {
    Record { partition: 0, offset: 0, timestamp: None, key: None, value: Some(value.as_bytes()), headers }
}

fn header<'a>(name: &'a str, value: &'a str) -> Header<'a> {
    Header { name: name.as_bytes(), value: Some(value.as_bytes()) }
}

fn order(id: &str) -> String {
    format!(r#"{{"order_id":"{id}","channel":"app"}}"#)
}

/// Orders with these ids, at the offsets of one partition.
fn sent(ids: &[&str]) -> Vec<Sent> {
    let order = |(id, offset): (&&str, i64)| Sent::new((*id).to_owned(), place(0, offset), order(id).as_bytes());
    ids.iter().zip(0..).map(order).collect()
}

/// Texts at these places.
fn texts(places: &[(i32, i64)]) -> Vec<Sent> {
    let text = |&(partition, offset): &(i32, i64)| Sent::new(place(partition, offset), place(partition, offset), b"");
    places.iter().map(text).collect()
}

/// Orders with these ids in the output, and one dead letter, which was at the second offset.
fn orders(expected: &[&str], outputs: &[&str], dead: &str) -> Ledger {
    let mut ledger = Ledger::new(Identity::OrderId, sent(expected));
    for id in outputs {
        ledger.output(&record(&order(id), &[]));
    }
    ledger.dead_letter(&record(&order(dead), &from("1")));
    ledger
}

/// The headers of a dead letter from this offset.
fn from(offset: &str) -> [Header<'_>; 4] {
    [header(CODE, "too-many-items"), header(MESSAGE, "51 items"), header(PARTITION, "0"), header(OFFSET, offset)]
}

fn said(ledger: &Ledger) -> Vec<String> {
    ledger.faults().iter().map(ToString::to_string).collect()
}

#[test]
fn an_account_adds_up_when_each_record_is_in_one_place_once() {
    let ledger = orders(&["a", "b", "c"], &["c", "a"], "b");
    assert_eq!(ledger.faults(), []);
    assert_eq!((ledger.sent, ledger.outputs), (3, 2));
    assert_eq!(ledger.dead_letters, BTreeMap::from([("too-many-items".to_owned(), 1)]));
    assert_eq!(ledger.example, Some(["b", "too-many-items", "51 items"].map(str::to_owned)));
}

#[test]
fn a_record_that_is_lost_is_named() {
    assert_eq!(said(&orders(&["a", "b", "c"], &["a"], "b")), ["1 missing: c"]);
}

#[test]
fn a_record_that_came_twice_is_named_also_when_the_counts_agree() {
    let ledger = orders(&["a", "b", "c"], &["a", "a"], "b");
    assert_eq!((ledger.sent, ledger.outputs, ledger.dead_letters.len()), (3, 2, 1));
    assert_eq!(said(&ledger), ["1 missing: c", "1 more than once: a"]);
}

#[test]
fn a_record_in_an_output_and_among_the_dead_letters_is_double() {
    assert_eq!(said(&orders(&["a", "b"], &["a", "b"], "b")), ["1 more than once: b"]);
}

#[test]
fn what_nobody_sent_and_what_can_not_be_read_are_faults() {
    let mut ledger = orders(&["a", "b"], &["a", "z"], "b");
    ledger.output(&record("no order", &[]));
    assert_eq!(said(&ledger), ["1 never sent: z", "1 not to be recognised"]);
}

#[test]
fn texts_are_known_by_their_place_in_rows_and_in_headers() {
    let mut ledger = Ledger::new(Identity::Place, texts(&[(0, 7), (2, 7), (2, 8)]));
    ledger.output(&record(r#"{"text":"fine","source_partition":2,"source_offset":7}"#, &[]));
    let headers = [header(PARTITION, "0"), header(OFFSET, "7"), header(CODE, "empty-text")];
    ledger.dead_letter(&record("", &headers));
    assert_eq!(said(&ledger), ["1 missing: partition 2, offset 8"]);
}

#[test]
fn of_many_only_the_first_are_named() {
    let ids: Vec<String> = (0..20).map(|number| format!("o-{number:02}")).collect();
    let ledger = Ledger::new(Identity::OrderId, sent(&ids.iter().map(String::as_str).collect::<Vec<_>>()));
    assert_eq!(said(&ledger), ["20 missing: o-00; o-01; o-02; o-03; o-04; ..."]);
}

#[test]
fn an_order_that_is_not_what_was_sent_is_a_fault_in_an_output_and_among_the_dead_letters() {
    let mut ledger = Ledger::new(Identity::OrderId, sent(&["a", "b"]));
    ledger.output(&record(&order("a").replace("app", "web"), &[]));
    ledger.dead_letter(&record(&order("b").replace("app", "web"), &from("1")));
    assert_eq!(said(&ledger), ["2 not as it was sent: a; b"]);
}

#[test]
fn a_dead_letter_that_names_another_place_or_none_is_a_fault() {
    let mut ledger = Ledger::new(Identity::OrderId, sent(&["a", "b", "c"]));
    ledger.dead_letter(&record(&order("a"), &from("1")));
    ledger.dead_letter(&record(&order("b"), &from("1")));
    ledger.dead_letter(&record(&order("c"), &[header(CODE, "too-many-items")]));
    assert_eq!(said(&ledger), ["2 with another place in its headers: a; c"]);
}

#[test]
fn a_row_need_not_be_the_text_that_it_was_made_from_but_a_dead_letter_is() {
    let mut ledger = Ledger::new(Identity::Place, texts(&[(0, 0), (0, 1)]));
    ledger.output(&record(r#"{"text":"fine","source_partition":0,"source_offset":0}"#, &[]));
    ledger.dead_letter(&record("another text", &from("1")));
    assert_eq!(said(&ledger), ["1 not as it was sent: partition 0, offset 1"]);
}

#[test]
fn an_order_that_was_placed_twice_is_there_twice() {
    let twice = orders(&["a", "b", "a"], &["a", "a"], "b");
    assert_eq!(twice.faults(), []);
    assert_eq!(said(&orders(&["a", "b", "a"], &["a"], "b")), ["1 missing: a"]);
    assert_eq!(said(&orders(&["a", "b", "a"], &["a", "a", "a"], "b")), ["1 more than once: a"]);
}

#[test]
fn two_dead_letters_of_an_order_name_two_places() {
    let set_aside = |offsets: [&str; 2]| {
        let mut ledger = Ledger::new(Identity::OrderId, sent(&["a", "a"]));
        offsets.iter().for_each(|offset| ledger.dead_letter(&record(&order("a"), &from(offset))));
        said(&ledger)
    };
    assert_eq!(set_aside(["1", "0"]), <[String; 0]>::default());
    assert_eq!(set_aside(["1", "1"]), ["1 with another place in its headers: a"]);
}
