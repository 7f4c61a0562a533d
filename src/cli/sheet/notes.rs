//! The lower part of a sheet beside or below the SeedQR: how it is filled, how it is proven, where it is kept.
//!
//! It tells no secret; what it says holds for every wallet.

use super::{
    HEIGHT, PassphraseNote, Sheet, SheetKind, WIDTH,
    svg::{At, Drawing, Face, Ink, Set, fitted},
};

/// Size of its sentences, and from one baseline to the next.
const SIZE: usize = 31;
const STEP: usize = 41;
/// Smallest size in which a command is copied without a slip.
const LEAST: usize = 24;
/// Where it begins beside a SeedQR.
const BESIDE: usize = 1200;
/// Width of an average letter of a sentence, in hundredths of its size; broad typefaces have this.
const LETTER: usize = 56;

/// A pen that goes down the page.
struct Pen<'a> {
    drawing: &'a mut Drawing,
    x: usize,
    y: usize,
    width: usize,
}

/// Draws it from this height on.
pub(super) fn draw(drawing: &mut Drawing, sheet: &Sheet<'_>, top: usize) {
    let has_code = sheet.kind.code().is_some();
    let x = if has_code { BESIDE } else { 0 };
    let (y, width) = (if has_code { top + 100 } else { top + 60 }, WIDTH - x);
    let mut pen = Pen { drawing, x, y, width };
    for paragraph in filling(&sheet.kind) {
        pen.paragraph(paragraph);
    }
    pen.heading("Prove it");
    pen.paragraph(match sheet.kind {
        SheetKind::Share { .. } => "Type it back before money depends on it, with the shares that it needs beside it.",
        _ => "Type it back, from this paper, before money depends on it:",
    });
    if !matches!(sheet.kind, SheetKind::Share { .. }) {
        pen.command(sheet.wallet);
    }
    pen.heading("Keep it");
    pen.paragraph(match sheet.kind {
        SheetKind::Share { .. } => "Apart from the other shares. No photograph, no copy on a computer or phone.",
        _ => "Who has these words has the money. No photograph, no copy on a computer or phone.",
    });
    if sheet.passphrase == PassphraseNote::Needed {
        pen.paragraph("The passphrase is kept apart: without it these words make another wallet.");
    }
    lines_to_fill(drawing, x);
}

/// How a sheet is filled or copied.
fn filling(kind: &SheetKind<'_>) -> &'static [&'static str] {
    match kind {
        SheetKind::Blank { code: Some(_), .. } => &[
            "Write the words in order, down each column, with a pen that does not fade.",
            "SeedQR: the same words for the camera of a signing device. Copy it from a device that shows it, zone by zone \
             (A1, A2 ...); what is black here is in every code. It may stay empty.",
        ],
        SheetKind::Blank { code: None, .. } => {
            &["Write the words in order, down each column, with a pen that does not fade."]
        }
        SheetKind::Words { code: Some(_), .. } => &[
            "The words are read in order, down each column.",
            "SeedQR: the same words for the camera of a signing device. To copy it by hand, go zone by zone (A1, A2 ...).",
        ],
        SheetKind::Words { code: None, .. } | SheetKind::Share { .. } => {
            &["The words are read in order, down each column."]
        }
    }
}

/// Where it is kept, and which copy it is.
fn lines_to_fill(drawing: &mut Drawing, x: usize) {
    let y = HEIGHT - 8;
    let label = Set::new(29, Face::Sans).grey();
    let middle = x + (WIDTH - x) * 11 / 20;
    drawing.text(At { x, y }, label, "Kept at");
    drawing.line(At { x: x + 110, y: y + 4 }, At { x: middle, y: y + 4 }, 3, Ink::Black);
    drawing.text(At { x: middle + 25, y }, label, "Copy");
    drawing.line(At { x: middle + 105, y: y + 4 }, At { x: WIDTH, y: y + 4 }, 3, Ink::Black);
}

impl Pen<'_> {
    fn heading(&mut self, text: &str) {
        self.y += 20;
        self.drawing.text(At { x: self.x, y: self.y }, Set::new(36, Face::SansBold), text);
        self.y += STEP + 4;
    }

    fn paragraph(&mut self, text: &str) {
        for line in wrapped(text, self.width * 100 / (SIZE * LETTER)) {
            self.drawing.text(At { x: self.x, y: self.y }, Set::new(SIZE, Face::Sans), &line);
            self.y += STEP;
        }
        self.y += 16;
    }

    /// The command that proves the sheet; a name that has no room stands at the top of the sheet.
    fn command(&mut self, wallet: &str) {
        for line in ["fastness backup verify", &format!("--wallet {wallet}")] {
            let line = if fitted(line, SIZE, self.width) < LEAST { "--wallet NAME" } else { line };
            self.drawing.text(At { x: self.x, y: self.y }, Set::new(fitted(line, SIZE, self.width), Face::Mono), line);
            self.y += STEP;
        }
        self.y += 16;
    }
}

/// Lines of whole words, so many letters at most.
fn wrapped(text: &str, letters: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= letters => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
