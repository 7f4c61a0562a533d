//! Plan, sign in a sealed child, send: the three steps that every Ethereum command shares, with the journal between them.

use super::{
    fee_choice::{self, EvmFeeChoice},
    report::EvmSent,
    signer::{self, ReviewScope},
};
use crate::cli::{
    context::{Assent, Context},
    ethereum::args::Options,
    interrupts::{self, NO_ANSWER_YET},
};
use alloy_eips::eip2930::AccessList;
use alloy_json_abi::Error as AbiError;
use alloy_primitives::{Address, B256, Bytes, U256};
use fastness::{
    chain::ethereum::{Ownership, SignedTransaction, fund::LevelPrices},
    explain::Failure,
    explorer::{EvmExplorer, ExplorerError, ethereum::EvmVerdict},
    flow::{
        self,
        ethereum::{self, EvmDelivery, EvmDraft, EvmLimits, Fate, NonceChoice, NonceRequest, Planned, PlanningContext},
    },
    ledger::{
        Ledger,
        ethereum::{EvmAccountRow, EvmWho, Holder, OutboxRow, OutboxState},
    },
    network::EvmChain,
    request::{EvmFeeLimit, EvmRequest, EvmValue},
    review::Warning,
};

/// What a command wants done.
#[derive(Clone, Debug)]
pub(crate) struct CallArgs {
    /// Recipient or contract.
    pub(crate) to: Option<Address>,
    /// Coins that go with it.
    pub(crate) value: EvmValue,
    /// Calldata or init code.
    pub(crate) data: Bytes,
    /// Function signatures that the person typed.
    pub(crate) signatures: Vec<String>,
    /// EIP-7702: the contract that this account's code is to be.
    pub(crate) delegate: Option<Address>,
    /// Errors of the contract that the person named, for telling why a call would fail.
    pub(crate) errors: Vec<AbiError>,
}

impl CallArgs {
    /// A call of a contract.
    pub(crate) const fn call(to: Address, data: Bytes) -> Self {
        let value = EvmValue::Exactly(U256::ZERO);
        Self { to: Some(to), value, data, signatures: Vec::new(), delegate: None, errors: Vec::new() }
    }
}

/// A command at work on one chain and account.
pub(crate) struct EvmSession<'a> {
    /// The chain.
    pub(crate) chain: &'static EvmChain,
    /// The ledger.
    pub(crate) ledger: Ledger,
    /// The account that pays.
    pub(crate) row: EvmAccountRow,
    /// The chain's nodes.
    pub(crate) node: EvmExplorer,
    /// What the person allowed.
    pub(crate) limits: EvmLimits,
    options: Options<'a>,
}

impl<'a> EvmSession<'a> {
    /// Opens everything that is needed, before anything is asked or reserved.
    pub(crate) fn begin(
        context: &mut Context,
        chain: &'static EvmChain,
        options: Options<'a>,
    ) -> Result<Self, Failure> {
        let (ledger, row) = context.evm_account(chain)?;
        let limits = super::args::limits(&ledger, options.limits, options.consents, chain)?;
        let node = context.node(chain)?;
        Ok(Self { chain, ledger, row, node, limits, options })
    }

    fn who(&self) -> EvmWho {
        EvmWho { chain_id: self.chain.id, from: self.row.account.address }
    }

    /// The price that was asked for; nothing where none was named.
    pub(crate) fn asked_fee(&self) -> Result<Option<fastness::request::EvmFee>, Failure> {
        let named = self.options.level.is_some() || self.options.evm.names_a_price();
        named.then(|| self.options.evm.fee(self.options.level, self.chain)).transpose()
    }

    /// The request of a call.
    pub(crate) fn request(&self, call: &CallArgs) -> Result<EvmRequest, Failure> {
        Ok(EvmRequest {
            to: call.to,
            value: call.value,
            data: call.data.clone(),
            fee: self.options.evm.fee(self.options.level, self.chain)?,
            fee_limit: self.limits.max_fee.map_or(EvmFeeLimit::Standard, EvmFeeLimit::Absolute),
            gas_limit: self.options.evm.gas_limit(),
            tx_type: self.options.evm.tx_type(),
            access_list: AccessList::default(),
            delegate: call.delegate,
        })
    }

