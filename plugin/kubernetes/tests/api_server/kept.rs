//! What is kept beside a cut, on a real API server: in one ConfigMap and one Secret,
//! and in several where it does not fit.

use serde_json::{Value, json};
use slackwater_kubernetes::{ApiServer, Keeper, Kept};

use crate::common::between::{Between, Fault, status};
use crate::common::{account_of, namespace, plane, server};

const RUN: &str = "kafka-mirror-1-1";

/// All that it needs.
const RIGHTS: [(&str, &str, &str); 6] = [
    ("", "configmaps", "get"),
    ("", "configmaps", "create"),
    ("", "configmaps", "delete"),
    ("", "secrets", "get"),
    ("", "secrets", "create"),
    ("", "secrets", "delete"),
];

/// Topics of so many bytes together, nearly, and so many Secrets of 32 KiB.
fn mirror(bytes: usize, secrets: usize) -> (Kept, Vec<Value>) {
    let topic = |at: usize| {
        let name = format!("topic-{at}");
        let config = json!({"note": "ä\"\n€".repeat(100)});
        json!({"kind": "KafkaTopic", "metadata": {"name": name}, "spec": {"config": config}})
    };
    let each = topic(1_000).to_string().len();
    let name = |at: usize| format!("user-{at:03}");
    let secret = |at: usize| {
        let data = json!({"user.key": "eA==".repeat(8 << 10)});
        json!({"kind": "Secret", "metadata": {"namespace": "kafka", "name": name(at)}, "data": data})
    };
    let kept = Kept {
        run: RUN.parse().unwrap(),
        kafka_version: Some("4.3.1".to_owned()),
        kafka: json!({"kind": "Kafka"}),
        pools: Vec::new(),
        feeders: Vec::new(),
        others: (0..bytes / each).map(topic).collect(),
        claims: Vec::new(),
        contents: Vec::new(),
        contents_of_others: Vec::new(),
        user_secrets: Vec::new(),
        about: None,
        secrets: (0..secrets)
            .map(|at| format!("kafka/{}", name(at)))
            .collect(),
    };
    (kept, (0..secrets).map(secret).collect())
}

/// 2 MiB of either.
fn large() -> (Kept, Vec<Value>) {
    let (kept, secrets) = mirror(2 << 20, 64);
    assert!(serde_json::to_string(&kept).unwrap().len() > 2_090_000);
    (kept, secrets)
}

fn keeper(server: ApiServer, space: &str) -> Keeper {
    Keeper::new(server, space.to_owned())
}

fn of_kind(space: &str, kind: &str) -> Vec<String> {
    let label = format!("slackwater.io/kept={RUN},app.kubernetes.io/name=slackwater");
    let words = ["-n", space, "get", kind, "-l", &label, "-o", "name"];
    let found = plane().kubectl(&words).unwrap();
    found.lines().map(str::to_owned).collect()
}

/// How many ConfigMaps and Secrets there are.
fn count(space: &str) -> (usize, usize) {
    (
        of_kind(space, "configmaps").len(),
        of_kind(space, "secrets").len(),
    )
}

fn data(space: &str, what: &str) -> serde_json::Map<String, Value> {
    let found = plane().kubectl(&["-n", space, "get", what, "-o", "json"]);
    let object: Value = serde_json::from_str(&found.unwrap()).unwrap();
    object["data"].as_object().unwrap().clone()
}

fn delete(space: &str, what: &str) {
    plane().kubectl(&["-n", space, "delete", what]).unwrap();
}

fn is_as_it_was(keeper: &Keeper, kept: &Kept, secrets: &[Value]) {
    let found = keeper.kept(&kept.run).unwrap().unwrap();
    assert!(found == *kept);
    for (name, secret) in kept.secrets.iter().zip(secrets) {
        assert!(keeper.secret(&kept.run, name).unwrap() == *secret, "{name}");
    }
}

