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
    BitcoinError, Ownership, Plan,
    bounds::{self, Effort},
    inputs::{self, CheckedInput},
    outputs::Form,
    ownership::{OwnedScript, OwnershipSearch},
    policy,
    search_reach::SearchReach,
    signed_size::signed_vsize,
};
use crate::{
    account::Keychain,
    address,
    amount::{Amount, FeeRate},
    network::Network,
    review::{Locktime, Review, ReviewedInput, ReviewedOutput, Role, Warning},
    text::{SafeText, date},
};

/// Most bytes of an OP_RETURN script that every node relays: 80 of data and their pushes (Bitcoin Core before version 30).
const MAX_DATA: usize = policy::RELAYED_MEMO_BYTES + 3;

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
    examine_with(plan, OwnershipSearch { ours, effort: &Effort::allowed_for(&plan.psbt.unsigned_tx) })
}

/// One pass over the inputs and one over the outputs; of what is too large for any node, no key is derived at all.
pub(super) fn examine_with(plan: &Plan, search: OwnershipSearch<'_>) -> Examination {
    let transaction = &plan.psbt.unsigned_tx;
    let mut problems = Vec::new();
    problems.extend(policy::check_form(transaction).err());
    let too_large = bounds::check_size(transaction).err();
    let nobody = Ownership::default();
    let ours = if too_large.is_some() { &nobody } else { search.ours };
    let search = OwnershipSearch { ours, ..search };
    let mut checked = Vec::new();
    for place in 0..transaction.input.len() {
        let input = inputs::look(&plan.psbt, place, search);
        problems.extend(input.problem.filter(|_| too_large.is_none()));
        checked.push(input.known);
    }
    problems.extend(too_large);
    let reach = SearchReach::of(ours, &checked);
    let mut outputs = Vec::new();
    for (place, output) in transaction.output.iter().enumerate() {
        let found = owner_of_output(&plan.psbt, place, search).unwrap_or_else(|problem| {
            problems.push(problem);
            None
        });
        problems.extend(policy::check_dust(&output.script_pubkey, output.value.to_sat(), plan.network).err());
        outputs.push(describe_output(output, Standing::of(found, &reach), plan.network));
    }
    let fee = fee(&checked, transaction);
    problems.extend(check_sums(&checked, fee).err());
    let vsize = signed_vsize(&plan.psbt, &checked, ours).unwrap_or_else(|problem| {
        problems.push(problem);
        transaction.vsize() as u64
    });
    let review = assemble(plan, &checked, outputs, Size { fee, vsize });
    if !problems.iter().any(|problem| matches!(problem, BitcoinError::TooLarge { .. })) {
        problems.extend(policy::check_weight(review.vsize, checked.len()).err());
    }
    Examination { review, problems }
}

/// Where every amount is known, the inputs hold no more than can exist, and no less than is paid.
fn check_sums(checked: &[CheckedInput], fee: Option<u64>) -> Result<(), BitcoinError> {
    let known = checked.iter().map(|input| input.spent.as_ref().map(|output| output.value));
    let Some(amounts) = known.collect::<Option<Vec<_>>>() else { return Ok(()) };
    let total = amounts.into_iter().try_fold(bitcoin::Amount::ZERO, bitcoin::Amount::checked_add);
    if total.is_none_or(|total| total > bitcoin::Amount::MAX_MONEY) {
        return Err(BitcoinError::Malformed("it spends more than can exist".to_owned()));
    }
    fee.map(|_| ()).ok_or_else(|| BitcoinError::Malformed("it pays more than it spends".to_owned()))
}

/// What a transaction costs and how large it is once signed.
struct Size {
    fee: Option<u64>,
    vsize: u64,
}

fn assemble(plan: &Plan, checked: &[CheckedInput], outputs: Vec<ReviewedOutput>, size: Size) -> Review {
    let Size { fee, vsize } = size;
    let transaction = &plan.psbt.unsigned_tx;
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
        txid: checked.iter().all(CheckedInput::leaves_the_id).then(|| transaction.compute_txid().to_string()),
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
        warnings: warnings(plan, &outputs, fee_rate),
        outputs,
    }
}

/// Every fingerprint and path that a PSBT claims, for our keys or for others. They say where to look, no more.
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

fn describe_input(plan: &Plan, input: &bitcoin::TxIn, known: &CheckedInput) -> ReviewedInput {
    ReviewedInput {
        outpoint: input.previous_output.to_string(),
        amount: known.spent.as_ref().map(|output| Amount::sat(output.value.to_sat())),
        address: known.spent.as_ref().and_then(|output| address::of(&output.script_pubkey, plan.network)),
        path: known.owned().map(|owned| format!("m/{}", owned.path)),
        proof: known.proof,
    }
}

/// The owner of an output, by our own derivation.
enum Standing {
    Foreign,
    Ours(OwnedScript),
    /// Ours, where no search looks.
    BeyondSearch(OwnedScript),
}

impl Standing {
    /// An output to a single key that is swept is not ours: the giver of the key has it too.
    fn of(found: Option<OwnedScript>, reach: &SearchReach<'_>) -> Self {
        match found.filter(|found| !found.is_single_key()) {
            None => Self::Foreign,
            Some(found) if reach.finds(&found) => Self::Ours(found),
            Some(found) => Self::BeyondSearch(found),
        }
    }
}

