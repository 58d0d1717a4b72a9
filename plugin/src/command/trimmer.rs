//! `slackwater trimmer`: plans and trims volumes where they are all mounted, for a
//! restore that runs elsewhere: a question a line on standard input, an answer a line on
//! standard output, and empty lines while it works.

use std::fs;
use std::io::{self, BufRead as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use clap::Args;
use slackwater_cut::Cut;
use slackwater_trim::{OrderAsked, PlanOptions, RealDisk, TrimError, trim_once};

use super::reader::{say, working};
use crate::exit::Stop;
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
                Ok(Asked::Trim(asked)) => working(|| self.trim(&asked))?,
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

    fn trim(&self, asked: &ToTrim) -> Answered {
        let cut = match Cut::trusted(&asked.cut) {
            Ok(cut) => cut,
            Err(error) => return forbidden(error.to_string()),
        };
        let how = &asked.how;
        let options = PlanOptions {
            order: match how.order {
                Order::Source => OrderAsked::Source,
                Order::Timestamp { epsilon_ms } => OrderAsked::Timestamp { epsilon_ms },
            },
            max: how.most(),
            exclude: how.exclude.clone(),
            missing: Vec::new(),
            stops_connect: true,
            is_of_cut: true,
        };
        let tail = cut.settings.tail_records;
        match trim_once(&self.volume, &cut, &options, &RealDisk, tail) {
            Ok((plan, found)) => Answered::Done(Box::new(Done { plan, found })),
            Err(error) => Answered::No {
                is_forbidden: !matches!(error, TrimError::Io { .. } | TrimError::ReadBack { .. }),
                why: error.to_string(),
            },
        }
    }
}

fn forbidden(why: String) -> Answered {
    Answered::No {
        why,
        is_forbidden: true,
    }
}
