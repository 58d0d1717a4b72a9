//! How what is kept lies in objects: in one, or, where it does not fit, in several
//! that are numbered. The first one says how many there are, and is written last and
//! deleted first: what was cut short is not kept.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use slackwater_store::RunId;

use super::RestoreError;
use crate::ApiServer;
use crate::document::{PART_BYTES, split};
use crate::labels::{APP, SLACKWATER};
use crate::place::{Place, Resource, label_value};

/// Which run's it is.
const KEPT: &str = "slackwater.io/kept";

/// In the first of several: how many there are with it.
const PARTS: &str = "parts";

/// On each of several: another one for each keep, so that parts of two of them are
/// not read as one.
const WRITE: &str = "slackwater.io/write";

/// Most bytes of one object: what a ConfigMap and a Secret may have, less what the
/// rest of them needs.
pub(super) const MOST_BYTES: usize = PART_BYTES;

/// Most objects of a kind: 14 MiB, some 20,000 KafkaTopics or 1,000 KafkaUsers with
/// certificates. As much is kept beside each backup, and etcd takes 2 GiB by default
/// of all that there is in a cluster.
pub(super) const MOST_PARTS: usize = 16;

/// What one object has: texts by their keys.
pub(super) type Piece = BTreeMap<String, String>;

/// In what it is kept.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    ConfigMap,
    Secret,
}

/// Those of a run, of one kind.
pub(super) struct KeptParts<'a> {
    pub(super) server: &'a ApiServer,
    pub(super) namespace: &'a str,
    pub(super) run: &'a RunId,
    pub(super) kind: Kind,
}

/// A text under this key, cut between characters where it has to be.
pub(super) fn cut(what: &str, key: &str, text: &str) -> Result<Vec<Piece>, RestoreError> {
    let each = split(text).into_iter();
    let pieces = each.map(|part| Piece::from([(key.to_owned(), part.to_owned())]));
    few_enough(what, pieces.collect())
}

/// Secrets as JSON, by `NAMESPACE/NAME`; none is cut.
pub(super) fn pack<'a>(
    what: &str,
    secrets: impl Iterator<Item = (&'a str, String)>,
) -> Result<Vec<Piece>, RestoreError> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut free = 0;
    for (name, text) in secrets {
        let key = key(name);
        let bytes = key.len() + text.len();
        if bytes > MOST_BYTES {
            return Err(RestoreError::SecretTooLarge {
                name: name.to_owned(),
                bytes,
                most: MOST_BYTES,
            });
        }
        match pieces.last_mut() {
            Some(piece) if bytes <= free => {
                free -= bytes;
                piece.insert(key, text);
            }
            _ => {
                free = MOST_BYTES - bytes;
                pieces.push(Piece::from([(key, text)]));
            }
        }
    }
    few_enough(what, pieces)
}

/// A key of a Secret has no slash, and a namespace no dot.
pub(super) fn key(name: &str) -> String {
    name.replacen('/', ".", 1)
}

fn few_enough(what: &str, pieces: Vec<Piece>) -> Result<Vec<Piece>, RestoreError> {
    match pieces.len() <= MOST_PARTS {
        true => Ok(pieces),
        false => Err(RestoreError::TooLarge {
            what: what.to_owned(),
            bytes: pieces.iter().flat_map(Piece::values).map(String::len).sum(),
            parts: pieces.len(),
            most: MOST_PARTS,
        }),
    }
}

