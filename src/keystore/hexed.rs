//! Fixed numbers of public bytes, written as lower-case hex in the wallet file.
//!
//! For salts, nonces and checksums; never for a secret, because it can be printed.

use std::fmt;

use hex::{DisplayHex, FromHex};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// `N` public bytes, as hex.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hexed<const N: usize>(pub [u8; N]);

impl<const N: usize> fmt::Display for Hexed<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.to_lower_hex_string())
    }
}

impl<const N: usize> Serialize for Hexed<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, const N: usize> Deserialize<'de> for Hexed<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = Vec::<u8>::from_hex(&text).map_err(|_| D::Error::custom("not hex"))?;
        bytes.try_into().map(Self).map_err(|_| D::Error::custom("wrong length"))
    }
}

/// Any number of public bytes, as hex.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HexedBytes(pub(super) Vec<u8>);

impl Serialize for HexedBytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_lower_hex_string())
    }
}

impl<'de> Deserialize<'de> for HexedBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Vec::from_hex(&text).map(Self).map_err(|_| D::Error::custom("not hex"))
    }
}
