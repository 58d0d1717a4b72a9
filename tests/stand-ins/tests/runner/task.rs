//! KubeTask.

mod needs_root {
    use std::thread;
    use std::time::Duration;

    use serde_json::{Value, json};

    use crate::act::{phase, puts, run};
    use crate::ground::ground;

    fn task(args: Value) -> Value {
        let mut whole = json!({"image": ground().image, "namespace": ground().space});
        whole
            .as_object_mut()
            .unwrap()
            .extend(args.as_object().unwrap().clone());
        phase("KubeTask", "one", whole)
    }

    #[test]
    fn a_task_puts_out_the_last_of_each_key_of_whichever_stream() {
        let line = [
            puts("a", "1"),
            puts("a", "2"),
            format!("{} >&2", puts("b", "3")),
        ];
        let done = run(&[task(
            json!({"command": ["sh", "-c", line.join("; sleep 1; ")]}),
        )]);
        assert_eq!(*done.complete().output(0), json!({"a": "2", "b": "3"}));
    }

    #[test]
    fn of_a_task_that_failed_the_last_ten_lines_are_told_and_nothing_is_put_out() {
        let line = format!(
            "{}; for i in $(seq 1 12); do echo line-$i.; done; exit 3",
            puts("a", "1")
        );
        let done = run(&[task(json!({"command": ["sh", "-c", line]}))]);
        let said = done.failed();
        assert!(
            said.contains("line-12") && said.contains("line-3"),
            "{said}"
        );
        assert!(
            !said.contains("line-2\n") && !said.contains("line-2\\n"),
            "{said}"
        );
        assert!(done.output(0).is_null());
    }

    #[test]
    fn what_is_no_pair_of_texts_behind_the_marker_fails_the_task_that_printed_it() {
        let line = r####"echo '###Phase-output###: {"key": "a", "value": 1}'"####;
        let done = run(&[task(json!({"command": ["sh", "-c", line]}))]);
        let said = done.failed();
        assert!(said.contains("Failed to unmarshal"), "{said}");
    }

    #[test]
    fn a_task_without_a_namespace_is_a_pod_in_the_controllers_that_is_deleted_behind_it() {
        let env = json!([{
            "name": "WHERE",
            "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}},
        }]);
        let line = r####"echo "###Phase-output###: {\"key\":\"where\",\"value\":\"$WHERE\"}""####;
        let args = json!({
            "image": ground().image,
            "command": ["sh", "-c", line],
            "podLabels": {"slackwater.io/task": "behind"},
            "podOverride": {"containers": [{"name": "container", "env": env}]},
        });
        let done = run(&[phase("KubeTask", "one", args)]).complete();
        assert_eq!(done.output(0)["where"], ground().controller());
        let pods = ["get", "pods", "-A", "-l", "slackwater.io/task=behind"];
        let pods = [&pods[..], &["-o", "name"]].concat();
        for _ in 0..150 {
            if ground().kubectl(&pods, None).unwrap().is_empty() {
                return;
            }
            thread::sleep(Duration::from_millis(200));
        }
        panic!("it is there still");
    }
}
