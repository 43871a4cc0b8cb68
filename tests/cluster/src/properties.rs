//! The text of a node's `server.properties` and of its logging configuration. Pure: it is given ports and paths.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use crate::options::Options;
use crate::tls::{Keys, STORE_PASSWORD};
use crate::{SASL_PASSWORD, SASL_USER};

/// What every node of the cluster has in common.
pub(crate) struct Common<'a> {
    pub(crate) options: &'a Options,
    /// `id@host:port` of every controller.
    pub(crate) voters: String,
    /// There when the options ask for SASL.
    pub(crate) keys: Option<&'a Keys>,
}

/// Addresses (`host:port`) of one node.
pub(crate) struct Addresses {
    pub(crate) client: String,
    pub(crate) controller: String,
    pub(crate) external: Option<String>,
    pub(crate) secure: Option<String>,
}

/// Logs to stdout, which is the node's log file. INFO tells why a group rebalanced and a transaction was aborted.
pub(crate) const LOG4J: &str = "\
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{HH:mm:ss.SSS} %p %c{1} %m%n
rootLogger.level = INFO
rootLogger.appenderRef.out.ref = out
# Hundreds of lines with every setting, at every start.
logger.config.name = org.apache.kafka.common.config
logger.config.level = WARN
logger.server_config.name = kafka.server.KafkaConfig
logger.server_config.level = WARN
";

pub(crate) fn server(id: usize, addresses: &Addresses, data: &Path, common: &Common<'_>) -> String {
    let mut properties = BTreeMap::new();
    let mut set = |name: &str, value: String| _ = properties.insert(name.to_owned(), value);
    set("process.roles", "broker,controller".into());
    set("node.id", id.to_string());
    set("controller.quorum.voters", common.voters.clone());
    set("log.dirs", data.display().to_string());
    listeners(addresses, common.options, &mut set);
    replication(common.options.nodes, &mut set);
    for (name, value) in QUICK {
        set(name, (*value).into());
    }
    if common.options.nodes > 1 {
        for (name, value) in QUICK_FAILOVER {
            set(name, (*value).into());
        }
    }
    if let Some(keys) = common.keys {
        sasl(keys, &mut set);
    }
    for (name, value) in &common.options.broker_properties {
        set(name, value.clone());
    }
    properties.iter().fold(String::new(), |mut text, (name, value)| {
        let _ = writeln!(text, "{name}={}", value.replace('\\', "\\\\"));
        text
    })
}

fn listeners(addresses: &Addresses, options: &Options, set: &mut impl FnMut(&str, String)) {
    let mut bound = vec![format!("CLIENT://{}", addresses.client), format!("CONTROLLER://{}", addresses.controller)];
    let mut advertised = vec![format!("CLIENT://{}", addresses.client)];
    if let (Some(address), Some(told)) = (&addresses.external, &options.external) {
        bound.push(format!("EXTERNAL://{address}"));
        advertised.push(format!("EXTERNAL://{told}"));
    }
    if let Some(address) = &addresses.secure {
        bound.push(format!("SECURE://{address}"));
        advertised.push(format!("SECURE://{address}"));
    }
    set("listeners", bound.join(","));
    set("advertised.listeners", advertised.join(","));
    let protocols = "CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT,EXTERNAL:PLAINTEXT,SECURE:SASL_SSL";
    set("listener.security.protocol.map", protocols.into());
    set("controller.listener.names", "CONTROLLER".into());
    set("inter.broker.listener.name", "CLIENT".into());
}

fn replication(nodes: usize, set: &mut impl FnMut(&str, String)) {
    let replicas = nodes.min(3);
    let in_sync = replicas.div_ceil(2);
    for name in [
        "default.replication.factor",
        "offsets.topic.replication.factor",
        "transaction.state.log.replication.factor",
        "share.coordinator.state.topic.replication.factor",
    ] {
        set(name, replicas.to_string());
    }
    for name in ["min.insync.replicas", "transaction.state.log.min.isr", "share.coordinator.state.topic.min.isr"] {
        set(name, in_sync.to_string());
    }
}

const QUICK: &[(&str, &str)] = &[
    ("auto.create.topics.enable", "false"),
    ("group.initial.rebalance.delay.ms", "0"),
    ("group.min.session.timeout.ms", "6000"),
    ("offsets.topic.num.partitions", "4"),
    ("transaction.state.log.num.partitions", "4"),
    // The default of 10 s would make every test of a timed-out transaction wait for it.
    ("transaction.abort.timed.out.transaction.cleanup.interval.ms", "1000"),
    ("num.network.threads", "2"),
    ("num.io.threads", "4"),
    // The default of 128 MB is a third of the heap.
    ("log.cleaner.dedupe.buffer.size", "8388608"),
    // A restarted node is refused until the session of its former life has ended (default 9 s).
    ("broker.session.timeout.ms", "3000"),
    ("broker.heartbeat.interval.ms", "500"),
];

/// With the defaults the loss of a node stalled writes for 11 s, with these for less than 5.
const QUICK_FAILOVER: &[(&str, &str)] = &[
    ("controller.quorum.fetch.timeout.ms", "1500"),
    ("controller.quorum.election.timeout.ms", "500"),
    ("replica.lag.time.max.ms", "5000"),
];

fn sasl(keys: &Keys, set: &mut impl FnMut(&str, String)) {
    let listener = "listener.name.secure";
    let plain = "org.apache.kafka.common.security.plain.PlainLoginModule";
    let scram = "org.apache.kafka.common.security.scram.ScramLoginModule";
    let bearer = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule";
    set(&format!("{listener}.sasl.enabled.mechanisms"), "PLAIN,SCRAM-SHA-256,OAUTHBEARER".into());
    set(
        &format!("{listener}.plain.sasl.jaas.config"),
        format!("{plain} required user_{SASL_USER}=\"{SASL_PASSWORD}\";"),
    );
    set(&format!("{listener}.scram-sha-256.sasl.jaas.config"), format!("{scram} required;"));
    // Without a validator of its own the listener takes unsecured tokens: claims without a signature.
    set(
        &format!("{listener}.oauthbearer.sasl.jaas.config"),
        format!("{bearer} required unsecuredLoginStringClaim_sub=\"broker\";"),
    );
    set(&format!("{listener}.ssl.keystore.type"), "PKCS12".into());
    set(&format!("{listener}.ssl.keystore.location"), keys.store.display().to_string());
    set(&format!("{listener}.ssl.keystore.password"), STORE_PASSWORD.into());
    set(&format!("{listener}.ssl.key.password"), STORE_PASSWORD.into());
    set(&format!("{listener}.ssl.client.auth"), "none".into());
}

#[cfg(test)]
mod tests;
