//! BIP-340 signatures; BIP-341 outputs, signature hashes, witnesses, and the transaction that they make.

use bitcoin::{
    Address, Amount, ScriptBuf, TapNodeHash, TapSighashType, Transaction, TxOut, Witness, XOnlyPublicKey,
    consensus::deserialize,
    hashes::Hash,
    key::TapTweak,
    secp256k1::{Keypair, Message, Parity, Secp256k1, schnorr::Signature},
    sighash::{Prevouts, SighashCache},
    taproot::{self, LeafVersion, NodeInfo, TapLeafHash},
};
use fastness::{account::ScriptType, address, chain::bitcoin::consensus, network::Network};
use serde_json::Value;

use super::{bytes, json, list, text};

fn wallet() -> Value {
    json(include_str!("bip341-wallet.json"))
}

#[test]
fn schnorr_signatures() {
    let secp = Secp256k1::new();
    let (mut signed, mut verified, mut refused, mut other_lengths) = (0, 0, 0, 0);
    for line in include_str!("bip340.csv").lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let [_, secret, public, aux, message, signature, verdict, ..] = fields[..] else { unreachable!("{line}") };
        // The wallet signs 32-byte digests and nothing else.
        let Ok(digest) = <[u8; 32]>::try_from(bytes(message)) else {
            other_lengths += 1;
            continue;
        };
        let message = Message::from_digest(digest);
        let wanted = Signature::from_slice(&bytes(signature));
        if !secret.is_empty() {
            let pair = Keypair::from_seckey_slice(&secp, &bytes(secret)).unwrap();
            let aux = <[u8; 32]>::try_from(bytes(aux)).unwrap();
            assert_eq!(secp.sign_schnorr_with_aux_rand(&message, &pair, &aux), wanted.unwrap(), "{line}");
            assert_eq!(pair.x_only_public_key().0.serialize().to_vec(), bytes(public));
            signed += 1;
        }
        let key = XOnlyPublicKey::from_slice(&bytes(public));
        let good = key.ok().zip(wanted.ok()).is_some_and(|(key, s)| secp.verify_schnorr(&s, &message, &key).is_ok());
        assert_eq!(good, verdict == "TRUE", "{line}");
        if good { verified += 1 } else { refused += 1 }
    }
    assert_eq!((signed, verified, refused, other_lengths), (4, 5, 10, 4));
}

/// The tree of scripts of a vector.
fn tree(value: &Value) -> Option<NodeInfo> {
    if let Some([left, right]) = value.as_array().map(Vec::as_slice) {
        return NodeInfo::combine(tree(left)?, tree(right)?).ok();
    }
    let version = u8::try_from(value["leafVersion"].as_u64()?).ok()?;
    let script = ScriptBuf::from_bytes(bytes(value["script"].as_str()?));
    Some(NodeInfo::new_leaf_with_ver(script, LeafVersion::from_consensus(version).ok()?))
}

/// The leaf hashes of a tree in the order of the vectors.
fn leaves(value: &Value) -> Vec<String> {
    if let Some(children) = value.as_array() {
        return children.iter().flat_map(leaves).collect();
    }
    let version = u8::try_from(value["leafVersion"].as_u64().unwrap()).unwrap();
    let script = ScriptBuf::from_bytes(bytes(text(value, "script")));
    vec![TapLeafHash::from_script(&script, LeafVersion::from_consensus(version).unwrap()).to_string()]
}

