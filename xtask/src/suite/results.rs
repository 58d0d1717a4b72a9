//! How the tests that start clusters ended, and when: each with its time as it
//! ends, kept under `target` and, of those that take long, in the documentation.
//!
//! Nobody runs all the long tests on every change. Which of them passed, on what
//! day, is what a reader of the documentation goes by.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::command;
use crate::error::Error;
use crate::files;
use crate::project::Project;

/// Where the documentation has them.
pub(crate) const DOCUMENT: &str = "docs/long-tests.md";

/// What stands above the table.
const HEAD: &str = "\
# The long tests, and when each passed last

`cargo xtask test --full` runs them all, for hours; `cargo xtask test PART_OF_A_NAME` runs some. After that
`cargo xtask results` writes here what is new. Measured on two cores with 24 GiB, two programs side by side. A test
that was changed since, or whose subject was, is not told apart: the day is what there is to go by.

| Program | Test | Ended | On | Seconds |
|---|---|---|---|---:|
";

/// A test's name, and its program's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TestName {
    pub(crate) program: String,
    pub(crate) test: String,
}

/// How it ended last.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Ended {
    passed: bool,
    /// The day, as in 2026-01-02.
    on: String,
    /// `None` where they were not counted.
    seconds: Option<u64>,
}

/// All that is known.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Results(BTreeMap<TestName, Ended>);

impl Results {
    fn insert(&mut self, name: TestName, passed: bool, on: &str, seconds: Option<u64>) {
        let ended = Ended {
            passed,
            on: on.to_owned(),
            seconds,
        };
        self.0.insert(name, ended);
    }

    /// What was run here; nothing where no test was.
    fn of_this_machine(project: &Project) -> Result<Self, Error> {
        let path = kept_at(project);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(why) => return Err(Error::io("read", &path)(why)),
        };
        let mut known = Self::default();
        for line in text.lines() {
            // A line that somebody broke is a test that was not run.
            let line: Value = serde_json::from_str(line).unwrap_or_default();
            let text = |key: &str| line[key].as_str().map(str::to_owned);
            if let (Some(program), Some(test), Some(on)) =
                (text("program"), text("test"), text("on"))
            {
                let passed = line["passed"] == json!(true);
                let seconds = line["seconds"].as_u64();
                known.insert(TestName { program, test }, passed, &on, seconds);
            }
        }
        Ok(known)
    }

    /// Keeps these beside what is there.
    pub(crate) fn keep(self, project: &Project) -> Result<(), Error> {
        let mut all = Self::of_this_machine(project)?;
        all.0.extend(self.0);
        let line = |(TestName { program, test }, ended): (TestName, Ended)| {
            let Ended {
                passed,
                on,
                seconds,
            } = ended;
            let line = json!({
                "program": program, "test": test, "passed": passed, "on": on, "seconds": seconds,
            });
            format!("{line}\n")
        };
        let text: String = all.0.into_iter().map(line).collect();
        files::write_if_changed(&kept_at(project), text.as_bytes())
    }

    /// What the documentation has.
    fn documented(text: &str) -> Self {
        let mut known = Self::default();
        for line in text.lines() {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            if let [program, test, ended, on, seconds] = cells[..]
                && on.starts_with(|c: char| c.is_ascii_digit())
            {
                let name = TestName {
                    program: program.to_owned(),
                    test: test.trim_matches('`').to_owned(),
                };
                known.insert(name, ended == PASSED, on, seconds.parse().ok());
            }
        }
        known
    }

    /// One row for each of these tests.
    fn document(&self, tests: &BTreeSet<TestName>) -> String {
        let mut text = HEAD.to_owned();
        for name in tests {
            let TestName { program, test } = name;
            let row = match self.0.get(name) {
                None => "not run yet | |".to_owned(),
                Some(one) => {
                    let ended = if one.passed { PASSED } else { FAILED };
                    let seconds = one.seconds.map_or_else(String::new, |it| it.to_string());
                    format!("{ended} | {} | {seconds}", one.on)
                }
            };
            // A String takes all that is written to it.
            let _ = writeln!(text, "| {program} | `{test}` | {row} |");
        }
        text
    }
}

const PASSED: &str = "passed";
const FAILED: &str = "failed";

/// Writes what is newer here than in the documentation into it.
pub(crate) fn write(project: &Project, tests: &BTreeSet<TestName>) -> Result<(), Error> {
    let path = project.root.join(DOCUMENT);
    let mut known = Results::documented(&fs::read_to_string(&path).unwrap_or_default());
    for (name, ended) in Results::of_this_machine(project)?.0 {
        let older = known.0.get(&name).is_none_or(|one| one.on <= ended.on);
        if older {
            known.0.insert(name, ended);
        }
    }
    files::write_if_changed(&path, known.document(tests).as_bytes())
}

/// Fails where a long test has no row, or a row no test.
pub(crate) fn check(project: &Project, tests: &BTreeSet<TestName>) -> Result<(), Error> {
    let path = project.root.join(DOCUMENT);
    let text = fs::read_to_string(&path).map_err(Error::io("read", &path))?;
    if Results::documented(&text).document(tests) == text {
        return Ok(());
    }
    Err(Error::ResultsOutOfDate(DOCUMENT))
}

