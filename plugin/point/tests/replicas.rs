//! Copies of one partition that were taken at different times of a cluster
//! which elects leaders, and how far each agrees with the one that is kept:
//! against Kafka's own way to cut a follower back.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use fastrand::Rng;
use slackwater_point::{Fork, Judgement, Line, Replica, Standing, judge, odd_one};

type Log = Vec<Line>;

fn end(log: &[Line]) -> u64 {
    log.last().map_or(0, |line| line.last + 1)
}

/// A broker that leads appends, others copy from it, and another is elected.
/// Each copy is taken at an instant of its own.
fn copies(rng: &mut Rng) -> Vec<Log> {
    let brokers = rng.usize(1..4);
    let mut logs: Vec<Log> = vec![Vec::new(); brokers];
    let mut taken: Vec<Option<Log>> = vec![None; brokers];
    let (mut leader, mut epoch) = (0, 0);
    for _ in 0..rng.usize(0..40) {
        match rng.u8(0..10) {
            0 => {
                // Whoever has what is acknowledged: here, all that most have.
                leader = (0..brokers)
                    .max_by_key(|at| {
                        let last = logs[*at].last().map_or(-1, |line| line.epoch);
                        (last, end(&logs[*at]), rng.u32(..))
                    })
                    .unwrap();
                if rng.u8(0..3) == 0 {
                    // Or an unclean one.
                    leader = rng.usize(0..brokers);
                }
                epoch += 1;
            }
            1..5 => {
                let base = end(&logs[leader]);
                let last = base + rng.u64(0..3);
                logs[leader].push(Line {
                    base,
                    last,
                    epoch,
                    crc: rng.u32(..),
                });
            }
            5..9 => {
                let follower = rng.usize(0..brokers);
                let from = logs[leader].clone();
                if follower != leader {
                    cut_back(&mut logs[follower], &from);
                    let next = logs[follower].len();
                    logs[follower].extend(from.get(next));
                }
            }
            _ => {
                let at = rng.usize(0..brokers);
                taken[at].get_or_insert_with(|| logs[at].clone());
            }
        }
    }
    let taken = taken.into_iter().zip(logs);
    taken.map(|(taken, log)| taken.unwrap_or(log)).collect()
}

/// A follower asks where its last epoch ends at the leader, and cuts its log
/// there, until both have the same last epoch (KIP-279).
fn cut_back(follower: &mut Log, leader: &[Line]) {
    loop {
        let Some(mine) = follower.last().map(|line| line.epoch) else {
            return;
        };
        let upto: Vec<&Line> = leader.iter().filter(|line| line.epoch <= mine).collect();
        let (epoch, until) = upto
            .last()
            .map_or((-1, 0), |line| (line.epoch, line.last + 1));
        let before = follower.len();
        follower.retain(|line| line.last < until && line.epoch <= epoch.max(-1));
        if epoch == mine || follower.len() == before {
            return;
        }
    }
}

/// As each broker notes where they begin.
fn epochs(log: &[Line]) -> Vec<(i32, u64)> {
    let mut all: Vec<(i32, u64)> = log.iter().map(|line| (line.epoch, line.base)).collect();
    all.dedup_by_key(|(epoch, _)| *epoch);
    all
}

fn replica(node: usize, log: &[Line], from: usize) -> Replica {
    let from = from.min(log.len());
    Replica {
        node: i32::try_from(node).unwrap(),
        start: 0,
        read_from: log.get(from).map_or(end(log), |line| line.base),
        whole: from == 0,
        cleaned_to: 0,
        epochs: epochs(log),
        lines: log[from..].to_vec(),
        end: end(log),
    }
}

fn whole(logs: &[Log]) -> Vec<Replica> {
    let each = logs.iter().enumerate();
    each.map(|(node, log)| replica(node, log, 0)).collect()
}

fn judged(replicas: &[Replica]) -> (usize, Vec<Fork>) {
    match judge(replicas) {
        Judgement::Judged { kept, forks } => (kept, forks),
        Judgement::Older(older) => panic!("{older:?} of {replicas:?}"),
    }
}

#[test]
fn each_copy_agrees_as_far_as_kafka_would_cut_it_back_to() {
    let mut seen = [0; 6];
    for seed in 0..20_000 {
        let mut rng = Rng::with_seed(seed);
        let logs = copies(&mut rng);
        let (kept, forks) = judged(&whole(&logs));
        for (log, fork) in logs.iter().zip(&forks) {
            let mut cut = log.clone();
            cut_back(&mut cut, &logs[kept]);
            assert_eq!(fork.agrees_to, end(&cut), "seed {seed}: {logs:?}");
            assert_eq!(cut, logs[kept][..cut.len()], "seed {seed}");
            let as_it_is = match fork.standing {
                Standing::Kept => end(log) == end(&logs[kept]),
                Standing::Same => *log == logs[kept],
                Standing::Shorter => cut == *log && cut.len() < logs[kept].len(),
                Standing::Superseded => cut.len() < log.len(),
                Standing::Behind | Standing::Divergent => false,
            };
            assert!(as_it_is, "seed {seed}: {fork:?}");
            seen[fork.standing as usize] += 1;
        }
        // With no more read than is asked for, it is the same.
        let mut from: Vec<usize> = logs.iter().map(Vec::len).collect();
        loop {
            let each = logs.iter().enumerate();
            let some: Vec<Replica> = each.map(|(at, log)| replica(at, log, from[at])).collect();
            match judge(&some) {
                Judgement::Judged {
                    kept: one,
                    forks: others,
                } => {
                    assert_eq!((one, &others), (kept, &forks), "seed {seed}: {some:?}");
                    break;
                }
                Judgement::Older(older) => {
                    assert!(!older.is_empty());
                    for at in older {
                        assert!(from[at] > 0, "seed {seed}: asked for what there is");
                        from[at] -= 1;
                    }
                }
            }
        }
    }
    assert!(seen[..4].iter().all(|count| *count > 500), "{seen:?}");
}

