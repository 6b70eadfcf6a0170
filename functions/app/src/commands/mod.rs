//! One command a file: its words, what it does, how it shows it.

mod app;
mod backup;
mod completions;
mod config;
mod dead_letters;
mod demo;
mod doctor;
mod erase;
mod events;
mod queues;
mod receive;
mod recover;
mod release;
mod replay;
mod restore;
mod send;
pub mod serve;
mod show;
mod subscriptions;

use std::process::ExitCode;

use clap::Subcommand;

use crate::{context::Context, logs::Format};

/// All commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Take webhooks in (what pointsman does without a command)
    Serve(serve::Args),
    /// Show the main job on real payloads, and a release on a GitHub of its own: a temporary store, git, no network
    Demo,
    /// Sign a payload and send it to a running server
    Send(send::Args),
    /// What came in, newest first
    Events(events::Args),
    /// One delivery: its headers, its event, where it went
    Show(show::Args),
    /// The queues and their figures
    Queues,
    /// Take events from a queue: JSON lines on stdout, or a command for each
    Receive(receive::Args),
    /// Who wants what
    #[command(subcommand)]
    Subscriptions(subscriptions::Action),
    /// What could not be handled: look at it, send it again, or remove it
    DeadLetters(dead_letters::Args),
    /// Copy the store into one file, also while the server runs
    Backup(backup::Args),
    /// Make a backup the store again, while no server runs
    Restore(restore::Args),
    /// What GitHub failed to hand over, what was stored and not sent, what a queue did not take: find it and send it
    Recover(recover::Args),
    /// Remove everything that is kept of one repository or one installation
    Erase(erase::Args),
    /// Send again what came in before: by id, session, time, event, repository, or what died in a queue
    Replay(replay::Args),
    /// What is released next and why, how messages are read, versions in files: needs no server and no configuration
    #[command(subcommand)]
    Release(release::Action),
    /// The GitHub App that works for Pointsman
    #[command(subcommand)]
    App(app::Action),
    /// Check a running set-up from the configuration to GitHub, and say what to do
    Doctor(doctor::Args),
    /// Check the configuration, show it, or print its schema
    #[command(subcommand)]
    Config(config::Action),
    /// A shell's completions, such as: source <(pointsman completions bash)
    Completions(completions::Args),
}

impl Command {
    /// What is logged unless `--log` says otherwise.
    pub fn usual_log(&self) -> &'static str {
        if matches!(self, Self::Serve(_)) { "info" } else { "warn" }
    }

    /// How it is logged unless `--log-format` says otherwise.
    pub fn usual_format(&self) -> Format {
        if matches!(self, Self::Serve(_)) { Format::fitting() } else { Format::Text }
    }

    /// Threads for what blocks: the store's readers (4 at once), names looked up, standard input. Without a bound tokio
    /// makes dozens for a long run of short reads, and each keeps memory of its own: a replay does nothing but read.
    pub fn blocking_threads(&self) -> usize {
        if matches!(self, Self::Replay(_)) { 4 } else { 12 }
    }
}

/// Does it. An exit status other than 0 without an error was explained on the way.
pub async fn run(command: Command, context: Context) -> anyhow::Result<ExitCode> {
    let done = match command {
        Command::Serve(args) => serve::run(args, &context).await,
        Command::Demo => return demo::run(&context).await,
        Command::Send(args) => return send::run(args, &context).await,
        Command::Events(args) => events::run(args, &context).await,
        Command::Show(args) => show::run(args, &context).await,
        Command::Queues => queues::run(&context).await,
        Command::Receive(args) => receive::run(args, &context).await,
        Command::Subscriptions(action) => subscriptions::run(action, &context).await,
        Command::DeadLetters(args) => dead_letters::run(args, &context).await,
        Command::Backup(args) => backup::run(args, &context).await,
        Command::Restore(args) => restore::run(args, &context).await,
        Command::Recover(args) => recover::run(args, &context).await,
        Command::Erase(args) => erase::run(args, &context).await,
        Command::Replay(args) => return replay::run(args, &context).await,
        Command::Release(action) => release::run(action, &context).await,
        Command::App(action) => app::run(action, &context).await,
        Command::Doctor(args) => return doctor::run(args, &context).await,
        Command::Config(action) => return config::run(action, &context).await,
        Command::Completions(args) => completions::run(&args),
    };
    done.map(|()| ExitCode::SUCCESS)
}
