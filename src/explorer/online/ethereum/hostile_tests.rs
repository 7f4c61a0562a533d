//! EVM nodes that lie about every fact in turn, alone and together, over real sockets on loopback.
//!
//! Tests only. What holds for every combination: no wrong number is ever proven or agreed, two honest operators of three are
//! enough, and a transaction that a node has is never refused.

use alloy_primitives::{U256, keccak256};

use super::fake::{BALANCE, FakeNode, HASH, Lie, Mail, NONCE, OURS, RAW, TIP, connect};
use crate::{
    explorer::{
        Cause, Claim, ExplorerError,
        ethereum::{EvmAccountState, EvmReject, EvmVerdict, EvmWhereabouts, Matter, Sourced},
    },
    review::Evidence,
};

const LIES: [Lie; 9] = [
    Lie::ForgedProof,
    Lie::OtherAccount,
    Lie::WrongRoot,
    Lie::HeaderDoesNotHash,
    Lie::OwnChain,
    Lie::SwappedBalance,
    Lie::StaleNonce,
    Lie::ForeignChain,
    Lie::Behind,
];

fn three() -> [FakeNode; 3] {
    [0, 1, 2].map(FakeNode::start)
}

/// Every way in which three operators can be honest, down, or tell this lie.
fn subsets(lie: Lie) -> Vec<[Lie; 3]> {
    let each = [Lie::Honest, Lie::Down, lie];
    let mut found = Vec::new();
    for first in each {
        for second in each {
            found.extend(each.map(|third| [first, second, third]));
        }
    }
    found
}

fn is_true(state: &EvmAccountState) -> bool {
    (state.balance, state.nonce) == (U256::from(BALANCE), NONCE)
}

/// Asks three nodes that behave so, and judges what comes of it. What it rests on is handed back.
fn judge(nodes: &[FakeNode; 3], lies: [Lie; 3]) -> Option<Evidence> {
    nodes.iter().zip(lies).for_each(|(node, lie)| {
        node.tells(lie);
    });
    let explorer = connect(&nodes.each_ref());
    let honest = lies.iter().filter(|lie| **lie == Lie::Honest).count();
    let answer = explorer.account(OURS);
    let Ok(told) = answer else {
        assert_eq!(honest, 0, "{lies:?}: {answer:?}");
        return None;
    };
    let evidence = told.evidence();
    if evidence != Evidence::Said {
        assert!(is_true(told.value()), "{lies:?} made a wrong number {evidence:?}: {told:#?}");
        assert!(told.said_by.len() > 1, "{lies:?}: {told:#?}");
    }
    if honest > 1 {
        assert_ne!(evidence, Evidence::Said, "{lies:?}: {told:#?}");
    }
    if !is_true(told.value()) && honest > 0 {
        assert!(!told.disagreements.is_empty(), "{lies:?}: a wrong number without a word against it: {told:#?}");
    }
    Some(evidence)
}

#[test]
fn no_subset_of_liars_makes_a_wrong_number_proven_or_agreed() {
    let nodes = three();
    let (mut cases, mut proven, mut agreed) = (0, 0, 0);
    for lie in LIES {
        for lies in subsets(lie) {
            let evidence = judge(&nodes, lies);
            cases += 1;
            proven += usize::from(evidence == Some(Evidence::Proven));
            agreed += usize::from(evidence == Some(Evidence::Agreed));
        }
    }
    assert_eq!(cases, 243);
    assert!(proven > 70 && agreed > 10, "{proven} proven, {agreed} agreed");
}

#[test]
fn nor_where_nobody_serves_proofs() {
    let nodes = three();
    nodes.iter().for_each(|node| {
        node.without_proofs();
    });
    for lie in [Lie::SwappedBalance, Lie::StaleNonce, Lie::OwnChain, Lie::Behind, Lie::ForeignChain] {
        for lies in subsets(lie) {
            assert_ne!(judge(&nodes, lies), Some(Evidence::Proven), "{lies:?}");
        }
    }
}

#[test]
fn different_lies_together_do_no_better() {
    let nodes = three();
    for (place, first) in LIES.iter().enumerate() {
        for second in &LIES[place..] {
            judge(&nodes, [*first, Lie::Honest, *second]);
            judge(&nodes, [*first, *second, Lie::Honest]);
        }
    }
}

