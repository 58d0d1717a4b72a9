//! Kanister's part, verb by verb: what it can't do is told by the API server's own
//! words, which name verb and resource.

mod needs_root {
    mod needs_stand_ins {
        mod takes_long {
            use serde_json::{Map, json};
            use slackwater_stand_ins::{Ask, Runner};

            use crate::ground::{kubectl, names};
            use crate::kanister::{options, text};
            use crate::place::{Place, mirror, turn};
            use crate::roles::{Right, Role, Taken};

            /// An action on the Kafka's namespace, done with the rights of Kanister's
            /// ServiceAccount: what failed.
            fn acted(place: &Place, action: &str, run: &str) -> Result<(), String> {
                let as_kanister = [
                    "--as=system:serviceaccount:kanister:kanister",
                    "--as-group=system:serviceaccounts:kanister",
                    "--as-group=system:serviceaccounts",
                    "--as-group=system:authenticated",
                ];
                let words = place.ground.kubectl_words();
                let said = |args: &[&str], input: Option<&str>| {
                    kubectl(&words, &[&as_kanister[..], args].concat(), input)
                };
                let space = &names().space;
                // `kanctl` and the controller read the object before the first phase.
                said(&["get", "namespace", space, "-o", "name"], None)?;
                said(&["-n", space, "get", "kafka", "mirror", "-o", "name"], None)?;
                let runner = Runner::new(&said, "kanister", &text()).unwrap();
                let ask = Ask {
                    object: json!({"metadata": {"name": space}}),
                    options: options(&[("cut", run), ("kafka", &mirror())]),
                    artifacts: Map::new(),
                };
                let done = runner.run(action, &ask, |_| ()).unwrap();
                done.error().map_or(Ok(()), Err)
            }

            /// In the API server's words (apiserver's `responsewriters.ForbiddenMessage`).
            fn is_named(right: &Right, said: &str) -> bool {
                said.contains(&format!(
                    "cannot {} resource \"{}\"",
                    right.verb, right.resource
                ))
            }

            #[test]
            fn for_each_verb_that_kanister_needs_the_api_server_names_it() {
                let mut place = turn();
                place.produce(20);
                let run = place.backup();
                let roles = [
                    Role::of_cluster(&place, "slackwater-objects"),
                    Role::of_own(&place, "slackwater-pods"),
                ];
                let roles: Vec<&Role> = roles.iter().collect();
                acted(&place, "verify", &run).unwrap();
                let mut silent = Vec::new();
                for right in roles.iter().flat_map(|role| role.rights()) {
                    let taken = Taken::away(&place, &roles, &right);
                    let done = acted(&place, "verify", &run);
                    drop(taken);
                    match done {
                        Err(said) if is_named(&right, &said) => println!("{said}"),
                        other => silent.push((right.words(), other)),
                    }
                }
                // As Kanister does, which only logs that it can't delete a pod: it stays.
                let stayed = ["get", "pod", "-l", "createdBy=kanister", "-o", "name"];
                assert_eq!(place.own(&stayed).unwrap().lines().count(), 1);
                let pods = ["delete", "pod", "-l", "createdBy=kanister"];
                place.own(&pods).unwrap();
                let quiet: Vec<&str> = silent.iter().map(|(words, _)| words.as_str()).collect();
                assert_eq!(quiet, ["delete pods"], "{silent:?}");
                let left = silent.into_iter().filter(|(_, done)| done.is_err());
                assert_eq!(left.count(), 0);
            }
        }
    }
}
