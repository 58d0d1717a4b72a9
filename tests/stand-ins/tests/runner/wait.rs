//! WaitV2.

mod needs_root {
    use std::thread;
    use std::time::Duration;

    use serde_json::{Value, json};

    use crate::act::{Act, Ended, phase, run};
    use crate::ground::ground;

    /// Of a look at a ConfigMap.
    fn of(map: &str, condition: &str) -> Value {
        json!({
            "condition": condition,
            "objectReference": {
                "apiVersion": "v1",
                "resource": "configmaps",
                "name": map,
                "namespace": ground().space,
            },
        })
    }

    fn wait(timeout: &str, conditions: Value) -> Ended {
        let args = json!({"timeout": timeout, "conditions": conditions});
        run(&[phase("WaitV2", "one", args)])
    }

    fn all_of(conditions: &[Value]) -> Ended {
        wait("3s", json!({"allOf": conditions}))
    }

    fn any_of(conditions: &[Value]) -> Ended {
        wait("3s", json!({"anyOf": conditions}))
    }

    /// A ConfigMap with `data.a` of `1`.
    fn map(name: &str) {
        ground().apply(&ground().map(name, &json!({"a": "1"})));
    }

    const YES: &str = r#"{{ if eq .data.a "1" }}true{{ end }}"#;
    const NO: &str = r#"{{ if eq .data.a "2" }}true{{ end }}"#;

    fn timed_out(ended: &Ended) -> String {
        let said = ended.failed();
        assert!(said.contains("context deadline exceeded"), "{said}");
        said
    }

    #[test]
    fn a_condition_must_print_true_and_no_other_word() {
        map("word");
        all_of(&[of("word", " {{ `true` }}\n")]).complete();
        timed_out(&all_of(&[of("word", "{{ `True` }}")]));
        timed_out(&all_of(&[of("word", "{{ `true true` }}")]));
    }

    #[test]
    fn of_any_one_suffices_and_of_all_every_one_is_needed() {
        map("several");
        let (yes, no) = (of("several", YES), of("several", NO));
        any_of(&[no.clone(), yes.clone()]).complete();
        timed_out(&any_of(std::slice::from_ref(&no)));
        timed_out(&all_of(&[yes.clone(), no.clone()]));
        let both = json!({"anyOf": [no], "allOf": [yes]});
        wait("3s", both).complete();
        timed_out(&wait("1s", json!({})));
    }

    #[test]
    fn of_any_those_behind_an_object_that_is_not_there_are_not_looked_at() {
        map("behind");
        timed_out(&any_of(&[of("not-there", YES), of("behind", YES)]));
        any_of(&[of("behind", YES), of("not-there", YES)]).complete();
    }

    #[test]
    fn an_object_that_comes_later_is_waited_for() {
        let later = thread::spawn(|| {
            thread::sleep(Duration::from_secs(2));
            map("later");
        });
        wait("30s", json!({"allOf": [of("later", YES)]})).complete();
        later.join().unwrap();
    }

    #[test]
    fn a_condition_that_can_not_be_parsed_is_never_met_and_nobody_says_why() {
        map("parsed");
        for condition in ["{{ if }}true{{ end }}", r#"{{ hasPrefix "1" .data.a }}"#] {
            let said = timed_out(&all_of(&[of("parsed", condition)]));
            assert!(!said.contains("hasPrefix"), "{said}");
            assert!(!said.contains("missing value"), "{said}");
        }
    }

    #[test]
    fn a_condition_that_fails_over_its_object_is_tried_again() {
        map("fails");
        let later = thread::spawn(|| {
            thread::sleep(Duration::from_secs(2));
            let both = json!({"a": "1", "b": "2"});
            ground().apply(&ground().map("fails", &both));
        });
        // It has no length before.
        let long = "{{ if eq (len .data.b) 1 }}true{{ end }}";
        wait("30s", json!({"allOf": [of("fails", long)]})).complete();
        later.join().unwrap();
        timed_out(&all_of(&[of("fails", "{{ len .data.c }}")]));
    }

    #[test]
    fn a_key_that_is_not_there_is_no_error_and_a_count_is_an_integer() {
        map("keys");
        let absent = "{{ if .status.nothing }}{{ else }}true{{ end }}";
        all_of(&[of("keys", absent)]).complete();
        let count = "{{ if eq .spec.terminationGracePeriodSeconds 0 }}true{{ end }}";
        let mut pod = of("one", count);
        pod["objectReference"]["resource"] = "pods".into();
        all_of(&[pod]).complete();
    }

    #[test]
    fn a_reference_is_a_template_and_the_timeout_and_the_condition_are_not() {
        map("rendered");
        let options = [("map", "rendered"), ("timeout", "3s")];
        let run = |timeout: &str, condition: &str| {
            let conditions = json!({"allOf": [of("{{ .Options.map }}", condition)]});
            let args = json!({"timeout": timeout, "conditions": conditions});
            let act = Act {
                action: json!({"phases": [phase("WaitV2", "one", args)]}),
                options: &options,
                ..Act::default()
            };
            act.run().unwrap()
        };
        run("3s", YES).complete();
        let said = run("{{ .Options.timeout }}", YES).failed();
        assert!(said.contains("Failed to parse timeout"), "{said}");
        // Of the object itself, which has no options.
        let named = r#"{{ if eq .Options.map "rendered" }}true{{ end }}"#;
        timed_out(&run("3s", named));
    }
}
