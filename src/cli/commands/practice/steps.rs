//! The nine steps: each runs the real commands, then checks what must be true now, mostly against the chain itself.
//!
//! A check that fails ends the tour with its own code. Decides nothing about money; the commands do.

use std::time::Instant;

use fastness::store::{WriteRule, atomic_write};

use crate::cli::{
    commands::practice::{
        checks::{Shop, confirmed, only_waiting, same_sum, same_wallet, settled, waits},
        child::{NETWORK, TypedWords},
        error::PracticeCliError,
        figures::{Figures, InspectedJson, NewWalletJson, Paid, ReceivedJson, ReviewedJson},
        report::{PASSWORD_FILE, TourReport},
        tour::{Stop, Tour, WALLET},
    },
    context::Context,
    report::{Answer, answer},
};

const COPY: &str = "copy";
/// What arrives and what is paid, in satoshi and as typed.
const RECEIVED: (u64, &str) = (100_000_000, "1btc");
const FIRST: (u64, &str) = (25_000_000, "0.25btc");
const SECOND: (u64, &str) = (10_000_000, "0.1btc");
/// Files of the first payment, in the tour's home.
const DRAFT: &str = "first.draft";
const SIGNED: &str = "first.signed";
/// Where the words are while the copy is made: the paper, as it were.
const PAPER: &str = "paper";
/// More than any fee of the tour.
const MAX_FEE: &str = "20000sat";

/// Walks all steps, in order.
pub(super) fn walk(tour: &mut Tour) -> Result<Figures, Stop> {
    let made = create(tour)?;
    restore(tour, &made)?;
    let address = receive(tour)?;
    arrive(tour, &address)?;
    let shop = Shop::open()?;
    let review = plan(tour, &shop)?;
    sign(tour, &review)?;
    broadcast(tour, &review.txid)?;
    let first = confirm(tour, &review.txid, &shop)?;
    let (replaced, second) = bump(tour, &shop, &first)?;
    let balance_sat = left(&[FIRST.0, SECOND.0, first.fee_sat, second.fee_sat]);
    let fingerprint = made.fingerprint.clone();
    Ok(Figures {
        fingerprint,
        address,
        shop: shop.address,
        received_sat: RECEIVED.0,
        first,
        replaced,
        second,
        balance_sat,
    })
}

fn create(tour: &mut Tour) -> Result<NewWalletJson, Stop> {
    tour.step(
        "Create a wallet",
        [
            "Random words are the wallet: all its keys come from them, sealed in a file.",
            "With real money you see them once, on a screen that is wiped, and on paper.",
        ],
    )?;
    let typed = TypedWords {
        words: &["new", "-w", WALLET, NETWORK, "regtest"],
        answers: &["--words-to-stdout", "--password-file", PASSWORD_FILE],
    };
    tour.announce(&typed);
    let made: NewWalletJson = tour.program.read(&typed)?;
    tour.note(&typed, None);
    let line = made.words.line();
    tour.speak(|page| {
        let words: Vec<&str> = line.split(' ').collect();
        let rows = words.len().div_ceil(3).max(1);
        for row in 0..rows {
            let cell = |column: usize| {
                let place = column * rows + row;
                words.get(place).map_or_else(String::new, |word| format!("{:>4} {word:<12}", place + 1))
            };
            page.verbatim((0..3).map(cell).collect::<String>().trim_end());
        }
        page.blank();
        page.field("Master", &format!("{} (fingerprint)", page.grouped(&made.fingerprint)));
        page.blank();
    });
    Ok(made)
}

fn restore(tour: &mut Tour, made: &NewWalletJson) -> Result<(), Stop> {
    tour.step(
        "Check the backup",
        [
            "A backup that was never tried is a hope. The words, typed back, must make",
            "the same wallet: the same fingerprint, and so the same addresses.",
        ],
    )?;
    let paper = tour.home.join(PAPER);
    atomic_write(&paper, format!("{}\n", made.words.line()).as_bytes(), WriteRule::New)?;
    let restored = tour.run(&TypedWords {
        words: &["restore", "-w", COPY, NETWORK, "regtest"],
        answers: &[
            "--words-file",
            PAPER,
            "--password-file",
            PASSWORD_FILE,
            "--yes",
            "--expect-fingerprint",
            &made.fingerprint,
        ],
    });
    std::fs::remove_file(&paper).map_err(|cause| PracticeCliError::Folder { path: paper, cause })?;
    restored?;
    tour.run(&TypedWords { words: &["wallets"], answers: &[] })?;
    Ok(same_wallet(tour, COPY, &made.fingerprint)?)
}

fn receive(tour: &mut Tour) -> Result<String, Stop> {
    tour.step(
        "Receive",
        ["An address to be paid at, computed here: no password, no server.", "The code says the same to a camera."],
    )?;
    tour.run(&TypedWords { words: &["receive", "--qr", "-w", WALLET], answers: &[] })?;
    let received: ReceivedJson = tour.program.ask(&["receive", "-w", WALLET])?;
    Ok(received.address)
}

