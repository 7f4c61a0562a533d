//! One explorer: its checked address, whether it is on our chain, and when it may be asked again.
//!
//! The rules for addresses live here: https, except on this machine and for onion services; no passwords, no queries.
//! It asks nothing itself.

use std::{
    any::Any,
    cell::{Cell, OnceCell, RefCell},
    rc::Rc,
    time::Duration,
};

use bitcoin::hashes::{Hash, sha256};
use tokio::{
    sync::OnceCell as AsyncOnceCell,
    time::{Instant, sleep_until},
};

use super::{
    clock,
    concurrency::ConcurrencyLimit,
    http::{Url, is_onion},
    limits,
};
use crate::{
    explorer::{
        Cause, ExplorerError, Health, HealthBook,
        health::{Allowance, EndedRequest, Gate, Lane, ManyProbe, RequestOutcome},
        operators::{Trust, allowance, is_loopback, organisation, window},
    },
    text::SafeText,
};

/// What a host speaks, from the beginning of its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// `https://` or `http://`: the HTTP interface of Esplora, or a node or indexer of an EVM chain.
    Esplora,
    /// `ssl://` or `tcp://`: the Electrum protocol.
    Electrum,
    /// `core+https://` or `core+http://`: the RPC interface of a person's own Bitcoin Core.
    Core,
    /// `blockchair+https://`: Blockchair's, for sending only.
    Blockchair,
    /// `blockcypher+https://`: BlockCypher's, for sending only.
    BlockCypher,
}

impl Protocol {
    /// How many questions of one kind go to it together: one that answers over one connection is told all of them at
    /// once.
    pub(crate) const fn together(self) -> usize {
        match self {
            Self::Electrum | Self::Core => limits::PART,
            Self::Esplora | Self::Blockchair | Self::BlockCypher => 1,
        }
    }

    /// Whether it is asked anything, or only sent finished transactions.
    pub(crate) const fn answers(self) -> bool {
        !matches!(self, Self::Blockchair | Self::BlockCypher)
    }
}

/// Where a server listens.
pub(crate) struct ServerAddress {
    /// Name or number, without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Set for TLS.
    pub(crate) tls: Option<Tls>,
}

/// Marks an address that is reached over TLS only.
pub(crate) struct Tls;

/// An explorer that may be asked.
pub(crate) struct Endpoint {
    base: String,
    /// What it speaks.
    pub(crate) kind: Protocol,
    /// Where it listens, if it does not speak HTTP.
    pub(crate) server: Option<ServerAddress>,
    /// What the protocol that it speaks keeps for it; see [`Self::memory`].
    kept: OnceCell<Box<dyn Any>>,
    /// Host (and port, where it is not the usual one), as printed.
    pub(crate) operator: SafeText,
    /// Set once its block 0 was compared, for the life of the process.
    pub(crate) on_our_chain: AsyncOnceCell<()>,
    /// Set for the life of the process when it proved false.
    pub(crate) barred: Cell<Option<Cause>>,
    /// Set once it sent the raw bytes of a transaction: a host that never did may know them as text only.
    pub(crate) sends_raw: Cell<bool>,
    /// How many questions it has in hand.
    pub(crate) seats: ConcurrencyLimit,
    /// JSON-RPC questions that this host takes in one batch; some take three and break on four.
    pub(crate) batch: Cell<usize>,
    /// The owner of the host.
    pub(crate) trust: Trust,
    allowance: Option<Allowance>,
    /// Stands for the address where the address itself, which may hold a key, must not be written.
    digest: String,
    health: RefCell<Rc<RefCell<Health>>>,
    silent: Cell<Option<(Instant, Cause)>>,
    /// Questions of this process, and how many of them were put again.
    asked: Cell<(u64, u64)>,
}

