//! Which descriptors the command line names: `--password-fd 3`, and paths such as `/dev/fd/63` that shells put there.
//!
//! It only reads words. What is not named here is closed before anything else happens.

use std::ffi::OsString;

/// Folders whose entries are the descriptors of this process.
const FOLDERS: [&str; 3] = ["/dev/fd/", "/proc/self/fd/", "/proc/thread-self/fd/"];

/// The numbers named anywhere on the command line.
pub(crate) fn named(arguments: &[OsString]) -> Vec<i32> {
    let texts: Vec<_> = arguments.iter().map(|argument| argument.to_string_lossy()).collect();
    let paths = texts.iter().flat_map(|text| FOLDERS.iter().filter_map(|folder| behind(text, folder)));
    let joined = texts.iter().filter_map(|text| behind(text, "-fd="));
    let apart = texts.windows(2).filter_map(|pair| match pair {
        [option, value] if option.starts_with("--") && option.ends_with("-fd") => value.parse().ok(),
        _ => None,
    });
    paths.chain(joined).chain(apart).collect()
}

/// The whole rest of the text behind the mark, as a number.
fn behind(text: &str, mark: &str) -> Option<i32> {
    text.split_once(mark)?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_and_paths_name_descriptors_and_other_words_do_not() {
        let arguments = [
            "fastness",
            "--password-fd",
            "3",
            "--passphrase-fd=4",
            "--words-file",
            "/dev/fd/63",
            "--file=/proc/self/fd/7",
            "--max-fee",
            "9",
            "/dev/fd/x",
            "--password-fd",
            "none",
            "5",
        ];
        let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        assert_eq!(named(&arguments), [63, 7, 4, 3]);
    }
}
