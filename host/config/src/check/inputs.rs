//! The inputs of a pipeline: at least one, each with a topic of its own. The order in the file numbers them, and the first
//! one leads: the group shares out its partitions, and those of the others go with them.

use super::Context;
use crate::checked::Input;
use crate::raw;
use crate::reader::Item;
use crate::tree::At;

pub(super) const TOPIC: &str = "topic: ...";

/// More would not harm, but each input is one more position in every commit.
const INPUTS_MAX: usize = 16;

/// `None` when there is none, or one is not usable; that has been reported.
pub(super) fn inputs(inputs: raw::Inputs, at: &At, context: &Context<'_>) -> Option<Vec<Input>> {
    let problems = context.problems;
    if inputs.items.is_empty() {
        problems.push(at, "there is no input", Some("add `records: { topic: ... }`".to_owned()));
        return None;
    }
    if inputs.items.len() > INPUTS_MAX {
        let message = format!("there are {} inputs, and a pipeline may have {INPUTS_MAX}", inputs.items.len());
        problems.push(at, message, None);
        return None;
    }
    let mut built: Vec<Option<Input>> = Vec::with_capacity(inputs.items.len());
    for item in inputs.items {
        let input = input(item, &built, context);
        built.push(input);
    }
    built.into_iter().collect()
}

fn input(item: Item<raw::Input>, others: &[Option<Input>], context: &Context<'_>) -> Option<Input> {
    let raw = item.value?;
    let (topic, at) = raw.topic.required(context.problems, TOPIC)?;
    if let Some(other) = others.iter().flatten().find(|other| other.topic == topic.0) {
        let message = format!(
            "the inputs `{}` and `{}` are both topic `{}`: the group has one position for each partition of it",
            other.name, item.name, topic.0
        );
        context.problems.push(&at, message, Some("leave one of them out, or name another topic".to_owned()));
    }
    let place = context.problems.place(&item.at);
    Some(Input { name: item.name, topic: topic.0, start: raw.start.value().unwrap_or_default().0, place })
}
