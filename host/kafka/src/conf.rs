//! A librdkafka configuration under construction.

use crate::error::KafkaError;
use rdkafka_sys as sys;
use std::ffi::{CStr, CString, c_char};
use wasmill_config::Cluster;

/// Room for librdkafka's own words about what is wrong; longer ones are cut by it.
const ERROR_TEXT_BYTES: usize = 512;

/// Owns the C object until a client takes it over.
pub(crate) struct Conf(*mut sys::rd_kafka_conf_t);

impl Conf {
    pub(crate) fn new() -> Conf {
        // SAFETY: no preconditions; never null.
        Conf(unsafe { sys::rd_kafka_conf_new() })
    }

    /// The cluster's address and properties, then defaults of ours that a property may override.
    pub(crate) fn for_cluster(cluster: &Cluster) -> Result<Conf, KafkaError> {
        let mut conf = Conf::new();
        for (name, value) in DEFAULTS {
            conf.set(name, value)?;
        }
        conf.set("bootstrap.servers", &cluster.bootstrap_servers)?;
        for (name, value) in &cluster.properties {
            conf.set(name, value.expose())?;
        }
        Ok(conf)
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<(), KafkaError> {
        let (c_name, c_value) = (c_string(name)?, c_string(value)?);
        let mut words = [0 as c_char; ERROR_TEXT_BYTES];
        // SAFETY: the object is alive, both strings end in NUL, the buffer has the length that is given.
        let result = unsafe {
            sys::rd_kafka_conf_set(self.0, c_name.as_ptr(), c_value.as_ptr(), words.as_mut_ptr(), words.len())
        };
        if result == sys::rd_kafka_conf_res_t::RD_KAFKA_CONF_OK {
            return Ok(());
        }
        Err(KafkaError::Property { name: name.to_owned(), message: text(&words) })
    }

    pub(crate) fn as_ptr(&self) -> *mut sys::rd_kafka_conf_t {
        self.0
    }

    /// Creates the client, which owns the configuration from then on.
    pub(crate) fn create(self, kind: sys::rd_kafka_type_t) -> Result<*mut sys::rd_kafka_t, KafkaError> {
        let mut words = [0 as c_char; ERROR_TEXT_BYTES];
        // SAFETY: the configuration is alive; on success the client owns it, so our drop is skipped.
        let client = unsafe { sys::rd_kafka_new(kind, self.0, words.as_mut_ptr(), words.len()) };
        if client.is_null() {
            return Err(KafkaError::Create(text(&words)));
        }
        std::mem::forget(self);
        Ok(client)
    }
}

impl Drop for Conf {
    fn drop(&mut self) {
        // SAFETY: not handed to a client, so still ours.
        unsafe { sys::rd_kafka_conf_destroy(self.0) }
    }
}

/// Better defaults than librdkafka's for a processor that must come back quickly; any of them may be set by the user.
const DEFAULTS: &[(&str, &str)] = &[
    ("client.id", "wasmill"),
    // The default of 10 s lets a broker that is back go unused for as long.
    ("reconnect.backoff.max.ms", "500"),
    ("enable.metrics.push", "false"),
    // How long new partitions of a topic go unnoticed; the default is 5 minutes.
    ("topic.metadata.refresh.interval.ms", "30000"),
    // Idle connections to a coordinator are kept: losing one mid-commit costs a producer.
    ("socket.keepalive.enable", "true"),
];

/// Whether librdkafka knows the property and takes the value; the error is its own sentence.
pub fn check_property(name: &str, value: &str) -> Result<(), String> {
    match Conf::new().set(name, value) {
        Ok(()) => Ok(()),
        Err(KafkaError::Property { message, .. }) => Err(message),
        Err(other) => Err(other.to_string()),
    }
}

pub(crate) fn c_string(text: &str) -> Result<CString, KafkaError> {
    CString::new(text).map_err(|_| KafkaError::Nul(text.to_owned()))
}

fn text(words: &[c_char]) -> String {
    // SAFETY: librdkafka ends what it writes with NUL, and the buffer starts zeroed.
    unsafe { CStr::from_ptr(words.as_ptr()) }.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::check_property;

    #[test]
    fn librdkafka_itself_judges_properties() {
        assert_eq!(check_property("fetch.max.bytes", "1048576"), Ok(()));
        assert!(check_property("fetch.max.byte", "1").unwrap_err().contains("No such configuration property"));
        assert!(check_property("compression.type", "best").unwrap_err().contains("Invalid value"));
        assert!(check_property("a\0b", "1").unwrap_err().contains("NUL"));
    }

    #[test]
    fn our_own_defaults_are_known_to_librdkafka() {
        for (name, value) in super::DEFAULTS {
            assert_eq!(check_property(name, value), Ok(()), "{name}");
        }
    }

    #[test]
    fn every_codec_and_mechanism_is_compiled_in() {
        for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
            assert_eq!(check_property("compression.type", codec), Ok(()), "{codec}");
        }
        for mechanism in ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"] {
            assert_eq!(check_property("sasl.mechanisms", mechanism), Ok(()), "{mechanism}");
        }
        assert_eq!(check_property("security.protocol", "sasl_ssl"), Ok(()));
        assert_eq!(check_property("ssl.ca.location", "probe"), Ok(()));
    }
}
