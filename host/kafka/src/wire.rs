//! What really leaves the process and could act on a later transaction than its own, and how far the changelogs get. Two
//! things that librdkafka's API does not say; an interceptor does. Runs on broker threads.
//!
//! librdkafka retries EndTxn itself, without limit and on the same epoch; a late copy can commit the *next* transaction
//! (it has no KIP-890). So it does with positions, where a late copy takes the place of the next transaction's own. And the
//! offset of each change of state is noted when it is acknowledged: delivery reports would say so, too, but for every other
//! record as well.

use crate::conf::Conf;
use crate::error::{KafkaError, check_code};
use rdkafka_sys as sys;
use rdkafka_sys::rd_kafka_resp_err_t as Code;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use wasmill_record::{ChangelogEnd, ChangelogPartition, CommitOffset, Offset, Origin, Wire};

/// Kafka's API keys.
const ADD_PARTITIONS_TO_TXN: i16 = 24;
const ADD_OFFSETS_TO_TXN: i16 = 25;
const END_TXN: i16 = 26;
const TXN_OFFSET_COMMIT: i16 = 28;

const NAME: &CStr = c"wasmill-wire";

#[derive(Default)]
pub(crate) struct WireCounters {
    opened: AtomicBool,
    end_txn: AtomicU32,
    disconnected: AtomicBool,
    /// Largest acknowledged offset of each changelog partition since begin; as many as the worker has partitions, times the
    /// stores. Locked
    /// by one broker thread at a time, for a few instructions.
    changes: Mutex<Vec<(ChangelogPartition, i64)>>,
    /// Positions have left and are not answered yet. They leave one after another; an answer may be told of twice.
    positions_open: AtomicBool,
    /// They left again before that.
    positions_lost: AtomicBool,
}

impl WireCounters {
    /// Called at begin.
    pub(crate) fn reset(&self) {
        self.opened.store(false, Ordering::SeqCst);
        self.end_txn.store(0, Ordering::SeqCst);
        self.disconnected.store(false, Ordering::SeqCst);
        self.positions_open.store(false, Ordering::SeqCst);
        self.positions_lost.store(false, Ordering::SeqCst);
        self.changes().clear();
    }

    /// How far the changelogs have come.
    pub(crate) fn changelog_ends(&self) -> Vec<ChangelogEnd> {
        let end = |(of, last): &(ChangelogPartition, i64)| {
            let ChangelogPartition { store, partition } = *of;
            ChangelogEnd { store, partition, next: CommitOffset::after(Offset(*last)) }
        };
        self.changes().iter().map(end).collect()
    }

    fn acknowledged(&self, of: ChangelogPartition, offset: i64) {
        let mut changes = self.changes();
        // Acknowledgements come in runs of one partition.
        match changes.iter_mut().rev().find(|(known, _)| *known == of) {
            Some((_, last)) => *last = offset.max(*last),
            None => changes.push((of, offset)),
        }
    }

    fn changes(&self) -> MutexGuard<'_, Vec<(ChangelogPartition, i64)>> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn seen(&self) -> Wire {
        Wire {
            opened: self.opened.load(Ordering::SeqCst),
            end_txn: self.end_txn.load(Ordering::SeqCst),
            disconnected: self.disconnected.load(Ordering::SeqCst),
            positions_unanswered: self.positions_open.load(Ordering::SeqCst)
                || self.positions_lost.load(Ordering::SeqCst),
        }
    }

    /// Counts for the client that is made of `conf`. `self` must outlive that client: box it beside the handle.
    pub(crate) fn install(&self, conf: &mut Conf) -> Result<(), KafkaError> {
        let opaque = std::ptr::from_ref(self).cast_mut().cast::<c_void>();
        // SAFETY: the configuration is alive; the callback only uses `opaque` while the client lives.
        let code =
            unsafe { sys::rd_kafka_conf_interceptor_add_on_new(conf.as_ptr(), NAME.as_ptr(), Some(on_new), opaque) };
        check_code("add interceptor", code)
            .map_err(|failure| KafkaError::Call { call: "count requests on the wire", message: failure.message })
    }
}

