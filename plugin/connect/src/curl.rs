//! Connect's REST asked from where it listens: by curl, run there by somebody
//! else. A Strimzi Connect lets nobody but itself and the operator at its port
//! (its NetworkPolicy), and a command in one of its pods is not subject to that;
//! curl is in its image.
//!
//! Makes the command and reads what it printed; runs nothing.

use std::time::Duration;

use crate::transport::{Call, Reply, Transport, Unanswered};

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// Its exit code.
    pub code: i32,
    /// What it printed, and no more than it was allowed.
    pub stdout: Vec<u8>,
    /// What it complained of.
    pub stderr: String,
}

/// Runs a command where Connect's REST listens.
pub trait Remote: Send + Sync {
    /// Runs a program with its arguments, without a shell, to its end.
    ///
    /// # Errors
    /// It could not be run, or did not end within `most`; in one line.
    fn run(&self, command: &[String], most: Duration) -> Result<Ran, String>;
}

/// The transport.
pub struct Curl<R> {
    remote: R,
    url: String,
}

/// For the way to the command and back, beside what the request may take.
const WAY: Duration = Duration::from_secs(5);

/// curl's own (`CURLE_…`, curl(1)).
const OPERATION_TIMEDOUT: i32 = 28;
const WEIRD_SERVER_REPLY: i32 = 8;
const UNSUPPORTED_PROTOCOL: i32 = 1;

/// A shell's and a container runtime's: there is no such program.
const NOT_FOUND: [i32; 2] = [126, 127];

impl<R: Remote> Curl<R> {
    /// `url` is where the REST is, seen from there.
    pub fn new(remote: R, url: impl Into<String>) -> Self {
        Self {
            remote,
            url: url.into(),
        }
    }

    fn command(&self, call: Call<'_>) -> Vec<String> {
        let most = format!("{:.3}", call.most.as_secs_f64());
        let verb = call.verb.to_string();
        let url = format!("{}{}", self.url, call.path);
        let words = [
            "curl",
            // Reads no configuration: has to come first.
            "--disable",
            "--silent",
            "--show-error",
            // Brackets and braces of a path are no patterns.
            "--globoff",
            // No proxy of the environment's.
            "--noproxy",
            "*",
            "--max-time",
            &most,
            "--request",
            &verb,
            // The status comes last, on a line of its own.
            "--write-out",
            "\\n%{http_code}",
            &url,
        ];
        words.map(str::to_owned).to_vec()
    }
}

impl<R: Remote> Transport for Curl<R> {
    fn call(&self, call: Call<'_>) -> Result<Reply, Unanswered> {
        let ran = self
            .remote
            .run(&self.command(call), call.most + WAY)
            .map_err(Unanswered::Unreachable)?;
        match ran.code {
            0 => reply(ran.stdout),
            OPERATION_TIMEDOUT => Err(Unanswered::Timeout),
            WEIRD_SERVER_REPLY | UNSUPPORTED_PROTOCOL => Err(Unanswered::NoHttp(ran.stderr)),
            code if NOT_FOUND.contains(&code) => {
                let why = format!("there is no curl in the container: {}", ran.stderr);
                Err(Unanswered::Unreachable(why))
            }
            code => {
                let why = format!("curl ended with {code}: {}", ran.stderr);
                Err(Unanswered::Unreachable(why))
            }
        }
    }
}

/// The body, and the status behind it. Without one the output was cut short.
fn reply(mut printed: Vec<u8>) -> Result<Reply, Unanswered> {
    let cut = || Unanswered::Unreachable("the answer was cut short on its way".to_owned());
    let at = printed
        .iter()
        .rposition(|byte| *byte == b'\n')
        .ok_or_else(cut)?;
    let status = std::str::from_utf8(&printed[at + 1..])
        .ok()
        .filter(|text| text.len() == 3)
        .and_then(|text| text.parse::<u16>().ok())
        .filter(|status| *status >= 100)
        .ok_or_else(cut)?;
    printed.truncate(at);
    Ok(Reply {
        status,
        body: printed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::Verb;

    struct Says(Ran);

    impl Remote for Says {
        fn run(&self, _: &[String], _: Duration) -> Result<Ran, String> {
            Ok(self.0.clone())
        }
    }

    fn answer(code: i32, stdout: &str) -> Result<Reply, Unanswered> {
        let says = Says(Ran {
            code,
            stdout: stdout.as_bytes().to_vec(),
            stderr: "curl: (7) no".to_owned(),
        });
        Curl::new(says, "http://localhost:8083").call(Call {
            verb: Verb::Get,
            path: "/",
            most: Duration::from_secs(1),
        })
    }

    #[test]
    fn the_last_line_is_the_status_and_the_rest_is_the_body() {
        let got = answer(0, "{\n \"a\": 1\n}\n200").unwrap();
        assert_eq!(
            (got.status, got.body.as_slice()),
            (200, &b"{\n \"a\": 1\n}"[..])
        );
        assert_eq!(answer(0, "\n204").unwrap().body, b"");
    }

    #[test]
    fn an_answer_that_was_cut_short_is_none() {
        for cut in ["", "{\"a\"", "{}\n", "{}\n20", "{}\n000", "{}\n2000"] {
            let none = answer(0, cut).unwrap_err();
            assert!(
                matches!(none, Unanswered::Unreachable(_)),
                "{cut:?}: {none:?}"
            );
        }
    }

    #[test]
    fn what_curl_ended_with_tells_why_there_is_no_answer() {
        assert_eq!(answer(28, "\n000"), Err(Unanswered::Timeout));
        assert!(matches!(answer(8, ""), Err(Unanswered::NoHttp(_))));
        assert!(
            matches!(answer(7, "\n000"), Err(Unanswered::Unreachable(why)) if why.contains("7"))
        );
        assert!(
            matches!(answer(127, ""), Err(Unanswered::Unreachable(why)) if why.contains("no curl"))
        );
    }
}
