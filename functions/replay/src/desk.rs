//! Where replays are asked for, looked at and stopped.

use pointsman_core::{
    config::REPLAY,
    lease::{self, Holder},
    port::{ErrorKind, Message, PortError, QueueName},
    session::Session,
    stored::folders,
    verify::fingerprint,
};
use serde_json::json;

use crate::{
    Replay,
    order::{Faults, Order},
    progress::{self, Kept, Progress, State},
    run::{LEASE, Refused},
};

impl Replay {
    /// The order with all that it names checked: subscriptions, source, dead-letter queue.
    pub async fn checked(&self, order: Order) -> Result<Order, Refused> {
        let mut faults = Vec::new();
        let known: Vec<&str> = self.rules.router.targets().map(|(name, _)| name).collect();
        for name in order.to.iter().filter(|name| !known.contains(&name.as_str())) {
            faults.push(format!("there is no subscription `{name}`; known are: {}", known.join(", ")));
        }
        if let Some(source) = &order.what.source {
            let mut known = folders(&*self.ports.archive, "deliveries/").await?;
            known.extend(self.rules.sources.keys().cloned());
            known.sort();
            known.dedup();
            if !known.contains(source) {
                faults.push(format!("there is no source `{source}`; known are: {}", known.join(", ")));
            }
        }
        if let Some(queue) = &order.what.dead_letters {
            let known = self.ports.admin.list().await?;
            if !known.contains(&queue.origin()) {
                let known = known.iter().map(QueueName::as_str).collect::<Vec<_>>().join(", ");
                faults.push(format!("there is no queue `{}`; known are: {known}", queue.origin()));
            }
        }
        match order.checked() {
            Ok(order) if faults.is_empty() => Ok(order),
            Ok(_) => Err(Faults(faults).into()),
            Err(others) => Err(Faults(others.0.into_iter().chain(faults).collect()).into()),
        }
    }

    /// Writes the order down, or finds it again: then it goes on where it was. One that is done stays done.
    pub async fn begin(&self, order: Order) -> Result<Progress, Refused> {
        let order = self.checked(order).await?;
        let now = self.ports.clock.now();
        let expires = now.checked_add(self.rules.marks_kept).ok();
        let records = &*self.ports.records;
        let Some(kept) = progress::find(records, &order.id).await? else {
            return Ok(progress::create(records, Progress::new(order, now), expires).await?.progress);
        };
        let mut kept: Kept = kept;
        let before = &kept.progress;
        // A dry run of this name makes room for the real one.
        if order.apply && !before.order.apply {
            kept.progress = Progress { turns: before.turns + 1, ..Progress::new(order, now) };
        } else if !before.order.is_same(&order) {
            return Err(Refused::Unlike(order.id));
        } else if before.state == State::Done {
            return Ok(kept.progress);
        } else {
            kept.progress.order.rate = order.rate;
            kept.progress.state = State::Queued;
            kept.progress.turns += 1;
        }
        kept.save(records, expires).await?;
        Ok(kept.progress)
    }

    /// The same for a host that runs it from its queue.
    pub async fn submit(&self, order: Order) -> Result<Progress, Refused> {
        if let Some(holder) = self.busy(&order.id).await? {
            return Err(Refused::Busy(holder));
        }
        let progress = self.begin(order).await?;
        if progress.state != State::Done {
            self.enqueue(&progress).await?;
        }
        Ok(progress)
    }

    /// Who is before this one: whoever runs, or waits to.
    async fn busy(&self, id: &str) -> Result<Option<Holder>, PortError> {
        if let Some(holder) = lease::holder(&*self.ports.records, LEASE).await? {
            return Ok(Some(holder));
        }
        let all = progress::list(&*self.ports.records).await?;
        let waiting = all.into_iter().find(|it| it.state == State::Queued && it.order.id != id);
        Ok(waiting.map(|it| Holder {
            name: format!("replay {} (which waits for its turn)", it.order.id),
            since: it.started,
            until: it.updated,
        }))
    }

    /// Puts its next turn into the queue.
    pub(crate) async fn enqueue(&self, progress: &Progress) -> Result<(), PortError> {
        let queue: QueueName = REPLAY.parse().map_err(PortError::invalid)?;
        let id = &progress.order.id;
        let message = Message {
            body: serde_json::to_vec(&json!({ "replay": id })).expect("texts are always JSON").into(),
            // One turn after another.
            session: Some(Session::from(REPLAY)),
            dedup_id: fingerprint(&[REPLAY, id, &progress.turns.to_string()]),
            correlation: Some(id.clone()),
            ..Message::default()
        };
        let sent = self.ports.queue.send(&queue, vec![message]).await;
        sent.into_iter().collect::<Result<Vec<_>, _>>().map(drop)
    }

    /// The replay of this id.
    pub async fn status(&self, id: &str) -> Result<Progress, Refused> {
        let kept = progress::find(&*self.ports.records, id).await?;
        kept.map(|kept| kept.progress).ok_or_else(|| Refused::Unknown(id.to_owned()))
    }

    /// All of them, newest first.
    pub async fn list(&self) -> Result<Vec<Progress>, Refused> {
        Ok(progress::list(&*self.ports.records).await?)
    }

    /// Stops it: nothing more is sent once the batch that is on its way is out.
    pub async fn stop(&self, id: &str) -> Result<Progress, Refused> {
        loop {
            let kept = progress::find(&*self.ports.records, id).await?;
            let mut kept = kept.ok_or_else(|| Refused::Unknown(id.to_owned()))?;
            if kept.progress.state == State::Done {
                return Err(Refused::Over { id: id.to_owned(), at: kept.progress.updated });
            }
            kept.progress.state = State::Stopped;
            let expires = self.ports.clock.now().checked_add(self.rules.marks_kept).ok();
            match kept.save(&*self.ports.records, expires).await {
                Err(error) if error.kind == ErrorKind::Conflict => {}
                done => return done.map(|()| kept.progress).map_err(Refused::from),
            }
        }
    }
}
