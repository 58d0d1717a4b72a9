//! What a run is told here: times are shorter than a user's, so that a schedule
//! lasts a minute.

use slackwater_cut::{
    ClaimName, ConnectSettings, ConnectTopics, OnLoss, Settings, SnapshotsBy, Strategy, Verify,
};

use crate::schedule::Scene;
use crate::world::view::CONNECT;

/// Claims that a run must prove here.
pub(crate) fn required(scene: &Scene) -> Vec<ClaimName> {
    let mut required = vec![
        ClaimName::Still,
        ClaimName::Durable,
        ClaimName::Covers,
        ClaimName::Resumable,
    ];
    if scene.verify_full {
        required.push(ClaimName::Intact);
    }
    required.retain(|name| !scene.hot || Strategy::Hot.can_prove(*name));
    required
}

/// An operator takes its time to tell Connect.
const STRIMZI_STOP_MS: u64 = 20_000;

/// As the run document has them.
pub(crate) fn settings(scene: &Scene) -> Settings {
    Settings {
        strategy: match (scene.cold, scene.hot) {
            (true, _) => Strategy::Cold,
            (false, true) => Strategy::Hot,
            (false, false) => Strategy::Quiesced,
        },
        snapshots_by: SnapshotsBy::Run,
        window_ms: scene.window_ms,
        cover_wait_ms: 6_000,
        sample_lead_ms: 1_000,
        sample_every_ms: 400,
        stop_timeout_ms: if scene.strimzi.is_some() {
            STRIMZI_STOP_MS
        } else {
            6_000
        },
        drain_timeout_ms: 6_000,
        catch_up_timeout_ms: 4_000,
        retention_factor: 2,
        accept_retention_risk: Vec::new(),
        allow_stopped: false,
        allow_unreachable: scene.does_without,
        strict: false,
        settle: scene.settle,
        on_loss: OnLoss::Resume,
        tail_records: 8,
        include: Vec::new(),
        exclude: Vec::new(),
        own: Vec::new(),
        connects: vec![ConnectSettings {
            name: CONNECT.to_owned(),
            topics: ConnectTopics {
                config: "mm2-configs".to_owned(),
                offset: "mm2-offsets".to_owned(),
                status: "mm2-status".to_owned(),
            },
        }],
        verify: if scene.verify_full {
            Verify::Full
        } else {
            Verify::Tail
        },
        require: required(scene),
    }
}
