//! The two traits that an author implements: the whole contract, and its short form.

use crate::telemetry::Counter;
use crate::{Codes, Config, Context, Failure, Outcome, Outputs, Problems, Reads, Record, StoreSet};

/// A plugin. Implement [`Stateless`] instead where a record's answer needs no stored state.
///
/// For each record of a batch the SDK calls [`Plugin::parse`], then [`Plugin::process`], in the order of the offsets; with
/// stores it parses all records of the batch before it processes the first one. A panic in either is a guest failure: the
/// host throws the whole answer away, finds the record that fails alone, and sets that one aside.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a plugin",
    label = "not a plugin",
    note = "implement `wasmill_sdk::Stateless` for it, or `wasmill_sdk::Plugin` if it needs stores"
)]
pub trait Plugin: Sized + 'static {
    /// The plugin's section of the pipeline file; [`crate::NoConfig`] if it has nothing to configure.
    type Config: Config;

    /// Where messages go; [`crate::NoOutputs`] if nowhere.
    type Outputs: Outputs;

    /// What records are rejected or postponed with; [`crate::NoCodes`] if the SDK's own are enough.
    type Codes: Codes;

    /// The keyed state: a struct of [`crate::Store`]s with `#[derive(Stores)]`; `()` if there is none.
    type Stores: StoreSet;

    /// What [`Plugin::parse`] makes of a record: it may borrow from it.
    type Input<'r>;

    /// The parts of a record that are looked at. The others do not cross into the plugin, which is faster.
    const READS: Reads = Reads::ALL;

    /// Names of the inputs; [`Record::input`] is a position here. Empty: one input, whatever it is called.
    const INPUTS: &'static [&'static str] = &[];

    /// The plugin's own counters, in the order of their numbers.
    const COUNTERS: &'static [Counter] = &[];

    /// The most records that the plugin wants in one call; `None`: as many as the host likes.
    const BATCH_MAX: Option<u32> = None;

    /// Makes the plugin from its configuration, once per instance. The same configuration must always give the same plugin.
    ///
    /// # Errors
    /// Everything that is wrong with the configuration, each with its place in it.
    fn configure(config: Self::Config) -> Result<Self, Problems>;

    /// The parts that this configuration looks at: [`Plugin::READS`] or fewer.
    fn reads(&self) -> Reads {
        Self::READS
    }

    /// Names of the stores that this configuration neither reads nor changes: the host keeps none of it.
    fn unused_stores(&self) -> Vec<&'static str> {
        Vec::new()
    }

    /// Reads a record, and says which keys of the stores will be needed ([`crate::Store::want`]).
    ///
    /// # Errors
    /// A failure is the record's answer: it is rejected or postponed.
    fn parse<'r>(&self, record: Record<'r>, stores: &Self::Stores) -> Result<Self::Input<'r>, Failure>;

    /// Decides about a record.
    ///
    /// # Errors
    /// A failure is the record's answer; emissions begun for it and its changes of state are gone.
    fn process(&self, input: Self::Input<'_>, stores: &mut Self::Stores, context: &Context)
    -> Result<Outcome, Failure>;
}

/// A plugin without stores: a function on a record. Whatever implements it is a [`Plugin`].
pub trait Stateless: Sized + 'static {
    /// As [`Plugin::Config`].
    type Config: Config;

    /// As [`Plugin::Outputs`].
    type Outputs: Outputs;

    /// As [`Plugin::Codes`].
    type Codes: Codes;

    /// As [`Plugin::READS`].
    const READS: Reads = Reads::ALL;

    /// As [`Plugin::INPUTS`].
    const INPUTS: &'static [&'static str] = &[];

    /// As [`Plugin::COUNTERS`].
    const COUNTERS: &'static [Counter] = &[];

    /// As [`Plugin::BATCH_MAX`].
    const BATCH_MAX: Option<u32> = None;

    /// As [`Plugin::configure`].
    ///
    /// # Errors
    /// Everything that is wrong with the configuration, each with its place in it.
    fn configure(config: Self::Config) -> Result<Self, Problems>;

    /// As [`Plugin::reads`].
    fn reads(&self) -> Reads {
        Self::READS
    }

    /// Decides about a record.
    ///
    /// # Errors
    /// A failure is the record's answer: it is rejected or postponed, and emissions begun for it are gone.
    fn process(&self, record: Record<'_>, context: &Context) -> Result<Outcome, Failure>;
}

#[diagnostic::do_not_recommend]
impl<P: Stateless> Plugin for P {
    type Config = P::Config;
    type Outputs = P::Outputs;
    type Codes = P::Codes;
    type Stores = ();
    type Input<'r> = Record<'r>;

    const READS: Reads = P::READS;
    const INPUTS: &'static [&'static str] = P::INPUTS;
    const COUNTERS: &'static [Counter] = P::COUNTERS;
    const BATCH_MAX: Option<u32> = P::BATCH_MAX;

    fn configure(config: P::Config) -> Result<P, Problems> {
        Stateless::configure(config)
    }

    fn reads(&self) -> Reads {
        Stateless::reads(self)
    }

    fn parse<'r>(&self, record: Record<'r>, (): &()) -> Result<Record<'r>, Failure> {
        Ok(record)
    }

    fn process(&self, record: Record<'_>, (): &mut (), context: &Context) -> Result<Outcome, Failure> {
        Stateless::process(self, record, context)
    }
}
