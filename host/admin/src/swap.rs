//! The one thing that the admin port changes: which version of a plugin runs.
//!
//! There is no login yet, so the paths exist on a loopback address only, and a browser that was sent here by a page (it says
//! so with `Origin`) is refused.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use wasmill_pipeline::Swapper;
use wasmill_pipeline::swap::{Swapped, UnknownPipeline, Verdict};

/// A swap may take longer than this, because plugins are compiled and workers are waited for. What is not done by then goes on,
/// and whoever asks for the same again hears what became of it.
const ANSWER_WITHIN: Duration = Duration::from_secs(8);

/// Where the swapper will be once the plugins have been loaded.
pub type Swaps = Arc<OnceLock<Arc<Swapper>>>;

/// What was asked for, and what became of it.
type Unheard = (Vec<String>, Vec<Swapped>);

#[derive(Clone)]
struct Control {
    swaps: Swaps,
    /// Held while a swap runs, so that a second one waits here and not on a thread; what nobody has heard of yet.
    turn: Arc<Mutex<Option<Unheard>>>,
}

/// `POST /swap` for all pipelines, `POST /pipelines/NAME/swap` for one.
pub(crate) fn router(listen: SocketAddr, swaps: Swaps) -> Router {
    if !listen.ip().is_loopback() {
        let only = "plugins are swapped on a loopback address only, because there is no login: set admin.listen to \
                    127.0.0.1, or send SIGHUP\n";
        let refuse = move || async move { (StatusCode::FORBIDDEN, only) };
        return Router::new().route("/swap", post(refuse)).route("/pipelines/{name}/swap", post(refuse));
    }
    let control = Control { swaps, turn: Arc::default() };
    let all = |State(control): State<Control>| async move { control.swap(Vec::new()).await };
    let one = |State(control): State<Control>, Path(name): Path<String>| async move { control.swap(vec![name]).await };
    Router::new()
        .route("/swap", post(all))
        .route("/pipelines/{name}/swap", post(one))
        .layer(from_fn(not_from_a_page))
        .with_state(control)
}

async fn not_from_a_page(request: Request, next: Next) -> Response {
    if request.headers().contains_key(header::ORIGIN) {
        return (StatusCode::FORBIDDEN, "not for web pages\n").into_response();
    }
    next.run(request).await
}

impl Control {
    async fn swap(self, names: Vec<String>) -> Response {
        let Some(swapper) = self.swaps.get().cloned() else {
            return (StatusCode::SERVICE_UNAVAILABLE, "plugins are still being loaded\n").into_response();
        };
        let run = async {
            let mut turn = Arc::clone(&self.turn).lock_owned().await;
            if let Some((_, swapped)) = turn.take_if(|(asked, _)| *asked == names) {
                return Ok(Ok::<_, UnknownPipeline>(swapped));
            }
            spawn_blocking(move || {
                let swapped = swapper.swap(&names)?;
                *turn = Some((names, swapped.clone()));
                Ok(swapped)
            })
            .await
        };
        match timeout(ANSWER_WITHIN, run).await {
            Err(_) => (StatusCode::ACCEPTED, "still under way: ask again\n").into_response(),
            Ok(Ok(Ok(swapped))) => {
                // Heard now.
                *self.turn.lock().await = None;
                answer(&swapped)
            }
            Ok(Ok(Err(unknown))) => (StatusCode::NOT_FOUND, format!("{unknown}\n")).into_response(),
            Ok(Err(_)) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "the swap ended in a panic, see the log\n").into_response()
            }
        }
    }
}

/// 200, or 422 when one was refused; a list either way.
fn answer(swapped: &[Swapped]) -> Response {
    let refused = swapped.iter().any(|it| matches!(it.verdict, Verdict::Refused { .. }));
    let status = if refused { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let body = Value::Array(swapped.iter().map(described).collect()).to_string();
    (status, [(header::CONTENT_TYPE, "application/json")], body + "\n").into_response()
}

fn described(swapped: &Swapped) -> Value {
    let Swapped { pipeline, plugin, verdict } = swapped;
    match verdict {
        Verdict::Swapped { before, after, workers, late, pause } => json!({
            "pipeline": pipeline, "plugin": plugin, "verdict": "swapped", "before": before, "digest": after,
            "workers": workers, "late": late, "pause_ms": pause.as_secs_f64() * 1e3,
        }),
        Verdict::Same { digest } => {
            json!({ "pipeline": pipeline, "plugin": plugin, "verdict": "same", "digest": digest })
        }
        Verdict::Refused { problems } => {
            json!({ "pipeline": pipeline, "plugin": plugin, "verdict": "refused", "problems": problems })
        }
        Verdict::Native => json!({ "pipeline": pipeline, "plugin": plugin, "verdict": "native" }),
    }
}
