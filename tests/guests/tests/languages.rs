//! One plugin in Rust, C and Python, through the world `plugin-typed`: the same answers to the same records.

// Helpers outside of `#[test]` functions are tests too: what can't be fails the test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::json;
use std::sync::OnceLock;
use std::time::Duration;
use wasmill_config::PluginLimits;
use wasmill_flow::{Entry, MemoryBatch, Ran, Rig, partition};
use wasmill_guests::catalogue::{Expected, TYPED};
use wasmill_guests::host::{call, instance, load, renew};
use wasmill_guests::languages::Language;
use wasmill_guests::records::{fine, record};
use wasmill_record::Outcome;
use wasmill_sandbox::{Instance, Plugin, World};

/// CPython is large, slow to compile, and starts with most of its memory in use.
fn limits(language: Language) -> PluginLimits {
    let default = PluginLimits::default();
    match language {
        Language::Python => PluginLimits {
            memory_bytes_max: 256 << 20,
            recycle_bytes: 192 << 20,
            compile_deadline: Duration::from_secs(300),
            ..default
        },
        Language::Rust | Language::C => default,
    }
}

/// Loaded once: compiling CPython takes half a minute.
fn plugin(language: Language) -> Option<Plugin> {
    static LOADED: [OnceLock<Option<Plugin>>; Language::ALL.len()] = [const { OnceLock::new() }; Language::ALL.len()];
    let load = || {
        let plugin = load(&language.guest()?, &json!({}), limits(language));
        Some(plugin.unwrap_or_else(|error| panic!("{error}")))
    };
    LOADED[language as usize].get_or_init(load).clone()
}

/// Runs the test for every language that can be built here.
fn in_each(test: impl Fn(Language, &Plugin)) {
    for language in Language::ALL {
        if let Some(plugin) = plugin(language) {
            test(language, &plugin);
        }
    }
}

fn started(plugin: &Plugin) -> Instance {
    instance(plugin, &["main"])
}

fn run(plugin: &Plugin, values: &[&str]) -> Ran {
    let mut rig = Rig::new(1);
    rig.settings.batch.records_max = 16;
    for value in values {
        rig.world().feed(partition(0), record(value));
    }
    rig.invoking(Box::new(started(plugin))).good()
}

fn letters(ran: &Ran) -> Vec<(String, String)> {
    let code = |entry: &Entry| entry.header("__wasmill.errors.code").unwrap_or_default();
    ran.world().dead_letters().iter().map(|entry| (entry.words(), code(entry))).collect()
}

#[test]
fn every_language_answers_the_same_and_every_outcome_crosses() {
    in_each(|language, plugin| {
        assert_eq!(plugin.world(), World::Typed);
        let null = Entry { value: None, ..record("") };
        let values = ["ok", "drop", "shout:good day", "reject:thanks", "retry", "shout:"];
        let batch = MemoryBatch::of(values.map(record).into_iter().chain([null]));
        let answered = call(&mut started(plugin), &batch);
        let words: Vec<String> = (0..7).map(|at| answered.words(at)).collect();
        let expected = ["forward 0", "drop", "emit 1", "reject unwanted: no thanks", "retry not-yet", "emit 1", "drop"];
        assert_eq!(words, expected, "in {}", language.name());
        let Outcome::Emit { first, count: 1 } = answered.reply.outcomes[2] else { panic!("it was an emission") };
        let emission = answered.reply.emissions[first as usize];
        let headers = answered.reply.headers(emission.headers).unwrap();
        let slice = |span| answered.reply.slice(span).unwrap();
        let pairs: Vec<(&[u8], Option<&[u8]>)> =
            headers.iter().map(|header| (slice(header.name), header.value.map(slice))).collect();
        assert_eq!(pairs, [(b"by".as_slice(), Some(language.name().as_bytes()))]);
        assert!(emission.inherit_headers);
    });
}

#[test]
fn what_is_emitted_has_the_records_key_and_headers_and_the_plugins_own() {
    in_each(|language, plugin| {
        let ran = run(plugin, &["ok", "shout:good day"]);
        let world = ran.world();
        assert_eq!(world.written("out0", 0), ["ok", "GOOD DAY"], "in {}", language.name());
        let (input, output) = (record("ok"), &world.outputs[&("out0".to_owned(), 0)][1]);
        assert_eq!((&output.key, output.timestamp), (&input.key, input.timestamp));
        let mut headers = input.headers;
        headers.push((b"by".to_vec(), Some(language.name().as_bytes().to_vec())));
        assert_eq!(output.headers, headers);
    });
}

#[test]
fn the_one_record_that_breaks_the_plugin_is_set_aside() {
    in_each(|language, plugin| {
        let ran = run(plugin, &["ok-1", "trap", "ok-2", "loop", "ok-3", "reject:it", "ok-4"]);
        let expected = [("trap", "plugin-trap"), ("loop", "plugin-deadline"), ("reject:it", "unwanted")];
        let expected: Vec<_> = expected.map(|(value, code)| (value.to_owned(), code.to_owned())).into();
        assert_eq!(letters(&ran), expected, "in {}", language.name());
        assert_eq!(ran.world().written("out0", 0), ["ok-1", "ok-2", "ok-3", "ok-4"]);
    });
}

#[test]
fn what_the_types_allow_and_the_contract_does_not_is_set_aside() {
    let plugin = plugin(Language::Rust).expect("Rust is there");
    let mut wrong = Vec::new();
    for guest in TYPED {
        let mut instance = started(&plugin);
        for batch in [vec![guest.entry()], vec![fine(0), guest.entry(), fine(2)]] {
            let at = batch.len() / 2;
            let answered = call(&mut instance, &MemoryBatch::of(batch));
            let (found, reason) = (answered.words(at), answered.reason());
            renew(&mut instance);
            if !found.starts_with(&guest.expected.words()) || !reason.contains(guest.reason) {
                wrong.push(format!("{}: {found}, because {reason}", guest.name));
            }
        }
        let fits = matches!(guest.expected, Expected::Fails(_));
        assert!(fits, "{} is no offender", guest.name);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
