//! Every claim falls when its evidence is changed: evidence of real runs, each
//! of its fields, each change that the claim lists.
//!
//! The fixtures are cuts of real runs, closed and then held against their
//! restored mirror: `cargo xtask demo -- --cut FILE` writes one. That of leaders
//! that changed in the window is written by
//! `SLACKWATER_KEEP_CUT=FILE cargo xtask test leaders_that_change`.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::path::PathBuf;

use slackwater_cut::claims::{
    Basis, Claim, PlannedHeads, Trimmed, TrimmedCopy, TrimmedPartition, apply_falls, falls_of,
    judge_trimmed, leaf_paths,
};
use slackwater_cut::{
    ClaimName, Cut, CutError, Evidence, Moved, Movement, PartitionRow, Unreachable, Verdict, verify,
};
use slackwater_ports::PartitionId;

/// Fields that are named in a report and that no verdict rests on: a group
/// that is ahead breaks nothing; how a directory is called, and whether a
/// broker would recover it, says nothing of what it holds; a second reading
/// counts only where the first one differs.
const INFORMATIVE: [&str; 16] = [
    "look.groupsBeyondEnd",
    // Names: each is looked for among the cut's.
    "found.partitions[].partition",
    "found.partitions[].copies[].node",
    // For another claim: that of the brokers' heads falls by it.
    "found.partitions[].tail",
    "found.excluded",
    "dirs[].cleanShutdown",
    "dirs[].directoryId",
    "ledAnew.dirs[].cleanShutdown",
    "ledAnew.dirs[].directoryId",
    "rows[].range",
    "basis.closed.dirs[].broker",
    "basis.closed.dirs[].nodeId",
    "basis.closed.dirs[].clusterId",
    "basis.closed.dirs[].volume",
    "basis.closed.dirs[].openedFrom",
    "basis.closed.dirs[].cleanShutdown",
];

fn fixtures() -> Vec<(String, Cut)> {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut cuts: Vec<(String, Cut)> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            (path.display().to_string(), Cut::parse(&text).unwrap())
        })
        .collect();
    cuts.sort_by(|(one, _), (other, _)| one.cmp(other));
    assert!(cuts.len() >= 2, "there are fixtures");
    cuts
}

/// The evidence of what was proven; that of a restore also as it is where the
/// seal is all that there is to hold it against.
fn proven(cut: &Cut) -> Vec<(ClaimName, Evidence)> {
    let mut found: Vec<(ClaimName, Evidence)> = cut
        .claims
        .iter()
        .filter(|claim| claim.verdict == Verdict::Proven)
        .map(|claim| (claim.name, claim.evidence.clone()))
        .collect();
    let sealed = found.iter().filter_map(|(name, evidence)| match evidence {
        Evidence::Restored(restored) => {
            let mut restored = restored.clone();
            restored.basis = Basis::Sealed { revision: 1 };
            Some((*name, Evidence::Restored(restored)))
        }
        Evidence::HeadsRestored(heads) => {
            let mut heads = heads.clone();
            (heads.cut, heads.sealed_revision) = (None, 1);
            Some((*name, Evidence::HeadsRestored(heads)))
        }
        _ => None,
    });
    let sealed: Vec<_> = sealed.collect();
    for (name, evidence) in &sealed {
        assert_eq!(evidence.judge(&cut.rows).verdict, Verdict::Proven, "{name}");
    }
    found.extend(sealed);
    found.push((ClaimName::Consistent, trimmed(cut)));
    let planned = found.iter().find_map(|(name, evidence)| match evidence {
        Evidence::HeadsRestored(heads) => {
            let mut heads = heads.clone();
            heads.planned = Some(planned(cut));
            Some((*name, Evidence::HeadsRestored(heads)))
        }
        _ => None,
    });
    found.extend(planned);
    found
}

/// What brokers show of volumes that were trimmed there.
fn planned(cut: &Cut) -> PlannedHeads {
    let claim = Claim::from_evidence(ClaimName::Consistent, trimmed(cut), &cut.rows);
    let mut cut = cut.clone();
    cut.add_claim(claim);
    PlannedHeads::of(&cut).unwrap()
}

/// As if the volumes had been trimmed where the cut's partitions end.
fn trimmed(cut: &Cut) -> Evidence {
    let claim = judge_trimmed(cut, "cut".to_owned(), trimmed_volumes(cut));
    assert_eq!(claim.verdict, Verdict::Proven, "{}", claim.reason);
    claim.evidence
}

