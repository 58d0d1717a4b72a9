//! Judges a closed cut again.

use serde_json::Value;

use crate::claims::{Claim, judge};
use crate::{Cut, CutError, State, sha256_hex};

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

/// Whether the digest that a document holds is that of all the rest of it, as
/// it was written: a later version may know fields that it does not have.
///
/// # Errors
/// No JSON.
pub fn digest_holds(text: &str) -> Result<bool, CutError> {
    let mut document: Value = serde_json::from_str(text)?;
    let written = document.get_mut("digest").map(Value::take);
    let is = sha256_hex(serde_json::to_string(&document)?.as_bytes());
    Ok(written.is_some_and(|written| written == is.as_str()))
}

/// Judges every claim of the cut in `text` again from its evidence, and the
/// evidence from the sections that it was taken from. How a reason is worded
/// is left to the version that wrote it.
///
/// # Errors
/// No cut.
pub fn verify(text: &str) -> Result<Verified, CutError> {
    let cut = &Cut::parse(text)?;
    let digest_holds = digest_holds(text)?;
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
            (!same(written, &now)).then(|| (written.clone(), now))
        })
        .collect();
    // One that was taken out is as wrong as one that was changed.
    differing.extend(
        again
            .iter()
            .filter(|claim| !cut.claims.iter().any(|written| written.name == claim.name))
            .map(|claim| (Claim::missing(claim), claim.clone())),
    );
    let strange = cut.claims.iter().filter(|claim| !claim.is_consistent());
    differing.extend(strange.map(|claim| (claim.clone(), Claim::missing(claim))));
    Ok(Verified {
        digest_holds,
        differing,
        not_closed,
    })
}

fn same(written: &Claim, now: &Claim) -> bool {
    let of = |claim: &Claim| (claim.name, claim.verdict, claim.examined);
    of(written) == of(now) && written.evidence == now.evidence
}
