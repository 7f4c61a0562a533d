//! What an output's script is, and whether money on it can be spent by its owner alone.
//!
//! Only the forms of script that wallets use are read; all else is told in words and never signed for. No addresses here.

use bitcoin::{PublicKey, Script, opcodes::all as op, script::Instruction};

use crate::address::{Unspendable, check_spendable};

/// The form of an output script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// A key's or a script's hash, or a taproot key: it has an address.
    Address,
    /// A bare public key (P2PK).
    PublicKey,
    /// A bare multisignature script.
    Multisig {
        /// Signatures needed.
        needed: u8,
        /// Keys named.
        keys: u8,
    },
    /// OP_RETURN with pushes of data.
    Data,
    /// OP_RETURN with something else than whole pushes.
    OddData,
    /// Empty, or of small numbers only: every miner can spend it.
    Anybody,
    /// Pay to anchor: spendable without a key, to raise the fee of its transaction (Bitcoin Core 28).
    Anchor,
    /// A witness version or program without rules yet: spendable without a key until there are some.
    FutureWitness,
    /// A taproot key, public key or multisignature that no key can answer.
    NoSuchKey,
    /// It ends within a push: no key can spend it.
    Broken,
    /// A script of no known form.
    Unknown,
}

impl Form {
    /// The form of a script.
    #[must_use]
    pub fn of(script: &Script) -> Self {
        if script.is_op_return() {
            return if is_whole_data(script) { Self::Data } else { Self::OddData };
        }
        match check_spendable(script) {
            Err(Unspendable::Key) => return Self::NoSuchKey,
            Err(Unspendable::Witness) if is_anchor(script) => return Self::Anchor,
            Err(Unspendable::Witness) => return Self::FutureWitness,
            Ok(()) => {}
        }
        let has_address = script.is_p2pkh() || script.is_p2sh() || script.is_witness_program();
        if has_address { Self::Address } else { bare(script) }
    }

    /// Why money must not be sent there, or why it cannot be told where it goes.
    #[must_use]
    pub const fn danger(&self) -> Option<&'static str> {
        match self {
            Self::Address | Self::PublicKey | Self::Multisig { .. } | Self::Data => None,
            Self::OddData => Some("carries OP_RETURN data that is cut short, or something that is no data"),
            Self::Anybody => Some("pays a script that anybody can spend"),
            Self::Anchor => Some("pays an anchor, which anybody can spend"),
            Self::FutureWitness => Some("pays a witness version that has no rules yet: anybody could spend it"),
            Self::NoSuchKey => Some("pays a key that does not exist: nobody could spend it"),
            Self::Broken => Some("pays a script that ends within a push: nobody could spend it"),
            Self::Unknown => Some("pays a script of no known form: who can spend it cannot be told"),
        }
    }

    /// What it is, where no address says it.
    #[must_use]
    pub fn describe(&self) -> Option<String> {
        match self {
            Self::Address => None,
            Self::PublicKey => Some("a bare public key".to_owned()),
            Self::Multisig { needed, keys } => Some(format!("any {needed} of {keys} keys")),
            Self::Data => Some("data, no money".to_owned()),
            other => other.danger().map(str::to_owned),
        }
    }
}

/// OP_RETURN, then whole pushes and nothing else.
fn is_whole_data(script: &Script) -> bool {
    script.instructions().skip(1).all(|instruction| match instruction {
        Ok(Instruction::PushBytes(_)) => true,
        Ok(Instruction::Op(code)) => code.to_u8() <= op::OP_PUSHNUM_16.to_u8(),
        Err(_) => false,
    })
}

/// OP_1 and the two bytes 4e73.
fn is_anchor(script: &Script) -> bool {
    script.as_bytes() == [0x51, 0x02, 0x4e, 0x73]
}

/// Scripts that are no hash of anything.
fn bare(script: &Script) -> Form {
    let Ok(instructions) = script.instructions().collect::<Result<Vec<_>, _>>() else { return Form::Broken };
    let number = |instruction: &Instruction<'_>| small_number(instruction);
    if instructions.iter().all(|instruction| number(instruction).is_some()) {
        return Form::Anybody;
    }
    match instructions.as_slice() {
        [Instruction::PushBytes(key), Instruction::Op(op::OP_CHECKSIG)] => {
            match PublicKey::from_slice(key.as_bytes()) {
                Ok(_) => Form::PublicKey,
                Err(_) => Form::NoSuchKey,
            }
        }
        [needed, keys @ .., count, Instruction::Op(op::OP_CHECKMULTISIG)] => {
            multisig(number(needed), keys, number(count)).unwrap_or(Form::Unknown)
        }
        _ => Form::Unknown,
    }
}

