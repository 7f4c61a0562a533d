//! `token`: list, look up, import, balances, send, approve, allowances and revoke, on the chain in use.

mod import;

use crate::cli::{
    CliError,
    context::Context,
    ethereum::{
        args::{EvmArgs, OnceArgs, Options, address},
        evidence::operator,
        lookup::{self, KnownToken},
        payment,
        session::{Again, CallArgs, EvmSession},
        token_balances::balances,
    },
    limits::{ConsentArgs, LimitArgs},
    page::{Page, Tone},
    report::{Answer, Report, answer},
};
use alloy_primitives::{Address, U256};
use fastness::{
    address::evm_text,
    amount::{Units, decimal_to_u256},
    chain::ethereum::{allowance, calls, policy},
    explain::Failure,
    explorer::ethereum::{ApprovalKind, ApprovalSeen},
    ledger::ethereum::AddedToken,
    network::EvmChain,
    review::{Consent, Evidence, Warning},
    text::SafeText,
};
use serde::Serialize;

/// Tokens: list, look up, balances, send, allowances
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Tokens that are known on this network
    List,
    /// Look a token up at its contract, and remember its symbol and decimals
    Add {
        /// The contract
        contract: String,
    },
    /// Remember the tokens of a published list, as it says them
    Import(import::ImportArgs),
    /// What the account has of every known token
    Balance,
    /// Send a token
    Send {
        /// Who gets it
        to: String,
        /// How much, such as "25 USDC"
        amount: String,
        #[command(flatten)]
        making: Making,
    },
    /// Let a spender take up to an amount
    Approve {
        /// Who may take
        spender: String,
        /// How much, such as "25 USDC", or "unlimited USDC"
        amount: String,
        #[command(flatten)]
        making: Making,
    },
    /// Allowances that the account gave, with what is left of them
    Allowances,
    /// Take an allowance away
    Revoke {
        /// Who may no longer take
        spender: String,
        /// The token, by symbol or contract; with --nft the collection
        token: String,
        /// The spender is an operator of every NFT of a collection
        #[arg(long)]
        nft: bool,
        #[command(flatten)]
        making: Making,
    },
}

/// Options of a transaction.
#[derive(Debug, clap::Args)]
struct Making {
    /// How soon: slow, normal or fast
    #[arg(long, value_name = "LEVEL")]
    fee: Option<String>,
    /// Make it again even if the same is on its way
    #[arg(long)]
    again: bool,
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
struct ListedToken {
    symbol: SafeText,
    contract: String,
    decimals: u8,
    pinned: bool,
}

#[derive(Serialize)]
struct TokenList {
    network: &'static EvmChain,
    tokens: Vec<ListedToken>,
}

#[derive(Serialize)]
struct TokenAllowance {
    contract: String,
    spender: String,
    /// What is left; nothing for an operator of NFTs, which may move every one.
    amount: Option<Units>,
    unlimited: bool,
    revoke: String,
}

#[derive(Serialize)]
struct Allowances {
    network: &'static EvmChain,
    account: String,
    allowances: Vec<TokenAllowance>,
    evidence: Evidence,
    said_by: String,
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        let chain = context.chain()?;
        match self.action.as_ref().unwrap_or(&Action::List) {
            Action::List => list(context, chain),
            Action::Add { contract } => add(context, chain, contract),
            Action::Import(args) => args.run(context, chain),
            Action::Balance => answer(balances(context, chain)?),
            Action::Allowances => allowances(context, chain),
            Action::Send { to, amount, making } => {
                making.run(context, chain, |context, work| payment::call(context, work, &[to.clone(), amount.clone()]))
            }
            Action::Approve { spender, amount, making } => making.run(context, chain, |_, work| {
                let (token, value) = allowed(work, amount)?;
                payment::counts_as_said(work, &token)?;
                let spender = address(spender, chain)?;
                check_beyond(work, &token, value, spender)?;
                Ok(CallArgs::call(token.address, calls::approve(spender, value)?))
            }),
            Action::Revoke { spender, token, nft, making } => making.run(context, chain, |_, work| {
                let spender = address(spender, chain)?;
                if *nft {
                    return Ok(CallArgs::call(address(token, chain)?, calls::revoke_operator(spender)?));
                }
                let contract = match lookup::token(&work.ledger, chain, token) {
                    Ok(known) => known.address,
                    Err(_) if token.starts_with("0x") => address(token, chain)?,
                    Err(failure) => return Err(failure),
                };
                Ok(CallArgs::call(contract, calls::approve(spender, U256::ZERO)?))
            }),
        }
    }
}

