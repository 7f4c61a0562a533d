//! Messages of standards: each is told by its sentence; one changed in a member, a contract or a domain is unknown.

use serde_json::{Value, json};

use super::{
    tests::{BOB, NOW, PERMIT2, USDC, domain, domain_type, mainnet, members, permit_until, read},
    *,
};
use crate::account::{EthereumAccount, KeyOrigin};

const EVE: &str = "0xbadC0FFEE0dDF00dbADC0FfEe0DdF00DbAdC0FFE";
const WORTHLESS: &str = "0x1111111111111111111111111111111111111111";
const SEAPORT: &str = "0x0000000000000068F116a894984e2DB1123eB395";
const SAFE: &str = "0x5afe000000000000000000000000000000000001";
const ZERO: &str = "0x0000000000000000000000000000000000000000";

fn types(list: &[(&str, &str)]) -> Value {
    let member = |member: &str| {
        let (ty, name) = member.split_once(' ').expect("a member");
        json!({"name": name, "type": ty})
    };
    list.iter()
        .map(|(name, all)| ((*name).to_owned(), all.split(',').map(member).collect()))
        .collect::<serde_json::Map<_, Value>>()
        .into()
}

fn permit2_domain() -> Value {
    json!({"name": "Permit2", "chainId": 1, "verifyingContract": PERMIT2})
}

const PERMIT2_TYPES: [(&str, &str); 2] = [
    ("EIP712Domain", "string name,uint256 chainId,address verifyingContract"),
    ("PermitDetails", "address token,uint160 amount,uint48 expiration,uint48 nonce"),
];

fn detail(token: &str, amount: &str) -> Value {
    json!({"token": token, "amount": amount, "expiration": NOW + 60, "nonce": 0})
}

fn batch(details: &[Value]) -> Value {
    let mut all = types(&PERMIT2_TYPES);
    all["PermitBatch"] = types(&[("x", "PermitDetails[] details,address spender,uint256 sigDeadline")])["x"].clone();
    json!({"types": all, "primaryType": "PermitBatch", "domain": permit2_domain(),
        "message": {"details": details, "spender": EVE, "sigDeadline": NOW}})
}

fn safe_tx(change: &[(&str, Value)]) -> Value {
    let list = "address to,uint256 value,bytes data,uint8 operation,uint256 safeTxGas,uint256 baseGas,uint256 gasPrice,\
        address gasToken,address refundReceiver,uint256 nonce";
    let mut message = json!({"to": BOB, "value": "0", "data": "0x", "operation": 0, "safeTxGas": "0", "baseGas": "0",
        "gasPrice": "0", "gasToken": ZERO, "refundReceiver": ZERO, "nonce": 7});
    for (name, value) in change {
        message[*name] = value.clone();
    }
    json!({"types": types(&[("EIP712Domain", "uint256 chainId,address verifyingContract"), ("SafeTx", list)]),
        "primaryType": "SafeTx", "domain": {"chainId": 1, "verifyingContract": SAFE}, "message": message})
}

fn order() -> Value {
    let item = "uint8 itemType,address token,uint256 identifierOrCriteria,uint256 startAmount,uint256 endAmount";
    let asked = format!("{item},address recipient");
    let components = "address offerer,address zone,OfferItem[] offer,ConsiderationItem[] consideration,uint8 orderType,\
        uint256 startTime,uint256 endTime,bytes32 zoneHash,uint256 salt,bytes32 conduitKey,uint256 counter";
    let mut all = types(&[("OfferItem", item), ("ConsiderationItem", &asked), ("OrderComponents", components)]);
    all["EIP712Domain"] = domain_type();
    let word = format!("0x{}", "0".repeat(64));
    let coin = json!({"itemType": 0, "token": ZERO, "identifierOrCriteria": "0", "startAmount": "1000000000000000000",
        "endAmount": "1000000000000000000", "recipient": EVE});
    json!({"types": all, "primaryType": "OrderComponents",
        "domain": {"name": "Seaport", "version": "1.6", "chainId": 1, "verifyingContract": SEAPORT},
        "message": {"offerer": BOB, "zone": ZERO, "offer": [{"itemType": 2, "token": USDC, "identifierOrCriteria": "5",
            "startAmount": "1", "endAmount": "1"}], "consideration": [coin], "orderType": 0, "startTime": NOW,
            "endTime": NOW + 60, "zoneHash": word, "salt": "1", "conduitKey": word, "counter": "0"}})
}

