//! What a strategy, and how much is read of a snapshot, mean for a run's settings: how
//! long it may last, and what it can be asked to prove.

use slackwater_cut::{ClaimName, Settings, Strategy, Verify};

/// Of a run that stops nothing: what is stopped is no reason to hurry, and storage may
/// take minutes.
const HOT_WINDOW_MS: u64 = 900_000;

/// The window where none is said. Brokers with many partitions take a minute or
/// more to stop, and again to start.
pub(super) fn default_window_ms(strategy: Strategy) -> u64 {
    match strategy {
        Strategy::Quiesced => 60_000,
        Strategy::Cold => 300_000,
        Strategy::Hot => HOT_WINDOW_MS,
    }
}

/// Claims that a run must prove unless the configuration says otherwise:
/// those that can be, by what is read of the snapshot.
pub(super) fn required(strategy: Strategy, verify: Verify) -> Vec<ClaimName> {
    let mut names = vec![ClaimName::Still, ClaimName::Covers, ClaimName::Resumable];
    match verify {
        Verify::Full => names.extend([ClaimName::Durable, ClaimName::Intact]),
        Verify::Tail => names.push(ClaimName::Durable),
        Verify::Off => {}
    }
    names.retain(|name| strategy.can_prove(*name));
    names
}

/// What is asked for and can't be proven by what is read of the snapshot.
pub(super) fn unprovable(
    strategy: Strategy,
    verify: Verify,
    require: &[ClaimName],
) -> Option<ClaimName> {
    let can = required(strategy, verify);
    let mut read = [ClaimName::Durable, ClaimName::Intact].into_iter();
    read.find(|name| require.contains(name) && !can.contains(name))
}

/// A cold backup has no other proof than what is read of its snapshot.
pub(super) fn is_read_by_nobody(strategy: Strategy, verify: Verify) -> bool {
    strategy == Strategy::Cold && verify == Verify::Off
}

/// The settings for a run that reads so much of its snapshot, where the configuration
/// says another. What it has to prove goes with that, unless the configuration names it:
/// nothing that somebody wrote there is left out in silence.
///
/// # Errors
/// What the configuration wants proven can't be.
pub(crate) fn with_verify(
    settings: &mut Settings,
    names_required: bool,
    verify: Verify,
) -> Result<(), String> {
    let strategy = settings.strategy;
    if is_read_by_nobody(strategy, verify) {
        return Err(
            "strategy cold is proven from the snapshot alone: read tails or all".to_owned(),
        );
    }
    if !names_required {
        settings.require = required(strategy, verify);
        settings.require.sort_unstable();
    } else if let Some(name) = unprovable(strategy, verify, &settings.require) {
        return Err(format!(
            "the configuration requires {name}, which can't be proven where less is read: leave \
             --verify out, or {name} there"
        ));
    }
    settings.verify = verify;
    Ok(())
}

/// The settings for a run of this strategy, where the configuration says another.
///
/// # Errors
/// One that only the configuration can say.
pub(crate) fn with_strategy(settings: &mut Settings, strategy: Strategy) -> Result<(), String> {
    match (settings.strategy, strategy) {
        (said, asked) if said == asked => Ok(()),
        (Strategy::Quiesced, Strategy::Hot) => {
            settings.strategy = Strategy::Hot;
            settings.window_ms = settings.window_ms.max(HOT_WINDOW_MS);
            settings.require.retain(|name| strategy.can_prove(*name));
            Ok(())
        }
        _ => Err(format!(
            "the configuration says strategy {:?}, and what that needs: change it there",
            settings.strategy
        )
        .to_lowercase()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic, and says where")]
mod tests {
    use super::*;
    use crate::config::StrimziOptions;

    fn quiesced() -> Settings {
        StrimziOptions::defaults().unwrap().settings(Vec::new())
    }

    #[test]
    fn a_hot_run_is_asked_for_nothing_that_a_mirror_which_runs_on_can_t_show() {
        let mut settings = quiesced();
        assert!(settings.require.contains(&ClaimName::Still));
        with_strategy(&mut settings, Strategy::Hot).unwrap();
        assert_eq!(settings.strategy, Strategy::Hot);
        assert_eq!(settings.window_ms, HOT_WINDOW_MS);
        assert!(settings.require.is_empty(), "{:?}", settings.require);
        assert_eq!(required(Strategy::Hot, Verify::Full), [ClaimName::Intact]);
    }

    #[test]
    fn who_reads_more_has_more_proven_and_less_is_not_read_than_what_is_required() {
        let mut settings = quiesced();
        assert_eq!(settings.verify, Verify::Tail);
        with_verify(&mut settings, false, Verify::Full).unwrap();
        assert_eq!(settings.verify, Verify::Full);
        assert!(settings.require.contains(&ClaimName::Intact));
        with_verify(&mut settings, false, Verify::Tail).unwrap();
        assert_eq!(settings.require, quiesced().require);
        // What somebody has named himself stays, the default's own claims, too.
        with_verify(&mut settings, true, Verify::Full).unwrap();
        assert_eq!(settings.require, quiesced().require);
        let said = with_verify(&mut settings, true, Verify::Off).unwrap_err();
        assert!(said.contains("requires durable"), "{said}");
        settings.require = vec![ClaimName::Durable];
        with_verify(&mut settings, true, Verify::Full).unwrap();
        assert_eq!(settings.require, [ClaimName::Durable]);
        let said = with_verify(&mut settings, true, Verify::Off).unwrap_err();
        assert!(said.contains("requires durable"), "{said}");
        assert_eq!(settings.verify, Verify::Full);
        let mut hot = quiesced();
        with_strategy(&mut hot, Strategy::Hot).unwrap();
        with_verify(&mut hot, false, Verify::Full).unwrap();
        assert_eq!(hot.require, [ClaimName::Intact]);
        let mut cold = quiesced();
        cold.strategy = Strategy::Cold;
        let said = with_verify(&mut cold, false, Verify::Off).unwrap_err();
        assert!(said.contains("from the snapshot alone"), "{said}");
    }

    #[test]
    fn a_strategy_that_needs_more_than_its_name_is_said_in_the_configuration() {
        let mut settings = quiesced();
        with_strategy(&mut settings, Strategy::Quiesced).unwrap();
        let said = with_strategy(&mut settings, Strategy::Cold).unwrap_err();
        assert!(said.contains("says strategy quiesced"), "{said}");
        settings.strategy = Strategy::Hot;
        let said = with_strategy(&mut settings, Strategy::Quiesced).unwrap_err();
        assert!(said.contains("says strategy hot"), "{said}");
    }
}
