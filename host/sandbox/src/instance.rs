//! One worker's instance of a plugin, behind the seam of the main path: a batch in, a checked reply out.

use crate::bind::Binding;
use crate::entry::{Moment, enter};
use crate::exports::World;
use crate::failure::{During, TooLarge};
use crate::fast::Source;
use crate::lifecycle::Started;
use crate::load::Plugin;
use crate::pace::Pace;
use crate::seed::Seeds;
use crate::telemetry::Counters;
use crate::wasi::log::Log;
use crate::{fast, reply, typed};
use std::sync::Arc;
use wasmill_record::{
    Batch, CallSource, GuestFailure, GuestFailureKind, InputPartition, Invoke, InvokeCounts, InvokeError, ReadState,
    Reply,
};
use wasmill_wire::{Decoder, Input, Limits, Packed, ReplyBuffers};

/// A packed batch larger than this is not kept for the next call: one huge record would hold its memory for ever.
const PACKED_BYTES_KEPT: usize = 16 << 20;

/// Memory of the guest is a cache: it is started by the first call, and anew by the first call after it was given up.
pub struct Instance {
    plugin: Plugin,
    binding: Binding,
    limits: Limits,
    log: Log,
    live: Option<Started>,
    packed: Packed,
    decoder: Decoder,
    seeds: Seeds,
    pace: Pace,
    /// Keyed state of the partition whose records come next.
    state: Option<Arc<dyn ReadState>>,
    counts: InvokeCounts,
    /// Of guests that were given up.
    counters: Vec<u64>,
}

impl Instance {
    pub(crate) fn new(plugin: Plugin, binding: Binding) -> Instance {
        let (manifest, limits) = (plugin.manifest(), plugin.limits());
        let limits = Limits {
            outputs: u16::try_from(manifest.outputs.len()).unwrap_or(u16::MAX),
            stores: u16::try_from(manifest.stores.len()).unwrap_or(u16::MAX),
            output_bytes_max: limits.output_bytes_max as u64,
            outputs_per_record_max: limits.outputs_per_record_max,
        };
        let log = Log::new(&manifest.name, plugin.limits().log_bytes_per_s, plugin.loaded.log.clone());
        // In plain types a plugin has no way to see what the record before it has changed.
        let alone = plugin.world() == World::Typed && manifest.used_stores().next().is_some();
        let batch_max = if alone { Some(1) } else { manifest.batch_max };
        let pace = Pace::new(batch_max, plugin.limits().target_call);
        let counters = vec![0; manifest.counters.len()];
        Instance {
            plugin,
            binding,
            limits,
            log,
            live: None,
            packed: Packed::default(),
            decoder: Decoder::default(),
            seeds: Seeds::default(),
            pace,
            state: None,
            counts: InvokeCounts::default(),
            counters,
        }
    }

    fn pack<B: Batch>(&mut self, batch: &B, from: usize, count: usize) -> Result<(), InvokeError> {
        self.packed.clear();
        let reads = self.plugin.manifest().reads;
        let end = from.checked_add(count).filter(|end| *end <= batch.len());
        let end = end.ok_or_else(|| InvokeError::Host(format!("{count} records from {from} of {}", batch.len())))?;
        for at in from..end {
            let record = batch.record(at);
            let input =
                Input { offset: record.offset.0, timestamp: record.timestamp, key: record.key, value: record.value };
            let pushed = self.packed.push(reads, input, |each| batch.headers(at, each));
            pushed.map_err(|error| too_large(&error))?;
        }
        Ok(())
    }

    /// Whether the guest's memory can hold the packed records at all. What it has taken since its start does not count: it
    /// is a cache, or the answer would depend on the records before.
    fn fits(&self) -> Result<(), InvokeError> {
        let own = self.live.as_ref().map_or(0, |live| live.own_bytes);
        let most = self.plugin.limits().memory_bytes_max;
        let (needed, room) = (self.packed.bytes(), most.saturating_sub(own));
        if needed > room { Err(too_large(&TooLarge { needed, room, most }).into()) } else { Ok(()) }
    }

    /// Starts a guest if there is none. The same start worked when the plugin was loaded, so whatever goes wrong here is
    /// not the record's fault.
    fn start(&mut self) -> Result<(), InvokeError> {
        if self.live.is_some() {
            return Ok(());
        }
        let loaded = &self.plugin.loaded;
        let counters = Counters::new(self.counters.len());
        let host = |error: InvokeError| match error {
            InvokeError::Guest(failure) => {
                let reason = failure.message.lines().next().unwrap_or_default();
                InvokeError::Host(format!("a fresh instance failed ({}): {reason}", failure.kind.code()))
            }
            InvokeError::Host(message) => InvokeError::Host(format!("failed to start an instance: {message}")),
        };
        let mut started = Started::new(&loaded.linked, self.log.clone(), counters).map_err(host)?;
        match started.configure(&loaded.linked, &loaded.config).map_err(host)? {
            Ok(_) => {}
            Err(problems) => {
                let first = problems.first().map_or("no reason given", |problem| problem.message.as_str());
                let message = format!("a fresh instance refuses the configuration that was accepted at start: {first}");
                return Err(InvokeError::Host(message));
            }
        }
        self.live = Some(started);
        Ok(())
    }

    /// All that comes before the guest has a part in it: what fails here is not the instance's fault.
    fn prepare<B: Batch>(&mut self, batch: &B, from: usize, count: usize) -> Result<(), InvokeError> {
        self.pack(batch, from, count)?;
        self.start()?;
        self.fits()
    }