fn describe_output(output: &TxOut, standing: Standing, network: Network) -> ReviewedOutput {
    let script = &output.script_pubkey;
    let path = |found: OwnedScript| Some(format!("m/{}", found.owned.path));
    let (role, path, beyond_search) = match standing {
        Standing::Ours(found) if found.owned.keychain == Keychain::Change => (Role::Change, path(found), None),
        Standing::Ours(found) => (Role::Own, path(found), None),
        Standing::BeyondSearch(found) => (Role::Pay, None, path(found)),
        Standing::Foreign if Form::of(script) == Form::Data => (Role::Memo, None, None),
        Standing::Foreign => (Role::Pay, None, None),
    };
    ReviewedOutput {
        role,
        address: address::of(script, network),
        script: script.to_hex_string(),
        amount: Amount::sat(output.value.to_sat()),
        path,
        beyond_search,
        memo: (role == Role::Memo).then(|| memo_text(script)),
    }
}

/// The data of an OP_RETURN output: as text if it is one push of text, else all bytes after OP_RETURN in hex.
pub fn memo_text(script: &Script) -> SafeText {
    use bitcoin::script::Instruction;
    let mut pushes = script.instructions().skip(1);
    if let (Some(Ok(Instruction::PushBytes(data))), None) = (pushes.next(), pushes.next())
        && let Ok(text) = std::str::from_utf8(data.as_bytes())
        && !text.starts_with("hex ")
    {
        return SafeText::whole(text);
    }
    let bytes = script.as_bytes().get(1..).unwrap_or_default();
    SafeText::whole(&format!("hex {}", hex::DisplayHex::to_lower_hex_string(bytes)))
}

fn owner_of_output(
    psbt: &Psbt,
    place: usize,
    search: OwnershipSearch<'_>,
) -> Result<Option<OwnedScript>, BitcoinError> {
    let (Some(output), Some(claim)) = (psbt.unsigned_tx.output.get(place), psbt.outputs.get(place)) else {
        return Ok(None);
    };
    let sources = claim.bip32_derivation.values().chain(claim.tap_key_origins.values().map(|(_, source)| source));
    let claims = sources.map(|(print, path)| (print, path));
    search.ours.prove(&output.script_pubkey, claims, &format!("output {place}"), search.effort)
}

/// When a transaction may be mined, by its lock time and the sequences that can switch it off.
#[must_use]
pub fn locktime(transaction: &bitcoin::Transaction) -> Locktime {
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

fn warnings(plan: &Plan, outputs: &[ReviewedOutput], fee_rate: Option<FeeRate>) -> Vec<Warning> {
    let (transaction, network) = (&plan.psbt.unsigned_tx, plan.network);
    let mut warnings = Vec::new();
    let mut warn = |code, text: &str| warnings.push(Warning { code, text: text.to_owned() });
    if fee_rate.is_some_and(|rate| rate < policy::relayed_by_all(network)) {
        warn("low_fee_rate", "the fee is below 1 sat/vB: many nodes do not relay it, and it can wait for long");
    }
    let is_long =
        |output: &bitcoin::TxOut| output.script_pubkey.is_op_return() && output.script_pubkey.len() > MAX_DATA;
    if transaction.output.iter().any(is_long) {
        warn(
            "long_memo",
            "older nodes do not relay more than 80 bytes of data (Bitcoin Core does since version 30): it can wait for long",
        );
    }
    let mut scripts: Vec<&str> = outputs.iter().filter(|o| o.role == Role::Pay).map(|o| o.script.as_str()).collect();
    scripts.sort_unstable();
    if scripts.windows(2).any(|pair| pair.first() == pair.get(1)) {
        warn("same_payee_twice", "the same address is paid more than once");
    }
    if outputs.iter().any(|output| output.role == Role::Pay && output.address.is_none()) {
        warn("no_address", "an output pays a script that has no address");
    }
    if let Some(text) = relative_locks(transaction) {
        warn("relative_lock", &text);
    }
    if transaction.version.0 < 1 || transaction.version.0 > 3 {
        warn("version", "most nodes do not relay a transaction of this version");
    }
    warnings
}

/// What holds inputs back for a time after their coins confirmed, in one sentence, with the longest of each kind: from version
/// 2 on, a sequence without its highest bit does (BIP-68).
pub(super) fn relative_locks(transaction: &bitcoin::Transaction) -> Option<String> {
    let locks = transaction.input.iter().filter_map(|input| input.sequence.to_relative_lock_time());
    let locks: Vec<relative::LockTime> = locks.filter(|_| transaction.version.0 >= 2).collect();
    let blocks = locks.iter().filter_map(|lock| match lock {
        relative::LockTime::Blocks(blocks) => Some(blocks.value()),
        relative::LockTime::Time(_) => None,
    });
    let steps = locks.iter().filter_map(|lock| match lock {
        relative::LockTime::Time(time) => Some(time.value()),
        relative::LockTime::Blocks(_) => None,
    });
    let blocks = blocks.max().filter(|blocks| *blocks > 0).map(|blocks| format!("{blocks} blocks"));
    // One step is 512 seconds.
    let hours =
        steps.max().filter(|steps| *steps > 0).map(|steps| format!("some {} hours", u64::from(steps) * 512 / 3_600));
    let waits: Vec<String> = blocks.into_iter().chain(hours).collect();
    (!waits.is_empty()).then(|| format!("it can be mined only {} after the coins that it spends", waits.join(" and ")))
}