#[track_caller]
fn review(value: &Value) -> MessageReview {
    read(value).unwrap_or_else(|error| panic!("{error}"))
}

fn blind(review: &MessageReview) -> Vec<String> {
    let why = |consent: &Consent| match consent {
        Consent::Blind { why, .. } => Some(why.to_string()),
        _ => None,
    };
    review.consents.iter().filter_map(why).collect()
}

fn shows(review: &MessageReview, text: &str) -> bool {
    review.tree.iter().any(|line| line.value.as_str().contains(text))
}

#[test]
fn a_message_is_known_by_its_whole_type_and_its_contract() {
    let whole = [batch(&[detail(USDC, "5000000")]), safe_tx(&[]), order(), permit_message()];
    let unknown: [&[(&str, Value)]; 4] = [
        &[
            ("/types/PermitDetails/1/type", json!("uint256")),
            ("/types/PermitBatch/1/name", json!("sender")),
            ("/domain/verifyingContract", json!(EVE)),
            ("/domain/name", json!("Permit3")),
        ],
        &[("/types/SafeTx/9/name", json!("nonces")), ("/types/SafeTx/3/type", json!("uint16"))],
        &[
            ("/domain/verifyingContract", json!(EVE)),
            ("/domain/version", json!("1.5")),
            ("/types/OfferItem/0/type", json!("uint16")),
        ],
        &[("/types/Permit/4/name", json!("until")), ("/types/Permit/2/type", json!("uint128"))],
    ];
    for (message, changes) in whole.iter().zip(unknown) {
        let known = review(message);
        assert!(!known.sentence.as_str().starts_with("Sign a "), "{}", known.sentence);
        for (pointer, value) in changes {
            let mut changed = message.clone();
            let old = changed.pointer(pointer).cloned().expect("a place");
            *changed.pointer_mut(pointer).expect("a place") = value.clone();
            if let (Some(old), Some(new)) = (old.as_str(), value.as_str())
                && pointer.ends_with("/name")
                && pointer.starts_with("/types")
                && let Some(held) = changed["message"].as_object_mut().and_then(|held| held.remove(old))
            {
                changed["message"][new] = held;
            }
            let other = review(&changed);
            assert!(other.sentence.as_str().starts_with("Sign a "), "{pointer}: {}", other.sentence);
            assert!(!blind(&other).is_empty(), "{pointer}");
        }
    }
    // What is added is seen too, and so is a message that has the name alone.
    let mut more = whole[3].clone();
    more["types"]["Permit"].as_array_mut().expect("a list").push(json!({"name": "withdrawAllTo", "type": "address"}));
    more["message"]["withdrawAllTo"] = json!(EVE);
    let more = review(&more);
    assert_eq!(blind(&more), ["it has the name of a standard's message, and not its type"]);
    assert!(more.beneficiaries.iter().any(|address| address.to_string() == EVE));
}

fn permit_message() -> Value {
    json!({"types": {"EIP712Domain": domain_type(),
            "Permit": types(&[("x", "address owner,address spender,uint256 value,uint256 nonce,uint256 deadline")])["x"]},
        "primaryType": "Permit", "domain": domain(USDC),
        "message": {"owner": BOB, "spender": EVE, "value": "25000000", "nonce": 0, "deadline": NOW + 60}})
}

