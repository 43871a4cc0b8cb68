//! Where a plugin's messages go.

use crate::{Emission, Outcome};

/// The outputs of a plugin: an enum without fields, one variant for each. `#[derive(Outputs)]` writes it.
///
/// Names are the variants in kebab case (`BadOrders` is `bad-orders`); a pipeline maps each to a topic.
/// `#[output(name = "...")]` gives another name; `#[output(optional)]` lets a pipeline leave the output unmapped: what is
/// sent there is then dropped and counted.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not list outputs",
    label = "needs `#[derive(wasmill_sdk::Outputs)]` on an enum without fields",
    note = "`NoOutputs` is there for plugins that write nothing"
)]
pub trait Outputs: Sized {
    /// The outputs in the order of their numbers.
    const NAMES: &'static [OutputName];

    /// The position of this output in [`Outputs::NAMES`].
    fn number(self) -> u16;

    /// Writes the record there as it is: key, value, headers, timestamp.
    fn forward(self) -> Outcome {
        Outcome::Forward(self.number())
    }

    /// Begins a message to this output. What is not set is the record's.
    fn emit(self) -> Emission {
        Emission::to(self.number())
    }
}

/// An output as the manifest has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutputName {
    /// `[a-z][a-z0-9-]{0,63}`.
    pub name: &'static str,
    /// Whether a pipeline may leave it unmapped.
    pub optional: bool,
}

/// The outputs of a plugin that writes nothing.
#[derive(Debug, Clone, Copy)]
pub enum NoOutputs {}

impl Outputs for NoOutputs {
    const NAMES: &'static [OutputName] = &[];

    fn number(self) -> u16 {
        match self {}
    }
}
