//! A page of text for a person: lines, fields and tables, wrapped (never cut) to the width of the terminal.
//!
//! Lays text out and nothing else; ui.rs prints it. Whatever is put on a page, nothing on it steers a terminal.
//! Colour only means something: green proven, yellow claimed, red stop.

use std::sync::OnceLock;

use console::{Style, measure_text_width};
use fastness::{review::Complete, text::visible};

/// Narrowest and widest layout; beyond 100 columns lines get hard to follow.
const WIDTHS: std::ops::RangeInclusive<usize> = 24..=100;
/// Column at which the text of a field begins.
const FIELD: usize = 12;

/// Whether a person is looking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Medium {
    /// A terminal of this many columns.
    Terminal(usize),
    /// A file or pipe: no grouping, no colour, no wrapping.
    Plain,
}

/// What a piece of text means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Nothing special.
    Normal,
    /// Checked by ourselves.
    Proven,
    /// Said by others, or a warning.
    Claimed,
    /// Stop.
    Stop,
}

/// Whether the person's terminal shows colour, by the customs that standard output follows (no-color.org, bixense.com/clicolors).
fn wants_colour() -> bool {
    let says = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    says("NO_COLOR").is_none()
        && says("CLICOLOR").is_none_or(|value| value != "0")
        && says("TERM").is_none_or(|value| value != "dumb")
}

/// The wallet that was named on this command line: the commands that a page proposes mean the same one.
static NAMED_WALLET: OnceLock<String> = OnceLock::new();

/// Notes the wallet that was named.
pub(crate) fn set_named_wallet(name: &str) {
    // One command line names it once.
    let _ = NAMED_WALLET.set(name.to_owned());
}

/// The page being laid out.
#[derive(Debug)]
pub(crate) struct Page {
    medium: Medium,
    text: String,
    /// Colours are told for standard output, and a page can be for the terminal itself, whatever standard output is.
    styling: Styling,
}

/// Who decides whether there is colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Styling {
    /// Standard output.
    OfStdout,
    /// The terminal and its person.
    OfTerminal,
}

impl Page {
    pub(crate) fn new(medium: Medium) -> Self {
        Self { medium, text: String::new(), styling: Styling::OfStdout }
    }

    /// A page for the terminal itself, of so many columns.
    pub(crate) fn for_terminal(columns: usize) -> Self {
        let medium = Medium::Terminal(columns);
        let styling = if wants_colour() { Styling::OfTerminal } else { Styling::OfStdout };
        Self { styling, ..Self::new(medium) }
    }

    /// The text so far, ending with a newline unless empty.
    pub(crate) fn into_text(self) -> String {
        self.text
    }

    fn width(&self) -> Option<usize> {
        match self.medium {
            Medium::Terminal(width) => Some(width.clamp(*WIDTHS.start(), *WIDTHS.end())),
            Medium::Plain => None,
        }
    }

    /// Whether it is for a file or pipe.
    pub(crate) const fn is_plain(&self) -> bool {
        matches!(self.medium, Medium::Plain)
    }

    /// Whether lines of this many columns stay whole.
    pub(crate) const fn has_room_for(&self, columns: usize) -> bool {
        match self.medium {
            Medium::Terminal(width) => columns <= width,
            Medium::Plain => true,
        }
    }

    /// An address, id or key: whole; in groups of four for a person's eye, as one word for a program.
    pub(crate) fn grouped(&self, text: &str) -> String {
        match self.medium {
            Medium::Terminal(_) => fastness::text::in_fours(text),
            Medium::Plain => text.to_owned(),
        }
    }

    /// An empty line.
    pub(crate) fn blank(&mut self) {
        self.text.push('\n');
    }

    /// A paragraph.
    pub(crate) fn line(&mut self, text: &str) {
        self.toned(Tone::Normal, text);
    }

