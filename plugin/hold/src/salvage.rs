//! Putting right what a guard that died left behind: its lease expired and
//! the mirror may be stopped.

use crate::course::Cause;

/// What a look at the lease shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeaseLook<H> {
    /// Nobody holds the mirror, and all was released.
    Free,
    /// A living guard does; `None` in the instant before it has signed.
    Held(Option<H>),
    /// The holder is gone and never released it.
    Expired(H),
}

/// The means.
pub trait Salvage {
    /// Whom a lease names.
    type Holder;
    /// A lease that was taken over: expired again when it is dropped.
    type Lease;
    /// Why something did not go.
    type Stop: Cause;

    /// Looks at the lease.
    ///
    /// # Errors
    /// A lease that can't be read.
    fn lease(&self) -> Result<LeaseLook<Self::Holder>, Self::Stop>;
    /// Takes the mirror over from a guard that is gone.
    ///
    /// # Errors
    /// Somebody else was faster.
    fn take_over(&self, left: &Self::Holder) -> Result<Self::Lease, Self::Stop>;
    /// Runs resume-mirror for the run that was left behind.
    ///
    /// # Errors
    /// A mirror that can't be resumed; a document that can't be read, in which
    /// stands what was stopped.
    fn resume_left(&self, left: &Self::Holder) -> Result<String, Self::Stop>;
    /// Ends the run that was left behind, unless it has ended.
    fn void_left(&self, left: &Self::Holder, reason: &str);
    /// Gives the mirror free.
    ///
    /// # Errors
    /// A lease that can't be released; it counts as expired then.
    fn give_free(&self, lease: Self::Lease) -> Result<(), Self::Stop>;
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recovered<H> {
    /// Nobody holds the mirror.
    Nothing,
    /// A living guard holds it.
    Held(Option<H>),
    /// A run was left behind: its mirror runs again, and it is void.
    PutRight {
        /// Whose run.
        left: H,
        /// What resumeMirror said.
        summary: String,
    },
}

/// Looks at the lease, and puts an expired hold right.
///
/// # Errors
/// A mirror that can't be resumed: the hold stays expired, and the next
/// command tries again.
pub fn recover<S: Salvage + ?Sized>(means: &S) -> Result<Recovered<S::Holder>, S::Stop> {
    let left = match means.lease()? {
        LeaseLook::Free => return Ok(Recovered::Nothing),
        LeaseLook::Held(holder) => return Ok(Recovered::Held(holder)),
        LeaseLook::Expired(left) => left,
    };
    let lease = means.take_over(&left)?;
    let summary = means.resume_left(&left)?;
    means.void_left(&left, "its guard died");
    means.give_free(lease)?;
    Ok(Recovered::PutRight { left, summary })
}
