//! Rules about names: types that are defined twice, tuples in signatures, decisions by the text of a code, cited documents.
//!
//! They take text, so that each can be shown to fire on a planted example. They must not read files.

use std::collections::BTreeMap;

use super::reading::{Keep, blanked, without_tests, words};

/// Most parameters of a function besides `self`; each member of a tuple is one.
pub(crate) const MAX_PARAMETERS: usize = 4;

/// Types with a visibility of their own that share a name, outside of twins: the same name in bitcoin/ and in ethereum/.
pub(crate) fn twice_named(files: &[(&str, &str)]) -> Vec<String> {
    let mut defined: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (path, text) in files {
        // Another form of the same type, for a build without the network.
        if path.ends_with("/absent.rs") {
            continue;
        }
        for line in without_tests(&blanked(text, Keep::Code)).lines().filter(|line| line.starts_with("pub")) {
            let mut names = words(line).skip_while(|word| !matches!(*word, "struct" | "enum" | "trait" | "type"));
            if let (Some(_), Some(name)) = (names.next(), names.next()) {
                defined.entry(name.to_owned()).or_default().push(path);
            }
        }
    }
    // Each command has its own options.
    defined.remove("Args");
    let twice = defined.into_iter().filter(|(_, places)| places.len() > 1 && !are_twins(places));
    twice.map(|(name, places)| format!("`{name}` is defined in {}", places.join(" and "))).collect()
}

fn are_twins(places: &[&str]) -> bool {
    let of = |family: &str| places.iter().filter(|path| path.contains(&format!("/{family}/"))).count();
    let layer = |path: &str| path.split('/').nth(1).map(str::to_owned);
    matches!(places, [one, other] if layer(one) == layer(other)) && of("bitcoin") == 1 && of("ethereum") == 1
}

/// Functions with more parameters than fit in a head.
pub(crate) fn parameters(path: &str, text: &str) -> Vec<String> {
    let code = without_tests(&blanked(text, Keep::Code));
    let mut problems = Vec::new();
    for (place, _) in code.match_indices("fn ") {
        let item = &code[place + 3..];
        let Some(name) = words(item).next().filter(|name| item.trim_start().starts_with(name)) else { continue };
        let Some(list) = parameter_list(&item[item.find(name).unwrap_or(0) + name.len()..]) else { continue };
        let members = split(list).iter().filter(|one| !is_self(one)).map(|one| members(one)).collect::<Vec<_>>();
        let has_tuple = members.iter().any(|count| *count > 1);
        let count: usize = members.iter().sum();
        if has_tuple && count > MAX_PARAMETERS {
            problems.push(format!("{path}: `fn {name}` has {count} parameters, with the members of its tuples"));
        }
    }
    problems
}

/// What stands between the parentheses behind a function's name and its generics.
fn parameter_list(after: &str) -> Option<&str> {
    let mut depth = 0usize;
    let open = after.char_indices().find_map(|(place, c)| {
        match c {
            '<' => depth += 1,
            '>' if !after[..place].ends_with('-') => depth = depth.saturating_sub(1),
            '(' if depth == 0 => return Some(place),
            _ => {}
        }
        None
    })?;
    let close = super::reading::closing_of(&after[open..], '(', ')')?;
    Some(&after[open + 1..open + close - 1])
}

fn is_self(parameter: &str) -> bool {
    words(parameter).find(|word| *word != "mut") == Some("self") && !parameter.contains(':')
}

/// The members of a parameter's type, if that is a tuple; else one.
fn members(parameter: &str) -> usize {
    let ty = parameter.split_once(':').map_or("", |(_, ty)| ty).trim_start_matches(['&', ' ']);
    let ty = ty.strip_prefix("mut ").unwrap_or(ty).trim();
    match ty.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        Some(inside) => split(inside).len().max(1),
        None => 1,
    }
}

/// Parts between commas that are in no bracket.
fn split(list: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0i32, 0, Vec::new());
    for (place, c) in list.char_indices() {
        match c {
            '(' | '[' | '{' | '<' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            '>' if !list[..place].ends_with('-') => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&list[start..place]);
                start = place + 1;
            }
            _ => {}
        }
    }
    parts.push(&list[start..]);
    parts.into_iter().filter(|part| !part.trim().is_empty()).collect()
}

/// A decision by the text of an error's code.
pub(crate) fn decisions_by_text(path: &str, text: &str) -> Vec<String> {
    let code = without_tests(&blanked(text, Keep::CodeAndStrings));
    let dense: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let found = ["code==\"", "code!=\""].into_iter().filter(|comparison| dense.contains(comparison));
    found.map(|comparison| format!("{path}: decides by text (`{comparison}`)")).collect()
}

/// Documents that comments cite and that are not in the project; `documents` are their paths.
pub(crate) fn cited(path: &str, text: &str, documents: &[String]) -> Vec<String> {
    let comments = text.lines().filter_map(|line| line.split_once("//").map(|(_, comment)| comment));
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '/');
    let mut problems = Vec::new();
    for comment in comments {
        for word in comment.split(|c| !is_name(c)).filter(|word| word.trim_end_matches('.').ends_with(".md")) {
            let word = word.trim_end_matches('.');
            let exists = |document: &String| document == word || document.ends_with(&format!("/{word}"));
            if !documents.iter().any(exists) {
                problems.push(format!("{path}: cites {word}, which is not in the project"));
            }
        }
    }
    problems
}
