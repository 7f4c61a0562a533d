//! A page that is longer than the terminal, one screen after another; a person who agrees has seen the last one.
//!
//! Cuts between lines only, and leaves none out. Asks nothing itself: ui.rs does.

use console::measure_text_width;

/// Rows below a screen: the question for the next one, and one that stays free.
const ROWS_BELOW: usize = 2;
/// The fewest lines of a screen, however small the terminal says it is.
const FEWEST: usize = 5;

/// The size of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    /// Characters in a row.
    pub(crate) columns: usize,
    /// Rows.
    pub(crate) rows: usize,
}

impl Size {
    /// Rows of a screen that waits with a question below.
    pub(crate) fn room(self) -> usize {
        self.rows.saturating_sub(ROWS_BELOW).max(FEWEST)
    }

    /// Whether a text fits one screen. Nothing of it is copied: it may be secret.
    pub(crate) fn holds(self, text: &str) -> bool {
        text.lines().map(|line| self.rows_of(line)).sum::<usize>() <= self.room()
    }

    /// Rows that a line takes: a line wider than the terminal goes on below.
    fn rows_of(self, line: &str) -> usize {
        measure_text_width(line).div_ceil(self.columns.max(1)).max(1)
    }
}

/// Columns by which the lines that go on from a field are further in.
const GOES_ON: &str = "            ";

/// The screens of a text, in order; together they are the text. A field is cut only where it is longer than half a screen.
pub(crate) fn screens(text: &str, size: Size) -> Vec<String> {
    let room = size.room();
    let (mut screens, mut screen): (Vec<String>, Vec<&str>) = (Vec::new(), Vec::new());
    let rows = |lines: &[&str]| lines.iter().map(|line| size.rows_of(line.trim_end_matches('\n'))).sum::<usize>();
    for line in text.split_inclusive('\n') {
        if rows(&screen) + rows(&[line]) > room && !screen.is_empty() {
            let rest = screen.split_off(place_to_cut(&screen, line));
            screens.push(screen.concat());
            screen = rest;
        }
        screen.push(line);
    }
    screens.push(screen.concat());
    screens
}

/// Where a full screen ends before a line that does not fit: before the field that the line goes on from, if that is in the
/// lower half.
fn place_to_cut(screen: &[&str], next: &str) -> usize {
    if !next.starts_with(GOES_ON) {
        return screen.len();
    }
    let field = screen.iter().rposition(|line| !line.starts_with(GOES_ON));
    field.filter(|place| *place > screen.len() / 2).unwrap_or(screen.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_short_page_is_one_screen() {
        assert_eq!(screens("a\nb\n", Size { columns: 80, rows: 24 }), ["a\nb\n"]);
        assert_eq!(screens("", Size { columns: 80, rows: 24 }), [""]);
    }

    #[test]
    fn a_field_stays_whole() {
        let text = "a\nb\nc\nd\n  Pay       x\n            y\n            z\n";
        let cut = screens(text, Size { columns: 80, rows: 8 });
        assert_eq!(cut, ["a\nb\nc\nd\n", "  Pay       x\n            y\n            z\n"]);
    }

    proptest! {
        #[test]
        fn screens_hold_every_line_in_order_and_fit(lines in prop::collection::vec("[a-z]{0,90}", 0..200), rows in 7usize..60) {
            let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
            let size = Size { columns: 40, rows };
            let screens = screens(&text, size);
            prop_assert_eq!(screens.concat(), text);
            for screen in screens {
                let used: usize = screen.lines().map(|line| size.rows_of(line)).sum();
                prop_assert!(used <= rows - ROWS_BELOW);
            }
        }
    }
}
