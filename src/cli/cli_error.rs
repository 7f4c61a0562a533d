//! What can go wrong in the command-line interface itself: words that are not understood, questions without an answer.

use fastness::explain::{Entry, Explain, Kind};

/// Errors of the command-line interface.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum CliError {
    /// The command line is not understood.
    #[error("{0}")]
    Usage(String),
    /// Something on the command line is a secret.
    #[error("a secret was typed on the command line, where every program and the shell's history can read it")]
    SecretOnCommandLine,
    /// A question, and no person to ask.
    #[error("this asks a question, and there is no terminal; {0} answers it")]
    NoTerminal(&'static str),
    /// The person did not agree.
    #[error("you did not agree")]
    Declined,
    /// A signal asked for an end before the first byte of a transaction could leave.
    #[error("interrupted; nothing was sent")]
    Interrupted,
    /// The person ended the input.
    #[error("the input ended before the answer")]
    InputEnded,
    /// The terminal went away.
    #[error("the terminal went away")]
    TerminalGone,
    /// Longer than any answer.
    #[error("the answer is longer than any answer can be")]
    LineTooLong,
    /// Not UTF-8.
    #[error("the answer is not readable text")]
    NotText,
    /// Two entries of a new password differ.
    #[error("the two entries differ")]
    EntriesDiffer,
    /// More wallets than one, and none named.
    #[error("{0}")]
    WhichWallet(String),
    /// A test network of the Ethereum family, and none named: no one of them is usual.
    #[error("an address or a command of the Ethereum family needs its network")]
    WhichChain,
    /// No wallet at all.
    #[error("{0}")]
    NoWallet(String),
    /// A command of Bitcoin for another family of networks, or the other way round.
    #[error("this command is not for {0}")]
    OtherFamily(&'static str),
    /// Options for the other family of networks.
    #[error("{options}: only for {family}, and this is {network}")]
    OtherOptions {
        /// As typed, with their dashes.
        options: String,
        /// The family that they are for.
        family: &'static str,
        /// What the command is about.
        network: &'static str,
    },
    /// Its keys are elsewhere.
    #[error("wallet `{0}` is watch-only: its keys are not on this machine")]
    WatchOnly(String),
    /// The report cannot be put into JSON.
    #[error("the report cannot be written as JSON")]
    Unprintable,
    /// The words would go to a pipe or file.
    #[error("words are shown on a terminal only")]
    WordsToPipe,
    /// Another secret would.
    #[error("a secret is shown on a terminal only")]
    SecretToPipe,
    /// The words would go to a disk, and nobody asked for that.
    #[error("words are written to a disk only where a person types that they want it")]
    WordsToDisk,
    /// A second watcher of one account.
    #[error("another `watch` tells what happens to {0} already; two would tell everything twice")]
    Watched(String),
    /// The sealed child process did not do its work.
    #[error("the sealed process could not be run: {0}")]
    Child(String),
    /// Standard output took less than all of the result.
    #[error("the result could not be written to standard output: {0}")]
    OutputLost(String),
}

macro_rules! entries {
    ($($name:ident = $code:literal, $kind:ident, $hint:literal;)+) => {
        $(const $name: &Entry = &Entry { code: $code, kind: Kind::$kind, hint: $hint };)+
        /// Every error of the command-line interface.
        pub(crate) const CATALOGUE: &[&Entry] = &[$($name),+];
    };
}
pub(crate) use entries;

entries! {
    USAGE = "desk.usage", Usage, "See `fastness help` and `fastness help COMMAND`";
    SECRET = "desk.secret_on_command_line", Usage, "Treat it as leaked: move the money to a new wallet; secrets are typed when asked, or come with --password-fd";
    NO_TERMINAL = "desk.no_terminal", Usage, "Give the option named, or run in a terminal";
    DECLINED = "desk.declined", Declined, "Nothing was changed";
    INTERRUPTED = "desk.interrupted", Declined, "Run it again when ready";
    INPUT_ENDED = "desk.input_ended", Declined, "Run it again when ready; nothing was changed";
    TERMINAL_GONE = "desk.terminal_gone", Declined, "Run it again in a terminal; nothing was changed";
    LINE_TOO_LONG = "desk.line_too_long", Usage, "Type the answer by hand";
    NOT_TEXT = "desk.not_text", Usage, "Use a UTF-8 terminal, or type plain letters";
    ENTRIES_DIFFER = "desk.entries_differ", Usage, "Run it again and type the same twice";
    WHICH_WALLET = "desk.which_wallet", Usage, "Name one with --wallet; `fastness wallets` lists them";
    WHICH_CHAIN = "desk.which_network", Usage, "Name it with --network, such as sepolia; `fastness networks` lists them";
    NO_WALLET = "desk.no_wallet", Usage, "Create one with `fastness new`, or bring one back with `fastness restore`";
    OTHER_FAMILY = "desk.other_family", Usage, "Bitcoin has `sync`, `coins`, `addresses` and `sweep`, Ethereum `call`, `token`, `nft` and `nonce`; `balance`, `history`, `send` and `track` serve both";
    OTHER_OPTIONS = "desk.other_options", Usage, "Leave them out, or name the network that is meant with --network; `fastness help COMMAND` lists options by family";
    WATCH_ONLY = "desk.watch_only", Refused, "Carry the draft to the machine that has the keys, and sign it there";
    UNPRINTABLE = "desk.unprintable", Bug, "Please report this";
    WORDS_TO_PIPE = "desk.words_to_pipe", Refused, "Run it in a terminal, or add --words-to-stdout if you are sure where they go";
    SECRET_TO_PIPE = "desk.secret_to_pipe", Refused, "Run it in a terminal, or add --secret-to-stdout if you are sure where it goes";
    WORDS_TO_DISK = "desk.words_to_disk", Refused, "Run it in a terminal and type the sentence, or add --words-to-disk to --yes; a blank sheet (--blank) needs neither";
    WATCHED = "desk.watched", Refused, "Stop the other one first, or let it run and end this one";
    CHILD = "desk.sealed_process", Refused, "Sign in two steps: `fastness plan -o`, `fastness sign`, `fastness broadcast`";
    OUTPUT_LOST = "desk.output_lost", Unknown, "The work itself is done: make room, then look with `history`, `show` or `track` before running it again";
}

impl Explain for CliError {
    fn entry(&self) -> &'static Entry {
        match self {
            Self::Usage(_) => USAGE,
            Self::SecretOnCommandLine => SECRET,
            Self::NoTerminal(_) => NO_TERMINAL,
            Self::Declined => DECLINED,
            Self::Interrupted => INTERRUPTED,
            Self::InputEnded => INPUT_ENDED,
            Self::TerminalGone => TERMINAL_GONE,
            Self::LineTooLong => LINE_TOO_LONG,
            Self::NotText => NOT_TEXT,
            Self::EntriesDiffer => ENTRIES_DIFFER,
            Self::WhichWallet(_) => WHICH_WALLET,
            Self::WhichChain => WHICH_CHAIN,
            Self::NoWallet(_) => NO_WALLET,
            Self::OtherFamily(_) => OTHER_FAMILY,
            Self::OtherOptions { .. } => OTHER_OPTIONS,
            Self::WatchOnly(_) => WATCH_ONLY,
            Self::Unprintable => UNPRINTABLE,
            Self::WordsToPipe => WORDS_TO_PIPE,
            Self::SecretToPipe => SECRET_TO_PIPE,
            Self::WordsToDisk => WORDS_TO_DISK,
            Self::Watched(_) => WATCHED,
            Self::Child(_) => CHILD,
            Self::OutputLost(_) => OUTPUT_LOST,
        }
    }
}

