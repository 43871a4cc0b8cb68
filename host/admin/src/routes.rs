//! What each path answers. Handlers here only read, and none of them waits.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use wasmill_telemetry::{CONTENT_TYPE, Health, Metrics};

const INDEX: &str = "wasmill: /metrics /livez /readyz /state /state/PIPELINE/STORE, POST /swap /pipelines/NAME/swap\n";

pub(crate) fn router(metrics: Metrics, health: Health, control: Router) -> Router {
    Router::new()
        .route("/", get(INDEX))
        .route("/metrics", get(show_metrics).with_state(metrics))
        .route("/livez", get(|State(health): State<Health>| async move { verdict(health.live()) }))
        .route("/readyz", get(|State(health): State<Health>| async move { verdict(health.ready()) }))
        .fallback(|| async { (StatusCode::NOT_FOUND, "not found\n") })
        .method_not_allowed_fallback(|| async { (StatusCode::METHOD_NOT_ALLOWED, "method not allowed\n") })
        .layer(map_response(one_request))
        .with_state(health)
        .merge(control.layer(map_response(one_request)))
}

async fn show_metrics(State(metrics): State<Metrics>) -> Response {
    match metrics.encode() {
        Ok(page) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], page).into_response(),
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, "a metric can't be written as OpenMetrics\n").into_response(),
    }
}

/// 200 `ok`, or 503 with one reason per line.
fn verdict(healthy: Result<(), Vec<String>>) -> (StatusCode, String) {
    match healthy {
        Ok(()) => (StatusCode::OK, "ok\n".to_owned()),
        Err(reasons) => (StatusCode::SERVICE_UNAVAILABLE, reasons.join("\n") + "\n"),
    }
}

/// Ends the connection behind the response; hyper reads this header and closes.
async fn one_request(mut response: Response) -> Response {
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}
