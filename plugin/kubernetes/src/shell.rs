//! Commands in a pod without the half second that each `exec` takes: a shell there
//! is begun once and given one after another. Where it can't be had, or is at
//! another's, a command goes as it does by itself.

use std::sync::{Mutex, TryLockError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use slackwater_connect::{Ran, Remote};

use crate::exec::MOST_STDOUT;
use crate::{Pods, Talk};

/// For the shell to begin, and for a line to be sent.
const BEGIN: Duration = Duration::from_secs(10);

/// Reads lines that are commands, until nobody sends any.
const LOOP: &str = "while IFS= read -r line; do eval \"$line\"; done";

/// The pods, and a shell in one of them.
pub struct Shell {
    pods: Pods,
    talk: Mutex<Option<Talk>>,
}

impl Shell {
    /// Nothing is begun yet.
    pub fn new(pods: Pods) -> Self {
        Self {
            pods,
            talk: Mutex::new(None),
        }
    }

    /// `None` where it gave no answer that can be read: it is begun anew then.
    fn by_shell(&self, command: &[String], most: Duration) -> Option<Ran> {
        let mut kept = match self.talk.try_lock() {
            Ok(kept) => kept,
            // One waits for a stop or a start, which may take seconds.
            Err(TryLockError::WouldBlock) => return None,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
        };
        // Put back only when all went well.
        let mut talk = match kept.take() {
            Some(talk) => talk,
            None => self.pods.talk(&["sh", "-c", LOOP], BEGIN).ok()?,
        };
        let ran = ask(&mut talk, command, most)?;
        *kept = Some(talk);
        Some(ran)
    }
}

/// One command: its exit code and what it printed, as one line.
fn ask(talk: &mut Talk, command: &[String], most: Duration) -> Option<Ran> {
    let words: Vec<String> = command.iter().map(|word| quoted(word)).collect();
    let line = format!(
        "o=$({} 2>&1); c=$?; printf '%s ' \"$c\"; printf %s \"$o\" | base64 -w0; echo",
        words.join(" ")
    );
    if line.contains('\n') {
        return None;
    }
    talk.say(&line, BEGIN).ok()?;
    read(&talk.next(most).ok()??)
}

fn read(answer: &str) -> Option<Ran> {
    let (code, text) = answer.split_once(' ').unwrap_or((answer, ""));
    let code = code.parse().ok()?;
    let printed = STANDARD.decode(text).ok()?;
    if printed.len() as u64 > MOST_STDOUT {
        return None;
    }
    let complaint = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().replace('\n', " ");
    Some(Ran {
        code,
        // One that fails says why, and nothing else that counts.
        stderr: match code {
            0 => String::new(),
            _ => complaint(&printed),
        },
        stdout: printed,
    })
}

/// A word for a POSIX shell.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

impl Remote for Shell {
    fn run(&self, command: &[String], most: Duration) -> Result<Ran, String> {
        match self.by_shell(command, most) {
            Some(ran) => Ok(ran),
            // What was sent may have been done: all that is asked of Connect may
            // be asked twice.
            None => self.pods.run(command, most),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_a_code_and_what_was_printed() {
        let ran = read("0 e30KMjAw").unwrap();
        assert_eq!(
            (ran.code, ran.stdout.as_slice()),
            (0, b"{}\n200".as_slice())
        );
        assert_eq!(read("7 bm8KaG9zdA==").unwrap().stderr, "no host");
        assert_eq!(read("0 ").unwrap().stdout, b"");
        for bad in ["", "x e30=", "0 *", "sh: not found"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn words_go_to_a_shell_as_they_are() {
        let words = ["it's", "$HOME", "a b", "\\n%{http_code}", "*", ""];
        let line = words.map(quoted).join(" ");
        let shell = std::process::Command::new("sh")
            .args(["-c", &format!("printf '%s|' {line}")])
            .output()
            .unwrap();
        assert_eq!(
            String::from_utf8_lossy(&shell.stdout),
            words.join("|") + "|"
        );
    }
}
