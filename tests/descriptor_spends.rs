//! A thousand spends from accounts of random descriptors, each planned, signed by some of its keys, finalized by miniscript and
//! accepted by Bitcoin Core's code: no signed transaction is larger than its review said.
//!
//! `FASTNESS_SPENDS` sets the number, `FASTNESS_SEED` the seed of one run.

// Helpers of a test target may stop it.
#![allow(clippy::unwrap_used, clippy::panic)]

mod synthetic;

use std::collections::BTreeMap;

use bitcoin::{
    Psbt,
    bip32::{DerivationPath, Fingerprint, Xpriv, Xpub},
    secp256k1::{Message, Secp256k1},
};
use fastness::{
    account::{Account, ScriptType},
    amount::{Amount, FeeRate, Quantity},
    chain::bitcoin::{CoinState, Ownership, Plan, decode, plan::plan, sign},
    request::{CoinChoice, Fee, FeeLimit, FeePayer, Leftover, Payment, Replacement, Request},
    signing::Scheme,
};
use synthetic::{Dice, NETWORK, TIP};

/// A point without a known private key (BIP-341).
const UNSPENDABLE: &str = "50929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0";

/// The keys of one account.
struct Cosigners(Vec<Xpriv>);

impl Cosigners {
    /// One more key, as a descriptor has it.
    fn key(&mut self, dice: &mut Dice) -> String {
        let (secp, path) = (Secp256k1::new(), "48h/1h/0h".parse::<DerivationPath>().unwrap());
        let master = Xpriv::new_master(NETWORK.key_kind(), &dice.bytes()).unwrap();
        let account = Xpub::from_priv(&secp, &master.derive_priv(&secp, &path).unwrap());
        self.0.push(master);
        format!("[{}/48h/1h/0h]{account}/<0;1>/*", master.fingerprint(&secp))
    }

    fn keys<const N: usize>(&mut self, dice: &mut Dice) -> [String; N] {
        std::array::from_fn(|_| self.key(dice))
    }

    fn sorted_multisig(&mut self, dice: &mut Dice, most: u64) -> String {
        let count = dice.between(2, most);
        let keys: Vec<String> = (0..count).map(|_| self.key(dice)).collect();
        format!("sortedmulti({},{})", dice.between(1, count), keys.join(","))
    }

    fn miniscript(&mut self, dice: &mut Dice) -> String {
        let [a, b, c, d] = self.keys(dice);
        match dice.index(8) {
            0 => format!("and_v(v:pk({a}),older({}))", [1, 144, 4_194_305][dice.index(3)]),
            1 => format!("and_v(v:pkh({a}),after({}))", [1, TIP, 1_700_000_000][dice.index(3)]),
            2 => format!("or_d(pk({a}),and_v(v:pkh({b}),older(144)))"),
            3 => format!("or_i(and_v(v:pkh({a}),after({})),pk({b}))", [TIP - 500, TIP + 500][dice.index(2)]),
            4 => format!("or_d(multi(2,{a},{b}),and_v(v:multi(1,{c},{d}),older(52560)))"),
            5 => format!("thresh(2,pk({a}),s:pk({b}),a:pkh({c}))"),
            6 => format!("or_d(multi(2,{a},{b},{c}),and_v(v:pkh({d}),after({})))", TIP - 100),
            _ => format!("andor(multi(1,{a},{b}),pk({c}),and_v(v:pkh({d}),after({})))", TIP - 100),
        }
    }

    fn tree(&mut self, dice: &mut Dice, depth: u64) -> String {
        if depth == 0 || dice.one_in(3) {
            let [a, b, c] = self.keys(dice);
            return match dice.index(4) {
                0 => format!("pk({a})"),
                1 => format!("and_v(v:pk({a}),older(144))"),
                2 => format!("and_v(v:pk({a}),after({}))", TIP - 100),
                _ => format!("multi_a({},{a},{b},{c})", dice.between(1, 3)),
            };
        }
        format!("{{{},{}}}", self.tree(dice, depth - 1), self.tree(dice, depth - 1))
    }

    fn descriptor(&mut self, dice: &mut Dice) -> String {
        match dice.index(10) {
            0 => format!("pkh({})", self.key(dice)),
            1 => format!("sh(wpkh({}))", self.key(dice)),
            2 => format!("wpkh({})", self.key(dice)),
            3 => format!("tr({})", self.key(dice)),
            4 => format!("sh({})", self.sorted_multisig(dice, 15)),
            5 => format!("sh(wsh({}))", self.sorted_multisig(dice, 15)),
            6 => format!("wsh({})", self.sorted_multisig(dice, 15)),
            7 => format!("sh(wsh({}))", self.miniscript(dice)),
            8 => format!("wsh({})", self.miniscript(dice)),
            _ => {
                let internal = if dice.one_in(3) { UNSPENDABLE.to_owned() } else { self.key(dice) };
                let depth = dice.between(0, 3);
                format!("tr({internal},{})", self.tree(dice, depth))
            }
        }
    }
}

