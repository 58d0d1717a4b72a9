//! What became of a run, as events on the Kafka and on what feeds it.

use slackwater_kubernetes::{
    About, ApiServer, BY_HAND, Events, MOST_NOTE, Makers, Reason, StrimziMirror,
};
use slackwater_store::RunId;
use slackwater_strimzi::Meta;

use crate::exit::Stop;
use crate::site::News;

/// Tells it on each.
pub(super) fn tell(
    server: &ApiServer,
    kafka: &Meta,
    mirror: &StrimziMirror,
    run: &RunId,
    news: &News,
) -> Result<(), Stop> {
    let version = Makers::discover(server.clone())
        .map_err(Stop::failed)?
        .version();
    let events = Events::new(server.clone(), version, run.clone());
    let (reason, note) = words(mirror, run, news)?;
    let all = mirror.makers().map(|maker| About::MirrorMaker(&maker.meta));
    for about in all.chain([About::Kafka(kafka)]) {
        events.tell(about, reason, &note).map_err(Stop::failed)?;
    }
    Ok(())
}

fn words(mirror: &StrimziMirror, run: &RunId, news: &News) -> Result<(Reason, String), Stop> {
    Ok(match news {
        News::Quiesced => {
            let lines = mirror.by_hand().map_err(Stop::failed)?.join("\n");
            let whole = format!("run {run} has stopped it; by hand it runs again with:\n{lines}");
            let note = match whole.len() <= MOST_NOTE {
                true => whole,
                false => format!(
                    "run {run} has stopped it; how it runs again by hand stands in the annotation \
                     {BY_HAND} of the mirror's Lease"
                ),
            };
            (Reason::Quiesced, note)
        }
        News::Drained => (Reason::Drained, format!("run {run}: nothing is in flight")),
        News::Sealed => {
            let note = format!("run {run} is sealed: no volume was cut before");
            (Reason::Sealed, note)
        }
        News::Cut => (Reason::Cut, format!("run {run}: all volumes are cut")),
        News::Resumed => (Reason::Resumed, format!("run {run}: the mirror runs again")),
        News::Proven => {
            let note = format!("run {run}: all that was required is proven");
            (Reason::Proven, note)
        }
        News::Refuted(why) => (Reason::Refuted, format!("run {run}: {why}")),
        News::Unproven(why) => (Reason::Unproven, format!("run {run}: {why}")),
        News::Voided(why) => (Reason::Voided, format!("run {run} was given up: {why}")),
    })
}
