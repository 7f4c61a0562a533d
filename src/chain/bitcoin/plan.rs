//! From a request to an unsigned PSBT: outputs, coins, change, locktime; then our own review must agree with it.
//!
//! Pure: randomness comes in as bytes. No keys, no network. The plan carries every previous transaction, so that the
//! signing machine needs nothing else.

use std::collections::BTreeMap;

use bitcoin::{
    Amount, Psbt, ScriptBuf, Transaction, TxIn, TxOut, Witness, psbt, script::PushBytesBuf, transaction::Version,
};
use miniscript::psbt::{PsbtInputExt, PsbtOutputExt};

use super::{
    BitcoinError, Coin, CoinState, Ownership, Plan, Snapshot, allowed, decode, fee_inside,
    fund::{self, Candidate, Funding, Target},
    ownership::Owned,
    policy, proof,
    random::Random,
    timing::Timing,
};
use crate::{
    account::{Account, Keychain},
    amount::Quantity,
    network::Network,
    request::{CoinChoice, Fee, FeeLimit, FeePayer, Leftover, Payment, Request},
};

/// Plans a request.
///
/// # Errors
/// Too little money, dust, a fee above the stops, or a request that contradicts itself.
pub fn plan(request: &Request, snapshot: &Snapshot, randomness: [u8; 32]) -> Result<Plan, BitcoinError> {
    let mut random = Random(randomness);
    let mut outputs = outputs(request, snapshot.account.network)?;
    let coins = allowed::coins(request, snapshot)?;
    let timing = Timing::of_plan(&snapshot.account, request.replacement, snapshot.tip_height, &mut random)?;
    let target = target(&snapshot.account, &outputs, request.fee, timing)?;
    let (chosen, change) = match place_of_all(request)? {
        None if request.fee_payer == FeePayer::Recipient => {
            let pick = |pay| {
                choose(&coins, &Target { pay, ..target }, &request.coins)
                    .map_err(|error| error.with_held_back(request, snapshot))
            };
            let (chosen, funding) = fee_inside::choose(request, snapshot.account.network, &mut outputs, pick)?;
            check_leftover(&funding, request.leftover)?;
            (chosen, funding.change)
        }
        None => {
            let chosen = choose(&coins, &target, &request.coins);
            let (chosen, funding) = chosen.map_err(|error| error.with_held_back(request, snapshot))?;
            check_leftover(&funding, request.leftover)?;
            (chosen, funding.change)
        }
        Some(place) => {
            let coins = all_of(coins, &target, &request.coins);
            let output = outputs.get_mut(place).ok_or(BitcoinError::Bug("a recipient without an output"))?;
            let value = remainder(&coins, &target);
            output.value = value.map_err(|error| error.with_held_back(request, snapshot))?;
            policy::check_dust(&output.script_pubkey, output.value.to_sat(), snapshot.account.network)?;
            (coins, None)
        }
    };
    let parts = Parts { coins: chosen, outputs, change: change.map(|value| (snapshot.next_change, value)), timing };
    assemble(&snapshot.account, parts, request.fee_limit, &mut random)
}

/// The parts of a transaction before it is put together.
#[derive(Debug)]
pub(super) struct Parts<'a> {
    pub(super) coins: Vec<&'a Coin>,
    pub(super) outputs: Vec<TxOut>,
    pub(super) change: Option<(u32, u64)>,
    pub(super) timing: Timing,
}

/// Which recipient gets all that is left, if one does.
fn place_of_all(request: &Request) -> Result<Option<usize>, BitcoinError> {
    let is_all = |payment: &Payment| payment.quantity == Quantity::All;
    match request.payments.iter().filter(|payment| is_all(payment)).count() {
        0 | 1 => Ok(request.payments.iter().position(is_all)),
        _ => Err(BitcoinError::BadRequest("only one recipient can get `all`".to_owned())),
    }
}

/// One output for every recipient in the order typed (`all` is filled in later), then the memo.
fn outputs(request: &Request, network: Network) -> Result<Vec<TxOut>, BitcoinError> {
    if request.payments.is_empty() {
        return Err(BitcoinError::BadRequest("there is nobody to pay".to_owned()));
    }
    let mut outputs = Vec::new();
    for payment in &request.payments {
        let value = match payment.quantity {
            Quantity::All => 0,
            Quantity::Exact(amount) => amount.to_sat().ok_or(BitcoinError::Bug("a parsed amount beyond 64 bits"))?,
        };
        if payment.quantity != Quantity::All {
            policy::check_dust(&payment.script, value, network)?;
        }
        outputs.push(TxOut { value: Amount::from_sat(value), script_pubkey: payment.script.clone() });
    }
    outputs.extend(memo_output(request)?);
    Ok(outputs)
}

