//! Something an explorer said, with the evidence for it.
//!
//! No I/O. A value that only servers vouch for is never handed out without its [`Claim`].

use std::collections::BTreeMap;

use crate::{explorer::operators::organisation, text::SafeText};

/// Something an explorer said, with the evidence for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim<T> {
    /// We checked it ourselves, against bytes that hash to their id or work that was done.
    Proven(T),
    /// Several operators said the same.
    Agreed {
        /// What they said.
        value: T,
        /// Their hosts, at least two.
        operators: Vec<SafeText>,
    },
    /// One operator said it.
    Single {
        /// What it said.
        value: T,
        /// Its host.
        operator: SafeText,
    },
}

impl<T> Claim<T> {
    /// From every host that said the same. Hosts of one organisation are one operator.
    #[must_use]
    pub fn said_by(value: T, operators: Vec<SafeText>) -> Self {
        let by_name: BTreeMap<String, SafeText> =
            operators.into_iter().rev().map(|host| (organisation(host.as_str()), host)).collect();
        let mut distinct: Vec<SafeText> = by_name.into_values().collect();
        if distinct.len() > 1 {
            return Self::Agreed { value, operators: distinct };
        }
        let operator = distinct.pop().unwrap_or_else(|| SafeText::new("nobody"));
        Self::Single { value, operator }
    }

    /// The value, whatever the evidence.
    pub const fn value(&self) -> &T {
        match self {
            Self::Proven(value) | Self::Agreed { value, .. } | Self::Single { value, .. } => value,
        }
    }

    /// The value, to be completed by what was learnt beside it.
    pub const fn value_mut(&mut self) -> &mut T {
        match self {
            Self::Proven(value) | Self::Agreed { value, .. } | Self::Single { value, .. } => value,
        }
    }

    /// The value alone; what stood behind it is lost.
    pub fn into_value(self) -> T {
        match self {
            Self::Proven(value) | Self::Agreed { value, .. } | Self::Single { value, .. } => value,
        }
    }
}
