//! The owner of a reviewed transaction, and whom it pays: by what this machine knows, never by what a draft says of itself.
//!
//! The words of a draft are kept apart, and are shown as claimed.

use super::page::{Page, Tone};
use alloy_primitives::Address;
use fastness::{
    amount::Amount,
    flow::{bitcoin::DraftContext, ethereum::EvmDraft},
    ledger::{bitcoin::AccountRow, ethereum::EvmAccountRow},
    review::{Payee, Review},
    text::SafeText,
};

/// The right side of a review's first line.
#[derive(Clone, Debug)]
pub(crate) struct Heading {
    /// `wallet/account`, as the ledger of this machine has them, or that it has none.
    pub(crate) subject: String,
    /// What the draft says of itself, where that is something else.
    pub(crate) claimed: Option<String>,
    /// What is known of those who are paid.
    pub(crate) payees: Vec<Payee>,
    /// What the account has left, as far as this machine knows.
    pub(crate) remains: Option<Amount>,
}

const UNKNOWN: &str = "an account that is not listed here";

/// The account whose coins are spent: the one whose path those of the inputs begin with. Paths of several wallets can be the
/// same, and then the path alone is told.
fn of_inputs(review: &Review, accounts: &[AccountRow]) -> String {
    let Some(path) = review.inputs.iter().find_map(|input| input.path.as_deref()) else {
        return UNKNOWN.to_owned();
    };
    let begins = |row: &&AccountRow| path.starts_with(&format!("m/{}/", row.account.origin()));
    let mut rows = accounts.iter().filter(|row| row.account.network == review.network).filter(begins);
    match (rows.next(), rows.next()) {
        (Some(row), None) => named(&row.wallet, &row.name),
        _ => account_of(path),
    }
}

/// `m/84'/0'/0'` of `m/84'/0'/0'/1/7`.
fn account_of(path: &str) -> String {
    let account = path.rsplitn(3, '/').nth(2).unwrap_or(path);
    format!("account {account}")
}

/// The account of an address.
pub(crate) fn of_sender(from: Address, accounts: &[EvmAccountRow]) -> String {
    let row = accounts.iter().find(|row| row.account.address == from);
    row.map_or_else(|| UNKNOWN.to_owned(), |row| named(&row.wallet, &row.name))
}

fn named(wallet: &str, account: &str) -> String {
    format!("{}/{}", SafeText::new(wallet), SafeText::new(account))
}

impl Heading {
    /// Of a draft on Bitcoin, by the accounts that are listed here.
    pub(crate) fn of_draft(review: &Review, accounts: &[AccountRow], context: &DraftContext) -> Self {
        let subject = of_inputs(review, accounts);
        let claimed = claimed(&subject, context.wallet.as_deref(), context.account.as_deref());
        Self { subject, claimed, payees: Vec::new(), remains: None }
    }

    /// Of a draft on an EVM chain.
    pub(crate) fn of_evm_draft(draft: &EvmDraft, accounts: &[EvmAccountRow]) -> Self {
        let subject = of_sender(draft.plan.from, accounts);
        let claimed = claimed(&subject, draft.context.wallet.as_deref(), draft.context.account.as_deref());
        Self { subject, claimed, payees: Vec::new(), remains: None }
    }

    /// Of what carries no claim.
    pub(crate) const fn of(subject: String) -> Self {
        Self { subject, claimed: None, payees: Vec::new(), remains: None }
    }

    /// The same, with what is known of those who are paid.
    pub(crate) fn with_payees(self, payees: Vec<Payee>) -> Self {
        Self { payees, ..self }
    }

    /// The same, with what the account has left.
    pub(crate) fn with_remains(self, remains: Option<Amount>) -> Self {
        Self { remains, ..self }
    }

    /// What is known of the one with this address.
    pub(crate) fn payee(&self, address: &str) -> Option<&Payee> {
        self.payees.iter().find(|payee| payee.address == address)
    }
}

/// The names that a draft gives, unless they are those that are known here.
fn claimed(subject: &str, wallet: Option<&str>, account: Option<&str>) -> Option<String> {
    if wallet.is_none() && account.is_none() {
        return None;
    }
    let claimed = named(wallet.unwrap_or("?"), account.unwrap_or("?"));
    (claimed != subject).then(|| format!("it calls its account {claimed}"))
}

/// What is known of one who is paid, below the address. On Ethereum one that passes for another is a stop of the review itself.
pub(crate) fn write_payee(payee: &Payee, page: &mut Page) {
    page.field("", &payee.to_string());
    if let Some(known) = &payee.looks_like {
        page.toned_field("Stop", (Tone::Stop, &format!("it looks like {known}, and is not it")));
    }
}
