//! `child`: seeds, keys and passwords that the words of a wallet make again at any time (BIP-85).
//!
//! A secret is on the alternate screen only, unless `--secret-to-stdout` says otherwise. The ledger keeps which children were
//! made, and nothing of the children themselves.

mod list;
mod place;
mod report;

use crate::cli::{
    CliError,
    context::Context,
    key_side::{self, Files, PasswordSource},
    note::check_note,
    report::{Answer, answer},
    typed_words::{language, word_count},
    words_screen::{Captions, WordsScreen},
};
use fastness::{
    explain::Failure,
    keystore::{ChildApplication, ChildPath, ChildSecret, ChildSeed, Language, WordCount},
    ledger::WantedChild,
};

use self::{
    place::ChildPlace,
    report::{Book, ChildReport, Choice, MadeBefore, Told},
};

const SECRET_FLAG: &str = "--secret-to-stdout";

/// Other wallets, keys and passwords made of this wallet's words (BIP-85)
///
/// A child is made of the wallet's words, its path and nothing else: it needs no
/// backup of its own. Who has a child does not have the wallet.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Words of another wallet (BIP-39)
    Words(WordsArgs),
    /// A private key in wallet import format
    Wif(Wanted),
    /// An extended private key (BIP-32)
    Xprv(Wanted),
    /// Bytes as hex
    Hex(HexArgs),
    /// A password
    Password(PasswordArgs),
    /// Which children were made, with path, date and note; needs no password
    List,
}

/// What every child can be asked for with.
#[derive(Debug, clap::Args)]
struct Wanted {
    /// Which child, from 0; without it the next one that was not made yet
    #[arg(long, value_name = "N")]
    index: Option<u32>,
    /// What it is for, kept with its path, at most 255 characters
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Print the secret in the result in place of the screen: for scripts, where you know who reads it
    #[arg(long)]
    secret_to_stdout: bool,
}

#[derive(Debug, clap::Args)]
struct WordsArgs {
    /// Number of words: 12, 15, 18, 21 or 24
    #[arg(long, value_name = "COUNT", default_value = "24", value_parser = word_count)]
    count: WordCount,
    /// Language of the words; other programs often know English only
    #[arg(long, value_name = "NAME", default_value = "english", value_parser = language)]
    language: Language,
    #[command(flatten)]
    wanted: Wanted,
}

#[derive(Debug, clap::Args)]
struct HexArgs {
    /// Number of bytes, 16 to 64
    #[arg(long, value_name = "COUNT", default_value_t = 32)]
    bytes: u8,
    #[command(flatten)]
    wanted: Wanted,
}

#[derive(Debug, clap::Args)]
struct PasswordArgs {
    /// Number of characters: 20 to 86 of base64, 10 to 80 of base85
    #[arg(long, value_name = "COUNT", default_value_t = 24)]
    length: u8,
    /// Which characters: letters, digits, + and / (base64), or most marks too (base85)
    #[arg(long, value_enum, default_value = "base64", value_name = "KIND")]
    encoding: Encoding,
    #[command(flatten)]
    wanted: Wanted,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Encoding {
    /// Six bits a character
    Base64,
    /// A little more than six
    Base85,
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        match self.action.as_ref().unwrap_or(&Action::List) {
            Action::Words(args) => args.wanted.run(context, args.application()),
            Action::Wif(wanted) => wanted.run(context, ChildApplication::Wif),
            Action::Xprv(wanted) => wanted.run(context, ChildApplication::Xprv),
            Action::Hex(args) => args.wanted.run(context, ChildApplication::Hex { bytes: args.bytes }),
            Action::Password(args) => args.wanted.run(context, args.application()),
            Action::List => list::run(context),
        }
    }
}

impl WordsArgs {
    const fn application(&self) -> ChildApplication {
        ChildApplication::Words { count: self.count, language: self.language }
    }
}

impl PasswordArgs {
    const fn application(&self) -> ChildApplication {
        let characters = self.length;
        match self.encoding {
            Encoding::Base64 => ChildApplication::Base64 { characters },
            Encoding::Base85 => ChildApplication::Base85 { characters },
        }
    }
}

impl Wanted {
    fn run(&self, context: &mut Context, application: ChildApplication) -> Answer {
        self.check(context, application)?;
        let wallet = context.wallet()?;
        let header = key_side::header_of(context, &wallet)?;
        if let Some(network) = context.asked() {
            key_side::check_class(context, &wallet, network.class(), network.name())?;
        }
        let mut ledger = context.ledger()?;
        let sealed = key_side::seal(context, Files::Account(&wallet), &[])?;
        let keys = key_side::keys(context, &wallet, &sealed)?;
        let taken = ledger.take_child(keys.fingerprint(), self.wanted_child(&application.path()))?;
        let path = ChildPath::new(application, taken.index)?;
        let ChildSeed { secret, fingerprint } = path.derive(&keys, &sealed)?;
        // A screen waits for a person, and the wallet's keys are not needed meanwhile.
        drop(keys);
        let told = ChildReport {
            wallet: wallet.to_string(),
            place: ChildPlace::of(path),
            fingerprint: fingerprint.map(|fingerprint| fingerprint.to_string()),
            note: self.note.clone().or_else(|| taken.before.as_ref().map(|entry| entry.note.clone())),
            made_before: taken.before.map(MadeBefore::from),
            passphrase: header.passphrase,
            choice: if self.index.is_some() { Choice::Named } else { Choice::Next },
            book: if ledger.is_read_only()? { Book::Closed } else { Book::Open },
            told: Told::OnScreen {},
        };
        self.hand_over(context, told, secret)
    }

    /// What can be refused before a password is typed.
    fn check(&self, context: &Context, application: ChildApplication) -> Result<(), Failure> {
        ChildPath::new(application, self.index.unwrap_or(0))?;
        self.note.as_deref().map_or(Ok(()), check_note)?;
        if !self.secret_to_stdout {
            context.ui.terminal(SECRET_FLAG).map_err(|_| CliError::SecretToPipe)?;
        }
        PasswordSource::of_everywhere(context).require(context)
    }

    fn wanted_child<'a>(&'a self, application: &'a str) -> WantedChild<'a> {
        WantedChild { application, index: self.index, note: self.note.as_deref() }
    }

    /// Gives the secret to the person on a screen, or to a script in the result.
    fn hand_over(&self, context: &Context, mut child: ChildReport, secret: ChildSecret) -> Answer {
        if self.secret_to_stdout {
            child.facts().iter().for_each(|fact| context.ui.say(fact));
            child.told = Told::of(secret);
            return answer(child);
        }
        let (above, mut below) = (child.heading(), child.facts());
        below.extend(child.made_before_text());
        let captions = Captions { above: &above, below: &below, alarm: None };
        let mut screen = WordsScreen::open(&context.ui, SECRET_FLAG)?;
        match &secret {
            ChildSecret::Words(phrase) => screen.show(&phrase.words().collect::<Vec<_>>(), &captions)?,
            ChildSecret::Line(line) => screen.show_line(line, &captions)?,
        }
        drop(screen);
        answer(child)
    }
}
