struct Almost;

wasmill_sdk::export!(Almost);

fn main() {}
