//! Taking a session: the next that is free, or the one that is named.

use std::time::Duration;

use fe2o3_amqp::{
    Receiver,
    link::{ReceiverAttachError, receiver::CreditMode},
    session::SessionHandle,
};
use fe2o3_amqp_types::{
    definitions::{Error, Fields, ReceiverSettleMode},
    messaging::{FilterSet, Source},
    primitives::{Symbol, Value},
};
use jiff::Timestamp;
use pointsman_core::port::{PortError, QueueName};
use tokio::{sync::oneshot, time::timeout};

use super::{RECEIVER, ServiceBusReceiver};
use crate::fault::Asked;

const FILTER: &str = "com.microsoft:session-filter";
const TIMEOUT: &str = "com.microsoft:timeout";
const LOCKED_UNTIL: &str = "com.microsoft:locked-until-utc";
/// From the first day of .NET's calendar to 1970, in units of 100 ns.
const TICKS: i64 = 62_135_596_800 * 10_000_000;
/// Longer than Service Bus says that it waits: it has to answer.
const SPARE: Duration = Duration::from_secs(10);

/// A session that is held.
pub(super) struct Grant {
    pub(super) name: String,
    pub(super) link: Receiver,
    /// Until when Service Bus keeps it for us, if it says so.
    pub(super) until: Option<Timestamp>,
    session: SessionHandle<()>,
}

impl Grant {
    /// Whoever waits for the session may have it.
    pub(super) async fn release(mut self) {
        // An error says that it is closed already.
        let _ = timeout(SPARE, self.link.close()).await;
        let _ = timeout(SPARE, self.session.end()).await;
    }
}

impl ServiceBusReceiver {
    /// A session within this time, or none. Who gives up waiting holds nothing: what is granted then is released.
    pub(super) async fn accept(
        &self,
        queue: &QueueName,
        named: Option<&str>,
        wait: Duration,
    ) -> Result<Option<Grant>, PortError> {
        let (tell, told) = oneshot::channel();
        let (this, queue, named) = (self.clone(), queue.clone(), named.map(str::to_owned));
        tokio::spawn(async move {
            let granted = this.attach(&queue, named.as_deref(), wait).await;
            if let Err(Ok(Some(grant))) = tell.send(granted) {
                grant.release().await;
            }
        });
        told.await.unwrap_or_else(|_| Err(PortError::internal("a session's attach broke off")))
    }

    async fn attach(
        &self,
        queue: &QueueName,
        named: Option<&str>,
        wait: Duration,
    ) -> Result<Option<Grant>, PortError> {
        let mut session = self.0.amqp.session(queue).await?;
        let name = self.0.bus.physical(queue);
        let filter = named.map_or(Value::Null, |named| Value::String(named.to_owned()));
        let filter = FilterSet::from_iter([(Symbol::from(FILTER), filter)]);
        let millis = u32::try_from(wait.as_millis()).unwrap_or(u32::MAX);
        let attaching = Receiver::builder()
            .name(format!("{name}-{}", uuid::Uuid::new_v4()))
            .source(Source::builder().address(name.clone()).filter(filter).build())
            .receiver_settle_mode(ReceiverSettleMode::Second)
            .credit_mode(CreditMode::Manual)
            .properties(Fields::from_iter([(Symbol::from(TIMEOUT), Value::Uint(millis))]))
            .attach(&mut session);
        let attached = timeout(wait + SPARE, attaching).await;
        let refusal = match attached {
            Ok(Ok(link)) => match granted(&link) {
                Some(name) => {
                    let until = link.properties(|all| locked_until(all.as_ref()?));
                    return Ok(Some(Grant { name, link, until, session }));
                }
                None => PortError::internal(format!("a link to `{name}` came without a session")),
            },
            Ok(Err(error)) if none_is_free(&error) => {
                let _ = timeout(SPARE, session.end()).await;
                return Ok(None);
            }
            Ok(Err(error)) => self.0.amqp.told(queue, refused(&name, &error)),
            Err(_) => PortError::unavailable(format!("`{name}` does not say whether a session is free")),
        };
        let _ = timeout(SPARE, session.end()).await;
        Err(refusal)
    }
}

/// The name of the session that the link is for.
fn granted(link: &Receiver) -> Option<String> {
    let filter = link.source().as_ref()?.filter.as_ref()?;
    match filter.get(FILTER)? {
        Value::String(name) => Some(name.clone()),
        Value::Described(described) => match &described.value {
            Value::String(name) => Some(name.clone()),
            _ => None,
        },
        _ => None,
    }
}

fn locked_until(properties: &Fields) -> Option<Timestamp> {
    match properties.get(LOCKED_UNTIL)? {
        Value::Long(ticks) => Timestamp::from_microsecond(ticks.checked_sub(TICKS)? / 10).ok(),
        Value::Timestamp(at) => Timestamp::from_millisecond(at.milliseconds()).ok(),
        _ => None,
    }
}

fn none_is_free(error: &ReceiverAttachError) -> bool {
    let condition = told(error).map(condition).unwrap_or_default();
    matches!(condition.as_str(), "com.microsoft:timeout" | "com.microsoft:session-cannot-be-locked")
}

fn told(error: &ReceiverAttachError) -> Option<&Error> {
    match error {
        ReceiverAttachError::RemoteClosedWithError(error) => Some(error),
        _ => None,
    }
}

fn condition(error: &Error) -> String {
    // The only way to the text of every condition is the one by which it is written.
    match serde_amqp::to_value(&error.condition) {
        Ok(Value::Symbol(text)) => text.as_str().to_owned(),
        _ => String::new(),
    }
}

/// The port's error of a link that was refused.
pub(super) fn refused(node: &str, error: &ReceiverAttachError) -> PortError {
    match told(error) {
        Some(told) => refusal(node, told),
        None => PortError::unavailable(format!("receiving from `{node}` got no answer: {error}")),
    }
}

/// The port's error of what Service Bus says of a link.
pub(super) fn refusal(node: &str, told: &Error) -> PortError {
    let on = format!("`{node}`");
    let asked = Asked { doing: "receiving from", on: &on, role: RECEIVER };
    let (condition, said) = (condition(told), told.description.as_deref().unwrap_or_default());
    let status = match condition.as_str() {
        "amqp:not-found" => 404,
        "amqp:unauthorized-access" => 401,
        "amqp:not-allowed" => 400,
        "com.microsoft:server-busy" => 429,
        _ => 503,
    };
    asked.refused(status, &condition, said, None)
}
