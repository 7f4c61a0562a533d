//! `explorers`: which explorers a network uses, and whether they answer. Asks nothing that names an address.

use fastness::{
    explorer::{EvmExplorer, Explorer, default_endpoints, evm_endpoints},
    network::AnyNetwork,
};
use serde::Serialize;

use super::{Answer, answer};
use crate::cli::{
    context::Context,
    page::{Page, Tone},
    report::Report,
};

/// List the explorers in use, or test them
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Ask each for the height of its chain
    #[arg(long)]
    test: bool,
}

#[derive(Serialize)]
struct Row {
    url: String,
    height: Option<u64>,
    problem: Option<String>,
}

#[derive(Serialize)]
struct ExplorerList {
    network: &'static str,
    explorers: Vec<Row>,
    tested: bool,
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        let network = match context.asked_chain()? {
            Some(chain) => AnyNetwork::Evm(chain),
            None => AnyNetwork::Bitcoin(context.network()?),
        };
        let mut urls = context.globals().explorer.clone();
        if urls.is_empty() {
            urls = context.config()?.explorers_of(network);
        }
        if urls.is_empty() {
            urls = match network {
                AnyNetwork::Bitcoin(network) => default_endpoints(network),
                AnyNetwork::Evm(chain) => evm_endpoints(chain),
            };
        }
        let mut explorers = Vec::new();
        for url in urls {
            let mut row = Row { url, height: None, problem: None };
            if self.test {
                match height(&row.url, network, context) {
                    Ok(height) => row.height = Some(height),
                    Err(failure) => row.problem = Some(failure.message()),
                }
            }
            explorers.push(row);
        }
        answer(ExplorerList { network: network.name(), explorers, tested: self.test })
    }
}

fn height(url: &str, network: AnyNetwork, context: &Context) -> Result<u64, fastness::explain::Failure> {
    if context.reach() == crate::cli::context::Reach::Offline {
        return Err(fastness::explorer::ExplorerError::NoNetwork.into());
    }
    let one = [url.to_owned()];
    match network {
        AnyNetwork::Bitcoin(network) => Ok(u64::from(Explorer::connect(network, &one)?.tip()?.value().height)),
        AnyNetwork::Evm(chain) => Ok(EvmExplorer::connect(chain, &one)?.fees()?.value().block),
    }
}

impl Report for ExplorerList {
    fn page(&self, page: &mut Page) {
        page.line(&format!("Explorers for {}, in the order they are asked:", self.network));
        for row in &self.explorers {
            page.line(&format!("  {}", row.url));
            match (&row.height, &row.problem) {
                (Some(height), _) => {
                    page.toned_field("", (Tone::Proven, &format!("answers: height {height}, the right chain")))
                }
                (None, Some(problem)) => page.toned_field("", (Tone::Stop, problem)),
                (None, None) => {}
            }
        }
        if !self.tested {
            page.line("`fastness explorers --test` asks each of them; config.toml changes the list.");
        }
    }
}
