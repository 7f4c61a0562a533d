//! A QR code in a picture: a screenshot or a photograph as PNG, whose content may be secret.
//!
//! Pictures of any size are refused before they take memory; what the code says is judged elsewhere.

use std::io::Cursor;

use fastness::keystore::SecretBytes;
use zeroize::Zeroizing;

use super::CliError;

/// How a PNG begins.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
/// Most pixels of a picture: more than any camera's has in use for a code.
const MOST_PIXELS: u64 = 40_000_000;

/// Whether a file is a picture.
pub(crate) fn is_picture(bytes: &[u8]) -> bool {
    bytes.starts_with(PNG)
}

/// What the one code in a picture says.
///
/// # Errors
/// It is no PNG, too large, or has no code or several.
pub(crate) fn read(bytes: &[u8]) -> Result<SecretBytes, CliError> {
    let wrong = |what: &str| CliError::Usage(format!("the picture cannot be used: {what}"));
    let mut decoder = png::Decoder::new(Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(|_| wrong("it is no PNG"))?;
    let (width, height) = reader.info().size();
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        return Err(wrong("it has more than 40 million pixels"));
    }
    let size = reader.output_buffer_size().ok_or_else(|| wrong("it is no PNG"))?;
    let mut pixels = Zeroizing::new(vec![0; size]);
    let frame = reader.next_frame(&mut pixels).map_err(|_| wrong("it is damaged"))?;
    let [width, height] = [width, height].map(usize::try_from).map(Result::unwrap_or_default);
    let samples = frame.color_type.samples();
    let bright =
        |x: usize, y: usize| grey(pixels.get(y * frame.line_size + x * samples..).unwrap_or_default(), samples);
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, height, bright);
    let codes = image.detect_grids();
    let [code] = codes.as_slice() else {
        return Err(wrong(if codes.is_empty() {
            "there is no QR code in it"
        } else {
            "there are several QR codes in it"
        }));
    };
    let mut content = Zeroizing::new(Vec::new());
    code.decode_to(&mut *content).map_err(|_| wrong("its QR code cannot be read"))?;
    Ok(SecretBytes::new(std::mem::take(&mut *content)))
}

/// The brightness of a pixel; what is transparent lies on white.
fn grey(pixel: &[u8], samples: usize) -> u8 {
    let sample = |place: usize| u32::from(pixel.get(place).copied().unwrap_or(255));
    let (light, opacity) = match samples {
        1 => (sample(0), 255),
        2 => (sample(0), sample(1)),
        3 => ((sample(0) + sample(1) + sample(2)) / 3, 255),
        _ => ((sample(0) + sample(1) + sample(2)) / 3, sample(3)),
    };
    u8::try_from((light * opacity + 255 * (255 - opacity)) / 255).unwrap_or(255)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::qr::Qr;

    #[test]
    fn what_was_drawn_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("code.png");
        Qr::of("0115132511540127").unwrap().write_png(&path).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert!(is_picture(&bytes) && !is_picture(b"abandon"));
        assert_eq!(read(&bytes).unwrap().as_bytes(), b"0115132511540127");
        for cut in [8, 40, bytes.len() / 2] {
            assert!(read(&bytes[..cut]).is_err(), "{cut}");
        }
    }

    #[test]
    fn transparent_pixels_lie_on_white() {
        assert_eq!(grey(&[0, 0, 0, 0], 4), 255);
        assert_eq!(grey(&[0, 0, 0, 255], 4), 0);
        assert_eq!((grey(&[9], 1), grey(&[30, 60, 90], 3), grey(&[], 3)), (9, 60, 255));
    }

    #[test]
    fn a_picture_without_a_code_and_one_that_claims_to_be_huge_are_refused() {
        let blank = |width: u32, height: u32| {
            let mut bytes = Vec::new();
            let mut encoder = png::Encoder::new(&mut bytes, width, height);
            encoder.set_color(png::ColorType::Grayscale);
            encoder.set_depth(png::BitDepth::One);
            let rows = usize::try_from(width.div_ceil(8) * height).unwrap();
            encoder.write_header().unwrap().write_image_data(&vec![255; rows]).unwrap();
            read(&bytes).err().unwrap().to_string()
        };
        assert!(blank(64, 64).contains("no QR code"), "{}", blank(64, 64));
        assert!(blank(8000, 5001).contains("40 million"), "{}", blank(8000, 5001));
    }
}
