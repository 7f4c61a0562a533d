//! The numbers a node's owner may choose: relay fees, and the fee estimates it hands out.
//!
//! Rules that are the same for every node live in standard.rs and admission.rs, not here.

use std::collections::BTreeMap;

use crate::amount::FeeRate;

/// What this node relays and estimates. Change it to meet the nodes a wallet may meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Lowest fee rate relayed: 1 sat/vB here; newer nodes take 0.1 sat/vB.
    pub min_relay: FeeRate,
    /// What a replacement must add for its own bytes (BIP-125 rule 4).
    pub incremental: FeeRate,
    /// Floor while the mempool is full; 0 when it is not.
    pub mempool_min: FeeRate,
    /// Fee rate refused as a slip of the sender: Core's default `maxfeerate` of 0.1 BTC/kvB.
    pub max_fee_rate: FeeRate,
    /// Most bytes of data outputs in one transaction: 100,000 on recent nodes, 83 on older ones.
    pub max_data: usize,
    /// Most transactions kept waiting, so that a loop cannot fill the memory.
    pub capacity: usize,
    /// What `/fee-estimates` answers: rate by confirmation target in blocks.
    pub estimates: BTreeMap<u16, FeeRate>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            min_relay: FeeRate::from_sat_per_vb(1),
            incremental: FeeRate::from_sat_per_vb(1),
            mempool_min: FeeRate::from_sat_per_vb(0),
            max_fee_rate: FeeRate::from_sat_per_vb(10_000),
            max_data: 100_000,
            capacity: 50_000,
            estimates: default_estimates(),
        }
    }
}

/// The targets Esplora servers answer (1 to 25, 144, 504, 1008), with rates that fall as patience grows.
fn default_estimates() -> BTreeMap<u16, FeeRate> {
    (1..=25u16)
        .chain([144, 504, 1008])
        .map(|target| {
            let sat_per_kvb = match target {
                1..=2 => 5_000,
                3..=5 => 4_000,
                6..=11 => 3_000,
                12..=24 => 2_000,
                _ => 1_000,
            };
            (target, FeeRate { sat_per_kvb })
        })
        .collect()
}

/// Blocks a coinbase output must wait (`COINBASE_MATURITY`).
pub(crate) const MATURITY: u32 = 100;
