//! A backup by the blueprint that stops nothing: its volumes are cut while the mirror
//! runs.

mod needs_root {
    mod takes_long {
        use serde_json::{Value, json};
        use slackwater_cut::{ClaimName, State, Verdict};
        use slackwater_e2e::order_key;

        use crate::groups::read_as;
        use crate::kanister::{Of, act};
        use crate::place::{Place, mirror, turn};

        #[test]
        fn a_mirror_that_is_not_to_be_stopped_runs_through_its_backup_which_says_what_it_is() {
            let mut place = turn();
            place.produce(200);
            let before = place.feeder();
            place.load(120, 100);
            let backup = act(&place, "backup", &Of::Kafka, &[("strategy", "hot")]);
            assert_eq!(backup.error, None);
            let run = place.newest();
            let cut = place.cut(&run);
            assert!(matches!(cut.state, State::Closed { .. }), "{:?}", cut.state);
            let quiesce = cut.quiesce.as_ref().unwrap();
            assert_eq!((quiesce.stop_started_ms, &quiesce.stopped), (None, &None));
            for claim in &cut.claims {
                println!("{} {}: {}", claim.name, claim.verdict, claim.reason);
                assert_eq!(claim.verdict, Verdict::Unproven, "{claim:?}");
            }
            let hot = cut.hot.as_ref().unwrap();
            assert_eq!((hot.looks.len(), hot.volumes.len()), (2, 3));
            // It grew all the time, as nothing does that stands still.
            let sum = |at: usize| -> u64 { hot.looks[at].high_watermarks.iter().flatten().sum() };
            assert!(sum(0) < sum(1), "{} and {}", sum(0), sum(1));
            place.must_be_let_go(&before);

            // Every batch is what it says, on all volumes, up to what was acknowledged.
            let kafka = mirror();
            let verified = place.task(&["verify", &run, "--kafka", &kafka]).expect(0);
            println!("{}", verified.said);
            let cut = place.cut(&run);
            let mut claims = cut.claims.iter();
            let intact = claims.find(|one| one.name == ClaimName::Intact).unwrap();
            assert_eq!(intact.verdict, Verdict::Proven, "{}", intact.reason);
            // And brokers are not let start on them as they are.
            let args = ["restore", &run, "--accept-unproven", "--kafka", &kafka];
            let refused = place.task_as("slackwater-restore", &args).expect(2);
            assert!(refused.said.contains("is hot"), "{}", refused.said);
            place.must_be_equal();
        }

        /// Restores the run by the blueprint, trimmed, and gives the plan: something went.
        fn restored_to_one_point(place: &Place, run: &str, more: &[(&str, &str)]) -> Value {
            let kafka = mirror();
            let said = [("cut", run), ("kafka", &kafka), ("trim", "consistent")];
            let said = [&said[..], more].concat();
            let done = act(place, "restore", &Of::Namespace, &said);
            assert_eq!(done.error, None);
            let cut = place.cut(run);
            for name in [ClaimName::Consistent, ClaimName::HeadsRestored] {
                let claim = cut.claims.iter().find(|one| one.name == name).unwrap();
                println!("{name} {}: {}", claim.verdict, claim.reason);
                assert_eq!(claim.verdict, Verdict::Proven, "{name}: {}", claim.reason);
            }
            let plan = "cat $(find /var/lib/kafka -name slackwater-plan.json | head -n 1)";
            let plan = place.exec("mirror-dual-0", "kafka", &["sh", "-c", plan]);
            let plan: Value = serde_json::from_str(&plan.unwrap()).unwrap();
            let rows = plan["partitions"].as_array().unwrap().iter();
            let goes = rows.filter_map(|row| row["jettisonedRecords"].as_u64());
            let goes: u64 = goes.sum();
            println!("{goes} records went");
            assert!(goes > 0, "all ended at one point: nothing was tried");
            plan
        }

        #[test]
        fn what_comes_back_of_a_mirror_that_stood_still_is_one_point_where_that_is_asked_for() {
            let mut place = turn();
            // Into every partition, which the producer takes one after the other: one of
            // which nothing is kept has no position to go on from.
            place.produce(40_000);
            place.load(150, 300);
            let kafka = mirror();
            let backup = place.task(&["backup", "--kafka", &kafka]).expect(0);
            println!("{}", backup.said);
            let run = place.newest();
            let point = place.cut(&run).point.unwrap();
            assert!(point.marked_ms.is_some());
            let mut surplus = point.surplus.iter().flatten();
            assert!(surplus.any(|one| *one > 0), "{:?}", point.surplus);
            restored_to_one_point(&place, &run, &[]);
            place.must_be_equal();
        }

