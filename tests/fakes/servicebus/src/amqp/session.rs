//! One AMQP session: its links by handle, its windows, and what it has sent that is not yet settled.

use std::{
    collections::{BTreeMap, HashMap},
    io,
};

use bytes::Bytes;
use fe2o3_amqp::frames::amqp::FrameBody;
use fe2o3_amqp_types::{
    definitions::{DeliveryTag, Handle, Role},
    messaging::{Accepted, DeliveryState, Rejected},
    performatives::{Begin, Detach, Disposition, Flow, Performative, Transfer},
};
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    attach,
    connection::Shared,
    frame::{self, malformed},
    inlet::{Inlet, Reply},
    outlet::{Outlet, Stand},
    settle,
};
use crate::broker::{Message, Refusal, message};

/// So many transfers we are ready for; the other side never comes near it.
const WINDOW: u32 = i32::MAX as u32;

/// A link, by who sends on it.
pub enum Link {
    /// The other side sends.
    In(Inlet),
    /// We send.
    Out(Outlet),
}

/// A session.
pub struct Session {
    channel: u16,
    next_outgoing: u32,
    next_incoming: u32,
    /// Transfers that the other side is ready for.
    window: u32,
    deliveries: u32,
    pub links: BTreeMap<u32, Link>,
    unsettled: HashMap<u32, (String, Uuid)>,
}

impl Session {
    pub fn new(channel: u16, begin: &Begin) -> Self {
        Self {
            channel,
            next_outgoing: 0,
            next_incoming: begin.next_outgoing_id,
            window: begin.incoming_window,
            deliveries: 0,
            links: BTreeMap::new(),
            unsettled: HashMap::new(),
        }
    }

    /// Our half of its beginning.
    pub fn begin(&self) -> Begin {
        Begin {
            remote_channel: Some(self.channel),
            next_outgoing_id: self.next_outgoing,
            incoming_window: WINDOW,
            outgoing_window: WINDOW,
            handle_max: Handle(u32::MAX),
            offered_capabilities: None,
            desired_capabilities: None,
            properties: None,
        }
    }

    /// What the other side says on it.
    pub fn take(&mut self, shared: &mut Shared, body: FrameBody) -> io::Result<()> {
        match body {
            FrameBody::Attach(attach) => attach::take(self, shared, attach),
            FrameBody::Flow(flow) => self.flow(shared, &flow),
            FrameBody::Transfer { performative, payload } => self.transfer(shared, performative, payload)?,
            FrameBody::Disposition(disposition) => self.disposition(shared, &disposition),
            FrameBody::Detach(detach) => {
                if let Some(Link::Out(outlet)) = self.links.remove(&detach.handle.0) {
                    outlet.leave(shared);
                }
                self.write(shared, &Performative::Detach(Detach { error: None, ..detach }));
            }
            other => return Err(malformed(format!("{other:?} within a session"))),
        }
        Ok(())
    }

    /// Sends on each link what it may.
    pub fn hand_out(&mut self, shared: &mut Shared) {
        let handles: Vec<_> = self.links.keys().copied().collect();
        for handle in handles {
            attach::try_again(self, shared, handle);
            while let Some(parcel) = self.parcel(shared, handle) {
                self.send(shared, handle, parcel);
            }
            if let Some(Link::Out(outlet)) = self.links.get_mut(&handle)
                && outlet.drained()
            {
                let (delivery_count, link_credit) = (Some(outlet.delivered), Some(0));
                let flow = self.state(Some(handle), delivery_count, link_credit);
                self.write(shared, &Performative::Flow(Flow { drain: true, ..flow }));
            }
        }
    }

    fn send(&mut self, shared: &mut Shared, handle: u32, parcel: Parcel) {
        let id = self.deliveries;
        self.deliveries += 1;
        let transfer = Transfer {
            handle: Handle(handle),
            delivery_id: Some(id),
            delivery_tag: Some(DeliveryTag::from(parcel.tag.clone())),
            message_format: Some(0),
            settled: Some(parcel.held.is_none()),
            more: false,
            rcv_settle_mode: None,
            state: None,
            resume: false,
            aborted: false,
            batchable: false,
        };
        if let Some(held) = parcel.held {
            self.unsettled.insert(id, held);
        }
        let payload = Bytes::from(message::encode(&parcel.message));
        let frames = frame::write_transfer(&mut shared.out, self.channel, transfer, payload, shared.longest);
        self.next_outgoing = self.next_outgoing.wrapping_add(frames);
        self.window = self.window.saturating_sub(frames);
    }

    /// The next message on a link, while the other side is ready for one.
    fn parcel(&mut self, shared: &Shared, handle: u32) -> Option<Parcel> {
        match self.links.get_mut(&handle) {
            Some(Link::Out(outlet)) if self.window > 0 => outlet.next(shared),
            _ => None,
        }
    }

    /// When something happens by itself on one of its links.
    pub fn due(&self) -> Option<Timestamp> {
        self.links
            .values()
            .filter_map(|link| if let Link::Out(outlet) = link { outlet.due() } else { None })
            .min()
    }

    /// It is over: nobody holds what its links held.
    pub fn end(&mut self, shared: &Shared) {
        for link in std::mem::take(&mut self.links).into_values() {
            if let Link::Out(outlet) = link {
                outlet.leave(shared);
            }
        }
    }

