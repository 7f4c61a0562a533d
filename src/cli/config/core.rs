//! `[core.NETWORK]` of config.toml: how a Bitcoin Core node of one's own is asked, and where its password is.
//!
//! The password itself is never in config.toml: it is read from its file when it is needed, and printed nowhere.

use std::path::{Path, PathBuf};

use crate::cli::cli_error::entries;
use fastness::{
    explain::{Entry, Explain, Failure, Kind},
    explorer::NodeLogin,
    store::{StoreError, read_private, read_public},
};
use serde::Deserialize;
use zeroize::Zeroizing;

/// No file with a login is longer.
const MAX_LOGIN_FILE: u64 = 1024;

/// Longest name of a user.
const MAX_USER: usize = 64;

/// A node's credentials as a person names them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CoreConfig {
    /// The file that the node writes anew at each start (`.cookie`); relative to the home.
    cookie_file: Option<PathBuf>,
    /// The user of `rpcauth`.
    user: Option<String>,
    /// The file that holds that user's password; relative to the home.
    password_file: Option<PathBuf>,
}

/// How to log in at a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CoreLogin {
    /// With the contents of this file.
    Cookie(PathBuf),
    /// With a name, and the password in this file.
    Password {
        /// The name.
        user: String,
        /// The file.
        file: PathBuf,
    },
}

impl CoreConfig {
    /// The login; files are found from the home.
    ///
    /// # Errors
    /// Neither a cookie nor a user with a password, or both.
    pub(crate) fn login(&self, home: &Path) -> Result<CoreLogin, &'static str> {
        match (&self.cookie_file, &self.user, &self.password_file) {
            (Some(file), None, None) => Ok(CoreLogin::Cookie(home.join(file))),
            (None, Some(user), Some(file)) if is_user(user) => {
                Ok(CoreLogin::Password { user: user.clone(), file: home.join(file) })
            }
            (None, Some(_), Some(_)) => Err("has a user that is not 1 to 64 plain characters without a colon"),
            _ => Err("needs either cookie_file, or user and password_file"),
        }
    }
}

/// The file of a login does not hold one.
#[derive(Debug, thiserror::Error)]
#[error("{0} does not hold a login: one line of plain characters")]
struct BadLogin(String);

entries! {
    NO_COOKIE = "explorer.no_cookie", Network, "Start Bitcoin Core, which writes that file, or correct cookie_file under [core.NETWORK] in config.toml";
    BAD_LOGIN = "config.bad_login", Usage, "Name the node's .cookie with cookie_file, or put the password alone into the file that password_file names";
}

/// The node's cookie is not there: it is not running, or keeps it elsewhere.
#[derive(Debug, thiserror::Error)]
#[error("the node has no cookie at {0}: it is not running, or keeps it elsewhere")]
struct NoCookie(String);

impl Explain for NoCookie {
    fn entry(&self) -> &'static Entry {
        NO_COOKIE
    }
}

impl Explain for BadLogin {
    fn entry(&self) -> &'static Entry {
        BAD_LOGIN
    }
}

impl CoreLogin {
    /// Reads the file. A cookie has the owner and the permissions that the node gives it; a password must be private.
    ///
    /// # Errors
    /// The file cannot be read, is not private where it must be, or holds no login.
    pub(crate) fn read(&self) -> Result<NodeLogin, Failure> {
        let (path, bytes) = match self {
            Self::Cookie(path) => match read_public(path, MAX_LOGIN_FILE) {
                Err(StoreError::Missing { .. }) => return Err(NoCookie(path.display().to_string()).into()),
                bytes => (path, Zeroizing::new(bytes?)),
            },
            Self::Password { user, file } => {
                let password = Zeroizing::new(read_private(file, MAX_LOGIN_FILE)?);
                (file, Zeroizing::new([user.as_bytes(), b":", &password].concat()))
            }
        };
        NodeLogin::parse(&bytes).ok_or_else(|| BadLogin(path.display().to_string()).into())
    }
}

/// Basic authentication ends a name at the first colon (RFC 7617).
fn is_user(user: &str) -> bool {
    (1..=MAX_USER).contains(&user.len()) && user.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':')
}
