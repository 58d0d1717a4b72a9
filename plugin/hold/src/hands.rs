//! What the guard does its work with.

use slackwater_ports::{Answer, BrokerAnswer, Clock, ConnectorRef, Seen};

/// The guard's means. None of them decides anything.
pub trait Hands: Clock {
    /// The right to release or to give up, alone.
    type Alone<'a>
    where
        Self: 'a;

    /// Waits for that right.
    fn alone(&self) -> Self::Alone<'_>;
    /// Runs validate-head's closing look, for at most this long.
    ///
    /// # Errors
    /// Its cause.
    fn close_bracket(&self, within_ms: u64) -> Result<String, String>;
    /// Runs resume-mirror once.
    ///
    /// # Errors
    /// Its cause.
    fn resume(&self) -> Result<String, String>;
    /// Has whoever may restart brokers leave them alone: before anything is stopped. It
    /// may take long.
    ///
    /// # Errors
    /// Whoever it is does not: nothing is to be stopped.
    fn prepare(&self) -> Seen<()>;
    /// Whether they do so still, by one look. It waits for nobody: something is stopped.
    ///
    /// # Errors
    /// They do not; no answer. Nothing more is to be stopped.
    fn still_prepared(&self) -> Seen<()>;
    /// Asks Connect to stop these.
    fn stop(&self, connectors: &[ConnectorRef]) -> Vec<Answer>;
    /// Stops the brokers cleanly, and waits for it at the most so long.
    ///
    /// # Errors
    /// Brokers that could not be asked.
    fn stop_brokers(&self, within_ms: u64) -> Seen<Vec<BrokerAnswer>>;
    /// Writes the deadline, in milliseconds since the Unix epoch, into the
    /// lease. It does not wait for anybody.
    ///
    /// # Errors
    /// A lease that can't be written.
    fn sign_deadline(&self, deadline_ms: u64) -> Result<(), String>;
    /// Notes something down in the run document, as well as that goes.
    fn note(&self, event: &str);
    /// Ends a run that was not closed. One that has ended stays as it is: of a
    /// close and a void the first wins.
    fn void(&self, reason: &str);
    /// Whether the run is closed or void, by its document. Where that gives no answer it
    /// is not known to be.
    fn is_final(&self) -> bool;
    /// Gives the lease back.
    fn give_back(&self);
}
