//! A run of named steps: each says that it starts and how long it took, and the end sums up.

use std::time::{Duration, Instant};

use anyhow::{Error, Result, bail};

struct Outcome {
    name: String,
    took: Duration,
    error: Option<Error>,
    skipped: Option<&'static str>,
}

impl Outcome {
    fn mark(&self) -> &'static str {
        match (&self.error, self.skipped) {
            (Some(_), _) => "FAILED",
            (None, Some(_)) => "skipped",
            (None, None) => "ok",
        }
    }
}

/// Runs steps in order and remembers how they went.
pub struct Steps {
    keep_going: bool,
    only: Option<String>,
    outcomes: Vec<Outcome>,
}

impl Steps {
    /// `keep_going`: later steps still run after a failure, so that one run lists every failure.
    pub fn new(keep_going: bool) -> Self {
        Self { keep_going, only: None, outcomes: Vec::new() }
    }

    /// Leaves out every step whose name does not contain `text`.
    pub fn only(mut self, text: Option<String>) -> Self {
        self.only = text;
        self
    }

    /// Under CI one run should tell everything; at the desk the first failure is what one wants to see.
    pub fn for_environment() -> Self {
        Self::new(in_ci())
    }

    /// Runs one step unless an earlier failure ended the run.
    pub fn step(&mut self, name: impl Into<String>, action: impl FnOnce() -> Result<()>) {
        if !self.keep_going && self.failures() > 0 {
            return;
        }
        let name = name.into();
        if self.leaves_out(&name) {
            return;
        }
        println!("==> {name}");
        let start = Instant::now();
        let error = action().err();
        let took = start.elapsed();
        match &error {
            None => println!("    {name}: ok, {}", seconds(took)),
            // What it was stands at the end, where it is looked for.
            Some(_) => println!("    {name}: FAILED, {}", seconds(took)),
        }
        self.outcomes.push(Outcome { name, took, error, skipped: None });
    }

    /// Like [`step`](Self::step), for what all later steps need: its failure ends the run even when others would not.
    pub fn essential(&mut self, name: impl Into<String>, action: impl FnOnce() -> Result<()>) {
        let before = self.failures();
        self.step(name, action);
        if self.failures() > before {
            self.keep_going = false;
        }
    }

    /// Notes that a step cannot run here, and why.
    pub fn skip(&mut self, name: &str, why: &'static str) {
        if self.leaves_out(name) {
            return;
        }
        println!("==> {name}\n    {name}: skipped: {why}");
        self.outcomes.push(Outcome {
            name: name.to_owned(),
            took: Duration::ZERO,
            error: None,
            skipped: Some(why),
        });
    }

    fn leaves_out(&self, name: &str) -> bool {
        self.only.as_ref().is_some_and(|text| !name.contains(text))
    }

    fn failures(&self) -> usize {
        self.outcomes.iter().filter(|outcome| outcome.error.is_some()).count()
    }

    /// Prints the table; an error if any step failed.
    pub fn finish(self) -> Result<()> {
        if let (true, Some(text)) = (self.outcomes.is_empty(), &self.only) {
            bail!("no step has '{text}' in its name");
        }
        let failed = self.failures();
        let skipped = self.outcomes.iter().filter(|outcome| outcome.skipped.is_some()).count();
        let passed = self.outcomes.len() - failed - skipped;
        println!();
        for outcome in &self.outcomes {
            println!("{:>8}  {:>8}  {}", outcome.mark(), seconds(outcome.took), outcome.name);
        }
        for Outcome { name, error, .. } in &self.outcomes {
            if let Some(error) = error {
                println!("\n{name}: {error:#}");
            }
        }
        println!("\nsteps: {passed} passed, {failed} failed, {skipped} skipped");
        if failed > 0 {
            bail!("{failed} of {} steps failed", passed + failed);
        }
        Ok(())
    }
}

/// Whether this runs in continuous integration (`CI` is set to anything but nothing, `0` or `false`).
pub fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"))
}

fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(keep_going: bool, essential: bool) -> (Vec<&'static str>, Result<()>) {
        let mut ran = Vec::new();
        let mut steps = Steps::new(keep_going);
        steps.step("first", || {
            ran.push("first");
            Ok(())
        });
        let fail = || bail!("broken");
        if essential {
            steps.essential("second", fail);
        } else {
            steps.step("second", fail);
        }
        steps.step("third", || {
            ran.push("third");
            Ok(())
        });
        (ran, steps.finish())
    }

    #[test]
    fn the_first_failure_ends_the_run_unless_told_to_keep_going() {
        let (ran, result) = run(false, false);
        assert_eq!(ran, ["first"]);
        assert_eq!(result.unwrap_err().to_string(), "1 of 2 steps failed");
        let (ran, result) = run(true, false);
        assert_eq!(ran, ["first", "third"]);
        assert_eq!(result.unwrap_err().to_string(), "1 of 3 steps failed");
    }

    #[test]
    fn nothing_runs_after_an_essential_step_failed() {
        let (ran, result) = run(true, true);
        assert_eq!(ran, ["first"]);
        assert!(result.is_err());
    }

    #[test]
    fn a_skipped_step_is_neither_passed_nor_failed() {
        let mut steps = Steps::new(false);
        steps.skip("fuzz", "no nightly toolchain");
        assert_eq!(steps.outcomes[0].mark(), "skipped");
        assert!(steps.finish().is_ok());
    }

    #[test]
    fn one_step_can_be_chosen_by_a_part_of_its_name() {
        let run = |text: &str| {
            let mut ran = Vec::new();
            let mut steps = Steps::new(false).only(Some(text.to_owned()));
            for name in ["check: format", "check: clippy"] {
                steps.step(name, || {
                    ran.push(name);
                    Ok(())
                });
            }
            (ran, steps.finish())
        };
        let (ran, result) = run("clippy");
        assert_eq!(ran, ["check: clippy"]);
        assert!(result.is_ok());
        let (ran, result) = run("clipy");
        assert!(ran.is_empty());
        assert!(result.unwrap_err().to_string().contains("clipy"));
    }

    #[test]
    fn all_steps_passing_is_success() {
        let mut steps = Steps::new(false);
        steps.essential("only", || Ok(()));
        assert!(steps.finish().is_ok());
    }
}
