//! The honest floor: consume, move headers, produce, commit, written straight on the C API by somebody who knows it, with
//! the workers, timestamps, transactions and commit interval of the product, and nothing else of it: no books, no token,
//! no rewind. It is a process of its own, runs until it is killed, and ends with an error at the first thing that goes
//! wrong: there is no second try in a bench.

mod client;
mod worker;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};

use crate::contestant::Delivery;
use client::{Consumer, Queue};

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Job {
    #[arg(long)]
    bootstrap: String,
    #[arg(long)]
    group: String,
    #[arg(long)]
    input: String,
    #[arg(long)]
    output: String,
    #[arg(long)]
    delivery: Delivery,
    #[arg(long)]
    workers: usize,
    #[arg(long)]
    interval_ms: u64,
    /// Made when everything is set up and the group is about to be joined.
    #[arg(long)]
    ready_file: PathBuf,
}

impl Job {
    fn interval(&self) -> Duration {
        Duration::from_millis(self.interval_ms)
    }

    /// librdkafka sends one partition per request: at 8 partitions 6 ms keep a broker breathing. A drain sends everything
    /// at the commit anyway, so a transaction gathers for half of its interval.
    fn linger_ms(&self) -> u64 {
        match self.delivery {
            Delivery::AtLeastOnce => 6,
            Delivery::ExactlyOnce => (self.interval_ms / 2).max(6),
        }
    }
}

const POLL_TIMEOUT: Duration = Duration::from_millis(100);

/// Works until it is killed.
pub(crate) fn run(job: &Job) -> Result<()> {
    // Handles live until the process is killed, so nothing of the client is ever destroyed.
    let consumer: &'static Consumer = Box::leak(Box::new(Consumer::new(job)?));
    let queues: Vec<Queue> = (0..job.workers).map(|_| consumer.new_queue()).collect();
    let (failures, failed) = std::sync::mpsc::sync_channel(job.workers);
    for (number, queue) in queues.iter().enumerate() {
        let (queue, job, failures) = (*queue, job.clone(), failures.clone());
        std::thread::Builder::new().name(format!("raw/{number}")).spawn(move || {
            let Err(error) = worker::run(&job, number, consumer, queue);
            // Room for one of each worker.
            let _ = failures.try_send(error);
        })?;
    }
    std::fs::File::create(&job.ready_file).context("failed to say that it is ready")?;
    consumer.subscribe(&job.input)?;
    loop {
        consumer.serve(POLL_TIMEOUT, &queues)?;
        if let Ok(error) = failed.try_recv() {
            return Err(anyhow!("a worker: {error:#}"));
        }
    }
}
