//! Clones beside an original that runs, and can be reached.

mod needs_root {
    // Somebody's operator need not watch a namespace that a test makes.
    mod needs_stand_ins {
        mod takes_long {
            use std::collections::BTreeMap;

            use serde_json::Value;
            use slackwater_cut::{Claim, ClaimName, Cut, Verdict};

            use crate::clone_by_hand::{clone_by_hand, kept, make, stand_for};
            use crate::ground::names;
            use crate::place::{Place, Ran, mirror, turn};
            use crate::read_back::{ends, records};
            use crate::roles::{Role, Taken};

            /// Where a clone is made without what keeps the two apart, until one takes what is
            /// newer: seen at the first to third time, and not in six where all that was newer lay
            /// in one partition.
            const BY_HAND: [&str; 6] = [
                "by-hand-1",
                "by-hand-2",
                "by-hand-3",
                "by-hand-4",
                "by-hand-5",
                "by-hand-6",
            ];

            /// A namespace that is made for a test, and goes with it.
            struct Space<'a>(&'a Place, &'static str);

            impl<'a> Space<'a> {
                fn new(place: &'a Place, name: &'static str) -> Self {
                    place.kubectl(&["create", "namespace", name]).unwrap();
                    Self(place, name)
                }

                fn get(&self, args: &[&str]) -> String {
                    let Self(place, name) = self;
                    place
                        .kubectl(&[&["-n", name, "get"], args].concat())
                        .unwrap()
                }

                fn is_empty(&self) -> bool {
                    let what = "pvc,kafka,kafkanodepool,volumesnapshot,pod";
                    self.get(&[what, "-o", "name"]).trim().is_empty()
                }

                /// Where each partition of the mirrored topic ends there.
                fn ends(&self) -> BTreeMap<String, u64> {
                    ends(self.0, self.1)
                }

                /// What a clone there was shown to be.
                fn claims(&self, run: &str) -> Vec<Claim> {
                    let name = format!("configmap/slackwater-{run}-run");
                    let text = self.get(&[&name, "-o", "jsonpath={.data.document}"]);
                    Cut::parse(&text).unwrap().claims
                }
            }

            impl Drop for Space<'_> {
                fn drop(&mut self) {
                    let Self(place, name) = self;
                    // What is in it has no operator that looks after it meanwhile.
                    let gone = place.kubectl(&["delete", "namespace", name]);
                    println!("{gone:?}");
                }
            }

            fn clone(place: &mut Place, run: &str, into: &str, more: &[&str]) -> Ran {
                let kafka = mirror();
                let args = ["clone", run, "--kafka", &kafka, "--into", into];
                place.task_as("slackwater-restore", &[&args[..], more].concat())
            }

            fn must_be_proven(claims: &[Claim]) {
                for name in [ClaimName::Restored, ClaimName::HeadsRestored] {
                    let claim = claims.iter().find(|one| one.name == name).unwrap();
                    println!("{name} {}: {}", claim.verdict, claim.reason);
                    assert_eq!(claim.verdict, Verdict::Proven, "{name}");
                }
            }

            /// A backup, and where the mirror ended then.
            fn backed_up(place: &mut Place) -> (String, BTreeMap<String, u64>) {
                place.produce(200);
                let run = place.backup();
                place.must_be_equal();
                let then = ends(place, &names().space);
                // So much is there to be taken.
                // A producer keeps to one partition for a batch, and a batch may be all that it
                // has: a clone takes what is newer of those whose leader it dials.
                for _ in 0..8 {
                    place.produce(50);
                }
                place.must_be_equal();
                (run, then)
            }

            /// What of the original, of its backup and of what is kept beside that nobody
            /// may touch: each by what changes when somebody does.
            fn originals(place: &Place, run: &str) -> BTreeMap<String, Value> {
                let mut all = BTreeMap::new();
                let mut note = |what: &str, object: &Value, path: &str| {
                    let name = object["metadata"]["name"].as_str().unwrap();
                    let value = object.pointer(path).unwrap_or(&Value::Null);
                    all.insert(format!("{what}/{name} {path}"), value.clone());
                };
                for what in ["pod", "pvc", "volumesnapshot", "strimzipodset", "secret"] {
                    for object in place.list(what) {
                        note(what, &object, "/metadata/uid");
                    }
                }
                for what in ["kafka", "kafkanodepool", "kafkamirrormaker2"] {
                    for object in place.list(what) {
                        note(what, &object, "/metadata/generation");
                        note(what, &object, "/metadata/annotations");
                    }
                }
                for object in place.list("volumesnapshotcontents") {
                    if !object.to_string().contains("-copy") {
                        note("content", &object, "/spec/deletionPolicy");
                    }
                }
                let cut = place.object(&format!("configmap/slackwater-{run}-run"));
                note("cut", &cut, "/metadata/resourceVersion");
                for label in ["kept", "run"] {
                    let label = format!("slackwater.io/{label}={run}");
                    let of = ["get", "configmap,secret", "-l", &label, "-o", "json"];
                    let list: Value = serde_json::from_str(&place.own(&of).unwrap()).unwrap();
                    for object in list["items"].as_array().unwrap() {
                        note("own", object, "/metadata/resourceVersion");
                    }
                }
                all
            }

