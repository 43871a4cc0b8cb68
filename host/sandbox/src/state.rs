//! `wasmill:plugin/state`: keyed state, as it was before this call. Reading is all there is; changes ride in the reply.

use crate::failure::{Breach, HostFault, OutOfMemory};
use crate::host::Host;
use std::sync::Arc;
use wasmill_record::{ReadState, StateError};
use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentType, Lift, Linker, Lower, WasmList};

/// The contract's length of a null.
const NULL: u32 = u32::MAX;

/// What a call may read, and under which numbers.
#[derive(Default)]
pub(crate) struct State {
    /// Of the partition whose records are in the call; `None` outside of calls, and where the pipeline keeps no state.
    pub(crate) reader: Option<Arc<dyn ReadState>>,
    /// The pipeline's number of each of the plugin's stores.
    pub(crate) numbers: Arc<[Option<u16>]>,
    /// Keys that were read one by one.
    pub(crate) unplanned: u64,
    /// An answer may be this large: the guest could not hold more.
    pub(crate) bytes_max: usize,
}

#[derive(ComponentType, Lift)]
#[component(record)]
struct Keys {
    data: WasmList<u8>,
    index: WasmList<u32>,
}

#[derive(Default, ComponentType, Lower)]
#[component(record)]
struct Entries {
    data: Vec<u8>,
    index: Vec<u32>,
}

type Context<'a> = StoreContextMut<'a, Host>;

pub(crate) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    let mut state = linker.instance("wasmill:plugin/state@0.1.0")?;
    state.func_wrap("read", |context: Context<'_>, (store, keys): (u16, Keys)| Ok((read(&context, store, &keys)?,)))?;
    state.func_wrap("get", |mut context: Context<'_>, (store, key): (u16, WasmList<u8>)| {
        context.data_mut().state.unplanned += 1;
        Ok((get(&context, store, &key)?,))
    })?;
    type Scan = (u16, WasmList<u8>, Option<WasmList<u8>>, u32);
    state.func_wrap("scan", |context: Context<'_>, (store, prefix, after, limit): Scan| {
        let after = after.as_ref().map(|after| after.as_le_slice(&context));
        Ok((scan(&context, store, prefix.as_le_slice(&context), after, limit)?,))
    })
}

fn read(context: &Context<'_>, store: u16, keys: &Keys) -> wasmtime::Result<Entries> {
    let (reader, store) = context.data().state.store(store)?;
    let (data, index) = (keys.data.as_le_slice(context), keys.index.as_le_slice(context));
    let mut answer = Entries { data: Vec::new(), index: Vec::with_capacity(index.len()) };
    let (pairs, rest) = index.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(Breach::error("read keys whose index is no list of pairs"));
    }
    for [at, len] in pairs {
        let key = slice(data, *at, *len).ok_or_else(|| Breach::error("read a key outside of the data"))?;
        let from = answer.data.len();
        let len = reader.get(store, key, &mut answer.data).map_err(unreadable)?;
        answer.push(from, len);
        context.data().state.fits(&answer)?;
    }
    Ok(answer)
}

fn get(context: &Context<'_>, store: u16, key: &WasmList<u8>) -> wasmtime::Result<Option<Vec<u8>>> {
    let (reader, store) = context.data().state.store(store)?;
    let mut value = Vec::new();
    let len = reader.get(store, key.as_le_slice(context), &mut value).map_err(unreadable)?;
    Ok(len.map(|_| value))
}

fn scan(
    context: &Context<'_>,
    store: u16,
    prefix: &[u8],
    after: Option<&[u8]>,
    limit: u32,
) -> wasmtime::Result<Entries> {
    let state = &context.data().state;
    let (reader, store) = state.store(store)?;
    let mut answer = Entries::default();
    let (mut left, mut fits) = (limit, Ok(()));
    if left > 0 {
        let each = &mut |key: &[u8], value: &[u8]| {
            for part in [key, value] {
                let from = answer.data.len();
                answer.data.extend_from_slice(part);
                answer.push(from, Some(part.len()));
            }
            left -= 1;
            fits = state.fits(&answer);
            fits.is_ok() && left > 0
        };
        reader.scan(store, prefix, after, each).map_err(unreadable)?;
    }
    fits.map(|()| answer)
}

impl State {
    fn store(&self, store: u16) -> wasmtime::Result<(&dyn ReadState, u16)> {
        let Some(number) = self.numbers.get(usize::from(store)).copied().flatten() else {
            return Err(Breach::error("read a store that is not in its manifest, or not used with its configuration"));
        };
        let reader =
            self.reader.as_deref().ok_or_else(|| Breach::error("read a store outside of a call for records"))?;
        Ok((reader, number))
    }

    fn fits(&self, answer: &Entries) -> wasmtime::Result<()> {
        let wanted = answer.data.len().saturating_add(answer.index.len().saturating_mul(size_of::<u32>()));
        let most = self.bytes_max;
        if wanted > most { Err(wasmtime::Error::new(OutOfMemory { wanted, most })) } else { Ok(()) }
    }
}

impl Entries {
    /// An item that begins at `from` in the data; `None`: there is none.
    fn push(&mut self, from: usize, len: Option<usize>) {
        // Within 32 bits: an answer is no larger than a guest's memory.
        let word = |value: usize| u32::try_from(value).unwrap_or(NULL);
        match len {
            Some(len) => self.index.extend([word(from), word(len)]),
            None => self.index.extend([0, NULL]),
        }
    }
}

fn slice(data: &[u8], at: u32, len: u32) -> Option<&[u8]> {
    let at = usize::try_from(at).ok()?;
    data.get(at..at.checked_add(usize::try_from(len).ok()?)?)
}

fn unreadable(error: StateError) -> wasmtime::Error {
    wasmtime::Error::new(HostFault(format!("state can't be read: {error}")))
}
