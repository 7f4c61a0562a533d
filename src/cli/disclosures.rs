//! Writes down what each host is told, before it is told. `privacy report` reads it back.
//!
//! A line that cannot be written stops nothing, for a payment may be on its way: it is counted, and the person is warned.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    rc::Rc,
    sync::atomic::{AtomicBool, Ordering},
};

use super::{report::OutputFormat, ui::Ui};
use fastness::{
    explorer::{DisclosureHook, Egress, Seen},
    ledger::now,
    review::Warning,
    store::{LoggedRequest, RequestLog},
};

/// Whether this process has warned: the explorers of each account have a hook of their own.
static WARNED: AtomicBool = AtomicBool::new(false);

/// A disclosure hook that writes into a log; `egress` says by which way a host is reached.
pub(crate) fn hook(egress: Egress, log: RequestLog, form: OutputFormat) -> DisclosureHook {
    let log = RefCell::new(log);
    let lately: RefCell<BTreeMap<LoggedRequest, u64>> = RefCell::default();
    Rc::new(move |seen: &Seen| {
        let (told, time) = (told(&egress, seen), now());
        // The times of the report are seconds: the same twice in one says nothing new.
        if lately.borrow().get(&told) == Some(&time) {
            return;
        }
        if log.borrow_mut().add(time, &told).is_err() {
            if !WARNED.swap(true, Ordering::Relaxed) {
                Ui::new(form).warn(&not_written());
            }
        } else {
            lately.borrow_mut().insert(told, time);
        }
    })
}

fn told(egress: &Egress, seen: &Seen) -> LoggedRequest {
    let host = seen.host.to_string();
    LoggedRequest {
        network: seen.network.to_owned(),
        kind: seen.subject.kind().to_owned(),
        id: seen.subject.id().to_owned(),
        route: egress.route(&host).name().to_owned(),
        host,
    }
}

fn not_written() -> Warning {
    let text =
        "what explorers are told cannot be written down (is the disk full?); `privacy report` will not be complete";
    Warning { code: "privacy.not_written", text: text.to_owned() }
}
