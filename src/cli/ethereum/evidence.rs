//! How a person sees the evidence for an answer: its tone, and the hosts that said something else.

use fastness::explorer::Claim;
use fastness::{explorer::ethereum::Disagreement, review::Evidence};

use crate::cli::page::{Page, Tone};

/// The tone of a value.
pub(crate) const fn tone(evidence: Evidence) -> Tone {
    match evidence {
        Evidence::Proven => Tone::Proven,
        Evidence::Agreed => Tone::Normal,
        Evidence::Said => Tone::Claimed,
    }
}

/// Names the hosts that said something else, and what.
pub(crate) fn write_disagreements<'a>(disagreements: impl IntoIterator<Item = &'a Disagreement>, page: &mut Page) {
    for other in disagreements {
        page.toned_field("Differs", (Tone::Stop, &other.to_string()));
    }
}

/// The host that said so.
pub(crate) fn operator<T>(claim: &Claim<T>) -> String {
    match claim {
        Claim::Proven(_) => "ourselves".to_owned(),
        Claim::Agreed { operators, .. } => operators.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        Claim::Single { operator, .. } => operator.to_string(),
    }
}
