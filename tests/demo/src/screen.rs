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
/// Between these a line that is too long for the terminal is cut: one that went on in the next would not be erased.
const WRAP_OFF: &str = "\x1b[?7l";
const WRAP_ON: &str = "\x1b[?7h";

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
            let block = block(tallies);
            self.write(&format!("{}{WRAP_OFF}{block}{WRAP_ON}", self.erased()));
            self.drawn = block.lines().count();
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

/// A head, and a line for each pipeline.
fn block(tallies: &[Tally]) -> String {
    let mut block = line("", ["in", "out", "dead letters", "on the way"].map(str::to_owned));
    for (pipeline, tally) in ALL.iter().zip(tallies) {
        let waiting = tally.sent.saturating_sub(tally.arrived());
        let numbers = [tally.sent, tally.outputs, tally.set_aside(), waiting];
        block.push_str(&line(pipeline.name, numbers.map(|number| number.to_string())));
    }
    block
}

fn line(name: &str, [sent, outputs, dead_letters, waiting]: [String; 4]) -> String {
    format!("         {name:<16}  {sent:>7}  {outputs:>7}  {dead_letters:>12}  {waiting:>10}\n")
}

fn short(name: &str, tally: &Tally) -> String {
    format!("{name}: {} in, {} out, {} dead letters", tally.sent, tally.outputs, tally.set_aside())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_is_a_table_that_fits_a_terminal_of_80_columns_whatever_is_sent() {
        let dead_letters = [("a-code".to_owned(), 90_000), ("b-code".to_owned(), 9_999)].into();
        let orders = Tally { sent: 1_000_000, outputs: 900_000, dead_letters, ..Tally::default() };
        let block = block(&[orders, Tally::default()]);
        assert_eq!(
            block.lines().collect::<Vec<_>>(),
            [
                "                                in      out  dead letters  on the way",
                "         order-validation  1000000   900000         99999           1",
                "         sentiment               0        0             0           0",
            ]
        );
        assert!(block.lines().all(|line| line.len() < 80));
    }
}