#[test]
fn dai_and_transfers_are_named() {
    let dai = |allowed: bool| {
        json!({"types": {"EIP712Domain": domain_type(),
                "Permit": types(&[("x", "address holder,address spender,uint256 nonce,uint256 expiry,bool allowed")])["x"]},
            "primaryType": "Permit", "domain": domain("0x6B175474E89094C44Da98b954EedeAC495271d0F"),
            "message": {"holder": BOB, "spender": EVE, "nonce": 0, "expiry": 0, "allowed": allowed}})
    };
    let given = review(&dai(true));
    assert!(given.sentence.as_str().contains("UNLIMITED DAI FROM YOU, UNTIL FOR EVER"), "{}", given.sentence);
    assert!(matches!(given.consents.as_slice(), [Consent::Unlimited { .. }]));
    assert!(review(&dai(false)).sentence.as_str().starts_with("No longer lets"));

    let list = "address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce";
    for name in ["TransferWithAuthorization", "ReceiveWithAuthorization"] {
        let message = json!({"types": {"EIP712Domain": domain_type(), name: types(&[("x", list)])["x"]},
            "primaryType": name, "domain": domain(USDC), "message": {"from": BOB, "to": EVE, "value": 7_000_000,
            "validAfter": 0, "validBefore": NOW + 60, "nonce": format!("0x{}", "0".repeat(64))}});
        let sent = review(&message);
        assert!(sent.sentence.as_str().starts_with(&format!("SENDS 7 USDC TO {EVE}")), "{}", sent.sentence);
        assert!(sent.consents.is_empty() && sent.owner.is_some());
    }
}

#[test]
fn every_item_of_a_batch_is_shown_and_none_hides_behind_others() {
    let two = review(&batch(&[detail(WORTHLESS, "1"), detail(USDC, "1000000000000")]));
    assert!(two.sentence.as_str().contains("and 1,000,000 USDC"), "{}", two.sentence);
    let mut details = vec![detail(WORTHLESS, "1"); 45];
    details.push(detail(USDC, "1000000000000"));
    let many = review(&batch(&details));
    assert!(many.sentence.as_str().contains("46 AMOUNTS OF TOKENS, each listed below"), "{}", many.sentence);
    assert!(shows(&many, "USDC, until"), "its amount, in words");
    assert_eq!(many.tree.iter().filter(|line| line.name.as_str().starts_with("item ")).count(), 46);
    assert!(many.tree.complete().is_some() && many.consents.is_empty());
    let max = format!("0x{}", "f".repeat(40));
    details.push(detail(USDC, &max));
    assert!(matches!(review(&batch(&details)).consents.as_slice(), [Consent::Unlimited { .. }]));
}

#[test]
fn a_witness_is_told_and_retyped() {
    let mut all = types(&[
        ("EIP712Domain", "string name,uint256 chainId,address verifyingContract"),
        ("TokenPermissions", "address token,uint256 amount"),
        ("Order", "address to"),
    ]);
    let list = "TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,Order witness";
    all["PermitWitnessTransferFrom"] = types(&[("x", list)])["x"].clone();
    let message = json!({"types": all, "primaryType": "PermitWitnessTransferFrom", "domain": permit2_domain(), "message":
        {"permitted": {"token": USDC, "amount": "5000000"}, "spender": EVE, "nonce": 0, "deadline": NOW + 60, "witness": {"to": BOB}}});
    let told = review(&message);
    assert!(told.sentence.as_str().starts_with(&format!("LETS {EVE} TAKE 5 USDC")), "{}", told.sentence);
    assert_eq!(blind(&told), ["what its witness lets others do is not known here"]);
}

