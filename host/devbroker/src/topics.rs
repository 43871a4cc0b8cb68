//! Topics and their configuration: the keys that mean something here, each with Kafka's default.

use std::collections::BTreeMap;

use kafka_protocol::ResponseError;
use uuid::Uuid;

use crate::log::partition::Partition;

/// Kafka's bound on the length of a topic's name.
const NAME_LENGTH_MAX: usize = 249;

#[derive(Debug)]
pub(crate) struct Topic {
    pub(crate) id: Uuid,
    pub(crate) partitions: Vec<Partition>,
    /// As they were set.
    pub(crate) configs: BTreeMap<String, String>,
    pub(crate) settings: Settings,
}

impl Topic {
    pub(crate) fn partition(&self, index: i32) -> Option<&Partition> {
        self.partitions.get(usize::try_from(index).ok()?)
    }

    pub(crate) fn partition_mut(&mut self, index: i32) -> Option<&mut Partition> {
        self.partitions.get_mut(usize::try_from(index).ok()?)
    }
}

/// What a topic's configuration means to its log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) delete: bool,
    pub(crate) compact: bool,
    pub(crate) delete_retention_ms: i64,
    pub(crate) max_message_bytes: usize,
    pub(crate) append_time: bool,
    pub(crate) timestamp_after_max_ms: i64,
    pub(crate) timestamp_before_max_ms: i64,
    /// `None`: for ever.
    pub(crate) retention_ms: Option<i64>,
    /// Of each partition. `None`: without bound.
    pub(crate) retention_bytes: Option<u64>,
}

/// A key, its default, and whether a value is one.
struct Key {
    name: &'static str,
    default: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number {
        least: i64,
    },
    OneOf(&'static [&'static str]),
    /// Taken, shown, and without effect: there are no segments and no replicas.
    Ignored,
}

const KEYS: &[Key] = &[
    Key {
        name: "cleanup.policy",
        default: "delete",
        kind: Kind::OneOf(&["delete", "compact", "compact,delete", "delete,compact"]),
    },
    Key { name: "compression.type", default: "producer", kind: Kind::OneOf(&["producer"]) },
    Key { name: "delete.retention.ms", default: "86400000", kind: Kind::Number { least: 0 } },
    Key { name: "file.delete.delay.ms", default: "60000", kind: Kind::Ignored },
    Key { name: "flush.messages", default: "9223372036854775807", kind: Kind::Ignored },
    Key { name: "flush.ms", default: "9223372036854775807", kind: Kind::Ignored },
    Key { name: "index.interval.bytes", default: "4096", kind: Kind::Ignored },
    Key { name: "max.compaction.lag.ms", default: "9223372036854775807", kind: Kind::Ignored },
    Key { name: "max.message.bytes", default: "1048588", kind: Kind::Number { least: 0 } },
    Key { name: "message.timestamp.after.max.ms", default: "3600000", kind: Kind::Number { least: 0 } },
    Key { name: "message.timestamp.before.max.ms", default: "9223372036854775807", kind: Kind::Number { least: 0 } },
    Key { name: "message.timestamp.type", default: "CreateTime", kind: Kind::OneOf(&["CreateTime", "LogAppendTime"]) },
    Key { name: "min.cleanable.dirty.ratio", default: "0.5", kind: Kind::Ignored },
    Key { name: "min.compaction.lag.ms", default: "0", kind: Kind::Ignored },
    Key { name: "min.insync.replicas", default: "1", kind: Kind::Ignored },
    Key { name: "preallocate", default: "false", kind: Kind::Ignored },
    Key { name: "retention.bytes", default: "-1", kind: Kind::Number { least: -1 } },
    Key { name: "retention.ms", default: "604800000", kind: Kind::Number { least: -1 } },
    Key { name: "segment.bytes", default: "1073741824", kind: Kind::Ignored },
    Key { name: "segment.index.bytes", default: "10485760", kind: Kind::Ignored },
    Key { name: "segment.jitter.ms", default: "0", kind: Kind::Ignored },
    Key { name: "segment.ms", default: "604800000", kind: Kind::Ignored },
    Key { name: "unclean.leader.election.enable", default: "false", kind: Kind::Ignored },
];

