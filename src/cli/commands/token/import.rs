//! `token import`: tokens from a published list (the token list schema that wallets and exchanges share), for the chain in use.
//!
//! What a list says is a claim, and is kept as one: a token whose symbol passes for a known one is left out, and so is what
//! would read as more than a symbol. A signature says whose claim it is, and no more.

use std::{collections::BTreeSet, path::PathBuf};

use crate::cli::{
    CliError,
    context::Context,
    ethereum::{args::address, lookup},
    input_file::read_bounded,
    page::Page,
    report::{Answer, Report, answer},
};
use alloy_primitives::Address;
use fastness::{
    address::evm_text,
    chain::ethereum::{contract_signature, message},
    explain::Failure,
    ledger::ethereum::AddedToken,
    network::EvmChain,
    review::Warning,
    text::SafeText,
};
use serde::{Deserialize, Serialize};

use super::symbol_problem;

/// The largest published lists have some thousands of tokens, of about 300 bytes each.
const MAX_BYTES: u64 = 8 << 20;
/// No token counts more decimals; a contract's `decimals` is a byte, and those in use are below this.
const MOST_DECIMALS: u8 = 36;
/// Tokens that are left out, in one page.
const SHOWN: usize = 10;

/// A list in a file.
#[derive(Debug, clap::Args)]
pub(super) struct ImportArgs {
    /// The list: JSON with `name` and `tokens`, as Uniswap and others publish it
    file: PathBuf,
    /// Take it only if this address signed the file, whole, as a message (EIP-191)
    #[arg(long, value_name = "ADDRESS", requires = "signature")]
    signer: Option<String>,
    /// That signature, in hex
    #[arg(long, value_name = "HEX", requires = "signer")]
    signature: Option<String>,
}

#[derive(Deserialize)]
struct ListJson {
    name: String,
    tokens: Vec<TokenJson>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TokenJson {
    chain_id: u64,
    address: String,
    symbol: String,
    decimals: u8,
}

/// A token of the list that was not added.
#[derive(Serialize)]
struct LeftOut {
    contract: SafeText,
    symbol: SafeText,
    why: String,
}

#[derive(Serialize)]
struct ImportedTokens {
    network: &'static EvmChain,
    list: SafeText,
    signed_by: Option<String>,
    added: usize,
    /// Known before, from the pinned list or an earlier import.
    known: usize,
    /// Of other chains.
    elsewhere: usize,
    left_out: Vec<LeftOut>,
}

impl ImportArgs {
    pub(super) fn run(&self, context: &mut Context, chain: &'static EvmChain) -> Answer {
        let bytes = read_bounded(&self.file, MAX_BYTES)?;
        let signed_by = self.checked_signer(&bytes, chain)?;
        let list: ListJson = serde_json::from_slice(&bytes)
            .map_err(|error| CliError::Usage(format!("{} is no list of tokens: {error}", self.file.display())))?;
        let mut ledger = context.ledger()?;
        let mut known: BTreeSet<Address> = lookup::tokens(&ledger, chain)?.iter().map(|token| token.address).collect();
        let mut imported = ImportedTokens {
            network: chain,
            list: SafeText::new(&list.name),
            signed_by,
            added: 0,
            known: 0,
            elsewhere: 0,
            left_out: Vec::new(),
        };
        let mut wanted = Vec::new();
        for token in &list.tokens {
            if token.chain_id != chain.id {
                imported.elsewhere += 1;
                continue;
            }
            match readable(token, chain) {
                Err(why) => imported.left_out.push(LeftOut {
                    contract: SafeText::new(&token.address),
                    symbol: SafeText::new(&token.symbol),
                    why,
                }),
                Ok(token) if known.insert(token.address) => wanted.push(token),
                Ok(_) => imported.known += 1,
            }
        }
        imported.added = wanted.len();
        ledger.atomically(|ledger| wanted.iter().try_for_each(|token| ledger.add_token(chain.id, token)))?;
        answer(imported)
    }

    /// The signer, where one was asked for and the signature is its own.
    fn checked_signer(&self, bytes: &[u8], chain: &'static EvmChain) -> Result<Option<String>, Failure> {
        let (Some(signer), Some(signature)) = (&self.signer, &self.signature) else { return Ok(None) };
        let wanted = address(signer, chain)?;
        let signature = contract_signature::bytes_of(signature)?;
        let found = message::recovered(message::personal_digest(bytes), &signature)?;
        if found == wanted {
            return Ok(Some(evm_text(found, chain)));
        }
        let what = format!("the list was signed by {}, not by {}", evm_text(found, chain), evm_text(wanted, chain));
        Err(CliError::Usage(what).into())
    }
}

/// A token as the ledger keeps it, or why it is left out.
fn readable(token: &TokenJson, chain: &'static EvmChain) -> Result<AddedToken, String> {
    let contract = address(&token.address, chain).map_err(|failure| failure.message())?;
    let symbol = SafeText::new(&token.symbol);
    if fastness::token::Token::at(chain.id, contract).is_some() {
        return Ok(AddedToken { address: contract, symbol, decimals: token.decimals });
    }
    if let Some(problem) = symbol_problem(chain, &symbol) {
        return Err(problem);
    }
    if symbol.as_str().contains("\\u{") {
        return Err("its symbol has characters that are not what they look like".to_owned());
    }
    if token.decimals > MOST_DECIMALS {
        return Err(format!("it counts {} decimals", token.decimals));
    }
    Ok(AddedToken { address: contract, symbol, decimals: token.decimals })
}

impl Report for ImportedTokens {
    fn page(&self, page: &mut Page) {
        page.heading(&format!("\"{}\"", self.list), &self.network.to_string());
        page.field("Added", &format!("{} tokens, as the list says", self.added));
        page.field("Known", &self.known.to_string());
        page.field("Elsewhere", &format!("{} of other networks", self.elsewhere));
        if let Some(signer) = &self.signed_by {
            page.field("Signed by", signer);
        }
        for token in self.left_out.iter().take(SHOWN) {
            page.field("Left out", &format!("{} at {}: {}", token.symbol, token.contract, token.why));
        }
        if self.left_out.len() > SHOWN {
            page.field("", &format!("and {} more (`--json` lists all)", self.left_out.len() - SHOWN));
        }
        page.line("Sends of them say which contract is meant; `fastness token list` lists them.");
    }

    fn warnings(&self) -> Vec<Warning> {
        let text = "nothing says who made this list: --signer and --signature check that".to_owned();
        if self.signed_by.is_none() { vec![Warning { code: "unsigned_list", text }] } else { Vec::new() }
    }
}