#[test]
fn what_a_safe_moves_is_in_the_sentence() {
    let nothing = review(&safe_tx(&[]));
    assert!(nothing.consents.is_empty(), "{:?}", nothing.consents);
    let coins = review(&safe_tx(&[("value", json!("100000000000000000000"))]));
    assert!(coins.sentence.as_str().contains(&format!("Send 100 ETH to {BOB}")), "{}", coins.sentence);
    let refund =
        [("baseGas", json!("10000000000")), ("gasPrice", json!("10000000000")), ("refundReceiver", json!(EVE))];
    let refunded = review(&safe_tx(&refund));
    let said = refunded.sentence.as_str();
    assert!(said.contains("REFUNDS up to 100.000366 ETH") || said.contains("REFUNDS up to 100.000 366 ETH"), "{said}");
    assert!(
        said.ends_with(&format!("to {EVE}")) && refunded.beneficiaries.iter().any(|to| to.to_string() == EVE),
        "{said}"
    );
    let tokens = review(&safe_tx(&[("gasPrice", json!("1000000")), ("gasToken", json!(USDC))]));
    assert!(tokens.sentence.as_str().contains("USDC for gas to whoever executes it"), "{}", tokens.sentence);

    let transfer = format!("0xa9059cbb{:0>64}{:0>64}", &EVE[2..].to_lowercase(), "17d7840");
    let inner = review(&safe_tx(&[("to", json!(USDC)), ("data", json!(transfer))]));
    assert!(inner.sentence.as_str().contains(&format!("Send 25 USDC to {EVE}")), "{}", inner.sentence);
    assert!(inner.consents.is_empty() && inner.beneficiaries.iter().any(|to| to.to_string() == EVE));
    let unread = review(&safe_tx(&[("data", json!("0x12345678"))]));
    assert!(!blind(&unread).is_empty());
    let own = review(&safe_tx(&[("to", json!(SAFE)), ("data", json!(transfer))]));
    assert!(blind(&own).iter().any(|why| why.contains("calls itself")));
    let foreign = review(&safe_tx(&[("operation", json!(1))]));
    assert!(blind(&foreign).iter().any(|why| why.contains("delegatecall")));
    assert!(!blind(&review(&safe_tx(&[("operation", json!(2))]))).is_empty());
}

#[test]
fn an_old_safe_has_no_chain_and_others_do_not_pass_for_one() {
    let mut old = safe_tx(&[]);
    old["types"]["EIP712Domain"] = members(&[("verifyingContract", "address")]);
    old["domain"].as_object_mut().expect("an object").remove("chainId");
    let old = review(&old);
    assert_eq!(old.warnings.iter().map(|warning| warning.code).collect::<Vec<_>>(), ["no_chain"]);
    assert!(old.consents.is_empty());
    let mut vault = safe_tx(&[]);
    vault["types"]["EIP712Domain"] = types(&PERMIT2_TYPES)["EIP712Domain"].clone();
    vault["domain"]["name"] = json!("Vault");
    assert_eq!(blind(&review(&vault)), ["it is a transaction of a Safe with a domain that no Safe has"]);
}

#[test]
fn orders_are_listed_and_retyped() {
    let sold = review(&order());
    let said = sold.sentence.as_str();
    assert!(said.contains("SELLS 1 items of yours FOR 1 items, of which 0 come to you"), "{said}");
    assert_eq!(blind(&sold), ["an order that gives you NOTHING in return"]);
    assert!(shows(&sold, &format!("gives NFT #5 of {USDC}")) && shows(&sold, &format!("asks 1 ETH for {EVE}")));
}

#[test]
fn look_alikes_in_a_message_are_stops_at_any_depth() {
    let friend: Address = EVE.parse().expect("an address");
    let mut alike = friend.0.0;
    alike[9] ^= 1;
    let alike = Address::from(alike).to_string();
    let ours = Ownership { known_addresses: vec![friend], ..Ownership::default() };
    let asked = MessageContext { chain: mainnet(), now: NOW, ours: &ours };
    let named = |message: &Value| {
        let review = typed(message.to_string().as_bytes(), &asked).expect("a message");
        let unusual =
            |consent: &Consent| matches!(consent, Consent::UnusualDestination { to, .. } if to.to_string() == alike);
        review.consents.iter().filter(|consent| unusual(consent)).count()
    };
    let mut permit = permit_message();
    assert_eq!(named(&permit), 0);
    permit["message"]["spender"] = json!(alike);
    let deep = json!({"types": {"EIP712Domain": domain_type(), "A": members(&[("list", "B[][]")]), "B": members(&[("to", "address")])},
        "primaryType": "A", "domain": domain(USDC), "message": {"list": [[], [{"to": BOB}, {"to": alike}]]}});
    let transfer = format!("0xa9059cbb{:0>64}{:0>64}", &alike[2..].to_lowercase(), "1");
    let inner = safe_tx(&[("to", json!(USDC)), ("data", json!(transfer))]);
    for message in [&permit, &deep, &inner, &batch(&[detail(&alike, "1")])] {
        assert_eq!(named(message), 1, "{message}");
    }
}

