//! Looking again and again until something holds, and failing with a sentence
//! if it does not.

use std::error::Error;
use std::time::Duration;

use tokio::time::Instant;

/// What goes wrong, told to the person who started a program or a test.
pub type Trouble = Box<dyn Error + Send + Sync>;

/// How long something may take, and how often it is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// A hang limit, not a figure.
    pub within: Duration,
    /// Between two looks.
    pub every: Duration,
}

impl Patience {
    /// Looks until it holds; a look that fails is made again.
    pub async fn wait_for<F>(self, what: &str, mut look: impl FnMut() -> F) -> Result<(), Trouble>
    where
        F: Future<Output = Result<bool, Trouble>>,
    {
        let deadline = Instant::now() + self.within;
        loop {
            match look().await {
                Ok(true) => return Ok(()),
                Ok(false) if Instant::now() > deadline => {
                    return Err(format!("{what} did not come within {:?}", self.within).into());
                }
                Err(trouble) if Instant::now() > deadline => return Err(trouble),
                Ok(false) | Err(_) => tokio::time::sleep(self.every).await,
            }
        }
    }
}

/// Fails with a sentence unless it holds.
pub fn expect(holds: bool, sentence: impl FnOnce() -> String) -> Result<(), Trouble> {
    if holds { Ok(()) } else { Err(sentence().into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    const SHORT: Patience = Patience { within: Duration::from_millis(20), every: Duration::from_millis(1) };

    #[tokio::test]
    async fn it_looks_until_it_holds() {
        let looks = Cell::new(0);
        let held = SHORT.wait_for("the third look", || async {
            looks.set(looks.get() + 1);
            if looks.get() == 1 { Err("not there".into()) } else { Ok(looks.get() == 3) }
        });
        held.await.unwrap();
        assert_eq!(looks.get(), 3);
    }

    #[tokio::test]
    async fn what_never_holds_is_named() {
        let trouble = SHORT.wait_for("the snow", || async { Ok(false) }).await.unwrap_err();
        assert!(trouble.to_string().starts_with("the snow did not come within"));
        let trouble = SHORT.wait_for("the snow", || async { Err("no sky".into()) }).await.unwrap_err();
        assert_eq!(trouble.to_string(), "no sky");
    }
}
