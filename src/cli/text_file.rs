//! Text as editors and spreadsheets save it: UTF-8 with a mark or without, or UTF-16 with its mark.
//!
//! The text may be secret, so its buffer is wiped when it is dropped.

use zeroize::Zeroizing;

/// The text of a file; `None` if it is none.
pub(crate) fn decoded(bytes: &[u8]) -> Option<Zeroizing<String>> {
    match bytes {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] | rest => Some(Zeroizing::new(std::str::from_utf8(rest).ok()?.to_owned())),
    }
}

/// Text that is no secret, with `\n` at the end of every line, whatever ends them in the file: `\r\n`, or `\r` alone.
pub(crate) fn with_one_line_end(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

fn wide(bytes: &[u8], read: fn([u8; 2]) -> u16) -> Option<Zeroizing<String>> {
    let (units, []) = bytes.as_chunks::<2>() else { return None };
    // A unit takes three bytes at most, so that the buffer never moves.
    let mut text = Zeroizing::new(String::with_capacity(units.len().saturating_mul(3)));
    for letter in char::decode_utf16(units.iter().map(|unit| read(*unit))) {
        text.push(letter.ok()?);
    }
    Some(text)
}