            #[test]
            fn a_clone_with_the_originals_authority_takes_what_is_newer() {
                let mut place = turn();
                let (run, then) = backed_up(&mut place);

                // The hazard. It is over when brokers have registered anew, so that it
                // does not show each time.
                let mut newer = 0;
                for space in BY_HAND {
                    let space = Space::new(&place, space);
                    clone_by_hand(&place, &run, space.1);
                    let there = space.ends();
                    println!("{then:?} {there:?}");
                    newer = then.iter().filter(|(of, end)| there[*of] > **end).count();
                    if newer > 0 {
                        break;
                    }
                }
                assert!(newer > 0, "nothing was taken from the original");
            }

            #[test]
            fn a_clone_with_an_authority_of_its_own_takes_nothing_that_is_newer() {
                let mut place = turn();
                let (run, then) = backed_up(&mut place);
                let before = originals(&place, &run);
                place.load(150, 50);
                place.kubectl(&["create", "namespace", "copy"]).unwrap();
                let plan = clone(&mut place, &run, "copy", &["--plan"]).expect(0);
                assert!(
                    plan.said.contains("reach none of another namespace"),
                    "{}",
                    plan.said
                );
                let done = clone(&mut place, &run, "copy", &[]).expect(0);
                println!("{}", done.said);
                // What the original's backup rests on is not told by the clone's name.
                for words in [
                    &["snapshot", "delete", &run, "--with-cut"][..],
                    &["verify", &run],
                ] {
                    let of = ["--kafka", "copy/mirror"];
                    let said = place.task_as("slackwater-restore", &[words, &of].concat());
                    let said = said.expect(2).said;
                    assert!(said.contains("is told with --kafka"), "{said}");
                }
                let status = ["status", "--kafka", "copy/mirror"];
                let said = place.task_as("slackwater-restore", &status).expect(0).said;
                assert!(said.contains(&run), "{said}");
                let copy = Space(&place, "copy");
                assert!(
                    done.said
                        .contains("not in the clone: KafkaMirrorMaker2 feeder")
                );
                must_be_proven(&copy.claims(&run));
                assert_eq!(copy.ends(), then);
                assert_eq!(
                    records(&place, copy.1, &then),
                    records(&place, &names().space, &then)
                );

                // It is another one to whoever trusts its nodes, and the same to its users.
                let secret = |end: &str| {
                    let name = format!("secret/mirror-{end}");
                    let there = copy.get(&[&name, "-o", "jsonpath={.data.ca\\.crt}"]);
                    let here = place.object(&name);
                    (there, here["data"]["ca.crt"].as_str().unwrap().to_owned())
                };
                let (there, here) = secret("cluster-ca-cert");
                assert_ne!(there, here);
                let (there, here) = secret("clients-ca-cert");
                assert_eq!(there, here);
                // Nothing is left that only made it, and nothing feeds it.
                assert_eq!(copy.get(&["volumesnapshot", "-o", "name"]).trim(), "");
                assert_eq!(copy.get(&["kafkamirrormaker2", "-o", "name"]).trim(), "");
                assert!(
                    !place
                        .kubectl(&["get", "volumesnapshotcontent"])
                        .unwrap()
                        .contains("-copy")
                );

                drop(copy);
                assert_eq!(originals(&place, &run), before);

                // It is gone, and every snapshot can still be restored.
                place.must_be_equal();
                let kafka = mirror();
                let verify = ["verify", &run, "--kafka", &kafka];
                println!("{}", place.task(&verify).expect(0).said);
                let restore = ["restore", &run, "--kafka", &kafka];
                place.task_as("slackwater-restore", &restore).expect(0);
                place.must_be_equal();
                let gc = ["gc", "--kept-volumes", "--kafka", &kafka];
                place.task_as("slackwater-restore", &gc).expect(0);
            }

