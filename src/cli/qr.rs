//! QR codes: on a terminal black on white whatever its theme, in a file or pipe as half-block characters, or as a PNG picture.
//!
//! The smallest code that holds the text. It is drawn whole or not at all, and then the reason is told.

use std::path::Path;

use fastness::{
    explain::Failure,
    store::{WriteRule, atomic_write},
};
use qrcode::{Color, EcLevel, QrCode};

use super::{CliError, page::Page};

/// Modules of white around a code that readers want (ISO/IEC 18004), and the fewest that they still read.
const QUIET: [usize; 2] = [4, 2];
/// Pixels of a module in a picture.
const PIXELS: usize = 8;

/// A code.
#[derive(Debug)]
pub(crate) struct Qr {
    modules: Vec<Color>,
    width: usize,
}

impl Qr {
    /// The smallest code of a text: it is shown and read at once, so that little of it is lost.
    ///
    /// # Errors
    /// No code holds that much.
    pub(crate) fn of(text: &str) -> Result<Self, CliError> {
        let too_long = |_| CliError::Usage("that is more than a QR code holds".to_owned());
        let code = QrCode::with_error_correction_level(text, EcLevel::L).map_err(too_long)?;
        let width = code.width();
        Ok(Self { modules: code.into_colors(), width })
    }

    /// The same of a payment URI. A bech32 address is written in capitals, which take less room and mean the same (BIP-173).
    ///
    /// # Errors
    /// As [`Self::of`].
    pub(crate) fn of_uri(uri: &str) -> Result<Self, CliError> {
        let (address, rest) = uri.split_at(uri.find('?').unwrap_or(uri.len()));
        let body = address.split_once(':').map_or(address, |(_, body)| body);
        let is_bech32 = ["bc1", "tb1", "bcrt1"].iter().any(|part| body.starts_with(part));
        if is_bech32 { Self::of(&(address.to_ascii_uppercase() + rest)) } else { Self::of(uri) }
    }

    fn is_dark(&self, column: usize, row: usize, quiet: usize) -> bool {
        let (Some(column), Some(row)) = (column.checked_sub(quiet), row.checked_sub(quiet)) else { return false };
        column < self.width && row < self.width && self.modules.get(row * self.width + column) == Some(&Color::Dark)
    }

    /// The columns that it takes, with the least white around it.
    const fn columns(&self) -> usize {
        self.width + 2 * QUIET[1]
    }

    /// Puts it on a page, where that has room for it.
    pub(crate) fn write(&self, page: &mut Page) {
        page.blank();
        match page.colour_columns() {
            None => page.verbatim(&self.plain()),
            Some(columns) => match self.for_terminal(columns) {
                Some(lines) => page.black_on_white(&lines),
                None => page.line(&format!("The QR code needs a window of {} columns.", self.columns())),
            },
        }
    }

    /// Lines of black letters on white ground for so many columns; nothing where it does not fit.
    fn for_terminal(&self, columns: usize) -> Option<Vec<String>> {
        let quiet = QUIET.into_iter().find(|quiet| self.width + 2 * quiet <= columns)?;
        Some(self.lines(quiet, |dark| dark))
    }

    /// For a file or pipe, without colours: light letters, as most terminals are dark.
    pub(crate) fn plain(&self) -> String {
        self.lines(QUIET[0], |dark| !dark).into_iter().map(|line| line + "\n").collect()
    }

    /// Two rows of modules in a row of letters.
    fn lines(&self, quiet: usize, has_ink: impl Fn(bool) -> bool) -> Vec<String> {
        let size = self.width + 2 * quiet;
        let letter = |column: usize, row: usize| {
            // Below the last row is white.
            match [row, row + 1].map(|row| has_ink(self.is_dark(column, row, quiet))) {
                [true, true] => '\u{2588}',
                [true, false] => '\u{2580}',
                [false, true] => '\u{2584}',
                [false, false] => ' ',
            }
        };
        (0..size).step_by(2).map(|row| (0..size).map(|column| letter(column, row)).collect()).collect()
    }

    /// Writes it as a PNG picture. A file that exists is not overwritten.
    ///
    /// # Errors
    /// The file exists or cannot be written.
    pub(crate) fn write_png(&self, path: &Path) -> Result<(), Failure> {
        Ok(atomic_write(path, &self.png()?, WriteRule::New)?)
    }

