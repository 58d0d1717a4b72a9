//! What the shipped roles allow, and that they allow no more.

mod needs_root {
    use crate::place::{OWN, Place, turn};

    fn may(place: &Place, account: (&str, &str), verb: &str, what: &str, space: &str) -> bool {
        let (namespace, name) = account;
        let who = format!("--as=system:serviceaccount:{namespace}:{name}");
        let group = format!("--as-group=system:serviceaccounts:{namespace}");
        let all = "--as-group=system:serviceaccounts";
        let plane = place.scene.cluster().plane();
        // A slash would name an object.
        let (kind, part) = what.split_once('/').unwrap_or((what, ""));
        let part = format!("--subresource={part}");
        let args = ["auth", "can-i", verb, kind, &part, "-n", space];
        let args = [&args[..], &[&who, &group, all]].concat();
        // It says no by its exit code, too.
        plane.kubectl(&args).is_ok_and(|said| said.trim() == "yes")
    }

    #[test]
    fn kanister_may_run_the_blueprint_and_nothing_else_of_ours() {
        let place = turn();
        let kanister = ("kanister", "kanister-kanister-operator");
        for (verb, what, space) in [
            ("get", "kafkas.kafka.strimzi.io", "kafka"),
            ("get", "namespaces", "kafka"),
            ("create", "pods", OWN),
            ("watch", "pods", OWN),
            ("delete", "pods", OWN),
            ("get", "pods/log", OWN),
        ] {
            assert!(may(&place, kanister, verb, what, space), "{verb} {what}");
        }
        for (verb, what, space) in [
            ("patch", "kafkas.kafka.strimzi.io", "kafka"),
            ("create", "pods", "kafka"),
            ("get", "secrets", OWN),
            ("create", "pods/exec", OWN),
        ] {
            assert!(!may(&place, kanister, verb, what, space), "{verb} {what}");
        }
    }

    #[test]
    fn slackwater_may_not_do_what_no_phase_does() {
        let place = turn();
        let ours = (OWN, "slackwater");
        assert!(may(
            &place,
            ours,
            "patch",
            "kafkamirrormaker2s.kafka.strimzi.io",
            "kafka"
        ));
        for (verb, what) in [
            ("list", "secrets"),
            ("create", "secrets"),
            ("delete", "kafkas.kafka.strimzi.io"),
            ("delete", "kafkamirrormaker2s.kafka.strimzi.io"),
            ("patch", "persistentvolumeclaims"),
            ("delete", "persistentvolumes"),
            ("delete", "namespaces"),
        ] {
            assert!(!may(&place, ours, verb, what, "kafka"), "{verb} {what}");
        }
    }
}
