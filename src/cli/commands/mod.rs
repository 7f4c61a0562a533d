//! One file a command: its arguments (whose doc comments are the help), what it does, and its report.

mod account;
mod addresses;
mod backup;
mod balance;
mod broadcast;
mod bump;
mod call;
mod child;
mod coins;
mod completions;
mod contacts;
mod delegate;
mod deploy;
mod doctor;
mod errors;
mod explorers;
mod fees;
mod history;
mod inspect;
mod label;
mod labels;
mod man;
mod message;
mod networks;
mod new;
mod nft;
mod nonce;
mod password;
mod plan;
#[cfg(feature = "practice")]
mod practice;
mod privacy;
mod receive;
mod recover;
mod restore;
pub(crate) mod send;
mod show;
mod sign;
pub(crate) mod status;
mod sweep;
mod sync;
mod token;
mod track;
mod tx;
mod wallets;
mod watch;

use crate::cli::report::Answer;
use clap::Subcommand;
use fastness::explain::Entry;

use super::context::Context;

/// Catalogues of the commands that have errors of their own.
pub(crate) const CATALOGUES: &[&[&Entry]] = &[
    #[cfg(feature = "practice")]
    practice::CATALOGUE,
];

/// What the person wants to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a whole payment on a private practice chain, at no risk
    #[cfg(feature = "practice")]
    Practice(practice::Args),
    /// Create a wallet: generate its words, show them once, seal them in a file
    New(new::Args),
    /// Bring a wallet back from its words or another backup
    Restore(restore::Args),
    /// Where things stand, and what to type next
    Status(status::Args),
    /// List the wallets of this home
    Wallets(wallets::Args),
    /// Show what is public about a wallet: fingerprint, protection, accounts
    Show(show::Args),
    /// Change a wallet's password
    Password(password::Args),
    /// Show the words again; split, print or check a backup
    Backup(backup::Args),
    /// Other wallets, keys and passwords made of this wallet's words
    Child(child::Args),
    Recover(recover::Args),
    /// Add, list or export accounts; watch-only ones too
    Account(account::Args),
    /// An address to be paid at, with QR code and payment URI
    Receive(receive::Args),
    /// Every address with path, use, balance and label; whose an address is
    Addresses(addresses::Args),
    /// Ask the explorers what happened
    Sync(sync::Args),
    /// What you have, and how sure it is
    Balance(balance::Args),
    /// What happened: every transaction with net amount, who, fee and label
    History(history::Args),
    /// Everything about one transaction: amounts, whom, fee, depth, what replaced it
    Tx(tx::Args),
    /// The single coins; freeze and unfreeze them
    Coins(coins::Args),
    /// Names for addresses; `@NAME` is paid like an address
    Contacts(contacts::Args),
    /// Put a note on a transaction, address or coin
    Label(label::Args),
    /// Every note: list them, or carry them to and from other wallets (BIP-329)
    Labels(labels::Args),
    /// What a payment costs now: by each source, and by their median
    Fees(fees::Args),
    /// Write an unsigned draft of a payment
    Plan(plan::Args),
    /// Explain any draft, PSBT or transaction
    Inspect(inspect::Args),
    /// Review and sign a draft in a sealed process
    Sign(sign::Args),
    /// Send what was signed
    Broadcast(broadcast::Args),
    /// Find out where a transaction is; wait for confirmations
    Track(track::Args),
    /// Tell every arrival and confirmation as it happens
    Watch(watch::Args),
    /// Plan, review, sign and broadcast in one go
    Send(send::Args),
    /// Pay a higher fee for an unconfirmed transaction of yours
    Bump(bump::BumpArgs),
    /// Take the coins of an unconfirmed transaction back
    Cancel(bump::CancelArgs),
    /// Call any function of a contract, or only ask it
    Call(call::Args),
    /// Create a contract from its compiled code
    Deploy(deploy::Args),
    /// Messages: sign a text or typed data (EIP-712), verify a signature
    Message(message::Args),
    /// Let a contract run as your account (EIP-7702), or take that back
    Delegate(delegate::Args),
    /// Tokens: list, look up, balances, send, allowances
    Token(token::Args),
    /// NFTs: send one (ERC-721) or some of a kind (ERC-1155)
    Nft(nft::Args),
    /// Nonces of an Ethereum account: what is used, waits or is missing
    Nonce(nonce::Args),
    /// Move everything behind a single private key into this wallet
    Sweep(sweep::Args),
    /// List every network that fastness knows
    Networks(networks::Args),
    /// List the explorers in use, or test them
    Explorers(explorers::Args),
    /// Which host was told what of yours
    Privacy(privacy::Args),
    /// What this system protects, and what it does not
    Doctor(doctor::Args),
    /// Every error code with its exit code and hint, or one of them
    Errors(errors::Args),
    /// Completions for a shell
    Completions(completions::Args),
    /// The man page
    Man(man::Args),
}

