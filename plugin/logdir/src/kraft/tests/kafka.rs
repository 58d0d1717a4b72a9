//! Against bytes that Kafka 4.3.1's own `MetadataRecordSerde` wrote.

use super::{after, hex};
use crate::kraft::{ConfigOf, Listener, MetadataImage, PartitionImage, Uuid};

const TOPIC: Uuid = id(0x22);

/// As the records have them: one byte eight times, then 0x22 eight times.
const fn id(byte: u8) -> Uuid {
    let mut bytes = [0x22; 16];
    let mut at = 0;
    while at < 8 {
        bytes[at] = byte;
        at += 1;
    }
    Uuid(bytes)
}

const REGISTER: [&str; 5] = [
    "01000000000001111111111111111122222222222222220000000000001267020945585445524e414c0b62312e6578616d706c65e6d400030002116d657461646174612e76657273696f6e0007001d0002720100",
    "01000100000001111111111111111122222222222222220000000000001267020945585445524e414c0b62312e6578616d706c65e6d400030002116d657461646174612e76657273696f6e0007001d0000010100",
    "0100020000000100111111111111111122222222222222220000000000001267020945585445524e414c0b62312e6578616d706c65e6d400030002116d657461646174612e76657273696f6e0007001d000272010100",
    "0100030000000100111111111111111122222222222222220000000000001267020945585445524e414c0b62312e6578616d706c65e6d400030002116d657461646174612e76657273696f6e0007001d00000101010021035555555555555555222222222222222266666666666666662222222222222222",
    "0100040000000100111111111111111122222222222222220000000000001267020945585445524e414c0b62312e6578616d706c65e6d400030002116d657461646174612e76657273696f6e0007001d000272010102002103555555555555555522222222222222226666666666666666222222222222222201110255555555555555552222222222222222",
];
const BROKER_CHANGE: [&str; 4] = [
    "011100000000010000000000001267010001ff",
    "011101000000010000000000001267020001ff010101",
    "011102000000010000000000001267030001ff01010102110277777777777777772222222222222222",
    "011103000000010000000000001267040001ff01010102110277777777777777772222222222222222030101",
];
const PARTITION: [&str; 3] = [
    "01030000000003222222222222222222222222222222220400000001000000020000000302000000010200000002020000000300000001000000090000001501000101",
    "0103010000000322222222222222222222222222222222040000000100000002000000030200000001020000000202000000030000000100000009000000150455555555555555552222222222222222000000000000000000000000000000006666666666666666222222222222222201000101",
    "01030200000003222222222222222222222222222222220400000001000000020000000302000000010200000002020000000300000001000000090000001504555555555555555522222222222222220000000000000000000000000000000066666666666666662222222222222222030001010105020000000202050200000003",
];
const PARTITION_CHANGE: [&str; 3] = [
    "010500000000032222222222222222222222222222222206000502000000030104000000030209030000000300000002030101040101050100",
    "0105010000000322222222222222222222222222222222070005020000000301040000000302090300000003000000020301010401010501000821036666666666666666222222222222222255555555555555552222222222222222",
    "01050200000003222222222222222222222222222222220900050200000003010400000003020903000000030000000203010104010105010006010107090300000001000000020821036666666666666666222222222222222255555555555555552222222222222222",
];
const NO_LEADER: &str = "0105000000000322222222222222222222222222222222010104ffffffff";
const UNREGISTER: &str = "01010000000001000000000000126700";
const FENCE: &str = "01070000000001000000000000126700";
const UNFENCE: &str = "01080000000001000000000000126700";
const TOPIC_RECORD: &str = "01020006626c6f67732222222222222222222222222222222200";
const REMOVE_TOPIC: &str = "0109002222222222222222222222222222222200";
const CONFIG: &str = "0104000206626c6f67730d726574656e74696f6e2e6d730a36303438303030303000";
const CONFIG_NULL: &str = "0104000206626c6f67730d726574656e74696f6e2e6d730000";
const CONFIG_BROKERS: &str = "0104000401146c6f672e636c65616e65722e74687265616473023200";
const CONFIG_GROUP: &str = "010400200267026b027600";
const FEATURE: &str = "010c00116d657461646174612e76657273696f6e001d00";
const BEGIN: &str = "01170001001212426f6f747374726170207265636f726473";
const END: &str = "01180000";
const ABORT: &str = "01190001001414636f6e74726f6c6c6572206661696c6f766572";
const ABORT_NULL: &str = "01190000";
const CONTROLLER: &str = "011b00000000649999999999999999222222222222222200020b434f4e54524f4c4c45520363312385000000020e6b726166742e76657273696f6e000000010000";
const CLEAR_ELR: &str = "011c0006626c6f677300";
const CLEAR_ALL: &str = "011c000100";
const NO_OP: &str = "01140000";
const PRODUCER_IDS: &str = "010f0000000001000000000000126700000000000003e800";

fn image(records: &[&str]) -> MetadataImage {
    after(records.iter().map(|record| hex(record)))
}

fn partition(records: &[&str]) -> PartitionImage {
    let all = [&[TOPIC_RECORD], records].concat();
    image(&all).topics.partition(TOPIC, 3).unwrap().clone()
}

