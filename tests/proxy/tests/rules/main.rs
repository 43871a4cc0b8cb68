//! Each rule and switch of the proxy against a broker that answers everything.

// The lint's exemption for tests does not reach a test's helper functions.
#![allow(clippy::unwrap_used)]

mod echo;

use std::time::{Duration, Instant};

use echo::{Client, WITHIN, broker};
use wasmill_proxy::{Answer, Api, OnHold, Proxy};

const PRODUCE: i16 = 0;
const METADATA: i16 = 3;
const END_TXN: i16 = 26;

#[test]
fn without_rules_every_request_is_answered_and_counted() {
    let (address, log) = broker(0);
    let proxy = Proxy::start(&address).unwrap();
    let mut client = Client::connect(&proxy.address());
    for correlation in 1..=3 {
        client.send(PRODUCE, correlation, "a");
        assert_eq!(client.answer(), Some(correlation));
    }
    client.send(METADATA, 4, "b");
    assert_eq!(client.answer(), Some(4));
    assert_eq!(log.read(), [1, 2, 3, 4]);
    assert_eq!((proxy.requests(Api::Produce), proxy.answers(Api::Produce)), (3, 3));
    assert_eq!((proxy.requests_by(Api::Produce, "a"), proxy.requests_by(Api::Produce, "b")), (3, 0));
    assert_eq!((proxy.requests(Api::Metadata), proxy.requests(Api::EndTxn)), (1, 0));
}

#[test]
fn a_held_request_and_those_behind_it_wait_until_released() {
    let (address, log) = broker(0);
    let proxy = Proxy::start(&address).unwrap();
    let held = proxy.rule(Api::EndTxn).hold(OnHold::KeepClient);
    let mut client = Client::connect(&proxy.address());
    client.send(END_TXN, 1, "a");
    client.send(PRODUCE, 2, "a");
    held.wait_until_caught(1, WITHIN).unwrap();
    let mut other = Client::connect(&proxy.address());
    other.send(PRODUCE, 3, "b");
    assert_eq!(other.answer(), Some(3));
    assert_eq!(log.read(), [3], "the held request reached the broker");
    held.release();
    assert_eq!((client.answer(), client.answer()), (Some(1), Some(2)));
    assert_eq!(log.read(), [3, 1, 2]);
}

#[test]
fn a_held_request_is_delivered_after_its_client_has_gone() {
    let (address, log) = broker(47);
    let proxy = Proxy::start(&address).unwrap();
    let held = proxy.rule(Api::EndTxn).hold(OnHold::KeepClient);
    let mut client = Client::connect(&proxy.address());
    client.send(END_TXN, 1, "a");
    held.wait_until_caught(1, WITHIN).unwrap();
    drop(client);
    held.release();
    let late = Answer { api: Api::EndTxn, client: "a".into(), error: Some(47) };
    assert_eq!(held.answer(0, WITHIN).unwrap(), late);
    assert_eq!(log.read(), [1]);
    assert_eq!(proxy.answers_of(Api::EndTxn), [late]);
}

#[test]
fn a_hold_that_cuts_closes_the_client_and_delivers_later() {
    let (address, log) = broker(0);
    let proxy = Proxy::start(&address).unwrap();
    let held = proxy.rule(Api::EndTxn).hold(OnHold::CutClient);
    let mut client = Client::connect(&proxy.address());
    client.send(END_TXN, 1, "a");
    assert_eq!(client.answer(), None);
    let mut again = Client::connect(&proxy.address());
    again.send(END_TXN, 2, "a");
    assert_eq!(again.answer(), Some(2), "the rule was for one request");
    held.release();
    assert_eq!(held.answer(0, WITHIN).unwrap().error, Some(0));
    assert_eq!(log.read(), [2, 1]);
    assert_eq!(held.caught(), 1);
}

