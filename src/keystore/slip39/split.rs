//! Making shares of a master secret (SLIP-0039, "Generating the shares"), and proving them before anyone sees one.
//!
//! Every share is read back from its words and takes part in giving the secret back. Nothing is handed out otherwise.

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{
    GroupPlan, Share, Slip39Error, SplitPlan, cipher,
    groups::ShareSet,
    join::encrypted_secret,
    shamir::split_secret,
    share::{ExtendableFlag, SetParameters, SharePlace, check_length},
};
use crate::keystore::{KeystoreError, Passphrase, SecretBytes, entropy};

/// Highest bit of an identifier, which has 15.
const IDENTIFIER_BITS: u16 = 0x7fff;
/// Longest word, with the space behind it.
const LONGEST_WORD: usize = 9;

/// Makes shares of a secret of 16 to 32 bytes (an even number): a list for each group of the plan. The set is extendable.
/// The passphrase takes part in the encryption, and no share tells whether there is one.
///
/// # Errors
/// Another size, a passphrase with other characters than the printable ones of ASCII, or a generator that failed. A share
/// that did not pass its check is [`KeystoreError::SelfCheck`]. Then there are no shares.
pub fn split(
    secret: &SecretBytes,
    passphrase: Option<&Passphrase>,
    plan: &SplitPlan,
) -> Result<Vec<Vec<Share>>, KeystoreError> {
    check_length(secret.as_bytes().len())?;
    check_passphrase(passphrase)?;
    let set = parameters(plan)?;
    let encrypted = cipher::encrypt(secret, passphrase, set);
    let shares = shares(&encrypted, set, plan)?;
    check(&shares, &encrypted)?;
    let decrypted = cipher::decrypt(&encrypted, passphrase, set);
    if bool::from(decrypted.as_bytes().ct_eq(secret.as_bytes())) {
        Ok(shares)
    } else {
        Err(KeystoreError::SelfCheck("decrypting the master secret"))
    }
}

/// SLIP-0039 allows what every keyboard and every wallet writes as the same bytes: the code points 32 to 126.
fn check_passphrase(passphrase: Option<&Passphrase>) -> Result<(), Slip39Error> {
    let text = passphrase.map_or("", Passphrase::as_str);
    if text.bytes().all(|byte| (32..=126).contains(&byte)) { Ok(()) } else { Err(Slip39Error::Passphrase) }
}

fn parameters(plan: &SplitPlan) -> Result<SetParameters, KeystoreError> {
    // As many bytes as are never all zero by chance; the first two are used.
    let [high, low, ..] = entropy::fresh::<16>()?;
    Ok(SetParameters {
        identifier: u16::from_be_bytes([high, low]) & IDENTIFIER_BITS,
        extendable: ExtendableFlag::Set,
        exponent: plan.iteration_exponent(),
        group_threshold: plan.group_threshold(),
        group_count: plan.group_count(),
    })
}

fn shares(encrypted: &SecretBytes, set: SetParameters, plan: &SplitPlan) -> Result<Vec<Vec<Share>>, KeystoreError> {
    let groups = split_secret(set.group_threshold, set.group_count, encrypted, entropy::fill_from_kernel)?;
    (0..)
        .zip(groups.iter().zip(plan.groups()))
        .map(|(group, (secret, plan))| members(group, secret, *plan, set))
        .collect()
}

fn members(group: u8, secret: &SecretBytes, plan: GroupPlan, set: SetParameters) -> Result<Vec<Share>, KeystoreError> {
    let values = split_secret(plan.threshold(), plan.count(), secret, entropy::fill_from_kernel)?;
    let share = |(member, value)| Share { set, at: SharePlace { group, member, threshold: plan.threshold() }, value };
    Ok((0..).zip(values).map(share).collect())
}

/// Fails unless the words of every share say what it says, and subsets in which every share occurs give the secret back.
fn check(shares: &[Vec<Share>], encrypted: &SecretBytes) -> Result<(), KeystoreError> {
    let read: Vec<Vec<Share>> =
        shares.iter().map(|group| group.iter().map(read_back).collect()).collect::<Result<_, _>>()?;
    for subset in sufficient_subsets(&read) {
        let found = ShareSet::of(&subset).and_then(|set| encrypted_secret(&set));
        let found = found.map_err(|_| KeystoreError::SelfCheck("joining the shares"))?;
        if !bool::from(found.as_bytes().ct_eq(encrypted.as_bytes())) {
            return Err(KeystoreError::SelfCheck("joining the shares"));
        }
    }
    Ok(())
}

/// The share that the words of this one say.
fn read_back(share: &Share) -> Result<Share, KeystoreError> {
    let count = share.words().count();
    let mut text = Zeroizing::new(String::with_capacity(count * LONGEST_WORD));
    for word in share.words() {
        text.push_str(word);
        text.push(' ');
    }
    let read = Share::parse(&text).map_err(|_| KeystoreError::SelfCheck("reading the words of a share"))?;
    if read.same_as(share) { Ok(read) } else { Err(KeystoreError::SelfCheck("reading the words of a share")) }
}

/// Subsets of exactly as many groups and members as are needed. Every share is in at least one of them.
fn sufficient_subsets(groups: &[Vec<Share>]) -> Vec<Vec<&Share>> {
    let needed = groups.iter().flatten().next().map_or(0, |share| usize::from(share.group_threshold()));
    let rounds = groups.iter().map(|members| members.len().div_ceil(members_needed(members))).max().unwrap_or(0);
    let starts = (0..groups.len()).step_by(needed.max(1));
    let subset = |start: usize, round: usize| {
        let chosen = groups.iter().cycle().skip(start).take(needed);
        chosen.flat_map(move |members| {
            let needed = members_needed(members);
            members.iter().cycle().skip(round * needed % members.len().max(1)).take(needed)
        })
    };
    starts.flat_map(|start| (0..rounds).map(move |round| subset(start, round).collect())).collect()
}

/// How many members of this group are needed.
fn members_needed(members: &[Share]) -> usize {
    members.first().map_or(1, |share| usize::from(share.member_threshold()))
}

#[cfg(test)]
#[path = "split_tests.rs"]
mod tests;
