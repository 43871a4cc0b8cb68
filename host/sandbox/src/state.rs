//! `wasmill:plugin/state`. There are no stores yet: a plugin whose configuration leaves it any is refused when it is loaded,
//! so whoever calls these names a store that is not there.

use crate::failure::Breach;
use crate::host::Host;
use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentType, Lift, Linker, Lower, WasmList};

#[derive(ComponentType, Lift)]
#[component(record)]
#[expect(dead_code, reason = "a request has a type although it is refused")]
struct Keys {
    data: WasmList<u8>,
    index: WasmList<u32>,
}

#[derive(ComponentType, Lower)]
#[component(record)]
struct Entries {
    data: Vec<u8>,
    index: Vec<u32>,
}

pub(crate) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    type Context<'a> = StoreContextMut<'a, Host>;
    type Scan = (u16, WasmList<u8>, Option<WasmList<u8>>, u32);
    let mut state = linker.instance("wasmill:plugin/state@0.1.0")?;
    state.func_wrap("read", |_: Context<'_>, _: (u16, Keys)| no_store::<Entries>())?;
    state.func_wrap("get", |_: Context<'_>, _: (u16, WasmList<u8>)| no_store::<Option<Vec<u8>>>())?;
    state.func_wrap("scan", |_: Context<'_>, _: Scan| no_store::<Entries>())
}

fn no_store<T>() -> wasmtime::Result<(T,)> {
    Err(Breach::error("read a store that is not in its manifest"))
}