    pub fn write(&self, shared: &mut Shared, performative: &Performative) {
        frame::write(&mut shared.out, self.channel, performative);
    }

    /// Ends a link for a reason.
    pub fn detach(&mut self, shared: &mut Shared, handle: u32, refusal: &Refusal) {
        self.links.remove(&handle);
        let detach = Detach { handle: Handle(handle), closed: true, error: Some(refusal.error()) };
        self.write(shared, &Performative::Detach(detach));
    }

    /// A flow frame that says how things stand.
    pub fn state(&self, handle: Option<u32>, delivery_count: Option<u32>, link_credit: Option<u32>) -> Flow {
        Flow {
            next_incoming_id: Some(self.next_incoming),
            incoming_window: WINDOW,
            next_outgoing_id: self.next_outgoing,
            outgoing_window: WINDOW,
            handle: handle.map(Handle),
            delivery_count,
            link_credit,
            available: None,
            drain: false,
            echo: false,
            properties: None,
        }
    }

    fn flow(&mut self, shared: &mut Shared, flow: &Flow) {
        let seen = flow.next_incoming_id.unwrap_or(0);
        self.window = seen.wrapping_add(flow.incoming_window).wrapping_sub(self.next_outgoing);
        let handle = flow.handle.as_ref().map(|handle| handle.0);
        if let Some(Link::Out(outlet)) = handle.and_then(|handle| self.links.get_mut(&handle)) {
            let counted = flow.delivery_count.unwrap_or(0).wrapping_add(flow.link_credit.unwrap_or(0));
            outlet.credit = counted.wrapping_sub(outlet.delivered);
            outlet.drain = flow.drain;
        }
        if flow.echo {
            let state = self.state(None, None, None);
            self.write(shared, &Performative::Flow(state));
        }
    }

    fn transfer(&mut self, shared: &mut Shared, transfer: Transfer, payload: Bytes) -> io::Result<()> {
        self.next_incoming = self.next_incoming.wrapping_add(1);
        let handle = transfer.handle.0;
        let Some(Link::In(inlet)) = self.links.get_mut(&handle) else {
            return Err(malformed(format!("a transfer on the link {handle}, which is none")));
        };
        let settled = transfer.settled.unwrap_or(false);
        let Some((id, taken)) = inlet.take(shared, transfer, &payload)? else { return Ok(()) };
        let credit = inlet.wants_credit();
        let state = match taken {
            Ok(reply) => {
                self.answer(reply);
                DeliveryState::Accepted(Accepted {})
            }
            Err(refusal) => DeliveryState::Rejected(Rejected { error: Some(refusal.error()) }),
        };
        if !settled {
            self.settled(shared, Role::Receiver, id, state);
        }
        if let Some((count, credit)) = credit {
            let flow = self.state(Some(handle), Some(count), Some(credit));
            self.write(shared, &Performative::Flow(flow));
        }
        Ok(())
    }

    /// Puts a reply before the link that waits for it.
    fn answer(&mut self, reply: Option<Reply>) {
        let Some(reply) = reply else { return };
        let waits = self.links.values_mut().filter_map(|link| match link {
            Link::Out(outlet) => outlet.replies(&reply.node),
            Link::In(_) => None,
        });
        let mut waits: Vec<_> = waits.collect();
        let named = waits.iter().position(|(address, _)| *address == reply.to);
        if let Some((_, replies)) = waits.get_mut(named.unwrap_or(0)) {
            replies.push_back(reply.message);
        }
    }

    fn disposition(&mut self, shared: &mut Shared, disposition: &Disposition) {
        if disposition.role != Role::Receiver {
            return;
        }
        for id in disposition.first..=disposition.last.unwrap_or(disposition.first) {
            let Some((queue, token)) = self.unsettled.remove(&id) else { continue };
            let state = disposition.state.clone().unwrap_or(DeliveryState::Accepted(Accepted {}));
            let outcome = settle::by_state(&shared.broker, &queue, token, &state);
            if !disposition.settled {
                let state = match outcome {
                    // What the receiver wrote into a rejection was for us: with it the answer would be one.
                    Ok(()) if state.is_rejected() => DeliveryState::Rejected(Rejected { error: None }),
                    Ok(()) => state,
                    Err(refusal) => DeliveryState::Rejected(Rejected { error: Some(refusal.error()) }),
                };
                self.settled(shared, Role::Sender, id, state);
            }
        }
    }

    fn settled(&self, shared: &mut Shared, role: Role, id: u32, state: DeliveryState) {
        let disposition =
            Disposition { role, first: id, last: None, settled: true, state: Some(state), batchable: false };
        self.write(shared, &Performative::Disposition(disposition));
    }
}

/// A message on its way out.
pub struct Parcel {
    pub message: Message,
    pub tag: Vec<u8>,
    /// Where it is to be settled; nothing of what is settled already.
    pub held: Option<(String, Uuid)>,
}

impl Session {
    /// The state of a link that waits for a session of the queue.
    pub fn waiting(&mut self, handle: u32) -> Option<&mut Stand> {
        match self.links.get_mut(&handle) {
            Some(Link::Out(outlet)) => Some(&mut outlet.stand),
            _ => None,
        }
    }
}