    fn png(&self) -> Result<Vec<u8>, CliError> {
        let size = (self.width + 2 * QUIET[0]) * PIXELS;
        let pixel = |place: usize| {
            let (column, row) = (place % size / PIXELS, place / size / PIXELS);
            if self.is_dark(column, row, QUIET[0]) { 0 } else { 255 }
        };
        let pixels: Vec<u8> = (0..size * size).map(pixel).collect();
        let side = u32::try_from(size).map_err(|_| CliError::Unprintable)?;
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, side, side);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::Eight);
        let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&pixels));
        written.map_err(|_| CliError::Unprintable)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What another program reads from pixels, true for dark ones.
    fn read(size: usize, dark: impl Fn(usize, usize) -> bool) -> String {
        // A camera sees a module as several pixels.
        let luma = |x: usize, y: usize| if dark(x / PIXELS, y / PIXELS) { 0 } else { 255 };
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(size * PIXELS, size * PIXELS, luma);
        let grids = image.detect_grids();
        assert_eq!(grids.len(), 1, "one code is found");
        grids[0].decode().unwrap().1
    }

    /// What the letters are printed in.
    #[derive(Clone, Copy, PartialEq, Eq)]
    enum Ink {
        Dark,
        Light,
    }

    /// The pixels that a terminal shows: two for each letter.
    fn seen(lines: &[String], ink: Ink) -> String {
        let lines: Vec<Vec<char>> = lines.iter().map(|line| line.chars().collect()).collect();
        let size = lines[0].len();
        read(size, |x, y| {
            let letter = lines.get(y / 2).and_then(|line| line.get(x)).copied().unwrap_or(' ');
            let half = if y % 2 == 0 { '\u{2580}' } else { '\u{2584}' };
            (letter == '\u{2588}' || letter == half) == (ink == Ink::Dark)
        })
    }

    fn lines_of(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn another_program_reads_what_is_drawn() {
        let descriptor =
            format!("wpkh([73c5da0a/84h/1h/0h]tpub{}/<0;1>/*)#sw2dqm69", "DC8msFGeGuwnKG9Upg7DM2b4DaRqg3".repeat(4));
        let psbt = "cHNidP8BAHECAAAAAb".repeat(50);
        let mut texts = vec![descriptor, psbt];
        texts.extend((0..20).map(|number| format!("bitcoin:bcrt1q{number:0>38}?amount=0.{number}1")));
        texts.push("ethereum:0x9858EfFD232B4033E47d90003D41EC34EcaEda94@8453".to_owned());
        for text in texts {
            let code = Qr::of(&text).unwrap();
            assert_eq!(seen(&code.for_terminal(400).unwrap(), Ink::Dark), text, "black on white");
            assert_eq!(seen(&lines_of(&code.plain()), Ink::Light), text, "light on dark");
            assert_eq!(
                seen(&code.for_terminal(code.columns()).unwrap(), Ink::Dark),
                text,
                "with the least white around it"
            );
            assert!(code.for_terminal(code.columns() - 1).is_none());
        }
    }

    #[test]
    fn a_picture_is_read_too() {
        let text = "bitcoin:bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";
        let bytes = Qr::of(text).unwrap().png().unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        let width = info.width as usize;
        assert_eq!(read(width / PIXELS, |x, y| pixels[y * PIXELS * width + x * PIXELS] == 0), text);
    }

    #[test]
    fn addresses_fit_forty_columns() {
        for uri in [
            "bitcoin:bcrt1q3kgqr5evdfcrm9vjrfm3z5zs7v7asg7n79esh56jzhwtajkkmssqxtam5k",
            "bitcoin:bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0?amount=0.01",
            "ethereum:0x9858EfFD232B4033E47d90003D41EC34EcaEda94@8453",
        ] {
            let code = Qr::of_uri(uri).unwrap();
            let drawn = code.for_terminal(40).unwrap_or_else(|| panic!("{uri} takes {} columns", code.columns()));
            assert_eq!(seen(&drawn, Ink::Dark).to_lowercase(), uri.to_lowercase());
        }
        assert!(Qr::of(&"x".repeat(5_000)).is_err());
    }
}