fn told_by(lies: [Lie; 3]) -> Sourced<EvmAccountState> {
    let nodes = three();
    nodes.iter().zip(lies).for_each(|(node, lie)| {
        node.tells(lie);
    });
    connect(&nodes.each_ref()).account(OURS).expect("an answer")
}

#[test]
fn three_honest_operators_prove_it_and_one_alone_learns_who_asks() {
    let nodes = three();
    let told = connect(&nodes.each_ref()).account(OURS).expect("an answer");
    assert!(matches!(&told.claim, Claim::Proven(state) if is_true(state) && state.block == TIP), "{told:#?}");
    assert_eq!(told.said_by, nodes.each_ref().map(FakeNode::operator));
    assert!(told.disagreements.is_empty());
    let counts = nodes
        .each_ref()
        .map(|node| node.server.count("POST / {\"id\":0,\"jsonrpc\":\"2.0\",\"method\":\"eth_getProof"));
    assert_eq!(counts, [1, 0, 0]);
}

#[test]
fn one_operator_alone_proves_nothing() {
    for lies in [[Lie::Honest, Lie::Down, Lie::Down], [Lie::Down, Lie::Down, Lie::OwnChain]] {
        assert_eq!(told_by(lies).evidence(), Evidence::Said);
    }
}

#[test]
fn whoever_lies_is_named() {
    let named = |lie| {
        let told = told_by([lie, Lie::Honest, Lie::Honest]);
        assert!(is_true(told.value()), "{told:#?}");
        told.disagreements.iter().map(|other| other.about).collect::<Vec<_>>()
    };
    for (lie, about) in [
        (Lie::ForgedProof, Matter::Proof),
        (Lie::OtherAccount, Matter::Proof),
        (Lie::WrongRoot, Matter::Proof),
        (Lie::HeaderDoesNotHash, Matter::Block),
        (Lie::OwnChain, Matter::Block),
        (Lie::SwappedBalance, Matter::Proof),
        (Lie::StaleNonce, Matter::Proof),
        (Lie::ForeignChain, Matter::Chain),
        (Lie::Behind, Matter::Height),
        (Lie::Ahead, Matter::Height),
    ] {
        assert_eq!(named(lie), [about], "{lie:?}");
    }
}

#[test]
fn a_false_proof_bars_its_host_for_good() {
    let nodes = three();
    nodes[0].tells(Lie::ForgedProof);
    let explorer = connect(&nodes.each_ref());
    explorer.account(OURS).expect("an answer");
    let barred = explorer.distrusted();
    assert_eq!((barred.len(), &barred[0].operator, barred[0].cause), (1, &nodes[0].operator(), Cause::Lied));
    let seen = nodes[0].server.count("");
    let again = explorer.account(OURS).expect("an answer");
    assert_eq!((nodes[0].server.count(""), again.evidence()), (seen, Evidence::Proven));
}

/// Two nodes that tell the same lie are a majority: that cannot be found out, but it is not proven, and an objector is
/// named.
#[test]
fn two_who_conspire_are_contradicted_by_name() {
    let nodes = [FakeNode::start(7), FakeNode::start(7), FakeNode::start(2)];
    nodes[0].tells(Lie::OwnChain);
    nodes[1].tells(Lie::OwnChain);
    let told = connect(&nodes.each_ref()).account(OURS).expect("an answer");
    assert_ne!(told.evidence(), Evidence::Proven);
    assert!(told.about(Matter::Block).any(|other| other.operator == nodes[2].operator()), "{told:#?}");
}

/// Chains that hash their headers, or keep their state, in another way than Ethereum: two of three are enough.
#[test]
fn where_nothing_can_be_proven_two_who_say_the_same_agree() {
    let nodes = [5, 5, 5].map(FakeNode::start);
    for quirk in [Lie::HeaderDoesNotHash, Lie::OtherAccount] {
        nodes.iter().for_each(|node| {
            node.tells(quirk);
        });
        let explorer = connect(&nodes.each_ref());
        let told = explorer.account(OURS).expect("an answer");
        assert!(is_true(told.value()) && told.evidence() == Evidence::Agreed, "{quirk:?}: {told:#?}");
        assert_eq!(told.said_by.len(), 2, "the third need not learn whom it is about");
        assert!(explorer.distrusted().is_empty());
    }
}

