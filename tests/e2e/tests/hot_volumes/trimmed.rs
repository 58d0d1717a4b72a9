//! From volumes as they came back to a mirror that goes on: the plan, the trim, brokers on
//! what is left, and MirrorMaker.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use slackwater_cut::{Claim, ClaimName, Class, Cut, Verdict};
use slackwater_e2e::{PATIENT, Scene};
use slackwater_lab::{
    Connect, Connector, Lab, LabBuilder, Load, LoadPlan, LoadReport, Restored, Topic, Volumes,
};

use crate::logs::{Records, kafka_reads, mirrored, named, paths, records_of};
use crate::{CODECS, LINGER_MS, PARTITIONS, RATE, REACH};

/// A broker's id, and where its volume is.
pub(crate) type Paths = [(i32, PathBuf)];

/// A lab of topics whose brokers pack by each codec.
pub(crate) fn scene(name: &str, exactly_once: bool, volumes: Volumes) -> Scene {
    Scene::new(lab(name, exactly_once, volumes).start().unwrap(), PATIENT).unwrap()
}

/// That lab, to be started.
pub(crate) fn lab(name: &str, exactly_once: bool, volumes: Volumes) -> LabBuilder {
    let topics =
        CODECS.map(|codec| Topic::new(codec, PARTITIONS.into()).config("compression.type", codec));
    Lab::builder()
        .name(name)
        .exactly_once(exactly_once)
        // As a mirror of transactions has it: what is aborted is not copied.
        .connector_property(
            Connector::Source,
            "consumer.isolation.level",
            "read_committed",
        )
        .topics(topics.to_vec())
        .volumes(volumes)
}

/// What a load consists of.
#[derive(Clone, Copy)]
pub(crate) enum Messages {
    /// One by one, numbered from there on.
    Plain { first: u64 },
    /// So, and so large that logs have several segments.
    Large { first: u64 },
    /// In transactions, some of which are given up: what comes then has their numbers.
    Transactions { first: u64 },
}

/// Bytes of a large message: with a hundred and fifty a second in each partition a segment
/// of one MiB, the least that brokers take (KIP-1030), is full in seconds.
const LARGE: usize = 1_000;

/// Records of a transaction over all partitions, and how many are aborted.
const TRANSACTIONS: (u32, f64) = (100, 0.2);

/// A transaction's markers are written after its commit is answered
/// (`TransactionMarkerChannelManager`), and its records count from then on: on busy cores
/// that takes a while.
const MARKED_MS: i64 = 3_000;

impl Messages {
    /// More of the same, numbered from there on.
    pub(crate) fn from(self, first: u64) -> Self {
        match self {
            Self::Plain { .. } => Self::Plain { first },
            Self::Large { .. } => Self::Large { first },
            Self::Transactions { .. } => Self::Transactions { first },
        }
    }

    /// How long it takes at the most from a record's timestamp until it counts, where the
    /// load's slowest answer came after that.
    pub(crate) fn count_within(self, load: &LoadReport) -> i64 {
        let answered = i64::try_from(load.slowest.as_millis()).unwrap() + 1;
        match self {
            Self::Plain { .. } | Self::Large { .. } => answered,
            Self::Transactions { .. } => answered + MARKED_MS,
        }
    }
}

/// A load on all topics.
pub(crate) fn load(scene: &Scene, messages: Messages, producer: u64) -> Load {
    load_at(RATE, scene, messages, producer)
}

/// The same at another rate.
pub(crate) fn load_at(rate: u32, scene: &Scene, messages: Messages, producer: u64) -> Load {
    let plan = LoadPlan::new(rate).topics(&CODECS).producer(producer);
    let plan = plan.linger_ms(LINGER_MS);
    let plan = match messages {
        Messages::Plain { first } => plan.first(first),
        Messages::Large { first } => plan.first(first).size(LARGE),
        Messages::Transactions { first } => {
            let (records, given_up) = TRANSACTIONS;
            plan.first(first).transactional(records, given_up)
        }
    };
    Load::start(&scene.lab.source().bootstrap(), &plan).unwrap()
}

