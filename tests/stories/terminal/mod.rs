//! Stories on a pseudo-terminal: what a person sees, what the screen must not keep, and which typed text is agreement.

mod agreement;
mod interrupts;
mod pages;
mod pictures;
mod prompts;
mod walks;
pub mod words;

use crate::harness::Stage;

/// A wallet with a coin, and a draft that pays 0.25 BTC from it.
fn stage_with_draft() -> Stage {
    let stage = Stage::with_coins(&[50_000_000]);
    stage.json(&["plan", &Stage::shop(), "0.25btc", "--fee-rate", "3", "-o", "pay.draft"]);
    stage
}

/// The start of the question that a review ends with.
const AGREE: &str = "Type the amount to agree";
