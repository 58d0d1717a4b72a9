//! The copies of one partition, held against each other: which log is kept,
//! and how far each of the others agrees with it. Pure; decides on what was
//! read of each copy's end, and says where more has to be read.
//!
//! Of logs that part, Kafka keeps that of the greater leader epoch: a follower
//! asks its leader where the leader's log of its own last epoch ends, and cuts
//! itself back to there (KIP-101, KIP-279). Of logs with one last epoch the
//! longer one holds all that the other does. So the kept log is the greatest
//! by last epoch and end, and what it alone holds is kept too: what of that was
//! acknowledged is saved, and the rest is sent once more on the resume.
//!
//! Two batches of one epoch at one offset are written by one leader, once.
//! Where they differ, no rule says which one was acknowledged.

/// A batch of a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// Its first offset.
    pub base: u64,
    /// Its last.
    pub last: u64,
    /// Epoch of the leader that wrote it.
    pub epoch: i32,
    /// Over what it holds.
    pub crc: u32,
}

/// What was read of one copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replica {
    /// The broker that has it.
    pub node: i32,
    /// Log start offset.
    pub start: u64,
    /// Everything from here on was read.
    pub read_from: u64,
    /// Nothing lies before `read_from`.
    pub whole: bool,
    /// Below it the cleaner took records out, of this copy by itself.
    pub cleaned_to: u64,
    /// Where the epochs of leaders begin in it, by what its broker has noted
    /// (`leader-epoch-checkpoint`): the cleaner takes nothing out of that.
    pub epochs: Vec<(i32, u64)>,
    /// Its batches from `read_from` on, as far as they are valid.
    pub lines: Vec<Line>,
    /// Where they end.
    pub end: u64,
}

/// How a copy stands to the kept log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is the kept log.
    Kept,
    /// It has the same batches to the same end.
    Same,
    /// It has the same batches and ends earlier.
    Shorter,
    /// What it has from there on is of a leader whose log did not last.
    Superseded,
    /// It ends before the kept log begins: nothing is in common.
    Behind,
    /// It contradicts the kept log in one leader's epoch.
    Divergent,
}

/// A copy, judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fork {
    /// The offset up to which it has the kept log's batches.
    pub agrees_to: u64,
    /// How it stands.
    pub standing: Standing,
}

/// The copies of a partition, judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// In the order of the copies.
    Judged {
        /// Which one is kept.
        kept: usize,
        /// Each of them, the kept one too.
        forks: Vec<Fork>,
    },
    /// Of these copies more has to be read.
    Older(Vec<usize>),
}

impl Replica {
    fn last_epoch(&self) -> i32 {
        self.lines.last().map_or(-1, |line| line.epoch)
    }

    /// Of which epoch what lies right below `end` is; `None` where that is not known. A
    /// cleaner may have left no batch of the last one that is noted.
    fn epoch_below(&self, end: u64) -> Option<i32> {
        let read = self.lines.iter().rev().find(|line| line.base < end);
        let noted = self.epochs.iter().rev().find(|(_, from)| *from < end);
        let read = read.map(|line| line.epoch);
        read.max(noted.map(|(epoch, _)| *epoch))
    }

    /// The greatest epoch up to this one that it has.
    fn epoch_up_to(&self, epoch: i32) -> Option<i32> {
        let noted = self.epochs.iter().map(|(one, _)| *one);
        let all = noted.chain(self.lines.iter().map(|line| line.epoch));
        all.filter(|one| *one <= epoch).max()
    }

    /// Where in it the first epoch after this one begins.
    fn end_of(&self, epoch: i32) -> u64 {
        let noted = self.epochs.iter().filter(|(one, _)| *one > epoch);
        let read = self.lines.iter().filter(|line| line.epoch > epoch);
        let from = noted.map(|(_, from)| *from);
        from.chain(read.map(|line| line.base))
            .min()
            .unwrap_or(u64::MAX)
    }

    /// Whether there is more of it to read.
    fn can_be_older(&self) -> bool {
        !self.whole && self.read_from > self.start
    }
}

/// Judges the copies of one partition; there is at least one.
pub fn judge(replicas: &[Replica]) -> Judgement {
    let epochless = |one: &Replica| one.lines.is_empty() && one.can_be_older();
    let mut older: Vec<usize> = positions(replicas, epochless);
    let Some(kept) = greatest(replicas) else {
        return Judgement::Older(older);
    };
    let mut forks = Vec::with_capacity(replicas.len());
    for (at, replica) in replicas.iter().enumerate() {
        if at == kept {
            forks.push(Fork {
                agrees_to: replica.end,
                standing: Standing::Kept,
            });
            continue;
        }
        match fork(&replicas[kept], replica) {
            Ok(fork) => forks.push(fork),
            Err(Want { kept: first, other }) => {
                older.extend(first.then_some(kept));
                older.extend(other.then_some(at));
            }
        }
    }
    older.sort_unstable();
    older.dedup();
    match older.is_empty() {
        true => Judgement::Judged { kept, forks },
        false => Judgement::Older(older),
    }
}