            #[test]
            fn a_clone_that_is_removed_in_its_middle_takes_no_snapshot_with_it() {
                let mut place = turn();
                let (run, _) = backed_up(&mut place);
                let before = originals(&place, &run);
                place.kubectl(&["create", "namespace", "half"]).unwrap();
                // One claim has room there, and the next one none.
                let quota = ["-n", "half", "create", "quota", "small"];
                let hard = "--hard=persistentvolumeclaims=1";
                place.kubectl(&[&quota[..], &[hard]].concat()).unwrap();
                place.until("the quota to be counted", || {
                    let get = ["-n", "half", "get", "resourcequota", "small", "-o", "json"];
                    place.kubectl(&get).unwrap().contains("\"used\"")
                });
                let refused = clone(&mut place, &run, "half", &[]);
                assert_ne!(refused.code, 0);
                assert!(refused.said.contains("exceeded quota"), "{}", refused.said);
                let copies = || -> Vec<Value> {
                    let contents = place.list("volumesnapshotcontents").into_iter();
                    contents
                        .filter(|one| one["spec"]["volumeSnapshotRef"]["namespace"] == "half")
                        .collect()
                };
                assert!(!copies().is_empty());
                for copy in copies() {
                    assert_eq!(copy["spec"]["deletionPolicy"], "Retain");
                }
                place.kubectl(&["delete", "namespace", "half"]).unwrap();
                for copy in copies() {
                    let name = copy["metadata"]["name"].as_str().unwrap();
                    let what = ["delete", "volumesnapshotcontent", name];
                    place.kubectl(&what).unwrap();
                }
                assert_eq!(originals(&place, &run), before);
                let verify = ["verify", &run, "--kafka", &mirror()];
                println!("{}", place.task(&verify).expect(0).said);
                // From what it is made of another one is made.
                place.kubectl(&["create", "namespace", "other"]).unwrap();
                let done = clone(&mut place, &run, "other", &[]).expect(0);
                println!("{}", done.said);
                must_be_proven(&Space(&place, "other").claims(&run));
                place.must_be_equal();
            }

            #[test]
            fn what_would_be_let_in_or_is_in_the_way_is_refused_before_anything_is_made() {
                let mut place = turn();
                let (run, _) = backed_up(&mut place);
                let refused = |place: &mut Place, into: &str, more: &[&str], why: &str| {
                    let said = clone(place, &run, into, more).expect(2).said;
                    assert!(said.contains(why), "{said}");
                };
                let space = names().space.as_str();
                refused(&mut place, space, &[], "needs another namespace");
                refused(
                    &mut place,
                    "nowhere",
                    &[],
                    "kubectl create namespace nowhere",
                );
                for space in ["kept-ca", "shared", "taken"] {
                    place.kubectl(&["create", "namespace", space]).unwrap();
                }
                refused(&mut place, "kept-ca", &["--keep-ca"], "leave --keep-ca out");
                for end in ["cluster-ca", "cluster-ca-cert"] {
                    let secret = place.object(&format!("secret/mirror-{end}"));
                    make(&place, "shared", secret);
                }
                refused(&mut place, "shared", &[], "would let each other in");
                // Each verb of its own role is asked for before, too.
                let role = Role::of_cluster(&place, "slackwater-clone");
                assert_eq!(role.rights().len(), 3);
                for right in role.rights() {
                    let taken = Taken::away(&place, &[&role], &right);
                    let said = clone(&mut place, &run, "kept-ca", &[]).said;
                    drop(taken);
                    let line = right.named_in(&said);
                    println!("{}", line.unwrap_or_else(|| panic!("{said}")));
                }
                assert!(Space(&place, "kept-ca").is_empty());
                assert!(Space(&place, "shared").is_empty());

                // Claims that others have restored there are taken when that is said.
                for one in &kept(&place, &run).contents {
                    let name = format!("taken-{}", one.claim);
                    stand_for(&place, "taken", &name, &serde_json::json!(one));
                }
                for mut claim in kept(&place, &run).claims {
                    let name = claim["metadata"]["name"].as_str().unwrap();
                    claim["spec"]["dataSource"] = serde_json::json!({
                        "apiGroup": "snapshot.storage.k8s.io",
                        "kind": "VolumeSnapshot",
                        "name": format!("taken-{name}"),
                    });
                    make(&place, "taken", claim);
                }
                refused(&mut place, "taken", &[], "--on-claims");
                let again = ["--on-claims", "--new-clients-ca"];
                let done = clone(&mut place, &run, "taken", &again).expect(0);
                println!("{}", done.said);
                let taken = Space(&place, "taken");
                must_be_proven(&taken.claims(&run));
                // Whoever has a certificate of the original's is not let in there.
                let clients = "secret/mirror-clients-ca-cert";
                let there = taken.get(&[clients, "-o", "jsonpath={.data.ca\\.crt}"]);
                let here = place.object(clients)["data"]["ca.crt"].clone();
                assert!(!there.is_empty() && here != there.as_str());
            }
        }
    }
}
