//! `[core.NETWORK]` of config.toml: how a Bitcoin Core node of one's own is asked, and where its password is.
//!
//! Names files and reads none. The password itself is never in config.toml.

use std::path::{Path, PathBuf};

use serde::Deserialize;

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

/// Basic authentication ends a name at the first colon (RFC 7617).
fn is_user(user: &str) -> bool {
    (1..=MAX_USER).contains(&user.len()) && user.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':')
}
