//! A second organisation is asked whether it knows of our scripts what is known already.
//!
//! It reports what that second source says, script by script; which of the two is right is not decided here. There is
//! one second source, as far as its allowance goes: the scripts named first are the ones that matter most.

use super::{
    Explorer,
    backend::Host,
    history::HostHistory,
    questions::{KnownFrom, ScriptAnswer, ScriptQuery},
};
use crate::{
    explorer::{
        Cause, ExplorerError,
        bitcoin::{CrossCheckScript, Opinion, ScriptHistory, Tip},
        online::transport::{limits, pool::after},
        operators::organisation,
    },
    text::SafeText,
};

/// What one host answered: its tip, an answer for each script that was put to it.
type Testimony = (Tip, Vec<ScriptAnswer>);

impl Explorer {
    /// What another organisation than that of `primary`, which told most of them, says of these scripts; nothing if there is
    /// no other that may be asked.
    ///
    /// # Errors
    /// There is one, and it did not answer.
    pub fn second_opinion(
        &self,
        primary: &SafeText,
        scripts: &[CrossCheckScript],
    ) -> Result<Option<Opinion>, ExplorerError> {
        let end = after(limits::SCAN);
        let question = async |host: Host<'_>| testimony(&host, scripts).await;
        let ask = async |endpoint: &_, deadline| self.ask_one(endpoint, deadline, &question).await;
        let found = self.wait(self.pool.seek_elsewhere(primary, end, ask))?;
        Ok(found.map(|((tip, answers), operator)| opinion(scripts, (tip, answers), operator)))
    }
}

/// Asks one host about as many of the scripts as it allows.
async fn testimony(host: &Host<'_>, scripts: &[CrossCheckScript]) -> Result<Testimony, Cause> {
    let (tip, _) = host.top().await?;
    let together = host.pace().await?.together;
    let most = host.endpoint().room().saturating_mul(together);
    let here = host.endpoint().operator.as_str();
    let ask = |one: &CrossCheckScript| ScriptQuery {
        script: one.script.clone(),
        known: Some(one.known.clone()),
        told: if one.agreed_by.as_deref() == Some(here) { KnownFrom::Here } else { KnownFrom::Elsewhere },
    };
    let asked: Vec<ScriptQuery> = scripts.iter().take(most).map(ask).collect();
    let mut answers = Vec::with_capacity(asked.len());
    // Each part has its own time, as in a scan.
    for part in asked.chunks(together.max(limits::PART)) {
        answers.extend(host.until(after(limits::SCAN)).histories(part).await?);
    }
    Ok((tip, answers))
}

fn opinion(scripts: &[CrossCheckScript], (tip, answers): Testimony, operator: SafeText) -> Opinion {
    let unasked = scripts.len().saturating_sub(answers.len());
    let mut opinion = Opinion { operator, tip, agreed: Vec::new(), differing: Vec::new(), unasked };
    let its = organisation(opinion.operator.as_str());
    for (CrossCheckScript { keychain, index, known, told_by, .. }, answer) in scripts.iter().zip(answers) {
        let is_another = told_by.as_ref().is_some_and(|teller| organisation(teller.as_str()) != its);
        let is_the_same = match &answer {
            ScriptAnswer::Unchanged => true,
            ScriptAnswer::History(history) => known.is(&history.txs),
        };
        let (keychain, index) = (*keychain, *index);
        match answer {
            // A host is no second source for itself.
            _ if is_the_same && is_another => opinion.agreed.push((keychain, index)),
            ScriptAnswer::History(HostHistory { txs, mempool_capped }) if !is_the_same => {
                let operator = opinion.operator.clone();
                opinion.differing.push(ScriptHistory { keychain, index, txs, mempool_capped, operator });
            }
            _ => {}
        }
    }
    opinion
}
