//! Markdown and TOML read as text: blocks, spans, links, columns, names.
//!
//! Just enough for our own documents. It must not read files or judge anything.

/// A fenced block.
pub(crate) struct Block {
    /// What stands behind the opening fence.
    pub(crate) language: String,
    /// Its lines, each with its line end.
    pub(crate) text: String,
}

/// A document cut into fenced blocks and the prose between them.
fn cut(text: &str) -> (Vec<Block>, String) {
    let (mut blocks, mut prose) = (Vec::new(), String::new());
    let mut open: Option<Block> = None;
    for line in text.lines() {
        match (line.trim_start().strip_prefix("```"), open.as_mut()) {
            (Some(language), None) => open = Some(Block { language: language.trim().to_owned(), text: String::new() }),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some(block)) => block.text.extend([line, "\n"]),
            (None, None) => prose.extend([line, "\n"]),
        }
    }
    blocks.extend(open);
    (blocks, prose)
}

/// The fenced blocks.
pub(crate) fn blocks(text: &str) -> Vec<Block> {
    cut(text).0
}

/// What stands between single backticks in the prose; a span may cross one line end.
pub(crate) fn code_spans(text: &str) -> Vec<String> {
    let prose = cut(text).1;
    let spans = prose.split("\n\n").flat_map(|paragraph| {
        // Odd pieces lie between two backticks; rows of a table are cut one by one.
        let pieces: Vec<&str> = if paragraph.starts_with('|') { paragraph.lines().collect() } else { vec![paragraph] };
        pieces.into_iter().flat_map(|piece| piece.split('`').skip(1).step_by(2)).collect::<Vec<_>>()
    });
    spans.map(|span| span.replace('\n', " ")).collect()
}

/// Lines that are typed: of blocks without a language or for a shell, and spans of prose.
pub(crate) fn typed(text: &str) -> Vec<String> {
    let shell = |block: &Block| matches!(block.language.as_str(), "" | "sh" | "console");
    let lines = blocks(text).into_iter().filter(shell).flat_map(|block| {
        let line = |line: &str| line.split(" #").next().unwrap_or_default().to_owned();
        block.text.lines().map(line).collect::<Vec<_>>()
    });
    lines.chain(code_spans(text)).collect()
}

/// Targets of links inside the project, without what follows `#`.
pub(crate) fn links(text: &str) -> Vec<String> {
    let prose = cut(text).1;
    let targets = prose.split("](").skip(1).filter_map(|rest| rest.split_once(')').map(|(target, _)| target));
    let inside = targets.filter(|target| !target.contains("://") && !target.starts_with('#'));
    inside.filter_map(|target| target.split('#').next().map(str::to_owned)).collect()
}

/// The first column of every table, where it is a name in backticks.
pub(crate) fn first_column(text: &str) -> Vec<String> {
    let cells = text.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
    cells.map(|(name, _)| name.to_owned()).collect()
}

/// Keys of every section of dependencies of a manifest.
pub(crate) fn dependencies(manifest: &str) -> Vec<String> {
    let (mut inside, mut found) = (false, Vec::new());
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line.trim_end().ends_with("dependencies]");
        } else if let Some((name, _)) = line.split_once('=').filter(|(name, _)| inside && !name.starts_with('#')) {
            found.push(name.trim().to_owned());
        }
    }
    found
}

/// Names of the fields of a struct of a source.
pub(crate) fn fields(source: &str, head: &str) -> Vec<String> {
    let body = source.split(head).nth(1).and_then(|rest| rest.split("\n}").next()).unwrap_or_default();
    let names = body.lines().filter_map(|line| line.trim().strip_prefix("pub(crate) ")?.split_once(':'));
    names.map(|(name, _)| name.to_owned()).collect()
}

/// What stands between double quotes.
pub(crate) fn quoted(text: &str) -> Vec<String> {
    text.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}
