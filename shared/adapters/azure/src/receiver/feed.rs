//! What the namespace tells over REST, as Atom: the queues there are, and how many messages each has.

use http::Method;
use pointsman_core::port::{ErrorKind, PortError, QueueName};
use roxmltree::Document;

use super::ServiceBusReceiver;
use crate::{fault::Asked, servicebus::logical};

/// The role that may list.
const OWNER: &str = "Azure Service Bus Data Owner";
/// Queues in one answer.
const PAGE: usize = 100;

/// Ready or held, and not yet enqueued.
pub(super) struct Counts {
    pub(super) active: u64,
    pub(super) scheduled: u64,
}

impl ServiceBusReceiver {
    /// All queues but those of dead letters.
    pub(super) async fn names(&self) -> Result<Vec<QueueName>, PortError> {
        let prefix = &self.0.bus.0.namespace.prefix;
        let mut found = Vec::new();
        for skip in (0..).step_by(PAGE) {
            let path = format!("$Resources/queues?api-version=2021-05&$skip={skip}&$top={PAGE}");
            let asked = Asked { doing: "listing", on: "the namespace's queues", role: OWNER };
            let titles = self.read(asked, &path, |document| {
                let entries = document.descendants().filter(|it| it.has_tag_name((ATOM, "entry")));
                let titles =
                    entries.filter_map(|it| it.children().find(|it| it.has_tag_name((ATOM, "title"))));
                titles.filter_map(|it| it.text().map(str::to_owned)).collect::<Vec<_>>()
            });
            let titles = titles.await?;
            let last = titles.len() < PAGE;
            found.extend(titles.iter().filter_map(|title| logical(prefix, title)));
            if last {
                break;
            }
        }
        found.retain(|name| !name.is_dead_letters());
        found.sort();
        Ok(found)
    }

    /// A queue's figures.
    pub(super) async fn counts(&self, queue: &QueueName) -> Result<Counts, PortError> {
        let name = self.0.bus.physical(queue);
        let on = format!("the queue `{name}`");
        let asked = Asked { doing: "looking at", on: &on, role: OWNER };
        let path = format!("{name}?api-version=2021-05");
        let counts = self.read(asked, &path, |document| {
            let figure = |name: &str| {
                let found = document.descendants().find(|it| it.tag_name().name() == name);
                found.and_then(|it| it.text()?.parse().ok())
            };
            let (active, scheduled) = (figure("ActiveMessageCount"), figure("ScheduledMessageCount"));
            active.map(|active| Counts { active, scheduled: scheduled.unwrap_or_default() })
        });
        match counts.await {
            // Of a queue that is not there a real namespace shows an empty feed.
            Ok(None) => Err(self.0.bus.unknown(queue)),
            Ok(Some(counts)) => Ok(counts),
            Err(error) if error.kind == ErrorKind::NotFound => Err(self.0.bus.unknown(queue)),
            Err(error) => Err(error),
        }
    }

    async fn read<T>(
        &self,
        asked: Asked<'_>,
        path: &str,
        what: impl FnOnce(&Document<'_>) -> T,
    ) -> Result<T, PortError> {
        let answer = self.0.bus.ask(asked, Method::GET, path, None).await?;
        let text = String::from_utf8_lossy(answer.body());
        let wrong = |error| PortError::internal(format!("{asked}: the answer is no XML: {error}"));
        Ok(what(&Document::parse(&text).map_err(wrong)?))
    }
}

const ATOM: &str = "http://www.w3.org/2005/Atom";
