//! `backup split`: shares of a wallet's backup (SLIP-39), each shown on a screen of its own. Writes nothing.
//!
//! The shares were joined again, and gave what was split, before the first of them is shown.

use std::path::PathBuf;

use crate::cli::{
    CliError,
    context::Context,
    key_side::{self, Files, PasswordSource},
    page::Page,
    report::{Answer, Report, answer},
    words_screen::{Captions, WordsScreen},
};
use fastness::{
    explain::Failure,
    keystore::{
        Passphrase, PassphraseUse, SharesHold,
        slip39::{GroupPlan, Share, SplitPlan, split},
    },
    review::Warning,
    store::WalletName,
    text::in_fours,
};
use serde::Serialize;

const FLAG: &str = "--shares-to-stdout";
const PASSPHRASE_FLAG: &str = "--share-passphrase-file";

/// How the backup is split.
#[derive(Debug, clap::Args)]
pub(super) struct SplitArgs {
    /// So many shares, so many of which bring the wallet back, such as 2of3; repeat it for several groups
    #[arg(value_name = "MofN", required = true, value_parser = group)]
    groups: Vec<GroupPlan>,
    /// How many of the groups are needed; all of them unless this is said
    #[arg(long, value_name = "M")]
    groups_needed: Option<u8>,
    /// Ask for a passphrase of the shares, without which they make another wallet
    #[arg(long)]
    share_passphrase: bool,
    /// The same, read from this file
    #[arg(long, value_name = "FILE")]
    share_passphrase_file: Option<PathBuf>,
    /// Print the shares in the result in place of the screen: for scripts, where you know who reads it
    #[arg(long)]
    shares_to_stdout: bool,
}

/// One share of the report; its words by `--shares-to-stdout` alone.
#[derive(Serialize)]
struct ShownShare {
    group: u8,
    member: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<Vec<&'static str>>,
}

#[derive(Serialize)]
struct SplitBackup {
    wallet: String,
    fingerprint: String,
    /// What the shares hold: `entropy` of the words, or a `seed`.
    #[serde(serialize_with = "by_name")]
    hold: SharesHold,
    identifier: u16,
    groups_needed: u8,
    /// Needed and made, group by group.
    groups: Vec<String>,
    shares: Vec<ShownShare>,
    share_passphrase: bool,
    wallet_passphrase: PassphraseUse,
}

impl SplitArgs {
    pub(super) fn run(&self, context: &mut Context, wallet: &WalletName) -> Answer {
        let plan = self.plan()?;
        if !self.shares_to_stdout {
            context.ui.terminal(FLAG).map_err(|_| CliError::WordsToPipe)?;
        }
        PasswordSource::of_everywhere(context).require(context)?;
        let sealed = key_side::seal(context, Files::Wallet(wallet), std::slice::from_ref(&self.share_passphrase_file))?;
        let unlocked = key_side::unlock(context, wallet, &sealed)?;
        let header = unlocked.header().clone();
        let (secret, hold) = unlocked.secret().to_split()?;
        let passphrase = self.passphrase(context)?;
        let groups = split(&secret, passphrase.as_ref(), &plan)?;
        let shares: Vec<&Share> = groups.iter().flatten().collect();
        let fingerprint = header.fingerprint.to_string();
        if !self.shares_to_stdout {
            let mut screen = WordsScreen::open(&context.ui, FLAG)?;
            for share in &shares {
                show(&mut screen, share, &fingerprint)?;
            }
        }
        let shown = |share: &&Share| ShownShare {
            group: share.group(),
            member: share.member(),
            words: self.shares_to_stdout.then(|| share.words().collect()),
        };
        answer(SplitBackup {
            wallet: wallet.to_string(),
            fingerprint,
            hold,
            identifier: shares.first().map_or(0, |share| share.identifier()),
            groups_needed: plan.group_threshold(),
            groups: plan.groups().iter().map(named).collect(),
            shares: shares.iter().map(shown).collect(),
            share_passphrase: passphrase.is_some(),
            wallet_passphrase: header.passphrase,
        })
    }

