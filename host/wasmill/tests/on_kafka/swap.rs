//! A plugin's file is replaced under a running process.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use wasmill_broker::client::Isolation::ReadCommitted;
use wasmill_broker::client::{header_map, producer, read_count, send_pairs, values, wait_until};
use wasmill_broker::pipeline::Setup;

use crate::process::Process;
use crate::walk::get;

const ASKS_FOR_REJECTION: &str = r#"{"reject":true}"#;

/// A configuration that runs `file`, and the address of its admin port.
fn configuration(setup: &Setup, file: &Path) -> (String, String) {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let yaml = setup.yaml().replace("plugin: { native: identity }", "plugin: it");
    let plugins = format!("plugins: {{ it: {{ file: \"{}\" }} }}\n", file.display());
    (format!("{yaml}{plugins}admin: {{ listen: \"{address}\" }}\n"), address)
}

fn install(plugin: &Path, file: &Path) {
    // As `cargo build` and careful people do it: never half a file under that name.
    fs::copy(plugin, file.with_extension("new")).unwrap();
    fs::rename(file.with_extension("new"), file).unwrap();
}

fn digest(plugin: &Path) -> String {
    let sum = Command::new("sha256sum").arg(plugin).output().unwrap();
    format!("sha256:{}", String::from_utf8(sum.stdout).unwrap().split(' ').next().unwrap())
}

#[test]
fn a_new_version_is_taken_without_a_rebalance_and_one_that_does_not_load_is_not() {
    let Some(cluster) = crate::cluster() else { return };
    let plugins = wasmill_artifacts::plugins().unwrap();
    let (identity, reject) = (plugins.join("identity.wasm"), plugins.join("reject.wasm"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("it.wasm");
    install(&identity, &file);
    let setup = Setup::new("swap", &cluster.bootstrap());
    setup.topics(&setup.bootstrap, 2, &[], &[]);
    let (yaml, address) = configuration(&setup, &file);
    let process = Process::start(&["run"], &yaml, &[]);
    let writer = producer(&setup.bootstrap, &[]);
    let send = |key: &str| send_pairs(&writer, &setup.input, &[(key, ASKS_FOR_REJECTION)]);
    let letters = |count| read_count(&setup.bootstrap, &setup.dead_letters, 2, count, ReadCommitted);

    // The first version forwards everything.
    send("a");
    read_count(&setup.bootstrap, &setup.output, 2, 1, ReadCommitted);

    // Nothing to do as long as the file is the same.
    let (code, said) = process.ask(&["pipeline", "swap"]);
    assert_eq!(
        (code, said.contains(&format!("not swapped, {} runs already", digest(&identity)))),
        (Some(0), true),
        "{said}"
    );

    // The verb brings the second one, which rejects.
    install(&reject, &file);
    let (code, said) = process.ask(&["pipeline", "swap"]);
    assert_eq!((code, said.contains(&format!("{} runs in 1 workers", digest(&reject)))), (Some(0), true), "{said}");
    send("b");
    let letter = letters(1).pop().unwrap();
    assert_eq!(header_map(&letter)["__wasmill.errors.plugin.digest"], digest(&reject));

    // What does not load is refused with its reason, and the last good one goes on.
    fs::write(&file, b"\0asm\x0d\0\x01\0 and nothing more").unwrap();
    let (code, said) = process.ask(&["pipeline", "swap"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("not swapped, the last good version goes on: ") && said.contains("it.wasm"), "{said}");
    send("c");
    letters(2);

    // The signal does the same.
    install(&identity, &file);
    process.signal("HUP");
    let runs = |digest: &str| {
        format!("wasmill_plugin_info{{pipeline=\"{}\",plugin=\"it\",digest=\"{digest}\"}} 1", setup.name)
    };
    wait_until("the first version runs again", || get(&address, "/metrics").contains(&runs(&digest(&identity))));
    send("d");
    let written = read_count(&setup.bootstrap, &setup.output, 2, 2, ReadCommitted);
    assert_eq!(values(&written), [ASKS_FOR_REJECTION, ASKS_FOR_REJECTION]);

    let page = get(&address, "/metrics");
    assert!(!page.contains(&digest(&reject)), "one digest at a time: {page}");
    let count =
        |verdict: &str| format!("wasmill_plugin_swaps_total{{pipeline=\"{}\",verdict=\"{verdict}\"}}", setup.name);
    assert!(page.contains(&format!("{} 2\n", count("swapped"))), "{page}");
    assert!(page.contains(&format!("{} 1\n", count("refused"))), "{page}");
    let revoked = format!("wasmill_rebalances_total{{pipeline=\"{}\",kind=\"revoked\"}} 0\n", setup.name);
    assert!(page.contains(&revoked), "a swap is no rebalance: {page}");

    process.terminate();
    let (code, said) = process.end();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(setup.written(&setup.bootstrap, 2).len(), 2);
    assert_eq!(setup.set_aside(&setup.bootstrap, 2).len(), 2);
}
