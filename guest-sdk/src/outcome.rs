//! What a plugin decides about a record.

use crate::Emission;

/// What becomes of a record that the plugin accepts. Success is explicit: there is no default.
#[derive(Debug)]
pub enum Outcome {
    /// Written as it is to the output of this number; [`crate::Outputs::forward`] makes it.
    Forward(u16),
    /// Nothing to write: the record is counted and done with.
    Drop,
    /// One message; an [`Emission`] turns into it.
    Emit(Emission),
    /// Messages in their order, perhaps none; a list of [`Emission`]s turns into it.
    EmitAll(Vec<Emission>),
}

impl From<Emission> for Outcome {
    fn from(emission: Emission) -> Outcome {
        Outcome::Emit(emission)
    }
}

impl From<Vec<Emission>> for Outcome {
    fn from(emissions: Vec<Emission>) -> Outcome {
        Outcome::EmitAll(emissions)
    }
}

impl FromIterator<Emission> for Outcome {
    fn from_iter<I: IntoIterator<Item = Emission>>(emissions: I) -> Outcome {
        Outcome::EmitAll(emissions.into_iter().collect())
    }
}