/// A multisignature script of up to three keys, which is what nodes relay (Bitcoin Core's standard rules).
fn multisig(needed: Option<u8>, keys: &[Instruction<'_>], count: Option<u8>) -> Option<Form> {
    let (needed, count) = needed.zip(count)?;
    let is_standard = (1..=3).contains(&count) && (1..=count).contains(&needed) && keys.len() == usize::from(count);
    let is_push = |key: &Instruction<'_>| key.push_bytes().is_some_and(|push| matches!(push.len(), 33 | 65));
    if !is_standard || !keys.iter().all(is_push) {
        return None;
    }
    let exists =
        |key: &&Instruction<'_>| key.push_bytes().is_some_and(|push| PublicKey::from_slice(push.as_bytes()).is_ok());
    let real = keys.iter().filter(exists).count();
    Some(if real < usize::from(needed) { Form::NoSuchKey } else { Form::Multisig { needed, keys: count } })
}

/// The number that an opcode pushes: 0 to 16.
fn small_number(instruction: &Instruction<'_>) -> Option<u8> {
    match instruction {
        Instruction::PushBytes(push) if push.is_empty() => Some(0),
        Instruction::Op(code) => {
            let number = code.to_u8().checked_sub(op::OP_PUSHNUM_1.to_u8() - 1)?;
            (1..=16).contains(&number).then_some(number)
        }
        Instruction::PushBytes(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use bitcoin::ScriptBuf;
    use proptest::prelude::*;

    use super::*;

    const KEY: &str = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

    fn form(hex: &str) -> Form {
        Form::of(&ScriptBuf::from_hex(hex).expect("a script"))
    }

    #[test]
    fn what_wallets_pay_is_known() {
        let hash = "11".repeat(20);
        for hex in [
            format!("76a914{hash}88ac"),
            format!("a914{hash}87"),
            format!("0014{hash}"),
            format!("0020{}", "11".repeat(32)),
            format!("5120{}", &KEY[2..]),
        ] {
            assert_eq!(form(&hex), Form::Address, "{hex}");
        }
        assert_eq!(form(&format!("21{KEY}ac")), Form::PublicKey);
        let two = format!("5121{KEY}21{KEY}52ae");
        assert_eq!(form(&two), Form::Multisig { needed: 1, keys: 2 });
        for hex in ["6a", "6a0101", "6a04deadbeef", "6a04deadbeef02aabb", "6a5d0401020304", "6a00", "6a4f"] {
            assert_eq!(form(hex), Form::Data, "{hex}");
        }
        assert_eq!(form(&format!("6a4d0104{}", "ab".repeat(1_025))), Form::Data, "it is shown whole");
    }

    #[test]
    fn what_anybody_or_nobody_could_spend_is_named() {
        let odd_key = format!("02{}", "ff".repeat(32));
        for (hex, expected) in [
            (String::new(), Form::Anybody),
            ("51".to_owned(), Form::Anybody),
            ("60".to_owned(), Form::Anybody),
            ("5151".to_owned(), Form::Anybody),
            ("00".to_owned(), Form::Anybody),
            ("51024e73".to_owned(), Form::Anchor),
            (format!("5220{}", "11".repeat(32)), Form::FutureWitness),
            ("60020102".to_owned(), Form::FutureWitness),
            ("00021122".to_owned(), Form::FutureWitness),
            ("51021122".to_owned(), Form::FutureWitness),
            (format!("5120{}", "ff".repeat(32)), Form::NoSuchKey),
            (format!("21{odd_key}ac"), Form::NoSuchKey),
            (format!("5221{odd_key}21{KEY}52ae"), Form::NoSuchKey),
            ("05aabb".to_owned(), Form::Broken),
            ("4c".to_owned(), Form::Broken),
            ("50".to_owned(), Form::Unknown),
            ("61".to_owned(), Form::Unknown),
            ("ac".to_owned(), Form::Unknown),
            ("ff".to_owned(), Form::Unknown),
            (format!("5321{KEY}21{KEY}52ae"), Form::Unknown),
            (format!("5121{KEY}53ae"), Form::Unknown),
            ("6a05aabb".to_owned(), Form::OddData),
            ("6a4c".to_owned(), Form::OddData),
            ("6aac".to_owned(), Form::OddData),
        ] {
            assert_eq!(form(&hex), expected, "{hex}");
            assert!(expected.danger().is_some() && expected.describe().is_some(), "{hex}");
        }
    }

    proptest! {
        /// Whatever is no form that wallets use is a danger: random bytes never count as payable without having an address,
        /// a key, keys or data in them.
        #[test]
        fn no_script_is_payable_by_accident(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let script = ScriptBuf::from_bytes(bytes);
            let form = Form::of(&script);
            let has_address = crate::address::of(&script, crate::network::Network::Bitcoin).is_some();
            prop_assert!(form.danger().is_some() || has_address || script.is_op_return() || script.is_p2pk());
        }
    }
}
