//! `explorers add` and `explorers remove`: the list in config.toml, with the person's comments and order kept.
//!
//! A list that is written replaces those that ship; so what was in use is written with it, and nothing disappears unasked.

use super::{configured, masked, network};
use crate::cli::{
    CliError,
    config::{EditError, edit_explorers},
    context::{Assent, Context},
    page::Page,
    report::{Answer, Report, answer},
};
use fastness::{
    explain::Failure,
    explorer::{EvmExplorer, Explorer, ExplorerError},
    network::AnyNetwork,
};
use serde::Serialize;

/// How the network client says that a list is too long.
const TOO_MANY: &str = "is one too many";

/// An address to add.
#[derive(Debug, clap::Args)]
pub(super) struct AddArgs {
    /// Its address: https, or http on this machine and for onion services
    url: String,
    /// Ask it before all others
    #[arg(long)]
    first: bool,
    /// Ask nobody else: the list becomes this one
    #[arg(long, conflicts_with = "first")]
    only: bool,
}

/// An address to remove.
#[derive(Debug, clap::Args)]
pub(super) struct RemoveArgs {
    /// Its address, as `explorers` lists it; without one a list is offered
    url: Option<String>,
}

#[derive(Serialize)]
struct ExplorersChanged {
    network: &'static str,
    added: Option<String>,
    removed: Option<String>,
    /// The list in use from now on.
    explorers: Vec<String>,
    file: String,
}

impl AddArgs {
    pub(super) fn run(&self, context: &mut Context) -> Answer {
        let (network, current) = in_use(context)?;
        let normal = Explorer::normal_address(&self.url).map_err(EditError::BadAddress)?;
        if current.iter().any(|url| same(url, &normal)) && !self.only {
            return Err(EditError::NamedAlready.into());
        }
        let url = self.url.trim().to_owned();
        let wanted = match () {
            () if self.only => vec![url.clone()],
            () if self.first => [vec![url.clone()], current].concat(),
            () => [current, vec![url.clone()]].concat(),
        };
        check(network, &wanted)?;
        let file = edit_explorers(context.home()?, network, &wanted)?;
        let explorers = wanted.iter().map(|url| masked(url)).collect();
        answer(ExplorersChanged { network: network.name(), added: Some(masked(&url)), removed: None, explorers, file })
    }
}

impl RemoveArgs {
    pub(super) fn run(&self, context: &mut Context) -> Answer {
        let (network, current) = in_use(context)?;
        let typed = match &self.url {
            Some(url) => url.trim(),
            None => chosen(context, &current)?,
        };
        let normal = Explorer::normal_address(typed).unwrap_or_else(|_| typed.to_owned());
        let meant = |url: &String| url == typed || masked(url) == typed || same(url, &normal);
        let Some(removed) = current.iter().find(|url| meant(url)).cloned() else {
            return Err(EditError::NotNamed.into());
        };
        let wanted: Vec<String> = current.into_iter().filter(|url| *url != removed).collect();
        if wanted.is_empty() && context.consent() == Assent::Ask {
            return Err(EditError::LastOne(network.name()).into());
        }
        let file = edit_explorers(context.home()?, network, &wanted)?;
        let left = if wanted.is_empty() { defaults(network) } else { wanted };
        let explorers = left.iter().map(|url| masked(url)).collect();
        answer(ExplorersChanged {
            network: network.name(),
            added: None,
            removed: Some(masked(&removed)),
            explorers,
            file,
        })
    }
}

/// The one that a person chooses.
fn chosen<'a>(context: &Context, current: &'a [String]) -> Result<&'a str, Failure> {
    let prompt = context.prompt().ok_or(CliError::NoTerminal("the explorer's address"))?;
    let lines: Vec<_> = current.iter().map(|url| masked(url)).collect();
    let place = prompt.one_of("Which explorer?", &lines)?;
    Ok(current.get(place).map(String::as_str).ok_or(EditError::NotNamed)?)
}

/// The network meant, and the list that is in use for it.
fn in_use(context: &mut Context) -> Result<(AnyNetwork, Vec<String>), Failure> {
    if !context.globals().explorer.is_empty() {
        let what = "--explorer is for one run; `explorers add URL` takes the address by itself";
        return Err(CliError::Usage(what.to_owned()).into());
    }
    let network = network(context)?;
    Ok((network, configured(context, network)?.0))
}

fn defaults(network: AnyNetwork) -> Vec<String> {
    match network {
        AnyNetwork::Bitcoin(network) => fastness::explorer::bitcoin::default_endpoints(network),
        AnyNetwork::Evm(chain) => fastness::explorer::ethereum::evm_endpoints(chain),
    }
}

fn same(url: &str, normal: &str) -> bool {
    Explorer::normal_address(url).as_deref() == Ok(normal)
}

/// The whole list by the rules of the network client; nothing is asked.
fn check(network: AnyNetwork, wanted: &[String]) -> Result<(), Failure> {
    let checked = match network {
        AnyNetwork::Bitcoin(network) => Explorer::connect(network, wanted).map(drop),
        AnyNetwork::Evm(chain) => EvmExplorer::connect(chain, wanted).map(drop),
    };
    checked.map_err(|error| match error {
        ExplorerError::BadEndpoint { why, .. } if why == TOO_MANY => EditError::TooMany.into(),
        ExplorerError::BadEndpoint { why, .. } if wanted.len() == 1 => EditError::BadAddress(why).into(),
        other => other.into(),
    })
}

impl Report for ExplorersChanged {
    fn page(&self, page: &mut Page) {
        let (verb, url) = match (&self.added, &self.removed) {
            (Some(url), _) => ("Added", url),
            (None, Some(url)) => ("Removed", url),
            (None, None) => return,
        };
        page.line(&format!("{verb} {url} in {}.", self.file));
        page.line(&format!("Explorers for {} from now on, in the order they are asked:", self.network));
        self.explorers.iter().for_each(|url| page.line(&format!("  {url}")));
        page.line("`fastness explorers test` asks each of them.");
    }
}
