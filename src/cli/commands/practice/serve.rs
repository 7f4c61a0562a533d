//! `practice serve`: the practice chain of a home, kept on disk, as an Esplora server on loopback until Ctrl-C.
//!
//! Starts and stops; all answers are given by fastness::practice.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, mpsc},
};

use super::error::PracticeCliError;
use crate::cli::{
    context::Context,
    page::Page,
    report::{Answer, Report},
};
use fastness::{
    explain::Failure,
    practice::{PracticeChain, Server},
};
use serde::Serialize;

/// Where `--network regtest` looks when no explorer is named (explorer/bitcoin/defaults.rs).
const USUAL_PORT: u16 = 3002;

/// Run a practice chain of your own, until Ctrl-C; it is kept on disk
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Port on this computer; 0 takes any free one
    #[arg(long, value_name = "N", default_value_t = USUAL_PORT)]
    port: u16,
    /// Folder of the chain, in place of practice/chain in the home
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// A server that has just started.
#[derive(Serialize)]
struct Serving {
    url: String,
    folder: String,
    height: u32,
    #[serde(skip)]
    usual: bool,
}

impl Args {
    pub(super) fn run(&self, context: &mut Context) -> Answer {
        let folder = self.folder(context)?;
        let chain = PracticeChain::open(&folder)?;
        let height = chain.tip().0;
        let server = start(chain, self.port)?;
        let (stop, stopped) = mpsc::channel();
        // A second signal finds no listener, which changes nothing.
        let _ = ctrlc::set_handler(move || {
            let _ = stop.send(());
        });
        let (url, folder) = (server.url(), folder.display().to_string());
        context.ui.result(&Serving { usual: url.ends_with(&format!(":{USUAL_PORT}")), url, folder, height })?;
        let _ = stopped.recv();
        server.stop();
        context.ui.say("Stopped; the chain is kept.");
        Ok(None)
    }

    fn folder(&self, context: &mut Context) -> Result<PathBuf, Failure> {
        let folder = match &self.dir {
            Some(folder) => folder.clone(),
            None => context.home()?.root().join("practice").join("chain"),
        };
        private_folder(&folder)?;
        Ok(folder)
    }
}

/// Serves a chain on 127.0.0.1.
pub(super) fn start(chain: PracticeChain, port: u16) -> Result<Server, Failure> {
    Ok(Server::start(Arc::new(Mutex::new(chain)), SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?)
}

/// Makes a folder and what it stands in, 0700 from birth; one that exists is taken as it is.
pub(super) fn private_folder(path: &Path) -> Result<(), PracticeCliError> {
    use std::os::unix::fs::DirBuilderExt;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|cause| PracticeCliError::Folder { path: path.to_owned(), cause })
}

impl Report for Serving {
    fn page(&self, page: &mut Page) {
        page.line(&format!("The practice chain runs at {} until Ctrl-C.", self.url));
        page.field("Height", &self.height.to_string());
        page.field("Kept in", &self.folder);
        page.blank();
        page.line("In another terminal:");
        let explorer = if self.usual { String::new() } else { format!(" --explorer {}", self.url) };
        for command in [
            "new --wallet practice --network regtest",
            "receive --wallet practice",
            "practice faucet ADDRESS 1btc",
            "practice mine 1",
            "sync --wallet practice",
            "send ADDRESS 0.25btc --wallet practice",
        ] {
            let online = ["practice", "sync", "send"].iter().any(|word| command.starts_with(word));
            page.verbatim(&format!("  fastness {command}{}", if online { &explorer } else { "" }));
        }
    }
}
