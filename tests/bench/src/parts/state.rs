//! `state.loyalty.*`, `restart.warm.*`, `restore.*`: a plugin that keeps an account for each customer.
//!
//! The first orders open the accounts, one each; what is measured are those behind them, of customers in no order. Then the
//! process is started again with its cache, and without: how long until every partition is read. What a bare consumer takes
//! to read the same changelog stands beside it.

pub(super) mod native;

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{Offset, TopicPartitionList};

use super::{Scale, say};
use crate::contestant::{Contestant, Delivery, Running, product};
use crate::figures::Figures;
use crate::load;
use crate::metrics;
use crate::progress::{self, Progress};
use crate::setting::{DEAD_LETTERS, PARTITIONS, Setting, WORKERS};
use crate::wait;

/// Name in the figures, and customers.
const SIZES: [(&str, u64); 3] = [("10k", 10_000), ("1m", 1_000_000), ("5m", 5_000_000)];
const LOOK_INTERVAL: Duration = Duration::from_millis(10);
const START_LOOK_INTERVAL: Duration = Duration::from_millis(2);
const TURN_DEADLINE: Duration = Duration::from_secs(900);
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// One pipeline: its topics, its group, its cache.
struct Shop<'a> {
    setting: &'a Setting,
    group: String,
    orders: String,
    adjustments: String,
    balances: String,
    events: String,
    folder: PathBuf,
}

pub(super) fn measure(setting: &Setting, scale: Scale, figures: &mut Figures) -> Result<()> {
    for (name, customers) in SIZES {
        let orders = setting.topic("orders")?;
        load::keyed(
            &setting.bootstrap,
            &orders,
            (0..customers + scale.records).map(|number| order(number, customers)),
        )?;
        let shop = Shop {
            setting,
            group: setting.name("loyalty"),
            adjustments: setting.topic("adjustments")?,
            balances: setting.topic("balances")?,
            events: setting.topic("events")?,
            folder: setting.directory.path().join(setting.name("cache")),
            orders,
        };
        let identity = super::throughput::run(
            setting,
            Contestant::Wasm(Delivery::ExactlyOnce),
            &shop.orders,
            customers + scale.records,
        )?;
        let (running, cpu_us) = speed(&shop, name, customers, scale, figures)?;
        figures.add(format!("state.loyalty.{name}.ratio_to_identity"), cpu_us / identity.cpu_us, "");
        running.process.terminate()?;
        if name == "1m" {
            starts(&shop, name, customers, figures)?;
        }
        setting.remove(&[&shop.orders, &shop.adjustments, &shop.balances, &shop.events, &shop.changelog()])?;
    }
    figures.remarks.push(format!(
        "state.loyalty: {} orders of some 300 bytes, each an account read and written, an event and a balance; CPU of the \
         whole process; rss is the peak, with caches of the default size; ratio_to_identity: plugins/identity on the same \
         topic",
        scale.records
    ));
    Ok(())
}

/// The number-th order: first one of each customer, then of customers in no order.
fn order(number: u64, customers: u64) -> (i32, String, Vec<u8>) {
    // A large odd factor visits all of them before one comes again, for round numbers of customers.
    let customer = if number < customers { number } else { number.wrapping_mul(2_654_435_761) % customers };
    let key = format!("c-{customer:09}");
    let value = format!(
        r#"{{"order_id":"o-{number:012}","customer_id":"{key}","restaurant_id":"r-{:04}","channel":"app","currency":"USD","placed_at":"2026-01-01T12:00:00Z","items":[{{"sku":"P-1001","quantity":2,"unit_price_cents":1375}}],"discounts":[],"totals":{{"items_cents":2750,"discounts_cents":0,"total_cents":2750}}}}"#,
        customer % 1000
    );
    ((customer % PARTITIONS as u64) as i32, key, value.into_bytes())
}

/// Works the orders off. What is measured begins with the last account.
fn speed(shop: &Shop<'_>, name: &str, customers: u64, scale: Scale, figures: &mut Figures) -> Result<(Running, f64)> {
    let progress = Progress::new(&shop.setting.bootstrap, &shop.group, &shop.orders)?;
    let mut running = shop.start()?;
    let mut first = None;
    let all = customers + scale.records;
    let (committed, cpu, last) = wait::until("all orders to be done", TURN_DEADLINE, LOOK_INTERVAL, || {
        running.process.check()?;
        let Some(committed) = progress.committed()? else { return Ok(None) };
        let (now, cpu) = (Instant::now(), running.process.cpu()?);
        if committed >= customers {
            first.get_or_insert((committed, cpu, now));
        }
        Ok((committed >= all).then_some((committed, cpu, now)))
    })?;
    let (before, cpu_before, began) = first.context("the accounts were not seen to be opened")?;
    let records = (committed - before) as f64;
    ensure!(records > 0.0, "all orders were done before they could be looked at");
    // An event and a balance of each, and markers.
    let written = progress::end(&shop.setting.bootstrap, &shop.balances)?;
    ensure!(written >= all, "{written} balances of {all} orders");
    let cpu_us = (cpu - cpu_before).as_secs_f64() * 1e6 / records;
    let records_per_s = records / (last - began).as_secs_f64();
    let rss_mib = running.process.peak_mib()?;
    say(&format!("state {name}: {cpu_us:.3} us, {records_per_s:.0}/s, {rss_mib:.0} MiB"));
    figures.add(format!("state.loyalty.{name}.cpu_us"), cpu_us, "us");
    figures.add(format!("state.loyalty.{name}.records_per_s"), records_per_s, "1/s");
    figures.add(format!("state.loyalty.{name}.rss_mib"), rss_mib, "MiB");
    Ok((running, cpu_us))
}