/// Which copy contradicts, where one alone does: without it the others agree.
/// `None` where it can't be told.
pub fn odd_one(replicas: &[Replica]) -> Option<usize> {
    let agree_without = |at: usize| {
        let mut others = replicas.to_vec();
        others.remove(at);
        match judge(&others) {
            Judgement::Judged { forks, .. } => forks
                .iter()
                .all(|fork| fork.standing != Standing::Divergent),
            Judgement::Older(_) => false,
        }
    };
    let mut odd = (0..replicas.len()).filter(|at| replicas.len() > 2 && agree_without(*at));
    odd.next().filter(|_| odd.next().is_none())
}

fn positions(replicas: &[Replica], is: impl Fn(&Replica) -> bool) -> Vec<usize> {
    let all = replicas.iter().enumerate();
    all.filter(|(_, one)| is(one)).map(|(at, _)| at).collect()
}

/// The first of the greatest.
fn greatest(replicas: &[Replica]) -> Option<usize> {
    let by = |at: &usize| {
        let one = &replicas[*at];
        (one.last_epoch(), one.end, std::cmp::Reverse(*at))
    };
    (0..replicas.len()).max_by_key(by)
}

/// Of which of two copies more is wanted.
struct Want {
    kept: bool,
    other: bool,
}

/// How far `other` is of leaders whose logs lasted, by epochs alone: a follower asks its
/// leader where its own last epoch ends there, and where the leader has none, which one before
/// it has (`OffsetsForLeaderEpoch`, KIP-279). Each answer is below the one before.
fn lasts_to(kept: &Replica, other: &Replica) -> u64 {
    let mut end = other.end;
    while let Some(mine) = other.epoch_below(end) {
        let theirs = kept.epoch_up_to(mine);
        let mut next = kept.end_of(mine);
        if theirs != Some(mine) {
            next = next.min(other.end_of(theirs.unwrap_or(-1)));
        }
        if next >= end {
            break;
        }
        end = next;
    }
    end
}

fn fork(kept: &Replica, other: &Replica) -> Result<Fork, Want> {
    if other.end < kept.start {
        return Ok(Fork {
            agrees_to: 0,
            standing: Standing::Behind,
        });
    }
    let until = kept.end.min(other.end);
    // Below it batches differ by right: each copy cleans by itself, and each
    // takes its front away by itself.
    let floor = kept
        .cleaned_to
        .max(other.cleaned_to)
        .max(kept.start)
        .max(other.start)
        .min(until);
    // What nothing is held against above it may be of a leader whose log did not last.
    // Below where a log starts nothing is held against it.
    let lasts = lasts_to(kept, other).max(kept.start).max(other.start);
    let from = floor.max(kept.read_from).max(other.read_from);
    let low = floor.min(lasts);
    let want = Want {
        kept: kept.can_be_older() && kept.read_from > low,
        other: other.can_be_older() && other.read_from > low,
    };
    let lines = |of: &Replica| -> Vec<Line> {
        let there = of.lines.iter().filter(|line| line.last >= from);
        there.copied().collect()
    };
    let (ours, theirs) = (lines(kept), lines(other));
    let same = ours.iter().zip(&theirs).take_while(|(a, b)| a == b).count();
    // Nothing that was read is in common: what is may lie further back.
    if same == 0 && (want.kept || want.other) {
        return Err(want);
    }
    let agrees_to = match same.checked_sub(1) {
        Some(at) => ours[at].last + 1,
        None => low,
    };
    let is_dead = same == 0 && lasts < until;
    let standing = match (ours.get(same), theirs.get(same)) {
        (Some(mine), Some(one)) if mine.epoch == one.epoch => Standing::Divergent,
        _ if is_dead => Standing::Superseded,
        (Some(_), Some(_)) => Standing::Superseded,
        // The kept one has a greater epoch or is longer, so that it can't end first
        // but where the other's last epoch is older.
        (None, Some(_)) => Standing::Superseded,
        (Some(_), None) => Standing::Shorter,
        (None, None) if other.end < kept.end => Standing::Shorter,
        (None, None) => Standing::Same,
    };
    let agrees_to = match standing {
        Standing::Same | Standing::Shorter => agrees_to.max(until),
        _ => agrees_to,
    };
    Ok(Fork {
        agrees_to,
        standing,
    })
}