/// An error of the sealed child process, passed on with its own code.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Relayed {
    /// The row of its catalogue.
    pub(crate) entry: &'static Entry,
    /// What it said, made safe to print.
    pub(crate) message: String,
}

impl Explain for Relayed {
    fn entry(&self) -> &'static Entry {
        self.entry
    }
}

/// A payer is not asked for nothing.
pub(crate) fn nothing_asked() -> CliError {
    CliError::Usage("an amount of 0 asks for nothing; leave out --amount where the payer decides".to_owned())
}

/// Problems of a file that are named at once.
const MOST_NAMED: usize = 20;

/// What is wrong with the lines of a file, in one sentence: the first of it, and how many more lines have something.
pub(crate) fn problems_named(mut problems: Vec<String>) -> String {
    let more = problems.len().saturating_sub(MOST_NAMED);
    problems.truncate(MOST_NAMED);
    if more > 0 {
        problems.push(format!("and {more} more lines"));
    }
    problems.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_full_of_problems_has_twenty_named_and_the_rest_counted() {
        let problems = |count: usize| (1..=count).map(|line| format!("line {line}: no")).collect::<Vec<_>>();
        assert_eq!(problems_named(problems(2)), "line 1: no; line 2: no");
        assert!(problems_named(problems(20)).ends_with("line 20: no"));
        assert!(problems_named(problems(23)).ends_with("line 20: no; and 3 more lines"));
    }
}
