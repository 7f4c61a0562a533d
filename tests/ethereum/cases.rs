//! Random requests, and the sealed signer that plans, reviews and signs them. Deterministic: the same number, the same bytes.

use alloy_eips::eip2930::{AccessList, AccessListItem};
use alloy_primitives::{Address, B256, Bytes, U256, hex};
use fastness::{
    account::{EthereumAccount, Layout},
    chain::{
        Chain,
        ethereum::{Code, Ethereum, FeeFacts, Ownership, Plan, SignedTransaction, Snapshot, fund, sign},
    },
    explain::Explain,
    flow::ethereum::derive_account,
    keystore::{Keys, Phrase},
    network::{EvmChain, NetworkClass},
    request::{EvmFee, EvmFeeLimit, EvmRequest, EvmValue, TxType},
    seal::{FileAccess, seal_this_process},
    signing::{EthereumJob, Signature},
};
use serde_json::{Value, json};

/// The words of tests/vectors/derivation.json's first row, and their first Ethereum address.
pub(crate) const WORDS: &str = "develop pool radar lobster dress blind flat grass leaf slim globe border";
pub(crate) const SENDER: &str = "0xa9D329B459730dd0043e761D38424452F8B3cDE4";

/// SplitMix64: numbers that are the same on every machine.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn bytes(&mut self, count: u64) -> Vec<u8> {
        (0..count).map(|_| u8::try_from(self.below(256)).unwrap()).collect()
    }

    fn address(&mut self) -> Address {
        // Never a precompile, and never one with code.
        let mut bytes = self.bytes(20);
        bytes[0] |= 0x80;
        Address::from_slice(&bytes)
    }
}

/// Signs so many transactions in this process, which seals itself first, and prints a line for each.
pub(crate) fn sign_all(wanted: u64) {
    let sealed = seal_this_process(&FileAccess::default()).unwrap();
    let phrase = Phrase::parse(WORDS).unwrap();
    let keys = Keys::from_phrase(&phrase, None, NetworkClass::Test, &sealed).unwrap();
    let account = derive_account(&keys, Layout::Bip44, 0).unwrap();
    assert_eq!(account.address.to_string(), SENDER);
    let (mut dice, mut nonce) = (Dice(7), 0);
    for _ in 0..wanted {
        let request = request(&mut dice);
        let line = one(&request, nonce, &account, &keys);
        println!("{line}");
        // An authorisation of our own takes a nonce too (EIP-7702).
        nonce += if request.delegate.is_some() { 2 } else { 1 };
    }
}

fn request(dice: &mut Dice) -> EvmRequest {
    let tx_type = [TxType::Legacy, TxType::AccessList, TxType::DynamicFee, TxType::SetCode]
        [usize::try_from(dice.below(4)).unwrap()];
    let creates = tx_type != TxType::SetCode && dice.below(8) == 0;
    let length = [0, 0, 1, 4, 36, 68, 300][usize::try_from(dice.below(7)).unwrap()];
    let data: Bytes = if creates {
        // Code that returns at once: an empty contract, whatever follows.
        [&[0x60, 0x00, 0x60, 0x00, 0xf3][..], &dice.bytes(length)].concat().into()
    } else {
        dice.bytes(length).into()
    };
    let access_list = if tx_type == TxType::Legacy { AccessList::default() } else { access_list(dice) };
    let tip = u128::from(dice.below(3_000_000_000)) + 1;
    let max_fee = tip + 2_000_000_000 + u128::from(dice.below(9_000_000_000));
    let delegate =
        (tx_type == TxType::SetCode).then(|| if dice.below(5) == 0 { Address::ZERO } else { dice.address() });
    EvmRequest {
        to: (!creates).then(|| dice.address()),
        value: EvmValue::Exactly(U256::from(dice.below(1_000_000_000_000_000))),
        data,
        fee: if matches!(tx_type, TxType::Legacy | TxType::AccessList) {
            EvmFee::GasPrice(max_fee)
        } else {
            EvmFee::Named { max_fee, tip }
        },
        fee_limit: EvmFeeLimit::Absolute(U256::MAX),
        gas_limit: None,
        tx_type: Some(tx_type),
        access_list,
        delegate,
    }
}

fn access_list(dice: &mut Dice) -> AccessList {
    let item = |dice: &mut Dice| AccessListItem {
        address: dice.address(),
        storage_keys: (0..dice.below(3)).map(|_| B256::from_slice(&dice.bytes(32))).collect(),
    };
    AccessList((0..dice.below(3)).map(|_| item(dice)).collect())
}

fn snapshot(nonce: u64, from: Address) -> Snapshot {
    let fees = FeeFacts { block: 1, block_hash: B256::ZERO, next_base_fee: Some(1), tips: None, gas_price: 1 };
    Snapshot {
        chain: EvmChain::by_id(31_337).unwrap(),
        from,
        balance: U256::MAX >> 1,
        nonce,
        fees,
        gas_estimate: Some(60_000),
        code_at_to: Code::None,
        code_at_from: Code::None,
        fees_beside_gas: None,
    }
}

