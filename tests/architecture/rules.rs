//! The rules of the architecture as functions from the text of a file to what is wrong with it.
//!
//! They take text, so that each can be shown to fire on a planted example. They must not read files.

use super::reading::{Keep, blanked, functions, without_tests, words};

/// Longest file, in lines.
pub(crate) const MAX_FILE_LINES: usize = 450;
/// Longest function, in lines.
pub(crate) const MAX_FUNCTION_LINES: usize = 60;

/// Modules that every other may import: no I/O, no secrets.
const WORDS: [&str; 12] = [
    "account",
    "address",
    "amount",
    "contact",
    "explain",
    "network",
    "payment_uri",
    "request",
    "review",
    "signing",
    "text",
    "token",
];

/// The import rules: what each module may import besides itself and the words. One that is not listed may import only
/// words.
const ALLOWED_IMPORTS: [(&str, &[&str]); 8] = [
    ("store", &[]),
    ("seal", &[]),
    ("ledger", &["store"]),
    ("keystore", &["store", "seal"]),
    ("chain", &[]),
    ("explorer", &["chain"]),
    ("flow", &["store", "ledger", "keystore", "chain", "explorer"]),
    ("practice", &[]),
];

/// The seal's tests prove that a sealed process still writes files the way the store does.
const ALLOWED_TEST_IMPORTS: [(&str, &str); 1] = [("src/seal/tests.rs", "store")];

/// Files that may say something that no other may.
const KEY_NAMES: [&str; 6] = ["SecretKey", "SigningKey", "Xpriv", "Mnemonic", "Seed", "Keypair"];
const HTTP_FILE: &str = "src/explorer/online/transport/http.rs";
const ONLINE_FILE: &str = "src/explorer/mod.rs";

/// The module of a file of the library, `cli` for the binary's, `None` for lib.rs and main.rs.
pub(crate) fn room(path: &str) -> Option<&str> {
    let inside = path.strip_prefix("src/")?;
    let name = inside.split('/').next()?;
    let name = name.strip_suffix(".rs").unwrap_or(name);
    (!matches!(name, "lib" | "main")).then_some(name)
}

/// What the table of the document says otherwise than the rule. Its rows are modules and their imports, in backticks.
pub(crate) fn documented(table: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let mut rooms = Vec::new();
    for row in table.lines().filter(|row| row.starts_with("| `")) {
        let cells: Vec<Vec<&str>> = row.split('|').skip(1).take(2).map(in_backticks).collect();
        let [names, imports] = cells.as_slice() else { continue };
        for name in names {
            rooms.push(*name);
            let granted = ALLOWED_IMPORTS.iter().find(|(room, _)| room == name).map(|(_, doors)| *doors);
            if granted != Some(imports.as_slice()) {
                problems.push(format!("the table says that `{name}` imports {imports:?}, and the rule {granted:?}"));
            }
        }
    }
    let missing = ALLOWED_IMPORTS.iter().filter(|(room, _)| !rooms.contains(room));
    problems.extend(missing.map(|(room, _)| format!("the table has no row for `{room}`")));
    problems
}

