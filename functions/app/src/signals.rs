//! The wish to stop: Ctrl-C, or SIGTERM.

use std::io;

use tokio::signal::unix::{SignalKind, signal};

/// Begins to listen at once; the future ends with the first of them.
pub fn stop() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
