//! What an answer says, as far as the demo wants to know: of which record it is, and of which order.

use serde::Deserialize;

use crate::pipelines::Answers;

/// One record of a topic that answers.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// It is the first and only one of its record; an event about a new tier comes second.
    pub(crate) is_first: bool,
    /// It is about what somebody waits for: an order or a text, not stock or an adjustment.
    pub(crate) is_timed: bool,
    /// The order that was decided about.
    pub(crate) decided: Option<String>,
    /// It was passed on to the next pipeline.
    pub(crate) is_passed_on: bool,
}

#[derive(Deserialize)]
struct Said {
    input: String,
    decision: Option<String>,
    order_id: Option<String>,
    r#type: Option<String>,
}

impl Answer {
    /// What can't be read counts as an answer, and says nothing else: what is wrong with it is for the oracle to find.
    pub(crate) fn read(kind: Answers, value: Option<&[u8]>) -> Answer {
        let said = || serde_json::from_slice::<Said>(value?).ok();
        let plain = Answer { is_first: true, ..Answer::default() };
        match kind {
            Answers::Orders => Answer { is_timed: true, is_passed_on: true, ..plain },
            Answers::Rows => Answer { is_timed: true, ..plain },
            Answers::Decisions | Answers::Events => match said() {
                None => plain,
                Some(Said { input, decision, order_id, r#type }) => {
                    let is_order = input == "orders";
                    Answer {
                        is_first: r#type.as_deref() != Some("tier"),
                        is_timed: is_order && r#type.as_deref() != Some("tier"),
                        is_passed_on: is_order && decision.as_deref() == Some("accepted"),
                        decided: order_id.filter(|_| is_order && kind == Answers::Decisions),
                    }
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: Answers, value: &str) -> Answer {
        Answer::read(kind, Some(value.as_bytes()))
    }

    #[test]
    fn a_decision_about_an_order_says_which_and_whether_it_is_passed_on() {
        let accepted =
            r#"{"decision":"accepted","order_id":"o-1","expires":1,"input":"orders","partition":0,"offset":7}"#;
        let decided = Some("o-1".to_owned());
        let expected = Answer { is_first: true, is_timed: true, decided, is_passed_on: true };
        assert_eq!(read(Answers::Decisions, accepted), expected);
        let refused = read(Answers::Decisions, &accepted.replace("accepted", "refused"));
        assert_eq!(refused, Answer { is_passed_on: false, ..expected });
    }

    #[test]
    fn a_decision_about_fulfilment_decides_no_order_and_nobody_waits_for_it() {
        let late = r#"{"decision":"late","code":"unknown-order","order_id":"o-1","input":"fulfilment","offset":7}"#;
        assert_eq!(read(Answers::Decisions, late), Answer { is_first: true, ..Answer::default() });
    }

    #[test]
    fn an_event_about_a_tier_is_the_second_of_its_record() {
        let earned = r#"{"type":"earned","order_id":"o-1","points":3,"input":"orders"}"#;
        let first = Answer { is_first: true, is_timed: true, ..Answer::default() };
        assert_eq!(read(Answers::Events, earned), first);
        assert_eq!(read(Answers::Events, &earned.replace("earned", "tier")), Answer::default());
        let spent = r#"{"type":"spent","points":3,"input":"adjustments"}"#;
        assert_eq!(read(Answers::Events, spent), Answer { is_timed: false, ..first });
    }

    #[test]
    fn orders_and_rows_are_answers_whatever_is_in_them() {
        assert!(read(Answers::Orders, "").is_passed_on && read(Answers::Rows, "").is_timed);
        assert_eq!(Answer::read(Answers::Decisions, None), Answer { is_first: true, ..Answer::default() });
    }
}
