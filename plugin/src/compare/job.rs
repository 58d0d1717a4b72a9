//! The work on many partitions at once: each is read by two threads, one for
//! each side, and compared by a third.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use slackwater_compare::{How, PartitionComparison, compare};
use slackwater_ports::Clock;

use super::feed::{Compared, Interrupted, feed};
use super::pairs::Pair;
use super::report::Row;
use super::show::show;
use super::sides::{Extent, Reader, Side};
use crate::adapters::{SystemClock, Terminal};

/// Partitions compared at the same time, or fewer where there are fewer
/// cores: each takes up to some 100 MB, fetches ahead included.
pub const PARTITIONS_AT_ONCE: usize = 4;

/// How often a partition is begun again whose log start rose past what was
/// to be read next.
const BEGINNINGS: u32 = 4;

/// Between two looks at how far it is.
const LOOK_MS: u64 = 200;

/// How far all of them are, in offsets of both sides.
struct Progress {
    done: AtomicU64,
    total: u64,
    over: AtomicUsize,
    partitions: usize,
    ended: AtomicBool,
}

/// A pair with what is known of both sides.
type Ready = (Pair, Result<(Extent, Extent), String>);

/// Compares them all; the rows are in their order. With `shows` the contents
/// of the first differences are in them.
pub fn run(
    pairs: Vec<Ready>,
    sources: &BTreeMap<String, Side<'_>>,
    mirror: &Side<'_>,
    shows: bool,
    terminal: &Terminal,
) -> Vec<Row> {
    let length = |extent: &Extent| extent.until.saturating_sub(extent.start);
    let lengths = pairs
        .iter()
        .filter_map(|(_, ready)| ready.as_ref().ok())
        .map(|(source, mirror)| length(source) + length(mirror));
    let progress = Progress {
        done: AtomicU64::new(0),
        total: lengths.sum(),
        over: AtomicUsize::new(0),
        partitions: pairs.len(),
        ended: AtomicBool::new(false),
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let threads = threads.min(PARTITIONS_AT_ONCE).min(pairs.len());
    let next = AtomicUsize::new(0);
    let rows: Mutex<BTreeMap<usize, Row>> = Mutex::default();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let mut worker = Worker {
                        sources,
                        mirror,
                        readers: BTreeMap::new(),
                        progress: &progress,
                        shows,
                    };
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        let Some((pair, ready)) = pairs.get(at) else {
                            break;
                        };
                        let row = worker.row(pair, ready);
                        progress.over.fetch_add(1, Ordering::Relaxed);
                        let mut rows = rows.lock().unwrap_or_else(PoisonError::into_inner);
                        rows.insert(at, row);
                    }
                })
            })
            .collect();
        let watcher = scope.spawn(|| watch(&progress, terminal));
        for worker in workers {
            // A panic goes on when the scope ends.
            let _ = worker.join();
        }
        progress.ended.store(true, Ordering::Relaxed);
        let _ = watcher.join();
    });
    let rows = rows.into_inner().unwrap_or_else(PoisonError::into_inner);
    rows.into_values().collect()
}

fn watch(progress: &Progress, terminal: &Terminal) {
    let began = SystemClock.monotonic_ms();
    while !progress.ended.load(Ordering::Relaxed) {
        SystemClock.sleep_ms(LOOK_MS);
        let took = SystemClock.monotonic_ms().saturating_sub(began).max(1);
        let done = progress.done.load(Ordering::Relaxed).min(progress.total);
        let left = u128::from(progress.total - done) * u128::from(took);
        let left = match left.checked_div(u128::from(done)) {
            Some(ms) => format!("{} s left", ms.div_ceil(1000)),
            None => "no record yet".to_owned(),
        };
        terminal.progress_line(&format!(
            "compare: {} of {} partitions, {} % of their offsets, {} a second, {left}",
            progress.over.load(Ordering::Relaxed),
            progress.partitions,
            (done * 100).checked_div(progress.total).unwrap_or(100),
            done * 1000 / took,
        ));
    }
}

