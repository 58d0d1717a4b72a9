//! In which pod of its image this program runs, or as which one: what guards and readers
//! are made like.

use slackwater_kubernetes::{ApiServer, Home, Program, WorkerError};

use crate::exit::Stop;

/// Of this pod, or as the environment says.
pub(super) fn home(server: &ApiServer) -> Result<Option<Home>, Stop> {
    let said = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
    if let (Some(image), Some(namespace)) = (said("SLACKWATER_IMAGE"), said("SLACKWATER_NAMESPACE"))
    {
        return Ok(Some(Home {
            namespace,
            account: said("SLACKWATER_ACCOUNT").unwrap_or_else(|| "slackwater".to_owned()),
            program: Program {
                image,
                pull: "IfNotPresent".to_owned(),
                pull_secrets: Vec::new(),
            },
            pod: said("POD_NAME"),
        }));
    }
    match Home::of_this_pod(server) {
        Ok(home) => Ok(Some(home)),
        Err(WorkerError::NoHome(why)) => {
            tracing::debug!("{why}");
            Ok(None)
        }
        Err(error) => Err(Stop::failed(error)),
    }
}
