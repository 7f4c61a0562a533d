//! `explorers`: which explorers a network uses, whether they answer, and changes to the list. Asks nothing that names an address.

mod change;
mod stats;

use std::time::Instant;

use crate::cli::{
    context::{Context, NetworkAccess},
    page::{Page, Tone},
    report::{Answer, Report, answer},
};
use fastness::{
    explain::{Failure, Kind},
    explorer::{
        Egress, EvmExplorer, Explorer, ExplorerError, HealthBook, HostFailures, bitcoin::default_endpoints,
        ethereum::evm_endpoints,
    },
    network::AnyNetwork,
};
use serde::Serialize;

/// List the explorers in use, test them, change the list
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Option<Action>,
    /// The same as `explorers test`
    #[arg(long)]
    test: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Those in use for a network, in the order they are asked
    List,
    /// Ask each for the height of its chain, by the way that every question takes
    Test,
    /// Add one to the list in config.toml
    Add(change::AddArgs),
    /// Take one out of the list in config.toml
    Remove(change::RemoveArgs),
    /// How each behaved, over all runs
    Stats,
    /// Forget how one behaved: its pauses, its failures, and a lie it was caught with
    Forget(stats::ForgetArgs),
}

/// What a test found.
struct Tested {
    height: u64,
    latency_ms: u64,
}

#[derive(Serialize)]
struct Row {
    /// Without a key that it may hold.
    url: String,
    /// `here`, `direct` or `proxy`; nothing for an address that is none.
    route: Option<&'static str>,
    height: Option<u64>,
    /// Milliseconds for the tip, the connection being open.
    latency_ms: Option<u64>,
    problem: Option<String>,
}

/// Where the list comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum ListSource {
    Option,
    Config,
    Default,
}

#[derive(Serialize)]
struct ExplorerList {
    network: &'static str,
    source: ListSource,
    proxy: Option<String>,
    explorers: Vec<Row>,
    tested: bool,
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        match &self.action {
            Some(Action::Add(args)) => args.run(context),
            Some(Action::Remove(args)) => args.run(context),
            Some(Action::Stats) => stats::run(context),
            Some(Action::Forget(args)) => args.run(context),
            Some(Action::Test) => list(context, Look::Ask),
            None if self.test => list(context, Look::Ask),
            None | Some(Action::List) => list(context, Look::Only),
        }
    }
}

/// Whether they are asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    Only,
    Ask,
}

/// The network that is meant.
fn network(context: &mut Context) -> Result<AnyNetwork, Failure> {
    Ok(match context.asked_chain()? {
        Some(chain) => AnyNetwork::Evm(chain),
        None => AnyNetwork::Bitcoin(context.network()?),
    })
}

/// The explorers that config.toml names for a network, else those that ship.
fn configured(context: &mut Context, network: AnyNetwork) -> Result<(Vec<String>, ListSource), Failure> {
    let named = context.config()?.explorers_of(network);
    if !named.is_empty() {
        return Ok((named, ListSource::Config));
    }
    let ours = match network {
        AnyNetwork::Bitcoin(network) => default_endpoints(network),
        AnyNetwork::Evm(chain) => evm_endpoints(chain),
    };
    Ok((ours, ListSource::Default))
}

fn list(context: &mut Context, look: Look) -> Answer {
    let network = network(context)?;
    let typed = context.globals().explorer.clone();
    let (urls, source) = if typed.is_empty() { configured(context, network)? } else { (typed, ListSource::Option) };
    let egress = context.egress()?;
    // No host is passed over for what an earlier run found.
    let fresh = Egress { book: HealthBook::default(), ..egress.clone() };
    let mut explorers = Vec::new();
    for url in urls {
        let host = url.split_once("://").map(|(_, rest)| rest.split('/').next().unwrap_or_default());
        let route = host.map(|host| egress.route(host).name());
        let mut row = Row { url: masked(&url), route, height: None, latency_ms: None, problem: None };
        if look == Look::Ask {
            match test(context, &url, network, &fresh) {
                Ok(Tested { height, latency_ms }) => (row.height, row.latency_ms) = (Some(height), Some(latency_ms)),
                Err(HostProblem(problem)) => row.problem = Some(problem),
            }
        }
        explorers.push(row);
    }
    let proxy = egress.proxy.map(|proxy| proxy.to_string());
    answer(ExplorerList { network: network.name(), source, proxy, explorers, tested: look == Look::Ask })
}

