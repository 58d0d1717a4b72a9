//! The status of an ActionSet without a deferPhase.

mod needs_root {
    use serde_json::{Value, json};

    use crate::act::{Act, act, phase, puts, run, shell};
    use crate::ground::ground;

    #[test]
    fn a_phase_is_rendered_with_what_those_before_it_put_out_and_artifacts_with_all() {
        let second = puts("b", "{{ .Phases.one.Output.a }}2");
        let done = act(json!({
            "outputArtifacts": {"cut": {"keyValue": {
                "both": "{{ .Phases.one.Output.a }} {{ .Phases.two.Output.b }}",
                "of": "{{ .Namespace.Name }} {{ .Object.metadata.name }}",
            }}},
            "phases": [shell("one", &puts("a", "1")), shell("two", &second)],
        }))
        .complete();
        let space = &ground().space;
        assert_eq!(done.states(), ["complete", "complete"]);
        assert_eq!(
            done.action()["artifacts"]["cut"]["keyValue"],
            json!({"both": "1 12", "of": format!("{space} {space}")})
        );
        let message = done.status["error"]["message"].as_str();
        assert_eq!(message.unwrap_or_default(), "");
    }

    #[test]
    fn the_first_phase_that_fails_ends_it_and_artifacts_stay_templates() {
        let template = json!({"cut": {"keyValue": {"a": "{{ .Phases.one.Output.a }}"}}});
        let done = act(json!({
            "outputArtifacts": template,
            "phases": [
                shell("one", &puts("a", "1")),
                shell("two", "exit 1"),
                shell("three", "true"),
            ],
        }));
        done.failed();
        assert_eq!(done.states(), ["complete", "failed", "pending"]);
        assert_eq!(done.action()["artifacts"], template);
        assert_eq!(*done.output(0), json!({"a": "1"}));
        let is = |state: &str| done.seen.iter().any(|status| status["state"] == state);
        assert!(is("running") && !is("complete"));
    }

    #[test]
    fn arguments_that_can_not_be_rendered_fail_their_phase_and_not_those_before_it() {
        let done = run(&[
            shell("one", "true"),
            shell("two", "echo {{ .Options.nobodySaid }}"),
        ]);
        let said = done.failed();
        assert!(said.contains("nobodySaid"), "{said}");
        assert_eq!(done.states(), ["complete", "failed"]);
    }

    #[test]
    fn artifacts_that_can_not_be_rendered_fail_it_though_all_its_phases_are_complete() {
        let done = act(json!({
            "outputArtifacts": {"cut": {"keyValue": {"a": "{{ .Phases.one.Output.none }}"}}},
            "phases": [shell("one", &puts("a", "1"))],
        }));
        let said = done.failed();
        assert!(said.contains("none"), "{said}");
        assert_eq!(done.states(), ["complete"]);
    }

    #[test]
    fn the_object_is_as_it_was_when_the_action_began() {
        ground().apply(&ground().map("stale", &json!({"a": "1"})));
        let space = &ground().space;
        let change = json!({
            "operation": "patch",
            "objectReference": {
                "apiVersion": "v1", "resource": "configmaps", "name": "stale", "namespace": space,
            },
            "spec": "data: {a: '2'}",
        });
        let act = Act {
            action: json!({"phases": [
                phase("KubeOps", "one", change),
                shell("two", &puts("a", "{{ .Object.data.a }}")),
            ]}),
            on: Some("stale"),
            ..Act::default()
        };
        let done = act.run().unwrap().complete();
        assert_eq!(done.output(1)["a"], "1");
        assert_eq!(ground().object("configmap/stale")["data"]["a"], "2");
    }

    #[test]
    fn of_an_object_that_is_gone_no_phase_begins_and_no_defer_phase() {
        let act = Act {
            action: json!({
                "phases": [shell("one", "true"), shell("two", "true")],
                "deferPhase": shell("last", "true"),
            }),
            on: Some("gone"),
            ..Act::default()
        };
        let done = act.run().unwrap();
        let said = done.failed();
        assert!(said.contains("could not fetch object"), "{said}");
        assert_eq!(done.states(), ["failed", "pending"]);
        assert_eq!(done.action()["deferPhase"]["state"], "pending");
        let began = |status: &Value| status.to_string().contains(r#""state":"complete""#);
        assert!(!done.seen.iter().any(began));
    }
}
