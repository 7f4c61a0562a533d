//! Which block is at a height, where hosts tell of two chains: the one of the longer chain, shown with the work on it.
//!
//! Names nothing of ours, so that any host may be asked. A host's word for a hash is no answer here.

use bitcoin::block::Header;

use super::{Explorer, backend::Host};
use crate::{
    chain::bitcoin::spv,
    explorer::{
        Cause, Claim, ExplorerError,
        bitcoin::{BlockAtHeight, Heights, SAME_MOMENT},
        online::transport::{
            limits,
            pool::{Audience, Polled, after},
        },
    },
};

impl Explorer {
    /// The block at a height in the longest of two chains.
    ///
    /// # Errors
    /// No host answered, or only with headers that are false.
    pub fn standing_at(&self, height: u32) -> Result<BlockAtHeight, ExplorerError> {
        let polled = self.ask_two(async |host: Host<'_>| shown(&host, height).await.map(Some))?;
        let mut best: Option<(u32, BlockAtHeight)> = None;
        for (tip, standing) in polled.answers.into_iter().filter_map(|(_, shown)| shown) {
            if best.as_ref().is_none_or(|(highest, _)| tip > *highest) {
                best = Some((tip, standing));
            }
        }
        Ok(best.map_or(BlockAtHeight::NotShown, |(_, standing)| standing))
    }

    /// The height of the newest block, as two organisations say.
    ///
    /// # Errors
    /// As [`Explorer::tip`].
    pub fn heights(&self) -> Result<Heights, ExplorerError> {
        let polled = self.ask_two(async |host: Host<'_>| Ok(Some(host.top().await?.0.height)))?;
        let said: Vec<_> =
            polled.answers.into_iter().filter_map(|(operator, height)| Some((height?, operator))).collect();
        let highest = said.iter().map(|(height, _)| *height).max().unwrap_or(0);
        let (value, operator) =
            said.iter().min_by_key(|(height, _)| *height).cloned().ok_or_else(|| self.pool.error_of(Vec::new()))?;
        if said.len() > 1 && highest - value <= SAME_MOMENT {
            let operators = said.into_iter().map(|(_, operator)| operator).collect();
            return Ok(Heights { counted: Claim::Agreed { value, operators }, highest });
        }
        Ok(Heights { counted: Claim::Single { value, operator }, highest })
    }

    /// A question about the chain to two organisations.
    fn ask_two<T>(
        &self,
        question: impl AsyncFn(Host<'_>) -> Result<Option<T>, Cause>,
    ) -> Result<Polled<T>, ExplorerError> {
        let ask = async |endpoint: &_, deadline| self.ask_one(endpoint, deadline, &question).await;
        self.wait(async {
            self.answered(
                self.pool.poll(after(limits::NEUTRAL_QUESTION), limits::SOURCES, Audience::Anybody, ask).await,
            )
        })
    }
}

/// What one host shows of the block at a height, and the height of its tip.
async fn shown(host: &Host<'_>, height: u32) -> Result<(u32, BlockAtHeight), Cause> {
    let (tip, _) = host.top().await?;
    let Some(above) = tip.height.checked_sub(height) else { return Ok((tip.height, BlockAtHeight::Shorter)) };
    let headers = host.headers(height, tip.height).await?;
    spv::check_headers(host.network(), height, &headers).map_err(|_| Cause::Lied)?;
    let needed = usize::try_from(above).unwrap_or(usize::MAX).min(spv::SUCCESSORS) + 1;
    let block = headers.first().filter(|_| headers.len() >= needed).map(Header::block_hash);
    Ok((tip.height, block.map_or(BlockAtHeight::NotShown, BlockAtHeight::Block)))
}