impl Endpoint {
    /// Checks an address; `Err` says which rule it breaks.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let (kind, text) = kind_of(text.trim());
        let url = Url::parse(&text).map_err(|_| "is not a URL")?;
        let host = url.host_str().ok_or("has no host")?;
        match url.scheme() {
            "https" => {}
            "http" if is_onion(host) || is_loopback(host) => {}
            "http" if kind == Protocol::Electrum => {
                return Err("must be ssl: tcp is for this machine and onion services only");
            }
            "http" => return Err("must be https: http is for this machine and onion services only"),
            _ => return Err("must be https"),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("must not contain a name or a password");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("must not contain a query or a fragment");
        }
        let server = (kind == Protocol::Electrum).then(|| electrum_address(&url, &text)).transpose()?;
        let operator = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let trust = if is_loopback(host) { Trust::Own } else { Trust::Public };
        let base = url.as_str().trim_end_matches('/').to_owned();
        Ok(Self {
            trust,
            allowance: allowance(&operator, trust),
            digest: sha256::Hash::hash(base.as_bytes()).to_string(),
            health: RefCell::default(),
            base,
            kind,
            server,
            kept: OnceCell::new(),
            operator: SafeText::new(&operator),
            on_our_chain: AsyncOnceCell::new(),
            barred: Cell::new(None),
            sends_raw: Cell::new(false),
            seats: ConcurrencyLimit::default(),
            batch: Cell::new(limits::FIRST_BATCH),
            silent: Cell::new(None),
            asked: Cell::new((0, 0)),
        })
    }

    /// What a protocol keeps for this host for the life of the process: made when it is first asked for.
    ///
    /// # Errors
    /// Another protocol's memory is kept here: one host speaks one.
    pub(crate) fn memory<T: Default + 'static>(&self) -> Result<&T, Cause> {
        self.kept.get_or_init(|| Box::<T>::default()).downcast_ref().ok_or(Cause::Unsupported)
    }

    /// Every address of a list, checked.
    pub(crate) fn parse_all(endpoints: &[String]) -> Result<Vec<Self>, ExplorerError> {
        let mut parsed: Vec<Self> = Vec::new();
        for (index, text) in endpoints.iter().enumerate() {
            let bad = |why| ExplorerError::BadEndpoint { place: index + 1, why };
            if index == limits::ENDPOINTS {
                return Err(bad("is one too many"));
            }
            let endpoint = Self::parse(text).map_err(bad)?;
            if parsed.iter().any(|other| other.normal() == endpoint.normal()) {
                return Err(bad("is named twice"));
            }
            parsed.push(endpoint);
        }
        Ok(parsed)
    }

    /// What it speaks and the address itself, without a final slash: equal for two spellings of one.
    pub(crate) fn normal(&self) -> String {
        format!("{:?} {}", self.kind, self.base)
    }

    /// The address of a question; `path` begins with a slash and is made of our own words, hex and digits.
    pub(crate) fn url(&self, path: &str) -> Result<Url, Cause> {
        if self.kind == Protocol::Electrum {
            return Err(Cause::Unsupported);
        }
        Url::parse(&format!("{}{path}", self.base)).map_err(|_| Cause::Unsupported)
    }

    /// Whether it is an onion service.
    pub(crate) fn is_onion(&self) -> bool {
        let host = self.operator.as_str();
        is_onion(host.rsplit_once(':').map_or(host, |(host, _)| host))
    }

    /// The organisation behind it.
    pub(crate) fn organisation(&self) -> String {
        organisation(self.operator.as_str())
    }

    /// Keeps its health in this book from now on, where an earlier run may have begun its page.
    pub(crate) fn remembered_in(&self, book: &HealthBook) {
        let page = book.of(self.operator.as_str());
        self.batch.set(page.borrow().batch.unwrap_or(limits::FIRST_BATCH));
        if let Some(all) = page.borrow().in_flight {
            self.seats.begin_with(all);
        }
        self.health.replace(page);
    }

    /// Its health.
    pub(crate) fn health<T>(&self, look: impl FnOnce(&mut Health) -> T) -> T {
        look(&mut self.health.borrow().borrow_mut())
    }

    /// Whether it may be asked: not if it lied within a day, and only if no other is left if it fails all the time.
    pub(crate) fn gate(&self, lane: Lane) -> Result<Gate, Cause> {
        let now = clock::now();
        match self.barred.get() {
            Some(cause) => Err(cause),
            None if self.health(|health| health.is_quarantined(now)) => Err(Cause::Distrusted),
            None => Ok(self.health(|health| health.gate(lane, now))),
        }
    }

    /// Notes how a request ended that began at `started`.
    pub(crate) fn note(&self, lane: Lane, cause: Option<Cause>, started: Instant) {
        let outcome = match cause.map(outcome) {
            None => RequestOutcome::Answered,
            Some(None) => return,
            Some(Some(outcome)) => outcome,
        };
        let took = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        let jitter = getrandom::u32().map_or(0, u64::from);
        self.health(|health| health.note(EndedRequest { lane, outcome, took }, clock::now(), jitter));
    }

    /// It proved false: not asked again in this process, nor, if it is a stranger's, within a day.
    pub(crate) fn distrust(&self, cause: Cause) {
        self.barred.set(Some(cause));
        if self.trust == Trust::Public && cause == Cause::Lied {
            self.health(|health| health.quarantine(clock::now()));
        }
    }

    /// Whether its chain was compared within a day.
    pub(crate) fn was_on_chain(&self, network: &str) -> bool {
        self.health(|health| health.is_on_chain(&format!("{network} {}", self.digest), clock::now()))
    }

    /// Its chain was compared.
    pub(crate) fn is_on_chain(&self, network: &str) {
        self.health(|health| health.found_on_chain(&format!("{network} {}", self.digest), clock::now()));
    }

    /// Whether it takes many scripts in one question; nothing if that was not found out lately.
    pub(crate) fn takes_many(&self) -> Option<bool> {
        self.health(|health| health.takes_many(&self.digest, clock::now()))
    }

    /// What was found out about that. A failure is not an answer to this question: it is put again another time.
    pub(crate) fn found_many(&self, probed: Result<bool, Cause>) {
        let Ok(taken) = probed else { return };
        self.health(|health| health.found_many(&self.digest, ManyProbe { taken, at: clock::now() }));
    }

    /// It said that we ask too often: it rests for as long as it asked, or as it is known to count.
    pub(crate) fn rest_after_429(&self, asked: Option<Duration>) {
        if let Some(pause) = asked.or_else(|| window(self.operator.as_str())) {
            self.rest_for(pause.min(window(self.operator.as_str()).unwrap_or(limits::REST_CEILING)));
        }
    }

    /// It takes so many JSON-RPC questions in one batch and no more, now and in the next run.
    pub(crate) fn learn_batch(&self, most: usize) {
        self.batch.set(most);
        self.health(|health| health.batch = Some(most));
    }

    /// The newest block it knows is at this height.
    pub(crate) fn saw_tip(&self, height: u32) {
        self.health(|health| health.tip = Some((height, clock::now())));
    }

    /// A question is put.
    pub(crate) fn asks(&self) {
        let (asked, repeated) = self.asked.get();
        self.asked.set((asked + 1, repeated));
    }

    /// Whether a failed question may be put again, which it then is: one in five may, and a few at first. A host that fails
    /// all the time is not asked twice as often for it.
    pub(crate) fn may_repeat(&self) -> bool {
        let (asked, repeated) = self.asked.get();
        let may = repeated * limits::REPEAT_ONE_IN < asked + limits::REPEATS_AT_FIRST * limits::REPEAT_ONE_IN;
        if may {
            self.asked.set((asked, repeated + 1));
        }
        may
    }

    /// This host is not asked for so long.
    pub(crate) fn rest_for(&self, pause: Duration) {
        let pause = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        self.health(|health| health.rest_until(clock::now().saturating_add(pause)));
    }

    /// The host did not answer the first question of all, for this cause.
    pub(crate) fn fell_silent(&self, cause: Cause) {
        self.silent.set(Some((Instant::now() + limits::SILENT, cause)));
    }

    /// The cause, while that was a moment ago.
    pub(crate) fn is_silent(&self) -> Option<Cause> {
        self.silent.get().and_then(|(until, cause)| (Instant::now() < until).then_some(cause))
    }

    /// How many questions it would take at once now.
    pub(crate) fn room(&self) -> usize {
        self.health(|health| health.room(clock::now(), self.allowance))
    }

    /// Waits for our turn at this host: while it asked us to rest, and while we had our share; not beyond `deadline`.
    pub(crate) async fn turn(&self, deadline: Instant) -> Result<(), Cause> {
        // A host that asked for a long rest is not waited for.
        let rest = Duration::from_millis(self.health(|health| health.rest(clock::now())));
        if rest > limits::RETRY_AFTER_CEILING {
            return Err(Cause::Throttled);
        }
        let wait = self.health(|health| health.take(clock::now(), self.allowance));
        let then = Instant::now() + Duration::from_millis(wait);
        if wait > 0 && then >= deadline {
            self.health(|health| health.give_back(self.allowance));
            return Err(Cause::Throttled);
        }
        if wait > 0 {
            sleep_until(then).await;
        }
        // It may have asked for a rest while we waited.
        while let rest @ 1.. = self.health(|health| health.rest(clock::now())) {
            let then = Instant::now() + Duration::from_millis(rest);
            if then >= deadline {
                return Err(Cause::Throttled);
            }
            sleep_until(then).await;
        }
        Ok(())
    }
}

