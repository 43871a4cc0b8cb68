//! The self-check: an answer must not depend on which records were in the batch, or on what the instance did before.
//!
//! The host relies on it: after a failure it runs a batch record by record, after a crash in other batches, and after
//! either on a new instance; what was written the first time and what is written then must be the same.

use super::{Answer, Sample, answer};
use crate::context::Call;
use crate::manifest::all_codes;
use crate::{Outputs, Plugin, StoreSet, config, run};
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
}

impl<P: Plugin> Instance<P> {
    pub(super) fn new(plugin: P) -> Instance<P> {
        Instance { plugin, stores: P::Stores::open() }
    }

    fn fresh(config: &str) -> Instance<P> {
        match config::configure(config) {
            Ok(plugin) => Instance::new(plugin),
            Err(problems) => panic!("the same configuration is refused the second time: {problems}"),
        }
    }

    /// One call, packed and checked as the host does it.
    pub(super) fn answer(&mut self, call: &Call, samples: &Samples) -> Vec<Answer> {
        let mut packed = Packed::default();
        samples.iter().for_each(|(offset, sample)| sample.pack(*offset, self.plugin.reads(), &mut packed));
        let reply = run::run(&self.plugin, &mut self.stores, call.clone(), packed.data(), packed.index());
        let limits = Limits {
            outputs: u16::try_from(P::Outputs::NAMES.len()).unwrap_or(u16::MAX),
            stores: 0,
            output_bytes_max: OUTPUT_BYTES_MAX,
            outputs_per_record_max: OUTPUTS_PER_RECORD_MAX,
        };
        let mut decoder = Decoder::default();
        if let Err(error) = decoder.decode(&packed, limits, &reply.actions, &reply.args, &reply.data) {
            panic!("the host would refuse the reply (plugin-protocol): {error}");
        }
        let answers = answer::answers::<P>(&decoder, &reply.data, samples);
        answers.iter().for_each(listed::<P>);
        answers
    }

    fn answer_in(&mut self, call: &Call, batches: impl IntoIterator<Item = impl AsRef<Samples>>) -> Vec<Answer> {
        batches.into_iter().flat_map(|samples| self.answer(call, samples.as_ref())).collect()
    }
}

fn listed<P: Plugin>(answer: &Answer) {
    if let Answer::Reject { code, .. } | Answer::Retry { code, .. } = answer {
        let listed = all_codes::<P>().contains(&code.as_str());
        assert!(listed, "the code `{code}` is not in the plugin's Codes: operators would see `other`");
    }
}

/// Compares with the answers of `old`, the instance that the test sees.
#[track_caller]
pub(super) fn in_every_company<P: Plugin>(
    config: &str,
    old: &mut Instance<P>,
    call: &Call,
    samples: &Samples,
    expected: &[Answer],
) {
    let (first, second) = samples.split_at(samples.len() / 2);
    let fresh = || Instance::<P>::fresh(config);
    for _ in 0..ROUNDS {
        let same = |how: &str, answers: Vec<Answer>| compare(how, samples, expected, &answers);
        same("as one batch on a new instance", fresh().answer(call, samples));
        same("record by record", fresh().answer_in(call, samples.chunks(1)));
        same("in halves", fresh().answer_in(call, [first, second].into_iter().filter(|half| !half.is_empty())));
        let alone = samples.chunks(1).flat_map(|one| fresh().answer(call, one));
        same("alone on a new instance", alone.collect());
        same("once more on the same instance", old.answer(call, samples));
    }
}

#[track_caller]
fn compare(how: &str, samples: &Samples, expected: &[Answer], answers: &[Answer]) {
    for (at, ((offset, sample), (first, other))) in samples.iter().zip(expected.iter().zip(answers)).enumerate() {
        let key = sample.key.as_deref().map_or("null".into(), |key| format!("`{}`", String::from_utf8_lossy(key)));
        assert!(
            first == other,
            "record {at} of the batch (offset {offset}, key {key}) is not answered the same way twice\n  \
             at first:  {first}\n  {how}: {other}\n\
             An answer must depend on the record, the configuration and the context alone. Usual causes: the order of a \
             std HashMap (use wasmill_sdk::HashMap or a BTreeMap), something remembered from earlier records, a static."
        );
    }
}
