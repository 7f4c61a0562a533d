//! What a person may note beside an address, a coin or a transaction.

use crate::cli::CliError;

/// Characters of a note, as many as other wallets take (BIP-329).
pub(crate) const LONGEST_NOTE: usize = 255;

/// A note that is shown whole wherever it is shown.
pub(crate) fn check_note(text: &str) -> Result<(), CliError> {
    if text.chars().count() > LONGEST_NOTE {
        return Err(CliError::Usage(format!("a note has at most {LONGEST_NOTE} characters")));
    }
    Ok(())
}
