//! The host's side of a reply. The guest is not trusted: every number is checked before anything is made from it.
//!
//! Nothing is reserved from a count that the guest sent. Lists grow by one item at a time, each of which has taken its
//! words from the arguments first: an emission 8, a change 5. So they are at most as long as what the guest really sent.

mod args;

use crate::answer::{Change, Emission, Outcome, Run};
use crate::layout::action;
use crate::packed::{Packed, Sizes};
use args::Args;
use std::fmt;

/// What a reply may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Outputs in the manifest.
    pub outputs: u16,
    /// Stores in the manifest.
    pub stores: u16,
    /// Bytes of keys, values and headers, of all outputs and state changes of one call, after inheritance.
    pub output_bytes_max: u64,
    /// Emissions for one record.
    pub outputs_per_record_max: u32,
}

/// A reply that breaks the contract. None of it may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProtocolError {
    /// The record whose answer is wrong; as many as there are records: what comes after the last answer.
    pub at: usize,
    /// What is wrong with it.
    pub what: &'static str,
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the answer for record {} of the batch {}", self.at, self.what)
    }
}

impl std::error::Error for ProtocolError {}

/// What is wrong, in words that follow "the answer for record n of the batch".
pub(crate) type Checked<T> = Result<T, &'static str>;

/// A checked reply. The lists are kept from call to call; after an error they hold nothing.
#[derive(Debug, Default)]
pub struct Decoder {
    /// One per record.
    pub outcomes: Vec<Outcome>,
    /// In the order of the records; [`Outcome::Emit`] says which are whose.
    pub emissions: Vec<Emission>,
    /// In the order of the records.
    pub changes: Vec<Change>,
    output_bytes: u64,
}

impl Decoder {
    /// Checks the reply to `batch`. On success every span of the lists lies within `data`.
    ///
    /// # Errors
    /// The first thing that breaks the contract.
    pub fn decode(
        &mut self,
        batch: &Packed,
        limits: Limits,
        actions: &[u8],
        args: &[u32],
        data: &[u8],
    ) -> Result<(), ProtocolError> {
        self.clear();
        let checked = self.all(batch, limits, actions, args, data);
        if checked.is_err() {
            self.clear();
        }
        checked
    }

    /// What the reply was charged: at least the bytes of keys, values, header names and header values to be written.
    pub fn output_bytes(&self) -> u64 {
        self.output_bytes
    }

    fn clear(&mut self) {
        self.outcomes.clear();
        self.emissions.clear();
        self.changes.clear();
        self.output_bytes = 0;
    }

    fn all(
        &mut self,
        batch: &Packed,
        limits: Limits,
        actions: &[u8],
        args: &[u32],
        data: &[u8],
    ) -> Result<(), ProtocolError> {
        if actions.len() != batch.len() {
            // The first record without an answer, or the first answer without a record.
            let at = actions.len().min(batch.len());
            return Err(ProtocolError { at, what: "is missing, or there is one too many" });
        }
        let mut args = Args::new(args, data, limits);
        for (at, (action, sizes)) in actions.iter().zip(batch.sizes()).enumerate() {
            let outcome = self.one(&mut args, *action, *sizes).map_err(|what| ProtocolError { at, what })?;
            self.outcomes.push(outcome);
        }
        self.output_bytes = args.charge.spent();
        if args.is_empty() {
            Ok(())
        } else {
            Err(ProtocolError { at: batch.len(), what: "has arguments but no record" })
        }
    }

    fn one(&mut self, args: &mut Args<'_>, action: u8, sizes: Sizes) -> Checked<Outcome> {
        let changed = action & action::CHANGES != 0;
        match action & !action::CHANGES {
            action::FORWARD => {
                let output = args.output()?;
                args.charge.spend(sizes.whole())?;
                Ok(Outcome::Forward { output, changes: self.changes(args, changed)? })
            }
            action::DROP => Ok(Outcome::Drop { changes: self.changes(args, changed)? }),
            action::EMIT => {
                let emissions = self.emissions(args, sizes)?;
                Ok(Outcome::Emit { emissions, changes: self.changes(args, changed)? })
            }
            action::REJECT | action::RETRY if changed => Err("changes state and is not kept"),
            action::REJECT => Ok(Outcome::Reject { code: args.code()?, message: args.message()? }),
            action::RETRY => {
                Ok(Outcome::Retry { after_ms: args.word()?, code: args.code()?, message: args.message()? })
            }
            _ => Err("is not an action"),
        }
    }

    fn emissions(&mut self, args: &mut Args<'_>, sizes: Sizes) -> Checked<Run> {
        let count = args.word()?;
        if count > args.limits.outputs_per_record_max {
            return Err("has more emissions than outputs_per_record_max");
        }
        let first = position(self.emissions.len())?;
        for _ in 0..count {
            self.emissions.push(args.emission(sizes)?);
        }
        Ok(Run { first, count })
    }

    fn changes(&mut self, args: &mut Args<'_>, changed: bool) -> Checked<Run> {
        let first = position(self.changes.len())?;
        let count = if changed { args.word()? } else { 0 };
        for _ in 0..count {
            self.changes.push(args.change()?);
        }
        Ok(Run { first, count })
    }
}

/// 2^32 items can't be: they would be 80 GiB of arguments.
fn position(len: usize) -> Checked<u32> {
    u32::try_from(len).map_err(|_| "has too many parts")
}
