//! A core module that was built for wasm32-wasip1 with wit-bindgen becomes a component: `wasmill plugin wrap`.

use crate::file::{Kind, kind};
use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wit_component::ComponentEncoder;

/// Why it can't be wrapped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WrapError {
    #[error("it is a component already: use it as it is")]
    Component,
    #[error("it is not WebAssembly; build it with `cargo build --release --target wasm32-wasip1`")]
    NotWasm,
    #[error(
        "it says nothing of the types it imports and exports; build it with wit-bindgen's bindings of wasmill:plugin"
    )]
    NoTypes,
    #[error("it does not become a component: {0}")]
    Encode(String),
}

/// What wit-bindgen leaves in a module, in a custom section whose name begins so.
const TYPES: &[u8] = b"component-type";

/// The component's bytes.
///
/// # Errors
/// The module is not what wit-bindgen makes.
pub fn wrap(module: &[u8]) -> Result<Vec<u8>, WrapError> {
    match kind(module) {
        Kind::Module => {}
        Kind::Component => return Err(WrapError::Component),
        Kind::Other => return Err(WrapError::NotWasm),
    }
    if !module.windows(TYPES.len()).any(|window| window == TYPES) {
        return Err(WrapError::NoTypes);
    }
    let adapter = (WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER);
    let encoded = ComponentEncoder::default()
        .validate(true)
        .module(module)
        .and_then(|encoder| encoder.adapter(adapter.0, adapter.1))
        .and_then(|encoder| encoder.encode());
    encoded.map_err(|error| WrapError::Encode(format!("{error:#}")))
}
