//! Which messages are those of a standard: by their whole encoded type, and by what is known of contract and domain.
//!
//! A name proves nothing. What differs in one member, or names another contract, is unknown. Facts only: no meaning.

use alloy_primitives::{Address, address};

use super::typed_data::TypedMessage;

/// A message whose meaning a standard fixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// ERC-2612.
    Permit,
    /// The permit of DAI.
    DaiPermit,
    /// Permit2: an allowance.
    Allowance,
    /// Permit2: allowances for several tokens.
    Allowances,
    /// Permit2: one transfer.
    Transfer,
    /// Permit2: transfers of several tokens.
    Transfers,
    /// ERC-3009: a transfer that its recipient, or every holder of the message, may submit.
    Authorization,
    /// ERC-3009: an authorisation is taken back.
    Cancellation,
    /// A Seaport order.
    Order,
    /// A transaction of a Safe.
    Safe,
}

const TOKEN_PERMISSIONS: &str = "TokenPermissions(address token,uint256 amount)";

/// `encodeType` of each (EIP-712). Sources: ERC-2612, DAI's contract, ERC-3009, Uniswap's permit2 (PermitHash.sol), Seaport
/// (ConsiderationStructs.sol), Safe (Safe.sol: SAFE_TX_TYPEHASH, the same since 1.0.0).
const TYPES: [(&str, Known); 11] = [
    ("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)", Known::Permit),
    ("Permit(address holder,address spender,uint256 nonce,uint256 expiry,bool allowed)", Known::DaiPermit),
    (
        "PermitSingle(PermitDetails details,address spender,uint256 sigDeadline)\
         PermitDetails(address token,uint160 amount,uint48 expiration,uint48 nonce)",
        Known::Allowance,
    ),
    (
        "PermitBatch(PermitDetails[] details,address spender,uint256 sigDeadline)\
         PermitDetails(address token,uint160 amount,uint48 expiration,uint48 nonce)",
        Known::Allowances,
    ),
    (
        "PermitTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline)\
         TokenPermissions(address token,uint256 amount)",
        Known::Transfer,
    ),
    (
        "PermitBatchTransferFrom(TokenPermissions[] permitted,address spender,uint256 nonce,uint256 deadline)\
         TokenPermissions(address token,uint256 amount)",
        Known::Transfers,
    ),
    (
        "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)",
        Known::Authorization,
    ),
    (
        "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)",
        Known::Authorization,
    ),
    ("CancelAuthorization(address authorizer,bytes32 nonce)", Known::Cancellation),
    (
        "OrderComponents(address offerer,address zone,OfferItem[] offer,ConsiderationItem[] consideration,uint8 orderType,\
         uint256 startTime,uint256 endTime,bytes32 zoneHash,uint256 salt,bytes32 conduitKey,uint256 counter)\
         ConsiderationItem(uint8 itemType,address token,uint256 identifierOrCriteria,uint256 startAmount,\
         uint256 endAmount,address recipient)\
         OfferItem(uint8 itemType,address token,uint256 identifierOrCriteria,uint256 startAmount,uint256 endAmount)",
        Known::Order,
    ),
    (
        "SafeTx(address to,uint256 value,bytes data,uint8 operation,uint256 safeTxGas,uint256 baseGas,uint256 gasPrice,\
         address gasToken,address refundReceiver,uint256 nonce)",
        Known::Safe,
    ),
];

/// Permit2, at the same address on every chain that deploys by CREATE2 as Ethereum does (Uniswap's list of deployments).
pub(super) const PERMIT2: Address = address!("000000000022D473030F116dDEE9F6B43aC78BA3");
const PERMIT2_DOMAIN: &str = "EIP712Domain(string name,uint256 chainId,address verifyingContract)";

/// Seaport's versions and addresses, the same on every chain (the deployments in the project's README).
const SEAPORTS: [(&str, Address); 6] = [
    ("1.1", address!("00000000006c3852cbEf3e08E8dF289169EdE581")),
    ("1.2", address!("00000000000006c7676171937C444f6BDe3D6282")),
    ("1.3", address!("0000000000000aD24e80fd803C6ac37206a45f15")),
    ("1.4", address!("00000000000001ad428e4906aE43D8F9852d0dD6")),
    ("1.5", address!("00000000000000ADc04C56Bf30aC9d3c0aAF14dC")),
    ("1.6", address!("0000000000000068F116a894984e2DB1123eB395")),
];
const SEAPORT_DOMAIN: &str = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";

