//! Developer commands, run as `cargo xtask COMMAND`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool talks to its terminal")]

mod digest;
mod lab;
mod onnxruntime;
mod prerequisites;
mod python;
mod setup;
mod shell;
mod steps;
mod test;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use lexopt::prelude::*;

use setup::Extent;
use workspace::Workspace;

const HELP: &str = "\
Usage: cargo xtask COMMAND

  setup [--runtime]  get what building, running and testing need; --runtime: only what running needs
  test               setup, then every test
";

enum Task {
    Help,
    Setup(Extent),
    Test,
}

fn parse(mut parser: lexopt::Parser) -> Result<Task, lexopt::Error> {
    let mut name = None;
    let mut runtime = false;
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(Task::Help),
            Long("runtime") if name.as_deref() == Some("setup") => runtime = true,
            Value(value) if name.is_none() => name = Some(value.string()?),
            _ => return Err(argument.unexpected()),
        }
    }
    match name.as_deref() {
        Some("setup") => Ok(Task::Setup(if runtime { Extent::Runtime } else { Extent::Everything })),
        Some("test") => Ok(Task::Test),
        Some(other) => Err(format!("there is no command '{other}'").into()),
        None => Err("no command given".into()),
    }
}

fn run(task: Task) -> Result<()> {
    let workspace = Workspace::locate()?;
    match task {
        Task::Help => {
            print!("{HELP}");
            Ok(())
        }
        Task::Setup(extent) => setup::run(&workspace, extent),
        Task::Test => test::run(&workspace),
    }
}

fn main() -> ExitCode {
    match parse(lexopt::Parser::from_env()) {
        Err(error) => {
            eprintln!("error: {error}\n\n{HELP}");
            ExitCode::from(2)
        }
        Ok(task) => match run(task) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("error: {error:#}");
                ExitCode::FAILURE
            }
        },
    }
}
