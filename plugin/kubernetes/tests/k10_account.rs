//! What the shipped roles allow to whom K10's hooks run as, asked of a real API server by
//! somebody else.
#![allow(clippy::unwrap_used, reason = "a test may panic, and says where")]

mod common;

use std::path::Path;

use slackwater_kubernetes::{ApiServer, K10Work, k10_account};

use common::{account, mirror, namespace, plane, server};

const OURS: (&str, &str) = ("slackwater", "slackwater");
const RESTORES: (&str, &str) = ("slackwater", "slackwater-restore");

fn denied(server: &ApiServer, namespace: &str) -> Option<Vec<String>> {
    denied_to(server, OURS, K10Work::Backup, namespace)
}

fn denied_to(
    server: &ApiServer,
    account: (&str, &str),
    work: K10Work,
    namespace: &str,
) -> Option<Vec<String>> {
    let mirrors = [(namespace.to_owned(), "mirror".to_owned())];
    let found = k10_account(server, account, work, &mirrors).unwrap()?;
    Some(found[&mirrors[0]].clone())
}

#[test]
fn accounts_of_hooks_may_do_all_that_it_takes_and_what_is_taken_away_is_named() {
    let space = namespace("hooks");
    mirror(&space);
    assert_eq!(denied(&server(), &space), None);
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../blueprints/base");
    let base = base.display().to_string();
    plane().kubectl(&["apply", "-k", &base]).unwrap();
    assert_eq!(denied(&server(), &space), Some(Vec::new()));
    // Those of a restore are another's.
    let of_restore = |who| denied_to(&server(), who, K10Work::Restore, &space).unwrap();
    assert_eq!(of_restore(RESTORES), Vec::<String>::new());
    let missing = of_restore(OURS);
    for right in [
        "delete strimzipodsets.core.strimzi.io in hooks",
        "patch kafkas.kafka.strimzi.io/status in hooks",
        "create secrets in hooks",
    ] {
        assert!(missing.contains(&right.to_owned()), "{missing:?}");
    }
    plane()
        .kubectl(&["delete", "clusterrolebinding/slackwater-restore"])
        .unwrap();
    assert_eq!(of_restore(RESTORES), missing);
    let binding = "clusterrolebinding/slackwater-hooks";
    plane().kubectl(&["delete", binding]).unwrap();
    let missing = denied(&server(), &space).unwrap();
    assert_eq!(
        missing,
        [
            "list kafkas.kafka.strimzi.io in hooks",
            "patch persistentvolumeclaims in hooks"
        ]
    );
    let kept = ["delete", "-n", "slackwater", "rolebinding/slackwater-kept"];
    plane().kubectl(&kept).unwrap();
    let missing = denied(&server(), &space).unwrap();
    assert!(
        missing.contains(&"create secrets in slackwater".to_owned()),
        "{missing:?}"
    );

    // Whoever may not ask is told that, and not that all is well.
    let asker = account(&space, "asker", "", &["serviceaccounts"], &["get"]);
    let mirrors = [(space, "mirror".to_owned())];
    let asked = k10_account(&asker, OURS, K10Work::Backup, &mirrors);
    let said = asked.unwrap_err().to_string();
    assert!(said.contains("subjectaccessreviews"), "{said}");
}
