//! Progress on stderr.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// A line on stderr that says how far a stage is: rewritten in place on a terminal, every ten seconds elsewhere.
#[derive(Debug)]
pub struct Progress {
    stage: &'static str,
    started: Instant,
    shown: Option<Instant>,
    terminal: bool,
    quiet: bool,
}

impl Progress {
    /// Begins a stage.
    pub fn start(stage: &'static str) -> Self {
        Self { stage, started: Instant::now(), shown: None, terminal: std::io::stderr().is_terminal(), quiet: false }
    }

    /// A stage that says nothing, for tests and for verbs inside other commands.
    pub fn quiet(stage: &'static str) -> Self {
        Self { quiet: true, ..Self::start(stage) }
    }

    /// Says how far the stage is, if it has not just been said.
    pub fn say(&mut self, how_far: impl FnOnce() -> String) {
        let pause = if self.terminal { Duration::from_millis(200) } else { Duration::from_secs(10) };
        let last = self.shown.unwrap_or(self.started);
        if self.quiet || last.elapsed() < pause {
            return;
        }
        self.shown = Some(Instant::now());
        self.print(&how_far(), !self.terminal);
    }

    /// Ends the stage with what it did; gives the seconds it took.
    pub fn done(self, what: &str) -> f64 {
        let seconds = self.started.elapsed().as_secs_f64();
        if !self.quiet {
            self.print(&format!("{what} ({seconds:.1} s)"), true);
        }
        seconds
    }

    fn print(&self, text: &str, end: bool) {
        let (clear, end) = match (self.terminal, end) {
            (true, true) => ("\r\x1b[2K", "\n"),
            (true, false) => ("\r\x1b[2K", ""),
            (false, _) => ("", "\n"),
        };
        let mut stderr = std::io::stderr().lock();
        // A closed stderr leaves nobody to tell.
        let _ = write!(stderr, "{clear}{:>10}  {text}{end}", self.stage);
        let _ = stderr.flush();
    }
}