/// Plans and signs one, as the wallet does, and writes it with its fields for another implementation.
fn one(request: &EvmRequest, nonce: u64, account: &EthereumAccount, keys: &Keys) -> Value {
    let snapshot = snapshot(nonce, account.address);
    let plan = Ethereum::plan(request, &snapshot, [0; 32]).unwrap();
    let ours = Ownership {
        accounts: vec![account.clone()],
        allowed_delegates: request.delegate.into_iter().collect(),
        ..Ownership::default()
    };
    let asked = plan.clone();
    let plan = match sign::authorization_job(&plan, &ours).unwrap() {
        Some(job) => sign::authorized(plan, &keys.sign_ethereum(&[job]).unwrap()[0]).unwrap(),
        None => plan,
    };
    let jobs = Ethereum::jobs(&plan, &ours).unwrap();
    let signatures = keys.sign_ethereum(&jobs).unwrap();
    faults(&plan, &jobs, &signatures);
    let signed = Ethereum::finish(plan, &jobs, &signatures).unwrap();
    only_the_plan_is_the_plan(&asked, &signed);
    let gas = fund::gas_limit(request, &snapshot, usize::from(request.delegate.is_some())).unwrap();
    json!({
        "type": request.tx_type.unwrap().number(),
        "fields": fields(request, nonce, gas),
        "raw": hex::encode(&signed.bytes),
        "hash": hex::encode(signed.hash),
    })
}

/// Faults behind the signer are refused, each with its own code: a damaged signature, another sender's, one that is
/// missing, and another transaction than the one that was signed.
fn faults(plan: &Plan, jobs: &[EthereumJob], signatures: &[Signature]) {
    let code = |plan: &Plan, signatures: &[Signature]| {
        Ethereum::finish(plan.clone(), jobs, signatures).err().map(|error| error.entry().code)
    };
    let mut damaged = signatures.to_vec();
    damaged[0].bytes[63] ^= 1;
    assert_eq!(code(plan, &damaged), Some("ethereum.other_signer"), "a damaged signature");
    assert_eq!(code(plan, &[]), Some("ethereum.bug"), "no signature");
    let elsewhere = Plan { from: Address::repeat_byte(0x81), ..plan.clone() };
    assert_eq!(code(&elsewhere, signatures), Some("ethereum.other_signer"), "a signature of another sender");
    let mut unsigned = plan.unsigned.to_vec();
    let last = unsigned.last_mut().unwrap();
    *last ^= 1;
    let another = Plan { unsigned, ..plan.clone() };
    assert_eq!(code(&another, signatures), Some("ethereum.bug"), "another transaction than the one signed");
}

/// A signed transaction is its plan; it is no plan that differs in its delegation, chain, sender or any one byte.
fn only_the_plan_is_the_plan(plan: &Plan, signed: &SignedTransaction) {
    let is_plan = |plan: &Plan| sign::is_plan(plan, signed).unwrap_or(false);
    assert!(is_plan(plan));
    let other = Address::repeat_byte(0x77);
    assert!(!is_plan(&Plan { from: other, ..plan.clone() }));
    assert!(!is_plan(&Plan { delegate: Some(other), ..plan.clone() }), "another delegate, or one that nobody planned");
    assert!(
        plan.delegate.is_none() || !is_plan(&Plan { delegate: None, ..plan.clone() }),
        "a delegation that nobody planned"
    );
    for place in (0..plan.unsigned.len()).step_by(plan.unsigned.len() / 3) {
        let mut changed = plan.clone();
        changed.unsigned[place] ^= 1;
        assert!(!is_plan(&changed), "byte {place}");
    }
}

/// The request in eth-account's words.
fn fields(request: &EvmRequest, nonce: u64, gas: u64) -> Value {
    let tx_type = request.tx_type.unwrap();
    let EvmValue::Exactly(value) = request.value else { panic!("exact values only") };
    let mut fields = json!({
        "chainId": 31_337, "nonce": nonce, "gas": gas, "value": u64::try_from(value).unwrap(), "data": request.data,
    });
    let mut set = |name: &str, value: Value| fields[name] = value;
    if let Some(to) = request.to {
        set("to", json!(to.to_string()));
    }
    match request.fee {
        EvmFee::GasPrice(price) => set("gasPrice", json!(u64::try_from(price).unwrap())),
        EvmFee::Named { max_fee, tip } => {
            set("maxFeePerGas", json!(u64::try_from(max_fee).unwrap()));
            set("maxPriorityFeePerGas", json!(u64::try_from(tip).unwrap()));
        }
        EvmFee::Level(_) => panic!("named prices only"),
    }
    if tx_type != TxType::Legacy {
        let item =
            |item: &AccessListItem| json!({"address": item.address.to_string(), "storageKeys": item.storage_keys});
        set("type", json!(tx_type.number()));
        set("accessList", request.access_list.0.iter().map(item).collect());
    }
    if let Some(delegate) = request.delegate {
        set("delegate", json!(delegate.to_string()));
    }
    fields
}
