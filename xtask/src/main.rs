//! Developer commands, run as `cargo xtask COMMAND`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool talks to its terminal")]

mod app;
mod bench;
mod ci;
mod digest;
mod fuzz;
mod generate;
mod hygiene;
mod lab;
mod licences;
mod node;
mod onnxruntime;
mod prerequisites;
mod programs;
mod python;
mod setup;
mod shell;
mod steps;
mod system;
mod test;
mod tools;
mod wheel;
mod workspace;

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;
use lexopt::prelude::*;

use app::Profile;
use setup::Extent;
use workspace::Workspace;

const HELP: &str = "\
Usage: cargo xtask COMMAND

  app [--release]    set up, build and open the app
  setup [--runtime]  get what building, running and testing need; --runtime: only what running `mm` needs
  test               setup, then every test
  ci [--only TEXT]   test, and every other check a change must pass; --only: the steps with TEXT in their name
  gen [--check]      renew the generated files below gen/; --check: only say which are stale
  dist               build the app's packages for users into target/release/bundle
  wheel              build the Python package for users into target/wheels/release
  bench [ARGS]       micro-benchmarks, then `mm bench ARGS`
";

#[derive(Debug, PartialEq)]
enum Task {
    Help,
    App(Profile),
    Dist,
    Setup(Extent),
    Test,
    Ci { only: Option<String> },
    Generate { check: bool },
    Wheel,
    Bench(Vec<OsString>),
}

fn parse(mut parser: lexopt::Parser) -> Result<Task, lexopt::Error> {
    let name = match parser.next()? {
        Some(Value(value)) => value.string()?,
        Some(Short('h') | Long("help")) => return Ok(Task::Help),
        Some(other) => return Err(other.unexpected()),
        None => return Err("no command given".into()),
    };
    if name == "bench" {
        return Ok(Task::Bench(parser.raw_args()?.collect()));
    }
    let mut task = match name.as_str() {
        "app" => Task::App(Profile::Dev),
        "dist" => Task::Dist,
        "setup" => Task::Setup(Extent::Everything),
        "test" => Task::Test,
        "ci" => Task::Ci { only: None },
        "wheel" => Task::Wheel,
        "gen" => Task::Generate { check: false },
        other => return Err(format!("there is no command '{other}'").into()),
    };
    while let Some(argument) = parser.next()? {
        match (argument, &mut task) {
            (Short('h') | Long("help"), _) => return Ok(Task::Help),
            (Long("release"), Task::App(profile)) => *profile = Profile::Release,
            (Long("runtime"), Task::Setup(extent)) => *extent = Extent::Runtime,
            (Long("only"), Task::Ci { only }) => *only = Some(parser.value()?.string()?),
            (Long("check"), Task::Generate { check }) => *check = true,
            (other, _) => return Err(other.unexpected()),
        }
    }
    Ok(task)
}

fn run(task: &Task) -> Result<()> {
    let workspace = Workspace::locate()?;
    match task {
        Task::Help => {
            print!("{HELP}");
            Ok(())
        }
        Task::App(profile) => app::open(&workspace, *profile),
        Task::Dist => app::dist(&workspace),
        Task::Setup(extent) => setup::run(&workspace, *extent),
        Task::Test => test::run(&workspace),
        Task::Ci { only } => ci::run(&workspace, only.clone()),
        Task::Generate { check: false } => generate::write(&workspace),
        Task::Generate { check: true } => generate::check(&workspace),
        Task::Wheel => wheel::build_for_users(&workspace),
        Task::Bench(arguments) => bench::run(&workspace, arguments),
    }
}

fn main() -> ExitCode {
    match parse(lexopt::Parser::from_env()) {
        Err(error) => {
            eprintln!("error: {error}\n\n{HELP}");
            ExitCode::from(2)
        }
        Ok(task) => match run(&task) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("error: {error:#}");
                ExitCode::FAILURE
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &[&str]) -> Result<Task, String> {
        parse(lexopt::Parser::from_args(words)).map_err(|error| error.to_string())
    }

    #[test]
    fn every_command_in_the_help_is_understood() {
        let commands: Vec<_> =
            HELP.lines().skip(2).filter_map(|line| line.split_whitespace().next()).collect();
        assert_eq!(commands, ["app", "setup", "test", "ci", "gen", "dist", "wheel", "bench"]);
        for command in commands {
            assert!(parsed(&[command]).is_ok(), "{command}");
        }
    }

    #[test]
    fn options_belong_to_their_command() {
        assert_eq!(parsed(&["app", "--release"]), Ok(Task::App(Profile::Release)));
        assert_eq!(parsed(&["setup", "--runtime"]), Ok(Task::Setup(Extent::Runtime)));
        assert_eq!(parsed(&["gen", "--check"]), Ok(Task::Generate { check: true }));
        assert_eq!(parsed(&["ci", "--only", "clippy"]), Ok(Task::Ci { only: Some("clippy".to_owned()) }));
        assert!(parsed(&["ci", "--only"]).is_err());
        assert_eq!(parsed(&["gen", "--help"]), Ok(Task::Help));
        assert!(parsed(&["test", "--check"]).unwrap_err().contains("--check"));
        assert!(parsed(&["tset"]).unwrap_err().contains("tset"));
        assert!(parsed(&[]).is_err());
    }

    #[test]
    fn everything_after_bench_is_passed_on() {
        let expected = ["--json", "--iterations", "3"].map(OsString::from).to_vec();
        assert_eq!(parsed(&["bench", "--json", "--iterations", "3"]), Ok(Task::Bench(expected)));
    }
}
