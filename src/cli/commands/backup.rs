//! `backup`: shows the words of a wallet again, splits them into shares, makes a page to print, or proves that a backup restores
//! it. What is written is the page, and the file of a home.
//!
//! `verify` needs no password: what the typed words make is compared with what is public about the wallet.

mod facts;
mod file;
mod sheet;
mod split;

use crate::cli::{
    CliError,
    context::Context,
    home_backup::verify,
    key_side::{self, Files, PasswordSource},
    new_wallet::first_address,
    page::{Page, Tone},
    report::{Answer, Report, answer},
    typed_backup::{BackupArgs, MeantWallet},
    wallet_error::WalletError,
    words_screen::{Captions, WordsScreen},
};
use bitcoin::bip32::Fingerprint;
use fastness::{
    account::AccountKey,
    explain::Failure,
    keystore::{Header, Keys, KeystoreError, PassphraseUse, PhraseError, read_header},
    ledger::{KeyLocation, bitcoin::AccountRow},
    review::Warning,
    store::WalletName,
    text::in_fours,
};
use serde::Serialize;

use self::facts::same_evm_account;

const WORDS_FLAG: &str = "--words-to-stdout";

/// Show the words again; split, print or check a backup (only the time of the check is kept)
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Show the words once more (asks for the password)
    Words(ShowArgs),
    /// Split the backup into shares (SLIP-39), any few of which bring the wallet back
    Split(split::SplitArgs),
    /// Write the whole home into one sealed file: wallets, accounts, labels, contacts, history
    File(file::FileArgs),
    /// Prove that the backup on paper restore this wallet (needs no password)
    Verify(VerifyArgs),
    /// A page to print: lines to fill by hand with fingerprint and addresses, or the words themselves
    Sheet(sheet::SheetArgs),
}

#[derive(Debug, clap::Args)]
struct ShowArgs {
    /// Print the words in the result in place of the screen: for scripts, where you know who reads it
    #[arg(long)]
    words_to_stdout: bool,
}

#[derive(Debug, clap::Args)]
struct VerifyArgs {
    #[command(flatten)]
    backup: BackupArgs,
}

#[derive(Serialize)]
struct ShownWords {
    wallet: String,
    fingerprint: String,
    word_count: u64,
    passphrase: PassphraseUse,
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<Vec<&'static str>>,
}

/// A backup that restores the wallet, and what was compared.
#[derive(Serialize)]
struct Verified {
    wallet: String,
    fingerprint: String,
    /// What was compared: words, or another form of them.
    backup: &'static str,
    /// 0 for a backup that has no words.
    word_count: usize,
    passphrase: PassphraseUse,
    accounts: Vec<String>,
    first_address: Option<String>,
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        // A whole home has no one wallet.
        if let Action::Verify(args) = &self.action
            && let Some(path) = args.backup.home_file()
        {
            return verify(context, &path);
        }
        if let Action::File(args) = &self.action {
            return args.run(context);
        }
        let wallet = context.wallet()?;
        let header = read_header(&context.home()?.keystore_path(&wallet))?;
        match &self.action {
            Action::Words(args) => args.run(context, &wallet),
            Action::File(args) => args.run(context),
            Action::Split(args) => args.run(context, &wallet),
            Action::Verify(args) => args.run(context, &wallet, &header),
            Action::Sheet(args) => args.run(context, &wallet, &header),
        }
    }
}

impl ShowArgs {
    fn run(&self, context: &mut Context, wallet: &WalletName) -> Answer {
        if !self.words_to_stdout {
            context.ui.terminal(WORDS_FLAG).map_err(|_| CliError::WordsToPipe)?;
        }
        PasswordSource::of_everywhere(context).require(context)?;
        let sealed = key_side::seal(context, Files::Wallet(wallet), &[])?;
        let unlocked = key_side::unlock(context, wallet, &sealed)?;
        let (header, phrase) = (unlocked.header(), unlocked.secret().phrase()?);
        let fingerprint = header.fingerprint.to_string();
        let mut words = None;
        if self.words_to_stdout {
            words = Some(phrase.words().collect());
        } else {
            let above = format!("The {} words of {wallet}. Who has them has the money.", header.words);
            let mut below = vec![format!("Fingerprint: {}", in_fours(&fingerprint))];
            if header.passphrase != PassphraseUse::None {
                below.push("The wallet has a passphrase too: without it, these words make another wallet.".to_owned());
            }
            let captions = Captions { above: &above, below: &below, alarm: None };
            WordsScreen::open(&context.ui, WORDS_FLAG)?.show(&phrase.words().collect::<Vec<_>>(), &captions)?;
        }
        let (word_count, passphrase) = (header.words, header.passphrase);
        answer(ShownWords { wallet: wallet.to_string(), fingerprint, word_count, passphrase, words })
    }
}

