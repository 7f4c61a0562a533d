//! Changes config.toml for the person: one list of explorers, with every comment, every other line and the order kept.
//!
//! The new text is read back by the same reader as always and must mean what was wanted; then the file is replaced whole.

use std::time::Duration;

use super::{Config, MAX_BYTES};
use crate::cli::cli_error::entries;
use fastness::{
    explain::{Entry, Explain, Failure, Kind},
    network::AnyNetwork,
    store::{Home, StoreError, WriteRule, atomic_write, read_private},
};
use toml_edit::{Array, DocumentMut, Item, RawString, Table, TableLike, Value};

/// How long another fastness may hold the home.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why a list of explorers cannot be changed. The address is never repeated: it may hold a password.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum EditError {
    /// It breaks a rule.
    #[error("this address {0}")]
    BadAddress(&'static str),
    /// It is in the list.
    #[error("this explorer is in the list already")]
    NamedAlready,
    /// It is not in the list.
    #[error("this explorer is not in the list")]
    NotNamed,
    /// Nothing would be left but the public ones.
    #[error("this is the only explorer for {0}; without it the public ones that ship would be asked")]
    LastOne(&'static str),
    /// More than may be asked.
    #[error("the list has as many explorers as there may be")]
    TooMany,
    /// The list is written in a form that this program does not change.
    #[error("config.toml writes this list in a form that is not changed by a program")]
    ByHand,
}

entries! {
    BAD_ADDRESS = "config.bad_explorer", Usage, "Give an https address (Esplora), ssl://HOST:PORT (Electrum) or core+http://127.0.0.1:8332 (your own node); http and tcp are for this machine and onion services; no password, no query";
    NAMED_ALREADY = "config.explorer_named_already", Usage, "`fastness explorers` shows the list and its order";
    NOT_NAMED = "config.explorer_not_named", Usage, "Name it as `fastness explorers` lists it, with the same --network";
    LAST_ONE = "config.last_explorer", Refused, "Add another one first, or give --yes to go back to the public ones";
    TOO_MANY = "config.too_many_explorers", Usage, "Remove one first";
    BY_HAND = "config.edit_by_hand", Refused, "Open config.toml in an editor; docs/config.md shows the form";
}

impl Explain for EditError {
    fn entry(&self) -> &'static Entry {
        match self {
            Self::BadAddress(_) => BAD_ADDRESS,
            Self::NamedAlready => NAMED_ALREADY,
            Self::NotNamed => NOT_NAMED,
            Self::LastOne(_) => LAST_ONE,
            Self::TooMany => TOO_MANY,
            Self::ByHand => BY_HAND,
        }
    }
}

/// Writes the list of explorers of a network; an empty one takes its key away. Answers with the file's name.
pub(crate) fn edit_explorers(home: &Home, network: AnyNetwork, wanted: &[String]) -> Result<String, Failure> {
    let _lock = home.lock(PATIENCE)?;
    let path = home.config_path();
    let text = match read_private(&path, MAX_BYTES) {
        Ok(bytes) => String::from_utf8(bytes).map_err(|_| EditError::ByHand)?,
        Err(StoreError::Missing { .. }) => String::new(),
        Err(error) => return Err(error.into()),
    };
    let edited = edited(&text, network, wanted)?;
    atomic_write(&path, edited.as_bytes(), WriteRule::Replace)?;
    Ok(path.display().to_string())
}

/// The text with the list changed, read back and compared.
fn edited(text: &str, network: AnyNetwork, wanted: &[String]) -> Result<String, Failure> {
    let before = Config::parse(text.as_bytes())?;
    let mut document: DocumentMut = text.parse().map_err(|_| EditError::ByHand)?;
    change(&mut document, network, wanted)?;
    let after = document.to_string();
    let mut expected = before;
    expected.explorers.retain(|name, _| name.parse() != Ok(network));
    let mut read = Config::parse(after.as_bytes())?;
    let named = read.explorers.extract_if(.., |name, _| name.parse() == Ok(network)).next();
    let right = named.map(|(_, list)| list).unwrap_or_default() == wanted;
    if right && read == expected { Ok(after) } else { Err(EditError::ByHand.into()) }
}

