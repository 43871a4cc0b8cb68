//! Dead letters, the writing side: the headers that say where a record came from and why it was set aside.
//!
//! Key, value, headers and timestamp of the record travel unchanged; these headers are added, all text, all under one
//! prefix. What is not known is absent, never empty. Reading and redrive come later and belong here too.

use jiff::Timestamp;

/// Every header of ours begins with it.
pub const PREFIX: &str = "__wasmill.errors.";

/// Longest `trace`, in bytes; cut at a character.
pub const TRACE_BYTES_MAX: usize = 4096;

/// The code of a record whose output the broker refused for good.
pub const OUTPUT_REFUSED: &str = "output-refused";

/// Why and where from. Times are milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy)]
pub struct Letter<'a> {
    pub topic: &'a str,
    pub partition: i32,
    pub offset: i64,
    pub timestamp: Option<i64>,
    pub group: &'a str,
    /// The stage of the main path that gave up: `invoke` or `write`.
    pub stage: &'a str,
    pub plugin: &'a str,
    /// `sha256:<hex>`; native plugins have none.
    pub plugin_digest: Option<&'a str>,
    /// `sha256:<hex>` of the pipeline's configuration.
    pub config_digest: &'a str,
    pub code: &'a str,
    pub message: &'a str,
    /// Where the plugin broke down.
    pub trace: &'a str,
    /// How often the record was tried, >= 1.
    pub attempts: u32,
    pub first_failed_at: i64,
    pub last_failed_at: i64,
    /// The plugin's clock during the last attempt.
    pub now: i64,
    /// What the plugin draws its randomness from, with the offset; native plugins have none.
    pub seed: Option<u64>,
    /// The value was too large for the dead-letter topic and was left out.
    pub truncated: bool,
}

impl Letter<'_> {
    /// The headers, in the order of docs/GUARANTEES.md. Allocates: a dead letter is rare, a record is not.
    pub fn headers(&self) -> Vec<(&'static str, Vec<u8>)> {
        let mut headers = Vec::with_capacity(20);
        let mut add = |name: &'static str, value: String| {
            if !value.is_empty() {
                headers.push((name, value.into_bytes()));
            }
        };
        add("__wasmill.errors.topic", self.topic.to_owned());
        add("__wasmill.errors.partition", self.partition.to_string());
        add("__wasmill.errors.offset", self.offset.to_string());
        add("__wasmill.errors.timestamp", self.timestamp.map(rfc3339).unwrap_or_default());
        add("__wasmill.errors.group", self.group.to_owned());
        add("__wasmill.errors.stage", self.stage.to_owned());
        add("__wasmill.errors.plugin", self.plugin.to_owned());
        add("__wasmill.errors.plugin.digest", self.plugin_digest.unwrap_or_default().to_owned());
        add("__wasmill.errors.config.digest", self.config_digest.to_owned());
        add("__wasmill.errors.code", self.code.to_owned());
        add("__wasmill.errors.message", self.message.to_owned());
        add("__wasmill.errors.trace", cut(self.trace, TRACE_BYTES_MAX).to_owned());
        add("__wasmill.errors.attempts", self.attempts.to_string());
        add("__wasmill.errors.first.failed.at", rfc3339(self.first_failed_at));
        add("__wasmill.errors.last.failed.at", rfc3339(self.last_failed_at));
        add("__wasmill.errors.now", rfc3339(self.now));
        add("__wasmill.errors.seed", self.seed.map(|seed| seed.to_string()).unwrap_or_default());
        add("__wasmill.errors.truncated", if self.truncated { "value".to_owned() } else { String::new() });
        headers
    }
}

/// UTC with milliseconds; a time outside of the calendar stays a number.
fn rfc3339(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map_or_else(|_| ms.to_string(), |at| format!("{at:.3}"))
}

/// At most `bytes` of `text`, whole characters.
fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter() -> Letter<'static> {
        Letter {
            topic: "orders",
            partition: 3,
            offset: 41,
            timestamp: Some(1_700_000_000_123),
            group: "validation",
            stage: "invoke",
            plugin: "order-validation",
            plugin_digest: None,
            config_digest: "sha256:00",
            code: "no-items",
            message: "an order needs at least one item",
            trace: "",
            attempts: 1,
            first_failed_at: 1_700_000_001_000,
            last_failed_at: 1_700_000_002_000,
            now: 1_700_000_001_999,
            seed: Some(u64::MAX),
            truncated: false,
        }
    }

    fn text(letter: &Letter<'_>) -> Vec<String> {
        letter
            .headers()
            .into_iter()
            .map(|(name, value)| {
                format!("{}={}", name.strip_prefix(PREFIX).unwrap(), String::from_utf8(value).unwrap())
            })
            .collect()
    }

    #[test]
    fn headers_are_text_and_say_where_and_why() {
        assert_eq!(
            text(&letter()),
            [
                "topic=orders",
                "partition=3",
                "offset=41",
                "timestamp=2023-11-14T22:13:20.123Z",
                "group=validation",
                "stage=invoke",
                "plugin=order-validation",
                "config.digest=sha256:00",
                "code=no-items",
                "message=an order needs at least one item",
                "attempts=1",
                "first.failed.at=2023-11-14T22:13:21.000Z",
                "last.failed.at=2023-11-14T22:13:22.000Z",
                "now=2023-11-14T22:13:21.999Z",
                "seed=18446744073709551615",
            ]
        );
    }

    #[test]
    fn the_documentation_lists_every_header_in_its_place() {
        let page = include_str!("../../../docs/GUARANTEES.md");
        let (_, table) = page.split_once("## Headers of a dead letter").unwrap();
        let rows = table.split("\n## ").next().unwrap().lines().filter(|line| line.starts_with("| `"));
        let names = rows.filter_map(|row| row.split('|').nth(1)).flat_map(|cell| cell.split('`').skip(1).step_by(2));
        let all = Letter { plugin_digest: Some("sha256:00"), trace: "frame 0", truncated: true, ..letter() };
        let headers = all.headers();
        let written = headers.iter().map(|(name, _)| name.strip_prefix(PREFIX).unwrap());
        assert_eq!(names.collect::<Vec<_>>(), written.collect::<Vec<_>>());
    }

    #[test]
    fn what_is_not_known_is_absent() {
        let letter = Letter { timestamp: None, message: "", seed: None, ..letter() };
        let absent = ["timestamp", "message", "trace", "seed", "truncated"];
        assert!(text(&letter).iter().all(|line| !absent.iter().any(|name| line.starts_with(name))));
    }

    #[test]
    fn a_long_trace_is_cut_at_a_character() {
        let trace = "é".repeat(TRACE_BYTES_MAX);
        let letter = Letter { trace: &trace, ..letter() };
        let (_, value) = letter.headers().into_iter().find(|(name, _)| name.ends_with("trace")).unwrap();
        assert_eq!(String::from_utf8(value).unwrap().len(), TRACE_BYTES_MAX);
    }

    #[test]
    fn a_time_outside_of_the_calendar_stays_a_number() {
        assert_eq!(rfc3339(i64::MAX), i64::MAX.to_string());
    }
}
