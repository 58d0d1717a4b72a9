//! JSON patches (RFC 6902) of what every resource has, its annotations: that its
//! operator leaves it alone, and what is noted while it does.
//!
//! Each tests before it changes that the resource is the one that was read, as it
//! was read; the API server refuses it whole otherwise.

use serde::Serialize;
use serde_json::{Value, json};

use crate::meta::{HELD, Held, HeldBy, LISTENERS, Meta, PAUSE, PAUSED, POKED};

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

/// Has the operator leave the resource alone, notes for which Kafka that is
/// ([`HELD`]), and that it was ours ([`PAUSED`]): a pause of somebody else's stays
/// his. Empty where all is so already.
pub fn pause(now: &Meta, kafka: &str) -> Vec<PatchOp> {
    pause_noting(now, kafka, None)
}

/// The same of the Kafka itself, whose operator drops `status.listeners` while it
/// leaves it alone: what they were, as JSON, is noted on it ([`LISTENERS`]).
pub fn pause_kafka(now: &Meta, kafka: &str, listeners: &str) -> Vec<PatchOp> {
    pause_noting(now, kafka, Some(listeners))
}

fn pause_noting(now: &Meta, kafka: &str, listeners: Option<&str>) -> Vec<PatchOp> {
    let held = Held {
        by: HeldBy::Pause,
        kafka,
    };
    let mut notes = Vec::new();
    if !now.is_paused() {
        notes.extend([(PAUSE, "true".to_owned()), (PAUSED, "true".to_owned())]);
        notes.extend(listeners.map(|text| (LISTENERS, text.to_owned())));
    }
    if now.held() != Some(held) {
        notes.push((HELD, held.to_string()));
    }
    if notes.is_empty() {
        return Vec::new();
    }
    let mut ops = of_meta(now).to_vec();
    ops.extend(annotate(now, &notes));
    ops
}

/// Has it look after the resource again, where [`pause`] told it not to, and takes
/// the notes away. Empty where there are none.
pub fn unpause(now: &Meta) -> Vec<PatchOp> {
    let remove: Vec<PatchOp> = goes(now)
        .map(|key| PatchOp::Remove {
            path: annotation(key),
        })
        .collect();
    match remove.is_empty() {
        true => Vec::new(),
        false => of_meta(now).into_iter().chain(remove).collect(),
    }
}

/// The line for a shell with kubectl that does what [`unpause`] does.
pub fn unpause_line(kind: &str, now: &Meta) -> String {
    let (namespace, name) = (&now.namespace, &now.name);
    let keys: String = goes(now).map(|key| format!(" {key}-")).collect();
    format!("kubectl annotate {kind} {name} --namespace {namespace}{keys}")
}

/// What [`pause`] and [`pause_kafka`] put there.
fn goes(now: &Meta) -> impl Iterator<Item = &'static str> {
    let ours = now.annotation(PAUSED).is_some();
    let held = now.held().is_some_and(|held| held.by == HeldBy::Pause);
    let there = [
        (PAUSE, ours),
        (PAUSED, ours),
        (HELD, held),
        (LISTENERS, true),
        (POKED, held),
    ];
    let goes = move |(key, goes): &(&str, bool)| *goes && now.annotation(key).is_some();
    there.into_iter().filter(goes).map(|(key, _)| key)
}

/// It is the one that was read, and as it was read.
pub(crate) fn of_meta(meta: &Meta) -> [PatchOp; 2] {
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
pub(crate) fn annotation(key: &str) -> String {
    format!("/metadata/annotations/{}", key.replace('/', "~1"))
}

pub(crate) fn annotate(meta: &Meta, notes: &[(&str, String)]) -> Vec<PatchOp> {
    if notes.is_empty() {
        return Vec::new();
    }
    if !meta.has_annotations() {
        let all: serde_json::Map<String, Value> = notes
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.as_str().into()))
            .collect();
        return vec![PatchOp::Add {
            path: "/metadata/annotations".to_owned(),
            value: all.into(),
        }];
    }
    let each = notes.iter().map(|(key, value)| PatchOp::Add {
        path: annotation(key),
        value: json!(value),
    });
    each.collect()
}
