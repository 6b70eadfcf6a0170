//! Intake whose secrets change elsewhere: they are read anew now and then, and at once when a signature is wrong.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use pointsman_core::{
    config::Config,
    outcome::{Outcome, Reason},
    pipeline::{Accepted, Request},
    port::Secrets,
    rules::Rules,
};
use tracing::{info, warn};

use crate::{Intake, handle};

/// How long rules are believed: a secret that was withdrawn counts no longer than this.
const TTL: Duration = Duration::from_secs(300);

/// Intake, and from what its rules are made.
pub struct Fresh {
    intake: Intake,
    config: Config,
    secrets: Arc<dyn Secrets>,
    /// When the rules were made, or were last tried to be.
    made: Mutex<Timestamp>,
}

impl Fresh {
    /// Of an intake whose rules were made just now.
    pub fn new(intake: Intake, config: Config, secrets: Arc<dyn Secrets>) -> Self {
        let made = Mutex::new(intake.ports.clock.now());
        Self { intake, config, secrets, made }
    }

    /// Takes one webhook in. `refresh` is asked when a signature, or the front's secret, is wrong: whether reading the secrets again may help.
    pub async fn handle(&self, request: Request, refresh: impl AsyncFnOnce() -> bool) -> Outcome<Accepted> {
        if self.is_old() {
            self.renew().await;
        }
        let outcome = handle(request.clone(), &self.intake).await;
        if refused(&outcome) && refresh().await && self.renew().await {
            info!("a signature or the front's secret was wrong: the secrets were read again");
            return handle(request, &self.intake).await;
        }
        outcome
    }

    fn is_old(&self) -> bool {
        let made = *self.made.lock().unwrap_or_else(PoisonError::into_inner);
        Duration::try_from(self.intake.ports.clock.now().duration_since(made)).is_ok_and(|age| age >= TTL)
    }

    /// Whether there are new rules. Without them the old ones stay: a store of secrets that is away stops no webhook.
    async fn renew(&self) -> bool {
        *self.made.lock().unwrap_or_else(PoisonError::into_inner) = self.intake.ports.clock.now();
        match Rules::load(&self.config, &*self.secrets).await {
            Ok(rules) => {
                self.intake.replace_rules(rules);
                true
            }
            Err(error) => {
                warn!(%error, "the secrets cannot be read again; the ones that are known stay in force");
                false
            }
        }
    }
}

fn refused(outcome: &Outcome<Accepted>) -> bool {
    matches!(outcome, Outcome::Rejected(why)
        if matches!(why.reason, Reason::Signature | Reason::NotByFront | Reason::TooManyFailures { .. }))
}
