use super::markers::MarkerOrder;
use super::*;
use crate::clock::ManualClock;

const TIMEOUT_MS: i32 = 4000;
const CHECK: Duration = Duration::from_secs(1);

struct Scene {
    coordinator: Transactions,
    clock: ManualClock,
}

impl Scene {
    fn new() -> Self {
        let markers = Markers::new(Duration::ZERO, MarkerOrder::OutputsFirst);
        Self { coordinator: Transactions::new(CHECK, markers), clock: ManualClock::new() }
    }

    fn now(&self) -> Moment {
        crate::Clock::Manual(self.clock.clone()).now()
    }

    fn init(&mut self) -> Result<ProducerId, ResponseError> {
        self.coordinator.init("t", TIMEOUT_MS, NO_PRODUCER, self.now())
    }

    fn add(&mut self, producer: ProducerId) -> Result<(), ResponseError> {
        let partitions = [("out".to_owned(), 0), ("out".to_owned(), 1)];
        self.coordinator.add_partitions("t", producer, partitions, self.now())
    }

    fn end(&mut self, producer: ProducerId, commit: bool) -> Result<(), ResponseError> {
        self.coordinator.end("t", producer, commit, self.now())
    }

    fn state(&self) -> TransactionState {
        self.coordinator.view("t").unwrap().state
    }

    /// Writes all markers that are due.
    fn write_markers(&mut self) -> Vec<Marker> {
        let mut written = Vec::new();
        while let Some(marker) = self.coordinator.markers.take_due(self.now().at, |_| true) {
            self.coordinator.marked(&marker);
            written.push(marker);
        }
        written
    }

    fn advance(&mut self, by: Duration) {
        self.clock.advance(by);
        let now = self.now();
        self.coordinator.check_timeouts(now);
    }
}

#[test]
fn a_transaction_is_complete_when_its_last_marker_is_written() {
    let mut scene = Scene::new();
    let producer = scene.init().unwrap();
    scene.add(producer).unwrap();
    scene.end(producer, true).unwrap();
    for state in [TransactionState::PrepareCommit, TransactionState::CompleteCommit] {
        let marker = scene.coordinator.markers.take_due(scene.now().at, |_| true).unwrap();
        assert_eq!(scene.state(), TransactionState::PrepareCommit);
        scene.coordinator.marked(&marker);
        assert_eq!(scene.state(), state);
    }
}

#[test]
fn everything_waits_while_markers_are_written() {
    let mut scene = Scene::new();
    let producer = scene.init().unwrap();
    scene.add(producer).unwrap();
    scene.end(producer, true).unwrap();
    let concurrent = Err(ResponseError::ConcurrentTransactions);
    assert_eq!(scene.add(producer), concurrent);
    assert_eq!(scene.end(producer, true), concurrent);
    let now = scene.now();
    assert_eq!(scene.coordinator.add_group("t", producer, "g", now), concurrent);
    assert_eq!(scene.init().map(drop), concurrent);
    assert_eq!(scene.end(producer, false), Err(ResponseError::InvalidTxnState));
    scene.write_markers();
    assert_eq!(scene.add(producer), Ok(()));
}

#[test]
fn an_end_that_comes_again_is_taken_for_the_first_one_and_so_ends_the_next_transaction() {
    let mut scene = Scene::new();
    let producer = scene.init().unwrap();
    scene.add(producer).unwrap();
    scene.end(producer, true).unwrap();
    scene.write_markers();
    assert_eq!(scene.end(producer, true), Ok(()), "an answer that was lost");
    assert_eq!(scene.end(producer, false), Err(ResponseError::InvalidTxnState));
    scene.add(producer).unwrap();
    assert_eq!(scene.end(producer, true), Ok(()), "a late one: the epoch is the same");
    assert_eq!(scene.state(), TransactionState::PrepareCommit);
}

#[test]
fn an_empty_transaction_has_no_end() {
    let mut scene = Scene::new();
    let producer = scene.init().unwrap();
    assert_eq!(scene.end(producer, true), Err(ResponseError::InvalidTxnState));
}

#[test]
fn each_init_fences_the_one_before() {
    let mut scene = Scene::new();
    let first = scene.init().unwrap();
    let second = scene.init().unwrap();
    assert_eq!((second.0, second.1), (first.0, first.1 + 1));
    assert_eq!(scene.add(first), Err(ResponseError::ProducerFenced));
    assert_eq!(scene.add((first.0 + 1, 0)), Err(ResponseError::InvalidProducerIdMapping));
    assert_eq!(scene.add(second), Ok(()));
}

#[test]
fn an_init_during_a_transaction_aborts_it_and_has_to_come_again() {
    let mut scene = Scene::new();
    let first = scene.init().unwrap();
    scene.add(first).unwrap();
    assert_eq!(scene.init(), Err(ResponseError::ConcurrentTransactions));
    assert_eq!(scene.state(), TransactionState::PrepareAbort);
    let written = scene.write_markers();
    assert!(written.iter().all(|marker| !marker.commit && marker.producer == (first.0, first.1 + 1)));
    assert_eq!(scene.init(), Ok((first.0, first.1 + 2)));
}

