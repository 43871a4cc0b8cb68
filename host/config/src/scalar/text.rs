//! Text with a form: names, topics, addresses, paths.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::{FromScalar, Refused, SUBSTITUTED, scalar_schema};
use crate::tree::Scalar;

/// Whether `text` is `chars_max` characters at most, one at least, each a letter, a digit or one of `others`.
pub(crate) fn is_word(text: &str, chars_max: usize, others: &str) -> bool {
    (1..=chars_max).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || others.contains(c))
}

/// The version of the file format.
pub(crate) struct Version;

impl FromScalar for Version {
    fn expected() -> String {
        "the number 1".to_owned()
    }

    fn from_scalar(scalar: &Scalar) -> Result<Version, Refused> {
        match (scalar.text.as_str(), scalar.plain || scalar.substituted()) {
            ("1", true) => Ok(Version),
            ("1", false) => Err(Refused::new("expected the number 1, found it in quotes", "write `version: 1`")),
            _ => Err(Refused::new(
                format!("the version of the format is 1, found {}", scalar.shown()),
                "write `version: 1`",
            )),
        }
    }
}

scalar_schema!([] Version, { "const": 1 });

/// `host:port`, comma separated.
#[derive(Clone)]
pub(crate) struct BootstrapServers(pub(crate) String);

impl FromScalar for BootstrapServers {
    fn expected() -> String {
        "`host:port`, several with commas between".to_owned()
    }

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refused> {
        let servers: Vec<&str> = scalar.text.split(',').map(str::trim).collect();
        if servers.iter().all(|server| is_host_and_port(server)) {
            return Ok(BootstrapServers(servers.join(",")));
        }
        Err(Refused::new(
            format!("expected {}, found {}", Self::expected(), scalar.shown()),
            "write for example `kafka-1:9092,kafka-2:9092`",
        ))
    }
}

fn is_host_and_port(server: &str) -> bool {
    // IPv6 addresses stand in brackets: their own colons end before the last one.
    let Some((host, port)) = server.rsplit_once(':') else { return false };
    let host_is_one = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => is_word(host, 255, "._-"),
    };
    host_is_one && port.parse::<u16>().is_ok_and(|port| port != 0)
}

scalar_schema!([] BootstrapServers, { "type": "string", "pattern": format!(r":[0-9]+|{SUBSTITUTED}") });

/// A topic that Kafka would take.
#[derive(Clone)]
pub(crate) struct TopicName(pub(crate) String);

/// Kafka's own limit (`Topic.MAX_NAME_LENGTH`).
pub(crate) const TOPIC_CHARS_MAX: usize = 249;

impl FromScalar for TopicName {
    fn expected() -> String {
        "the name of a topic".to_owned()
    }

    fn from_scalar(scalar: &Scalar) -> Result<TopicName, Refused> {
        let topic = scalar.text.as_str();
        if is_word(topic, TOPIC_CHARS_MAX, "._-") && topic != "." && topic != ".." {
            return Ok(TopicName(topic.to_owned()));
        }
        Err(Refused::new(
            format!("{} is not the name of a topic", scalar.shown()),
            format!("Kafka takes 1 to {TOPIC_CHARS_MAX} of a-z A-Z 0-9 . _ - but not `.` or `..`"),
        ))
    }
}

scalar_schema!([] TopicName, { "type": "string", "pattern": format!("^[a-zA-Z0-9._-]{{1,249}}$|{SUBSTITUTED}") });

/// A consumer group. No dots: they separate the parts of the names of internal topics.
pub(crate) struct GroupName(pub(crate) String);

impl FromScalar for GroupName {
    fn expected() -> String {
        "the name of a group".to_owned()
    }

    fn from_scalar(scalar: &Scalar) -> Result<GroupName, Refused> {
        if is_word(&scalar.text, 64, "_-") {
            return Ok(GroupName(scalar.text.clone()));
        }
        Err(Refused::new(
            format!("{} is not the name of a group", scalar.shown()),
            "write 1 to 64 of a-z A-Z 0-9 _ - (no dots: the names of internal topics are made from it)",
        ))
    }
}

scalar_schema!([] GroupName, { "type": "string", "pattern": format!("^[a-zA-Z0-9_-]{{1,64}}$|{SUBSTITUTED}") });

/// A path, relative to the folder of the configuration file.
pub(crate) struct FilePath(pub(crate) PathBuf);

impl FromScalar for FilePath {
    fn expected() -> String {
        "a path".to_owned()
    }

    fn from_scalar(scalar: &Scalar) -> Result<FilePath, Refused> {
        if scalar.text.is_empty() {
            return Err(Refused { message: format!("expected a path, found {}", scalar.shown()), hint: None });
        }
        Ok(FilePath(PathBuf::from(&scalar.text)))
    }
}

scalar_schema!([] FilePath, { "type": "string", "minLength": 1 });

/// An address to listen on.
pub(crate) struct Listen(pub(crate) SocketAddr);

impl FromScalar for Listen {
    fn expected() -> String {
        "an IP address and a port".to_owned()
    }

    fn from_scalar(scalar: &Scalar) -> Result<Listen, Refused> {
        scalar.text.parse().map(Listen).map_err(|_| {
            Refused::new(
                format!("expected {}, found {}", Self::expected(), scalar.shown()),
                "write for example `\"127.0.0.1:8090\"`, or `\"0.0.0.0:8090\"` for every interface",
            )
        })
    }
}

scalar_schema!([] Listen, { "type": "string", "pattern": format!(r":[0-9]+$|{SUBSTITUTED}") });

/// What a waiting record holds back. One value for now.
pub(crate) struct RetryOrder;

impl FromScalar for RetryOrder {
    fn expected() -> String {
        "`partition`".to_owned()
    }

    fn from_scalar(scalar: &Scalar) -> Result<RetryOrder, Refused> {
        match scalar.text.as_str() {
            "partition" => Ok(RetryOrder),
            "key" => Err(Refused::new(
                "`order: key` comes with keyed state, which is not in this version of wasmill",
                "write `order: partition`: a waiting record holds back its whole partition",
            )),
            _ => {
                Err(Refused::new(format!("expected `partition`, found {}", scalar.shown()), "write `order: partition`"))
            }
        }
    }
}

scalar_schema!([] RetryOrder, { "anyOf": [{ "enum": ["partition"] }, { "type": "string", "pattern": SUBSTITUTED }], "default": "partition" });
