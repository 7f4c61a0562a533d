//! The page read back: its words and numbers in order, its SeedQR by another program, and nothing outside of the paper.

use proptest::prelude::*;

use super::*;

const TWELVE: (&str, &str) = (
    "vacuum bridge buddy supreme exclude milk consider tail expand wasp pattern nuclear",
    "192402220235174306311124037817700641198012901210",
);

/// A text of a page.
#[derive(Debug)]
struct Text {
    x: usize,
    y: usize,
    size: usize,
    anchor: String,
    is_mono: bool,
    text: String,
}

fn attribute(tag: &str, name: &str) -> String {
    let behind = tag.split_once(&format!(" {name}=\"")).map_or("", |(_, behind)| behind);
    behind.split('"').next().unwrap().to_owned()
}

fn number(tag: &str, name: &str) -> usize {
    attribute(tag, name).parse().unwrap_or_else(|_| panic!("{name} of {tag}"))
}

fn unescaped(text: &str) -> String {
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    entities.iter().fold(text.to_owned(), |text, (entity, letter)| text.replace(entity, letter))
}

fn texts(page: &str) -> Vec<Text> {
    let read = |line: &str| {
        let line = line.strip_prefix("<text")?;
        let (tag, text) = line.strip_suffix("</text>")?.split_once('>')?;
        Some(Text {
            x: number(tag, "x"),
            y: number(tag, "y"),
            size: number(tag, "font-size"),
            anchor: attribute(tag, "text-anchor"),
            is_mono: attribute(tag, "font-family").ends_with("monospace"),
            text: unescaped(text),
        })
    };
    page.lines().filter_map(read).collect()
}

/// The words that stand behind their numbers.
fn numbered(page: &str) -> Vec<(usize, String)> {
    let texts = texts(page);
    let is_number = |text: &&Text| text.anchor == "end" && text.text.parse::<usize>().is_ok();
    let numbers = texts.iter().filter(is_number);
    let behind = |number: &Text| {
        let beside = texts.iter().filter(|text| text.y == number.y && text.x > number.x && text.x < number.x + 60);
        beside.map(|text| text.text.clone()).next().unwrap_or_default()
    };
    numbers.map(|number| (number.text.parse().unwrap(), behind(number))).collect()
}

/// Tenths of a millimetre in a pixel.
const PIXEL: usize = 4;

/// The page without its texts, as a camera sees it.
struct Picture {
    pixels: Vec<u8>,
    width: usize,
}

impl Picture {
    fn of(page: &str) -> Self {
        let width = WIDTH / PIXEL;
        let mut picture = Self { pixels: vec![255; width * (HEIGHT / PIXEL)], width };
        for tag in page.lines() {
            if tag.starts_with("<line") {
                let [left, top, right, bottom] = ["x1", "y1", "x2", "y2"].map(|name| number(tag, name));
                picture.fill(left..right + 1, top..bottom + 1, grey(tag));
            } else if tag.starts_with("<rect") && tag.contains(" x=") {
                let [left, top, width, height] = ["x", "y", "width", "height"].map(|name| number(tag, name));
                let (right, bottom) = (left + width, top + height);
                if tag.contains("class=\"module\"") {
                    picture.fill(left..right, top..bottom, 0);
                } else {
                    picture.fill(left..right, top..top + 1, grey(tag));
                    picture.fill(left..left + 1, top..bottom, grey(tag));
                }
            }
        }
        picture
    }

    fn fill(&mut self, columns: std::ops::Range<usize>, rows: std::ops::Range<usize>, grey: u8) {
        for y in rows.start / PIXEL..rows.end.div_ceil(PIXEL) {
            for x in columns.start / PIXEL..columns.end.div_ceil(PIXEL) {
                if let Some(pixel) = self.pixels.get_mut(y * self.width + x) {
                    *pixel = grey;
                }
            }
        }
    }

    /// The text of the one code that it shows.
    fn scanned(&self) -> Option<String> {
        let luma = |x: usize, y: usize| self.pixels[y * self.width + x];
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(self.width, self.pixels.len() / self.width, luma);
        let grids = image.detect_grids();
        assert!(grids.len() <= 1, "one code at most");
        grids.first().and_then(|grid| grid.decode().ok()).map(|(_, text)| text)
    }
}