    fn plan(&self) -> Result<SplitPlan, Failure> {
        let all = u8::try_from(self.groups.len()).unwrap_or(u8::MAX);
        let needed = self.groups_needed.unwrap_or(all);
        Ok(SplitPlan::new(needed, self.groups.clone(), SplitPlan::DEFAULT_EXPONENT)?)
    }

    fn passphrase(&self, context: &Context) -> Result<Option<Passphrase>, Failure> {
        if let Some(path) = &self.share_passphrase_file {
            return Ok(Some(Passphrase::new(key_side::from_file(path)?)?));
        }
        if !self.share_passphrase {
            return Ok(None);
        }
        let ask = |question| context.ui.ask_hidden(question, PASSPHRASE_FLAG).map(key_side::take);
        let first = Passphrase::new(ask("Passphrase of the shares: ")?)?;
        let second = Passphrase::new(ask("The same again: ")?)?;
        if first.same_as(&second) { Ok(Some(first)) } else { Err(CliError::EntriesDiffer.into()) }
    }
}

fn by_name<S: serde::Serializer>(hold: &SharesHold, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(hold.name())
}

/// Shows one share alone.
fn show(screen: &mut WordsScreen, share: &Share, fingerprint: &str) -> Result<(), CliError> {
    let group = match share.group_count() {
        1 => String::new(),
        count => format!(" of group {}, {} of {count} groups are needed", share.group(), share.group_threshold()),
    };
    let needed = match share.member_threshold() {
        1 => "It is enough".to_owned(),
        threshold => format!("{threshold} such shares are needed"),
    };
    let needed = if share.group_count() == 1 { needed + "." } else { needed + " for its group." };
    let above = format!("Share {}{group}. {needed}", share.member());
    let below = vec![
        format!("Fingerprint: {}. Set {}.", in_fours(fingerprint), share.identifier()),
        "Write it down, and keep it apart from the others.".to_owned(),
    ];
    let captions = Captions { above: &above, below: &below, alarm: None };
    screen.show(&share.words().collect::<Vec<_>>(), &captions)
}

/// `2of3`.
fn named(group: &GroupPlan) -> String {
    format!("{}of{}", group.threshold(), group.count())
}

fn group(text: &str) -> Result<GroupPlan, String> {
    let numbers = text.split_once("of").and_then(|(needed, made)| Some((needed.parse().ok()?, made.parse().ok()?)));
    let (needed, made) = numbers.ok_or("write how many are needed of how many, such as 2of3")?;
    GroupPlan::new(needed, made).map_err(|error| error.to_string())
}

impl Report for SplitBackup {
    fn page(&self, page: &mut Page) {
        for share in &self.shares {
            if let Some(words) = &share.words {
                page.verbatim(&words.join(" "));
            }
        }
        if self.shares.iter().all(|share| share.words.is_none()) {
            page.line(&format!("{} shares of {} were shown, and are gone.", self.shares.len(), self.wallet));
        }
        let groups = self.groups.join(", ");
        let needed = match self.groups.len() {
            1 => groups,
            count => format!("{} of {count} groups: {groups}", self.groups_needed),
        };
        page.field("Needed", &needed);
        if self.hold == SharesHold::Entropy {
            page.field("They hold", "the entropy of the words: this program restores them as the same words");
            page.field("", "a hardware wallet takes it for a seed, and makes another wallet");
        } else {
            page.field("They hold", "the seed: hardware wallets with SLIP-39 restore the same wallet");
        }
        let next = format!("fastness backup verify --wallet {} --shares (asks for them, from the paper)", self.wallet);
        page.field("Next", &next);
    }

    fn warnings(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        let mut warn = |code, text: &str| warnings.push(Warning { code, text: text.to_owned() });
        if self.shares.iter().any(|share| share.words.is_some()) {
            warn("words_in_output", "the shares are in this output: keep them apart, and this nowhere");
        }
        if self.wallet_passphrase != PassphraseUse::None {
            warn(
                "passphrase_not_shown",
                "the wallet has a passphrase too, which is in no share: it has to be known beside them",
            );
        }
        if self.share_passphrase {
            warn(
                "share_passphrase",
                "a wrong passphrase of the shares is not noticed by them: it makes another wallet",
            );
        }
        warnings
    }
}
