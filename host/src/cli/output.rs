use std::io::{IsTerminal, Write};
use std::mem::{Discriminant, discriminant};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Format;
use super::error::CliError;
use crate::definition::Parsed;
use crate::online::LoadProgress;

/// Decides what goes to stdout and what to stderr.
#[derive(Clone, Copy)]
pub(crate) struct Printer {
    format: Format,
}

impl Printer {
    pub(crate) fn new(format: Format) -> Self {
        Self { format }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// The answer: text for people, or one object.
    pub(crate) fn answer(&self, text: &str, json: &serde_json::Value) {
        let out = match self.format {
            Format::Text => text.trim_end().to_owned(),
            Format::Json => json.to_string(),
        };
        if !out.is_empty() {
            // A reader that has gone away wants no more.
            let _ = writeln!(std::io::stdout(), "{out}");
        }
    }

    /// What is being done.
    pub(crate) fn tell(&self, line: &str) {
        let _ = writeln!(std::io::stderr(), "{line}");
    }

    /// What is allowed in a definition and likely wrong.
    pub(crate) fn warnings(&self, parsed: &Parsed) {
        if !parsed.warnings.is_empty() {
            let problems = parsed.problems(parsed.warnings.clone());
            for problem in problems.problems() {
                let line = problems.line(problem);
                self.tell(&format!("warning: {}:{line}: {}", problems.file(), problem.message));
            }
        }
    }

    pub(crate) fn fail(&self, error: &CliError) -> ExitCode {
        let mut stderr = std::io::stderr();
        let plain = !stderr.is_terminal();
        let _ = match self.format {
            Format::Text => write!(stderr, "{}", error.text(plain)),
            Format::Json => writeln!(stderr, "{}", error.json()),
        };
        error.exit_code()
    }

    /// A bar with jobs, rows, rate and time left; nothing where stderr is no terminal.
    pub(crate) fn bar(&self, what: &str, jobs: usize) -> ProgressBar {
        if self.is_json() || !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let template = "{prefix} [{bar:30}] {pos}/{len} jobs, {msg}, {per_sec}, {eta} left";
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::with_draw_target(Some(jobs as u64), ProgressDrawTarget::stderr());
        bar.set_style(style);
        bar.set_prefix(what.to_owned());
        bar
    }
}

/// How far one thing is that takes long: a line that changes on a terminal, else a line for each kind of step, and one now and then.
pub(crate) struct Steps {
    what: String,
    bar: Option<ProgressBar>,
    told: Mutex<Option<(Discriminant<LoadProgress>, Instant)>>,
}

/// How often a step is told again where there is no terminal.
const AGAIN: Duration = Duration::from_secs(60);

impl Steps {
    pub(crate) fn new(printer: &Printer, what: &str) -> Self {
        let has_bar = !printer.is_json() && std::io::stderr().is_terminal();
        Self {
            what: what.to_owned(),
            bar: has_bar.then(|| ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr())),
            told: Mutex::default(),
        }
    }

    pub(crate) fn tell(&self, step: &LoadProgress) {
        let line = format!("{}: {step}", self.what);
        if let Some(bar) = &self.bar {
            let style = ProgressStyle::with_template("{spinner} {msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar.set_message(line);
            bar.tick();
            return;
        }
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let kind = discriminant(step);
        if told.is_none_or(|(before, at)| before != kind || at.elapsed() >= AGAIN) {
            *told = Some((kind, Instant::now()));
            let _ = writeln!(std::io::stderr(), "{line}");
        }
    }

    pub(crate) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Rows in columns, as wide as they need to be.
pub(crate) fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows
            .iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count());
        let widest = cells.chain([header[column].chars().count()]).max().unwrap_or(0);
        // Formatting takes no more.
        widest.min(usize::from(u16::MAX))
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let line = |cells: Vec<&str>| {
        let cells = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut out = line(header.to_vec());
    for row in rows {
        out.push('\n');
        out.push_str(&line(row.iter().map(String::as_str).collect()));
    }
    out.push('\n');
    out
}

/// The most memory that this process has had at once, where the system tells.
pub(crate) fn peak_memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_as_long_as_it_is() {
        let long = "x".repeat(70_000);
        let text = table(&["a", "b"], &[vec![long.clone(), "1".to_owned()]]);
        assert!(text.ends_with(&format!("\n{long}  1\n")));
    }
}
