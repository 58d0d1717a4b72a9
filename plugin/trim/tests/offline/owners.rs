//! A broker is another user than who trims: what is new on its volumes is its own.

mod needs_root {
    use std::fs;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
    use std::path::Path;

    use slackwater_cut::Class;
    use slackwater_trim::{Held, RealDisk};

    use crate::log::{Batch, Packing};
    use crate::site::{Site, messages};
    use crate::world::{nodes, options};

    /// The user that brokers are in Strimzi's images.
    const BROKER: u32 = 1001;

    fn give(path: &Path) {
        chown(path, Some(BROKER), Some(0)).unwrap();
        if path.is_dir() {
            fs::set_permissions(path, fs::Permissions::from_mode(0o775)).unwrap();
            fs::read_dir(path)
                .unwrap()
                .for_each(|entry| give(&entry.unwrap().path()));
        }
    }

    fn is_the_brokers(path: &Path) -> usize {
        let seen = fs::metadata(path).unwrap();
        assert_eq!((seen.uid(), seen.gid()), (BROKER, 0), "{}", path.display());
        if !seen.is_dir() {
            return 1;
        }
        let below = fs::read_dir(path).unwrap();
        below
            .map(|entry| is_the_brokers(&entry.unwrap().path()))
            .sum()
    }

    #[test]
    fn what_a_trim_writes_belongs_to_the_broker_and_may_be_written_by_it() {
        let mut site = Site::new();
        site.topic("src.t", Class::Mirrored, 1, Some("t"));
        // Cut inside of the last batch.
        let records = messages(0..40).into_iter().flat_map(|batch| batch.records);
        let one = Batch::of(records.collect()).packed(Packing::Zstd);
        site.copy(1, "src.t-0", &[std::slice::from_ref(&one)]);
        site.copy(2, "src.t-0", &[std::slice::from_ref(&one)]);
        site.copy(3, "src.t-0", &[]);
        for node in nodes(site.root.path()) {
            fs::write(node.join("src.t-0/leader-epoch-checkpoint"), "0\n1\n0 0\n").unwrap();
            give(&node);
        }
        let plan = site.plan(&options(9)).unwrap();
        assert_eq!(plan.partitions[0].cut, 31);
        let mut held = Held::take(&nodes(site.root.path()), &RealDisk).unwrap();
        held.trim(&plan).unwrap();
        for node in nodes(site.root.path()) {
            assert!(is_the_brokers(&node) >= 6);
            let log = node.join("src.t-0/00000000000000000000.log");
            assert_eq!(fs::metadata(log).unwrap().mode() & 0o777, 0o664);
        }
        held.untrim().unwrap();
        for node in nodes(site.root.path()) {
            assert!(is_the_brokers(&node) >= 4);
        }
    }
}