/// The load has ended, the mirror has all of it, and nothing runs on its volumes.
pub(crate) fn at_rest(scene: &Scene, going: Load) -> LoadReport {
    let going = going.stop().unwrap();
    scene.lab.wait_mirrored(&going, REACH).unwrap();
    scene.lab.connect().stop().unwrap();
    scene.lab.mirror().stop().unwrap();
    going
}

/// All replicas are the same, batch by batch.
fn must_agree(scene: &Scene, volumes: &Paths) {
    let paths = paths(volumes);
    let mut args = vec!["logdir", "scan", "--output=json", "--deep"];
    args.extend(paths.iter().map(String::as_str));
    let scan = scene.run(&args).unwrap().expect(0).unwrap();
    let scan: Value = serde_json::from_str(&scan.stdout).unwrap();
    for row in scan["replicas"].as_array().unwrap() {
        let metadata = row["partition"]["topic"] == "__cluster_metadata";
        let agrees = row["agreement"] == "agree" || row["agreement"] == "alone";
        assert!(metadata || agrees, "{row}");
    }
}

/// What the claim says of them by now.
fn must_be(scene: &Scene, plan: &str, volumes: &Paths, verdict: Verdict) {
    let cut = scene.at("cut.json").display().to_string();
    let named = named(volumes);
    let mut args = vec!["validate", "--output=json", "--cut", &cut, "--plan", plan];
    args.extend(named.iter().map(String::as_str));
    let ran = scene.run(&args).unwrap();
    let claims: Vec<Claim> = serde_json::from_str(&ran.stdout).unwrap();
    let claim = claims.iter().find(|one| one.name == ClaimName::Consistent);
    let claim = claim.unwrap_or_else(|| panic!("{}", ran.stderr));
    println!("{} {}: {}", claim.name, claim.verdict, claim.reason);
    assert_eq!(claim.verdict, verdict, "{}", claim.reason);
    assert_eq!(ran.code == Some(0), verdict == Verdict::Proven);
}

/// Connect says what stands in its status topic, which is of before, until its worker has
/// written there what it does.
fn must_come_up_stopped(connect: &Connect, connector: &str) {
    for _ in 0..20 {
        let status = connect.status(connector).unwrap();
        if status.connector == "STOPPED" {
            assert!(status.tasks.is_empty(), "{status:?}");
            return;
        }
        std::thread::sleep(Duration::from_millis(500));
    }
    panic!("{connector}: {:?}", connect.status(connector).unwrap());
}

/// The cut with what its trimmed volumes have shown.
const SHOWN: &str = "shown.json";

/// Of volumes that are not those of the cut's run.
pub(crate) const OTHER: &str = "--other-volumes";

/// How the copies were taken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    /// While nothing moved: all are equal.
    AtOnce,
    /// One after another.
    InTurn,
    /// So, and some cuts lie inside of batches.
    InTurnAndInside,
}

/// Loads behind a restore are no others': messages bear their producer's number.
const AFTERWARDS: u64 = 9;

/// What became of a mirror that went on.
pub(crate) struct WentOn {
    /// Records that MirrorMaker skipped.
    pub(crate) skipped: u64,
    /// What the source was given then.
    pub(crate) after: LoadReport,
}

/// Volumes that were planned and trimmed.
pub(crate) struct Trimmed<'s> {
    scene: &'s Scene,
    takes: Takes,
    /// The mirror's topics that carry load, and the source's.
    topics: BTreeMap<String, String>,
    /// The document, and where it is.
    pub(crate) plan: Value,
    plan_file: String,
    kept: BTreeMap<(String, u32), Records>,
    /// Whether each offset of the source is a record.
    counts: bool,
}

