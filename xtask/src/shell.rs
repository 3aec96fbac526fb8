//! Runs child processes; a failure names the command line that can be repeated by hand.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, PipeReader, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::steps::in_ci;

/// How many of a failed command's last lines its error repeats.
const REPEATED_LINES: usize = 60;
/// How long a command's output is awaited once it has ended: something it started may keep the pipe open.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Runs `command`, its output going where ours goes.
///
/// Under CI a failure repeats the last lines: of a long log often only the end can be seen, and there stands the
/// table of steps.
pub fn run(command: &mut Command) -> Result<()> {
    if in_ci() {
        return run_remembering(command);
    }
    let status = command.stdin(Stdio::null()).status().with_context(|| cannot_start(command))?;
    if !status.success() {
        bail!("`{}` failed ({status})", line(command));
    }
    Ok(())
}

fn run_remembering(command: &mut Command) -> Result<()> {
    // One pipe for both streams, so that the lines keep their order.
    let (reader, writer) = io::pipe().context("cannot make a pipe")?;
    command.stdin(Stdio::null()).stdout(writer.try_clone().context("cannot share a pipe")?).stderr(writer);
    let child = command.spawn();
    // The command holds writing ends of the pipe, and its reader waits until all of them are closed.
    command.stdout(Stdio::inherit()).stderr(Stdio::inherit());
    let mut child = child.with_context(|| cannot_start(command))?;
    let (said, hear) = mpsc::channel();
    thread::spawn(move || pass_on(reader, &said));
    let status = child.wait().with_context(|| format!("cannot wait for `{}`", line(command)))?;
    let mut last = VecDeque::with_capacity(REPEATED_LINES);
    // Ends when the reader does, or when a child of the command's keeps its end of the pipe open in silence.
    while let Ok(text) = hear.recv_timeout(LAST_WORDS) {
        if last.len() == REPEATED_LINES {
            last.pop_front();
        }
        last.push_back(text);
    }
    if !status.success() {
        let ended = Vec::from(last).join("\n    ");
        bail!("`{}` failed ({status}); it ended with:\n    {ended}", line(command));
    }
    Ok(())
}

/// Prints what comes and hands on its lines.
fn pass_on(reader: PipeReader, said: &mpsc::Sender<String>) {
    let (mut reader, mut bytes) = (BufReader::new(reader), Vec::new());
    while reader.read_until(b'\n', &mut bytes).is_ok_and(|count| count > 0) {
        // Neither a closed standard output nor a caller that left is a reason to block the command.
        let _ = io::stdout().write_all(&bytes);
        let _ = said.send(String::from_utf8_lossy(&bytes).trim_end().to_owned());
        bytes.clear();
    }
}

/// Runs `command` and gives back its standard output, trimmed; its standard error is part of the failure.
pub fn capture(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().with_context(|| cannot_start(command))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("`{}` failed ({}): {}", line(command), output.status, said.trim());
    }
    let text =
        String::from_utf8(output.stdout).with_context(|| format!("`{}` gave no text", line(command)))?;
    Ok(text.trim_end().to_owned())
}

fn cannot_start(command: &Command) -> String {
    format!("cannot start `{}`", line(command))
}

fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| {
            let word = word.to_string_lossy();
            if word.is_empty() || word.contains(char::is_whitespace) {
                format!("'{word}'")
            } else {
                word.into_owned()
            }
        })
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_failure_repeats_the_command_and_what_it_said() {
        let error =
            capture(Command::new("sh").args(["-c", "echo broken >&2; exit 3"])).unwrap_err().to_string();
        assert!(error.contains("sh -c 'echo broken >&2; exit 3'"), "{error}");
        assert!(error.contains('3') && error.ends_with(": broken"), "{error}");
    }

    #[test]
    fn a_failure_under_ci_repeats_the_last_lines_of_both_streams() {
        let script = "for i in $(seq 99); do echo line $i; done; echo broken >&2; exit 3";
        let error = run_remembering(Command::new("sh").args(["-c", script])).unwrap_err().to_string();
        assert!(error.ends_with("line 99\n    broken"), "{error}");
        assert!(error.contains("line 41\n") && !error.contains("line 40\n"), "{error}");
        run_remembering(Command::new("sh").args(["-c", "echo fine"])).unwrap();
    }

    #[test]
    fn what_a_command_leaves_running_does_not_hold_it_up() {
        let start = std::time::Instant::now();
        let error = run_remembering(Command::new("sh").args(["-c", "sleep 60 & echo broken; exit 3"]));
        assert!(error.unwrap_err().to_string().ends_with("broken"));
        assert!(start.elapsed() < Duration::from_secs(40));
    }

    #[test]
    fn a_program_that_does_not_exist_is_named() {
        let error = run(&mut Command::new("no-such-program")).unwrap_err().to_string();
        assert_eq!(error, "cannot start `no-such-program`");
    }
}
