mod adjustments;
mod configuration;
mod data;
mod orders;
mod refused;
mod tiers;

use super::{Account, Loyalty, Stores};
use serde_json::{Value, json};
use wasmill_sdk::{Answer, Harness, Message, Sample};

/// The time of the tests' first records, ms: ten to two in the afternoon.
const T: i64 = 1_700_000_000_000 - 30_000_000;
const DAY_S: i64 = 86_400;

/// A customer whose messages come one at a time.
struct Run {
    harness: Option<Harness<Loyalty>>,
}

impl Run {
    /// A point a dollar, without a cap that matters.
    fn new() -> Run {
        Run::with(json!({ "daily_cap": 1_000_000 }))
    }

    fn with(config: Value) -> Run {
        Run { harness: Some(Harness::new(config)) }
    }

    fn harness(&mut self) -> &mut Harness<Loyalty> {
        self.harness.as_mut().unwrap()
    }

    fn beginning_with(mut self, account: &Account) -> Run {
        let begin = |harness: Harness<Loyalty>| harness.state(|stores| stores.accounts.put("c-7", account));
        self.harness = self.harness.take().map(begin);
        self
    }

    /// All answers to records of one input.
    fn batch(&mut self, input: &str, samples: Vec<Sample>) -> Vec<Answer> {
        self.harness = self.harness.take().map(|harness| harness.input(input).batch(samples));
        self.harness().answers().to_vec()
    }

    /// The messages of one record.
    #[track_caller]
    fn send(&mut self, input: &str, sample: Sample) -> Vec<Message> {
        match self.batch(input, vec![sample]).pop() {
            Some(Answer::Emit(messages)) => messages,
            other => panic!("no messages: {other:?}"),
        }
    }

    /// What an order comes to; `at_s`: seconds after [`T`].
    #[track_caller]
    fn order(&mut self, at_s: i64, id: &str, cents: i64) -> Value {
        event(&self.send("orders", sample(at_s, order(id, cents))))
    }

    #[track_caller]
    fn refund(&mut self, id: &str, order: &str, cents: i64) -> Value {
        let message = json!({ "type": "refund", "adjustment_id": id, "order_id": order, "amount_cents": cents });
        event(&self.send("adjustments", adjustment(message)))
    }

    #[track_caller]
    fn correct(&mut self, id: &str, points: i64) -> Value {
        let message = json!({ "type": "correction", "adjustment_id": id, "points": points });
        event(&self.send("adjustments", adjustment(message)))
    }

    #[track_caller]
    fn spend(&mut self, id: &str, points: i64) -> Value {
        let message = json!({ "type": "spend", "adjustment_id": id, "points": points });
        event(&self.send("adjustments", adjustment(message)))
    }

    fn stored<T>(&self, look: impl FnOnce(&mut Stores) -> Result<T, wasmill_sdk::Failure>) -> T {
        self.harness.as_ref().unwrap().stored(look)
    }

    fn account(&self) -> Account {
        self.stored(|stores| stores.accounts.get("c-7")).unwrap()
    }

    /// Ids of the orders that are remembered.
    fn orders(&self) -> Vec<String> {
        let account = json!(self.account());
        account["orders"].as_str().unwrap().split(' ').step_by(4).map(str::to_owned).collect()
    }

    /// Balance, lifetime, corrected, spent.
    fn points(&self) -> [i64; 4] {
        let Account { balance, lifetime, corrected, spent, .. } = self.account();
        [balance, lifetime, corrected, spent]
    }
}

fn order(id: &str, cents: i64) -> Value {
    json!({ "order_id": id, "customer_id": "c-7", "currency": "USD", "totals": { "total_cents": cents } })
}

fn sample(at_s: i64, value: Value) -> Sample {
    Sample::new().key("c-7").json(value).timestamp(T + at_s * 1000)
}

fn adjustment(mut message: Value) -> Sample {
    message["customer_id"] = json!("c-7");
    sample(0, message)
}

/// The first event, which says what happened, without what is always there.
#[track_caller]
fn event(messages: &[Message]) -> Value {
    assert_eq!(messages[0].output, "events");
    let mut event = value(&messages[0]);
    for field in ["customer_id", "seq", "input", "partition", "offset"] {
        assert!(event.as_object_mut().unwrap().remove(field).is_some(), "no `{field}`: {}", messages[0]);
    }
    event
}

fn value(message: &Message) -> Value {
    serde_json::from_slice(message.value.as_deref().unwrap_or_default()).unwrap()
}

fn text(message: &Message) -> String {
    String::from_utf8(message.value.clone().unwrap_or_default()).unwrap()
}

fn outputs(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|message| message.output).collect()
}

#[track_caller]
fn assert_code(answer: &Answer, code: &str) {
    match answer {
        Answer::Reject { code: found, .. } if found == code => {}
        other => panic!("expected a rejection with `{code}`, got {other}"),
    }
}

