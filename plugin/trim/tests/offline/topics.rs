//! Copies of topics that were made anew while volumes were cut.

use std::fs;

use crate::site::{Site, messages};
use crate::world::{nodes, options};
use slackwater_cut::Class;
use slackwater_trim::{Held, RealDisk, TrimError, show};

/// The id of each topic in the cut of [`Site`].
const OURS: &str = "4Fi6pGugSI6936nrTTy4_w";

const ANOTHER: &str = "bZ0xeqLnQ7SRbVqrDpzGtQ";

fn says(site: &Site, node: u32, id: &str) {
    let file = format!("node-{node}/src.t-0/partition.metadata");
    let text = format!("version: 0\ntopic_id: {id}");
    fs::write(site.root.path().join(file), text).unwrap();
}

fn site() -> Site {
    let mut site = Site::new();
    site.topic("src.t", Class::Mirrored, 1, Some("t"));
    site.topic("src.u", Class::Mirrored, 1, Some("u"));
    site.all("src.t-0", &messages(0..8));
    site.all("src.u-0", &messages(0..9));
    site
}

#[test]
fn copies_of_two_topics_of_one_name_are_refused_and_both_are_named() {
    let site = site();
    let asked = options(0);
    // One that does not say it may be of any.
    says(&site, 2, OURS);
    site.plan(&asked).unwrap();
    says(&site, 3, ANOTHER);
    let refused = site.plan(&asked).unwrap_err();
    assert!(matches!(refused, TrimError::TwoTopics { .. }), "{refused}");
    let said = refused.to_string();
    let names = format!("that of node 2 has the id {OURS}, that of node 3 the id {ANOTHER}:");
    assert!(said.contains("src.t-0") && said.contains(&names), "{said}");
    // It is so also where its topic is in no order, and the cut says which one is right.
    let mut asked = options(0);
    asked.exclude = vec!["src.t".to_owned()];
    site.plan(&asked).unwrap_err();
    let mut asked = options(0);
    asked.is_of_cut = true;
    let said = site.plan(&asked).unwrap_err().to_string();
    assert!(
        said.contains(&format!("that of the cut is {OURS}")),
        "{said}"
    );
    says(&site, 3, OURS);
    site.plan(&asked).unwrap();
}

#[test]
fn copies_of_another_topic_than_the_cut_knows_are_refused_unless_it_is_left_out() {
    let site = site();
    for node in 1..=3 {
        says(&site, node, ANOTHER);
    }
    let mut asked = options(0);
    // The cut of another run says which topic is what, and no more.
    site.plan(&asked).unwrap();
    asked.is_of_cut = true;
    let refused = site.plan(&asked).unwrap_err();
    assert!(matches!(refused, TrimError::OtherTopic { .. }), "{refused}");
    assert!(refused.to_string().contains("--exclude-order"), "{refused}");
    asked.exclude = vec!["src.t".to_owned()];
    site.plan(&asked).unwrap();
}

#[test]
fn what_is_shown_of_trimmed_volumes_names_a_copy_of_another_topic() {
    let site = site();
    (1..=3).for_each(|node| says(&site, node, OURS));
    let plan = site.plan(&options(0)).unwrap();
    let dirs = nodes(site.root.path());
    Held::take(&dirs, &RealDisk).unwrap().trim(&plan).unwrap();
    let shown = |node: usize| {
        let shown = show(&dirs, &plan, 0).unwrap();
        assert_eq!(shown.partitions[0].topic_id.as_deref(), Some(OURS));
        assert_eq!(shown.partitions[1].topic_id, None);
        shown.partitions[0].copies[node - 1].wrong.clone()
    };
    assert_eq!(shown(2), None);
    says(&site, 2, ANOTHER);
    assert!(shown(2).unwrap().contains(ANOTHER));
}
