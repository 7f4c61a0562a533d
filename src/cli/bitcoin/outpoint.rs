//! A coin as it is typed: `txid:vout`.

use crate::cli::CliError;
use bitcoin::OutPoint;
use fastness::text::SafeText;

/// `txid:vout`.
pub(crate) fn parse(text: &str) -> Result<OutPoint, CliError> {
    text.parse()
        .map_err(|_| CliError::Usage(format!("`{}` is not a coin; write it as txid:number", SafeText::new(text))))
}
