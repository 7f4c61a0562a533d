//! The SeedQR of a sheet (SeedSigner's format): the numbers of the words in the list, four digits each, as a numeric QR code of
//! the lowest error correction (ISO/IEC 18004), in zones of five by five modules.
//!
//! An empty one shows what every such code has in common. Which mask a code has depends on its words, so its format
//! information is left to the hand as the words are.

use std::ops::Range;

use qrcode::{Color, EcLevel, QrCode, Version, canvas::Canvas};

use super::{
    CliError,
    svg::{Anchor, At, Drawing, Extent, Face, Ink, Set},
};

/// Modules of a zone, as SeedSigner shows them one zone after the other.
const ZONE: usize = 5;
/// Where the first module stands, beside the letters and below the numbers of the zones.
const LEFT: usize = 75;
const ABOVE: usize = 75;
/// The row and the column that hold the format information, where they are not part of a pattern.
const FORMAT: usize = 8;
/// Side of a finder pattern, with the white beside it.
const FINDER: usize = 8;
/// The side of a code, about.
const SIDE: usize = 1050;

/// The two sizes of a SeedQR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SeedQrSize {
    /// 25 by 25 modules, for 12 words.
    Twelve,
    /// 29 by 29 modules, for 24 words.
    TwentyFour,
}

/// A module of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Module {
    Dark,
    Light,
    /// To be filled by hand, or left white.
    Open,
}

/// A code, filled or to be filled.
pub(crate) struct SeedQr {
    width: usize,
    modules: Vec<Module>,
}

impl SeedQrSize {
    /// The size for so many words; SeedSigner has none for other numbers.
    pub(crate) const fn of_words(count: usize) -> Option<Self> {
        match count {
            12 => Some(Self::Twelve),
            24 => Some(Self::TwentyFour),
            _ => None,
        }
    }

    const fn version(self) -> Version {
        match self {
            Self::Twelve => Version::Normal(2),
            Self::TwentyFour => Version::Normal(3),
        }
    }

    /// Modules of a side.
    const fn width(self) -> usize {
        match self {
            Self::Twelve => 25,
            Self::TwentyFour => 29,
        }
    }
}

