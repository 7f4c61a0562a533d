//! `networks`: every network that fastness knows, with its chain id, coin, and how many nodes or explorers are named for it.

use crate::cli::{
    context::Context,
    page::Page,
    report::{Answer, Report, answer},
};
use fastness::{
    explorer::{bitcoin::default_endpoints, ethereum::evm_endpoints},
    network::{AnyNetwork, EvmChain, Network, NetworkClass},
};
use serde::Serialize;

/// List every network that fastness knows
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

#[derive(Serialize)]
struct NetworkRow {
    name: &'static str,
    title: &'static str,
    chain_id: Option<u64>,
    coin: &'static str,
    class: NetworkClass,
    endpoints: usize,
}

#[derive(Serialize)]
struct Networks {
    networks: Vec<NetworkRow>,
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        let config = context.config()?;
        let endpoints = |network: AnyNetwork, defaults: usize| match config.explorers_of(network).len() {
            0 => defaults,
            named => named,
        };
        let bitcoin = Network::ALL.into_iter().map(|network| NetworkRow {
            name: network.name(),
            title: network.name(),
            chain_id: None,
            coin: network.asset().symbol(),
            class: network.class(),
            endpoints: endpoints(AnyNetwork::Bitcoin(network), default_endpoints(network).len()),
        });
        let evm = EvmChain::all().map(|chain| NetworkRow {
            name: chain.name,
            title: chain.title,
            chain_id: Some(chain.id),
            coin: chain.symbol,
            class: chain.class,
            endpoints: endpoints(AnyNetwork::Evm(chain), evm_endpoints(chain).len()),
        });
        answer(Networks { networks: bitcoin.chain(evm).collect() })
    }
}

impl Report for Networks {
    fn page(&self, page: &mut Page) {
        let row = |row: &NetworkRow| {
            vec![
                row.name.to_owned(),
                row.chain_id.map_or_else(String::new, |id| id.to_string()),
                row.coin.to_owned(),
                row.class.to_string(),
                row.endpoints.to_string(),
                row.title.to_owned(),
            ]
        };
        let rows: Vec<_> = self.networks.iter().map(row).collect();
        page.table(&["network", "chain id", "coin", "class", "endpoints", "name"], &rows);
    }
}