    /// Plans a call; the nonce is set aside for `holder`.
    pub(crate) fn plan(
        &mut self,
        context: &mut Context,
        call: &CallArgs,
        holder: Holder,
        nonce: Option<NonceChoice>,
    ) -> Result<Planned, Failure> {
        let request = self.request(call)?;
        let purpose = ethereum::purpose(self.chain, self.row.account.address, &request, self.options.once);
        let named = self.options.evm.nonce.map(NonceChoice::Exactly);
        let choice = nonce.or(named).unwrap_or(NonceChoice::Next);
        let errors = &call.errors;
        let mut planning =
            PlanningContext { ledger: &mut self.ledger, row: &self.row, chain: self.chain, node: &self.node, errors };
        let nonce = NonceRequest { choice, holder, purpose: &purpose };
        let planned = ethereum::plan(&mut planning, &request, nonce, &call.signatures)?;
        self.warn_of_drafts(context, planned.nonce.nonce())?;
        self.tell_fees(context, &planned);
        // The limits and consents hold before a password is asked for.
        self.check(context, &planned.draft, call)?;
        Ok(planned)
    }

    /// What other speeds would cost, for a person who named no price and is asked to agree to this one.
    fn tell_fees(&self, context: &Context, planned: &Planned) {
        let is_named = self.options.level.is_some() || self.options.evm.names_a_price();
        if is_named || context.consent() != Assent::Ask || planned.levels.is_empty() {
            return;
        }
        let choice = |level: &LevelPrices| EvmFeeChoice::of(*level, self.chain, planned.gas_limit);
        let choices: Vec<EvmFeeChoice> = planned.levels.iter().map(choice).collect();
        context.ui.say(&format!("Fees now: {}. --fee chooses another.", fee_choice::words(&choices)));
    }

    /// Nonces are used in order: a draft that holds an earlier one holds up everything after it.
    fn warn_of_drafts(&self, context: &Context, nonce: u64) -> Result<(), Failure> {
        let rows = self.ledger.evm_outbox(&self.who())?;
        let earlier = |row: &&OutboxRow| row.state == OutboxState::Drafted && row.nonce < nonce;
        if let Some(row) = rows.iter().find(earlier) {
            let text = format!(
                "nonce {} is set aside for a draft: this waits until that draft is sent, or \
                 `fastness nonce release {} --network {} --wallet {}`",
                row.nonce, row.nonce, self.chain.name, self.row.wallet
            );
            context.ui.warn(&Warning { code: "waits_for_draft", text });
        }
        Ok(())
    }

    /// What this wallet knows when it reviews a wish.
    pub(super) fn ownership(&self, context: &mut Context, call: &CallArgs) -> Result<Ownership, Failure> {
        let scope = ReviewScope { wallet: &self.row.wallet, chain: self.chain, signatures: &call.signatures };
        signer::ownership(context, &self.ledger, scope)
    }

    fn check(&self, context: &mut Context, draft: &EvmDraft, call: &CallArgs) -> Result<(), Failure> {
        let ours = self.ownership(context, call)?;
        ethereum::approve(draft, &ours, |review| self.limits.check(review)).map(|_| ())
    }

    /// The same call from a run that never told its person what became of it: its bytes are sent again, none signed.
    pub(crate) fn resume(&mut self, call: &CallArgs) -> Result<Option<SignedTransaction>, Failure> {
        let request = self.request(call)?;
        let purpose = ethereum::purpose(self.chain, self.row.account.address, &request, self.options.once);
        ethereum::interrupted(&self.ledger, &self.who(), &purpose)
    }

    /// What was signed for a call under a key of its own.
    pub(crate) fn signed_under(&self, key: &str, call: &CallArgs) -> Result<Option<SignedBefore>, Failure> {
        let request = self.request(call)?;
        let purpose = ethereum::purpose(self.chain, self.row.account.address, &request, Some(key));
        let Some(row) = ethereum::used_key(&self.ledger, &self.who(), &purpose)? else { return Ok(None) };
        let Some(hash) = row.signed.as_ref().map(|(hash, _)| *hash) else { return Ok(None) };
        let is_told = row.reported || !matches!(row.state, OutboxState::Signed | OutboxState::Unknown);
        Ok(Some(SignedBefore { hash, fate: ethereum::fate(&self.ledger, &row, &request)?, is_told }))
    }

    /// Stops a call that is on its way already or was paid lately, unless it is said to be meant again.
    pub(crate) fn refuse_repeat(&self, call: &CallArgs) -> Result<(), Failure> {
        let request = self.request(call)?;
        let purpose = ethereum::purpose(self.chain, self.row.account.address, &request, self.options.once);
        match self.options.once {
            Some(_) => ethereum::refuse_used_key(&self.ledger, &self.who(), &purpose),
            None => ethereum::refuse_repeat(&self.ledger, &self.who(), &request, &purpose),
        }
    }

    /// Signs a planned draft in a sealed child, and sends it. A nonce for which nothing was signed is given back.
    pub(crate) fn sign_and_send(
        &mut self,
        context: &mut Context,
        planned: &Planned,
        call: &CallArgs,
    ) -> Result<EvmSent, Failure> {
        // Before the person agrees to anything.
        planned.notes.iter().for_each(|note| context.ui.warn(note));
        let signed = signer::sign_in_child(context, &planned.draft, &call.signatures, self.options)?;
        let mut sent = self.send(context, &signed, Some(planned.nonce.row()))?;
        sent.notes.clone_from(&planned.notes);
        Ok(sent)
    }

