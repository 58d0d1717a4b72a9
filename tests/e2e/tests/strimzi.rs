//! What feeds a mirror in Strimzi, found, stopped and started again: with real
//! Kafka, real Connect, and the operator's stand-in.
#![allow(clippy::unwrap_used, reason = "a test may panic, and says where")]
#![allow(
    clippy::disallowed_methods,
    reason = "what is waited for here is an operator and Connect"
)]

mod needs_root {
    use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
    use std::thread;
    use std::time::{Duration, Instant};

    use serde_json::Value;
    use slackwater_kubernetes::{ApiServer, Makers, MirrorError, StrimziMirror, Way};
    use slackwater_ports::{
        Answer, ConnectorPosition as _, ConnectorRef, ConnectorState, MirrorLook as _,
        MirrorStart as _, MirrorStop as _, MirrorView, Target, Want,
    };
    use slackwater_stand_ins::{SPACE, Scene, Temper};

    /// What an operator and Connect are given.
    const REACH: Duration = Duration::from_secs(60);

    /// One test at a time. The mirror runs.
    fn turn() -> MutexGuard<'static, Scene> {
        static SCENE: OnceLock<Mutex<Scene>> = OnceLock::new();
        let scene = SCENE.get_or_init(|| Mutex::new(Scene::start("strimzi").unwrap()));
        let scene = scene.lock().unwrap_or_else(PoisonError::into_inner);
        until_running(&scene, &find(&scene, None).unwrap());
        scene
    }

    fn find(scene: &Scene, way: Option<Way>) -> Result<StrimziMirror, MirrorError> {
        let server = ApiServer::connect(Some(scene.cluster().plane().kubeconfig())).unwrap();
        let makers = Makers::discover(server.clone()).unwrap();
        let kafka = makers.kafka(SPACE, "mirror").unwrap();
        StrimziMirror::find(&server, makers, &kafka, &[SPACE.to_owned()], way)
    }

    fn spec(scene: &Scene) -> Value {
        scene.object("kafkamirrormaker2/feeder").unwrap()["spec"].clone()
    }

    fn refs(view: &MirrorView) -> Vec<ConnectorRef> {
        view.connectors.iter().map(|one| one.reference()).collect()
    }

    /// As the guard does: what may restart brokers first.
    fn stop(mirror: &StrimziMirror, view: &MirrorView) -> Vec<Answer> {
        let refs = refs(view);
        match mirror.leave_kafka_alone() {
            Ok(()) => mirror.stop(&refs),
            Err(why) => Answer::none_told(&refs, &why),
        }
    }

    fn wants(view: &MirrorView) -> Vec<Want> {
        let wanted = |connector| Want {
            connector,
            target: Target::Running,
        };
        refs(view).into_iter().map(wanted).collect()
    }

    /// Tells until all accept it, as quiesceMirror and resumeMirror do: on a busy
    /// machine an operator takes its time.
    fn accepted(tell: impl Fn() -> Vec<Answer>) {
        let began = Instant::now();
        loop {
            let answers = tell();
            if answers.iter().all(|answer| answer.accepted.is_ok()) {
                return;
            }
            assert!(began.elapsed() < REACH, "{answers:?}");
        }
    }

    fn is_stopped(view: &MirrorView) -> bool {
        let mut each = view.connectors.iter();
        each.all(|one| one.state == ConnectorState::Stopped && one.tasks.is_empty())
    }

    fn is_running(view: &MirrorView) -> bool {
        let mut each = view.connectors.iter();
        // A checkpoint connector without groups has no tasks.
        each.all(|one| one.state == ConnectorState::Running)
            && view.connectors.iter().any(|one| one.tasks.len() == 2)
    }

    fn until(mirror: &StrimziMirror, what: &str, is_so: impl Fn(&MirrorView) -> bool) {
        let began = Instant::now();
        loop {
            let view = mirror.mirror();
            if view.as_ref().is_ok_and(&is_so) {
                return;
            }
            assert!(began.elapsed() < REACH, "not {what}: {view:?}");
            thread::sleep(Duration::from_millis(200));
        }
    }

    /// Connect may have no answer while it rebalances.
    fn look(mirror: &StrimziMirror) -> MirrorView {
        let began = Instant::now();
        loop {
            match mirror.mirror() {
                Ok(view) => return view,
                Err(error) => assert!(began.elapsed() < REACH, "{error:?}"),
            }
            thread::sleep(Duration::from_millis(200));
        }
    }

    fn until_running(scene: &Scene, mirror: &StrimziMirror) {
        let _ = scene;
        until(mirror, "running", is_running);
    }

    mod takes_long {
        use super::*;

        #[test]
        fn a_mirror_is_found_by_connects_own_word_stopped_by_its_resource_and_put_back() {
            let scene = turn();
            let before = spec(&scene);
            let kafka = scene.object("kafka/mirror").unwrap();
            let mirror = find(&scene, None).unwrap();
            assert_eq!(mirror.ways().collect::<Vec<_>>(), [Way::State]);
            let view = mirror.mirror().unwrap();
            assert_eq!(view.connects[0].name, "kafka/feeder");
            assert_eq!(view.connectors.len(), 2);
            mirror.positions(&view.connectors[0].reference()).unwrap();

            accepted(|| stop(&mirror, &view));
            until(&mirror, "stopped", is_stopped);
            let held = scene.object("kafka/mirror").unwrap();
            assert!(held["status"]["listeners"].is_null(), "{held}");
            let read = slackwater_strimzi::Kafka::read(&held).unwrap();
            assert!(read.meta.is_paused());
            assert_eq!(read.listeners.len(), 3);
            let lines = mirror.by_hand().unwrap();
            assert!(
                lines
                    .iter()
                    .any(|line| line.starts_with("kubectl annotate kafka mirror"))
            );
            // Of a later process, which knows nothing of the first.
            let later = find(&scene, None).unwrap();
            thread::sleep(Duration::from_secs(3));
            assert!(is_stopped(&later.mirror().unwrap()));
            accepted(|| later.start(&wants(&view)));
            until_running(&scene, &later);
            assert_eq!(spec(&scene), before);
            let after = scene.object("kafka/mirror").unwrap();
            assert_eq!(
                after["metadata"]["annotations"],
                kafka["metadata"]["annotations"]
            );
        }

        #[test]
        fn one_that_git_owns_is_stopped_without_a_change_of_its_spec() {
            let scene = turn();
            let before = spec(&scene);
            let own = "argocd.argoproj.io/tracking-id=mirrors:kafka/feeder";
            let annotate = ["annotate", "kafkamirrormaker2", "feeder"];
            scene.kubectl(&[&annotate[..], &[own]].concat()).unwrap();
            let mirror = find(&scene, None).unwrap();
            assert_eq!(mirror.ways().collect::<Vec<_>>(), [Way::Pause]);
            let view = mirror.mirror().unwrap();
            accepted(|| stop(&mirror, &view));
            until(&mirror, "stopped", is_stopped);
            assert_eq!(spec(&scene), before);
            // The operator is told to look, and leaves it alone.
            scene
                .kubectl(&[&annotate[..], &["poke=1"]].concat())
                .unwrap();
            thread::sleep(Duration::from_secs(3));
            assert!(is_stopped(&mirror.mirror().unwrap()));

            // Of a later process, whom nobody tells, and when Git owns it no more.
            let own = "argocd.argoproj.io/tracking-id-";
            scene.kubectl(&[&annotate[..], &[own]].concat()).unwrap();
            let later = find(&scene, Some(Way::State)).unwrap();
            accepted(|| later.start(&wants(&view)));
            until_running(&scene, &later);
            assert_eq!(spec(&scene), before);
            let maker = scene.object("kafkamirrormaker2/feeder").unwrap();
            let annotations = maker["metadata"]["annotations"].as_object().unwrap();
            let ours = annotations
                .keys()
                .filter(|key| key.starts_with("slackwater.io/"));
            let ours: Vec<&String> = ours.filter(|key| !key.ends_with("/poked-ms")).collect();
            assert!(ours.is_empty(), "{ours:?}");
            let paused = annotations.get("strimzi.io/pause-reconciliation");
            assert_eq!(paused, None);
        }

        #[test]
        fn an_operator_that_is_down_is_named_and_what_was_stopped_starts_without_one() {
            let scene = turn();
            let before = spec(&scene);
            scene.without_operator();
            let mirror = find(&scene, None).unwrap();
            let view = mirror.mirror().unwrap();
            let refused = stop(&mirror, &view);
            for answer in &refused {
                let said = answer.accepted.as_ref().unwrap_err().to_string();
                assert!(
                    said.contains("does not leave Kafka kafka/mirror alone"),
                    "{said}"
                );
            }
            assert_eq!(spec(&scene), before);
            assert!(is_running(&mirror.mirror().unwrap()));
            // The operator comes, and stops it; and is gone when it is to start.
            scene.with_operator(Temper::default()).unwrap();
            accepted(|| stop(&mirror, &view));
            until(&mirror, "stopped", is_stopped);
            scene.without_operator();
            accepted(|| mirror.start(&wants(&view)));
            until(&mirror, "running", is_running);
            assert_eq!(spec(&scene), before);
            // It finds what it would have told.
            scene.with_operator(Temper::default()).unwrap();
            until_running(&scene, &mirror);
        }

        #[test]
        fn a_stop_that_comes_before_an_earlier_resume_took_effect_is_asked_for_until_it_is_so() {
            let scene = turn();
            let mirror = find(&scene, None).unwrap();
            let view = mirror.mirror().unwrap();
            for pause in [0, 300, 700] {
                accepted(|| stop(&mirror, &view));
                until(&mirror, "stopped", is_stopped);
                let _ = mirror.start(&wants(&view));
                thread::sleep(Duration::from_millis(pause));
                // As quiesceMirror does: it asks, and asks again while it is not so. What is
                // seen before it has asked may be the end of the hold before.
                accepted(|| stop(&mirror, &view));
                let began = Instant::now();
                while !is_stopped(&look(&mirror)) {
                    assert!(began.elapsed() < REACH, "after {pause} ms");
                    let _ = mirror.stop(&refs(&view));
                    thread::sleep(Duration::from_secs(2));
                }
                thread::sleep(Duration::from_secs(2));
                assert!(is_stopped(&look(&mirror)), "after {pause} ms");
                accepted(|| mirror.start(&wants(&view)));
                until_running(&scene, &mirror);
            }
        }

        #[test]
        fn one_that_was_made_anew_while_it_was_held_runs_and_nothing_waits_for_the_one_before() {
            let scene = turn();
            let mirror = find(&scene, None).unwrap();
            let view = mirror.mirror().unwrap();
            let mut maker = scene.object("kafkamirrormaker2/feeder").unwrap();
            accepted(|| stop(&mirror, &view));
            until(&mirror, "stopped", is_stopped);
            // As who replaces what differs from his own copy of it does.
            scene
                .kubectl(&["delete", "kafkamirrormaker2", "feeder"])
                .unwrap();
            let metadata = maker["metadata"].as_object_mut().unwrap();
            metadata.retain(|key, _| ["name", "namespace"].contains(&key.as_str()));
            maker.as_object_mut().unwrap().remove("status");
            let plane = scene.cluster().plane();
            plane.apply(&maker.to_string()).unwrap();
            accepted(|| mirror.start(&wants(&view)));
            until(&mirror, "running", is_running);
            let held = scene.object("kafka/mirror").unwrap();
            assert!(
                !slackwater_strimzi::Kafka::read(&held)
                    .unwrap()
                    .meta
                    .is_paused()
            );
        }

        #[test]
        fn what_cant_be_held_is_named_before_anything_is_stopped() {
            let scene = turn();
            let annotate = ["annotate", "kafkamirrormaker2", "feeder"];
            let pause = ["strimzi.io/pause-reconciliation=true"];
            scene.kubectl(&[&annotate[..], &pause].concat()).unwrap();
            for way in [None, Some(Way::State), Some(Way::Pause)] {
                let paused = find(&scene, way).err().unwrap().to_string();
                assert!(
                    paused.starts_with("KafkaMirrorMaker2 kafka/feeder is paused"),
                    "{paused}"
                );
            }
            let pause = ["strimzi.io/pause-reconciliation-"];
            scene.kubectl(&[&annotate[..], &pause].concat()).unwrap();

            let scale = |replicas: &str| {
                let to = format!("--replicas={replicas}");
                scene
                    .kubectl(&["scale", "kafkamirrormaker2", "feeder", &to])
                    .unwrap();
            };
            scale("0");
            let none = find(&scene, None).err().unwrap().to_string();
            assert!(
                none.starts_with("KafkaMirrorMaker2 kafka/feeder has no replicas"),
                "{none}"
            );
            let pod = ["--for=delete", "pod/feeder-mirrormaker2-0"];
            scene.wait(&pod).unwrap();
            scale("1");
            scene
                .wait(&["--for=create", "pod/feeder-mirrormaker2-0"])
                .unwrap();
            scene
                .wait(&["--for=condition=Ready", "pod/feeder-mirrormaker2-0"])
                .unwrap();
            let other = [SPACE.to_owned()];
            let server = ApiServer::connect(Some(scene.cluster().plane().kubeconfig())).unwrap();
            let makers = Makers::discover(server.clone()).unwrap();
            let source = makers.kafka(SPACE, "source").unwrap();
            let none = StrimziMirror::find(&server, makers, &source, &other, None);
            let none = none.err().unwrap().to_string();
            assert!(
                none.contains("no KafkaMirrorMaker2 in kafka has the target kafka/source"),
                "{none}"
            );
        }
    }
}
