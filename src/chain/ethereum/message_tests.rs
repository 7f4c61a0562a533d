//! Published examples of EIP-191 and EIP-712, and hostile messages: each is refused for its reason, or named by its sentence.

use serde_json::{Value, json};

use super::*;
use crate::network::EvmChain;

pub(super) const BOB: &str = "0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB";
pub(super) const USDC: &str = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48";
pub(super) const PERMIT2: &str = "0x000000000022D473030F116dDEE9F6B43aC78BA3";
pub(super) const NOW: u64 = 1_795_000_000;

fn recovered_text(review: &MessageReview, signature: &str) -> Result<Address, EthereumError> {
    recovered(review.digest, &super::super::contract_signature::bytes_of(signature)?)
}

pub(super) fn mainnet() -> &'static EvmChain {
    EvmChain::by_id(1).expect("a chain")
}

pub(super) fn members(list: &[(&str, &str)]) -> Value {
    list.iter().map(|(name, ty)| json!({"name": name, "type": ty})).collect()
}

pub(super) fn domain_type() -> Value {
    members(&[("name", "string"), ("version", "string"), ("chainId", "uint256"), ("verifyingContract", "address")])
}

pub(super) fn domain(contract: &str) -> Value {
    json!({"name": "Test", "version": "1", "chainId": 1, "verifyingContract": contract})
}

/// The example of EIP-712.
fn mail() -> Value {
    json!({
        "types": {
            "EIP712Domain": domain_type(),
            "Person": members(&[("name", "string"), ("wallet", "address")]),
            "Mail": members(&[("from", "Person"), ("to", "Person"), ("contents", "string")]),
        },
        "primaryType": "Mail",
        "domain": {
            "name": "Ether Mail", "version": "1", "chainId": 1,
            "verifyingContract": "0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC",
        },
        "message": {
            "from": {"name": "Cow", "wallet": "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"},
            "to": {"name": "Bob", "wallet": BOB},
            "contents": "Hello, Bob!",
        },
    })
}

pub(super) fn read(value: &Value) -> Result<MessageReview, EthereumError> {
    read_text(value.to_string().as_bytes())
}

fn read_text(json: &[u8]) -> Result<MessageReview, EthereumError> {
    typed(json, &MessageContext { chain: mainnet(), now: NOW, ours: &Ownership::default() })
}

fn say(message: &[u8]) -> Result<MessageReview, EthereumError> {
    personal(message, &MessageContext { chain: mainnet(), now: NOW, ours: &Ownership::default() })
}

#[test]
fn the_example_of_eip_712() {
    let review = read(&mail()).expect("a message");
    assert_eq!(review.digest.to_string(), "0xbe609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2");
    let domain = review.domain_separator.expect("a domain").to_string();
    assert_eq!(domain, "0xf2cee375fa42b42143804025fc449deafd50cc031ca257e0b194a650a912090f");
    let message = review.struct_hash.expect("a hash").to_string();
    assert_eq!(message, "0xc52c0ee5d84264471806290a3f2c4cecfc5490626bf912d01f240d7a274b371e");
    assert!(matches!(review.consents.as_slice(), [Consent::Blind { .. }]), "unknown typed data is retyped");
    let names: Vec<&str> = review.tree.iter().map(|line| line.name.as_str()).collect();
    let domain = ["domain", "name", "version", "chainId", "verifyingContract"];
    let message = ["Mail", "from", "name", "wallet", "to", "name", "wallet", "contents"];
    assert_eq!(names, [&domain[..], &message].concat(), "the whole domain, and all in the types' order");
    // The signature that EIP-712 prints for it, made by the key keccak256("cow").
    let signature = "0x4355c47d63924e8a72e509b65029052eb6c299d53a04e167c5775fd466751c9d07299936d304c153f6443dfa05f40ff007d72911b6f72307f996231605b915621c";
    let cow = "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826".parse::<Address>().expect("an address");
    assert_eq!(recovered_text(&review, signature), Ok(cow));
    // The same in the 64 bytes of EIP-2098: parity 1 is the highest bit of S.
    let (r, s) = (&signature[..66], &signature[66..130]);
    let compact = format!("{r}8{}", &s[1..]);
    assert_eq!(recovered_text(&review, &compact), Ok(cow));
    assert_ne!(recovered_text(&review, &format!("{r}{s}")), Ok(cow), "the other parity is another signer");
}

