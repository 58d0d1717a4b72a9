//! Around the restore of a pool's volumes: its mirror stands aside before, once for all
//! pools; and behind the last, when all claims are there, it is shown to be the cut and
//! goes on. Nobody waits for a pool that has not come: K10 restores a few at a time.

use slackwater_cut::Cut;
use slackwater_ports::Clock as _;
use slackwater_restore::{Note, Stage, Step, Way};
use slackwater_store::{LeaseState, RunId};

use super::super::super::Context;
use super::super::shown::{SHOWN, is_shown};
use super::super::{Hook, strimzi, tell};
use crate::adapters::{SystemClock, Terminal};
use crate::exit::{Exit, Stop};
use crate::restore::{Restore, SIGNS, text};
use crate::site::{Need, Site};

/// How long a hook waits until the mirror stands aside by another pool's hook: brokers end
/// within their 30 s of grace, and pods that are gone are waited for for 15 minutes.
const ASIDE_WITHIN_MS: u64 = 900_000;

/// Between two looks at that.
const LOOK_MS: u64 = 2_000;

/// Said by whoever comes while it is at it.
const ANOTHER: &str = "the hook of another pool goes on with it";

impl Hook {
    pub(in super::super) fn restore_prehook(&self, context: &Context) -> Result<(), Stop> {
        let (kafka, pool) = self.of_pool()?;
        let until = SystemClock.monotonic_ms().saturating_add(ASIDE_WITHIN_MS);
        loop {
            let site = self.site(context, kafka, &Need::Least)?;
            let restore = self.aside(context, kafka)?;
            let is_aside = stands_aside(&site, &restore)?;
            let is_under_way = is_under_way(&site)?;
            if is_aside && !is_under_way {
                site.terminal.say(&format!(
                    "{kafka} stands aside already: pool {pool} may be restored"
                ));
                return tell(kafka, &[("pool", pool)]);
            }
            if !is_under_way {
                match restore.run() {
                    Ok(done) => {
                        site.terminal.say(&format!("{kafka}: {}", text(&done)));
                        return tell(kafka, &[("pool", pool), ("runId", &done.run)]);
                    }
                    Err(stop) if stop.exit == Exit::Held && is_restores(&site)? => {}
                    Err(stop) => return Err(stop),
                }
            }
            if SystemClock.monotonic_ms() >= until {
                return Err(Stop::failed(format!(
                    "{kafka} was not put aside by another pool's hook within {} s: see `slackwater \
                     status`",
                    ASIDE_WITHIN_MS / 1_000
                )));
            }
            SystemClock.sleep_ms(LOOK_MS);
        }
    }

    pub(in super::super) fn restore_posthook(&self, context: &Context) -> Result<(), Stop> {
        let (kafka, pool) = self.of_pool()?;
        let run = self.run.as_ref().ok_or_else(|| {
            Stop::bad_input(
                "the restore point does not say which run it is of: say --run, or restore by \
                 `restore RUN --on-claims`",
            )
        })?;
        let site = self.site(context, kafka, &Need::Least)?;
        let (document, _) = strimzi(&site)?.document(run)?;
        let cut = Cut::trusted(&document).map_err(Stop::failed)?;
        if let Some(sealed) = &self.sealed {
            must_be_sealed_so(&cut, sealed)?;
        }
        let terminal = Terminal::new(context.quiet);
        let restore = self.restore(context, kafka, run.clone(), Way::OnClaims)?;
        let lacking = restore.lacking()?;
        if let Some(others) = waits(&cut, pool, &lacking)? {
            terminal.say(&format!("{kafka}: pool {pool} is restored; {others}"));
            return tell(kafka, &[("runId", run.as_str()), ("pool", pool)]);
        }
        let said = match is_under_way(&site)? {
            // What is half done can't be planned.
            true => ANOTHER.to_owned(),
            false => match restore.plan() {
                Ok(_) => go_on(&site, &cut, run, restore)?,
                Err(stop) => match is_shown(&site, &cut, run)? {
                    true => SHOWN.to_owned(),
                    false => return Err(stop),
                },
            },
        };
        terminal.say(&format!("{kafka}: {said}"));
        tell(kafka, &[("runId", run.as_str()), ("pool", pool)])
    }
}

fn go_on(site: &Site, cut: &Cut, run: &RunId, restore: Restore) -> Result<String, Stop> {
    // K10 had taken the claims' manifests before the run was begun.
    strimzi(site)?.note_restored(cut, run)?;
    match restore.run() {
        Ok(done) => Ok(text(&done)),
        Err(stop) if stop.exit == Exit::Held && is_restores(site)? => Ok(ANOTHER.to_owned()),
        Err(stop) => Err(stop),
    }
}

