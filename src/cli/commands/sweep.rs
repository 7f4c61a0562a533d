//! `sweep`: everything behind a single private key (a paper wallet) to an address of this wallet.
//!
//! The key is typed into a sealed child process, which hands out only the public key, and later the signed transaction.

use std::{
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
};

use bitcoin::{OutPoint, secp256k1::PublicKey};
use fastness::{
    account::Keychain,
    chain::bitcoin::sweep::{KeyCoin, SweepRequest, scripts, sweep},
    explain::Failure,
    explorer::{Explorer, ScanPlan, ScriptHistory},
    flow::{self, Context as DraftContext, Draft, Origin, SignedFile},
    intent::{Fee, Warning},
    keystore::SingleKey,
    ledger::AccountRow,
    network::matures_at,
};

use super::{
    Answer, answer,
    broadcast::DiscretionArgs,
    pay::{FeeArgs, fee_limit},
};
use crate::cli::{
    DeskError,
    agreement::{self, Asked, LimitArgs},
    context::Context,
    heading::Heading,
    interrupts,
    key_side::{self, Files},
    sealed_child::{self, ChildWords},
    ui,
};

/// The last words of a sealed child that did not get as far as its answer.
const NO_ANSWER: &str = "it ended before it had read the key";

/// Move everything behind a single private key (wallet import format) into this wallet
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Read the key from this file descriptor
    #[arg(long, value_name = "N", conflicts_with = "key_file")]
    key_fd: Option<u32>,
    /// Read the key from the first line of this file
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    #[command(flatten)]
    fee: FeeArgs,
    #[command(flatten)]
    discretion: DiscretionArgs,
    #[command(flatten)]
    limits: LimitArgs,
    /// This process is the sealed child of another sweep
    #[arg(long, hide = true)]
    sealed_child: bool,
}

impl Args {
    /// Whether this process is the one that holds the key.
    pub(crate) const fn is_sealed_child(&self) -> bool {
        self.sealed_child
    }

    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        if self.sealed_child { self.child(context) } else { self.parent(context) }
    }

    /// The keyless side: finds the coins, plans, and sends.
    fn parent(&self, context: &mut Context) -> Answer {
        let _lock = context.payment_lock()?;
        let (ledger, row) = super::sync::refreshed(context)?;
        let network = row.account.network;
        let Fee::Rate(rate) = self.fee.resolved(context, network)? else {
            return Err(DeskError::Usage("a sweep takes a fee rate: use --fee-rate or --target".to_owned()).into());
        };
        let explorer = context.explorer(network)?;
        let mut child = SealedChild::start(self, context, &row)?;
        let key = child.public_key()?;
        let tip = explorer.tip()?.value().height;
        let found = coins_of(&explorer, key)?;
        let (coins, waiting) = mature(found, tip);
        if let Some(block) = waiting {
            let text =
                format!("block rewards of this key are left out: all of them can be spent from block {block} on");
            context.ui.warn(&Warning { code: "rewards_left_out", text });
        }
        let index = ledger.next_index(row.id, Keychain::Receive)?;
        let request = SweepRequest { account: row.account.clone(), index, rate, fee_limit: fee_limit(&self.limits)? };
        let plan = sweep(key, &coins, &request)?;
        ledger.issue(&row, Keychain::Receive, index)?;
        let names = DraftContext {
            wallet: Some(row.wallet.clone()),
            account: Some(row.name.clone()),
            ..DraftContext::default()
        };
        let draft = Draft { plan, context: names };
        let signed = child.sign(&draft)?;
        answer(super::broadcast::send(context, &signed, &self.discretion)?)
    }

    /// The sealed side: reads the key, tells its public key, reads the draft, asks, signs.
    fn child(&self, context: &mut Context) -> Answer {
        let (_, row) = context.account()?;
        let source =
            self.key_fd.map(|number| PathBuf::from(format!("/dev/fd/{number}"))).or_else(|| self.key_file.clone());
        let sealed = key_side::seal(context, Files::Nothing, std::slice::from_ref(&source))?;
        let typed = match source {
            Some(path) => key_side::from_file(&path)?,
            None => key_side::take(
                context.ui.ask_hidden("Private key to sweep (it is not stored): ", "--key-fd or --key-file")?,
            ),
        };
        let key = SingleKey::parse(typed, row.account.network.class(), &sealed)?;
        ui::print_raw(&format!("{}\n", key.public_key()))?;
        let draft = Draft::read(&super::sign::read_input(std::path::Path::new("-"))?, Some(row.account.network))?;
        let accounts = vec![row.account.clone()];
        let ours = fastness::chain::bitcoin::Ownership::of_key(key.public_key()).with_accounts(accounts.clone());
        let limits = self.limits.limits(row.account.network)?;
        let heading = Heading::of(format!("sweep into {}/{}", row.wallet, row.name));
        let asked = Asked { limits: &limits, origin: Origin::Command, heading };
        let approved = flow::approve(&draft, &ours, |review| agreement::agree(context, &asked, review))?;
        answer(super::sign::SignedReport::of(approved.review().clone(), flow::sign_sweep(approved, &key, accounts)?))
    }
}

/// A coin with the height of its block.
type Found = (KeyCoin, u32);

