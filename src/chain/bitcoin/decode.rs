//! What a PSBT does, told from its own bytes: the review. Every claim in it is re-derived, hashed or refused.
//!
//! Pure: no keys, no ledger, no network. [`examine`] tells everything and collects the problems (for `inspect`);
//! [`review`] is the same with the first problem as an error (for everything that leads to a signature).

use bitcoin::{
    Psbt, Script, TxOut,
    bip32::{DerivationPath, Fingerprint},
    hashes::{Hash, HashEngine, sha256},
    relative,
};

use super::{
    BitcoinError, Owned, Ownership, Plan, fund,
    inputs::{self, CheckedInput},
    policy,
};
use crate::{
    account::Keychain,
    address,
    amount::{Amount, FeeRate},
    intent::{AmountProof, Locktime, Review, ReviewedInput, ReviewedOutput, Role, Warning},
    network::Network,
    text::{SafeText, date},
};

/// No honest draft sends change this far beyond the usual gap of 20 (threats.md P2: a ransom path).
const FAR_INDEX: u32 = 10_000;

/// What a PSBT does, and everything that speaks against signing it.
#[derive(Debug)]
pub struct Examination {
    /// The review; amounts may be absent where nothing proves them.
    pub review: Review,
    /// Why it must not be signed; empty if it may.
    pub problems: Vec<BitcoinError>,
}

/// The review of a plan that may be signed.
///
/// # Errors
/// The first reason why it must not be.
pub fn review(plan: &Plan, ours: &Ownership) -> Result<Review, BitcoinError> {
    let examination = examine(plan, ours);
    match examination.problems.into_iter().next() {
        Some(problem) => Err(problem),
        None => Ok(examination.review),
    }
}

/// Tells everything about a PSBT, whatever is wrong with it.
#[must_use]
pub fn examine(plan: &Plan, ours: &Ownership) -> Examination {
    let mut problems = Vec::new();
    let transaction = &plan.psbt.unsigned_tx;
    problems.extend(policy::check_form(transaction).err());
    let mut checked = Vec::new();
    for place in 0..transaction.input.len() {
        let input = inputs::look(&plan.psbt, place, ours);
        problems.extend(input.problem);
        checked.push(input.known);
    }
    let mut outputs = Vec::new();
    for (place, output) in transaction.output.iter().enumerate() {
        let owned = owner_of_output(&plan.psbt, place, ours).unwrap_or_else(|problem| {
            problems.push(problem);
            None
        });
        problems.extend(policy::check_dust(&output.script_pubkey, output.value.to_sat()).err());
        outputs.push(describe_output(output, owned.as_ref(), plan.network));
    }
    let fee = fee(&checked, transaction);
    if checked.iter().all(|input| input.spent.is_some()) && fee.is_none() {
        problems.push(BitcoinError::Malformed("it pays more than it spends".to_owned()));
    }
    Examination { review: assemble(plan, &checked, outputs, fee), problems }
}

fn assemble(plan: &Plan, checked: &[CheckedInput], outputs: Vec<ReviewedOutput>, fee: Option<u64>) -> Review {
    let transaction = &plan.psbt.unsigned_tx;
    let vsize = signed_vsize(&plan.psbt, checked);
    let paid = outputs
        .iter()
        .filter(|output| output.role == Role::Pay)
        .fold(0u128, |sum, output| sum.saturating_add(output.amount.smallest));
    let paid = Amount { asset: plan.network.asset(), smallest: paid };
    let fee_rate = fee.map(|fee| FeeRate::of(fee, vsize));
    let basis_points = |fee: u64| u64::try_from(u128::from(fee) * 10_000 / paid.smallest).ok();
    Review {
        network: plan.network,
        digest: digest(plan, checked),
        txid: transaction.compute_txid().to_string(),
        inputs: transaction
            .input
            .iter()
            .zip(checked)
            .map(|(input, known)| describe_input(plan, input, known))
            .collect(),
        paid,
        fee: fee.map(Amount::sat),
        vsize,
        fee_rate,
        fee_basis_points: fee.filter(|_| paid.smallest > 0).and_then(basis_points),
        replaceable: transaction.is_explicitly_rbf(),
        locktime: locktime(transaction),
        sighash: "all inputs sign everything",
        warnings: warnings(transaction, &outputs, fee_rate),
        outputs,
    }
}

