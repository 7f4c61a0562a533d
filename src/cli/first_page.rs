//! The program without a command: where things stand, or how to begin where there is no wallet yet.

use fastness::explain::Failure;
use serde::Serialize;

use super::{
    commands,
    context::Context,
    page::Page,
    report::{OutputFormat, Report},
};

/// How to begin, where there is no wallet yet.
pub(super) const FIRST_PAGE: &str = "\
fastness 0.1: an HD wallet for the terminal.
Keys stay sealed; explorers are never believed.

Start here
  practice   make a whole payment on a private practice chain, at no risk
  new        create a wallet and back it up
  restore    bring a wallet back from its words
Every day
  status     where things stand, and what to type next
  receive    an address to be paid at
  send       plan, review, sign and broadcast in one go
  balance    what you have, and how sure it is
  history    what happened
Offline signing
  plan       write an unsigned draft
  inspect    explain any draft, PSBT or transaction
  sign       review and sign a draft
  broadcast  send what was signed
More: fastness help COMMAND, or fastness help all
";

/// The same of the build without the network: only what it can do.
pub(super) const OFFLINE_PAGE: &str = "\
fastness 0.1, without the network: an HD wallet for a machine that is never online.
Keys stay sealed.

Start here
  new        create a wallet and back it up
  restore    bring a wallet back from its words
Signing
  inspect    explain any draft, PSBT or transaction
  sign       review and sign a draft
Looking after it
  status     where things stand, and what to type next
  account    add accounts, and export them to the machine that watches
  backup     show the words again, or prove that your paper restores them
  receive    an address to be paid at
More: fastness help COMMAND, or fastness help all
";

/// A text of the program about itself: help, the version, the first page.
#[derive(Serialize)]
pub(super) struct ShownPage {
    pub(super) text: String,
}

impl Report for ShownPage {
    fn page(&self, page: &mut Page) {
        page.verbatim(&self.text);
    }
}

/// The program without a command: where things stand, or how to begin where there is no wallet.
pub(super) fn first_page(mut context: Context) -> Result<u8, Failure> {
    context.require_named_wallet()?;
    let status = commands::status::status(&mut context)?;
    if status.is_empty() && context.ui.form() == OutputFormat::Text {
        let page = if fastness::explorer::IS_BUILT_IN { FIRST_PAGE } else { OFFLINE_PAGE };
        let is_here = |line: &&str| cfg!(feature = "practice") || !line.starts_with("  practice ");
        let text = page.split_inclusive('\n').filter(is_here).collect();
        context.ui.result(&ShownPage { text })?;
    } else {
        context.ui.result(&status)?;
    }
    Ok(0)
}
