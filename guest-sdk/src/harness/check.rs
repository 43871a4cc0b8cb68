//! The self-check: an answer and its changes of state must not depend on which records were in the batch, or on what the
//! instance did before.
//!
//! The host relies on it: after a failure it runs a batch record by record, after a crash in other batches, and after
//! either on a new instance; what was written the first time and what is written then must be the same.

use super::state::{self, Changed};
use super::{Answer, Sample, answer};
use crate::context::Call;
use crate::manifest::all_codes;
use crate::stores::fake::{self, Kept};
use crate::{Outputs, Plugin, StateCalls, StoreSet, config, run, stores};
use wasmill_wire::{Decoder, Limits, Packed};

/// How often each way is tried. The order in which the standard library's `HashMap` gives two items is the same every
/// other time: with the five ways below, one in a million such plugins gets through.
const ROUNDS: usize = 4;

/// As in a pipeline file that does not say otherwise.
const OUTPUT_BYTES_MAX: u64 = 8 << 20;
const OUTPUTS_PER_RECORD_MAX: u32 = 1000;

type Samples = [(i64, Sample)];

/// A plugin and its stores.
pub(super) struct Instance<P: Plugin> {
    plugin: P,
    stores: P::Stores,
    /// What the last call asked.
    calls: StateCalls,
}

/// What came back for one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answered {
    pub(super) answer: Answer,
    changes: Vec<Changed>,
}

impl<P: Plugin> Instance<P> {
    pub(super) fn new(plugin: P) -> Instance<P> {
        Instance { plugin, stores: stores::open(), calls: StateCalls::default() }
    }

    pub(super) fn calls(&self) -> StateCalls {
        self.calls
    }

    fn fresh(config: &str) -> Instance<P> {
        match config::configure(config) {
            Ok(plugin) => Instance::new(plugin),
            Err(problems) => panic!("the same configuration is refused the second time: {problems}"),
        }
    }

    /// One call, packed and checked as the host does it, on the state that is kept; what it changes is kept.
    pub(super) fn answer(&mut self, call: &Call, samples: &Samples, kept: &mut Kept) -> Vec<Answered> {
        let mut packed = Packed::default();
        samples.iter().for_each(|(offset, sample)| sample.pack(*offset, self.plugin.reads(), &mut packed));
        let unused = state::unused(&self.plugin);
        fake::set(std::mem::take(kept), unused.clone());
        let reply = run::run(&self.plugin, &mut self.stores, call.clone(), packed.data(), packed.index());
        (*kept, self.calls) = fake::take();
        let limits = Limits {
            outputs: u16::try_from(P::Outputs::NAMES.len()).unwrap_or(u16::MAX),
            stores: u16::try_from(P::Stores::NAMES.len()).unwrap_or(u16::MAX),
            output_bytes_max: OUTPUT_BYTES_MAX,
            outputs_per_record_max: OUTPUTS_PER_RECORD_MAX,
        };
        let mut decoder = Decoder::default();
        if let Err(error) = decoder.decode(&packed, limits, &reply.actions, &reply.args, &reply.data) {
            panic!("the host would refuse the reply (plugin-protocol): {error}");
        }
        let answers = answer::answers::<P>(&decoder, &reply.data, samples);
        answers.iter().for_each(listed::<P>);
        let changes = state::changes(&decoder, &reply.data);
        for changes in &changes {
            state::assert_kept(changes, &unused);
            state::apply(kept, changes.iter().cloned());
        }
        answers.into_iter().zip(changes).map(|(answer, changes)| Answered { answer, changes }).collect()
    }

    fn answer_in(
        &mut self,
        call: &Call,
        batches: impl IntoIterator<Item = impl AsRef<Samples>>,
        kept: &mut Kept,
    ) -> Vec<Answered> {
        batches.into_iter().flat_map(|samples| self.answer(call, samples.as_ref(), kept)).collect()
    }
}

fn listed<P: Plugin>(answer: &Answer) {
    if let Answer::Reject { code, .. } | Answer::Retry { code, .. } = answer {
        let listed = all_codes::<P>().contains(&code.as_str());
        assert!(listed, "the code `{code}` is not in the plugin's Codes: operators would see `other`");
    }
}

/// Compares with the answers of `old`, the instance that the test sees. Each way begins with the state as it was `before`;
/// the same changes in the same order leave the same one.
#[track_caller]
pub(super) fn in_every_company<P: Plugin>(
    config: &str,
    old: &mut Instance<P>,
    call: &Call,
    samples: &Samples,
    expected: &[Answered],
    before: &Kept,
) {
    let (first, second) = samples.split_at(samples.len() / 2);
    let halves = || [first, second].into_iter().filter(|half| !half.is_empty());
    let fresh = || Instance::<P>::fresh(config);
    let same = |how: &str, answer: &mut dyn FnMut(&mut Kept) -> Vec<Answered>| {
        compare::<P>(how, samples, expected, &answer(&mut before.clone()));
    };
    for _ in 0..ROUNDS {
        same("as one batch on a new instance", &mut |kept| fresh().answer(call, samples, kept));
        same("record by record", &mut |kept| fresh().answer_in(call, samples.chunks(1), kept));
        same("in halves", &mut |kept| fresh().answer_in(call, halves(), kept));
        let alone = |kept: &mut Kept| samples.chunks(1).flat_map(|one| fresh().answer(call, one, kept)).collect();
        same("alone on a new instance", &mut { alone });
        same("once more on the same instance", &mut |kept| old.answer(call, samples, kept));
    }
}

#[track_caller]
fn compare<P: Plugin>(how: &str, samples: &Samples, expected: &[Answered], answers: &[Answered]) {
    for (at, ((offset, sample), (first, other))) in samples.iter().zip(expected.iter().zip(answers)).enumerate() {
        let key = sample.key.as_deref().map_or("null".into(), |key| format!("`{}`", String::from_utf8_lossy(key)));
        let shown = |it: &Answered| match (&it.answer, P::Stores::NAMES) {
            (answer, []) | (answer @ (Answer::Reject { .. } | Answer::Retry { .. }), _) => answer.to_string(),
            (answer, names) => format!("{answer}; {}", Changed::shown(&it.changes, names)),
        };
        assert!(
            first == other,
            "record {at} of the batch (offset {offset}, key {key}) is not answered the same way twice\n  \
             at first:  {}\n  {how}: {}\n\
             An answer must depend on the record, the configuration, the state and the context alone. Usual causes: the \
             order of a std HashMap (use wasmill_sdk::HashMap or a BTreeMap), something remembered from earlier records, a \
             static.",
            shown(first),
            shown(other)
        );
    }
}
