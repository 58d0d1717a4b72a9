//! The order of numbers, against its definition tried on every way to cut.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod world;

use std::collections::BTreeSet;

use fastrand::Rng;
use slackwater_point::{
    Gaps, Log, NO_PLACE, Numbered, Older, Point, Refused, SeenNumbers, SequenceAsked, TookPart,
    Unsolved, Wanted, by_sequence,
};
use world::{
    Coordinator, Entry, Model, all_cuts, grant, greatest, models, transactions_are_whole, unread,
};

/// Partitions of which retention may have taken what lies before a start.
struct Site {
    models: Vec<Model>,
    starts: Vec<u64>,
}

impl Site {
    fn of(models: Vec<Model>) -> Self {
        let starts = vec![0; models.len()];
        Self { models, starts }
    }

    fn numbered<'n>(numbers: impl IntoIterator<Item = &'n [i64]>) -> Self {
        Self::of(numbers.into_iter().map(plain).collect())
    }

    /// Offset and number of what is there.
    fn numbers(&self, log: usize) -> Vec<(u64, i64)> {
        let records = self.models[log].records().into_iter();
        records
            .filter(|one| one.offset >= self.starts[log] && one.at != NO_PLACE)
            .map(|one| (one.offset, one.at))
            .collect()
    }

    fn ordered(&self) -> impl Iterator<Item = usize> {
        (0..self.models.len()).filter(|log| self.models[*log].ordered)
    }

    fn seen(&self, from: &[u64]) -> (Vec<Numbered>, SeenNumbers) {
        let mut seen = SeenNumbers::default();
        let each = from.iter().enumerate().map(|(log, from)| {
            let numbers = self.numbers(log).into_iter();
            let read: Vec<i64> = numbers
                .filter(|one| one.0 >= *from)
                .map(|one| one.1)
                .collect();
            if self.models[log].ordered {
                read.iter().for_each(|number| seen.add(*number).unwrap());
            }
            Numbered {
                read_from: *from,
                least: read.iter().min().copied(),
                greatest: read.iter().max().copied(),
            }
        });
        (each.collect(), seen)
    }

    fn logs(&self) -> Vec<Log> {
        let mut logs = unread(&self.models);
        for (log, start) in logs.iter_mut().zip(&self.starts) {
            log.start = *start;
            log.front_gone = *start > 0;
        }
        logs
    }

    fn whole(&self, told: &TookPart, asked: SequenceAsked) -> Result<(Point, Gaps), Refused> {
        self.solve(told, asked, self.starts.clone())
    }

    /// With as little read as is asked for.
    fn lazy(&self, told: &TookPart, asked: SequenceAsked) -> Result<(Point, Gaps), Refused> {
        let last = |log: usize| {
            self.numbers(log)
                .last()
                .map_or(self.starts[log], |one| one.0)
        };
        self.solve(told, asked, (0..self.models.len()).map(last).collect())
    }

    fn solve(
        &self,
        told: &TookPart,
        asked: SequenceAsked,
        mut from: Vec<u64>,
    ) -> Result<(Point, Gaps), Refused> {
        let mut logs = self.logs();
        loop {
            let (numbered, seen) = self.seen(&from);
            let wanted = match by_sequence(&logs, told, &numbered, &seen, asked) {
                Ok(solved) => return Ok(solved),
                Err(Unsolved::Refused(refused)) => return Err(refused),
                Err(Unsolved::Older(wanted)) => wanted,
            };
            for want in &wanted {
                self.read_more(want, &mut from);
            }
            grant(&mut logs, &self.models, &wanted);
            // What was read for the one is there for the other.
            for (log, (known, from)) in logs.iter_mut().zip(&mut from).enumerate() {
                *from = (*from).min(known.window.from).max(self.starts[log]);
                let records = &mut known.window.records;
                records.retain(|one| one.offset >= self.starts[log]);
                let before = self.numbers(log).into_iter();
                let before = before.filter(|one| one.0 >= *from && one.0 < known.window.from);
                known.window.before = before.map(|one| one.1).max();
            }
        }
    }

    fn read_more(&self, want: &Wanted, from: &mut [u64]) {
        let Older::Below(number) = want.older else {
            return;
        };
        let log = want.log;
        assert!(from[log] > self.starts[log], "asked for what there is");
        let below = self.numbers(log).into_iter().rev();
        let mut below = below.filter(|one| one.0 < from[log] && one.1 < number);
        from[log] = below.next().map_or(self.starts[log], |one| one.0);
    }

    /// The number from which on missing ones count, by its definition.
    fn first(&self, asked: SequenceAsked) -> i64 {
        if let Some(first) = asked.first {
            return first;
        }
        let last = |log: usize| self.numbers(log).into_iter().map(|one| one.1).max();
        let least = |log: usize| self.numbers(log).into_iter().map(|one| one.1).min();
        let ends = self.ordered().map(last).min().unwrap();
        let from = ends.map_or(0, |ends| (ends - asked.disorder as i64).max(0));
        let lowest = self.ordered().filter_map(least).min().unwrap();
        let gone = self.ordered().filter(|log| self.starts[*log] > 0);
        let begins = gone
            .filter_map(least)
            .max()
            .filter(|one| ends >= Some(*one));
        from.max(lowest).max(begins.unwrap_or(0))
    }

    /// The last number of these cuts: all from the first to it are kept, none above, and none
    /// that is there below is dropped; `None` where one above is kept.
    fn reached(&self, cuts: &[u64], first: i64, told: &Coordinator) -> Option<i64> {
        let all = self.ordered().flat_map(|log| {
            let numbers = self.numbers(log).into_iter();
            numbers.map(move |one| (one.1, one.0 < cuts[log]))
        });
        let (mut there, mut kept) = (BTreeSet::new(), BTreeSet::new());
        for (number, is_kept) in all {
            there.insert(number);
            if is_kept {
                kept.insert(number);
            }
        }
        let most = there.last().copied()?;
        let missing = (first..=most).find(|number| !there.contains(number));
        let gone = there.difference(&kept).next().copied();
        let next = missing.into_iter().chain(gone).min();
        let last = next.map_or(most, |next| next - 1);
        let right = kept.last().is_none_or(|most| *most <= last);
        (right && transactions_are_whole(&self.models, cuts, told)).then_some(last)
    }

    /// The greatest point by its definition.
    fn wanted(&self, first: i64, told: &Coordinator) -> Option<(i64, Vec<u64>)> {
        let mut best: Option<(i64, Vec<Vec<u64>>)> = None;
        for cuts in all_cuts(&self.models) {
            if cuts
                .iter()
                .zip(&self.starts)
                .any(|(cut, start)| cut < start)
            {
                continue;
            }
            let Some(last) = self.reached(&cuts, first, told) else {
                continue;
            };
            match &mut best {
                Some((most, _)) if *most > last => {}
                Some((most, all)) if *most == last => all.push(cuts),
                _ => best = Some((last, vec![cuts])),
            }
        }
        let (last, all) = best?;
        Some((last, greatest(&all).expect("there is a greatest one")))
    }
}

