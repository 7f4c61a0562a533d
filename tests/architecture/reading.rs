//! Rust source read as text: comments and strings blanked, test code cut off, functions measured.
//!
//! Just enough of a lexer for the import rules; it does not understand macros or types, and must not judge anything.

/// What [`blanked`] leaves in place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Only code: comments and the insides of strings become spaces.
    Code,
    /// Code and strings: comments become spaces.
    CodeAndStrings,
}

/// The same text, line by line and byte by byte, with what is not wanted replaced by spaces.
pub(crate) fn blanked(text: &str, keep: Keep) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let previous = out.chars().next_back();
        let (length, is_comment) = match token(rest, previous) {
            Some(found) => found,
            None => {
                out.push(first);
                rest = &rest[first.len_utf8()..];
                continue;
            }
        };
        let (piece, after) = rest.split_at(length);
        if is_comment || keep == Keep::Code {
            out.extend(piece.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        } else {
            out.push_str(piece);
        }
        rest = after;
    }
    out
}

/// The length of the comment or literal that `rest` begins with, and whether it is a comment.
fn token(rest: &str, previous: Option<char>) -> Option<(usize, bool)> {
    if rest.starts_with("//") {
        return Some((rest.find('\n').unwrap_or(rest.len()), true));
    }
    if rest.starts_with("/*") {
        return Some((block_comment(rest), true));
    }
    let in_word = previous.is_some_and(|c| c.is_alphanumeric() || c == '_');
    if let Some(length) = (!in_word).then(|| raw_string(rest)).flatten() {
        return Some((length, false));
    }
    if rest.starts_with('"') {
        return Some((quoted(rest, '"'), false));
    }
    char_literal(rest).map(|length| (length, false))
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut place) = (0usize, 0usize);
    while place < rest.len() {
        let here = &rest.as_bytes()[place..];
        if here.starts_with(b"/*") {
            (depth, place) = (depth + 1, place + 2);
        } else if here.starts_with(b"*/") {
            (depth, place) = (depth - 1, place + 2);
            if depth == 0 {
                return place;
            }
        } else {
            place += 1;
        }
    }
    rest.len()
}

fn raw_string(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r'))?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    let body = after.trim_start_matches('#').strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let start = rest.len() - body.len();
    Some(body.find(&end).map_or(rest.len(), |found| start + found + end.len()))
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (place, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return place + 1,
            _ => {}
        }
    }
    rest.len()
}

/// `'x'` and `'\n'` are literals; `'a` is a lifetime.
fn char_literal(rest: &str) -> Option<usize> {
    let body = rest.strip_prefix('\'')?;
    let mut characters = body.chars();
    let first = characters.next()?;
    (first == '\\' || characters.next() == Some('\'')).then(|| quoted(rest, '\''))
}

/// Identifiers of blanked code, in order.
pub(crate) fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// Position just behind the brace that closes the first `{` of `code`.
pub(crate) fn closing(code: &str) -> Option<usize> {
    closing_of(code, '{', '}')
}

/// The same for another pair of brackets.
pub(crate) fn closing_of(code: &str, open: char, close: char) -> Option<usize> {
    let mut depth = 0usize;
    for (place, c) in code.char_indices() {
        if c == open {
            depth += 1;
        } else if c == close {
            depth = depth.checked_sub(1)?;
            if depth == 0 {
                return Some(place + c.len_utf8());
            }
        }
    }
    None
}

/// Blanked code without the modules and items that are compiled for tests only.
pub(crate) fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut out = String::new();
    let mut rest = code;
    while let Some(found) = rest.find(MARK) {
        out.push_str(&rest[..found]);
        let item = &rest[found..];
        let semicolon = item.find(';').map_or(item.len(), |place| place + 1);
        let brace = item.find('{').unwrap_or(item.len());
        let end = if brace < semicolon { closing(item).unwrap_or(item.len()) } else { semicolon };
        out.extend(item[..end].chars().filter(|c| *c == '\n'));
        rest = &item[end..];
    }
    out.push_str(rest);
    out
}

/// Files that are modules for tests only: what stands after `#[cfg(test)]` in `text`, as names relative to its folder.
pub(crate) fn test_modules(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (place, _) in text.match_indices("#[cfg(test)]") {
        let item = &text[place..];
        let Some(end) = item.find([';', '{']) else { continue };
        let item = &item[..end];
        if let Some(path) = item.split("#[path = \"").nth(1).and_then(|tail| tail.split('"').next()) {
            found.push(path.to_owned());
        } else if let Some(name) = item.split("mod ").nth(1) {
            found.push(format!("{}.rs", name.trim()));
            found.push(format!("{}/", name.trim()));
        }
    }
    found
}

/// Every function of blanked code: its name, and its lines from `fn` to the closing brace.
pub(crate) fn functions(code: &str) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    for (place, _) in code.match_indices("fn ") {
        if code[..place].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let item = &code[place..];
        let (semicolon, brace) = (item.find(';'), item.find('{'));
        let Some(brace) = brace.filter(|brace| semicolon.is_none_or(|semicolon| *brace < semicolon)) else { continue };
        let Some(length) = closing(&item[brace..]) else { continue };
        let name = words(&item[3..]).next().unwrap_or("fn").to_owned();
        found.push((name, item[..brace + length].lines().count()));
    }
    found
}
