//! Playing back: a world that gives the answers of a recording, as long as it
//! is asked the same.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use slackwater_ports::*;

use crate::calls::all_calls;
use crate::line::{Begun, TapeError, read};

/// Where a run left the recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Which call, from 0.
    pub call: usize,
    /// What the recording has there: name and arguments; `None` where it has
    /// ended.
    pub recorded: Option<(String, Value)>,
    /// What was asked; `None` where the run ended before.
    pub asked: Option<(String, Value)>,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = |call: &Option<(String, Value)>| match call {
            Some((name, asked)) => format!("{name}{asked}"),
            None => "no call".to_owned(),
        };
        write!(
            f,
            "call {}: the recording has {}, and this run made {}",
            self.call,
            shown(&self.recorded),
            shown(&self.asked)
        )
    }
}

#[derive(Debug)]
struct Playing {
    left: VecDeque<(String, Value, Value)>,
    played: usize,
    difference: Option<Difference>,
}

/// A recording that is played.
#[derive(Debug)]
pub struct Player {
    begun: Begun,
    ended: Result<Outcome, Failure>,
    playing: Mutex<Playing>,
}

impl Player {
    /// Reads a recording.
    ///
    /// # Errors
    /// See [`TapeError`].
    pub fn read(text: &str) -> Result<Self, TapeError> {
        let (begun, calls, ended) = read(text)?;
        Ok(Self {
            begun,
            ended,
            playing: Mutex::new(Playing {
                left: calls.into(),
                played: 0,
                difference: None,
            }),
        })
    }

    /// What it is a recording of.
    pub fn begun(&self) -> &Begun {
        &self.begun
    }

    /// How the recorded run ended.
    pub fn ended(&self) -> &Result<Outcome, Failure> {
        &self.ended
    }

    /// Where the run that was played to left it, once it has ended; `None`
    /// where it made every call and no other.
    pub fn difference(&self) -> Option<Difference> {
        let playing = self.playing();
        if playing.difference.is_some() {
            return playing.difference.clone();
        }
        let (name, asked, _) = playing.left.front()?;
        Some(Difference {
            call: playing.played,
            recorded: Some((name.clone(), asked.clone())),
            asked: None,
        })
    }

    fn playing(&self) -> MutexGuard<'_, Playing> {
        self.playing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The recorded answer, if this is the recorded call. After a difference
    /// nothing is answered any more.
    fn answer<T: DeserializeOwned>(&self, name: &str, asked: Value) -> Option<T> {
        let mut playing = self.playing();
        if playing.difference.is_some() {
            return None;
        }
        let next = playing.left.pop_front();
        if let Some((recorded, with, answer)) = &next
            && recorded == name
            && *with == asked
            && let Ok(answer) = T::deserialize(answer)
        {
            playing.played += 1;
            return Some(answer);
        }
        playing.difference = Some(Difference {
            call: playing.played,
            recorded: next.map(|(name, asked, _)| (name, asked)),
            asked: Some((name.to_owned(), asked)),
        });
        None
    }
}

/// What is answered when the recording has no answer.
trait Nothing {
    fn nothing() -> Self;
}

impl Nothing for () {
    fn nothing() {}
}

impl Nothing for u64 {
    // As late as can be: whoever waits gives up.
    fn nothing() -> Self {
        u64::MAX
    }
}

impl<T> Nothing for Vec<T> {
    fn nothing() -> Self {
        Vec::new()
    }
}

impl<T> Nothing for Seen<T> {
    fn nothing() -> Self {
        Err(PortError::new(
            PortErrorKind::Unsupported,
            "the recording has no answer to this call",
        ))
    }
}

macro_rules! played {
    ($($port:ident { $($name:ident($($arg:ident: $kind:ty),*) -> $answer:ty;)* })*) => { $(
        impl $port for Player {
            $(fn $name(&self, $($arg: $kind),*) -> $answer {
                self.answer(stringify!($name), json!([$($arg),*]))
                    .unwrap_or_else(<$answer as Nothing>::nothing)
            })*
        }
    )* };
}

all_calls!(played);
