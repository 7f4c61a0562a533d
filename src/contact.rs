//! Contacts: names for addresses, typed as `@name` in the place of one. And when one address passes for another.
//!
//! Names and comparisons only; where contacts are kept is the ledger's, and whether a text is an address that of address/.

use std::{fmt, str::FromStr};

use serde::Serialize;

use crate::{
    explain::{Entry, Explain, catalogue},
    text::SafeText,
};

/// Letters of the longest name: fewer than the shortest address has, so that no name can be one.
const LONGEST: usize = 24;
/// Letters at either end by which people compare addresses: who invents one that passes for another makes these equal.
const COMPARED: usize = 4;

/// The name of a contact: letters, digits, `-`, `_` and `.`, beginning with a letter or digit. Case makes no difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ContactName(String);

impl ContactName {
    /// As it was typed when it was added.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether both are one name: case makes no difference.
    #[must_use]
    pub fn means(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }

    /// The name that a text such as `@alice` means, where it means one.
    #[must_use]
    pub fn mentioned(text: &str) -> Option<Result<Self, ContactError>> {
        text.strip_prefix('@').map(str::parse)
    }
}

impl FromStr for ContactName {
    type Err = ContactError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let begins = text.starts_with(|first: char| first.is_ascii_alphanumeric());
        let is_plain = text.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.'));
        // A program that reads `0x...` takes it for an address, whatever follows.
        let is_address = text.len() >= 2 && text.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("0x"));
        if begins && is_plain && !is_address && text.len() <= LONGEST {
            Ok(Self(text.to_owned()))
        } else {
            Err(ContactError::BadName(SafeText::new(text)))
        }
    }
}

impl fmt::Display for ContactName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A name for an address on one network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Contact {
    /// The name.
    pub name: ContactName,
    /// The network by its name; a chain that config.toml names no more keeps its contacts.
    pub network: String,
    /// The whole address, as this program prints it.
    pub address: String,
}

impl Contact {
    /// Whether it has the name or the address of another one, on the same network.
    #[must_use]
    pub fn takes_from(&self, other: &Self) -> bool {
        self.network == other.network && (self.name.means(&other.name) || self.address == other.address)
    }

    /// Whether both say the same.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.network == other.network && self.name.means(&other.name) && self.address == other.address
    }
}

/// Why a contact cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContactError {
    /// Other letters than a name has, or too many.
    #[error("`{0}` is not a name for a contact: letters, digits, `-`, `_` and `.`, at most 24")]
    BadName(SafeText),
    /// There is none of that name.
    #[error("there is no contact `{0}`")]
    Unknown(ContactName),
    /// The name of a contact, without the sign that says so.
    #[error("`{0}` is no address; there is a contact of that name, which is typed as `@{0}`")]
    WithoutSign(ContactName),
    /// It has no address on the network in use.
    #[error("contact `{name}` has no address on {wanted}, only on {}", found.join(", "))]
    OtherNetwork {
        /// Its name.
        name: ContactName,
        /// The network in use.
        wanted: String,
        /// Where it has one.
        found: Vec<String>,
    },
    /// The name or the address is taken.
    #[error("contact `{}` on {} is {} already", .0.name, .0.network, .0.address)]
    Exists(Contact),
    /// A new address looks like one that is known.
    #[error("{this} looks like {known}, and is not it: both begin and end with the same letters")]
    LookAlike {
        /// What was to be used.
        this: String,
        /// The one that is known, with what it is known as.
        known: String,
    },
}

catalogue! {
    BAD_NAME = "contact.bad_name", Usage, "Choose a name such as alice or bob-savings; it is typed as @alice";
    WITHOUT_SIGN = "contact.without_sign", Usage, "Type @ before the name of a contact";
    UNKNOWN = "contact.unknown", Usage, "See `fastness contacts list`; `fastness contacts add NAME ADDRESS` makes one";
    OTHER_NETWORK = "contact.other_network", Refused, "Ask the payee for an address of this network, or name theirs with --network";
    EXISTS = "contact.exists", Refused, "An address has one name on a network: use that, or remove it first with `fastness contacts remove` and the name";
    LOOK_ALIKE = "contact.look_alike", Refused, "Addresses that pass for others are put into histories to be copied by mistake: get the address from the payee again; if it is theirs, name it whole with --to-unusual ADDRESS";
}

impl Explain for ContactError {
    fn entry(&self) -> &'static Entry {
        match self {
            Self::BadName(_) => BAD_NAME,
            Self::Unknown(_) => UNKNOWN,
            Self::WithoutSign(_) => WITHOUT_SIGN,
            Self::OtherNetwork { .. } => OTHER_NETWORK,
            Self::Exists(_) => EXISTS,
            Self::LookAlike { .. } => LOOK_ALIKE,
        }
    }
}

/// The contacts of a home, as seen from one network.
#[derive(Clone, Debug)]
pub struct ContactBook {
    contacts: Vec<Contact>,
    network: &'static str,
}

impl ContactBook {
    /// All contacts, and the network that addresses are wanted of.
    #[must_use]
    pub const fn new(contacts: Vec<Contact>, network: &'static str) -> Self {
        Self { contacts, network }
    }

