//! Kill -9 at a request of a `send`, or while its child signs, and the same command again: each amount is paid exactly once.
//!
//! By default a sample of the requests, both moments of the broadcast and both processes while it is signed; with
//! FASTNESS_KILLS=all every request, before the node has it and before the program has its answer.

use std::{
    os::unix::process::ExitStatusExt,
    process::{Child, ExitStatus, Stdio},
    sync::{Arc, Mutex, OnceLock},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use super::{
    node::{ETHER, EvmStage, SHOP},
    proxy::{Moment, Then, proxy},
};
use crate::harness::{answer, program};

const SENDING: &str = "eth_sendRawTransaction";

/// Where a run is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// With the request of this number.
    Request { number: usize, moment: Moment },
    /// With the one that sends the transaction.
    Broadcast { moment: Moment },
    /// The process itself, while its child signs.
    Signing,
    /// The child that signs.
    SigningChild,
}

/// A home, an anvil, and the requests of a whole run.
struct Theatre {
    stage: EvmStage,
    requests: Vec<String>,
    /// Payments so far, of which each is a little greater than the one before.
    payments: u32,
}

impl Theatre {
    fn prepare() -> Self {
        let mut theatre = Self { stage: EvmStage::new(), requests: Vec::new(), payments: 0 };
        let heard = Arc::new(Mutex::new(Vec::new()));
        let hear = Arc::clone(&heard);
        theatre.payments += 1;
        let whole = theatre.send(move |body, moment| {
            if moment == Moment::Asked {
                hear.lock().unwrap().push(body.to_owned());
            }
            Then::GoOn
        });
        answer(whole.wait_with_output().unwrap()).expect_code(0);
        theatre.requests = heard.lock().unwrap().clone();
        assert!(theatre.requests.len() > 5 && theatre.requests.iter().any(|body| body.contains(SENDING)));
        theatre
    }

    /// Starts the payment of now, with something between it and the node.
    fn send(&self, watch: impl Fn(&str, Moment) -> Then + Send + Sync + 'static) -> Child {
        let url = proxy(self.stage.anvil.port(), watch);
        let (home, password) = (self.stage.stage.path("home"), self.stage.stage.password());
        let amount = format!("0.000{:04}eth", self.payments);
        let mut command = program();
        command.current_dir(self.stage.stage.home.path()).arg("--home").arg(home);
        command.args(["--network", "local", "--explorer", &url, "send", SHOP, &amount, "--yes", "--max-fee=0.05eth"]);
        command.args([&password, "--json"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
    }

    fn paid(&self) -> u128 {
        self.stage.anvil.balance(SHOP)
    }

    /// One run that is killed there, and the same command to its end. Answers whether the node had it by then.
    fn one(&mut self, place: Place) -> bool {
        self.payments += 1;
        let before = self.paid();
        let ended = match place {
            Place::Request { number, moment } => self.killed_with(moment, move |at, _| at == number),
            Place::Broadcast { moment } => self.killed_with(moment, |_, body| body.contains(SENDING)),
            Place::Signing | Place::SigningChild => self.killed_while_signing(place),
        };
        assert_eq!(ended.signal() == Some(9), place != Place::SigningChild, "{place:?}: {ended:?}");
        assert!(!ended.success(), "{place:?}");
        // Anvil mines a moment after it answered.
        thread::sleep(Duration::from_millis(300));
        let left = self.paid() != before;
        if let Place::Broadcast { moment } = place {
            assert_eq!(left, moment == Moment::Answered, "{place:?}: the kill landed elsewhere");
        }
        let again = answer(self.send(|_, _| Then::GoOn).wait_with_output().unwrap());
        again.expect_code(0);
        let wei = u128::from(self.payments) * ETHER / 10_000_000;
        assert_eq!(self.paid() - before, wei, "{place:?}, which had left: {left}: {again:#?}");
        left
    }

    /// `is_here` gets how many requests were handed on before, and this one.
    fn killed_with(&self, moment: Moment, is_here: impl Fn(usize, &str) -> bool + Send + Sync + 'static) -> ExitStatus {
        let pid = Arc::new(OnceLock::<Pid>::new());
        let (whom, count) = (Arc::clone(&pid), Mutex::new(0));
        let mut running = self.send(move |body, now| {
            let mut count = count.lock().unwrap();
            let here = now == moment && is_here(*count, body);
            *count += usize::from(now == Moment::Answered);
            if !here {
                return Then::GoOn;
            }
            kill_process(*whom.wait(), Signal::KILL).unwrap();
            Then::HangUp
        });
        pid.set(pid_of(running.id())).unwrap();
        running.wait().unwrap()
    }

    fn killed_while_signing(&self, place: Place) -> ExitStatus {
        let mut running = self.send(|_, _| Then::GoOn);
        let child = child_of(running.id());
        let whom = if place == Place::Signing { pid_of(running.id()) } else { child };
        kill_process(whom, Signal::KILL).unwrap();
        running.wait().unwrap()
    }

    fn places(&self) -> Vec<Place> {
        let last = self.requests.iter().position(|body| body.contains(SENDING)).unwrap();
        let all = std::env::var("FASTNESS_KILLS").is_ok_and(|text| text == "all");
        let at = |moment| move |number| Place::Request { number, moment };
        let asked = (0..last).step_by(if all { 1 } else { 4 }).map(at(Moment::Asked));
        let answered =
            (0..last).skip(if all { 0 } else { 2 }).step_by(if all { 1 } else { 4 }).map(at(Moment::Answered));
        let sending = [Moment::Asked, Moment::Answered].map(|moment| Place::Broadcast { moment });
        asked.chain(answered).chain([Place::Signing, Place::SigningChild]).chain(sending).collect()
    }
}

fn pid_of(id: u32) -> Pid {
    Pid::from_raw(i32::try_from(id).unwrap()).unwrap()
}

/// The child of a process, as soon as it has one.
fn child_of(id: u32) -> Pid {
    let started = Instant::now();
    loop {
        assert!(started.elapsed() < Duration::from_secs(60), "no child was started");
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
        if let Some(child) = children.split_whitespace().next() {
            // It is sealed and reads its draft; the password's scrypt takes most of its time.
            thread::sleep(Duration::from_millis(100));
            return pid_of(child.parse().unwrap());
        }
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_killed_send_that_is_run_again_pays_once() {
    let mut theatre = Theatre::prepare();
    let places = theatre.places();
    let left = places.iter().filter(|place| theatre.one(**place)).count();
    assert!(places.len() >= 8 && left >= 1, "{left} of {places:?} after the node had it");
    println!("killed at {} places of a send, {left} of them after the node had it: {places:?}", places.len());
}
