//! The import graph of the sources: which file names which module, and the rules about it.
//!
//! Paths in `use` trees and in code are resolved as far as `crate`, `super`, `self` and the modules of the tree allow. It takes
//! texts, and must not read files.

use std::collections::{BTreeMap, BTreeSet};

use super::reading::{Keep, blanked, without_tests, words};

/// Circles that are allowed: two files that are one thing split for length, or a type and its parent module.
pub(crate) const ALLOWED_CIRCLES: [(&str, &str, &str); 1] =
    [("network/evm", "network/evm_list", "the EVM chains' type, and the table of its values split off for its length")];

/// A module as its names from the crate's root, such as `flow/bitcoin/sync`.
pub(crate) fn module(path: &str) -> String {
    let inside = path.trim_start_matches("src/").trim_end_matches(".rs");
    inside.strip_suffix("/mod").unwrap_or(inside).to_owned()
}

/// What every file names of the modules in `paths`, without its tests.
pub(crate) fn graph(files: &[(&str, &str)]) -> BTreeMap<String, BTreeSet<String>> {
    let known: BTreeSet<String> = files.iter().map(|(path, _)| module(path)).collect();
    let of = |path: &str, text: &str| {
        let here = module(path);
        let code = without_tests(&blanked(text, Keep::Code));
        let named = named(&here, &code, &known);
        (here.clone(), named.into_iter().filter(|other| *other != here).collect())
    };
    files.iter().map(|(path, text)| of(path, text)).collect()
}

fn named(here: &str, code: &str, known: &BTreeSet<String>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for head in ["crate::", "super::", "self::", "fastness::"] {
        for (place, _) in code.match_indices(head) {
            let is_head = !code[..place].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '$'));
            if is_head {
                let mut leaves = Vec::new();
                leaf_paths(&code[place..], &mut Vec::new(), &mut leaves);
                found.extend(leaves.iter().filter_map(|leaf| owner(&absolute(here, leaf), known)));
            }
        }
    }
    found
}

/// The paths of a tree such as `crate::{a::b, c::{d, e}}`; the rest of the text is not read. Returns how much was.
fn leaf_paths(text: &str, prefix: &mut Vec<String>, leaves: &mut Vec<Vec<String>>) -> usize {
    let (depth, mut place) = (prefix.len(), 0);
    loop {
        let rest = &text[place..];
        let blank = rest.len() - rest.trim_start().len();
        let rest = rest.trim_start();
        place += blank;
        if let Some(group) = rest.strip_prefix('{') {
            place += 1 + members(group, prefix, leaves);
            break;
        }
        let Some(name) = words(rest).next().filter(|name| rest.starts_with(name)) else { break };
        prefix.push(name.to_owned());
        place += name.len();
        match text[place..].trim_start().strip_prefix("::") {
            Some(_) => place += text[place..].find("::").unwrap_or(0) + 2,
            None => {
                leaves.push(prefix.clone());
                break;
            }
        }
    }
    prefix.truncate(depth);
    place
}

fn members(group: &str, prefix: &mut Vec<String>, leaves: &mut Vec<Vec<String>>) -> usize {
    let mut place = 0;
    while place < group.len() {
        match group[place..].chars().next() {
            Some('}') => return place + 1,
            Some(c) if c.is_alphabetic() || c == '_' => {
                let read = leaf_paths(&group[place..], prefix, leaves);
                // What follows a name, such as `as other`, ends at the next member.
                let after = group[place + read..].find([',', '}']).unwrap_or(group.len() - place - read);
                place += read + after;
            }
            Some(c) => place += c.len_utf8(),
            None => break,
        }
    }
    place
}

fn absolute(here: &str, leaf: &[String]) -> Vec<String> {
    let mut base: Vec<String> = here.split('/').map(str::to_owned).collect();
    let mut rest = leaf;
    match leaf.first().map(String::as_str) {
        Some("crate" | "fastness") => (base, rest) = (Vec::new(), &leaf[1..]),
        Some("self") => rest = &leaf[1..],
        _ => {}
    }
    while rest.first().is_some_and(|name| name == "super") {
        base.pop();
        rest = &rest[1..];
    }
    base.extend(rest.iter().filter(|name| *name != "self").cloned());
    base
}

/// The longest known module at the beginning of a path.
fn owner(path: &[String], known: &BTreeSet<String>) -> Option<String> {
    (1..=path.len()).rev().map(|length| path[..length].join("/")).find(|module| known.contains(module))
}

/// Families that name each other, and a transport that names one.
pub(crate) fn families(graph: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let has = |module: &str, folder: &str| module.split('/').any(|part| part == folder);
    let crosses = |from: &str, to: &str| {
        (has(from, "bitcoin") && has(to, "ethereum"))
            || (has(from, "ethereum") && has(to, "bitcoin"))
            || (has(from, "transport") && (has(to, "bitcoin") || has(to, "ethereum")))
    };
    edges(graph).filter(|(from, to)| crosses(from, to)).map(|(from, to)| format!("{from} names {to}")).collect()
}

/// Commands that name another command.
pub(crate) fn commands(graph: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let command =
        |module: &str| module.strip_prefix("cli/commands/").and_then(|rest| rest.split('/').next()).map(str::to_owned);
    let crosses = |(from, to): &(&String, &String)| {
        command(from).is_some_and(|from| command(to).is_some_and(|to| to != from) || *to == "cli/commands")
    };
    edges(graph).filter(crosses).map(|(from, to)| format!("{from} names {to}")).collect()
}

fn edges(graph: &BTreeMap<String, BTreeSet<String>>) -> impl Iterator<Item = (&String, &String)> {
    graph.iter().flat_map(|(from, to)| to.iter().map(move |to| (from, to)))
}

/// Circles between the children of each folder, each child with all that is below it.
pub(crate) fn circles(graph: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let mut folders: BTreeSet<&str> = BTreeSet::from([""]);
    for module in graph.keys() {
        folders.extend(module.match_indices('/').map(|(place, _)| &module[..place]));
    }
    folders.into_iter().flat_map(|folder| circles_in(folder, graph)).collect()
}

fn circles_in(folder: &str, graph: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let child = |module: &str| -> Option<String> {
        let below = if folder.is_empty() { module } else { module.strip_prefix(folder)?.strip_prefix('/')? };
        let name = below.split('/').next()?;
        Some(if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") })
    };
    let mut between: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (from, to) in edges(graph) {
        if let (Some(from), Some(to)) = (child(from), child(to))
            && from != to
            && !ALLOWED_CIRCLES.iter().any(|(a, b, _)| (from == *a && to == *b) || (from == *b && to == *a))
        {
            between.entry(from).or_default().insert(to);
        }
    }
    let reaches = |from: &String, goal: &String| {
        let (mut seen, mut waiting) = (BTreeSet::new(), vec![from]);
        while let Some(at) = waiting.pop() {
            if at == goal {
                return true;
            }
            if seen.insert(at) {
                waiting.extend(between.get(at).into_iter().flatten());
            }
        }
        false
    };
    let mut found = Vec::new();
    for (from, to) in edges(&between) {
        if from < to && reaches(to, from) || from > to && reaches(to, from) && !between[to].contains(from) {
            found.push(format!("{from} and {to} import each other"));
        }
    }
    found
}
