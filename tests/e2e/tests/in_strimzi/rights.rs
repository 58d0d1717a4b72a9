//! What the shipped roles allow, and that they allow no more.

mod needs_root {
    use crate::ground::names;
    use crate::place::{Place, turn};
    use crate::roles::{Right, Role};

    fn may(place: &Place, account: (&str, &str), verb: &str, what: &str, space: &str) -> bool {
        let (namespace, name) = account;
        let who = format!("--as=system:serviceaccount:{namespace}:{name}");
        let group = format!("--as-group=system:serviceaccounts:{namespace}");
        let all = "--as-group=system:serviceaccounts";
        // A slash would name an object.
        let (kind, part) = what.split_once('/').unwrap_or((what, ""));
        let part = format!("--subresource={part}");
        let args = ["auth", "can-i", verb, kind, &part, "-n", space];
        let args = [&args[..], &[&who, &group, all]].concat();
        // It says no by its exit code, too.
        place.kubectl(&args).is_ok_and(|said| said.trim() == "yes")
    }

    #[test]
    fn kanister_may_run_the_blueprint_and_nothing_else_of_ours() {
        let place = turn();
        let kanister = (place.kanister(), "any-of-it");
        for (verb, what, space) in [
            ("get", "kafkas.kafka.strimzi.io", &names().space),
            ("get", "namespaces", &names().space),
            ("create", "pods", &names().own),
            ("get", "pods", &names().own),
            ("delete", "pods", &names().own),
            ("get", "pods/log", &names().own),
        ] {
            assert!(may(&place, kanister, verb, what, space), "{verb} {what}");
        }
        for (verb, what, space) in [
            ("patch", "kafkas.kafka.strimzi.io", &names().space),
            ("create", "pods", &names().space),
            ("get", "secrets", &names().own),
            ("list", "pods", &names().own),
            ("watch", "pods", &names().own),
            ("create", "pods/exec", &names().own),
        ] {
            assert!(!may(&place, kanister, verb, what, space), "{verb} {what}");
        }
    }

    #[test]
    fn a_restore_may_exchange_volumes_and_delete_no_resource_of_strimzis_users() {
        let place = turn();
        let restore = (names().own.as_str(), "slackwater-restore");
        for (verb, what) in [
            ("patch", "kafkas.kafka.strimzi.io"),
            ("patch", "kafkas.kafka.strimzi.io/status"),
            ("delete", "strimzipodsets.core.strimzi.io"),
            ("create", "secrets"),
            ("delete", "persistentvolumeclaims"),
        ] {
            assert!(
                may(&place, restore, verb, what, &names().space),
                "{verb} {what}"
            );
        }
        for (verb, what) in [
            ("delete", "kafkas.kafka.strimzi.io"),
            ("delete", "kafkanodepools.kafka.strimzi.io"),
            ("delete", "kafkamirrormaker2s.kafka.strimzi.io"),
            ("delete", "kafkatopics.kafka.strimzi.io"),
            ("list", "secrets"),
            ("delete", "secrets"),
            ("delete", "persistentvolumes"),
            ("delete", "namespaces"),
        ] {
            assert!(
                !may(&place, restore, verb, what, &names().space),
                "{verb} {what}"
            );
        }
    }

    #[test]
    fn slackwater_may_not_do_what_no_phase_does() {
        let place = turn();
        let ours = (names().own.as_str(), "slackwater");
        for what in ["kafkamirrormaker2s", "kafkas"] {
            let what = format!("{what}.kafka.strimzi.io");
            assert!(may(&place, ours, "patch", &what, &names().space), "{what}");
        }
        for (verb, what) in [
            ("list", "secrets"),
            ("create", "secrets"),
            ("patch", "kafkas.kafka.strimzi.io/status"),
            ("delete", "kafkas.kafka.strimzi.io"),
            ("delete", "kafkamirrormaker2s.kafka.strimzi.io"),
            ("delete", "strimzipodsets.core.strimzi.io"),
            ("delete", "persistentvolumes"),
            ("delete", "namespaces"),
        ] {
            assert!(
                !may(&place, ours, verb, what, &names().space),
                "{verb} {what}"
            );
        }
        // That a hook notes the run on claims is in the hooks' own role, which may be left
        // out.
        let patches_claims = |role: &str| {
            let rights = Role::of_cluster(&place, role).rights();
            let is = |one: &Right| one.verb == "patch" && one.resource == "persistentvolumeclaims";
            rights.iter().any(is)
        };
        assert!(!patches_claims("slackwater") && patches_claims("slackwater-hooks"));
    }

    #[test]
    fn what_may_be_added_to_the_base_is_understood() {
        let place = turn();
        let file = |name: &str| {
            let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../blueprints");
            root.join(name).display().to_string()
        };
        let overlay = file("overlays/kasten");
        let text = place.kubectl(&["kustomize", &overlay]).unwrap();
        assert_eq!(text.matches("system:serviceaccounts:kasten-io").count(), 2);
        assert_eq!(text.matches("name: registry").count(), 2);
        let policy = file("network-policy.yaml");
        let apply = ["apply", "--dry-run=server", "-f", &policy];
        let said = place.space(&apply).unwrap();
        assert!(
            said.contains("networkpolicy.networking.k8s.io/slackwater"),
            "{said}"
        );
    }
}
