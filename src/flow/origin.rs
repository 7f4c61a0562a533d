//! Where the payee and the amount of a review come from.

/// Where the payee and the amount of a review come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayeeSource {
    /// They were typed in the same command, or follow from what this wallet itself had signed.
    Command,
    /// A file: its author chose them.
    File,
}
