//! `broadcast`: journal first, then the bytes, then one verdict. The same bytes on every resend.

use std::path::PathBuf;

use crate::cli::{
    bitcoin::delivery::{DiscretionArgs, send},
    context::Context,
    ethereum::session,
    input_file::read_input,
    report::{Answer, answer},
};
use fastness::flow::{self, bitcoin::SignedFile, ethereum};

/// Send what was signed
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The signed file, a finalized PSBT or a raw transaction, or - for standard input
    file: PathBuf,
    #[command(flatten)]
    discretion: DiscretionArgs,
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        let bytes = read_input(&self.file)?;
        if session::chain_of_file(context, &bytes)?.is_some() {
            let _lock = context.sending_lock()?;
            let signed = ethereum::read_signed(&bytes, context.asked())?;
            let (node, mut ledger) = (context.node(signed.chain)?, context.ledger()?);
            return answer(session::Sender { ledger: &mut ledger, node: &node }.send(context, &signed, None)?);
        }
        let file = SignedFile::read(&bytes, context.network_for(&bytes)?)?;
        // One at a time in a home: of several that send one file each has a verdict of its own.
        let _lock = context.sending_lock()?;
        flow::bitcoin::refuse_superseded(&context.ledger()?, &file)?;
        answer(send(context, &file, &self.discretion)?)
    }
}
