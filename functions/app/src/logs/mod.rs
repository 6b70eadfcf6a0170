//! Where the log goes, and how it looks: lines for people on a terminal, JSON for machines (docs/observability.md).

mod buffer;

use std::io::{self, IsTerminal as _};

use pointsman_core::invocation;
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use crate::exported;
use buffer::{Buffer, Emptied};

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Format {
    /// For people where one is looking.
    pub fn fitting() -> Self {
        if io::stderr().is_terminal() { Self::Text } else { Self::Json }
    }
}

/// The log; dropped, all of it is written.
pub struct Logs {
    _emptied: Option<Emptied>,
}

/// From now on what passes this filter is written to stderr. A panic of ours tells where, and nothing of what it was about.
pub fn start(filter: EnvFilter, format: Format) -> Logs {
    let all = tracing_subscriber::registry().with(filter);
    match format {
        Format::Text => {
            let ansi = anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never;
            let lines = fmt::layer().with_writer(io::stderr).with_ansi(ansi);
            all.with(lines).with(exported::layer()).init();
            Logs { _emptied: None }
        }
        Format::Json => {
            let (buffer, emptied) = Buffer::start(io::stderr());
            let lines = fmt::layer().json().with_writer(buffer);
            all.with(lines).with(exported::layer()).init();
            invocation::tell_of_panics();
            Logs { _emptied: Some(emptied) }
        }
    }
}