    fn answer<B: Batch>(
        &mut self,
        batch: &B,
        count: usize,
        told: &CallSource,
        reply: &mut Reply,
    ) -> Result<(), InvokeError> {
        let answered = self.call(batch, told).and_then(|answer| self.accept(answer, reply));
        self.close_state();
        match answered {
            Ok(()) => self.settle(count),
            Err(_) => {
                // The store is dead after a trap, and what an instance thinks after a wrong answer is anybody's guess.
                self.give_up();
                self.pace.failed();
            }
        }
        answered
    }

    fn call<B: Batch>(&mut self, batch: &B, told: &CallSource) -> Result<ReplyBuffers, InvokeError> {
        let Instance { plugin, binding, packed, live, seeds, .. } = self;
        let (partition, linked) = (batch.partition(), &plugin.loaded.linked);
        let missing = |what: &str| InvokeError::Host(format!("no {what} for partition {partition}"));
        let input = binding.inputs.get(usize::from(partition.input)).ok_or_else(|| missing("input"))?;
        let Started { store, process, .. } = live.as_mut().ok_or_else(|| missing("instance"))?;
        let source = Source {
            input: input.number,
            topic: &input.topic,
            partition: partition.partition.unsigned_abs(),
            attempt: told.attempt,
            now: u64::try_from(told.now_ms).unwrap_or(0),
            seed: seeds.get(binding, plugin.digest(), &input.topic, partition),
        };
        let state = &mut store.data_mut().state;
        (state.reader, state.numbers) = (self.state.clone(), Arc::clone(&binding.stores));
        let moment = Moment { now_ms: source.now, seed: source.seed };
        let process = *process;
        enter(&linked.engine, store, linked.limits.record_deadline, moment, During::Call, |store| {
            match linked.exports.world {
                World::Fast => fast::call(process, store, source, packed),
                World::Typed => typed::call(process, store, source, packed),
            }
        })
    }

    /// Nothing outside of a call reads state.
    fn close_state(&mut self) {
        if let Some(live) = &mut self.live {
            let state = &mut live.store.data_mut().state;
            state.reader = None;
            self.counts.unplanned_reads += std::mem::take(&mut state.unplanned);
        }
    }

    /// Checks the answer and takes it over.
    fn accept(&mut self, answer: ReplyBuffers, reply: &mut Reply) -> Result<(), InvokeError> {
        let ReplyBuffers { actions, args, data } = answer;
        let decoded = self.decoder.decode(&self.packed, self.limits, &actions, &args, &data);
        decoded.map_err(|error| GuestFailure { kind: GuestFailureKind::Protocol, message: error.to_string() })?;
        self.counts.dropped_emissions += reply::fill(reply, &self.decoder, &self.binding, data);
        Ok(())
    }

    /// After an answer that is kept.
    fn settle(&mut self, count: usize) {
        let Some(live) = &mut self.live else { return };
        let host = live.store.data_mut();
        host.counters.keep();
        self.pace.answered(count, host.deadline.used());
        if host.memory_bytes() > self.plugin.limits().recycle_bytes {
            self.counts.recycled += 1;
            self.give_up();
        }
    }

    fn give_up(&mut self) {
        let Some(mut live) = self.live.take() else { return };
        self.counts.renewals += 1;
        let counters = &mut self.counters;
        live.store.data_mut().counters.take(|number, by| {
            if let Some(counter) = counters.get_mut(number) {
                *counter = counter.saturating_add(by);
            }
        });
    }
}

impl<B: Batch> Invoke<B> for Instance {
    fn invoke(
        &mut self,
        batch: &B,
        from: usize,
        count: usize,
        source: &CallSource,
        reply: &mut Reply,
    ) -> Result<(), InvokeError> {
        let answered = self.prepare(batch, from, count).and_then(|()| self.answer(batch, count, source, reply));
        if self.packed.data().len() > PACKED_BYTES_KEPT {
            self.packed = Packed::default();
        }
        answered
    }

    fn batch_max(&self) -> usize {
        self.pace.size()
    }

    fn read_from(&mut self, state: &Arc<dyn ReadState>) {
        self.state = Some(Arc::clone(state));
    }

    fn renew(&mut self) {
        self.state = None;
        self.give_up();
    }

    fn take_counts(&mut self) -> InvokeCounts {
        let memory_bytes = self.live.as_ref().map_or(0, |live| live.store.data().memory_bytes() as u64);
        let dropped_log_lines = self.log.take_dropped();
        InvokeCounts { memory_bytes, dropped_log_lines, ..std::mem::take(&mut self.counts) }
    }

    fn take_counters(&mut self, each: &mut dyn FnMut(&str, u64)) {
        let names = &self.plugin.loaded.manifest.counters;
        let mut report = |number: usize, by| {
            if let Some(name) = names.get(number) {
                each(name, by);
            }
        };
        for (number, counter) in self.counters.iter_mut().enumerate().filter(|(_, counter)| **counter > 0) {
            report(number, std::mem::take(counter));
        }
        if let Some(live) = &mut self.live {
            live.store.data_mut().counters.take(report);
        }
    }

    fn seed(&mut self, partition: InputPartition) -> Option<u64> {
        let topic = &self.binding.inputs.get(usize::from(partition.input))?.topic;
        Some(self.seeds.get(&self.binding, self.plugin.digest(), topic, partition))
    }

    fn name(&self) -> &str {
        &self.plugin.loaded.manifest.name
    }

    fn digest(&self) -> Option<&str> {
        Some(self.plugin.digest())
    }
}

fn too_large(why: &dyn std::fmt::Display) -> GuestFailure {
    GuestFailure { kind: GuestFailureKind::TooLarge, message: why.to_string() }
}
