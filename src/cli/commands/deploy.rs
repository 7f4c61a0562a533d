//! `deploy`: creates a contract from its init code, with the arguments of its constructor.

use std::path::PathBuf;

use crate::cli::{
    CliError,
    context::Context,
    ethereum::{
        args::{EvmArgs, OnceArgs, Options, native},
        session::{Again, CallArgs, EvmSession},
    },
    limits::{ConsentArgs, LimitArgs},
    report::{Answer, answer},
};
use alloy_primitives::{Bytes, U256};
use fastness::{
    chain::ethereum::{calldata::CONSTRUCTOR, calls},
    explain::Failure,
    request::EvmValue,
    store::read_public,
};

/// Init code in hex, twice the 49,152 bytes of EIP-3860 and more for the file's other fields.
const MAX_CODE_FILE: u64 = 1_048_576;

/// Create a contract from its compiled code
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// File with the init code in hex, as compilers write it (.bin), or 0x hex itself
    #[arg(value_name = "CODE")]
    code: String,
    /// Types of the constructor, such as "constructor(uint256,address)"
    #[arg(long, value_name = "TYPES")]
    constructor: Option<String>,
    /// Arguments of the constructor
    #[arg(value_name = "ARGUMENT", allow_negative_numbers = true)]
    arguments: Vec<String>,
    /// Coins that go with it, such as 0.1eth
    #[arg(long, value_name = "AMOUNT")]
    value: Option<String>,
    /// Make it again even if the same deployment is on its way
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

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        let chain = context.chain()?;
        let data = calls::init_code(self.code()?, self.constructor.as_deref(), &self.arguments, chain)?;
        let value = self.value.as_deref().map(|text| native(text, chain)).transpose()?;
        let _lock = context.payment_lock()?;
        let (evm, limits, consents) = (&self.evm, &self.limits, &self.consents);
        let options = Options { level: self.fee.as_deref(), evm, limits, consents, once: self.once.once.as_deref() };
        let mut work = EvmSession::begin(context, chain, options)?;
        let call = CallArgs {
            to: None,
            value: EvmValue::Exactly(value.map_or(U256::ZERO, |units| units.value)),
            data,
            // The person deploys this very code from here; on another machine its digest is retyped.
            signatures: vec![CONSTRUCTOR.to_owned()],
            delegate: None,
            errors: Vec::new(),
        };
        if self.output.is_some() {
            return answer(work.plan_drafts(context, &call, self.output.as_ref(), 1)?);
        }
        let again = if self.again { Again::Yes } else { Again::No };
        answer(work.whole(context, &call, again)?)
    }

    fn code(&self) -> Result<Bytes, Failure> {
        let text = if self.code.starts_with("0x") {
            self.code.clone()
        } else {
            let bytes = read_public(std::path::Path::new(&self.code), MAX_CODE_FILE)?;
            String::from_utf8(bytes).map_err(|_| CliError::NotText)?
        };
        let text = text.trim();
        let whole = if text.starts_with("0x") { text.to_owned() } else { format!("0x{text}") };
        let code: Bytes = whole.parse().map_err(|_| CliError::Usage("the code is not hex".to_owned()))?;
        if code.is_empty() {
            return Err(CliError::Usage("there is no code to deploy".to_owned()).into());
        }
        Ok(code)
    }
}
