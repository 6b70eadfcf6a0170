//! The words of the command line, and what ends a command: results on stdout, errors and logs on stderr.

use std::{io, path::PathBuf, process::ExitCode, time::Duration};

use clap::{CommandFactory as _, Parser, error::ErrorKind};
use pointsman_core::scrub::scrub;
use tracing_subscriber::EnvFilter;

use crate::{
    commands::{self, Command, serve},
    context::Context,
    exported,
    logs::{self, Format},
};

/// How long the process waits at its end for threads that a closed pipe or a slow disk holds up.
const LAST: Duration = Duration::from_millis(200);

/// Takes GitHub webhooks in, keeps them, puts them in order and hands each to the queues that want it.
#[derive(Debug, Parser)]
#[command(name = "pointsman", version, max_term_width = 110)]
pub struct Cli {
    #[command(flatten)]
    pub common: Common,
    /// As `serve --listen`: without a command, the server is started.
    #[arg(long, value_name = "ADDR")]
    listen: Option<std::net::SocketAddr>,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What every command takes.
#[derive(Debug, Clone, clap::Args)]
pub struct Common {
    /// The configuration file [default: pointsman.yaml, where there is one]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The data folder [default: the configuration's, else .pointsman]
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Results as JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// What is logged to stderr, such as debug or warn,pointsman_intake=debug [default: info for serve, else warn]
    #[arg(long, global = true, value_name = "FILTER", value_parser = filter)]
    pub log: Option<String>,
    /// How it is logged [default: text; of serve, json where stderr is no terminal]
    #[arg(long, global = true, value_name = "FORMAT")]
    pub log_format: Option<Format>,
}

fn filter(text: &str) -> Result<String, String> {
    EnvFilter::try_new(text).map(|_| text.to_owned()).map_err(|error| error.to_string())
}

/// Reads the command line and does what it says.
pub fn run() -> ExitCode {
    let Cli { common, listen, command } = Cli::parse();
    let command = match (command, listen) {
        (None, listen) => Command::Serve(serve::Args { listen }),
        (Some(command), None) => command,
        (Some(_), Some(_)) => Cli::command()
            .error(
                ErrorKind::ArgumentConflict,
                "--listen belongs to serve: write `pointsman serve --listen ADDR`",
            )
            .exit(),
    };
    let format = common.log_format.unwrap_or_else(|| command.usual_format());
    let blocking = command.blocking_threads();
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = match builder.enable_all().max_blocking_threads(blocking).build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    if matches!(command, Command::Serve(_)) {
        let _within = runtime.enter();
        exported::open("pointsman");
    }
    let filter = EnvFilter::new(common.log.as_deref().unwrap_or(command.usual_log()));
    let _logs = logs::start(filter, format);
    let done = runtime.block_on(commands::run(command, Context::new(common, format)));
    runtime.shutdown_timeout(LAST);
    match done {
        Ok(code) => code,
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) if format == Format::Json => {
            tracing::error!("the program ends: {}", scrub(&format!("{error:#}")));
            ExitCode::FAILURE
        }
        Err(error) => failed(&error),
    }
}

/// `pointsman ... | head` is no failure.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn failed(error: &anyhow::Error) -> ExitCode {
    let red = anstyle::AnsiColor::Red.on_default().bold();
    anstream::eprintln!("{red}error:{red:#} {}", scrub(&format!("{error:#}")));
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn without_a_command_it_serves() {
        let cli = Cli::try_parse_from(["pointsman", "--listen", "127.0.0.1:0"]).unwrap();
        assert!(cli.command.is_none() && cli.listen.is_some());
    }

    #[test]
    fn every_command_takes_the_common_options_on_either_side() {
        for line in ["--json queues", "queues --json", "dead-letters all --data d list --json"] {
            let words = ["pointsman"].into_iter().chain(line.split(' '));
            assert!(Cli::try_parse_from(words).unwrap().common.json, "{line}");
        }
    }

    #[test]
    fn the_document_names_every_command_and_option() {
        let text = include_str!("../../../docs/cli.md");
        let mut open = vec![(String::from("pointsman"), Cli::command())];
        while let Some((path, command)) = open.pop() {
            for option in command.get_arguments().filter_map(|option| option.get_long()) {
                assert!(text.contains(&format!("--{option}")), "docs/cli.md lacks --{option} of {path}");
            }
            for below in command.get_subcommands() {
                let name = below.get_name();
                let known =
                    text.contains(&format!("{path} {name}")) || text.contains(&format!("QUEUE {name}"));
                assert!(known || name == "list", "docs/cli.md lacks {path} {name}");
                open.push((format!("{path} {name}"), below.clone()));
            }
        }
    }
}
