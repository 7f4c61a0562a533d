//! Pictures of the ten screens that are seen most, and of the story of a payment, drawn from the real program for the README.
//!
//! `FASTNESS_PICTURES=write cargo test --test stories pictures` draws them anew into docs/screens, dark and light; without it they
//! are drawn and compared with what is there, words that differ from run to run left out.

use std::{collections::BTreeMap, fmt::Write as _, path::PathBuf};

use crate::harness::{
    Stage,
    terminal::{Cell, Paint, Session, Size},
};

const SIZE: Size = Size { columns: 80, rows: 46 };
/// Width and height of a character, where its letters stand in it, and the margin around them all, in tenths of a pixel.
const CELL: (usize, usize) = (84, 190);
const BASE: usize = 142;
const MARGIN: usize = 160;

struct Theme {
    name: &'static str,
    ground: &'static str,
    text: &'static str,
    red: &'static str,
    green: &'static str,
    yellow: &'static str,
    other: &'static str,
}

const THEMES: [Theme; 2] = [
    Theme {
        name: "dark",
        ground: "#16181d",
        text: "#d8dbe2",
        red: "#ff7b72",
        green: "#7ee787",
        yellow: "#e3b341",
        other: "#79c0ff",
    },
    Theme {
        name: "light",
        ground: "#ffffff",
        text: "#24292f",
        red: "#b31d28",
        green: "#116329",
        yellow: "#7d4e00",
        other: "#0550ae",
    },
];

impl Theme {
    fn ink(&self, cell: &Cell) -> &'static str {
        match cell.paint {
            Paint::Usual => self.text,
            Paint::Red => self.red,
            Paint::Green => self.green,
            Paint::Yellow => self.yellow,
            Paint::Other => self.other,
        }
    }

    fn frame(&self, columns: usize, rows: usize, body: &str) -> String {
        let (width, height) = (columns * CELL.0 + 2 * MARGIN, rows * CELL.1 + 2 * MARGIN);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{}\" height=\"{}\" \
             font-family=\"ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace\" font-size=\"140\">\n\
             <rect width=\"100%\" height=\"100%\" rx=\"80\" fill=\"{}\"/>\n{body}</svg>\n",
            width / 10,
            height / 10,
            self.ground
        )
    }

    /// A screen, each run of one colour as a text of its own width.
    fn screen(&self, rows: &[Vec<Cell>]) -> String {
        let mut body = String::new();
        for (place, row) in rows.iter().enumerate() {
            let (top, y) = (MARGIN + place * CELL.1, MARGIN + place * CELL.1 + BASE);
            row.iter().filter(|cell| cell.is_on_white).for_each(|cell| body.push_str(&block(cell, top)));
            for run in row.chunk_by(|one, next| {
                (one.paint, one.bold, one.is_on_white) == (next.paint, next.bold, next.is_on_white)
            }) {
                let letters = run.iter().skip_while(|cell| cell.letter == ' ');
                let run: Vec<&Cell> = letters.collect();
                let Some(first) = run.first().filter(|first| !first.is_on_white) else { continue };
                let text: String = run.iter().map(|cell| cell.letter).collect();
                let text = text.trim_end().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
                let bold = if first.bold { " font-weight=\"bold\"" } else { "" };
                let x = MARGIN + first.column * CELL.0;
                let shown = run.iter().rposition(|cell| cell.letter != ' ').map_or(0, |last| last + 1);
                let length = shown * CELL.0;
                writeln!(
                    body,
                    "<text x=\"{x}\" y=\"{y}\" textLength=\"{length}\" xml:space=\"preserve\" fill=\"{}\"{bold}>{text}</text>",
                    self.ink(first)
                )
                .unwrap();
            }
        }
        self.frame(usize::from(SIZE.columns), rows.len(), &body)
    }
}

/// A cell of a QR code: white, with its upper or lower half black.
fn block(cell: &Cell, top: usize) -> String {
    let (x, half) = (MARGIN + cell.column * CELL.0, CELL.1 / 2);
    let rect = |y: usize, height: usize, fill: &str| {
        format!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{height}\" fill=\"{fill}\" shape-rendering=\"crispEdges\"/>",
            CELL.0
        )
    };
    let black = match cell.letter {
        '\u{2588}' => rect(top, CELL.1, "#000000"),
        '\u{2580}' => rect(top, half, "#000000"),
        '\u{2584}' => rect(top + half, half, "#000000"),
        _ => String::new(),
    };
    format!("{}{black}\n", rect(top, CELL.1, "#ffffff"))
}

/// The stations of a payment: what each does, and what it never has.
const STATIONS: [(&str, &str, &str); 5] = [
    ("plan", "what is to be paid, from what this machine knows", "no keys"),
    ("review", "read from the bytes, before anything is unlocked", "no keys, no network"),
    ("sign", "in a sealed process: no network, no new files", "no network"),
    ("broadcast", "to several explorers at once, after it is on disk", "no keys"),
    ("track", "until a block proves it", "no keys, no belief"),
];

