//! From what was typed to what can be used. Nothing is reached here but the
//! files that the configuration names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use slackwater_connect::{BasicAuth, ConnectOptions};
use slackwater_cut::{
    ClaimName, ConnectSettings, ConnectTopics, OnLoss, Settings, SnapshotsBy, Strategy, Verify,
};
use slackwater_kafka::{ClusterOptions, FIXED_PROPERTIES};
use slackwater_ports::Cluster;
use slackwater_store::MirrorName;
use slackwater_volumes::{
    Brokers, CommandDriver, CopyDriver, Driver, Flush, Purpose, RawCommandDriver, Template, Volume,
    Volumes,
};

use super::Span;
use super::raw::{
    RawCluster, RawCold, RawCommand, RawConnect, RawLimits, RawMirror, RawProtect, RawScalar,
    RawSnapshot, RawVolume,
};
use super::strategy::{default_window_ms, is_read_by_nobody, required, unprovable};

/// The only version that is read.
pub(super) const API_VERSION: &str = "slackwater/v1beta1";

/// Key and complaint.
pub(super) type Wrong = (String, String);

/// A checked configuration.
#[derive(Debug, Clone)]
pub struct Mirror {
    /// Its name.
    pub name: MirrorName,
    /// Directory of run documents and the lease.
    pub store: PathBuf,
    /// How the clusters are reached.
    pub clusters: BTreeMap<Cluster, ClusterOptions>,
    /// The Connect clusters.
    pub connect: Vec<ConnectSite>,
    /// The brokers' volumes.
    pub volumes: Volumes,
    /// The brokers on them, which strategy `cold` stops and starts.
    pub brokers: Brokers,
    /// How a snapshot is made.
    pub snapshot: SnapshotSite,
    /// What a run is asked to do.
    pub settings: Settings,
    /// Whether it says by itself what a run has to prove.
    pub names_required: bool,
    /// How long a run may take from the resume to the close, ms.
    pub close_ms: u64,
}

/// A checked Connect cluster.
#[derive(Debug, Clone)]
pub struct ConnectSite {
    /// How it is reached.
    pub options: ConnectOptions,
    /// Its own topics.
    pub topics: ConnectTopics,
    /// Listed connectors.
    pub connectors: Vec<String>,
    /// Ignored ones.
    pub ignore: Vec<String>,
}

/// How a snapshot is made. Whether a plain copy will do is said when it is
/// run, not here.
#[derive(Debug, Clone)]
pub enum SnapshotSite {
    /// File clones into this folder.
    Copy(PathBuf),
    /// The user's commands.
    Command(Box<CommandDriver>),
}

impl SnapshotSite {
    /// The driver.
    pub fn driver(&self, allow_plain: bool) -> Result<Driver, slackwater_volumes::VolumeError> {
        Ok(match self {
            SnapshotSite::Copy(into) => Driver::Copy(CopyDriver::new(into, allow_plain)?),
            SnapshotSite::Command(command) => Driver::Command(command.clone()),
        })
    }
}

pub(super) fn wrong(key: &str, why: impl ToString) -> Wrong {
    (key.to_owned(), why.to_string())
}

