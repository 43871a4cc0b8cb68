//! Whatever happens to a broker, in whatever order: after a restart it knows what it knew before.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::scene::Scene;
use crate::directory::{JOURNAL, MAGIC};
use crate::log::fixture::{NOBODY, plain, transactional};

const TOPICS: [&str; 2] = ["t", "u"];
const IDS: [&str; 2] = ["a", "b"];

#[derive(Clone, Debug)]
enum Step {
    Append {
        topic: usize,
        records: usize,
    },
    Init {
        id: usize,
    },
    /// One record in the id's transaction.
    Send {
        id: usize,
        topic: usize,
    },
    Position {
        id: usize,
        offset: i64,
    },
    End {
        id: usize,
        commit: bool,
    },
    Commit {
        offset: i64,
    },
    /// So much of what there is, in tenths.
    DeleteRecords {
        topic: usize,
        tenths: i64,
    },
    Recreate {
        topic: usize,
    },
    Grow {
        topic: usize,
    },
    Configure {
        topic: usize,
        retention: u32,
    },
    Lead {
        topic: usize,
        node: i32,
    },
    Restart,
}

fn steps() -> impl Strategy<Value = Step> {
    let (topic, id) = (0..TOPICS.len(), 0..IDS.len());
    prop_oneof![
        4 => (topic.clone(), 1..5usize).prop_map(|(topic, records)| Step::Append { topic, records }),
        2 => id.clone().prop_map(|id| Step::Init { id }),
        6 => (id.clone(), topic.clone()).prop_map(|(id, topic)| Step::Send { id, topic }),
        3 => (id.clone(), 0..100i64).prop_map(|(id, offset)| Step::Position { id, offset }),
        3 => (id, any::<bool>()).prop_map(|(id, commit)| Step::End { id, commit }),
        2 => (0..100i64).prop_map(|offset| Step::Commit { offset }),
        1 => (topic.clone(), 0..=10i64).prop_map(|(topic, tenths)| Step::DeleteRecords { topic, tenths }),
        1 => topic.clone().prop_map(|topic| Step::Recreate { topic }),
        1 => topic.clone().prop_map(|topic| Step::Grow { topic }),
        1 => (topic.clone(), 100..500u32).prop_map(|(topic, retention)| Step::Configure { topic, retention }),
        1 => (topic, 1..=3i32).prop_map(|(topic, node)| Step::Lead { topic, node }),
        1 => Just(Step::Restart),
    ]
}

/// What a client knows of its own producer.
#[derive(Clone, Copy)]
struct Client {
    producer: (i64, i16),
    sequences: [i32; TOPICS.len()],
}

fn take(scene: &mut Scene, clients: &mut [Option<Client>; IDS.len()], step: &Step) {
    let now = scene.now();
    match *step {
        Step::Append { topic, records } => {
            scene.append(TOPICS[topic], 0, &plain(NOBODY, now.wall_ms, records)).unwrap();
        }
        Step::Init { id } => {
            // Refused while it aborts what is open.
            if let Ok(producer) = scene.init(IDS[id]) {
                clients[id] = Some(Client { producer, sequences: [0; TOPICS.len()] });
            }
        }
        Step::Send { id, topic } => {
            let Some(client) = &mut clients[id] else { return };
            let producer = client.producer;
            if scene.core.transactions.view(IDS[id]).unwrap().epoch == producer.1 {
                scene.add(IDS[id], producer, TOPICS[topic], 0);
                let sender = transactional(producer.0, producer.1, client.sequences[topic]);
                client.sequences[topic] += 1;
                // A topic that was made anew does not know the sequence; it takes any.
                scene.append_as(IDS[id], TOPICS[topic], 0, &plain(sender, now.wall_ms, 1)).unwrap();
            }
        }
        Step::Position { id, offset } => {
            let Some(client) = clients[id] else { return };
            if scene.core.transactions.view(IDS[id]).unwrap().epoch == client.producer.1 {
                scene.send_position(IDS[id], client.producer, 0, offset);
            }
        }
        Step::End { id, commit } => {
            if let Some(client) = clients[id] {
                let _ = scene.end(IDS[id], client.producer, commit);
            }
        }
        Step::Commit { offset } => scene.commit(0, offset, &offset.to_string()),
        Step::DeleteRecords { topic, tenths } => {
            let log = scene.core.cluster.partition_mut(TOPICS[topic], 0).unwrap();
            log.delete_before(log.start + (log.end - log.start) * tenths / 10).unwrap();
        }
        Step::Recreate { topic } => {
            scene.core.delete_topic(TOPICS[topic]).unwrap();
            scene.topic(TOPICS[topic], 1, &[]);
        }
        Step::Grow { topic } => {
            let present = scene.core.cluster.topic(TOPICS[topic]).unwrap().partitions.len();
            scene.core.cluster.add_partitions(TOPICS[topic], i32::try_from(present).unwrap() + 1, false).unwrap();
        }
        Step::Configure { topic, retention } => {
            let configs = BTreeMap::from([("retention.bytes".to_owned(), retention.to_string())]);
            scene.core.cluster.set_configs(TOPICS[topic], configs, false).unwrap();
        }
        Step::Lead { topic, node } => scene.core.cluster.partition_mut(TOPICS[topic], 0).unwrap().lead(node),
        Step::Restart => scene.restart(),
    }
    scene.core.settle();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_restart_changes_nothing_but_what_it_says(history in proptest::collection::vec(steps(), 1..80)) {
        let mut scene = Scene::new();
        let mut clients = [None; IDS.len()];
        TOPICS.iter().for_each(|topic| _ = scene.topic(topic, 1, &[]));
        history.iter().for_each(|step| take(&mut scene, &mut clients, step));
        scene.core.close();
        // What a start does by itself, done to the state that never left the memory.
        let now = scene.now();
        scene.core.cluster.elect_again();
        scene.core.transactions.resume(now);
        while scene.core.tick(now) {}
        let expected = scene.snapshot();
        scene.core = scene.start().unwrap();
        prop_assert_eq!(readable(&scene.snapshot()), readable(&expected));
        // That journal was written change by change; one that was written as a whole brings back the same.
        scene.core.close();
        std::fs::write(scene.folder.path().join(JOURNAL), [MAGIC, &expected].concat()).unwrap();
        scene.core.cluster.elect_again();
        let expected = scene.snapshot();
        scene.core = scene.start().unwrap();
        prop_assert_eq!(readable(&scene.snapshot()), readable(&expected));
    }
}

/// For messages that people can compare.
fn readable(snapshot: &[u8]) -> String {
    String::from_utf8_lossy(snapshot).into_owned()
}