#[test]
fn what_is_kept_comes_back_as_it_was_and_another_s_is_not_read() {
    let space = namespace("keeper");
    let keeper = keeper(server(), &space);
    let (kept, secrets) = mirror(1_000, 1);
    assert_eq!(keeper.kept(&kept.run).unwrap(), None);
    keeper.keep(&kept, &secrets).unwrap();
    is_as_it_was(&keeper, &kept, &secrets);
    let other = keeper.secret(&kept.run, "kafka/other").unwrap_err();
    assert!(
        other.to_string().contains("not among what is kept"),
        "{other}"
    );

    // What fits is in one object, which has nothing else.
    assert_eq!(count(&space), (1, 1));
    let map = format!("configmap/slackwater-{RUN}-kept");
    let keys = |what: &str| data(&space, what).into_iter().map(|(key, _)| key);
    assert!(keys(&map).eq(["resources"]));
    assert!(keys(&format!("secret/slackwater-{RUN}-kept")).eq(["kafka.user-000"]));

    let patch = |change: Value| {
        let change = change.to_string();
        let words = ["-n", &space, "patch", &map, "--type=merge", "-p", &change];
        plane().kubectl(&words).unwrap();
    };
    let others = serde_json::to_string(&kept).unwrap().replace(RUN, "other");
    for (change, says) in [
        (json!({"resources": "{"}), "no good any more"),
        (json!({"resources": others}), "it is of run other"),
        (json!({"parts": "17"}), "parts"),
        (json!({"parts": "0"}), "parts"),
        (json!({"parts": "2"}), "kept-1 is missing"),
        (
            json!({"parts": null, "resources": null}),
            "resources is missing",
        ),
    ] {
        patch(json!({"data": change}));
        let torn = keeper.kept(&kept.run).unwrap_err().to_string();
        assert!(torn.contains(says), "{change}: {torn}");
    }

    keeper.delete(&kept.run).unwrap();
    assert_eq!(keeper.kept(&kept.run).unwrap(), None);
    assert_eq!(count(&space), (0, 0));
}

#[test]
fn what_is_too_large_is_refused_before_anything_is_asked_for() {
    let space = namespace("too-large");
    let between = Between::start(plane());
    let keeper = keeper(between.server(), &space);
    let (kept, secrets) = mirror(1_000, 1);
    let refused = |kept: &Kept, secret: &Value| {
        let error = keeper.keep(kept, std::slice::from_ref(secret)).unwrap_err();
        error.to_string()
    };
    let mut long = kept.clone();
    long.kafka = json!({"kind": "Kafka", "spec": "x".repeat(15 << 20)});
    let long = refused(&long, &secrets[0]);
    assert!(long.contains("the resources of"), "{long}");
    let wide = json!({"kind": "Secret", "data": {"x": "x".repeat(1 << 20)}});
    let wide = refused(&kept, &wide);
    assert!(wide.contains("Secret kafka/user-000 of"), "{wide}");
    assert_eq!(between.count("", ""), 0);
}

#[test]
fn what_does_not_fit_comes_back_out_of_parts_and_delete_leaves_none() {
    let space = namespace("parts");
    let keeper = keeper(account_of(&space, "keeper", &RIGHTS), &space);
    let (kept, secrets) = large();
    keeper.keep(&kept, &secrets).unwrap();
    is_as_it_was(&keeper, &kept, &secrets);
    assert_eq!(count(&space), (3, 3));

    // By hand it is read so.
    let name = |number: usize| match number {
        0 => format!("slackwater-{RUN}-kept"),
        number => format!("slackwater-{RUN}-kept-{number}"),
    };
    let map = |number| data(&space, &format!("configmap/{}", name(number)));
    assert_eq!(map(0)["parts"], "3");
    let texts: Vec<Value> = (0..3).map(|at| map(at)["resources"].clone()).collect();
    let text: String = texts.iter().map(|text| text.as_str().unwrap()).collect();
    assert_eq!(text, serde_json::to_string(&kept).unwrap());
    let held: Vec<_> = (0..3)
        .map(|at| data(&space, &format!("secret/{}", name(at))))
        .collect();
    assert_eq!(held[0]["parts"], "Mw==");
    let entries: usize = held.iter().map(serde_json::Map::len).sum();
    assert_eq!(entries, 64 + 1);

    keeper.delete(&kept.run).unwrap();
    assert_eq!(count(&space), (0, 0));
    assert_eq!(keeper.kept(&kept.run).unwrap(), None);
    assert!(keeper.secret(&kept.run, "kafka/user-000").is_err());
}

