use super::{Addresses, Common, server};
use crate::Options;
use std::path::Path;

fn text(options: &Options) -> String {
    let addresses = Addresses {
        client: "127.0.0.1:1".into(),
        controller: "127.0.0.1:2".into(),
        external: options.external.as_ref().map(|_| "127.0.0.1:3".into()),
        secure: options.sasl.then(|| "127.0.0.1:4".into()),
    };
    let common = Common { options, voters: "0@127.0.0.1:2".into(), keys: None };
    server(0, &addresses, Path::new("/data"), &common)
}

fn has(text: &str, line: &str) -> bool {
    text.lines().any(|it| it == line)
}

#[test]
fn a_property_of_the_test_wins_over_the_default() {
    let text = text(&Options::one().property("group.initial.rebalance.delay.ms", "500"));
    assert!(has(&text, "group.initial.rebalance.delay.ms=500"), "{text}");
    assert_eq!(text.matches("group.initial.rebalance.delay.ms").count(), 1);
}

#[test]
fn the_external_listener_is_bound_here_and_advertised_there() {
    let text = text(&Options::one().external("127.0.0.1:9999"));
    let listeners = "listeners=CLIENT://127.0.0.1:1,CONTROLLER://127.0.0.1:2,EXTERNAL://127.0.0.1:3";
    assert!(has(&text, listeners), "{text}");
    assert!(has(&text, "advertised.listeners=CLIENT://127.0.0.1:1,EXTERNAL://127.0.0.1:9999"), "{text}");
}

#[test]
fn replicas_fit_the_number_of_nodes() {
    let (one, three) = (text(&Options::one()), text(&Options::three()));
    assert!(has(&one, "transaction.state.log.min.isr=1") && has(&one, "offsets.topic.replication.factor=1"), "{one}");
    assert!(
        has(&three, "transaction.state.log.min.isr=2") && has(&three, "offsets.topic.replication.factor=3"),
        "{three}"
    );
}
