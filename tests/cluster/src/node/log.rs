//! What a node's log says about a failed start.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// Enough for an exception with its causes.
const LINES_MAX: usize = 40;
/// A start logs some 100 KB; more than this is cut at the front.
const BYTES_MAX: u64 = 4 << 20;

/// The log from a byte on; empty when it can not be read.
pub(crate) fn since(path: &Path, from: u64) -> String {
    let mut bytes = Vec::new();
    if let Ok(mut file) = File::open(path) {
        let length = file.metadata().map_or(0, |it| it.len());
        let _ = file.seek(SeekFrom::Start(from.max(length.saturating_sub(BYTES_MAX))));
        let _ = file.take(BYTES_MAX).read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The lines to show: from the first error on, since a broker that gives up logs its long shutdown after it; the last
/// ones when there is no error.
pub(crate) fn telling_part(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let error = lines.iter().position(|line| line.contains(" ERROR ") || line.contains(" FATAL "));
    let begin = error.unwrap_or(lines.len().saturating_sub(LINES_MAX));
    lines.iter().skip(begin).take(LINES_MAX).copied().collect::<Vec<_>>().join("\n")
}

/// Whether the broker gave up because something else listens on one of its ports.
pub(crate) fn says_port_taken(text: &str) -> bool {
    text.contains("Address already in use") || text.contains("BindException")
}

#[cfg(test)]
mod tests {
    use super::telling_part;

    #[test]
    fn the_first_error_is_shown_and_not_the_shutdown_after_it() {
        let shutdown = "12:00:01 INFO Server shut down\n".repeat(100);
        let part = telling_part(&format!("12:00:00 INFO Server up\n12:00:00 ERROR Server broken\n{shutdown}"));
        assert!(part.starts_with("12:00:00 ERROR Server broken\n"), "{part}");
        assert_eq!(part.lines().count(), 40);
    }

    #[test]
    fn without_an_error_the_end_is_shown() {
        let text: Vec<String> = (0..100).map(|number| format!("INFO line {number}")).collect();
        let part = telling_part(&text.join("\n"));
        assert!(part.starts_with("INFO line 60\n") && part.ends_with("INFO line 99"), "{part}");
    }
}
