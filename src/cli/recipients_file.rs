//! A list of recipients as people and spreadsheets write it: one address and amount a line, in columns or with white space between.
//!
//! Finds lines and cells; whether they are addresses and amounts is judged elsewhere. No guess about an amount: it has its unit.

use csv::{ReaderBuilder, Trim};

use super::{
    cli_error::CliError,
    text_file::{decoded, with_one_line_end},
};

/// Most bytes of a file of recipients, some ten thousand lines: a transaction of Bitcoin takes about three thousand outputs.
pub(crate) const MAX_BYTES: u64 = 1_048_576;
/// What parts the cells of a line, besides white space.
const DELIMITERS: [char; 3] = [',', ';', '\t'];
/// Heads of the column of addresses, and of that of amounts, in small letters.
const TO: [&str; 5] = ["address", "recipient", "to", "payee", "destination"];
const AMOUNT: [&str; 3] = ["amount", "value", "quantity"];

/// One line with a recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RecipientLine {
    /// Its number in the file, from 1.
    pub(crate) number: usize,
    /// The address as it was written.
    pub(crate) to: String,
    /// The amount as it was written; empty if there is none.
    pub(crate) amount: String,
}

/// Which cells hold what.
#[derive(Clone, Copy)]
struct Columns {
    to: usize,
    amount: usize,
}

/// The recipients of a file, in its order. Comments begin with #; a first line of heads says which column is which.
///
/// # Errors
/// It is no text, or its heads name no address or no amount.
pub(crate) fn read(bytes: &[u8]) -> Result<Vec<RecipientLine>, CliError> {
    let text = decoded(bytes).ok_or(CliError::NotText)?;
    let mut columns = Columns { to: 0, amount: 1 };
    let mut found = Vec::new();
    let mut is_first = true;
    for (number, line) in (1..).zip(with_one_line_end(&text).lines()) {
        let cells = cells(uncommented(line))?;
        if cells.iter().all(String::is_empty) {
            continue;
        }
        if std::mem::take(&mut is_first)
            && let Some(named) = heads(&cells)?
        {
            columns = named;
            continue;
        }
        let cell = |place: usize| cells.get(place).cloned().unwrap_or_default();
        found.push(RecipientLine { number, to: cell(columns.to), amount: cell(columns.amount) });
    }
    Ok(found)
}

/// A line without its comment; inside quotes a # is a letter like any other.
fn uncommented(line: &str) -> &str {
    line.find('#').filter(|_| !line.contains('"')).map_or(line, |start| line.split_at(start).0).trim()
}

/// The cells of a line, without white space and quotes around them. Where nothing else parts them, the first white space does.
fn cells(line: &str) -> Result<Vec<String>, CliError> {
    let Some(delimiter) = delimiter(line) else {
        let (to, amount) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        return Ok(vec![to.to_owned(), amount.trim().to_owned()]);
    };
    let mut reader = ReaderBuilder::new();
    let reader = reader.has_headers(false).flexible(true).trim(Trim::All).delimiter(delimiter);
    let record = reader.from_reader(line.as_bytes()).into_records().next().transpose();
    let record = record.map_err(|_| CliError::NotText)?.unwrap_or_default();
    let cells = record.iter().map(str::to_owned);
    // Columns that were lined up with several tabs.
    let is_gap = |cell: &String| delimiter == b'\t' && cell.is_empty();
    Ok(cells.filter(|cell| !is_gap(cell)).collect())
}

/// The first letter outside of quotes that parts cells.
fn delimiter(line: &str) -> Option<u8> {
    let mut in_quotes = false;
    let found = line.chars().find(|letter| {
        in_quotes ^= *letter == '"';
        !in_quotes && DELIMITERS.contains(letter)
    });
    found.and_then(|letter| u8::try_from(letter).ok())
}

/// The columns that a line of heads names; `None` if it is none.
fn heads(cells: &[String]) -> Result<Option<Columns>, CliError> {
    let place = |words: &[&str]| cells.iter().position(|cell| words.contains(&cell.to_lowercase().as_str()));
    match (place(&TO), place(&AMOUNT)) {
        (None, None) => Ok(None),
        (Some(to), Some(amount)) => Ok(Some(Columns { to, amount })),
        (None, Some(_)) => Err(CliError::Usage("the heads of the recipients name no column `address`".to_owned())),
        (Some(_), None) => Err(CliError::Usage("the heads of the recipients name no column `amount`".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(bytes: &[u8]) -> Vec<String> {
        read(bytes)
            .expect("a list")
            .iter()
            .map(|line| format!("{}: {} <- {}", line.number, line.to, line.amount))
            .collect()
    }

    #[test]
    fn spreadsheets_and_people_write_the_same_list() {
        let wanted = ["1: bc1a <- 0.01btc", "2: bc1b <- 2000 sat"];
        for text in [
            "bc1a 0.01btc\nbc1b   2000 sat\n",
            "bc1a,0.01btc\r\nbc1b,2000 sat\r\n",
            "bc1a;0.01btc\rbc1b;2000 sat",
            "bc1a\t0.01btc\nbc1b\t\t2000 sat",
            "\"bc1a\",\"0.01btc\"\n\"bc1b\",\"2000 sat\",\"tea, and #cake\"\n",
            "\u{feff}bc1a , 0.01btc , rent\nbc1b , 2000 sat # tea",
        ] {
            assert_eq!(pairs(text.as_bytes()), wanted, "{text:?}");
            for (mark, units) in [
                ([0xff, 0xfe], text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()),
                ([0xfe, 0xff], text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
            ] {
                if !text.starts_with('\u{feff}') {
                    assert_eq!(pairs(&[&mark[..], &units].concat()), wanted, "{text:?}");
                }
            }
        }
    }

    #[test]
    fn heads_say_which_column_is_which() {
        assert_eq!(pairs(b"Amount,Label,Address\n5 sat,rent,bc1a\n"), ["2: bc1a <- 5 sat"]);
        assert_eq!(pairs(b"# ours\n\nto;amount\nbc1a;5 sat"), ["4: bc1a <- 5 sat"]);
        assert!(matches!(read(b"address,label\nbc1a,x"), Err(CliError::Usage(_))));
        assert!(matches!(read(b"amount\n5 sat"), Err(CliError::Usage(_))));
        assert!(matches!(read(&[0xff, 0xfe, 0]), Err(CliError::NotText)));
        assert!(matches!(read(&[0xff, 0x41]), Err(CliError::NotText)));
    }

    /// Nothing is widened: what is left of a number behind a comma is another cell, and its unit is missing.
    #[test]
    fn a_number_with_a_comma_is_no_larger_amount() {
        assert_eq!(pairs(b"bc1a,1,000sat"), ["1: bc1a <- 1"]);
        assert_eq!(pairs(b"bc1a;0,01btc"), ["1: bc1a <- 0,01btc"]);
        assert_eq!(pairs(b"bc1a"), ["1: bc1a <- "]);
    }
}