/// Checks what was typed.
pub(super) fn check(raw: RawMirror) -> Result<Mirror, Wrong> {
    if raw.api_version != API_VERSION {
        return Err(wrong(
            "apiVersion",
            format!("{:?} is not {API_VERSION}", raw.api_version),
        ));
    }
    if raw.kind != "Mirror" {
        return Err(wrong("kind", format!("{:?} is not Mirror", raw.kind)));
    }
    let name = raw
        .metadata
        .name
        .parse()
        .map_err(|error| wrong("metadata.name", error))?;
    if !raw.store.is_absolute() {
        return Err(wrong("store", "must be an absolute path"));
    }
    if raw.connect.is_empty() {
        return Err(wrong("connect", "name at least one Connect cluster"));
    }
    let clusters = clusters(raw.mirror, raw.sources)?;
    let connect = raw
        .connect
        .into_iter()
        .enumerate()
        .map(|(at, one)| connect_site(at, one))
        .collect::<Result<Vec<_>, _>>()?;
    for (at, one) in connect.iter().enumerate() {
        let name = &one.options.name;
        if connect[..at]
            .iter()
            .any(|other| other.options.name == *name)
        {
            let key = format!("connect[{at}].name");
            return Err(wrong(&key, format!("{name} stands there twice")));
        }
    }
    let names_required = raw.require.is_some();
    let asked = Asked {
        strategy: raw.strategy,
        limits: &raw.limits,
        protect: raw.protect,
        verify: raw.verify,
        require: raw.require,
    };
    let connects = connect.iter().map(|one| ConnectSettings {
        name: one.options.name.clone(),
        topics: one.topics.clone(),
    });
    let settings = settings(asked, connects.collect())?;
    let volumes = volumes(raw.volumes)?;
    Ok(Mirror {
        name,
        clusters,
        connect,
        brokers: brokers(&settings, raw.cold, &volumes)?,
        volumes,
        snapshot: snapshot(raw.snapshot, raw.store.join("snapshots"))?,
        store: raw.store,
        settings,
        names_required,
        close_ms: close_ms(&raw.limits),
    })
}

fn clusters(
    mirror: RawCluster,
    sources: Vec<super::raw::RawSource>,
) -> Result<BTreeMap<Cluster, ClusterOptions>, Wrong> {
    if sources.is_empty() {
        return Err(wrong("sources", "name at least one source"));
    }
    let mut clusters = BTreeMap::new();
    let options = cluster_options("mirror", mirror.bootstrap, mirror.properties)?;
    clusters.insert(Cluster::Mirror, options);
    for (at, source) in sources.into_iter().enumerate() {
        let key = format!("sources[{at}]");
        if source.alias.is_empty() {
            return Err(wrong(&format!("{key}.alias"), "is empty"));
        }
        let options = cluster_options(&key, source.bootstrap, source.properties)?;
        if clusters
            .insert(Cluster::Source(source.alias.clone()), options)
            .is_some()
        {
            return Err(wrong(
                &format!("{key}.alias"),
                format!("{} stands there twice", source.alias),
            ));
        }
    }
    Ok(clusters)
}

fn cluster_options(
    key: &str,
    bootstrap: String,
    properties: BTreeMap<String, RawScalar>,
) -> Result<ClusterOptions, Wrong> {
    if addresses(&bootstrap).is_empty() {
        return Err(wrong(
            &format!("{key}.bootstrap"),
            format!("{bootstrap:?} has no host:port"),
        ));
    }
    if let Some(fixed) = properties
        .keys()
        .find(|name| FIXED_PROPERTIES.contains(&name.as_str()))
    {
        return Err(wrong(
            &format!("{key}.properties.{fixed}"),
            "is set by slackwater: take it out",
        ));
    }
    Ok(ClusterOptions {
        bootstrap,
        properties: properties
            .into_iter()
            .map(|(name, value)| (name, value.into_text()))
            .collect(),
        client_id: "slackwater".to_owned(),
    })
}

/// The `host:port` pairs of a bootstrap list.
pub(crate) fn addresses(bootstrap: &str) -> Vec<(String, u16)> {
    bootstrap
        .split(',')
        .filter_map(|one| {
            let (host, port) = one.trim().rsplit_once(':')?;
            let host = host.trim_start_matches('[').trim_end_matches(']');
            (!host.is_empty()).then_some((host.to_owned(), port.parse().ok()?))
        })
        .collect()
}

/// What stands between `//` and the path of a URL, without a user.
fn host_and_port(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    host.to_owned()
}