/// Of a colour such as `#888`.
fn grey(tag: &str) -> u8 {
    u8::from_str_radix(&attribute(tag, "stroke")[1..2].repeat(2), 16).unwrap()
}

fn sheet<'a>(wallet: &'a str, addresses: &'a [FirstAddress], kind: SheetKind<'a>) -> Sheet<'a> {
    let (fingerprint, passphrase) = ("73c5da0a", PassphraseNote::Needed);
    Sheet { wallet, fingerprint, language: "english", passphrase, addresses, kind }
}

fn addresses(count: usize) -> Vec<FirstAddress> {
    let address = "bcrt1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqc8gma6";
    let one =
        |number: usize| FirstAddress { account: format!("taproot-{number}, regtest"), address: address.to_owned() };
    (0..count).map(one).collect()
}

#[test]
fn every_word_stands_behind_its_number_in_order() {
    for count in [1, 12, 15, 18, 20, 21, 24, 33, 60] {
        let words: Vec<String> = (1..=count).map(|number| format!("word{number}")).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let place = WhichShare { group: 1, groups: 3, groups_needed: 2, share: 2, shares: Some(5), shares_needed: 3 };
        for kind in [SheetKind::Words { words: &words, code: None }, SheetKind::Share { words: &words, place }] {
            let page = sheet("main", &[], kind).page(SheetForm::Svg).unwrap();
            let expected: Vec<_> =
                words.iter().enumerate().map(|(place, word)| (place + 1, (*word).to_owned())).collect();
            assert_eq!(numbered(&page), expected);
        }
        let blank = sheet("main", &[], SheetKind::Blank { count, code: None }).page(SheetForm::Svg).unwrap();
        assert_eq!(numbered(&blank), (1..=count).map(|number| (number, String::new())).collect::<Vec<_>>());
    }
    for count in [0, MOST_WORDS + 1] {
        assert!(sheet("main", &[], SheetKind::Blank { count, code: None }).page(SheetForm::Html).is_err());
    }
}

#[test]
fn what_is_said_of_the_wallet_is_on_the_page() {
    let place = WhichShare { group: 1, groups: 3, groups_needed: 2, share: 2, shares: None, shares_needed: 3 };
    let page =
        sheet("main", &addresses(2), SheetKind::Share { words: &["acid"; 20], place }).page(SheetForm::Svg).unwrap();
    let texts: Vec<String> = texts(&page).into_iter().map(|text| text.text).collect();
    for part in [
        "main",
        "73c5 da0a",
        "20, english",
        "NEEDED, not on this sheet",
        "taproot-1, regtest",
        "bcrt 1p0x lxvl hemj a6c4 dqv2 2uap ctqu pfhl xm9h 8z3k 2e72 q4k9 hcz7 vqc8 gma6",
        "Share 2, group 1 of 3",
        "To restore: 3 of this group's shares, and 2 of 3 groups",
    ] {
        assert!(texts.iter().any(|text| text == part), "{part}: {texts:?}");
    }
    let many = sheet("main", &addresses(7), SheetKind::Blank { count: 12, code: None }).page(SheetForm::Svg).unwrap();
    assert!(many.contains("and 3 more"), "none is left out without a word");
}

#[test]
fn a_name_cannot_leave_its_text() {
    for name in ["<script>&\"'</text>", "a\u{0}b\u{1b}c\u{ffff}", "--><!--", "]]>"] {
        let sheet = sheet(name, &[], SheetKind::Blank { count: 12, code: None });
        for form in [SheetForm::Svg, SheetForm::Html] {
            let page = sheet.page(form).unwrap();
            let shown = name.replace(['\u{0}', '\u{1b}', '\u{ffff}'], "?");
            assert!(texts(&page).iter().any(|text| text.text == shown), "{name:?}");
            let raw = page.lines().filter(|line| line.starts_with("<text"));
            assert!(raw.flat_map(|line| line.chars()).all(|letter| !letter.is_control()), "{name:?}");
            assert!(!page.contains("<script") && !page.contains("http-equiv=\"refresh"));
            let loaded = ["href", "url(", "src=", "@import"].iter().find(|way| page.contains(**way));
            assert_eq!(loaded, None, "nothing is loaded");
        }
    }
}

