use wasmill_sdk::prelude::*;

#[derive(Stores)]
struct Stores {
    accounts: Store<str, u64>,
    stock: Store<(String, u32), u64>,
}

// Records are parsed before those in front of them are processed: what is stored is not known yet.
fn read_in_parse(stores: &Stores) -> Result<Option<u64>, Failure> {
    stores.accounts.get("c-1")
}

fn another_key(stores: &mut Stores) -> Result<Option<u64>, Failure> {
    stores.accounts.get(17_u64)
}

fn another_prefix(stores: &mut Stores) -> Result<Vec<((String, u32), u64)>, Failure> {
    stores.stock.scan("r-1", 10)
}

fn main() {}
