//! `restore`: brings a wallet back from its backup, after showing which wallet that makes.
//!
//! Nothing is written before the person (or `--expect-fingerprint`) agreed that it is the right one.

use crate::cli::{
    context::{Assent, Context},
    home_backup,
    key_side::{self, Files, PasswordSource},
    new_password::new_password,
    new_wallet::{MakeArgs, Site, first_address},
    page::Page,
    report::{Answer, answer},
    typed_backup::{BackupArgs, MeantWallet},
    wallet_error::WalletError,
};
use bitcoin::bip32::Fingerprint;
use fastness::{
    account::Account,
    explain::Failure,
    keystore::{BackupForm, Cost, Keys, MasterSecret, NewWallet},
    ledger::bitcoin::Past,
    review::Warning,
    text::in_fours,
};

const AGREE_FLAG: &str = "--yes with --expect-fingerprint";

/// Bring a wallet back from its words, shares, SeedQR or root key
///
/// The backup is recognised by its content. Without --network it is for real money. --wallet names it; else it is `main`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    backup: BackupArgs,
    /// Refuse unless the words make the wallet with this fingerprint, eight hex digits
    #[arg(long, value_name = "HEX", value_parser = fingerprint)]
    expect_fingerprint: Option<Fingerprint>,
    #[command(flatten)]
    make: MakeArgs,
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        if let Some(path) = self.backup.home_file() {
            return home_backup::restore(context, &path);
        }
        let site = Site::choose(context)?;
        let source = PasswordSource::of_everywhere(context);
        self.backup.require_source(context)?;
        source.require(context)?;
        if context.consent() == Assent::Ask {
            context.ui.terminal(AGREE_FLAG)?;
        }
        let sealed = key_side::seal(context, Files::NewWallet, &self.backup.paths())?;
        let backup = self.backup.read(context, &sealed)?;
        let passphrase = self.make.ask_passphrase(context, &sealed)?;
        let class = site.network.class();
        let (form, passphrase_of) = (backup.form, passphrase.as_ref());
        let wanted = MeantWallet { class, fingerprint: self.expect_fingerprint, passphrase: passphrase_of };
        let secret = backup.meant(context, &wanted, &sealed)?;
        let keys = Keys::from_secret(&secret, passphrase_of, class, &sealed)?;
        self.check_expected(&keys)?;
        site.require_free(Some(&keys))?;
        let accounts = self.make.accounts(site.network, &keys, Past::Possible)?;
        let mut warnings: Vec<Warning> = site.twin(&keys)?.iter().map(|wallet| twin(wallet)).collect();
        warnings.extend(self.agree(context, &about(form, &secret), &keys, &accounts.listed)?);
        let password = new_password(context, &source, &sealed)?;
        context.ui.say("Sealing the wallet...");
        let wallet = NewWallet { secret, passphrase: self.make.rule(passphrase), class, cost: Cost::DEFAULT };
        let mut made = site.build(wallet, &accounts, &password, &sealed)?.with_a_past();
        made.warnings.extend(warnings);
        answer(made.told(None)?)
    }

    fn check_expected(&self, keys: &Keys) -> Result<(), WalletError> {
        match self.expect_fingerprint {
            Some(expected) if expected != keys.fingerprint() => Err(WalletError::OtherFingerprint {
                found: keys.fingerprint().to_string(),
                expected: expected.to_string(),
            }),
            _ => Ok(()),
        }
    }

    /// Shows which wallet it is, and asks.
    fn agree(
        &self,
        context: &Context,
        about: &str,
        keys: &Keys,
        accounts: &[Account],
    ) -> Result<Option<Warning>, Failure> {
        if context.consent() == Assent::Given {
            return Ok(self.expect_fingerprint.is_none().then(not_compared));
        }
        let addresses = accounts.iter().map(first_address).collect::<Result<Vec<_>, _>>()?;
        context.ui.show_page(AGREE_FLAG, |page| {
            if about.starts_with(BackupForm::Shares.name()) {
                page.line("If the shares had a passphrase of their own, this is not it: stop, and run it again with --share-passphrase.");
            }
            preview(page, about, &in_fours(&keys.fingerprint().to_string()), accounts, &addresses);
        })?;
        let typed = context.ui.ask("Type yes if this is your wallet, anything else to stop: ", AGREE_FLAG)?;
        if typed.trim() == "yes" { Ok(None) } else { Err(WalletError::Declined.into()) }
    }
}

/// What was read, in words.
fn about(form: BackupForm, secret: &MasterSecret) -> String {
    let words = secret.phrase().map(|phrase| format!("{} words, {}", phrase.count().words(), phrase.language()));
    match (words, form) {
        (Ok(words), BackupForm::Words) => words,
        (Ok(words), form) => format!("{} of {words}", form.name()),
        (Err(_), form) => form.name().to_owned(),
    }
}

fn preview(page: &mut Page, about: &str, fingerprint: &str, accounts: &[Account], addresses: &[String]) {
    page.line("This backup makes this wallet:");
    page.field("Backup", about);
    page.field("Master", &format!("{fingerprint} (fingerprint)"));
    for (account, address) in accounts.iter().zip(addresses) {
        let kind = account.kind();
        page.field("Account", &format!("{kind} on {}, m/{}", account.network, account.origin()));
        let address = page.grouped(address);
        page.field("", &format!("first address {address}"));
    }
    page.line("If your wallet had another passphrase, or none where you typed one, this is not it: stop, and run `fastness restore` again, with --passphrase if it had one.");
}

fn twin(wallet: &str) -> Warning {
    let text = format!("`{wallet}` in this home has the same keys; both will show the same money");
    Warning { code: "same_keys", text }
}

fn not_compared() -> Warning {
    let text = "nobody compared the fingerprint: a wrong passphrase would have made another, empty wallet";
    Warning { code: "fingerprint_not_compared", text: text.to_owned() }
}

fn fingerprint(text: &str) -> Result<Fingerprint, String> {
    let digits: String = text.chars().filter(|character| !character.is_whitespace()).collect();
    digits.parse().map_err(|_| "a fingerprint has eight hex digits, such as 24581326".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_read_as_they_are_printed() {
        assert_eq!(fingerprint("2458 1326"), fingerprint("24581326"));
        assert!(fingerprint("24581326").is_ok_and(|value| in_fours(&value.to_string()) == "2458 1326"));
        for wrong in ["", "2458132", "245813260", "zzzzzzzz"] {
            assert!(fingerprint(wrong).is_err(), "{wrong}");
        }
    }
}
