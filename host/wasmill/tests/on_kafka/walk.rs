//! "Try it" of README.md, with its own example, records and questions; only the free ports differ.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;

use wasmill_broker::client::Isolation::ReadCommitted;
use wasmill_broker::client::{create_topic, key_values, producer, read_count, send_pairs, wait_until};

use crate::process::Process;

const ADDRESS: &str = "127.0.0.1:8090";

fn page(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name)).unwrap()
}

/// What stands between `before` and `after` for the first time.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("README.md has no `{before}`"));
    rest.split_once(after).unwrap_or_else(|| panic!("README.md: no `{after}` behind `{before}`")).0
}

pub(crate) fn get(address: &str, path: &str) -> String {
    let Ok(mut stream) = TcpStream::connect(address) else { return String::new() };
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_walk_of_the_readme_works() {
    let Some(cluster) = crate::cluster() else { return };
    let bootstrap = cluster.bootstrap();
    let readme = page("README.md");
    for topic in between(&readme, "cargo xtask kafka ", "\n").split("--topic ").map(str::trim) {
        if let Some((name, partitions)) = topic.split_once(':') {
            create_topic(&bootstrap, name, partitions.parse().unwrap(), &[]);
        }
    }
    // Taken and given back: nobody else is given it in the next moments.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    assert!(readme.contains(&format!("http://{ADDRESS}/readyz")));
    let plugins = wasmill_artifacts::root().join("plugins");
    assert!(readme.contains("(cd plugins && cargo build --release --target wasm32-wasip2)"));
    wasmill_artifacts::plugins().unwrap();
    let example = page("examples/identity.yaml").replace(ADDRESS, &free);
    let example = example.replace("../plugins", plugins.to_str().unwrap());
    let environment = [("KAFKA_BOOTSTRAP", bootstrap.as_str())];

    let (code, said) = Process::start(&["lint", "--online"], &example, &environment).end();
    assert_eq!(code, Some(0), "{said}");
    let running = Process::start(&["run"], &example, &environment);
    let text = between(&readme, "printf '", "'").replace("\\n", "\n");
    let records: Vec<(&str, &str)> = text.lines().map(|line| line.split_once(':').unwrap()).collect();
    assert!(!records.is_empty());
    send_pairs(&producer(&bootstrap, &[]), "orders", &records);

    let mut copies = key_values(&read_count(&bootstrap, "orders.copy", 3, records.len(), ReadCommitted));
    // Only records of one key have an order; a sort that is stable keeps it.
    copies.sort_by(|one, other| one.0.cmp(&other.0));
    let mut expected: Vec<_> = records.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    expected.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(copies, expected);
    wait_until("readyz is ok", || get(&free, "/readyz").ends_with("ok\n") || get(&free, "/readyz").ends_with("ok"));
    let metrics = get(&free, "/metrics");
    let forwarded = metrics.lines().find(|line| line.starts_with("wasmill_records_total") && line.contains("forward"));
    assert!(forwarded.is_some_and(|line| line.ends_with(&format!(" {}", records.len()))), "{forwarded:?}");
    running.terminate();
    let (code, said) = running.end();
    assert_eq!(code, Some(0), "{said}");
}
