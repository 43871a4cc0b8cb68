//! What went into a pipeline and what came of it: the numbers in the table, and whether they add up.

use std::collections::BTreeMap;

use crate::ledger::Ledger;

/// Of one pipeline.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    pub inputs: u64,
    /// Input records that were answered.
    pub outputs: u64,
    /// Input records that left nothing but their position; whether they should have is for the oracle to say.
    pub dropped: u64,
    pub dead_letters: BTreeMap<String, u64>,
    /// What does not add up, a line for each.
    pub faults: Vec<String>,
}

/// What is known about a pipeline whose records are judged by the oracle.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    pub(crate) inputs: u64,
    pub(crate) outputs: u64,
    pub(crate) dead_letters: BTreeMap<String, u64>,
    /// Records in its inputs that nobody can read.
    pub(crate) malformed: u64,
    /// Whether it may drop records.
    pub(crate) may_drop: bool,
}

impl Account {
    pub fn set_aside(&self) -> u64 {
        self.dead_letters.values().sum()
    }

    /// Each of the ledgers has the same records, as they came out of one of the outputs; the first one is shown.
    pub(crate) fn of_ledgers(ledgers: &[(&str, Ledger)]) -> Account {
        let faults = ledgers
            .iter()
            .flat_map(|(topic, ledger)| ledger.faults().into_iter().map(move |fault| format!("{topic}: {fault}")));
        let faults = faults.collect();
        let Some((_, first)) = ledgers.first() else { return Account::default() };
        let (inputs, outputs, dead_letters) = (first.sent, first.outputs, first.dead_letters.clone());
        Account { inputs, outputs, dropped: 0, dead_letters, faults }
    }

    pub(crate) fn of(counted: Counted) -> Account {
        let Counted { inputs, outputs, dead_letters, malformed, may_drop } = counted;
        let set_aside: u64 = dead_letters.values().sum();
        let mut faults = Vec::new();
        let dropped = inputs.saturating_sub(outputs + set_aside);
        if outputs + set_aside + dropped != inputs || dropped > 0 && !may_drop {
            faults.push(format!("{inputs} in, but {outputs} answered and {set_aside} dead letters"));
        }
        if set_aside != malformed {
            faults.push(format!("{set_aside} dead letters, but {malformed} that nobody can read were sent"));
        }
        Account { inputs, outputs, dropped, dead_letters, faults }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(inputs: u64, outputs: u64, dead: u64, malformed: u64, may_drop: bool) -> Account {
        let dead_letters = BTreeMap::from([("unknown-type".to_owned(), dead)]);
        Account::of(Counted { inputs, outputs, dead_letters, malformed, may_drop })
    }

    #[test]
    fn every_record_is_answered_or_set_aside_and_only_a_pipeline_that_may_drops_some() {
        assert_eq!(of(10, 8, 2, 2, false).faults, [""; 0]);
        assert_eq!(of(10, 7, 2, 2, false).faults, ["10 in, but 7 answered and 2 dead letters"]);
        assert_eq!((of(10, 7, 2, 2, true).faults.len(), of(10, 7, 2, 2, true).dropped), (0, 1));
        assert_eq!(of(10, 9, 2, 2, true).faults, ["10 in, but 9 answered and 2 dead letters"]);
    }

    #[test]
    fn only_what_nobody_can_read_is_set_aside() {
        assert_eq!(of(10, 7, 3, 2, false).faults, ["3 dead letters, but 2 that nobody can read were sent"]);
        assert_eq!(of(10, 9, 1, 2, false).faults, ["1 dead letters, but 2 that nobody can read were sent"]);
    }
}