fn payment(theme: &Theme) -> String {
    let mut body = String::new();
    let text = |body: &mut String, (x, y): (usize, usize), (fill, text): (&str, &str)| {
        writeln!(body, "<text x=\"{x}\" y=\"{y}\" fill=\"{fill}\">{text}</text>").unwrap();
    };
    for (place, (name, does, lacks)) in STATIONS.iter().enumerate() {
        let (y, line) = (MARGIN + place * 620, theme.other);
        writeln!(body, "<rect x=\"{MARGIN}\" y=\"{y}\" width=\"6720\" height=\"460\" rx=\"60\" fill=\"none\" stroke=\"{line}\" stroke-width=\"10\"/>").unwrap();
        text(&mut body, (320, y + 280), (theme.text, name));
        text(&mut body, (1300, y + 200), (theme.text, does));
        text(&mut body, (1300, y + 380), (theme.green, lacks));
        if place + 1 < STATIONS.len() {
            let from = y + 470;
            writeln!(body, "<path d=\"M 3520 {from} v 120 m -40 -50 l 40 50 l 40 -50\" fill=\"none\" stroke=\"{line}\" stroke-width=\"10\"/>").unwrap();
        }
    }
    theme.frame(80, 16, &body)
}

/// What a person sees after a command, or while a question waits.
fn shown(stage: &Stage, arguments: &[&str], waits_for: Option<&str>) -> Vec<Vec<Cell>> {
    let mut session = Session::start(stage, SIZE, arguments);
    match waits_for {
        Some(question) => {
            session.wait_for(question);
        }
        None => {
            session.exit_code();
        }
    }
    let mut rows = session.cells();
    while rows.last().is_some_and(|row| row.iter().all(|cell| cell.letter == ' ')) {
        rows.pop();
    }
    if waits_for.is_some() {
        session.control('c');
        session.exit_code();
    }
    rows
}

/// The ten screens, in the order in which a person meets them.
fn screens() -> BTreeMap<&'static str, Vec<Vec<Cell>>> {
    let stage = Stage::with_coins(&[50_000_000, 7_000_000]);
    let shop = Stage::shop();
    stage.json(&["contacts", "add", "shop", &shop]);
    let mut screens = BTreeMap::new();
    screens.insert("01-first-page", shown(&Stage::new(), &[], None));
    screens.insert("02-words", shown_after_password(&stage, &["backup", "words"], "Press Enter"));
    screens.insert("03-receive", shown(&stage, &["receive", "--qr"], None));
    screens.insert("04-review", shown(&stage, &["send", "@shop", "0.25btc", "--fee-rate", "3"], Some("to decline")));
    let sent = stage.send(&["@shop", "0.25btc", "--fee-rate", "3"])["id"].as_str().unwrap().to_owned();
    screens.insert("05-status", shown(&stage, &["status"], None));
    screens.insert("06-track", shown(&stage, &["track", &sent], None));
    stage.mine(3);
    stage.json(&["sync"]);
    screens.insert("07-balance", shown(&stage, &["balance"], None));
    screens.insert("08-history", shown(&stage, &["history"], None));
    screens.insert("09-transaction", shown(&stage, &["tx", &sent], None));
    screens.insert("10-stop", shown(&stage, &["send", "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx", "0.1btc"], None));
    screens
}

fn shown_after_password(stage: &Stage, arguments: &[&str], waits_for: &str) -> Vec<Vec<Cell>> {
    let mut session = Session::start(stage, SIZE, arguments);
    session.password().wait_for(waits_for);
    let mut rows = session.cells();
    while rows.last().is_some_and(|row| row.iter().all(|cell| cell.letter == ' ')) {
        rows.pop();
    }
    session.line("");
    session.exit_code();
    rows
}

/// What a picture says, without words that differ from run to run: numbers, ids, groups of an address.
fn words(svg: &str) -> Vec<String> {
    let texts = svg.split("</text>").filter_map(|part| part.rsplit('>').next());
    let is_steady =
        |word: &&str| word.len() > 4 && word.chars().all(|letter| !letter.is_ascii_digit() && letter < '\u{2580}');
    texts.flat_map(str::split_whitespace).filter(is_steady).map(str::to_owned).collect()
}

#[test]
fn pictures_are_of_the_program_as_it_is() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/screens");
    let mut drawn: BTreeMap<String, String> = BTreeMap::new();
    let screens = screens();
    assert_eq!(screens.len(), 10);
    for theme in &THEMES {
        for (name, rows) in &screens {
            assert!(rows.len() >= 2 && rows.iter().all(|row| row.len() <= usize::from(SIZE.columns)), "{name}");
            drawn.insert(format!("{name}-{}.svg", theme.name), theme.screen(rows));
        }
        drawn.insert(format!("payment-{}.svg", theme.name), payment(theme));
    }
    let is_written = std::env::var_os("FASTNESS_PICTURES").is_some_and(|value| value == "write");
    if is_written {
        std::fs::create_dir_all(&folder).unwrap();
    }
    for (name, picture) in &drawn {
        if is_written {
            std::fs::write(folder.join(name), picture).unwrap();
        }
        let kept = std::fs::read_to_string(folder.join(name)).unwrap_or_else(|_| panic!("{name} was never drawn"));
        assert_eq!(
            words(&kept),
            words(picture),
            "{name} is of an older program: FASTNESS_PICTURES=write draws it anew"
        );
    }
}
