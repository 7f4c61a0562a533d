//! `recover words`: a phrase that is partly known, found again by something that is known of its keys. Writes nothing.
//!
//! The process is sealed before a word is typed; its threads are started within the sealing. What is found is shown on the
//! alternate screen, as the words of a wallet are.

use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use crate::cli::{
    CliError,
    context::Context,
    duration::span,
    interrupts,
    key_side::{self, Files, from_file},
    page::{Page, Tone},
    report::{Answer, Report, answer},
    text_file::decoded,
    typed_words::{WORDS_FLAG, cleaned, language, word_count},
    wallet_error::WalletError,
    words_screen::{Captions, WordsScreen},
};
use bitcoin::bip32::{DerivationPath, Fingerprint, Xpub};
use fastness::{
    address,
    explain::Failure,
    keystore::{
        Language, Passphrase, SecretLine, WordCount,
        recover::{
            Mistake, Passphrases, Puzzle, Reach, RecoveredPhrase, Recovery, RecoveryOutcome, RecoveryProgress,
            RecoveryRate, RecoveryTarget, Slips, Workers,
        },
    },
    network::{AnyNetwork, EvmChain, Network},
    review::Warning,
    store::read_secret,
    text::SafeText,
};
use indicatif::ProgressBar;
use serde::Serialize;
use zeroize::Zeroizing;

const FLAG: &str = "--words-to-stdout";
const NO_TARGET: &str = "name what is known of the wallet: --fingerprint, --xpub or --address";
/// Most bytes of a file of words, and of a list of passphrases.
const MAX_WORDS: u64 = 4096;
const MAX_LIST: u64 = 16 << 20;
/// Longest text of words that is typed.
const MAX_TYPED: usize = 4096;

/// Find a phrase again that is partly known
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Words that are missing, wrong, exchanged or out of order, or a passphrase that is forgotten
    Words(WordsArgs),
}

/// What may be wrong besides the words marked with `?`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    /// Nothing: the words marked with ? are missing, and all others are right
    Marked,
    /// One word is another word; which one is unknown
    Wrong,
    /// Two words are other words
    WrongTwo,
    /// One or two words were left out; where is unknown
    Missing,
    /// Two words were exchanged
    Swapped,
    /// The words at --places stood in another order
    Order,
}

#[derive(Debug, clap::Args)]
struct WordsArgs {
    /// What may be wrong, besides words marked with ? (or ab? for one that begins so)
    #[arg(long, value_enum, default_value = "marked", value_name = "KIND")]
    mistake: Kind,
    /// How many words the phrase has
    #[arg(long, value_name = "COUNT", default_value = "12", value_parser = word_count)]
    count: WordCount,
    /// Places of the words whose order is unknown, such as 3,4,7
    #[arg(long, value_name = "PLACES", value_delimiter = ',', required_if_eq("mistake", "order"))]
    places: Vec<usize>,
    /// The words, from this file
    #[arg(long, visible_alias = "from", value_name = "FILE")]
    words_file: Option<PathBuf>,
    /// Language of the words; found out by itself
    #[arg(long, value_name = "NAME", value_parser = language)]
    language: Option<Language>,
    /// Passphrases to try, one a line, from this file
    #[arg(long, value_name = "FILE")]
    passphrases_file: Option<PathBuf>,
    /// A pattern of passphrases in this file: ?d digit, ?l small letter, ?u capital, ?s symbol, ?? a question mark
    #[arg(long, value_name = "FILE", conflicts_with = "passphrases_file")]
    passphrase_pattern_file: Option<PathBuf>,
    /// The candidate to begin with, as a stopped search names it
    #[arg(long, value_name = "N", default_value = "0")]
    start: u64,
    /// Print the words in the result in place of the screen: for scripts, where you know who reads it
    #[arg(long)]
    words_to_stdout: bool,
    #[command(flatten)]
    known: Known,
}

/// What is known of the wallet.
#[derive(Debug, clap::Args)]
struct Known {
    /// Fingerprint of its master key, eight hex digits
    #[arg(long, value_name = "HEX", conflicts_with_all = ["xpub", "address"])]
    fingerprint: Option<Fingerprint>,
    /// Extended public key of one of its accounts
    #[arg(long, value_name = "KEY", conflicts_with = "address")]
    xpub: Option<Xpub>,
    /// Path of that key, such as m/84'/0'/0'; without one the standard paths
    #[arg(long, value_name = "PATH", requires = "xpub")]
    xpub_path: Option<DerivationPath>,
    /// An address that was received on
    #[arg(long, value_name = "ADDRESS")]
    address: Option<String>,
    /// How many accounts are searched for the address
    #[arg(long, value_name = "N", default_value = "1")]
    accounts: u32,
    /// How many addresses of each account
    #[arg(long, value_name = "N", default_value = "20")]
    addresses: u32,
}

