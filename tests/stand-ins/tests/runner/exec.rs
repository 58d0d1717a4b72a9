//! KubeExec and KubeExecAll.

mod needs_root {
    use serde_json::{Value, json};

    use crate::act::{phase, puts, run, shell};
    use crate::ground::ground;

    fn all(name: &str, pods: &str, containers: &str, line: &str) -> Value {
        let args = json!({
            "namespace": ground().space,
            "pods": pods,
            "containers": containers,
            "command": ["sh", "-c", line],
        });
        phase("KubeExecAll", name, args)
    }

    #[test]
    fn a_command_puts_out_what_it_prints_and_not_what_it_complains() {
        let line = format!("{}; {} >&2", puts("a", "1"), puts("b", "2"));
        let done = run(&[shell("one", &line)]).complete();
        assert_eq!(*done.output(0), json!({"a": "1"}));
    }

    #[test]
    fn a_command_that_fails_fails_its_phase_with_its_last_words() {
        let line = format!("{}; echo the last words >&2; exit 3", puts("a", "1"));
        let done = run(&[shell("one", &line)]);
        let said = done.failed();
        for part in [
            "Failed to exec command in pod",
            "exit code 3",
            "the last words",
        ] {
            assert!(said.contains(part), "{said}");
        }
        assert!(done.output(0).is_null());
    }

    #[test]
    fn a_container_is_chosen_where_there_is_one_and_asked_for_where_there_are_two() {
        let exec = |pod: &str| {
            let args = json!({"namespace": ground().space, "pod": pod, "command": "sh"});
            run(&[phase("KubeExec", "one", args)])
        };
        exec("one").complete();
        let said = exec("two").failed();
        assert!(
            said.contains("a container name must be specified"),
            "{said}"
        );
    }

    #[test]
    fn each_container_of_each_pod_that_is_named_runs_it() {
        let file = "/tmp/each";
        run(&[all(
            "one",
            " two\n",
            "first  second",
            &format!("echo x >{file}"),
        )])
        .complete();
        for container in ["first", "second"] {
            let said = ground().here(&["exec", "two", "-c", container, "--", "cat", file]);
            assert_eq!(said, "x\n");
        }
    }

    #[test]
    fn one_that_fails_of_several_fails_the_phase_when_all_have_run() {
        // The other pod has no such container.
        let line = "sleep 2; echo x >/tmp/ran";
        let said = run(&[all("one", "one two", "first", line)]).failed();
        assert!(said.contains("first"), "{said}");
        let ran = ["exec", "two", "-c", "first", "--", "cat", "/tmp/ran"];
        assert_eq!(ground().here(&ran), "x\n");
    }

    #[test]
    fn those_of_several_run_at_once() {
        let line = "date +%s >/tmp/began; sleep 3; date +%s >/tmp/ended";
        run(&[all("one", "two", "first second", line)]).complete();
        let at = |container: &str, file: &str| -> u64 {
            let said = ground().here(&["exec", "two", "-c", container, "--", "cat", file]);
            said.trim().parse().unwrap()
        };
        for (one, other) in [("first", "second"), ("second", "first")] {
            assert!(at(one, "/tmp/began") < at(other, "/tmp/ended"));
        }
    }

    #[test]
    fn no_pod_at_all_is_no_error() {
        run(&[all("one", " ", "first", "exit 1")]).complete();
    }
}
