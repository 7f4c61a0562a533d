//! Members of JSON that other programs write under several names: null is absent, and names that differ are refused.
//!
//! Programs differ in which of two names they take, so that one of them would sign what another one shows. Errors are halves of
//! sentences: the reader says what they are about.

use alloy_primitives::U256;
use serde_json::Value;

use crate::text::SafeText;

/// An object whose members are asked for by all their names at once.
#[derive(Clone, Copy, Debug)]
pub struct JsonMembers<'a>(pub &'a Value);

impl<'a> JsonMembers<'a> {
    /// What a document is about: the first parameter of a request, else the first object under one of these names, else itself.
    #[must_use]
    pub fn within(document: &'a Value, wrappers: &[&str]) -> Self {
        let parameter = document.get("params").and_then(|params| params.get(0));
        let wrapped = || wrappers.iter().filter_map(|name| document.get(name)).find(|inner| inner.is_object());
        Self(parameter.or_else(wrapped).unwrap_or(document))
    }

    /// Every value that stands under one of the names and is not null.
    fn all(self, names: &[&str]) -> impl Iterator<Item = &'a Value> {
        names.iter().filter_map(move |name| self.0.get(name)).filter(|value| !value.is_null())
    }

    /// The first value under one of the names.
    #[must_use]
    pub fn get(self, names: &[&str]) -> Option<&'a Value> {
        self.all(names).next()
    }

    /// The value under all of the names, such as a list.
    ///
    /// # Errors
    /// They differ.
    pub fn one(self, names: &[&str]) -> Result<Option<&'a Value>, String> {
        let found = self.get(names);
        if self.all(names).any(|other| Some(other) != found) { Err(differ(names)) } else { Ok(found) }
    }

    /// The text under all of the names, letters of either case alike.
    ///
    /// # Errors
    /// One is no text, or they differ.
    pub fn text(self, names: &[&str]) -> Result<Option<&'a str>, String> {
        let text = |value: &'a Value| value.as_str().ok_or_else(|| format!("its `{}` is no text", first(names)));
        let texts = self.all(names).map(text).collect::<Result<Vec<_>, _>>()?;
        match texts.split_first() {
            Some((one, others)) if others.iter().any(|other| !other.eq_ignore_ascii_case(one)) => Err(differ(names)),
            found => Ok(found.map(|(one, _)| *one)),
        }
    }

    /// The quantity under all of the names: in hex or in decimals, as a text or a whole number.
    ///
    /// # Errors
    /// One is no whole number, or they differ.
    pub fn number(self, names: &[&str]) -> Result<Option<U256>, String> {
        let numbers = self.all(names).map(|value| quantity(value, first(names))).collect::<Result<Vec<_>, _>>()?;
        match numbers.split_first() {
            Some((one, others)) if others.iter().any(|other| other != one) => Err(differ(names)),
            found => Ok(found.map(|(one, _)| *one)),
        }
    }
}

fn first<'n>(names: &[&'n str]) -> &'n str {
    names.first().copied().unwrap_or_default()
}

fn differ(names: &[&str]) -> String {
    format!("it has more than one of `{}`, and they differ", names.join("`, `"))
}

fn quantity(value: &Value, name: &str) -> Result<U256, String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    };
    let read = match text.strip_prefix("0x") {
        Some("") => Some(U256::ZERO),
        Some(digits) => U256::from_str_radix(digits, 16).ok(),
        None if !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit()) => {
            U256::from_str_radix(&text, 10).ok()
        }
        None => None,
    };
    read.ok_or_else(|| format!("its `{name}` is `{}`, no whole number", SafeText::new(&text)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn null_is_absent_and_names_that_differ_are_refused() {
        let object = json!({"a": null, "b": "0xAB", "c": "0xab", "d": "0xac", "n": 7, "m": "0x7", "k": "8", "l": [1]});
        let members = JsonMembers(&object);
        assert_eq!(members.text(&["a", "b", "c"]), Ok(Some("0xAB")));
        assert_eq!((members.text(&["a"]), members.text(&["z"])), (Ok(None), Ok(None)));
        assert!(members.text(&["b", "d"]).is_err() && members.text(&["b", "l"]).is_err());
        assert_eq!(members.number(&["n", "m"]), Ok(Some(U256::from(7))));
        assert!(members.number(&["n", "k"]).is_err() && members.number(&["l"]).is_err());
        assert_eq!(members.one(&["a", "l"]), Ok(Some(&json!([1]))));
        assert!(members.one(&["l", "n"]).is_err());
    }

    #[test]
    fn what_a_document_is_about_is_an_object() {
        let inner = json!({"to": 1});
        for document in [
            json!({"params": [inner]}),
            json!({"result": null, "tx": inner}),
            json!({"result": "0x", "tx": inner}),
            inner.clone(),
        ] {
            assert_eq!(JsonMembers::within(&document, &["result", "tx"]).0, &inner, "{document}");
        }
    }
}
