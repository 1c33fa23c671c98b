//! What the program says to whoever watches: one line at a time, with the
//! seconds since its start.

use tokio::time::Instant;

/// Says lines with the time since it began.
#[derive(Clone, Copy, Debug)]
pub struct Voice(Instant);

impl Voice {
    /// A voice that begins now.
    #[must_use]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Says what happens.
    pub fn say(&self, what: impl AsRef<str>) {
        let millis = self.0.elapsed().as_millis();
        line(&format!("{:>3}.{} s  {}", millis / 1_000, millis % 1_000 / 100, what.as_ref()));
    }

    /// Whole seconds since it began.
    #[must_use]
    pub fn seconds(&self) -> u64 {
        self.0.elapsed().as_secs()
    }
}

/// Says a line as it is.
#[expect(clippy::print_stdout, reason = "this program's output is what it says")]
pub fn line(text: &str) {
    println!("{text}");
}

/// Complains.
#[expect(clippy::print_stderr, reason = "why a program failed goes to stderr")]
pub fn complain(text: &str) {
    eprintln!("tidemark-fleet: {text}");
}