/// What was found.
#[derive(Serialize)]
struct Recovered {
    word_count: usize,
    language: Language,
    /// Where the key is that was known.
    path: String,
    /// Number of the candidate.
    index: u64,
    has_passphrase: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<Vec<&'static str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    passphrase: Option<SafeText>,
    #[serde(skip)]
    by_fingerprint: bool,
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        let Action::Words(args) = &self.action;
        args.run(context)
    }
}

impl WordsArgs {
    fn run(&self, context: &mut Context) -> Answer {
        let target = self.known.target(context)?;
        if !self.words_to_stdout {
            context.ui.terminal(FLAG).map_err(|_| CliError::WordsToPipe)?;
        }
        if self.words_file.is_none() {
            context.ui.terminal(WORDS_FLAG)?;
        }
        let files = [&self.words_file, &self.passphrases_file, &self.passphrase_pattern_file].map(Clone::clone);
        let (sealed, workers) = key_side::seal_with_workers(context, Files::Nothing, &files)?;
        let puzzle = Puzzle::new(&self.words(context)?, self.count, &self.mistake(), self.language)?;
        let recovery = Recovery::new(puzzle, self.passphrases()?, target, &sealed)?;
        let rate = recovery.estimate(&workers, self.start)?;
        context.ui.say(&foreseen(&recovery, rate, self.start));
        match self.searched(context, &recovery, &workers)? {
            RecoveryOutcome::Found(found) => self.hand_over(context, found),
            RecoveryOutcome::NotFound => Err(WalletError::NotRecovered.into()),
            RecoveryOutcome::Stopped { next_index } => Err(WalletError::SearchStopped(next_index).into()),
        }
    }

    fn mistake(&self) -> Mistake {
        match self.mistake {
            Kind::Marked => Mistake::Marked,
            Kind::Wrong => Mistake::Wrong(Slips::One),
            Kind::WrongTwo => Mistake::Wrong(Slips::Two),
            Kind::Missing => Mistake::Missing,
            Kind::Swapped => Mistake::Swapped,
            Kind::Order => Mistake::Shuffled(self.places.clone()),
        }
    }

    fn words(&self, context: &Context) -> Result<Zeroizing<String>, Failure> {
        if let Some(path) = &self.words_file {
            let bytes = Zeroizing::new(read_secret(path, MAX_WORDS)?);
            return Ok(cleaned(&decoded(&bytes).ok_or(CliError::NotText)?));
        }
        let mut screen = WordsScreen::open(&context.ui, WORDS_FLAG)?;
        screen.say(
            Tone::Normal,
            "Type the words in order, one or several on a line, ? for each that is missing, ab? for one that begins with \
             ab. An empty line ends them. Only this screen shows them, and it clears.",
        );
        let mut text = Zeroizing::new(String::with_capacity(MAX_TYPED));
        loop {
            let line = screen.ask_on(&format!("{:>4} ", text.split_whitespace().count() + 1))?;
            if line.trim().is_empty() && !text.is_empty() {
                return Ok(text);
            }
            text.push_str(&cleaned(&line));
            text.push(' ');
        }
    }

    fn passphrases(&self) -> Result<Passphrases, Failure> {
        if let Some(path) = &self.passphrase_pattern_file {
            return Ok(Passphrases::pattern(&Zeroizing::new(from_file(path)?))?);
        }
        let Some(path) = &self.passphrases_file else { return Ok(Passphrases::none()) };
        Ok(Passphrases::list(listed(path)?)?)
    }

