//! The templates that `slackwater render` and `lint` read, held against Go's own with
//! sprig, as Kanister has them: the same text, or an error. Never another text, and
//! never an error where Go has none, but one that says that it is not known here.
#![allow(clippy::unwrap_used, reason = "a test may panic, and says where")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value as Json, json};
use slackwater_stand_ins::Renderer;
use slackwater_template::{Names, Of, RenderError, Template, Value};

/// Snippets as Blueprints have them, one a line; `\n` is the end of a line in one.
const KNOWN: &str = include_str!("templates/known.txt");

/// What is left to Kanister: an error here, whatever it is there.
const LEFT: &str = include_str!("templates/left.txt");

/// What the artifact that the blueprints hand on has, from all of them.
const ARTIFACT: [(&str, &str); 4] = [
    ("cut", "run-1"),
    ("kafka", "kafka/mirror"),
    ("run", "run-1"),
    ("sealed", "false"),
];

fn object() -> Json {
    json!({
        "apiVersion": "kafka.strimzi.io/v1",
        "kind": "Kafka",
        "metadata": {
            "name": "mirror",
            "namespace": "kafka",
            "labels": {"app.kubernetes.io/name": "x", "strimzi.io/cluster": "mirror"},
            "annotations": {},
        },
        "spec": {
            "replicas": 3, "none": 0, "minus": -7, "rate": 1.5, "half": 0.5, "ready": true,
            "off": false, "null": null, "empty": "", "text": "a \"b\" <c> & \\d\n  e\t",
            "beyond": "größer", "digits": "12", "octal": "012", "words": ["one", "two", null, 3],
            "nothing": [], "map": {"b": 1, "a": "x", "c": {"d": [1, 2]}}, "base": "aGFsbG8=",
        },
    })
}

fn options() -> [(&'static str, &'static str); 3] {
    [("image", "registry/x:1"), ("empty", ""), ("cut", "run-1")]
}

/// What Go's renderer is given.
fn params() -> Json {
    json!({
        "Object": object(),
        "Options": options().into_iter().collect::<BTreeMap<_, _>>(),
        "ArtifactsIn": {"mirrorCut": {"KeyValue": BTreeMap::from(ARTIFACT)}},
        "Phases": {"first": {"Output": {"runId": "run-1", "count": "3"}}},
        "Namespace": {"Name": "kafka", "Namespace": "kafka"},
        "DeferPhase": null,
        "Time": "2026-01-02T03:04:05Z",
    })
}

/// The same, as this project has it.
fn root() -> Value {
    let texts = |of, pairs: &[(&str, &str)]| {
        let each = pairs.iter();
        Value::map(
            of,
            each.map(|(key, one)| ((*key).to_owned(), Value::text(one))),
        )
    };
    let artifact = [
        ("KeyValue", texts(Of::Text, &ARTIFACT)),
        ("KopiaSnapshot", Value::text("")),
    ];
    let output = texts(Of::Any, &[("runId", "run-1"), ("count", "3")]);
    let phase = Value::fields("Phase", [("Output", output)]);
    let names = [
        ("Name", Value::text("kafka")),
        ("Namespace", Value::text("kafka")),
    ];
    Value::fields(
        "TemplateParams",
        [
            ("Object", Value::of_object(&object())),
            ("Options", texts(Of::Text, &options())),
            (
                "ArtifactsIn",
                Value::map(
                    Of::Other,
                    [("mirrorCut".to_owned(), Value::fields("Artifact", artifact))],
                ),
            ),
            (
                "Phases",
                Value::map(Of::Other, [("first".to_owned(), phase)]),
            ),
            ("Namespace", Value::fields("NamespaceParams", names)),
            ("DeferPhase", Value::NilOf("Phase")),
            ("Time", Value::text("2026-01-02T03:04:05Z")),
        ],
    )
}

fn ours(text: &str, root: &Value) -> Result<String, Option<RenderError>> {
    let template = Template::parse(text, Names::Blueprint).map_err(|_| None)?;
    template.render(root).map_err(Some)
}

/// Whether it is known here; that it is not another, is seen.
fn must_not_differ(
    text: &str,
    ours: &Result<String, Option<RenderError>>,
    go: &Result<String, String>,
) -> bool {
    match (ours, go) {
        (Ok(ours), Ok(go)) => assert_eq!(ours, go, "{text}"),
        (Ok(ours), Err(why)) => panic!("{text}: {ours:?} here, and Go says {why}"),
        (Err(Some(RenderError::NotKnown(_))), _) => return false,
        (Err(error), Ok(go)) => panic!("{text}: {error:?} here, and {go:?} by Go"),
        (Err(_), Err(_)) => {}
    }
    true
}

fn lines(all: &str) -> Vec<String> {
    let lines = all
        .lines()
        .filter(|line| !line.starts_with("# ") && !line.is_empty());
    lines.map(|line| line.replace("\\n", "\n")).collect()
}