/// One thread's own.
struct Worker<'a, 'k> {
    sources: &'a BTreeMap<String, Side<'k>>,
    mirror: &'a Side<'k>,
    /// By alias; `None` is the mirror's. Made when first needed.
    readers: BTreeMap<Option<String>, Reader<'k>>,
    progress: &'a Progress,
    shows: bool,
}

impl<'k> Worker<'_, 'k> {
    fn row(&mut self, pair: &Pair, ready: &Result<(Extent, Extent), String>) -> Row {
        let mut row = Row::new(pair);
        match ready {
            Err(why) => row.error = Some(why.clone()),
            Ok((source, mirror)) => {
                let (mut source, mut mirror) = (source.clone(), mirror.clone());
                if let Err(why) = self.compare(pair, &mut source, &mut mirror, &mut row) {
                    row.error = Some(why);
                }
                row.extents(&source, &mirror);
            }
        }
        row
    }

    fn compare(
        &mut self,
        pair: &Pair,
        source: &mut Extent,
        mirror: &mut Extent,
        row: &mut Row,
    ) -> Result<(), String> {
        let Some(of_source) = self.sources.get(&pair.alias) else {
            return Err(format!("source {} is not configured", pair.alias));
        };
        for (key, side) in [(Some(pair.alias.clone()), of_source), (None, self.mirror)] {
            if let std::collections::btree_map::Entry::Vacant(entry) = self.readers.entry(key) {
                entry.insert(side.reader()?);
            }
        }
        let readers = (
            &self.readers[&Some(pair.alias.clone())],
            &self.readers[&None],
        );
        let mut beginnings = 0;
        loop {
            match once(
                pair,
                readers,
                (source, mirror),
                row.timestamps,
                self.progress,
            ) {
                Ok(result) => {
                    row.take(result);
                    break;
                }
                Err(Interrupted::Timestamps) if row.timestamps => row.timestamps = false,
                Err(Interrupted::Moved) if beginnings < BEGINNINGS => {
                    beginnings += 1;
                    begin_again(self.mirror, mirror)?;
                    begin_again(of_source, source)?;
                }
                Err(Interrupted::Failed(why)) => return Err(why),
                Err(Interrupted::Moved | Interrupted::Timestamps) => {
                    return Err(
                        "its log start moved on faster than it could be read: retention is \
                         deleting what is to be compared"
                            .to_owned(),
                    );
                }
            }
        }
        if self.shows
            && let Some(first) = &row.comparison.first_difference
        {
            let one = |side: Option<slackwater_compare::Side>, reader, extent| {
                side.and_then(|side| show(reader, extent, side.offset))
            };
            row.show(
                one(first.source, readers.0, source),
                one(first.mirror, readers.1, mirror),
            );
        }
        Ok(())
    }
}

/// Where the log starts by now; it is read up to where it was to be.
fn begin_again(side: &Side<'_>, extent: &mut Extent) -> Result<(), String> {
    let mut now = side
        .extents(std::slice::from_ref(&extent.partition))
        .map_err(|stop| stop.cause)?;
    let now = now
        .remove(&extent.partition)
        .unwrap_or_else(|| Err("it is gone".to_owned()))?;
    extent.start = now.start;
    Ok(())
}

fn once(
    pair: &Pair,
    readers: (&Reader<'_>, &Reader<'_>),
    (source, mirror): (&Extent, &Extent),
    timestamps: bool,
    progress: &Progress,
) -> Result<PartitionComparison, Interrupted> {
    let how = How {
        source_start: source.start,
        mirror_start: mirror.start,
        due: pair.at_cut.as_ref().map(|cut| cut.due),
        source_open: source.open,
        source_compacts: source.compacts,
        mirror_compacts: mirror.compacts,
        ..How::default()
    };
    let compared = Compared {
        timestamps,
        keys: source.compacts || mirror.compacts,
    };
    thread::scope(|scope| {
        let (feeder, mut of_source) = feed(compared);
        scope.spawn(move || feeder.run(readers.0, source, &progress.done));
        let (feeder, mut of_mirror) = feed(compared);
        scope.spawn(move || feeder.run(readers.1, mirror, &progress.done));
        // Both feeds are dropped with this block, which ends their readers.
        compare(&mut of_source, &mut of_mirror, &how)
    })
}
