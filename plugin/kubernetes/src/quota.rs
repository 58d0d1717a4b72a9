//! Whether a namespace's quotas leave room for what a backup makes there: snapshots,
//! and, to read them, a claim for each volume and a pod for each node. Asked before
//! anything is stopped: a refusal in the middle costs a stop for nothing.

use serde_json::Value;

use crate::place::{Place, Resource};
use crate::{ApiError, ApiServer};

/// What is to be made.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Needs {
    /// VolumeSnapshots.
    pub snapshots: u32,
    /// Each claim that is made: the class, and its size in bytes.
    pub claims: Vec<(String, f64)>,
    /// Pods, without requests and limits of their own.
    pub pods: u32,
}

/// Why there is no room.
#[derive(Debug, thiserror::Error)]
pub enum QuotaError {
    /// No answer.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// It does not leave enough.
    #[error(
        "quota {quota} of namespace {namespace} leaves {left} of {key}, and a backup needs {needed} \
         there: raise it"
    )]
    Full {
        /// Where.
        namespace: String,
        /// Its name.
        quota: String,
        /// Of what.
        key: String,
        /// How much it leaves.
        left: f64,
        /// How much is needed.
        needed: f64,
    },
    /// Pods have to say what they need.
    #[error(
        "quota {quota} of namespace {namespace} limits {key}: pods that read snapshots say none; \
         have a LimitRange give them one"
    )]
    Unsaid {
        /// Where.
        namespace: String,
        /// Its name.
        quota: String,
        /// Of what.
        key: String,
    },
}

/// The class of a claim, and how large it is by now: what another like it needs.
///
/// # Errors
/// No answer.
pub fn claim_like(
    server: &ApiServer,
    namespace: &str,
    claim: &str,
) -> Result<(String, f64), ApiError> {
    let place = Place::new(Resource::claims(), namespace, claim)?;
    let found = server.get(&place)?.unwrap_or_default();
    let class = found["spec"]["storageClassName"].as_str();
    let sizes = [
        &found["status"]["capacity"]["storage"],
        &found["spec"]["resources"]["requests"]["storage"],
    ];
    let bytes = sizes.into_iter().find_map(quantity);
    Ok((class.unwrap_or_default().to_owned(), bytes.unwrap_or(0.0)))
}

/// Sees that there is room.
///
/// # Errors
/// There is not; no answer.
pub fn must_fit(server: &ApiServer, namespace: &str, needs: &Needs) -> Result<(), QuotaError> {
    let quotas = server.list(&Resource::quotas(), namespace, "")?;
    if quotas.is_empty() {
        return Ok(());
    }
    let ranges = server.list(&Resource::limit_ranges(), namespace, "")?;
    for quota in &quotas {
        // One with scopes is of some pods alone.
        if quota["spec"]["scopes"].is_array() || quota["spec"]["scopeSelector"].is_object() {
            continue;
        }
        must_fit_one(namespace, quota, !ranges.is_empty(), needs)?;
    }
    Ok(())
}

fn must_fit_one(
    namespace: &str,
    quota: &Value,
    pods_get_limits: bool,
    needs: &Needs,
) -> Result<(), QuotaError> {
    let name = quota["metadata"]["name"].as_str().unwrap_or_default();
    for (key, hard) in quota["status"]["hard"].as_object().into_iter().flatten() {
        let is_of_pods = ["cpu", "memory", "requests.cpu", "requests.memory"]
            .iter()
            .chain(&["limits.cpu", "limits.memory"])
            .any(|one| one == key);
        if is_of_pods && needs.pods > 0 && !pods_get_limits {
            return Err(QuotaError::Unsaid {
                namespace: namespace.to_owned(),
                quota: name.to_owned(),
                key: key.clone(),
            });
        }
        let Some(needed) = needed(key, needs) else {
            continue;
        };
        let used = quantity(&quota["status"]["used"][key]).unwrap_or(0.0);
        let Some(hard) = quantity(hard) else { continue };
        let left = (hard - used).max(0.0);
        if needed > left {
            return Err(QuotaError::Full {
                namespace: namespace.to_owned(),
                quota: name.to_owned(),
                key: key.clone(),
                left,
                needed,
            });
        }
    }
    Ok(())
}