impl KeptParts<'_> {
    /// Where there are none.
    pub(super) fn write(&self, pieces: &[Piece]) -> Result<(), RestoreError> {
        let run = label_value(self.run.as_str())?;
        let write = format!("{:016x}", fastrand::u64(..));
        for (number, piece) in pieces.iter().enumerate().rev() {
            let place = self.place(number)?;
            let encoded = piece.iter().map(|(key, text)| (key, self.encode(text)));
            let mut object = json!({
                "apiVersion": "v1",
                "kind": self.kind.name(),
                "metadata": {
                    "namespace": place.namespace,
                    "name": place.name,
                    "labels": {APP: SLACKWATER, KEPT: run},
                },
                "data": encoded.collect::<BTreeMap<_, _>>(),
            });
            if pieces.len() > 1 {
                object["metadata"]["annotations"] = json!({WRITE: write});
                if number == 0 {
                    object["data"][PARTS] = self.encode(&pieces.len().to_string()).into();
                }
            }
            self.server.create(&place, &object)?;
            let stored = self.server.get(&place)?.unwrap_or_default();
            if stored["data"] != object["data"] {
                return Err(RestoreError::ReadBack(Box::new(place)));
            }
        }
        Ok(())
    }

    /// What each has, in their order; nothing where nothing is kept. Each is read when
    /// it is asked for.
    pub(super) fn read(
        &self,
    ) -> Result<impl Iterator<Item = Result<Piece, RestoreError>>, RestoreError> {
        let first = self.server.get(&self.place(0)?)?;
        let parts = match &first {
            Some(first) => self.count(first)?,
            None => 0,
        };
        let first = first.unwrap_or_default();
        Ok((0..parts).map(move |number| match number {
            0 => Ok(self.piece(&first)),
            _ => self.part(&first, number),
        }))
    }

    /// Deletes them, and what was left of more of them. Secrets can't be listed by our
    /// Role, so that each number is tried.
    pub(super) fn delete(&self) -> Result<(), RestoreError> {
        for number in 0..MOST_PARTS {
            self.server.delete(&self.place(number)?)?;
        }
        Ok(())
    }

    fn count(&self, first: &Value) -> Result<usize, RestoreError> {
        let Some(said) = first["data"].get(PARTS) else {
            return Ok(1);
        };
        let count = said.as_str().and_then(|text| self.decode(text));
        let count = count.and_then(|text| text.parse().ok());
        let count = count.filter(|count| (1..=MOST_PARTS).contains(count));
        let place = self.place(0)?;
        count.ok_or_else(|| {
            self.unreadable(format!(
                "{place} says {said} as its {PARTS}, and not how many of up to {MOST_PARTS}"
            ))
        })
    }

    fn part(&self, first: &Value, number: usize) -> Result<Piece, RestoreError> {
        let place = self.place(number)?;
        let object = self.server.get(&place)?;
        let object = object.ok_or_else(|| self.unreadable(format!("{place} is missing")))?;
        let write = |object: &Value| object["metadata"]["annotations"][WRITE].clone();
        match write(&object) == write(first) {
            true => Ok(self.piece(&object)),
            false => Err(self.unreadable(format!("{place} is of another keep"))),
        }
    }

    /// Without what can't be read.
    fn piece(&self, object: &Value) -> Piece {
        let each = object["data"].as_object().into_iter().flatten();
        let read = |(key, value): (&String, &Value)| {
            let text = self.decode(value.as_str()?)?;
            Some((key.clone(), text))
        };
        each.filter_map(read).collect()
    }

    fn place(&self, number: usize) -> Result<Place, RestoreError> {
        let name = match number {
            0 => format!("slackwater-{}-kept", self.run),
            _ => format!("slackwater-{}-kept-{number}", self.run),
        };
        Ok(Place::new(self.kind.resource(), self.namespace, &name)?)
    }

    fn encode(&self, text: &str) -> String {
        match self.kind {
            Kind::ConfigMap => text.to_owned(),
            Kind::Secret => STANDARD.encode(text),
        }
    }

    fn decode(&self, value: &str) -> Option<String> {
        match self.kind {
            Kind::ConfigMap => Some(value.to_owned()),
            Kind::Secret => String::from_utf8(STANDARD.decode(value).ok()?).ok(),
        }
    }

    pub(super) fn unreadable(&self, why: String) -> RestoreError {
        RestoreError::Kept {
            run: self.run.to_string(),
            why,
        }
    }
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::ConfigMap => "ConfigMap",
            Self::Secret => "Secret",
        }
    }

    fn resource(self) -> Resource {
        match self {
            Self::ConfigMap => Resource::config_maps(),
            Self::Secret => Resource::secrets(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// That many Secrets, with texts of so many bytes.
    fn packed(count: usize, bytes: usize) -> Result<Vec<Piece>, String> {
        let names: Vec<String> = (0..count).map(|at| format!("kafka/user-{at:05}")).collect();
        let secrets = names.iter().map(|name| (name.as_str(), "x".repeat(bytes)));
        pack("the Secrets", secrets).map_err(|error| error.to_string())
    }

    #[test]
    fn secrets_are_packed_whole_and_in_as_few_objects_as_their_order_allows() {
        let own = "kafka.user-00000".len();
        assert_eq!(packed(0, 1), Ok(Vec::new()));
        assert_eq!(packed(3, MOST_BYTES / 3 - own).unwrap().len(), 1);
        assert_eq!(packed(3, MOST_BYTES / 3 - own + 1).unwrap().len(), 2);
        let pieces = packed(1_000, 13 << 10).unwrap();
        assert_eq!(pieces.len(), 15);
        let bytes = |piece: &Piece| -> usize {
            let each = piece.iter().map(|(key, text)| key.len() + text.len());
            each.sum()
        };
        assert!(pieces.iter().all(|piece| bytes(piece) <= MOST_BYTES));
        let keys: Vec<&String> = pieces.iter().flat_map(Piece::keys).collect();
        assert_eq!(keys.len(), 1_000);
        assert!(keys.is_sorted());
    }

    #[test]
    fn what_is_too_large_is_named() {
        let own = "kafka.user-00000".len();
        assert!(packed(1, MOST_BYTES - own).is_ok());
        let one = packed(1, MOST_BYTES - own + 1).unwrap_err();
        assert!(one.contains("Secret kafka/user-00000"), "{one}");
        assert!(packed(MOST_PARTS, MOST_BYTES / 2).is_ok());
        let all = packed(MOST_PARTS + 1, MOST_BYTES / 2 + 1).unwrap_err();
        assert!(all.contains("the Secrets") && all.contains("17"), "{all}");
        let text = "x".repeat(MOST_BYTES * MOST_PARTS + 1);
        assert!(cut("the resources", "resources", &text[1..]).is_ok());
        let all = cut("the resources", "resources", &text).unwrap_err();
        assert!(all.to_string().contains("the resources"), "{all}");
    }
}
