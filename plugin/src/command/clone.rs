//! `slackwater clone`: a mirror in Strimzi as it was backed up, in another namespace,
//! beside the original.

use clap::{ArgAction, Args};
use slackwater_kubernetes::Own;
use slackwater_restore::Way;
use slackwater_store::RunId;

use super::trim_args::RawTrim;
use super::{ConfigArg, Context};
use crate::exit::Stop;
use crate::restore::{self, Asked, CloneOf, Rest};
use crate::site::KafkaName;

/// Make a clone of a mirror in Strimzi as it was backed up, in another namespace.
///
/// For a drill, or to look at what was there. The original may run: the clone has a
/// cluster authority of its own, so that neither lets the other's nodes in, and is shown
/// to be the cut, on its volumes before a broker starts and on the brokers afterwards.
/// Nothing feeds it. It is gone with its namespace, and the snapshots stay. One that was cut
/// short goes on when it is told again.
#[derive(Debug, Args)]
pub(super) struct Clone {
    #[command(flatten)]
    config: ConfigArg,
    /// The run whose snapshots it is made of.
    run: RunId,
    /// The namespace that it is made in. It has the name of the original there.
    #[arg(long, value_name = "NAMESPACE")]
    into: String,
    /// Print each step, and do none.
    #[arg(long)]
    plan: bool,
    /// Others have restored the claims there from this run's backup: K10, a storage's own
    /// tool.
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true,
        default_value_t = false, default_missing_value = "true", value_name = "BOOL")]
    on_claims: bool,
    /// Keep the original's cluster authority: only where the original is gone.
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true,
        default_value_t = false, default_missing_value = "true", value_name = "BOOL")]
    keep_ca: bool,
    /// Have a clients' authority of its own, too: its users get new certificates.
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true,
        default_value_t = false, default_missing_value = "true", value_name = "BOOL")]
    new_clients_ca: bool,
    #[command(flatten)]
    trim: RawTrim,
    /// Go on where something is not proven; never where it is refuted.
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true,
        default_value_t = false, default_missing_value = "true", value_name = "BOOL")]
    accept_unproven: bool,
}

impl Clone {
    pub(super) fn run(&self, context: &Context) -> Result<(), Stop> {
        let of = self.config.kafka.as_ref().ok_or_else(|| {
            Stop::bad_input("only a mirror in Strimzi is cloned: say --kafka NAMESPACE/NAME")
        })?;
        let clone: KafkaName = format!("{}/{}", self.into, of.name())
            .parse()
            .map_err(Stop::bad_input)?;
        let clone = restore::Restore::open(Asked {
            kafka: clone,
            kubeconfig: self.config.kubeconfig.clone(),
            run: self.run.clone(),
            way: match self.on_claims {
                true => Way::CloneOnClaims,
                false => Way::Clone,
            },
            accept_unproven: self.accept_unproven,
            trim: self.trim.check(self.config.kubeconfig.as_deref())?,
            accept_loss: false,
            git_ops_suspended: false,
            catch_up_ms: 0,
            rest: Rest::Nothing,
            clone_of: Some(CloneOf {
                kafka: of.clone(),
                own: Own {
                    keeps_ca: self.keep_ca,
                    new_clients_ca: self.new_clients_ca,
                },
            }),
            quiet: context.quiet,
        })?;
        if self.plan {
            let steps = clone.plan_in_words()?;
            return context.print(&steps, |steps| steps.join("\n"));
        }
        context.print(&clone.run()?, restore::text)
    }
}
