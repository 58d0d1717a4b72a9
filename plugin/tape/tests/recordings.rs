//! A recording plays to a run that does the same, and tells any other; one that
//! was altered or cut short is refused, or told.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use slackwater_ports::*;
use slackwater_tape::{Begun, Player, RECORDING, Recorded, Tape, TapeError};

/// What a phase does here: it asks for the time, sleeps, and looks at a store
/// in which nothing is.
fn run(world: &(impl Clock + RunStore), sleep_ms: u64) -> Result<Outcome, Failure> {
    let now = world.now_ms();
    world.sleep_ms(sleep_ms);
    match world.load() {
        Ok(record) => Ok(Outcome::new(format!("{now} {}", record.revision))),
        Err(error) => Err(error.into()),
    }
}

fn recording() -> String {
    let begun = Begun {
        recording: RECORDING.to_owned(),
        run: "run-1".to_owned(),
        phase: "await-drain".to_owned(),
        entry: "run".to_owned(),
        component: String::new(),
    };
    let tape = Tape::begin(begun, Vec::new(), || 7);
    let ended = run(&Recorded::new(&Silence, tape.clone()), 5);
    String::from_utf8(tape.end(&ended).unwrap()).unwrap()
}

#[test]
fn the_same_run_gets_the_same_answers_and_ends_the_same_way() {
    let player = Player::read(&recording()).unwrap();
    assert_eq!(player.begun().phase, "await-drain");
    assert_eq!(run(&player, 5), *player.ended());
    assert_eq!(player.difference(), None);
}

#[test]
fn another_argument_is_told_as_the_first_difference() {
    let player = Player::read(&recording()).unwrap();
    let _ = run(&player, 6);
    let difference = player.difference().unwrap();
    assert_eq!(difference.call, 1);
    let shown = difference.to_string();
    assert!(
        shown.contains("sleep_ms[5]") && shown.contains("sleep_ms[6]"),
        "{shown}"
    );
}

#[test]
fn a_run_that_ends_before_its_recording_does_is_told() {
    let player = Player::read(&recording()).unwrap();
    assert_eq!(player.now_ms(), 0);
    let difference = player.difference().unwrap();
    assert_eq!((difference.call, difference.asked), (1, None));
}

#[test]
fn a_recording_that_breaks_off_is_refused() {
    let whole = recording();
    let lines: Vec<&str> = whole.lines().collect();
    let cut = lines[..lines.len() - 1].join("\n");
    assert!(matches!(Player::read(&cut), Err(TapeError::Truncated(3))));
    let torn = &whole[..whole.len() - 20];
    assert!(matches!(
        Player::read(torn),
        Err(TapeError::Line { number: 5, .. })
    ));
    assert!(matches!(Player::read(""), Err(TapeError::NoBegin)));
}

#[test]
fn what_is_no_recording_or_goes_on_behind_its_end_is_refused() {
    let whole = recording();
    let headless = whole.split_once('\n').unwrap().1;
    assert!(matches!(Player::read(headless), Err(TapeError::NoBegin)));
    let twice = format!("{whole}{whole}");
    assert!(matches!(
        Player::read(&twice),
        Err(TapeError::OutOfPlace(6))
    ));
    let other = whole.replace(RECORDING, "slackwater/v9");
    assert!(matches!(Player::read(&other), Err(TapeError::Version(_))));
}

#[test]
fn a_recording_that_was_altered_is_refused() {
    let whole = recording();
    let altered = whole.replace(r#""atMs":7"#, r#""atMs":8"#);
    assert_ne!(altered, whole);
    assert!(matches!(Player::read(&altered), Err(TapeError::Altered)));
    let mut lines: Vec<&str> = whole.lines().collect();
    lines.remove(1);
    let shorter = lines.join("\n") + "\n";
    assert!(matches!(Player::read(&shorter), Err(TapeError::Altered)));
}

/// Takes so many bytes, and no more.
struct Small(usize);

impl std::io::Write for Small {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if bytes.len() > self.0 {
            return Err(std::io::Error::other("full"));
        }
        self.0 -= bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_sink_that_is_full_fails_the_recording_and_not_the_run() {
    let begun = Player::read(&recording()).unwrap().begun().clone();
    let tape = Tape::begin(begun, Small(300), || 7);
    let ended = run(&Recorded::new(&Silence, tape.clone()), 5);
    assert!(tape.end(&ended).is_err());
    assert_eq!(ended, run(&Silence, 5));
}

#[test]
fn a_difference_within_a_document_is_told_by_its_place() {
    let document = |state: &str| format!(r#"{{"rows":[1,2],"state":"{state}"}}"#);
    let one = (
        String::from("save"),
        serde_json::json!([3, document("open")]),
    );
    let other = (
        String::from("save"),
        serde_json::json!([3, document("sealed")]),
    );
    let shown = slackwater_tape::Difference {
        call: 4,
        recorded: Some(one),
        asked: Some(other),
    };
    let told = r#"; at /1/state: "open" and "sealed""#;
    assert!(shown.to_string().ends_with(told), "{shown}");
}
