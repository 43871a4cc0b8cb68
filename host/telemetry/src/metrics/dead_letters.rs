//! Counts dead letters by code. Codes come from plugins, so how many a pipeline may have as a label is bounded here.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::metrics::counter::Counter;

use super::families::Families;

/// Codes that get a series of their own, per pipeline. Fewer would merge the codes of an honest plugin; each one costs a
/// series in every Prometheus that scrapes us, for as long as the process lives.
const CODES_MAX: usize = 64;

/// The code that all others share: those that are not listed, and those beyond [`CODES_MAX`].
const OTHER: &str = "other";

/// The codes of one pipeline, shared by its workers.
#[derive(Debug)]
pub(super) struct DeadLetterCodes {
    known: Mutex<Known>,
    other: Counter,
}

#[derive(Debug, Default)]
struct Known {
    /// `None`: every code is.
    listed: Option<HashSet<String>>,
    met: HashMap<String, Counter>,
}

impl DeadLetterCodes {
    /// The codes of `pipeline`, the same for every worker.
    pub(super) fn of(families: &Families, pipeline: &str) -> Arc<DeadLetterCodes> {
        let mut pipelines = families.codes.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = || {
            let other = families.dead_letters.with(&[pipeline, OTHER]);
            Arc::new(DeadLetterCodes { known: Mutex::default(), other })
        };
        Arc::clone(pipelines.entry(pipeline.to_owned()).or_insert_with(fresh))
    }

    /// Only these may have a series of their own from now on.
    pub(super) fn list(&self, codes: HashSet<String>) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).listed = Some(codes);
    }

    /// Counts `n` dead letters with `code`. Dead letters are rare: this may lock and, for a new code, allocate.
    pub(super) fn count(&self, families: &Families, pipeline: &str, code: &str, n: u64) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let is_listed = known.listed.as_ref().is_none_or(|listed| listed.contains(code)) && code != OTHER;
        let counter = match known.met.get(code) {
            _ if !is_listed => &self.other,
            Some(counter) => counter,
            None if known.met.len() < CODES_MAX => {
                known.met.entry(code.to_owned()).or_insert_with(|| families.dead_letters.with(&[pipeline, code]))
            }
            None => &self.other,
        };
        counter.inc_by(n);
    }
}
