//! `call`: any function of any contract, by its signature or an ABI; `--view` only asks and signs nothing.

use std::path::{Path, PathBuf};

use crate::cli::{
    CliError,
    context::Context,
    ethereum::{
        args::{EvmArgs, OnceArgs, Options, address, native},
        evidence::operator,
        raw_call::{self, RawCall, hex_data},
        review_page::write_tree,
        session::{Again, CallArgs, EvmSession},
    },
    input_file::read_input,
    limits::{ConsentArgs, LimitArgs},
    page::Page,
    report::{Answer, Report, answer},
};
use alloy_json_abi::{Error as AbiError, Function};
use alloy_primitives::{Address, U256};
use fastness::{
    address::evm_text,
    chain::ethereum::{EthereumError, calls, revert},
    explain::Failure,
    explorer::ethereum::{CallOutcome, EvmCall},
    network::EvmChain,
    request::EvmValue,
    review::{Evidence, Shown},
    store::read_public,
};
use serde::Serialize;

/// No ABI file is larger.
const MAX_ABI: u64 = 1_048_576;

/// Call any function of a contract, or only ask it
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The contract; or alone a file with `{to, data, value}` as other programs write it, or - for standard input
    #[arg(value_name = "CONTRACT")]
    to: String,
    /// The function, such as "stake(uint256,address)", or calldata in 0x hex; with --view also "balanceOf(address) returns (uint256)"
    #[arg(value_name = "FUNCTION")]
    function: Option<String>,
    /// Its arguments: plain numbers, addresses, true or false, 0x bytes, text, [1,2] and (1,0x...)
    #[arg(value_name = "ARGUMENT", allow_negative_numbers = true)]
    arguments: Vec<String>,
    /// Coins that go with the call, such as 0.1eth
    #[arg(long, value_name = "AMOUNT")]
    value: Option<String>,
    /// Ask only: nothing is signed or sent
    #[arg(long)]
    view: bool,
    /// ABI file of the contract; the function is then named without its types
    #[arg(long, value_name = "FILE")]
    abi: Option<PathBuf>,
    /// An error of the contract, such as "Closed(uint256)", for telling why a call fails; an ABI names its own. Repeatable
    #[arg(long, value_name = "SIGNATURE")]
    error: Vec<String>,
    /// Make it again even if the same call is on its way
    #[arg(long)]
    again: bool,
    /// How soon: slow, normal or fast
    #[arg(long, value_name = "LEVEL")]
    fee: Option<String>,
    /// Write an unsigned draft to this file instead of signing
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    evm: EvmArgs,
    #[command(flatten)]
    once: OnceArgs,
    #[command(flatten)]
    consents: ConsentArgs,
}

