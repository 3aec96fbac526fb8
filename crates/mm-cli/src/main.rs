//! `mm`: describe pictures, answer questions about them and read their text, on this device.
//!
//! Results go to standard output and nothing else does: logs, progress and errors go to standard error.
//! Exit status: 0 all good, 1 something failed (the rest was still done), 2 wrong usage.

mod args;
mod commands;
mod inputs;
mod library;
mod output;
mod overlay;
mod pictures;

use std::{process::ExitCode, time::Instant};

use clap::Parser;
use tracing_subscriber::{EnvFilter, fmt};

use crate::args::{Arguments, Command};

fn main() -> ExitCode {
    let start = Instant::now();
    let arguments = Arguments::parse();
    let default = if arguments.verbose { "info,mm_core=debug" } else { "error" };
    let filter = EnvFilter::try_from_env("MM_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    fmt().with_env_filter(filter).with_writer(std::io::stderr).without_time().init();

    let done = match &arguments.command {
        Command::Caption(options) => commands::caption::run(options, &arguments.model),
        Command::Ask(options) => commands::ask::run(options, &arguments.model),
        Command::Embed(options) => commands::embed::run(options, &arguments.model),
        Command::Ocr(options) => commands::ocr::run(options, &arguments.model),
        Command::Live(options) => commands::live::run(options, &arguments.model),
        Command::Index(options) => commands::index::run(options, &arguments.model),
        Command::Search(options) => commands::search::run(options, &arguments.model),
        Command::Bench(options) => commands::bench::run(options, &arguments.model, start),
        Command::Model { action } => commands::model::run(action, &arguments.model),
        Command::Generate { dir } => commands::generate::run(dir),
    };
    match done {
        Ok(outcome) => outcome.into(),
        Err(error) => {
            output::report(&error);
            error.exit_code()
        }
    }
}