/// Every place that a PSBT claims to be ours or anybody's: fingerprint and path. Places to look, no more.
pub fn claimed_paths(psbt: &Psbt) -> impl Iterator<Item = (Fingerprint, &DerivationPath)> {
    let inputs = psbt
        .inputs
        .iter()
        .flat_map(|map| map.bip32_derivation.values().chain(map.tap_key_origins.values().map(|(_, source)| source)));
    let outputs = psbt
        .outputs
        .iter()
        .flat_map(|map| map.bip32_derivation.values().chain(map.tap_key_origins.values().map(|(_, source)| source)));
    inputs.chain(outputs).map(|(fingerprint, path)| (*fingerprint, path))
}

/// The digest that `--approve` names: the unsigned transaction and every spent output, under our own tag.
fn digest(plan: &Plan, checked: &[CheckedInput]) -> String {
    let mut engine = sha256::Hash::engine();
    engine.input(b"fastness/approve/1\0");
    engine.input(plan.network.name().as_bytes());
    engine.input(&bitcoin::consensus::serialize(&plan.psbt.unsigned_tx));
    for input in checked {
        match &input.spent {
            Some(output) => engine.input(&bitcoin::consensus::serialize(output)),
            None => engine.input(b"unknown"),
        }
    }
    sha256::Hash::from_engine(engine).to_string()
}

/// Inputs minus outputs; `None` if an amount is unknown or the outputs exceed the inputs.
fn fee(checked: &[CheckedInput], transaction: &bitcoin::Transaction) -> Option<u64> {
    let mut inputs = 0u64;
    for input in checked {
        inputs = inputs.checked_add(input.spent.as_ref()?.value.to_sat())?;
    }
    let outputs = transaction.output.iter().try_fold(0u64, |sum, output| sum.checked_add(output.value.to_sat()))?;
    inputs.checked_sub(outputs)
}

/// Size once every input is signed; inputs that are not ours count with the weight of a P2WPKH one.
fn signed_vsize(psbt: &Psbt, checked: &[CheckedInput]) -> u64 {
    let transaction = &psbt.unsigned_tx;
    let mut weight = transaction.base_size() as u64 * 4 + 2;
    for input in checked {
        let kind = input.owned.as_ref().map_or(crate::account::ScriptType::P2wpkh, |owned| owned.script_type);
        // An unsigned input already counts its 41 bytes.
        weight += fund::input_weight(kind) - 41 * 4;
    }
    let is_legacy = |input: &&CheckedInput| {
        input.owned.as_ref().is_some_and(|owned| owned.script_type == crate::account::ScriptType::P2pkh)
    };
    match checked.iter().filter(is_legacy).count() {
        legacy if legacy == checked.len() => weight -= 2,
        // Beside witnesses of others, an input without one has an empty one: one byte.
        legacy => weight += legacy as u64,
    }
    weight.div_ceil(4)
}

fn describe_input(plan: &Plan, input: &bitcoin::TxIn, known: &CheckedInput) -> ReviewedInput {
    ReviewedInput {
        outpoint: input.previous_output.to_string(),
        amount: known.spent.as_ref().map(|output| Amount::sat(output.value.to_sat())),
        address: known.spent.as_ref().and_then(|output| address::of(&output.script_pubkey, plan.network)),
        path: known.owned.as_ref().map(|owned| format!("m/{}", owned.path)),
        proof: known.proof,
    }
}

fn describe_output(output: &TxOut, owned: Option<&Owned>, network: Network) -> ReviewedOutput {
    let role = match owned.map(|owned| owned.keychain) {
        Some(Keychain::Change) => Role::Change,
        Some(Keychain::Receive) => Role::Own,
        None if output.script_pubkey.is_op_return() => Role::Memo,
        None => Role::Pay,
    };
    ReviewedOutput {
        role,
        address: address::of(&output.script_pubkey, network),
        script: output.script_pubkey.to_hex_string(),
        amount: Amount::sat(output.value.to_sat()),
        path: owned.map(|owned| format!("m/{}", owned.path)),
        memo: (role == Role::Memo).then(|| memo_text(&output.script_pubkey)),
    }
}

