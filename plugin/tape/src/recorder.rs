//! Recording: a world behind a world, which writes down what passes.

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde_json::{Value, json};
use slackwater_ports::*;

use crate::calls::all_calls;
use crate::line::{Begun, Line};

/// What was recorded so far, one JSON document a line.
#[derive(Debug, Default)]
pub struct Tape {
    text: Mutex<String>,
}

impl Tape {
    /// A new one, of this run.
    pub fn begin(begun: Begun) -> Arc<Self> {
        let tape = Arc::new(Self::default());
        tape.write(&Line::Begun(begun));
        tape
    }

    /// The phase has ended. Gives the whole recording.
    pub fn end(&self, how: &Result<Outcome, Failure>) -> String {
        self.write(&Line::Ended(how.clone()));
        self.text().clone()
    }

    fn text(&self) -> std::sync::MutexGuard<'_, String> {
        self.text.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, line: &Line) {
        // Values of JSON are always written.
        let line = serde_json::to_string(line).unwrap_or_default();
        let mut text = self.text();
        text.push_str(&line);
        text.push('\n');
    }

    fn call<T: Serialize>(&self, name: &str, asked: Value, answer: &T) {
        self.write(&Line::Call {
            name: name.to_owned(),
            asked,
            answer: serde_json::to_value(answer).unwrap_or(Value::Null),
        });
    }
}

/// A world whose calls are recorded. `P` points to it.
pub struct Recorded<P> {
    world: P,
    tape: Arc<Tape>,
}

impl<P: Deref> Recorded<P> {
    /// On this tape.
    pub fn new(world: P, tape: Arc<Tape>) -> Self {
        Self { world, tape }
    }
}

macro_rules! recorded {
    ($($port:ident { $($name:ident($($arg:ident: $kind:ty),*) -> $answer:ty;)* })*) => { $(
        impl<P: Deref> $port for Recorded<P>
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