fn connect_site(at: usize, raw: RawConnect) -> Result<ConnectSite, Wrong> {
    let key = |field: &str| format!("connect[{at}].{field}");
    let timeout = raw.timeout.map_or(10_000, Span::as_ms);
    let name = raw.name.unwrap_or_else(|| host_and_port(&raw.url));
    if name.is_empty() {
        return Err(wrong(&key("name"), "is empty"));
    }
    let mut options = ConnectOptions::new(name, raw.url, Duration::from_millis(timeout));
    options
        .checked_url()
        .map_err(|error| wrong(&key("url"), error))?;
    let read = |field: &str, path: &PathBuf| {
        std::fs::read_to_string(path).map_err(|error| {
            wrong(
                &key(field),
                format!("can't read {}: {error}", path.display()),
            )
        })
    };
    options.auth = match (raw.user, &raw.password_file) {
        (None, None) => None,
        (Some(user), Some(file)) => Some(BasicAuth {
            user,
            password: read("passwordFile", file)?.trim_end().to_owned(),
        }),
        _ => return Err(wrong(&key("user"), "user and passwordFile go together")),
    };
    options.ca_pem = raw
        .ca_file
        .as_ref()
        .map(|file| read("caFile", file))
        .transpose()?;
    if let Some(name) = raw.topics.names().iter().find(|name| name.is_empty()) {
        return Err(wrong(&key("topics"), format!("{name:?} is no topic")));
    }
    Ok(ConnectSite {
        options,
        topics: raw.topics,
        connectors: raw.connectors,
        ignore: raw.ignore,
    })
}

fn volumes(raw: Vec<RawVolume>) -> Result<Volumes, Wrong> {
    let volumes = raw
        .into_iter()
        .enumerate()
        .map(|(at, volume)| {
            let key = format!("volumes[{at}]");
            let flush = match volume.flush {
                None => Flush::Syncfs,
                Some(line) => Template::new(Purpose::Flush, &line)
                    .map(Flush::Command)
                    .map_err(|error| wrong(&format!("{key}.flush"), error))?,
            };
            Volume::new(&volume.name, volume.broker, volume.path, flush)
                .map_err(|error| wrong(&key, error))
        })
        .collect::<Result<Vec<_>, _>>()?;
    Volumes::new(volumes).map_err(|error| wrong("volumes", error))
}

/// How long a broker may take to stop, at the most: whoever waits for it waits
/// no longer.
const COLD_TIMEOUT_MS: std::ops::RangeInclusive<u64> = 1_000..=600_000;

fn brokers(settings: &Settings, raw: Option<RawCold>, volumes: &Volumes) -> Result<Brokers, Wrong> {
    let Some(raw) = raw else {
        return match settings.strategy {
            Strategy::Quiesced | Strategy::Hot => Ok(Brokers::left_alone()),
            Strategy::Cold => Err(wrong(
                "cold",
                "say how brokers are stopped and started: strategy cold needs it",
            )),
        };
    };
    let timeout_ms = raw.timeout.map_or(60_000, Span::as_ms);
    if !COLD_TIMEOUT_MS.contains(&timeout_ms) {
        let why = format!("{timeout_ms} ms is not from 1s to 10m");
        return Err(wrong("cold.timeout", why));
    }
    if settings.strategy == Strategy::Cold && settings.window_ms < 2 * timeout_ms {
        let why = "must be twice cold.timeout at least: brokers stop in it, and start";
        return Err(wrong("limits.window", why));
    }
    let timeout = Duration::from_millis(timeout_ms);
    Brokers::new(volumes, &raw.stop, &raw.start, timeout).map_err(|error| wrong("cold", error))
}

fn snapshot(raw: RawSnapshot, state: PathBuf) -> Result<SnapshotSite, Wrong> {
    match (raw.copy, raw.command) {
        (Some(copy), None) => {
            CopyDriver::new(&copy.into, false).map_err(|error| wrong("snapshot.copy", error))?;
            Ok(SnapshotSite::Copy(copy.into))
        }
        (None, Some(command)) => command_driver(command, state),
        _ => Err(wrong("snapshot", "say either copy or command")),
    }
}

