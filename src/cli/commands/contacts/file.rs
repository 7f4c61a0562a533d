//! Contacts as a CSV file with the heads name, network and address. Every line that is wrong is named.

use csv::{ReaderBuilder, Trim, Writer};
use fastness::{contact::Contact, explain::Failure, network::AnyNetwork};

use super::whole_address;
use crate::cli::{
    CliError,
    text_file::{decoded, with_one_line_end},
};

const HEADS: [&str; 3] = ["name", "network", "address"];

/// One line of a file.
pub(super) struct Line {
    /// Its number, from 1.
    pub(super) number: u64,
    cells: Vec<String>,
}

impl Line {
    /// The contact of it, or what is wrong.
    pub(super) fn contact(&self) -> Result<Contact, String> {
        let [name, network, address] = self.cells.as_slice() else {
            return Err(format!("there are {} columns, and a contact has name, network and address", self.cells.len()));
        };
        let network: AnyNetwork = network.parse().map_err(|error| format!("{error}"))?;
        let name = name.parse().map_err(|error| format!("{error}"))?;
        let address = whole_address(address, network).map_err(|failure| failure.message())?;
        Ok(Contact { name, network: network.name().to_owned(), address })
    }
}

/// The lines of a file behind its heads.
///
/// # Errors
/// It is no text, or not CSV.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<Line>, CliError> {
    let text = with_one_line_end(&decoded(bytes).ok_or(CliError::NotText)?);
    let mut reader = ReaderBuilder::new();
    let reader = reader.has_headers(false).flexible(true).trim(Trim::All).comment(Some(b'#'));
    let mut lines = Vec::new();
    for record in reader.from_reader(text.as_bytes()).into_records() {
        let record = record.map_err(|_| CliError::NotText)?;
        let number = record.position().map_or(0, csv::Position::line);
        let cells: Vec<String> = record.iter().map(str::to_owned).collect();
        let is_heads = cells.iter().zip(HEADS).all(|(cell, head)| cell.eq_ignore_ascii_case(head));
        if !(lines.is_empty() && is_heads) {
            lines.push(Line { number, cells });
        }
    }
    Ok(lines)
}

/// The file of some contacts.
///
/// # Errors
/// It cannot be written as CSV.
pub(super) fn write(contacts: &[Contact]) -> Result<String, Failure> {
    let mut writer = Writer::from_writer(Vec::new());
    let lost = |_| CliError::Unprintable;
    writer.write_record(HEADS).map_err(lost)?;
    for Contact { name, network, address } in contacts {
        writer.write_record([name.as_str(), network, address]).map_err(lost)?;
    }
    let bytes = writer.into_inner().map_err(|_| CliError::Unprintable)?;
    Ok(String::from_utf8(bytes).map_err(|_| CliError::Unprintable)?)
}
