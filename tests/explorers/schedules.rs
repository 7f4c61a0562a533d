//! Random faults on the way: a scan under any schedule of them finds what is there, or says that it could not.
//!
//! Each schedule comes from its number alone; a failure prints it. `FASTNESS_SCHEDULES` runs more of them.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use fastness::{explorer::Explorer, network::Network};
use serde_json::Value;

use super::{
    CANARY,
    layer::{Act, Asked, Greeting, Host, Layer, Reply, Step},
    makes::{FoundAt, busy, scan},
    matrix::Honest,
    personality::{TooMany, too_many},
    world::World,
};

/// A generator of numbers for tests: the same from the same seed (splitmix64).
struct Dice(AtomicU64);

impl Dice {
    fn roll(&self, sides: u64) -> u64 {
        let mut state = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (state ^ (state >> 31)) % sides
    }
}

/// A host that fails now and then.
struct Unlucky {
    world: Arc<World>,
    dice: Dice,
    /// Of a thousand requests so many go wrong.
    per_mille: u64,
    faults: Arc<AtomicU64>,
}

impl Host for Unlucky {
    fn greet(&self) -> Greeting {
        if self.dice.roll(4_000) >= self.per_mille {
            return Greeting::Listen;
        }
        self.faults.fetch_add(1, Ordering::Relaxed);
        match self.dice.roll(3) {
            0 => Greeting::ResetAfter(self.dice.roll(60) as usize),
            1 => Greeting::Steps(vec![Step::Bytes(format!("220 {CANARY}\r\n").into_bytes())]),
            _ => Greeting::Steps(Vec::new()),
        }
    }

    fn answer(&self, asked: &Asked) -> Act {
        let honest = self.world.honest(asked);
        if self.dice.roll(1_000) >= self.per_mille {
            return Act::Say(honest);
        }
        self.faults.fetch_add(1, Ordering::Relaxed);
        let cut = |bytes: Vec<u8>, at: u64| bytes[..(at as usize).min(bytes.len())].to_vec();
        let whole = honest.clone().into_bytes();
        match self.dice.roll(16) {
            0 => Act::Say(Reply::text(500, CANARY)),
            1 => Act::Say(Reply::text(503, CANARY)),
            2 => Act::Say(Reply::text(404, CANARY)),
            3 => Act::Say(Reply::text(400, CANARY)),
            4 => Act::Say(too_many(TooMany::Page(0))),
            5 => Act::Say(Reply::new(200, "text/html", format!("<html>{CANARY}</html>"))),
            6 => Act::Say(Reply::text(302, "").with("location", "http://127.0.0.1:9/")),
            7 => Act::Steps(Vec::new()),
            8 => Act::Steps(vec![Step::Bytes(cut(whole, self.dice.roll(200)))]),
            9 => Act::Steps(vec![Step::Bytes(cut(whole, self.dice.roll(2_000))), Step::HalfClose]),
            10 => Act::Say(Reply { body: cut(honest.body.clone(), self.dice.roll(100)), ..honest }),
            11 => Act::Say(honest.edited(|value| drop_a_field(value, self.dice.roll(12)))),
            12 => Act::Say(Reply::json(Value::Null)),
            13 => Act::Say(Reply::json("{}")),
            14 => Act::Steps(vec![Step::Pause(Duration::from_millis(self.dice.roll(80))), Step::Bytes(whole)]),
            _ => Act::Steps(vec![Step::Drip(cut(whole, 60), Duration::from_millis(1))]),
        }
    }
}

/// Takes a field out of the first transaction of a list.
fn drop_a_field(value: &mut Value, which: u64) {
    let first = value.get_mut(0).and_then(Value::as_object_mut);
    if let Some(object) = first
        && let Some(name) = object.keys().nth(which as usize).cloned()
    {
        object.remove(&name);
    }
}

/// What schedule number `seed` led to: the findings, or the words of the error; and how many faults there were.
fn run(world: &Arc<World>, seed: u64) -> (Result<Vec<FoundAt>, String>, u64) {
    let faults = Arc::new(AtomicU64::new(0));
    let dice = Dice(AtomicU64::new(seed));
    let hosts = 1 + dice.roll(3) as u8;
    let layers: Vec<Layer> = (1..=hosts)
        .map(|number| {
            let per_mille = [20, 60, 150, 350][dice.roll(4) as usize];
            let dice = Dice(AtomicU64::new(seed ^ (u64::from(number) << 40)));
            Layer::start(number, Unlucky { world: Arc::clone(world), dice, per_mille, faults: Arc::clone(&faults) })
        })
        .collect();
    let urls: Vec<String> = layers.iter().map(Layer::url).collect();
    let explorer = Explorer::connect(Network::Regtest, &urls).unwrap();
    let outcome = scan(world, &explorer).map(|(found, _)| found);
    (outcome, faults.load(Ordering::Relaxed))
}

#[test]
fn a_scan_under_any_schedule_of_faults_is_right_or_an_error() {
    let count = std::env::var("FASTNESS_SCHEDULES").ok().and_then(|text| text.parse().ok()).unwrap_or(500u64);
    // A script with pages, beside the quiet ones.
    let world = Arc::new(busy(26, 2));
    let calm = Layer::start(1, Honest(Arc::clone(&world)));
    let (truth, _) = scan(&world, &Explorer::connect(Network::Regtest, &[calm.url()]).unwrap()).unwrap();
    let (next, started) = (AtomicU64::new(0), Instant::now());
    let tally: Mutex<BTreeMap<&str, u64>> = Mutex::default();
    let wrong: Mutex<Vec<String>> = Mutex::default();
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= count {
                break;
            }
            let (outcome, faults) = run(&world, seed);
            let mut tally = tally.lock().unwrap();
            *tally.entry("faults").or_default() += faults;
            let kind = match outcome {
                Ok(found) if found == truth && faults > 0 => "right in spite of faults",
                Ok(found) if found == truth => "right without faults",
                Ok(found) => {
                    wrong.lock().unwrap().push(format!("seed {seed}: {} of {} found", found.len(), truth.len()));
                    "wrong"
                }
                Err(error) if faults > 0 && !error.contains("evil") => "explicit error",
                Err(error) => {
                    wrong.lock().unwrap().push(format!("seed {seed}: {faults} faults, and {error}"));
                    "wrong error"
                }
            };
            *tally.entry(kind).or_default() += 1;
        }
    };
    std::thread::scope(|scope| (0..16).for_each(|_| drop(scope.spawn(work))));
    let (tally, wrong) = (tally.into_inner().unwrap(), wrong.into_inner().unwrap());
    println!("fault schedules: {count} in {} s: {tally:?}", started.elapsed().as_secs());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let of = |kind: &str| tally.get(kind).copied().unwrap_or(0);
    assert!(of("right in spite of faults") > count / 10, "the faults must not stop everything: {tally:?}");
    assert!(of("explicit error") > count / 50, "the faults must stop something: {tally:?}");
}