/// Each cleaner takes what it likes out of what lies below a point of its own; the last batch
/// stays. Below the greatest of these points nothing is held against another.
fn cleaned(rng: &mut Rng, logs: &[Log]) -> Vec<Replica> {
    let mut all = whole(logs);
    let mut most = 0;
    for one in &mut all {
        let at = rng.usize(0..=one.lines.len());
        let to = one.lines.get(at).map_or(one.end, |line| line.base);
        let last = one.lines.last().map(|line| line.base);
        one.lines
            .retain(|line| line.base >= to || Some(line.base) == last || rng.bool());
        most = most.max(to);
    }
    for one in &mut all {
        one.cleaned_to = most;
    }
    all
}

#[test]
fn what_is_of_a_leader_whose_log_did_not_last_is_told_where_cleaners_have_been() {
    let (mut dead, mut live) = (0, 0);
    for seed in 0..20_000 {
        let mut rng = Rng::with_seed(seed);
        let logs = copies(&mut rng);
        let (kept, forks) = judged(&whole(&logs));
        let (again, found) = judged(&cleaned(&mut rng, &logs));
        assert_eq!(again, kept, "seed {seed}");
        for ((log, fork), found) in logs.iter().zip(&forks).zip(&found) {
            let is_dead = fork.agrees_to < end(log);
            assert_eq!(
                found.standing == Standing::Superseded,
                is_dead,
                "seed {seed}: {fork:?} {found:?}"
            );
            assert!(found.agrees_to <= fork.agrees_to, "seed {seed}: {found:?}");
            match is_dead {
                true => dead += 1,
                false => live += 1,
            }
        }
    }
    assert!(dead > 500 && live > 500, "{dead}, {live}");
}

#[test]
fn a_copy_that_contradicts_one_epoch_is_divergent_and_named() {
    let mut named = 0;
    for seed in 0..5_000 {
        let mut rng = Rng::with_seed(seed);
        let logs = copies(&mut rng);
        let mut broken = whole(&logs);
        let odd = rng.usize(0..broken.len());
        let Some(at) = (!logs[odd].is_empty()).then(|| rng.usize(0..logs[odd].len())) else {
            continue;
        };
        broken[odd].lines[at].crc ^= 1;
        // Where another copy has that batch.
        let others = logs.iter().enumerate().filter(|(other, _)| *other != odd);
        let shared = others
            .filter(|(_, log)| log.get(at) == logs[odd].get(at))
            .count();
        let (kept, forks) = judged(&broken);
        let divergent = forks
            .iter()
            .any(|fork| fork.standing == Standing::Divergent);
        let of_kept = logs[kept].get(at) == logs[odd].get(at);
        assert_eq!(
            divergent,
            shared > 0 && (kept == odd || of_kept),
            "seed {seed}"
        );
        if divergent && shared == 2 {
            assert_eq!(odd_one(&broken), Some(odd), "seed {seed}");
            named += 1;
        }
    }
    assert!(named > 300, "{named}");
}

#[test]
fn of_two_that_contradict_each_other_neither_is_the_odd_one() {
    let line = |crc| Line {
        base: 0,
        last: 4,
        epoch: 0,
        crc,
    };
    let two = whole(&[vec![line(1)], vec![line(2)]]);
    assert_eq!(judged(&two).1[1].standing, Standing::Divergent);
    assert_eq!(odd_one(&two), None);
}

#[test]
fn a_copy_that_ends_before_the_kept_log_begins_is_behind() {
    let line = |base| Line {
        base,
        last: base + 9,
        epoch: 0,
        crc: 7,
    };
    let mut replicas = whole(&[vec![line(0)], vec![line(20)]]);
    replicas[1].start = 20;
    let (kept, forks) = judged(&replicas);
    assert_eq!(kept, 1);
    assert_eq!(
        forks[0],
        Fork {
            agrees_to: 0,
            standing: Standing::Behind
        }
    );
}

#[test]
fn batches_that_a_cleaner_has_changed_are_not_compared() {
    let line = |base, crc| Line {
        base,
        last: base + 9,
        epoch: 0,
        crc,
    };
    let mut replicas = whole(&[vec![line(0, 1), line(10, 2)], vec![line(0, 9), line(10, 2)]]);
    assert_eq!(judged(&replicas).1[1].standing, Standing::Divergent);
    replicas[1].cleaned_to = 10;
    assert_eq!(judged(&replicas).1[1].standing, Standing::Same);
}

#[test]
fn an_epoch_of_which_a_cleaner_has_left_no_batch_is_the_last_one_all_the_same() {
    let line = |base, last, epoch| Line {
        base,
        last,
        epoch,
        crc: 7,
    };
    let noted = |epochs: &[(i32, u64)], lines: &[Line], end| Replica {
        epochs: epochs.to_vec(),
        cleaned_to: 15,
        end,
        ..replica(1, lines, 0)
    };
    let old = [line(0, 8, 4)];
    let copy = noted(&[(4, 0), (5, 9)], &old, 15);
    let twice = [copy.clone(), copy.clone()];
    assert_eq!(judged(&twice).1[1].standing, Standing::Same);
    // Where epoch 4 went on for longer, epoch 5 was of a leader whose log did not last.
    let kept = noted(&[(4, 0), (6, 15)], &[old[0], line(15, 19, 6)], 20);
    let (best, forks) = judged(&[copy, kept]);
    assert_eq!(best, 1);
    assert_eq!(forks[0].standing, Standing::Superseded);
    assert_eq!(forks[0].agrees_to, 9);
}