        #[test]
        fn what_comes_back_of_a_hot_backup_is_one_point_and_the_mirror_goes_on_from_there() {
            let mut place = turn();
            place.produce(200);
            place.load(60, 200);
            read_as(&place, ("mirror", "source.items"), "reader", 20);
            let backup = act(&place, "backup", &Of::Kafka, &[("strategy", "hot")]);
            assert_eq!(backup.error, None);
            let run = place.newest();
            // Connect's topics on the snapshots say RUNNING, and the source goes on.
            place.load(120, 100);
            let plan = restored_to_one_point(&place, &run, &[]);
            let rows = plan["partitions"].as_array().unwrap();
            let added = rows.iter().filter_map(|row| row["added"].as_array());
            let added: usize = added.map(Vec::len).sum();
            println!("{added} of Connect's records were added");
            assert!(added > 0, "Connect was not told to stand still");

            // A reader of the mirror was further than that: it is set back.
            let beyond = plan["depends"]["groups"].as_array().unwrap();
            assert!(
                beyond.iter().any(|one| one["group"] == "reader"),
                "{beyond:?}"
            );
            let cut = place.cut(&run);
            let claim = cut.claims.iter();
            let mut claim = claim.filter(|one| one.name == ClaimName::HeadsRestored);
            let said = &claim.next().unwrap().reason;
            assert!(said.contains("consumer groups are within them"), "{said}");

            // What was put right of Connect's positions leaves no hole, and nothing twice.
            place.must_be_equal();

            // And it goes back from there as from any other restore.
            let kafka = mirror();
            let args = ["restore", &run, "--undo", "--kafka", &kafka];
            place.task_as("slackwater-restore", &args).expect(0);
            place.must_be_equal();
        }

        #[test]
        fn what_comes_back_by_the_numbers_of_messages_goes_on_from_where_the_source_has_them() {
            let mut place = turn();
            // Without a number they go with those around them.
            place.produce(200);
            // So that what comes after it goes: no more than some seconds of it.
            place.number(9_000, 1_800);
            place.until("a thousand are there", || {
                let class = "org.apache.kafka.tools.GetOffsetShell";
                let args = "--topic items";
                let ends = place.kafka_tool("source", "kafka-get-offsets.sh", class, args);
                let ends = ends.lines().filter_map(|line| line.rsplit(':').next());
                let ends = ends.filter_map(|end| end.trim().parse::<u64>().ok());
                ends.sum::<u64>() > 1_200
            });
            let backup = act(&place, "backup", &Of::Kafka, &[("strategy", "hot")]);
            assert_eq!(backup.error, None);
            let run = place.newest();
            let key = format!("--from-file={}", order_key());
            let numbers = ["create", "configmap", "numbers", &key];
            place.own(&numbers).unwrap();
            let by = [("order", "order"), ("orderKey", "configmap/numbers")];
            let plan = restored_to_one_point(&place, &run, &by);
            println!("{:#}", plan["order"]);
            let sequence = &plan["order"]["sequence"];
            let point = (&sequence["first"], &sequence["last"]);
            assert_eq!(point, (&json!(1), &json!(1_799)), "{sequence}");
            // No sweep's head lies there: the source was asked.
            let positions = plan["depends"]["positions"].as_array().unwrap();
            println!("{positions:#?}");
            assert!(!positions.is_empty());
            assert!(positions.iter().all(|one| one["putRight"] == true));
            place.must_be_equal();
            place.own(&["delete", "configmap", "numbers"]).unwrap();
        }

        /// Offset of the last record that Connect has committed of a partition of the source.
        fn committed(place: &Place, topic: &str) -> Option<u64> {
            let path = "/connectors/source-%3Emirror.MirrorSourceConnector/offsets";
            // It holds the answer back while it rebalances.
            let offsets = place.connect(path).ok()?;
            let mut offsets = offsets["offsets"].as_array()?.iter();
            let of = offsets.find(|one| one["partition"]["topic"] == topic)?;
            of["offset"]["offset"].as_u64()
        }

        #[test]
        fn what_comes_back_by_timestamps_goes_on_and_a_quiet_partition_that_its_source_has_deleted_is_no_hindrance()
         {
            let mut place = turn();
            place.produce(200);
            place.topics("source", "--create --topic quiet --partitions 1");
            place.copied("items|quiet");
            place.until("it to be mirrored", || {
                place.topics("mirror", "--list").contains("source.quiet")
            });
            place.kafka_tool(
                "source",
                "kafka-verifiable-producer.sh",
                "org.apache.kafka.tools.VerifiableProducer",
                "--topic quiet --max-messages 20",
            );
            place.must_be_equal();
            place.within(3, "it to be committed", || {
                committed(&place, "quiet") == Some(19)
            });
            place.delete_before(&[("quiet", 0, 19)]);
            place.load(60, 200);
            let backup = act(&place, "backup", &Of::Kafka, &[("strategy", "hot")]);
            assert_eq!(backup.error, None);
            let run = place.newest();
            // What is left of it on the source is too little to find where that ends.
            let by = [("order", "timestamp:1s"), ("excludeOrder", "source.quiet")];
            let plan = restored_to_one_point(&place, &run, &by);
            println!("{:#}", plan["order"]);
            let positions = plan["depends"]["positions"].as_array().unwrap();
            println!("{positions:#?}");
            let of = |one: &&Value| one["mirror"]["topic"] == "source.quiet";
            let quiet = positions.iter().find(of).unwrap();
            assert_eq!(
                (&quiet["lastKept"], &quiet["committed"], &quiet["notAhead"]),
                (&Value::Null, &json!(19), &json!(true))
            );
            let others = positions.iter().filter(|one| !of(one));
            assert!(others.clone().count() > 0);
            assert!(others.into_iter().all(|one| one["putRight"] == true));
            place.must_be_equal();
            assert_eq!(committed(&place, "quiet"), Some(19));
            place.copied("items");
            place.topics("source", "--delete --topic quiet");
            place.topics("mirror", "--delete --topic source.quiet");
        }
    }
}
