//! Whether a restore came to its end before: K10 tells a hook again, for another pool, or
//! where it failed for another mirror, and what is done is not done twice. Reads only.

use slackwater_cut::{Cut, Evidence, Verdict};
use slackwater_ports::Clock as _;
use slackwater_store::RunId;

use super::strimzi;
use crate::adapters::SystemClock;
use crate::exit::Stop;
use crate::site::{Site, volumes_of};

/// How long ago the brokers may have been shown by another hook of the same restore: K10
/// runs these one after another, each for 20 minutes at the most. What was shown before
/// that is of an earlier restore of the same backup, and says nothing of this one.
const SHOWN_WITHIN_MS: u64 = 3_600_000;

/// What is said then.
pub(super) const SHOWN: &str = "restored, and shown to be the cut";

/// Whether another hook has brought it to its end already: its brokers are shown, and
/// nothing is noted as under way.
pub(super) fn is_shown(site: &Site, cut: &Cut, run: &RunId) -> Result<bool, Stop> {
    Ok(strimzi(site)?.restore_note()?.is_none() && brokers_are_shown(site, cut, run)?)
}

/// Whether they were shown just now, when all of these claims were there, which are noted as
/// this backup's.
pub(super) fn brokers_are_shown(site: &Site, cut: &Cut, run: &RunId) -> Result<bool, Stop> {
    let strimzi = strimzi(site)?;
    let Some(shown_ms) = shown_ms(cut, SystemClock.now_ms()) else {
        return Ok(false);
    };
    let there = strimzi.claims()?;
    let mut volumes = volumes_of(cut).into_iter();
    Ok(volumes.all(|one| {
        there.get(&one.claim).is_some_and(|claim| {
            claim.run.as_deref() == Some(run.as_str())
                && claim.made_ms.is_some_and(|made| made < shown_ms)
        })
    }))
}

/// When the brokers were shown last, where that was just now.
fn shown_ms(cut: &Cut, now_ms: u64) -> Option<u64> {
    let proven = cut
        .claims
        .iter()
        .filter(|one| one.verdict == Verdict::Proven);
    let shown = proven.filter_map(|one| match &one.evidence {
        Evidence::HeadsRestored(shown) => Some(shown.look.asked.last_answer_ms),
        _ => None,
    });
    let just_now = |shown: &u64| now_ms.saturating_sub(*shown) <= SHOWN_WITHIN_MS;
    shown.filter(just_now).max()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic, and says where")]
mod tests {
    use super::*;

    const CLOSED: &str =
        include_str!("../../../../wasm-actions/cut/tests/fixtures/exactly-once.json");

    #[test]
    fn what_an_earlier_restore_of_the_same_backup_has_shown_says_nothing_of_this_one() {
        let cut = Cut::parse(CLOSED).unwrap();
        let shown = cut.claims.iter().find_map(|one| match &one.evidence {
            Evidence::HeadsRestored(shown) => Some(shown.look.asked.last_answer_ms),
            _ => None,
        });
        let shown = shown.unwrap();
        assert_eq!(shown_ms(&cut, shown + 60_000), Some(shown));
        assert_eq!(shown_ms(&cut, shown + 24 * 3_600_000), None);
        let mut refuted = cut.clone();
        for one in &mut refuted.claims {
            one.verdict = Verdict::Refuted;
        }
        assert_eq!(shown_ms(&refuted, shown + 60_000), None);
    }
}
