use wasmill_sdk::prelude::*;

#[derive(Stores)]
enum NotAStruct {
    Accounts,
}

#[derive(Stores)]
struct NoNames(Store<str, u64>);

#[derive(Stores)]
struct Nothing {}

#[derive(Stores)]
struct Reserved {
    retry: Store<str, u64>,
}

#[derive(Stores)]
struct Twice {
    same: Store<str, u64>,
    #[store(name = "same")]
    again: Store<str, u64>,
}

#[derive(Stores)]
struct Names {
    #[store(name = "Open Orders")]
    open: Store<str, u64>,
}

#[derive(Stores)]
struct Parameters<V> {
    open: Store<str, V>,
}

fn main() {}