impl<'s> Trimmed<'s> {
    /// Plans by this order and trims; afterwards all replicas agree, and Kafka's own tool
    /// reads them.
    pub(crate) fn made(
        scene: &'s Scene,
        cut: &Cut,
        volumes: &Paths,
        order: &[&str],
        takes: Takes,
    ) -> Self {
        let file = |name: &str| scene.at(name).display().to_string();
        let exported = scene.run(&["cut", "export", &cut.run_id]).unwrap();
        fs::write(scene.at("cut.json"), exported.expect(0).unwrap().stdout).unwrap();
        let paths = paths(volumes);
        let with = |args: &[&str]| {
            let mut all: Vec<&str> = args.to_vec();
            all.extend(paths.iter().map(String::as_str));
            scene.run(&all).unwrap()
        };
        let of = volumes[0].1.file_name().unwrap().to_string_lossy();
        let plan_file = file(&format!("plan-{of}.json"));
        // Topics without a record say nothing of how far they are.
        let topics = mirrored(cut);
        let empty = cut
            .rows
            .topics
            .iter()
            .filter(|topic| topic.class == Class::Mirrored);
        let empty = empty.filter(|topic| !topics.contains_key(&topic.name));
        let empty: Vec<String> = empty
            .map(|topic| format!("--exclude-order={}", topic.name))
            .collect();
        let mut args = vec!["logdir", "plan"];
        args.extend(order);
        args.extend(empty.iter().map(String::as_str));
        args.extend(["--save", &plan_file, &cut.run_id]);
        println!("{}", with(&args).expect(0).unwrap().stdout);
        let plan: Value = serde_json::from_str(&fs::read_to_string(&plan_file).unwrap()).unwrap();
        let shorter = plan["partitions"].as_array().unwrap().iter().filter(|row| {
            let replicas = row["replicas"].as_array().unwrap();
            replicas
                .iter()
                .any(|replica| replica["standing"] == "shorter")
        });
        match takes {
            Takes::AtOnce => assert_eq!(shorter.count(), 0),
            _ => assert!(
                shorter.count() >= 10,
                "the copies were taken one after another"
            ),
        }
        let trimmed = with(&["logdir", "trim", &plan_file]).expect(0).unwrap();
        println!("{}", trimmed.stdout);
        must_agree(scene, volumes);
        // Of volumes that the cut's run did not take, it does not know what there was.
        let verdict = match order.contains(&OTHER) {
            true => Verdict::Unproven,
            false => Verdict::Proven,
        };
        must_be(scene, &plan_file, volumes, verdict);
        let names: Vec<String> = topics.keys().cloned().collect();
        let inside = takes == Takes::InTurnAndInside;
        kafka_reads(volumes, &plan, &names, inside);
        let kept = records_of(&volumes[0].1, &names);
        assert_eq!(kept.len(), CODECS.len() * usize::from(PARTITIONS));
        Self {
            scene,
            takes,
            topics,
            plan,
            plan_file,
            kept,
            counts: true,
        }
    }

    /// The source has these: where they are transactions not each of its offsets is a record.
    pub(crate) fn of(mut self, messages: Messages) -> Self {
        self.counts = !matches!(messages, Messages::Transactions { .. });
        self
    }

    /// The cut with what the volumes have shown, for whoever looks at brokers on them.
    pub(crate) fn note_what_is_shown(&self, volumes: &Paths) {
        let cut = self.scene.at("cut.json").display().to_string();
        let shown = self.scene.at(SHOWN).display().to_string();
        let named = named(volumes);
        let mut args = vec!["validate", "--cut", &cut, "--plan", &self.plan_file];
        args.extend(["--save", &shown]);
        args.extend(named.iter().map(String::as_str));
        self.scene.run(&args).unwrap().expect(0).unwrap();
    }

    /// Brokers on them have the plan's ends and last records.
    fn must_show_its_heads(&self, restored: &Restored) {
        let shown = self.scene.at(SHOWN);
        if !shown.exists() || !restored.exec_prefix().is_empty() {
            return;
        }
        let (cut, bootstrap) = (shown.display().to_string(), restored.bootstrap());
        let args = ["validate", "--cut", &cut, "--bootstrap", &bootstrap];
        let ran = self.scene.run(&args).unwrap().expect(0).unwrap();
        println!("{}", ran.stdout);
        assert!(
            ran.stdout.contains("headsRestored proven"),
            "{}",
            ran.stdout
        );
    }