#[test]
fn a_nonce_that_two_contradict_each_other_about_is_said_to_be_so() {
    let nodes = three();
    nodes[0].without_proofs().tells(Lie::StaleNonce);
    nodes[1].without_proofs();
    let told = connect(&[&nodes[0], &nodes[1]]).account(OURS).expect("an answer");
    assert_eq!(told.evidence(), Evidence::Said);
    assert_eq!(
        told.about(Matter::Nonce).map(|other| other.operator.clone()).collect::<Vec<_>>(),
        [nodes[1].operator()]
    );
}

#[test]
fn one_dear_node_does_not_raise_the_price_and_is_named() {
    let nodes = three();
    let honest = connect(&nodes.each_ref()).fees().expect("fees");
    assert!(honest.disagreements.is_empty() && honest.evidence() == Evidence::Agreed);
    for dear in 0..3 {
        nodes.iter().for_each(|node| {
            node.tells(Lie::Honest);
        });
        nodes[dear].tells(Lie::Dear);
        let fees = connect(&nodes.each_ref()).fees().expect("fees");
        assert_eq!(fees.value().next_base_fee, honest.value().next_base_fee);
        let named: Vec<_> = fees.about(Matter::Price).map(|other| other.operator.clone()).collect();
        assert_eq!(named, [nodes[dear].operator()]);
        let other = &nodes[(dear + 1) % 3];
        let two = connect(&[&nodes[dear], other]).fees().expect("fees");
        assert_eq!(two.value().next_base_fee, honest.value().next_base_fee);
        assert_eq!(two.about(Matter::Price).count(), 2, "nobody knows which of two is right");
    }
}

#[test]
fn the_sample_transaction_is_what_it_is_said_to_be() {
    assert_eq!(keccak256(RAW), HASH);
    let (signed, _) = crate::chain::ethereum::decode::signed(&RAW).expect("a transaction");
    assert_eq!((signed.from, signed.nonce, signed.chain.id), (OURS, NONCE, 1));
}

const MAILS: [Mail; 9] = [
    Mail::Takes,
    Mail::HasIt,
    Mail::FeeTooLow,
    Mail::Mined,
    Mail::NonceTooLow,
    Mail::OtherHash,
    Mail::KeepsAndHangsUp,
    Mail::HangsUp,
    Mail::TakesItLater,
];

fn send(nodes: &[FakeNode; 3], mails: [Mail; 3]) -> EvmVerdict {
    nodes.iter().zip(mails).for_each(|(node, mail)| {
        node.makes(mail);
    });
    connect(&nodes.each_ref()).send(&RAW, HASH, OURS)
}

#[test]
fn whatever_three_hosts_make_of_it_what_anybody_has_is_never_refused() {
    let nodes = three();
    let mut cases = 0;
    for first in MAILS {
        for second in MAILS {
            for third in MAILS {
                let mails = [first, second, third];
                let verdict = send(&nodes, mails);
                cases += 1;
                let times = nodes.each_ref().map(FakeNode::sent);
                assert!(times.iter().all(|times| *times < 3), "{mails:?} was sent {times:?} times");
                let held = mails.iter().zip(times).any(|(mail, times)| mail.holds(times));
                let is_there = matches!(verdict, EvmVerdict::Accepted(_) | EvmVerdict::Known(_));
                // A node that answered with another hash is barred and not asked again: what it keeps stays unknown.
                let barred_only =
                    mails.iter().zip(times).all(|(mail, times)| !mail.holds(times) || *mail == Mail::OtherHash);
                assert!(is_there || !held || (barred_only && verdict == EvmVerdict::Unknown), "{mails:?}: {verdict:?}");
                assert!(held || !is_there, "{mails:?}: nobody has it, and it is {verdict:?}");
                let unclear = |mail: &Mail| matches!(mail, Mail::HangsUp | Mail::OtherHash);
                if mails.iter().any(unclear) {
                    assert!(
                        !matches!(verdict, EvmVerdict::Rejected(_) | EvmVerdict::NotSent(_)),
                        "{mails:?}: {verdict:?}"
                    );
                }
            }
        }
    }
    assert_eq!(cases, 729);
}

