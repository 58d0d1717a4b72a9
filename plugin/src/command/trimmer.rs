//! `slackwater trimmer`: plans and trims volumes where they are all mounted, for a
//! restore that runs elsewhere: a question a line on standard input, an answer a line on
//! standard output, and empty lines while it works.

use std::fs;
use std::io::{self, BufRead as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use clap::Args;
use slackwater_cut::Cut;
use slackwater_host::PhaseComponent;
use slackwater_ports::Clock as _;
use slackwater_trim::{OrderAsked, PlanOptions, RealDisk, TrimError, plan_once, trim_once};

use super::reader::{say, working};
use crate::adapters::SystemClock;
use crate::exit::Stop;
use crate::numbering::Numbers;
use crate::trimming::{Answered, Asked, Done, Order, Owner, ToTrim};

/// Plan and trim volumes for a restore that runs elsewhere.
#[derive(Debug, Args)]
pub(super) struct Trimmer {
    /// Where a volume is mounted.
    #[arg(long, value_name = "PATH", required = true)]
    volume: Vec<PathBuf>,
}

impl Trimmer {
    pub(super) fn run(&self) -> Result<(), Stop> {
        for line in io::stdin().lock().lines() {
            let line = line.map_err(Stop::failed)?;
            let answer = match serde_json::from_str::<Asked>(&line) {
                Ok(Asked::Owner) => self.owner(),
                Ok(Asked::Plan(asked)) => working(|| self.done(&asked, Self::plan))?,
                Ok(Asked::Trim(asked)) => working(|| self.done(&asked, Self::trim))?,
                Err(error) => forbidden(format!("the question can't be read: {error}")),
            };
            say(&serde_json::to_string(&answer).map_err(Stop::failed)?)?;
        }
        Ok(())
    }

    fn owner(&self) -> Answered {
        let found = self.volume.iter().find_map(|path| {
            let dirs = slackwater_logdir::survey(path, slackwater_logdir::Locked::Refuse).ok()?;
            fs::metadata(&dirs.first()?.path).ok()
        });
        let Some(found) = found else {
            return forbidden("there is no log directory on the volumes".to_owned());
        };
        Answered::Owner(Owner {
            uid: found.uid(),
            gid: found.gid(),
            is_asked: rustix::process::geteuid().as_raw() == found.uid(),
        })
    }

    fn done(
        &self,
        asked: &ToTrim,
        act: impl Fn(&Self, &Cut, &PlanOptions<'_>) -> Result<Answered, TrimError>,
    ) -> Answered {
        let cut = match Cut::trusted(&asked.cut) {
            Ok(cut) => cut,
            Err(error) => return forbidden(error.to_string()),
        };
        let how = &asked.how;
        let numbers = match numbers(&how.order) {
            Ok(numbers) => numbers,
            Err(why) => return forbidden(why),
        };
        let sequence = numbers.as_ref().map(Numbers::sequence);
        let options = PlanOptions {
            order: match (&how.order, &numbers, &sequence) {
                (_, Some(numbers), Some(of)) => numbers.asked(of),
                (Order::Timestamp { epsilon_ms }, ..) => OrderAsked::Timestamp {
                    epsilon_ms: *epsilon_ms,
                },
                _ => OrderAsked::Source,
            },
            max: how.most(),
            exclude: how.exclude.clone(),
            stops_connect: true,
            at_source: asked.at_source(),
            is_of_cut: true,
            now_ms: i64::try_from(SystemClock.now_ms()).ok(),
        };
        act(self, &cut, &options).unwrap_or_else(|error| Answered::No {
            is_forbidden: !matches!(error, TrimError::Io { .. } | TrimError::ReadBack { .. }),
            why: error.to_string(),
        })
    }

    fn plan(&self, cut: &Cut, options: &PlanOptions<'_>) -> Result<Answered, TrimError> {
        let made = plan_once(&self.volume, cut, options)?;
        Ok(Answered::Planned(made.map(Box::new)))
    }

    fn trim(&self, cut: &Cut, options: &PlanOptions<'_>) -> Result<Answered, TrimError> {
        let tail = cut.settings.tail_records;
        let done = trim_once(&self.volume, cut, options, &RealDisk, tail)?;
        Ok(Answered::Done(Box::new(Done {
            plan: done.plan,
            found: done.shown,
            ended: done.ended,
        })))
    }
}

/// The component that gives numbers, where these are the order.
fn numbers(order: &Order) -> Result<Option<Numbers>, String> {
    let Order::Sequence {
        key,
        first,
        disorder,
    } = order
    else {
        return Ok(None);
    };
    let component = PhaseComponent::load(key.bytes()?);
    Numbers::of(component, key.name.clone(), *first, *disorder).map(Some)
}

fn forbidden(why: String) -> Answered {
    Answered::No {
        why,
        is_forbidden: true,
    }
}
