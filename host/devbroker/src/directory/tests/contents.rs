//! Journals whose checksums are right and whose content is anything: they are replayed or refused.

use proptest::prelude::*;

use super::scene::Scene;
use crate::directory::frame::{self, Frames, Next};
use crate::directory::journal::FACT;
use crate::directory::{JOURNAL, MAGIC};
use crate::log::fixture::{NOBODY, idempotent, plain, transactional};

/// Journals with every kind of change, as the contents of their frames: one written change by change, and one as a whole.
fn journals() -> [Vec<Vec<u8>>; 2] {
    let mut scene = Scene::new();
    scene.topic("t", 2, &[("retention.bytes", "300")]);
    scene.topic("u", 1, &[]);
    let now = scene.now().wall_ms;
    scene.append("t", 0, &plain(NOBODY, now, 3)).unwrap();
    let id = scene.core.transactions.new_producer_id();
    scene.append("t", 0, &plain(idempotent(id, 0, 0), now, 2)).unwrap();
    let producer = scene.init("worker").unwrap();
    for commit in [false, true] {
        scene.add("worker", producer, "t", 1);
        let sequence = i32::from(commit);
        let sender = transactional(producer.0, producer.1, sequence);
        scene.append_as("worker", "t", 1, &plain(sender, now, 1)).unwrap();
        scene.send_position("worker", producer, 0, 5);
        scene.end("worker", producer, commit).unwrap();
    }
    scene.commit(1, 7, "token");
    scene.core.cluster.partition_mut("t", 0).unwrap().lead(2);
    scene.core.cluster.partition_mut("t", 0).unwrap().delete_before(4).unwrap();
    scene.core.cluster.add_partitions("u", 2, false).unwrap();
    scene.core.delete_topic("u").unwrap();
    scene.core.settle();
    let written = std::fs::read(scene.folder.path().join(JOURNAL)).unwrap();
    [contents(&written), contents(&[MAGIC, &scene.snapshot()].concat())]
}

fn contents(journal: &[u8]) -> Vec<Vec<u8>> {
    let mut frames = Frames::begin(journal, journal.len() as u64, MAGIC).unwrap();
    std::iter::from_fn(|| match frames.next().unwrap() {
        Next::Frame(content) => Some(content.to_vec()),
        _ => None,
    })
    .collect()
}

fn start_on(frames: &[Vec<u8>]) -> (Scene, bool) {
    let mut bytes = MAGIC.to_vec();
    frames.iter().for_each(|content| frame::put(&mut bytes, &[content]));
    let mut scene = Scene::new();
    scene.core.close();
    std::fs::write(scene.folder.path().join(JOURNAL), bytes).unwrap();
    let started = scene.start().map(|core| scene.core = core);
    (scene, started.is_ok())
}

#[test]
fn both_journals_are_replayed_as_they_are() {
    assert!(journals().iter().all(|frames| start_on(frames).1));
}

#[derive(Clone, Debug)]
enum Damage {
    Byte {
        frame: prop::sample::Index,
        at: prop::sample::Index,
        value: u8,
    },
    /// Numbers of facts become large or negative.
    Number {
        at: prop::sample::Index,
        value: i64,
    },
    Cut {
        frame: prop::sample::Index,
        at: prop::sample::Index,
    },
    Move {
        from: prop::sample::Index,
        to: prop::sample::Index,
    },
    Drop {
        frame: prop::sample::Index,
    },
}

fn damages() -> impl Strategy<Value = Damage> {
    let index = any::<prop::sample::Index>;
    let numbers = prop_oneof![
        Just(i64::MAX),
        Just(i64::MIN),
        Just(-1),
        Just(i64::from(i32::MAX)),
        Just(i64::from(i16::MAX)),
        0..9i64
    ];
    prop_oneof![
        1 => (index(), index(), any::<u8>()).prop_map(|(frame, at, value)| Damage::Byte { frame, at, value }),
        3 => (index(), numbers).prop_map(|(at, value)| Damage::Number { at, value }),
        1 => (index(), index()).prop_map(|(frame, at)| Damage::Cut { frame, at }),
        1 => (index(), index()).prop_map(|(from, to)| Damage::Move { from, to }),
        1 => index().prop_map(|frame| Damage::Drop { frame }),
    ]
}

fn damage(frames: &mut Vec<Vec<u8>>, damage: &Damage) {
    if frames.is_empty() {
        return;
    }
    match damage {
        Damage::Byte { frame, at, value } => {
            let content = frame.get_mut(frames);
            if !content.is_empty() {
                *at.get_mut(content) = *value;
            }
        }
        Damage::Number { at, value } => {
            // Not the digits within a topic's id.
            let is_start = |fact: &[u8], at: usize| fact[at].is_ascii_digit() && b":,[".contains(&fact[at - 1]);
            let facts = (0..).zip(frames.iter()).filter(|(_, content)| content.first() == Some(&FACT));
            let starts = facts.flat_map(|(frame, fact)| (1..fact.len()).map(move |at| (frame, fact, at)));
            let starts: Vec<(usize, usize)> =
                starts.filter(|(_, fact, at)| is_start(fact, *at)).map(|(frame, _, at)| (frame, at)).collect();
            if starts.is_empty() {
                return;
            }
            let (frame, start) = *at.get(&starts);
            let content = &frames[frame];
            let end = (start..content.len()).find(|at| !content[*at].is_ascii_digit()).unwrap_or(content.len());
            frames[frame] = [&content[..start], value.to_string().as_bytes(), &content[end..]].concat();
        }
        Damage::Cut { frame, at } => {
            let content = frame.get_mut(frames);
            content.truncate(at.index(content.len() + 1));
        }
        Damage::Move { from, to } => {
            let content = frames.remove(from.index(frames.len()));
            frames.insert(to.index(frames.len() + 1), content);
        }
        Damage::Drop { frame } => _ = frames.remove(frame.index(frames.len())),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_journal_says_it_is_replayed_or_refused(
        which in 0..2usize,
        damages in proptest::collection::vec(damages(), 1..4),
    ) {
        thread_local! { static JOURNALS: [Vec<Vec<u8>>; 2] = journals(); }
        let mut frames = JOURNALS.with(|journals| journals[which].clone());
        damages.iter().for_each(|it| damage(&mut frames, it));
        let (mut scene, has_started) = start_on(&frames);
        if has_started {
            // And then it is used.
            let now = scene.now();
            let _ = scene.init("worker");
            scene.core.transactions.new_producer_id();
            if scene.core.cluster.partition("t", 0).is_ok() {
                let _ = scene.append("t", 0, &plain(NOBODY, now.wall_ms, 1));
                scene.core.cluster.partition_mut("t", 0).unwrap().lead(1);
            }
            scene.core.clean(now);
            scene.restart();
        }
    }
}
