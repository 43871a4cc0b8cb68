//! What kind of cluster a test wants.

/// Built up from [`Options::one`] or [`Options::three`].
#[derive(Clone, Debug)]
pub struct Options {
    /// 1 or 3. Each node is broker and controller; nodes are numbered from 0, which is also their broker id.
    pub nodes: usize,
    /// Whether there is a SASL_SSL listener.
    pub sasl: bool,
    /// `host:port` that clients of the listener `EXTERNAL` are told to use; `None` means there is no such listener.
    pub external: Option<String>,
    /// Broker properties; they win over those set here by default.
    pub broker_properties: Vec<(String, String)>,
}

impl Options {
    /// A single node: up in a second or two, every topic with one replica.
    pub fn one() -> Options {
        Options { nodes: 1, sasl: false, external: None, broker_properties: Vec::new() }
    }

    /// Three nodes: three replicas, `min.insync.replicas` 2, short timeouts for the loss of a node.
    pub fn three() -> Options {
        Options { nodes: 3, ..Options::one() }
    }

    /// Adds a SASL_SSL listener with PLAIN, SCRAM-SHA-256 and OAUTHBEARER (unsecured tokens).
    pub fn sasl(mut self) -> Self {
        self.sasl = true;
        self
    }

    /// Sets a broker property, such as `authorizer.class.name`.
    pub fn property(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.broker_properties.push((name.into(), value.into()));
        self
    }

    /// Adds a second plaintext listener whose clients are told to connect to `advertised` (`host:port`), where a proxy
    /// listens and forwards to [`crate::Cluster::external_bootstrap`]. One node only.
    pub fn external(mut self, advertised: &str) -> Self {
        self.external = Some(advertised.to_owned());
        self
    }
}
