//! Snapshots that others make of a sealed run: which of all that there are count.
//!
//! Those that were there when the flush was over do not, whoever made them: what is
//! on the disks may not have been in them. Of each volume there must be exactly one
//! since: of two, nobody can tell which a product keeps for its backup.

use std::collections::BTreeMap;

use slackwater_cut::{Snapshot, SnapshotsBy, State};
use slackwater_kit::Session;
use slackwater_ports::{Failure, OtherSnapshot, Outcome, SnapshotIdentity, SnapshotSeen};

use crate::World;

/// The uids of all that there are.
pub(crate) fn there(world: &impl World) -> Result<Vec<String>, Failure> {
    let found = world.others()?.into_iter();
    Ok(found.map(|one| one.identity.uid).collect())
}

/// Those that came since, each the only one of its volume.
pub(crate) fn since(
    found: Vec<OtherSnapshot>,
    before: &[String],
) -> Result<Vec<OtherSnapshot>, Failure> {
    let mut of_volume: BTreeMap<String, OtherSnapshot> = BTreeMap::new();
    for one in found {
        if before.contains(&one.identity.uid) {
            continue;
        }
        if let Some(other) = of_volume.get(&one.seen.volume) {
            return Err(Failure::failed(format!(
                "there are two snapshots of volume {} since the seal, {} and {}: which of them is \
                 backed up can't be told",
                one.seen.volume, other.seen.handle, one.seen.handle
            )));
        }
        of_volume.insert(one.seen.volume.clone(), one);
    }
    Ok(of_volume.into_values().collect())
}

/// As a run's own are seen. What can't be told from others yet is not cut yet.
pub(crate) fn cuts(found: Vec<OtherSnapshot>) -> (Vec<SnapshotSeen>, Vec<SnapshotIdentity>) {
    let each = found.into_iter().map(|one| {
        let OtherSnapshot { mut seen, identity } = one;
        if identity.content.is_none() || identity.stored_as.is_none() {
            seen.cut_ms = None;
        }
        (seen, identity)
    });
    each.unzip()
}

/// Looks again when the others are done: each volume still has exactly the snapshot
/// that was seen to be cut while the mirror was held.
///
/// # Errors
/// It has another, or more, or none.
pub fn confirm(world: &impl World) -> Result<Outcome, Failure> {
    let mut session = Session::load_any(world)?;
    let cut = session.cut();
    if let State::Void { reason, .. } = &cut.state {
        return Err(Failure::failed(format!(
            "run {} is void: {reason}",
            cut.run_id
        )));
    }
    let bound = match (&cut.settings.snapshots_by, &cut.snapshot) {
        (SnapshotsBy::Run, _) => {
            return Err(Failure::refused("this run makes its snapshots itself"));
        }
        (SnapshotsBy::Others, Some(snapshot)) if snapshot.ended_ms.is_some() => snapshot.clone(),
        (SnapshotsBy::Others, _) => {
            return Err(Failure::failed(
                "not every volume was cut while the mirror was held",
            ));
        }
    };
    let count = bound.volumes.len();
    // Each time: what was confirmed for one backup of a product may not be what another
    // one has.
    let before = bound.found_before.as_deref().unwrap_or_default();
    same(&bound, &since(world.others()?, before)?)?;
    if bound.confirmed_ms.is_none() {
        let at_ms = world.now_ms();
        session.update(world, |cut| {
            if let Some(snapshot) = &mut cut.snapshot {
                snapshot.confirmed_ms = Some(at_ms);
            }
        })?;
    }
    Ok(
        Outcome::new(format!("{count} volumes have the snapshots that were seen"))
            .with("volumes", count)
            .with("runId", &session.cut().run_id),
    )
}

fn same(bound: &Snapshot, found: &[OtherSnapshot]) -> Result<(), Failure> {
    if bound.identities.len() != bound.volumes.len() {
        return Err(Failure::failed(
            "the run does not say which snapshots it has seen",
        ));
    }
    for (one, identity) in bound.volumes.iter().zip(&bound.identities) {
        let now = found.iter().find(|now| now.seen.volume == one.volume);
        match now {
            Some(now) if now.identity == *identity => {}
            Some(now) => {
                return Err(Failure::failed(format!(
                    "the snapshot of volume {} is {} now, and not the one that was cut while the \
                     mirror was held, {}",
                    one.volume, now.seen.handle, one.handle
                )));
            }
            None => {
                return Err(Failure::failed(format!(
                    "the snapshot {} of volume {} is gone",
                    one.handle, one.volume
                )));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn other(volume: &str, uid: &str) -> OtherSnapshot {
        OtherSnapshot {
            seen: SnapshotSeen {
                volume: volume.to_owned(),
                broker: 1,
                driver: "csi".to_owned(),
                method: "class".to_owned(),
                handle: format!("kafka/{uid}"),
                started_ms: 1,
                cut_ms: Some(2),
                ready: true,
                error: None,
            },
            identity: SnapshotIdentity {
                uid: uid.to_owned(),
                content: Some(format!("content-{uid}")),
                stored_as: Some(format!("stored-{uid}")),
            },
        }
    }

    fn bound(all: &[OtherSnapshot]) -> Snapshot {
        let (volumes, identities) = cuts(all.to_vec());
        Snapshot {
            volumes,
            identities,
            ..crate::nothing()
        }
    }

    #[test]
    fn those_from_before_the_flush_count_for_nothing() {
        let all = vec![other("a", "old"), other("a", "new"), other("b", "other")];
        let counted = since(all, &["old".to_owned()]).unwrap();
        assert_eq!(counted, [other("a", "new"), other("b", "other")]);
    }

    #[test]
    fn of_two_of_a_volume_none_is_chosen() {
        let all = vec![other("a", "one"), other("a", "two")];
        let said = since(all, &[]).unwrap_err().reason;
        assert!(said.contains("two snapshots of volume a"), "{said}");
    }

    #[test]
    fn one_that_can_t_be_told_from_another_yet_is_not_cut_yet() {
        let mut later = other("a", "one");
        later.identity.stored_as = None;
        assert_eq!(cuts(vec![later]).0[0].cut_ms, None);
        assert_eq!(cuts(vec![other("a", "one")]).0[0].cut_ms, Some(2));
    }

    #[test]
    fn another_of_the_same_name_or_none_is_not_the_one_that_was_bound() {
        let all = [other("a", "one"), other("b", "two")];
        let bound = bound(&all);
        same(&bound, &all).unwrap();
        let mut exchanged = all.clone();
        exchanged[0].identity.uid = "three".to_owned();
        let said = same(&bound, &exchanged).unwrap_err().reason;
        assert!(said.contains("not the one that was cut"), "{said}");
        let mut elsewhere = all.clone();
        elsewhere[1].identity.stored_as = Some("elsewhere".to_owned());
        same(&bound, &elsewhere).unwrap_err();
        let said = same(&bound, &all[..1]).unwrap_err().reason;
        assert!(said.contains("is gone"), "{said}");
        let mut silent = bound.clone();
        silent.identities.clear();
        same(&silent, &all).unwrap_err();
    }
}
