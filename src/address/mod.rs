//! The one place that parses and prints addresses. The core works on scripts; text exists only at the edges.
//!
//! Strict about network, checksum and case (BIP-173, BIP-350, Base58Check). Must not guess, and must not do I/O.

mod ethereum;

use bitcoin::{Address, ScriptBuf, address::NetworkUnchecked};

use crate::{
    explain::{Entry, Explain, catalogue},
    network::Network,
    text::{SafeText, out_of_fours},
};

pub use self::ethereum::{Checked, evm_text, parse_evm};

/// Longest text that can be an address: a BIP-173 string has at most 90 characters.
const MAX_CHARS: usize = 90;

/// Why a text is not an address that may be paid.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddressError {
    /// Valid, but of another network.
    #[error("`{address}` is a {kind} address, and this account is on {wanted}")]
    WrongNetwork {
        /// What was typed.
        address: SafeText,
        /// The network family the address belongs to.
        kind: &'static str,
        /// The network in use.
        wanted: Network,
    },
    /// The checksum does not match: at least one character is wrong.
    #[error("`{0}` has a wrong checksum: at least one character is not what the payee wrote")]
    Checksum(SafeText),
    /// Not in the form of any address.
    #[error("`{0}` is not a Bitcoin address")]
    NotAnAddress(SafeText),
    /// Not 0x and 40 hex digits.
    #[error("`{0}` is not an Ethereum address")]
    NotEvm(SafeText),
    /// A witness version or program that no rule defines yet: until one does, every miner could take coins sent there.
    #[error("`{0}` is of a witness version that nobody can spend safely yet")]
    UnknownWitness(SafeText),
    /// A taproot output key that is not a point on the curve: coins sent there are lost.
    #[error("`{0}` holds a taproot key that does not exist on the curve; coins sent there would be lost")]
    UnspendableKey(SafeText),
}

catalogue! {
    WRONG_NETWORK = "address.wrong_network", Refused, "Ask the payee for an address of this network, or choose theirs with --network";
    CHECKSUM = "address.checksum", Usage, "Copy the address from the payee again";
    NOT_AN_ADDRESS = "address.not_an_address", Usage, "Paste a whole address, such as bc1q..., bc1p..., 3... or 1...";
    NOT_EVM = "address.not_an_evm_address", Usage, "Paste the whole address: 0x and 40 digits; names such as .eth are not looked up";
    UNKNOWN_WITNESS = "address.unknown_witness", Refused, "Ask the payee for a bc1q or bc1p address";
    UNSPENDABLE = "address.unspendable_key", Refused, "Ask the payee for another address; this one is damaged";
}

impl Explain for AddressError {
    fn entry(&self) -> &'static Entry {
        match self {
            Self::WrongNetwork { .. } => WRONG_NETWORK,
            Self::Checksum(_) => CHECKSUM,
            Self::NotAnAddress(_) => NOT_AN_ADDRESS,
            Self::NotEvm(_) => NOT_EVM,
            Self::UnknownWitness(_) => UNKNOWN_WITNESS,
            Self::UnspendableKey(_) => UNSPENDABLE,
        }
    }
}

/// Reads an address of `network` into the script it stands for.
///
/// # Errors
/// Wrong network, wrong checksum, mixed case, or a program that is not safe to pay.
pub fn parse(text: &str, network: Network) -> Result<ScriptBuf, AddressError> {
    let joined = out_of_fours(text);
    let text = joined.as_str();
    let shown = || SafeText::new(text);
    if text.len() > MAX_CHARS || !text.is_ascii() {
        return Err(AddressError::NotAnAddress(shown()));
    }
    let unchecked: Address<NetworkUnchecked> = text.parse().map_err(|_| not_an_address(text))?;
    if !unchecked.is_valid_for_network(network.address_params()) {
        let kind = if unchecked.is_valid_for_network(bitcoin::Network::Bitcoin) {
            "mainnet"
        } else if unchecked.is_valid_for_network(bitcoin::Network::Regtest) && text.starts_with("bcrt") {
            "regtest"
        } else {
            "testnet"
        };
        return Err(AddressError::WrongNetwork { address: shown(), kind, wanted: network });
    }
    let script = unchecked.assume_checked().script_pubkey();
    check_spendable(&script).map_err(|problem| match problem {
        Unspendable::Witness => AddressError::UnknownWitness(shown()),
        Unspendable::Key => AddressError::UnspendableKey(shown()),
    })?;
    Ok(script)
}

