//! How many texts a second: the whole plugin but for the boundary, and scoring alone.
//!
//! ```text
//! cargo run --release -p sentiment --example speed
//! cargo build --release -p sentiment --example speed --target wasm32-wasip1
//! wasmtime run -W unknown-imports-trap=y target/wasm32-wasip1/release/examples/speed.wasm
//! ```
//!
//! Of many short rounds the fastest counts: a clock on the wall sees what else the machine does.

use sentiment::{Config, Sentiment};
use std::hint::black_box;
use std::time::Instant;
use vader_parity::SentimentIntensityAnalyzer;
use wasmill_sdk::{Problems, Stateless};

const FEEDBACK: &str = include_str!("../../../examples/data/feedback.jsonl");
/// Texts that are timed together: less than a millisecond, shorter than what a scheduler gives to others in one piece.
const TOGETHER: usize = 20;
const ROUNDS: usize = 50;

fn main() -> Result<(), Problems> {
    let lines: Vec<&str> = FEEDBACK.lines().collect();
    println!("{} texts, {} bytes of JSON on average", lines.len(), FEEDBACK.len() / lines.len());
    let plugin = Sentiment::configure(Config { text: Some("/text".into()), ..Config::default() })?;
    show("plugin: read, normalise, mask, score", &lines, |line| plugin.scored(line.as_bytes()).is_ok());
    let analyzer = SentimentIntensityAnalyzer::new();
    show("score alone, JSON and all", &lines, |line| analyzer.polarity_scores(line).compound <= 1.0);
    Ok(())
}

fn show(name: &str, lines: &[&str], mut accepts: impl FnMut(&str) -> bool) {
    let mut fastest = |together: &[&str]| {
        let mut best = f64::INFINITY;
        for _ in 0..ROUNDS {
            let began = Instant::now();
            assert!(together.iter().all(|line| accepts(black_box(line))), "{name} refuses a text");
            best = best.min(began.elapsed().as_secs_f64());
        }
        best
    };
    let all: f64 = lines.chunks(TOGETHER).map(&mut fastest).sum();
    println!("{name}: {:.0} texts/s", lines.len() as f64 / all);
}
