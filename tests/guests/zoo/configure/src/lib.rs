//! Setting it up fails, in the way its configuration says: a JSON string, compared as text.

use std::hint::black_box;
use zoo_bindings::exports::wasmill::plugin::batch::{Guest as Batch, Reply, Source};
use zoo_bindings::exports::wasmill::plugin::lifecycle::{Guest as Lifecycle, Problem};
use zoo_bindings::{Draft, records};

struct Configure;

impl Lifecycle for Configure {
    fn describe() -> String {
        r#"{"name":"configure","version":"0.1.0","outputs":[{"name":"main"}],"config-schema":true}"#.to_owned()
    }

    fn configure(config: String) -> Result<Option<String>, Vec<Problem>> {
        let problem = |path: &str, message: &str| Problem { path: path.to_owned(), message: message.to_owned() };
        match config.as_str() {
            r#""loops""# => loop {
                black_box(());
            },
            r#""allocates""# => {
                let mut kept = Vec::new();
                loop {
                    kept.push(black_box(vec![1u8; 1 << 20]));
                }
            }
            r#""panics""# => panic!("nobody can be set up like this"),
            r#""exits""# => std::process::exit(0),
            r#""problems""# => Err(vec![problem("/limit", "must be less than 10"), problem("", "is not for us")]),
            r#""no-pointer""# => Err(vec![problem("limit~9", "must be less than 10")]),
            r#""problems-many""# => Err((0..100_000).map(|n| problem(&format!("/{n}"), "is wrong")).collect()),
            r#""problems-none""# => Err(Vec::new()),
            r#""answers-nonsense""# => Ok(Some("{not json".to_owned())),
            r#""answers-much""# => Ok(Some(format!("{:?}", "x".repeat(20 << 20)))),
            _ => Ok(None),
        }
    }
}

impl Batch for Configure {
    fn process(_: Source, data: Vec<u8>, index: Vec<u32>) -> Reply {
        let mut draft = Draft::default();
        for _ in records(&data, &index) {
            draft.forward(0);
        }
        draft.finish()
    }
}

zoo_bindings::export!(Configure);
