//! Calls of the Azure Functions host: each has an answer in the host's words; one of messages is done only if all are.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use bytes::Bytes;
use futures::executor::block_on;
use pointsman_core::{outcome::Outcome, port::PortError};
use pointsman_host_azfunc::{Calls, direct, queue};
use serde_json::Value;

use crate::world::{Still, Willing};

pub fn target(data: &[u8]) {
    let undone = Arc::new(AtomicBool::new(false));
    let seen = undone.clone();
    let work = move |call| {
        let undone = seen.clone();
        async move {
            let source =
                queue::Source::new("work".parse().expect("a name"), Arc::new(Willing), Arc::new(Still));
            let stage = |message: pointsman_core::port::Received| {
                let fails = message.body.len().is_multiple_of(3);
                undone.fetch_or(fails, Ordering::Relaxed);
                async move { if fails { Err(PortError::unavailable("not now")) } else { Ok(Outcome::Done(())) } }
            };
            queue::each(&call, &source, stage).await
        }
    };
    let order = async |call| {
        let run = async |input: Value| Ok(Outcome::Done(input));
        direct::handle(&call, "order", run).await
    };
    let calls = Calls::new(Arc::new(Still)).on("work", work).on("order", order);
    for name in ["work", "order", "nobody"] {
        let answer = block_on(calls.answer(name.to_owned(), Bytes::copy_from_slice(data)));
        let status = answer.status().as_u16();
        assert!([200, 404, 500].contains(&status), "{status}");
        let body: Value = serde_json::from_slice(answer.body()).expect("an answer is JSON");
        if name == "work" && status == 200 {
            assert!(!undone.load(Ordering::Relaxed), "done, though something was not");
        }
        assert!(status == 404 || body["Outputs"].is_object(), "{body}");
    }
}