#[test]
fn outputs() {
    let secp = Secp256k1::new();
    let wallet = wallet();
    let mut without_scripts = 0;
    for entry in list(&wallet, "scriptPubKey") {
        let (given, expected) = (&entry["given"], &entry["expected"]);
        let internal = XOnlyPublicKey::from_slice(&bytes(text(given, "internalPubkey"))).unwrap();
        let root = tree(&given["scriptTree"]).map(|node| node.node_hash());
        assert_eq!(root.map(|root| root.to_string()).as_deref(), entry["intermediary"]["merkleRoot"].as_str());
        let script = ScriptBuf::new_p2tr(&secp, internal, root);
        assert_eq!(script.to_hex_string(), text(expected, "scriptPubKey"));
        assert_eq!(address::parse(text(expected, "bip350Address"), Network::Bitcoin).unwrap(), script);
        assert_eq!(address::of(&script, Network::Bitcoin).as_deref(), expected["bip350Address"].as_str());
        if root.is_none() {
            // An account's own outputs have no scripts; the parity of its key must not matter.
            for parity in [Parity::Even, Parity::Odd] {
                assert_eq!(ScriptType::P2tr.script(internal.public_key(parity)), script);
            }
            without_scripts += 1;
        } else {
            let wanted: Vec<&str> =
                list(&entry["intermediary"], "leafHashes").iter().map(|hash| hash.as_str().unwrap()).collect();
            assert_eq!(leaves(&given["scriptTree"]), wanted);
        }
    }
    assert_eq!((list(&wallet, "scriptPubKey").len(), without_scripts), (7, 1));
}

/// The unsigned transaction of the vectors and the outputs it spends.
fn spending(entry: &Value) -> (Transaction, Vec<TxOut>) {
    let transaction = deserialize(&bytes(text(&entry["given"], "rawUnsignedTx"))).unwrap();
    let output = |spent: &Value| TxOut {
        value: Amount::from_sat(spent["amountSats"].as_u64().unwrap()),
        script_pubkey: ScriptBuf::from_bytes(bytes(text(spent, "scriptPubKey"))),
    };
    (transaction, list(&entry["given"], "utxosSpent").iter().map(output).collect())
}

#[test]
fn signature_hashes_and_witnesses() {
    let secp = Secp256k1::new();
    let wallet = wallet();
    let entry = &list(&wallet, "keyPathSpending")[0];
    let (transaction, spent) = spending(entry);
    for input in list(entry, "inputSpending") {
        let given = &input["given"];
        let place = usize::try_from(given["txinIndex"].as_u64().unwrap()).unwrap();
        let kind = u8::try_from(given["hashType"].as_u64().unwrap()).unwrap();
        let kind = TapSighashType::from_consensus_u8(kind).unwrap();
        let hash = SighashCache::new(&transaction)
            .taproot_key_spend_signature_hash(place, &Prevouts::All(&spent), kind)
            .unwrap();
        assert_eq!(hash.to_string(), text(&input["intermediary"], "sigHash"));
        let pair = Keypair::from_seckey_slice(&secp, &bytes(text(given, "internalPrivkey"))).unwrap();
        let root = given["merkleRoot"].as_str().map(|root| TapNodeHash::from_slice(&bytes(root)).unwrap());
        let tweaked = pair.tap_tweak(&secp, root).to_keypair();
        assert_eq!(tweaked.secret_bytes().to_vec(), bytes(text(&input["intermediary"], "tweakedPrivkey")));
        let message = Message::from_digest(hash.to_byte_array());
        let signature = secp.sign_schnorr_with_aux_rand(&message, &tweaked, &[0; 32]);
        let witness = Witness::p2tr_key_spend(&taproot::Signature { signature, sighash_type: kind });
        let wanted = Witness::from_slice(&[bytes(list(&input["expected"], "witness")[0].as_str().unwrap())]);
        assert_eq!(witness, wanted, "input {place}");
    }
    assert_eq!(list(entry, "inputSpending").len(), 7);
}

#[test]
fn the_signed_transaction_is_accepted_and_lies_about_it_are_not() {
    let wallet = wallet();
    let entry = &list(&wallet, "keyPathSpending")[0];
    let (unsigned, spent) = spending(entry);
    let signed: Transaction = deserialize(&bytes(text(&entry["auxiliary"], "fullySignedTx"))).unwrap();
    consensus::verify(&signed, &spent).unwrap();
    assert!(consensus::verify(&unsigned, &spent).is_err());
    assert!(consensus::verify(&signed, &spent[1..]).is_err());
    // Taproot commits to every amount (except with ANYONECANPAY): one satoshi more at input 2 breaks another input.
    let mut lie = spent.clone();
    lie[2].value += Amount::ONE_SAT;
    assert!(consensus::verify(&signed, &lie).is_err());
    assert!(Address::from_script(&spent[0].script_pubkey, bitcoin::Network::Bitcoin).is_ok());
}