impl VerifyArgs {
    fn run(&self, context: &mut Context, wallet: &WalletName, header: &Header) -> Answer {
        self.backup.require_source(context)?;
        let ledger = context.ledger()?;
        let rows = ledger.accounts(Some(wallet.as_str()))?;
        let sealed = key_side::seal(context, Files::Ledger, &self.backup.paths())?;
        let backup = self.backup.read(context, &sealed).map_err(broken)?;
        let passphrase = match header.passphrase {
            PassphraseUse::None => None,
            // One that lies in the file is part of the backup all the same: without the file, it has to be known.
            PassphraseUse::Stored | PassphraseUse::Asked => Some(key_side::passphrase(context, &sealed)?),
        };
        let (class, fingerprint) = (header.network_class, Some(header.fingerprint));
        let wanted = MeantWallet { class, fingerprint, passphrase: passphrase.as_ref() };
        let form = backup.form;
        let secret = backup.meant(context, &wanted, &sealed)?;
        let passphrase = passphrase.as_ref().filter(|_| secret.phrase().is_ok());
        let keys = Keys::from_secret(&secret, passphrase, class, &sealed)?;
        let word_count = secret.phrase().map_or(0, |phrase| phrase.count().words());
        let other = |why| WalletError::OtherBackup { wallet: wallet.to_string(), why };
        if let Some(why) = difference(header, &keys) {
            return Err(other(why).into());
        }
        let mut accounts = Vec::new();
        let mut first = None;
        for row in rows.iter().filter(|row| row.keys == KeyLocation::Here) {
            if !same_account(row, &keys) {
                return Err(other(format!("the account {} has another key", row.name)).into());
            }
            accounts.push(format!("{} on {}", row.name, row.account.network));
            first = first.map_or_else(|| first_address(&row.account).map(Some), |known| Ok(Some(known)))?;
        }
        for row in ledger.evm_accounts(Some(wallet.as_str()))?.iter().filter(|row| row.keys == KeyLocation::Here) {
            if !same_evm_account(row, &keys) {
                return Err(other(format!("the account {} has another key", row.name)).into());
            }
            accounts.push(row.name.clone());
        }
        if !ledger.is_read_only()? {
            ledger.set_backup_verified(keys.fingerprint())?;
        }
        answer(Verified {
            wallet: wallet.to_string(),
            fingerprint: keys.fingerprint().to_string(),
            backup: form.name(),
            word_count,
            passphrase: header.passphrase,
            accounts,
            first_address: first,
        })
    }
}

/// Words that are no phrase are a backup that failed, not a slip on the command line.
fn broken(failure: Failure) -> Failure {
    let of_keystore = failure.find().and_then(|error: &KeystoreError| match error {
        KeystoreError::Phrase(error) => Some(error),
        _ => None,
    });
    let is_broken = |error: &PhraseError| !matches!(error, PhraseError::Ambiguous { .. });
    if failure.find().or(of_keystore).is_some_and(is_broken) {
        return WalletError::BrokenBackup(failure.message()).into();
    }
    failure
}

/// What says that these keys are another wallet's.
fn difference(header: &Header, keys: &Keys) -> Option<String> {
    let grouped = |fingerprint: Fingerprint| in_fours(&fingerprint.to_string());
    let (found, wanted) = (keys.fingerprint(), header.fingerprint);
    let passphrase = if header.passphrase == PassphraseUse::None { "" } else { " (or the passphrase is wrong)" };
    (found != wanted).then(|| format!("it makes the wallet {}, not {}{passphrase}", grouped(found), grouped(wanted)))
}

/// True if these keys make the account: the whole key, where a fingerprint is only 32 bits of one.
fn same_account(row: &AccountRow, keys: &Keys) -> bool {
    let same = |key: &AccountKey| keys.account_xpub(&key.origin).is_ok_and(|found| found == key.xpub);
    row.account.single_key().is_some_and(same)
}

impl Report for ShownWords {
    fn page(&self, page: &mut Page) {
        match &self.words {
            Some(words) => page.verbatim(&words.join(" ")),
            None => {
                page.line(&format!("The {} words of {} were shown, and are gone.", self.word_count, self.wallet));
                let next = format!("fastness backup verify --wallet {} (asks for them, from the paper)", self.wallet);
                page.field("Next", &next);
            }
        }
    }

    fn warnings(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        if self.words.is_some() {
            let text = "the words are in this output: keep it secret".to_owned();
            warnings.push(Warning { code: "words_in_output", text });
        }
        if self.words.is_some() && self.passphrase != PassphraseUse::None {
            let text = "the wallet has a passphrase too: without it, these words make another wallet".to_owned();
            warnings.push(Warning { code: "passphrase_not_shown", text });
        }
        warnings
    }
}

impl Report for Verified {
    fn page(&self, page: &mut Page) {
        page.toned(Tone::Proven, &format!("This backup restores this wallet: {}.", self.wallet));
        page.field("Master", &format!("{} (fingerprint) is the same", in_fours(&self.fingerprint)));
        match self.accounts.as_slice() {
            [] => page.field("Accounts", "none in the ledger to compare with"),
            names => page.field("Accounts", &format!("{}: the same keys", names.join(", "))),
        }
        if let Some(address) = &self.first_address {
            let address = page.grouped(address);
            page.field("First", &format!("address {address}"));
        }
        if self.passphrase != PassphraseUse::None {
            page.field("Backup", "the words and the passphrase, as typed; both are needed");
        }
    }
}