impl Making {
    fn run(
        &self,
        context: &mut Context,
        chain: &'static EvmChain,
        call: impl FnOnce(&Context, &EvmSession<'_>) -> Result<CallArgs, Failure>,
    ) -> Answer {
        let _lock = context.payment_lock()?;
        let (evm, limits, consents) = (&self.evm, &self.limits, &self.consents);
        let options = Options { level: self.fee.as_deref(), evm, limits, consents, once: self.once.once.as_deref() };
        let mut work = EvmSession::begin(context, chain, options)?;
        let call = call(context, &work)?;
        let again = if self.again { Again::Yes } else { Again::No };
        answer(work.whole(context, &call, again)?)
    }
}

/// An allowance of a million times what the account has is one without limit, and is agreed to as one. What no node tells
/// stops nothing.
fn check_beyond(work: &EvmSession<'_>, token: &KnownToken, value: U256, spender: Address) -> Result<(), Failure> {
    let Ok(claim) = work.node.token_balances(work.row.account.address, &[token.address]) else { return Ok(()) };
    let held = claim.claim.into_value().into_iter().next().flatten();
    if held.is_some_and(|held| allowance::is_beyond(value, held)) {
        policy::check_consent(&Consent::Unlimited { spender }, &work.limits.consents)?;
    }
    Ok(())
}

/// `25 USDC` or `unlimited USDC`.
fn allowed(work: &EvmSession<'_>, text: &str) -> Result<(KnownToken, U256), Failure> {
    if let Some((word, unit)) = text.split_once(' ')
        && word.eq_ignore_ascii_case("unlimited")
    {
        return Ok((lookup::token(&work.ledger, work.chain, unit)?, U256::MAX));
    }
    let Some((number, unit)) = text.split_once(' ') else {
        let what = "name amount and token, such as \"25 USDC\"";
        return Err(CliError::Usage(what.to_owned()).into());
    };
    let token = lookup::token(&work.ledger, work.chain, unit)?;
    let value = decimal_to_u256(number, token.denomination.decimals)?;
    Ok((token, value))
}

fn list(context: &mut Context, chain: &'static EvmChain) -> Answer {
    let tokens = lookup::tokens(&context.ledger()?, chain)?;
    let listed = |token: KnownToken| ListedToken {
        symbol: token.denomination.symbol,
        contract: evm_text(token.address, chain),
        decimals: token.denomination.decimals,
        pinned: token.pinned,
    };
    answer(TokenList { network: chain, tokens: tokens.into_iter().map(listed).collect() })
}

fn add(context: &mut Context, chain: &'static EvmChain, contract: &str) -> Answer {
    let contract = address(contract, chain)?;
    let ledger = context.ledger()?;
    if lookup::tokens(&ledger, chain)?.iter().any(|token| token.pinned && token.address == contract) {
        return Err(CliError::Usage("this token is in the pinned list already".to_owned()).into());
    }
    let facts = context.node(chain)?.token_facts(contract)?.into_value();
    let facts = facts.ok_or_else(|| CliError::Usage(format!("{contract} does not answer as a token does")))?;
    if let Some(problem) = symbol_problem(chain, &facts.symbol) {
        return Err(CliError::Usage(problem).into());
    }
    if facts.symbol.as_str().contains("\\u{") {
        let text = format!(
            "its symbol has characters that are not what they look like, shown here as codes: {}",
            facts.symbol
        );
        context.ui.warn(&Warning { code: "odd_symbol", text });
    }
    ledger.add_token(chain.id, &AddedToken { address: contract, symbol: facts.symbol, decimals: facts.decimals })?;
    list(context, chain)
}

/// Why a symbol that a contract or a list names is not taken.
fn symbol_problem(chain: &EvmChain, symbol: &SafeText) -> Option<String> {
    let calls_itself = format!("this contract calls itself \"{symbol}\"");
    if let Some(known) = fastness::token::Token::imitated(chain, symbol.as_str()) {
        return Some(format!("{calls_itself}, which passes for {known}, and is not it"));
    }
    let is_odd = !fastness::token::is_one_word(symbol.as_str());
    is_odd.then(|| format!("{calls_itself}: a symbol of several words would pass for more of a sentence"))
}

fn allowances(context: &mut Context, chain: &'static EvmChain) -> Answer {
    let (ledger, row) = context.evm_account(chain)?;
    let (node, owner) = (context.node(chain)?, row.account.address);
    let claim = node.approvals(owner)?;
    let said_by = operator(&claim);
    let tokens = lookup::tokens(&ledger, chain)?;
    let mut found = Vec::new();
    for seen in claim.into_value() {
        let data = match seen.kind {
            ApprovalKind::Amount => calls::allowance(owner, seen.spender)?,
            ApprovalKind::Operator => calls::is_operator(owner, seen.spender)?,
        };
        let left = node.number(seen.contract, &data)?.into_value().filter(|left| !left.is_zero());
        found.extend(left.map(|left| allowance(chain, &tokens, seen, left)));
    }
    let account = format!("{}/{}", row.wallet, row.name);
    answer(Allowances { network: chain, account, allowances: found, evidence: Evidence::Said, said_by })
}

fn allowance(chain: &EvmChain, tokens: &[KnownToken], seen: ApprovalSeen, left: U256) -> TokenAllowance {
    let known = tokens.iter().find(|token| token.address == seen.contract);
    let counted = known
        .map_or_else(|| fastness::amount::Denomination::new("smallest units", 0), |token| token.denomination.clone());
    let (contract, spender) = (evm_text(seen.contract, chain), evm_text(seen.spender, chain));
    let flag = if seen.kind == ApprovalKind::Operator { " --nft" } else { "" };
    TokenAllowance {
        revoke: format!("fastness token revoke {spender} {contract}{flag} --network {}", chain.name),
        amount: (seen.kind == ApprovalKind::Amount).then(|| counted.of(left)),
        unlimited: seen.kind == ApprovalKind::Operator || allowance::is_unlimited(chain, seen.contract, left),
        contract,
        spender,
    }
}

impl Report for TokenList {
    fn page(&self, page: &mut Page) {
        let row = |token: &ListedToken| {
            let source = if token.pinned { "pinned list" } else { "its contract or a list, when it was added" };
            vec![token.symbol.to_string(), token.contract.clone(), token.decimals.to_string(), source.to_owned()]
        };
        if self.tokens.is_empty() {
            return page
                .line(&format!("No token is known on {}; `fastness token add CONTRACT` looks one up.", self.network));
        }
        let rows: Vec<_> = self.tokens.iter().map(row).collect();
        page.table(&["token", "contract", "decimals", "known from"], &rows);
    }
}

impl Report for Allowances {
    fn page(&self, page: &mut Page) {
        page.heading(&self.account, &self.network.to_string());
        if self.allowances.is_empty() {
            page.line(&format!("No allowance is open, as far as {} knows.", self.said_by));
        }
        for allowance in &self.allowances {
            let amount = match &allowance.amount {
                None => "EVERY NFT of the collection".to_owned(),
                Some(_) if allowance.unlimited => "UNLIMITED".to_owned(),
                Some(amount) => amount.to_string(),
            };
            let tone = if allowance.unlimited { Tone::Claimed } else { Tone::Normal };
            page.toned_field("May take", (tone, &format!("{amount} of {}", allowance.contract)));
            page.field("Spender", &allowance.spender);
            page.field("Revoke", &allowance.revoke);
        }
    }
}
