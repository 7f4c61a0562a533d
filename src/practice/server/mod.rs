//! The practice chain's Esplora server: exact shapes, on loopback only, on a thread of its own.
//!
//! This file listens and decides who answers; blocks.rs, scripts.rs, many.rs, transactions.rs, waiting.rs and control.rs
//! answer. Must not listen beyond loopback, and must not judge transactions (the chain does).

mod blocks;
mod control;
mod faults;
mod json;
mod many;
mod reply;
mod scripts;
mod transactions;
mod waiting;
mod wire;

use std::{
    collections::VecDeque,
    net::{SocketAddr, TcpListener},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
};

use axum::{
    Router,
    body::to_bytes,
    extract::{ConnectInfo, Request, State},
    http::Method,
    response::Response,
};
use tokio::{runtime::Runtime, sync::oneshot};

use self::{
    faults::PlannedFault,
    reply::{ServerAnswer, ServerReply},
    wire::{CuttingListener, TestWire},
};
pub use self::{
    faults::{Fault, Faults},
    reply::Said,
};
use super::{PracticeChain, PracticeError};

/// Longest request body, as Esplora servers have it: the hex of the largest standard transaction fits.
const MAX_BODY: usize = 1_000_000;
/// Request lines remembered for [`Server::seen`].
const MAX_SEEN: usize = 20_000;

/// A running server. Stops when dropped.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// One request.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// `GET` or `POST`.
    pub method: &'a str,
    /// Without `/api` and without what follows a question mark.
    pub path: &'a str,
    /// What follows the question mark.
    pub query: &'a str,
    /// Empty for `GET`.
    pub body: &'a [u8],
}

/// What every request needs.
struct Shared {
    chain: Arc<Mutex<PracticeChain>>,
    /// What questions are answered from, where that is not the chain itself.
    shown: Mutex<Option<Arc<Mutex<PracticeChain>>>>,
    faults: Faults,
    requests: AtomicU64,
    seen: Mutex<VecDeque<String>>,
}

impl Server {
    /// Serves `chain` at `address`; port 0 picks a free one.
    ///
    /// # Errors
    /// The address is not loopback, or cannot be listened on.
    pub fn start(chain: Arc<Mutex<PracticeChain>>, address: SocketAddr) -> Result<Self, PracticeError> {
        if !address.ip().is_loopback() {
            return Err(PracticeError::NotLoopback(address));
        }
        let cannot = |cause| PracticeError::CannotListen { address, cause };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(cannot)?;
        let (listener, bound) = listen(&runtime, address).map_err(cannot)?;
        let shared = Arc::new(Shared {
            chain,
            shown: Mutex::default(),
            faults: Faults::default(),
            requests: AtomicU64::new(0),
            seen: Mutex::default(),
        });
        let (stop, stopped) = oneshot::channel();
        let router = Router::new().fallback(serve).with_state(Arc::clone(&shared));
        let service = router.into_make_service_with_connect_info::<TestWire>();
        let work = move || {
            runtime.block_on(async move {
                let serving = axum::serve(listener, service).into_future();
                tokio::select! { _ = serving => {}, _ = stopped => {} }
            });
        };
        let thread = std::thread::Builder::new().name("practice".to_owned()).spawn(work).map_err(cannot)?;
        Ok(Self { address: bound, shared, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens, as `http://127.0.0.1:PORT`, without a final slash. `/api` may follow.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The chain it serves.
    #[must_use]
    pub fn chain(&self) -> Arc<Mutex<PracticeChain>> {
        Arc::clone(&self.shared.chain)
    }

    /// Requests that came in since the start, faulty ones included.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.shared.requests.load(Ordering::Relaxed)
    }

    /// The last requests as `GET /path`, oldest first, without `/api`: exactly what a real server would have learnt.
    #[must_use]
    pub fn seen(&self) -> Vec<String> {
        lock(&self.shared.seen).iter().cloned().collect()
    }

    /// The faults to plan for coming requests.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// Answers questions from this chain from now on, while transactions that are handed in still go to the server's own: a
    /// server whose lists are some seconds old. `None` ends that.
    pub fn show(&self, shown: Option<PracticeChain>) {
        *lock(&self.shared.shown) = shown.map(|chain| Arc::new(Mutex::new(chain)));
    }

    /// Serves until the process ends: for a server that runs by itself. A killed process loses nothing that was answered.
    pub fn wait(mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }

    /// Closes the port and every connection, and waits until that is done.
    pub fn stop(mut self) {
        self.halt();
    }

    fn halt(&mut self) {
        if let Some(stop) = self.stop.take() {
            // An error means that the server has stopped already.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.halt();
    }
}

/// Locks even after a panic elsewhere: a test that failed must not hide the next one's reason.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn listen(runtime: &Runtime, address: SocketAddr) -> std::io::Result<(CuttingListener, SocketAddr)> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    let bound = listener.local_addr()?;
    let _inside = runtime.enter();
    Ok((CuttingListener::new(tokio::net::TcpListener::from_std(listener)?), bound))
}

/// Every request comes here.
async fn serve(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(wire): ConnectInfo<TestWire>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().strip_prefix("/api").filter(|rest| rest.starts_with('/')).unwrap_or(parts.uri.path());
    shared.note(&parts.method, path);
    let planned = shared.faults.take(&parts.method, path);
    if let PlannedFault::Instead(response) = planned {
        return response;
    }
    if let PlannedFault::Later(delay) = planned {
        tokio::time::sleep(delay).await;
    }
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return ServerReply::error(413, "Request body too large").into_response();
    };
    let question =
        Question { method: parts.method.as_str(), path, query: parts.uri.query().unwrap_or_default(), body: &body };
    let reply = answer(&shared.chain_for(&question), &question).unwrap_or_else(|error| error);
    match planned {
        PlannedFault::Cut => wire.cut(),
        PlannedFault::Held(delay) => tokio::time::sleep(delay).await,
        PlannedFault::Altered => return reply.altered().into_response(),
        _ => {}
    }
    reply.into_response()
}

impl Shared {
    /// The chain that a request is about.
    fn chain_for(&self, question: &Question<'_>) -> Arc<Mutex<PracticeChain>> {
        let is_asked = question.method == "GET" || question.path.starts_with("/scripthashes");
        let shown = lock(&self.shown).clone().filter(|_| is_asked);
        shown.unwrap_or_else(|| Arc::clone(&self.chain))
    }

