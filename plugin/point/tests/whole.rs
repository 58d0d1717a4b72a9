//! A transaction that its coordinator knows in a partition which does not show it, and one
//! that its coordinator's log was copied too early to know.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod world;

use slackwater_point::{Log, Older, TookPart, TransactionId, Unsolved, Wanted, Word, by_timestamp};
use world::{Entry, Model, partition, read};

/// When transactions end, one after another: further apart than clocks are.
const APART_MS: i64 = 100_000;

fn id(epoch: i16) -> TransactionId {
    TransactionId { producer: 5, epoch }
}

fn of_producer(producer: i64, epochs: &[i16]) -> Model {
    let each = epochs.iter().flat_map(|epoch| {
        let id = TransactionId {
            producer,
            epoch: *epoch,
        };
        [
            Entry::Data {
                at: 1,
                transaction: Some(id),
            },
            Entry::Marker {
                of: id,
                committed: true,
                ms: APART_MS * i64::from(*epoch),
            },
        ]
    });
    Model {
        entries: each.collect(),
        ordered: true,
        complete_ms: Some(9),
    }
}

fn of(epochs: &[i16]) -> Model {
    of_producer(5, epochs)
}

fn both() -> Word {
    Word::Ongoing([partition(0), partition(1)].into_iter().collect())
}

/// Of this one, and of what came before it.
fn told(epoch: i16, word: Word) -> TookPart {
    let mut told = TookPart::default();
    for before in 0..epoch {
        let ms = APART_MS * i64::from(before);
        let one = Word::Ongoing([partition(0)].into_iter().collect());
        told.tell(id(before), ms, one);
        told.tell(id(before + 1), ms, Word::Over);
    }
    told.tell(id(epoch), APART_MS * i64::from(epoch), word);
    told
}

/// The second transaction wrote to both and is over.
fn second_in_both() -> TookPart {
    let mut second = told(1, both());
    second.tell(id(2), APART_MS, Word::Over);
    second
}

fn cut(logs: &[Log], told: &TookPart) -> Vec<u64> {
    by_timestamp(logs, told, 0).unwrap().cuts
}

/// Where the two are cut, if the coordinator knows the second transaction in both.
fn cuts(other: &[i16], front_gone: bool) -> Vec<u64> {
    let mut logs = read(&[of(&[0, 1]), of(other)]);
    logs[1].front_gone = front_gone;
    cut(&logs, &second_in_both())
}

#[test]
fn it_is_missing_and_dropped_everywhere() {
    assert_eq!(cuts(&[0], false), [2, 2]);
    assert_eq!(cuts(&[], false), [2, 0]);
    assert_eq!(cuts(&[0, 1], false), [4, 4]);
}

#[test]
fn retention_may_have_taken_it_only_where_all_that_is_left_came_later() {
    // A copy that was taken before it came shows as little of it.
    assert_eq!(cuts(&[], true), [2, 0]);
    assert_eq!(cuts(&[0], true), [2, 2]);
    let later = [of(&[0, 1, 2]), of(&[2])];
    let mut logs = read(&later);
    let mut all = second_in_both();
    all.tell(id(2), 2 * APART_MS, both());
    all.tell(id(3), 2 * APART_MS, Word::Over);
    assert_eq!(cut(&logs, &all), [2, 0]);
    logs[1].front_gone = true;
    assert_eq!(cut(&logs, &all), [6, 2]);
    // Somebody else's transaction, which ended long after it.
    let mut all = second_in_both();
    let other = |epoch| TransactionId { producer: 6, epoch };
    let one = Word::Ongoing([partition(1)].into_iter().collect());
    all.tell(other(2), 2 * APART_MS, one);
    all.tell(other(3), 2 * APART_MS, Word::Over);
    let mut logs = read(&[of(&[0, 1]), of_producer(6, &[2])]);
    logs[1].front_gone = true;
    assert_eq!(cut(&logs, &all), [4, 2]);
    // Or about then.
    logs[1].transactions[0].marker.as_mut().unwrap().ms = APART_MS + 1_000;
    assert_eq!(cut(&logs, &all), [2, 2]);
}