fn plain(numbers: &[i64]) -> Model {
    let data = |at: &i64| Entry::Data {
        at: *at,
        transaction: None,
    };
    Model {
        entries: numbers.iter().map(data).collect(),
        ordered: true,
        complete_ms: None,
    }
}

/// Retention takes no part of a transaction here: a point in one would be refused.
fn starts(rng: &mut Rng, models: &[Model]) -> Vec<u64> {
    let each = models.iter().map(|model| {
        let mut entries = model.entries.iter();
        let plain = entries.position(|one| {
            !matches!(
                one,
                Entry::Data {
                    transaction: None,
                    ..
                }
            )
        });
        let most = plain.unwrap_or(model.entries.len()) as u64;
        if rng.bool() { rng.u64(0..=most) } else { 0 }
    });
    each.collect()
}

#[test]
fn it_is_the_greatest_number_up_to_which_all_are_kept() {
    const DISORDER: i64 = 2;
    let (mut some, mut cut, mut begun, mut refused, mut less, mut below) = (0, 0, 0, 0, 0, 0);
    for seed in 0..8000 {
        let mut rng = Rng::with_seed(seed);
        let mut next = 0;
        let (models, told) = models(&mut rng, |rng| match rng.u8(0..14) {
            0 => NO_PLACE,
            // MirrorMaker sent it once more.
            1 | 2 => (next - rng.i64(0..=DISORDER)).max(1),
            3 => {
                next += 2;
                next
            }
            _ => {
                next += 1;
                next
            }
        });
        let mut site = Site::of(models);
        if rng.bool() {
            site.starts = starts(&mut rng, &site.models);
        }
        let asked = SequenceAsked {
            first: (rng.u8(0..4) == 0).then(|| rng.i64(0..4)),
            disorder: DISORDER as u64,
        };
        let whole = site.whole(&told.said, asked);
        let lazy = site.lazy(&told.said, asked);
        assert_eq!(
            lazy.as_ref().map(|one| (&one.0.cuts, one.0.at, &one.1)),
            whole.as_ref().map(|one| (&one.0.cuts, one.0.at, &one.1)),
            "seed {seed}: {:?} {:?} {told:?}",
            site.models,
            site.starts
        );
        let none = site.ordered().all(|log| site.numbers(log).is_empty());
        let (point, gaps) = match whole {
            Ok(solved) => solved,
            Err(Refused::Unnumbered | Refused::FirstBeyond { .. }) if none => continue,
            Err(Refused::FirstBeyond { first }) => {
                let all = site.ordered().flat_map(|log| site.numbers(log));
                assert!(all.into_iter().all(|one| one.1 < first), "seed {seed}");
                continue;
            }
            Err(Refused::Begins {
                missing, begins, ..
            }) => {
                assert!(asked.first.is_none() && missing < begins, "seed {seed}");
                let all = site.ordered().flat_map(|log| site.numbers(log));
                assert!(all.into_iter().all(|one| one.1 != missing), "seed {seed}");
                refused += 1;
                continue;
            }
            Err(Refused::BeforeStart { .. }) => {
                continue;
            }
            Err(other) => panic!("seed {seed}: {other}"),
        };
        let first = site.first(asked);
        assert_eq!(gaps.first, first, "seed {seed}");
        let wanted = site.wanted(first, &told).expect("there is one");
        assert_eq!(
            (point.at, &point.cuts),
            (wanted.0, &wanted.1),
            "seed {seed}: {:?} {:?} {told:?}",
            site.models,
            site.starts
        );
        some += u32::from(wanted.0 >= first);
        below += u32::from(wanted.0 + 1 < first);
        cut += u32::from(wanted.1 != site.models.iter().map(Model::end).collect::<Vec<_>>());
        begun += u32::from(site.starts.iter().any(|start| *start > 0));
        less += u32::from(first > 1);
    }
    // The worlds are of all kinds.
    let all = [some, cut, begun, refused, less, below];
    assert!(all.iter().all(|count| *count > 40), "{all:?}");
}

