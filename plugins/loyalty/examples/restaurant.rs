//! Orders, stock and points without a Kafka: the three plugins one after the other, natively, and every record as a line of JSON.
//!
//! ```text
//! cargo run -p loyalty --example restaurant -- SEED ORDERS > restaurant.jsonl
//! ```
//!
//! For a second implementation of the rules (docs/decisions/0011-orders-stock-and-points.md) to be tried with. Lines come in the
//! order in which things happen, all in partition 0; offsets count the records of a plugin over all its inputs.
//!
//! * `{"plugin", "in": input, "offset", "timestamp", "key", "value"}` and behind it what became of the record:
//! * `{"plugin", "out": output, "of": offset, "timestamp", "key", "value", "headers"}`, `{"plugin", "drop": offset}`, or
//!   `{"plugin", "reject": offset, "code"}`
//! * at the end `{"store", "key", "value"}` for each value of each store, and `{"counter", "value"}`

use loyalty::{DUPLICATE_ADJUSTMENTS, DUPLICATE_ORDERS, Loyalty};
use order_inventory::OrderInventory;
use order_validation::OrderValidation;
use serde_json::{Value, json};
use wasmill_orders::{Baskets, Made, Plan, Rates, Stream, Topic};
use wasmill_sdk::{Answer, Harness, Message, Plugin, Sample};

const DATA: &str = include_str!("../../../examples/data/orders.jsonl");
/// Records that are handled together: the inputs overtake each other by as much.
const TOGETHER: usize = 150;
/// More than any store has here.
const ALL: u32 = 1_000_000;

/// A plugin, and what it is called in the lines.
struct Station<P: Plugin> {
    name: &'static str,
    harness: Option<Harness<P>>,
    next_offset: i64,
}

impl<P: Plugin> Station<P> {
    fn new(name: &'static str, config: Value) -> Station<P> {
        Station { name, harness: Some(Harness::new(config)), next_offset: 0 }
    }

    /// Sends messages to an input; those that come out.
    fn send(&mut self, input: &str, messages: Vec<Message>) -> Vec<Message> {
        let samples = messages.iter().map(sample).collect::<Vec<_>>();
        self.harness = self.harness.take().map(|harness| match P::INPUTS {
            [] => harness.batch(samples),
            _ => harness.input(input).batch(samples),
        });
        let answers = self.harness.as_ref().map(|harness| harness.answers().to_vec()).unwrap_or_default();
        let mut out = Vec::new();
        for (message, answer) in messages.iter().zip(answers) {
            let offset = self.next_offset;
            self.next_offset += 1;
            let mut line = shown(message);
            (line["plugin"], line["in"], line["offset"]) = (self.name.into(), input.into(), offset.into());
            println!("{line}");
            match answer {
                Answer::Forward(message) => out.push(message),
                Answer::Emit(messages) => {
                    for message in &messages {
                        let mut line = shown(message);
                        (line["plugin"], line["out"], line["of"]) =
                            (self.name.into(), message.output.into(), offset.into());
                        println!("{line}");
                    }
                    out.extend(messages);
                }
                Answer::Drop => println!("{}", json!({ "plugin": self.name, "drop": offset })),
                Answer::Reject { code, .. } => {
                    println!("{}", json!({ "plugin": self.name, "reject": offset, "code": code }));
                }
                Answer::Retry { .. } => unreachable!("none of them asks for another try"),
            }
        }
        out
    }
}