#[test]
fn past_its_timeout_a_transaction_is_aborted_in_a_new_epoch_and_its_late_commit_fenced() {
    let mut scene = Scene::new();
    let producer = scene.init().unwrap();
    scene.add(producer).unwrap();
    scene.advance(Duration::from_millis(3999));
    assert_eq!(scene.state(), TransactionState::Ongoing);
    scene.advance(CHECK);
    assert_eq!(scene.state(), TransactionState::PrepareAbort);
    assert_eq!(scene.end(producer, true), Err(ResponseError::ProducerFenced));
    assert!(scene.write_markers().iter().all(|marker| marker.producer.1 == producer.1 + 1));
    assert_eq!(scene.end(producer, true), Err(ResponseError::ProducerFenced));
    assert_eq!(scene.coordinator.next_check(), None, "nothing is open any more");
}

#[test]
fn a_client_that_names_itself_keeps_its_id_and_a_stranger_is_fenced() {
    let mut scene = Scene::new();
    let producer = scene.init().unwrap();
    let now = scene.now();
    let mut init = |expected| scene.coordinator.init("t", TIMEOUT_MS, expected, now);
    let bumped = init(producer).unwrap();
    assert_eq!(bumped, (producer.0, producer.1 + 1));
    assert_eq!(init(producer), Ok(bumped), "its answer was lost");
    assert_eq!(init((producer.0 + 7, 0)), Err(ResponseError::ProducerFenced));
    assert_eq!(init((producer.0, 40)), Err(ResponseError::ProducerFenced));
}

#[test]
fn when_the_epochs_are_used_up_the_producer_gets_a_new_id() {
    let mut scene = Scene::new();
    let first = scene.init().unwrap();
    (0..i16::MAX - 1).for_each(|_| assert!(scene.init().is_ok()));
    let next = scene.init().unwrap();
    assert_ne!(next.0, first.0);
    assert_eq!(next.1, 0);
    assert_ne!(scene.coordinator.new_producer_id(), next.0);
}

#[test]
fn bad_timeouts_and_ids_are_refused() {
    let mut scene = Scene::new();
    let now = scene.now();
    for (id, timeout_ms, error) in [
        ("", 1000, ResponseError::InvalidRequest),
        ("t", 0, ResponseError::InvalidTransactionTimeout),
        ("t", 900_001, ResponseError::InvalidTransactionTimeout),
    ] {
        assert_eq!(scene.coordinator.init(id, timeout_ms, NO_PRODUCER, now), Err(error));
    }
}

#[test]
fn a_write_is_verified_against_the_transaction() {
    let mut scene = Scene::new();
    let producer = scene.init().unwrap();
    let verify =
        |scene: &mut Scene, producer, partition| scene.coordinator.verify_partition("t", producer, ("out", partition));
    assert_eq!(verify(&mut scene, producer, 0), Err(ResponseError::InvalidTxnState));
    scene.add(producer).unwrap();
    assert_eq!(verify(&mut scene, producer, 0), Ok(()));
    assert_eq!(verify(&mut scene, producer, 7), Err(ResponseError::InvalidTxnState));
    assert_eq!(verify(&mut scene, (producer.0, producer.1 - 1), 0), Err(ResponseError::InvalidProducerEpoch));
    scene.end(producer, true).unwrap();
    assert_eq!(verify(&mut scene, producer, 0), Err(ResponseError::InvalidTxnState));
}

#[test]
fn a_groups_marker_keeps_its_positions_open_until_it_is_written() {
    let mut scene = Scene::new();
    let producer = scene.init().unwrap();
    let now = scene.now();
    scene.coordinator.add_group("t", producer, "g", now).unwrap();
    assert_eq!(scene.coordinator.verify_group("t", producer, "other"), Err(ResponseError::InvalidTxnState));
    scene.end(producer, true).unwrap();
    assert_eq!(scene.coordinator.verify_group("t", producer, "g"), Ok(()));
    scene.write_markers();
    assert_eq!(scene.coordinator.verify_group("t", producer, "g"), Err(ResponseError::InvalidTxnState));
}

#[test]
fn markers_can_be_held_delayed_and_ordered_apart() {
    let mut scene = Scene::new();
    let producer = scene.init().unwrap();
    let now = scene.now();
    scene.add(producer).unwrap();
    scene.coordinator.add_group("t", producer, "g", now).unwrap();
    scene.coordinator.markers.set_order(MarkerOrder::OffsetsFirst);
    scene.coordinator.markers.set_delay(Duration::from_secs(1));
    scene.coordinator.markers.hold(1, Some(MarkerTarget::Partition("out".into(), 0)));
    scene.end(producer, true).unwrap();
    let write =
        |scene: &mut Scene| -> Vec<_> { scene.write_markers().into_iter().map(|marker| marker.target).collect() };
    assert_eq!(write(&mut scene), [MarkerTarget::Group("g".into())]);
    scene.clock.advance(Duration::from_secs(1));
    assert_eq!(write(&mut scene), [MarkerTarget::Partition("out".into(), 1)]);
    assert_eq!((scene.coordinator.markers.caught(1), scene.state()), (1, TransactionState::PrepareCommit));
    scene.coordinator.markers.release(1);
    scene.write_markers();
    assert_eq!(scene.state(), TransactionState::CompleteCommit);
}

#[test]
fn a_deleted_topic_does_not_keep_a_transaction_from_ending() {
    let mut scene = Scene::new();
    let producer = scene.init().unwrap();
    scene.add(producer).unwrap();
    scene.end(producer, true).unwrap();
    scene.coordinator.forget_topic("out");
    assert_eq!(scene.state(), TransactionState::CompleteCommit);
}