    /// A paragraph with a meaning.
    pub(crate) fn toned(&mut self, tone: Tone, text: &str) {
        // What begins further in goes on further in.
        let inner = text.trim_start_matches(' ');
        let lead = text.get(..text.len() - inner.len()).unwrap_or_default();
        self.indented(lead, lead, (tone, inner));
    }

    /// Text exactly as it is, such as a QR code or a command to copy.
    pub(crate) fn verbatim(&mut self, text: &str) {
        self.text.push_str(&visible(text));
        if !text.ends_with('\n') {
            self.text.push('\n');
        }
    }

    /// A heading with something to its right.
    pub(crate) fn heading(&mut self, left: &str, right: &str) {
        let used = measure_text_width(left) + measure_text_width(right);
        match self.width().map(|width| width.min(80)) {
            Some(width) if used + 2 <= width => {
                let gap = " ".repeat(width - used);
                self.verbatim(&format!("{left}{gap}{right}"));
            }
            _ => self.line(&format!("{left}  {right}")),
        }
    }

    /// A field: its name, then its text beginning at one column for all fields.
    pub(crate) fn field(&mut self, name: &str, text: &str) {
        self.toned_field(name, (Tone::Normal, text));
    }

    /// A field to be copied: it stays on one line, below its name where it is too wide to stand beside it.
    pub(crate) fn copyable(&mut self, name: &str, text: &str) {
        if self.has_room_for(FIELD + measure_text_width(text)) {
            return self.field(name, text);
        }
        self.line(&format!("  {name}"));
        self.verbatim(text);
    }

    /// An id to be copied, with what stands behind it: on one line, or the id on a line of its own that is not broken here.
    pub(crate) fn id_line(&mut self, id: &str, rest: &str) {
        if self.has_room_for(2 + measure_text_width(id) + measure_text_width(rest)) {
            return self.line(&format!("  {id}{rest}"));
        }
        self.verbatim(&format!("  {id}"));
        if !rest.trim().is_empty() {
            self.line(&format!("  {}", rest.trim()));
        }
    }

    /// The command to type next, for the wallet that this one was told to use.
    pub(crate) fn next(&mut self, command: &str) {
        let wallet = NAMED_WALLET.get().map_or_else(String::new, |name| format!(" --wallet {name}"));
        self.copyable("Next", &format!("{command}{wallet}"));
    }

    /// A field whose text has a meaning.
    pub(crate) fn toned_field(&mut self, name: &str, text: (Tone, &str)) {
        let first = format!("  {name:<width$}", width = FIELD - 2);
        let first = if first.ends_with(' ') { first } else { first + " " };
        self.indented(&first, &" ".repeat(FIELD), text);
    }

    fn indented(&mut self, first: &str, rest: &str, (tone, text): (Tone, &str)) {
        for (number, line) in wrap(&visible(text), self.width(), rest.len().max(first.len())).into_iter().enumerate() {
            self.text.push_str(if number == 0 { first } else { rest });
            self.text.push_str(&self.painted(tone, &line));
            self.text.push('\n');
        }
    }

    fn painted(&self, tone: Tone, text: &str) -> String {
        let style = match (self.medium, tone) {
            (Medium::Plain, _) | (_, Tone::Normal) => return text.to_owned(),
            (_, Tone::Proven) => Style::new().green(),
            (_, Tone::Claimed) => Style::new().yellow(),
            (_, Tone::Stop) => Style::new().red().bold(),
        };
        match self.styling {
            Styling::OfStdout => style.apply_to(text).to_string(),
            Styling::OfTerminal => style.force_styling(true).apply_to(text).to_string(),
        }
    }

    /// The last line of a review. It is written for a proof that everything was shown, and for nothing else.
    pub(crate) fn nothing_else(&mut self, _: Complete) {
        self.blank();
        self.line("  Nothing else is in this transaction.");
    }

