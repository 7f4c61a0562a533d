//! Options of transactions of the Ethereum family, as words and then as values of a chain.

use alloy_primitives::{Address, B256, U256};
use fastness::{
    address::parse_evm,
    amount::{AmountError, Denomination, Typed, Units},
    chain::ethereum::policy::GivenConsents,
    explain::Failure,
    flow::ethereum::{EvmLimits, MaxTotal},
    ledger::Ledger,
    network::{EvmChain, NetworkClass},
    request::{EvmFee, FeeLevel, TxType},
    text::SafeText,
};

use crate::cli::{
    CliError,
    ethereum::lookup::{self, EvmQuantity},
    family::EVM,
    limits::{ConsentArgs, LimitArgs},
};

/// How a transaction is made, on networks of the Ethereum family.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = EVM)]
pub(crate) struct EvmArgs {
    #[command(flatten)]
    price: PriceArgs,
    /// Gas limit, in place of the estimate
    #[arg(long, value_name = "GAS")]
    gas_limit: Option<u64>,
    /// Nonce, in place of the next free one
    #[arg(long, value_name = "N")]
    pub(crate) nonce: Option<u64>,
    /// Type of the transaction: legacy, access-list or dynamic-fee
    #[arg(long, value_enum, value_name = "TYPE")]
    tx_type: Option<TypeChoice>,
}

/// What a unit of gas may cost, on networks of the Ethereum family.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = EVM)]
pub(crate) struct PriceArgs {
    /// Most you pay for a unit of gas, such as 20gwei; with --tip it is the EIP-1559 maximum
    #[arg(long, value_name = "PRICE")]
    gas_price: Option<String>,
    /// Tip for the block's proposer per unit of gas, such as 1gwei
    #[arg(long, value_name = "PRICE", requires = "gas_price")]
    tip: Option<String>,
}

/// A key of the person's own for a transaction, on networks of the Ethereum family.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = EVM)]
pub(crate) struct OnceArgs {
    /// A key that makes running the same command twice one transaction, such as an invoice number
    #[arg(long, value_name = "TEXT", value_parser = once_key)]
    pub(crate) once: Option<String>,
}