#[test]
fn a_broker_registers_in_each_version() {
    for (version, record) in REGISTER.iter().enumerate() {
        let image = image(&[record]);
        let broker = &image.brokers[&1];
        assert_eq!((broker.epoch, broker.incarnation), (4711, id(0x11)));
        assert!(broker.fenced);
        assert_eq!(broker.in_controlled_shutdown, version >= 1);
        let dirs: &[Uuid] = if version >= 3 {
            &[id(0x55), id(0x66)]
        } else {
            &[]
        };
        assert_eq!(*broker.log_dirs, *dirs);
        let listener = Listener {
            name: "EXTERNAL".into(),
            host: "b1.example".into(),
            port: 59092,
            protocol: 3,
        };
        assert_eq!(*broker.listeners, [listener]);
    }
}

#[test]
fn a_broker_changes_in_each_version() {
    for (version, record) in BROKER_CHANGE.iter().enumerate() {
        let image = image(&[REGISTER[0], record]);
        let broker = &image.brokers[&1];
        assert!(!broker.fenced);
        assert_eq!(broker.in_controlled_shutdown, version >= 1);
        let dirs: &[Uuid] = if version >= 2 { &[id(0x77)] } else { &[] };
        assert_eq!(*broker.log_dirs, *dirs);
    }
}

#[test]
fn a_broker_is_fenced_unfenced_and_taken_out() {
    assert!(!image(&[REGISTER[0], UNFENCE]).brokers[&1].fenced);
    assert!(image(&[REGISTER[0], UNFENCE, FENCE]).brokers[&1].fenced);
    assert!(image(&[REGISTER[0], UNREGISTER]).brokers.is_empty());
}

#[test]
fn a_partition_is_read_in_each_version() {
    for (version, record) in PARTITION.iter().enumerate() {
        let since = |needed| version >= needed;
        let expected = PartitionImage {
            replicas: [1, 2, 3].into(),
            directories: match since(1) {
                true => [id(0x55), Uuid::MIGRATING, id(0x66)].into(),
                false => [].into(),
            },
            isr: [1].into(),
            removing: [2].into(),
            adding: [3].into(),
            elr: if since(2) { [2].into() } else { [].into() },
            last_known_elr: if since(2) { [3].into() } else { [].into() },
            leader: Some(1),
            recovering: true,
            leader_epoch: 9,
            partition_epoch: 21,
        };
        assert_eq!(partition(&[record]), expected);
    }
}

#[test]
fn a_partition_changes_in_each_version() {
    for (version, record) in PARTITION_CHANGE.iter().enumerate() {
        let since = |needed| version >= needed;
        let expected = PartitionImage {
            replicas: [3, 2].into(),
            directories: match since(1) {
                true => [id(0x66), id(0x55)].into(),
                false => [].into(),
            },
            isr: [3].into(),
            removing: [].into(),
            adding: [].into(),
            elr: [].into(),
            last_known_elr: if since(2) { [1, 2].into() } else { [].into() },
            leader: Some(3),
            recovering: false,
            leader_epoch: 10,
            partition_epoch: 22,
        };
        assert_eq!(partition(&[PARTITION[0], record]), expected);
    }
    let leaderless = partition(&[PARTITION[2], NO_LEADER]);
    assert_eq!((leaderless.leader, leaderless.leader_epoch), (None, 10));
    assert_eq!(*leaderless.isr, [1]);
}

#[test]
fn eligible_leaders_are_given_up_for_one_topic_or_all() {
    for clear in [CLEAR_ELR, CLEAR_ALL] {
        let cleared = partition(&[PARTITION[2], clear]);
        assert!(cleared.elr.is_empty() && cleared.last_known_elr.is_empty());
        assert_eq!(cleared.partition_epoch, 22);
        // With nothing to give up there is no change.
        let again = partition(&[PARTITION[2], clear, clear]);
        assert_eq!(again.partition_epoch, 22);
    }
}

#[test]
fn configurations_are_set_and_deleted() {
    let set = image(&[TOPIC_RECORD, CONFIG, CONFIG_BROKERS, CONFIG_GROUP]);
    let retention = set.configs.get(ConfigOf::Topic, "blogs", "retention.ms");
    assert_eq!(retention, Some("604800000"));
    let of_all = set.configs.get(ConfigOf::Broker, "", "log.cleaner.threads");
    assert_eq!(of_all, Some("2"));
    assert_eq!(set.configs.len(), 2);
    assert!(image(&[CONFIG, CONFIG_NULL]).configs.is_empty());
    assert!(
        image(&[TOPIC_RECORD, CONFIG, REMOVE_TOPIC])
            .configs
            .is_empty()
    );
}

#[test]
fn features_and_controllers_are_taken_in() {
    let image = image(&[FEATURE, CONTROLLER]);
    assert_eq!(image.features["metadata.version"], 29);
    let controller = &image.controllers[&100];
    assert_eq!(controller.incarnation, id(0x99));
    assert_eq!(controller.listeners[0].port, 9093);
}

#[test]
fn transactions_and_what_is_only_counted_are_read() {
    let image = image(&[
        BEGIN,
        TOPIC_RECORD,
        NO_OP,
        ABORT,
        BEGIN,
        ABORT_NULL,
        BEGIN,
        NO_OP,
        PRODUCER_IDS,
        END,
    ]);
    assert!(image.topics.is_empty());
    assert!(image.skipped.iter().eq([(&15, &1), (&20, &1)]));
}
