//! The answers of the port, from what the offline reader finds.

use slackwater_logdir::{
    Depth, LogdirError, Replica, ReplicaScan, ScanOptions, on_all_cores, range, scan,
};
use slackwater_ports::{
    ContentDepth, PartitionId, RangeRow, RangeWanted, ReplicaRead, ScanRow, ScanWanted,
};

use crate::state::State;

/// The replicas of all that is wanted, each with what is wanted of it.
fn each<'a, W>(
    state: &'a State,
    wanted: &'a [W],
    partition: impl Fn(&W) -> &PartitionId,
) -> Vec<(&'a W, u32, &'a Replica)> {
    wanted
        .iter()
        .flat_map(|one| {
            let replicas = state.replicas(partition(one)).into_iter();
            replicas.map(move |(dir, replica)| (one, dir, replica))
        })
        .collect()
}

pub(crate) fn scan_rows(state: &State, depth: ContentDepth, wanted: &[ScanWanted]) -> Vec<ScanRow> {
    let depth = match depth {
        ContentDepth::Tail => Depth::Tail,
        ContentDepth::Full => Depth::Full,
    };
    let jobs = each(state, wanted, |one| &one.partition);
    let replicas: Vec<&Replica> = jobs.iter().map(|job| job.2).collect();
    let found = on_all_cores(&replicas, |reader, at, replica| {
        let wanted = jobs[at].0;
        let options = ScanOptions {
            depth,
            digest_from: wanted.digest_from,
            until: wanted.until,
            tail: wanted.tail,
        };
        scan(reader, replica, &options, &|_| ())
    });
    jobs.iter()
        .zip(found)
        .map(|((wanted, dir, replica), found)| ScanRow {
            partition: wanted.partition.clone(),
            dir: *dir,
            read: found
                .map(|found| of_scan(*dir, replica, found))
                .map_err(|error| error.to_string()),
        })
        .collect()
}

fn of_scan(dir: u32, replica: &Replica, found: ReplicaScan) -> ReplicaRead {
    ReplicaRead {
        dir,
        topic_id: replica.topic_id.clone(),
        log_start_offset: replica.start,
        bytes: replica.bytes(),
        log_end_offset: found.end,
        read_from: found.scanned_from,
        beyond: found.beyond,
        bad: found.bad,
        first_bad: found.first_bad.map(|bad| {
            format!(
                "{} at byte {}, offset {}: {}",
                bad.file, bad.position, bad.offset, bad.why
            )
        }),
        holes: found.holes,
        first_hole: found
            .first_hole
            .map(|hole| format!("{} to {}", hole.first, hole.next - 1)),
        cleaned_to: found.cleaned_to,
        cleaner_offset: replica.cleaner_offset.unwrap_or(0),
        last_epoch: found.last_epoch,
        open_transactions: found.open_transactions,
        digest: found.digest,
        whole: found.whole,
        tail: found.tail,
    }
}

pub(crate) fn range_rows(state: &State, wanted: &[RangeWanted]) -> Vec<RangeRow> {
    let jobs = each(state, wanted, |one| &one.partition);
    let replicas: Vec<&Replica> = jobs.iter().map(|job| job.2).collect();
    let found = on_all_cores(&replicas, |reader, at, replica| {
        let wanted = jobs[at].0;
        range(reader, replica, wanted.from, wanted.until, wanted.live)
    });
    jobs.iter()
        .zip(found)
        .map(|((wanted, dir, _), found)| {
            let of = found.as_ref().ok();
            let live = of.and_then(|found| found.live);
            let newest_ms = of.and_then(|found| found.newest_ms);
            RangeRow {
                partition: wanted.partition.clone(),
                dir: *dir,
                batches: found
                    .map(|found| found.batches)
                    .map_err(|error: LogdirError| error.to_string()),
                live,
                newest_ms,
            }
        })
        .collect()
}
