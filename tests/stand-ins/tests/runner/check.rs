//! What is seen of a blueprint before it is run.

mod needs_root {
    use serde_json::{Value, json};
    use slackwater_stand_ins::{Runner, validate};

    use crate::act::{blueprint, phase};
    use crate::ground::ground;

    /// As `kanctl validate blueprint` says.
    fn checked(action: &Value) -> Result<(), String> {
        let ground = ground();
        let text = blueprint("checked", action).to_string();
        if ground.kanister.is_some() {
            let file = std::env::temp_dir().join(format!("checked-{}.yaml", std::process::id()));
            std::fs::write(&file, text).unwrap();
            let said = validate(&file);
            std::fs::remove_file(file).unwrap();
            return said.map_err(|error| error.to_string());
        }
        let kubectl = |args: &[&str], input: Option<&str>| ground.kubectl(args, input);
        let runner = Runner::new(&kubectl, ground.controller(), &text);
        runner.map(drop).map_err(|error| error.to_string())
    }

    fn of(func: &str, args: Value) -> Result<(), String> {
        checked(&json!({"phases": [phase(func, "one", args)]}))
    }

    /// With what each function needs.
    fn whole() -> Vec<(&'static str, Value)> {
        vec![
            ("KubeTask", json!({"image": "x", "command": ["x"]})),
            (
                "KubeExec",
                json!({"namespace": "x", "pod": "x", "command": ["x"]}),
            ),
            (
                "KubeExecAll",
                json!({"namespace": "x", "pods": "x", "containers": "x", "command": ["x"]}),
            ),
            ("KubeOps", json!({"operation": "x"})),
            ("WaitV2", json!({"timeout": "x", "conditions": {}})),
        ]
    }

    #[test]
    fn an_argument_that_a_function_needs_or_does_not_know_is_named() {
        for (func, args) in whole() {
            of(func, args.clone()).unwrap();
            for needed in args.as_object().unwrap().keys() {
                let mut less = args.clone();
                less.as_object_mut().unwrap().remove(needed);
                let said = of(func, less).unwrap_err();
                assert!(said.contains(needed), "{func} without {needed}: {said}");
            }
            let mut more = args;
            more["unheardOf"] = "x".into();
            let said = of(func, more).unwrap_err();
            assert!(said.contains("unheardOf"), "{func}: {said}");
        }
    }

    #[test]
    fn a_function_that_there_is_not_and_a_name_that_stands_twice_are_refused() {
        let said = of("KubeNothing", json!({})).unwrap_err();
        assert!(said.contains("KubeNothing"), "{said}");
        let (func, args) = whole().remove(0);
        let one = phase(func, "one", args);
        let said = checked(&json!({"phases": [one.clone(), one.clone()]})).unwrap_err();
        assert!(said.contains("one"), "{said}");
        let said = checked(&json!({"phases": [one.clone()], "deferPhase": one})).unwrap_err();
        assert!(said.contains("one"), "{said}");
    }

    #[test]
    fn a_label_that_is_a_template_is_refused_and_an_annotation_is_not() {
        let task = |key: &str| {
            let (func, mut args) = whole().remove(0);
            args[key] = json!({"run": "{{ .Options.run }}"});
            of(func, args)
        };
        assert!(task("podLabels").is_err());
        task("podAnnotations").unwrap();
    }
}
