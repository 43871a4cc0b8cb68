//! Restarts of a broker on one directory, without sockets where a test needs none.

mod contents;
mod histories;
mod scene;

use std::fs;

use kafka_protocol::ResponseError;

use scene::{GROUP, Scene, values};

use super::{Directory, Fact, JOURNAL, Journal, Lock};
use crate::core::Core;
use crate::log::fixture::{NOBODY, plain, transactional};
use crate::{Broker, Options, TransactionState};

#[test]
fn topics_records_and_positions_are_there_after_a_restart() {
    let mut scene = Scene::new();
    let id = scene.topic("t", 2, &[("retention.ms", "-1")]);
    scene.topic("gone", 1, &[]);
    scene.core.delete_topic("gone").unwrap();
    scene.append("t", 1, &plain(NOBODY, scene.now().wall_ms, 3)).unwrap();
    scene.commit(1, 7, "a token");
    let cluster = scene.core.cluster.id.clone();
    scene.restart();
    assert_eq!(scene.core.cluster.id, cluster);
    assert_eq!(scene.core.cluster.topics.keys().collect::<Vec<_>>(), ["t"]);
    let topic = scene.core.cluster.topic("t").unwrap();
    assert_eq!((topic.id, topic.partitions.len(), topic.settings.retention_ms), (id, 2, None));
    assert_eq!((values(&scene.core, "t", 1), values(&scene.core, "t", 0)), (3, 0));
    assert_eq!(scene.position(1), (7, "a token".to_owned(), 0));
    assert_eq!(scene.append("t", 1, &plain(NOBODY, scene.now().wall_ms, 1)), Ok(3), "offsets go on");
}

#[test]
fn a_batch_that_is_sent_again_after_a_restart_is_known() {
    let mut scene = Scene::new();
    scene.topic("t", 1, &[]);
    let producer = scene.core.transactions.new_producer_id();
    let batch = plain(crate::log::fixture::idempotent(producer, 0, 0), scene.now().wall_ms, 2);
    assert_eq!(scene.append("t", 0, &batch), Ok(0));
    scene.restart();
    assert_eq!(scene.append("t", 0, &batch), Ok(0));
    assert_eq!(scene.core.cluster.partition("t", 0).unwrap().end, 2);
    assert_eq!(scene.core.transactions.new_producer_id(), producer + 1, "ids are given once");
}

#[test]
fn a_transaction_that_was_open_is_aborted_and_its_producer_turned_away() {
    let mut scene = Scene::new();
    scene.topic("t", 1, &[]);
    let producer = scene.init("worker").unwrap();
    scene.add("worker", producer, "t", 0);
    scene.append_as("worker", "t", 0, &transactional_batch(producer, &scene)).unwrap();
    scene.send_position("worker", producer, 0, 5);
    assert_eq!(scene.position(0).2, ResponseError::UnstableOffsetCommit.code());
    scene.restart();
    let view = scene.core.transactions.view("worker").unwrap();
    assert_eq!((view.state, view.epoch), (TransactionState::CompleteAbort, producer.1 + 1));
    assert_eq!(scene.end("worker", producer, true), Err(ResponseError::ProducerFenced));
    let log = scene.core.cluster.partition("t", 0).unwrap();
    assert_eq!((log.last_stable(), log.end, log.aborted.len()), (2, 2, 1));
    assert_eq!(values(&scene.core, "t", 0), 0);
    assert_eq!(scene.position(0), (-1, String::new(), 0), "neither pending nor committed");
    assert_eq!(scene.init("worker"), Ok((producer.0, producer.1 + 2)), "the epoch goes on");
}

#[test]
fn a_transaction_whose_end_was_answered_is_ended_so_even_if_no_marker_was_written() {
    for commit in [true, false] {
        let mut scene = Scene::new();
        scene.topic("t", 1, &[]);
        let producer = scene.init("worker").unwrap();
        scene.add("worker", producer, "t", 0);
        scene.append_as("worker", "t", 0, &transactional_batch(producer, &scene)).unwrap();
        scene.send_position("worker", producer, 0, 5);
        scene.core.transactions.markers.hold(1, None);
        assert_eq!(scene.end("worker", producer, commit), Ok(()));
        assert_eq!(scene.core.cluster.partition("t", 0).unwrap().last_stable(), 0);
        scene.restart();
        let view = scene.core.transactions.view("worker").unwrap();
        let expected = if commit { TransactionState::CompleteCommit } else { TransactionState::CompleteAbort };
        assert_eq!((view.state, view.epoch), (expected, producer.1));
        assert_eq!(values(&scene.core, "t", 0), usize::from(commit));
        assert_eq!(scene.position(0).0, if commit { 5 } else { -1 });
    }
}