impl Command {
    /// Whether it may send a transaction from this process, which must then end with the truth when it is interrupted.
    pub(crate) const fn sends(&self) -> bool {
        match self {
            Self::Sweep(args) => !args.is_sealed_child(),
            Self::Send(_)
            | Self::Broadcast(_)
            | Self::Bump(_)
            | Self::Cancel(_)
            | Self::Call(_)
            | Self::Deploy(_)
            | Self::Delegate(_)
            | Self::Token(_)
            | Self::Nft(_) => true,
            _ => false,
        }
    }

    /// Whether the wallet that it names can be one that is made by it.
    pub(crate) const fn may_name_a_new_wallet(&self) -> bool {
        match self {
            Self::New(_) | Self::Restore(_) => true,
            Self::Account(args) => args.watches(),
            _ => false,
        }
    }

    /// Runs the command.
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        match self {
            #[cfg(feature = "practice")]
            Self::Practice(args) => args.run(context),
            Self::New(args) => args.run(context),
            Self::Restore(args) => args.run(context),
            Self::Status(args) => args.run(context),
            Self::Wallets(args) => args.run(context),
            Self::Show(args) => args.run(context),
            Self::Password(args) => args.run(context),
            Self::Backup(args) => args.run(context),
            Self::Child(args) => args.run(context),
            Self::Recover(args) => args.run(context),
            Self::Account(args) => args.run(context),
            Self::Receive(args) => args.run(context),
            Self::Addresses(args) => args.run(context),
            Self::Sync(args) => args.run(context),
            Self::Balance(args) => args.run(context),
            Self::History(args) => args.run(context),
            Self::Tx(args) => args.run(context),
            Self::Coins(args) => args.run(context),
            Self::Contacts(args) => args.run(context),
            Self::Label(args) => args.run(context),
            Self::Labels(args) => args.run(context),
            Self::Fees(args) => args.run(context),
            Self::Plan(args) => args.run(context),
            Self::Inspect(args) => args.run(context),
            Self::Sign(args) => args.run(context),
            Self::Broadcast(args) => args.run(context),
            Self::Track(args) => args.run(context),
            Self::Watch(args) => args.run(context),
            Self::Send(args) => args.run(context),
            Self::Bump(args) => args.run(context),
            Self::Cancel(args) => args.run(context),
            Self::Call(args) => args.run(context),
            Self::Deploy(args) => args.run(context),
            Self::Message(args) => args.run(context),
            Self::Delegate(args) => args.run(context),
            Self::Token(args) => args.run(context),
            Self::Nft(args) => args.run(context),
            Self::Nonce(args) => args.run(context),
            Self::Networks(args) => args.run(context),
            Self::Sweep(args) => args.run(context),
            Self::Explorers(args) => args.run(context),
            Self::Privacy(args) => args.run(context),
            Self::Doctor(args) => args.run(context),
            Self::Errors(args) => args.run(context),
            Self::Completions(args) => args.run(context),
            Self::Man(args) => args.run(context),
        }
    }
}