/// Msg[2002] lies in partition 15, and the copy of partition 0 was taken before
/// Msg[2001] came.
#[test]
fn message_2002_is_dropped_where_2001_is_missing() {
    let mut numbers: Vec<Vec<i64>> = vec![Vec::new(); 16];
    for number in 1..=2000 {
        numbers[(number as usize - 1) % 16].push(number);
    }
    // 2001 would be in partition 0.
    numbers[15].push(2002);
    let site = Site::numbered(numbers.iter().map(Vec::as_slice));
    let asked = SequenceAsked {
        first: None,
        disorder: 10_000,
    };
    let (point, gaps) = site.lazy(&TookPart::default(), asked).unwrap();
    assert_eq!(point.at, 2000);
    assert_eq!(
        (gaps.first, gaps.runs, gaps.numbers, gaps.listed),
        (1, 1, 1, vec![(2001, 2001)])
    );
    for (model, cut) in site.models.iter().zip(&point.cuts).take(15) {
        assert_eq!(*cut, model.end());
    }
    assert_eq!(point.cuts[15], site.models[15].end() - 1);
    let pull = point.pull.unwrap();
    assert_eq!((pull.log, pull.at), (15, Some(2002)));
}

fn stated(first: Option<i64>, disorder: u64) -> SequenceAsked {
    SequenceAsked { first, disorder }
}

