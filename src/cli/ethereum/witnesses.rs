//! How a person sees what stands behind an answer: its tone, and who said something else.

use crate::cli::page::{Page, Tone};
use fastness::explorer::ethereum::{Disagreement, Evidence};

/// The tone of a value.
pub(crate) const fn tone(evidence: Evidence) -> Tone {
    match evidence {
        Evidence::Proven => Tone::Proven,
        Evidence::Agreed => Tone::Normal,
        Evidence::Said => Tone::Claimed,
    }
}

/// Names who said something else, and what.
pub(crate) fn write_disagreements<'a>(disagreements: impl IntoIterator<Item = &'a Disagreement>, page: &mut Page) {
    for other in disagreements {
        page.toned_field("Differs", (Tone::Stop, &other.to_string()));
    }
}
