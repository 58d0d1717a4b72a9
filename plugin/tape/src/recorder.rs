//! Recording: a world behind a world, which writes down what passes.

use std::io::Write;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use slackwater_ports::*;

use crate::calls::all_calls;
use crate::line::{Begun, Line, hex};

/// No recording is longer, as plain text: a run over 10,000 partitions passes
/// its document of 20 MB some dozen times, and what is far beyond that is a
/// loop that nobody will replay. The recording is given up then, the run is
/// not.
pub const MOST_BYTES: u64 = 1 << 30;

/// Why there is no recording.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The sink took no more.
    #[error("the recording can't be written: {0}")]
    Write(#[from] std::io::Error),
    /// See [`MOST_BYTES`].
    #[error("the recording would have more than {MOST_BYTES} bytes")]
    TooLong,
    /// It was ended before.
    #[error("the recording has ended already")]
    Ended,
}

/// What is recorded, one JSON document a line, into a sink.
pub struct Tape<W> {
    /// Milliseconds since the Unix epoch.
    now_ms: Box<dyn Fn() -> u64 + Send + Sync>,
    inner: Mutex<Inner<W>>,
}

struct Inner<W> {
    sink: Option<W>,
    /// Over all lines so far.
    hash: Sha256,
    bytes: u64,
    wrong: Option<RecordError>,
}

impl<W: Write> Tape<W> {
    /// A new one, of this run.
    pub fn begin(
        begun: Begun,
        sink: W,
        now_ms: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> Arc<Self> {
        let tape = Arc::new(Self {
            now_ms: Box::new(now_ms),
            inner: Mutex::new(Inner {
                sink: Some(sink),
                hash: Sha256::new(),
                bytes: 0,
                wrong: None,
            }),
        });
        tape.write(&Line::Begun(begun));
        tape
    }

    /// The phase has ended. Gives the sink back, with the whole recording in
    /// it.
    ///
    /// # Errors
    /// A recording that is not whole.
    pub fn end(&self, how: &Result<Outcome, Failure>) -> Result<W, RecordError> {
        let sha256 = hex(self.inner().hash.clone());
        self.write(&Line::Ended {
            how: how.clone(),
            sha256,
        });
        let mut inner = self.inner();
        match inner.wrong.take() {
            Some(wrong) => Err(wrong),
            None => inner.sink.take().ok_or(RecordError::Ended),
        }
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Inner<W>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, line: &Line) {
        // Values of JSON are always written.
        let mut line = serde_json::to_string(line).unwrap_or_default();
        line.push('\n');
        let mut inner = self.inner();
        if inner.wrong.is_some() {
            return;
        }
        inner.hash.update(line.as_bytes());
        inner.bytes += line.len() as u64;
        if inner.bytes > MOST_BYTES {
            inner.wrong = Some(RecordError::TooLong);
            return;
        }
        if let Some(sink) = &mut inner.sink
            && let Err(error) = sink.write_all(line.as_bytes())
        {
            inner.wrong = Some(error.into());
        }
    }

    fn call<T: Serialize>(&self, name: &str, asked: Value, answer: &T) {
        self.write(&Line::Call {
            at_ms: (self.now_ms)(),
            name: name.to_owned(),
            asked,
            answer: serde_json::to_value(answer).unwrap_or(Value::Null),
        });
    }
}

/// A world whose calls are recorded. `P` points to it.
pub struct Recorded<P, W> {
    world: P,
    tape: Arc<Tape<W>>,
}

impl<P: Deref, W: Write> Recorded<P, W> {
    /// On this tape.
    pub fn new(world: P, tape: Arc<Tape<W>>) -> Self {
        Self { world, tape }
    }
}

macro_rules! recorded {
    ($($port:ident { $($name:ident($($arg:ident: $kind:ty),*) -> $answer:ty;)* })*) => { $(
        impl<P: Deref, W: Write> $port for Recorded<P, W>
        where
            P::Target: $port,
        {
            $(fn $name(&self, $($arg: $kind),*) -> $answer {
                let answer = self.world.$name($($arg),*);
                self.tape.call(stringify!($name), json!([$($arg),*]), &answer);
                answer
            })*
        }
    )* };
}

all_calls!(recorded);
