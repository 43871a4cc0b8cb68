//! Exports `wasi:cli/run` and nothing that a plugin has to.

fn main() {
    println!("good morning");
}