fn command_driver(raw: RawCommand, state: PathBuf) -> Result<SnapshotSite, Wrong> {
    CommandDriver::new(RawCommandDriver {
        snapshot: raw.snapshot.unwrap_or_else(|| "{run}-{volume}".to_owned()),
        create: raw.create,
        delete: raw.delete,
        list: raw.list,
        open: raw.open,
        close: raw.close,
        restore: raw.restore,
        timeout: Duration::from_millis(raw.timeout.map_or(30_000, Span::as_ms)),
        state,
    })
    .map(|driver| SnapshotSite::Command(Box::new(driver)))
    .map_err(|error| wrong("snapshot.command", error))
}

/// A window shorter than this has no room for a drain; one longer than an
/// hour is no window.
const WINDOW_MS: std::ops::RangeInclusive<u64> = 5_000..=3_600_000;

/// More records than this in each tail make the cut no surer and the window
/// longer.
const TAIL_RECORDS: std::ops::RangeInclusive<u32> = 1..=1_000;

/// How long a run may take from the resume to the close, ms.
fn close_ms(limits: &RawLimits) -> u64 {
    limits.close.map_or(600_000, Span::as_ms)
}

/// What a run is asked to do, as it was typed.
pub(super) struct Asked<'a> {
    pub(super) strategy: Strategy,
    pub(super) limits: &'a RawLimits,
    pub(super) protect: RawProtect,
    pub(super) verify: Option<Verify>,
    pub(super) require: Option<Vec<ClaimName>>,
}

/// The same, checked.
pub(super) fn settings(
    asked: Asked<'_>,
    connects: Vec<ConnectSettings>,
) -> Result<Settings, Wrong> {
    let Asked {
        strategy,
        limits,
        protect,
        verify,
        require,
    } = asked;
    let or = |span: Option<Span>, default: u64| span.map_or(default, Span::as_ms);
    let window_ms = or(limits.window, default_window_ms(strategy));
    if !WINDOW_MS.contains(&window_ms) {
        return Err(wrong(
            "limits.window",
            format!("{window_ms} ms is not from 5s to 1h"),
        ));
    }
    let tail_records = limits.tail_records.unwrap_or(64);
    if !TAIL_RECORDS.contains(&tail_records) {
        return Err(wrong("limits.tailRecords", "must be from 1 to 1000"));
    }
    let retention_factor = limits.retention_factor.unwrap_or(2);
    if retention_factor == 0 {
        return Err(wrong("limits.retentionFactor", "must be at least 1"));
    }
    let verify = verify.unwrap_or(Verify::Full);
    if is_read_by_nobody(strategy, verify) {
        let why = "strategy cold is proven from the snapshot alone: say `verify: tail` or `full`";
        return Err(wrong("verify", why));
    }
    let require = require.unwrap_or_else(|| required(strategy, verify));
    if let Some(name) = require.iter().find(|name| !strategy.can_prove(**name)) {
        let why = format!("{name} can't be proven of a mirror that runs on: strategy hot");
        return Err(wrong("require", why));
    }
    if let Some(name) = require.iter().find(|name| name.is_of_a_restore()) {
        let why = format!("{name} is a claim of a restore, not of a backup");
        return Err(wrong("require", why));
    }
    if let Some(name) = unprovable(strategy, verify, &require) {
        let why = format!("{name} can't be proven with this verify: say `verify: full`");
        return Err(wrong("require", why));
    }
    let require: BTreeSet<ClaimName> = require.into_iter().collect();
    Ok(Settings {
        strategy,
        snapshots_by: SnapshotsBy::Run,
        window_ms,
        cover_wait_ms: or(limits.cover_wait, 15_000),
        sample_lead_ms: 3_000,
        sample_every_ms: 1_000,
        stop_timeout_ms: or(limits.stop, 45_000),
        drain_timeout_ms: or(limits.drain, 20_000),
        catch_up_timeout_ms: or(limits.catch_up, 300_000),
        retention_factor,
        accept_retention_risk: Vec::new(),
        allow_stopped: false,
        allow_unreachable: limits.allow_unreachable_sources.unwrap_or(false),
        strict: false,
        settle: false,
        on_loss: OnLoss::Resume,
        tail_records,
        include: protect.include,
        exclude: protect.exclude,
        own: protect.own,
        connects,
        verify,
        require: require.into_iter().collect(),
    })
}
