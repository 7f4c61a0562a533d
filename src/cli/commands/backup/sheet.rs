//! `backup sheet`: a page to print. Blank, it holds nothing secret and needs no password; filled, it holds the words in the open.
//!
//! A filled one is made only for who typed that the words may go to a disk. The process that has the words is sealed and can
//! open no file to write to: it fills an empty one that it was handed, and the process that has no words gives that its name.

use std::path::{Path, PathBuf};

use super::facts::SheetFacts;
use crate::cli::{
    CliError,
    context::{Assent, Context},
    interrupts,
    key_side::{self, Files, PasswordSource},
    page::{Page, Tone},
    report::{Answer, OutputFormat, Report, answer},
    sealed_child::{self, ChildWords},
    sheet::{SeedQr, SeedQrSize, SheetForm, SheetKind},
    ui,
};
use fastness::{
    explain::Failure,
    keystore::{Header, PassphraseUse, backup::seed_qr_digits},
    review::Warning,
    store::{EmptyFile, NewFile, StoreError, WalletName, WriteRule, atomic_write},
    text::SafeText,
};
use serde::Serialize;
use zeroize::Zeroizing;

const FLAG: &str = "--yes with --words-to-disk";
/// What is typed by who wants the words on a disk.
const SENTENCE: &str = "write my words to the disk";

#[derive(Debug, clap::Args)]
pub(super) struct SheetArgs {
    /// File to write (never overwrites), or - for standard output; without it, WALLET-sheet.html in this folder
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// What the file is, where its name does not say it
    #[arg(long, value_enum, value_name = "FORM")]
    form: Option<SheetForm>,
    /// Numbered lines to fill by hand, and nothing secret: the default
    #[arg(long, conflicts_with = "filled")]
    blank: bool,
    /// With the words (asks for the password): whoever reads that file has the money
    #[arg(long)]
    filled: bool,
    /// Put the words into the file without the sentence that is typed otherwise; needs --yes
    #[arg(long, requires = "filled")]
    words_to_disk: bool,
    /// This process is the sealed child of another one, which gives this empty file its name
    #[arg(long, hide = true, value_name = "FILE", requires = "filled", conflicts_with = "output")]
    fill: Option<PathBuf>,
}

/// Where a page goes.
enum Output {
    Stdout,
    File(PathBuf),
}

/// What a sheet holds.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Content {
    Blank,
    Filled,
}

/// A sheet that was made.
#[derive(Serialize)]
struct MadeSheet {
    wallet: String,
    fingerprint: String,
    content: Content,
    word_count: u64,
    passphrase: PassphraseUse,
    seed_qr: bool,
    form: SheetForm,
    /// None where it went to standard output.
    file: Option<String>,
    /// The page itself, in the one document of standard output.
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<String>,
}

impl SheetArgs {
    pub(super) fn run(&self, context: &mut Context, wallet: &WalletName, header: &Header) -> Answer {
        let facts = SheetFacts::read(context, wallet, header)?;
        if let Some(path) = &self.fill {
            return self.fill(context, facts, path);
        }
        let output = self.output(wallet);
        output.require_free()?;
        if !self.filled {
            return self.blank(context, &facts, output);
        }
        self.agree(context, &facts, &output)?;
        PasswordSource::of_everywhere(context).require(context)?;
        match output {
            Output::Stdout => self.to_stdout(context, facts),
            Output::File(path) => self.to_file(context, &facts, path),
        }
    }

    fn output(&self, wallet: &WalletName) -> Output {
        match &self.output {
            Some(path) if path.as_os_str() == "-" => Output::Stdout,
            Some(path) => Output::File(path.clone()),
            None => Output::File(PathBuf::from(format!("{wallet}-sheet.{}", self.form(Path::new("")).extension()))),
        }
    }

    fn form(&self, path: &Path) -> SheetForm {
        SheetForm::of(self.form, path)
    }

    fn blank(&self, context: &Context, facts: &SheetFacts, output: Output) -> Answer {
        let (count, form) = (facts.word_count()?, self.form(output.path()));
        let code = SeedQrSize::of_words(count).filter(|_| facts.has_seed_qr()).map(SeedQr::empty);
        let page = facts.sheet(SheetKind::Blank { count, code: code.as_ref() }).page(form)?;
        match output {
            Output::File(path) => {
                atomic_write(&path, page.as_bytes(), WriteRule::New)?;
                answer(MadeSheet::of(facts, Content::Blank, form).in_file(&path))
            }
            Output::Stdout => printed(context, MadeSheet::of(facts, Content::Blank, form), &page),
        }
    }

    /// Agreement that the words go to a disk: the sentence, typed, or both options.
    fn agree(&self, context: &Context, facts: &SheetFacts, output: &Output) -> Result<(), Failure> {
        if context.consent() == Assent::Given {
            return if self.words_to_disk { Ok(()) } else { Err(CliError::WordsToDisk.into()) };
        }
        context.ui.terminal(FLAG).map_err(|_| CliError::WordsToDisk)?;
        let (wallet, place) = (facts.wallet(), output.in_words());
        context.ui.show_page(FLAG, |page| {
            page.toned(Tone::Stop, &format!("This writes the words of {wallet} to {place}, in the open."));
            page.line(
                "Who reads it has the money: other programs of yours, backups and snapshots of the disk, the queue and the memory of \
                 a printer. A blank sheet (--blank) that is filled by hand leaves nothing on a disk.",
            );
        })?;
        let question = format!("Type `{SENTENCE}` to do it, anything else to decline: ");
        if context.ui.ask(&question, FLAG)?.as_str() == SENTENCE { Ok(()) } else { Err(CliError::Declined.into()) }
    }

