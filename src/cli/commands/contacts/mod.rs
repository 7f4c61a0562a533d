//! `contacts`: names for addresses, on every network. A contact is typed as `@name` where an address is paid.

mod file;

use std::path::{Path, PathBuf};

use crate::cli::{
    CliError,
    cli_error::problems_named,
    context::Context,
    input_file::read_bounded,
    page::Page,
    report::{Answer, Report, answer},
};
use fastness::{
    address::{self, evm_text, parse_evm},
    contact::{Contact, ContactError, ContactName, look_alike},
    explain::Failure,
    flow,
    ledger::Ledger,
    network::{AnyNetwork, EvmChain},
    store::{WriteRule, atomic_write},
};
use serde::Serialize;

/// Largest file of contacts that is read.
const MAX_FILE: u64 = 1_048_576;

/// Names for addresses; `@NAME` is paid like an address
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Name an address of a network
    Add {
        /// Letters, digits, `-`, `_` and `.`, at most 24
        name: String,
        /// The whole address
        address: String,
        /// Add this address although it looks like one that is known
        #[arg(long, value_name = "ADDRESS")]
        to_unusual: Option<String>,
    },
    /// Every contact with its network and address
    List,
    /// Forget a contact, on one network (--network) or on all
    Remove {
        /// Its name
        name: String,
    },
    /// Write all contacts as CSV: name, network, address
    Export {
        /// File to write (never overwrites); without it, to standard output
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Read contacts from such a file, or - for standard input; all of it is right, or nothing is added
    Import {
        /// The file
        file: PathBuf,
    },
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        match self.action.as_ref().unwrap_or(&Action::List) {
            Action::Add { name, address, to_unusual } => {
                let contact = contact(context, name, address)?;
                let agreed = to_unusual.as_ref().is_some_and(|agreed| same_address(agreed, &contact.address));
                let ledger = context.ledger()?;
                if !agreed {
                    refuse_look_alike(&ledger, &contact)?;
                }
                add(&ledger, &contact)?;
                answer(Changed { contacts: vec![contact], change: Change::Added, known: 0 })
            }
            Action::List => answer(ContactList { contacts: asked(context)? }),
            Action::Remove { name } => remove(context, &name.strip_prefix('@').unwrap_or(name).parse()?),
            Action::Export { output } => export(context, output.as_ref()),
            Action::Import { file } => import(context, file),
        }
    }
}

/// The address as this program prints it, on the network in use or the one that its form names.
fn contact(context: &mut Context, name: &str, typed: &str) -> Result<Contact, Failure> {
    let name: ContactName = name.strip_prefix('@').unwrap_or(name).parse()?;
    let network = network_of(context, typed)?;
    Ok(Contact { name, network: network.name().to_owned(), address: whole_address(typed, network)? })
}

fn network_of(context: &mut Context, typed: &str) -> Result<AnyNetwork, Failure> {
    if let Some(asked) = context.asked() {
        return Ok(asked);
    }
    if typed.starts_with("0x") {
        let ethereum = || EvmChain::by_name("ethereum").map(AnyNetwork::Evm);
        let chain = context.known_chain().ok().map(AnyNetwork::Evm).or_else(ethereum);
        return chain.ok_or_else(|| CliError::Usage("name the network with --network".to_owned()).into());
    }
    Ok(AnyNetwork::Bitcoin(context.network()?))
}

/// An address as it is printed on its network.
fn whole_address(typed: &str, network: AnyNetwork) -> Result<String, Failure> {
    Ok(match network {
        AnyNetwork::Bitcoin(network) => {
            let script = address::parse(typed, network)?;
            address::of(&script, network).unwrap_or_else(|| typed.to_owned())
        }
        AnyNetwork::Evm(chain) => evm_text(parse_evm(typed, chain)?.0, chain),
    })
}

fn same_address(typed: &str, address: &str) -> bool {
    typed.replace(' ', "").eq_ignore_ascii_case(address)
}

/// An address that passes for one that is known is not added without being named twice.
fn refuse_look_alike(ledger: &Ledger, new: &Contact) -> Result<(), Failure> {
    let known = match new.network.parse()? {
        AnyNetwork::Bitcoin(network) => {
            flow::bitcoin::passes_for(ledger, network, &address::parse(&new.address, network)?)?
        }
        AnyNetwork::Evm(chain) => flow::ethereum::passes_for(ledger, parse_evm(&new.address, chain)?.0)?,
    };
    known.map_or(Ok(()), |known| Err(ContactError::LookAlike { this: new.address.clone(), known }.into()))
}

fn add(ledger: &Ledger, contact: &Contact) -> Result<(), Failure> {
    if let Some(taken) = taken(ledger, contact)? {
        return Err(ContactError::Exists(taken).into());
    }
    Ok(ledger.add_contact(contact)?)
}

