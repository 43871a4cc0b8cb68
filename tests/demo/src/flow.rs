//! What the restaurants send: orders, stock, fulfilment and adjustments of `wasmill-orders`, in a time that passes faster.
//!
//! A reservation lives for 15 minutes of record time, and everything about an order goes by that: its items are there a quarter
//! of it before, the first confirmations come a twentieth after, refunds after six tenths and until it has passed twice.
//! While orders are placed, time passes [`RUSH`] times as fast, so a reservation lives 20 s and the first confirmation comes
//! after 1 s: more than the three pipelines need. But not more than a killed worker is away, which is 7 s or so, and a
//! time scale at which it were would let the demo last for minutes. So fulfilment waits for its order, as it does in a
//! restaurant: nobody hands over what has not been accepted ([`Outgoing::after`]). What waited is sent with the time that
//! it was to have. 20 s are enough for it: a confirmation that is due within 12 s, and 9 s late at the worst, finds its reservation
//! alive, as no record that is 20 s younger has been seen by then. Refunds come after 12 s, when their orders have long had
//! their points. Before the first order and behind the last one time passes still faster.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result, ensure};
use wasmill_orders::{Baskets, Intent, Made, Plan, Rates, Stream, Topic};

use crate::board::now_ms;
use crate::clock::Phase;
use crate::pipelines::{LOYALTY, ORDER_INVENTORY, ORDER_VALIDATION};
use crate::records::{Load, Outgoing};

/// How many times as fast time passes while orders are placed.
const RUSH: f64 = 45.0;
/// Before and after: what is left is worth some seconds, not 45.
const REST: f64 = 8.0 * RUSH;
/// `reservation_s` of the example.
const RESERVATION_MS: i64 = 900_000;
/// The same orders every time.
const SEED: u64 = 1;

/// Everything that is sent, and what it was meant to be.
#[derive(Debug)]
pub(crate) struct Flow {
    pub(crate) load: Load,
    /// Records of each topic.
    pub(crate) sent: BTreeMap<&'static str, u64>,
    /// Records that nobody can read, by the pipeline that reads them.
    pub(crate) malformed: BTreeMap<usize, u64>,
}

/// So many orders, placed within so many seconds.
pub(crate) fn flow(orders: u64, seconds: u64) -> Result<Flow> {
    let path = wasmill_artifacts::root().join("examples/data/orders.jsonl");
    let text = fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))?;
    let baskets = Baskets::read(&text).with_context(|| path.display().to_string())?;
    let rush_ms = (seconds as f64 * 1000.0 * RUSH) as i64;
    let plan = Plan {
        seed: SEED,
        orders,
        start_ms: 0,
        step_ms: rush_ms / i64::try_from(orders)?,
        reservation_ms: RESERVATION_MS,
        rates: Rates::default(),
    };
    let mut made: Vec<Made> = Stream::new(&baskets, plan).collect();
    // It ends now: Kafka refuses records of the future, and deletes those that are older than a week.
    let shift = i64::try_from(now_ms())? - made.last().map_or(0, |made| made.timestamp_ms);
    made.iter_mut().for_each(|made| made.timestamp_ms += shift);
    let mut placed = made.iter().filter(|made| made.intent == Intent::Order).map(|made| made.timestamp_ms);
    let first_ms = placed.next().context("no order")?;
    let last_ms = placed.next_back().unwrap_or(first_ms);
    let from_ms = made.first().map_or(first_ms, |made| made.timestamp_ms);
    let phases = [(from_ms, REST), (first_ms, RUSH), (last_ms, REST)];

    let (mut sent, mut malformed) = (BTreeMap::new(), BTreeMap::new());
    let mut records = Vec::with_capacity(made.len());
    for made in made {
        let is_malformed = made.intent == Intent::Malformed;
        let record = outgoing(made)?;
        *sent.entry(record.topic).or_default() += 1;
        if is_malformed {
            *malformed.entry(record.pipeline).or_default() += 1;
        }
        records.push(record);
    }
    ensure!(sent.len() == 4, "the stream has records for {:?} only", sent.keys());
    let phases = phases.map(|(from_ms, speed)| Phase { from_ms, speed }).to_vec();
    Ok(Flow { load: Load { records, phases }, sent, malformed })
}

