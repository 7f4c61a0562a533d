//! `child list`: which children of a wallet were made, as the ledger has them. Needs no password, and knows no secret.

use crate::cli::{
    context::Context,
    key_side,
    page::Page,
    report::{Answer, Report, answer},
};
use fastness::{
    explain::Failure,
    keystore::{ChildApplication, ChildPath},
    ledger::{ChildEntry, LedgerError},
    text::{SafeText, date},
};
use serde::Serialize;

use super::{place::ChildPlace, report::shown_note};

#[derive(Serialize)]
struct ChildList {
    wallet: String,
    children: Vec<ListedChild>,
}

#[derive(Serialize)]
struct ListedChild {
    #[serde(flatten)]
    place: ChildPlace,
    made: u64,
    note: Option<SafeText>,
}

pub(super) fn run(context: &mut Context) -> Answer {
    let wallet = context.wallet()?;
    let header = key_side::header_of(context, &wallet)?;
    let entries = context.ledger()?.children(header.fingerprint)?;
    let children = entries.iter().map(listed).collect::<Result<_, _>>()?;
    answer(ChildList { wallet: wallet.to_string(), children })
}

fn listed(entry: &ChildEntry) -> Result<ListedChild, Failure> {
    let damaged = LedgerError::Damaged("child seed");
    let application = ChildApplication::from_path(&entry.application).ok_or(damaged)?;
    let place = ChildPlace::of(ChildPath::new(application, entry.index)?);
    Ok(ListedChild { place, made: entry.made, note: shown_note(Some(&entry.note)) })
}

impl Report for ChildList {
    fn page(&self, page: &mut Page) {
        if self.children.is_empty() {
            return page
                .line(&format!("No child of {} was made here yet; `fastness child words` makes one.", self.wallet));
        }
        let row = |child: &ListedChild| {
            let note = child.note.as_ref().map(SafeText::to_string).unwrap_or_default();
            vec![child.place.what.clone(), child.place.path.clone(), date(child.made), note]
        };
        let rows: Vec<_> = self.children.iter().map(row).collect();
        page.table(&["child", "path", "made", "note"], &rows);
    }
}
