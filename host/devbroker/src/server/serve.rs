//! One request from hand-over to answer, faults included. Nothing here touches a socket: a held request is carried out
//! when it is released, even if its connection has long gone.

use std::sync::Arc;
use std::time::Duration;

use kafka_protocol::messages::{ApiKey, FetchRequest, ProduceRequest, RequestKind, ResponseKind};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::api::{fetch, produce, refusal};
use crate::core::{Caller, Reply};
use crate::faults::{Action, Hit, OnHold};
use crate::shared::Shared;

/// A longer poll is cut to this; clients ask for half a second.
const LONG_POLL_MAX: Duration = Duration::from_secs(60);

/// What the connection has to do.
#[allow(clippy::large_enum_variant, reason = "made once for each request and taken apart at once")]
pub(crate) enum Served {
    Answer(ResponseKind),
    /// Go on without an answer.
    Silence,
    Close,
}

/// Serves a request as the rules of the broker's faults want it.
pub(crate) async fn serve(shared: &Arc<Shared>, api: ApiKey, caller: Caller, request: RequestKind) -> Served {
    let Some(hit) = shared.faults.on_request(api, &caller, &request) else {
        return apply(shared, &caller, request).await;
    };
    match hit.action {
        Action::Disconnect => Served::Close,
        Action::Fail(error) => refusal::answer(&request, caller.version, error).map_or(Served::Close, Served::Answer),
        Action::DropAnswer => match apply_noted(shared, &caller, request, hit).await {
            Served::Close => Served::Close,
            _ => Served::Silence,
        },
        Action::CutAnswer => {
            apply_noted(shared, &caller, request, hit).await;
            Served::Close
        }
        Action::Delay(delay) => {
            // A task of its own: the client may leave, the request is under way.
            let shared = Arc::clone(shared);
            let late = async move {
                tokio::time::sleep(delay).await;
                apply_noted(&shared, &caller, request, hit).await
            };
            tokio::spawn(late).await.unwrap_or(Served::Close)
        }
        Action::Hold(then) => {
            let shared = Arc::clone(shared);
            let late = tokio::spawn(async move {
                shared.faults.release_of(hit.rule).await;
                apply_noted(&shared, &caller, request, hit).await
            });
            match then {
                OnHold::CutClient => Served::Close,
                OnHold::KeepClient => late.await.unwrap_or(Served::Close),
            }
        }
    }
}

async fn apply_noted(shared: &Shared, caller: &Caller, request: RequestKind, hit: Hit) -> Served {
    let served = apply(shared, caller, request).await;
    let error = match &served {
        Served::Answer(answer) => refusal::first_error(answer),
        _ => 0,
    };
    shared.faults.applied(hit.rule, error);
    served
}

async fn apply(shared: &Shared, caller: &Caller, request: RequestKind) -> Served {
    if shared.is_closed() {
        return Served::Close;
    }
    match request {
        RequestKind::Produce(request) => produce(shared, caller, request),
        RequestKind::Fetch(request) => Served::Answer(fetch(shared, caller, &request).await),
        request => {
            let now = shared.clock.now();
            let reply = shared.lock().handle(caller, request, now);
            shared.due.notify_one();
            match reply {
                _ if shared.is_closed() => Served::Close,
                Reply::Now(answer) => Served::Answer(answer),
                Reply::Nothing => Served::Close,
                Reply::Later(answer) => answer.await.map_or(Served::Close, Served::Answer),
            }
        }
    }
}

fn produce(shared: &Shared, caller: &Caller, request: ProduceRequest) -> Served {
    let checked = produce::check(&request);
    let now = shared.clock.now();
    let answer = shared.lock().produce(caller, &request, checked, now);
    match request.acks {
        _ if shared.is_closed() => Served::Close,
        0 => Served::Silence,
        _ => Served::Answer(answer.into()),
    }
}

/// Waits until there is enough to give, or the client's patience ends.
async fn fetch(shared: &Shared, caller: &Caller, request: &FetchRequest) -> ResponseKind {
    if let Some(refused) = fetch::refused_session(request) {
        return refused.into();
    }
    let min_bytes = usize::try_from(request.min_bytes).unwrap_or_default();
    let wait = Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or_default()).min(LONG_POLL_MAX);
    let is_enough = |found: &fetch::Found| found.is_urgent || found.bytes >= min_bytes;
    let found = shared.read(|core| core.fetch(caller, request));
    if is_enough(&found) || wait.is_zero() {
        return found.into_answer().into();
    }
    let deadline = Instant::now() + wait;
    let more = Arc::new(Notify::new());
    let _waiting = Waiting::register(shared, caller, request, &more);
    loop {
        let found = shared.read(|core| core.fetch(caller, request));
        if is_enough(&found) || tokio::time::timeout_at(deadline, more.notified()).await.is_err() {
            return found.into_answer().into();
        }
    }
}

/// Registered with every partition until dropped: a connection that closes ends its wait too.
struct Waiting<'a> {
    shared: &'a Shared,
    caller: &'a Caller,
    request: &'a FetchRequest,
    id: u64,
}

impl<'a> Waiting<'a> {
    fn register(shared: &'a Shared, caller: &'a Caller, request: &'a FetchRequest, more: &Arc<Notify>) -> Self {
        let id = shared.new_waiter();
        shared.lock().wait_for_more(caller, request, id, more);
        Self { shared, caller, request, id }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.shared.lock().stop_waiting(self.caller, self.request, self.id);
    }
}