fn arrive(tour: &mut Tour, address: &str) -> Result<(), Stop> {
    tour.step(
        "Coins arrive",
        [
            "The practice chain pays the address and mines the payment into a block.",
            "The wallet learns of it when it asks; the balance says who said so.",
        ],
    )?;
    tour.run(&TypedWords { words: &["practice", "faucet", address, RECEIVED.1], answers: &[] })?;
    tour.run(&TypedWords { words: &["practice", "mine", "1"], answers: &[] })?;
    tour.run(&TypedWords { words: &["sync", "-w", WALLET], answers: &[] })?;
    tour.run(&TypedWords { words: &["balance", "-w", WALLET], answers: &[] })?;
    Ok(same_sum("the wallet", RECEIVED.0, &settled(tour)?)?)
}

fn plan(tour: &mut Tour, shop: &Shop) -> Result<ReviewedJson, Stop> {
    tour.step(
        "Plan",
        [
            "A plan is an unsigned draft: anyone may look at it, nothing is at stake yet.",
            "The review is computed from the very bytes that will be signed.",
        ],
    )?;
    tour.run(&TypedWords { words: &["plan", &shop.address, FIRST.1, "-o", DRAFT, "-w", WALLET], answers: &[] })?;
    let inspected: InspectedJson = tour.program.ask(&["inspect", DRAFT])?;
    Ok(inspected.review)
}

fn sign(tour: &mut Tour, review: &ReviewedJson) -> Result<(), Stop> {
    tour.step(
        "Sign",
        [
            "The process seals itself (no network, no programs) before it opens the wallet.",
            "You would type amount and password; the tour agrees by the draft's digest.",
        ],
    )?;
    let answers = ["--approve", &review.digest, "--password-file", PASSWORD_FILE];
    Ok(tour.run(&TypedWords { words: &["sign", DRAFT, "-o", SIGNED, "-w", WALLET], answers: &answers })?)
}

fn broadcast(tour: &mut Tour, txid: &str) -> Result<(), Stop> {
    tour.step(
        "Broadcast",
        [
            "The signed bytes are written down, then sent. From here on they cannot be",
            "taken back, only replaced while no block has them.",
        ],
    )?;
    tour.run(&TypedWords { words: &["broadcast", SIGNED, "-w", WALLET], answers: &[] })?;
    Ok(waits(tour, txid)?)
}

fn confirm(tour: &mut Tour, txid: &str, shop: &Shop) -> Result<Paid, Stop> {
    tour.step(
        "Confirm",
        [
            "A payment is done when blocks are built on it; here we mine the first.",
            "`track` asks where it is, and waits if told to.",
        ],
    )?;
    tour.run(&TypedWords { words: &["practice", "mine", "1"], answers: &[] })?;
    tour.run(&TypedWords { words: &["track", txid, "--wait", "1", "-w", WALLET], answers: &[] })?;
    let paid = confirmed(tour, txid)?;
    shop.check(tour, FIRST.0)?;
    same_sum("the wallet", left(&[FIRST.0, paid.fee_sat]), &settled(tour)?)?;
    Ok(paid)
}

fn bump(tour: &mut Tour, shop: &Shop, first: &Paid) -> Result<(String, Paid), Stop> {
    tour.step(
        "Pay again, raise the fee",
        [
            "`send` is plan, sign and broadcast in one go. Until a block has it, `bump`",
            "replaces it with a higher fee (RBF); only one of the two can ever confirm.",
        ],
    )?;
    let answers = ["--yes", "--expect-to", &shop.address, "--max-fee", MAX_FEE, "--password-file", PASSWORD_FILE];
    let words = ["send", &shop.address, SECOND.1, "--fee-rate", "1", "-w", WALLET];
    tour.run(&TypedWords { words: &words, answers: &answers })?;
    let slow = only_waiting(tour)?;
    tour.run(&TypedWords { words: &["bump", &slow, "--fee-rate", "5", "-w", WALLET], answers: &answers })?;
    let quick = only_waiting(tour)?;
    if quick == slow {
        return Err(PracticeCliError::NotReplaced(slow).into());
    }
    tour.run(&TypedWords { words: &["practice", "mine", "1"], answers: &[] })?;
    tour.run(&TypedWords { words: &["sync", "-w", WALLET], answers: &[] })?;
    tour.run(&TypedWords { words: &["history", "-w", WALLET], answers: &[] })?;
    tour.run(&TypedWords { words: &["balance", "-w", WALLET], answers: &[] })?;
    let paid = confirmed(tour, &quick)?;
    shop.check(tour, FIRST.0 + SECOND.0)?;
    let left = left(&[FIRST.0, SECOND.0, first.fee_sat, paid.fee_sat]);
    same_sum("the wallet", left, &settled(tour)?)?;
    Ok((slow, paid))
}

/// What the wallet must have left after these sums left it.
fn left(spent: &[u64]) -> u64 {
    spent.iter().fold(RECEIVED.0, |left, sum| left.saturating_sub(*sum))
}

/// Walks the tour.
pub(crate) fn run(context: &mut Context) -> Answer {
    let begun = Instant::now();
    let mut tour = Tour::stage(context)?;
    let walked = walk(&mut tour);
    let seconds = begun.elapsed().saturating_sub(tour.waited).as_secs();
    let (home, steps) = (tour.home.display().to_string(), tour.close());
    let figures = match walked {
        Ok(figures) => Some(figures),
        Err(Stop::Left) => None,
        Err(Stop::Failed(failure)) => return Err(failure),
    };
    answer(TourReport { home, steps, seconds, figures })
}
