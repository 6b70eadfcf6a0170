//! What this crate's tests share.

use bytes::Bytes;

use crate::{
    delivery::{Delivery, DeliveryId, Headers, SourceName},
    entity, event, facts,
    payload::Lens,
};

/// The id's own time is 2026-11-21T12:00:00Z.
pub(crate) const ID: &str = "13cfa000-e5a3-11f1-8080-0123456789ab";

/// Received at 2026-11-21T12:00:01Z.
pub(crate) fn delivery(event: &str, payload: &str) -> Delivery {
    let body = Bytes::copy_from_slice(payload.as_bytes());
    Delivery {
        source: SourceName("github".into()),
        id: DeliveryId(ID.into()),
        hook: Some("42".into()),
        event: event.into(),
        received: "2026-11-21T12:00:01Z".parse().unwrap(),
        headers: Headers::default(),
        payload: body.clone(),
        body,
        variant: false,
        fetched: false,
    }
}

pub(crate) fn lens(more: &[&str]) -> Lens {
    let mut lens =
        Lens::new(facts::POINTERS.iter().copied().chain(entity::pointers()).chain(event::pointers()));
    more.iter().for_each(|pointer| lens.add(pointer));
    lens
}
