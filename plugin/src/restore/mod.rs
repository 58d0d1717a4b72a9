//! A restore in place of a mirror in Strimzi, and the way back: looks, has the next
//! step decided, does it, and looks again, until nothing is left to do. What is to
//! be shown is shown by phases. Decides nothing but when it gives up.

mod caught_up;
mod feed;
mod report;
mod show;

use std::path::{Path, PathBuf};

use slackwater_cut::{Cut, State, Verdict, claims};
use slackwater_kubernetes::InPlace;
use slackwater_ports::Clock as _;
use slackwater_restore::{Feeder, Kafka, MOST_STEPS, Seen, Step, Way, next, plan};
use slackwater_store::{Holder, LeaseState, RunId};

use crate::adapters::{SystemClock, Terminal};
use crate::exit::{Stop, of_claims};
use crate::site::{Held, KafkaName, Need, Site, Strimzi};

pub use feed::goes_on;
pub use report::{Remainder, Report, text};

/// How a restore signs the Lease: whoever finds it left behind must not let the
/// mirror run.
pub const SIGNS: &str = "a restore";

/// Of a run's id, in that by which a restore of it holds the mirror: an id has 64
/// characters at the most.
const MOST_OF_RUN: usize = 56;

/// How long a pod of its own waits until the mirror has caught up: a source keeps a
/// backlog of days at the most, and the pod has half a day.
const APART_S: u64 = 39_600;

/// A step that is decided on again and again has no effect: whoever undoes it is
/// stronger.
const SAME_STEP: u32 = 3;

/// What was asked for.
pub struct Asked {
    /// The mirror.
    pub kafka: KafkaName,
    /// How its Kubernetes is reached.
    pub kubeconfig: Option<PathBuf>,
    /// Which backup.
    pub run: RunId,
    /// Which way.
    pub way: Way,
    /// Go on where something that is to be proven is not; never where it is
    /// refuted.
    pub accept_unproven: bool,
    /// Let MirrorMaker skip what the source has deleted.
    pub accept_loss: bool,
    /// GitOps controllers that own what feeds the mirror were told to leave it alone.
    pub git_ops_suspended: bool,
    /// How long the mirror may take to catch up, ms.
    pub catch_up_ms: u64,
    /// What of it may be left.
    pub rest: Rest,
    /// No progress.
    pub quiet: bool,
}

/// What of a restore may be left when it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// Nothing.
    Nothing,
    /// That checkpoint connectors start when the mirror has caught up: where that takes
    /// longer, a pod of its own waits for it.
    Apart,
    /// All that feeds the mirror: its brokers run, and have the cut's heads.
    Unfed,
}

/// A restore under way.
pub struct Restore {
    asked: Asked,
    site: Site,
    cut: Cut,
    in_place: InPlace,
}

impl Restore {
    /// Finds the cut and what is kept beside it. Nothing is touched.
    ///
    /// # Errors
    /// A cut that nothing can be restored from; no answer.
    pub fn open(asked: Asked) -> Result<Self, Stop> {
        let site = open_site(&asked, &Need::Least)?;
        let strimzi = strimzi(&site)?;
        let (document, _) = strimzi.document(&asked.run)?;
        let cut = Cut::trusted(&document).map_err(Stop::failed)?;
        must_be_of(&cut, &asked.kafka)?;
        if asked.way.is_forth() {
            may_be_restored(&cut, asked.way, asked.accept_unproven)?;
        }
        let kept = strimzi.kept(&asked.run)?;
        let in_place = strimzi.in_place(&cut, kept)?;
        Ok(Self {
            asked,
            cut,
            in_place,
            site,
        })
    }

    /// What would be done from here on.
    ///
    /// # Errors
    /// What forbids it.
    pub fn plan(&self) -> Result<Vec<Step>, Stop> {
        let seen = self.in_place.look().map_err(Stop::failed)?;
        self.nobody_else_copies()?;
        let steps = plan(self.asked.way, &seen).map_err(Stop::bad_input)?;
        self.all_is_allowed(&steps)?;
        Ok(steps)
    }

    fn all_is_allowed(&self, steps: &[Step]) -> Result<(), Stop> {
        let rights = self.in_place.rights(steps);
        self.strimzi()?
            .must_be_allowed(&rights, "nothing was touched")
    }

