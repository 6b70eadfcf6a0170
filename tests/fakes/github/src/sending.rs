//! Webhooks, handed over: what waits, as it would arrive, over any HTTP client.

use http::Request;
use pointsman_core::port::{Http, Named};

use crate::{Delivery, FakeGithub};

impl FakeGithub {
    /// The webhooks that wait to be sent, as they would arrive: some lost, doubled or late, as the odds say.
    pub fn take_deliveries(&self) -> Vec<Delivery> {
        let mut inner = self.lock();
        let waiting = std::mem::take(&mut inner.world.hooks.waiting);
        let odds = inner.odds;
        let dice = &mut inner.dice;
        let mut sent: Vec<Delivery> = Vec::new();
        for delivery in waiting {
            if dice.f64() < odds.webhook_lost {
                continue;
            }
            if dice.f64() < odds.webhook_twice {
                sent.push(delivery.clone());
            }
            sent.push(delivery);
        }
        for index in 0..sent.len() {
            if dice.f64() < odds.webhook_late {
                let other = dice.usize(index..sent.len());
                sent.swap(index, other);
            }
        }
        sent
    }

    /// Every webhook that was ever to be sent, in order, each once: what a receiver should have in the end.
    pub fn emitted(&self) -> Vec<Delivery> {
        let inner = self.lock();
        let first = inner.world.hooks.attempts.iter().filter(|attempt| !attempt.redelivery);
        first.map(|attempt| attempt.delivery.clone()).collect()
    }

    /// Sends what waits to the URLs of its Apps, one after the other, and keeps what each answered, as GitHub does in
    /// the App's list of deliveries. Gives how many were taken (2xx).
    pub async fn deliver(&self, client: &dyn Http) -> usize {
        let mut taken = 0;
        for delivery in self.take_deliveries() {
            let request = Request::post(&delivery.url).extension(Named);
            let request =
                delivery.headers.iter().fold(request, |request, (name, value)| request.header(name, value));
            let status = match request.body(delivery.body.clone()) {
                Ok(request) => client.send(request).await.map_or(0, |response| response.status().as_u16()),
                Err(_) => 0, // no URL, or none that is one
            };
            taken += usize::from((200..300).contains(&status));
            let mut inner = self.lock();
            let attempt = inner.world.hooks.attempts.iter_mut().find(|it| it.id == delivery.id);
            if let Some(attempt) = attempt {
                attempt.status = Some(status);
            }
        }
        taken
    }
}