unsafe extern "C" fn on_new(
    rk: *mut sys::rd_kafka_t,
    _: *const sys::rd_kafka_conf_t,
    opaque: *mut c_void,
    _: *mut c_char,
    _: usize,
) -> Code {
    // SAFETY: called by rd_kafka_new with the new handle and the opaque of `install`.
    unsafe {
        let state = sys::rd_kafka_interceptor_add_on_broker_state_change(rk, NAME.as_ptr(), Some(on_state), opaque);
        if state != Code::RD_KAFKA_RESP_ERR_NO_ERROR {
            return state;
        }
        let change = sys::rd_kafka_interceptor_add_on_acknowledgement(rk, NAME.as_ptr(), Some(on_acknowledged), opaque);
        if change != Code::RD_KAFKA_RESP_ERR_NO_ERROR {
            return change;
        }
        let answer = sys::rd_kafka_interceptor_add_on_response_received(rk, NAME.as_ptr(), Some(on_answer), opaque);
        if answer != Code::RD_KAFKA_RESP_ERR_NO_ERROR {
            return answer;
        }
        sys::rd_kafka_interceptor_add_on_request_sent(rk, NAME.as_ptr(), Some(on_sent), opaque)
    }
}

unsafe extern "C" fn on_sent(
    _: *mut sys::rd_kafka_t,
    _: c_int,
    _: *const c_char,
    _: i32,
    api: i16,
    _: i16,
    _: i32,
    _: usize,
    opaque: *mut c_void,
) -> Code {
    // SAFETY: the counters outlive the client (`install`).
    let counters = unsafe { &*opaque.cast::<WireCounters>() };
    match api {
        END_TXN => _ = counters.end_txn.fetch_add(1, Ordering::SeqCst),
        TXN_OFFSET_COMMIT if counters.positions_open.swap(true, Ordering::SeqCst) => {
            counters.positions_lost.store(true, Ordering::SeqCst);
        }
        _ => {}
    }
    Code::RD_KAFKA_RESP_ERR_NO_ERROR
}

unsafe extern "C" fn on_acknowledged(
    _: *mut sys::rd_kafka_t,
    message: *mut sys::rd_kafka_message_t,
    opaque: *mut c_void,
) -> Code {
    // SAFETY: the message is alive for the call.
    let message = unsafe { &*message };
    if message.err == Code::RD_KAFKA_RESP_ERR_NO_ERROR
        && message.offset >= 0
        && let Some(of) = Origin::from_bits(message._private as usize as u64).as_changelog()
    {
        // SAFETY: the counters outlive the client (`install`).
        unsafe { &*opaque.cast::<WireCounters>() }.acknowledged(of, message.offset);
    }
    Code::RD_KAFKA_RESP_ERR_NO_ERROR
}

unsafe extern "C" fn on_answer(
    _: *mut sys::rd_kafka_t,
    _: c_int,
    _: *const c_char,
    _: i32,
    api: i16,
    _: i16,
    _: i32,
    _: usize,
    _: i64,
    code: Code,
    opaque: *mut c_void,
) -> Code {
    // SAFETY: the counters outlive the client (`install`).
    let counters = unsafe { &*opaque.cast::<WireCounters>() };
    // The library's own errors, such as a timeout, are no answers; those that a broker gives are not in the code.
    match api {
        _ if code != Code::RD_KAFKA_RESP_ERR_NO_ERROR => {}
        ADD_PARTITIONS_TO_TXN | ADD_OFFSETS_TO_TXN => counters.opened.store(true, Ordering::SeqCst),
        TXN_OFFSET_COMMIT => counters.positions_open.store(false, Ordering::SeqCst),
        _ => {}
    }
    Code::RD_KAFKA_RESP_ERR_NO_ERROR
}

unsafe extern "C" fn on_state(
    _: *mut sys::rd_kafka_t,
    _: i32,
    _: *const c_char,
    name: *const c_char,
    _: c_int,
    state: *const c_char,
    opaque: *mut c_void,
) -> Code {
    // SAFETY: NUL-terminated strings for the length of the call; the counters outlive the client (`install`).
    let (name, state, counters) =
        unsafe { (CStr::from_ptr(name), CStr::from_ptr(state), &*opaque.cast::<WireCounters>()) };
    // Before an EndTxn has left, a broken connection to this coordinator leaves nothing behind that could arrive late.
    if name.to_bytes().starts_with(b"TxnCoordinator")
        && state.to_bytes() == b"DOWN"
        && counters.end_txn.load(Ordering::SeqCst) > 0
    {
        counters.disconnected.store(true, Ordering::SeqCst);
    }
    Code::RD_KAFKA_RESP_ERR_NO_ERROR
}
