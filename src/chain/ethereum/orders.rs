//! Orders of Seaport: what is offered, what is asked for, and the recipients.
//!
//! What is offered leaves; what is asked for may go to any address: each is listed, and the digest is retyped.

use alloy_primitives::U256;
use serde_json::Value;

use super::message_reader::{Grant, MessageReader};

/// What an order means.
pub(super) fn order(look: &MessageReader<'_>, message: &Value) -> Option<Grant> {
    let offerer = look.address(message, "offerer")?;
    let (offer, asked) = (message.get("offer")?.as_array()?, message.get("consideration")?.as_array()?);
    let ours = asked.iter().filter(|item| look.address(item, "recipient") == Some(offerer)).count();
    let mut items = Vec::new();
    for item in offer {
        items.push(format!("gives {}", what(look, item)?));
    }
    let mut beneficiaries = Vec::new();
    for item in asked {
        let recipient = look.address(item, "recipient")?;
        if recipient != offerer && !beneficiaries.contains(&recipient) {
            beneficiaries.push(recipient);
        }
        items.push(format!("asks {} for {}", what(look, item)?, look.name(recipient)));
    }
    let until = look.until(MessageReader::number(message, "endTime"));
    let sentence = format!(
        "SELLS {} items of yours FOR {} items, of which {ours} come to you, to whoever takes it UNTIL {until}",
        offer.len(),
        asked.len()
    );
    let blind = if ours == 0 { "an order that gives you NOTHING in return" } else { "an order on a market (Seaport)" };
    Some(Grant {
        sentence,
        items,
        blind: vec![blind.to_owned()],
        beneficiaries,
        owner: Some(offerer),
        ..Grant::default()
    })
}

/// An item by its type (Seaport's `ItemType`): coin, ERC-20, ERC-721, ERC-1155, or any one of a collection.
fn what(look: &MessageReader<'_>, item: &Value) -> Option<String> {
    let token = look.address(item, "token")?;
    let id = MessageReader::number(item, "identifierOrCriteria")?;
    let (start, end) = (MessageReader::number(item, "startAmount")?, MessageReader::number(item, "endAmount")?);
    let collection = look.name(token);
    let range = if start == end { start.to_string() } else { format!("{start} to {end}") };
    let counted = |value: U256| look.coin_or_token(token, value);
    Some(match MessageReader::number(item, "itemType")?.try_into().unwrap_or(u8::MAX) {
        0 | 1 if start == end => counted(start),
        0 | 1 => format!("{} to {}", counted(start), counted(end)),
        2 => format!("NFT #{id} of {collection}"),
        3 => format!("{range} of NFT #{id} of {collection}"),
        4 | 5 if id.is_zero() => format!("{range} of ANY NFT of {collection}"),
        4 | 5 => format!("{range} of any NFT of {collection} in a list that is not shown (root {id})"),
        _ => return None,
    })
}