#[test]
fn where_the_coordinator_does_not_say_its_end_it_may_have_written_to_more() {
    let logs = read(&[of(&[0, 1]), of(&[0])]);
    let one = || Word::Ongoing([partition(0)].into_iter().collect());
    // So far to one of them, and how it ended is not there.
    assert_eq!(cut(&logs, &told(1, one())), [2, 2]);
    // Its log ends before that began: by the end of the one before.
    assert_eq!(cut(&logs, &told(1, Word::Over)), [2, 2]);
    // Or before the producer came.
    let mut empty = TookPart::default();
    empty.ask();
    assert_eq!(cut(&logs, &empty), [0, 0]);
    // With its end that is all, and where there is no coordinator's log nobody knows.
    let mut over = told(1, one());
    over.tell(id(2), APART_MS, Word::Over);
    assert_eq!(cut(&logs, &over), [4, 2]);
    assert_eq!(cut(&logs, &TookPart::default()), [4, 2]);
    // One that ended long before is over on all copies.
    let mut later = TookPart::default();
    let other = TransactionId {
        producer: 6,
        epoch: 0,
    };
    later.tell(other, APART_MS + 3_600_001, Word::Over);
    assert_eq!(cut(&logs, &later), [4, 2]);
}

#[test]
fn one_epoch_of_several_transactions_is_over_when_it_was_told_of() {
    let logs = read(&[of(&[0, 1]), of(&[0, 1])]);
    let mut all = told(1, both());
    assert_eq!(cut(&logs, &all), [2, 2]);
    all.tell(id(1), APART_MS, Word::Over);
    assert_eq!(cut(&logs, &all), [4, 4]);
}

#[test]
fn a_log_is_read_back_for_it_until_one_that_ended_before_is_there() {
    let mut all = told(3, both());
    all.tell(id(4), 3 * APART_MS, Word::Over);
    let other = |epoch| TransactionId { producer: 6, epoch };
    let one = Word::Ongoing([partition(1)].into_iter().collect());
    all.tell(other(1), APART_MS, one);
    all.tell(other(2), APART_MS, Word::Over);
    let logs = read(&[of(&[0, 3]), of_producer(6, &[0, 1])]);
    let mut part = logs.clone();
    part[1].transactions.remove(0);
    part[1].transactions_from = 3;
    // What it does not show was over before the first copy was taken.
    part[1].then = Some(3);
    assert_eq!(cut(&part, &all), [2, 4]);
    // By what ended about then it can't be told.
    part[1].transactions[0].marker.as_mut().unwrap().ms = 3 * APART_MS;
    let wanted = Wanted {
        log: 1,
        older: Older::Segments,
    };
    let more = |logs: &[Log], told: &TookPart| by_timestamp(logs, told, 0).unwrap_err();
    assert_eq!(more(&part, &all), Unsolved::Older(vec![wanted]));
}

#[test]
fn a_log_is_read_back_for_what_ended_since_the_first_copy_was_taken() {
    let mut logs = read(&[of(&[0, 1]), of(&[0, 1])]);
    let all = second_in_both();
    logs[1].transactions_from = 4;
    logs[1].transactions.clear();
    logs[1].ended_by_ms = Some(APART_MS);
    let wanted = Wanted {
        log: 1,
        older: Older::Segments,
    };
    let more = |logs: &[Log]| by_timestamp(logs, &all, 0).unwrap_err();
    assert_eq!(more(&logs), Unsolved::Older(vec![wanted]));
    // Whatever clocks say.
    logs[1].ended_by_ms = None;
    logs[1].then = Some(3);
    assert_eq!(more(&logs), Unsolved::Older(vec![wanted]));
}

#[test]
fn what_ended_before_the_first_copy_was_taken_is_whole_whatever_is_left_of_it() {
    // The coordinator's log has nothing of it any more.
    let mut logs = read(&[of(&[0, 1]), of(&[0, 1])]);
    let mut empty = TookPart::default();
    empty.ask();
    for log in &mut logs {
        log.then = Some(4);
    }
    assert_eq!(cut(&logs, &empty), [4, 4]);
    logs[1].then = Some(3);
    assert_eq!(cut(&logs, &empty), [2, 2]);
    // Retention has taken all of it there.
    let mut logs = read(&[of(&[0, 1]), of(&[])]);
    logs[1].front_gone = true;
    assert_eq!(cut(&logs, &second_in_both()), [2, 0]);
    logs[0].then = Some(4);
    assert_eq!(cut(&logs, &second_in_both()), [4, 0]);
}

#[test]
fn of_one_epoch_that_stands_for_many_what_ended_after_the_last_word_is_not_over() {
    let mut logs = read(&[of(&[1]), of(&[1])]);
    let mut all = told(1, both());
    all.tell(id(1), APART_MS, Word::Over);
    assert_eq!(cut(&logs, &all), [2, 2]);
    logs[0].transactions[0].marker.as_mut().unwrap().ms += 1;
    assert_eq!(cut(&logs, &all), [0, 0]);
}
