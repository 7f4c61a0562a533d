//! The descriptors that a process was started with: those that were not named are closed, and sockets are refused.
//!
//! A filter of system calls stops new sockets; a descriptor that is open already needs no new one. Nothing is read or
//! written here.

use std::path::PathBuf;

use rustix::fs::{FileType, stat};

use super::SealError;
use crate::text::SafeText;

/// Standard input, output and error: open by convention.
const STANDARD: std::ops::RangeInclusive<i32> = 0..=2;
/// Where the system lists the open descriptors of the asking process.
const LIST: &str = if cfg!(target_os = "linux") { "/proc/self/fd" } else { "/dev/fd" };
/// The bits of `flags` in fdinfo that say whether a descriptor can be written to (O_ACCMODE).
const ACCESS_MODE: u32 = 0o3;

/// Closes every descriptor besides the standard three and `named`, which must be readable and no socket.
///
/// Call it first in `main`: whatever is open then was inherited, and belongs to no value of this program.
///
/// # Errors
/// The system does not list the open descriptors; a named one is a socket, or can be written to.
pub fn close_inherited(named: &[i32]) -> Result<(), SealError> {
    for number in open()? {
        if STANDARD.contains(&number) {
            continue;
        }
        if named.contains(&number) {
            refuse_a_way_out(number)?;
        } else {
            // The directory that was read for the list is closed by now.
            let _ = nix::unistd::close(number);
        }
    }
    Ok(())
}

/// Fails when any open descriptor is a socket.
pub(super) fn refuse_sockets() -> Result<(), SealError> {
    open()?.into_iter().try_for_each(refuse_socket)
}

fn open() -> Result<Vec<i32>, SealError> {
    let failed = |reason: std::io::Error| SealError::Descriptors(SafeText::new(&reason.to_string()));
    let mut numbers = Vec::new();
    for entry in std::fs::read_dir(LIST).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        numbers.extend(name.to_str().and_then(|name| name.parse::<i32>().ok()));
    }
    Ok(numbers)
}

fn refuse_a_way_out(number: i32) -> Result<(), SealError> {
    refuse_socket(number)?;
    if can_be_written(number) { Err(SealError::WritableDescriptor(number)) } else { Ok(()) }
}

fn refuse_socket(number: i32) -> Result<(), SealError> {
    // One that is closed meanwhile is no way out.
    let Ok(found) = stat(PathBuf::from(LIST).join(number.to_string())) else { return Ok(()) };
    match FileType::from_raw_mode(found.st_mode) {
        FileType::Socket => Err(SealError::Socket(name(number))),
        _ => Ok(()),
    }
}

fn name(number: i32) -> String {
    match number {
        0 => "standard input".to_owned(),
        1 => "standard output".to_owned(),
        2 => "standard error".to_owned(),
        other => format!("descriptor {other}"),
    }
}

/// What Linux says of the descriptor; where nothing says, it counts as readable only.
fn can_be_written(number: i32) -> bool {
    let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{number}")).unwrap_or_default();
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = flags.and_then(|digits| u32::from_str_radix(digits.trim(), 8).ok());
    flags.is_some_and(|flags| flags & ACCESS_MODE != 0)
}
