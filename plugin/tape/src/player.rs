//! Playing back: a world that gives the answers of a recording, as long as it
//! is asked the same.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use slackwater_ports::*;

use crate::calls::all_calls;
use crate::difference::Difference;
use crate::line::{Begun, TapeError, read};

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
    saved: Option<String>,
    playing: Mutex<Playing>,
}

impl Player {
    /// Reads a recording.
    ///
    /// # Errors
    /// See [`TapeError`].
    pub fn read(text: &str) -> Result<Self, TapeError> {
        let (begun, calls, ended) = read(text)?;
        let mut saves = calls.iter().rev();
        let saved = saves.find_map(|(name, asked, answer)| {
            // The answer of a save that was refused is an error.
            let accepted = name == "save" && answer.get("Ok").is_some();
            let document = asked.get(1).filter(|_| accepted)?;
            document.as_str().map(str::to_owned)
        });
        Ok(Self {
            begun,
            ended,
            saved,
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

    /// The last document that the recorded run saved; `None` where it saved
    /// none.
    pub fn saved(&self) -> Option<&str> {
        self.saved.as_deref()
    }

    /// How many calls were played.
    pub fn calls(&self) -> usize {
        self.playing().played
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