#[test]
fn what_is_held_when_the_proxy_ends_is_never_delivered() {
    let (address, log) = broker(0);
    let proxy = Proxy::start(&address).unwrap();
    let held = proxy.rule(Api::EndTxn).hold(OnHold::KeepClient);
    let mut client = Client::connect(&proxy.address());
    client.send(END_TXN, 1, "a");
    held.wait_until_caught(1, WITHIN).unwrap();
    drop(proxy);
    assert_eq!(client.answer(), None);
    held.release();
    held.answer(0, Duration::from_millis(50)).expect_err("the request was delivered");
    assert_eq!(log.read(), []);
}

#[test]
fn a_dropped_answer_leaves_the_connection_open() {
    let (address, log) = broker(0);
    let proxy = Proxy::start(&address).unwrap();
    let dropped = proxy.rule(Api::Produce).drop_answer();
    let mut client = Client::connect(&proxy.address());
    client.send(PRODUCE, 1, "a");
    client.send(PRODUCE, 2, "a");
    assert_eq!(client.answer(), Some(2));
    assert_eq!((log.read(), dropped.hits()), (vec![1, 2], 1));
    assert_eq!(proxy.answers(Api::Produce), 2, "a swallowed answer is still an answer of the broker");
}

#[test]
fn a_held_answer_comes_when_released_and_those_behind_it_pass() {
    let (address, log) = broker(47);
    let proxy = Proxy::start(&address).unwrap();
    let held = proxy.rule(Api::EndTxn).hold_answer();
    let mut client = Client::connect(&proxy.address());
    client.send(END_TXN, 1, "a");
    client.send(PRODUCE, 2, "a");
    assert_eq!(client.answer(), Some(2));
    assert_eq!((log.read(), held.caught()), (vec![1, 2], 1));
    assert_eq!(held.answer(0, WITHIN).unwrap().error, Some(47));
    held.release();
    assert_eq!(client.answer(), Some(1));
}

#[test]
fn a_delayed_answer_comes_late() {
    let (address, _) = broker(0);
    let proxy = Proxy::start(&address).unwrap();
    let delay = Duration::from_millis(200);
    proxy.rule(Api::Produce).delay_answer(delay);
    let mut client = Client::connect(&proxy.address());
    let sent = Instant::now();
    client.send(PRODUCE, 1, "a");
    assert_eq!(client.answer(), Some(1));
    assert!(sent.elapsed() >= delay, "answered after {:?}", sent.elapsed());
}

#[test]
fn a_cut_request_never_reaches_the_broker() {
    let (address, log) = broker(0);
    let proxy = Proxy::start(&address).unwrap();
    proxy.rule(Api::Produce).cut();
    let mut client = Client::connect(&proxy.address());
    client.send(METADATA, 1, "a");
    assert_eq!(client.answer(), Some(1));
    client.send(PRODUCE, 2, "a");
    assert_eq!(client.answer(), None);
    assert_eq!((log.read(), proxy.requests(Api::Produce)), (vec![1], 1));
}

#[test]
fn a_cut_answer_closes_the_connection_after_the_broker_has_acted() {
    let (address, log) = broker(0);
    let proxy = Proxy::start(&address).unwrap();
    let cut = proxy.rule(Api::Produce).cut_answer();
    let mut client = Client::connect(&proxy.address());
    client.send(PRODUCE, 1, "a");
    assert_eq!(client.answer(), None);
    cut.wait_for_hits(1, WITHIN).unwrap();
    assert_eq!(log.read(), [1]);
}

#[test]
fn a_rule_applies_to_its_client_and_its_number_of_frames_only() {
    let (address, _) = broker(0);
    let proxy = Proxy::start(&address).unwrap();
    let dropped = proxy.rule(Api::Produce).of_client("a").times(2).drop_answer();
    let mut client = Client::connect(&proxy.address());
    for (correlation, name) in [(1, "a"), (2, "b"), (3, "a"), (4, "a")] {
        client.send(PRODUCE, correlation, name);
    }
    assert_eq!((client.answer(), client.answer()), (Some(2), Some(4)));
    assert_eq!(dropped.hits(), 2);
}

