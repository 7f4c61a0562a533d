//! The figures of the tour: what the commands' JSON says, as far as the tour checks it.
//!
//! Reads; the checks are in steps.rs.

use fastness::amount::Amount;
use serde::{Deserialize, Serialize, Serializer};

/// A new wallet, as `new --json --words-to-stdout` reports it. The words guard coins worth nothing, and are shown.
#[derive(Deserialize)]
pub(super) struct NewWalletJson {
    pub(super) words: Words,
    pub(super) fingerprint: String,
}

/// Words as one text or as a list.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Words {
    Text(String),
    List(Vec<String>),
}

impl Words {
    /// All in one line.
    pub(super) fn line(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::List(words) => words.join(" "),
        }
    }
}

/// `wallets --json`.
#[derive(Deserialize)]
pub(super) struct WalletListJson {
    wallets: Vec<WalletRow>,
}

#[derive(Deserialize)]
struct WalletRow {
    name: String,
    fingerprint: Option<String>,
}

impl WalletListJson {
    /// The fingerprint that a wallet's file states.
    pub(super) fn fingerprint(&self, name: &str) -> String {
        let row = self.wallets.iter().find(|row| row.name == name);
        row.and_then(|row| row.fingerprint.clone()).unwrap_or_else(|| "none".to_owned())
    }
}

/// `receive --json`.
#[derive(Deserialize)]
pub(super) struct ReceivedJson {
    pub(super) address: String,
}

/// Satoshi as JSON has them: a text.
#[derive(Deserialize)]
struct Sat {
    smallest: String,
}

/// `balance --json`.
#[derive(Deserialize)]
pub(super) struct BalanceJson {
    accounts: Vec<AccountBalanceJson>,
}

#[derive(Deserialize)]
struct AccountBalanceJson {
    confirmed: Option<Sat>,
    unconfirmed: Option<Sat>,
}

impl BalanceJson {
    /// Confirmed satoshi of the only account, if nothing else is on its way.
    pub(super) fn settled(&self) -> String {
        match self.accounts.as_slice() {
            [AccountBalanceJson { confirmed: Some(sure), unconfirmed: Some(coming) }] if coming.smallest == "0" => {
                sure.smallest.clone()
            }
            _ => "an unknown number of".to_owned(),
        }
    }
}

/// `history --json`.
#[derive(Deserialize)]
pub(super) struct History {
    transactions: Vec<HistoryRowJson>,
}

#[derive(Deserialize)]
struct HistoryRowJson {
    txid: String,
    confirmations: u32,
    fee: Option<Sat>,
}

/// A payment of the tour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Paid {
    pub(super) txid: String,
    #[serde(rename = "fee", serialize_with = "as_amount")]
    pub(super) fee_sat: u64,
    pub(super) confirmations: u32,
}

impl History {
    /// One transaction, if the wallet paid its fee.
    pub(super) fn payment(&self, txid: &str) -> Option<Paid> {
        let row = self.transactions.iter().find(|row| row.txid == txid)?;
        let fee_sat = row.fee.as_ref()?.smallest.parse().ok()?;
        Some(Paid { txid: row.txid.clone(), fee_sat, confirmations: row.confirmations })
    }
}

/// `inspect DRAFT --json`: what agreeing takes.
#[derive(Deserialize)]
pub(super) struct InspectedJson {
    pub(super) review: ReviewedJson,
}

/// What the tour needs of a review.
#[derive(Deserialize)]
pub(super) struct ReviewedJson {
    pub(super) digest: String,
    pub(super) txid: String,
}

/// Every figure of a tour that was walked to its end.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    pub(super) fingerprint: String,
    pub(super) address: String,
    pub(super) shop: String,
    #[serde(rename = "received", serialize_with = "as_amount")]
    pub(super) received_sat: u64,
    pub(super) first: Paid,
    pub(super) replaced: String,
    pub(super) second: Paid,
    #[serde(rename = "balance", serialize_with = "as_amount")]
    pub(super) balance_sat: u64,
}

/// Satoshi as every report has them: smallest units in a text, and the asset.
fn as_amount<S: Serializer>(sat: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    Amount::sat(*sat).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_is_never_a_sum() {
        let sheet = |text: &str| serde_json::from_str::<BalanceJson>(text).map(|sheet| sheet.settled()).unwrap();
        let both = |sure: &str, coming: &str| {
            sheet(&format!(r#"{{"accounts":[{{"confirmed":{sure},"unconfirmed":{coming}}}]}}"#))
        };
        assert_eq!(both(r#"{"smallest":"5"}"#, r#"{"smallest":"0"}"#), "5");
        for unknown in
            [both("null", "null"), both(r#"{"smallest":"5"}"#, r#"{"smallest":"1"}"#), sheet(r#"{"accounts":[]}"#)]
        {
            assert!(unknown.parse::<u64>().is_err(), "{unknown}");
        }
    }

    #[test]
    fn words_are_read_as_text_or_list() {
        for text in [r#""leaf slim""#, r#"["leaf","slim"]"#] {
            assert_eq!(serde_json::from_str::<Words>(text).unwrap().line(), "leaf slim");
        }
    }
}
