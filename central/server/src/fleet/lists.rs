//! Which shops have something on a list of theirs, as the ledger said last.

use tidemark_ledger::StoresToLookAt;

use super::Fleet;

/// Lists of a shop that are not empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Lists {
    /// Codes that nobody knows.
    pub(super) unknown_codes: bool,
    /// Items that were never counted.
    pub(super) no_basis: bool,
}

impl Fleet {
    /// Notes what the ledger says; of a store that it does not name nothing is
    /// on a list any more.
    pub(super) fn note_lists(&self, found: &StoresToLookAt) {
        for store in found.unknown_codes.union(&found.no_basis) {
            self.change(store, |_shop| ());
        }
        self.each(|store, shop| {
            let (unknown_codes, no_basis) = (found.unknown_codes.contains(store), found.no_basis.contains(store));
            shop.lists = Lists { unknown_codes, no_basis };
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::Moment;
    use super::super::troubles::tests::books;
    use super::*;

    #[test]
    fn a_list_that_is_empty_again_is_none() {
        let fleet = Fleet::default();
        let books = books("open");
        let shown = || {
            let row = serde_json::to_value(fleet.row(&books, Moment::steady(0))).unwrap();
            (row["unknown_codes"].clone(), row["no_basis"].clone())
        };
        let (yes, no) = (serde_json::json!(true), serde_json::json!(false));
        let found = StoresToLookAt { unknown_codes: [books.store.clone()].into(), ..StoresToLookAt::default() };
        fleet.note_lists(&found);
        assert_eq!(shown(), (yes.clone(), no.clone()));
        fleet.note_lists(&StoresToLookAt { unknown_codes: [].into(), no_basis: [books.store.clone()].into() });
        assert_eq!(shown(), (no.clone(), yes));
        fleet.note_lists(&StoresToLookAt::default());
        assert_eq!(shown(), (no.clone(), no));
    }
}