/// The domain of a Safe since 1.3.0, and before it.
const SAFE_DOMAINS: [&str; 2] =
    ["EIP712Domain(uint256 chainId,address verifyingContract)", "EIP712Domain(address verifyingContract)"];

/// The standard that a message is of, or why it is unknown.
pub(super) fn known(typed: &TypedMessage) -> Result<Known, &'static str> {
    let encoded = typed.encoded_type.as_str();
    let Some((_, known)) = TYPES.iter().find(|(ty, _)| *ty == encoded) else {
        let named = TYPES.iter().any(|(ty, _)| ty.split('(').next() == Some(typed.primary.as_str()));
        return Err(match () {
            () if witness(typed).is_some() => "what its witness lets others do is not known here",
            () if named => "it has the name of a standard's message, and not its type",
            () => "nobody here knows what this message lets others do",
        });
    };
    check_domain(*known, typed).map(|()| *known)
}

/// A Permit2 transfer bound to more (`PermitWitnessTransferFrom`): one or several tokens, with a last member of its own.
pub(super) fn witness(typed: &TypedMessage) -> Option<Known> {
    let rest = "uint256 nonce,uint256 deadline,";
    let (known, list) = match typed.primary.as_str() {
        "PermitWitnessTransferFrom" => (Known::Transfer, ""),
        "PermitBatchWitnessTransferFrom" => (Known::Transfers, "[]"),
        _ => return None,
    };
    let start = format!("{}(TokenPermissions{list} permitted,address spender,{rest}", typed.primary);
    let whole = typed.encoded_type.starts_with(&start) && typed.encoded_type.contains(TOKEN_PERMISSIONS);
    (whole && check_domain(known, typed).is_ok()).then_some(known)
}

fn check_domain(known: Known, typed: &TypedMessage) -> Result<(), &'static str> {
    let name = typed.domain_name.as_ref().map(|name| name.as_str());
    let domain = typed.domain_type.as_str();
    let contract = typed.contract.ok_or("its domain names no contract")?;
    match known {
        Known::Allowance | Known::Allowances | Known::Transfer | Known::Transfers => {
            let holds = contract == PERMIT2 && domain == PERMIT2_DOMAIN && name == Some("Permit2");
            if holds { Ok(()) } else { Err("it is a message of Permit2 for a contract that is not Permit2") }
        }
        Known::Order => {
            let version = typed.domain_version.as_deref();
            let published = SEAPORTS.iter().any(|(known, at)| version == Some(known) && contract == *at);
            let holds = published && domain == SEAPORT_DOMAIN && name == Some("Seaport");
            if holds { Ok(()) } else { Err("it is an order of Seaport for a contract that is not Seaport") }
        }
        Known::Safe if SAFE_DOMAINS.contains(&domain) => Ok(()),
        Known::Safe => Err("it is a transaction of a Safe with a domain that no Safe has"),
        _ if domain.contains("uint256 chainId") => Ok(()),
        _ => Err("its domain names no chain, so it would be good on every chain"),
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::keccak256;

    use super::*;

    #[test]
    fn the_types_hash_as_the_contracts_publish() {
        let hash = |known: Known| {
            let (ty, _) = TYPES.iter().find(|(_, other)| *other == known).expect("a type");
            keccak256(ty).to_string()
        };
        for (known, published) in [
            (Known::Permit, "0x6e71edae12b1b97f4d1f60370fef10105fa2faae0126114a169c64845d6126c9"),
            (Known::DaiPermit, "0xea2aa0a1be11a07ed86d755c93467f4f82362b452371d1ba94d1715123511acb"),
            (Known::Authorization, "0x7c7c6cdb67a18743f49ec6fa9b35f50d52ed05cbed4cc592e13b44501c1a2267"),
            (Known::Cancellation, "0x158b0a9edf7a828aad02f63cd515c68ef2f50ba807396f6d12842833a1597429"),
            (Known::Safe, "0xbb8310d486368db6bd6f849402fdd73ad53d316b5a4b2644ad6efe0f941286d8"),
        ] {
            assert_eq!(hash(known), published, "{known:?}");
        }
    }
}