fn main() {
    let number = |at| std::env::args().nth(at).and_then(|word| word.parse().ok());
    let (seed, orders) = (number(1).unwrap_or(1), number(2).unwrap_or(300));
    let plan = Plan {
        seed,
        orders,
        start_ms: 1_700_000_000_000,
        step_ms: 120_000,
        reservation_ms: 900_000,
        // Everything happens often: this is about rules and not about business.
        rates: Rates {
            duplicate_orders: 100,
            short_items: 10,
            recounts: 200,
            losses: 200,
            late: 80,
            forgotten: 80,
            refunds: 300,
            excess_refunds: 50,
            corrections: 100,
            spends: 300,
            malformed: 20,
            ..Rates::default()
        },
    };
    let few: Vec<String> = DATA.lines().enumerate().map(|(at, line)| crowded(line, at)).collect();
    let Ok(baskets) = Baskets::read(&few.join("\n")) else { return eprintln!("the data can't be read") };
    let validation = json!({ "currencies": ["USD"], "max_items": 50, "min_total_cents": 1, "by_restaurant": true });
    let mut validation = Station::<OrderValidation>::new("order-validation", validation);
    let mut inventory = Station::<OrderInventory>::new("order-inventory", json!({ "order_memory_s": 7_200 }));
    let tiers = json!([{ "name": "base", "from": 0, "multiplier_bp": 10_000 }, { "name": "silver", "from": 100, "multiplier_bp": 12_500 }]);
    let mut loyalty = Station::<Loyalty>::new("loyalty", json!({ "daily_cap": 80, "order_window": 6, "tiers": tiers }));
    let records: Vec<Made> = Stream::new(&baskets, plan).collect();
    for together in records.chunks(TOGETHER) {
        let mine = |topic| together.iter().filter(move |made| made.topic == topic).map(message).collect::<Vec<_>>();
        let orders = of(validation.send("orders", mine(Topic::Orders)), "by-restaurant");
        inventory.send("stock", mine(Topic::Stock));
        let accepted = of(inventory.send("orders", orders), "accepted");
        inventory.send("fulfilment", mine(Topic::Fulfilment));
        loyalty.send("adjustments", mine(Topic::Adjustments));
        loyalty.send("orders", accepted);
    }
    state(&inventory, &loyalty);
}

/// What is stored in the end, and counted.
fn state(inventory: &Station<OrderInventory>, loyalty: &Station<Loyalty>) {
    let line =
        |store: &str, key: Value, value: Value| println!("{}", json!({ "store": store, "key": key, "value": value }));
    if let Some(harness) = &inventory.harness {
        let stock = harness.stored(|stores| stores.stock.scan((), ALL));
        stock.into_iter().for_each(|(key, value)| line("stock", json!(key), json!(value)));
        let orders = harness.stored(|stores| stores.orders.scan((), ALL));
        orders.into_iter().for_each(|(key, value)| line("orders", json!(key), json!(value)));
    }
    if let Some(harness) = &loyalty.harness {
        let accounts = harness.stored(|stores| stores.accounts.scan((), ALL));
        accounts.into_iter().for_each(|(key, value)| line("accounts", json!(key), json!(value)));
        for counter in [DUPLICATE_ORDERS, DUPLICATE_ADJUSTMENTS] {
            println!("{}", json!({ "counter": counter.name(), "value": harness.counted(counter) }));
        }
    }
}

/// The basket of one of thirty customers in one of twenty restaurants, so that they meet.
fn crowded(line: &str, at: usize) -> String {
    let Ok(mut order) = serde_json::from_str::<Value>(line) else { return line.to_owned() };
    order["customer_id"] = format!("c-{}", at % 30).into();
    order["restaurant_id"] = format!("r-{}", at % 20).into();
    order.to_string()
}

fn of(messages: Vec<Message>, output: &str) -> Vec<Message> {
    messages.into_iter().filter(|message| message.output == output).collect()
}

fn message(made: &Made) -> Message {
    let header = |id: &String| ("correlation-id".to_owned(), Some(id.clone().into_bytes()));
    Message {
        output: "",
        key: Some(made.key.clone().into_bytes()),
        value: Some(made.value.clone().into_bytes()),
        headers: made.correlation.iter().map(header).collect(),
        timestamp: Some(made.timestamp_ms),
        partition: None,
    }
}

fn sample(message: &Message) -> Sample {
    let Message { key, value, headers, timestamp, .. } = message;
    let mut sample = Sample::new().timestamp(timestamp.unwrap_or_default());
    sample = key.iter().fold(sample, |sample, key| sample.key(key));
    sample = value.iter().fold(sample, |sample, value| sample.value(value));
    let with = |sample: Sample, (name, value): &(String, Option<Vec<u8>>)| match value {
        Some(value) => sample.header(name, value),
        None => sample.null_header(name),
    };
    headers.iter().fold(sample, with)
}

fn shown(message: &Message) -> Value {
    let text = |bytes: &Option<Vec<u8>>| bytes.as_deref().map(String::from_utf8_lossy).map(Value::from);
    let headers: Vec<Value> = message.headers.iter().map(|(name, value)| json!([name, text(value)])).collect();
    json!({ "timestamp": message.timestamp, "key": text(&message.key), "value": text(&message.value), "headers": headers })
}
