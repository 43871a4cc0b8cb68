//! Keyed state through the harness: what records see of each other, and what is kept.

// Helpers outside of `#[test]` functions are tests too: what can't be fails the test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::json;
use wasmill_sdk::StateCalls;
use wasmill_sdk::prelude::*;

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
