//! A restore in place of a mirror in Strimzi, and the way back: looks, has the next
//! step decided, does it, and looks again, until nothing is left to do. What is to
//! be shown is shown by phases. Decides nothing but when it gives up.

mod books;
mod caught_up;
mod feed;
mod groups;
mod lacking;
pub mod may;
mod report;
mod show;
mod told;
mod trim;

use std::path::{Path, PathBuf};

use slackwater_cut::Cut;
use slackwater_kubernetes::{InPlace, Origin, Own, Reason};
use slackwater_ports::Clock as _;
use slackwater_restore::{MOST_STEPS, Seen, Step, Way, next, plan};
use slackwater_store::{Holder, LeaseState, RunId};

use crate::adapters::{SystemClock, Terminal};
use crate::exit::Stop;
use crate::site::{Apart, Held, KafkaName, Need, Site, Strimzi};
use crate::trimming::How;

use may::{is_trimmed_as_asked, may_be_restored, must_be_of};
use told::is_begun;

pub use feed::start_in_order;
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
#[derive(Clone)]
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
    /// How the volumes are cut back to one point; where they are restored as they are, nothing.
    pub trim: Option<How>,
    /// Let MirrorMaker skip what the source has deleted.
    pub accept_loss: bool,
    /// GitOps controllers that own what feeds the mirror were told to leave it alone.
    pub git_ops_suspended: bool,
    /// How long the mirror may take to catch up, ms.
    pub catch_up_ms: u64,
    /// What of it may be left.
    pub rest: Rest,
    /// Of what it is to be a clone; of one in place nothing.
    pub clone_of: Option<CloneOf>,
    /// No progress.
    pub quiet: bool,
}

/// The original of a clone, which has its name in another namespace.
#[derive(Debug, Clone)]
pub struct CloneOf {
    /// Which.
    pub kafka: KafkaName,
    /// What the clone has of its own.
    pub own: Own,
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
    /// Of a clone: the original's.
    origin: Option<Site>,
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
        let origin = match &asked.clone_of {
            Some(of) => Some(open_origin(&asked, of)?),
            None => None,
        };
        if asked.way.is_clone() {
            strimzi(&site)?.must_have_namespace()?;
        }
        let document = books::document(&site, origin.as_ref(), &asked.run)?;
        let cut = Cut::trusted(&document).map_err(Stop::failed)?;
        must_be_of(&cut, asked.original())?;
        if asked.way.is_forth() {
            may_be_restored(&cut, asked.way, asked.trim.as_ref(), asked.accept_unproven)?;
        }
        let kept = books::kept(&site, origin.as_ref(), &asked)?;
        let of = asked.clone_of.as_ref().map(|of| Origin {
            namespace: of.kafka.namespace().to_owned(),
            keeps_ca: of.own.keeps_ca,
        });
        let trims = asked.way.is_forth() && asked.trim.is_some();
        let feeds = asked.rest != Rest::Unfed;
        let in_place = strimzi(&site)?.in_place(&cut, kept, of, feeds, trims)?;
        Ok(Self {
            asked,
            cut,
            in_place,
            site,
            origin,
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
        self.what_is_told_stays(&seen)?;
        Ok(steps)
    }

    /// The same for people: with the names of the volumes that are kept.
    ///
    /// # Errors
    /// As for [`Restore::plan`].
    pub fn plan_in_words(&self) -> Result<Vec<String>, Stop> {
        let words = |step: &Step| {
            let volume = match step {
                Step::KeepVolume(claim) => self.in_place.volume_of(claim).map_err(Stop::failed)?,
                _ => None,
            };
            Ok(match volume {
                Some(volume) => format!("{step}: PersistentVolume {volume}"),
                None => step.to_string(),
            })
        };
        self.plan()?.iter().map(words).collect()
    }

    fn all_is_allowed(&self, steps: &[Step]) -> Result<(), Stop> {
        let strimzi = self.strimzi()?;
        let mut rights = self.in_place.rights(steps);
        if self.asked.rest == Rest::Apart {
            rights.extend(strimzi.rights_of_apart());
        }
        strimzi.must_be_allowed(&rights, "nothing was touched")
    }

    /// Does it.
    ///
    /// # Errors
    /// What forbids it, before anything is touched; what can't be done, and then
    /// the same command goes on.
    pub fn run(mut self) -> Result<Report, Stop> {
        // Told before anybody is kept from anything.
        let seen = self.in_place.look().map_err(Stop::failed)?;
        let trims = self.asked.trim.is_some();
        is_trimmed_as_asked(&self.cut, trims, &seen)?;
        let steps = plan(self.asked.way, &seen).map_err(Stop::bad_input)?;
        self.all_is_allowed(&steps)?;
        self.what_is_told_stays(&seen)?;
        self.nobody_else_holds_it(&seen)?;
        self.nobody_else_copies()?;
        let leases = self.site.ground().leases();
        let held = match self.may_take_over(&leases.look()?) {
            true => leases.take_over(self.holder()?)?,
            false => leases.take(self.holder()?)?,
        };
        let done = self
            .say_as_before(&seen.kafka)
            .and_then(|()| self.steps(&*held));
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
            way => {
                let (reason, note) = self.news(way);
                let strimzi = self.strimzi()?;
                strimzi.tell_restored(&self.asked.run, reason, &note)
            }
        };
        if let Err(why) = told {
            tracing::info!("no event tells of it: {why}");
        }
        Ok(Report::new(&self.cut, &self.asked, left))
    }

