//! Forwards every record as it is: key, value, headers and timestamp. The measure of what a plugin costs at least.

use wasmill_sdk::prelude::*;

#[derive(Outputs)]
enum Output {
    Out,
}

struct Identity;

impl Stateless for Identity {
    type Config = NoConfig;
    type Outputs = Output;
    type Codes = NoCodes;

    const READS: Reads = Reads::NOTHING;

    fn configure(_: NoConfig) -> Result<Self, Problems> {
        Ok(Identity)
    }

    fn process(&self, _: Record<'_>, _: &Context) -> Result<Outcome, Failure> {
        Ok(Output::Out.forward())
    }
}

wasmill_sdk::export!(Identity);

#[cfg(test)]
mod tests {
    use super::{Identity, Output};
    use serde_json::json;
    use wasmill_sdk::{Harness, Sample};

    #[test]
    fn a_record_comes_out_as_it_went_in() {
        let headers = || Sample::new().header("a", "1").null_header("b").header("a", "2");
        Harness::<Identity>::new(json!({}))
            .batch([headers().key("k").value("v").timestamp(5), headers()])
            .expect_message(Output::Out, |message| {
                assert_eq!((message.key.as_deref(), message.value.as_deref()), (Some(&b"k"[..]), Some(&b"v"[..])));
                assert_eq!((message.headers.len(), message.timestamp), (3, Some(5)));
            })
            .expect_message(Output::Out, |message| {
                assert_eq!((&message.key, &message.value, message.timestamp), (&None, &None, None));
            });
    }

    #[test]
    fn a_configuration_with_keys_is_refused() {
        assert!(Harness::<Identity>::configure(json!({ "output": "x" })).is_err());
    }
}