/// The memo as an OP_RETURN output of no value.
fn memo_output(request: &Request) -> Result<Option<TxOut>, BitcoinError> {
    let Some(memo) = &request.memo else { return Ok(None) };
    if memo.len() > policy::MAX_MEMO_BYTES {
        let what = format!("the memo has {} bytes, and nodes relay at most {}", memo.len(), policy::MAX_MEMO_BYTES);
        return Err(BitcoinError::BadRequest(what));
    }
    let data = PushBytesBuf::try_from(memo.clone()).map_err(|_| BitcoinError::Bug("a memo that is pushable"))?;
    Ok(Some(TxOut { value: Amount::ZERO, script_pubkey: ScriptBuf::new_op_return(data) }))
}

pub(super) fn target(account: &Account, outputs: &[TxOut], fee: Fee, timing: Timing) -> Result<Target, BitcoinError> {
    let change = account.script(Keychain::Change, 0)?;
    Ok(Target {
        spend: account.spend_cost(timing.locks())?,
        pay: outputs
            .iter()
            .try_fold(0u64, |sum, output| sum.checked_add(output.value.to_sat()))
            .ok_or_else(too_much)?,
        outputs_bytes: outputs.iter().map(|output| output.size() as u64).sum(),
        outputs: outputs.len() as u64,
        fee,
        change_bytes: change.len() as u64 + 9,
        change_minimum: policy::dust_limit(&change, account.network),
    })
}

fn too_much() -> BitcoinError {
    BitcoinError::BadRequest("the amounts add up to more than can exist".to_owned())
}

/// Settled coins first; our own unconfirmed change only if they do not suffice, or would leave too little for change.
fn choose<'a>(
    coins: &[&'a Coin],
    target: &Target,
    choice: &CoinChoice,
) -> Result<(Vec<&'a Coin>, Funding), BitcoinError> {
    if matches!(choice, CoinChoice::Exactly(_)) {
        let funding = fund::spend_exactly(&candidates(coins)?, target)?;
        return Ok((coins.to_vec(), funding));
    }
    let settled: Vec<&Coin> =
        coins.iter().copied().filter(|coin| matches!(coin.state, CoinState::Confirmed(_))).collect();
    match pick(&settled, target) {
        Ok(choice) if choice.1.given_away() == 0 => Ok(choice),
        Ok(choice) => Ok(pick(coins, target).ok().filter(|other| other.1.given_away() == 0).unwrap_or(choice)),
        Err(_) => pick(coins, target),
    }
}

/// The fee stays within 1% and 1 sat an input of what was asked, unless the person gives the rest away.
fn check_leftover(funding: &Funding, leftover: Leftover) -> Result<(), BitcoinError> {
    match leftover {
        Leftover::Refuse if funding.given_away() > 0 => Err(BitcoinError::LeftOver(funding.leftover)),
        Leftover::Refuse | Leftover::ToMiner => Ok(()),
    }
}

fn pick<'a>(coins: &[&'a Coin], target: &Target) -> Result<(Vec<&'a Coin>, Funding), BitcoinError> {
    let funding = fund::select(&candidates(coins)?, target)?;
    let chosen = funding.chosen.iter().filter_map(|place| coins.get(*place).copied()).collect();
    Ok((chosen, funding))
}

/// Values from proven previous transactions only.
pub(super) fn candidates(coins: &[&Coin]) -> Result<Vec<Candidate>, BitcoinError> {
    let value = |coin: &&Coin| coin.value().ok_or(BitcoinError::Bug("a coin that its transaction does not prove"));
    let height = |coin: &&Coin| match coin.state {
        CoinState::Confirmed(height) => height,
        _ => u32::MAX,
    };
    coins.iter().map(|coin| Ok(Candidate { value: value(coin)?, height: height(coin) })).collect()
}

/// The coins of a payment of `all`: those named, or every one that adds to it. A coin that costs more than it holds
/// would take from the payee, and dust from a stranger could make the whole payment fail.
fn all_of<'a>(coins: Vec<&'a Coin>, target: &Target, choice: &CoinChoice) -> Vec<&'a Coin> {
    let named = matches!(choice, CoinChoice::Exactly(_));
    let adds = |coin: &&Coin| named || coin.value().is_none_or(|value| target.is_worth_spending(value));
    coins.into_iter().filter(adds).collect()
}

