//! The deferPhase.

mod needs_root {
    use serde_json::{Value, json};

    use crate::act::{act, puts, shell};

    fn defer(phase: &Value, defer: &Value) -> Value {
        json!({"phases": [phase], "deferPhase": defer})
    }

    #[test]
    fn an_action_is_failed_before_its_defer_phase_runs_and_stays_so() {
        let last = format!("sleep 3; {}", puts("z", "9"));
        let done = act(defer(&shell("one", "exit 1"), &shell("last", &last)));
        done.failed();
        let last = &done.action()["deferPhase"];
        assert_eq!(last["state"], "complete");
        assert_eq!(last["output"], json!({"z": "9"}));
        let between = done.seen.iter().any(|status| {
            status["state"] == "failed"
                && status["actions"][0]["deferPhase"]["state"] == "pending"
                && status["progress"]["runningPhase"] == "last"
        });
        assert!(between, "{:#?}", done.seen);
        // It is never `running`.
        let states = done
            .seen
            .iter()
            .map(|status| &status["actions"][0]["deferPhase"]["state"]);
        assert!(!states.into_iter().any(|state| state == "running"));
    }

    #[test]
    fn artifacts_may_have_what_a_defer_phase_puts_out_under_a_name_of_its_own() {
        let mut action = defer(
            &shell("one", &puts("a", "1")),
            &shell("last", &puts("z", "9")),
        );
        let artifact = |template: &str| json!({"cut": {"keyValue": {"z": template}}});
        action["outputArtifacts"] = artifact("{{ .DeferPhase.Output.z }}");
        let done = act(action.clone()).complete();
        assert_eq!(done.action()["artifacts"]["cut"]["keyValue"]["z"], "9");
        // It is none of the phases.
        action["outputArtifacts"] = artifact("{{ .Phases.last.Output.z }}");
        let said = act(action).failed();
        assert!(said.contains("last"), "{said}");
    }

    #[test]
    fn a_defer_phase_that_fails_fails_an_action_whose_phases_went_well() {
        let template = json!({"cut": {"keyValue": {"a": "{{ .Phases.one.Output.a }}"}}});
        let mut action = defer(
            &shell("one", &puts("a", "1")),
            &shell("last", "echo not resumed >&2; exit 1"),
        );
        action["outputArtifacts"] = template.clone();
        let done = act(action);
        let said = done.failed();
        assert!(said.contains("not resumed"), "{said}");
        assert_eq!(done.states(), ["complete"]);
        assert_eq!(done.action()["deferPhase"]["state"], "failed");
        assert_eq!(done.action()["artifacts"], template);
    }

    #[test]
    fn where_both_fail_the_defer_phase_has_the_last_word() {
        let done = act(defer(
            &shell("one", "echo the cause >&2; exit 1"),
            &shell("last", "echo not resumed >&2; exit 1"),
        ));
        let said = done.failed();
        assert!(said.contains("not resumed"), "{said}");
        assert!(!said.contains("the cause"), "{said}");
        assert_eq!(done.states(), ["failed"]);
    }

    #[test]
    fn a_defer_phase_that_rests_on_a_phase_which_did_not_run_can_not_be_rendered() {
        let mut action = defer(
            &shell("one", "exit 1"),
            &shell("last", "echo {{ .Phases.two.Output.a }}"),
        );
        let two = shell("two", "true");
        action["phases"].as_array_mut().unwrap().push(two);
        let done = act(action);
        let said = done.failed();
        assert!(said.contains("two"), "{said}");
        assert_eq!(done.action()["deferPhase"]["state"], "failed");
    }
}