    /// A table; where the terminal is too narrow for it, each row becomes a block of fields.
    pub(crate) fn table(&mut self, heads: &[&str], rows: &[Vec<String>]) {
        let mut widths: Vec<usize> = heads.iter().map(|head| measure_text_width(head)).collect();
        for row in rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(measure_text_width(cell));
            }
        }
        let total: usize = widths.iter().sum::<usize>() + 2 * widths.len();
        if self.width().is_some_and(|width| total > width) {
            return self.stacked(heads, rows);
        }
        let heads: Vec<String> = heads.iter().map(|head| (*head).to_owned()).collect();
        for row in std::iter::once(&heads).chain(rows) {
            let cells = row
                .iter()
                .zip(&widths)
                .map(|(cell, width)| console::pad_str(cell, *width, console::Alignment::Left, None));
            let line = cells.fold(String::from("  "), |line, cell| line + &cell + "  ");
            self.verbatim(line.trim_end());
        }
    }

    /// Columns of a terminal that shows colour.
    pub(crate) fn colour_columns(&self) -> Option<usize> {
        match self.medium {
            Medium::Terminal(columns) if wants_colour() => Some(columns),
            _ => None,
        }
    }

    /// A picture of letters, black on white among the 256 colours of terminals, which no theme changes.
    pub(crate) fn black_on_white(&mut self, lines: &[String]) {
        for line in lines {
            self.text.push_str(&format!("\x1b[38;5;16;48;5;231m{}\x1b[0m\n", visible(line)));
        }
    }

    fn stacked(&mut self, heads: &[&str], rows: &[Vec<String>]) {
        for (number, row) in rows.iter().enumerate() {
            if number > 0 {
                self.blank();
            }
            for (head, cell) in heads.iter().zip(row).filter(|(_, cell)| !cell.is_empty()) {
                self.field(head, cell);
            }
        }
    }
}

/// Breaks text at spaces so that it fits behind an indent; a word longer than a line is broken between characters.
fn wrap(text: &str, width: Option<usize>, indent: usize) -> Vec<String> {
    let Some(width) = width else { return text.lines().map(str::to_owned).collect() };
    let room = width.saturating_sub(indent).max(8);
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in words(paragraph) {
            if !line.is_empty() && measure_text_width(&line) + measure_text_width(word.trim_end()) > room {
                lines.push(line.trim_end().to_owned());
                line = String::new();
            }
            line.push_str(&word);
            while measure_text_width(line.trim_end()) > room {
                let rest = line.split_off(fitting(&line, room));
                lines.push(std::mem::replace(&mut line, rest));
            }
        }
        lines.push(line.trim_end().to_owned());
    }
    lines
}

/// How many bytes of a text fit into so many columns: at least one character, some of which take two.
fn fitting(text: &str, room: usize) -> usize {
    let mut columns = 0;
    let too_wide = text.char_indices().find(|(place, character)| {
        columns += measure_text_width(character.encode_utf8(&mut [0; 4]));
        *place > 0 && columns > room
    });
    too_wide.map_or(text.len(), |(place, _)| place)
}

/// Units that stay with their number.
const UNITS: [&str; 6] = ["BTC", "ETH", "sat", "sat/vB", "gwei", "conf"];

/// Words with the spaces after them; a number's groups of digits and its unit are one word.
fn words(paragraph: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in paragraph.split_inclusive(' ') {
        let bare = word.trim_end().trim_end_matches([',', ';', '.', ')']);
        let is_group = (2..=3).contains(&bare.len()) && bare.bytes().all(|byte| byte.is_ascii_digit());
        match words.last_mut() {
            Some(last)
                if (is_group || UNITS.contains(&bare))
                    && last.ends_with(' ')
                    && last.trim_end().ends_with(|end: char| end.is_ascii_digit())
                    && !last.ends_with("  ") =>
            {
                last.push_str(word);
            }
            _ => words.push(word.to_owned()),
        }
    }
    words
}

#[cfg(test)]
#[path = "page_tests.rs"]
mod tests;
