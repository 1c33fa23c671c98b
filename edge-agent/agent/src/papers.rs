//! Certificates of the box: until when they hold and for whom they speak,
//! told as conditions. A certificate that is no good never stops the sales.

use tidemark_daemon::conditions::{Active, registry};
use tidemark_daemon::listen::ShopIdentity;
use tidemark_model::{StoreId, WallTime};

/// A certificate with less time left than this is told: 30 days.
const SOON_MS: i64 = 30 * 24 * 3_600_000;

/// What there is to say of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing.
    Good,
    /// It ends soon.
    Ends(String),
    /// It can't be used.
    Unfit(String),
}

impl Verdict {
    /// Of the end of a certificate's time.
    pub(crate) fn of_end(ends: WallTime, now: WallTime) -> Self {
        let left = ends.0.saturating_sub(now.0);
        if left <= 0 {
            Self::Unfit("its time is over by the clock of this box".to_owned())
        } else if left < SOON_MS {
            Self::Ends(format!("{} days are left", left / (24 * 3_600_000)))
        } else {
            Self::Good
        }
    }

    /// Of the box for which a certificate speaks.
    pub(crate) fn of_shop(shop: Option<&ShopIdentity>, store: &StoreId) -> Self {
        match shop {
            Some(shop) if shop.store == *store => Self::Good,
            Some(shop) => Self::Unfit(format!("it is the one of store {}, this is {store}", shop.store)),
            None => Self::Unfit("it names no box as spiffe://<org>/store/<id>/box/<uuid>".to_owned()),
        }
    }

    /// This one, unless it has nothing to say.
    pub(crate) fn or(self, other: Self) -> Self {
        if self == Self::Good { other } else { self }
    }

    /// Tells it as a condition about a key of the configuration.
    pub(crate) fn tell(self, conditions: &Active, key: &str, now_ms: u64) {
        let (ends, unfit) = match self {
            Self::Good => (None, None),
            Self::Ends(detail) => (Some(detail), None),
            Self::Unfit(detail) => (None, Some(detail)),
        };
        for (code, detail) in [(registry::CERTIFICATE_ENDS, ends), (registry::CERTIFICATE, unfit)] {
            match detail {
                Some(detail) => drop(conditions.raise_about(code, key, detail, now_ms)),
                None => drop(conditions.clear_about(code, key)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 3_600_000;

    #[test]
    fn the_end_is_told_thirty_days_before_and_after_it() {
        let end = |days| Verdict::of_end(WallTime(days * DAY), WallTime(100 * DAY));
        assert_eq!(end(131), Verdict::Good);
        assert_eq!(end(110), Verdict::Ends("10 days are left".to_owned()));
        assert!(matches!(end(100), Verdict::Unfit(_)));
    }

    #[test]
    fn a_certificate_of_another_store_or_of_no_box_is_named() {
        let uri = ["spiffe://example/store/S2/box/018f3a52-9c1b-7d40-8a11-0242ac120002".to_owned()];
        let shop = ShopIdentity::of_uris(&uri);
        let store = |id: &str| StoreId::new(id).unwrap();
        assert_eq!(Verdict::of_shop(shop.as_ref(), &store("S2")), Verdict::Good);
        let Verdict::Unfit(detail) = Verdict::of_shop(shop.as_ref(), &store("S1")) else { panic!("it fits") };
        assert!(detail.contains("S2") && detail.contains("S1"), "{detail}");
        assert!(matches!(Verdict::of_shop(None, &store("S1")), Verdict::Unfit(_)));
    }

    #[test]
    fn what_is_over_is_cleared() {
        let conditions = Active::default();
        Verdict::Ends("10 days are left".to_owned()).tell(&conditions, "tls.certificate", 0);
        assert!(conditions.holds(registry::CERTIFICATE_ENDS));
        Verdict::Unfit("over".to_owned()).tell(&conditions, "tls.certificate", 0);
        assert!(conditions.holds(registry::CERTIFICATE) && !conditions.holds(registry::CERTIFICATE_ENDS));
        Verdict::Good.tell(&conditions, "tls.certificate", 0);
        assert!(conditions.list().is_empty());
    }
}