/// The coins that the next block may spend, and the first block that may spend those that it may not: young block rewards.
fn mature(found: Vec<Found>, tip: u32) -> (Vec<KeyCoin>, Option<u32>) {
    let is_young = |(coin, height): &Found| coin.parent.is_coinbase() && matures_at(*height) > tip.saturating_add(1);
    let (young, mature): (Vec<Found>, Vec<Found>) = found.into_iter().partition(is_young);
    let first = young.iter().map(|(_, height)| matures_at(*height)).max();
    (mature.into_iter().map(|(coin, _)| coin).collect(), first)
}

/// Every unspent coin of the key's four kinds of script, each with its whole transaction.
fn coins_of(explorer: &Explorer, key: PublicKey) -> Result<Vec<Found>, Failure> {
    let scripts = scripts(key);
    let place = |index: u32| usize::try_from(index).ok().and_then(|place| scripts.get(place));
    let derive = |_: Keychain, index: u32| place(index).map(|(_, script)| script.clone());
    let ask = (0..4u32).map(|index| (Keychain::Receive, index)).collect();
    let plan = ScanPlan { derive: &derive, ask, known: &|_, _| None, next: [4, 4], gap: 0 };
    let answer = explorer.scan(&plan, &mut |_| {})?;
    let mut coins = Vec::new();
    for history in &answer.scripts {
        if let Some((script_type, script)) = place(history.index) {
            let coin = |(outpoint, parent, height)| (KeyCoin { outpoint, parent, script_type: *script_type }, height);
            coins.extend(unspent(history, script).into_iter().map(coin));
        }
    }
    Ok(coins)
}

fn unspent(history: &ScriptHistory, script: &bitcoin::Script) -> Vec<(OutPoint, bitcoin::Transaction, u32)> {
    let spent: Vec<OutPoint> =
        history.txs.iter().flat_map(|at| at.tx.input.iter().map(|input| input.previous_output)).collect();
    let mut coins = Vec::new();
    for (at, block) in history.txs.iter().filter_map(|at| Some((at, at.place?))) {
        let txid = at.tx.compute_txid();
        for (vout, output) in (0u32..).zip(&at.tx.output) {
            let outpoint = OutPoint { txid, vout };
            if output.script_pubkey.as_script() == script && !spent.contains(&outpoint) {
                coins.push((outpoint, at.tx.clone(), block.height));
            }
        }
    }
    coins
}

/// The sealed child while it waits for the draft.
struct SealedChild {
    process: Child,
    answers: BufReader<ChildStdout>,
}

impl SealedChild {
    fn start(args: &Args, context: &mut Context, row: &AccountRow) -> Result<Self, Failure> {
        let mut words = ChildWords::new(&["sweep", "--sealed-child", "--json"]);
        words.option("wallet", Some(&row.wallet));
        words.option("account", Some(&row.name));
        words.option("network", Some(row.account.network.name()));
        words.option("home", Some(context.home()?.root()));
        words.option("key-fd", args.key_fd.map(|number| number.to_string()));
        words.option("key-file", args.key_file.as_ref());
        let words = words.limited(&args.limits, context.consent());
        let gone = |_| DeskError::Child("it does not start".to_owned());
        let program = std::env::current_exe().map_err(gone)?;
        let mut command = Command::new(program);
        command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(sealed_child::stderr_of_child());
        let mut process = command.spawn().map_err(gone)?;
        sealed_child::relay(process.stderr.take());
        let stdout = process.stdout.take().ok_or_else(|| DeskError::Child("it has no output".to_owned()))?;
        Ok(Self { process, answers: BufReader::new(stdout) })
    }

    /// The first line that the child prints.
    fn public_key(&mut self) -> Result<PublicKey, Failure> {
        let mut line = String::new();
        let read = interrupts::while_child_works(self.process.id(), || self.answers.read_line(&mut line))?;
        read.map_err(|_| DeskError::Child(NO_ANSWER.to_owned()))?;
        match line.trim().parse() {
            Ok(key) => Ok(key),
            Err(_) => Err(self.failed(line)),
        }
    }

    /// Hands the draft over and reads the signed transaction.
    fn sign(mut self, draft: &Draft) -> Result<SignedFile, Failure> {
        if let Some(mut stdin) = self.process.stdin.take() {
            let _ = stdin.write_all(draft.to_text()?.as_bytes());
        }
        let text = interrupts::while_child_works(self.process.id(), || self.rest(String::new()))??;
        match self.process.wait().ok().and_then(|status| status.code()) {
            Some(0) => sealed_child::signed_by_child(draft, &sealed_child::raw_of(text.as_bytes())?),
            other => Err(sealed_child::relayed(text.as_bytes(), other)),
        }
    }

    fn failed(&mut self, begun: String) -> Failure {
        drop(self.process.stdin.take());
        match self.rest(begun) {
            Ok(text) => {
                sealed_child::relayed(text.as_bytes(), self.process.wait().ok().and_then(|status| status.code()))
            }
            Err(failure) => failure,
        }
    }

    fn rest(&mut self, mut text: String) -> Result<String, Failure> {
        std::io::Read::read_to_string(&mut self.answers, &mut text)
            .map_err(|_| DeskError::Child(NO_ANSWER.to_owned()))?;
        Ok(text)
    }
}
