use super::records::{self, WRONG_TOTAL_EVERY};
use super::{Bench, Output, Refusal};
use serde_json::json;
use wasmill_sdk::{Answer, Harness, Sample};

const COUNT: u64 = 256;

fn answers(config: serde_json::Value) -> Vec<Answer> {
    let samples = records::orders(COUNT).into_iter().map(|it| Sample::new().key(it.key).value(it.value));
    Harness::<Bench>::new(config).batch(samples).answers().to_vec()
}

fn forwarded(answers: &[Answer]) -> usize {
    answers.iter().filter(|it| matches!(it, Answer::Forward(_))).count()
}

#[test]
fn identity_forwards_all() {
    assert_eq!(forwarded(&answers(json!({ "kind": "identity" }))), COUNT as usize);
}

#[test]
fn the_filter_drops_by_prefix() {
    let answers = answers(json!({ "kind": "key-filter", "prefix": "cust-0000001" }));
    let dropped = answers.iter().filter(|it| **it == Answer::Drop).count();
    assert_eq!(dropped + forwarded(&answers), COUNT as usize);
    assert!(dropped > 0 && forwarded(&answers) > 0, "{dropped} dropped");
}

#[test]
fn orders_with_a_wrong_total_are_rejected() {
    let answers = answers(json!({ "kind": "json-validate" }));
    let refused = answers.iter().filter(|it| matches!(it, Answer::Reject { code, .. } if code == "bad-total")).count();
    assert_eq!(refused as u64, COUNT / WRONG_TOTAL_EVERY);
    assert_eq!(forwarded(&answers) + refused, COUNT as usize);
}

#[test]
fn every_rule_has_its_code() {
    let order = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut order = serde_json::from_slice(&records::orders(1)[0].value).unwrap();
        change(&mut order);
        Sample::new().json(order)
    };
    Harness::<Bench>::new(json!({ "kind": "json-validate" }))
        .batch([
            order(&|it| it["currency"] = "EURO".into()),
            order(&|it| it["ship_to"]["country"] = "Germany".into()),
            order(&|it| it["items"] = json!([])),
            order(&|it| it["total"] = 1.into()),
            order(&|it| it["order_id"] = "an \"escaped\" id".into()),
        ])
        .expect_reject(Refusal::BadCurrency)
        .expect_reject(Refusal::BadAddress)
        .expect_reject(Refusal::NoItems)
        .expect_reject(Refusal::BadTotal)
        .expect_message(Output::Out, |_| {});
}

#[test]
fn emit_copies_the_value() {
    let sent = answers(json!({ "kind": "emit" }));
    for (answer, record) in sent.iter().zip(records::orders(COUNT)) {
        let Answer::Emit(messages) = answer else { panic!("{answer}") };
        assert_eq!((messages.len(), &messages[0].value), (1, &Some(record.value)));
    }
}

#[test]
fn a_filter_without_a_prefix_is_refused() {
    for kind in ["key-filter", "panic"] {
        assert!(Harness::<Bench>::configure(json!({ "kind": kind })).is_err(), "{kind}");
    }
}

#[test]
fn a_workload_answers_the_same_when_records_cross_as_a_whole() {
    for kind in ["identity", "key-filter", "json-validate", "emit"] {
        let config = |whole| json!({ "kind": kind, "prefix": "cust-0000000", "whole": whole });
        assert_eq!(answers(config(true)), answers(config(false)), "{kind}");
    }
}
