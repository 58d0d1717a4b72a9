//! An action rendered before it runs: what is there is there, and what is not is marked.
#![allow(clippy::unwrap_used, reason = "a test")]

use proptest::prelude::*;
use serde_json::{Value, json};
use slackwater_template::kanister::{Given, Kind, Rendered, rendered};
use slackwater_template::{Names, RenderError, Template, Value as Known};

fn given() -> Given {
    Given {
        object: json!({"kind": "Kafka", "metadata": {"name": "mirror", "namespace": "kafka"}}),
        ..Given::default()
    }
}

/// An action of two phases, a deferred one and an artifact, each of one text.
fn of(texts: [&str; 4], given: &Given) -> Rendered {
    let phase = |name: &str, text: &str| json!({"func": "KubeTask", "name": name, "args": {"command": [text]}});
    let blueprint = json!({"actions": {"backup": {
        "phases": [phase("one", texts[0]), phase("two", texts[1])],
        "deferPhase": phase("last", texts[2]),
        "outputArtifacts": {"cut": {"keyValue": {"run": texts[3]}}},
    }}});
    rendered(&blueprint, "backup", given).unwrap()
}

fn first(text: &str, given: &Given) -> Result<Value, String> {
    let done = of([text, "", "", ""], given);
    match done.failed.first() {
        Some((place, why)) => Err(format!("{place}: {why}")),
        None => Ok(done.action["phases"][0]["args"]["command"][0].clone()),
    }
}

#[test]
fn what_phases_put_out_is_marked_where_it_is_used_and_named_once() {
    let run = "{{ .Phases.one.Output.run }}";
    let done = of(
        ["{{ .Object.metadata.name }}", run, "{{ .Time }}", run],
        &given(),
    );
    assert_eq!(done.failed, []);
    assert_eq!(done.action["phases"][0]["args"]["command"][0], "mirror");
    let marked = "<<.Phases.one.Output.run>>";
    assert_eq!(done.action["phases"][1]["args"]["command"][0], marked);
    assert_eq!(done.action["deferPhase"]["args"]["command"][0], "<<.Time>>");
    assert_eq!(
        done.action["outputArtifacts"]["cut"]["keyValue"]["run"],
        marked
    );
    assert_eq!(done.unknown, [".Phases.one.Output.run", ".Time"]);
}

#[test]
fn what_is_made_of_something_that_is_not_there_is_not_there_either() {
    for (text, shown) in [
        (
            "{{ .Phases.one.Output.run | quote }}",
            "<<.Phases.one.Output.run | quote>>",
        ),
        (
            "{{ printf \"%s/x\" .Phases.one.Output.run }}",
            "<<printf \"%s/x\" .Phases.one.Output.run>>",
        ),
        (
            "{{ eq .Phases.one.Output.run \"a\" }}",
            "<<eq .Phases.one.Output.run \"a\">>",
        ),
        ("{{ or .Time true }}", "<<or .Time true>>"),
        (
            "{{ .Phases.one.Secrets.key.Data.password }}",
            "<<.Phases.one.Secrets.key.Data.password>>",
        ),
        ("{{ .Secrets.s.Data.p }}", "<<.Secrets.s.Data.p>>"),
        (
            "{{ range .Object.metadata }}{{ . }} {{ end }}{{ $.Time }}",
            "mirror kafka <<.Time>>",
        ),
    ] {
        let done = of(["", text, "", ""], &given());
        assert_eq!(done.failed, [], "{text}");
        assert_eq!(done.action["phases"][1]["args"]["command"][0], shown);
    }
}

#[test]
fn where_a_template_goes_by_it_nothing_is_guessed() {
    for text in [
        "{{ if .Phases.one.Output.run }}a{{ else }}b{{ end }}",
        "{{ if eq .Phases.one.Output.run \"x\" }}a{{ end }}",
        "{{ with .Time }}a{{ end }}",
        "{{ range .Phases.one.Output.all }}a{{ end }}",
    ] {
        let done = of(["", text, "", ""], &given());
        let (place, why) = &done.failed[0];
        assert_eq!(place, "phases[1].args.command[0]");
        assert!(why.contains("not there before it runs"), "{why}");
        assert_eq!(done.action["phases"][1]["args"]["command"][0], text);
    }
    // It is said, and goes one way.
    let mut said = given();
    let output = [("run".to_owned(), "x".to_owned())].into();
    said.outputs.insert("one".to_owned(), output);
    let done = of(
        [
            "",
            "{{ if eq .Phases.one.Output.run \"x\" }}a{{ end }}",
            "",
            "",
        ],
        &said,
    );
    assert_eq!(done.action["phases"][1]["args"]["command"][0], "a");
    assert_eq!(done.unknown, Vec::<String>::new());
}

