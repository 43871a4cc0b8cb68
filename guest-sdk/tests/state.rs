//! Keyed state through the harness: what records see of each other, and what is kept.

// Helpers outside of `#[test]` functions are tests too: what can't be fails the test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::json;
use wasmill_sdk::prelude::*;
use wasmill_sdk::{Answer, StateCalls};

#[derive(Outputs)]
enum Out {
    Balances,
}

#[derive(Codes)]
enum Refusal {
    Overdrawn,
    Later,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Account {
    balance: i64,
}

fn account(balance: i64) -> Account {
    Account { balance }
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Paid(i64);

impl Versioned for Paid {
    const VERSION: u8 = 2;
}

#[derive(Stores)]
struct Stores {
    accounts: Store<str, Account>,
    by_day: Store<(String, u32), Paid, Binary>,
}

#[derive(Deserialize)]
struct Payment {
    amount: i64,
    #[serde(default)]
    day: u32,
    #[serde(default)]
    later: bool,
    /// A customer whom nobody has wanted.
    #[serde(default)]
    from: Option<String>,
}

struct Bank;

impl Plugin for Bank {
    type Config = NoConfig;
    type Outputs = Out;
    type Codes = Refusal;
    type Stores = Stores;
    type Input<'r> = (&'r str, Payment);

    const READS: Reads = Reads::KEY.and(Reads::VALUE);

    fn configure(_: NoConfig) -> Result<Self, Problems> {
        Ok(Bank)
    }

    fn parse<'r>(&self, record: Record<'r>, stores: &Stores) -> Result<Self::Input<'r>, Failure> {
        let customer = record.key_str()?;
        stores.accounts.want(customer);
        Ok((customer, record.json()?))
    }

    fn process(&self, input: Self::Input<'_>, stores: &mut Stores, context: &Context) -> Result<Outcome, Failure> {
        let (customer, payment) = input;
        let balance = stores.accounts.get(customer)?.map_or(0, |account| account.balance) + payment.amount;
        stores.accounts.put(customer, &account(balance))?;
        stores.by_day.put((customer, payment.day), &Paid(payment.amount))?;
        if let Some(from) = &payment.from {
            let left = stores.accounts.get(from)?.map_or(0, |account| account.balance) - payment.amount;
            match left {
                0 => stores.accounts.delete(from)?,
                _ => stores.accounts.put(from, &account(left))?,
            }
        }
        if balance < 0 {
            return Err(Refusal::Overdrawn.reject(format!("{balance}")));
        }
        if payment.later && context.attempt() == 1 {
            return Err(Refusal::Later.retry("not yet"));
        }
        let days = stores.by_day.scan((customer,), 100)?;
        let days: Vec<(u32, Paid)> = days.into_iter().map(|((_, day), paid)| (day, paid)).collect();
        Ok(Out::Balances.emit().json(&json!({ "balance": balance, "days": days }))?.into())
    }
}

wasmill_sdk::export!(Bank);

fn harness() -> Harness<Bank> {
    Harness::new(json!({}))
}

fn pay(key: &str, value: serde_json::Value) -> Sample {
    Sample::new().key(key).json(value)
}

#[test]
fn a_record_sees_what_those_before_it_have_changed() {
    harness()
        .state(|stores| stores.accounts.put("ada", &account(10)))
        .batch([
            pay("ada", json!({ "amount": 5 })),
            pay("ada", json!({ "amount": 7, "day": 2 })),
            pay("bert", json!({ "amount": 1 })),
        ])
        .expect(Out::Balances, json!({ "balance": 15, "days": [[0, 5]] }))
        .expect(Out::Balances, json!({ "balance": 22, "days": [[0, 5], [2, 7]] }))
        .expect(Out::Balances, json!({ "balance": 1, "days": [[0, 1]] }))
        .expect_stored(|stores| stores.accounts.get("ada"), Some(account(22)))
        .expect_stored(|stores| stores.by_day.scan(("ada",), 1), vec![(("ada".to_owned(), 0), Paid(5))]);
}

#[test]
fn all_wanted_keys_of_a_batch_are_one_question() {
    let harness = harness().batch([
        pay("ada", json!({ "amount": 5 })),
        pay("bert", json!({ "amount": 5 })),
        pay("ada", json!({ "amount": 5 })),
    ]);
    harness.answers();
    assert_eq!(harness.state_calls(), StateCalls { reads: 1, keys: 2, gets: 0, scans: 3 });
}

#[test]
fn a_rejected_record_has_changed_nothing() {
    harness()
        .batch([
            pay("ada", json!({ "amount": 5 })),
            pay("ada", json!({ "amount": -9, "day": 3 })),
            pay("ada", json!({ "amount": 2, "day": 1 })),
        ])
        .expect(Out::Balances, json!({ "balance": 5, "days": [[0, 5]] }))
        .expect_reject(Refusal::Overdrawn)
        .expect(Out::Balances, json!({ "balance": 7, "days": [[0, 5], [1, 2]] }))
        .expect_stored(|stores| stores.accounts.get("ada"), Some(account(7)))
        .expect_stored(|stores| stores.by_day.get(("ada", 3)), None);
}