/// What a cause says about the host; nothing where it is no fault of its own.
const fn outcome(cause: Cause) -> Option<RequestOutcome> {
    Some(match cause {
        Cause::NoTor | Cause::NotThroughProxy | Cause::Distrusted => return None,
        Cause::Throttled => RequestOutcome::Throttled,
        Cause::Denied => RequestOutcome::Denied,
        Cause::Refused(_)
        | Cause::Unsupported
        | Cause::Missing
        | Cause::Unsettled
        | Cause::WrongChain
        | Cause::NoFilterIndex => RequestOutcome::Answered,
        Cause::Unreachable
        | Cause::NoTls
        | Cause::UnknownIssuer
        | Cause::Expired
        | Cause::OtherHost
        | Cause::BadCertificate
        | Cause::TimedOut
        | Cause::Interrupted
        | Cause::Busy
        | Cause::ServerError(_)
        | Cause::Redirected
        | Cause::WebPage
        | Cause::TooLarge
        | Cause::Malformed
        | Cause::Lied => RequestOutcome::Failed,
    })
}

/// What an address says its host speaks, and the address as a URL of the kind whose rules hold for it.
fn kind_of(text: &str) -> (Protocol, String) {
    let lower = text.to_ascii_lowercase();
    for (beginning, kind, scheme) in [
        ("ssl://", Protocol::Electrum, "https://"),
        ("tcp://", Protocol::Electrum, "http://"),
        ("blockchair+https://", Protocol::Blockchair, "https://"),
        ("blockchair+http://", Protocol::Blockchair, "http://"),
        ("blockcypher+https://", Protocol::BlockCypher, "https://"),
        ("blockcypher+http://", Protocol::BlockCypher, "http://"),
        ("core+https://", Protocol::Core, "https://"),
        ("core+http://", Protocol::Core, "http://"),
    ] {
        if lower.starts_with(beginning) {
            return (kind, format!("{scheme}{}", text.get(beginning.len()..).unwrap_or_default()));
        }
    }
    (Protocol::Esplora, text.to_owned())
}

/// Host and port of an Electrum server, which has no usual port. URLs leave out the ports of the web.
fn electrum_address(url: &Url, text: &str) -> Result<ServerAddress, &'static str> {
    if url.path() != "/" {
        return Err("must not contain a path");
    }
    let named = |port: &str| text.trim_end_matches('/').ends_with(port);
    let tls = (url.scheme() == "https").then_some(Tls);
    let port = url.port().or_else(|| url.port_or_known_default().filter(|port| named(&format!(":{port}"))));
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
    Ok(ServerAddress { host, port: port.ok_or("must end with a port")?, tls })
}

#[cfg(test)]
#[path = "endpoint_tests.rs"]
mod tests;
