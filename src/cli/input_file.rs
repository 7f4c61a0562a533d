//! The file that a command works on, or standard input for `-`.
//!
//! Bounded, and not understood here.

use fastness::{
    explain::Failure,
    store::{read_public, read_stream},
};
use std::{io::Read, path::Path};

/// Largest draft or PSBT that is read.
pub(crate) const MAX_INPUT: u64 = 16_000_000;

/// A file's bytes, or standard input's for `-`.
pub(crate) fn read_input(path: &Path) -> Result<Vec<u8>, Failure> {
    read_bounded(path, MAX_INPUT)
}

/// The same, of at most `most` bytes.
pub(crate) fn read_bounded(path: &Path, most: u64) -> Result<Vec<u8>, Failure> {
    if path.as_os_str() == "-" {
        let mut stdin = std::io::stdin().lock();
        let stream: &mut dyn Read = &mut stdin;
        return Ok(read_stream(&mut Box::new(stream), "standard input", most)?);
    }
    Ok(read_public(path, most)?)
}
