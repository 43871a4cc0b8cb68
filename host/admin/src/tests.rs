//! Over real sockets, as probes and Prometheus do it.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use wasmill_telemetry::State;

use super::*;

/// Long enough for any answer on a busy machine; a test that gets here fails.
const PATIENCE: Duration = Duration::from_secs(20);

struct Server {
    address: SocketAddr,
    metrics: Metrics,
    health: Health,
    stop: oneshot::Sender<()>,
    done: JoinHandle<io::Result<()>>,
}

async fn start() -> Server {
    let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let address = listener.local_addr().unwrap();
    let (metrics, health) = (Metrics::new(), Health::new());
    let (stop, stopped) = oneshot::channel();
    let served = Served { metrics: metrics.clone(), health: health.clone(), ..Served::default() };
    let done = tokio::spawn(serve(listener, served, async move {
        _ = stopped.await;
    }));
    Server { address, metrics, health, stop, done }
}

impl Server {
    /// The whole answer, up to the end of the connection.
    async fn ask(&self, method: &str, path: &str) -> String {
        let mut client = TcpStream::connect(self.address).await.unwrap();
        client.write_all(format!("{method} {path} HTTP/1.1\r\nhost: test\r\n\r\n").as_bytes()).await.unwrap();
        read_to_end(&mut client).await
    }
}

async fn read_to_end(client: &mut TcpStream) -> String {
    let mut answer = String::new();
    tokio::time::timeout(PATIENCE, client.read_to_string(&mut answer)).await.expect("an answer").unwrap();
    answer
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default()
}

#[tokio::test]
async fn readyz_names_what_is_not_ready_and_turns_when_it_is() {
    let server = start().await;
    let answer = server.ask("GET", "/readyz").await;
    assert_eq!((status(&answer), body(&answer)), ("503", "nothing has started yet\n"));

    server.health.set("pipeline/orders", State::Waiting { reason: "no broker answers".to_owned() });
    server.health.set("pipeline/loyalty", State::Failed { reason: "topic `loyalty` was deleted".to_owned() });
    let answer = server.ask("GET", "/readyz").await;
    let reasons = "pipeline/loyalty failed: topic `loyalty` was deleted\npipeline/orders waiting: no broker answers\n";
    assert_eq!((status(&answer), body(&answer)), ("503", reasons));

    server.health.set("pipeline/orders", State::Ready);
    server.health.set("pipeline/loyalty", State::Ready);
    let answer = server.ask("GET", "/readyz").await;
    assert_eq!((status(&answer), body(&answer)), ("200", "ok\n"));
}

#[tokio::test]
async fn livez_fails_on_a_stall_and_on_nothing_less() {
    let server = start().await;
    server.health.set("pipeline/orders", State::Failed { reason: "stopped".to_owned() });
    let answer = server.ask("GET", "/livez").await;
    assert_eq!((status(&answer), body(&answer)), ("200", "ok\n"));

    server.health.set("pipeline/orders", State::Stalled { reason: "no progress for 60 s in invoke".to_owned() });
    let answer = server.ask("GET", "/livez").await;
    assert_eq!((status(&answer), body(&answer)), ("503", "pipeline/orders stalled: no progress for 60 s in invoke\n"));
}

#[tokio::test]
async fn metrics_are_served_as_openmetrics_with_their_current_values() {
    let server = start().await;
    server.metrics.worker("orders", 0).records.forward.inc_by(256);
    let answer = server.ask("GET", "/metrics").await;
    assert_eq!(status(&answer), "200");
    assert!(
        answer.contains("content-type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"),
        "{answer}"
    );
    assert!(body(&answer).contains("wasmill_records_total{pipeline=\"orders\",outcome=\"forward\"} 256\n"), "{answer}");
    assert!(body(&answer).ends_with("# EOF\n"), "{answer}");
}

#[tokio::test]
async fn head_has_the_headers_of_get_and_no_body() {
    let server = start().await;
    let answer = server.ask("HEAD", "/metrics").await;
    assert_eq!((status(&answer), body(&answer)), ("200", ""));
    assert!(answer.contains("content-type: application/openmetrics-text"), "{answer}");
    assert_eq!(status(&server.ask("HEAD", "/readyz").await), "503");
}

#[tokio::test]
async fn the_index_names_the_paths_and_every_other_path_or_method_is_refused() {
    let server = start().await;
    let answer = server.ask("GET", "/").await;
    assert_eq!(
        (status(&answer), body(&answer)),
        ("200", "wasmill: /metrics /livez /readyz /state /state/PIPELINE/STORE, POST /swap /pipelines/NAME/swap\n")
    );
    for path in ["/metrics/", "/nothing", "/../etc/passwd"] {
        assert_eq!(status(&server.ask("GET", path).await), "404", "{path}");
    }
    for path in ["/", "/metrics", "/livez", "/readyz"] {
        let answer = server.ask("POST", path).await;
        assert_eq!(status(&answer), "405", "{path}");
        assert!(answer.to_lowercase().contains("allow: get,head\r\n"), "{answer}");
    }
    assert_eq!(status(&server.ask("GARBAGE\r\n", "/").await), "400");
}

#[tokio::test]
async fn a_swap_before_the_plugins_are_loaded_is_to_be_asked_for_again() {
    let server = start().await;
    for path in ["/swap", "/pipelines/orders/swap"] {
        let answer = server.ask("POST", path).await;
        assert_eq!((status(&answer), body(&answer)), ("503", "plugins are still being loaded\n"), "{path}");
        assert_eq!(status(&server.ask("GET", path).await), "405", "{path}");
    }
}

