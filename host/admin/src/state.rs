//! What is committed in the stores of this process, for `wasmill state`: read, never changed.
//!
//! Values are customers' data and there is no login, so the paths exist on a loopback address only, and a browser gets
//! nothing: neither a page of another site (it says so), nor one whose name was made to lead here (`Host` is that name).
//! An answer is one page with a bound of its own, so that a large store costs many short requests and no memory.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, RawQuery, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use wasmill_pipeline::Shown;
use wasmill_pipeline::shown::{Page, Question, ShownStores};

/// Reads of stores at once: they read from the disk, each on a thread of its own. Further ones wait for their turn.
const READS_MAX: usize = 4;

/// Keys of a page, where the request doesn't say.
const LIMIT: usize = 100;

#[derive(Clone)]
struct Reads {
    shown: Shown,
    room: Arc<Semaphore>,
}

/// `GET /state` for all stores, `GET /state/PIPELINE/STORE` for keys of one.
pub(crate) fn router(listen: SocketAddr, shown: Shown) -> Router {
    if !listen.ip().is_loopback() {
        let only =
            "state is shown on a loopback address only, because there is no login: set admin.listen to 127.0.0.1\n";
        let refuse = move || async move { (StatusCode::FORBIDDEN, only) };
        return Router::new().route("/state", get(refuse)).route("/state/{pipeline}/{store}", get(refuse));
    }
    let reads = Reads { shown, room: Arc::new(Semaphore::new(READS_MAX)) };
    Router::new()
        .route("/state", get(list))
        .route("/state/{pipeline}/{store}", get(keys))
        .layer(from_fn(not_for_browsers))
        .with_state(reads)
}

async fn not_for_browsers(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let from_a_page = headers.contains_key(header::ORIGIN) || headers.contains_key("sec-fetch-site");
    if from_a_page || !is_for_this_machine(headers) {
        return (StatusCode::FORBIDDEN, "not for web pages\n").into_response();
    }
    next.run(request).await
}

/// By address, or by the one name that no resolver of elsewhere can give to us.
fn is_for_this_machine(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST).and_then(|host| host.to_str().ok()) else { return false };
    let name = host.rsplit_once(':').map_or(host, |(name, port)| match port.parse::<u16>() {
        Ok(_) => name,
        Err(_) => host,
    });
    let address: Result<IpAddr, _> = name.trim_start_matches('[').trim_end_matches(']').parse();
    name == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

async fn list(State(reads): State<Reads>) -> Response {
    let shown = reads.shown.clone();
    reads
        .read(move || {
            let mut pipelines = Map::new();
            for name in shown.pipelines() {
                let Some(stores) = shown.of(&name) else { continue };
                let facts = stores.facts().map_err(|error| error.to_string())?;
                pipelines.insert(name, serde_json::to_value(facts).map_err(|error| error.to_string())?);
            }
            Ok(Some(Value::Object(pipelines)))
        })
        .await
}

async fn keys(
    State(reads): State<Reads>,
    Path((pipeline, store)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Response {
    let wanted = match Wanted::parse(query.as_deref().unwrap_or_default()) {
        Ok(wanted) => wanted,
        Err(what) => return (StatusCode::BAD_REQUEST, format!("{what}\n")).into_response(),
    };
    let Some(stores) = reads.shown.of(&pipeline) else {
        let text = format!("no pipeline `{pipeline}` with state has been started here\n");
        return (StatusCode::NOT_FOUND, text).into_response();
    };
    reads.read(move || wanted.ask(&stores, &store)).await
}

/// What a request asks of a store.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    Key(Vec<u8>),
    Scan(Question),
}

impl Wanted {
    /// `key=`, or any of `prefix=`, `after=` with `after_partition=`, `partition=`, `limit=`. Keys are base64url.
    fn parse(query: &str) -> Result<Wanted, String> {
        let mut question = Question { limit: LIMIT, ..Question::default() };
        let (mut key, mut after, mut after_partition) = (None, None, i32::MAX);
        for part in query.split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let bytes = || URL_SAFE_NO_PAD.decode(value).map_err(|error| format!("`{name}` is not base64url: {error}"));
            let number = || value.parse::<i32>().map_err(|error| format!("`{name}`: {error}"));
            match name {
                "key" => key = Some(bytes()?),
                "prefix" => question.prefix = bytes()?,
                "after" => after = Some(bytes()?),
                "after_partition" => after_partition = number()?,
                "partition" => question.partition = Some(number()?),
                "limit" => question.limit = usize::try_from(number()?).map_err(|_| "`limit` is negative".to_owned())?,
                _ => return Err(format!("nothing is known about `{name}`")),
            }
        }
        question.after = after.map(|after| (after, after_partition));
        Ok(key.map_or(Wanted::Scan(question), Wanted::Key))
    }

    fn ask(&self, stores: &ShownStores, store: &str) -> Result<Option<Page>, String> {
        let answer = match self {
            Wanted::Key(key) => stores.get(store, key),
            Wanted::Scan(question) => stores.scan(store, question),
        };
        answer.map_err(|error| error.to_string())
    }
}

impl Reads {
    /// Reads on a thread that may wait for the disk. `None`: there is no such store.
    async fn read<T: Serialize>(&self, read: impl FnOnce() -> Result<Option<T>, String> + Send + 'static) -> Response {
        // Never closed.
        let Ok(_room) = self.room.acquire().await else { return StatusCode::SERVICE_UNAVAILABLE.into_response() };
        let text = spawn_blocking(move || {
            let Some(answer) = read()? else { return Ok(None) };
            serde_json::to_string(&answer).map(Some).map_err(|error| error.to_string())
        });
        match text.await {
            Ok(Ok(Some(text))) => ([(header::CONTENT_TYPE, "application/json")], text + "\n").into_response(),
            Ok(Ok(None)) => (StatusCode::NOT_FOUND, "the pipeline has no such store\n").into_response(),
            Ok(Err(error)) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response(),
            Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, "the read ended in a panic, see the log\n").into_response(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_read_with_its_keys_and_what_is_unknown_is_refused() {
        let scan = Wanted::parse("prefix=YQ&after=YWI&after_partition=3&partition=2&limit=7");
        let question =
            Question { prefix: b"a".to_vec(), after: Some((b"ab".to_vec(), 3)), partition: Some(2), limit: 7 };
        assert_eq!(scan, Ok(Wanted::Scan(question)));
        assert_eq!(Wanted::parse("key="), Ok(Wanted::Key(vec![])));
        let after = Wanted::parse("after=YWI").map(|wanted| match wanted {
            Wanted::Scan(question) => question.after,
            Wanted::Key(_) => None,
        });
        assert_eq!(after, Ok(Some((b"ab".to_vec(), i32::MAX))));
        for bad in ["key=%20", "limit=-1", "limit=x", "order=desc"] {
            assert!(Wanted::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_names_of_this_machine_are_answered_to() {
        let is_ours = |host: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            is_for_this_machine(&headers)
        };
        for good in ["127.0.0.1", "127.0.0.1:8090", "localhost:8090", "[::1]:8090", "127.8.8.8"] {
            assert!(is_ours(good), "{good}");
        }
        for bad in
            ["elsewhere.example", "elsewhere.example:8090", "localhost.example", "10.0.0.1:8090", "127.0.0.1.example"]
        {
            assert!(!is_ours(bad), "{bad}");
        }
        assert!(!is_for_this_machine(&HeaderMap::new()));
    }
}