fn in_backticks(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// Imports that are used and not allowed.
pub(crate) fn imports(path: &str, text: &str) -> Vec<String> {
    let Some(room) = room(path).filter(|room| *room != "cli") else { return Vec::new() };
    let code = blanked(text, Keep::Code);
    let mut problems = Vec::new();
    for target in imported(&code) {
        let granted = ALLOWED_IMPORTS.iter().find(|(name, _)| *name == room).map_or(&[][..], |(_, doors)| doors);
        let for_a_test = ALLOWED_TEST_IMPORTS.contains(&(path, target));
        if target != room && !WORDS.contains(&target) && !granted.contains(&target) && !for_a_test {
            problems.push(format!("{path}: room `{room}` must not import `{target}`"));
        }
    }
    if words(&code).any(|word| word == "fastness") {
        problems.push(format!("{path}: a room says `crate::`, not `fastness::`"));
    }
    if climbs_out(path, &without_tests(&code)) {
        problems.push(format!("{path}: leaves its room through `super::`; say `crate::`"));
    }
    problems
}

/// The modules named behind `crate::`, alone or in a group.
fn imported(code: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (place, _) in code.match_indices("crate::") {
        if code[..place].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        let after = &code[place + "crate::".len()..];
        match after.trim_start().strip_prefix('{') {
            Some(group) => found.extend(heads(group)),
            None => found.extend(words(after).next()),
        }
    }
    // Items of the crate's root are not modules.
    found.retain(|name| name.starts_with(|c: char| c.is_ascii_lowercase()) && *name != "catalogues");
    found
}

/// First names of the members of a `use` group whose opening brace was taken off.
fn heads(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut found) = (0usize, 0, Vec::new());
    for (place, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            '}' | ',' if depth == 0 => {
                found.extend(words(&group[start..place]).next());
                start = place + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    found
}

/// As many `super::` as would reach the crate's root from this file's own module.
fn climbs_out(path: &str, code: &str) -> bool {
    let parts = path.trim_start_matches("src/").split('/').count();
    let depth = if path.ends_with("/mod.rs") { parts - 1 } else { parts };
    let dense: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    dense.contains(&"super::".repeat(depth))
}

/// Names of private keys outside keystore/.
pub(crate) fn key_names(path: &str, text: &str) -> Vec<String> {
    if path.starts_with("src/keystore/") {
        return Vec::new();
    }
    let code = blanked(text, Keep::Code);
    let found = KEY_NAMES.into_iter().filter(|name| words(&code).any(|word| word == *name));
    found.map(|name| format!("{path}: `{name}` is named outside src/keystore/")).collect()
}

/// The network's library and its feature, each named in one file.
pub(crate) fn network_library(path: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if path != HTTP_FILE && words(&blanked(text, Keep::Code)).any(|word| word == "reqwest") {
        problems.push(format!("{path}: `reqwest` is named outside {HTTP_FILE}"));
    }
    let dense: String = blanked(text, Keep::CodeAndStrings).chars().filter(|c| !c.is_whitespace()).collect();
    if path != ONLINE_FILE && dense.contains(concat!("feature", "=\"online\"")) {
        problems.push(format!("{path}: the feature `online` is named outside {ONLINE_FILE}"));
    }
    problems
}

/// Too long, or without a word about what it is for.
pub(crate) fn shape(path: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let lines = text.lines().count();
    if lines > MAX_FILE_LINES {
        problems.push(format!("{path}: {lines} lines, more than {MAX_FILE_LINES}"));
    }
    if !text.starts_with("//! ") {
        problems.push(format!("{path}: does not open with `//!`"));
    }
    for (name, lines) in functions(&blanked(text, Keep::Code)) {
        if lines > MAX_FUNCTION_LINES {
            problems.push(format!("{path}: `fn {name}` has {lines} lines, more than {MAX_FUNCTION_LINES}"));
        }
    }
    problems
}

/// Characters that hide or reorder source text; they must be written as escapes.
pub(crate) fn invisible(path: &str, text: &str) -> Vec<String> {
    let hides = |c: &char| {
        matches!(c,
            '\u{0}'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{a0}' | '\u{ad}' | '\u{34f}' | '\u{61c}'
            | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{10ffff}')
    };
    let found: Option<char> = text.chars().find(|c| hides(c));
    found.into_iter().map(|c| format!("{path}: holds the invisible character {}", c.escape_unicode())).collect()
}

/// Work left undone, and tests that do not run.
pub(crate) fn loose_ends(path: &str, text: &str) -> Vec<String> {
    let marks = [concat!("FIX", "ME"), concat!("XX", "X"), concat!("TO", "DO")];
    let macros = [concat!("to", "do!"), concat!("unimpl", "emented!"), concat!("db", "g!")];
    let code = blanked(text, Keep::Code);
    let mut problems: Vec<String> = Vec::new();
    problems.extend(marks.iter().filter(|mark| words(text).any(|word| word == **mark)).map(ToString::to_string));
    problems.extend(macros.iter().filter(|name| code.contains(**name)).map(ToString::to_string));
    if code.contains("#[ignore") {
        problems.push("an ignored test".to_owned());
    }
    problems.into_iter().map(|what| format!("{path}: {what}")).collect()
}

/// A way to panic outside of tests.
pub(crate) fn unwraps(path: &str, text: &str) -> Vec<String> {
    let code = without_tests(&blanked(text, Keep::Code));
    let dense: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let found = [".unwrap()", ".expect(", ".unwrap_err()", "panic!("].into_iter().filter(|call| dense.contains(call));
    found.map(|call| format!("{path}: `{call}` outside of tests")).collect()
}

/// The command-line interface stays in the binary.
pub(crate) fn cli_stays_in_the_binary(path: &str, text: &str) -> Vec<String> {
    let library = path.starts_with("src/") && room(path) != Some("cli") && path != "src/main.rs";
    let code = blanked(text, Keep::Code);
    let names = library && words(&code).any(|word| word == "cli");
    names.then(|| format!("{path}: the library names the front desk")).into_iter().collect()
}
