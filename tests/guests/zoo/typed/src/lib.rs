//! The world `plugin-typed` in Rust. The first half of [`answer`] is what the guests in C and Python do too.

wit_bindgen::generate!({ path: "../../../../wit", world: "plugin-typed" });

use exports::wasmill::plugin::lifecycle::{Guest as Lifecycle, Problem};
use exports::wasmill::plugin::typed::{
    Change, Emission, Field, Forwarded, Guest as Typed, Header, Outcome, Part, Postponement, Record, Rejection, Source,
    Written,
};

struct Plain;

impl Lifecycle for Plain {
    fn describe() -> String {
        r#"{"name":"typed","version":"0.1.0","outputs":[{"name":"main"}],"codes":["unwanted","not-yet"]}"#.to_owned()
    }

    fn configure(_: String) -> Result<Option<String>, Vec<Problem>> {
        Ok(None)
    }
}

impl Typed for Plain {
    fn process(source: Source, records: Vec<Record>) -> Vec<Outcome> {
        let mut outcomes = Vec::with_capacity(records.len());
        for record in records {
            let Field::Bytes(value) = &record.value else {
                outcomes.push(Outcome::Drop(Vec::new()));
                continue;
            };
            answer(&source, value, &mut outcomes);
        }
        outcomes
    }
}

fn answer(source: &Source, value: &[u8], outcomes: &mut Vec<Outcome>) {
    let text = String::from_utf8_lossy(value);
    let (verb, rest) = text.split_once(':').unwrap_or((&text, ""));
    match verb {
        "drop" => outcomes.push(Outcome::Drop(Vec::new())),
        "shout" => {
            let header = Header { name: "by".to_owned(), value: Some(b"rust".to_vec()) };
            outcomes.push(emit(vec![Emission { headers: vec![header], ..said(rest.to_uppercase()) }]));
        }
        "reject" => outcomes.push(reject("unwanted", &format!("no {rest}"))),
        "retry" if source.attempt == 1 => outcomes.push(Outcome::Retry(Postponement {
            after_ms: 5,
            code: "not-yet".to_owned(),
            message: String::new(),
        })),
        "trap" => panic!("as it was told"),
        "loop" => loop {
            std::hint::black_box(());
        },
        verb if verb.starts_with("ok") || verb == "retry" => outcomes.push(forward(0)),
        _ => break_contract(verb, outcomes),
    }
}

/// What the types allow and the contract does not.
fn break_contract(fault: &str, outcomes: &mut Vec<Outcome>) {
    let outcome = match fault {
        "no-answer" => return,
        "two-answers" => {
            outcomes.push(forward(0));
            forward(0)
        }
        "output" => forward(1),
        "output-emitted" => emit(vec![Emission { output: u16::MAX, ..said(String::new()) }]),
        "code" => reject("Not A Code", ""),
        "code-empty" => reject("", ""),
        "message-long" => reject("unwanted", &"m".repeat(1025)),
        "timestamp" => emit(vec![Emission { timestamp: Some(-2), ..said(String::new()) }]),
        "partition" => emit(vec![Emission { partition: Some(u32::MAX), ..said(String::new()) }]),
        "store" => Outcome::Drop(vec![Change { store: 0, key: b"key".to_vec(), value: None }]),
        "emissions" => emit((0..1001).map(|_| said(String::new())).collect()),
        "inherit" => {
            let whole = || Emission { value: Part::Inherit, ..said(String::new()) };
            emit((0..1000).map(|_| whole()).collect())
        }
        "value-large" => emit(vec![said("v".repeat(9 << 20))]),
        _ => reject("no-such-fault", fault),
    };
    outcomes.push(outcome);
}

fn forward(output: u16) -> Outcome {
    Outcome::Forward(Forwarded { output, changes: Vec::new() })
}

fn reject(code: &str, message: &str) -> Outcome {
    Outcome::Reject(Rejection { code: code.to_owned(), message: message.to_owned() })
}

fn emit(emissions: Vec<Emission>) -> Outcome {
    Outcome::Emit(Written { emissions, changes: Vec::new() })
}

/// Key and headers of the input record, and this value.
fn said(value: String) -> Emission {
    Emission {
        output: 0,
        key: Part::Inherit,
        value: Part::Bytes(value.into_bytes()),
        inherit_headers: true,
        headers: Vec::new(),
        timestamp: None,
        partition: None,
    }
}

export!(Plain);
