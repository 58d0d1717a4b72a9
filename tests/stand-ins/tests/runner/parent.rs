//! An ActionSet that is made of another: `--from`, with what else is said.

mod needs_root {
    use serde_json::{Value, json};

    use crate::act::{Act, puts, shell};
    use crate::ground::ground;

    /// What tells the artifacts, the options and the object that it got.
    fn child() -> Value {
        let line = [
            puts(
                "a",
                "{{ if .ArtifactsIn }}{{ .ArtifactsIn.cut.KeyValue.a }}{{ end }}",
            ),
            puts("kept", r#"{{ index .Options "kept" | default "" }}"#),
            puts("said", r#"{{ index .Options "said" | default "" }}"#),
            puts("on", "{{ .Object.kind }}"),
        ];
        json!({"phases": [shell("one", &line.join("; "))]})
    }

    #[test]
    fn a_child_on_another_object_has_the_artifacts_of_its_parent_and_the_options_of_both() {
        ground().apply(&ground().map("parent", &json!({})));
        let parent = Act {
            action: json!({
                "outputArtifacts": {"cut": {"keyValue": {"a": "{{ .Phases.one.Output.a }}"}}},
                "phases": [shell("one", &puts("a", "1"))],
            }),
            on: Some("parent"),
            options: &[("kept", "before"), ("said", "before")],
            ..Act::default()
        };
        let parent = parent.run().unwrap().complete();
        // The parent's object may be gone: the namespace is said in its place.
        ground().here(&["delete", "configmap", "parent"]);
        let child = Act {
            action: child(),
            options: &[("said", "now")],
            parent: Some(&parent),
            ..Act::default()
        };
        let child = child.run().unwrap().complete();
        let got = json!({"a": "1", "kept": "before", "said": "now", "on": "Namespace"});
        assert_eq!(*child.output(0), got);
    }

    #[test]
    fn one_that_failed_is_no_parent() {
        let parent = Act {
            action: json!({"phases": [shell("one", "exit 1")]}),
            ..Act::default()
        };
        let parent = parent.run().unwrap();
        parent.failed();
        let child = Act {
            action: child(),
            parent: Some(&parent),
            ..Act::default()
        };
        assert!(child.run().is_err());
    }
}
