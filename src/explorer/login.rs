//! The name and the password for a person's own node. Plain data, no I/O.
//!
//! They go into one header of a request and nowhere else: never into an address, an error, a page or a log.

use zeroize::Zeroizing;

/// Longest name and password together, in bytes; Bitcoin Core's cookie has 75.
const MAX_LOGIN: usize = 512;

/// `NAME:PASSWORD` for the RPC interface of a node. Wiped when dropped; cannot be printed or written.
pub struct NodeLogin(Zeroizing<String>);

impl NodeLogin {
    /// Takes it from the contents of Bitcoin Core's `.cookie`, or of a file of the same form: one line, printable ASCII,
    /// with a colon after the name. Space around it is dropped.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?.trim();
        let named = text.find(':').is_some_and(|place| place > 0);
        let good = named && text.len() <= MAX_LOGIN && text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
        good.then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// Name and password.
    #[must_use]
    pub fn parts(&self) -> (&str, &str) {
        self.0.split_once(':').unwrap_or((self.0.as_str(), ""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_one_line_with_a_name() {
        let cookie = format!("__cookie__:{}\n", "ab".repeat(32));
        let login = NodeLogin::parse(cookie.as_bytes()).expect("a cookie");
        assert_eq!(login.parts(), ("__cookie__", "ab".repeat(32).as_str()));
        assert_eq!(NodeLogin::parse(b"me:with:colon").expect("a login").parts(), ("me", "with:colon"));
        for bad in ["", "name", ":word", "a:b\nc:d", "a:\u{e9}", "a:\u{1b}[2J"] {
            assert!(NodeLogin::parse(bad.as_bytes()).is_none(), "{bad:?}");
        }
        assert!(NodeLogin::parse(format!("a:{}", "x".repeat(511)).as_bytes()).is_none());
    }
}