#[test]
fn texts_are_signed_and_hashes_are_not() {
    let hello = say(b"hello world").expect("a message");
    assert_eq!(hello.digest.to_string(), "0xd9eba16ed0ecae432b71fe008c98cc872bb4cc214d3220a36f365326cf807d68");
    assert!(say(b"").is_err());
    assert!(say(&[7; 32]).is_err(), "could be the hash of anything");
    assert!(say(&vec![b'a'; MAX_MESSAGE + 1]).is_err());
    let unsigned = alloy_primitives::hex!(
        "ec098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080018080"
    );
    assert!(matches!(say(&unsigned), Err(EthereumError::Message(_))));
    let sign_in = say(b"example.org wants you to sign in with your Ethereum account:\n0x...").expect("a text");
    assert_eq!(sign_in.warnings.len(), 2, "a sign-in, and not as the standard writes it");
    let steering = say(b"a\x1b[2Jb").expect("bytes");
    assert!(steering.tree.iter().all(|line| !line.value.as_str().contains('\u{1b}')));
}

#[test]
fn texts_stay_texts_and_are_shown_whole() {
    let codes = |text: &str| say(text.as_bytes()).expect("a text").warnings.iter().map(|w| w.code).collect::<Vec<_>>();
    let lines = |text: &str| {
        say(text.as_bytes()).expect("a text").tree.iter().map(|line| line.name.to_string()).collect::<Vec<_>>()
    };
    let site = "example.org wants you to sign in with your Ethereum account:";
    for text in [
        site.to_owned(),
        format!("{site}\r\n"),
        format!("\u{feff}{site}"),
        site.replace(' ', "\t"),
        site.replace(' ', "\r\n"),
    ] {
        assert!(codes(&text).starts_with(&["sign_in", "sign_in_form"]), "{text:?}");
        assert!(lines(&text).iter().any(|line| line.contains("example.org")), "{text:?}");
    }
    assert_eq!(lines("a\r\nb\tc\n"), ["a", "b\\u{9}c"]);
    assert_eq!(codes("a\tb\r\nc"), [""; 0]);
    assert_eq!(codes("a\u{200b}b"), ["hidden_characters"]);
    assert_eq!(codes("p\u{430}y"), ["hidden_characters"]);
    assert_eq!(codes("\u{43f}\u{440}\u{438}\u{432}\u{435}\u{442}"), [""; 0]);
    let long = format!("{}and I sell everything", "Welcome. ".repeat(40));
    assert_eq!(lines(&long), std::slice::from_ref(&long), "no text is cut");
    let many: String = (0..300).map(|line| format!("line {line}\n")).collect();
    assert_eq!(lines(&many).len(), 300);
    let all = say(many.as_bytes()).expect("a text");
    assert!(all.tree.complete().is_some() && all.consents.is_empty());
    let endless = say("x\n".repeat(10_000).as_bytes()).expect("a text");
    assert!(matches!(endless.consents.as_slice(), [Consent::Blind { .. }]), "too long to be shown is retyped");
    assert!(matches!(say(&[0xff; 40]).expect("bytes").consents.as_slice(), [Consent::Blind { .. }]), "no text");
}

#[test]
fn signatures_that_could_be_altered_are_refused() {
    let review = say(b"hello world").expect("a message");
    for bad in ["", "0x", "0x00", &format!("0x{}", "11".repeat(63)), &format!("0x{}1d", "11".repeat(64))] {
        assert!(recovered_text(&review, bad).is_err(), "{bad}");
    }
    let high_s = format!("0x{}{}1b", "11".repeat(32), "f".repeat(64));
    assert!(recovered_text(&review, &high_s).is_err());
}

