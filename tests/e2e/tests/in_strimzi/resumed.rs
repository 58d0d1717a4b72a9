//! A backup right after somebody has resumed the mirror: it waits until the operator has
//! started what the resource says.

mod needs_root {
    mod needs_stand_ins {
        mod takes_long {
            use std::thread;
            use std::time::Duration;

            use serde_json::{Value, json};
            use slackwater_ports::ConnectorState;
            use slackwater_stand_ins::Temper;

            use crate::place::{Place, mirror, turn};

            const PATH: &str = "/spec/mirrors/0/sourceConnector/state";

            fn patch(place: &Place, op: &Value) {
                let words = ["patch", "kafkamirrormaker2", "feeder", "--type=json", "-p"];
                let ops = json!([op]).to_string();
                place.space(&[&words[..], &[&ops]].concat()).unwrap();
            }

            fn is(place: &Place, state: &str) -> bool {
                let status = "/connectors/source-%3Emirror.MirrorSourceConnector/status";
                let status = place.connect(status);
                status.is_ok_and(|status| status["connector"]["state"] == state)
            }

            /// Before it is begun again, which takes half a minute here: in all less than a
            /// backup waits.
            const LATE: Duration = Duration::from_secs(2);

            #[test]
            fn a_mirror_that_somebody_has_just_resumed_is_backed_up_when_it_runs() {
                let mut place = turn();
                let feeder = place.feeder();
                place.produce(20);
                let stopped = json!({"op": "add", "path": PATH, "value": "stopped"});
                patch(&place, &stopped);
                place.until("the connector to be stopped", || is(&place, "STOPPED"));
                place.lab().without_operator();
                let running = json!({"op": "replace", "path": PATH, "value": "running"});
                patch(&place, &running);
                let pod = place.begin("slackwater", &["backup", "--kafka", &mirror()]);
                let phase = ["get", "pod", &pod, "-o", "jsonpath={.status.phase}"];
                place.within(3, "the backup to begin", || {
                    place
                        .own(&phase)
                        .is_ok_and(|phase| phase.trim() == "Running")
                });
                thread::sleep(LATE);
                assert!(is(&place, "STOPPED"));
                assert_eq!(place.own(&phase).unwrap().trim(), "Running");
                place.lab().with_operator(Temper::default()).unwrap();
                place.within(5, "the backup to end", || {
                    let phase = place.own(&phase).unwrap();
                    !["Pending", "Running"].contains(&phase.trim())
                });
                println!("{}", place.said(&pod));
                assert_eq!(place.own(&phase).unwrap().trim(), "Succeeded");
                let run = place.newest();
                for prior in place.cut(&run).quiesce.unwrap().connectors {
                    assert_eq!(prior.state, ConnectorState::Running, "{}", prior.connector);
                }
                patch(&place, &json!({"op": "remove", "path": PATH}));
                place.must_be_let_go(&feeder);
            }
        }
    }
}