/// Starts again, with the cache and without.
fn starts(shop: &Shop<'_>, name: &str, customers: u64, figures: &mut Figures) -> Result<()> {
    let began = Instant::now();
    let mut running = shop.start()?;
    let text = wait_taken(&mut running)?;
    let warm = began.elapsed();
    let read_again = metrics::sum(&text, RESTORED).unwrap_or(0.0);
    ensure!(read_again == 0.0, "a warm start has read {read_again} changes again");
    running.process.terminate()?;

    fs::remove_dir_all(&shop.folder)?;
    let mut running = shop.start()?;
    running.wait_assigned(f64::from(PARTITIONS * 2))?;
    let began = Instant::now();
    let text = wait_taken(&mut running)?;
    let took = began.elapsed();
    let restored = metrics::sum(&text, RESTORED).unwrap_or(0.0);
    running.process.terminate()?;
    ensure!(restored >= customers as f64, "{restored} changes restored of {customers} accounts");

    let (read, bare) = read_all(&shop.setting.bootstrap, &shop.changelog())?;
    let (keys_per_s, bare_per_s) = (restored / took.as_secs_f64(), read as f64 / bare.as_secs_f64());
    say(&format!("restart {warm:?}, restore {keys_per_s:.0}/s, a bare consumer {bare_per_s:.0}/s"));
    figures.add(format!("restart.warm.{name}.ms"), warm.as_secs_f64() * 1e3, "ms");
    figures.add(format!("restore.{name}.keys_per_s"), keys_per_s, "1/s");
    figures.add(format!("restore.{name}.ratio_to_consumer"), keys_per_s / bare_per_s, "");
    Ok(())
}

const RESTORED: &str = "wasmill_state_restored_changes_total";

/// Waits until every partition is read; the metrics of then.
fn wait_taken(running: &mut Running) -> Result<String> {
    wait::until("every partition to be read", TURN_DEADLINE, START_LOOK_INTERVAL, || {
        running.process.check()?;
        // Refused until it listens.
        let Ok(text) = running.metrics() else { return Ok(None) };
        let taken = metrics::sum(&text, "wasmill_take_duration_seconds_count");
        Ok((taken == Some(f64::from(PARTITIONS))).then_some(text))
    })
}

/// Records and time of one consumer that reads everything that is committed and does nothing with it.
fn read_all(bootstrap: &str, topic: &str) -> Result<(u64, Duration)> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", "bench-bare")
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("isolation.level", "read_committed")
        .create()?;
    let mut list = TopicPartitionList::new();
    for partition in 0..PARTITIONS {
        list.add_partition_offset(topic, partition, Offset::Beginning)?;
    }
    consumer.assign(&list)?;
    let (mut records, mut ended, mut began, deadline) = (0, 0, None, Instant::now() + READ_TIMEOUT);
    while ended < PARTITIONS {
        ensure!(Instant::now() < deadline, "the changelog was not read within {READ_TIMEOUT:?}");
        match consumer.poll(Duration::from_millis(100)) {
            None => {}
            Some(Ok(_)) => {
                began.get_or_insert_with(Instant::now);
                records += 1;
            }
            Some(Err(rdkafka::error::KafkaError::PartitionEOF(_))) => ended += 1,
            Some(Err(error)) => return Err(error.into()),
        }
    }
    Ok((records, began.context("an empty changelog")?.elapsed()))
}

impl Shop<'_> {
    fn changelog(&self) -> String {
        format!("wasmill.{}.accounts.changelog", self.group)
    }

    fn start(&self) -> Result<Running> {
        product(self.setting, |port| self.configuration(port))
    }

    fn configuration(&self, port: u16) -> String {
        let Shop { setting, group, orders, adjustments, balances, events, folder } = self;
        format!(
            "version: 1
clusters:
  main: {{ bootstrap_servers: \"{bootstrap}\" }}
plugins: {{ loyalty: {{ file: \"{file}\", config: {{ daily_cap: 1000000000 }} }} }}
pipelines:
  bench:
    group: {group}
    session_timeout_ms: 6000
    workers: {WORKERS}
    inputs: {{ orders: {{ topic: {orders}, start: earliest }}, adjustments: {{ topic: {adjustments}, start: earliest }} }}
    plugin: loyalty
    outputs: {{ balances: {{ topic: {balances}, partition: source }}, events: {{ topic: {events}, partition: source }} }}
    dead_letters: {{ topic: {DEAD_LETTERS} }}
    commit: {{ interval_ms: 100 }}
state: {{ directory: \"{folder}\" }}
admin: {{ listen: \"127.0.0.1:{port}\" }}
",
            bootstrap = setting.bootstrap,
            file = setting.plugins.join("loyalty.wasm").display(),
            folder = folder.display(),
        )
    }
}
