//! Connect's position ahead of the data, made on purpose: it lies on the broker whose volume
//! is copied last, and is committed every second; the data lies on the others. Left as it is
//! MirrorMaker skips what lies between in silence, and with the position that the source
//! tells it does not.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::producer::{
    BaseRecord, DeliveryResult, Producer as _, ProducerContext, ThreadedProducer,
};
use slackwater_cut::Cut;
use slackwater_e2e::{PATIENT, Scene};
use slackwater_lab::{Topic, Volumes};

use crate::REACH;
use crate::copied::{APART, EPSILON, copies};
use crate::logs::{mirrored, records_of};
use crate::trimmed::{Messages, Takes, Trimmed, at_rest, lab, load};

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

/// The data on the first two brokers, and Connect's positions on the third.
fn reassign(scene: &Scene, cut: &Cut) {
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
        topic if data.contains_key(topic) => ids[..2].to_vec(),
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
        let lab = lab.connect_property("offset.flush.interval.ms", "1000");
        let scene = Scene::new(lab.start().unwrap(), PATIENT).unwrap();
        let warm = load(&scene, Messages::Plain { first: 0 }, 1);
        std::thread::sleep(Duration::from_secs(2));
        let warm = warm.stop().unwrap();
        scene.lab.wait_mirrored(&warm, REACH).unwrap();
        let (_, named) = scene.backup(&[], 0).unwrap();
        reassign(&scene, &named);
        let (_, cut) = scene.backup(&[], 0).unwrap();
        let admin = scene.lab.mirror().admin().unwrap();
        admin.create_topics(&[Topic::new(OWN, 1)], 3).unwrap();
        let idempotent = Idempotent::of(&scene);
        idempotent.send(0);
        idempotent.must_have_delivered(SENT);

        let first = warm.sent();
        let going = load(&scene, Messages::Plain { first }, 2);
        std::thread::sleep(Duration::from_secs(3));
        let copies = copies(&scene);
        std::thread::sleep(APART);
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

        let own = format!("--exclude-order={OWN}");
        let order = ["--order=timestamp", "--epsilon", EPSILON, &own];
        let left = [&order[..], &["--leave-connect"]].concat();
        let left = Trimmed::of(&scene, &cut, &copies, &left, Takes::InTurnAndInside);
        left.must_be_one_point(0);
        // Its brokers take them when they have come back.
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
        let sent: Vec<String> = (0..2 * SENT).map(|one| one.to_string()).collect();
        assert_eq!(values, sent, "each once, in order");
        fs::remove_dir_all(&copies[0].1).unwrap();

        let healed = [&order[..], &["--ask-source"]].concat();
        let healed = Trimmed::of(&scene, &cut, &again, &healed, Takes::InTurnAndInside);
        let went = healed.must_go_on(&again, &[&going, &went.after], false);
        assert_eq!(went.skipped, 0);
    }
}
