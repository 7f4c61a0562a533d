//! Messages that hide a transfer: permits of many tokens, orders, Safe transactions, types that look like known ones, long texts.

use alloy_primitives::{Address, hex};
use fastness::chain::ethereum::{
    Ownership,
    message::{self, MessageContext, MessageReview},
    policy::{self, GivenConsents},
};
use serde_json::{Value, json};

use crate::{End, Hidden, chain, crowd, page, synthetic::Dice, transactions::USDC};

/// Seconds since 1970 that the reviews are made at.
const NOW: u64 = 1_800_000_000;
const PERMIT2: &str = "0x000000000022D473030F116dDEE9F6B43aC78BA3";

/// One line among many, or one word among many.
fn text(dice: &mut Dice, hidden: &Hidden) -> Vec<u8> {
    let sentence = format!("I owe {} smallest units of USDC to {}", hidden.amount, hidden.to);
    let mut parts: Vec<String> = (0..crowd(dice)).map(|_| format!("nothing of note {}", dice.between(1, 99))).collect();
    parts.insert(dice.index(parts.len() + 1), sentence);
    parts.join(if dice.one_in(2) { "\n" } else { " " }).into_bytes()
}

fn member(name: &str, ty: &str) -> Value {
    json!({"name": name, "type": ty})
}

fn typed(primary: &str, mut types: Value, (contract, name): (&str, &str), message: Value) -> Vec<u8> {
    types["EIP712Domain"] =
        json!([member("name", "string"), member("chainId", "uint256"), member("verifyingContract", "address")]);
    let domain = json!({"name": name, "chainId": 1, "verifyingContract": contract});
    json!({"types": types, "primaryType": primary, "domain": domain, "message": message}).to_string().into_bytes()
}

/// A Permit2 batch in which one token is worth something.
fn permit_batch(dice: &mut Dice, hidden: &Hidden) -> Vec<u8> {
    let detail = |token: Address, amount: String| json!({"token": token.to_string(), "amount": amount, "expiration": NOW + 60, "nonce": 0});
    let worthless = |dice: &mut Dice| Address::from_slice(&dice.bytes()[..20]);
    let mut details: Vec<Value> = (0..crowd(dice)).map(|_| detail(worthless(dice), "1".to_owned())).collect();
    details.insert(dice.index(details.len() + 1), detail(USDC, hidden.amount.to_string()));
    let types = json!({
        "PermitBatch": [member("details", "PermitDetails[]"), member("spender", "address"), member("sigDeadline", "uint256")],
        "PermitDetails": [member("token", "address"), member("amount", "uint160"), member("expiration", "uint48"), member("nonce", "uint48")],
    });
    let message = json!({"details": details, "spender": hidden.to.to_string(), "sigDeadline": NOW + 60});
    typed("PermitBatch", types, (PERMIT2, "Permit2"), message)
}

/// A permit, with members that no permit has at times.
fn permit(dice: &mut Dice, hidden: &Hidden) -> Vec<u8> {
    let mut members = vec![
        member("owner", "address"),
        member("spender", "address"),
        member("value", "uint256"),
        member("nonce", "uint256"),
        member("deadline", "uint256"),
    ];
    let mut message = json!({
        "owner": USDC.to_string(), "spender": hidden.to.to_string(), "value": hidden.amount.to_string(), "nonce": 0,
        "deadline": NOW + 60,
    });
    if dice.one_in(2) {
        // The name says one thing, and what counts stands beside it.
        members.push(member("realSpender", "address"));
        members.push(member("realValue", "uint256"));
        message["realSpender"] = message["spender"].take();
        message["realValue"] = message["value"].take();
        (message["spender"], message["value"]) = (json!(USDC.to_string()), json!("1"));
    }
    typed("Permit", json!({"Permit": members}), (&USDC.to_string(), "USD Coin"), message)
}

/// A transaction of a Safe whose call, value or refund takes the money.
fn safe(dice: &mut Dice, hidden: &Hidden) -> Vec<u8> {
    let (mut to, mut value, mut data) = (USDC.to_string(), "0".to_owned(), "0x".to_owned());
    let (mut base_gas, mut gas_price, mut receiver) = ("0".to_owned(), "0".to_owned(), Address::ZERO.to_string());
    match dice.index(3) {
        0 => (to, value) = (hidden.to.to_string(), hidden.amount.to_string()),
        1 => {
            let call = fastness::chain::ethereum::calls::transfer(hidden.to, hidden.amount).unwrap();
            data = hex::encode_prefixed(call);
        }
        _ => (base_gas, gas_price, receiver) = (hidden.amount.to_string(), "1".to_owned(), hidden.to.to_string()),
    }
    let kinds = [
        ("to", "address"),
        ("value", "uint256"),
        ("data", "bytes"),
        ("operation", "uint8"),
        ("safeTxGas", "uint256"),
        ("baseGas", "uint256"),
        ("gasPrice", "uint256"),
        ("gasToken", "address"),
        ("refundReceiver", "address"),
        ("nonce", "uint256"),
    ];
    let members: Vec<Value> = kinds.iter().map(|(name, ty)| member(name, ty)).collect();
    let message = json!({
        "to": to, "value": value, "data": data, "operation": 0, "safeTxGas": "0", "baseGas": base_gas,
        "gasPrice": gas_price, "gasToken": Address::ZERO.to_string(), "refundReceiver": receiver, "nonce": 1,
    });
    typed("SafeTx", json!({"SafeTx": members}), ("0x41675C099F32341bf84BFc5382aF534df5C7461a", "Safe"), message)
}

/// A type that is unknown here, with the transfer deep within.
fn unknown(dice: &mut Dice, hidden: &Hidden) -> Vec<u8> {
    let item = |to: String, amount: String| json!({"to": to, "amount": amount});
    let mut items: Vec<Value> = (0..crowd(dice)).map(|_| item(USDC.to_string(), "1".to_owned())).collect();
    items.insert(dice.index(items.len() + 1), item(hidden.to.to_string(), hidden.amount.to_string()));
    let types = json!({
        "Orders": [member("note", "string"), member("items", "Item[]")],
        "Item": [member("to", "address"), member("amount", "uint256")],
    });
    let note = "x".repeat(crowd(dice));
    typed("Orders", types, (PERMIT2, "Orders"), json!({"note": note, "items": items}))
}

fn ended(review: &MessageReview, hidden: &Hidden) -> End {
    let given = GivenConsents::default();
    if review.consents.iter().any(|consent| policy::check_consent(consent, &given).is_err()) {
        return End::Stopped;
    }
    if hidden.is_on(&page::of_message(review)) { End::Shown } else { End::Hidden }
}

/// Makes one, reviews it, and tells whether it would be agreed to.
pub(crate) fn reviewed(dice: &mut Dice) -> (&'static str, End) {
    let hidden = Hidden::new(dice);
    let ours = Ownership::default();
    let asked = MessageContext { chain: chain(), now: NOW, ours: &ours };
    let (kind, review) = match dice.index(5) {
        0 => ("text", message::personal(&text(dice, &hidden), &asked)),
        1 => ("Permit2 batch", message::typed(&permit_batch(dice, &hidden), &asked)),
        2 => ("permit", message::typed(&permit(dice, &hidden), &asked)),
        3 => ("Safe message", message::typed(&safe(dice, &hidden), &asked)),
        _ => ("unknown type", message::typed(&unknown(dice, &hidden), &asked)),
    };
    review.map_or((kind, End::Refused), |review| (kind, ended(&review, &hidden)))
}
