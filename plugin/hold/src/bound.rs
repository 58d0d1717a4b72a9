//! What the hooks of a node pool do about a run, where a backup product runs them around
//! each pool's own snapshots, and says nothing of the whole: the first pool's hook begins
//! a run for all, the others join it, and nobody waits for one that has not come.
//!
//! Nothing tells which backup of the product's a hook belongs to. What does is what was
//! snapped: a run is of use to a pool as long as none of its volumes were snapped since
//! the seal, since each may be once. So a hook that finds a run that it can't use any
//! more takes it for an earlier backup's, which went wrong, gives it up, and begins
//! another. Where that is a mistake nothing is proven that is not so: the new run wants a
//! snapshot of every volume since its own seal.

use slackwater_ports::OtherSnapshot;

/// How far a run is that pools' hooks have begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Not sealed and flushed yet.
    Begun,
    /// It is: snapshots may follow.
    Sealed,
    /// Every volume was snapped, and the mirror runs.
    Resumed,
    /// The product was done, and had these snapshots; it may be closed.
    Confirmed,
    /// It was given up.
    Void {
        /// Within the time that lies between one pool of a backup and the next.
        lately: bool,
    },
}

/// The last of them, as the hook before a pool's snapshots finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is something that was seen, and none follows from another"
)]
pub struct Earlier {
    /// How far it is.
    pub progress: Progress,
    /// Whether the mirror is held by it.
    pub is_held: bool,
    /// Whether whoever began it may still be about to have it held.
    pub is_young: bool,
    /// Whether this pool's hook began it, and did not come to its end.
    pub is_own: bool,
    /// Whether this pool has joined it.
    pub has_joined: bool,
    /// Whether pools were in it, and all that were are done: nobody of them has to find yet
    /// what became of it.
    pub is_between_pools: bool,
    /// Whether a volume of this pool was snapped since the seal.
    pub is_snapped: bool,
    /// Whether a volume of another pool was.
    pub others_snapped: bool,
    /// Whether this hook has waited for its seal.
    pub was_awaited: bool,
}

/// What the hook does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enter {
    /// It begins a run.
    Begin,
    /// It gives that one up, and begins another: a new backup has begun.
    Anew,
    /// Another pool's hook is at it.
    Wait,
    /// It notes that this pool is of it.
    Join,
    /// The backup that it belongs to has failed already, and is to be told so.
    Fail,
}

/// Decides that; see the module.
pub fn enter(earlier: Option<Earlier>) -> Enter {
    let Some(run) = earlier else {
        return Enter::Begin;
    };
    match run.progress {
        Progress::Begun if run.is_own => Enter::Anew,
        Progress::Begun if run.is_held || run.is_young => Enter::Wait,
        // Whoever began it is gone; a beginning puts right what it left.
        Progress::Begun => Enter::Begin,
        Progress::Sealed if !run.is_held => Enter::Begin,
        Progress::Sealed if run.is_snapped => Enter::Anew,
        // One that ended well is not run again. Where nothing was snapped yet it may
        // have been all the same: this run is as good as a new one then.
        Progress::Sealed if run.has_joined && run.others_snapped => Enter::Anew,
        Progress::Sealed => Enter::Join,
        Progress::Resumed => Enter::Anew,
        Progress::Confirmed => Enter::Begin,
        // It was waited for, or others of this backup were in it and have ended well: what is
        // begun now would lack theirs, hold the mirror for nothing, and nobody would say so.
        Progress::Void { .. } if run.was_awaited => Enter::Fail,
        Progress::Void { lately: true } if run.is_between_pools && !run.has_joined => Enter::Fail,
        Progress::Void { .. } => Enter::Begin,
    }
}

/// Of several runs that were begun at the same time one goes on: whether it is this one.
/// Ids begin with when that was.
pub fn is_first<'a>(run: &str, others: impl IntoIterator<Item = &'a str>) -> bool {
    others.into_iter().all(|other| run < other)
}

/// A pool's snapshots, when the product is done with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Snapped {
    /// Each volume with the uid of its own.
    All(Vec<(String, String)>),
    /// Volumes that have none, or one that is not cut yet or has no handle.
    Missing(Vec<String>),
    /// A volume that has several: which of them is kept can't be told.
    Several(String),
}

/// Looks which there are of a pool's volumes, among all that were found, but for those
/// from before the flush.
pub fn snapped(volumes: &[String], before: &[String], found: &[OtherSnapshot]) -> Snapped {
    let (mut all, mut missing) = (Vec::new(), Vec::new());
    for volume in volumes {
        let since = found
            .iter()
            .filter(|one| one.seen.volume == *volume && !before.contains(&one.identity.uid));
        match since.collect::<Vec<_>>().as_slice() {
            [one]
                if one.seen.cut_ms.is_some()
                    && one.seen.error.is_none()
                    && one.identity.content.is_some()
                    && one.identity.stored_as.is_some() =>
            {
                all.push((volume.clone(), one.identity.uid.clone()));
            }
            [] | [_] => missing.push(volume.clone()),
            _ => return Snapped::Several(volume.clone()),
        }
    }
    match missing.is_empty() {
        true => Snapped::All(all),
        false => Snapped::Missing(missing),
    }
}

#[cfg(test)]
mod tests {
    use slackwater_ports::{SnapshotIdentity, SnapshotSeen};

    use super::*;

    const SEALED: Earlier = Earlier {
        progress: Progress::Sealed,
        is_held: true,
        is_young: true,
        is_own: false,
        has_joined: false,
        is_between_pools: true,
        is_snapped: false,
        others_snapped: false,
        was_awaited: false,
    };

