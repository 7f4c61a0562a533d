//! The drawing: texts, lines and squares in tenths of a millimetre, as SVG, and the HTML around it.
//!
//! Every text is escaped here and nowhere else. Nothing is known of what a text means.

use console::measure_text_width;
use zeroize::Zeroizing;

use super::{HEIGHT, WIDTH};

/// Bytes of the longest page, so that it is not copied while it grows: 60 words, 841 modules and the texts around them.
const LONGEST: usize = 256 * 1024;
/// A4 in tenths of a millimetre, and where the printed part begins on it.
const PAPER: Extent = Extent { width: 2100, height: 2970 };
const MARGIN: At = At { x: (PAPER.width - WIDTH) / 2, y: (PAPER.height - HEIGHT) / 2 };
/// Width of a letter of a fixed-width typeface, in hundredths of its size.
const LETTER: usize = 61;
const SANS: &str = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif";
const MONO: &str = "'DejaVu Sans Mono', Menlo, Consolas, 'Liberation Mono', monospace";

/// A place on the page.
#[derive(Clone, Copy)]
pub(super) struct At {
    pub(super) x: usize,
    /// Of a text, its baseline.
    pub(super) y: usize,
}

/// A width and a height.
#[derive(Clone, Copy)]
pub(super) struct Extent {
    pub(super) width: usize,
    pub(super) height: usize,
}

/// How dark a stroke or a letter is.
#[derive(Clone, Copy)]
pub(super) enum Ink {
    /// To be read.
    Black,
    /// To be found.
    Grey,
    /// To guide a hand from one part to the next.
    Light,
    /// To guide a hand within a part; a camera takes it for white.
    Pale,
}

/// The typeface.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Face {
    /// For sentences.
    Sans,
    /// For what is copied letter by letter.
    Mono,
    /// The same, bold.
    MonoBold,
    /// For headings.
    SansBold,
}

/// Which point of a text its place is.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// How a text is set.
#[derive(Clone, Copy)]
pub(super) struct Set {
    pub(super) size: usize,
    pub(super) face: Face,
    pub(super) ink: Ink,
    pub(super) anchor: Anchor,
}

/// What has been drawn so far.
pub(super) struct Drawing {
    body: Zeroizing<String>,
}

impl Set {
    /// Black and from its left end.
    pub(super) const fn new(size: usize, face: Face) -> Self {
        Self { size, face, ink: Ink::Black, anchor: Anchor::Start }
    }

    /// The same in grey.
    pub(super) const fn grey(self) -> Self {
        Self { ink: Ink::Grey, ..self }
    }

    /// The same with its place at another point.
    pub(super) const fn at(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }
}

impl Ink {
    const fn colour(self) -> &'static str {
        match self {
            Self::Black => "#000",
            Self::Grey => "#555",
            Self::Light => "#888",
            Self::Pale => "#bbb",
        }
    }
}

impl Drawing {
    pub(super) fn new() -> Self {
        Self { body: Zeroizing::new(String::with_capacity(LONGEST)) }
    }

    /// A text on one line.
    pub(super) fn text(&mut self, at: At, set: Set, text: &str) {
        let (family, weight) = match set.face {
            Face::Sans => (SANS, ""),
            Face::SansBold => (SANS, " font-weight=\"bold\""),
            Face::Mono => (MONO, ""),
            Face::MonoBold => (MONO, " font-weight=\"bold\""),
        };
        let anchor = match set.anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let (At { x, y }, size, ink) = (at, set.size, set.ink.colour());
        self.body.push_str(&format!(
            "<text x=\"{x}\" y=\"{y}\" font-family=\"{family}\" font-size=\"{size}\" fill=\"{ink}\"{weight}{anchor}>"
        ));
        escape(text, &mut self.body);
        self.body.push_str("</text>\n");
    }

    /// A straight line of this thickness.
    pub(super) fn line(&mut self, from: At, to: At, thickness: usize, ink: Ink) {
        let (x1, y1, x2, y2, ink) = (from.x, from.y, to.x, to.y, ink.colour());
        self.body.push_str(&format!(
            "<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" stroke=\"{ink}\" stroke-width=\"{thickness}\"/>\n"
        ));
    }

    /// A filled black rectangle, of the modules of a code: without blurred edges between them.
    pub(super) fn module(&mut self, at: At, extent: Extent) {
        let (At { x, y }, Extent { width, height }) = (at, extent);
        self.body.push_str(&format!(
            "<rect class=\"module\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" shape-rendering=\"crispEdges\"/>\n"
        ));
    }

    /// The pale edges of a square.
    pub(super) fn cell(&mut self, at: At, side: usize) {
        let (At { x, y }, ink) = (at, Ink::Pale.colour());
        self.body.push_str(&format!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{side}\" height=\"{side}\" fill=\"none\" stroke=\"{ink}\" stroke-width=\"2\"/>\n"
        ));
    }

    /// A picture of the size of A4.
    pub(super) fn into_svg(self) -> Zeroizing<String> {
        let (Extent { width, height }, At { x, y }) = (PAPER, MARGIN);
        self.within(
            &format!(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}mm\" height=\"{}mm\" viewBox=\"0 0 {width} {height}\">\n\
                 <rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n<g transform=\"translate({x} {y})\">\n",
                width / 10,
                height / 10
            ),
            "</g>\n</svg>\n",
        )
    }

    /// A page for a browser: on any paper that holds the printed part, which it centres.
    pub(super) fn into_html(self) -> Zeroizing<String> {
        let (width, height) = (WIDTH / 10, HEIGHT / 10);
        self.within(
            &format!(
                "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
                 <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
                 <title>Backup sheet</title>\n<style>\n@page {{ margin: 12mm; }}\nbody {{ margin: 0; background: #fff; }}\n\
                 svg {{ display: block; margin: 0 auto; width: {width}mm; height: {height}mm; }}\n\
                 @media screen {{ body {{ padding: 12mm; }} }}\n</style>\n</head>\n<body>\n\
                 <svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\">\n"
            ),
            "</svg>\n</body>\n</html>\n",
        )
    }

    fn within(self, before: &str, after: &str) -> Zeroizing<String> {
        let mut whole = Zeroizing::new(String::with_capacity(before.len() + self.body.len() + after.len()));
        whole.push_str(before);
        whole.push_str(&self.body);
        whole.push_str(after);
        whole
    }
}

/// The size in which a text of a fixed-width typeface fits the room, `most` at most.
pub(super) fn fitted(text: &str, most: usize, room: usize) -> usize {
    let columns = measure_text_width(text).max(1);
    most.min(room * 100 / (LETTER * columns))
}

/// Text between tags and in quotes (XML 1.0); what XML cannot hold becomes a question mark.
fn escape(text: &str, page: &mut String) {
    for letter in text.chars() {
        match letter {
            '&' => page.push_str("&amp;"),
            '<' => page.push_str("&lt;"),
            '>' => page.push_str("&gt;"),
            '"' => page.push_str("&quot;"),
            '\'' => page.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => page.push('?'),
            control if control.is_control() => page.push('?'),
            plain => page.push(plain),
        }
    }
}
