//! How many partitions the inputs of a pipeline have. Partition n of each is read by one worker, so all start with equally
//! many; and one that is added while the pipeline runs is taken with those of the other inputs, or not at all.

use std::fmt::Write;

/// An input as the brokers have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Input {
    pub(super) name: String,
    pub(super) topic: String,
    pub(super) partitions: i32,
}

fn add(servers: &str, topic: &str, partitions: i32) -> String {
    format!("kafka-topics.sh --bootstrap-server {servers} --alter --topic {topic} --partitions {partitions}")
}

/// What keeps a pipeline with these inputs from starting.
pub(super) fn unequal(pipeline: &str, servers: &str, inputs: &[Input]) -> Option<String> {
    let most = inputs.iter().map(|input| input.partitions).max()?;
    if inputs.iter().all(|input| input.partitions == most) {
        return None;
    }
    let counts: Vec<String> = inputs
        .iter()
        .map(|Input { name, topic, partitions }| format!("`{name}` (topic {topic}) has {partitions}"))
        .collect();
    let mut text = format!(
        "pipeline {pipeline}: its inputs have different numbers of partitions, and partition n of each is read by one \
         worker: {}. Add partitions with",
        counts.join(", ")
    );
    for input in inputs.iter().filter(|input| input.partitions < most) {
        // Writing to a String does not fail.
        let _ = write!(text, "\n  {}", add(servers, &input.topic, most));
    }
    text.push_str("\nor, where records have keys, copy them to a new topic: keys move when partitions are added");
    Some(text)
}

/// What ends a running pipeline: the topic, and what completes a sentence that begins with it. Inputs are in their order,
/// the leader first. With `fixed`, no input may grow at all: state stays with the partition, and keys would move.
pub(super) fn outgrown(servers: &str, before: &[Input], now: &[Input], fixed: bool) -> Option<(String, String)> {
    let grown = before.iter().zip(now).find(|(before, now)| now.partitions > before.partitions);
    if let Some((before, now)) = grown.filter(|_| fixed) {
        let what = format!(
            "has {} partitions by now and had {} when the pipeline started: keys have moved away from their state. Copy its \
             records to a new topic of {0} partitions, and begin there with a new group",
            now.partitions, before.partitions
        );
        return Some((now.topic.clone(), what));
    }
    let leader = now.first()?;
    // A follower may have more: nobody reads those before the leader has them, too.
    let behind = now.iter().find(|input| input.partitions < leader.partitions)?;
    let what = format!(
        "has {} partitions by now, and the input `{}` (topic {}) has {}: partitions are added to the first input last. \
         Add the others with `{}`",
        leader.partitions,
        behind.name,
        behind.topic,
        behind.partitions,
        add(servers, &behind.topic, leader.partitions)
    );
    Some((leader.topic.clone(), what))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(counts: [i32; 2]) -> [Input; 2] {
        let [leader, follower] = counts;
        let input = |name: &str, partitions| Input { name: name.to_owned(), topic: format!("t.{name}"), partitions };
        [input("orders", leader), input("stock", follower)]
    }

    #[test]
    fn unequal_numbers_of_partitions_are_told_with_the_command_that_adds_the_missing_ones() {
        assert_eq!(unequal("shop", "k:9092", &inputs([8, 8])), None);
        for (counts, topic) in [([8, 6], "t.stock"), ([6, 8], "t.orders")] {
            let text = unequal("shop", "k:9092", &inputs(counts)).unwrap();
            for (name, count) in ["orders", "stock"].iter().zip(counts) {
                assert!(text.contains(&format!("`{name}` (topic t.{name}) has {count}")), "{text}");
            }
            let commands: Vec<&str> = text.lines().filter(|line| line.contains("kafka-topics.sh")).collect();
            let command = format!("  kafka-topics.sh --bootstrap-server k:9092 --alter --topic {topic} --partitions 8");
            assert_eq!(commands, [command]);
        }
    }

    #[test]
    fn a_leader_may_not_outgrow_its_followers() {
        let before = inputs([2, 2]);
        let ends = |now| outgrown("k:9092", &before, &inputs(now), false);
        assert_eq!((ends([2, 2]), ends([2, 3]), ends([3, 3])), (None, None, None));
        let (topic, what) = ends([3, 2]).unwrap();
        assert_eq!(topic, "t.orders");
        assert!(what.contains("has 3 partitions by now, and the input `stock` (topic t.stock) has 2"), "{what}");
        assert!(what.contains("--alter --topic t.stock --partitions 3`"), "{what}");
    }

    #[test]
    fn with_state_no_input_may_grow() {
        let before = inputs([2, 2]);
        assert_eq!(outgrown("k:9092", &before, &before, true), None);
        for (now, topic) in [([2, 3], "t.stock"), ([3, 3], "t.orders")] {
            let (grown, what) = outgrown("k:9092", &before, &inputs(now), true).unwrap();
            assert_eq!(grown, topic);
            assert!(what.contains("has 3 partitions by now and had 2"), "{what}");
        }
    }
}