#[test]
fn what_kanister_would_fail_at_when_it_runs_is_named_before() {
    for (text, says) in [
        // Its own, and one that comes later.
        (
            "{{ .Phases.one.Output.run }}",
            "map has no entry for key \"run\"",
        ),
        (
            "{{ .Phases.two.Output.run }}",
            "map has no entry for key \"two\"",
        ),
        ("{{ .Options.cut }}", "map has no entry for key \"cut\""),
        ("{{ .Namespace.Name }}", "there is no NamespaceParams"),
        ("{{ .StatefulSet.Name }}", "there is no StatefulSetParams"),
        ("{{ .DeferPhase.Output.x }}", "there is no Phase"),
        (
            "{{ .Object.metadata.labels }}",
            "map has no entry for key \"labels\"",
        ),
        (
            "{{ .ArtifactsOut.x }}",
            "TemplateParams has no field ArtifactsOut",
        ),
        (
            "{{ toYaml .Object }}",
            "calls toYaml, and there is no such function",
        ),
        ("{{ now }}", "the function now, which is not known here"),
        ("{{ if }}", "lacks a value"),
    ] {
        let said = first(text, &given()).unwrap_err();
        assert!(
            said.starts_with("phases[0].args.command[0]: ") && said.contains(says),
            "{said}"
        );
    }
}

#[test]
fn kinds_that_templates_have_a_view_of_are_seen_by_it() {
    let mut given = given();
    given.kind = Some(Kind::StatefulSet);
    let pods =
        "{{ .StatefulSet.Namespace }}/{{ .StatefulSet.Name }} {{ index .StatefulSet.Pods 0 }}";
    let seen = first(pods, &given).unwrap();
    assert_eq!(seen, "kafka/mirror <<index .StatefulSet.Pods 0>>");
    given.object = json!({"kind": "Namespace", "metadata": {"name": "kafka"}});
    given.kind = Kind::of_object("Namespace");
    let seen = first("{{ .Namespace.Name }} {{ .Namespace.Namespace }}", &given).unwrap();
    assert_eq!(seen, "kafka kafka");
}

#[test]
fn of_what_waits_only_what_is_waited_for_is_rendered() {
    let blueprint = json!({"actions": {"a": {"phases": [{
        "func": "WaitV2", "name": "isReady",
        "objects": {"config": {"kind": "ConfigMap", "name": "{{ .Object.metadata.name }}-x"}},
        "args": {"timeout": "5m", "conditions": {"allOf": [{
            "condition": "{{ .status.ready }}",
            "objectReference": {"name": "{{ .Object.metadata.name }}"},
        }]}},
    }]}}});
    let done = rendered(&blueprint, "a", &given()).unwrap();
    assert_eq!(done.failed, []);
    let phase = &done.action["phases"][0];
    let one = &phase["args"]["conditions"]["allOf"][0];
    assert_eq!(one["condition"], "{{ .status.ready }}");
    assert_eq!(one["objectReference"]["name"], "mirror");
    assert_eq!(phase["objects"]["config"]["name"], "mirror-x");
    let error = rendered(&blueprint, "b", &given()).unwrap_err().to_string();
    assert_eq!(error, "the Blueprint has no action b; it has a");
}

proptest! {
    #[test]
    fn any_text_is_a_template_or_none(text in "[{}a.|$\"`'( )\\-=:,0-9x\n/*é]{0,40}") {
        if let Ok(template) = Template::parse(&text, Names::Blueprint) {
            let root = Known::of_object(&json!({"a": {"x": [1, "b"]}, "x": 3}));
            let rendered = template.render(&root);
            let undecided = matches!(rendered, Err(RenderError::Undecided(..)));
            prop_assert!(!undecided, "{rendered:?}");
        }
    }
}

#[test]
fn what_is_deep_or_long_without_end_is_refused() {
    let deep = format!("{{{{ {}1{} }}}}", "(".repeat(500), ")".repeat(500));
    assert!(Template::parse(&deep, Names::Blueprint).is_err());
    let blocks = "{{ if true }}".repeat(500) + &"{{ end }}".repeat(500);
    assert!(Template::parse(&blocks, Names::Blueprint).is_err());
    let long = "{{ repeat 100000 (repeat 100000 \"x\") }}";
    let template = Template::parse(long, Names::Blueprint).unwrap();
    assert!(template.render(&Known::Nil).is_err());
}