/// The day, by this machine.
pub(crate) fn today() -> Result<String, Error> {
    let day = command::output(Command::new("date").args(["--utc", "+%F"]))?;
    Ok(day.trim().to_owned())
}

fn kept_at(project: &Project) -> PathBuf {
    project.target.join("test-results.jsonl")
}

/// Reads what a test program prints while it runs, so that each test has its time. Other
/// programs print into the same file: only what the program has tests for counts.
#[derive(Debug)]
pub(crate) struct Reading {
    /// The program's own tests.
    tests: BTreeSet<String>,
    /// So many bytes are read.
    read: usize,
    /// Begun and not ended: other programs may print in between.
    begun: Option<String>,
    /// Names, and whether they passed, in the order in which they ended.
    ended: Vec<(String, bool, u64)>,
    /// Seconds at which the last one ended.
    last: u64,
    /// Whether the program lists those that failed.
    lists_failed: bool,
}

impl Reading {
    pub(crate) fn of(tests: impl IntoIterator<Item = String>) -> Self {
        Self {
            tests: tests.into_iter().collect(),
            read: 0,
            begun: None,
            ended: Vec::new(),
            last: 0,
            lists_failed: false,
        }
    }

    /// Looks at what the program printed so far, `seconds` after its start.
    pub(crate) fn look(&mut self, log: &Path, seconds: u64) -> Result<(), Error> {
        let bytes = fs::read(log).map_err(Error::io("read", log))?;
        let new = bytes.get(self.read..).unwrap_or_default();
        let Some(whole) = new.iter().rposition(|byte| *byte == b'\n') else {
            return Ok(());
        };
        for line in String::from_utf8_lossy(&new[..whole]).lines() {
            self.line(line, seconds);
        }
        self.read += whole + 1;
        Ok(())
    }

    /// `test NAME ... ok`; what a test's own programs print may stand before its end.
    fn line(&mut self, line: &str, seconds: u64) {
        let mut rest = line;
        let of_test = line.strip_prefix("test ");
        if let Some((name, after)) = of_test.and_then(|line| line.split_once(" ... "))
            && self.tests.contains(name)
        {
            self.begun = Some(name.to_owned());
            rest = after;
        }
        // Said once more in the end, whatever stood in between.
        self.lists_failed |= line == "failures:";
        if self.lists_failed
            && let Some(one) = self.ended.iter_mut().find(|one| one.0 == line.trim())
        {
            one.1 = false;
        }
        let passed = match rest.trim() {
            "ok" => true,
            "FAILED" => false,
            _ => return,
        };
        if let Some(name) = self.begun.take() {
            self.ended.push((name, passed, seconds - self.last));
            self.last = seconds;
        }
    }

    /// What is known in the end. One that was begun when the program ended did not pass.
    pub(crate) fn results(mut self, program: &str, on: &str) -> Results {
        let mut results = Results::default();
        if let Some(begun) = self.begun.take() {
            self.ended.push((begun, false, 0));
        }
        for (test, passed, seconds) in self.ended {
            let program = program.to_owned();
            results.insert(TestName { program, test }, passed, on, Some(seconds));
        }
        results
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(test: &str) -> TestName {
        TestName {
            program: "tests/e2e x".to_owned(),
            test: test.to_owned(),
        }
    }

    #[test]
    fn each_test_has_its_end_and_its_time_whatever_is_printed_in_between() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        let tests = ["a::b", "c", "d", "e", "f"].map(str::to_owned);
        let mut reading = Reading::of(tests);
        fs::write(&log, "\nrunning 3 tests\ntest a::b ... ok\ntest c ... ").unwrap();
        reading.look(&log, 5).unwrap();
        let more = "\nrunning 5 tests\ntest a::b ... ok\ntest c ... made: x\ntest inner ... FAILED\nok\n\
                    test d ... FAILED\ntest e ... ok\nFAILED\nfailures:\n    d\n    e\n\ntest f ... \n";
        fs::write(&log, more).unwrap();
        reading.look(&log, 12).unwrap();
        let results = reading.results("tests/e2e x", "2026-01-02");
        let mut expected = Results::default();
        expected.insert(name("a::b"), true, "2026-01-02", Some(5));
        expected.insert(name("c"), true, "2026-01-02", Some(7));
        for failed in ["d", "e", "f"] {
            expected.insert(name(failed), false, "2026-01-02", Some(0));
        }
        assert_eq!(results, expected);
    }

    #[test]
    fn the_documentation_has_a_row_for_each_long_test_and_for_no_other() {
        let mut known = Results::default();
        known.insert(name("a"), true, "2026-01-02", Some(300));
        known.insert(name("gone"), true, "2026-01-02", Some(300));
        known.insert(name("b"), false, "2026-01-03", Some(7));
        let tests = BTreeSet::from([name("a"), name("b"), name("new")]);
        let text = known.document(&tests);
        assert!(
            text.contains("| `a` | passed | 2026-01-02 | 300 |"),
            "{text}"
        );
        assert!(text.contains("| `b` | failed | 2026-01-03 | 7 |"), "{text}");
        assert!(text.contains("| `new` | not run yet |"), "{text}");
        assert!(!text.contains("gone"), "{text}");
        let read = Results::documented(&text);
        assert_eq!(read.document(&tests), text);
        let fewer = BTreeSet::from([name("a")]);
        assert_ne!(read.document(&fewer), text);
    }
}
