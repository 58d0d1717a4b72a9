//! Paths into evidence that is looked at as JSON, and which row they lead into.

use serde_json::Value;

use crate::Rows;

/// The paths of all leaves of a JSON value: `a.b[].c`. An empty list and a
/// `null` are leaves.
pub fn leaf_paths(value: &Value) -> Vec<String> {
    fn walk(value: &Value, path: &str, out: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    let path = if path.is_empty() {
                        key.clone()
                    } else {
                        format!("{path}.{key}")
                    };
                    walk(value, &path, out);
                }
            }
            Value::Array(list) if !list.is_empty() => {
                for value in list {
                    walk(value, &format!("{path}[]"), out);
                }
            }
            _ => out.push(path.to_owned()),
        }
    }
    let mut out = Vec::new();
    walk(value, "", &mut out);
    out.sort();
    out.dedup();
    out
}

/// Turns `a.b[].c` below `root` into the pointers that exist.
pub(super) fn expand(base: &Value, root: &str, field: &str, out: &mut Vec<String>) {
    let mut heads = vec![root.to_owned()];
    for step in field.split('.') {
        let (key, list) = match step.strip_suffix("[]") {
            Some(key) => (key, true),
            None => (step, false),
        };
        heads = heads
            .into_iter()
            .map(|head| format!("{head}/{key}"))
            .flat_map(|head| match (list, base.pointer(&head)) {
                (true, Some(Value::Array(items))) => {
                    (0..items.len()).map(|at| format!("{head}/{at}")).collect()
                }
                (false, Some(_)) => vec![head],
                _ => Vec::new(),
            })
            .collect();
    }
    out.extend(heads);
}

/// The position of the row that a pointer leads into, in the cut or in
/// evidence that has one entry for each of its rows.
pub(super) fn row_of(pointer: &str) -> Option<usize> {
    let (_, rest) = pointer
        .split_once("/rows/partitions/")
        .or_else(|| pointer.split_once("/rows/"))?;
    rest.split('/').next()?.parse().ok()
}

/// The sampled head of the copy that a pointer leads into.
pub(super) fn head_of(base: &Value, variant: &str, rows: &Rows, pointer: &str) -> Option<u64> {
    let at = row_of(pointer)?;
    let copy = rows.partitions[..at]
        .iter()
        .filter(|row| row.source.is_some())
        .count();
    base.pointer(&format!("/evidence/{variant}/heads/{copy}"))?
        .as_u64()
}