/// What is found of them.
fn trimmed_volumes(cut: &Cut) -> Trimmed {
    let copy = |node: &i32, end| TrimmedCopy {
        node: *node,
        end,
        wrong: None,
        same: true,
    };
    let rows = cut.rows.partitions.iter();
    let partitions = rows.map(|row| TrimmedPartition {
        start: 0,
        partition: PartitionId::new(cut.rows.topic(row).name.clone(), row.partition),
        topic_id: Some(cut.rows.topic(row).id.clone()),
        cut: row.high_watermark,
        planned: u32::try_from(row.replicas.len()).unwrap(),
        copies: row
            .replicas
            .iter()
            .map(|node| copy(node, row.high_watermark))
            .collect(),
        tail: row.tail.clone(),
    });
    Trimmed {
        plan: "plan".to_owned(),
        planned_of: "cut".to_owned(),
        other_volumes: false,
        guarantee: "nothing is inverted".to_owned(),
        excluded: Vec::new(),
        cluster_id: cut.mirror_cluster_id().to_owned(),
        partitions: partitions.collect(),
        unplanned: Vec::new(),
    }
}

#[test]
fn topics_that_are_not_protected_cost_consistent_nothing_and_are_named_by_it() {
    for (file, mut cut) in fixtures() {
        let left = TrimmedPartition {
            partition: PartitionId::new("primary.left", 0),
            ..trimmed_volumes(&cut).partitions[0].clone()
        };
        let source = cut.rows.topics.iter().find_map(|one| one.source.clone());
        let (Some(source), Some(quiesce)) = (source, &mut cut.quiesce) else {
            continue;
        };
        let mut sampled = quiesce.sampled[0].clone();
        sampled.alias = source.alias;
        sampled.partition = PartitionId::new("left", 0);
        quiesce.sampled.push(sampled);
        let claim = |cut: &Cut| {
            let mut found = trimmed_volumes(cut);
            found.partitions.push(left.clone());
            judge_trimmed(cut, "cut".to_owned(), found)
        };
        let protected = claim(&cut);
        assert_eq!(protected.verdict, Verdict::Unproven, "{file}");
        assert!(protected.reason.contains("primary.left-0"), "{file}");
        cut.settings.exclude = vec![slackwater_cut::Pattern::new("*left")];
        let claim = claim(&cut);
        assert_eq!(claim.verdict, Verdict::Proven, "{file}: {}", claim.reason);
        let says = claim.reason.ends_with("; not protected: primary.left");
        assert!(says, "{file}: {}", claim.reason);
        // Only by that list.
        let Evidence::Consistent(mut evidence) = claim.evidence else {
            panic!("{file}: the evidence of another claim");
        };
        evidence.unprotected.clear();
        let evidence = Evidence::Consistent(evidence);
        let claim = Claim::from_evidence(ClaimName::Consistent, evidence, &cut.rows);
        assert_eq!(claim.verdict, Verdict::Unproven, "{file}");
    }
}

#[test]
fn what_is_unproven_for_want_of_a_source_alone_is_told_from_what_is_so_for_another_reason_too() {
    let of = |cut: &Cut, name: ClaimName| {
        let claims = slackwater_cut::claims::judge(cut);
        let claim = claims.into_iter().find(|claim| claim.name == name).unwrap();
        let alone = claim.evidence.wants_sources_alone(&cut.rows);
        (claim.verdict, alone, claim.reason)
    };
    for (file, mut cut) in fixtures() {
        let names = [ClaimName::Covers, ClaimName::Resumable];
        if names
            .iter()
            .any(|name| of(&cut, *name).0 != Verdict::Proven)
        {
            continue;
        }
        let unproven = |cut: &Cut, for_want_alone: bool, says: &str| {
            for name in names {
                let (verdict, alone, why) = of(cut, name);
                let found = (verdict, alone);
                assert_eq!(
                    found,
                    (Verdict::Unproven, for_want_alone),
                    "{file}: {name}: {why}"
                );
                assert!(why.contains(says), "{why}");
            }
        };
        cut.drain.as_mut().unwrap().unreachable.push(Unreachable {
            alias: "another".to_owned(),
            why: "nobody answers".to_owned(),
        });
        unproven(&cut, true, "another");
        let drain = cut.drain.as_mut().unwrap();
        drain.unmatched.push("t-0 of source one".to_owned());
        unproven(&cut, false, "t-0");
    }
}

