//! What a webhook led to can be followed by its trace.

use pointsman_tests::traces::{SENT, Traces};

use crate::{house::House, story::proposed};

#[test]
fn what_a_webhook_leads_to_at_github_is_of_its_trace() {
    let mut house = House::new();
    house.trace = Some(SENT);
    let traces = Traces::watch(&house.github);
    house.start();
    house.merge(&["feat: greet"]);
    house.until("a release pull request", |now| proposed(now, &["greet"]).is_some());
    house.until_still();
    traces.assert_followed();
    house.stop();
}
