mod data;
mod fulfilment;
mod low;
mod orders;
mod refused;
mod stock;

use super::{OrderInventory, Stores};
use serde_json::{Value, json};
use wasmill_sdk::{Answer, Harness, Message, Sample};

/// The time of the tests' first records, ms.
const T: i64 = 1_700_000_000_000;
/// Five minutes; an order is remembered for an hour.
const RESERVATION_S: i64 = 300;
const MEMORY_S: i64 = 3_600;

/// A restaurant whose messages come one at a time.
struct Run {
    harness: Option<Harness<OrderInventory>>,
    restaurant: String,
}

impl Run {
    fn new() -> Run {
        Run::with(json!({ "reservation_s": RESERVATION_S, "order_memory_s": MEMORY_S, "low_stock_at": 0 }))
    }

    fn with(config: Value) -> Run {
        Run { harness: Some(Harness::new(config)), restaurant: "r-3".into() }
    }

    /// With so many pieces of each.
    fn stocked(items: &[(&str, i64)]) -> Run {
        let mut run = Run::new();
        items.iter().for_each(|(sku, pieces)| _ = run.count(0, sku, *pieces));
        run
    }

    fn harness(&mut self) -> &mut Harness<OrderInventory> {
        self.harness.as_mut().unwrap()
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

    fn sample(&self, at_s: i64, value: Value) -> Sample {
        Sample::new().key(&self.restaurant).json(value).timestamp(T + at_s * 1000)
    }

    /// The decision about an order; `at_s`: seconds after [`T`].
    #[track_caller]
    fn order(&mut self, at_s: i64, id: &str, items: &[(&str, i64)]) -> Value {
        let sample = self.sample(at_s, order(id, items));
        decision(&self.send("orders", sample))
    }

    #[track_caller]
    fn count(&mut self, at_s: i64, sku: &str, count: i64) -> Value {
        let message = json!({ "type": "count", "restaurant_id": "r-3", "sku": sku, "count": count });
        let sample = self.sample(at_s, message);
        decision(&self.send("stock", sample))
    }

    #[track_caller]
    fn adjust(&mut self, at_s: i64, sku: &str, delta: i64) -> Value {
        let message = json!({ "type": "adjustment", "restaurant_id": "r-3", "sku": sku, "delta": delta });
        let sample = self.sample(at_s, message);
        decision(&self.send("stock", sample))
    }

    #[track_caller]
    fn fulfil(&mut self, at_s: i64, id: &str, status: &str) -> Value {
        let message = json!({ "order_id": id, "restaurant_id": "r-3", "status": status });
        let sample = self.sample(at_s, message);
        decision(&self.send("fulfilment", sample))
    }

    /// On hand, reserved, sold, delivered.
    fn pieces(&self, sku: &str) -> [i64; 4] {
        let stock = self.stored(|stores| stores.stock.get(("r-3", sku))).unwrap_or_default();
        [stock.on_hand, stock.reserved(), stock.sold, stock.delivered]
    }

    fn stored<T>(&self, look: impl FnOnce(&mut Stores) -> Result<T, wasmill_sdk::Failure>) -> T {
        self.harness.as_ref().unwrap().stored(look)
    }

    /// The value of an item as it is stored.
    fn stock_json(&self, sku: &str) -> Value {
        json!(self.stored(|stores| stores.stock.get(("r-3", sku))))
    }

    fn entry_json(&self, id: &str) -> Value {
        json!(self.stored(|stores| stores.orders.get(("r-3", id))))
    }
}

fn order(id: &str, items: &[(&str, i64)]) -> Value {
    let items: Vec<Value> = items.iter().map(|(sku, quantity)| json!({ "sku": sku, "quantity": quantity })).collect();
    json!({ "order_id": id, "customer_id": "c-7", "restaurant_id": "r-3", "items": items })
}

/// The decision, which comes first, without its source.
#[track_caller]
fn decision(messages: &[Message]) -> Value {
    let mut decision = value(&messages[0]);
    assert_eq!(messages[0].output, "decisions");
    for field in ["input", "partition", "offset"] {
        assert!(decision.as_object_mut().unwrap().remove(field).is_some(), "no `{field}`: {}", messages[0]);
    }
    decision
}

fn value(message: &Message) -> Value {
    serde_json::from_slice(message.value.as_deref().unwrap_or_default()).unwrap()
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

#[test]
fn every_mistake_in_a_configuration_is_named_at_once() {
    let Err(problems) = Harness::<OrderInventory>::configure(json!({
        "reservation_s": 0, "order_memory_s": 31_536_001, "max_reservations": 0, "low_stock_at": -1, "max_items": 1_001,
        "max_bytes": 0, "correlation_header": "",
    })) else {
        panic!("the configuration is taken");
    };
    let paths: Vec<String> = problems.into_iter().map(|problem| problem.path).collect();
    let all = [
        "/reservation_s",
        "/order_memory_s",
        "/max_reservations",
        "/low_stock_at",
        "/max_items",
        "/max_bytes",
        "/correlation_header",
    ];
    assert_eq!(paths, all);
}

#[test]
fn an_order_is_remembered_at_least_as_long_as_it_is_reserved() {
    let configure =
        |memory: i64| Harness::<OrderInventory>::configure(json!({ "reservation_s": 60, "order_memory_s": memory }));
    let Err(problems) = configure(59) else { panic!("the configuration is taken") };
    assert_eq!(problems.into_iter().map(|problem| problem.path).collect::<Vec<_>>(), ["/order_memory_s"]);
    assert!(configure(60).is_ok());
    assert!(Harness::<OrderInventory>::configure(json!({ "reservations": 60 })).is_err(), "a key that is misspelt");
}

/// Byte for byte what the page of messages says.
#[test]
fn values_and_messages_are_written_as_the_page_shows_them() {
    let mut run = Run::stocked(&[("P-1", 10)]);
    let messages = run.batch("orders", vec![run_sample("o-1")]);
    let Answer::Emit(messages) = &messages[0] else { panic!("{messages:?}") };
    assert_eq!(
        String::from_utf8_lossy(messages[0].value.as_deref().unwrap()),
        r#"{"decision":"accepted","order_id":"o-1","restaurant_id":"r-3","customer_id":"c-7","expires":1700000300000,"input":"orders","partition":0,"offset":1}"#
    );
    let stock = run.stored(|stores| stores.stock.get(("r-3", "P-1"))).unwrap();
    assert_eq!(
        serde_json::to_string(&stock).unwrap(),
        r#"{"on_hand":8,"delivered":10,"sold":0,"low":false,"reservations":[["o-1",2,1700000300000]]}"#
    );
    let entry = run.stored(|stores| stores.orders.get(("r-3", "o-1"))).unwrap();
    assert_eq!(
        serde_json::to_string(&entry).unwrap(),
        r#"{"state":"reserved","until":1700003600000,"items":[["P-1",2]]}"#
    );
}

fn run_sample(id: &str) -> Sample {
    Sample::new().key("r-3").json(order(id, &[("P-1", 2)])).timestamp(T)
}