#[test]
fn a_cancelled_rule_applies_no_more() {
    let (address, _) = broker(0);
    let proxy = Proxy::start(&address).unwrap();
    let dropped = proxy.rule(Api::Produce).times(usize::MAX).drop_answer();
    let mut client = Client::connect(&proxy.address());
    client.send(PRODUCE, 1, "a");
    dropped.wait_for_hits(1, WITHIN).unwrap();
    dropped.cancel();
    client.send(PRODUCE, 2, "a");
    assert_eq!(client.answer(), Some(2));
}

#[test]
fn waiting_for_a_request_ends_when_it_comes_and_fails_when_it_does_not() {
    let (address, _) = broker(0);
    let proxy = Proxy::start(&address).unwrap();
    let error = proxy.wait_for_requests(Api::Heartbeat, 1, Duration::from_millis(20)).expect_err("none was sent");
    assert!(error.to_string().contains("1 requests of type Heartbeat"), "{error}");
    let mut client = Client::connect(&proxy.address());
    client.send(12, 1, "a");
    proxy.wait_for_requests(Api::Heartbeat, 1, WITHIN).unwrap();
    proxy.wait_for_answers(Api::Heartbeat, 1, WITHIN).unwrap();
}

#[test]
fn cutting_all_closes_every_client() {
    let (address, _) = broker(0);
    let proxy = Proxy::start(&address).unwrap();
    let mut clients = [Client::connect(&proxy.address()), Client::connect(&proxy.address())];
    for (correlation, client) in (0..).zip(&mut clients) {
        client.send(METADATA, correlation, "a");
        assert_eq!(client.answer(), Some(correlation));
    }
    proxy.cut_all();
    assert_eq!(clients.map(|client| client.answer()), [None, None]);
}

#[test]
fn new_connections_are_refused_until_allowed_again() {
    let (address, log) = broker(0);
    let proxy = Proxy::start(&address).unwrap();
    proxy.refuse(true);
    assert_eq!(Client::connect(&proxy.address()).answer(), None);
    assert_eq!(log.read(), []);
    proxy.refuse(false);
    let mut client = Client::connect(&proxy.address());
    client.send(METADATA, 1, "a");
    assert_eq!(client.answer(), Some(1));
}

#[test]
fn a_stalled_proxy_passes_nothing_and_closes_nothing() {
    let (address, log) = broker(0);
    let proxy = Proxy::start(&address).unwrap();
    let mut client = Client::connect(&proxy.address());
    client.send(METADATA, 1, "a");
    assert_eq!(client.answer(), Some(1));
    proxy.stall(true);
    client.send(METADATA, 2, "a");
    proxy.wait_for_requests(Api::Metadata, 2, Duration::from_millis(100)).expect_err("a frame passed");
    assert_eq!(log.read(), [1]);
    proxy.stall(false);
    assert_eq!(client.answer(), Some(2));
}

#[test]
fn a_proxy_without_a_broker_refuses_until_it_is_told_one() {
    let proxy = Proxy::bind().unwrap();
    assert_eq!(Client::connect(&proxy.address()).answer(), None);
    let (address, _) = broker(0);
    proxy.forward_to(&address);
    let mut client = Client::connect(&proxy.address());
    client.send(METADATA, 1, "a");
    assert_eq!(client.answer(), Some(1));
}

#[test]
fn bytes_that_are_no_frame_end_the_connection() {
    use std::io::{Read as _, Write as _};
    let (address, log) = broker(0);
    let proxy = Proxy::start(&address).unwrap();
    for garbage in [&b"\xff\xff\xff\xff"[..], b"\x7f\xff\xff\xff", b"\x00\x00\x00\x02\x00\x00"] {
        let mut stream = std::net::TcpStream::connect(proxy.address()).unwrap();
        stream.set_read_timeout(Some(WITHIN)).unwrap();
        stream.write_all(garbage).unwrap();
        assert!(matches!(stream.read(&mut [0; 1]), Ok(0)), "{garbage:?}");
    }
    assert_eq!(log.read(), []);
}