#[test]
fn a_postponed_record_has_changed_nothing_that_others_see() {
    let later = || pay("ada", json!({ "amount": 100, "day": 9, "later": true }));
    harness()
        .batch([pay("ada", json!({ "amount": 5 })), later(), pay("ada", json!({ "amount": 1, "day": 1 }))])
        .expect(Out::Balances, json!({ "balance": 5, "days": [[0, 5]] }))
        .expect_retry(Refusal::Later)
        .expect(Out::Balances, json!({ "balance": 6, "days": [[0, 5], [1, 1]] }))
        .expect_stored(|stores| stores.accounts.get("ada"), Some(account(6)))
        .attempt(2)
        .record(later())
        .expect(Out::Balances, json!({ "balance": 106, "days": [[0, 5], [1, 1], [9, 100]] }));
}

#[test]
fn a_record_that_can_not_be_parsed_is_answered_in_its_place() {
    harness()
        .batch([
            pay("ada", json!({ "amount": 5 })),
            Sample::new().key("ada").value("{"),
            pay("ada", json!({ "amount": 1 })),
        ])
        .expect(Out::Balances, json!({ "balance": 5, "days": [[0, 5]] }))
        .expect_reject("invalid-json")
        .expect(Out::Balances, json!({ "balance": 6, "days": [[0, 1]] }));
}

#[test]
fn a_deleted_key_is_gone_for_those_behind_and_can_come_back() {
    let harness = harness()
        .state(|stores| stores.accounts.put("bert", &account(3)))
        .batch([pay("ada", json!({ "amount": 3, "from": "bert" })), pay("bert", json!({ "amount": 8 }))]);
    let harness = harness
        .expect(Out::Balances, json!({ "balance": 3, "days": [[0, 3]] }))
        .expect(Out::Balances, json!({ "balance": 8, "days": [[0, 8]] }))
        .expect_stored(|stores| stores.accounts.get("bert"), Some(account(8)))
        .send("ada", json!({ "amount": 8, "from": "bert" }))
        .expect(Out::Balances, json!({ "balance": 11, "days": [[0, 8]] }));
    assert_eq!(harness.stored(|stores| stores.accounts.scan((), 9)), [("ada".to_owned(), account(11))]);
}

#[test]
fn a_key_that_nobody_wanted_is_asked_for_once_in_a_call() {
    let paid = |to: &str| pay(to, json!({ "amount": 1, "from": "cleo" }));
    let harness = harness().state(|stores| stores.accounts.put("cleo", &account(9))).batch([paid("ada"), paid("bert")]);
    harness.answers();
    assert_eq!(harness.state_calls(), StateCalls { reads: 1, keys: 2, gets: 1, scans: 2 });
    assert_eq!(harness.stored(|stores| stores.accounts.get("cleo")), Some(account(7)));
}

#[test]
fn what_a_call_has_learned_is_forgotten_with_it() {
    let harness = harness().send("ada", json!({ "amount": 1 })).expect_message(Out::Balances, |_| {});
    let harness = harness
        .state(|stores| stores.accounts.put("ada", &account(50)))
        .send("ada", json!({ "amount": 1 }))
        .expect(Out::Balances, json!({ "balance": 51, "days": [[0, 1]] }));
    assert_eq!(harness.state_calls().keys, 1);
}

#[test]
fn each_partition_has_a_state_of_its_own() {
    harness()
        .send("ada", json!({ "amount": 1 }))
        .expect_message(Out::Balances, |_| {})
        .source("payments", 1)
        .expect_stored(|stores| stores.accounts.get("ada"), None)
        .send("ada", json!({ "amount": 5 }))
        .expect(Out::Balances, json!({ "balance": 5, "days": [[0, 5]] }))
        .source("payments", 0)
        .expect_stored(|stores| stores.accounts.get("ada"), Some(account(1)));
}

#[test]
fn what_can_not_be_read_rejects_the_record_and_stays() {
    let harness = harness().state_bytes("accounts", "ada", r#"{"balance":"ten"}"#).batch([
        pay("bert", json!({ "amount": 1 })),
        pay("ada", json!({ "amount": 1 })),
        pay("bert", json!({ "amount": 1 })),
    ]);
    let Answer::Reject { code, message } = &harness.answers()[1] else { panic!("{:?}", harness.answers()) };
    assert_eq!(code, "invalid-state");
    assert!(
        message.starts_with("what is stored for `ada` in the store `accounts` can't be read: invalid type"),
        "{message}"
    );
    assert_eq!(harness.stored(|stores| stores.accounts.get("bert")), Some(account(2)));
    let harness = harness.state_bytes("accounts", "ada", r#"{"balance":10}"#);
    assert_eq!(harness.stored(|stores| stores.accounts.get("ada")), Some(account(10)), "one of the right type is read");
}
