//! What a batch comes to, kept in plain numbers while it is worked on and counted once at its end.

use crate::worker::Worker;
use wasmill_record::{Clock, InvokeCounts, Sink, Source};
use wasmill_settle::{Code, Disposition};
use wasmill_telemetry::Counter;

/// The batch in hand.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Records that were to be worked on.
    records: usize,
    settled_bytes: usize,
    forward: u64,
    emit: u64,
    drop: u64,
    reject: u64,
    retry: u64,
}

impl Tally {
    pub(crate) fn begin(&mut self, records: usize) {
        *self = Tally { records, ..Tally::default() };
    }

    pub(crate) fn settled(&mut self, bytes: usize) {
        self.settled_bytes += bytes;
    }

    /// What the plugin wanted of a record that has been settled, or that waits now.
    pub(crate) fn outcome(&mut self, disposition: Disposition) {
        match disposition {
            Disposition::Forward { .. } => self.forward += 1,
            Disposition::Emit { .. } => self.emit += 1,
            Disposition::Skip => self.drop += 1,
            Disposition::DeadLetter(Code::Plugin { .. }) => self.reject += 1,
            Disposition::RetryLater { .. } | Disposition::DeadLetter(Code::Exhausted { .. }) => self.retry += 1,
            Disposition::DeadLetter(Code::Guest(_)) => {}
        }
    }
}

/// Counters of the plugin's own that have been met; as many as its manifest lists, at most.
#[derive(Debug, Default)]
pub(crate) struct OwnCounters(Vec<(String, Counter)>);

impl OwnCounters {
    fn add(&mut self, name: &str, by: u64, new: impl FnOnce() -> Counter) {
        match self.0.iter().find(|(known, _)| known == name) {
            Some((_, counter)) => drop(counter.inc_by(by)),
            None => {
                let counter = new();
                counter.inc_by(by);
                self.0.push((name.to_owned(), counter));
            }
        }
    }
}

impl<S, K, C> Worker<S, K, C>
where
    S: Source,
    K: Sink<S::Batch>,
    C: Clock,
{
    /// Counts the batch, and what the plugin's instance has come to meanwhile.
    pub(crate) fn count(&mut self) {
        let tally = std::mem::take(&mut self.tally);
        if tally.records == 0 {
            return;
        }
        let metrics = &self.metrics;
        metrics.records.forward.inc_by(tally.forward);
        metrics.records.emit.inc_by(tally.emit);
        metrics.records.drop.inc_by(tally.drop);
        metrics.records.reject.inc_by(tally.reject);
        metrics.records.retry.inc_by(tally.retry);
        metrics.batches.inc();
        metrics.batch_records.observe(tally.records as f64);
        metrics.input_bytes.inc_by(tally.settled_bytes as u64);
        self.count_plugin();
    }

    /// What the instance has come to since the last time.
    pub(crate) fn count_plugin(&mut self) {
        let metrics = &self.metrics;
        let InvokeCounts { renewals, recycled, dropped_emissions, dropped_log_lines, unplanned_reads, memory_bytes } =
            self.plugin.take_counts();
        metrics.plugin.unplanned_reads.inc_by(unplanned_reads);
        metrics.plugin.renewals.inc_by(renewals);
        metrics.plugin.recycles.inc_by(recycled);
        metrics.plugin.dropped_emissions.inc_by(dropped_emissions);
        metrics.plugin.dropped_log_lines.inc_by(dropped_log_lines);
        metrics.plugin.memory.set(i64::try_from(memory_bytes).unwrap_or(i64::MAX));
        let own = &mut self.own_counters;
        self.plugin.take_counters(&mut |name, by| own.add(name, by, || metrics.plugin.counter(name)));
    }
}
