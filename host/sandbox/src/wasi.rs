//! WASI with nothing granted: no environment, arguments, files or sockets; stdin at its end; output becomes log lines;
//! clocks stand still during a call and a wait is over at once; randomness starts anew with each call.
//!
//! Linked for every plugin, because every Rust guest imports some of it and CPython all. What is ours and not the library's:
//! the sources behind clocks, randomness and output ([`call`], [`log`]), and the interfaces that would wait in real time or
//! can't be started anew ([`clocks`], [`random`]).

pub(crate) mod call;
mod clocks;
pub(crate) mod log;
mod random;

use crate::host::Host;
use call::Call;
use log::{Log, Origin, Output};
use wasmtime::component::{HasData, Linker};
use wasmtime_wasi::p2::bindings::clocks::monotonic_clock;
use wasmtime_wasi::p2::bindings::random::insecure_seed;
use wasmtime_wasi::{WasiCtx, p2};

/// Of one request for random bytes; more is a trap. The library's own 64 MiB would be made on the host for each request.
const RANDOM_BYTES_MAX: u64 = 1 << 20;

/// The library's part of a store.
pub(crate) fn context(call: &Call, log: &Log) -> WasiCtx {
    WasiCtx::builder()
        .stdout(Output::new(log, Origin::Stdout))
        .stderr(Output::new(log, Origin::Stderr))
        .wall_clock(call.clone())
        .monotonic_clock(call.clone())
        .secure_random(call.clone())
        .insecure_random(call.clone())
        .max_random_size(RANDOM_BYTES_MAX)
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false)
        .build()
}

pub(crate) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    p2::add_to_linker_sync(linker)?;
    linker.allow_shadowing(true);
    monotonic_clock::add_to_linker::<Host, Ours>(linker, |host| Still(host))?;
    insecure_seed::add_to_linker::<Host, Ours>(linker, |host| Still(host))?;
    linker.allow_shadowing(false);
    Ok(())
}

/// Says that the interfaces of ours are served by a [`Still`].
struct Ours;

impl HasData for Ours {
    type Data<'a> = Still<'a>;
}

/// Serves the interfaces of ours.
struct Still<'a>(&'a mut Host);