fn outgoing(made: Made) -> Result<Outgoing> {
    let (topic, pipeline) = match made.topic {
        Topic::Orders => ("orders", ORDER_VALIDATION),
        Topic::Stock => ("stock", ORDER_INVENTORY),
        Topic::Fulfilment => ("fulfilment", ORDER_INVENTORY),
        Topic::Adjustments => ("loyalty.adjustments", LOYALTY),
    };
    let id = || {
        let json: serde_json::Value = serde_json::from_str(&made.value)?;
        let id = json.get("order_id").and_then(|id| id.as_str()).map(str::to_owned);
        id.with_context(|| format!("no `order_id` in {}", made.value))
    };
    Ok(Outgoing {
        topic,
        pipeline,
        identity: (made.topic == Topic::Orders).then(id).transpose()?,
        after: waits_for_its_order(made.intent).then(id).transpose()?,
        is_again: made.intent == Intent::DuplicateAdjustment,
        key: made.key,
        value: made.value,
        time_ms: made.timestamp_ms,
        correlation: made.correlation,
    })
}

/// Fulfilment of an order that somebody placed.
fn waits_for_its_order(intent: Intent) -> bool {
    use Intent::{Cancellation, Confirmation, DuplicateFulfilment, LateConfirmation};
    matches!(intent, Confirmation | Cancellation | LateConfirmation | DuplicateFulfilment)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::clock::Clock;

    #[test]
    fn orders_have_ids_of_their_own_and_fulfilment_waits_for_its_order() {
        let Flow { load, sent, malformed } = flow(500, 5).unwrap();
        let ids: BTreeSet<&str> = load.records.iter().filter_map(|record| record.identity.as_deref()).collect();
        assert_eq!(ids.len(), 500);
        assert!(sent["orders"] > 500, "some are placed twice");
        let waiting = load.records.iter().filter(|record| record.after.is_some()).count() as u64;
        // The others are of orders that nobody placed, or can't be read.
        assert!(waiting > 350 && waiting < sent["fulfilment"], "{waiting} of {}", sent["fulfilment"]);
        let after = load.records.iter().filter_map(|record| record.after.as_deref());
        assert!(after.into_iter().all(|id| ids.contains(id)));
        let of_fulfilment = |record: &&Outgoing| record.topic == "fulfilment";
        assert_eq!(load.records.iter().filter(|it| it.after.is_some()).filter(of_fulfilment).count() as u64, waiting);
        assert_eq!(sent.values().sum::<u64>(), load.records.len() as u64);
        // Two go to the inventory for each that goes to loyalty.
        assert_eq!(malformed[&ORDER_INVENTORY], 2 * malformed[&LOYALTY]);
    }

    #[test]
    fn orders_are_placed_in_the_time_that_was_given_and_all_is_over_some_seconds_later() {
        let Flow { load: Load { records, phases }, .. } = flow(2_000, 20).unwrap();
        let clock = Clock::start(&phases);
        let orders: Vec<i64> = records.iter().filter(|it| it.identity.is_some()).map(|it| it.time_ms).collect();
        let placed = clock.after(phases[2].from_ms) - clock.after(phases[1].from_ms);
        assert!((18.0..22.0).contains(&placed.as_secs_f64()), "{placed:?}");
        assert!(clock.after(orders[0]).as_secs_f64() < 1.0);
        let rest = clock.after(records[records.len() - 1].time_ms) - clock.after(phases[2].from_ms);
        assert!((3.0..6.0).contains(&rest.as_secs_f64()), "{rest:?}");
    }

    #[test]
    fn no_record_is_of_the_future_and_all_are_of_the_same_week() {
        for (orders, seconds) in [(100, 5), (2_000, 3_600)] {
            let Flow { load, .. } = flow(orders, seconds).unwrap();
            let now = i64::try_from(now_ms()).unwrap();
            let times: Vec<i64> = load.records.iter().map(|record| record.time_ms).collect();
            assert!(times.is_sorted());
            let week = now - 7 * 86_400_000..=now;
            assert!(times.iter().all(|time| week.contains(time)), "{orders} {seconds}");
        }
    }
}