fn change(document: &mut DocumentMut, network: AnyNetwork, wanted: &[String]) -> Result<(), EditError> {
    let explorers = match document.get_mut("explorers") {
        Some(item) => item,
        None => document.as_table_mut().entry("explorers").or_insert(Item::Table(Table::new())),
    };
    let explorers: &mut dyn TableLike = explorers.as_table_like_mut().ok_or(EditError::ByHand)?;
    let key = explorers.iter().map(|(key, _)| key.to_owned()).find(|key| key.parse() == Ok(network));
    let Some(key) = key else {
        if !wanted.is_empty() {
            explorers.insert(network.name(), Item::Value(Value::Array(fresh(wanted))));
        }
        return Ok(());
    };
    if wanted.is_empty() {
        explorers.remove(&key);
        return Ok(());
    }
    let list = explorers.get_mut(&key).and_then(Item::as_array_mut).ok_or(EditError::ByHand)?;
    reach(list, wanted)
}

fn fresh(wanted: &[String]) -> Array {
    wanted.iter().map(String::as_str).collect()
}

/// Changes a list step by step, so that what stays keeps its place and its comments.
fn reach(list: &mut Array, wanted: &[String]) -> Result<(), EditError> {
    for place in (0..list.len()).rev() {
        let stays = text_at(list, place).is_some_and(|text| wanted.iter().any(|url| url == text));
        if !stays {
            take_out(list, place);
        }
    }
    for (place, url) in wanted.iter().enumerate() {
        if text_at(list, place) != Some(url) {
            put_in(list, place, url);
        }
    }
    if list.len() == wanted.len() { Ok(()) } else { Err(EditError::ByHand) }
}

fn text_at(list: &Array, place: usize) -> Option<&str> {
    list.get(place).and_then(Value::as_str)
}

/// What stands before a value: spaces, line ends, comments.
fn before(list: &Array, place: usize) -> Option<String> {
    Some(list.get(place)?.decor().prefix().and_then(RawString::as_str).unwrap_or_default().to_owned())
}

fn set_before(list: &mut Array, place: usize, text: &str) {
    if let Some(value) = list.get_mut(place) {
        value.decor_mut().set_prefix(text);
    }
}

/// Takes a value out. Comments before it move to what follows.
fn take_out(list: &mut Array, place: usize) {
    let was = before(list, place).unwrap_or_default();
    list.remove(place);
    let comments = if was.contains('#') { was.trim_end() } else { "" };
    match before(list, place) {
        Some(next) if !comments.is_empty() => {
            let gap = if next.starts_with('\n') { "" } else { "\n" };
            set_before(list, place, &format!("{comments}{gap}{next}"));
        }
        // The first of a line needs no space before it.
        Some(next) if place == 0 && !next.contains(['\n', '#']) => set_before(list, 0, &was),
        Some(_) => {}
        None if !comments.is_empty() => {
            let trailing = list.trailing().as_str().unwrap_or_default();
            let gap = if trailing.starts_with('\n') { "" } else { "\n" };
            let text = format!("{comments}{gap}{trailing}");
            list.set_trailing(text);
        }
        None => {}
    }
}

/// Puts a value in, laid out like its neighbours: on a line of its own where they have one.
fn put_in(list: &mut Array, place: usize, url: &str) {
    let model = before(list, if place == 0 { 0 } else { place - 1 });
    let lines = model.as_deref().is_some_and(|model| model.contains('\n'));
    let indent = model.as_deref().and_then(|model| model.rsplit('\n').next()).unwrap_or_default().to_owned();
    let mut own = if lines { format!("\n{indent}") } else { " ".to_owned() };
    if place == list.len() {
        // A comment after the last comma speaks of the value before it.
        let trailing = list.trailing().as_str().unwrap_or_default().to_owned();
        if trailing.contains('#') {
            own = format!("{}{}", trailing.trim_end(), if lines { own } else { "\n".to_owned() });
            list.set_trailing("\n");
        }
    } else if place == 0 && !lines {
        own = model.unwrap_or_default();
        set_before(list, 0, " ");
    }
    if list.is_empty() && !own.contains('#') {
        own.clear();
    }
    let mut value = Value::from(url);
    value.decor_mut().set_prefix(own);
    list.insert_formatted(place, value);
}

#[cfg(test)]
#[path = "edit_tests.rs"]
mod tests;
