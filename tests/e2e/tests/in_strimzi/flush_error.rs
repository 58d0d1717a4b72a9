//! A disk of one broker that tells an error once, as a kernel does: to whoever flushes
//! first.

use crate::place::Place;

const BROKER: &str = "mirror-dual-1";

/// In the place of the shell, before it in the PATH.
const FAILS_ONCE: &str = "cat > /opt/java/bin/sh <<'S'\n\
     #!/bin/sh\n\
     case \"$2\" in *'sync -f'*)\n\
     if mkdir /tmp/met; then echo 'sync: error syncing it: Input/output error' >&2; exit 1; fi;;\n\
     esac\n\
     exec /bin/sh \"$@\"\n\
     S\n\
     chmod +x /opt/java/bin/sh";

fn in_broker(place: &Place, line: &str) {
    let words = ["/bin/sh", "-c", line];
    place.exec(BROKER, "kafka", &words).unwrap();
}

/// The next flush fails.
pub(crate) fn set(place: &Place) {
    in_broker(place, FAILS_ONCE);
}

/// It was told, and there is none any more.
pub(crate) fn must_have_been_told(place: &Place) {
    in_broker(place, "test -d /tmp/met && rm -r /opt/java/bin/sh /tmp/met");
}

/// What is said of it, until somebody has looked at the disk.
pub(crate) const SAYS: [&str; 3] = [
    "volume data-mirror-dual-1",
    "Input/output error",
    "kubectl delete configmap slackwater-mirror-flush-errors --namespace kafka",
];

/// Somebody has.
pub(crate) fn forget(place: &Place) {
    place
        .space(&["delete", "configmap", "slackwater-mirror-flush-errors"])
        .unwrap();
}
