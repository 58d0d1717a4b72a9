//! Consumer groups beyond the end, and a mirror that is not the cut: the live
//! one, whose connectors wrote to Connect's topics when they were resumed.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use slackwater_cut::{Claim, ClaimName, Evidence, Verdict};
use slackwater_e2e::Scene;
use slackwater_lab::{Lab, Load, LoadPlan, Volumes};

#[test]
fn a_mirror_that_went_on_is_refuted_and_groups_beyond_its_end_are_named() {
    let lab = Lab::builder()
        .name("groups")
        .volumes(Volumes::Directories)
        .start()
        .unwrap();
    let load = Load::start(&lab.source().bootstrap(), &LoadPlan::new(500)).unwrap();
    let scene = Scene::new(lab, "").unwrap();
    slackwater_e2e::wait_until("500 records", std::time::Duration::from_secs(20), || {
        load.acked() > 500
    })
    .unwrap();
    load.stop().unwrap();
    let (_, cut) = scene.backup(&[], 0).unwrap();

    let bootstrap = scene.lab.mirror().bootstrap();
    commit(&bootstrap, "within", 1);
    commit(&bootstrap, "beyond", 1_000_000);
    let args = ["validate", "--output", "json", "--cut", &cut.run_id];
    let finished = scene.run(&args).unwrap().expect(1).unwrap();
    let claims: Vec<Claim> = serde_json::from_str(&finished.stdout).unwrap();
    let claim = claims
        .iter()
        .find(|claim| claim.name == ClaimName::HeadsRestored)
        .unwrap();
    assert_eq!(claim.verdict, Verdict::Refuted);
    assert!(
        claim.reason.contains("mm2-configs-0 has"),
        "{}",
        claim.reason
    );
    assert!(!claim.reason.contains("blogs"), "{}", claim.reason);
    let Evidence::HeadsRestored(evidence) = &claim.evidence else {
        panic!("{:?}", claim.name);
    };
    let named = &evidence.look.groups_beyond_end;
    assert_eq!(named.len(), 1, "{named:?}");
    assert!(
        named[0].starts_with("beyond at 1000000 of blogs-0"),
        "{named:?}"
    );
}

fn commit(bootstrap: &str, group: &str, offset: i64) {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", group)
        .create()
        .unwrap();
    let mut offsets = TopicPartitionList::new();
    offsets
        .add_partition_offset("blogs", 0, Offset::Offset(offset))
        .unwrap();
    consumer.commit(&offsets, CommitMode::Sync).unwrap();
}
