//! A backup as a person has it: words, shares, a SeedQR, entropy in hex, an extended key; typed, in a file, or in a picture.
//!
//! Its form is recognised by its content and named. Which wallet it makes is shown by the command, before anything is written.

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use bitcoin::bip32::Fingerprint;
use fastness::{
    explain::Failure,
    keystore::{
        self, BackupForm, Keys, KeystoreError, MasterSecret, Passphrase, Restorable, RestoreError, SecretBytes,
        SharesHold, WordCount, electrum_kind,
        slip39::{self, Missing, Share, Slip39Error},
    },
    network::NetworkClass,
    review::Warning,
    seal::Sealed,
    store::{KeptSecret, read_kept},
};
use zeroize::Zeroizing;

use super::{
    CliError,
    context::{Assent, Context},
    key_side,
    page::Tone,
    qr_image,
    text_file::decoded,
    typed_words::{WORDS_FLAG, WordsArgs, ask_phrase, cleaned, parse},
    ui::Ui,
    words_screen::WordsScreen,
};

/// Most bytes of a file: a photograph of a code as PNG.
const MAX_FILE: u64 = 32 << 20;
/// Up to this exponent the rounds of shares take seconds (SLIP-39: 10,000 rounds, doubled by each).
const USUAL_EXPONENT: u8 = 6;
/// Bytes of 24 words of any list.
const MOST_TYPED: usize = 2048;
/// Most bytes of entropy in a CompactSeedQR.
const MOST_ENTROPY: usize = 32;
/// Fewest words of a share.
const SHORTEST_SHARE: usize = 20;
const PASSPHRASE_FLAG: &str = "--share-passphrase-file";

/// A backup, and where it comes from.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct BackupArgs {
    #[command(flatten)]
    words: WordsArgs,
    /// Type shares (SLIP-39), one after the other
    #[arg(long, conflicts_with_all = ["words_file", "words_fd"])]
    shares: bool,
    /// The shares have a passphrase of their own, which is asked for
    #[arg(long)]
    share_passphrase: bool,
    /// The same, read from this file
    #[arg(long, value_name = "FILE")]
    share_passphrase_file: Option<PathBuf>,
    /// What the shares hold: the entropy of words (this program) or a seed (hardware wallets)
    #[arg(long, value_name = "WHAT", value_parser = holding)]
    shares_hold: Option<SharesHold>,
}

/// What shares hold, by its name.
fn holding(name: &str) -> Result<SharesHold, String> {
    SharesHold::from_name(name)
        .ok_or_else(|| "shares hold `entropy` (this program) or a `seed` (hardware wallets)".to_owned())
}

/// A backup that was read.
pub(crate) struct TypedBackup {
    /// In which form it was.
    pub(crate) form: BackupForm,
    /// The wallets that it can be: one, but for shares that do not say what they hold.
    secrets: Vec<MasterSecret>,
    /// The class of networks that it names itself.
    class: Option<NetworkClass>,
}

impl From<Restorable> for TypedBackup {
    fn from(found: Restorable) -> Self {
        Self { form: found.form, secrets: vec![found.secret], class: found.class }
    }
}

impl BackupArgs {
    /// Fails early when there is no terminal to ask on.
    pub(crate) fn require_source(&self, context: &Context) -> Result<(), CliError> {
        self.words.require_source(context)
    }

    /// The files that are read after the process is sealed.
    pub(crate) fn paths(&self) -> [Option<PathBuf>; 2] {
        [self.words.path(), self.share_passphrase_file.clone()]
    }

    /// The file named, if it is a backup of a whole home.
    pub(crate) fn home_file(&self) -> Option<PathBuf> {
        let path = self.words.path()?;
        let mut start = [0; 32];
        // A pipe can be read once, and is left to its reader.
        let is_file = std::fs::metadata(&path).is_ok_and(|facts| facts.is_file());
        let read = is_file.then(|| std::fs::File::open(&path).and_then(|mut file| file.read(&mut start)));
        let is_home = read.is_some_and(|read| read.is_ok()) && keystore::is_document(&start);
        is_home.then_some(path)
    }

    /// The backup: from the file named, else typed on the alternate screen.
    pub(crate) fn read(&self, context: &Context, sealed: &Sealed) -> Result<TypedBackup, Failure> {
        if let Some(path) = self.words.path() {
            return self.of_file(context, &path, sealed);
        }
        let mut screen = WordsScreen::open(&context.ui, WORDS_FLAG)?;
        if self.shares {
            let shares = ask_shares(&mut screen, None)?;
            drop(screen);
            return self.joined(context, &shares, sealed);
        }
        screen.say(
            Tone::Normal,
            "Type the words in order, one or several on a line. An empty line ends them. Only this screen shows them, and \
             it clears. Shares (SLIP-39), the digits of a SeedQR, entropy in hex and an xprv are taken too.",
        );
        let first = screen.ask("   1 ")?;
        if let Some(found) = keystore::recognised(&first)? {
            drop(screen);
            return Ok(of_one_word(context, found));
        }
        let line = cleaned(&first);
        if has_words_of_a_share(&line) {
            let share = Share::parse(&line);
            if let Err(error) = &share {
                screen.say(Tone::Claimed, &Zeroizing::new(error.to_string()));
            }
            let shares = ask_shares(&mut screen, share.ok())?;
            drop(screen);
            return self.joined(context, &shares, sealed);
        }
        let phrase = ask_phrase(&mut screen, &first, self.words.language())?;
        drop(screen);
        Ok(of_phrase(context, phrase))
    }

