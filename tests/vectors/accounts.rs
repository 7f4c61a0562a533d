//! Derivation of accounts and addresses from 18 seeds, their descriptors, and SLIP-132 forms.

use bitcoin::{
    NetworkKind,
    bip32::{Xpriv, Xpub},
    secp256k1::Secp256k1,
};
use fastness::{
    account::{Account, AccountError, Keychain, ScriptType, slip132},
    address,
    network::Network,
};
use miniscript::descriptor::checksum::desc_checksum;
use serde_json::Value;

use super::{bytes, json, list, text};

const RECEIVE: [u32; 3] = [0, 1, 19];
const CHANGE: [u32; 2] = [0, 7];
const LEDGERS: [(&str, Network, NetworkKind); 2] =
    [("bitcoin", Network::Bitcoin, NetworkKind::Main), ("testnet", Network::Testnet3, NetworkKind::Test)];

fn rows() -> Value {
    json(include_str!("derivation.json"))
}

/// The account of a row, derived from its seed.
fn account(row: &Value, kind: ScriptType, network: Network, keys: NetworkKind) -> Account {
    let secp = Secp256k1::new();
    let master = Xpriv::new_master(keys, &bytes(text(row, "seed"))).unwrap();
    let number = u32::try_from(row["account"].as_u64().unwrap()).unwrap();
    let path = Account::standard_path(network, kind, number).unwrap();
    let xpub = Xpub::from_priv(&secp, &master.derive_priv(&secp, &path).unwrap());
    Account::new(network, kind, master.fingerprint(&secp), path, xpub).unwrap()
}

/// Every account of the vectors, with its row's number and what is expected of it.
fn each(mut check: impl FnMut(usize, &Value, &Value, &Account)) -> usize {
    let rows = rows();
    let mut seen = 0;
    for (place, row) in rows.as_array().unwrap().iter().enumerate() {
        for kind in ScriptType::ALL {
            for (name, network, keys) in LEDGERS {
                let expected = &row[format!("bip{}", kind.purpose())][name];
                check(place, row, expected, &account(row, kind, network, keys));
                seen += 1;
            }
        }
    }
    seen
}

/// The addresses of an account that the vectors name, in their order.
fn addresses(account: &Account) -> Vec<String> {
    let places = RECEIVE.map(|index| (Keychain::Receive, index)).into_iter();
    let places = places.chain(CHANGE.map(|index| (Keychain::Change, index)));
    let shown = |(keychain, index)| address::of(&account.script(keychain, index).unwrap(), account.network).unwrap();
    places.map(shown).collect()
}

#[test]
fn every_account_and_address_is_derived() {
    let mut compared = 0;
    let seen = each(|_, row, expected, account| {
        assert_eq!(account.keys()[0].fingerprint.to_string(), text(row, "fingerprint"));
        assert_eq!(account.keys()[0].xpub.to_string(), text(expected, "xpub"));
        let wanted: Vec<&str> = ["receive", "change"]
            .into_iter()
            .flat_map(|chain| list(expected, chain))
            .map(|address| address.as_str().unwrap())
            .collect();
        let found = addresses(account);
        assert_eq!(found, wanted, "{}", account.origin());
        compared += found.len();
    });
    assert_eq!((seen, compared), (18 * 4 * 2, 18 * 4 * 2 * 5));
}

#[test]
fn every_address_is_read_back() {
    each(|_, _, _, account| {
        for (shown, index) in addresses(account).iter().zip(RECEIVE) {
            let script = address::parse(shown, account.network).unwrap();
            assert_eq!(script, account.script(Keychain::Receive, index).unwrap());
        }
    });
}

#[test]
fn every_descriptor_is_read_back() {
    each(|_, _, _, account| {
        for form in [account.descriptor(), account.descriptor_of(Keychain::Receive)] {
            assert_eq!(Account::parse(&form, account.network, ScriptType::P2pkh).as_ref(), Ok(account), "{form}");
        }
    });
}

#[test]
fn every_slip132_form_is_written_and_read() {
    let published = json(include_str!("slip132.json"));
    let published = published.as_array().unwrap();
    let mut compared = 0;
    each(|place, _, _, account| {
        let purpose = format!("bip{}", account.script_type().unwrap().purpose());
        let (name, ..) = LEDGERS.into_iter().find(|(_, network, _)| *network == account.network).unwrap();
        let entry = published
            .iter()
            .find(|entry| entry["row"] == place && text(entry, "purpose") == purpose && text(entry, "network") == name);
        // BIP-44 and BIP-86 accounts keep the BIP-32 prefixes.
        let wanted = entry.map_or_else(|| account.keys()[0].xpub.to_string(), |entry| text(entry, "key").to_owned());
        assert_eq!(slip132(account).unwrap(), wanted);
        let read = Account::parse(&wanted, account.network, account.script_type().unwrap()).unwrap();
        assert_eq!((read.keys()[0].xpub, read.script_type()), (account.keys()[0].xpub, account.script_type()));
        assert_eq!(read.origin(), account.origin(), "an account key says its own standard path");
        compared += usize::from(entry.is_some());
    });
    assert_eq!((compared, published.len()), (72, 72));
}

#[test]
fn an_account_of_the_other_class_is_refused() {
    let rows = rows();
    let main = account(&rows[0], ScriptType::P2wpkh, Network::Bitcoin, NetworkKind::Main);
    for network in [Network::Testnet3, Network::Testnet4, Network::Signet, Network::Regtest] {
        for form in [main.descriptor(), slip132(&main).unwrap()] {
            let read = Account::parse(&form, network, ScriptType::P2wpkh);
            assert!(matches!(read, Err(AccountError::WrongNetwork { .. })), "{form} on {network}");
        }
    }
}

/// BIP-380: the checksum of a body, and everything that must not pass as one.
#[test]
fn descriptor_checksums() {
    assert_eq!(desc_checksum("raw(deadbeef)").unwrap(), "89f8spxm");
    let rows = rows();
    let whole = account(&rows[0], ScriptType::P2wpkh, Network::Bitcoin, NetworkKind::Main).descriptor();
    let (body, sum) = whole.rsplit_once('#').unwrap();
    let read = |text: String| Account::parse(&text, Network::Bitcoin, ScriptType::P2wpkh);
    assert!(read(body.to_owned()).is_ok(), "a checksum is optional");
    let refused = [
        format!("{body}#"),
        format!("{body}#{sum}q"),
        format!("{body}#{}", &sum[1..]),
        format!("{body}##{}", &sum[1..]),
        whole.replace("/84'", "/85'"),
        whole.replace("wpkh", "pkh"),
        whole.replace("xpub", "xp\u{fc}b"),
    ];
    for bad in refused {
        assert!(read(bad.clone()).is_err(), "{bad}");
    }
}

/// Any one character of a descriptor exchanged for any other is noticed.
#[test]
fn a_typo_in_a_descriptor_is_noticed() {
    let rows = rows();
    let whole = account(&rows[0], ScriptType::P2tr, Network::Bitcoin, NetworkKind::Main).descriptor();
    for place in 0..whole.len() {
        for other in ["0", "q", "h", "Z"] {
            let mut typo = whole.clone();
            typo.replace_range(place..=place, other);
            if typo != whole {
                assert!(Account::parse(&typo, Network::Bitcoin, ScriptType::P2tr).is_err(), "{typo}");
            }
        }
    }
}