/// Connects, compares the chain, then takes the time of one question.
fn test(context: &mut Context, url: &str, network: AnyNetwork, egress: &Egress) -> Result<Tested, HostProblem> {
    if context.reach() == NetworkAccess::Offline {
        return Err(ExplorerError::NoNetwork.into());
    }
    let one = [url.to_owned()];
    let (height, asked) = match network {
        AnyNetwork::Bitcoin(network) => {
            let explorer = Explorer::connect(network, &one)?.through(egress)?;
            if explorer.is_for_sending_only() {
                return Err(HostProblem(SENDING_ONLY.to_owned()));
            }
            let explorer = context.with_login(network, explorer)?;
            explorer.check_chain()?;
            let asked = Instant::now();
            (u64::from(explorer.tip()?.value().height), asked)
        }
        AnyNetwork::Evm(chain) => {
            let node = EvmExplorer::connect(chain, &one)?.through(egress)?;
            node.check_chain()?;
            let asked = Instant::now();
            (node.fees()?.value().block, asked)
        }
    };
    let latency_ms = u64::try_from(asked.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(Tested { height, latency_ms })
}

/// An address as it is shown: a key in its path is as good as a password.
pub(super) fn masked(url: &str) -> String {
    let is_key = |part: &str| {
        part.len() >= KEY && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let shown = path.split('/').map(|part| match part.len().checked_sub(4).and_then(|tail| part.get(tail..)) {
        Some(tail) if is_key(part) => format!("...{tail}"),
        _ => part.to_owned(),
    });
    let path = if path.is_empty() { String::new() } else { format!("/{}", shown.collect::<Vec<_>>().join("/")) };
    format!("{scheme}://{host}{path}")
}

/// A part of a path that is so long and without punctuation is a key.
const KEY: usize = 16;
/// What is said of a host that is never asked.
const SENDING_ONLY: &str = "for sending only: it is not asked anything";

/// What is wrong with the only host that was asked.
struct HostProblem(String);

impl From<ExplorerError> for HostProblem {
    fn from(error: ExplorerError) -> Self {
        Self(match &error {
            ExplorerError::NoAnswer(HostFailures(failures)) => {
                failures.first().map_or_else(|| error.to_string(), |failure| failure.cause.to_string())
            }
            _ => error.to_string(),
        })
    }
}

impl From<Failure> for HostProblem {
    fn from(failure: Failure) -> Self {
        Self(failure.message())
    }
}

impl ExplorerList {
    /// Whether all were asked in vain.
    fn is_nobody_there(&self) -> bool {
        self.tested && self.explorers.iter().all(|row| row.height.is_none())
    }
}

impl Report for ExplorerList {
    fn exit_code(&self) -> u8 {
        if self.is_nobody_there() { Kind::Network.exit_code() } else { 0 }
    }

    fn page(&self, page: &mut Page) {
        let from = match self.source {
            ListSource::Option => "as typed",
            ListSource::Config => "from config.toml",
            ListSource::Default => "those that ship",
        };
        page.line(&format!("Explorers for {}, {from}, in the order they are asked:", self.network));
        for row in &self.explorers {
            page.line(&format!("  {}", row.url));
            match ((row.height, row.latency_ms), &row.problem) {
                ((Some(height), Some(latency_ms)), _) => {
                    let text = format!("answers in {latency_ms} ms: height {height}, the right chain");
                    page.toned_field("", (Tone::Proven, &text));
                }
                (_, Some(problem)) if problem == SENDING_ONLY => page.field("", problem),
                (_, Some(problem)) => page.toned_field("", (Tone::Stop, problem)),
                _ => {}
            }
        }
        if let Some(proxy) = &self.proxy {
            page.line(&format!("All but this machine is reached through {proxy}."));
        }
        if self.is_nobody_there() {
            page.line("None of them answers, so nothing can be asked or sent: the line below each says why.");
        }
        if !self.tested {
            page.line("`explorers test` asks each; `explorers add` and `remove` change the list.");
        }
    }
}
