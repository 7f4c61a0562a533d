//! `password`: gives a wallet another password. After any crash the old one opens the file, or the new one does.

use std::path::PathBuf;

use crate::cli::{
    context::Context,
    key_side::{self, Files, Opened, PasswordSource},
    new_password::new_password,
    new_wallet::{Settled, kdf, settled},
    page::Page,
    report::{Answer, Report, answer},
};
use fastness::{
    keystore::{self, Cost, Header},
    review::Warning,
};
use serde::Serialize;

const NEW_FLAG: &str = "--new-password-fd or --new-password-file";

/// Change a wallet's password
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Read the new password from this file descriptor
    #[arg(long, value_name = "N", conflicts_with = "new_password_file")]
    new_password_fd: Option<u32>,
    /// Read the new password from the first line of this file
    #[arg(long, value_name = "FILE")]
    new_password_file: Option<PathBuf>,
}

#[derive(Serialize)]
struct Changed {
    wallet: String,
    fingerprint: String,
    kdf: String,
    #[serde(skip)]
    same: bool,
    #[serde(skip)]
    unconfirmed: Option<Warning>,
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        let wallet = context.wallet()?;
        let path = context.home()?.keystore_path(&wallet);
        keystore::read_header(&path)?;
        let source = self.source();
        PasswordSource::of_everywhere(context).require(context)?;
        source.require(context)?;
        let sealed = key_side::seal(context, Files::Wallets, std::slice::from_ref(&source.path))?;
        // Tried at once, so that the person does not invent a new password for nothing.
        let Opened { unlocked, password: old } = key_side::opened(context, &wallet, &sealed)?;
        let cost = stronger(unlocked.header());
        let new = new_password(context, &source, &sealed)?;
        context.ui.say("Sealing the wallet again...");
        let changed = keystore::change_password(&path, &old, &new, cost, &sealed);
        let Settled { header, warning } = settled(changed, &path)?;
        answer(Changed {
            unconfirmed: warning,
            wallet: wallet.to_string(),
            fingerprint: header.fingerprint.to_string(),
            kdf: kdf(&header),
            same: old.same_as(&new),
        })
    }

    fn source(&self) -> PasswordSource {
        let descriptor = self.new_password_fd.map(|number| PathBuf::from(format!("/dev/fd/{number}")));
        PasswordSource { path: descriptor.or_else(|| self.new_password_file.clone()), flag: NEW_FLAG }
    }
}

/// The file's own cost, unless today's default is higher.
fn stronger(header: &Header) -> Cost {
    let (default, _, _) = Cost::DEFAULT.numbers();
    match header.cost() {
        Ok(cost) if cost.numbers().0 >= default => cost,
        _ => Cost::DEFAULT,
    }
}

impl Report for Changed {
    fn page(&self, page: &mut Page) {
        page.line(&format!("{} has its new password, and the file was opened with it to be sure.", self.wallet));
        page.field("Sealed", &format!("with {} and AES-256-GCM, fresh salt", self.kdf));
        page.field("Copies", "older copies of the file still open with the old password");
    }

    fn warnings(&self) -> Vec<Warning> {
        let text = "the new password is the old one; only salt and nonce are new".to_owned();
        let same = self.same.then_some(Warning { code: "same_password", text });
        same.into_iter().chain(self.unconfirmed.clone()).collect()
    }
}