/// Of what a quota counts (Kubernetes' resource quotas: storage, by class, objects).
fn needed(key: &str, needs: &Needs) -> Option<f64> {
    let of_class = |class: Option<&str>| -> Vec<f64> {
        let each = needs.claims.iter();
        each.filter(|(one, _)| class.is_none_or(|class| one == class))
            .map(|(_, bytes)| *bytes)
            .collect()
    };
    let count = |class| of_class(class).len() as f64;
    let bytes = |class| of_class(class).iter().sum::<f64>();
    if let Some((class, what)) = key.split_once(".storageclass.storage.k8s.io/") {
        return match what {
            "persistentvolumeclaims" => Some(count(Some(class))),
            "requests.storage" => Some(bytes(Some(class))),
            _ => None,
        };
    }
    match key {
        "persistentvolumeclaims" | "count/persistentvolumeclaims" => Some(count(None)),
        "requests.storage" => Some(bytes(None)),
        "count/volumesnapshots.snapshot.storage.k8s.io" => Some(f64::from(needs.snapshots)),
        "pods" | "count/pods" => Some(f64::from(needs.pods)),
        _ => None,
    }
}

/// A quantity (apimachinery's `resource.Quantity`), near enough to compare.
fn quantity(value: &Value) -> Option<f64> {
    let text = match value {
        Value::Number(number) => return number.as_f64(),
        value => value.as_str()?,
    };
    let digits = |c: char| c.is_ascii_digit() || c == '.' || c == '-' || c == '+';
    let at = text.find(|c| !digits(c)).unwrap_or(text.len());
    let (number, suffix) = text.split_at(at);
    let number: f64 = number.parse().ok()?;
    let factor = match suffix {
        "" => 1.0,
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 1024.0,
        "Mi" => 1024f64.powi(2),
        "Gi" => 1024f64.powi(3),
        "Ti" => 1024f64.powi(4),
        "Pi" => 1024f64.powi(5),
        "Ei" => 1024f64.powi(6),
        exponent => {
            let power = exponent.strip_prefix(['e', 'E'])?;
            10f64.powi(power.parse().ok()?)
        }
    };
    Some(number * factor)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn quantities_are_read_as_kubernetes_writes_them() {
        for (text, is) in [
            ("3", 3.0),
            ("1.5Gi", 1.5 * 1024.0 * 1024.0 * 1024.0),
            ("500m", 0.5),
            ("12e6", 12e6),
            ("2E", 2e18),
            ("128974848", 128_974_848.0),
        ] {
            assert_eq!(quantity(&json!(text)), Some(is), "{text}");
        }
        assert_eq!(quantity(&json!("many")), None);
        assert_eq!(quantity(&json!(7)), Some(7.0));
    }

    #[test]
    fn what_a_quota_leaves_is_held_against_what_is_needed() {
        let needs = Needs {
            snapshots: 3,
            claims: vec![("fast".to_owned(), 10.0), ("slow".to_owned(), 5.0)],
            pods: 3,
        };
        let fits = |hard: Value, used: Value, ranges: bool| {
            let quota = json!({
                "metadata": {"name": "small"},
                "status": {"hard": hard, "used": used},
            });
            let fits = must_fit_one("kafka", &quota, ranges, &needs);
            fits.map_err(|error| error.to_string())
        };
        let storage = "requests.storage";
        assert_eq!(
            fits(json!({storage: "20"}), json!({storage: "5"}), false),
            Ok(())
        );
        let full = fits(json!({storage: "20"}), json!({storage: "6"}), false).unwrap_err();
        assert!(full.contains("leaves 14 of requests.storage"), "{full}");
        let fast = "fast.storageclass.storage.k8s.io/persistentvolumeclaims";
        assert!(fits(json!({fast: "1"}), json!({fast: "0"}), false).is_ok());
        assert!(fits(json!({fast: "1"}), json!({fast: "1"}), false).is_err());
        let snapshots = "count/volumesnapshots.snapshot.storage.k8s.io";
        assert!(fits(json!({snapshots: "2"}), json!({}), false).is_err());
        let unsaid = fits(json!({"limits.memory": "8Gi"}), json!({}), false).unwrap_err();
        assert!(unsaid.contains("LimitRange"), "{unsaid}");
        assert!(fits(json!({"limits.memory": "8Gi"}), json!({}), true).is_ok());
        assert!(fits(json!({"count/secrets": "1"}), json!({}), false).is_ok());
    }
}