#[test]
fn logs_are_read_back_as_far_as_numbers_may_be_out_of_order_and_no_further() {
    let odd: Vec<i64> = (1..2000).step_by(2).collect();
    let even: Vec<i64> = (2..=2000).step_by(2).collect();
    let site = Site::numbered([odd.as_slice(), even.as_slice()]);
    // From offset 900 on, that is number 1801: enough for 1999 less twice 50.
    let (numbered, seen) = site.seen(&[900, 900]);
    let mut logs = site.logs();
    let none = TookPart::default();
    let (point, gaps) = by_sequence(&logs, &none, &numbered, &seen, stated(None, 50)).unwrap();
    assert_eq!((point.at, gaps.first, gaps.runs), (2000, 1949, 0));
    let more = by_sequence(&logs, &none, &numbered, &seen, stated(None, 100)).unwrap_err();
    let Unsolved::Older(wanted) = more else {
        panic!("{more:?}");
    };
    assert!(
        wanted.iter().all(|one| one.older == Older::Below(1799)),
        "{wanted:?}"
    );
    // A log without a number may lack any: all of the others is wanted then.
    logs[1].ordered = true;
    let (mut numbered, seen) = site.seen(&[900, 1000]);
    numbered[1].read_from = 0;
    let more = by_sequence(&logs, &none, &numbered, &seen, stated(None, 50)).unwrap_err();
    assert!(
        matches!(&more, Unsolved::Older(wanted) if wanted[0].older == Older::Below(0)),
        "{more:?}"
    );
}

#[test]
fn a_topic_without_numbers_takes_no_part_and_a_partition_without_one_does() {
    let numbers: Vec<i64> = (1..=2000).filter(|one| *one != 4).collect();
    let site = Site::numbered([numbers.as_slice(), &[NO_PLACE; 3]]);
    let mut logs = site.logs();
    logs[1].partition.topic = "heartbeats".to_owned();
    let (numbered, seen) = site.seen(&[1000, 1]);
    let none = TookPart::default();
    let (point, _) = by_sequence(&logs, &none, &numbered, &seen, stated(None, 9)).unwrap();
    assert_eq!((point.at, point.cuts), (2000, vec![1999, 3]));
    // It might lack 4.
    let (point, gaps) = site.lazy(&none, stated(None, 9)).unwrap();
    assert_eq!((point.at, gaps.listed), (3, vec![(4, 4)]));
}

#[test]
fn what_is_missing_where_retention_took_the_beginning_does_not_count() {
    // 1 to 5 are gone of the first, 2 and 4 of the second.
    let mut site = Site::numbered([[1, 3, 5, 7, 9, 11].as_slice(), &[2, 4, 6, 8, 10, 12]]);
    site.starts = vec![3, 2];
    let (point, gaps) = site.lazy(&TookPart::default(), stated(None, 1000)).unwrap();
    assert_eq!((point.at, gaps.first, gaps.runs), (12, 7, 0));
}

#[test]
fn a_log_that_ends_where_retention_has_taken_others_is_named_unless_the_first_is_stated() {
    let mut site = Site::numbered([[1, 2].as_slice(), &[3, 5, 6, 8, 9, 10]]);
    site.starts = vec![0, 3];
    let refused = site
        .lazy(&TookPart::default(), stated(None, 0))
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "number 3 is not there: retention may have taken it from t-1, which begins at 8, or t-0, \
         which ends at 2, was copied before it came; say with --first which number must be there \
         first, or leave its topic out with --exclude-order"
    );
    let (point, _) = site.lazy(&TookPart::default(), stated(Some(8), 0)).unwrap();
    assert_eq!(point.at, 10);
    let refused = site
        .lazy(&TookPart::default(), stated(Some(11), 0))
        .unwrap_err();
    assert_eq!(refused, Refused::FirstBeyond { first: 11 });
}

#[test]
fn the_first_gaps_are_listed_and_all_are_counted() {
    let numbers: Vec<i64> = (0..400).map(|at| at * 3).collect();
    let site = Site::numbered([numbers.as_slice()]);
    let (point, gaps) = site
        .whole(&TookPart::default(), stated(Some(0), 0))
        .unwrap();
    assert_eq!((point.at, point.cuts[0]), (0, 1));
    assert_eq!(
        (gaps.runs, gaps.numbers, gaps.listed.len()),
        (399, 798, 100)
    );
    assert_eq!(gaps.listed[1], (4, 5));
}
