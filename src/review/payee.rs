//! What is known of one who is paid, beside the bytes: the name, the label, and whether this home paid them before.
//!
//! Plain data from the ledger of this machine; nothing of it is in the transaction, and nothing here decides.

use std::fmt;

use serde::Serialize;

use crate::{contact::ContactName, text::SafeText};

/// One who is paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Payee {
    /// The whole address.
    pub address: String,
    /// The contact that has it.
    pub contact: Option<ContactName>,
    /// The person's note on it.
    pub label: Option<SafeText>,
    /// Transactions of this home that paid it. Nothing where this machine never asked what its accounts did.
    pub paid_before: Option<u64>,
    /// A known address that this one passes for, with what it is known as.
    pub looks_like: Option<String>,
}

impl fmt::Display for Payee {
    /// "@alice (contact), paid twice before", or "first payment to this address".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = Vec::new();
        words.extend(self.contact.as_ref().map(|name| format!("@{name} (contact)")));
        words.extend(self.label.as_ref().map(|label| format!("labelled {}", label.quoted())));
        words.extend(match self.paid_before {
            // A machine that only signs knows of no payment; that is no news about the payee.
            None if words.is_empty() => Some("not known on this machine".to_owned()),
            None => None,
            Some(0) if self.contact.is_some() => Some("not paid before".to_owned()),
            Some(0) => Some("first payment to this address".to_owned()),
            Some(1) => Some("paid once before".to_owned()),
            Some(2) => Some("paid twice before".to_owned()),
            Some(times) => Some(format!("paid {times} times before")),
        });
        f.write_str(&words.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payee(contact: Option<&str>, label: Option<&str>, paid_before: Option<u64>) -> String {
        let contact = contact.map(|name| name.parse().unwrap());
        let label = label.map(SafeText::new);
        Payee { address: "bc1q".to_owned(), contact, label, paid_before, looks_like: None }.to_string()
    }

    #[test]
    fn a_payee_is_told_in_words() {
        assert_eq!(payee(Some("alice"), None, Some(2)), "@alice (contact), paid twice before");
        assert_eq!(payee(Some("alice"), None, Some(0)), "@alice (contact), not paid before");
        assert_eq!(payee(Some("alice"), None, None), "@alice (contact)");
        assert_eq!(payee(None, Some("the \"rent\""), Some(1)), "labelled \"the \\\"rent\\\"\", paid once before");
        assert_eq!(payee(None, None, Some(0)), "first payment to this address");
        assert_eq!(payee(None, None, Some(7)), "paid 7 times before");
        assert_eq!(payee(None, None, None), "not known on this machine");
    }
}