    /// What an event says of it.
    fn news(&self, way: Way) -> (Reason, String) {
        let run = &self.asked.run;
        match (way, &self.asked.clone_of) {
            (Way::Back, _) => (
                Reason::WentBack,
                format!("the volumes from before the restore of run {run} are back"),
            ),
            (_, Some(of)) => (
                Reason::Restored,
                format!("this is a clone of {} as run {run} has it", of.kafka),
            ),
            (_, None) => (
                Reason::Restored,
                format!("run {run} is restored; the volumes from before are kept"),
            ),
        }
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
            if step.begins_anew() {
                // What an earlier restore has shown is not of this one.
                self.forget_restores()?;
            }
            let done = match &step {
                Step::ProveVolumes => self.prove_volumes(),
                Step::TrimVolumes => self.trim_volumes(),
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
            (Way::Forth, Step::ProveVolumes | Step::TrimVolumes | Step::ProveHeads) => {
                format!("nothing feeds the mirror: go back by `restore {run} --undo`")
            }
            (Way::OnClaims, Step::ProveVolumes | Step::ProveHeads) => format!(
                "nothing feeds the mirror: where it stood aside go back by `restore {run} --undo`, or \
                 have the claims restored once more (`restore {run} --stand-aside` comes before that)"
            ),
            (
                Way::Clone | Way::CloneOnClaims,
                Step::ProveVolumes | Step::TrimVolumes | Step::ProveHeads,
            ) => "where that is refuted delete the namespace; else the same command goes on"
                .to_owned(),
            (Way::Clone, _) => {
                "the same command goes on, and what there is is gone with the namespace".to_owned()
            }
            (Way::Forth | Way::Aside, _) => {
                format!("the same command goes on, and `restore {run} --undo` goes back")
            }
            (Way::OnClaims | Way::CloneOnClaims | Way::Back, _) => {
                "the same command goes on".to_owned()
            }
        };
        let unfed = match feeds(step) {
            true => ", and with `--no-feed` ends before that, where a source can't be reached",
            false => "",
        };
        Stop {
            cause: format!("{step}: {}; {then}{unfed}", stop.cause),
            ..stop
        }
    }

    /// Back it goes whoever copies, and nobody copies to a clone.
    fn nobody_else_copies(&self) -> Result<(), Stop> {
        match self.asked.way {
            Way::Back | Way::Clone | Way::CloneOnClaims => Ok(()),
            _ => strimzi(&self.site)?.only_makers_copy_to_it(self.in_place.kept()),
        }
    }

    /// Notes of a hold are another run's, but where this restore starts connectors.
    fn nobody_else_holds_it(&self, seen: &Seen) -> Result<(), Stop> {
        let begun = is_begun(seen);
        // Others restore it as it was when it was backed up: held.
        let as_held = self.asked.way.is_on_claims();
        if !begun && !as_held && strimzi(&self.site)?.is_held() {
            return Err(Stop::held(format!(
                "connectors of {} are held: `slackwater resume` comes first",
                self.asked.kafka
            )));
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
                let way = self.asked.way;
                let by_others = way.is_on_claims() || way == Way::Aside;
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
        self.write(&document)
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
            .apart(&self.asked.run, Apart::Restores, args)?;
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
        let said = [
            (self.asked.way == Way::OnClaims, "--on-claims"),
            // What was accepted once is not asked for again.
            (self.asked.accept_unproven, "--accept-unproven"),
            (self.asked.accept_loss, "--accept-loss"),
        ];
        let said = said.into_iter().filter(|(is, _)| *is);
        args.extend(said.map(|(_, flag)| flag.to_owned()));
        args
    }

    fn say(&self, line: &str) {
        self.site.terminal.say(line);
    }

    fn strimzi(&self) -> Result<&Strimzi, Stop> {
        strimzi(&self.site)
    }
}

impl Asked {
    /// The one that was backed up.
    fn original(&self) -> &KafkaName {
        let of = self.clone_of.as_ref();
        of.map_or(&self.kafka, |of| &of.kafka)
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
    open(asked, &asked.kafka, need)
}

/// Nothing of it is touched.
fn open_origin(asked: &Asked, of: &CloneOf) -> Result<Site, Stop> {
    if of.kafka.namespace() == asked.kafka.namespace() {
        return Err(Stop::bad_input(format!(
            "a clone of {} has its name, and so needs another namespace",
            of.kafka
        )));
    }
    open(asked, &of.kafka, &Need::Least)
}

fn open(asked: &Asked, kafka: &KafkaName, need: &Need) -> Result<Site, Stop> {
    let kubeconfig = asked.kubeconfig.as_deref().map(Path::new);
    Site::in_strimzi(kafka, kubeconfig, need, Terminal::new(asked.quiet))
}

fn strimzi(site: &Site) -> Result<&Strimzi, Stop> {
    let strimzi = site.strimzi();
    strimzi.ok_or_else(|| Stop::failed("a restore in place is of a mirror in Strimzi"))
}