    /// Searches until something fits, all is tried, or the person stops it.
    fn searched(&self, context: &Context, recovery: &Recovery, workers: &Workers) -> Result<RecoveryOutcome, Failure> {
        interrupts::note_only();
        let bar: ProgressBar = context.ui.progress("Searching");
        bar.set_length(recovery.candidates());
        let mut told = |progress: RecoveryProgress| {
            bar.set_position(progress.done);
            if interrupts::came() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let outcome = recovery.search(workers, self.start, &mut told);
        interrupts::note_no_more();
        bar.finish_and_clear();
        Ok(outcome?)
    }

    fn hand_over(&self, context: &Context, found: RecoveredPhrase) -> Answer {
        let mut report = Recovered {
            word_count: found.phrase.count().words(),
            language: found.phrase.language(),
            path: found.path.to_string(),
            index: found.index,
            has_passphrase: found.passphrase.is_some(),
            words: None,
            passphrase: None,
            by_fingerprint: self.known.fingerprint.is_some(),
        };
        if self.words_to_stdout {
            report.words = Some(found.phrase.words().collect());
            let line = found.passphrase.as_ref().map(SecretLine::of_passphrase);
            report.passphrase = line.map(|line| SafeText::whole(line.text()));
            return answer(report);
        }
        let below = ["Who has them has the money.".to_owned()];
        let captions = Captions { above: "The words were found:", below: &below, alarm: None };
        let mut screen = WordsScreen::open(&context.ui, FLAG)?;
        screen.show(&found.phrase.words().collect::<Vec<_>>(), &captions)?;
        if let Some(passphrase) = &found.passphrase {
            let captions = Captions { above: "And the passphrase that belongs to them:", below: &[], alarm: None };
            screen.show_line(&SecretLine::of_passphrase(passphrase), &captions)?;
        }
        drop(screen);
        answer(report)
    }
}

/// Passphrases of a file, one a line; an empty line stands for none.
fn listed(path: &Path) -> Result<Vec<Option<Passphrase>>, Failure> {
    let bytes = Zeroizing::new(read_secret(path, MAX_LIST)?);
    let text = decoded(&bytes).ok_or(CliError::NotText)?;
    let passphrase = |line: &str| match line {
        "" => Ok(None),
        line => Passphrase::new(line.to_owned()).map(Some),
    };
    Ok(text.lines().map(passphrase).collect::<Result<_, _>>()?)
}

/// How long it may take.
fn foreseen(recovery: &Recovery, rate: RecoveryRate, start: u64) -> String {
    let left = recovery.candidates().saturating_sub(start);
    let seconds = left / rate.candidates_per_second.max(1) + 1;
    format!(
        "{left} candidates, {} a second ({} seeds): {} at most. Ctrl-C stops, and says where to go on.",
        rate.candidates_per_second,
        rate.hashed_per_second,
        span(seconds)
    )
}

impl Known {
    fn target(&self, context: &mut Context) -> Result<RecoveryTarget, Failure> {
        if let Some(fingerprint) = self.fingerprint {
            return Ok(RecoveryTarget::fingerprint(fingerprint));
        }
        if let Some(key) = self.xpub {
            return Ok(RecoveryTarget::account_key(key, self.xpub_path.as_ref())?);
        }
        let text = self.address.as_deref().ok_or_else(|| CliError::Usage(NO_TARGET.to_owned()))?;
        let reach = Reach { accounts: self.accounts, indexes: self.addresses };
        if text.starts_with("0x") {
            let chain = EvmChain::by_id(1).ok_or(CliError::WhichChain)?;
            return Ok(RecoveryTarget::ethereum_address(address::parse_evm(text, chain)?.0, reach)?);
        }
        let network = match context.asked().or(context.config()?.network()) {
            Some(AnyNetwork::Bitcoin(network)) => network,
            _ => Network::Bitcoin,
        };
        Ok(RecoveryTarget::bitcoin_address(&address::parse(text, network)?, network, reach)?)
    }
}

impl Report for Recovered {
    fn page(&self, page: &mut Page) {
        page.toned(Tone::Proven, "The phrase was found.");
        match &self.words {
            Some(words) => page.verbatim(&words.join(" ")),
            None => page.line(&format!("Its {} words were shown, and are gone.", self.word_count)),
        }
        if let Some(passphrase) = &self.passphrase {
            page.copyable("Passphrase", passphrase.as_str());
        }
        page.field("Path", &format!("{} leads to what was known", self.path));
        page.field("Next", "fastness restore");
    }

    fn warnings(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        let mut warn = |code, text: String| warnings.push(Warning { code, text });
        if self.words.is_some() {
            warn("words_in_output", "the words are in this output: keep it secret".to_owned());
        }
        if self.by_fingerprint {
            let again = format!("--start {}", self.index.saturating_add(1));
            let text = format!(
                "a fingerprint has 32 bits, and another phrase can have the same: compare an address, and go on with {again} if it is another wallet"
            );
            warn("found_by_fingerprint", text);
        }
        warnings
    }
}
