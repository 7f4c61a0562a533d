//! The members of a typed message's types (EIP-712), and the error for what is none.
//!
//! Nothing is checked here.

use std::fmt;

use super::EthereumError;
use crate::text::SafeText;

/// A member of a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) ty: String,
}

pub(crate) fn bad(what: impl fmt::Display) -> EthereumError {
    EthereumError::TypedData(SafeText::new(&what.to_string()))
}

/// The type of an item: `Person` of `Person[][2]`.
pub(crate) fn base(ty: &str) -> &str {
    ty.split('[').next().unwrap_or(ty)
}