    /// What is typed without the sign of a contact: no name of one, which is never an address.
    fn unnamed(&self, typed: &str) -> Result<String, ContactError> {
        let named = self.contacts.iter().find(|contact| contact.name.as_str().eq_ignore_ascii_case(typed.trim()));
        named.map_or_else(|| Ok(typed.to_owned()), |contact| Err(ContactError::WithoutSign(contact.name.clone())))
    }

    /// The address that a recipient as typed means: that of `@name`, or else the text itself, whatever it is.
    ///
    /// # Errors
    /// There is no such contact, or it has no address on this network.
    pub fn address(&self, typed: &str) -> Result<String, ContactError> {
        let Some(name) = ContactName::mentioned(typed).transpose()? else { return self.unnamed(typed) };
        let is_named = |contact: &&Contact| contact.name.means(&name);
        let named: Vec<&Contact> = self.contacts.iter().filter(is_named).collect();
        match named.iter().find(|contact| contact.network == self.network) {
            Some(contact) => Ok(contact.address.clone()),
            None if named.is_empty() => Err(ContactError::Unknown(name)),
            None => {
                let found = named.iter().map(|contact| contact.network.clone()).collect();
                Err(ContactError::OtherNetwork { name, wanted: self.network.to_owned(), found })
            }
        }
    }
}

/// Whether a person who compares the ends of two different addresses takes one for the other.
#[must_use]
pub fn look_alike(one: &str, other: &str) -> bool {
    let (one, other) = (one.to_ascii_lowercase(), other.to_ascii_lowercase());
    one != other && ends(&one).is_some_and(|ends_of_one| Some(ends_of_one) == ends(&other))
}

/// What is compared of an address: its form, and the letters at both ends of what is its own.
fn ends(address: &str) -> Option<[&str; 3]> {
    let fixed = fixed_letters(address);
    let (form, own) = (address.get(..fixed)?, address.get(fixed..)?);
    let (start, end) = (own.get(..COMPARED)?, own.get(own.len().checked_sub(COMPARED)?..)?);
    Some([form, start, end])
}

/// Letters that every address of the same form begins with: `0x`, `bc1q`, or the version of a base-58 address.
fn fixed_letters(address: &str) -> usize {
    let is_bech32 = |part: &&str| address.starts_with(&format!("{part}1"));
    match ["bcrt", "bc", "tb"].iter().find(|part| is_bech32(part)) {
        Some(part) => part.len() + 2,
        None if address.starts_with("0x") => 2,
        None => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_can_be_typed_and_pass_for_no_address() {
        for name in ["alice", "Bob-Savings_2.old", "7"] {
            assert_eq!(ContactName::mentioned(&format!("@{name}")).unwrap().unwrap().as_str(), name);
        }
        for name in [
            "",
            "@a",
            "-x",
            "a b",
            "\u{430}lice",
            "0xab",
            "a\u{1b}",
            &"a".repeat(25),
            "1BoatSLRHtKNngkdXEeobR76b53LETtpyT",
        ] {
            assert!(matches!(name.parse::<ContactName>(), Err(ContactError::BadName(_))), "{name}");
        }
        assert!(ContactName::mentioned("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4").is_none());
    }

    #[test]
    fn a_name_means_the_address_of_its_network() {
        let contact = |name: &str, network: &str, address: &str| Contact {
            name: name.parse().unwrap(),
            network: network.to_owned(),
            address: address.to_owned(),
        };
        let contacts = vec![contact("Alice", "bitcoin", "bc1qone"), contact("alice", "ethereum", "0x1")];
        let book = ContactBook::new(contacts, "bitcoin");
        assert_eq!(book.address("@aLiCe").as_deref(), Ok("bc1qone"));
        assert_eq!(book.address("bc1qtwo").as_deref(), Ok("bc1qtwo"));
        assert!(matches!(book.address("@bob"), Err(ContactError::Unknown(_))));
        assert!(matches!(book.address("@"), Err(ContactError::BadName(_))));
        let book = ContactBook { network: "base", ..book };
        let error = book.address("@alice").unwrap_err().to_string();
        assert_eq!(error, "contact `alice` has no address on base, only on bitcoin, ethereum");
    }

    #[test]
    fn addresses_whose_ends_are_equal_pass_for_each_other() {
        let known = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
        assert!(look_alike("bc1qw508xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxf3t4", known));
        assert!(look_alike("BC1QW508XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXF3T4", known));
        // The same, another form, another start, another end.
        for other in [known, "bc1pw508xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxf3t4", "bc1qx508d6qf3t4", "bc1qw508d6qejx"] {
            assert!(!look_alike(other, known), "{other}");
        }
        assert!(!look_alike(&known.to_uppercase(), known));
        let evm = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
        assert!(look_alike("0x5aae1c770000000000000000000000000000eaed", evm));
        assert!(!look_alike("0x5bae1c770000000000000000000000000000eaed", evm));
        assert!(look_alike("1PLHYxxxxxxxxxxxxxxxxxxxxxxxxxxxtYPp5j", "1PLHY2RWjpQWztauYavXXUHD1cjUtYPp5j"));
        assert!(!look_alike("", known) && !look_alike("bc1q", "bc1p"));
    }
}