impl SeedQr {
    /// The code of these digits, four for each word.
    ///
    /// # Errors
    /// They are not those of 12 or 24 words.
    pub(crate) fn of_digits(digits: &str) -> Result<Self, CliError> {
        let size = SeedQrSize::of_words(digits.len() / 4).filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()));
        let (Some(size), 0) = (size, digits.len() % 4) else { return Err(CliError::Unprintable) };
        let code = QrCode::with_version(digits, size.version(), EcLevel::L).map_err(|_| CliError::Unprintable)?;
        let modules = code.into_colors().into_iter();
        let modules = modules.map(|colour| if colour == Color::Dark { Module::Dark } else { Module::Light }).collect();
        Ok(Self { width: size.width(), modules })
    }

    /// A code to be filled: its finder, timing and alignment patterns, and white where white belongs.
    pub(crate) fn empty(size: SeedQrSize) -> Self {
        let (width, version) = (size.width(), size.version());
        let mut canvas = Canvas::new(version, EcLevel::L);
        canvas.draw_all_functional_patterns();
        let colours = canvas.into_colors();
        let whole = i16::try_from(width).unwrap_or_default();
        let coordinate = |place: usize| i16::try_from(place).unwrap_or_default();
        let module = |place: usize| {
            let (x, y) = (place % width, place / width);
            let is_fixed = qrcode::canvas::is_functional(version, whole, coordinate(x), coordinate(y));
            match colours.get(place) {
                Some(Color::Dark) if is_fixed => Module::Dark,
                _ if is_fixed && x != FORMAT && y != FORMAT => Module::Light,
                _ => Module::Open,
            }
        };
        Self { width, modules: (0..width * width).map(module).collect() }
    }

    fn module(&self, x: usize, y: usize) -> Module {
        self.modules.get(y * self.width + x).copied().unwrap_or(Module::Light)
    }

    /// Side of a module.
    const fn side(&self) -> usize {
        SIDE / self.width
    }

    /// Draws it with the names of its zones, `top` being the upper edge of those.
    pub(super) fn draw(&self, drawing: &mut Drawing, top: usize) {
        let origin = At { x: LEFT, y: top + ABOVE };
        self.draw_cells(drawing, origin);
        // Below the modules, which stay black from edge to edge.
        self.draw_zones(drawing, origin);
        self.draw_modules(drawing, origin);
    }

    /// Runs of dark modules, each as one rectangle.
    fn draw_modules(&self, drawing: &mut Drawing, origin: At) {
        let side = self.side();
        for y in 0..self.width {
            let mut x = 0;
            while x < self.width {
                let run = (x..self.width).take_while(|x| self.module(*x, y) == Module::Dark).count();
                if run > 0 {
                    let at = At { x: origin.x + x * side, y: origin.y + y * side };
                    drawing.module(at, Extent { width: run * side, height: side });
                }
                x += run.max(1);
            }
        }
    }

    /// The edges of what is to be filled.
    fn draw_cells(&self, drawing: &mut Drawing, origin: At) {
        let side = self.side();
        for y in 0..self.width {
            for x in (0..self.width).filter(|x| self.module(*x, y) == Module::Open) {
                drawing.cell(At { x: origin.x + x * side, y: origin.y + y * side }, side);
            }
        }
    }

    /// Where a line across the code at this module begins and ends, so that it crosses no finder pattern: a camera that sees
    /// one in it finds nothing. Both directions are alike.
    fn free_of_finders(&self, at: usize) -> Range<usize> {
        let (is_left, is_right) = (at < FINDER, at > self.width - FINDER);
        let start = if is_left || is_right { FINDER } else { 0 };
        start..if is_left { self.width - FINDER } else { self.width }
    }

    /// Lines between zones, a letter for each row of them and a number for each column.
    fn draw_zones(&self, drawing: &mut Drawing, origin: At) {
        let side = self.side();
        for (number, start) in (0..self.width).step_by(ZONE).enumerate() {
            let middle = (start + (start + ZONE).min(self.width)) * side / 2;
            let set = Set::new(34, Face::SansBold).grey().at(Anchor::Middle);
            drawing.text(At { x: origin.x + middle, y: origin.y - 40 }, set, &(number + 1).to_string());
            let letter = ["A", "B", "C", "D", "E", "F"].get(number).copied().unwrap_or_default();
            drawing.text(At { x: 18, y: origin.y + middle + 12 }, set, letter);
            if start > 0 {
                let free = self.free_of_finders(start);
                let (place, from, to) = (start * side, free.start * side, free.end * side);
                let (x, y) = (origin.x + place, origin.y + place);
                drawing.line(At { x, y: origin.y + from }, At { x, y: origin.y + to }, 4, Ink::Light);
                drawing.line(At { x: origin.x + from, y }, At { x: origin.x + to, y }, 4, Ink::Light);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_code_has_what_every_code_has_and_nothing_else() {
        for (size, width, digits) in [(SeedQrSize::Twelve, 25, 48), (SeedQrSize::TwentyFour, 29, 96)] {
            let empty = SeedQr::empty(size);
            assert_eq!((empty.width, empty.modules.len()), (width, width * width));
            let count = |wanted: Module| empty.modules.iter().filter(|module| **module == wanted).count();
            // Three finders of 33, an alignment pattern of 17, one module that is always dark, and of each timing pattern
            // every second module.
            let timing = 2 * (width - 16).div_ceil(2);
            assert_eq!(count(Module::Dark), 3 * 33 + 17 + 1 + timing, "{width}");
            let mut formats = std::collections::HashSet::new();
            for number in 0..200_usize {
                let digit =
                    |place: usize| char::from_digit(u32::try_from((number * 7 + place * number) % 10).unwrap(), 10);
                let digits: String = (0..digits).filter_map(digit).collect();
                let filled = SeedQr::of_digits(&digits).unwrap();
                let fixed = empty.modules.iter().zip(&filled.modules).filter(|(empty, _)| **empty != Module::Open);
                assert!(fixed.into_iter().all(|(empty, filled)| empty == filled), "{digits}");
                formats.insert((0..6).map(|x| filled.module(x, FORMAT) == Module::Dark).collect::<Vec<_>>());
            }
            assert!(formats.len() > 3, "format information differs from words to words: {}", formats.len());
        }
    }

    #[test]
    fn nothing_but_the_digits_of_12_or_24_words_makes_a_code() {
        for wrong in ["".to_owned(), "1924".to_owned(), "0".repeat(47), "0".repeat(49), "0".repeat(60), "x".repeat(48)]
        {
            assert!(SeedQr::of_digits(&wrong).is_err(), "{wrong}");
        }
    }
}