/// Changes of the example, each with the place and a part of the reason that it must be refused for.
fn changes() -> Vec<(&'static str, &'static str, Value)> {
    let mut all = type_changes();
    all.extend([
        ("not a name", "/primaryType", json!(7)),
        ("is not defined", "/primaryType", json!("Letter")),
        ("is not defined", "/primaryType", json!("EIP712Domain")),
        ("not an object", "/message/from", json!("Cow")),
        ("not an object", "/message", json!([])),
        ("not an object", "/domain", json!("x")),
        ("not a `string`", "/message/contents", json!(7)),
        ("not a `address`", "/message/from/wallet", json!(7)),
        ("not an Ethereum address", "/message/from/wallet", json!("0x1234")),
        ("not an Ethereum address", "/message/from/wallet", json!("cow.eth")),
        ("wrong checksum", "/message/from/wallet", json!("0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD82a")),
        ("for chain 2", "/domain/chainId", json!(2)),
        ("for chain 0", "/domain/chainId", json!(0)),
        ("not a `uint256`", "/domain/chainId", json!("one")),
        ("not a `uint256`", "/domain/chainId", json!(-1)),
        ("not a member", "/domain/salt", json!("0x00")),
        ("not an Ethereum address", "/domain/verifyingContract", json!("0x")),
    ]);
    all
}

fn type_changes() -> Vec<(&'static str, &'static str, Value)> {
    vec![
        ("not a list of types", "/types", json!([])),
        ("is not a type", "/types/Mail/2/type", json!("strings")),
        ("is not a type", "/types/Mail/2/type", json!("uint7")),
        ("is not a type", "/types/Mail/2/type", json!("uint")),
        ("is not a type", "/types/Mail/2/type", json!("uint08")),
        ("is not a type", "/types/Mail/2/type", json!("uint264")),
        ("is not a type", "/types/Mail/2/type", json!("bytes0")),
        ("is not a type", "/types/Mail/2/type", json!("bytes33")),
        ("is not a type", "/types/Mail/2/type", json!("string[")),
        ("is not a type", "/types/Mail/2/type", json!("string[0]")),
        ("is not a type", "/types/Mail/2/type", json!("string[-1]")),
        ("is not a type", "/types/Mail/2/type", json!("string[]x")),
        ("is not a type", "/types/Mail/2/type", json!("EIP712Domain")),
        ("is not a type", "/types/Mail/2/type", json!("")),
        ("not a list", "/types/Mail/2/type", json!("string[]")),
        ("holds itself", "/types/Person/0/type", json!("Person")),
        ("holds itself", "/types/Person/0/type", json!("Mail")),
        ("holds itself", "/types/Person/0/type", json!("Person[]")),
        ("two members", "/types/Person/1/name", json!("name")),
        ("not a name", "/types/Person/1/name", json!("wal let")),
        ("not a name", "/types/Person/1/name", json!("")),
        ("name and a type", "/types/Person/1", json!("wallet")),
        ("not a list of members", "/types/Person", json!({})),
        ("is a type already", "/types/address", json!([])),
        ("is a type already", "/types/uint256", json!([])),
        ("no place in a domain", "/types/EIP712Domain/0/name", json!("title")),
        ("no place in a domain", "/types/EIP712Domain/2/type", json!("uint64")),
        ("no place in a domain", "/types/EIP712Domain", members(&[("version", "string"), ("name", "string")])),
    ]
}

/// The example with the value at a pointer exchanged, or added.
fn changed(pointer: &str, value: Value) -> Value {
    let mut data = mail();
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    match data.pointer_mut(parent).expect("a place") {
        Value::Array(list) => list[key.parse::<usize>().expect("a number")] = value,
        other => other[key] = value,
    }
    data
}

