//! `subscriptions pause|resume`: whether the subscription's queue hands anything out.

use anyhow::{Result, anyhow};
use pointsman_core::{
    config::Subscription,
    port::{Control, QueueName},
};
use serde::Serialize;

use crate::{context::Context, print};

#[derive(Serialize)]
struct Told {
    subscription: String,
    queue: QueueName,
    paused: bool,
    /// It was so before.
    already: bool,
    /// Whom else it concerns: subscriptions of the same queue.
    shared_with: Vec<String>,
    waiting: u64,
}

pub async fn run(name: &str, pause: bool, context: &Context) -> Result<()> {
    let all = context.config()?.all_subscriptions();
    let subscription = all.iter().find(|it| it.name == name).ok_or_else(|| unknown(name, &all))?;
    let queue: QueueName = subscription.queue().parse().map_err(|why: String| anyhow!(why))?;
    let shared = all.iter().filter(|it| it.queue() == queue.as_str() && it.name != name);
    let store = context.store("pointsman subscriptions").await?;
    let told = async {
        let before = store.admin.stats(&queue).await?;
        store.admin.control(&queue, if pause { Control::Pause } else { Control::Resume }).await?;
        anyhow::Ok(Told {
            subscription: name.to_owned(),
            paused: pause,
            already: before.paused == pause,
            shared_with: shared.map(|it| it.name.clone()).collect(),
            waiting: before.depth,
            queue: queue.clone(),
        })
    };
    let told = told.await;
    store.close().await?;
    let told = told?;
    print::result(context.json, &told, || text(&told))
}

fn unknown(name: &str, all: &[Subscription]) -> anyhow::Error {
    let known = all.iter().map(|it| it.name.as_str()).collect::<Vec<_>>().join(", ");
    let known = if known.is_empty() { "there is none" } else { &known };
    anyhow!("there is no subscription `{name}`; known subscriptions: {known}")
}

fn text(told: &Told) -> String {
    let Told { subscription, queue, paused, already, shared_with, waiting } = told;
    let already = if *already { " already" } else { "" };
    let mut text = match paused {
        true => format!(
            "The queue `{queue}` of `{subscription}` is paused{already}: it hands nothing out, and what comes in waits.\n\
             To go on: pointsman subscriptions resume {subscription}\n"
        ),
        false => {
            format!(
                "The queue `{queue}` of `{subscription}` hands out{already}; {waiting} messages wait in it.\n"
            )
        }
    };
    if !shared_with.is_empty() {
        text.push_str(&format!(
            "That concerns the other subscriptions of the queue too: {}\n",
            shared_with.join(", ")
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(paused: bool, already: bool, shared: &[&str]) -> String {
        text(&Told {
            subscription: "bot".into(),
            queue: "jobs".parse().unwrap(),
            paused,
            already,
            shared_with: shared.iter().map(|name| (*name).to_owned()).collect(),
            waiting: 3,
        })
    }

    #[test]
    fn it_says_what_is_so_now_whom_it_concerns_and_how_to_go_back() {
        assert_eq!(
            told(true, false, &["audit", "log"]),
            "The queue `jobs` of `bot` is paused: it hands nothing out, and what comes in waits.\n\
             To go on: pointsman subscriptions resume bot\n\
             That concerns the other subscriptions of the queue too: audit, log\n"
        );
        assert_eq!(
            told(false, true, &[]),
            "The queue `jobs` of `bot` hands out already; 3 messages wait in it.\n"
        );
    }

    #[test]
    fn an_unknown_name_is_told_with_the_known_ones() {
        let all = ["a", "b"].map(|name| Subscription { name: name.into(), ..Subscription::default() });
        let said = |all: &[Subscription]| unknown("c", all).to_string();
        assert_eq!(said(&all), "there is no subscription `c`; known subscriptions: a, b");
        assert_eq!(said(&[]), "there is no subscription `c`; known subscriptions: there is none");
    }
}
