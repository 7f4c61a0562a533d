//! The pages of the program itself, so that what is searched is what a person sees.

#[path = "ethereum.rs"]
pub(crate) mod ethereum;
#[path = "../../src/cli/heading.rs"]
pub(crate) mod heading;
#[path = "../../src/cli/page.rs"]
pub(crate) mod page;
