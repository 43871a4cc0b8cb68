use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use super::*;
use crate::fields;

/// Keeps what was logged.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn logged(json: bool, color: bool, directives: &str, log: impl FnOnce()) -> String {
    let lines = Lines::default();
    let writer = lines.clone();
    let filter = filter("a test", directives).unwrap();
    tracing::subscriber::with_default(subscriber(json, color, filter, move || writer.clone()), log);
    let bytes = lines.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_json_line_is_one_object_with_flat_fields_under_their_conventional_names() {
    let text = logged(true, false, "info", || {
        tracing::warn!({ fields::TOPIC } = "orders", { fields::PARTITION } = 3, "two\nlines");
    });
    assert_eq!(text.lines().count(), 1, "{text}");
    let line: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(line["level"], "WARN");
    assert_eq!(line["target"], "wasmill_telemetry::logging::tests");
    assert_eq!(line["message"], "two\nlines");
    assert_eq!(line["messaging.destination.name"], "orders");
    assert_eq!(line["messaging.destination.partition.id"], 3);
    let time = line["timestamp"].as_str().unwrap();
    assert!(time.len() == "2026-01-31T23:59:59.123456Z".len() && time.ends_with('Z'), "{time}");
}

#[test]
fn a_line_for_people_has_colour_only_when_asked_for() {
    let log = || tracing::info!(offset = 7, "started");
    let plain = logged(false, false, "info", log);
    assert!(plain.contains("INFO wasmill_telemetry::logging::tests: started offset=7\n"), "{plain}");
    assert!(!plain.contains('\x1b'), "{plain}");
    assert!(logged(false, true, "info", log).contains('\x1b'));
}

#[test]
fn control_characters_of_a_logged_value_do_not_reach_the_terminal() {
    let text = logged(false, false, "info", || tracing::info!("topic {}", "\x1b[2Jgone"));
    assert!(!text.contains('\x1b'), "{text:?}");
}

#[test]
fn a_filter_holds_back_what_is_below_its_level() {
    let log = || {
        tracing::debug!("quiet");
        tracing::info!("loud");
    };
    let text = logged(true, false, "info", log);
    assert!(text.contains("loud") && !text.contains("quiet"), "{text}");
    let text = logged(true, false, "warn,wasmill_telemetry=debug", log);
    assert!(text.contains("loud") && text.contains("quiet"), "{text}");
    assert_eq!(logged(true, false, "off", log), "");
}

#[test]
fn a_word_that_is_no_level_is_refused_with_the_words_that_are() {
    for text in ["verbose", "info,verbose", " "] {
        let message = filter("WASMILL_LOG", text).unwrap_err().to_string();
        assert!(message.starts_with(&format!("WASMILL_LOG is not a log filter: `{text}`")), "{message}");
        assert!(message.contains("none of off, error, warn, info, debug, trace"), "{message}");
    }
    assert!(filter("WASMILL_LOG", "wasmill_kafka=loud").is_err());
}

#[test]
fn a_second_set_up_is_an_error_and_no_panic() {
    init(Format::Json, Some("error")).unwrap();
    assert!(matches!(init(Format::Human, Some("error")), Err(LoggingError::AlreadySet)));
    assert!(matches!(init(Format::Auto, Some("loud")), Err(LoggingError::Filter { .. })));
}
