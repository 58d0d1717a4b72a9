//! Judges a closed cut again.

use crate::claims::{Claim, judge};
use crate::{Cut, CutError, State};

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The digest in the document is that of the document.
    pub digest_holds: bool,
    /// Claims whose verdict, computed again, is another: as written, and as
    /// it is now.
    pub differing: Vec<(Claim, Claim)>,
    /// Why it claims nothing: it is not closed.
    pub not_closed: Option<String>,
}

impl Verified {
    /// Whether nothing is wrong with it.
    pub fn holds(&self) -> bool {
        self.digest_holds && self.differing.is_empty() && self.not_closed.is_none()
    }
}

/// Judges every claim of `cut` again from its evidence, and the evidence from
/// the sections that it was taken from.
pub fn verify(cut: &Cut) -> Result<Verified, CutError> {
    let digest_holds = cut.digest.as_deref() == Some(cut.compute_digest()?.as_str());
    let not_closed = match &cut.state {
        State::Closed { .. } => None,
        state => Some(format!("the run is {}, not closed", state.word())),
    };
    let again = judge(cut);
    let mut differing: Vec<(Claim, Claim)> = cut
        .claims
        .iter()
        .filter_map(|written| {
            // A claim of a restore rests on its own evidence alone.
            let now = again
                .iter()
                .find(|claim| claim.name == written.name)
                .cloned()
                .unwrap_or_else(|| {
                    Claim::from_evidence(written.name, written.evidence.clone(), &cut.rows)
                });
            (now != *written).then(|| (written.clone(), now))
        })
        .collect();
    // One that was taken out is as wrong as one that was changed.
    differing.extend(
        again
            .iter()
            .filter(|claim| !cut.claims.iter().any(|written| written.name == claim.name))
            .map(|claim| (Claim::missing(claim), claim.clone())),
    );
    Ok(Verified {
        digest_holds,
        differing,
        not_closed,
    })
}