    /// Sends signed bytes and tells what became of them.
    pub(crate) fn send(
        &mut self,
        context: &Context,
        signed: &SignedTransaction,
        reserved: Option<i64>,
    ) -> Result<EvmSent, Failure> {
        Sender { ledger: &mut self.ledger, node: &self.node }.send(context, signed, reserved)
    }

    /// A whole payment: what an interrupted run left, else plan, review, sign, send.
    pub(crate) fn whole(&mut self, context: &mut Context, call: &CallArgs, again: Again) -> Result<EvmSent, Failure> {
        ethereum::refresh(&mut self.ledger, &self.node, self.chain, self.row.account.address)?;
        if let Some(signed) = self.resume(call)? {
            context.ui.warn(&resumed());
            return self.send(context, &signed, None);
        }
        if again == Again::No {
            self.refuse_repeat(call)?;
        }
        let planned = self.plan(context, call, Holder::Process, None)?;
        self.sign_and_send(context, &planned, call)
    }
}

/// What an earlier run signed.
pub(crate) struct SignedBefore {
    /// Its hash.
    pub(crate) hash: B256,
    /// What became of it.
    pub(crate) fate: Fate,
    /// Whether a person was told, or it left; else an interrupted run has to be taken up.
    pub(crate) is_told: bool,
}

/// Told before what an interrupted run signed is sent.
pub(crate) fn resumed() -> Warning {
    let text = "an earlier run of this command was interrupted after it had signed; its transaction is used, and nothing new is signed";
    Warning { code: "resumed", text: text.to_owned() }
}

/// Whether the same payment is meant a second time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    /// `--again`.
    Yes,
    /// Not.
    No,
}

/// What signed bytes are sent with.
pub(crate) struct Sender<'a> {
    /// The ledger, which records them before they leave.
    pub(crate) ledger: &'a mut Ledger,
    /// The chain's nodes.
    pub(crate) node: &'a EvmExplorer,
}

impl Sender<'_> {
    /// Sends signed bytes, prints their id before any waiting, and turns the verdict into a report or an error.
    pub(crate) fn send(
        self,
        context: &Context,
        signed: &SignedTransaction,
        reserved: Option<i64>,
    ) -> Result<EvmSent, Failure> {
        let Self { ledger, node } = self;
        let known = EvmSent::new(signed, 0, "unknown", NO_ANSWER_YET.to_owned());
        interrupts::may_leave(known)?;
        let row = ethereum::record(ledger, signed, reserved)?;
        context.ui.say(&format!("Transaction {} is on disk; sending it now.", signed.hash));
        let delivery = ethereum::deliver(ledger, node, signed, Some(row.id))?;
        report(delivery, signed)
    }
}

fn report(delivery: EvmDelivery, signed: &SignedTransaction) -> Result<EvmSent, Failure> {
    let sent = |verdict, detail| Ok(EvmSent::new(signed, delivery.id, verdict, detail));
    match delivery.verdict {
        EvmVerdict::Accepted(carried) => sent("accepted", carried.to_string()),
        EvmVerdict::Known(carried) => sent("known", carried.to_string()),
        EvmVerdict::Unknown => sent("unknown", "no answer after the bytes had left".to_owned()),
        EvmVerdict::Rejected(class) => Err(class.into()),
        EvmVerdict::NotSent(failures) => Err(ExplorerError::NoAnswer(failures).into()),
    }
}

/// A transaction id of the command line.
pub(crate) fn hash(text: &str) -> Result<B256, Failure> {
    let whole = if text.starts_with("0x") { text.to_owned() } else { format!("0x{text}") };
    Ok(whole.parse().map_err(|_| {
        crate::cli::CliError::Usage(format!("`{}` is not a transaction id", fastness::text::SafeText::new(text)))
    })?)
}

/// As [`flow::bitcoin::SignedFile`] for the other family: whether a file is one of an EVM chain, and which.
pub(crate) fn chain_of_file(context: &mut Context, bytes: &[u8]) -> Result<Option<&'static EvmChain>, Failure> {
    context.config()?;
    if let Some(network) = flow::ethereum::network_of_file(bytes) {
        return Ok(match network {
            fastness::network::AnyNetwork::Evm(chain) => Some(chain),
            fastness::network::AnyNetwork::Bitcoin(_) => None,
        });
    }
    if bytes.trim_ascii_start().starts_with(b"{") {
        return Ok(None);
    }
    context.asked_chain()
}
