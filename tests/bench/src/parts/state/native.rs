//! `state.native.*`: the same rules on the same store without Wasm and without Kafka, in transactions as the product makes
//! them. What is between this and `state.loyalty` is the boundary, the client library and the broker.

use std::time::Instant;

use anyhow::{Context, Result, anyhow, ensure};
use loyalty::{Config, Done, Loyalty};
use wasmill_record::{ChangelogEnd, CommitOffset, ReadState};
use wasmill_sdk::Plugin;
use wasmill_state::{Applied, CacheLimits, Database, StoreSettings};

use super::{SIZES, order};
use crate::cpu;
use crate::figures::Figures;
use crate::parts::{Scale, say};

/// About as many as 100 ms bring.
const TRANSACTION_RECORDS: u64 = 25_000;
const T: i64 = 1_767_268_800_000;

pub(crate) fn measure(scale: Scale, figures: &mut Figures) -> Result<()> {
    for (name, customers) in SIZES {
        let (cpu_us, records_per_s) = one(customers, scale.records)?;
        say(&format!("state native {name}: {cpu_us:.3} us, {records_per_s:.0}/s"));
        figures.add(format!("state.native.{name}.cpu_us"), cpu_us, "us");
        figures.add(format!("state.native.{name}.records_per_s"), records_per_s, "1/s");
    }
    Ok(())
}

/// CPU time of an order, that of the store's own threads included, and orders per second.
fn one(customers: u64, records: u64) -> Result<(f64, f64)> {
    let folder = tempfile::tempdir().context("no temporary directory")?;
    let database = Database::open(folder.path(), &CacheLimits::default())?;
    let setting = StoreSettings { name: "accounts".to_owned(), topic_id: "native".to_owned(), ttl: None };
    let stores = database.stores("native", "native", vec![setting])?;
    let state = stores.partition(0)?;
    state.clear(0)?;
    state.restored(None, &[CommitOffset::at(0)], T)?;
    let plugin = Loyalty::configure(Config { daily_cap: 1_000_000_000, ..Config::default() })
        .map_err(|problems| anyhow!("{problems}"))?;
    let (mut began, mut cpu_began) = (Instant::now(), cpu::of_process()?);
    let mut value = Vec::new();
    for number in 0..customers + records {
        if number == customers {
            (began, cpu_began) = (Instant::now(), cpu::of_process()?);
        }
        let (_, key, order) = order(number, customers);
        value.clear();
        let account = state.get(0, key.as_bytes(), &mut value)?;
        let account = account.map(|_| serde_json::from_slice(&value)).transpose()?;
        let done = plugin.order(&key, &order, T, account).map_err(|failure| anyhow!("{failure:?}"))?;
        let Done { account, said } = done.context("an order that came twice")?;
        state.change(0, key.as_bytes(), Some(&serde_json::to_vec(&account)?), Some(T))?;
        std::hint::black_box(said);
        if number % TRANSACTION_RECORDS == TRANSACTION_RECORDS - 1 {
            let mut changes = 0;
            state.each_change(|change| {
                changes += usize::from(change.value.is_some());
                Ok::<_, std::convert::Infallible>(())
            })?;
            ensure!(changes > 0, "a transaction without a change");
            let ends = [ChangelogEnd { store: 0, partition: 0, next: CommitOffset::at(number as i64) }];
            state.apply(&Applied { token: &number.to_string(), ends: &ends, now_ms: T })?;
        }
    }
    let (cpu, took) = (cpu::of_process()? - cpu_began, began.elapsed());
    Ok((cpu.as_secs_f64() * 1e6 / records as f64, records as f64 / took.as_secs_f64()))
}
