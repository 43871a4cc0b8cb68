//! The host's side of one instance: what imports may touch, and the limits of its store.

use crate::deadline::{Deadline, on_tick};
use crate::failure::Panic;
use crate::limiter::Limiter;
use crate::state::State;
use crate::telemetry::Counters;
use crate::wasi::call::Call;
use crate::wasi::log::Log;
use crate::{engine::Engine, wasi};
use wasmill_config::PluginLimits;
use wasmtime::Store;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

/// Handles of streams, pollables and the like that a guest may hold at once.
const HANDLES_MAX: usize = 1000;

pub(crate) struct Host {
    wasi: WasiCtx,
    table: ResourceTable,
    limiter: Limiter,
    pub(crate) call: Call,
    pub(crate) deadline: Deadline,
    pub(crate) log: Log,
    pub(crate) counters: Counters,
    pub(crate) state: State,
    pub(crate) panic: Option<Panic>,
}

impl Host {
    pub(crate) fn memory_bytes(&self) -> usize {
        self.limiter.memory_bytes()
    }
}

impl WasiView for Host {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// A store for one instance: after any failure it is dead and nothing else may be put into it.
pub(crate) fn store(engine: &Engine, limits: &PluginLimits, log: Log, counters: Counters) -> Store<Host> {
    let call = Call::default();
    let mut table = ResourceTable::new();
    table.set_max_capacity(HANDLES_MAX);
    let host = Host {
        wasi: wasi::context(&call, &log),
        table,
        limiter: Limiter::new(limits.memory_bytes_max),
        call,
        deadline: Deadline::default(),
        log,
        counters,
        state: State { bytes_max: limits.memory_bytes_max, ..State::default() },
        panic: None,
    };
    let mut store = Store::new(engine.wasmtime(), host);
    store.limiter(|host| &mut host.limiter);
    store.set_hostcall_fuel(crossing_bytes_max(limits));
    store.epoch_deadline_callback(on_tick);
    store
}

/// How much may cross from guest to host in one call: twice what it may ask to be written, and 16 MiB for the numbers that
/// say so (emissions cost 32 bytes each). The host holds that much for each call; less would refuse replies that are legal.
fn crossing_bytes_max(limits: &PluginLimits) -> usize {
    limits.output_bytes_max.saturating_mul(2).saturating_add(16 << 20)
}
