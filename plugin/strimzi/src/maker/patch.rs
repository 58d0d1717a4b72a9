//! The patches that stop the connectors of a resource, and put them back.
//!
//! JSON patches (RFC 6902): a merge patch would replace the whole list of
//! mirrors. Each tests before it changes that the resource is the one that was
//! read and that the aliases stand where they stood, so that a list which
//! somebody sorted anew is not written into; the API server refuses it whole
//! then.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{ConnectorKind, Desired, Layout, MirrorMaker};
use crate::StrimziError;
use crate::meta::{HELD, Held, HeldBy, PRIOR};
use crate::notes::{PatchOp, annotate, annotation, of_meta};

/// Has every connector stopped, and notes on the resource what stood there
/// before ([`PRIOR`]) and for which Kafka that is ([`HELD`]), in one patch:
/// whoever puts it back needs nothing else. What an earlier stop noted of a
/// connector that is stopped still stays; of one that somebody told something
/// since, what he told it is noted. Empty where all is so already.
///
/// # Errors
/// An earlier note that can't be read.
pub fn stop(now: &MirrorMaker, kafka: &str) -> Result<Vec<PatchOp>, StrimziError> {
    let mut ops = Vec::new();
    let before = match now.meta.annotation(PRIOR) {
        Some(note) => prior(now, note)?,
        None => BTreeMap::new(),
    };
    let mut noted = BTreeMap::new();
    for (path, connector) in places(now) {
        let name = connector.name.clone();
        if connector.state == Some(Desired::Stopped) {
            let was = before.get(&name).copied();
            noted.insert(name, was.unwrap_or(connector.state));
            continue;
        }
        noted.insert(name, connector.state);
        ops.push(PatchOp::Add {
            path,
            value: word(Desired::Stopped).into(),
        });
    }
    let mut notes = Vec::new();
    if noted != before || now.meta.annotation(PRIOR).is_none() {
        notes.push((PRIOR, states(noted)));
    }
    let held = Held {
        by: HeldBy::State,
        kafka,
    };
    if now.meta.held() != Some(held) {
        notes.push((HELD, held.to_string()));
    }
    ops.extend(annotate(&now.meta, &notes));
    if !ops.is_empty() {
        ops.splice(0..0, guards(now));
    }
    Ok(ops)
}

/// What puts connectors back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PutBack {
    /// Empty where nothing is left to do.
    pub ops: Vec<PatchOp>,
    /// The connectors that are not there any more, by name: somebody has taken
    /// them out of the resource. The others don't wait for them.
    pub gone: Vec<String>,
}

/// Puts back what [`stop`] noted, and takes the note away. A connector that is
/// not to be stopped any more is left alone: somebody else has said something
/// since. Without a note nothing was stopped.
///
/// # Errors
/// A note that can't be read.
pub fn put_back(now: &MirrorMaker) -> Result<PutBack, StrimziError> {
    let Some(note) = now.meta.annotation(PRIOR) else {
        return Ok(PutBack::default());
    };
    let mut ops = guards(now);
    let mut gone = Vec::new();
    for (name, was) in prior(now, note)? {
        let Some((path, is)) = places(now).find(|(_, is)| is.name == name) else {
            gone.push(name);
            continue;
        };
        ops.extend(back(path, is.state, was));
    }
    for key in [PRIOR, HELD] {
        if now.meta.annotation(key).is_some() {
            ops.push(PatchOp::Remove {
                path: annotation(key),
            });
        }
    }
    Ok(PutBack { ops, gone })
}

