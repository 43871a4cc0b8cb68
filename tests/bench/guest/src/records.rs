//! Orders to feed the workloads with: 16 bytes of key, 306 of value on average, and two headers of 94 bytes.

/// One in so many orders has a total that is not the sum of its items.
pub const WRONG_TOTAL_EVERY: u64 = 100;

#[derive(Debug, Clone)]
pub struct Record {
    pub key: Vec<u8>,
    pub value: Vec<u8>,
}

/// The same headers on every record: name and value.
pub const HEADERS: [(&str, &str); 2] =
    [("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), ("content-type", "application/json")];

/// The first `count` orders; always the same ones.
pub fn orders(count: u64) -> Vec<Record> {
    let mut random = Random(88_172_645_463_325_252);
    (0..count).map(|at| order(at, &mut random)).collect()
}

fn order(at: u64, random: &mut Random) -> Record {
    let choice = at as usize % NAMES.len();
    let key = format!("cust-{:011}", random.below(100_000));
    let [first, second] = [1, 2].map(|_| (1 + random.below(4), 100 + random.below(9000)));
    let wrong = if at % WRONG_TOTAL_EVERY == WRONG_TOTAL_EVERY - 1 { 100 } else { 0 };
    let total = first.0 * first.1 + second.0 * second.1 + wrong;
    let item = |(count, price): (u64, u64), sku: u64| {
        format!(r#"{{"sku":"SKU-{}","qty":{count},"price":{}}}"#, 1000 + sku, amount(price))
    };
    let items = format!("{},{}", item(first, random.below(9000)), item(second, random.below(9000)));
    let address = format!(
        r#"{{"name":"{}","city":"{}","zip":"{:05}","country":"DE"}}"#,
        NAMES[choice],
        CITIES[choice],
        random.below(100_000)
    );
    let value = format!(
        r#"{{"order_id":"ord-{at:08}","customer_id":"{key}","created_at":{},"status":"PAID","currency":"EUR","total":{},"items":[{items}],"ship_to":{address}}}"#,
        1_718_000_000_000 + at,
        amount(total)
    );
    Record { key: key.into_bytes(), value: value.into_bytes() }
}

const NAMES: [&str; 4] = ["Ada Lovelace", "Grace Hopper", "Alan Turing", "Barbara Liskov"];
const CITIES: [&str; 4] = ["Berlin", "Lisboa", "Kyoto", "Tallinn"];

fn amount(cents: u64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// Xorshift64.
struct Random(u64);

impl Random {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }
}