    fn of_file(&self, context: &Context, path: &Path, sealed: &Sealed) -> Result<TypedBackup, Failure> {
        let bytes = read_file(path, &context.ui)?;
        if qr_image::is_picture(bytes.as_bytes()) {
            let content = qr_image::read(bytes.as_bytes())?;
            // A compact code holds the bytes themselves; every other one is text.
            let text = decoded(content.as_bytes()).filter(|text| text.chars().all(|letter| !letter.is_control()));
            return match text {
                Some(text) if text.len() > MOST_ENTROPY || is_printable(&text) => self.of_text(context, &text, sealed),
                _ => Ok(keystore::of_code(&content)?.into()),
            };
        }
        self.of_text(context, &decoded(bytes.as_bytes()).ok_or(CliError::NotText)?, sealed)
    }

    fn of_text(&self, context: &Context, text: &str, sealed: &Sealed) -> Result<TypedBackup, Failure> {
        if let Some(found) = keystore::recognised(text)? {
            return Ok(of_one_word(context, found));
        }
        if let Some(shares) = shares_of(text) {
            return self.joined(context, &shares?, sealed);
        }
        Ok(of_phrase(context, parse(self.words.language(), &cleaned(text))?))
    }

    /// What shares make: two wallets where nothing says what they hold.
    fn joined(&self, context: &Context, shares: &[Share], sealed: &Sealed) -> Result<TypedBackup, Failure> {
        let passphrase = self.passphrase(context, sealed)?;
        if shares.iter().any(|share| share.iteration_exponent() > USUAL_EXPONENT) {
            context
                .ui
                .say("These shares ask for a key derivation of many more rounds than usual: it can take minutes.");
        }
        let joined = slip39::join(slip39::sufficient(shares)?, passphrase.as_ref())?;
        let made = |hold| MasterSecret::of_shares(&joined, hold);
        let secrets = match self.shares_hold {
            Some(hold) => vec![made(hold)?],
            // Bytes of a length that no phrase has are a seed.
            None => SharesHold::BOTH.into_iter().filter_map(|hold| made(hold).ok()).collect(),
        };
        Ok(TypedBackup { form: BackupForm::Shares, secrets, class: None })
    }

    fn passphrase(&self, context: &Context, _sealed: &Sealed) -> Result<Option<Passphrase>, Failure> {
        let typed = match &self.share_passphrase_file {
            Some(path) => key_side::from_file(path)?,
            None if self.share_passphrase => {
                key_side::take(context.ui.ask_hidden("Passphrase of the shares: ", PASSPHRASE_FLAG)?)
            }
            None => return Ok(None),
        };
        Ok(Some(Passphrase::new(typed)?))
    }
}

/// What the wallet of a backup has to be.
pub(crate) struct MeantWallet<'a> {
    /// Its networks.
    pub(crate) class: NetworkClass,
    /// Its fingerprint, where that is known.
    pub(crate) fingerprint: Option<Fingerprint>,
    /// The passphrase that belongs to its words.
    pub(crate) passphrase: Option<&'a Passphrase>,
}

impl TypedBackup {
    /// The one wallet that is meant: the only one, the one with this fingerprint, or the one that the person names.
    ///
    /// # Errors
    /// Two fit and none is named, or the backup is for the other class of networks.
    pub(crate) fn meant(
        mut self,
        context: &Context,
        wanted: &MeantWallet<'_>,
        sealed: &Sealed,
    ) -> Result<MasterSecret, Failure> {
        if let Some(own) = self.class.filter(|own| *own != wanted.class) {
            return Err(KeystoreError::from(RestoreError::OtherClass(own)).into());
        }
        let mut made = Vec::new();
        for secret in &self.secrets {
            let passphrase = wanted.passphrase.filter(|_| secret.phrase().is_ok());
            made.push(Keys::from_secret(secret, passphrase, wanted.class, sealed)?.fingerprint());
        }
        let place = match (made.as_slice(), wanted.fingerprint) {
            (&[words, seed], None) => named(context, RestoreError::TwoWallets { words, seed })?,
            (made, Some(expected)) => made.iter().position(|found| *found == expected).unwrap_or_default(),
            (_, None) => 0,
        };
        if place < self.secrets.len() { Ok(self.secrets.swap_remove(place)) } else { Err(CliError::InputEnded.into()) }
    }
}