/// Nothing runs on its claims, and none of its volumes is a claim's: what others have
/// restored of other pools meanwhile stays.
fn stands_aside(site: &Site, restore: &Restore) -> Result<bool, Stop> {
    let noted = strimzi(site)?.restore_note()?;
    let noted = noted.map(|note| note.parse::<Note>()).transpose();
    let stage = noted.map_err(Stop::failed)?.map(|note| note.stage);
    if stage != Some(Stage::Aside) {
        return Ok(false);
    }
    let is_done = |step: &Step| matches!(step, Step::DropClaim(_) | Step::LeaveAside);
    Ok(restore.plan()?.iter().all(is_done))
}

/// Whether a restore holds the mirror.
fn is_under_way(site: &Site) -> Result<bool, Stop> {
    let state = site.ground().leases().look()?;
    Ok(matches!(state, LeaseState::Held(Some(one)) if one.note == SIGNS))
}

/// The same, or one did until now.
fn is_restores(site: &Site) -> Result<bool, Stop> {
    Ok(is_under_way(site)? || site.ground().leases().look()? == LeaseState::Free)
}

/// What of the restore point is here has to be what was sealed for it.
fn must_be_sealed_so(cut: &Cut, sealed: &str) -> Result<(), Stop> {
    match cut.sealed_digest().map_err(Stop::failed)? {
        Some(digest) if digest == sealed => Ok(()),
        _ => Err(Stop::failed(format!(
            "the cut of run {} that is here is not the one that was sealed for this restore point \
             ({sealed})",
            cut.run_id
        ))),
    }
}

/// What a pool that is restored has to wait for; `None` behind the last.
fn waits(cut: &Cut, pool: &str, lacking: &[String]) -> Result<Option<String>, Stop> {
    let hooks = cut.bound.as_ref().and_then(|one| one.pool(pool));
    let own = hooks.map_or(&[][..], |one| &one.volumes);
    let of_own: Vec<&str> = lacking
        .iter()
        .filter(|claim| own.contains(claim))
        .map(String::as_str)
        .collect();
    match (of_own.as_slice(), lacking) {
        ([], []) => Ok(None),
        ([], others) => Ok(Some(format!(
            "the mirror goes on when the claims {} are, too",
            others.join(", ")
        ))),
        (of_own, _) => Err(Stop::failed(format!(
            "K10 is done with pool {pool}, and nobody has restored its claims {}",
            of_own.join(", ")
        ))),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic, and says where")]
mod tests {
    use slackwater_cut::{Bound, PoolHooks};

    use super::*;

    const CLOSED: &str =
        include_str!("../../../../../wasm-actions/cut/tests/fixtures/exactly-once.json");

    #[test]
    fn a_pool_waits_for_the_claims_of_others_and_fails_without_its_own() {
        let mut cut = Cut::parse(CLOSED).unwrap();
        let pool = |pool: &str, volume: &str| PoolHooks {
            pool: pool.to_owned(),
            volumes: vec![volume.to_owned()],
            joined_ms: None,
            left_ms: None,
        };
        cut.bound = Some(Bound {
            begun_by: "a".to_owned(),
            pools: vec![pool("a", "of-a"), pool("b", "of-b")],
        });
        let waits = |lacking: &[&str]| {
            let lacking: Vec<String> = lacking.iter().map(|one| (*one).to_owned()).collect();
            waits(&cut, "a", &lacking).map_err(|stop| stop.cause)
        };
        assert_eq!(waits(&[]), Ok(None));
        assert!(waits(&["of-b"]).unwrap().unwrap().contains("of-b"));
        let said = waits(&["of-a", "of-b"]).unwrap_err();
        assert!(said.ends_with("has restored its claims of-a"), "{said}");
    }

    #[test]
    fn a_cut_that_is_not_the_one_that_was_sealed_for_the_restore_point_is_refused() {
        let cut = Cut::parse(CLOSED).unwrap();
        let sealed = cut.sealed_digest().unwrap().unwrap();
        assert!(must_be_sealed_so(&cut, &sealed).is_ok());
        let mut other = cut.clone();
        other.rows.partitions.pop();
        assert!(must_be_sealed_so(&other, &sealed).is_err());
        other.snapshot = None;
        assert!(must_be_sealed_so(&other, "").is_err());
    }
}
