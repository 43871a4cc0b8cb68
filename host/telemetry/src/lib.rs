//! What an operator sees of a running process: metrics, health, logs.
//!
//! Each metric name, health state and log field is written once, here, so that the page in `docs/METRICS.md`, the code
//! that counts and the code that serves can't drift apart. Deliberately not here: serving any of it over HTTP (that is
//! `admin`) and deciding when to count (that is `pipeline`). `pipeline` counts and reports its health, `admin` reads both,
//! the binary sets up logging before anything else.

pub mod fields;
pub mod health;
pub mod logging;
pub mod metrics;
pub mod names;

pub use health::{Health, State};
pub use metrics::{CONTENT_TYPE, CacheMetrics, Metrics, PipelineMetrics, StateMetrics, StoreMetrics, WorkerMetrics};

/// The handle types inside [`WorkerMetrics`] and [`PipelineMetrics`]; nobody else has to name the metrics library.
pub use prometheus_client::metrics::{counter::Counter, gauge::Gauge, histogram::Histogram};
