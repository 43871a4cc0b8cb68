//! What is seen while the demo runs, on standard error: a block that is drawn again and again on a terminal, now and then a
//! plain line elsewhere.

use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

use crate::board::Tally;
use crate::pipelines::ALL;

/// Between two plain lines.
const LINE_INTERVAL: Duration = Duration::from_secs(5);

/// Moves up a line and clears it.
const UP_AND_CLEAR: &str = "\x1b[1A\x1b[2K";

#[derive(Debug)]
pub(crate) struct Screen {
    is_terminal: bool,
    began: Instant,
    /// Lines of the block that is drawn.
    drawn: usize,
    last_line: Option<Instant>,
}

impl Screen {
    pub(crate) fn new() -> Screen {
        Screen { is_terminal: stderr().is_terminal(), began: Instant::now(), drawn: 0, last_line: None }
    }

    /// Something has happened: a line that stays.
    pub(crate) fn say(&mut self, line: &str) {
        let seconds = self.began.elapsed().as_secs_f64();
        self.write(&format!("{}{seconds:5.1} s  {line}\n", self.erased()));
        self.drawn = 0;
    }

    /// How far it is.
    pub(crate) fn show(&mut self, tallies: &[Tally]) {
        if self.is_terminal {
            let lines: Vec<String> =
                ALL.iter().zip(tallies).map(|(pipeline, tally)| line(pipeline.name, tally)).collect();
            self.write(&format!("{}{}\n", self.erased(), lines.join("\n")));
            self.drawn = lines.len();
        } else if self.last_line.is_none_or(|last| last.elapsed() >= LINE_INTERVAL) {
            self.last_line = Some(Instant::now());
            let parts: Vec<String> =
                ALL.iter().zip(tallies).map(|(pipeline, tally)| short(pipeline.name, tally)).collect();
            self.say(&parts.join("; "));
        }
    }

    fn erased(&self) -> String {
        UP_AND_CLEAR.repeat(self.drawn)
    }

    fn write(&self, text: &str) {
        // Nobody looks: nothing is lost.
        let _ = stderr().write_all(text.as_bytes());
    }
}

fn line(name: &str, tally: &Tally) -> String {
    let waiting = tally.sent.saturating_sub(tally.arrived());
    format!(
        "         {name:<17} in {:>7}   out {:>7}   dead letters {:>6}   on the way {waiting:>6}",
        tally.sent,
        tally.outputs,
        tally.set_aside()
    )
}

fn short(name: &str, tally: &Tally) -> String {
    format!("{name}: {} in, {} out, {} dead letters", tally.sent, tally.outputs, tally.set_aside())
}
