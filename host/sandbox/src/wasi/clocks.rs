//! `wasi:clocks/monotonic-clock` where every wait is over at once. The library's would sleep in real time inside of a host
//! call, where no epoch reaches.

use super::Still;
use wasmtime::Result;
use wasmtime::component::Resource;
use wasmtime_wasi::clocks::WasiClocksCtxView;
use wasmtime_wasi::p2::DynPollable;
use wasmtime_wasi::p2::bindings::clocks::monotonic_clock::Host;
use wasmtime_wasi::{WasiCtxView, WasiView};

impl Still<'_> {
    fn library(&mut self) -> WasiClocksCtxView<'_> {
        let WasiCtxView { ctx, table } = self.0.ctx();
        WasiClocksCtxView { ctx: ctx.clocks(), table }
    }
}

impl Host for Still<'_> {
    fn now(&mut self) -> Result<u64> {
        Host::now(&mut self.library())
    }

    fn resolution(&mut self) -> Result<u64> {
        Host::resolution(&mut self.library())
    }

    fn subscribe_instant(&mut self, _when: u64) -> Result<Resource<DynPollable>> {
        self.subscribe_duration(0)
    }

    fn subscribe_duration(&mut self, _length: u64) -> Result<Resource<DynPollable>> {
        Host::subscribe_duration(&mut self.library(), 0)
    }
}