/// All contacts, or those of the network asked for.
fn asked(context: &mut Context) -> Result<Vec<Contact>, Failure> {
    let wanted = context.asked().map(AnyNetwork::name);
    Ok(context.ledger()?.contacts(wanted)?)
}

fn remove(context: &mut Context, name: &ContactName) -> Answer {
    let mut contacts = asked(context)?;
    contacts.retain(|contact| contact.name.means(name));
    if contacts.is_empty() {
        return Err(ContactError::Unknown(name.clone()).into());
    }
    let network = context.asked().map(AnyNetwork::name);
    context.ledger()?.remove_contact(name, network)?;
    answer(Changed { contacts, change: Change::Removed, known: 0 })
}

fn export(context: &mut Context, output: Option<&PathBuf>) -> Answer {
    let contacts = asked(context)?;
    let text = file::write(&contacts)?;
    let Some(path) = output else { return context.ui.for_programs(&text) };
    atomic_write(path, text.as_bytes(), WriteRule::New)?;
    answer(Exported { file: path.display().to_string(), contacts: contacts.len() })
}

/// Adds what a file holds and is not here yet; everything that is wrong is named, and then nothing is added.
fn import(context: &mut Context, path: &Path) -> Answer {
    let mut ledger = context.ledger()?;
    let (mut added, mut known, mut wrong) = (Vec::new(), 0, Vec::new());
    for line in file::read(&read_bounded(path, MAX_FILE)?)? {
        let mut refuse = |what: String| wrong.push(format!("line {}: {what}", line.number));
        let contact = match line.contact() {
            Ok(contact) => contact,
            Err(what) => {
                refuse(what);
                continue;
            }
        };
        match taken(&ledger, &contact)?.or_else(|| added.iter().find(|other| contact.takes_from(other)).cloned()) {
            None => match refuse_look_alike(&ledger, &contact).err().or_else(|| like_one_of(&added, &contact)) {
                Some(failure) => refuse(failure.message()),
                None => added.push(contact),
            },
            Some(same) if same.is_same(&contact) => known += 1,
            Some(other) => refuse(ContactError::Exists(other).to_string()),
        }
    }
    if !wrong.is_empty() {
        return Err(CliError::Usage(format!("nothing was added: {}", problems_named(wrong))).into());
    }
    ledger.atomically(|ledger| added.iter().try_for_each(|contact| ledger.add_contact(contact)))?;
    answer(Changed { contacts: added, change: Change::Added, known })
}

/// A line of the same file that a contact passes for.
fn like_one_of(added: &[Contact], new: &Contact) -> Option<Failure> {
    let alike = added.iter().find(|other| other.network == new.network && look_alike(&other.address, &new.address))?;
    let known = format!("{} (@{})", alike.address, alike.name);
    Some(ContactError::LookAlike { this: new.address.clone(), known }.into())
}

/// The contact that has the name or the address on the same network.
fn taken(ledger: &Ledger, contact: &Contact) -> Result<Option<Contact>, Failure> {
    let named = ledger.contact_named(&contact.name, &contact.network)?;
    Ok(if named.is_some() { named } else { ledger.contact_at(&contact.network, &contact.address)? })
}

#[derive(Serialize)]
struct ContactList {
    contacts: Vec<Contact>,
}

impl Report for ContactList {
    fn page(&self, page: &mut Page) {
        if self.contacts.is_empty() {
            return page.line("No contacts yet; `fastness contacts add NAME ADDRESS` makes one.");
        }
        let row =
            |contact: &Contact| vec![format!("@{}", contact.name), contact.network.clone(), contact.address.clone()];
        page.table(&["name", "network", "address"], &self.contacts.iter().map(row).collect::<Vec<_>>());
    }
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum Change {
    Added,
    Removed,
}

#[derive(Serialize)]
struct Changed {
    change: Change,
    contacts: Vec<Contact>,
    /// Lines of a file that were here already.
    known: usize,
}

impl Report for Changed {
    fn page(&self, page: &mut Page) {
        let verb = match self.change {
            Change::Added => "Added",
            Change::Removed => "Removed",
        };
        for contact in &self.contacts {
            page.line(&format!("{verb} @{}, {}: {}", contact.name, contact.network, page.grouped(&contact.address)));
        }
        if self.known > 0 {
            page.line(&format!("{} were here already.", self.known));
        }
        if self.contacts.is_empty() && self.known == 0 {
            page.line("There was no contact in it.");
        }
    }
}

#[derive(Serialize)]
struct Exported {
    file: String,
    contacts: usize,
}

impl Report for Exported {
    fn page(&self, page: &mut Page) {
        page.field("Written", &self.file);
        page.field("Contacts", &self.contacts.to_string());
    }
}