    fn to_stdout(&self, context: &mut Context, facts: SheetFacts) -> Answer {
        let form = self.form(Path::new("-"));
        let (facts, page) = unlocked_page(context, facts, form)?;
        printed(context, MadeSheet::of(&facts, Content::Filled, form), &page)
    }

    /// A sealed child fills a file that has no name yet; this process, which never has the words, names it.
    fn to_file(&self, context: &mut Context, facts: &SheetFacts, path: PathBuf) -> Answer {
        let form = self.form(&path);
        // An interrupt ends the child first, and then this process, with nothing left behind.
        interrupts::watch();
        let file = NewFile::begin(&path)?;
        let words = ["backup", "sheet", "--filled", "--words-to-disk", "--yes", "--json"];
        let mut words = ChildWords::of(context, &words, Some(facts.wallet().as_str()))?;
        words.option("form", Some(form.extension()));
        words.option("fill", Some(file.reach()));
        context.ui.say("The words are read in a sealed process, which asks for the password.");
        sealed_child::document(&words.whole(), &[])?;
        file.place()?;
        answer(MadeSheet::of(facts, Content::Filled, form).in_file(&path))
    }

    /// The sealed child: the file is opened before the seal, and nothing can be opened after it.
    fn fill(&self, context: &mut Context, facts: SheetFacts, path: &Path) -> Answer {
        if !self.words_to_disk || context.consent() != Assent::Given {
            return Err(CliError::WordsToDisk.into());
        }
        let (file, form) = (EmptyFile::open(path)?, self.form(path));
        PasswordSource::of_everywhere(context).require(context)?;
        let (facts, page) = unlocked_page(context, facts, form)?;
        file.fill(page.as_bytes())?;
        answer(MadeSheet::of(&facts, Content::Filled, form))
    }
}

/// Seals this process, opens the wallet, and draws its words, with facts that are proven by then.
fn unlocked_page(
    context: &mut Context,
    facts: SheetFacts,
    form: SheetForm,
) -> Result<(SheetFacts, Zeroizing<String>), Failure> {
    let sealed = key_side::seal(context, Files::Wallet(facts.wallet()), &[])?;
    let unlocked = key_side::unlock(context, facts.wallet(), &sealed)?;
    let phrase = unlocked.secret().phrase()?;
    let facts = facts.proven(unlocked.header(), phrase, &sealed)?;
    let words: Vec<&str> = phrase.words().collect();
    let code = seed_qr_digits(phrase).map(|digits| SeedQr::of_digits(&digits)).transpose()?;
    let page = facts.sheet(SheetKind::Words { words: &words, code: code.as_ref() }).page(form)?;
    Ok((facts, page))
}

/// A page on standard output: as it is, or as a string of the one document.
fn printed(context: &Context, mut made: MadeSheet, page: &str) -> Answer {
    if context.ui.form() == OutputFormat::Json {
        made.page = Some(page.to_owned());
        return answer(made);
    }
    ui::print_raw(page)?;
    made.warnings().iter().for_each(|warning| context.ui.warn(warning));
    Ok(None)
}

impl Output {
    /// Fails where a file is in the way, before anything is asked.
    fn require_free(&self) -> Result<(), StoreError> {
        match self {
            Self::File(path) if path.symlink_metadata().is_ok() => {
                Err(StoreError::Exists { path: SafeText::new(&path.to_string_lossy()) })
            }
            Self::File(_) | Self::Stdout => Ok(()),
        }
    }

    fn path(&self) -> &Path {
        match self {
            Self::File(path) => path,
            Self::Stdout => Path::new("-"),
        }
    }

    fn in_words(&self) -> String {
        match self {
            Self::File(path) => format!("the file {}", path.display()),
            Self::Stdout => "standard output, and to whatever reads it".to_owned(),
        }
    }
}

impl MadeSheet {
    fn of(facts: &SheetFacts, content: Content, form: SheetForm) -> Self {
        let header = facts.header();
        Self {
            wallet: facts.wallet().to_string(),
            fingerprint: header.fingerprint.to_string(),
            content,
            word_count: header.words,
            passphrase: header.passphrase,
            seed_qr: facts.has_seed_qr(),
            form,
            file: None,
            page: None,
        }
    }

    fn in_file(self, path: &Path) -> Self {
        Self { file: Some(path.display().to_string()), ..self }
    }
}

impl Report for MadeSheet {
    fn page(&self, page: &mut Page) {
        let (count, wallet) = (self.word_count, &self.wallet);
        match self.content {
            Content::Blank => {
                page.line(&format!("A sheet for the {count} words of {wallet}; nothing on it is secret."))
            }
            Content::Filled => page.line(&format!("A sheet with the {count} words of {wallet}, in the open.")),
        }
        if let Some(file) = &self.file {
            page.field("Written", file);
        }
        match self.content {
            Content::Blank => page.next("fastness backup words"),
            Content::Filled => page.next("fastness backup verify"),
        }
    }

    fn warnings(&self) -> Vec<Warning> {
        if self.content == Content::Blank {
            return Vec::new();
        }
        let first = match &self.file {
            Some(file) => format!("the words are in {file}: print it, then run `shred -u {file}`"),
            None => "the words are in this output: keep no copy of it once it is printed".to_owned(),
        };
        let text = format!(
            "{first}. Copies can stay on an SSD, in backups and snapshots of that disk, and in the queue and the memory of a printer"
        );
        vec![Warning { code: "words_on_disk", text }]
    }
}