#[test]
fn a_mirror_that_other_brokers_lead_by_now_is_told_from_one_that_is_in_doubt_besides() {
    let of = |cut: &Cut| {
        let claims = slackwater_cut::claims::judge(cut);
        let mut claims = claims.into_iter();
        let claim = claims.find(|one| one.name == ClaimName::Still).unwrap();
        let alone = claim.evidence.wants_snapshots_alone(&cut.rows);
        (claim.verdict, alone)
    };
    for (file, mut cut) in fixtures() {
        let stood = cut.bracket.as_ref().is_some_and(|one| one.moved.is_empty());
        if !stood || of(&cut) != (Verdict::Proven, false) {
            continue;
        }
        let mut now = cut.rows.clone();
        let at = now.partitions.iter();
        let at = at
            .zip(0..)
            .find(|(row, _)| now.still_rows().any(|one| one == *row));
        let (_, at) = at.unwrap();
        let was = now.partitions[at].leader_epoch;
        let is = was.map(|epoch| epoch + 1);
        now.partitions[at].leader_epoch = is;
        let (topic, row) = (now.topic(&now.partitions[at]), &now.partitions[at]);
        let partition = PartitionId::new(topic.name.clone(), row.partition);
        cut.content = None;
        let bracket = cut.bracket.as_mut().unwrap();
        bracket.still = now.still_digest();
        bracket.moved.push(Moved {
            partition,
            change: Movement::LeaderEpoch { was, is },
        });
        assert_eq!(of(&cut), (Verdict::Unproven, true), "{file}");
        let bracket = cut.bracket.as_mut().unwrap();
        bracket.guard.interruptions += 1;
        assert_eq!(of(&cut), (Verdict::Unproven, false), "{file}");
    }
}

#[test]
fn a_copy_of_markers_alone_beside_records_that_were_copied_is_another_topic() {
    let mut tried = 0;
    for (file, cut) in fixtures() {
        let mut claims = cut.claims.iter();
        let resumable = |one: &&Claim| one.name == ClaimName::Resumable;
        let claim = claims.find(|one| resumable(one) && one.verdict == Verdict::Proven);
        let (Some(claim), false) = (claim, cut.settings.strict) else {
            continue;
        };
        let verdict = |start, compacted| {
            let mut rows = cut.rows.clone();
            let was_copied = |row: &PartitionRow| {
                let source = row.source.as_ref();
                source.is_some_and(|one| one.seam.is_some() && one.tail_read > Some(0))
            };
            let row = rows.partitions.iter_mut().find(|row| was_copied(row));
            let row = row.unwrap();
            (row.tail, row.log_start_offset, row.high_watermark) = (None, start, 2);
            row.source.as_mut().unwrap().seam = None;
            rows.topics[row.topic as usize].compacted = compacted;
            claim.evidence.judge(&rows).verdict
        };
        assert_eq!(verdict(0, false), Verdict::Refuted, "{file}");
        // A cleaner, or retention, may have left no record.
        assert_eq!(verdict(0, true), Verdict::Proven, "{file}");
        assert_eq!(verdict(2, false), Verdict::Proven, "{file}");
        tried += 1;
    }
    assert!(tried > 0);
}

#[test]
fn volumes_that_lack_what_their_logs_began_with_are_not_proven_to_be_one_point() {
    for (file, cut) in fixtures() {
        let mut found = trimmed_volumes(&cut);
        let rows = cut.rows.partitions.iter();
        let full = rows.enumerate().find(|(_, row)| row.high_watermark > 1);
        let (at, row) = full.unwrap();
        // As where the first segment of one copy is gone: all have the same from there on.
        let began = row.closing_log_start_offset.unwrap_or(row.log_start_offset);
        found.partitions[at].start = began + 1;
        let claim = judge_trimmed(&cut, "cut".to_owned(), found);
        assert_eq!(claim.verdict, Verdict::Unproven, "{file}");
        assert!(claim.reason.contains("what lay before"), "{}", claim.reason);
    }
}

#[test]
fn every_listed_change_makes_its_claim_fall() {
    let mut tried = std::collections::BTreeMap::new();
    for (file, cut) in fixtures() {
        for (name, evidence) in proven(&cut) {
            let falls = falls_of(name);
            let places = apply_falls(name, &evidence, &cut.rows, &falls)
                .unwrap_or_else(|error| panic!("{file}: {error}"));
            for (fall, places) in falls.iter().zip(places) {
                *tried.entry((name, fall.describe())).or_insert(0) += places;
            }
        }
    }
    let vacuous: Vec<_> = tried.iter().filter(|(_, places)| **places == 0).collect();
    assert!(vacuous.is_empty(), "nowhere to be tried: {vacuous:?}");
    let names: BTreeSet<ClaimName> = tried.keys().map(|(name, _)| *name).collect();
    assert_eq!(
        names.into_iter().collect::<Vec<_>>(),
        [
            ClaimName::Still,
            ClaimName::Durable,
            ClaimName::Intact,
            ClaimName::Covers,
            ClaimName::Resumable,
            ClaimName::Restored,
            ClaimName::HeadsRestored,
            ClaimName::Consistent
        ],
        "every claim that can be proven was tried"
    );
}