#[test]
fn a_part_that_is_missing_or_of_another_keep_is_named() {
    let space = namespace("missing");
    let keeper = keeper(server(), &space);
    let (kept, secrets) = large();
    let last = kept.secrets.last().unwrap();
    keeper.keep(&kept, &secrets).unwrap();
    for kind in ["configmap", "secret"] {
        let part = format!("{kind}/slackwater-{RUN}-kept-1");
        let change = json!({"metadata": {"annotations": {"slackwater.io/write": "0"}}});
        let change = change.to_string();
        let words = ["-n", &space, "patch", &part, "--type=merge", "-p", &change];
        plane().kubectl(&words).unwrap();
        let read = || match kind {
            "configmap" => keeper.kept(&kept.run).map(drop),
            _ => keeper.secret(&kept.run, last).map(drop),
        };
        let place = format!("{kind}s {space}/slackwater-{RUN}-kept-1");
        let other = read().unwrap_err().to_string();
        assert!(
            other.contains(&format!("{place} is of another keep")),
            "{other}"
        );
        delete(&space, &part);
        let missing = read().unwrap_err().to_string();
        assert!(
            missing.contains(&format!("{place} is missing")),
            "{missing}"
        );
    }
    // What comes after a hole goes, too.
    keeper.delete(&kept.run).unwrap();
    assert_eq!(count(&space), (0, 0));
}

#[test]
fn a_smaller_one_in_the_place_of_a_larger_one_leaves_no_part_of_it() {
    let space = namespace("smaller");
    let keeper = keeper(server(), &space);
    let (kept, secrets) = large();
    keeper.keep(&kept, &secrets).unwrap();
    assert_eq!(count(&space), (3, 3));
    for (bytes, held, left) in [(1 << 20, 32, (2, 2)), (1_000, 1, (1, 1)), (0, 0, (1, 0))] {
        let (kept, secrets) = mirror(bytes, held);
        keeper.keep(&kept, &secrets).unwrap();
        assert_eq!(count(&space), left);
        is_as_it_was(&keeper, &kept, &secrets);
    }
}

#[test]
fn what_is_kept_is_nothing_until_all_of_it_is_and_a_keep_that_was_cut_short_is_done_anew() {
    let space = namespace("cut-short");
    let between = Between::start(plane());
    let keeper = keeper(between.server(), &space);
    let (before, old) = mirror(3 << 20, 96);
    let (kept, secrets) = large();
    let down = || Fault::Instead(500, status(500, "InternalError", "etcd has no leader"));
    let done = || Fault::After(201, "{}".to_owned());
    for kind in ["/secrets", "/configmaps"] {
        // Before the first part, before the second, and before the object that counts them.
        for parts in 0..3 {
            keeper.keep(&before, &old).unwrap();
            for _ in 0..parts {
                between.next("POST", kind, done());
            }
            between.next("POST", kind, down());
            let error = keeper.keep(&kept, &secrets).unwrap_err().to_string();
            assert!(error.contains("etcd has no leader"), "{error}");
            assert_eq!(keeper.kept(&kept.run).unwrap(), None);
            let left = match kind {
                "/secrets" => (0, parts),
                _ => (parts, 3),
            };
            assert_eq!(count(&space), left);
        }
    }
    keeper.keep(&kept, &secrets).unwrap();
    is_as_it_was(&keeper, &kept, &secrets);
    assert_eq!(count(&space), (3, 3));
}
