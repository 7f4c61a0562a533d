//! What an account has of the tokens that are known, and how sure it is.
//!
//! It asks; it decides nothing.

use crate::cli::{
    context::Context,
    ethereum::{
        evidence::{tone, write_disagreements},
        lookup::{self},
    },
    page::{Page, Tone},
    report::Report,
};
use alloy_primitives::Address;
use fastness::{
    address::evm_text,
    amount::Units,
    explain::Failure,
    explorer::ethereum::{Disagreement, Matter, Sourced},
    network::EvmChain,
    review::Evidence,
    text::SafeText,
};
use serde::Serialize;

/// Balances of tokens, as a node says.
#[derive(Serialize)]
pub(crate) struct TokenBalances {
    network: &'static EvmChain,
    account: String,
    balances: Vec<TokenBalance>,
    evidence: Evidence,
    said_by: Vec<SafeText>,
    disagreements: Vec<Disagreement>,
    #[serde(skip)]
    standing: String,
}

#[derive(Serialize)]
pub(crate) struct TokenBalance {
    contract: String,
    /// Nothing where the contract did not say: unknown is never zero.
    balance: Option<Units>,
    pinned: bool,
}

/// What the account has of every known token.
pub(crate) fn balances(context: &mut Context, chain: &'static EvmChain) -> Result<TokenBalances, Failure> {
    let (ledger, row) = context.evm_account(chain)?;
    let tokens = lookup::tokens(&ledger, chain)?;
    let addresses: Vec<Address> = tokens.iter().map(|token| token.address).collect();
    // Without tokens no host needs to learn of the account.
    let claim = match addresses.as_slice() {
        [] => Sourced::said(Vec::new(), Vec::new(), Vec::new()),
        known => context.node(chain)?.token_balances(row.account.address, known)?,
    };
    let (standing, evidence) = (claim.standing(), claim.evidence());
    let Sourced { claim, said_by, disagreements } = claim;
    let balances = tokens.into_iter().zip(claim.into_value()).map(|(token, balance)| TokenBalance {
        contract: evm_text(token.address, chain),
        balance: balance.map(|value| token.denomination.of(value)),
        pinned: token.pinned,
    });
    let account = format!("{}/{}", row.wallet, row.name);
    Ok(TokenBalances {
        network: chain,
        account,
        balances: balances.collect(),
        evidence,
        said_by,
        disagreements,
        standing,
    })
}

impl TokenBalances {
    /// Lines for what is there, and for what did not answer.
    pub(crate) fn write(&self, page: &mut Page) {
        for token in &self.balances {
            match &token.balance {
                Some(balance) if balance.value.is_zero() => {}
                Some(balance) => page.toned_field("", (tone(self.evidence), &format!("{balance}   {}", self.standing))),
                None => page.toned_field("", (Tone::Claimed, &format!("{} did not answer", token.contract))),
            }
        }
        write_disagreements(self.disagreements.iter().filter(|other| other.about == Matter::Balance), page);
    }
}

impl Report for TokenBalances {
    fn page(&self, page: &mut Page) {
        page.heading(&self.account, &self.network.to_string());
        self.write(page);
        if self.balances.is_empty() {
            return page.line("No token is known here; `fastness token add CONTRACT` looks one up.");
        }
        if self.balances.iter().all(|token| token.balance.as_ref().is_some_and(|balance| balance.value.is_zero())) {
            page.line(&format!("Nothing of the {} known tokens, {}.", self.balances.len(), self.standing));
        }
    }
}
