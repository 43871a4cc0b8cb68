//! Sockets: accept, cut into frames, hand requests over one after another, write answers. And the task that lets time
//! pass.

pub(crate) mod connection;
pub(crate) mod driver;
pub(crate) mod frame;
pub(crate) mod listener;
pub(crate) mod serve;
