//! The patches that stop the connectors of a resource, and put them back, and
//! the one that has the operator leave it alone.
//!
//! JSON patches (RFC 6902): a merge patch would replace the whole list of
//! mirrors. Each tests before it changes that the resource is the one that was
//! read and that the aliases stand where they stood, so that a list which
//! somebody sorted anew is not written into; the API server refuses it whole
//! then.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::{Desired, Layout, MirrorMaker};
use crate::StrimziError;
use crate::meta::{Meta, PAUSE, PAUSED, PRIOR};

/// One operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "op", rename_all = "lowercase")]
pub enum PatchOp {
    /// The patch is refused where this is not so.
    Test {
        /// JSON pointer.
        path: String,
        /// What stands there.
        value: Value,
    },
    /// Puts it there, in the place of what may be there.
    Add {
        /// JSON pointer.
        path: String,
        /// What is put there.
        value: Value,
    },
    /// Takes it away.
    Remove {
        /// JSON pointer.
        path: String,
    },
}

/// Has every connector stopped, and notes on the resource what stood there
/// before ([`PRIOR`]), in one patch: whoever puts it back needs nothing else. What
/// an earlier stop noted stays. Empty where all is so already.
pub fn stop(now: &MirrorMaker) -> Vec<PatchOp> {
    let mut ops = Vec::new();
    for (path, connector) in places(now) {
        if connector.state != Some(Desired::Stopped) {
            ops.push(PatchOp::Add {
                path,
                value: word(Desired::Stopped).into(),
            });
        }
    }
    if now.meta.annotation(PRIOR).is_none() {
        let states = now.connectors().map(|one| (one.name.as_str(), one.state));
        let states: Value = states
            .map(|(name, state)| (name.to_owned(), state.map(word).into()))
            .collect::<serde_json::Map<_, _>>()
            .into();
        ops.push(annotate(&now.meta, PRIOR, &states.to_string()));
    }
    if !ops.is_empty() {
        ops.splice(0..0, guards(now));
    }
    ops
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
        if is.state != Some(Desired::Stopped) || was == is.state {
            continue;
        }
        ops.push(match was {
            Some(state) => PatchOp::Add {
                path,
                value: word(state).into(),
            },
            None => PatchOp::Remove { path },
        });
    }
    ops.push(PatchOp::Remove {
        path: annotation(PRIOR),
    });
    Ok(PutBack { ops, gone })
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

/// Has the operator leave the resource alone, and notes that this was ours
/// ([`PAUSED`]). Empty where it does so already, whoever told it.
pub fn pause(now: &Meta) -> Vec<PatchOp> {
    if now.is_paused() {
        return Vec::new();
    }
    let mut ops = of_meta(now).to_vec();
    match now.has_annotations() {
        true => ops.extend([annotate(now, PAUSE, "true"), annotate(now, PAUSED, "true")]),
        false => ops.push(PatchOp::Add {
            path: "/metadata/annotations".to_owned(),
            value: json!({PAUSE: "true", PAUSED: "true"}),
        }),
    }
    ops
}

/// Has it look after the resource again, where [`pause`] told it not to. Empty
/// where that was somebody else, or nobody.
pub fn unpause(now: &Meta) -> Vec<PatchOp> {
    if now.annotation(PAUSED).is_none() {
        return Vec::new();
    }
    let there = [PAUSE, PAUSED].into_iter();
    let remove = there
        .filter(|key| now.annotation(key).is_some())
        .map(|key| PatchOp::Remove {
            path: annotation(key),
        });
    of_meta(now).into_iter().chain(remove).collect()
}

/// It is the one that was read, and as it was read.
fn of_meta(meta: &Meta) -> [PatchOp; 2] {
    let test = |path: &str, value: &str| PatchOp::Test {
        path: path.to_owned(),
        value: json!(value),
    };
    [
        test("/metadata/uid", &meta.uid),
        test("/metadata/resourceVersion", &meta.resource_version),
    ]
}

/// The pointer to an annotation (RFC 6901).
fn annotation(key: &str) -> String {
    format!("/metadata/annotations/{}", key.replace('/', "~1"))
}

fn annotate(meta: &Meta, key: &str, value: &str) -> PatchOp {
    match meta.has_annotations() {
        true => PatchOp::Add {
            path: annotation(key),
            value: json!(value),
        },
        false => PatchOp::Add {
            path: "/metadata/annotations".to_owned(),
            value: json!({key: value}),
        },
    }
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
