//! Connect's position ahead of the data, made on purpose: it lies on the broker whose volume
//! is copied last, and is committed every second; the data lies on the others. Left as it is
//! MirrorMaker skips what lies between in silence, and with the position that the source
//! tells it does not.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::producer::{
    BaseRecord, DeliveryResult, Producer as _, ProducerContext, ThreadedProducer,
};
use serde_json::Value;
use slackwater_cut::Cut;
use slackwater_e2e::{PATIENT, Scene};
use slackwater_lab::{Topic, Volumes};
use slackwater_logdir::{Locked, survey};

use crate::copied::{APART, copies};
use crate::logs::{mirrored, records_of};
use crate::trimmed::{Messages, OTHER, Takes, Trimmed, at_rest, lab, load};
use crate::{CODECS, PARTITIONS, REACH};

/// A topic of the mirror's own.
const OWN: &str = "goes-on";

/// Messages that an idempotent producer sends to it before the copies, and as many when it
/// is restored.
const SENT: u64 = 50;

/// What a client may take to find a cluster that has come back.
const COMES_BACK: Duration = Duration::from_secs(300);

#[derive(Default)]
struct Counting {
    delivered: AtomicU64,
    failed: AtomicU64,
}

impl ClientContext for Counting {}

impl ProducerContext for Counting {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        match result {
            Ok(_) => self.delivered.fetch_add(1, Ordering::SeqCst),
            Err(_) => self.failed.fetch_add(1, Ordering::SeqCst),
        };
    }
}

/// One that lives through the restore: its brokers have to know its last sequence.
struct Idempotent(ThreadedProducer<Counting>);

impl Idempotent {
    fn of(scene: &Scene) -> Self {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", scene.lab.mirror().bootstrap())
            .set("enable.idempotence", "true")
            .set("message.timeout.ms", COMES_BACK.as_millis().to_string());
        Self(config.create_with_context(Counting::default()).unwrap())
    }

    fn send(&self, from: u64) {
        for number in from..from + SENT {
            let value = number.to_string();
            let record = BaseRecord::<(), str>::to(OWN).partition(0).payload(&value);
            self.0.send(record).map_err(|(error, _)| error).unwrap();
        }
    }

    fn must_have_delivered(&self, count: u64) {
        self.0.flush(COMES_BACK).unwrap();
        let counted = self.0.context();
        let of = |one: &AtomicU64| one.load(Ordering::SeqCst);
        assert_eq!((of(&counted.delivered), of(&counted.failed)), (count, 0));
    }
}

/// Another producer's messages to that topic, until it is dropped: what goes of it is theirs.
struct Trickle(Option<(mpsc::Sender<()>, JoinHandle<()>)>);

impl Trickle {
    fn of(scene: &Scene) -> Self {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", scene.lab.mirror().bootstrap());
        let producer: ThreadedProducer<_> = config.create().unwrap();
        let (stop, stopped) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            while stopped
                .recv_timeout(Duration::from_millis(50))
                .is_err_and(is_timeout)
            {
                let record = BaseRecord::<(), str>::to(OWN).partition(0).payload(OTHERS);
                producer.send(record).map_err(|(error, _)| error).unwrap();
            }
            producer.flush(COMES_BACK).unwrap();
        });
        Self(Some((stop, thread)))
    }
}

fn is_timeout(error: RecvTimeoutError) -> bool {
    error == RecvTimeoutError::Timeout
}

impl Drop for Trickle {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.0.take() {
            drop(stop);
            thread.join().unwrap();
        }
    }
}

/// What they say.
const OTHERS: &str = "another's";

/// By so much timestamps may be out of order, as it is stated: so much of all goes, and with
/// it the begin of a leader's epoch.
const EPSILON: &str = "5s";

/// What goes then is more than a topic's usual share.
const JETTISON: &str = "--max-jettison=60s,90%";

/// Of each log of a broker with data: where the last leader's epoch begins, and its segments.
fn shapes(copy: &Path, cut: &Cut) -> BTreeMap<(String, u32), (u64, usize)> {
    let data = mirrored(cut);
    let dirs = survey(copy, Locked::Allow).unwrap();
    let replicas = dirs.iter().flat_map(|dir| &dir.replicas);
    let replicas = replicas.filter(|one| data.contains_key(&one.partition.topic));
    let each = replicas.map(|one| {
        let id = (one.partition.topic.clone(), one.partition.partition);
        (id, (one.epochs.last().unwrap().1, one.segments.len()))
    });
    each.collect()
}

/// Some logs have several segments, and some are cut below where their last leader's epoch
/// begins.
fn must_be_of_all_shapes(plan: &Value, shapes: &BTreeMap<(String, u32), (u64, usize)>) {
    let (mut below, mut several) = (0, 0);
    for row in plan["partitions"].as_array().unwrap() {
        let topic = row["partition"]["topic"].as_str().unwrap().to_owned();
        let number = row["partition"]["partition"].as_u64().unwrap();
        let id = (topic, u32::try_from(number).unwrap());
        if let Some((epoch, segments)) = shapes.get(&id) {
            below += u32::from(row["cut"].as_u64().unwrap() < *epoch);
            several += u32::from(*segments > 1);
        }
    }
    println!("{below} are cut below an epoch, {several} have several segments");
    assert!(below > 0 && several > 0);
}

