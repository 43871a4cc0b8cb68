//! Any sequence of changes, commits, aborts and reads answers as a map would.

use super::{applied, fixture};
use proptest::prelude::*;
use std::collections::BTreeMap;
use wasmill_record::ReadState;

#[derive(Debug, Clone)]
enum Step {
    Put(Vec<u8>, u8),
    Delete(Vec<u8>),
    Commit,
    Abort,
    Reopen,
    Scan(Vec<u8>, Option<Vec<u8>>, usize),
}

fn key() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(prop_oneof![Just(0u8), Just(b'a'), Just(255u8)], 0..4)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (key(), any::<u8>()).prop_map(|(key, value)| Step::Put(key, value)),
        3 => key().prop_map(Step::Delete),
        2 => Just(Step::Commit),
        1 => Just(Step::Abort),
        1 => Just(Step::Reopen),
        4 => (key(), proptest::option::of(key()), 1usize..5).prop_map(|(prefix, after, max)| Step::Scan(prefix, after, max)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_partition_answers_as_a_map_would(steps in proptest::collection::vec(step(), 1..60)) {
        let fixture = fixture();
        let mut partition = fixture.restored(7);
        let (mut now, mut committed) = (BTreeMap::new(), BTreeMap::new());
        for (at, step) in steps.into_iter().enumerate() {
            match step {
                Step::Put(key, value) => {
                    partition.change(0, &key, Some(&[value]), None).unwrap();
                    now.insert(key, value);
                }
                Step::Delete(key) => {
                    partition.change(0, &key, None, None).unwrap();
                    now.remove(&key);
                }
                Step::Commit => {
                    partition.apply(&applied(&format!("t{at}"))).unwrap();
                    committed = now.clone();
                }
                Step::Abort => {
                    partition.drop_changes();
                    now = committed.clone();
                }
                Step::Reopen => {
                    partition = fixture.stores.partition(7).unwrap();
                    now = committed.clone();
                }
                Step::Scan(prefix, after, max) => {
                    let wanted = |key: &&Vec<u8>| key.starts_with(&prefix) && after.as_ref().is_none_or(|it| *key > it);
                    let expected: Vec<_> = now.keys().filter(wanted).take(max).cloned().collect();
                    let mut found = Vec::new();
                    let each = &mut |key: &[u8], value: &[u8]| {
                        assert_eq!(value, [now[key]]);
                        found.push(key.to_vec());
                        found.len() < max
                    };
                    partition.scan(0, &prefix, after.as_deref(), each).unwrap();
                    prop_assert_eq!(found, expected);
                }
            }
            let view = partition.committed();
            for key in [vec![], vec![0], vec![b'a'], vec![b'a', 255], vec![255, 255, 255]] {
                let mut into = Vec::new();
                let length = partition.get(0, &key, &mut into).unwrap();
                prop_assert_eq!(length.map(|_| into[0]), now.get(&key).copied());
                let value = view.get(0, &key).unwrap().map(|it| it.value[0]);
                prop_assert_eq!(value, committed.get(&key).copied());
            }
        }
    }
}
