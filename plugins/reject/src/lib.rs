//! Rejects records whose value asks for it, and forwards the others: for trying out dead letters.

use wasmill_sdk::prelude::*;

/// What a value must contain to be rejected, byte for byte.
const REQUEST: &[u8] = br#""reject":true"#;

#[derive(Outputs)]
enum Output {
    Out,
}

#[derive(Codes)]
enum Refusal {
    RejectedByRule,
}

struct Reject;

impl Stateless for Reject {
    type Config = NoConfig;
    type Outputs = Output;
    type Codes = Refusal;

    const READS: Reads = Reads::VALUE;

    fn configure(_: NoConfig) -> Result<Self, Problems> {
        Ok(Reject)
    }

    fn process(&self, record: Record<'_>, _: &Context) -> Result<Outcome, Failure> {
        let value = record.value().unwrap_or_default();
        match value.windows(REQUEST.len()).any(|window| window == REQUEST) {
            true => Err(Refusal::RejectedByRule.reject("the value asks to be rejected")),
            false => Ok(Output::Out.forward()),
        }
    }
}

wasmill_sdk::export!(Reject);

#[cfg(test)]
mod tests {
    use super::{Output, Refusal, Reject};
    use serde_json::json;
    use wasmill_sdk::{Answer, Harness, Sample};

    #[test]
    fn only_what_asks_for_it_is_rejected() {
        let request = json!({ "id": 1, "reject": true });
        Harness::<Reject>::new(json!({}))
            .send("a", json!({ "reject": false }))
            .expect(Output::Out, json!({ "reject": false }))
            .batch([Sample::new().key("b").json(request), Sample::new()])
            .expect_reject(Refusal::RejectedByRule)
            .expect_message(Output::Out, |tombstone| assert_eq!(tombstone.value, None));
    }

    #[test]
    fn the_dead_letter_says_why() {
        let harness = Harness::<Reject>::new(json!({})).record(Sample::new().value(r#"{"reject":true}"#));
        let message = "the value asks to be rejected".to_owned();
        assert_eq!(harness.answers(), [Answer::Reject { code: "rejected-by-rule".into(), message }]);
    }
}
