//! The W3C trace that an event belongs to: from its sender through queue and stage to whom they call.
//!
//! Code on the way need not hand it on: [`within`] says what the work under way belongs to, [`current`] asks.

use std::{cell::RefCell, future::poll_fn, pin::pin, sync::Arc};

use sha2::{Digest as _, Sha256};

use crate::{
    delivery::{Headers, name},
    port::Received,
};

/// Its name among headers, and among a message's attributes.
pub const TRACEPARENT: &str = "traceparent";

/// One span of a trace, as `traceparent` has it: <https://www.w3.org/TR/trace-context/#traceparent-header>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    here: Arc<str>,
    /// The span that this one is below.
    above: Option<Arc<str>>,
}

thread_local! {
    static CURRENT: RefCell<Option<Trace>> = const { RefCell::new(None) };
}

impl Trace {
    /// What a header says; nothing where it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let hex = |part: &str| part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        let zero = |part: &str| part.bytes().all(|b| b == b'0');
        let ["00", trace, span, flags] = text.split('-').collect::<Vec<_>>()[..] else { return None };
        let lengths = (trace.len(), span.len(), flags.len()) == (32, 16, 2);
        let right = lengths && [trace, span, flags].into_iter().all(hex) && !zero(trace) && !zero(span);
        right.then(|| Self { here: text.into(), above: None })
    }

    /// The span in which intake takes a delivery in: within the sender's trace, else within one made from the delivery's
    /// source and name, so that a redelivery has the same.
    pub fn of(headers: &Headers, source: &str, name: &str) -> Self {
        let delivery = format!("{source}/{name}");
        match headers.get(TRACEPARENT).and_then(Self::parse) {
            Some(sent) => sent.child(&delivery),
            None => {
                let hash = hex::encode(Sha256::digest(delivery));
                Self { here: format!("00-{}-{}-01", &hash[..32], &hash[32..48]).into(), above: None }
            }
        }
    }

    /// The same of a request that nobody has read yet; nothing where neither a trace nor GitHub's id is among its headers.
    pub fn claimed(headers: &Headers, source: &str) -> Option<Self> {
        let id = headers.get("x-github-delivery");
        if id.is_none() && headers.get(TRACEPARENT).is_none() {
            return None;
        }
        Some(Self::of(headers, source, &name(headers.get("x-github-hook-id"), id.unwrap_or_default())))
    }

    /// The span in which a message is handled, this time.
    pub fn handling(message: &Received) -> Option<Self> {
        let sent = Self::parse(message.attributes.get(TRACEPARENT)?)?;
        Some(sent.child(&format!("{} {}", message.id.0, message.attempt)))
    }

    /// A span below this one, for the work of this name.
    fn child(&self, work: &str) -> Self {
        let hash = hex::encode(&Sha256::digest(format!("{}/{work}", self.here))[..8]);
        let here = format!("00-{}-{hash}-{}", self.id(), &self.here[53..]).into();
        Self { here, above: Some(self.here.clone()) }
    }

    /// The trace's id: 32 hexadecimal digits.
    pub fn id(&self) -> &str {
        &self.here[3..35]
    }

    /// The span's id: 16 hexadecimal digits.
    pub fn span(&self) -> &str {
        &self.here[36..52]
    }

    /// As a header's value.
    pub fn header(&self) -> &str {
        &self.here
    }

    /// The span that this one is below, as a header's value; of the first of a trace that we made itself.
    pub fn above(&self) -> &str {
        self.above.as_deref().unwrap_or(&self.here)
    }

    /// What is sent on because of an event of this trace: from the span under way, where that is of the same trace.
    pub fn onward(sent: &str) -> String {
        let ours = current().filter(|here| Self::parse(sent).is_some_and(|sent| sent.id() == here.id()));
        ours.map_or_else(|| sent.to_owned(), |here| here.header().to_owned())
    }
}

/// What the work under way belongs to.
pub fn current() -> Option<Trace> {
    CURRENT.with_borrow(Clone::clone)
}

/// Does work that belongs to this. What it spawns does not.
pub async fn within<F: Future>(trace: Option<Trace>, work: F) -> F::Output {
    let mut work = pin!(work);
    poll_fn(|context| {
        let _restored = Before(CURRENT.replace(trace.clone()));
        work.as_mut().poll(context)
    })
    .await
}

/// What was current before; dropped, it is again.
struct Before(Option<Trace>);

impl Drop for Before {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt as _, future::join};

    use super::*;

    const SENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn here() -> Option<String> {
        current().map(|trace| trace.header().to_owned())
    }

    #[test]
    fn a_child_is_of_the_same_trace_with_a_span_of_its_own() {
        let sent = Trace::parse(SENT).unwrap();
        let child = sent.child("a");
        assert_eq!(child.id(), sent.id());
        assert!(Trace::parse(child.header()).is_some() && child.span() != sent.span());
        assert_ne!(child, sent.child("b"));
    }

    #[test]
    fn work_side_by_side_has_each_its_own_trace() {
        let (one, two) = (Trace::parse(SENT), None);
        let look = async || {
            let mut seen = vec![here()];
            for _ in 0..2 {
                let mut yielded = false;
                poll_fn(|context| {
                    context.waker().wake_by_ref();
                    if std::mem::replace(&mut yielded, true) {
                        std::task::Poll::Ready(())
                    } else {
                        std::task::Poll::Pending
                    }
                })
                .await;
                seen.push(here());
            }
            seen
        };
        let both = join(within(one, look()), within(two, look()));
        let mut both = std::pin::pin!(both);
        let seen = loop {
            if let Some(seen) = both.as_mut().now_or_never() {
                break seen;
            }
        };
        assert_eq!(seen, (vec![Some(SENT.to_owned()); 3], vec![None; 3]));
        assert_eq!(here(), None);
    }

    #[test]
    fn what_is_sent_on_is_of_its_own_event() {
        let other = "00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let work = Trace::parse(SENT).unwrap().child("work");
        let told = within(Some(work.clone()), async { (Trace::onward(SENT), Trace::onward(other)) });
        assert_eq!(told.now_or_never().unwrap(), (work.header().to_owned(), other.to_owned()));
        assert_eq!(Trace::onward("00-a-b-01"), "00-a-b-01");
    }
}