/// SeedSigner's example of 12 words and its vector 1 of 24 (the page on SeedQR in its repository).
#[test]
fn a_camera_reads_the_words_of_a_filled_sheet_and_of_one_that_was_filled_by_hand() {
    let vector = (
        "attack pizza motion avocado network gather crop fresh patrol unusual wild holiday candy pony ranch winter theme error \
         hybrid van cereal salon goddess expire",
        "011513251154012711900771041507421289190620080870026613431420201617920614089619290300152408010643",
    );
    for (words, digits) in [TWELVE, vector] {
        let (words, addresses): (Vec<&str>, _) = (words.split(' ').collect(), addresses(5));
        let code = SeedQr::of_digits(digits).unwrap();
        let filled = sheet("main", &addresses, SheetKind::Words { words: &words, code: Some(&code) });
        for form in [SheetForm::Svg, SheetForm::Html] {
            assert_eq!(Picture::of(&filled.page(form).unwrap()).scanned().as_deref(), Some(digits));
        }
        let empty = SeedQrSize::of_words(words.len()).map(SeedQr::empty);
        let blank = sheet("main", &addresses, SheetKind::Blank { count: words.len(), code: empty.as_ref() });
        let (blank, filled) = (blank.page(SheetForm::Svg).unwrap(), filled.page(SheetForm::Svg).unwrap());
        assert_eq!(Picture::of(&blank).scanned(), None, "nothing to be read yet");
        // A pen on paper: black over what is printed.
        let pen: Vec<&str> = filled.lines().filter(|line| line.contains("class=\"module\"")).collect();
        assert_eq!(Picture::of(&[&blank, &*pen.join("\n")].concat()).scanned().as_deref(), Some(digits));
    }
}

/// Width of a text as this page reckons it: exact for equal letters, broad for others.
fn extent(text: &Text) -> std::ops::Range<usize> {
    let hundredths = if text.is_mono { 61 } else { 56 };
    let width = console::measure_text_width(&text.text) * text.size * hundredths / 100;
    let start = match text.anchor.as_str() {
        "end" => text.x.saturating_sub(width),
        "middle" => text.x.saturating_sub(width / 2),
        _ => text.x,
    };
    start..start + width
}

fn overlap(one: &Text, other: &Text) -> bool {
    let (left, right) = (extent(one), extent(other));
    // Above its baseline a letter has three quarters of its size, below it a quarter.
    let height = |text: &Text| text.y - text.size * 3 / 4..text.y + text.size / 4;
    let (above, below) = (height(one), height(other));
    left.start < right.end && right.start < left.end && above.start < below.end && below.start < above.end
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn everything_stands_on_the_paper_and_nothing_on_something_else(
        name in "[a-z0-9_-]{1,64}",
        accounts in 0_usize..8,
        count in prop::sample::select(vec![1, 12, 15, 18, 20, 21, 24, 33, 47, 60]),
        is_filled in any::<bool>(),
    ) {
        let (words, addresses) = (vec!["mushroom"; count], addresses(accounts));
        let empty = SeedQrSize::of_words(count).map(SeedQr::empty);
        let kind = if is_filled {
            SheetKind::Words { words: &words, code: empty.as_ref() }
        } else {
            SheetKind::Blank { count, code: empty.as_ref() }
        };
        let page = sheet(&name, &addresses, kind).page(SheetForm::Html).unwrap();
        let texts = texts(&page);
        for (place, text) in texts.iter().enumerate() {
            let extent = extent(text);
            prop_assert!(extent.end <= WIDTH + 5 && text.y <= HEIGHT && text.y >= text.size * 3 / 4, "{text:?}");
            prop_assert!(text.size >= 18, "too small to be read: {text:?}");
            for other in &texts[place + 1..] {
                prop_assert!(!overlap(text, other), "{text:?} on {other:?}");
            }
        }
        for line in page.lines().filter(|line| line.starts_with("<line")) {
            prop_assert!(number(line, "x2") <= WIDTH && number(line, "y2") <= HEIGHT, "{line}");
        }
        for rect in page.lines().filter(|line| line.starts_with("<rect") && line.contains(" x=")) {
            prop_assert!(number(rect, "y") + number(rect, "height") <= HEIGHT, "{rect}");
        }
    }
}
