//! That what came back is the cut: first what lies on the volumes, before any
//! broker starts on them; then what the running brokers show.

use slackwater_content::ReplicaAges;
use slackwater_cut::{ClaimName, Cut};
use slackwater_host::{Entry, PhaseName};
use slackwater_kubernetes::Proven;
use slackwater_ports::{Clock as _, RunStore as _, Seen};

use super::may::accepted;
use super::{Restore, open_site};
use crate::adapters::SystemClock;
use crate::exit::{Stop, of_verdicts};
use crate::retention::{expiry, text};
use crate::site::{Need, Site};

/// For followers to fetch, and high watermarks to follow: what is not shown yet is
/// looked at again for as long.
const SETTLES_MS: u64 = 180_000;

/// Between two looks.
const LOOK_MS: u64 = 2_000;

impl Restore {
    pub(super) fn prove_volumes(&mut self) -> Result<(), Stop> {
        let claims = self.claims_to_show()?;
        let document = self.document()?;
        let content = self
            .strimzi()?
            .restored_content(&self.cut, &self.in_place)?;
        let (store, mut ports) = self.site.ports_on_scratch(document);
        ports.volume_content = Some(content.port());
        self.site
            .run(PhaseName::ValidateHead, Entry::CompareVolumes, ports)?;
        let ages = content.ages();
        drop(content);
        let judged = store.load().map_err(|error| Stop::failed(error.message))?;
        self.save(&judged.document, ClaimName::Restored)?;
        self.note_volumes(ages, claims)
    }

    /// Which they are, before they are read: one that is exchanged meanwhile was not shown.
    pub(super) fn claims_to_show(&self) -> Result<String, Stop> {
        self.in_place.which_claims().map_err(Stop::failed)
    }

    /// That what lies on the volumes of these claims was shown, and whether retention would
    /// delete of it.
    pub(super) fn note_volumes(
        &mut self,
        ages: Seen<Vec<ReplicaAges>>,
        shown_on: String,
    ) -> Result<(), Stop> {
        // What can't be told is held back, too.
        let expiry = ages.map(|ages| {
            let now_ms = i64::try_from(SystemClock.now_ms()).unwrap_or(i64::MAX);
            expiry(&self.cut, &ages, now_ms)
        });
        if let Ok(expiry) = &expiry {
            self.say(text(expiry).trim_end());
        }
        let retention_would_delete = expiry.map_or(true, |one| {
            !(one.expiring.is_empty() && one.unknown.is_empty())
        });
        let proven = Proven {
            retention_would_delete,
            shown_on,
        };
        self.in_place
            .note_volumes_proven(proven)
            .map_err(Stop::failed)
    }

    pub(super) fn prove_heads(&mut self) -> Result<(), Stop> {
        let document = self.document()?;
        let began = SystemClock.monotonic_ms();
        let judged = loop {
            // The user as whom it comes may just have been made.
            let site = open_site(&self.asked, &Need::Kafka);
            let looked = site.and_then(|site| self.heads(&site, &document));
            let over = SystemClock.monotonic_ms().saturating_sub(began) > SETTLES_MS;
            match looked {
                Ok((judged, true)) => break judged,
                Ok((judged, false)) if over => break judged,
                Err(stop) if over => return Err(stop),
                Ok(_) | Err(_) => SystemClock.sleep_ms(LOOK_MS),
            }
        };
        self.save(&judged, ClaimName::HeadsRestored)?;
        if !is_proven(&self.cut) {
            // Accepted as it is.
            let site = open_site(&self.asked, &Need::Kafka)?;
            self.clamp_groups(&site)?;
        }
        self.in_place.note_heads_proven().map_err(Stop::failed)
    }

    /// What the brokers show, with consumer groups within it: only ends that are right are
    /// any to set them to.
    fn heads(&self, site: &Site, document: &str) -> Result<(String, bool), Stop> {
        let looked = heads(site, document)?;
        match looked.1 && self.clamp_groups(site)? {
            true => heads(site, document),
            false => Ok(looked),
        }
    }

    /// Keeps what was judged, whatever it is, in the cut; fails where it is not
    /// proven.
    pub(super) fn save(&mut self, document: &str, claim: ClaimName) -> Result<(), Stop> {
        let cut = Cut::parse(document).map_err(Stop::failed)?;
        if let Some(one) = cut.claims.iter().find(|one| one.name == claim) {
            self.say(&format!("{} {}: {}", one.name, one.verdict, one.reason));
        }
        self.write(document)?;
        let verdict = of_verdicts(&cut, &[claim]);
        self.cut = cut;
        accepted(verdict, self.asked.accept_unproven)
    }
}

/// The document with the claim, and whether that is proven.
fn heads(site: &Site, document: &str) -> Result<(String, bool), Stop> {
    let (store, ports) = site.ports_on_scratch(document.to_owned());
    site.run(PhaseName::ValidateHead, Entry::CompareRestored, ports)?;
    let judged = store.load().map_err(|error| Stop::failed(error.message))?;
    let cut = Cut::parse(&judged.document).map_err(Stop::failed)?;
    Ok((judged.document, is_proven(&cut)))
}

fn is_proven(cut: &Cut) -> bool {
    of_verdicts(cut, &[ClaimName::HeadsRestored]).is_ok()
}
