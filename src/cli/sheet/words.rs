//! The words of a sheet, or the lines to write them on: numbered, in three columns that are read downwards.
//!
//! A word is drawn as it is, in letters of equal width, and never broken.

use std::ops::Range;

use super::{
    SheetKind, WIDTH,
    svg::{Anchor, At, Drawing, Face, Ink, Set, fitted},
};

/// Columns of words, and the space between two of them.
const COLUMNS: usize = 3;
const GAP: usize = 50;
/// Highest line; lower ones follow from the number of words.
const HIGHEST: usize = 165;
/// Where a word begins, behind its number.
const INDENT: usize = 92;

/// Draws them between two heights.
pub(super) fn draw(drawing: &mut Drawing, kind: &SheetKind<'_>, area: Range<usize>) {
    let rows = kind.count().div_ceil(COLUMNS).max(1);
    let height = (area.len() / rows).min(HIGHEST);
    let width = (WIDTH - GAP * (COLUMNS - 1)) / COLUMNS;
    for place in 0..kind.count() {
        let x = place / rows * (width + GAP);
        let y = area.start + (place % rows + 1) * height - height / 6;
        let number = Set::new((height / 3).min(36), Face::Sans).grey().at(Anchor::End);
        drawing.text(At { x: x + INDENT - 26, y: y - height / 7 }, number, &(place + 1).to_string());
        if let Some(word) = kind.words().get(place) {
            let set = Set::new(fitted(word, (height / 2).min(60), width - INDENT), Face::MonoBold);
            drawing.text(At { x: x + INDENT, y: y - height / 7 }, set, word);
        }
        let ink = if kind.words().is_empty() { Ink::Black } else { Ink::Pale };
        drawing.line(At { x: x + INDENT, y }, At { x: x + width, y }, 3, ink);
    }
}