/// Which of two wallets the person means: 0 for that of the words, 1 for that of the seed.
fn named(context: &Context, two: RestoreError) -> Result<usize, Failure> {
    if context.consent() == Assent::Given {
        return Err(KeystoreError::from(two).into());
    }
    context.ui.say(&two.to_string());
    let question = "This program splits the entropy, hardware wallets split a seed. Type entropy or seed: ";
    let typed = SharesHold::from_name(context.ui.ask(question, "--shares-hold")?.trim());
    let place = SharesHold::BOTH.into_iter().position(|hold| Some(hold) == typed);
    place.ok_or_else(|| KeystoreError::from(two).into())
}

/// What was recognised as one word; that 64 digits can be something else too is said.
fn of_one_word(context: &Context, found: Restorable) -> TypedBackup {
    let is_long = found.secret.phrase().is_ok_and(|phrase| phrase.count() == WordCount::TwentyFour);
    if found.form == BackupForm::Entropy && is_long {
        let text = "64 hex digits can be a private key too: if they are one, this is another, empty wallet".to_owned();
        context.ui.warn(&Warning { code: "entropy_or_key", text });
    }
    found.into()
}

/// Words of BIP-39; that they are words of Electrum too is said.
fn of_phrase(context: &Context, phrase: keystore::Phrase) -> TypedBackup {
    let mut words = Zeroizing::new(String::with_capacity(MOST_TYPED));
    for word in phrase.words() {
        words.push_str(word);
        words.push(' ');
    }
    if let Some(kind) = electrum_kind(&words) {
        let text = format!(
            "these words are also those of an Electrum wallet ({kind}); if Electrum made them, this is another, empty wallet"
        );
        context.ui.warn(&Warning { code: "words_of_electrum", text });
    }
    TypedBackup { form: BackupForm::Words, secrets: vec![MasterSecret::Phrase(phrase)], class: None }
}

/// Whether a line has as many words as a share has and no phrase.
fn has_words_of_a_share(line: &str) -> bool {
    let count = line.split_whitespace().count();
    count >= SHORTEST_SHARE && WordCount::of_words(count).is_err()
}

/// Whether all letters are of ASCII and can be printed: the bytes of entropy are not, but once in more than 100,000 times.
fn is_printable(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
}

/// A file's bytes. That others can read it is said and stops nothing: the backup is as it is.
fn read_file(path: &Path, ui: &Ui) -> Result<SecretBytes, Failure> {
    let KeptSecret { bytes, exposed } = read_kept(path, MAX_FILE)?;
    if let Some(exposed) = exposed {
        let text = format!("{exposed}; whoever has read it has this backup, and with it all that it holds");
        ui.warn(&Warning { code: "words_open_to_others", text });
    }
    Ok(SecretBytes::new(bytes))
}

/// The shares of a text, if it is one of shares: one on each line, or all of their words one after the other.
fn shares_of(text: &str) -> Option<Result<Vec<Share>, Slip39Error>> {
    let lines: Vec<_> = text.lines().map(cleaned).filter(|line| !line.is_empty()).collect();
    let count = |line: &Zeroizing<String>| line.split_whitespace().count();
    if lines.iter().all(|line| count(line) >= SHORTEST_SHARE) && !lines.is_empty() {
        let is_one = lines.iter().any(|line| Share::parse(line).is_ok() || has_words_of_a_share(line));
        return is_one.then(|| lines.iter().map(|line| Share::parse(line)).collect());
    }
    let whole = cleaned(text);
    Share::parse(&whole).ok().map(|share| Ok(vec![share]))
}

/// Asks for shares until there are enough.
fn ask_shares(screen: &mut WordsScreen, first: Option<Share>) -> Result<Vec<Share>, Failure> {
    let mut shares: Vec<Share> = first.into_iter().collect();
    if shares.is_empty() {
        screen.say(Tone::Normal, "Type each share whole, on one line. Only this screen shows them, and it clears.");
    }
    loop {
        if !shares.is_empty() {
            let missing = slip39::missing(&shares)?;
            if missing.groups() == 0 {
                return Ok(shares);
            }
            screen.say(Tone::Normal, &progress(&missing));
        }
        // Several may be pasted at once, with empty lines between them; a person gives up with Ctrl-C.
        let line = screen.ask_on(&format!("share {}: ", shares.len() + 1))?;
        if line.trim().is_empty() {
            continue;
        }
        let taken = Share::parse(&cleaned(&line)).and_then(|share| {
            shares.push(share);
            slip39::missing(&shares).map(drop).inspect_err(|_| drop(shares.pop()))
        });
        if let Err(error) = taken {
            screen.say(Tone::Claimed, &Zeroizing::new(error.to_string()));
        }
    }
}

/// What is there and what is still needed.
fn progress(missing: &Missing) -> String {
    let groups: Vec<String> = missing.begun.iter().map(ToString::to_string).collect();
    format!("{}. {} of {} groups are needed.", groups.join("; "), missing.group_threshold, missing.group_count)
}