#[test]
fn wherever_the_last_change_is_cut_off_the_ones_before_it_are_there_and_new_ones_follow() {
    let mut scene = Scene::new();
    scene.topic("t", 1, &[]);
    scene.append("t", 0, &plain(NOBODY, scene.now().wall_ms, 2)).unwrap();
    let journal = scene.folder.path().join(JOURNAL);
    let before = fs::metadata(&journal).unwrap().len();
    scene.append("t", 0, &plain(NOBODY, scene.now().wall_ms, 1)).unwrap();
    scene.core.close();
    let whole = fs::read(&journal).unwrap();
    for end in usize::try_from(before).unwrap() + 1..whole.len() {
        fs::write(&journal, &whole[..end]).unwrap();
        scene.restart();
        assert_eq!(scene.core.cluster.partition("t", 0).unwrap().end, 2, "cut at {end}");
        assert_eq!(scene.append("t", 0, &plain(NOBODY, scene.now().wall_ms, 4)), Ok(2));
        scene.restart();
        assert_eq!(values(&scene.core, "t", 0), 6);
        scene.core.close();
    }
}

#[test]
fn a_journal_that_is_damaged_or_not_ours_is_refused_with_its_name_and_left_alone() {
    let mut scene = Scene::new();
    scene.topic("t", 1, &[]);
    scene.append("t", 0, &plain(NOBODY, scene.now().wall_ms, 2)).unwrap();
    scene.core.close();
    let journal = scene.folder.path().join(JOURNAL);
    let whole = fs::read(&journal).unwrap();
    let mut turned = whole.clone();
    turned[whole.len() - 1] ^= 1;
    let at = whole.len() - 12 - (1 + 16 + 4) - plain(NOBODY, 0, 2).len();
    let ours = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    // A batch of offset 0 where the next one would be 2.
    let twice = [&whole[..], &whole[at..]].concat();
    for (bytes, says) in [
        (turned, format!("damaged at byte {at}: a checksum differs; move the file away")),
        (twice, format!("damaged at byte {}: a batch that does not fit behind offset 2", whole.len())),
        ([b"x", &whole[1..]].concat(), "damaged at byte 0: this is no journal of a dev broker".to_owned()),
        (whole[..ours - 1].to_vec(), "damaged at byte 0".to_owned()),
        (Vec::new(), "damaged at byte 0".to_owned()),
    ] {
        fs::write(&journal, &bytes).unwrap();
        let said = scene.start().err().unwrap().to_string();
        assert!(said.contains(&says) && said.contains(&journal.display().to_string()), "{says}: {said}");
        assert_eq!(fs::read(&journal).unwrap(), bytes);
    }
}

#[test]
fn a_journal_does_not_outgrow_twice_what_it_holds_and_its_slack() {
    let mut scene = Scene::new();
    scene.topic("t", 1, &[("retention.bytes", "10000")]);
    let producer = scene.init("worker").unwrap();
    for _ in 0..3000 {
        scene.append("t", 0, &plain(NOBODY, scene.now().wall_ms, 20)).unwrap();
    }
    let length = fs::metadata(scene.folder.path().join(JOURNAL)).unwrap().len();
    assert!(length < 2 * 20_000 + super::SLACK_BYTES, "{length}");
    let held = scene.snapshot();
    scene.restart();
    assert_eq!(scene.snapshot(), held);
    assert_eq!(scene.init("worker"), Ok((producer.0, producer.1 + 1)));
}

#[test]
fn who_can_not_be_promised_anything_is_not_answered() {
    let mut scene = Scene::new();
    scene.topic("t", 1, &[]);
    scene.core.close();
    assert!(scene.try_position(0).is_none());
}

#[test]
fn a_second_broker_on_a_directory_is_refused_with_the_first_ones_name_and_the_next_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let options = || Options { directory: Some(folder.path().to_owned()), ..Options::default() };
    let first = Broker::start(options()).unwrap();
    let said = Broker::start(options()).err().unwrap().to_string();
    let (process, address) = (format!("in use by process {}", std::process::id()), format!("at {}", first.bootstrap()));
    assert!(said.contains(&process) && said.ends_with(&address), "{said}");
    first.create_topic("t", 3, &[]).unwrap();
    let faults = first.faults();
    drop(first);
    let second = Broker::start(options()).unwrap();
    assert_eq!((second.partitions("t"), second.partitions(GROUP)), (Some(3), None));
    drop(faults);
}

fn transactional_batch(producer: (i64, i16), scene: &Scene) -> bytes::BytesMut {
    plain(transactional(producer.0, producer.1, 0), scene.now().wall_ms, 1)
}

#[cfg(target_os = "linux")]
#[test]
fn when_nothing_can_be_written_any_more_it_is_said_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let (mut core, journal) = (Core::new(Options::default(), 0), Journal::kept());
    let now = core.options.clock.now();
    let lock = Lock::take(folder.path()).unwrap();
    let mut directory = Directory::open(lock, journal.clone(), &mut core, now).unwrap();
    journal.note(|| Fact::ProducerId { next: 1 });
    assert!(directory.write(&core));
    directory.file = fs::File::options().write(true).open("/dev/full").unwrap();
    assert!(directory.write(&core), "there is nothing to write");
    journal.note(|| Fact::ProducerId { next: 2 });
    assert!(!directory.write(&core));
    assert!(!directory.write(&core));
}
