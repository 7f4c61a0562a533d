//! The upper part of a sheet: which wallet it is, and what a restored wallet is compared with.
//!
//! Nothing here is secret.

use console::truncate_str;
use fastness::text::in_fours;

use super::{
    FirstAddress, PassphraseNote, Sheet, SheetKind, WIDTH, WhichShare,
    svg::{Anchor, At, Drawing, Face, Ink, Set, fitted},
};

/// Most addresses that are listed.
const LISTED: usize = 4;
/// Longest names of a wallet and of an account, in letters: smaller ones could not be read.
const LONGEST_NAME: usize = 64;
const LONGEST_ACCOUNT: usize = 30;
/// Where addresses begin.
const ADDRESS: usize = 480;
/// Where the columns of facts begin.
const COLUMNS: [usize; 3] = [0, 520, 1080];
const LABEL: Set = Set::new(29, Face::Sans).grey();
/// Between two addresses.
const STEP: usize = 54;

/// Draws it, and answers where it ends.
pub(super) fn draw(drawing: &mut Drawing, sheet: &Sheet<'_>) -> usize {
    title(drawing, sheet);
    facts(drawing, sheet);
    let end = addresses(drawing, sheet.addresses);
    match &sheet.kind {
        SheetKind::Share { place, .. } => share(drawing, *place, end),
        SheetKind::Words { .. } | SheetKind::Blank { .. } => end,
    }
}

fn title(drawing: &mut Drawing, sheet: &Sheet<'_>) {
    let what = match sheet.kind {
        SheetKind::Words { .. } => "BACKUP SHEET · THE WORDS OF A WALLET",
        SheetKind::Share { .. } => "BACKUP SHEET · ONE SHARE OF A WALLET",
        SheetKind::Blank { .. } => "BACKUP SHEET · TO FILL BY HAND",
    };
    drawing.text(At { x: 0, y: 30 }, Set::new(32, Face::SansBold).grey(), what);
    let name = truncate_str(sheet.wallet, LONGEST_NAME, "…");
    drawing.text(At { x: 0, y: 128 }, Set::new(fitted(&name, 96, 1180), Face::MonoBold), &name);
    drawing.text(At { x: 1250, y: 128 }, LABEL, "Date");
    drawing.line(At { x: 1330, y: 132 }, At { x: WIDTH, y: 132 }, 3, Ink::Black);
    drawing.line(At { x: 0, y: 172 }, At { x: WIDTH, y: 172 }, 9, Ink::Black);
}

fn facts(drawing: &mut Drawing, sheet: &Sheet<'_>) {
    let count = sheet.kind.count();
    let passphrase = match sheet.passphrase {
        PassphraseNote::None => "none",
        PassphraseNote::Needed => "NEEDED, not on this sheet",
    };
    let words = format!("{count}, {}", sheet.language);
    let facts = [
        ("Fingerprint", in_fours(sheet.fingerprint), Face::MonoBold),
        ("Words", words, Face::Sans),
        ("Passphrase (BIP-39)", passphrase.to_owned(), Face::Sans),
    ];
    for (x, (label, value, face)) in COLUMNS.into_iter().zip(facts) {
        drawing.text(At { x, y: 232 }, LABEL, label);
        let size = if face == Face::Sans { 46 } else { fitted(&value, 52, 480) };
        drawing.text(At { x, y: 286 }, Set::new(size, face), &value);
    }
}

/// The first address of each account; of more than a few the rest is counted.
fn addresses(drawing: &mut Drawing, addresses: &[FirstAddress]) -> usize {
    if addresses.is_empty() {
        return 330;
    }
    drawing.text(
        At { x: 0, y: 352 },
        LABEL,
        "First address of each account: a wallet that was restored has to show the same",
    );
    let shown = addresses.get(..LISTED).unwrap_or(addresses);
    let grouped: Vec<String> = shown.iter().map(|first| grouped(&first.address)).collect();
    let size = grouped.iter().map(|address| fitted(address, 36, WIDTH - ADDRESS)).min().unwrap_or(LABEL.size);
    let mut y = 352;
    for (first, address) in shown.iter().zip(&grouped) {
        y += STEP;
        let account = truncate_str(&first.account, LONGEST_ACCOUNT, "…");
        drawing.text(At { x: 0, y }, Set::new(fitted(&account, 34, 440), Face::Mono), &account);
        drawing.text(At { x: ADDRESS, y }, Set::new(size, Face::Mono), address);
    }
    let rest = addresses.len() - shown.len();
    if rest > 0 {
        y += STEP;
        let more = format!("and {rest} more: fastness show lists them");
        drawing.text(At { x: 0, y }, Set::new(32, Face::Sans), &more);
    }
    y + 30
}

/// An address in groups of four, as the program shows it: `0x` stands before the first.
fn grouped(address: &str) -> String {
    match address.strip_prefix("0x") {
        Some(digits) => format!("0x{}", in_fours(digits)),
        None => in_fours(address),
    }
}

fn share(drawing: &mut Drawing, place: WhichShare, top: usize) -> usize {
    let of = place.shares.map_or_else(String::new, |shares| format!(" of {shares}"));
    let which = format!("Share {}{of}, group {} of {}", place.share, place.group, place.groups);
    let needed = format!(
        "To restore: {} of this group's shares, and {} of {} groups",
        place.shares_needed, place.groups_needed, place.groups
    );
    drawing.text(At { x: 0, y: top + 60 }, Set::new(54, Face::SansBold), &which);
    drawing.text(At { x: WIDTH, y: top + 60 }, Set::new(34, Face::Sans).at(Anchor::End), &needed);
    top + 80
}
