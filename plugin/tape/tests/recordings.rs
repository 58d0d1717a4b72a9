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
    let tape = Tape::begin(Begun {
        recording: RECORDING.to_owned(),
        phase: "await-drain".to_owned(),
        entry: "run".to_owned(),
        component: String::new(),
    });
    let ended = run(&Recorded::new(&Silence, tape.clone()), 5);
    tape.end(&ended)
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
