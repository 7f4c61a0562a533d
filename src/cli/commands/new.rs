//! `new`: makes words from the kernel's generator, teaches them to the person, and seals them in a file.
//!
//! Nothing is written before the words were typed back. The words are on the alternate screen only, unless
//! `--words-to-stdout` says otherwise.

use crate::cli::{
    CliError,
    context::Context,
    key_side::{self, Files, PasswordSource},
    new_password::new_password,
    new_wallet::{MakeArgs, Site},
    report::{Answer, answer},
    typed_words,
    words_screen::{Captions, WordsScreen},
};
use fastness::{
    explain::Failure,
    keystore::{Cost, DiceReport, Keys, Language, MasterSecret, NewWallet, Passphrase, Phrase, WordCount},
    ledger::bitcoin::Past,
    review::Warning,
    text::in_fours,
};

const DICE_FLAG: &str = "leaving out --dice";
const WORDS_FLAG: &str = "--words-to-stdout";

/// Create a wallet: generate its words, show them once, seal them in a file
///
/// Without --network it is for real money. --wallet names it; else it is `main`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Number of words: 12, 15, 18, 21 or 24
    #[arg(long, value_name = "COUNT", default_value = "24", value_parser = typed_words::word_count)]
    words: WordCount,
    /// Language of the words; other programs often know English only
    #[arg(long, value_name = "NAME", default_value = "english", value_parser = typed_words::language)]
    language: Language,
    /// Mix rolls of your own die into the kernel's random bytes
    #[arg(long)]
    dice: bool,
    #[command(flatten)]
    make: MakeArgs,
    /// Print the words in the result and do not ask for them: for scripts, where you know who reads it
    #[arg(long)]
    words_to_stdout: bool,
}

/// Fresh words, with what is said about them.
struct Fresh {
    phrase: Phrase,
    dice: Option<DiceReport>,
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        let site = Site::choose(context)?;
        site.require_free(None)?;
        let source = PasswordSource::of_everywhere(context);
        self.require_terminal(context)?;
        source.require(context)?;
        let sealed = key_side::seal(context, Files::NewWallet, &[])?;
        let password = new_password(context, &source, &sealed)?;
        let passphrase = self.make.ask_passphrase(context, &sealed)?;
        let fresh = self.generate(context)?;
        let keys = Keys::from_phrase(&fresh.phrase, passphrase.as_ref(), site.network.class(), &sealed)?;
        let words = self.hand_over(context, &fresh, &keys, passphrase.as_ref())?;
        let accounts = self.make.accounts(site.network, &keys, Past::None)?;
        context.ui.say("Sealing the wallet...");
        let wallet = NewWallet {
            secret: MasterSecret::Phrase(fresh.phrase),
            passphrase: self.make.rule(passphrase),
            class: site.network.class(),
            cost: Cost::DEFAULT,
        };
        let site_name = site.name.to_string();
        let mut made = site.build(wallet, &accounts, &password, &sealed)?;
        if words.is_some() {
            made.warnings.push(unchecked(&site_name));
        }
        answer(made.told(words)?)
    }

    fn require_terminal(&self, context: &Context) -> Result<(), CliError> {
        if self.dice {
            context.ui.terminal(DICE_FLAG)?;
        }
        if !self.words_to_stdout {
            context.ui.terminal(WORDS_FLAG).map_err(|_| CliError::WordsToPipe)?;
        }
        Ok(())
    }

    fn generate(&self, context: &Context) -> Result<Fresh, Failure> {
        if !self.dice {
            return Ok(Fresh { phrase: Phrase::generate(self.words, self.language)?, dice: None });
        }
        let rolls = WordsScreen::open(&context.ui, DICE_FLAG)?.ask_dice(self.words)?;
        let (phrase, report) = Phrase::generate_with_dice(self.words, self.language, rolls)?;
        Ok(Fresh { phrase, dice: Some(report) })
    }

    /// Gives the words to the person, and proves that they arrived; or gives them to a script.
    fn hand_over(
        &self,
        context: &Context,
        fresh: &Fresh,
        keys: &Keys,
        passphrase: Option<&Passphrase>,
    ) -> Result<Option<Vec<&'static str>>, Failure> {
        if self.words_to_stdout {
            return Ok(Some(fresh.phrase.words().collect()));
        }
        let count = self.words.words();
        let above = format!(
            "Write these {count} words on paper, in order. They are the wallet: who has them has the money, and \
             nobody can bring them back."
        );
        let mut below = vec![format!(
            "Entropy: {} bits from the kernel{}.  Fingerprint: {}",
            self.words.bytes() * 8,
            if self.dice { " and your dice" } else { "" },
            in_fours(&keys.fingerprint().to_string())
        )];
        if passphrase.is_some() {
            below.push("The passphrase is part of the wallet too: write it down, and keep it elsewhere.".to_owned());
        }
        below.push(
            "When they are on paper, the screen clears and you type them back. Ctrl-C stops; then nothing is written."
                .to_owned(),
        );
        let mut screen = WordsScreen::open(&context.ui, WORDS_FLAG)?;
        if let Some(dice) = &fresh.dice {
            screen.show_dice(dice)?;
        }
        typed_words::teach(&mut screen, &fresh.phrase, &Captions { above: &above, below: &below, alarm: None })?;
        drop(screen);
        context.ui.say(&format!("All {count} words match."));
        Ok(None)
    }
}

fn unchecked(wallet: &str) -> Warning {
    let text = format!(
        "the words are in this output, and nobody has typed them back: keep it secret, and run \
         `fastness backup verify --wallet {wallet}`"
    );
    Warning { code: "words_not_checked", text }
}