    /// Does it.
    ///
    /// # Errors
    /// What forbids it, before anything is touched; what can't be done, and then
    /// the same command goes on.
    pub fn run(mut self) -> Result<Report, Stop> {
        // Told before anybody is kept from anything.
        let seen = self.in_place.look().map_err(Stop::failed)?;
        let steps = plan(self.asked.way, &seen).map_err(Stop::bad_input)?;
        self.all_is_allowed(&steps)?;
        self.nobody_else_holds_it(&seen)?;
        self.nobody_else_copies()?;
        let leases = self.site.ground().leases();
        let held = match self.may_take_over(&leases.look()?) {
            true => leases.take_over(self.holder()?)?,
            false => leases.take(self.holder()?)?,
        };
        let done = self.steps(&*held);
        if let Err(why) = held.release() {
            self.say(&format!("warning: the Lease is left behind: {why}"));
        }
        let left = done?;
        // Who goes on holds the mirror then.
        let left = match left {
            Left::Checkpoints => Some(Remainder::Checkpoints(self.start_checkpoints_apart()?)),
            Left::Feeding => Some(Remainder::Feeding),
            Left::Nothing => None,
        };
        let told = match self.asked.way {
            Way::Aside => Ok(()),
            way => self
                .strimzi()?
                .tell_restored(&self.asked.run, way == Way::Back),
        };
        if let Err(why) = told {
            tracing::info!("no event tells of it: {why}");
        }
        Ok(Report::new(&self.cut, self.asked.way, left))
    }

    fn steps(&mut self, held: &dyn Held) -> Result<Left, Stop> {
        let way = self.asked.way;
        let (mut before, mut times) = (None, 0);
        for _ in 0..MOST_STEPS {
            let seen = self.in_place.look().map_err(Stop::failed)?;
            let step = next(way, &seen).map_err(Stop::bad_input)?;
            times = if before.as_ref() == Some(&step) {
                times + 1
            } else {
                0
            };
            if times >= SAME_STEP {
                return Err(Stop::failed(format!("no effect: {step}")));
            }
            if !held.is_ours() {
                let why = "the mirror's Lease was lost meanwhile: see who took it";
                return Err(Stop::failed(why));
            }
            if self.asked.rest == Rest::Unfed && feeds(&step) {
                return Ok(Left::Feeding);
            }
            self.say(&step.to_string());
            if matches!(step, Step::StandAside | Step::TakeOver | Step::ProveVolumes) {
                // What an earlier restore has shown is not of this one.
                self.forget_restores()?;
            }
            let done = match &step {
                Step::ProveVolumes => self.prove_volumes(),
                Step::ProveHeads => self.prove_heads(),
                Step::StartCopying => self.start_copying(),
                Step::StartCheckpoints => self.start_checkpoints(),
                step => self.in_place.act(way, step).map_err(Stop::failed),
            };
            if let (Err(why), Step::StartCheckpoints, Rest::Apart) = (&done, &step, self.asked.rest)
            {
                self.say(&why.cause);
                return Ok(Left::Checkpoints);
            }
            done.map_err(|stop| self.what_then(&step, stop))?;
            if step.is_last() {
                return Ok(Left::Nothing);
            }
            before = Some(step);
        }
        Err(Stop::failed(format!("more than {MOST_STEPS} steps")))
    }

    /// How it goes on from here.
    fn what_then(&self, step: &Step, stop: Stop) -> Stop {
        let run = &self.asked.run;
        let then = match (self.asked.way, step) {
            (Way::Forth, Step::ProveVolumes | Step::ProveHeads) => {
                format!("nothing feeds the mirror: go back by `restore {run} --undo`")
            }
            (Way::OnClaims, Step::ProveVolumes | Step::ProveHeads) => format!(
                "nothing feeds the mirror: where it stood aside go back by `restore {run} --undo`, or \
                 have the claims restored once more (`restore {run} --stand-aside` comes before that)"
            ),
            (Way::Forth | Way::Aside, _) => {
                format!("the same command goes on, and `restore {run} --undo` goes back")
            }
            (Way::OnClaims | Way::Back, _) => "the same command goes on".to_owned(),
        };
        Stop {
            cause: format!("{step}: {}; {then}", stop.cause),
            ..stop
        }
    }

    /// Back it goes whoever copies.
    fn nobody_else_copies(&self) -> Result<(), Stop> {
        match self.asked.way {
            Way::Back => Ok(()),
            _ => strimzi(&self.site)?.only_makers_copy_to_it(self.in_place.kept()),
        }
    }

