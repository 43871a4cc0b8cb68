//! Keyed state against a model: any records that read, change and scan, accepted or not, in one batch and in several.

// Helpers outside of `#[test]` functions are tests too: what can't be fails the test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeMap;
use wasmill_sdk::prelude::*;
use wasmill_sdk::{Answer, from_binary};

type Key = (String, u8);

#[derive(Debug, Clone, Serialize, Deserialize)]
enum Step {
    Get(Key),
    Put(Key, i32),
    Delete(Key),
    /// Of the keys with this first part, behind the second one if there is one.
    Scan(String, Option<u8>, u32),
    ScanAll(u32),
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
enum End {
    Accepted,
    Rejected,
    Postponed,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Script {
    wanted: Vec<Key>,
    steps: Vec<Step>,
    end: End,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Seen {
    One(Option<i32>),
    Many(Vec<(Key, i32)>),
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Number(i32);

impl Versioned for Number {
    const VERSION: u8 = 1;

    fn migrate(_: u8, bytes: &[u8]) -> Option<Number> {
        from_binary(bytes)
    }
}

#[derive(Outputs)]
enum Out {
    Seen,
}

#[derive(Codes)]
enum Code {
    Rejected,
    Postponed,
}

#[derive(Stores)]
struct Stores {
    /// A second one: its keys are the same and its values must not be.
    other: Store<(String, u8), i64>,
    numbers: Store<(String, u8), Number, Binary>,
}

struct Scripted;

impl Plugin for Scripted {
    type Config = NoConfig;
    type Outputs = Out;
    type Codes = Code;
    type Stores = Stores;
    type Input<'r> = Script;

    fn configure(_: NoConfig) -> Result<Self, Problems> {
        Ok(Scripted)
    }

    fn parse<'r>(&self, record: Record<'r>, stores: &Stores) -> Result<Script, Failure> {
        let script: Script = record.json()?;
        for (text, number) in &script.wanted {
            stores.numbers.want((text, number));
        }
        Ok(script)
    }

    fn process(&self, script: Script, stores: &mut Stores, _: &Context) -> Result<Outcome, Failure> {
        let mut seen = Vec::new();
        let entries = |found: Vec<(Key, Number)>| found.into_iter().map(|(key, Number(it))| (key, it)).collect();
        for step in script.steps {
            match step {
                Step::Get(key) => seen.push(Seen::One(stores.numbers.get(&key)?.map(|Number(it)| it))),
                Step::Put(key, number) => {
                    stores.numbers.put(&key, &Number(number))?;
                    stores.other.put(&key, &-1)?;
                }
                Step::Delete(key) => stores.numbers.delete(&key)?,
                Step::Scan(text, None, limit) => seen.push(Seen::Many(entries(stores.numbers.scan((text,), limit)?))),
                Step::Scan(text, Some(after), limit) => {
                    let found = stores.numbers.scan_after((&text,), (&text, after), limit)?;
                    seen.push(Seen::Many(entries(found)));
                }
                Step::ScanAll(limit) => seen.push(Seen::Many(entries(stores.numbers.scan((), limit)?))),
            }
        }
        match script.end {
            End::Accepted => Ok(Out::Seen.emit().json(&seen)?.into()),
            End::Rejected => Err(Code::Rejected.reject("")),
            End::Postponed => Err(Code::Postponed.retry("")),
        }
    }
}

type Model = BTreeMap<Key, i32>;

/// What a record sees, one after the other on a plain map.
fn on_model(model: &mut Model, script: &Script) -> Option<Vec<Seen>> {
    let before = model.clone();
    let mut seen = Vec::new();
    let scan = |model: &Model, limit: u32, within: &dyn Fn(&Key) -> bool| {
        let found = model.iter().filter(|(key, _)| within(key)).take(limit as usize);
        Seen::Many(found.map(|(key, number)| (key.clone(), *number)).collect())
    };
    for step in &script.steps {
        match step {
            Step::Get(key) => seen.push(Seen::One(model.get(key).copied())),
            Step::Put(key, number) => drop(model.insert(key.clone(), *number)),
            Step::Delete(key) => drop(model.remove(key)),
            Step::Scan(text, after, limit) => {
                seen.push(scan(model, *limit, &|key| key.0 == *text && after.is_none_or(|after| key.1 > after)));
            }
            Step::ScanAll(limit) => seen.push(scan(model, *limit, &|_| true)),
        }
    }
    if script.end == End::Accepted {
        return Some(seen);
    }
    *model = before;
    None
}

/// Few keys, some the beginning of others, so that records meet.
fn key() -> impl Strategy<Value = Key> {
    (text(), 0..3_u8)
}

fn text() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["", "a", "a\0", "ab"]).prop_map(str::to_owned)
}

fn script() -> impl Strategy<Value = Script> {
    let step = prop_oneof![
        2 => key().prop_map(Step::Get),
        4 => (key(), any::<i32>()).prop_map(|(key, number)| Step::Put(key, number)),
        2 => key().prop_map(Step::Delete),
        2 => (text(), prop::option::of(0..3_u8), 0..5_u32).prop_map(|(text, after, limit)| Step::Scan(text, after, limit)),
        1 => (0..9_u32).prop_map(Step::ScanAll),
    ];
    let end = prop_oneof![4 => Just(End::Accepted), 1 => Just(End::Rejected), 1 => Just(End::Postponed)];
    (prop::collection::vec(key(), 0..3), prop::collection::vec(step, 0..6), end)
        .prop_map(|(wanted, steps, end)| Script { wanted, steps, end })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn records_see_what_a_plain_map_would_show_them(
        seeds in prop::collection::vec((key(), any::<i32>()), 0..6),
        batches in prop::collection::vec(prop::collection::vec(script(), 1..5), 1..3),
    ) {
        let mut model = Model::new();
        let mut harness = Harness::<Scripted>::new(json!({}));
        for (key, number) in seeds {
            model.insert(key.clone(), number);
            harness = harness.state(|stores| stores.numbers.put(&key, &Number(number)));
        }
        for scripts in batches {
            harness = harness.batch(scripts.iter().map(|script| Sample::new().json(script)));
            for (script, answer) in scripts.iter().zip(harness.answers()) {
                let expected = on_model(&mut model, script);
                match (answer, script.end) {
                    (Answer::Emit(messages), End::Accepted) => {
                        let seen = serde_json::from_slice(messages[0].value.as_ref().unwrap()).unwrap();
                        prop_assert_eq!(Some::<Vec<Seen>>(seen), expected);
                    }
                    (Answer::Reject { .. }, End::Rejected) | (Answer::Retry { .. }, End::Postponed) => {}
                    other => prop_assert!(false, "{:?}", other),
                }
            }
            let kept = harness.stored(|stores| stores.numbers.scan((), 1000));
            let kept: Model = kept.into_iter().map(|(key, Number(number))| (key, number)).collect();
            prop_assert_eq!(&kept, &model);
        }
    }
}