fn request(dice: &mut Dice) -> Request {
    let quantity =
        if dice.one_in(4) { Quantity::All } else { Quantity::Exact(Amount::sat(dice.between(1_000, 90_000))) };
    Request {
        payments: vec![Payment { script: synthetic::stranger(dice), quantity }],
        fee: Fee::Rate(FeeRate::from_sat_per_vb(dice.between(1, 40))),
        fee_payer: FeePayer::Sender,
        fee_limit: FeeLimit::Absolute(10_000_000),
        coins: CoinChoice::Automatic,
        memo: None,
        replacement: Replacement::Signalled,
        leftover: Leftover::ToMiner,
    }
}

/// Signatures of the keys of a descriptor, one key after the other in any order, until they suffice.
fn signed(dice: &mut Dice, plan: &Plan, account: &Account, cosigners: &Cosigners) -> Psbt {
    if account.script_type().is_some() {
        return low_r(plan, account, cosigners);
    }
    let secp = Secp256k1::new();
    let mut left = cosigners.0.clone();
    let mut given = plan.psbt.clone();
    loop {
        assert!(!left.is_empty(), "all keys do not suffice: {}", account.descriptor());
        let next = left.swap_remove(dice.index(left.len()));
        // The keys that are still missing are an error to it.
        let _ = given.sign(&next, &secp);
        if let Ok(done) = sign::with_signatures(&plan.psbt, given.clone()) {
            return done;
        }
    }
}

/// A single key is of a signer that grinds.
fn low_r(plan: &Plan, account: &Account, cosigners: &Cosigners) -> Psbt {
    let secp = Secp256k1::new();
    let masters: BTreeMap<Fingerprint, &Xpriv> = cosigners.0.iter().map(|key| (key.fingerprint(&secp), key)).collect();
    let jobs = sign::jobs(plan, &Ownership::new(vec![account.clone()])).unwrap();
    let signatures = jobs.iter().map(|job| {
        let master = masters[&account.keys()[0].fingerprint];
        let key = master.derive_priv(&secp, &job.path).unwrap().private_key;
        let message = Message::from_digest(job.digest);
        let bytes = match job.scheme {
            Scheme::EcdsaLowR => secp.sign_ecdsa_low_r(&message, &key).serialize_compact(),
            Scheme::TaprootKeyPath => {
                use bitcoin::key::TapTweak;
                let pair = key.keypair(&secp).tap_tweak(&secp, None).to_keypair();
                secp.sign_schnorr_no_aux_rand(&message, &pair).serialize()
            }
        };
        fastness::signing::Signature { bytes }
    });
    sign::finalized(plan.psbt.clone(), &jobs, &signatures.collect::<Vec<_>>()).unwrap()
}

/// What one case came to, in vbytes.
struct Sizes {
    said: u64,
    signed: u64,
}

fn one_spend(dice: &mut Dice) -> Sizes {
    let mut cosigners = Cosigners(Vec::new());
    let text = cosigners.descriptor(dice);
    let account = Account::parse(&text, NETWORK, ScriptType::P2wpkh).unwrap_or_else(|error| panic!("{error}: {text}"));
    let values = vec![2_000_000; dice.index(6) + 1];
    let mut snapshot = synthetic::wallet_of(dice, account.clone(), &values);
    // Older than any lock of the accounts here.
    snapshot.coins.iter_mut().for_each(|coin| coin.state = CoinState::Confirmed(TIP - 100_000));
    let plan = plan(&request(dice), &snapshot, dice.bytes()).unwrap_or_else(|error| panic!("{error}: {text}"));
    let review = decode::review(&plan, &Ownership::new(vec![account.clone()])).unwrap();
    let done = signed(dice, &plan, &account, &cosigners);
    let (transaction, _) = sign::finished(&done).unwrap_or_else(|error| panic!("{error}: {text}"));
    let signed = transaction.vsize() as u64;
    assert!(signed <= review.vsize, "{signed} vbytes, said to be {}: {text}", review.vsize);
    Sizes { said: review.vsize, signed }
}

#[test]
fn no_spend_is_larger_than_its_review_said() {
    let number = |name: &str, usual| std::env::var(name).map_or(usual, |text| text.parse().unwrap());
    let (mut dice, spends) = (Dice(number("FASTNESS_SEED", 13)), number("FASTNESS_SPENDS", 1_000));
    let (mut said, mut signed) = (0, 0);
    for _ in 0..spends {
        let sizes = one_spend(&mut dice);
        said += sizes.said;
        signed += sizes.signed;
    }
    println!(
        "{spends} spends, {signed} vbytes signed, {said} said: {}.{:02}% more",
        (said - signed) * 100 / signed,
        (said - signed) * 10_000 / signed % 100
    );
    assert!((said - signed) * 100 / signed < 10, "{said} vbytes were said for {signed}");
}