/// The data of an OP_RETURN output: as text if it is text, else in hex.
fn memo_text(script: &Script) -> SafeText {
    let pushes = script
        .instructions()
        .filter_map(|instruction| instruction.ok()?.push_bytes().map(|data| data.as_bytes().to_vec()));
    let data: Vec<u8> = pushes.flatten().collect();
    match String::from_utf8(data) {
        Ok(text) => SafeText::whole(&text),
        Err(error) => SafeText::whole(&format!("hex {}", hex::DisplayHex::to_lower_hex_string(error.as_bytes()))),
    }
}

fn owner_of_output(psbt: &Psbt, place: usize, ours: &Ownership) -> Result<Option<Owned>, BitcoinError> {
    let (Some(output), Some(claim)) = (psbt.unsigned_tx.output.get(place), psbt.outputs.get(place)) else {
        return Ok(None);
    };
    let sources = claim.bip32_derivation.values().chain(claim.tap_key_origins.values().map(|(_, source)| source));
    ours.prove(&output.script_pubkey, sources.map(|(print, path)| (print, path)), &format!("output {place}"))
}

fn locktime(transaction: &bitcoin::Transaction) -> Locktime {
    use bitcoin::absolute::LockTime;
    if !transaction.is_lock_time_enabled() || transaction.lock_time == LockTime::ZERO {
        return Locktime::None;
    }
    match transaction.lock_time {
        LockTime::Blocks(height) => Locktime::AfterHeight { height: height.to_consensus_u32() },
        LockTime::Seconds(time) => {
            let seconds = time.to_consensus_u32();
            Locktime::AfterTime { seconds, date: date(u64::from(seconds)) }
        }
    }
}

fn warnings(transaction: &bitcoin::Transaction, outputs: &[ReviewedOutput], fee_rate: Option<FeeRate>) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let mut warn = |code, text: &str| warnings.push(Warning { code, text: text.to_owned() });
    if fee_rate.is_some_and(|rate| rate < policy::RELAYED_BY_ALL) {
        warn("low_fee_rate", "the fee is below 1 sat/vB: many nodes do not relay it, and it can wait for long");
    }
    let mut scripts: Vec<&str> = outputs.iter().filter(|o| o.role == Role::Pay).map(|o| o.script.as_str()).collect();
    scripts.sort_unstable();
    if scripts.windows(2).any(|pair| pair.first() == pair.get(1)) {
        warn("same_payee_twice", "the same address is paid more than once");
    }
    if outputs.iter().any(|output| output.role == Role::Pay && output.address.is_none()) {
        warn("no_address", "an output pays a script that has no address");
    }
    for (place, input) in transaction.input.iter().enumerate() {
        // BIP-68: from version 2 on, a sequence without its highest bit locks the input for a time after its coin confirmed.
        let lock = input.sequence.to_relative_lock_time().filter(|_| transaction.version.0 >= 2);
        match lock {
            Some(relative::LockTime::Blocks(blocks)) if blocks.value() > 0 => {
                let text = format!("input {place} can be mined only {} blocks after its coin", blocks.value());
                warn("relative_lock", &text);
            }
            Some(relative::LockTime::Time(time)) if time.value() > 0 => {
                let hours = u64::from(time.value()) * 512 / 3_600;
                warn("relative_lock", &format!("input {place} can be mined only some {hours} hours after its coin"));
            }
            _ => {}
        }
    }
    if let Some(path) = outputs.iter().filter_map(|output| output.path.as_ref()).find(|path| is_far(path)) {
        warn("far_index", &format!("{path} is yours, but so far out that a restored wallet would not look there"));
    }
    if transaction.version.0 < 1 || transaction.version.0 > 3 {
        warn("version", "most nodes do not relay a transaction of this version");
    }
    warnings
}

/// True for a path whose last index is above [`FAR_INDEX`].
fn is_far(path: &str) -> bool {
    path.rsplit('/').next().and_then(|index| index.parse::<u32>().ok()).is_some_and(|index| index > FAR_INDEX)
}

impl CheckedInput {
    /// Nothing is known about it.
    pub(super) const fn unknown() -> Self {
        Self { spent: None, owned: None, proof: AmountProof::Unproven }
    }
}
