//! Volumes that are planned and trimmed where they lie, by a program that may be ended
//! at any time and begun again: the plan is kept beside the data of every log directory
//! before anything is changed, so that what goes on goes by the same one.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use slackwater_cut::claims::Trimmed as Shown;
use slackwater_cut::{Cut, sha256_hex};
use slackwater_point::{MAX_PLAN_BYTES, Ordered, Plan};

use crate::disk::{Disk, Piece};
use crate::earlier;
use crate::error::TrimError;
use crate::journal::{Journal, Stage};
use crate::plan::{OrderAsked, PlanOptions, plan};
use crate::show::show;
use crate::trim::{Held, Reached};
use crate::volumes::Volumes;

/// Its name in a log directory. A broker looks at directories there, and at files of its
/// own.
const NAME: &str = "slackwater-plan.json";

/// Before it has that name.
const NEW: &str = "slackwater-plan.json.new";

/// What became of volumes.
#[derive(Debug)]
pub struct Once {
    /// By which plan.
    pub plan: Plan,
    /// What lies there.
    pub shown: Shown,
    /// Log directories on which a trim by another plan lay and was over: what that had set
    /// aside is deleted.
    pub ended: u64,
}

/// Plans and trims the log directories at or below these paths, or goes on with it; what
/// goes is deleted when all is shown to be as planned. What was found then has so many of
/// each partition's last records. A trim that somebody else has left there is ended, where it
/// is over.
///
/// # Errors
/// See [`plan`] and [`Held::trim`]; a trim that was begun otherwise.
pub fn trim_once(
    paths: &[PathBuf],
    cut: &Cut,
    options: &PlanOptions<'_>,
    disk: &dyn Disk,
    tail: u32,
) -> Result<Once, TrimError> {
    let mut ended = 0;
    let Before {
        volumes,
        dirs,
        begun,
        kept,
    } = Before::look(paths, cut)?;
    let made = match (kept, begun) {
        // What it has cut off is not there to be planned again.
        (Some(plan), begun)
            if !is_as_asked(&plan, options)
                && (begun.is_some() || is_right(&show(paths, &plan, tail)?)) =>
        {
            return Err(TrimError::State {
                path: dirs[0].clone(),
                why: "has a trim that was begun by another order, or with other topics left out: end \
                      it by that one, or go back",
            });
        }
        (Some(plan), Some(Stage::Done | Stage::Discarding)) => plan,
        (Some(plan), Some(_)) => {
            drop(volumes);
            ended += Held::take(paths, disk)?.trim(&plan)?.ended;
            plan
        }
        (Some(plan), None) if is_right(&show(paths, &plan, tail)?) => plan,
        _ => {
            let made = plan(cut, &volumes, options)?;
            drop(volumes);
            keep(&dirs, &made, disk)?;
            ended += Held::take(paths, disk)?.trim(&made)?.ended;
            made
        }
    };
    let shown = show(paths, &made, tail)?;
    if is_right(&shown) && journals(&dirs)?.iter().any(Option::is_some) {
        let mut held = Held::take(paths, disk)?;
        ended += held.end_earlier(&made)?;
        if held.reached(&made)? != Reached::Nothing {
            held.discard()?;
        }
    }
    Ok(Once {
        plan: made,
        shown,
        ended,
    })
}

/// The plan that [`trim_once`] would make; `None` where it goes on by one that it made.
///
/// # Errors
/// See [`plan`].
pub fn plan_once(
    paths: &[PathBuf],
    cut: &Cut,
    options: &PlanOptions<'_>,
) -> Result<Option<Plan>, TrimError> {
    let before = Before::look(paths, cut)?;
    match (before.kept, before.begun) {
        (_, Some(_)) => Ok(None),
        (Some(plan), None) if is_right(&show(paths, &plan, 0)?) => Ok(None),
        _ => plan(cut, &before.volumes, options).map(Some),
    }
}

/// What lies there when somebody comes.
struct Before {
    volumes: Volumes,
    dirs: Vec<PathBuf>,
    /// How far the trim by that plan is.
    begun: Option<Stage>,
    /// The plan beside the data, where it is of this cut.
    kept: Option<Plan>,
}

impl Before {
    fn look(paths: &[PathBuf], cut: &Cut) -> Result<Self, TrimError> {
        let volumes = Volumes::open(paths)?;
        let dirs: Vec<PathBuf> = volumes.dirs.iter().map(|dir| dir.path.clone()).collect();
        let sha256 = sha256_hex(cut.to_canonical()?.as_bytes());
        // A later backup carries plan and journals along.
        let kept = kept(&dirs)?.filter(|plan| {
            let of = plan.cut.as_ref();
            of.is_some_and(|of| of.run_id == cut.run_id)
        });
        let digest = kept.as_ref().and_then(|plan| plan.digest.as_deref());
        let begun = begun(&dirs, digest)?;
        // What was begun is ended by its plan, though the run's cut says more by now.
        let kept = kept.filter(|plan| {
            let of = plan.cut.as_ref();
            begun.is_some() || of.is_some_and(|of| of.sha256 == sha256)
        });
        Ok(Self {
            volumes,
            dirs,
            begun,
            kept,
        })
    }
}

