//! The flush of a guard, with what kernels have told of its volumes before. It decides
//! nothing but that what was told once counts for good.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use slackwater_ports::{Flushed, PortError, PortErrorKind, Seen};

use crate::site::{Flush, FlushNotes};

/// See the module.
pub(super) struct Flushing {
    flush: Box<dyn Flush>,
    notes: Box<dyn FlushNotes>,
    /// Volumes of which what was told is kept.
    noted: Mutex<BTreeSet<String>>,
}

impl Flushing {
    pub(super) fn new(flush: Box<dyn Flush>, notes: Box<dyn FlushNotes>) -> Self {
        Self {
            flush,
            notes,
            noted: Mutex::default(),
        }
    }

    /// The flush that counts: a volume of which something was told, now or before,
    /// failed.
    pub(super) fn flush(&self) -> Seen<Vec<Flushed>> {
        let flushed = self.flush.flush();
        let kept = self.keep();
        let mut rows = flushed?;
        let known = kept.and_then(|()| self.notes.known()).map_err(|why| {
            let message = format!("what earlier flushes told of the volumes is not known: {why}");
            PortError::new(PortErrorKind::Refused, message)
        })?;
        for row in &mut rows {
            if row.error.is_none() {
                row.error = known.get(&row.volume).cloned();
            }
        }
        Ok(rows)
    }

    pub(super) fn write_ahead(&self) {
        self.flush.write_ahead();
        if let Err(why) = self.keep() {
            tracing::error!("what a flush told of a volume is not kept, and is tried again: {why}");
        }
    }

    pub(super) fn ahead_every_ms(&self) -> u64 {
        self.flush.ahead_every_ms()
    }

    /// Keeps what was told, where that was not done yet.
    fn keep(&self) -> Result<(), String> {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        for (volume, told) in self.flush.told() {
            if !noted.contains(&volume) {
                self.notes.note(&volume, &told)?;
                self.flush.is_kept(&volume);
                noted.insert(volume);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use slackwater_ports::VolumeFlush;

    use super::*;

    /// A disk of which a kernel tells its error once, to whoever flushes first.
    #[derive(Clone, Default)]
    struct Disk(Arc<Mutex<Option<String>>>);

    impl Disk {
        fn tells(&self, error: &str) {
            *self.0.lock().unwrap() = Some(error.to_owned());
        }
    }

    /// One run's flush of it.
    struct OfRun(Disk, Mutex<BTreeMap<String, String>>);

    impl OfRun {
        fn row(&self) -> Flushed {
            let mut met = self.1.lock().unwrap();
            if let Some(error) = self.0.0.lock().unwrap().take() {
                met.insert("data".to_owned(), error);
            }
            Flushed {
                volume: "data".to_owned(),
                broker: 1,
                started_ms: 1,
                ended_ms: 2,
                method: "command".to_owned(),
                opened_ms: None,
                error: met.get("data").cloned(),
            }
        }
    }

    impl VolumeFlush for OfRun {
        fn flush(&self) -> Seen<Vec<Flushed>> {
            Ok(vec![self.row()])
        }
    }

    impl Flush for OfRun {
        fn write_ahead(&self) {
            self.row();
        }

        fn ahead_every_ms(&self) -> u64 {
            1
        }

        fn told(&self) -> BTreeMap<String, String> {
            self.1.lock().unwrap().clone()
        }

        fn is_kept(&self, _: &str) {}
    }

    /// What is kept, while it can be.
    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<(BTreeMap<String, String>, bool)>>);

    impl FlushNotes for Kept {
        fn known(&self) -> Result<BTreeMap<String, String>, String> {
            let kept = self.0.lock().unwrap();
            match kept.1 {
                true => Err("away".to_owned()),
                false => Ok(kept.0.clone()),
            }
        }

        fn note(&self, volume: &str, told: &str) -> Result<(), String> {
            let mut kept = self.0.lock().unwrap();
            if kept.1 {
                return Err("away".to_owned());
            }
            kept.0.insert(volume.to_owned(), told.to_owned());
            Ok(())
        }
    }

    fn run(disk: &Disk, kept: &Kept) -> Flushing {
        let flush = OfRun(disk.clone(), Mutex::default());
        Flushing::new(Box::new(flush), Box::new(kept.clone()))
    }

    fn error(flushing: &Flushing) -> Option<String> {
        flushing.flush().unwrap()[0].error.clone()
    }

    #[test]
    fn what_one_run_was_told_ahead_fails_the_flush_of_the_next() {
        let (disk, kept) = (Disk::default(), Kept::default());
        assert_eq!(error(&run(&disk, &kept)), None);
        disk.tells("EIO");
        // It ends before its own flush.
        run(&disk, &kept).write_ahead();
        assert_eq!(error(&run(&disk, &kept)).as_deref(), Some("EIO"));
    }

    #[test]
    fn what_could_not_be_kept_is_kept_by_the_next_flush_and_none_counts_until_then() {
        let (disk, kept) = (Disk::default(), Kept::default());
        let first = run(&disk, &kept);
        disk.tells("EIO");
        kept.0.lock().unwrap().1 = true;
        first.write_ahead();
        first.flush().unwrap_err();
        kept.0.lock().unwrap().1 = false;
        first.write_ahead();
        assert_eq!(error(&run(&disk, &kept)).as_deref(), Some("EIO"));
    }
}
