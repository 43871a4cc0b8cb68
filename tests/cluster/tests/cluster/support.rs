//! What the cluster's own tests ask a broker, and a process to be killed.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::client::OAuthToken;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::metadata::Metadata;
use rdkafka::producer::{BaseProducer, Producer, ProducerContext};
use wasmill_cluster::{Cluster, unsecured_token};

const ASK_TIMEOUT: Duration = Duration::from_secs(3);
const WAIT_TIMEOUT: Duration = Duration::from_secs(60);
const TOKEN_LIFETIME: Duration = Duration::from_secs(600);

/// Answers requests for a token and notes refusals.
#[derive(Default)]
pub(crate) struct Context {
    refused: AtomicBool,
}

impl ClientContext for Context {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn log(&self, _: RDKafkaLogLevel, _: &str, _: &str) {}

    fn error(&self, error: KafkaError, _: &str) {
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::Authentication) {
            self.refused.store(true, Ordering::Relaxed);
        }
    }

    fn generate_oauth_token(&self, _: Option<&str>) -> Result<OAuthToken, Box<dyn std::error::Error>> {
        let expires = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)? + TOKEN_LIFETIME;
        Ok(OAuthToken {
            token: unsecured_token("somebody", TOKEN_LIFETIME),
            principal_name: "somebody".into(),
            lifetime_ms: i64::try_from(expires.as_millis())?,
        })
    }
}

impl ProducerContext for Context {
    type DeliveryOpaque = ();
    fn delivery(&self, _: &rdkafka::message::DeliveryResult<'_>, (): ()) {}
}

/// A client that asks for metadata.
pub(crate) struct Asker(BaseProducer<Context>);

impl Asker {
    pub(crate) fn plain(bootstrap: &str) -> Asker {
        Asker::with(ClientConfig::new().set("bootstrap.servers", bootstrap))
    }

    pub(crate) fn sasl(cluster: &Cluster, mechanism: &str, password: &str) -> Asker {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", cluster.sasl_bootstrap());
        config.set("security.protocol", "SASL_SSL");
        config.set("ssl.ca.location", cluster.ca_file().to_str().unwrap());
        config.set("sasl.mechanism", mechanism);
        if mechanism != "OAUTHBEARER" {
            config.set("sasl.username", wasmill_cluster::SASL_USER).set("sasl.password", password);
        }
        Asker::with(&mut config)
    }

    fn with(config: &mut ClientConfig) -> Asker {
        config.set("reconnect.backoff.ms", "20").set("reconnect.backoff.max.ms", "100");
        Asker(config.create_with_context(Context::default()).unwrap())
    }

    fn metadata(&self, topic: Option<&str>, timeout: Duration) -> Option<Metadata> {
        // Serves requests for tokens and errors.
        self.0.poll(Duration::ZERO);
        self.0.client().fetch_metadata(topic, timeout).ok()
    }

    pub(crate) fn answers(&self) -> bool {
        self.answers_within(ASK_TIMEOUT)
    }

    pub(crate) fn answers_within(&self, timeout: Duration) -> bool {
        self.metadata(None, timeout).is_some()
    }

    pub(crate) fn was_refused(&self) -> bool {
        self.0.poll(Duration::from_millis(100));
        self.0.context().refused.load(Ordering::Relaxed)
    }

    pub(crate) fn partitions(&self, topic: &str) -> Option<usize> {
        Some(self.metadata(Some(topic), ASK_TIMEOUT)?.topics().first()?.partitions().len())
    }

    pub(crate) fn brokers(&self) -> usize {
        self.metadata(None, ASK_TIMEOUT).map_or(0, |metadata| metadata.brokers().len())
    }

    pub(crate) fn broker_addresses(&self) -> Vec<String> {
        let metadata = self.metadata(None, ASK_TIMEOUT).unwrap();
        metadata.brokers().iter().map(|broker| format!("{}:{}", broker.host(), broker.port())).collect()
    }
}

/// Asks until it is so; every question has a wait of its own.
pub(crate) fn wait_until(what: &str, mut so: impl FnMut() -> bool) {
    let deadline = Instant::now() + WAIT_TIMEOUT;
    while !so() {
        assert!(Instant::now() < deadline, "not within {WAIT_TIMEOUT:?}: {what}");
        std::thread::yield_now();
    }
}

/// Another process that runs a cluster.
pub(crate) struct Owner {
    child: Child,
    bootstrap: String,
}

impl Owner {
    pub(crate) fn start() -> Owner {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wasmill-cluster"));
        let mut child = command.arg("run").stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let bootstrap = line.trim().strip_prefix("bootstrap.servers=").expect("the address").to_owned();
        Owner { child, bootstrap }
    }

    pub(crate) fn bootstrap(&self) -> String {
        self.bootstrap.clone()
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        // Killed already when the test went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