    /// Without the trim it is no point, and with it again it is.
    pub(crate) fn must_come_to_the_same_again(&self, volumes: &Paths) {
        let plan = &self.plan_file;
        let paths = paths(volumes);
        let run = |verb: &[&str]| {
            let paths = paths.iter().map(String::as_str);
            let args: Vec<&str> = verb.iter().copied().chain(paths).collect();
            self.scene.run(&args).unwrap().expect(0).unwrap();
        };
        run(&["logdir", "untrim"]);
        must_be(self.scene, plan, volumes, Verdict::Refuted);
        run(&["logdir", "trim", plan]);
        must_be(self.scene, plan, volumes, Verdict::Proven);
    }

    /// By the order of the source: what is kept is what it had accepted at that sweep. A
    /// record is accepted between its timestamp and its acknowledgement, and no later than
    /// `accepted_ms` after the first.
    pub(crate) fn must_be_that_sweep(&self, accepted_ms: i64) {
        let point = &self.plan["order"]["source"];
        let at = |name: &str| point[name].as_i64().unwrap();
        println!("{point}");
        let (before, after) = (at("allBeforeMs"), at("noneAfterMs"));
        let (latest, earliest) = self.must_be_one_point(after - before + accepted_ms);
        assert!(latest <= after, "{latest} came after that sweep");
        assert!(
            earliest >= before - accepted_ms,
            "{earliest} was there before that sweep"
        );
    }

    /// What is kept is the source's, from its first record on, and no message is there
    /// without another whose timestamp is earlier by more than this. Gives the latest
    /// timestamp that is kept and the earliest that is not.
    pub(crate) fn must_be_one_point(&self, slack_ms: i64) -> (i64, i64) {
        let sources: Vec<String> = self.topics.values().cloned().collect();
        let source = self.scene.lab.source().brokers()[0].mount_point();
        let all = records_of(source, &sources);
        let (mut latest, mut earliest) = (i64::MIN, i64::MAX);
        let (mut kept_count, mut lost_count) = (0, 0);
        for ((topic, number), kept) in &self.kept {
            let all = &all[&(self.topics[topic].clone(), *number)];
            assert!(
                all.starts_with(kept),
                "{topic}-{number} is the source's, from its first record on"
            );
            latest = latest.max(kept.iter().map(|one| one.1).max().unwrap());
            let lost = &all[kept.len()..];
            earliest = earliest.min(lost.iter().map(|one| one.1).min().unwrap_or(i64::MAX));
            kept_count += kept.len();
            lost_count += lost.len();
        }
        println!(
            "{kept_count} records kept, {lost_count} not; {} ms between",
            earliest - latest
        );
        assert!(
            latest - earliest <= slack_ms,
            "a message is kept without an earlier one: {latest} and {earliest}"
        );
        assert!(lost_count > 0 && kept_count > 0);
        (latest, earliest)
    }

    /// Whether Connect is to come up with its connectors stopped: they were when the mirror
    /// stood still.
    fn stops_connect(&self) -> bool {
        if self.takes == Takes::AtOnce {
            return true;
        }
        let rows = self.plan["partitions"].as_array().unwrap();
        rows.iter().any(|row| row["added"].is_array())
    }

    /// In the original's place as a person does it; elsewhere this program does not get to.
    fn resume(&self, restored: &Restored) {
        if restored.exec_prefix().is_empty() {
            let cut = self.scene.at("cut.json").display().to_string();
            let resumed = self.scene.run(&["resume", "--cut", &cut]).unwrap();
            println!("{}", resumed.expect(0).unwrap().stdout);
            return;
        }
        let connect = restored.connect().unwrap();
        for connector in Connector::ALL {
            connect.resume_connector(connector.name()).unwrap();
        }
    }

    fn forgotten(&self) -> usize {
        let rows = self.plan["partitions"].as_array().unwrap().iter();
        rows.filter_map(|row| row["forgotten"].as_array())
            .map(Vec::len)
            .sum()
    }

