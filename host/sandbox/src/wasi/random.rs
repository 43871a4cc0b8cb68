//! `wasi:random/insecure-seed`, from which `std::collections::HashMap` takes its keys. The library's is fixed for the life of
//! a store, ours starts anew with the call.

use super::Still;
use wasmtime::Result;
use wasmtime_wasi::p2::bindings::random::insecure_seed;

impl insecure_seed::Host for Still<'_> {
    fn insecure_seed(&mut self) -> Result<(u64, u64)> {
        Ok((self.0.call.draw(), self.0.call.draw()))
    }
}
