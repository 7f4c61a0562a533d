//! A small picture of what waits for a block on Bitcoin: how much of it at which fee rates.
//!
//! It shows what one explorer says; no fee is computed from it.

use crate::cli::{
    ethereum::evidence::operator,
    page::{Page, Tone},
};
use fastness::{
    amount::FeeRate,
    explorer::{Claim, bitcoin::FeeBand},
};
use serde::Serialize;

/// Virtual bytes of a full block: four million units of weight (BIP-141).
const BLOCK: u64 = 1_000_000;
/// The lowest rate of each line, in satoshi per 1000 virtual bytes, from the top down.
const LINES: [u64; 10] = [100_000, 50_000, 20_000, 10_000, 5000, 3000, 2000, 1000, 500, 0];
/// Letters of the longest bar.
const BAR: u64 = 20;

/// What waits at the rates of one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct MempoolPart {
    /// The lowest rate in it.
    from: FeeRate,
    /// Virtual bytes.
    vsize: u64,
}

/// What waits for a block.
#[derive(Clone, Debug, Serialize)]
pub(super) struct MempoolPicture {
    /// From the highest rates down, without empty lines at both ends.
    parts: Vec<MempoolPart>,
    /// Virtual bytes in all.
    vsize: u64,
    said_by: String,
}

impl MempoolPicture {
    /// The parts of a mempool in lines.
    pub(super) fn of(claim: Claim<Vec<FeeBand>>) -> Self {
        let said_by = operator(&claim);
        let bands = claim.into_value();
        let mut parts: Vec<_> = LINES.into_iter().map(|from| (from, 0u64)).collect();
        for band in &bands {
            if let Some((_, vsize)) = parts.iter_mut().find(|(from, _)| band.lowest.sat_per_kvb >= *from) {
                *vsize = vsize.saturating_add(band.vsize);
            }
        }
        let is_empty = |part: &&(u64, u64)| part.1 == 0;
        let above = parts.iter().take_while(is_empty).count();
        let below = parts.iter().rev().take_while(is_empty).count();
        let shown = parts.len().saturating_sub(below);
        let part = |(from, vsize): (u64, u64)| MempoolPart { from: FeeRate { sat_per_kvb: from }, vsize };
        Self {
            parts: parts.into_iter().take(shown).skip(above).map(part).collect(),
            vsize: bands.iter().map(|band| band.vsize).fold(0, u64::saturating_add),
            said_by,
        }
    }

    /// The lines of the page.
    pub(super) fn write(&self, page: &mut Page) {
        page.blank();
        if self.parts.is_empty() {
            return page.toned(Tone::Claimed, &format!("  Nothing waits for a block, as {} says.", self.said_by));
        }
        let blocks = self.vsize.div_ceil(BLOCK);
        let blocks = if blocks == 1 { "one block".to_owned() } else { format!("{blocks} blocks") };
        let what = format!("{} waits, which fits into {blocks}, as {} says:", size(self.vsize), self.said_by);
        page.toned(Tone::Claimed, &format!("  {what}"));
        let most = self.parts.iter().map(|part| part.vsize).max().unwrap_or(1).max(1);
        for part in &self.parts {
            page.field(&rates(part.from), &format!("{} {}", bar(part.vsize, most), size(part.vsize)));
        }
    }
}

/// The name of a line: short, for a narrow window.
fn rates(from: FeeRate) -> String {
    match from.sat_per_kvb {
        0 => "less".to_owned(),
        500 => "0.5 or more".to_owned(),
        rate => format!("{} or more", rate / 1000),
    }
}

/// A bar whose longest is [`BAR`] letters; what is not nothing has one at least.
fn bar(vsize: u64, most: u64) -> String {
    let letters = u128::from(vsize) * u128::from(BAR) / u128::from(most);
    let letters = usize::try_from(letters).unwrap_or_default();
    "#".repeat(letters.max(usize::from(vsize > 0)))
}

/// Virtual bytes for a person.
fn size(vsize: u64) -> String {
    match vsize {
        0..1000 => format!("{vsize} vB"),
        1000..1_000_000 => format!("{} kvB", vsize / 1000),
        _ => format!("{}.{} MvB", vsize / 1_000_000, vsize % 1_000_000 / 100_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::page::Medium;
    use fastness::text::SafeText;

    fn waiting(bands: &[(u64, u64)]) -> MempoolPicture {
        let band = |&(rate, vsize): &(u64, u64)| FeeBand { lowest: FeeRate { sat_per_kvb: rate }, vsize };
        MempoolPicture::of(Claim::said_by(bands.iter().map(band).collect(), vec![SafeText::new("a.example")]))
    }

    fn page(bands: &[(u64, u64)]) -> String {
        let mut page = Page::new(Medium::Plain);
        waiting(bands).write(&mut page);
        page.into_text()
    }

    #[test]
    fn what_waits_is_drawn_without_empty_ends() {
        let page = page(&[(12_000, 50_000), (10_500, 50_000), (3000, 1_900_000), (1200, 10)]);
        assert!(page.contains("2.0 MvB waits, which fits into 3 blocks, as a.example says"), "{page}");
        assert!(page.contains("10 or more") && !page.contains("20 or more") && !page.contains("less"), "{page}");
        assert!(page.contains("#################### 1.9 MvB") && page.contains("# 100 kvB"), "{page}");
        assert!(page.contains("1 or more") && page.contains("# 10 vB"), "{page}");
        // A line between two that are not empty stays.
        assert_eq!(page.matches("or more").count(), 5, "{page}");
    }

    #[test]
    fn nothing_and_too_much_are_said_plainly() {
        assert!(page(&[]).contains("Nothing waits for a block"));
        let all = waiting(&[(0, u64::MAX), (0, 5)]);
        assert_eq!((all.vsize, all.parts.len()), (u64::MAX, 1));
        assert!(bar(u64::MAX, u64::MAX).len() == 20);
    }
}