/// All texts of a value, keys too.
fn texts(value: &Json, found: &mut Vec<String>) {
    match value {
        Json::String(text) => found.push(text.clone()),
        Json::Array(all) => all.iter().for_each(|one| texts(one, found)),
        Json::Object(all) => {
            for (key, one) in all {
                found.push(key.clone());
                texts(one, found);
            }
        }
        _ => {}
    }
}

fn names_of_phases(actions: &Json) -> impl Iterator<Item = String> {
    let actions = actions.as_object().unwrap().values();
    let phases = actions.flat_map(|action| action["phases"].as_array().unwrap());
    phases.map(|phase| phase["name"].as_str().unwrap().to_owned())
}

#[test]
fn snippets_of_blueprints_are_what_go_makes_of_them() {
    let all = lines(KNOWN);
    assert!(all.len() > 200, "{}", all.len());
    let go = Renderer::build().unwrap().each(&params(), &all).unwrap();
    let (mut rendered, mut failed) = (0, 0);
    for (text, go) in all.iter().zip(&go) {
        let ours = ours(text, &root());
        assert!(must_not_differ(text, &ours, go), "{text}: {ours:?}");
        match go {
            Ok(_) => rendered += 1,
            Err(_) => failed += 1,
        }
    }
    assert!(rendered > 130 && failed > 50, "{rendered}, {failed}");
}

#[test]
fn what_is_not_known_is_an_error_that_says_so() {
    for text in lines(LEFT) {
        let ours = ours(&text, &root());
        let is_left = matches!(&ours, Err(Some(RenderError::NotKnown(_))));
        assert!(is_left, "{text}: {ours:?}");
    }
}

#[test]
fn every_text_of_our_blueprints_is_what_go_makes_of_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../blueprints");
    let (mut all, mut named) = (Vec::new(), BTreeSet::new());
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|end| end != "yaml") {
            continue;
        }
        for part in std::fs::read_to_string(&path).unwrap().split("\n---\n") {
            let document: Json = serde_yaml::from_str(part).unwrap();
            if document["kind"] == "Blueprint" {
                texts(&document["actions"], &mut all);
                named.extend(names_of_phases(&document["actions"]));
            }
        }
    }
    assert!(all.iter().filter(|text| text.contains("{{")).count() > 50);
    // Phases of the blueprints, beside the one of the snippets.
    let (mut go, mut ours_root) = (params(), root());
    let output = json!({
        "runId": "run-1", "cutDigest": "d", "sealed": "false", "pool": "broker",
        "snapshots": "s-0", "configMap": "cut-run-1",
    });
    let said = Value::of_object(&output);
    let mut phases = vec![];
    for name in named {
        go["Phases"][&name] = json!({"Output": output});
        phases.push((name, Value::fields("Phase", [("Output", said.clone())])));
    }
    if let Value::Struct(_, fields) = &mut ours_root {
        let mut changed = (**fields).clone();
        changed.insert("Phases", Value::map(Of::Other, phases));
        *fields = std::rc::Rc::new(changed);
    }
    let made = Renderer::build().unwrap().each(&go, &all).unwrap();
    for (text, go) in all.iter().zip(&made) {
        let ours = ours(text, &ours_root);
        assert!(must_not_differ(text, &ours, go), "{text}: {ours:?}");
        assert!(go.is_ok(), "{text}: {go:?}");
    }
}

#[test]
fn the_same_functions_are_there() {
    let called: Vec<String> = Names::Blueprint
        .all()
        .chain([
            "toYaml",
            "required",
            "include",
            "lookup",
            "tpl",
            "sha512sum",
            "exists",
        ])
        .map(|name| format!("{{{{ if false }}}}{{{{ {name} }}}}{{{{ end }}}}"))
        .collect();
    let go = Renderer::build().unwrap().each(&params(), &called).unwrap();
    for (text, go) in called.iter().zip(&go) {
        assert_eq!(ours(text, &root()).is_ok(), go.is_ok(), "{text}: {go:?}");
    }
}

/// So many templates put together at random.
const RANDOM: usize = 20_000;

#[test]
fn what_is_put_together_at_random_is_no_other_text_than_gos() {
    let mut dice = fastrand::Rng::with_seed(7);
    let mut all: Vec<String> = (0..RANDOM).map(|_| piece(&mut dice, 3)).collect();
    // And some that are broken.
    for number in (0..RANDOM).step_by(5) {
        let text = &mut all[number];
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        if let Some(at) = dice.choice(&places) {
            text.remove(*at);
        }
    }
    let go = Renderer::build().unwrap().each(&params(), &all).unwrap();
    let mut known = 0;
    let mut rendered = 0;
    for (text, go) in all.iter().zip(&go) {
        known += usize::from(must_not_differ(text, &ours(text, &root()), go));
        rendered += usize::from(go.is_ok());
    }
    println!("{known} known, {rendered} rendered");
    assert!(
        known > RANDOM * 8 / 10 && rendered > RANDOM / 8,
        "{known}, {rendered}"
    );
}

