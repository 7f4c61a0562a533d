//! Random wallets and random payments, each from one number.

use crate::synthetic::{Dice, TIP, as_reward, coin, stranger};
use bitcoin::OutPoint;
use fastness::{
    account::{Account, Locks},
    amount::{Amount, FeeRate, Quantity},
    chain::bitcoin::{Coin, CoinState, Snapshot, fund, policy},
    request::{CoinChoice, Fee, FeeLimit, FeePayer, Freeze, Leftover, Payment, Replacement, Request},
};

/// What is to happen.
pub(crate) struct Case {
    pub(crate) snapshot: Snapshot,
    pub(crate) request: Request,
    pub(crate) randomness: [u8; 32],
}

/// True for a coin that a wallet may choose by itself.
pub(crate) fn may_be_chosen(coin: &Coin) -> bool {
    let settled = matches!(coin.state, CoinState::Confirmed(_) | CoinState::OwnUnconfirmed);
    settled && coin.freeze == Freeze::Free && !coin.parent.is_coinbase()
}

/// The case of this number.
pub(crate) fn case(seed: u64, accounts: &[Account; 4]) -> Case {
    let mut dice = Dice(seed);
    let account = accounts[dice.index(4)].clone();
    let coins: Vec<Coin> = (0..dice.between(1, 30)).map(|_| any_coin(&mut dice, &account)).collect();
    let next_change = u32::try_from(dice.between(0, 60)).unwrap();
    let snapshot = Snapshot { account, coins, tip_height: TIP, next_change };
    let request = request(&mut dice, &snapshot);
    Case { snapshot, request, randomness: dice.bytes() }
}

/// Mostly confirmed; now and then one that must not be chosen.
fn any_coin(dice: &mut Dice, account: &Account) -> Coin {
    let state = match dice.index(10) {
        0 | 1 => CoinState::OwnUnconfirmed,
        2 if dice.one_in(4) => CoinState::ForeignUnconfirmed,
        _ => CoinState::Confirmed(u32::try_from(dice.between(1, u64::from(TIP))).unwrap()),
    };
    let value = dice.spread(300, 200_000_000);
    let mut found = coin(dice, account, value, state);
    if dice.one_in(30) {
        found.freeze = Freeze::Frozen;
    }
    if dice.one_in(40) {
        found = as_reward(Coin { state: CoinState::Confirmed(TIP - 50), ..found });
    }
    found
}

fn request(dice: &mut Dice, snapshot: &Snapshot) -> Request {
    let coins = choice(dice, snapshot);
    let recipients = if dice.one_in(3) { 1 } else { dice.between(1, 8) };
    let rate = FeeRate { sat_per_kvb: dice.spread(100, 500_000) };
    let fee = if dice.one_in(12) { Fee::Exact(dice.spread(200, 200_000)) } else { Fee::Rate(rate) };
    let memo = dice.one_in(4).then(|| vec![b'm'; dice.index(81)]);
    let payments = (0..recipients).map(|_| payment(dice, 0)).collect();
    let replacement = if dice.one_in(3) { Replacement::NotSignalled } else { Replacement::Signalled };
    // The stops are tested elsewhere; here every rate must be planned exactly.
    let (fee_limit, leftover) = (FeeLimit::Absolute(u64::MAX), Leftover::Refuse);
    let mut request =
        Request { payments, memo, fee, fee_payer: FeePayer::Sender, fee_limit, leftover, coins, replacement };
    fill_in(dice, snapshot, &mut request);
    request
}

fn payment(dice: &mut Dice, value: u64) -> Payment {
    Payment { script: stranger(dice), quantity: Quantity::Exact(Amount::sat(value)) }
}

fn choice(dice: &mut Dice, snapshot: &Snapshot) -> CoinChoice {
    let free: Vec<OutPoint> = allowed(snapshot, &CoinChoice::Automatic).iter().map(|coin| coin.outpoint).collect();
    if free.is_empty() || !dice.one_in(10) {
        return CoinChoice::Automatic;
    }
    let some = free.iter().copied().filter(|_| dice.one_in(2)).collect::<Vec<_>>();
    CoinChoice::Exactly(if some.is_empty() { free } else { some })
}

/// The coins that this request may spend.
pub(crate) fn allowed<'a>(snapshot: &'a Snapshot, choice: &CoinChoice) -> Vec<&'a Coin> {
    let may = |coin: &&Coin| match choice {
        CoinChoice::Automatic => may_be_chosen(coin),
        CoinChoice::Exactly(named) => named.contains(&coin.outpoint),
    };
    snapshot.coins.iter().filter(may).collect()
}

/// Amounts: parts of what is there; or `all`; or just what some coins hold, so that no change is needed.
fn fill_in(dice: &mut Dice, snapshot: &Snapshot, request: &mut Request) {
    let coins = allowed(snapshot, &request.coins);
    let total: u64 = coins.iter().filter_map(|coin| coin.value()).sum();
    let whole = match dice.index(6) {
        0 if !coins.is_empty() => sum_without_change(dice, snapshot, request, &coins),
        _ => total / 100 * dice.between(1, 99),
    };
    let parts = u64::try_from(request.payments.len()).unwrap();
    let mut left = whole;
    for (place, payment) in request.payments.iter_mut().enumerate() {
        let rest = parts - u64::try_from(place).unwrap();
        let value = if rest == 1 { left } else { left / rest };
        let value = value.max(policy::dust_limit(&payment.script, snapshot.account.network));
        left = left.saturating_sub(value);
        payment.quantity = Quantity::Exact(Amount::sat(value));
    }
    if dice.one_in(8) {
        let place = dice.index(request.payments.len());
        request.payments[place].quantity = Quantity::All;
    }
}

/// What some coins hold after the fee, give or take a little.
fn sum_without_change(dice: &mut Dice, snapshot: &Snapshot, request: &Request, coins: &[&Coin]) -> u64 {
    let count = dice.between(1, 3).min(u64::try_from(coins.len()).unwrap());
    let some: u64 = (0..count).filter_map(|_| coins[dice.index(coins.len())].value()).sum();
    let target = target(snapshot, request, 0);
    let fee = match request.fee {
        Fee::Exact(fee) => fee,
        Fee::Rate(rate) => rate.fee(target.vsize(count, None)),
    };
    some.saturating_sub(fee + dice.index(usize::try_from(fee / 50).unwrap() + 2) as u64)
}

/// The numbers that selection works on, for a test's own reckoning.
pub(crate) fn target(snapshot: &Snapshot, request: &Request, pay: u64) -> fund::Target {
    let spend = snapshot.account.spend_cost(Locks::default()).unwrap();
    let memo = request.memo.as_ref().map_or(0, |memo| {
        // Value, length, OP_RETURN, and one or two bytes to push.
        8 + 1 + 1 + memo.len() as u64 + if memo.len() > 75 { 2 } else { 1 }
    });
    let scripts = request.payments.iter().map(|payment| payment.script.len() as u64 + 9).sum::<u64>();
    let change = snapshot.account.script(fastness::account::Keychain::Change, 0).unwrap();
    fund::Target {
        spend,
        pay,
        outputs_bytes: scripts + memo,
        outputs: request.payments.len() as u64 + u64::from(request.memo.is_some()),
        fee: request.fee,
        change_bytes: change.len() as u64 + 9,
        change_minimum: policy::dust_limit(&change, snapshot.account.network),
    }
}