    fn note(&self, method: &Method, path: &str) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let mut seen = lock(&self.seen);
        if seen.len() == MAX_SEEN {
            seen.pop_front();
        }
        seen.push_back(format!("{method} {path}"));
    }
}

/// What this server answers to one request, without a connection: for test servers that stand between it and a wallet.
#[must_use]
pub fn said(chain: &Mutex<PracticeChain>, question: &Question<'_>) -> Said {
    answer(chain, question).unwrap_or_else(|error| error).into_said()
}

/// The table of endpoints.
fn answer(chain: &Mutex<PracticeChain>, question: &Question<'_>) -> ServerAnswer {
    let mut chain = lock(chain);
    let &Question { method, path, query, body } = question;
    let steps: Vec<&str> = path.split('/').skip(1).collect();
    match (method, steps.as_slice()) {
        ("GET", ["blocks", rest @ ..]) => blocks::list(&chain, rest),
        ("GET", ["block-height", height]) => blocks::hash_at(&chain, height),
        ("GET", ["block", hash, rest @ ..]) => blocks::one(&chain, hash, rest),
        ("GET", ["address", address, rest @ ..]) => scripts::by_address(&chain, address, rest),
        ("GET", ["scripthash", hash, rest @ ..]) => scripts::by_hash(&chain, hash, rest),
        ("POST", ["scripthashes", rest @ ..]) => many::answer(&chain, rest, (query, body)),
        ("GET", ["tx", txid, rest @ ..]) => transactions::one(&chain, txid, rest),
        ("GET", ["mempool", rest @ ..]) => waiting::mempool(&chain, rest),
        ("GET", ["fee-estimates"]) => waiting::fee_estimates(&chain),
        ("POST", ["tx"]) => transactions::broadcast(&mut chain, body),
        ("POST", ["txs", "package"]) => transactions::broadcast_package(&mut chain, body),
        ("GET", ["practice"]) => control::state(&chain),
        ("POST", ["practice", verb]) => control::act(&mut chain, verb, body),
        _ => Err(reply::no_endpoint(path)),
    }
}