#[test]
fn a_message_for_another_account_is_not_signed() {
    let key = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798".parse().expect("a key");
    let origin =
        KeyOrigin { fingerprint: [0; 4].into(), path: "m/44'/60'/0'/0/0".parse().expect("a path"), public_key: key };
    let account = EthereumAccount::of_key(crate::network::NetworkClass::Main, origin);
    let from = account.address;
    let ours = Ownership { accounts: vec![account], ..Ownership::default() };
    let other = permit_until("1", &json!(NOW + 60));
    assert!(
        matches!(job(&other, from, &ours), Err(EthereumError::Message(what)) if what.contains("is for the account"))
    );
    let mut own = permit_message();
    own["message"]["owner"] = json!(from.to_string());
    assert!(job(&review(&own), from, &ours).is_ok());
}

#[test]
fn an_end_of_0_is_no_end_in_the_past() {
    let mut at_once = detail(USDC, "25000000000");
    at_once["expiration"] = json!(0);
    let mut never = batch(&[at_once.clone()]);
    never["message"]["sigDeadline"] = json!(alloy_primitives::U256::MAX.to_string());
    let sentence = read(&never).expect("a message").sentence.to_string();
    assert!(sentence.ends_with("UNTIL FOR EVER (in one block, whichever uses it)"), "{sentence}");
    // Beside one with an end, the latest moment counts.
    let mut mixed = batch(&[detail(USDC, "5"), at_once]);
    mixed["message"]["sigDeadline"] = json!(NOW + 3_600);
    let sentence = read(&mixed).expect("a message").sentence.to_string();
    assert!(sentence.ends_with("(in one block, whichever uses it)") && !sentence.contains("over"), "{sentence}");
    let nothing = read(&batch(&[])).expect("a message").sentence.to_string();
    assert!(nothing.contains("TAKE NOTHING"), "{nothing}");

    let open = permit_until("1", &json!(0));
    assert!(open.sentence.as_str().contains("NO NAMED END"), "{}", open.sentence);
    assert!(open.consents.iter().any(|consent| matches!(consent, Consent::Blind { .. })), "{:?}", open.consents);
}

#[test]
fn what_a_safe_gives_beside_a_call_is_in_the_sentence_and_its_receiver_gains() {
    let nothing = format!("0xa22cb465{:0>64}{:0>64}", BOB[2..].to_lowercase(), "0");
    let value = json!("1000000000000000000000");
    let review = read(&safe_tx(&[("to", json!(EVE)), ("value", value), ("data", json!(nothing))])).expect("a message");
    assert!(review.sentence.as_str().contains("with 1,000 ETH"), "{}", review.sentence);
    assert!(review.beneficiaries.contains(&EVE.parse().expect("an address")), "{:?}", review.beneficiaries);
}

#[test]
fn every_member_of_a_domain_is_shown() {
    let mut salted = safe_tx(&[]);
    salted["types"]["EIP712Domain"].as_array_mut().expect("a list").push(json!({"name": "salt", "type": "bytes32"}));
    salted["domain"]["salt"] = json!(format!("0x{}", "5a".repeat(32)));
    let review = read(&salted).expect("a message");
    let lines: Vec<String> = review.tree.iter().map(|line| format!("{}={}", line.name, line.value)).collect();
    assert!(lines.iter().any(|line| line.starts_with("salt=0x5a5a")), "{lines:?}");
}