/// What is left of all coins after the other outputs and the fee.
fn remainder(coins: &[&Coin], target: &Target) -> Result<Amount, BitcoinError> {
    let available =
        candidates(coins)?.iter().try_fold(0u64, |sum, coin| sum.checked_add(coin.value)).ok_or_else(too_much)?;
    let needed = target.pay.saturating_add(fund::fee_without_change(target, coins.len() as u64));
    let value = available.checked_sub(needed).ok_or_else(|| BitcoinError::insufficient(needed, available))?;
    Ok(Amount::from_sat(value))
}

/// Puts the parts together and lets our own review judge the result.
pub(super) fn assemble(
    account: &Account,
    parts: Parts<'_>,
    limit: FeeLimit,
    random: &mut Random,
) -> Result<Plan, BitcoinError> {
    let Parts { mut coins, mut outputs, change, timing } = parts;
    coins.sort_by_key(|coin| coin.outpoint);
    let mut owners = BTreeMap::new();
    if let Some((index, value)) = change {
        let script = account.script(Keychain::Change, index)?;
        let place = usize::try_from(random.below(outputs.len() as u64 + 1)).unwrap_or(0);
        outputs.insert(place, TxOut { value: Amount::from_sat(value), script_pubkey: script });
        owners.insert(place, (Keychain::Change, index));
    }
    let input = |coin: &&Coin| TxIn {
        previous_output: coin.outpoint,
        script_sig: ScriptBuf::new(),
        sequence: timing.sequence,
        witness: Witness::new(),
    };
    let transaction = Transaction {
        version: Version::TWO,
        lock_time: timing.locktime,
        input: coins.iter().map(input).collect(),
        output: outputs,
    };
    let mut psbt = Psbt::from_unsigned_tx(transaction)
        .map_err(|_| BitcoinError::Bug("an unsigned transaction with signatures"))?;
    for (claims, coin) in psbt.inputs.iter_mut().zip(&coins) {
        *claims = input_map(account, coin)?;
    }
    for (place, (keychain, index)) in owners {
        if let Some(claims) = psbt.outputs.get_mut(place) {
            *claims = output_map(account, keychain, index)?;
        }
    }
    let plan = Plan { network: account.network, psbt };
    check(&plan, account, limit)?;
    Ok(plan)
}

/// Our own review of our own plan: inputs = outputs + fee, and the fee below the stops. Whether a search finds the change is
/// judged where it is known what was searched (flow/).
fn check(plan: &Plan, account: &Account, limit: FeeLimit) -> Result<(), BitcoinError> {
    let review = decode::review(plan, &Ownership::default().with_accounts(vec![account.clone()]))?;
    let fee = review.fee.and_then(crate::amount::Amount::to_sat).ok_or(BitcoinError::Bug("a plan without a fee"))?;
    policy::check_fee(fee, review.vsize, review.moved(), limit)?;
    policy::check_weight(review.vsize, review.inputs.len())
}

/// What a signer needs to know of a coin: its whole transaction, path and key.
fn input_map(account: &Account, coin: &Coin) -> Result<psbt::Input, BitcoinError> {
    let output = proof::spent_output(&coin.parent, coin.outpoint)
        .map_err(|_| BitcoinError::Bug("a coin that its transaction does not prove"))?;
    let owner = Owned::at(account, coin.keychain, coin.index)?;
    input_map_of(&owner, &coin.parent, output)
}

/// The same for an output of a descriptor.
pub(super) fn input_map_of(owner: &Owned, parent: &Transaction, output: &TxOut) -> Result<psbt::Input, BitcoinError> {
    let mut map = psbt::Input { non_witness_utxo: Some(parent.clone()), ..psbt::Input::default() };
    if owner.derived.definite.desc_type().segwit_version().is_some() {
        map.witness_utxo = Some(output.clone());
    }
    map.update_with_descriptor_unchecked(&owner.derived.definite).map_err(|_| NOT_DERIVED)?;
    Ok(map)
}

/// Where the keys of our own output are, so that any signer can re-derive them.
///
/// # Errors
/// An index of 2^31 or above.
pub fn output_map(account: &Account, keychain: Keychain, index: u32) -> Result<psbt::Output, BitcoinError> {
    let owner = Owned::at(account, keychain, index)?;
    let mut map = psbt::Output::default();
    map.update_with_descriptor_unchecked(&owner.derived.definite).map_err(|_| NOT_DERIVED)?;
    Ok(map)
}

const NOT_DERIVED: BitcoinError = BitcoinError::Bug("a derived descriptor that cannot be derived");
