//! A new password: from an option's file, typed twice, or made of random words. How weak it is, is told; it stays the person's choice.
//!
//! Part of the key side: the process is sealed before anything is typed. Nothing typed here is shown.

use fastness::{
    explain::Failure,
    keystore::{MadePassphrase, Password},
    seal::Sealed,
};

use super::{
    CliError,
    context::Context,
    duration::span,
    key_side::{ATTEMPTS, PasswordSource, from_file, take},
    words_screen::WordsScreen,
};

/// A new password: from the option's file, else from the person.
pub(crate) fn new_password(context: &Context, source: &PasswordSource, sealed: &Sealed) -> Result<Password, Failure> {
    if let Some(path) = &source.path {
        return Ok(Password::new(from_file(path)?)?);
    }
    let mut why = "";
    for _ in 0..ATTEMPTS {
        let question = format!("{why}New password (leave it empty to have one made of random words): ");
        let typed = take(context.ui.ask_hidden(&question, source.flag)?);
        if typed.is_empty() {
            return made(context, source, sealed);
        }
        let first = Password::new(typed)?;
        if !is_kept(context, source, &first)? {
            why = "";
            continue;
        }
        if first.same_as(&again(context, source, "The same again: ")?) {
            return Ok(first);
        }
        why = "The two differ. Once more.\n";
    }
    Err(CliError::EntriesDiffer.into())
}

fn again(context: &Context, source: &PasswordSource, question: &str) -> Result<Password, Failure> {
    Ok(Password::new(take(context.ui.ask_hidden(question, source.flag)?))?)
}

/// Whether the person keeps it: a weak one is named as that.
fn is_kept(context: &Context, source: &PasswordSource, password: &Password) -> Result<bool, Failure> {
    let strength = password.strength();
    if !strength.is_weak() {
        return Ok(true);
    }
    // The file's key derivation takes a machine like this about a second for a guess.
    let question = format!(
        "That password is weak: who has the file and tries likely ones finds it in about {} with one machine.\n\
         Type yes to keep it, anything else to type another: ",
        span(strength.guesses)
    );
    Ok(context.ui.ask(&question, source.flag)?.trim() == "yes")
}

/// A passphrase of random words: shown once, then typed back.
fn made(context: &Context, source: &PasswordSource, sealed: &Sealed) -> Result<Password, Failure> {
    let made = MadePassphrase::make(sealed)?;
    let mut question = "Type it, with its dashes: ";
    for _ in 0..ATTEMPTS {
        WordsScreen::open(&context.ui, source.flag)?.show_passphrase(made.text())?;
        let typed = again(context, source, question)?;
        if typed.same_as(&Password::new(made.text().to_owned())?) {
            return Ok(typed);
        }
        question = "That was not it. Type it, with its dashes: ";
    }
    Err(CliError::EntriesDiffer.into())
}
