//! The dialer with its certificates, looked at anew from time to time: a
//! certificate that is renewed is used without a new start.

use tidemark_daemon::clock::Clock;
use tidemark_daemon::conditions::Active;
use tidemark_model::StoreId;
use tidemark_wire::client::Dialer;

use super::line::Line;
use crate::papers::Verdict;

/// Between two looks at the files.
const LOOK_EVERY_MS: u64 = 60_000;
/// The key of the configuration that conditions name.
const KEY: &str = "centre.certificate";

/// Gives the dialer for the next attempt.
#[derive(Debug)]
pub(super) struct Dialling {
    line: Line,
    store: StoreId,
    conditions: Active,
    clock: Clock,
    found: Option<Found>,
}

/// What the last look found.
#[derive(Debug)]
struct Found {
    at_ms: u64,
    dialer: Result<Dialer, String>,
}

impl Dialling {
    pub(super) const fn over(line: Line, store: StoreId, conditions: Active, clock: Clock) -> Self {
        Self { line, store, conditions, clock, found: None }
    }

    /// A dialer, or why there is none at present.
    pub(super) fn dialer(&mut self) -> Result<Dialer, String> {
        let now = self.clock.millis();
        if let Some(Found { at_ms, dialer }) = &self.found
            && now.saturating_sub(*at_ms) < LOOK_EVERY_MS
        {
            return dialer.clone();
        }
        let dialer = self.look();
        self.found = Some(Found { at_ms: now, dialer: dialer.clone() });
        dialer
    }

    fn look(&self) -> Result<Dialer, String> {
        let tell = |verdict: Verdict| verdict.tell(&self.conditions, KEY, self.clock.millis());
        match self.line.dialer() {
            Ok((dialer, None)) => {
                tell(Verdict::Good);
                Ok(dialer)
            }
            Ok((dialer, Some(shown))) => {
                let of_shop = Verdict::of_shop(shown.shop.as_ref(), &self.store);
                tell(of_shop.or(Verdict::of_end(shown.ends, self.clock.wall())));
                // Tried all the same: the centre decides, and the clock of
                // the box may be the one that is wrong.
                Ok(dialer)
            }
            Err(error) => {
                tell(Verdict::Unfit(error.to_string()));
                Err(format!("the certificates can't be used: {error}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::CentreSettings;
    use tidemark_daemon::conditions::registry;

    #[test]
    fn a_missing_file_is_a_condition_and_no_end() {
        let settings = CentreSettings {
            address: Some("https://centre.example".to_owned()),
            ca: Some("/nonexistent/ca.pem".into()),
            certificate: Some("/nonexistent/box.pem".into()),
            key: Some("/nonexistent/box.key".into()),
        };
        let line = Line::of(&settings).unwrap().unwrap();
        let conditions = Active::default();
        let store = StoreId::new("S0001").unwrap();
        let mut dialling = Dialling::over(line, store, conditions.clone(), Clock::start());
        assert!(dialling.dialer().unwrap_err().contains("/nonexistent/ca.pem"));
        let raised = conditions.list();
        assert_eq!((raised.len(), raised[0].code), (1, registry::CERTIFICATE));
        assert!(raised[0].detail.contains("/nonexistent/ca.pem"), "{raised:?}");
    }
}