/// Numbers and bytes of a message with one member of that type.
fn out_of_range() -> Vec<(&'static str, Value, &'static str)> {
    vec![
        ("uint8", json!(256), "does not fit"),
        ("uint8", json!(-1), "is not a"),
        ("uint8", json!("0x100"), "does not fit"),
        ("uint256", json!(format!("0x1{}", "0".repeat(64))), "is not a"),
        ("uint256", json!(9_007_199_254_740_992u64), "2^53"),
        ("int256", json!(-9_007_199_254_740_992i64), "does not fit"),
        ("uint256", json!("1e18"), "is not a"),
        ("uint256", json!(""), "is not a"),
        ("uint256", json!("0x"), "is not a"),
        ("uint256", json!(true), "is not a"),
        ("int8", json!(128), "does not fit"),
        ("int8", json!(-129), "does not fit"),
        ("int8", json!("x"), "does not fit"),
        ("bool", json!("yes"), "is not a"),
        ("bool", json!(1), "is not a"),
        ("bytes4", json!("0x0102"), "is not a"),
        ("bytes4", json!("0x0102030405"), "is not a"),
        ("bytes", json!("0x123"), "is not a"),
        ("bytes", json!("hello"), "is not a"),
        ("bytes32", json!(7), "is not a"),
        ("uint8[2]", json!([1]), "has 1 items"),
        ("uint8[2]", json!([1, 2, 3]), "has 3 items"),
        ("uint8[][2]", json!([[1], 2]), "is not a list"),
        ("string", json!(["a"]), "is not a"),
    ]
}

fn one(ty: &str, value: &Value) -> Value {
    json!({
        "types": {"EIP712Domain": domain_type(), "One": members(&[("x", ty)])},
        "primaryType": "One", "domain": domain(USDC), "message": {"x": value},
    })
}

#[test]
fn a_type_that_is_not_used_is_no_part_of_what_is_signed() {
    let with_more = changed("/types/Unused", members(&[("a", "string")]));
    assert_eq!(read(&with_more).expect("a message").digest, read(&mail()).expect("a message").digest);
}

#[test]
fn hostile_messages_are_refused_each_for_its_reason() {
    let mut refused = 0;
    for (reason, pointer, value) in changes() {
        let error = read(&changed(pointer, value)).expect_err(reason).to_string();
        assert!(error.contains(reason), "{reason}: {error}");
        refused += 1;
    }
    for (ty, value, reason) in out_of_range() {
        let error = read(&one(ty, &value)).expect_err(ty).to_string();
        assert!(error.contains(reason), "{ty} {value}: {error}");
        refused += 1;
    }
    let text = mail().to_string();
    for (change, with) in [
        ("\"contents\":\"Hello, Bob!\"", "\"contents\":\"a\",\"contents\":\"b\""),
        ("\"primaryType\":\"Mail\"", "\"primaryType\":\"Person\",\"primaryType\":\"Mail\""),
        ("\"chainId\":1", "\"chainId\":1.0"),
        ("\"chainId\":1", "\"chainId\":1e0"),
        ("\"chainId\":1", "\"chainId\":99999999999999999999999"),
        ("\"contents\":\"Hello, Bob!\"", "\"contents\":null"),
    ] {
        assert!(text.contains(change), "{change}");
        assert!(read_text(text.replacen(change, with, 1).as_bytes()).is_err(), "{with}");
        refused += 1;
    }
    for missing in ["types", "primaryType", "domain", "message"] {
        let mut data = mail();
        data.as_object_mut().expect("an object").remove(missing);
        assert!(read(&data).expect_err(missing).to_string().contains("is missing"));
        refused += 1;
    }
    let mut unbound = mail();
    unbound["types"]["EIP712Domain"] = members(&[("name", "string")]);
    unbound["domain"] = json!({"name": "x"});
    let blind = read(&unbound).expect("a message for every chain").consents;
    let why =
        |consent: &Consent| matches!(consent, Consent::Blind { why, .. } if why.as_str().contains("names no chain"));
    assert!(blind.iter().any(why), "{blind:?}");
    let deep = format!("{}{}", "[".repeat(300), "]".repeat(300));
    assert!(read_text(deep.as_bytes()).is_err());
    assert!(read_text(&vec![b' '; 300 * 1024]).is_err());
    assert_eq!(refused + 2, 81);
}

