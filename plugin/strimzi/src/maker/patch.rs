//! The patches that stop the connectors of a resource, and put them back, and
//! the one that has the operator leave it alone.
//!
//! JSON patches (RFC 6902): a merge patch would replace the whole list of
//! mirrors. Each tests before it changes that the resource is the one that was
//! read and that the aliases stand where they stood, so that a list which
//! somebody sorted anew is not written into; the API server refuses it whole
//! then.

use serde::Serialize;
use serde_json::{Value, json};

use super::{Desired, Layout, MirrorMaker};
use crate::meta::{Meta, PAUSE};

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

/// Has every connector stopped.
pub fn stop(maker: &MirrorMaker) -> Vec<PatchOp> {
    let mut ops = guards(maker);
    for (path, connector) in places(maker) {
        if connector.state != Some(Desired::Stopped) {
            ops.push(PatchOp::Add {
                path,
                value: word(Desired::Stopped).into(),
            });
        }
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

/// Puts back what `before` had, in the resource as it is `now`. A connector that
/// is not to be stopped any more is left alone: somebody else has said something
/// since.
pub fn put_back(before: &MirrorMaker, now: &MirrorMaker) -> PutBack {
    let mut ops = Vec::new();
    let mut gone = Vec::new();
    for was in before.connectors() {
        let found = places(now).find(|(_, is)| is.name == was.name);
        let Some((path, is)) = found else {
            gone.push(was.name.clone());
            continue;
        };
        if is.state != Some(Desired::Stopped) || was.state == is.state {
            continue;
        }
        ops.push(match was.state {
            Some(state) => PatchOp::Add {
                path,
                value: word(state).into(),
            },
            None => PatchOp::Remove { path },
        });
    }
    if !ops.is_empty() {
        ops.splice(0..0, guards(now));
    }
    PutBack { ops, gone }
}

/// Has the operator leave the resource alone, or not any more. Empty where it
/// does so already.
pub fn pause(now: &Meta, paused: bool) -> Vec<PatchOp> {
    let test = |path: &str, value: &str| PatchOp::Test {
        path: path.to_owned(),
        value: json!(value),
    };
    let path = format!("/metadata/annotations/{}", PAUSE.replace('/', "~1"));
    let change = match (paused, now.is_paused()) {
        (true, true) | (false, false) => return Vec::new(),
        (true, false) if now.has_annotations() => PatchOp::Add {
            path,
            value: json!("true"),
        },
        (true, false) => PatchOp::Add {
            path: "/metadata/annotations".to_owned(),
            value: json!({PAUSE: "true"}),
        },
        (false, true) => PatchOp::Remove { path },
    };
    vec![
        test("/metadata/uid", &now.uid),
        test("/metadata/resourceVersion", &now.resource_version),
        change,
    ]
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
    let mut ops = vec![
        test("/metadata/uid".to_owned(), &maker.meta.uid),
        test(
            "/metadata/resourceVersion".to_owned(),
            &maker.meta.resource_version,
        ),
        test(target.to_owned(), &maker.target_alias),
    ];
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
