//! `[[chain]]` of config.toml: EVM chains that fastness does not ship, made known to this process once.

use std::sync::OnceLock;

use fastness::network::{Checksum, EvmChain, FeeMode, L1Fee, NetworkClass};
use serde::Deserialize;

/// A person names fewer chains than this by hand.
const MAX_CHAINS: usize = 64;
/// Longest name, title or symbol, in bytes.
const MAX_NAME: usize = 32;

/// A chain as a person writes it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChainConfig {
    /// EIP-155 chain id.
    pub(crate) id: u64,
    /// Name typed after `--network`.
    pub(crate) name: String,
    /// Name shown.
    pub(crate) title: Option<String>,
    /// Symbol of its coin.
    pub(crate) symbol: String,
    /// Decimal places of its coin.
    #[serde(default = "eighteen")]
    pub(crate) decimals: u8,
    /// Whether its coins are worth something.
    #[serde(default = "test")]
    pub(crate) class: NetworkClass,
    /// How gas is priced.
    #[serde(default = "eip1559")]
    pub(crate) fees: FeeMode,
    /// A fee beside gas.
    #[serde(default = "no_fee")]
    pub(crate) l1_fee: L1Fee,
    /// Its nodes, in the order they are asked.
    #[serde(default)]
    pub(crate) rpc: Vec<String>,
}

const fn eighteen() -> u8 {
    18
}
const fn test() -> NetworkClass {
    NetworkClass::Test
}
const fn eip1559() -> FeeMode {
    FeeMode::Eip1559
}
const fn no_fee() -> L1Fee {
    L1Fee::None
}

/// Makes the chains known, once per process; a second reading of the same file changes nothing.
pub(super) fn install(chains: &[ChainConfig]) -> Result<(), String> {
    static INSTALLED: OnceLock<Result<(), String>> = OnceLock::new();
    if chains.is_empty() {
        return Ok(());
    }
    INSTALLED.get_or_init(|| first(chains)).clone()
}

fn first(chains: &[ChainConfig]) -> Result<(), String> {
    if chains.len() > MAX_CHAINS {
        return Err(format!("more than {MAX_CHAINS} chains"));
    }
    EvmChain::install(chains.iter().map(chain).collect::<Result<_, _>>()?)
}

fn chain(config: &ChainConfig) -> Result<EvmChain, String> {
    let lower = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let visible = |text: &str| {
        !text.is_empty() && text.len() <= MAX_NAME && text.chars().all(|c| c.is_ascii_graphic() || c == ' ')
    };
    let title = config.title.as_deref().unwrap_or(&config.name);
    if config.name.is_empty() || config.name.len() > MAX_NAME || !config.name.bytes().all(lower) {
        return Err(format!("the name of chain {} is not 1 to {MAX_NAME} of a-z, 0-9 and -", config.id));
    }
    if config.id == 0 || i64::try_from(config.id).is_err() || config.decimals > 36 {
        return Err(format!("chain {} has an id or decimals that no chain has", config.name));
    }
    if !visible(title) || !visible(&config.symbol) {
        return Err(format!(
            "the title and symbol of chain {} have to be 1 to {MAX_NAME} plain characters",
            config.name
        ));
    }
    // Kept for the life of the process, like the chains that ship.
    let kept = |text: &str| -> &'static str { Box::leak(text.to_owned().into_boxed_str()) };
    Ok(EvmChain {
        id: config.id,
        name: kept(&config.name),
        title: kept(title),
        symbol: kept(&config.symbol),
        decimals: config.decimals,
        class: config.class,
        fees: config.fees,
        min_tip: 0,
        l1_fee: config.l1_fee,
        checksum: Checksum::Eip55,
    })
}
