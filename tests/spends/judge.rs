//! Bitcoin Core's code, called here by the test itself, and faults put in behind the signer that it and we must refuse.
//!
//! Uses nothing of the program's own verification: a program that threw its verdict away would be found out here.

use bitcoin::{OutPoint, Transaction, TxOut, consensus::serialize};
use bitcoinconsensus::{Utxo, VERIFY_ALL_PRE_TAPROOT, VERIFY_TAPROOT};
use fastness::{
    chain::bitcoin::{BitcoinError, Plan, sign},
    explain::Explain,
    keystore::Keys,
    signing::Signature,
};

use crate::{
    cases::Case,
    checks::{Broken, Spend, ensure, own},
};

/// The outputs that a transaction spends, from the coins of the case.
fn spent(transaction: &Transaction, case: &Case) -> Result<Vec<TxOut>, Broken> {
    let output = |outpoint: OutPoint| {
        let coin = case.snapshot.coins.iter().find(|coin| coin.outpoint == outpoint)?;
        coin.parent.output.get(usize::try_from(outpoint.vout).ok()?).cloned()
    };
    let outputs: Option<Vec<TxOut>> = transaction.input.iter().map(|input| output(input.previous_output)).collect();
    outputs.ok_or_else(|| "a coin that is not in the wallet".to_owned())
}

/// True if Bitcoin Core's code accepts every input.
fn accepts(transaction: &Transaction, spent: &[TxOut]) -> bool {
    let bytes = serialize(transaction);
    let utxo = |output: &TxOut| Utxo {
        script_pubkey: output.script_pubkey.as_bytes().as_ptr(),
        script_pubkey_len: u32::try_from(output.script_pubkey.len()).unwrap(),
        value: i64::try_from(output.value.to_sat()).unwrap(),
    };
    let utxos: Vec<Utxo> = spent.iter().map(utxo).collect();
    let flags = VERIFY_ALL_PRE_TAPROOT | VERIFY_TAPROOT;
    spent.iter().enumerate().all(|(place, output)| {
        let (script, value) = (output.script_pubkey.as_bytes(), output.value.to_sat());
        bitcoinconsensus::verify_with_flags(script, value, &bytes, Some(&utxos), place, flags).is_ok()
    })
}

/// The finished transaction is accepted by Bitcoin Core's code.
pub(crate) fn judge(transaction: &Transaction, case: &Case) -> Result<(), Broken> {
    let spent = spent(transaction, case)?;
    ensure(accepts(transaction, &spent), || "Bitcoin Core's code refuses it".to_owned())
}

/// The judge itself fires: it refuses the transaction with one satoshi more in an output.
fn refuses_a_changed_amount(transaction: &Transaction, case: &Case) -> Result<(), Broken> {
    let mut changed = transaction.clone();
    changed.output.first_mut().ok_or("no outputs")?.value += bitcoin::Amount::ONE_SAT;
    ensure(judge(&changed, case).is_err(), || "the judge accepts another amount".to_owned())
}

/// What is put in behind the signer, and the code that must refuse it.
const FAULTS: [(Fault, &str); 5] = [
    (Fault::Signature, "bitcoin.consensus"),
    (Fault::OutputOrder, "bitcoin.consensus"),
    (Fault::OutputAmount, "bitcoin.consensus"),
    (Fault::MissingSignature, "bitcoin.bug"),
    (Fault::ParentAmount, "bitcoin.contradiction"),
];

#[derive(Clone, Copy, Debug)]
enum Fault {
    /// One bit of one signature is another.
    Signature,
    /// The first two outputs change places.
    OutputOrder,
    /// One satoshi of the fee goes to the first output.
    OutputAmount,
    /// One signature less than inputs.
    MissingSignature,
    /// A previous transaction that holds more than it did.
    ParentAmount,
}

/// Signs, damages what the signer saw or answered, and expects the refusal. Returns how many faults were refused.
pub(crate) fn inject(spend: &Spend, case: &Case, keys: &Keys) -> Result<u64, Broken> {
    refuses_a_changed_amount(&spend.transaction, case)?;
    let ours = own(case);
    let jobs = sign::jobs(&spend.plan, &ours).map_err(|error| format!("jobs: {error}"))?;
    let signatures = keys.sign(&jobs).map_err(|error| format!("keys: {error}"))?;
    let mut refused = 0;
    for (fault, code) in FAULTS {
        let Some((plan, signatures)) = damaged(fault, &spend.plan, &signatures) else { continue };
        let found = code_of(sign::finish(plan, &jobs, &signatures).map(|_| ()));
        ensure(found == Some(code), || format!("{fault:?} behind the signer ended with {found:?} and not {code}"))?;
        refused += 1;
    }
    Ok(refused)
}

fn code_of(result: Result<(), BitcoinError>) -> Option<&'static str> {
    result.err().map(|error| error.entry().code)
}

/// The plan and the signatures with a fault in them; nothing where this plan cannot have it.
fn damaged(fault: Fault, plan: &Plan, signatures: &[Signature]) -> Option<(Plan, Vec<Signature>)> {
    let (mut plan, mut signatures) = (plan.clone(), signatures.to_vec());
    let outputs = &mut plan.psbt.unsigned_tx.output;
    match fault {
        Fault::Signature => signatures.last_mut()?.bytes[63] ^= 1,
        Fault::OutputOrder if outputs.len() > 1 && outputs[0] != outputs[1] => outputs.swap(0, 1),
        Fault::OutputOrder => return None,
        Fault::OutputAmount => outputs.first_mut()?.value += bitcoin::Amount::ONE_SAT,
        Fault::MissingSignature => signatures.truncate(signatures.len().checked_sub(1)?),
        Fault::ParentAmount => {
            let parent = plan.psbt.inputs.iter_mut().find_map(|input| input.non_witness_utxo.as_mut())?;
            parent.output.first_mut()?.value += bitcoin::Amount::ONE_SAT;
        }
    }
    Some((plan, signatures))
}