    /// Notes of a hold are another run's, but where this restore starts connectors.
    fn nobody_else_holds_it(&self, seen: &Seen) -> Result<(), Stop> {
        let begun = match &seen.kafka {
            Kafka::There { note, .. } => note.is_some(),
            Kafka::Gone { .. } => false,
        };
        // Others restore it as it was when it was backed up: held.
        let as_held = self.asked.way == Way::OnClaims;
        if !begun && !as_held && strimzi(&self.site)?.is_held() {
            return Err(Stop::held(format!(
                "connectors of {} are held: `slackwater resume` comes first",
                self.asked.kafka
            )));
        }
        for feeder in seen.feeders.iter().filter(|one| one.is_there) {
            if !begun && self.asked.way != Way::Back {
                self.may_be_told(feeder)?;
            }
        }
        match self.site.ground().leases().look()? {
            state if self.may_take_over(&state) => Ok(()),
            LeaseState::Held(Some(other)) => Err(Stop::held(format!("{other} holds the mirror"))),
            LeaseState::Expired(left) if left.note != SIGNS => Err(Stop::held(format!(
                "{left} was left behind: `slackwater resume` comes first"
            ))),
            _ => Ok(()),
        }
    }

    /// Whether its Lease was restored by others, too, as it was when it was backed up; or
    /// a restore's was left behind, of which the note on the Kafka tells how it goes on.
    fn may_take_over(&self, state: &LeaseState) -> bool {
        match state {
            LeaseState::Expired(left) => {
                let by_others = matches!(self.asked.way, Way::OnClaims | Way::Aside);
                by_others && (left.run_id == self.asked.run || left.note == SIGNS)
            }
            _ => false,
        }
    }

    fn forget_restores(&mut self) -> Result<(), Stop> {
        if !self.cut.forget_restores() {
            return Ok(());
        }
        let document = self.cut.to_canonical().map_err(Stop::failed)?;
        self.strimzi()?.save_restored(&self.asked.run, &document)
    }

    /// What is written into it has to stay, and its workers come again.
    fn may_be_told(&self, feeder: &Feeder) -> Result<(), Stop> {
        let name = &feeder.name;
        if feeder.is_paused && !feeder.is_kept_still {
            return Err(Stop::bad_input(format!(
                "KafkaMirrorMaker2 {name} is paused by its user: its workers would not come again; \
                 unpause it first"
            )));
        }
        match &feeder.owner {
            Some(owner) if !self.asked.git_ops_suspended => Err(Stop::bad_input(format!(
                "{owner} owns KafkaMirrorMaker2 {name}, and would start connectors before they may: \
                 have it leave that alone, and say --git-ops-suspended"
            ))),
            _ => Ok(()),
        }
    }

    /// Not as the run itself: a guard of it that still stands by would take over.
    fn holder(&self) -> Result<Holder, Stop> {
        let run = self.asked.run.as_str();
        // The end of an id is what tells it from others.
        let end = run.len().saturating_sub(MOST_OF_RUN);
        let id = format!("restore-{}", &run[end..]);
        Ok(Holder {
            run_id: id.parse().map_err(Stop::failed)?,
            pid: std::process::id(),
            token: format!("restore-{}-{}", std::process::id(), SystemClock.now_ms()),
            deadline_ms: None,
            note: SIGNS.to_owned(),
        })
    }

    fn start_checkpoints_apart(&self) -> Result<String, Stop> {
        let args = self.goes_on_by();
        let pod = self
            .strimzi()?
            .apart(&self.asked.run, "restorer", "go-on", args)?;
        Ok(pod.to_string())
    }

    /// The command that does what is left of it, however long it takes.
    fn goes_on_by(&self) -> Vec<String> {
        let mut args = vec![
            "restore".to_owned(),
            self.asked.run.to_string(),
            format!("--kafka={}", self.asked.kafka),
            format!("--catch-up={APART_S}"),
        ];
        if self.asked.way == Way::OnClaims {
            args.push("--on-claims".to_owned());
        }
        args
    }

    fn say(&self, line: &str) {
        self.site.terminal.say(line);
    }

    fn strimzi(&self) -> Result<&Strimzi, Stop> {
        strimzi(&self.site)
    }
}

/// What a restore has left.
enum Left {
    Nothing,
    Checkpoints,
    Feeding,
}

/// Whether something may feed the mirror from this step on.
fn feeds(step: &Step) -> bool {
    matches!(
        step,
        Step::MakeFeeder(_) | Step::StartFeeder(_) | Step::StartCopying | Step::StartCheckpoints
    )
}

