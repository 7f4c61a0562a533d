//! JSON that every reader understands alike: no key twice, no number that is no integer or that readers round.
//!
//! Reads only; what the members mean is said elsewhere.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};

/// The largest number of 256 bits, in decimals.
const LARGEST: &str = "115792089237316195423570985008687907853269984665640564039457584007913129639935";

/// Reads a document, or says what is wrong with it without quoting it.
pub(super) fn read(json: &[u8]) -> Result<Value, String> {
    let Unique(value) = serde_json::from_slice(&largest_as_text(json)).map_err(|error| problem(&error))?;
    Ok(value)
}

/// The same document with the largest number as a text wherever it stands as a number: unlimited allowances are written so.
/// Readers that round to 64-bit floating point leave the range with it and refuse, so none of them reads another number, as they
/// do with smaller ones.
fn largest_as_text(json: &[u8]) -> Vec<u8> {
    let (mut text, mut rest, mut in_text) = (Vec::with_capacity(json.len()), json, false);
    while let Some((byte, after)) = rest.split_first() {
        if !in_text && byte.is_ascii_digit() {
            let digits = rest.iter().take_while(|byte| is_of_a_number(**byte)).count();
            let (number, after) = rest.split_at(digits);
            let quote: &[u8] = if number == LARGEST.as_bytes() { b"\"" } else { b"" };
            text.extend([quote, number, quote].concat());
            rest = after;
            continue;
        }
        let escaped = if in_text && *byte == b'\\' { after.first() } else { None };
        in_text ^= *byte == b'"';
        text.push(*byte);
        text.extend(escaped);
        rest = after.get(usize::from(escaped.is_some())..).unwrap_or_default();
    }
    text
}

const fn is_of_a_number(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-')
}

/// The parser's own words could quote the message, so only the kind of problem is told.
fn problem(error: &serde_json::Error) -> String {
    match error.classify() {
        serde_json::error::Category::Eof => "it ends too early".to_owned(),
        serde_json::error::Category::Data => {
            format!("line {}: a key stands twice, or a number is no integer", error.line())
        }
        _ => format!("line {} is not JSON", error.line()),
    }
}

/// JSON without doubled keys and without numbers that are not integers.
struct Unique(Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Strict)
    }
}

struct Strict;

impl<'de> Visitor<'de> for Strict {
    type Value = Unique;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Unique, E> {
        Ok(Unique(Value::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Unique, E> {
        Ok(Unique(Value::Number(Number::from(value))))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Unique, E> {
        Ok(Unique(Value::Number(Number::from(value))))
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Unique, E> {
        Err(E::custom("a number that is no integer, or too large; write it as a text"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Unique, E> {
        Ok(Unique(Value::String(value.to_owned())))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Unique, E> {
        Err(E::custom("null is no value"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Unique, A::Error> {
        let mut list = Vec::new();
        while let Some(Unique(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Unique(Value::Array(list)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Unique, A::Error> {
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let Unique(value) = entries.next_value()?;
            if object.insert(key, value).is_some() {
                return Err(de::Error::custom("a key stands twice"));
            }
        }
        Ok(Unique(Value::Object(object)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_largest_number_may_stand_bare_and_no_other_large_one() {
        let read_one = |number: &str| read(format!("{{\"a\\\"{LARGEST}\": [{number}], \"b\": 7}}").as_bytes());
        let value = read_one(LARGEST).unwrap();
        assert_eq!(value[format!("a\"{LARGEST}")][0], LARGEST);
        assert_eq!(value["b"], 7);
        let next = LARGEST.replace("639935", "639934");
        for other in
            [&next, "100000000000000000000", &format!("-{LARGEST}"), &format!("{LARGEST}.0"), &format!("1{LARGEST}")]
        {
            assert!(read_one(other).is_err(), "{other}");
        }
    }

    proptest! {
        #[test]
        fn nothing_else_is_changed(text in "[ -~]{0,60}") {
            prop_assert_eq!(largest_as_text(text.as_bytes()), text.as_bytes());
        }
    }
}
