//! How a link begins: at once, after a wait for a session that is free, or not at all.

use std::{
    collections::VecDeque,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use fe2o3_amqp_types::{
    definitions::{Fields, Role, SenderSettleMode},
    messaging::TargetArchetype,
    performatives::{Attach, Performative},
    primitives::{Symbol, Value},
};
use jiff::Timestamp;

use super::{
    connection::Shared,
    inlet::{CREDIT, Inlet},
    outlet::{Outlet, Stand},
    session::{Link, Session},
};
use crate::broker::Refusal;

const FILTER: &str = "com.microsoft:session-filter";
const TIMEOUT: &str = "com.microsoft:timeout";
const LOCKED_UNTIL: &str = "com.microsoft:locked-until-utc";
/// How long a session is waited for when nobody says.
const PATIENCE: Duration = Duration::from_secs(60);
/// From the first day of the calendar of .NET to 1970, in units of 100 ns.
const TICKS: i64 = 62_135_596_800 * 10_000_000;

static OWNERS: AtomicU64 = AtomicU64::new(0);

/// Begins a link.
pub fn take(session: &mut Session, shared: &mut Shared, attach: Attach) {
    let handle = attach.handle.0;
    match attach.role {
        Role::Sender => {
            let node = node(&target(&attach));
            if let Err(refusal) = known(shared, &node) {
                return refuse(session, shared, attach, &refusal);
            }
            session.links.insert(handle, Link::In(Inlet::new(node)));
            answer(session, shared, attach, None);
            let flow = session.state(Some(handle), Some(0), Some(CREDIT));
            session.write(shared, &Performative::Flow(flow));
        }
        Role::Receiver => match stand(shared, &attach) {
            Ok(stand) => {
                let waits = matches!(stand, Stand::Waiting { .. });
                session.links.insert(handle, Link::Out(Outlet::new(stand)));
                if waits {
                    try_again(session, shared, handle);
                } else {
                    answer(session, shared, attach, None);
                }
            }
            Err(refusal) => refuse(session, shared, attach, &refusal),
        },
    }
}

/// Looks whether a link that waits for a session can have one now.
pub fn try_again(session: &mut Session, shared: &mut Shared, handle: u32) {
    let Some(Stand::Waiting { attach, queue, wanted, owner, until }) = session.waiting(handle) else {
        return;
    };
    let (owner, late) = (*owner, *until <= Timestamp::now());
    match shared.broker.lock_session(queue, wanted.as_deref(), owner) {
        Ok((name, until)) => {
            let (attach, queue) = (attach.clone(), queue.clone());
            let keep = attach.snd_settle_mode != SenderSettleMode::Settled;
            let stand = Stand::Queue { queue, session: Some(name.clone()), owner, keep };
            session.links.insert(handle, Link::Out(Outlet::new(stand)));
            answer(session, shared, *attach, Some((name, until)));
        }
        Err(Refusal::NoSession) if !late => {}
        Err(refusal) => {
            let attach = attach.clone();
            refuse(session, shared, *attach, &refusal);
        }
    }
}

/// What a link that we send on is to hand out.
fn stand(shared: &Shared, attach: &Attach) -> Result<Stand, Refusal> {
    let source = attach.source.as_deref();
    let queue = node(&source.and_then(|source| source.address.clone()).unwrap_or_default());
    known(shared, &queue)?;
    if queue == "$cbs" || queue.ends_with("/$management") {
        return Ok(Stand::Replies { node: queue, address: target(attach), replies: VecDeque::new() });
    }
    let owner = OWNERS.fetch_add(1, Ordering::Relaxed);
    let filter = source.and_then(|source| source.filter.as_ref()).and_then(|filter| filter.get(FILTER));
    let Some(filter) = filter else {
        if shared.broker.settings(&queue)?.sessions {
            let why = "It is not possible for an entity that requires sessions to create a non-sessionful message receiver.";
            return Err(Refusal::NotAllowed(why.into()));
        }
        let keep = attach.snd_settle_mode != SenderSettleMode::Settled;
        return Ok(Stand::Queue { queue, session: None, owner, keep });
    };
    let patience = match attach.properties.as_ref().and_then(|properties| properties.get(TIMEOUT)) {
        Some(Value::Uint(millis)) => Duration::from_millis(u64::from(*millis)),
        _ => PATIENCE,
    };
    let (wanted, until) = (named(filter), Timestamp::now() + patience);
    Ok(Stand::Waiting { attach: Box::new(attach.clone()), queue, wanted, owner, until })
}

fn named(filter: &Value) -> Option<String> {
    match filter {
        Value::String(name) => Some(name.clone()),
        Value::Described(described) => named(&described.value),
        _ => None,
    }
}

/// The address's path: `amqps://host/queue`, or the path alone.
fn node(address: &str) -> String {
    let path =
        address.split_once("://").map_or(address, |(_, rest)| rest.split_once('/').map_or("", |it| it.1));
    let path = path.trim_matches('/');
    path.replace("$DeadLetterQueue", "$deadletterqueue")
}

fn target(attach: &Attach) -> String {
    match attach.target.as_deref() {
        Some(TargetArchetype::Target(target)) => target.address.clone().unwrap_or_default(),
        _ => String::new(),
    }
}

fn known(shared: &Shared, node: &str) -> Result<(), Refusal> {
    let queue = node.strip_suffix("/$management").unwrap_or(node);
    if node == "$cbs" { Ok(()) } else { shared.broker.settings(queue).map(drop) }
}

/// Our half of the attach. Of a link that we send on the source is ours to say: it names the session.
fn answer(session: &Session, shared: &mut Shared, attach: Attach, got: Option<(String, Timestamp)>) {
    let mut properties = None;
    let mut source = attach.source;
    if let (Some((name, until)), Some(source)) = (got, source.as_mut()) {
        source.filter.get_or_insert_default().insert(Symbol::from(FILTER), Value::String(name));
        let ticks = until.as_microsecond() * 10 + TICKS;
        properties = Some(Fields::from_iter([(Symbol::from(LOCKED_UNTIL), Value::Long(ticks))]));
    }
    let sends = attach.role == Role::Receiver;
    let answer = Attach {
        role: if sends { Role::Sender } else { Role::Receiver },
        source,
        initial_delivery_count: sends.then_some(0),
        max_message_size: Some(256 << 10),
        unsettled: None,
        incomplete_unsettled: false,
        properties,
        ..attach
    };
    session.write(shared, &Performative::Attach(answer));
}

/// A link that never comes to be is begun without an end to it and ended at once, as the protocol wants it.
fn refuse(session: &mut Session, shared: &mut Shared, attach: Attach, refusal: &Refusal) {
    let handle = attach.handle.0;
    answer(session, shared, Attach { source: None, target: None, ..attach }, None);
    session.detach(shared, handle, refusal);
}