fn open_site(asked: &Asked, need: &Need) -> Result<Site, Stop> {
    let kubeconfig = asked.kubeconfig.as_deref().map(Path::new);
    Site::in_strimzi(&asked.kafka, kubeconfig, need, Terminal::new(asked.quiet))
}

fn strimzi(site: &Site) -> Result<&Strimzi, Stop> {
    let strimzi = site.strimzi();
    strimzi.ok_or_else(|| Stop::failed("a restore in place is of a mirror in Strimzi"))
}

/// A mirror that is restored under another name, or in another namespace, may have the
/// one that was backed up beside it: its metadata has that one's addresses, and its
/// brokers, with the same certificates, would fetch from there what is newer.
fn must_be_of(cut: &Cut, kafka: &KafkaName) -> Result<(), Stop> {
    match cut.mirror == kafka.to_string() {
        true => Ok(()),
        false => Err(Stop::bad_input(format!(
            "run {} is of {}, and this is {kafka}: its brokers would dial those of the other, and take \
             what they have since; restore under the same name, in the same namespace",
            cut.run_id, cut.mirror
        ))),
    }
}

/// What was not proven when it was backed up is restored only where that is
/// accepted, and what was refuted never. What others have restored may have its seal
/// alone: that is what was there when they made their backup, and nothing has judged it.
fn may_be_restored(cut: &Cut, way: Way, accept_unproven: bool) -> Result<(), Stop> {
    match (&cut.state, way) {
        (State::Closed { .. }, _) => {}
        (State::Sealed, Way::OnClaims) => {
            tracing::warn!(
                "run {} was sealed, and its closed cut is not here: what the claims hold is held \
                 against the seal (`cut import` brings the closed one)",
                cut.run_id
            );
            return nothing_refutes(cut);
        }
        (state, _) => {
            return Err(Stop::bad_input(format!(
                "run {} is {}: only a closed cut is restored from",
                cut.run_id,
                state.word()
            )));
        }
    }
    accepted(of_claims(cut, &cut.settings.require), accept_unproven).map_err(|stop| Stop {
        cause: format!(
            "run {}: {}; what is unproven is restored from with --accept-unproven",
            cut.run_id, stop.cause
        ),
        exit: crate::exit::Exit::BadInput,
    })
}

/// Of a seal nothing was judged yet; but what is known of it already may refute it.
fn nothing_refutes(cut: &Cut) -> Result<(), Stop> {
    let judged = claims::judge(cut);
    let required = &cut.settings.require;
    let mut against = judged
        .into_iter()
        .filter(|claim| claim.verdict == Verdict::Refuted && required.contains(&claim.name));
    match against.next() {
        None => Ok(()),
        Some(claim) => Err(Stop::bad_input(format!(
            "run {}: {} is refuted by what was seen after the seal: {}",
            cut.run_id, claim.name, claim.reason
        ))),
    }
}

/// What is unproven, where that is accepted.
fn accepted(verdict: Result<(), Stop>, accept_unproven: bool) -> Result<(), Stop> {
    match verdict {
        Err(stop) if stop.exit == crate::exit::Exit::Unproven && accept_unproven => {
            tracing::warn!("{stop}");
            Ok(())
        }
        verdict => verdict,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic, and says where")]
mod tests {
    use super::*;

    const CLOSED: &str = include_str!("../../../wasm-actions/cut/tests/fixtures/exactly-once.json");

    #[test]
    fn a_run_is_restored_as_the_mirror_that_it_is_of_and_from_a_seal_onto_claims_alone() {
        let mut cut = Cut::parse(CLOSED).unwrap();
        cut.mirror = "kafka/mirror".to_owned();
        let of = |name: &str| must_be_of(&cut, &name.parse().unwrap());
        assert!(of("kafka/mirror").is_ok());
        for other in ["rehearsal/mirror", "kafka/other"] {
            let said = of(other).unwrap_err().cause;
            assert!(said.contains("would dial those of the other"), "{said}");
        }
        assert!(may_be_restored(&cut, Way::Forth, false).is_ok());
        cut.state = State::Sealed;
        assert!(may_be_restored(&cut, Way::OnClaims, false).is_ok());
        assert!(may_be_restored(&cut, Way::Forth, true).is_err());
        for state in [
            State::Open,
            State::Void {
                at_ms: 1,
                reason: String::new(),
            },
        ] {
            cut.state = state;
            assert!(may_be_restored(&cut, Way::OnClaims, true).is_err());
        }
    }
}