#[test]
fn every_field_of_the_evidence_has_a_change_that_makes_the_claim_fall() {
    for (file, cut) in fixtures() {
        for (name, evidence) in proven(&cut) {
            let json = serde_json::to_value(&evidence).unwrap();
            let inner = json.as_object().unwrap().values().next().unwrap();
            let falls = falls_of(name);
            for leaf in leaf_paths(inner) {
                let known = INFORMATIVE.iter().any(|one| leaf.starts_with(one))
                    || falls.iter().any(|fall| fall.reaches(&leaf));
                assert!(known, "{file}: nothing makes {name} fall by {leaf}");
            }
        }
    }
}

/// Fields of rows that others are measured by: no verdict rests on them alone.
const INFORMATIVE_ROWS: [&str; 3] = [
    "logStartOffset",
    "source.logStartOffset",
    "source.seam.timestamps",
];

#[test]
fn every_field_of_the_rows_has_a_change_that_makes_some_claim_fall() {
    let mut leaves = BTreeSet::new();
    for (_, cut) in fixtures() {
        for row in &cut.rows.partitions {
            leaves.extend(leaf_paths(&serde_json::to_value(row).unwrap()));
        }
    }
    let falls: Vec<_> = ClaimName::ALL.into_iter().flat_map(falls_of).collect();
    let unknown: Vec<_> = leaves
        .iter()
        .filter(|leaf| !INFORMATIVE_ROWS.iter().any(|one| leaf.starts_with(one)))
        .filter(|leaf| !falls.iter().any(|fall| fall.reaches_row(leaf)))
        .collect();
    assert!(unknown.is_empty(), "nothing falls by {unknown:?}");
}

#[test]
fn verdicts_of_real_runs_are_the_same_when_they_are_judged_again() {
    for (file, mut cut) in fixtures() {
        // Added after the close, to a copy: no claim of the backup's own.
        cut.claims.retain(|claim| !claim.name.is_of_a_restore());
        cut.digest = Some(cut.compute_digest().unwrap());
        let verified = verify(&cut.to_canonical().unwrap()).unwrap();
        assert!(verified.holds(), "{file}: {verified:?}");
    }
}

#[test]
fn a_cut_that_was_changed_does_not_verify() {
    for (file, mut cut) in fixtures() {
        cut.rows.partitions[0].high_watermark += 1;
        let text = cut.to_canonical().unwrap();
        assert!(!verify(&text).unwrap().holds(), "{file}");
        assert!(
            matches!(Cut::trusted(&text), Err(CutError::Digest)),
            "{file}"
        );
    }
}

#[test]
fn nothing_examined_is_never_proven() {
    for (_, cut) in fixtures() {
        for (name, evidence) in proven(&cut) {
            let nothing = slackwater_cut::Rows::default();
            assert_ne!(evidence.judge(&nothing).verdict, Verdict::Proven, "{name}");
        }
    }
}

#[test]
fn a_cut_of_ten_thousand_partitions_is_under_a_megabyte_compressed() {
    /// Compressing all of it takes half a minute, and its size is linear.
    const QUARTER: u32 = 2_500;
    let (_, mut cut) = fixtures().remove(0);
    let rows = cut.rows.partitions.clone();
    let template: Vec<_> = rows.iter().filter(|row| row.source.is_some()).collect();
    cut.rows.partitions = (0..QUARTER)
        .map(|n| {
            let mut row = template[n as usize % template.len()].clone();
            row.partition = n;
            // Digests don't repeat in a real cut, and don't compress.
            let other =
                |salt: u8| slackwater_ports::Digest128::of([n.to_be_bytes().as_slice(), &[salt]]);
            row.high_watermark += u64::from(n) * 7919;
            if let Some(tail) = &mut row.tail {
                tail.digest = other(0);
                tail.last_offset = row.high_watermark - 2;
            }
            for replica in row.content.iter_mut().flat_map(|one| &mut one.replicas) {
                replica.log_end_offset = row.high_watermark;
                (replica.digest, replica.whole) = (other(2), other(2));
                if let Some(tail) = &mut replica.tail {
                    tail.digest = other(0);
                    tail.last_offset = row.high_watermark - 2;
                }
            }
            if let Some(source) = &mut row.source {
                source.last_mirrored = source.last_mirrored.map(|at| at + u64::from(n) * 104_729);
                if let Some(seam) = &mut source.seam {
                    seam.mirror = other(1);
                    seam.source = seam.mirror;
                }
            }
            row
        })
        .collect();
    for claim in &mut cut.claims {
        if let Evidence::Covers(covers) = &mut claim.evidence {
            covers.heads = (0..u64::from(QUARTER)).map(|n| Some(n * 104_729)).collect();
        }
    }
    let text = cut.to_canonical().unwrap();
    // A window of many rows, not of 32 KiB as gzip has: a row has two.
    let compressed = zstd::bulk::compress(text.as_bytes(), 19).unwrap().len();
    println!("{} bytes of JSON, {compressed} compressed", text.len());
    assert!(4 * compressed < 1_000_000, "{compressed} bytes");
}
