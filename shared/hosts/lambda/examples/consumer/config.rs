//! What this function is told by its environment.

use std::env;

use pointsman_core::port::QueueName;
use pointsman_host_lambda::Error;

/// The queue that it is given as event source (`QUEUE`), without prefix and `.fifo`, and the address that it tells
/// (`TARGET`).
pub fn read() -> Result<(QueueName, http::Uri), Error> {
    let named =
        |name: &str| env::var(name).map_err(|_| format!("the environment variable {name} is missing"));
    Ok((named("QUEUE")?.parse()?, named("TARGET")?.parse()?))
}
