//! What is seen while the demo runs, on standard error: a block that is drawn again and again on a terminal, now and then a
//! plain line elsewhere.

use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

use crate::board::{Tallies, Tally};
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
    pub(crate) fn show(&mut self, tallies: &Tallies) {
        if self.is_terminal {
            let block = block(tallies);
            self.write(&format!("{}{WRAP_OFF}{block}{WRAP_ON}", self.erased()));
            self.drawn = block.lines().count();
        } else if self.last_line.is_none_or(|last| last.elapsed() >= LINE_INTERVAL) {
            self.last_line = Some(Instant::now());
            self.say(&short(tallies));
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
fn block(tallies: &Tallies) -> String {
    let mut block = line("", ["in", "out", "dead letters", "on the way"].map(str::to_owned));
    for (pipeline, tally) in ALL.iter().zip(tallies) {
        let numbers = [tally.inputs, tally.outputs, tally.set_aside(), tally.on_the_way()];
        block.push_str(&line(pipeline.name, numbers.map(|number| number.to_string())));
    }
    block
}

fn line(name: &str, [inputs, outputs, dead_letters, waiting]: [String; 4]) -> String {
    format!("         {name:<16}  {inputs:>7}  {outputs:>7}  {dead_letters:>12}  {waiting:>10}\n")
}

/// What has come out, in the order of the flow.
fn short(tallies: &Tallies) -> String {
    let [orders, stock, points, texts] = tallies.each_ref().map(|tally| tally.outputs);
    let dead_letters: u64 = tallies.iter().map(Tally::set_aside).sum();
    format!("{orders} orders, {stock} stock decisions, {points} points, {texts} texts, {dead_letters} dead letters")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tallies() -> Tallies {
        let dead_letters = [("a-code".to_owned(), 90_000), ("b-code".to_owned(), 9_999)].into();
        let orders = Tally { inputs: 1_000_000, outputs: 900_000, dead_letters, ..Tally::default() };
        let points = Tally { inputs: 1_000, outputs: 900, again: 60, ..Tally::default() };
        [orders, Tally::default(), points, Tally::default()]
    }

    #[test]
    fn the_block_is_a_table_that_fits_a_terminal_of_80_columns_whatever_is_sent() {
        let block = block(&tallies());
        assert_eq!(
            block.lines().collect::<Vec<_>>(),
            [
                "                                in      out  dead letters  on the way",
                "         order-validation  1000000   900000         99999           1",
                "         order-inventory         0        0             0           0",
                "         loyalty              1000      900             0          40",
                "         sentiment               0        0             0           0",
            ]
        );
        assert!(block.lines().all(|line| line.len() < 80));
    }

    #[test]
    fn a_plain_line_says_what_has_come_out() {
        let line = short(&tallies());
        assert_eq!(line, "900000 orders, 0 stock decisions, 900 points, 0 texts, 99999 dead letters");
    }
}