/// A key of `--once`: an empty one is a variable that a script did not set, and would be one payment for ever.
pub(crate) fn once_key(text: &str) -> Result<String, String> {
    if text.trim().is_empty() { Err("a key has at least one letter or digit".to_owned()) } else { Ok(text.to_owned()) }
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum TypeChoice {
    Legacy,
    AccessList,
    DynamicFee,
}

impl From<PriceArgs> for EvmArgs {
    fn from(price: PriceArgs) -> Self {
        Self { price, ..Self::default() }
    }
}

impl EvmArgs {
    /// The price of gas: named here, or by `--fee` as slow, normal or fast.
    pub(crate) fn fee(&self, level: Option<&str>, chain: &EvmChain) -> Result<EvmFee, Failure> {
        let Some(price) = &self.price.gas_price else { return Ok(EvmFee::Level(fee_level(level)?)) };
        if level.is_some() {
            return Err(CliError::Usage("give either --fee or --gas-price".to_owned()).into());
        }
        let price = gas_price(price, chain)?;
        match &self.price.tip {
            Some(tip) => Ok(EvmFee::Named { max_fee: price, tip: gas_price(tip, chain)? }),
            None => Ok(EvmFee::GasPrice(price)),
        }
    }

    /// Whether a price was named.
    pub(crate) const fn names_a_price(&self) -> bool {
        self.price.gas_price.is_some()
    }

    /// The gas limit, if one was named.
    pub(crate) const fn gas_limit(&self) -> Option<u64> {
        self.gas_limit
    }

    /// The type asked for.
    pub(crate) fn tx_type(&self) -> Option<TxType> {
        self.tx_type.map(|choice| match choice {
            TypeChoice::Legacy => TxType::Legacy,
            TypeChoice::AccessList => TxType::AccessList,
            TypeChoice::DynamicFee => TxType::DynamicFee,
        })
    }
}

fn fee_level(text: Option<&str>) -> Result<FeeLevel, CliError> {
    match text {
        None | Some("normal") => Ok(FeeLevel::Normal),
        Some("slow") => Ok(FeeLevel::Slow),
        Some("fast") => Ok(FeeLevel::Fast),
        Some(other) => Err(CliError::Usage(format!(
            "`{}` is not slow, normal or fast; an exact price is named with --gas-price 20gwei",
            SafeText::new(other)
        ))),
    }
}

/// A price per unit of gas: a number with gwei or wei behind it. A bare number is refused, for tools disagree on its unit.
fn gas_price(text: &str, chain: &EvmChain) -> Result<u128, Failure> {
    let typed = Typed::split(text)?;
    let units = Denomination::new(chain.symbol, chain.decimals).read(&typed)?;
    Ok(u128::try_from(units.value).map_err(|_| AmountError::TooMuch(SafeText::new(text)))?)
}

/// An address of `chain` from the command line.
pub(crate) fn address(text: &str, chain: &EvmChain) -> Result<Address, Failure> {
    Ok(parse_evm(text, chain)?.0)
}

/// An amount of the chain's own coin.
pub(crate) fn native(text: &str, chain: &EvmChain) -> Result<Units, Failure> {
    Ok(Denomination::new(chain.symbol, chain.decimals).read(&Typed::split(text)?)?)
}

fn digest(text: &str) -> Result<B256, Failure> {
    let parsed = text.parse();
    Ok(parsed.map_err(|_| CliError::Usage("a digest is 0x and 64 hex digits, as the review shows it".to_owned()))?)
}

impl ConsentArgs {
    /// The consents as values.
    pub(crate) fn given(&self, chain: &EvmChain) -> Result<GivenConsents, Failure> {
        let all = |texts: &[String]| texts.iter().map(|text| address(text, chain)).collect::<Result<Vec<_>, _>>();
        Ok(GivenConsents {
            blind: self.blind.as_deref().map(digest).transpose()?,
            unlimited: all(&self.allow_unlimited)?,
            unusual: all(&self.to_unusual)?,
            no_code: all(&self.no_code)?,
            failing: all(&self.may_fail)?,
            delegates: all(&self.delegate_to)?,
        })
    }
}

/// The limits and consents of a command, for `chain`; tokens by what the ledger knows of them.
pub(crate) fn limits(
    ledger: &Ledger,
    limits: &LimitArgs,
    consents: &ConsentArgs,
    chain: &EvmChain,
) -> Result<EvmLimits, Failure> {
    let max_fee: Option<U256> =
        limits.max_fee.as_deref().map(|text| native(text, chain)).transpose()?.map(|units| units.value);
    Ok(EvmLimits {
        max_fee,
        expect_to: limits.expect_to.iter().map(|text| address(text, chain)).collect::<Result<_, _>>()?,
        approve: limits.approve.as_ref().map(|digest| digest.to_ascii_lowercase()),
        consents: consents.given(chain)?,
        max_total: limits.max_total.iter().map(|text| max_total(ledger, text, chain)).collect::<Result<_, _>>()?,
    })
}

/// `0.1eth`, or `25 USDC`.
fn max_total(ledger: &Ledger, text: &str, chain: &EvmChain) -> Result<MaxTotal, Failure> {
    match lookup::quantity(ledger, chain, text)? {
        EvmQuantity::Native(most) => Ok(MaxTotal { token: None, most }),
        EvmQuantity::Of(token, value) => {
            Ok(MaxTotal { token: Some(token.address), most: token.denomination.of(value) })
        }
        EvmQuantity::AllNative | EvmQuantity::AllOf(_) => {
            Err(CliError::Usage("--max-total takes an amount, such as 0.1eth or \"25 USDC\"".to_owned()).into())
        }
    }
}

/// The options of every command that makes a transaction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options<'a> {
    /// `--fee`.
    pub(crate) level: Option<&'a str>,
    /// Gas, nonce, type.
    pub(crate) evm: &'a EvmArgs,
    /// Limits.
    pub(crate) limits: &'a LimitArgs,
    /// Consents.
    pub(crate) consents: &'a ConsentArgs,
    /// `--once`.
    pub(crate) once: Option<&'a str>,
}

/// A network of a class, for a person who does not know their names.
pub(crate) const fn example_network(class: NetworkClass) -> &'static str {
    match class {
        NetworkClass::Main => "ethereum",
        NetworkClass::Test => "sepolia",
    }
}