#[test]
fn what_may_be_signed_still_is() {
    for (ty, value) in [
        ("uint8", json!(255)),
        ("uint256", json!("115792089237316195423570985008687907853269984665640564039457584007913129639935")),
        ("int8", json!(-128)),
        ("int8", json!("127")),
        ("bytes4", json!("0x01020304")),
        ("uint8[2]", json!([1, 2])),
        ("uint8[][]", json!([[1], []])),
        ("string", json!("\u{1b}[2J")),
    ] {
        let review = read(&one(ty, &value)).unwrap_or_else(|error| panic!("{ty} {value}: {error}"));
        assert!(review.tree.iter().all(|line| !line.value.as_str().contains('\u{1b}')));
    }
}

pub(super) fn granted(primary: &str, contract: &str, types: &[(&str, Value)], message: Value) -> MessageReview {
    let mut all = json!({"EIP712Domain": domain_type()});
    for (name, list) in types {
        all[name] = list.clone();
    }
    let data = json!({"types": all, "primaryType": primary, "domain": domain(contract), "message": message});
    read(&data).unwrap_or_else(|error| panic!("{primary}: {error}"))
}

fn permit(value: &str, deadline: u64) -> MessageReview {
    permit_until(value, &json!(deadline.to_string()))
}

pub(super) fn permit_until(value: &str, deadline: &Value) -> MessageReview {
    let list = members(&[
        ("owner", "address"),
        ("spender", "address"),
        ("value", "uint256"),
        ("nonce", "uint256"),
        ("deadline", "uint256"),
    ]);
    let message = json!({"owner": BOB, "spender": BOB, "value": value, "nonce": 0, "deadline": deadline});
    granted("Permit", USDC, &[("Permit", list)], message)
}

#[test]
fn permits_say_who_may_take_what_until_when() {
    let review = permit("25000000", NOW + 3_600);
    let sentence = review.sentence.as_str();
    assert!(sentence.starts_with(&format!("LETS {BOB} TAKE 25 USDC FROM YOU, UNTIL 2026-11-")), "{sentence}");
    assert!(review.consents.is_empty());

    let max = format!("0x{}", "f".repeat(64));
    let unlimited = permit(&max, u64::MAX);
    let sentence = unlimited.sentence.as_str();
    assert!(sentence.contains("UNLIMITED USDC") && sentence.ends_with("FOR EVER"), "{sentence}");
    assert!(matches!(unlimited.consents.as_slice(), [Consent::Unlimited { spender }] if spender.to_string() == BOB));
    assert!(permit("1", NOW + 400 * 24 * 3_600).sentence.as_str().contains("more than a year"));
    assert!(permit("1", NOW - 1).sentence.as_str().contains("already over"));
}

proptest::proptest! {
    #[test]
    fn every_deadline_has_its_words(bits in 0usize..256, low in proptest::prelude::any::<[u8; 32]>()) {
        let top = alloy_primitives::U256::from(1) << bits;
        let deadline = top | (alloy_primitives::U256::from_be_bytes(low) & (top - alloy_primitives::U256::from(1)));
        let review = permit_until("1", &json!(deadline.to_string()));
        proptest::prop_assert_eq!(
            review.sentence.as_str().ends_with("FOR EVER"), deadline > alloy_primitives::U256::from(253_402_300_799u64)
        );
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400)) {
        let _ = read_text(&bytes);
        let _ = say(&bytes);
    }
}