#[derive(Serialize)]
struct CallAnswer {
    to: Address,
    function: String,
    answer: Shown,
    raw: String,
    evidence: Evidence,
    said_by: String,
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        let chain = context.chain()?;
        let Some(named) = self.function.as_deref() else { return self.whole(context, chain) };
        if named.starts_with("0x") {
            if !self.arguments.is_empty() {
                let what = "calldata has its arguments in it; name the function where arguments follow";
                return Err(CliError::Usage(what.to_owned()).into());
            }
            let call = RawCall {
                to: address(&self.to, chain)?,
                data: hex_data(named)?,
                value: self.coins(chain)?,
                from: None,
            };
            return self.raw(context, chain, call);
        }
        let function = self.function(named)?;
        let to = address(&self.to, chain)?;
        let data = calls::call_data(&function, &self.arguments, chain)?;
        let value = self.coins(chain)?;
        if self.view {
            return self.ask(context, chain, &function, EvmCall { from: Address::ZERO, to: Some(to), value, data });
        }
        let signatures = vec![function.signature()];
        let value = EvmValue::Exactly(value);
        self.made(context, chain, CallArgs { value, signatures, ..CallArgs::call(to, data) })
    }

    /// A call as another program wrote it.
    fn whole(&self, context: &mut Context, chain: &'static EvmChain) -> Answer {
        if self.to.starts_with("0x") {
            let what = "name the function, such as \"stake(uint256,address)\", or give the calldata as 0x hex";
            return Err(CliError::Usage(what.to_owned()).into());
        }
        if self.value.is_some() {
            let what =
                "the file says how many coins go with it; leave out --value, or give the contract and its calldata";
            return Err(CliError::Usage(what.to_owned()).into());
        }
        let call = raw_call::read(&read_input(Path::new(&self.to))?, chain)?;
        self.raw(context, chain, call)
    }

    /// A call whose calldata nobody named: it is read by what is known here, and else agreed to by its digest.
    fn raw(&self, context: &mut Context, chain: &'static EvmChain, call: RawCall) -> Answer {
        if self.view {
            return Err(CliError::Usage("--view asks a function; name it".to_owned()).into());
        }
        let (_, row) = context.evm_account(chain)?;
        if let Some(from) = call.from.filter(|from| *from != row.account.address) {
            let what = format!("it is from {}, and the account here is {}", evm_text(from, chain), row.account.address);
            return Err(CliError::Usage(what).into());
        }
        let value = EvmValue::Exactly(call.value);
        self.made(context, chain, CallArgs { value, ..CallArgs::call(call.to, call.data) })
    }

    /// Plans, signs and sends a call, or writes its draft.
    fn made(&self, context: &mut Context, chain: &'static EvmChain, call: CallArgs) -> Answer {
        let _lock = context.payment_lock()?;
        let (evm, limits, consents) = (&self.evm, &self.limits, &self.consents);
        let options = Options { level: self.fee.as_deref(), evm, limits, consents, once: self.once.once.as_deref() };
        let mut work = EvmSession::begin(context, chain, options)?;
        let call = CallArgs { errors: self.errors()?, ..call };
        if self.output.is_some() {
            return answer(work.plan_drafts(context, &call, self.output.as_ref(), 1)?);
        }
        let again = if self.again { Again::Yes } else { Again::No };
        answer(work.whole(context, &call, again)?)
    }

    /// Coins that go with it, in wei.
    fn coins(&self, chain: &'static EvmChain) -> Result<U256, Failure> {
        let value = self.value.as_deref().map(|text| native(text, chain)).transpose()?;
        Ok(value.map_or(U256::ZERO, |units| units.value))
    }

    fn function(&self, named: &str) -> Result<Function, Failure> {
        let Some(path) = &self.abi else { return Ok(calls::function(named)?) };
        let json = read_public(path, MAX_ABI)?;
        Ok(calls::function_of_abi(&json, named, self.arguments.len())?)
    }

    /// Errors that were named, then those of the ABI file.
    fn errors(&self) -> Result<Vec<AbiError>, Failure> {
        let mut errors = self.error.iter().map(|text| revert::error(text)).collect::<Result<Vec<_>, _>>()?;
        if let Some(path) = &self.abi {
            errors.extend(revert::errors_of_abi(&read_public(path, MAX_ABI)?)?);
        }
        Ok(errors)
    }

    fn ask(&self, context: &mut Context, chain: &'static EvmChain, function: &Function, mut call: EvmCall) -> Answer {
        if let Ok((_, row)) = context.evm_account(chain) {
            call.from = row.account.address;
        }
        let claim = context.node(chain)?.call(&call)?;
        let said_by = operator(&claim);
        match claim.into_value() {
            CallOutcome::Returned(data) => answer(CallAnswer {
                to: call.to.unwrap_or_default(),
                function: function.signature(),
                answer: calls::answer(function, &data, chain)?,
                raw: data.to_string(),
                evidence: Evidence::Said,
                said_by,
            }),
            CallOutcome::Reverted(revert) => Err(EthereumError::Reverted(revert.why(&self.errors()?, chain)).into()),
        }
    }
}

impl Report for CallAnswer {
    fn page(&self, page: &mut Page) {
        page.field("Asked", &self.function);
        write_tree(&self.answer, page);
        page.field("Said by", &self.said_by);
    }
}