const VALUES: [&str; 34] = [
    ".Object.metadata.name",
    ".Object.spec.replicas",
    ".Object.spec.rate",
    ".Object.spec.ready",
    ".Object.spec.null",
    ".Object.spec.empty",
    ".Object.spec.text",
    ".Object.spec.words",
    ".Object.spec.nothing",
    ".Object.spec.map",
    ".Object.spec.missing",
    ".Options.image",
    ".Options.none",
    ".Options",
    ".ArtifactsIn",
    ".ArtifactsIn.mirrorCut.KeyValue.cut",
    ".Phases.first.Output.runId",
    ".Phases.later.Output.k",
    ".Namespace.Name",
    ".DeferPhase",
    ".Time",
    ".",
    "$",
    "$.Time",
    "\"text\"",
    "`raw`",
    "\"\"",
    "3",
    "0",
    "-2",
    "1.5",
    "true",
    "false",
    "nil",
];

const FUNCTIONS: [&str; 45] = [
    "and",
    "or",
    "not",
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "index",
    "len",
    "print",
    "default",
    "empty",
    "coalesce",
    "ternary",
    "hasKey",
    "toJson",
    "toString",
    "quote",
    "squote",
    "upper",
    "lower",
    "trim",
    "trimPrefix",
    "trimSuffix",
    "hasPrefix",
    "hasSuffix",
    "contains",
    "replace",
    "trunc",
    "repeat",
    "indent",
    "nindent",
    "b64enc",
    "b64dec",
    "join",
    "splitList",
    "list",
    "first",
    "last",
    "rest",
    "int",
    "add",
    "sub",
];

fn value(dice: &mut fastrand::Rng, depth: usize) -> String {
    match (depth, dice.usize(0..10)) {
        (0, _) | (_, 0..=6) => (*dice.choice(&VALUES).unwrap()).to_owned(),
        (_, 7..=8) => format!("({})", call(dice, depth - 1)),
        _ => format!("({}).name", call(dice, depth - 1)),
    }
}

fn call(dice: &mut fastrand::Rng, depth: usize) -> String {
    let name = dice.choice(&FUNCTIONS).unwrap();
    let most = match *name {
        "not" | "len" | "empty" | "toJson" | "toString" | "upper" | "lower" | "trim" | "first" => 1,
        "replace" | "ternary" => 3,
        _ => 2,
    };
    let words: Vec<String> = (0..dice.usize(most.max(1) - 1..=most))
        .map(|_| value(dice, depth))
        .collect();
    format!("{name} {}", words.join(" ")).trim().to_owned()
}

fn pipe(dice: &mut fastrand::Rng, depth: usize) -> String {
    let mut text = match dice.bool() {
        true => value(dice, depth),
        false => call(dice, depth),
    };
    while dice.usize(0..3) == 0 {
        text += &format!(" | {}", call(dice, depth.saturating_sub(1)));
    }
    text
}

fn piece(dice: &mut fastrand::Rng, depth: usize) -> String {
    let open = *dice.choice(&["{{ ", "{{", "{{- "]).unwrap();
    let close = *dice.choice(&[" }}", "}}", " -}}"]).unwrap();
    let pipe = pipe(dice, depth.min(2));
    let around = dice.choice(&["", " a ", "\n", "b"]).unwrap();
    let inside = |dice: &mut fastrand::Rng| match depth {
        0 => " c ".to_owned(),
        depth => piece(dice, depth - 1),
    };
    match dice.usize(0..12) {
        0 => format!("{open}if {pipe}{close}{}{{{{ end }}}}", inside(dice)),
        1 => {
            let (then, or) = (inside(dice), inside(dice));
            format!("{open}if {pipe}{close}{then}{{{{ else }}}}{or}{{{{ end }}}}")
        }
        2 => {
            let (then, or) = (inside(dice), inside(dice));
            format!("{open}with {pipe}{close}{then}{{{{else}}}}{or}{{{{end}}}}")
        }
        3 => {
            let each = *dice.choice(&["", "$x := ", "$k, $x := "]).unwrap();
            format!(
                "{open}range {each}{pipe}{close}{}{{{{ . }}}}{{{{ end }}}}",
                inside(dice)
            )
        }
        4 => format!(
            "{open}$v := {pipe}{close}{around}{{{{ $v }}}}{}",
            inside(dice)
        ),
        5 if depth > 0 => format!(
            "{}{around}{}",
            piece(dice, depth - 1),
            piece(dice, depth - 1)
        ),
        _ => format!("{around}{open}{pipe}{close}{around}"),
    }
}
