//! One librdkafka client: the handle, its callbacks and its end.

use crate::conf::Conf;
use crate::consumer::Event;
use crate::error::KafkaError;
use crate::oauth::TokenFile;
use rdkafka_sys as sys;
use rdkafka_sys::rd_kafka_resp_err_t as Code;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::Mutex;
use wasmill_config::Cluster;

/// A client handle. The C object is thread-safe; what is not (one queue, one transaction) is wrapped elsewhere.
pub(crate) struct Client {
    rk: *mut sys::rd_kafka_t,
    /// Reached by callbacks through the configuration's opaque; outlives the handle.
    _context: Box<Context>,
}

// SAFETY: librdkafka handles may be used from any thread at once (rdkafka.h, "thread-safe").
unsafe impl Send for Client {}
// SAFETY: as above.
unsafe impl Sync for Client {}

/// What callbacks need.
#[derive(Default)]
pub(crate) struct Context {
    tokens: Option<TokenFile>,
    /// The last reason why brokers refused to talk to us at all: authentication or TLS.
    pub(crate) refused: Mutex<Option<String>>,
}

impl Client {
    /// `configure` sets what the kind of client needs, and callbacks of its own.
    pub(crate) fn new(
        cluster: &Cluster,
        kind: sys::rd_kafka_type_t,
        configure: impl FnOnce(&mut Conf) -> Result<(), KafkaError>,
    ) -> Result<Client, KafkaError> {
        let context = Box::new(Context {
            tokens: cluster.oauthbearer_token_file.clone().map(TokenFile::new),
            ..Context::default()
        });
        let mut conf = Conf::for_cluster(cluster)?;
        configure(&mut conf)?;
        // SAFETY: the configuration is alive, and the context outlives the client that is made of it.
        unsafe {
            sys::rd_kafka_conf_set_opaque(conf.as_ptr(), std::ptr::from_ref(&*context).cast_mut().cast());
            sys::rd_kafka_conf_set_log_cb(conf.as_ptr(), Some(on_log));
            sys::rd_kafka_conf_set_error_cb(conf.as_ptr(), Some(on_error));
            if context.tokens.is_some() {
                sys::rd_kafka_conf_set_oauthbearer_token_refresh_cb(conf.as_ptr(), Some(on_token));
                sys::rd_kafka_conf_enable_sasl_queue(conf.as_ptr(), 1);
            }
        }
        let rk = conf.create(kind)?;
        let client = Client { rk, _context: context };
        if client._context.tokens.is_some() {
            // Tokens are refreshed on librdkafka's own thread: a producer that waits in init_transactions polls nothing.
            // SAFETY: the handle is alive and its SASL queue was enabled.
            let enabled = unsafe { sys::rd_kafka_sasl_background_callbacks_enable(rk) };
            // SAFETY: a fresh error object or null.
            unsafe { crate::error::check("serve SASL callbacks", enabled) }
                .map_err(|failure| KafkaError::Create(failure.message))?;
        }
        Ok(client)
    }

    pub(crate) fn as_ptr(&self) -> *mut sys::rd_kafka_t {
        self.rk
    }

    pub(crate) fn context(&self) -> &Context {
        &self._context
    }

    /// What the client says through an event instead of the callback: queues that are polled for events get it so.
    pub(crate) fn note_error(&self, event: &Event) {
        if event.kind() == sys::RD_KAFKA_EVENT_ERROR {
            self._context.note(event.code() as c_int, &event.message());
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // A consumer has left its group by now, or is to be dropped where it stands: closing it here would wait for an
        // answer to a revoke that nobody gives any more.
        // SAFETY: the last use; every wrapper of a part of it (queues, topics) is dropped before its client.
        unsafe { sys::rd_kafka_destroy_flags(self.rk, sys::RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE as c_int) }
    }
}

unsafe extern "C" fn on_log(_: *const sys::rd_kafka_t, level: c_int, facility: *const c_char, line: *const c_char) {
    // SAFETY: librdkafka passes NUL-terminated strings that live for the call.
    let (facility, line) =
        unsafe { (CStr::from_ptr(facility).to_string_lossy(), CStr::from_ptr(line).to_string_lossy()) };
    match level {
        0..=2 => tracing::error!(target: "librdkafka", %facility, "{line}"),
        3..=4 => tracing::warn!(target: "librdkafka", %facility, "{line}"),
        5..=6 => tracing::debug!(target: "librdkafka", %facility, "{line}"),
        _ => tracing::trace!(target: "librdkafka", %facility, "{line}"),
    }
}

unsafe extern "C" fn on_error(_: *mut sys::rd_kafka_t, code: c_int, reason: *const c_char, opaque: *mut c_void) {
    // SAFETY: a NUL-terminated string for the length of the call, and the context that `Client::new` set.
    let (reason, context) = unsafe { (CStr::from_ptr(reason).to_string_lossy(), &*opaque.cast::<Context>()) };
    context.note(code, &reason);
}

impl Context {
    /// Remembers a refusal; everything else is already in the log.
    pub(crate) fn note(&self, code: c_int, reason: &str) {
        let refusals = [Code::RD_KAFKA_RESP_ERR__AUTHENTICATION, Code::RD_KAFKA_RESP_ERR__SSL];
        if refusals.iter().any(|refusal| *refusal as c_int == code)
            && let Ok(mut refused) = self.refused.lock()
        {
            *refused = Some(reason.to_owned());
        }
        tracing::debug!(target: "librdkafka", code, "{reason}");
    }
}

unsafe extern "C" fn on_token(rk: *mut sys::rd_kafka_t, _config: *const c_char, opaque: *mut c_void) {
    // SAFETY: the context that `Client::new` set; it outlives the handle.
    let context = unsafe { &*opaque.cast::<Context>() };
    if let Some(tokens) = &context.tokens {
        tokens.refresh(rk);
    }
}