/// The data on the first two brokers, of which `leads` is to lead, and Connect's positions on
/// the third.
fn reassign(scene: &Scene, cut: &Cut, leads: usize) {
    let ids: Vec<i32> = scene
        .lab
        .mirror()
        .brokers()
        .iter()
        .map(|one| one.id())
        .collect();
    let (data, offsets) = (mirrored(cut), &cut.settings.connects[0].topics.offset);
    let wanted = |topic: &str, partition: i32| match topic {
        topic if topic == offsets => vec![ids[2]],
        topic if data.contains_key(topic) => vec![ids[leads], ids[1 - leads]],
        _ => {
            let first = usize::try_from(partition).unwrap() % ids.len();
            [&ids[first..], &ids[..first]].concat()
        }
    };
    scene.lab.reassign(wanted).unwrap();
}

mod takes_long {
    use super::*;

    #[test]
    fn a_position_ahead_of_the_data_is_a_silent_hole_unless_it_is_put_right() {
        let lab = lab("hot-ahead", false, Volumes::Directories);
        let lab = lab
            .connect_property("offset.flush.interval.ms", "1000")
            .topics(
                CODECS
                    .map(|codec| {
                        Topic::new(codec, PARTITIONS.into())
                            .config("compression.type", codec)
                            .config("segment.bytes", "1048576")
                    })
                    .to_vec(),
            );
        let scene = Scene::new(lab.start().unwrap(), PATIENT).unwrap();
        let warm = load(&scene, Messages::Large { first: 0 }, 1);
        std::thread::sleep(Duration::from_secs(2));
        let warm = warm.stop().unwrap();
        scene.lab.wait_mirrored(&warm, REACH).unwrap();
        let (_, named) = scene.backup(&[], 0).unwrap();
        reassign(&scene, &named, 0);
        scene.lab.elect_preferred_leaders().unwrap();
        let (_, cut) = scene.backup(&[], 0).unwrap();
        let admin = scene.lab.mirror().admin().unwrap();
        admin.create_topics(&[Topic::new(OWN, 1)], 3).unwrap();
        let idempotent = Idempotent::of(&scene);
        idempotent.send(0);
        idempotent.must_have_delivered(SENT);
        let trickle = Trickle::of(&scene);

        let first = warm.sent();
        let going = load(&scene, Messages::Large { first }, 2);
        std::thread::sleep(Duration::from_secs(3));
        let copies = copies(&scene, |there| {
            if there == 1 {
                reassign(&scene, &cut, 1);
                scene.lab.elect_preferred_leaders().unwrap();
            }
        });
        let shapes = shapes(&copies[1].1, &cut);
        std::thread::sleep(APART);
        drop(trickle);
        let going = at_rest(&scene, going);
        let again: Vec<(i32, PathBuf)> = copies
            .iter()
            .map(|(id, copy)| {
                let other = scene.at(&format!("again-{id}"));
                let status = Command::new("cp").arg("-a").arg(copy).arg(&other).status();
                assert!(status.unwrap().success());
                (*id, other)
            })
            .collect();

        let order = ["--order=timestamp", "--epsilon", EPSILON, JETTISON, OTHER];
        let left = [&order[..], &["--leave-connect"]].concat();
        let left = Trimmed::made(&scene, &cut, &copies, &left, Takes::InTurnAndInside);
        left.must_be_one_point(0);
        must_be_of_all_shapes(&left.plan, &shapes);
        let rows = left.plan["partitions"].as_array().unwrap();
        let row = rows.iter().find(|row| row["partition"]["topic"] == OWN);
        let kept = row.unwrap()["cut"].as_u64().unwrap();
        let goes = row.unwrap()["end"].as_u64().unwrap() - kept;
        println!("{kept} of its own topic are kept, {goes} go");
        assert!(kept >= SENT && goes > 0);
        // Its brokers take them when they have come back, behind what was cut.
        idempotent.send(SENT);
        let went = left.must_go_on(&copies, &[&going], false);
        println!("{} records were skipped in silence", went.skipped);
        assert!(went.skipped > 0, "the position was not ahead");
        idempotent.must_have_delivered(2 * SENT);
        let own = records_of(&copies[0].1, &[OWN.to_owned()]);
        let values = own.values().next().unwrap().iter();
        let values: Vec<String> = values
            .map(|(value, _)| String::from_utf8(value.clone()).unwrap())
            .collect();
        assert_eq!(values.len() as u64, kept + SENT);
        let own: Vec<&String> = values.iter().filter(|one| *one != OTHERS).collect();
        let sent: Vec<String> = (0..2 * SENT).map(|one| one.to_string()).collect();
        assert_eq!(own, sent.iter().collect::<Vec<_>>(), "each once, in order");
        fs::remove_dir_all(&copies[0].1).unwrap();

        let healed = [&order[..], &["--ask-source"]].concat();
        let healed = Trimmed::made(&scene, &cut, &again, &healed, Takes::InTurnAndInside);
        let went = healed.must_go_on(&again, &[&going, &went.after], false);
        assert_eq!(went.skipped, 0);
    }
}
