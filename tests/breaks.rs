//! Planted breaks: each promise has a line of code that keeps it, and a test that turns red when the line is taken away.
//!
//! A usual run reads the list: every line to break stands in the code exactly once, every test named exists, and
//! docs/testing.md says the same. `tests/breaks.sh` plants each break in a copy of the tree and runs its test.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "breaks/list.rs"]
mod list;
#[path = "breaks/plant.rs"]
mod plant;

use std::{fmt::Write, path::Path};

use list::{Break, breaks};

/// Set by `tests/breaks.sh`: numbers of breaks to plant, or `all`.
const PLANT: &str = "FASTNESS_BREAKS";
const DOCUMENT: &str = "docs/testing.md";
const TABLE: &str = "| promise | line that keeps it | test that turns red without it |\n|---|---|---|\n";

fn main() {
    if std::env::args().any(|argument| argument == "--list") {
        return println!("planted_breaks: test");
    }
    let breaks = breaks();
    breaks.iter().for_each(Break::check);
    assert!(breaks.len() >= 40, "{} breaks", breaks.len());
    match std::env::var(PLANT) {
        Ok(which) => plant::all(&breaks, &which),
        Err(_) => compare(&breaks),
    }
}

/// The table in the document is the list.
fn compare(breaks: &[Break]) {
    let document = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(DOCUMENT)).unwrap();
    let table = table(breaks);
    if !document.contains(&table) {
        println!("{table}");
        panic!("the table in {DOCUMENT} is not the list in tests/breaks; it is printed above");
    }
    println!("{} breaks are described; `tests/breaks.sh` plants them", breaks.len());
}

fn table(breaks: &[Break]) -> String {
    let mut table = TABLE.to_owned();
    for planted in breaks {
        writeln!(table, "| {} | `{}` | `{}` |", planted.promise, planted.file, planted.test_name()).unwrap();
    }
    table
}