    /// A real cluster starts on the volumes, ends where the plan says, and MirrorMaker
    /// goes on with what was foretold: what it copies twice and what it skips. `before`:
    /// what the source has been given.
    pub(crate) fn must_go_on(
        &self,
        volumes: &Paths,
        before: &[&LoadReport],
        exactly_once: bool,
    ) -> WentOn {
        let scene = self.scene;
        let mut restored = scene.lab.start_restored(volumes).unwrap();
        let admin = restored.cluster().admin().unwrap();
        let forgotten = self.forgotten();
        println!("{forgotten} transactional ids are forgotten");
        assert!(!exactly_once || self.takes == Takes::AtOnce || forgotten > 0);
        let ends = || {
            for row in self.plan["partitions"].as_array().unwrap() {
                let topic = row["partition"]["topic"].as_str().unwrap();
                if self.topics.contains_key(topic) {
                    let number = row["partition"]["partition"].as_i64().unwrap();
                    let (_, end) = admin
                        .watermarks(topic, i32::try_from(number).unwrap())
                        .unwrap();
                    let cut = row["cut"].as_i64().unwrap();
                    // No coordinator ends a transaction there.
                    assert_eq!(end, cut, "{topic}-{number}");
                }
            }
        };
        ends();
        self.must_show_its_heads(&restored);
        // With exactly-once the position went with the data; without, it lies behind, and
        // what comes twice is known; or, where Connect committed just before the last copy
        // was taken, ahead, and what it skips is.
        let positions = self.plan["depends"]["positions"].as_array().unwrap();
        let (mut twice, mut skipped) = (0, 0);
        for ((topic, number), kept) in &self.kept {
            let held = positions.iter().find(|one| {
                one["mirror"]["topic"] == topic.as_str() && one["mirror"]["partition"] == *number
            });
            // One that is right is not listed, and one that was put right lies where it is to.
            if held.is_none_or(|one| one["putRight"] == true) {
                continue;
            }
            // Offsets of the source are no counts where markers lie between its records.
            assert!(self.counts, "{}", held.unwrap());
            // Nothing was committed yet: it begins with the first record.
            let next = held.unwrap()["committed"]
                .as_u64()
                .map_or(0, |last| last + 1);
            twice += (kept.len() as u64).saturating_sub(next);
            skipped += next.saturating_sub(kept.len() as u64);
        }
        println!("{twice} records will come twice, {skipped} be skipped");
        assert!(!exactly_once || twice + skipped == 0);

        restored.start_connect(&scene.lab).unwrap();
        let connect = restored.connect().unwrap();
        if self.stops_connect() {
            println!("{:#}", self.plan["depends"]["positions"]);
            assert_eq!((twice, skipped), (0, 0), "every position was put right");
            for connector in Connector::ALL {
                must_come_up_stopped(connect, connector.name());
            }
            // Nor has anything come while they were.
            ends();
            self.resume(&restored);
        }
        connect.wait_running().unwrap();
        let producer = AFTERWARDS + before.len() as u64;
        let after = load(scene, Messages::Plain { first: 0 }, producer);
        std::thread::sleep(Duration::from_secs(3));
        let after = after.stop().unwrap();
        for load in before.iter().copied().chain([&after]) {
            scene.lab.wait_mirrored(load, REACH).unwrap();
        }
        let compared = scene.run(&["compare", "--output=json"]).unwrap();
        let compared = compared.expect(i32::from(skipped > 0)).unwrap();
        let report: Value = serde_json::from_str(&compared.stdout).unwrap();
        let count = |name: &str| report[name].as_u64().unwrap();
        for name in ["extra", "outOfOrder", "unresolved"] {
            assert_eq!(count(name), 0, "{name}: {report:#}");
        }
        let foretold = (count("missing"), count("duplicates"));
        assert_eq!(foretold, (skipped, twice), "{report:#}");
        if volumes.iter().all(|(_, path)| path.is_dir()) {
            // A heartbeat that came between two brokers' ends would be on one of them alone.
            connect.stop().unwrap();
            restored.cluster().stop().unwrap();
            must_agree(scene, volumes);
        }
        WentOn { skipped, after }
    }
}
