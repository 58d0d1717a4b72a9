//! Whatever dies, the mirror runs again.

use std::fs;

use slackwater_e2e::send_signal;

use crate::ground::names;
use crate::k10_stand_in::documents;
use crate::place::Place;

/// Who holds the mirror, by the Lease.
pub(crate) fn holder(place: &Place) -> String {
    let lease = place.object("lease/slackwater-mirror");
    let holder = &lease["spec"]["holderIdentity"];
    holder.as_str().unwrap_or_default().to_owned()
}

/// Ends pods of Slackwater's own as a node that is lost does: their programs
/// do nothing more, not even what a signal would have them do.
pub(crate) fn end(place: &Place, pods: &[&str]) {
    for pod in pods {
        let of = processes_of(pod);
        assert!(!of.is_empty(), "no process of {pod}");
        for pid in of {
            assert!(send_signal("STOP", pid), "{pod}");
        }
    }
    let how = ["--grace-period=0", "--force"];
    place
        .own(&[&["delete", "pod"], pods, &how[..]].concat())
        .unwrap();
    for pid in pods.iter().flat_map(|pod| processes_of(pod)) {
        let _ = send_signal("KILL", pid);
    }
}

/// The example that lets a mirror run whose guards are lost, as it is applied here.
pub(crate) fn cron_job() -> String {
    let mut job = documents("examples/resume-cronjob.yaml").remove(0);
    let container = &mut job["spec"]["jobTemplate"]["spec"]["template"]["spec"];
    let container = &mut container["containers"][0];
    let last = container["args"].as_array().unwrap().last();
    assert_eq!(last.unwrap(), "kafka/mirror");
    container["image"] = names().image.as_str().into();
    container["imagePullPolicy"] = "Never".into();
    job.to_string()
}

pub(crate) fn without_cron_job(place: &Place) {
    place
        .own(&["delete", "cronjob", "slackwater-resume-mirror"])
        .unwrap();
}

/// By the pod's name in what they were started with.
fn processes_of(pod: &str) -> Vec<u32> {
    let name = format!("POD_NAME={pod}");
    let all = fs::read_dir("/proc").unwrap().flatten();
    let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let ours = pids.filter(|pid: &u32| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        let mut words = environment.split(|byte| *byte == 0);
        words.any(|word| word == name.as_bytes())
    });
    ours.collect()
}

mod needs_root {
    mod needs_stand_ins {
        mod takes_long {
            use std::process::Command;

            use serde_json::{Value, json};
            use slackwater_stand_ins::Temper;

            use super::super::super::{cron_job, end, holder, without_cron_job};
            use crate::pause::needs_root::owned;
            use crate::place::{Place, mirror, turn};

            fn quiesced(place: &mut Place) -> String {
                place.produce(50);
                let ran = place.task(&["phase", "quiesceMirror", "--kafka", &mirror()]);
                let run = ran.expect(0).output("runId");
                assert!(!place.is_running());
                run
            }

            #[test]
            fn a_guard_that_is_lost_is_succeeded_and_the_mirror_runs_again_by_the_deadline() {
                let mut place = turn();
                let before = place.feeder();
                let run = quiesced(&mut place);
                let first = holder(&place);
                assert!(first.contains(&run), "{first}");
                let lease = place.object("lease/slackwater-mirror");
                let notes = lease["metadata"]["annotations"].to_string();
                assert!(
                    notes.contains("kubectl patch kafkamirrormaker2 feeder"),
                    "{notes}"
                );
                end(&place, &[&first]);
                // The run is given up before anybody knows that the guard is gone.
                let of = ["--run", &run, "--kafka", &mirror()];
                let drained = place.task(&[&["phase", "awaitDrain"], &of[..]].concat());
                assert_ne!(drained.code, 0, "{}", drained.said);
                // It is another's, or was given back: the deadline is the same.
                place.until("another guard", || holder(&place) != first);
                place.until("the mirror to run", || place.is_running());
                place.until("the run to be void", || place.is_void(&run));
                assert_eq!(place.feeder(), before);
            }

            #[test]
            fn where_both_guards_are_lost_the_next_one_who_comes_puts_it_right() {
                let mut place = turn();
                let before = place.feeder();
                let run = quiesced(&mut place);
                let both = ["a", "b"].map(|which| format!("slackwater-{run}-guard-{which}"));
                end(&place, &[&both[0], &both[1]]);
                // Nobody tells Connect but who comes: its operator is gone, too.
                place.lab().without_operator();
                let resumed = place.task(&["phase", "resumeMirror", "--kafka", &mirror()]);
                println!("{}", resumed.said);
                assert!(resumed.expect(0).said.contains("was left behind"));
                assert!(place.is_running());
                assert_eq!(place.feeder(), before);
                assert!(place.is_void(&run));
                place.lab().with_operator(Temper::default()).unwrap();
                // It finds what it would have told.
                let again = place.task(&["phase", "resumeMirror", "--kafka", &mirror()]);
                assert!(again.expect(0).said.contains("nothing to resume"));
                assert!(place.is_running());
            }