#[tokio::test]
async fn a_swap_that_a_web_page_asks_for_is_refused() {
    let server = start().await;
    let mut client = TcpStream::connect(server.address).await.unwrap();
    client.write_all(b"POST /swap HTTP/1.1\r\nhost: test\r\norigin: http://elsewhere\r\n\r\n").await.unwrap();
    assert_eq!(status(&read_to_end(&mut client).await), "403");
}

#[tokio::test]
async fn a_swap_and_state_on_an_address_that_others_reach_are_refused_with_what_to_do() {
    let listener = bind(SocketAddr::from(([0, 0, 0, 0], 0))).unwrap();
    let port = listener.local_addr().unwrap().port();
    let stop = std::future::pending();
    let server = tokio::spawn(serve(listener, Served::default(), stop));
    for (request, hint) in [
        ("POST /swap", "set admin.listen to 127.0.0.1, or send SIGHUP"),
        ("GET /state", "set admin.listen to 127.0.0.1"),
        ("GET /state/shop/stock", "set admin.listen to 127.0.0.1"),
    ] {
        let mut client = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        client.write_all(format!("{request} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n").as_bytes()).await.unwrap();
        let answer = read_to_end(&mut client).await;
        assert_eq!(status(&answer), "403", "{request}");
        assert!(body(&answer).contains(hint), "{answer}");
    }
    server.abort();
}

#[tokio::test]
async fn state_is_for_this_machine_and_not_for_web_pages() {
    let server = start().await;
    let ask = async |headers: &str| {
        let mut client = TcpStream::connect(server.address).await.unwrap();
        client.write_all(format!("GET /state HTTP/1.1\r\n{headers}\r\n").as_bytes()).await.unwrap();
        read_to_end(&mut client).await
    };
    let answer = ask("host: 127.0.0.1:8090\r\n").await;
    assert_eq!((status(&answer), body(&answer)), ("200", "{}\n"));
    for page in [
        "host: 127.0.0.1:8090\r\norigin: http://elsewhere\r\n",
        "host: 127.0.0.1:8090\r\nsec-fetch-site: cross-site\r\n",
        "host: elsewhere.example:8090\r\n",
    ] {
        assert_eq!(status(&ask(page).await), "403", "{page}");
    }
}

#[tokio::test]
async fn a_pipeline_without_state_and_a_question_that_is_none_are_refused() {
    let server = start().await;
    let ask = async |path: &str| {
        let mut client = TcpStream::connect(server.address).await.unwrap();
        client.write_all(format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").as_bytes()).await.unwrap();
        read_to_end(&mut client).await
    };
    let answer = ask("/state/shop/stock").await;
    assert_eq!((status(&answer), body(&answer)), ("404", "no pipeline `shop` with state has been started here\n"));
    assert_eq!(status(&ask("/state/shop/stock?order=desc").await), "400");
    assert_eq!(status(&ask("/state/shop").await), "404");
}

#[tokio::test]
async fn an_answer_ends_its_connection() {
    let server = start().await;
    let mut client = TcpStream::connect(server.address).await.unwrap();
    let two = "GET /livez HTTP/1.1\r\nhost: test\r\n\r\n".repeat(2);
    client.write_all(two.as_bytes()).await.unwrap();
    let answer = read_to_end(&mut client).await;
    assert_eq!(answer.matches("HTTP/1.1 200").count(), 1, "{answer}");
    assert!(answer.contains("connection: close\r\n"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_never_finished_is_cut_off_at_the_request_timeout() {
    let server = start().await;
    let started = tokio::time::Instant::now();
    let mut client = TcpStream::connect(server.address).await.unwrap();
    client.write_all(b"GET /livez HTTP/1.1\r\nhost: ").await.unwrap();
    let mut answer = Vec::new();
    _ = client.read_to_end(&mut answer).await; // an end or a reset, as the kernel likes
    assert_eq!(answer, b"");
    assert!(started.elapsed() >= REQUEST_TIMEOUT, "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_client_beyond_the_bound_is_answered_once_another_one_leaves() {
    let server = start().await;
    let mut idle = Vec::new();
    for _ in 0..CONNECTIONS_MAX {
        idle.push(TcpStream::connect(server.address).await.unwrap());
    }
    let mut last = TcpStream::connect(server.address).await.unwrap();
    last.write_all(b"GET / HTTP/1.1\r\nhost: test\r\n\r\n").await.unwrap();
    drop(idle.pop());
    assert_eq!(status(&read_to_end(&mut last).await), "200");
}

#[tokio::test]
async fn a_taken_address_is_an_error_that_names_it_and_the_key_to_change() {
    let first = bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let address = first.local_addr().unwrap();
    let error = bind(address).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    let message = error.to_string();
    assert!(message.starts_with(&format!("failed to listen on {address} (config key `admin.listen`): ")), "{message}");
}

#[tokio::test]
async fn a_stop_ends_the_server() {
    let server = start().await;
    assert_eq!(status(&server.ask("GET", "/livez").await), "200");
    server.stop.send(()).unwrap();
    tokio::time::timeout(PATIENCE, server.done).await.expect("the server ends").unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_stop_waits_for_a_request_under_way_no_longer_than_the_request_timeout() {
    let server = start().await;
    let mut client = TcpStream::connect(server.address).await.unwrap();
    client.write_all(b"GET /livez HTTP/1.1\r\nhost: ").await.unwrap();
    let started = tokio::time::Instant::now();
    server.stop.send(()).unwrap();
    tokio::time::timeout(PATIENCE, server.done).await.expect("the server ends").unwrap().unwrap();
    assert!(started.elapsed() < 2 * REQUEST_TIMEOUT, "{:?}", started.elapsed());
}
