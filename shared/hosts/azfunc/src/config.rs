//! Where the Functions host expects its custom handler.

use std::env;

/// The Functions host names the port by this variable.
const PORT: &str = "FUNCTIONS_CUSTOMHANDLER_PORT";

/// The port on loopback. An error says what to do.
pub fn port() -> Result<u16, String> {
    let said = env::var(PORT).map_err(|_| {
        format!(
            "{PORT} is not set: this program is started by the Functions host (on a laptop: `func start`)"
        )
    })?;
    said.parse().map_err(|_| format!("{PORT} is `{said}`, which is no port: a number from 1 to 65535"))
}