            #[test]
            fn where_both_guards_are_lost_and_nobody_comes_the_cron_job_lets_the_mirror_run() {
                let mut place = turn();
                let before = place.feeder();
                place.ground.apply(&cron_job());
                let run = quiesced(&mut place);
                let both = ["a", "b"].map(|which| format!("slackwater-{run}-guard-{which}"));
                end(&place, &[&both[0], &both[1]]);
                place.within(5, "the mirror to run", || place.is_running());
                place.must_be_let_go(&before);
                place.until("the run to be void", || place.is_void(&run));
                without_cron_job(&place);
                place.must_be_equal();
            }

            #[test]
            fn where_the_runs_document_is_damaged_what_is_noted_lets_the_mirror_run_by_the_deadline()
             {
                let mut place = turn();
                let before = place.feeder();
                let run = quiesced(&mut place);
                let document = format!("slackwater-{run}-run");
                let damage = json!({"data": {"document": "{}"}}).to_string();
                let patch = [
                    "patch",
                    "configmap",
                    &document,
                    "--type=merge",
                    "-p",
                    &damage,
                ];
                place.space(&patch).unwrap();
                place.within(4, "the mirror to run", || place.is_running());
                assert_eq!(place.feeder(), before);
                place.must_be_let_go(&before);
                // Nobody holds it any more, and another run may.
                place.within(2, "the lease to be given back", || {
                    holder(&place).is_empty()
                });
                place.task(&["backup", "--kafka", &mirror()]).expect(0);
                place.space(&["delete", "configmap", &document]).unwrap();
                place.must_be_equal();
            }

            /// Runs lines as a person does who has nothing but a shell and kubectl.
            fn run_as_printed(place: &Place, lines: &str) {
                let words = place.ground.kubectl_words();
                let words: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
                let kubectl = format!("kubectl() {{ {} \"$@\"; }}", words.join(" "));
                let script = format!("set -e\n{kubectl}\n{lines}\n");
                let done = Command::new("sh").args(["-c", &script]).output().unwrap();
                let said = String::from_utf8_lossy(&done.stderr);
                assert!(done.status.success(), "{lines}\n{said}");
                println!("{lines}\n{}", String::from_utf8_lossy(&done.stdout));
            }

            /// The lines that the event on what feeds the mirror has.
            fn lines_of_the_event(place: &Place, run: &str) -> String {
                let events = place.list("events");
                let mut ours = events.iter().filter(|one| {
                    let of = one["involvedObject"]["name"] == "feeder";
                    of && one["reason"] == "MirrorQuiesced"
                });
                let of_run = |one: &&Value| one["message"].as_str().unwrap().contains(run);
                let event = ours.find(of_run).unwrap();
                let (_, lines) = event["message"]
                    .as_str()
                    .unwrap()
                    .split_once(":\n")
                    .unwrap();
                lines.to_owned()
            }

            /// Held, with its guards gone, and let go by what is printed.
            fn must_be_let_go_by_the_printed_lines(place: &mut Place, starts: &[&str]) {
                let before = place.feeder();
                let run = quiesced(place);
                let lease = place.object("lease/slackwater-mirror");
                let lines = lines_of_the_event(place, &run);
                let noted = &lease["metadata"]["annotations"]["slackwater.io/resume-by-hand"];
                assert_eq!(noted, lines.as_str());
                let both = ["a", "b"].map(|which| format!("slackwater-{run}-guard-{which}"));
                end(place, &[&both[0], &both[1]]);
                for of in starts {
                    assert!(lines.lines().any(|line| line.starts_with(of)), "{lines}");
                }
                run_as_printed(place, &lines);
                place.until("the mirror to run", || place.is_running());
                assert_eq!(place.feeder(), before);
                for object in ["kafka/mirror", "kafkamirrormaker2/feeder"] {
                    let notes = place.object(object)["metadata"]["annotations"].to_string();
                    for note in [
                        "pause-reconciliation",
                        "slackwater.io/paused",
                        "slackwater.io/held",
                    ] {
                        assert!(!notes.contains(note), "{object}: {notes}");
                    }
                }
                // Whoever comes finds it running, and says that the run is over.
                place
                    .task(&["phase", "resumeMirror", "--kafka", &mirror()])
                    .expect(0);
                assert!(place.is_void(&run));
                place.must_be_let_go(&before);
                place.must_be_equal();
            }

            #[test]
            fn what_the_lease_and_the_event_say_lets_the_mirror_run_where_nothing_of_slackwater_is_left()
             {
                let mut place = turn();
                let starts = [
                    "kubectl patch kafkamirrormaker2 feeder",
                    "kubectl annotate kafka mirror",
                ];
                must_be_let_go_by_the_printed_lines(&mut place, &starts);
            }

            #[test]
            fn what_is_held_by_a_pause_is_let_go_by_the_lines_of_its_event() {
                let mut place = turn();
                owned(
                    &place,
                    "=apps:kafka.strimzi.io/KafkaMirrorMaker2:kafka/feeder",
                );
                let starts = [
                    "kubectl annotate kafkamirrormaker2 feeder",
                    "kubectl annotate kafka mirror",
                ];
                must_be_let_go_by_the_printed_lines(&mut place, &starts);
                owned(&place, "-");
            }
        }
    }
}
