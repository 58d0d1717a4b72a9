//! The lab's Kafka as a container image: its jars, a Java, curl as Strimzi's
//! image has it, and a shell.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use slackwater_image::{Config, Layout, Written, libraries};

use crate::error::LabError;
use crate::jars::Jars;
use crate::kubernetes;
use crate::packages;

/// Its name.
pub const KAFKA_IMAGE: &str = "lab.local/kafka:4.3.1";

/// The words that a command begins with, for `kafka.Kafka` and others. Without
/// file names of its own making: `*` is Java's, and no shell's.
pub const KAFKA_JAVA: &str = "/opt/java/bin/java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
    -Xshare:auto -XX:-UsePerfData -Dlog4j2.configurationFile=/opt/kafka/log4j2.yaml \
    -Dsun.net.inetaddr.ttl=1 -Dsun.net.inetaddr.negative.ttl=0 -cp /opt/kafka/libs/*";

const LOG4J: &str = include_str!("log4j2.yaml");

/// What of Java is linked to the system's libraries. (The rest of it is linked
/// to its own, and to those that these two are linked to.)
const JAVA_PROGRAMS: [&str; 2] = ["bin/java", "lib/server/libjvm.so"];

const BUSYBOX: &str = "/bin/busybox";
const CURL: &str = "/usr/bin/curl";

/// Found in the image by their own names.
const APPLETS: [&str; 8] = ["cat", "echo", "env", "id", "ls", "sh", "sleep", "sync"];

/// Writes it into a folder. Fetches what is missing.
///
/// # Errors
/// What can't be fetched, read or written.
pub fn kafka_image(folder: &Path) -> Result<Written, LabError> {
    packages::ensure_for_nodes()?;
    let jars = Jars::ensure()?;
    let java = kubernetes::java()?;
    let mut needed = BTreeSet::new();
    let of_java = JAVA_PROGRAMS.map(|name| java.join(name));
    for program in of_java.iter().chain([&PathBuf::from(CURL)]) {
        let found = libraries(program)?;
        // Java's own are with it.
        needed.extend(found.into_iter().filter(|path| !path.starts_with(&java)));
    }
    let mut layout = Layout::create(folder)?;
    layout.layer(|layer| {
        layer.open_directory(Path::new("/tmp"))?;
        layer.file(Path::new(BUSYBOX), Path::new(BUSYBOX))?;
        for name in APPLETS {
            layer.link(&Path::new("/bin").join(name), Path::new("busybox"))?;
        }
        layer.file(Path::new(CURL), Path::new(CURL))?;
        needed.iter().try_for_each(|path| layer.file(path, path))?;
        layer.folder(Path::new("/opt/java"), &java)
    })?;
    layout.layer(|layer| {
        layer.text(Path::new("/opt/kafka/log4j2.yaml"), LOG4J)?;
        layer.folder(Path::new("/opt/kafka/libs"), jars.directory())
    })?;
    let config = Config {
        environment: vec!["PATH=/opt/java/bin:/usr/bin:/bin".to_owned()],
        ..Config::default()
    };
    Ok(layout.finish(&config, &[KAFKA_IMAGE])?)
}