/// Whether a plan is what is asked for now.
fn is_as_asked(plan: &Plan, options: &PlanOptions<'_>) -> bool {
    let same_order = match (&plan.order, &options.order) {
        (Ordered::Source { .. }, OrderAsked::Source) => true,
        (Ordered::Timestamp { epsilon_ms, .. }, OrderAsked::Timestamp { epsilon_ms: asked }) => {
            epsilon_ms == asked
        }
        (
            Ordered::Sequence {
                component,
                disorder,
                stated: first,
                ..
            },
            OrderAsked::Sequence {
                component: asked,
                stated,
                ..
            },
        ) => {
            let of_plan = (component.as_str(), *disorder, *first);
            of_plan == (*asked, stated.disorder, stated.first)
        }
        _ => false,
    };
    let left_out = |topics: &[String]| topics.iter().cloned().collect::<BTreeSet<_>>();
    let (of_plan, asked) = (left_out(&plan.excluded), left_out(&options.exclude));
    // Topics without a number are left out by themselves.
    let by_numbers = matches!(plan.order, Ordered::Sequence { .. });
    same_order && (of_plan == asked || by_numbers && of_plan.is_superset(&asked))
}

/// The stage of the first directory that has a journal by the plan of that digest. One by
/// another is over.
fn begun(dirs: &[PathBuf], digest: Option<&str>) -> Result<Option<Stage>, TrimError> {
    let paths: Vec<&Path> = dirs.iter().map(PathBuf::as_path).collect();
    let mut stage = None;
    for journal in earlier::without(&paths, journals(dirs)?, digest)? {
        // One that is not done is what counts.
        stage = match (stage, journal.map(|one| one.stage)) {
            (Some(before), Some(Stage::Done | Stage::Discarding)) => Some(before),
            (before, None) => before,
            (_, journal) => journal,
        };
    }
    Ok(stage)
}

fn journals(dirs: &[PathBuf]) -> Result<Vec<Option<Journal>>, TrimError> {
    dirs.iter().map(|dir| Journal::read(dir)).collect()
}

/// The plan that all of them have.
fn kept(dirs: &[PathBuf]) -> Result<Option<Plan>, TrimError> {
    let mut found: Option<Plan> = None;
    for dir in dirs {
        let path = dir.join(NAME);
        let bytes = match fs::metadata(&path) {
            Ok(there) => there.len(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(TrimError::io("read", &path)(error)),
        };
        if bytes > MAX_PLAN_BYTES as u64 {
            return Ok(None);
        }
        let text = fs::read_to_string(&path).map_err(TrimError::io("read", &path))?;
        // One that can't be read was not written whole: nothing was changed by it.
        let Ok(plan) = Plan::parse(&text) else {
            return Ok(None);
        };
        match &found {
            Some(other) if other.digest != plan.digest => return Ok(None),
            Some(_) => {}
            None => found = Some(plan),
        }
    }
    Ok(found)
}

fn keep(dirs: &[PathBuf], plan: &Plan, disk: &dyn Disk) -> Result<(), TrimError> {
    let text = plan.to_canonical()?;
    for dir in dirs {
        let piece = Piece::Bytes(text.clone().into_bytes());
        let (new, path) = (dir.join(NEW), dir.join(NAME));
        disk.write(&new, &[piece])
            .map_err(TrimError::io("write", &new))?;
        disk.rename(&new, &path)
            .map_err(TrimError::io("rename", &new))?;
        sync(dir, disk)?;
    }
    // Read back: what goes on goes by it.
    match kept(dirs)?.is_some_and(|there| there.digest == plan.digest) {
        true => Ok(()),
        false => Err(TrimError::State {
            path: dirs[0].clone(),
            why: "does not give the plan back that was written into it",
        }),
    }
}

fn sync(dir: &Path, disk: &dyn Disk) -> Result<(), TrimError> {
    disk.sync_directory(dir).map_err(TrimError::io("sync", dir))
}

/// Whether each copy is there, and as it was planned.
fn is_right(shown: &Shown) -> bool {
    shown.unplanned.is_empty()
        && shown.partitions.iter().all(|one| {
            let all = one.copies.len() as u64 == u64::from(one.planned);
            let mut each = one.copies.iter();
            all && each.all(|copy| copy.end == one.cut && copy.same && copy.wrong.is_none())
        })
}
