//! From bytes to machine code: out of the cache, or by the compiler within a deadline.

use crate::cache::Cache;
use crate::engine::Engine;
use crate::file::{Code, LoadError};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};
use wasmtime::component::Component;

/// A component that could be linked.
pub(crate) struct Compiled {
    pub(crate) file: String,
    pub(crate) digest: String,
    pub(crate) bytes: usize,
    pub(crate) component: Component,
    pub(crate) took: Duration,
    /// It was in the cache.
    pub(crate) cached: bool,
}

pub(crate) fn compile(
    engine: &Engine,
    cache: Option<&Cache>,
    code: Code,
    deadline: Duration,
) -> Result<Compiled, LoadError> {
    let started = Instant::now();
    let Code { file, bytes, digest } = code;
    let size = bytes.len();
    let found = cache.and_then(|cache| cache.load(engine.wasmtime(), &digest));
    let cached = found.is_some();
    let component = match found {
        Some(component) => component,
        None => {
            let component = by_compiler(engine, &file, bytes, deadline)?;
            if let Some(cache) = cache {
                cache.store(&component, &digest);
            }
            component
        }
    };
    Ok(Compiled { file, digest, bytes: size, component, took: started.elapsed(), cached })
}

/// On a thread of its own, because a compiler can't be interrupted. One that is too slow is left to itself: the process is
/// about to end, or to go on without the plugin.
fn by_compiler(engine: &Engine, file: &str, bytes: Vec<u8>, deadline: Duration) -> Result<Component, LoadError> {
    let (done, answer) = sync_channel(1);
    let wasmtime = engine.wasmtime().clone();
    let body = move || {
        // Nobody listens when the deadline has passed.
        let _ = done.send(Component::from_binary(&wasmtime, &bytes));
    };
    let host = |message: String| LoadError::Host { file: file.to_owned(), message };
    std::thread::Builder::new()
        .name("plugin-compiler".to_owned())
        .spawn(body)
        .map_err(|error| host(format!("failed to start a thread: {error}")))?;
    match answer.recv_timeout(deadline) {
        Ok(Ok(component)) => Ok(component),
        Ok(Err(error)) => Err(LoadError::Compile { file: file.to_owned(), message: format!("{error:#}") }),
        Err(RecvTimeoutError::Timeout) => {
            Err(LoadError::CompileDeadline { file: file.to_owned(), deadline_ms: deadline.as_millis() })
        }
        Err(RecvTimeoutError::Disconnected) => Err(host("the compiler panicked".to_owned())),
    }
}
