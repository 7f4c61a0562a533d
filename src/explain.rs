//! How an error explains itself: a stable code, a kind that is the exit code, and one next step.
//!
//! Each module lists its errors in a catalogue beside its enum; `docs/errors.md` is printed from those catalogues. This
//! module must not know any particular error, and must not print.

/// What class of failure this is; its number is the process exit code (docs/errors.md).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The request was understood and refused; nothing changed.
    Refused = 1,
    /// The command line or a file named on it could not be understood.
    Usage = 2,
    /// The person said no.
    Declined = 3,
    /// The network failed before anything was sent.
    Network = 4,
    /// The action may have happened; only reading it back can tell.
    Unknown = 5,
    /// The password (or passphrase) does not open this wallet.
    WrongPassword = 6,
    /// There is not enough money for the request.
    InsufficientFunds = 7,
    /// A check of our own on data, a signature or a claim failed.
    Verification = 8,
    /// A rule that should always hold was broken: a bug in this program.
    Bug = 70,
}

impl Kind {
    /// Every kind, in the order of the exit codes.
    pub const ALL: [Self; 9] = [
        Self::Refused,
        Self::Usage,
        Self::Declined,
        Self::Network,
        Self::Unknown,
        Self::WrongPassword,
        Self::InsufficientFunds,
        Self::Verification,
        Self::Bug,
    ];

    /// The exit code, 1 to 70.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        self as u8
    }

    /// The kind in words, as `docs/errors.md` prints it.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Refused => "refused: understood, and not done",
            Self::Usage => "usage: the command or a file could not be understood",
            Self::Declined => "declined by the person",
            Self::Network => "network: nothing was sent",
            Self::Unknown => "unknown: it may have happened; `track` finds out",
            Self::WrongPassword => "wrong password or passphrase",
            Self::InsufficientFunds => "insufficient funds",
            Self::Verification => "verification failed",
            Self::Bug => "a bug in fastness",
        }
    }
}

/// One row of a module's catalogue of errors.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    /// Stable name, `module.what_went_wrong`.
    pub code: &'static str,
    /// Class of failure, hence the exit code.
    pub kind: Kind,
    /// One next step, an imperative sentence without a period.
    pub hint: &'static str,
}

/// An error that can tell a script its code and a person what to do next.
pub trait Explain: std::error::Error {
    /// This error's row in its module's catalogue.
    fn entry(&self) -> &'static Entry;
}

/// Declares a module's catalogue: one constant per row and a slice of all of them.
macro_rules! catalogue {
    ($($name:ident = $code:literal, $kind:ident, $hint:literal;)+) => {
        $(const $name: &$crate::explain::Entry =
            &$crate::explain::Entry { code: $code, kind: $crate::explain::Kind::$kind, hint: $hint };)+
        /// Every error of this module: code, kind and hint.
        pub const CATALOGUE: &[&$crate::explain::Entry] = &[$($name),+];
    };
}
pub(crate) use catalogue;

/// An error of any module on its way to the command-line interface; it still knows its code, kind and hint.
#[derive(Debug)]
pub struct Failure(Box<dyn Explain>);

impl Failure {
    /// The error's row in its module's catalogue.
    #[must_use]
    pub fn entry(&self) -> &'static Entry {
        self.0.entry()
    }

    /// The error itself, if it is one of this type: what a decision is made by, never its text.
    #[must_use]
    pub fn find<E: Explain + 'static>(&self) -> Option<&E> {
        let error: &(dyn std::error::Error + 'static) = self.0.as_ref();
        error.downcast_ref()
    }

    /// What went wrong, in one line.
    #[must_use]
    pub fn message(&self) -> String {
        self.0.to_string()
    }

    /// The errors behind it, outermost first.
    #[must_use]
    pub fn causes(&self) -> Vec<String> {
        let mut causes = Vec::new();
        let mut cause = self.0.source();
        while let Some(error) = cause {
            causes.push(error.to_string());
            cause = error.source();
        }
        causes
    }
}

impl<E: Explain + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(Box::new(error))
    }
}
