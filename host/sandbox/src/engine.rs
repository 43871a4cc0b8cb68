//! What all plugins of a process share: the code generator's settings, the linked imports, and the ticker.

use crate::host::Host;
use crate::ticker::{Inside, Ticker};
use crate::{state, telemetry, wasi};
use std::sync::Arc;
use wasmtime::component::Linker;
use wasmtime::{Config, Inlining, OptLevel, WasmBacktraceDetails};

/// One per process; clones share it.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

struct Shared {
    wasmtime: wasmtime::Engine,
    linker: Linker<Host>,
    ticker: Ticker,
    /// wasmtime-wasi polls its futures on a runtime. Given none it starts one of its own, with a thread per core; this one
    /// has no thread, and is enough because nothing a guest can wait for ever waits.
    runtime: tokio::runtime::Runtime,
}

/// The process can't run plugins at all.
#[derive(Debug, thiserror::Error)]
#[error("failed to set up the plugin engine: {0}")]
pub struct EngineError(String);

impl Engine {
    /// # Errors
    /// The machine is not one that wasmtime generates code for, or gives no thread.
    pub fn new() -> Result<Engine, EngineError> {
        let fault = |error: wasmtime::Error| EngineError(format!("{error:#}"));
        let wasmtime = wasmtime::Engine::new(&config()).map_err(fault)?;
        let mut linker = Linker::new(&wasmtime);
        wasi::link(&mut linker).map_err(fault)?;
        telemetry::link(&mut linker).map_err(fault)?;
        state::link(&mut linker).map_err(fault)?;
        let io = |error: std::io::Error| EngineError(error.to_string());
        let ticker = Ticker::start(&wasmtime).map_err(io)?;
        let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(io)?;
        Ok(Engine { shared: Arc::new(Shared { wasmtime, linker, ticker, runtime }) })
    }

    pub(crate) fn wasmtime(&self) -> &wasmtime::Engine {
        &self.shared.wasmtime
    }

    pub(crate) fn linker(&self) -> &Linker<Host> {
        &self.shared.linker
    }

    /// To be held while a guest runs: the ticker ticks, and WASI finds its runtime.
    pub(crate) fn enter(&self) -> (Inside<'_>, tokio::runtime::EnterGuard<'_>) {
        (self.shared.ticker.enter(), self.shared.runtime.enter())
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Engine")
    }
}

fn config() -> Config {
    let mut config = Config::new();
    // Calls are synchronous; support for concurrent ones costs 350 ns per call and is more to attack.
    config.concurrency_support(false);
    config.epoch_interruption(true);
    // The same answer on every machine: one NaN, and no instruction whose result the hardware may choose.
    config.cranelift_nan_canonicalization(true);
    config.wasm_relaxed_simd(false);
    config.cranelift_opt_level(OptLevel::Speed);
    // Gives back some of what epoch checks cost: 1 to 9 % of a JSON parse.
    config.compiler_inlining(Inlining::Yes);
    config.memory_init_cow(true);
    // No plugin needs more than 4 GiB, and 64-bit memories pay a bounds check per access.
    config.wasm_memory64(false);
    // Names of functions come for free; files and lines cost 5 ms per trap.
    config.wasm_backtrace_details(WasmBacktraceDetails::Disable);
    config
}