/// A configuration that Kafka would refuse too; the text names the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BadConfig(pub(crate) String);

impl Settings {
    /// # Errors
    /// An unknown key, or a value that is none.
    pub(crate) fn of(configs: &BTreeMap<String, String>) -> Result<Settings, BadConfig> {
        for (name, value) in configs {
            let key = KEYS.iter().find(|key| key.name == name);
            let key = key.ok_or_else(|| BadConfig(format!("Unknown topic config name: {name}")))?;
            let fits = match key.kind {
                Kind::Number { least } => value.parse::<i64>().is_ok_and(|number| number >= least),
                Kind::OneOf(values) => values.contains(&value.as_str()),
                Kind::Ignored => true,
            };
            if !fits {
                return Err(BadConfig(format!("Invalid value {value} for configuration {name}")));
            }
        }
        let text = |name: &str| value_of(configs, name).unwrap_or_default();
        let number = |name: &str| text(name).parse::<i64>().unwrap_or_default();
        let policy = text("cleanup.policy");
        let retention_ms = number("retention.ms");
        Ok(Settings {
            delete: policy.contains("delete"),
            compact: policy.contains("compact"),
            delete_retention_ms: number("delete.retention.ms"),
            max_message_bytes: usize::try_from(number("max.message.bytes")).unwrap_or(usize::MAX),
            append_time: text("message.timestamp.type") == "LogAppendTime",
            timestamp_after_max_ms: number("message.timestamp.after.max.ms"),
            timestamp_before_max_ms: number("message.timestamp.before.max.ms"),
            retention_ms: Some(retention_ms).filter(|it| *it >= 0),
            retention_bytes: u64::try_from(number("retention.bytes")).ok(),
        })
    }
}

/// The value in force, `None` for a key that is none.
fn value_of<'a>(configs: &'a BTreeMap<String, String>, name: &str) -> Option<&'a str> {
    let default = KEYS.iter().find(|key| key.name == name)?.default;
    Some(configs.get(name).map_or(default, String::as_str))
}

/// Every key with the value in force, and whether it was set.
pub(crate) fn in_force(configs: &BTreeMap<String, String>) -> impl Iterator<Item = (&'static str, &str, bool)> {
    KEYS.iter().map(|key| {
        let set = configs.get(key.name);
        (key.name, set.map_or(key.default, String::as_str), set.is_some())
    })
}

/// # Errors
/// INVALID_TOPIC_EXCEPTION.
pub(crate) fn check_name(name: &str) -> Result<(), ResponseError> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let fits = !name.is_empty() && name.len() <= NAME_LENGTH_MAX && name != "." && name != "..";
    if fits && name.chars().all(legal) { Ok(()) } else { Err(ResponseError::InvalidTopicException) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{BadConfig, Settings, check_name};

    fn configs(set: &[(&str, &str)]) -> BTreeMap<String, String> {
        set.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn nothing_set_is_kafkas_default() {
        let settings = Settings::of(&configs(&[])).unwrap();
        assert_eq!((settings.delete, settings.compact, settings.max_message_bytes), (true, false, 1_048_588));
        assert_eq!((settings.retention_ms, settings.retention_bytes), (Some(604_800_000), None));
    }

    #[test]
    fn minus_one_keeps_for_ever() {
        assert_eq!(Settings::of(&configs(&[("retention.ms", "-1")])).unwrap().retention_ms, None);
    }

    #[test]
    fn unknown_keys_and_wrong_values_are_refused_by_name() {
        for (key, value) in [("retention", "1"), ("retention.ms", "a day"), ("cleanup.policy", "keep")] {
            let BadConfig(said) = Settings::of(&configs(&[(key, value)])).unwrap_err();
            assert!(said.contains(key), "{said}");
        }
    }

    #[test]
    fn names_follow_kafkas_rule() {
        assert!(check_name("a.B_c-1").is_ok());
        for name in ["", ".", "..", "a b", "ä", &"x".repeat(250)] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }
}
