//! `sign -o FILE`: a sealed child reviews, asks and signs; this process compares the result with the draft, and writes it.
//!
//! The sealed child can write no file at all, and this process holds no key. What is not the draft with signatures in it
//! is not written.

use std::{ffi::OsString, path::Path};

use super::Args;
use crate::cli::{
    CliError,
    context::Context,
    ethereum::{session, signer},
    input_file::read_input,
    page::Page,
    report::{Answer, Report, answer},
    sealed_child::{self, ChildWords},
};
use fastness::{
    explain::Failure,
    flow::{
        bitcoin::{Draft, SignedFile},
        ethereum::{self, EvmDraft},
    },
    store::{StoreError, WriteRule, atomic_write},
    text::SafeText,
};
use serde::Serialize;
use serde_json::{Map, Value};

/// What the child reports, with the file that was written.
#[derive(Serialize)]
struct Written {
    #[serde(flatten)]
    data: Map<String, Value>,
    #[serde(skip)]
    file: String,
    #[serde(skip)]
    proof: &'static str,
}

/// A signed text that was compared with its draft.
struct Compared {
    text: String,
    proof: &'static str,
}

/// Signs in a sealed child and writes what it signed to `path`, where nothing may be yet.
pub(super) fn run(args: &Args, context: &mut Context, path: &Path) -> Answer {
    if path.symlink_metadata().is_ok() {
        return Err(StoreError::Exists { path: SafeText::new(&path.to_string_lossy()) }.into());
    }
    let draft = read_input(&args.draft)?;
    let words = words(args, context)?;
    let mut data = sealed_child::document(&words, &draft)?;
    let Some(Value::String(text)) = data.remove("text") else {
        return Err(CliError::Child("its answer has no signed text".to_owned()).into());
    };
    let Compared { text, proof } = compared(args, context, &draft, text)?;
    atomic_write(path, text.as_bytes(), WriteRule::New)?;
    let file = path.display().to_string();
    data.insert("file".to_owned(), file.clone().into());
    answer(Written { data, file, proof })
}

fn words(args: &Args, context: &mut Context) -> Result<Vec<OsString>, Failure> {
    let (wallet, network) = (context.globals().wallet.clone(), context.globals().network.clone());
    let mut words = ChildWords::of_signer(context, wallet.as_deref())?;
    words.flag("--sealed-child");
    words.option("network", network);
    for (name, given) in [("--raw", args.raw), ("--psbt", args.psbt)] {
        if given {
            words.flag(name);
        }
    }
    signer::consent_words(&mut words, &args.signature, &args.consents);
    Ok(words.limited(&args.limits, context.consent()))
}

/// The text, if it holds the draft's transaction with signatures in it and nothing else.
fn compared(args: &Args, context: &mut Context, draft: &[u8], text: String) -> Result<Compared, Failure> {
    if session::chain_of_file(context, draft)?.is_some() {
        let signed = ethereum::read_signed_plan(&EvmDraft::read(draft, context.asked())?, text.as_bytes())?;
        let text = if args.raw {
            alloy_primitives::hex::encode_prefixed(&signed.bytes) + "\n"
        } else {
            ethereum::signed_text(&signed)?
        };
        return Ok(Compared { text, proof: "Signed; the signer was recovered from the bytes and is the sender." });
    }
    let draft = Draft::read(draft, context.network_for(draft)?)?;
    let signed = SignedFile::of_draft(&draft, text.as_bytes())?;
    let text = match (args.psbt, args.raw) {
        (true, _) => text,
        (false, true) => hex::DisplayHex::to_lower_hex_string(signed.signed.bytes.as_slice()) + "\n",
        (false, false) => SignedFile::to_text(&signed.signed)?,
    };
    Ok(Compared { text, proof: "Signed, and accepted by Bitcoin Core's verification code." })
}

impl Report for Written {
    fn page(&self, page: &mut Page) {
        page.line(self.proof);
        page.copyable("Id", self.data.get("id").and_then(Value::as_str).unwrap_or_default());
        page.field("Written", &self.file);
        page.next(&format!("fastness broadcast {}", self.file));
    }
}