/// Byte for byte what the page of messages says.
#[test]
fn values_and_messages_are_written_as_the_page_shows_them() {
    let mut run = Run::with(json!({ "tiers": [
        { "name": "base", "from": 0, "multiplier_bp": 10_000 }, { "name": "silver", "from": 20, "multiplier_bp": 10_000 },
    ] }));
    let messages = run.send("orders", sample(0, order("o-1", 2_750)));
    assert_eq!(
        messages.iter().map(text).collect::<Vec<_>>(),
        [
            r#"{"type":"earned","customer_id":"c-7","seq":1,"order_id":"o-1","points":27,"capped":0,"input":"orders","partition":0,"offset":0}"#,
            r#"{"customer_id":"c-7","seq":1,"balance":27,"lifetime":27,"tier":"silver","input":"orders","partition":0,"offset":0}"#,
            r#"{"type":"tier","customer_id":"c-7","seq":1,"from":"base","to":"silver","lifetime":27,"input":"orders","partition":0,"offset":0}"#,
        ]
    );
    let spend = json!({ "type": "spend", "adjustment_id": "a-1", "points": 7 });
    assert_eq!(
        text(&run.send("adjustments", adjustment(spend))[0]),
        r#"{"type":"spent","customer_id":"c-7","seq":2,"adjustment_id":"a-1","points":7,"input":"adjustments","partition":0,"offset":1}"#
    );
    let refund = json!({ "type": "refund", "adjustment_id": "a-2", "order_id": "o-1", "amount_cents": 1_000 });
    assert_eq!(
        text(&run.send("adjustments", adjustment(refund))[0]),
        r#"{"type":"refunded","customer_id":"c-7","seq":3,"adjustment_id":"a-2","order_id":"o-1","points":9,"input":"adjustments","partition":0,"offset":2}"#
    );
    assert_eq!(
        serde_json::to_string(&run.account()).unwrap(),
        r#"{"seq":3,"balance":11,"lifetime":18,"tier":"base","corrected":0,"spent":7,"day":19675,"day_points":27,"orders":"o-1 2750 27 1000","adjustments":"a-1 a-2"}"#
    );
}

#[test]
fn messages_are_keyed_and_timed_as_their_record() {
    let mut run = Run::new();
    let messages = run.send("orders", sample(5, order("o-1", 60_000)));
    assert_eq!(outputs(&messages), ["events", "balances", "events"]);
    for message in messages {
        assert_eq!((message.key.as_deref(), message.timestamp), (Some(&b"c-7"[..]), Some(T + 5_000)));
        assert!(message.headers.is_empty() && message.partition.is_none());
    }
}

#[test]
fn events_have_the_correlation_of_their_request_and_balances_have_none() {
    let mut run = Run::new();
    let request = sample(0, order("o-1", 60_000)).header("trace", "1").header("correlation-id", "x");
    let messages = run.send("orders", request.header("correlation-id", "y"));
    let headers: Vec<_> = messages.iter().map(|message| message.headers.clone()).collect();
    let last = vec![("correlation-id".to_owned(), Some(b"y".to_vec()))];
    assert_eq!(headers, [last.clone(), vec![], last]);
    let refused = adjustment(json!({ "type": "spend", "adjustment_id": "a-1", "points": 1_000_000 }));
    let messages = run.send("adjustments", refused.null_header("correlation-id"));
    assert_eq!(messages[0].headers, [("correlation-id".to_owned(), None)]);
    let mut run = Run::with(json!({ "correlation_header": "request" }));
    let messages = run.send("orders", sample(0, order("o-1", 1)).header("request", "7").header("correlation-id", "8"));
    assert_eq!(messages[0].headers, [("request".to_owned(), Some(b"7".to_vec()))]);
}

#[test]
fn everything_that_is_needed_is_asked_for_in_advance() {
    let mut run = Run::new();
    run.batch("orders", vec![sample(0, order("o-1", 1)), sample(0, order("o-2", 1))]);
    let calls = run.harness().state_calls();
    assert_eq!((calls.reads, calls.keys, calls.gets, calls.scans), (1, 1, 0, 0));
}

#[test]
#[should_panic(expected = "does not add up")]
fn nobody_is_paid_from_an_account_that_does_not_add_up() {
    let broken = Account { balance: 5, ..Account::new("base") };
    Run::new().beginning_with(&broken).spend("a-1", 1);
}

#[test]
fn an_account_that_does_not_add_up_is_told_from_one_that_does() {
    let account = |[balance, lifetime, corrected, spent]: [i64; 4]| Account {
        balance,
        lifetime,
        corrected,
        spent,
        ..Account::new("base")
    };
    for sound in [[0; 4], [-10, 5, -5, 10], [i64::MAX, i64::MAX, 1, 1], [i64::MIN + 1, 0, i64::MIN + 1, 0]] {
        assert!(account(sound).adds_up(), "{sound:?}");
    }
    for broken in [[1, 0, 0, 0], [0, 1, 0, 0], [-1, -1, 0, 0], [1, 0, 0, -1], [i64::MIN, i64::MAX, 1, 0]] {
        assert!(!account(broken).adds_up(), "{broken:?}");
    }
}

#[test]
#[should_panic(expected = "for a number")]
fn nothing_is_taken_back_by_a_number_that_is_none() {
    let mut broken = Account::new("base");
    broken.orders.push(["o-1", "many", "27", "0"], 1);
    Run::new().beginning_with(&broken).refund("a-1", "o-1", 1);
}

#[test]
fn what_is_stored_and_no_account_stops_the_record_and_stays() {
    let mut run = Run::new();
    run.harness = run.harness.take().map(|it| it.state_bytes("accounts", "c-7", r#"{"balance":1}"#));
    assert_code(&run.batch("orders", vec![sample(0, order("o-1", 1))])[0], "invalid-state");
}