    fn of(progress: Progress) -> Earlier {
        Earlier { progress, ..SEALED }
    }

    #[test]
    fn the_first_begins_and_those_that_come_meanwhile_or_later_join() {
        assert_eq!(enter(None), Enter::Begin);
        assert_eq!(enter(Some(of(Progress::Begun))), Enter::Wait);
        assert_eq!(enter(Some(SEALED)), Enter::Join);
        // One pool after the other: what others have snapped is theirs.
        let after_others = Earlier {
            others_snapped: true,
            ..SEALED
        };
        assert_eq!(enter(Some(after_others)), Enter::Join);
        assert_eq!(enter(Some(of(Progress::Confirmed))), Enter::Begin);
    }

    #[test]
    fn one_whose_volumes_were_snapped_since_the_seal_or_that_was_there_before_them_begins_anew() {
        let snapped = Earlier {
            is_snapped: true,
            ..SEALED
        };
        assert_eq!(enter(Some(snapped)), Enter::Anew);
        let again = Earlier {
            has_joined: true,
            ..SEALED
        };
        assert_eq!(enter(Some(again)), Enter::Join);
        let after_others = Earlier {
            others_snapped: true,
            ..again
        };
        assert_eq!(enter(Some(after_others)), Enter::Anew);
        // Snapped whole, and never confirmed.
        assert_eq!(enter(Some(of(Progress::Resumed))), Enter::Anew);
    }

    #[test]
    fn what_a_hook_left_that_died_is_nobodys_to_wait_for() {
        let own = Earlier {
            is_own: true,
            ..of(Progress::Begun)
        };
        assert_eq!(enter(Some(own)), Enter::Anew);
        let dead = Earlier {
            is_held: false,
            is_young: false,
            ..of(Progress::Begun)
        };
        assert_eq!(enter(Some(dead)), Enter::Begin);
        let unheld = Earlier {
            is_held: false,
            ..SEALED
        };
        assert_eq!(enter(Some(unheld)), Enter::Begin);
    }

    #[test]
    fn a_backup_whose_run_was_given_up_is_told_so_once_and_the_next_one_begins() {
        let void = of(Progress::Void { lately: true });
        assert_eq!(enter(Some(void)), Enter::Fail);
        for (next, why) in [
            (of(Progress::Void { lately: false }), "it is long ago"),
            (
                Earlier {
                    has_joined: true,
                    ..void
                },
                "this pool was in it: it is run again",
            ),
            (
                Earlier {
                    is_between_pools: false,
                    ..void
                },
                "nobody was in it, or one of them has yet to be told",
            ),
        ] {
            assert_eq!(enter(Some(next)), Enter::Begin, "{why}");
            let awaited = Earlier {
                was_awaited: true,
                ..next
            };
            assert_eq!(enter(Some(awaited)), Enter::Fail, "{why}");
        }
    }

    #[test]
    fn of_runs_that_were_begun_together_one_goes_on() {
        let all = ["m-100-7", "m-100-8", "m-99-1"];
        let others = |of: &'static str| all.into_iter().filter(move |one| *one != of);
        let first = all.into_iter().filter(|one| is_first(one, others(one)));
        assert_eq!(first.count(), 1);
        assert!(is_first("m-1-1", []));
    }

    fn snapshot(volume: &str, uid: &str) -> OtherSnapshot {
        OtherSnapshot {
            seen: SnapshotSeen {
                volume: volume.to_owned(),
                broker: 1,
                driver: "csi".to_owned(),
                method: "class".to_owned(),
                handle: format!("kafka/{uid}"),
                started_ms: 1,
                cut_ms: Some(2),
                ready: false,
                error: None,
            },
            identity: SnapshotIdentity {
                uid: uid.to_owned(),
                content: Some("content".to_owned()),
                stored_as: Some("stored".to_owned()),
            },
        }
    }

    #[test]
    fn a_pool_has_its_snapshots_when_each_volume_has_one_that_is_cut_and_known() {
        let volumes = ["a".to_owned(), "b".to_owned()];
        let before = ["old".to_owned()];
        let of = |found: &[OtherSnapshot]| snapped(&volumes, &before, found);
        let (a, b) = (snapshot("a", "1"), snapshot("b", "2"));
        let all = [
            snapshot("a", "old"),
            a.clone(),
            snapshot("z", "3"),
            b.clone(),
        ];
        let ids = |pairs: &[(&str, &str)]| {
            let owned = pairs
                .iter()
                .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()));
            Snapped::All(owned.collect())
        };
        assert_eq!(of(&all), ids(&[("a", "1"), ("b", "2")]));
        let missing = Snapped::Missing(vec!["b".to_owned()]);
        assert_eq!(of(&all[..3]), missing);
        let several = [a.clone(), snapshot("a", "9"), b.clone()];
        assert_eq!(of(&several), Snapped::Several("a".to_owned()));
        let unfinished: [fn(&mut OtherSnapshot); 4] = [
            |one| one.seen.cut_ms = None,
            |one| one.seen.error = Some("it is being deleted".to_owned()),
            |one| one.identity.content = None,
            |one| one.identity.stored_as = None,
        ];
        for change in unfinished {
            let mut b = b.clone();
            change(&mut b);
            assert_eq!(of(&[a.clone(), b]), missing);
        }
        // Nothing is all of nothing, and no pool of the document's is without volumes.
        assert_eq!(snapped(&[], &before, &all), Snapped::All(Vec::new()));
    }
}