/// The same for connectors that copy records, and the note of the others stays: they
/// are started when the mirror has caught up. Empty where there is none to put back.
///
/// # Errors
/// As for [`put_back`].
pub fn put_back_copying(now: &MirrorMaker) -> Result<Vec<PatchOp>, StrimziError> {
    let Some(note) = now.meta.annotation(PRIOR) else {
        return Ok(Vec::new());
    };
    let mut left = prior(now, note)?;
    let mut ops = guards(now);
    for (path, is) in places(now).filter(|(_, is)| is.kind == ConnectorKind::Source) {
        let Some(was) = left.remove(&is.name) else {
            continue;
        };
        ops.extend(back(path, is.state, was));
    }
    if left.is_empty() {
        return Ok(put_back(now)?.ops);
    }
    ops.push(PatchOp::Add {
        path: annotation(PRIOR),
        value: states(left).into(),
    });
    Ok(ops)
}

/// Puts a connector back, which is still to be stopped: else somebody has said
/// something since.
fn back(path: String, is: Option<Desired>, was: Option<Desired>) -> Option<PatchOp> {
    if is != Some(Desired::Stopped) || was == is {
        return None;
    }
    Some(match was {
        Some(state) => PatchOp::Add {
            path,
            value: word(state).into(),
        },
        None => PatchOp::Remove { path },
    })
}

/// Of which kinds there are connectors whose state before is noted.
///
/// # Errors
/// A note that can't be read.
pub fn noted(now: &MirrorMaker) -> Result<BTreeSet<ConnectorKind>, StrimziError> {
    let Some(note) = now.meta.annotation(PRIOR) else {
        return Ok(BTreeSet::new());
    };
    let noted = prior(now, note)?;
    let kinds = places(now).filter(|(_, one)| noted.contains_key(&one.name));
    Ok(kinds.map(|(_, one)| one.kind).collect())
}

/// As they are noted.
fn states(noted: BTreeMap<String, Option<Desired>>) -> String {
    let states: Value = noted
        .into_iter()
        .map(|(name, state)| (name, state.map(word).into()))
        .collect::<serde_json::Map<_, _>>()
        .into();
    states.to_string()
}

/// What stood at each connector before it was stopped, by its name.
fn prior(now: &MirrorMaker, note: &str) -> Result<BTreeMap<String, Option<Desired>>, StrimziError> {
    let malformed = |why: String| StrimziError::Malformed {
        kind: super::KIND,
        name: now.meta.to_string(),
        why: format!("its annotation {PRIOR} {why}"),
    };
    let read = serde_json::from_str::<BTreeMap<String, Option<String>>>(note);
    let read = read.map_err(|error| malformed(format!("is no note of states ({error})")))?;
    let each = read.into_iter().map(|(name, state)| {
        let state = match state {
            Some(word) => {
                let known = Desired::of(&word);
                Some(known.ok_or_else(|| malformed(format!("has the state {word:?}")))?)
            }
            None => None,
        };
        Ok((name, state))
    });
    each.collect()
}

fn word(desired: Desired) -> &'static str {
    match desired {
        Desired::Running => "running",
        Desired::Paused => "paused",
        Desired::Stopped => "stopped",
    }
}

/// Each connector with the pointer to its state.
fn places(maker: &MirrorMaker) -> impl Iterator<Item = (String, &super::Connector)> {
    let feeds = maker.feeds.iter().enumerate();
    feeds.flat_map(|(at, feed)| {
        feed.connectors.iter().map(move |connector| {
            let key = connector.kind.key();
            (format!("/spec/mirrors/{at}/{key}/state"), connector)
        })
    })
}

fn guards(maker: &MirrorMaker) -> Vec<PatchOp> {
    let test = |path: String, value: &str| PatchOp::Test {
        path,
        value: json!(value),
    };
    let target = match maker.layout {
        Layout::Own => "/spec/target/alias",
        Layout::Named => "/spec/connectCluster",
    };
    let mut ops = of_meta(&maker.meta).to_vec();
    ops.push(test(target.to_owned(), &maker.target_alias));
    for (at, feed) in maker.feeds.iter().enumerate() {
        let source = match feed.layout {
            Layout::Own => "source/alias",
            Layout::Named => "sourceCluster",
        };
        let path = format!("/spec/mirrors/{at}/{source}");
        ops.push(test(path, &feed.source.alias));
    }
    ops
}
