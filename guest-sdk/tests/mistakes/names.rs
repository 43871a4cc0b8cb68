use wasmill_sdk::prelude::*;

#[derive(Outputs)]
enum Out {
    Valid(u32),
}

#[derive(Outputs)]
enum Names {
    #[output(name = "Bad Orders")]
    Bad,
}

#[derive(Outputs)]
enum Twice {
    Same,
    #[output(name = "same")]
    Again,
}

#[derive(Codes)]
enum Attribute {
    #[code(optional)]
    Sometimes,
}

#[derive(Outputs)]
struct NotAnEnum;

fn main() {}