#[test]
fn verdicts_tell_who_has_it_and_who_objects() {
    let nodes = three();
    let EvmVerdict::Accepted(carried) = send(&nodes, [Mail::Takes, Mail::FeeTooLow, Mail::HasIt]) else {
        panic!("two have it")
    };
    let text = carried.to_string();
    assert!(
        text.starts_with("2 of 3: ") && text.ends_with("the gas price is below what blocks or the node ask for"),
        "{text}"
    );
    // One had mined it before it was asked to take it: that is no objection.
    let EvmVerdict::Accepted(carried) = send(&nodes, [Mail::Takes, Mail::Mined, Mail::NonceTooLow]) else {
        panic!("two have it")
    };
    assert_eq!((carried.operators.len(), carried.dissent.len()), (2, 1), "{carried}");
    assert_eq!(send(&nodes, [Mail::FeeTooLow; 3]), EvmVerdict::Rejected(EvmReject::FeeTooLow));
    // The nonce is free, as all three say: then it cannot be too low.
    assert_eq!(send(&nodes, [Mail::NonceTooLow; 3]), EvmVerdict::Unknown);
    assert!(matches!(send(&nodes, [Mail::Mined, Mail::FeeTooLow, Mail::FeeTooLow]), EvmVerdict::Known(_)));
    assert_eq!(send(&nodes, [Mail::HangsUp; 3]), EvmVerdict::Unknown);
    assert_eq!(
        nodes.each_ref().map(FakeNode::sent),
        [2, 2, 2],
        "once more where it is unclear, and never a third time"
    );
    nodes[0].tells(Lie::Down);
    nodes[1].tells(Lie::Down);
    nodes[2].tells(Lie::ForeignChain);
    assert!(matches!(send(&nodes, [Mail::Takes; 3]), EvmVerdict::NotSent(failures) if failures.0.len() == 3));
}

#[test]
fn another_hash_in_the_answer_bars_the_host() {
    let nodes = three();
    nodes.iter().zip([Mail::OtherHash, Mail::Takes, Mail::Takes]).for_each(|(node, mail)| {
        node.makes(mail);
    });
    let explorer = connect(&nodes.each_ref());
    assert!(matches!(explorer.send(&RAW, HASH, OURS), EvmVerdict::Accepted(carried) if carried.operators.len() == 2));
    let barred = explorer.distrusted();
    assert_eq!((barred.len(), &barred[0].operator), (1, &nodes[0].operator()));
}

#[test]
fn a_receipt_of_one_against_two_is_not_believed() {
    let nodes = three();
    let place = |mails: [Mail; 3]| {
        nodes.iter().zip(mails).for_each(|(node, mail)| {
            node.makes(mail);
        });
        connect(&nodes.each_ref()).whereabouts(HASH, OURS).expect("an answer")
    };
    let two = place([Mail::Mined, Mail::FeeTooLow, Mail::Mined]);
    assert!(matches!(two.value(), EvmWhereabouts::Mined(receipt) if receipt.block == TIP - 2), "{two:#?}");
    assert_eq!(two.evidence(), Evidence::Agreed);
    assert_eq!(place([Mail::FeeTooLow; 3]).value(), &EvmWhereabouts::Absent { nonce: NONCE });
    assert_eq!(place([Mail::FeeTooLow, Mail::HasIt, Mail::FeeTooLow]).value(), &EvmWhereabouts::Pending);
    // A receipt in a chain of its own: the others know that block as another.
    nodes[0].tells(Lie::OwnChain);
    let one = place([Mail::Mined, Mail::FeeTooLow, Mail::FeeTooLow]);
    assert_eq!((one.value(), one.evidence()), (&EvmWhereabouts::Pending, Evidence::Said));
    assert_eq!(one.about(Matter::Place).count(), 3, "{one:#?}");
}

#[test]
fn a_nonce_that_one_of_several_says_alone_is_used_refuses_nothing() {
    let nodes = three();
    nodes[0].tells(Lie::OwnChain).makes(Mail::NonceTooLow);
    nodes[1].tells(Lie::Down);
    nodes[2].tells(Lie::Down);
    let several = connect(&nodes.each_ref());
    assert!(several.has_second_source());
    assert_eq!(several.send(&RAW, HASH, OURS), EvmVerdict::Unknown, "it may have kept it, and nobody else was asked");
    let one = connect(&[&nodes[0]]);
    assert!(!one.has_second_source());
    assert_eq!(one.send(&RAW, HASH, OURS), EvmVerdict::Rejected(EvmReject::NonceTooLow), "the only node there is");
}

#[test]
fn a_foreign_chain_alone_is_an_error_with_its_name() {
    let nodes = three();
    nodes[0].tells(Lie::ForeignChain);
    let error = connect(&[&nodes[0]]).account(OURS).expect_err("another chain");
    assert!(matches!(error, ExplorerError::WrongChain { .. }), "{error}");
}
