//! What would leave a mirror stopped for good: seen before it is stopped.

mod needs_root {
    mod needs_stand_ins {
        mod takes_long {
            use serde_json::{Value, json};

            use crate::ground::names;
            use crate::place::{Place, mirror, pod, turn};

            /// Whoever may change what feeds the mirror, an admission refuses it in a dry run.
            const POLICY: &str = "nobody-starts-it";

            fn set_policy(place: &Place) {
                let policy = json!({
                    "apiVersion": "admissionregistration.k8s.io/v1",
                    "kind": "ValidatingAdmissionPolicy",
                    "metadata": {"name": POLICY},
                    "spec": {
                        "failurePolicy": "Fail",
                        "matchConstraints": {"resourceRules": [{
                            "apiGroups": ["kafka.strimzi.io"],
                            "apiVersions": ["*"],
                            "operations": ["UPDATE"],
                            "resources": ["kafkamirrormaker2s"],
                        }]},
                        "validations": [{
                            "expression": "!has(request.dryRun) || !request.dryRun",
                            "message": POLICY,
                        }],
                    },
                });
                let binding = json!({
                    "apiVersion": "admissionregistration.k8s.io/v1",
                    "kind": "ValidatingAdmissionPolicyBinding",
                    "metadata": {"name": POLICY},
                    "spec": {"policyName": POLICY, "validationActions": ["Deny"]},
                });
                place.ground.apply(&policy.to_string());
                place.ground.apply(&binding.to_string());
                let words = "annotate kafkamirrormaker2 feeder tried=so --dry-run=server";
                let words: Vec<&str> = words.split(' ').collect();
                place.until("the policy to hold", || place.space(&words).is_err());
            }

            fn lift_policy(place: &Place) {
                for kind in ["binding", ""] {
                    let what = format!("validatingadmissionpolicy{kind}/{POLICY}");
                    place.kubectl(&["delete", &what]).unwrap();
                }
            }

            /// Nothing was stopped, and nothing is left.
            fn must_run_on(place: &Place, feeder: &Value) {
                assert!(place.is_running());
                place.must_be_let_go(feeder);
            }

            #[test]
            fn a_guard_that_can_not_start_and_a_start_that_nobody_may_make_fail_a_backup_before_the_stop()
             {
                let mut place = turn();
                let feeder = place.feeder();
                let kafka = mirror();
                let quiesce = ["phase", "quiesceMirror", "--kafka", &kafka];

                let mut told: Value =
                    serde_json::from_str(&pod("no-image", "slackwater", &quiesce)).unwrap();
                told["spec"]["containers"][0]["env"] = json!([
                    {"name": "SLACKWATER_IMAGE", "value": "127.0.0.1:1/none:0"},
                    {"name": "SLACKWATER_NAMESPACE", "value": names().own},
                    {"name": "SLACKWATER_ACCOUNT", "value": "slackwater"},
                ]);
                place.ground.apply(&told.to_string());
                let ran = place.ended("no-image", &quiesce);
                println!("{}: {}", ran.code, ran.said);
                assert_ne!(ran.code, 0);
                let says = ["the guard", "127.0.0.1:1/none:0"];
                assert!(
                    says.iter().all(|words| ran.said.contains(words)),
                    "{}",
                    ran.said
                );
                must_run_on(&place, &feeder);

                set_policy(&place);
                let ran = place.task(&quiesce);
                lift_policy(&place);
                println!("{}: {}", ran.code, ran.said);
                assert_ne!(ran.code, 0);
                assert!(ran.said.contains(POLICY), "{}", ran.said);
                must_run_on(&place, &feeder);
                place.backup();
            }
        }
    }
}