/// A script that no key, or every key, could spend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unspendable {
    /// A witness program without rules.
    Witness,
    /// A taproot key that is not on the curve.
    Key,
}

/// Refuses witness programs that have no meaning yet and taproot keys that are not points.
///
/// # Errors
/// Which of the two it is.
pub fn check_spendable(script: &bitcoin::Script) -> Result<(), Unspendable> {
    if script.is_p2tr() {
        let key = script.as_bytes().get(2..34).unwrap_or_default();
        return bitcoin::XOnlyPublicKey::from_slice(key).map(|_| ()).map_err(|_| Unspendable::Key);
    }
    if script.is_witness_program() && !script.is_p2wpkh() && !script.is_p2wsh() {
        return Err(Unspendable::Witness);
    }
    Ok(())
}

/// Tells a mistyped address from something that is none: the form is right, the checksum is not.
fn not_an_address(text: &str) -> AddressError {
    let lower = text.to_ascii_lowercase();
    let parts = Network::ALL.iter().filter_map(|network| network.chain().bech32);
    let bech32 = parts.into_iter().any(|part| lower.starts_with(&format!("{part}1"))) && lower.len() >= 14;
    let base58 = (26..=35).contains(&text.len()) && text.starts_with(['1', '3', 'm', 'n', '2']);
    if (bech32 || base58) && text.chars().all(|c| c.is_ascii_alphanumeric()) {
        AddressError::Checksum(SafeText::new(text))
    } else {
        AddressError::NotAnAddress(SafeText::new(text))
    }
}

/// The address of a script on `network`, or `None` where it has none (bare multisig, OP_RETURN).
#[must_use]
pub fn of(script: &bitcoin::Script, network: Network) -> Option<String> {
    Address::from_script(script, network.address_params()).ok().map(|address| address.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const P2WPKH: &str = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";

    #[test]
    fn reads_and_prints_every_kind() {
        for text in [
            P2WPKH,
            "bc1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qccfmv3",
            "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
            "1PLHY2RWjpQWztauYavXXUHD1cjUtYPp5j",
            "3HwMGp2HqvpNx8EfkpAdKpNk4K8dtSAJU9",
        ] {
            let script = parse(text, Network::Bitcoin).expect(text);
            assert_eq!(of(&script, Network::Bitcoin).as_deref(), Some(text));
        }
        assert!(parse(&P2WPKH.to_ascii_uppercase(), Network::Bitcoin).is_ok());
    }

    #[test]
    fn refuses_other_networks_by_name() {
        assert!(matches!(parse(P2WPKH, Network::Testnet4), Err(AddressError::WrongNetwork { kind: "mainnet", .. })));
        let testnet = "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx";
        assert!(matches!(parse(testnet, Network::Bitcoin), Err(AddressError::WrongNetwork { kind: "testnet", .. })));
        assert!(parse(testnet, Network::Signet).is_ok());
    }

    #[test]
    fn refuses_typos_mixed_case_and_dead_ends() {
        assert!(matches!(
            parse("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", Network::Bitcoin),
            Err(AddressError::Checksum(_))
        ));
        assert!(matches!(
            parse("1PLHY2RWjpQWztauYavXXUHD1cjUtYPp5k", Network::Bitcoin),
            Err(AddressError::Checksum(_))
        ));
        assert!(parse("bc1qW508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", Network::Bitcoin).is_err());
        assert!(matches!(parse("ana@example.org", Network::Bitcoin), Err(AddressError::NotAnAddress(_))));
        let version_2 = "bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs";
        assert!(matches!(parse(version_2, Network::Bitcoin), Err(AddressError::UnknownWitness(_))));
        let off_curve = {
            let mut bytes = vec![0x51, 0x20];
            bytes.extend([0xff; 32]);
            of(&ScriptBuf::from_bytes(bytes), Network::Bitcoin).expect("an address text exists")
        };
        assert!(matches!(parse(&off_curve, Network::Bitcoin), Err(AddressError::UnspendableKey(_))));
    }
}
