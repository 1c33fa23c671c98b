use tidemark_model::{Code, Item, ItemUnit, Quantity, Sku};

use super::*;
use crate::{AuditEntry, AuditFilter, LedgerError, TokenRow};

on_both!(
    a_change_is_noted_with_it_and_one_that_fails_is_not,
    what_was_noted_is_found_by_who_what_and_where,
    no_text_is_more_than_a_text,
);

fn token(name: &str) -> TokenRow {
    TokenRow { name: name.to_owned(), hash: [7; 32], role: "viewer".to_owned() }
}

async fn all(ledger: &Ledger) -> Vec<AuditEntry> {
    let noted = ledger.audit(&AuditFilter::default(), 100).await.unwrap();
    assert!(noted.iter().all(|row| row.at > 1_600_000_000_000), "by the database's clock: {noted:?}");
    noted.into_iter().map(|row| row.entry).collect()
}

async fn a_change_is_noted_with_it_and_one_that_fails_is_not(place: Place) {
    let ledger = place.open().await;
    let entry = AuditEntry::of("anna", "admin", "token.add").about("till").because("a new page").with("{}");
    ledger.add_token(&token("nobody's"), NOW).await.unwrap();
    assert_eq!(all(&ledger).await, [], "who is not named is not noted");
    ledger.by(&entry).add_token(&token("till"), NOW).await.unwrap();
    let again = ledger.by(&entry).add_token(&token("till"), NOW).await;
    assert!(matches!(again, Err(LedgerError::Exists(_))), "{again:?}");
    assert!(!ledger.by(&entry).remove_token("never there").await.unwrap());
    assert_eq!(all(&ledger).await, std::slice::from_ref(&entry));
    let item = |sku: &str| Item::new(Sku::new(sku).unwrap(), sku.to_owned(), ItemUnit::Each);
    let code = |name: &str, sku: &str| (Code::new(name).unwrap(), Sku::new(sku).unwrap(), Quantity::ONE);
    let import = AuditEntry::of("anna", "admin", "catalogue.import");
    for (items, codes) in [
        (vec![item("a"), item("b")], vec![code("c", "a"), code("d", "a"), code("c", "b")]),
        (vec![item("a"), item("b"), item("a")], vec![code("c", "a")]),
    ] {
        let twice = ledger.by(&import).replace_catalogue(&items, &codes).await;
        assert!(matches!(&twice, Err(LedgerError::Twice(_))), "{twice:?}");
        assert_eq!(ledger.catalogue_version().await.unwrap(), 0, "nothing of it is taken");
        assert_eq!(all(&ledger).await, std::slice::from_ref(&entry));
    }
    for _ in 0..2 {
        // The second one changes nothing.
        ledger.by(&import).replace_catalogue(&[item("a")], &[code("c", "a")]).await.unwrap();
    }
    assert_eq!(all(&ledger).await, [import, entry]);
}

async fn what_was_noted_is_found_by_who_what_and_where(place: Place) {
    let ledger = place.open().await;
    for (who, action, shop, subject) in [
        ("anna", "letters.repair", "S1", "1"),
        ("bert", "letters.repair", "S2", "2"),
        ("bert", "lettersmith", "S2", "3"),
        ("bert", "sign_in", "", ""),
    ] {
        ledger.note(&AuditEntry::of(who, "operator", action).at(shop).about(subject)).await.unwrap();
    }
    let found = async |filter: AuditFilter| -> Vec<i64> {
        ledger.audit(&filter, 100).await.unwrap().iter().map(|row| row.number).collect()
    };
    let some = |text: &str| Some(text.to_owned());
    let nothing = AuditFilter::default;
    assert_eq!(found(nothing()).await, [4, 3, 2, 1]);
    assert_eq!(found(AuditFilter { who: some("anna"), ..nothing() }).await, [1]);
    assert_eq!(found(AuditFilter { action: some("letters"), ..nothing() }).await, [2, 1]);
    assert_eq!(found(AuditFilter { action: some("letters.repair"), store: some("S2"), ..nothing() }).await, [2]);
    assert_eq!(found(AuditFilter { subject: some("3"), ..nothing() }).await, [3]);
    assert_eq!(found(AuditFilter { below: Some(3), ..nothing() }).await, [2, 1]);
    assert!(found(AuditFilter { from: Some(i64::MAX), ..nothing() }).await.is_empty());
    assert!(found(AuditFilter { until: Some(1_600_000_000_000), ..nothing() }).await.is_empty());
    assert_eq!(ledger.audit(&nothing(), 2).await.unwrap().len(), 2);
}

async fn no_text_is_more_than_a_text(place: Place) {
    let ledger = place.open().await;
    let evil = "'; DROP TABLE audit; -- <script>alert(1)</script> %_ \\ \u{202e}";
    let entry = AuditEntry::of(evil, evil, evil).at(evil).about(evil).because(evil).with(evil);
    ledger.note(&entry).await.unwrap();
    let only = AuditFilter { who: Some(evil.to_owned()), action: Some(evil.to_owned()), ..AuditFilter::default() };
    assert_eq!(ledger.audit(&only, 9).await.unwrap().len(), 1);
    assert_eq!(all(&ledger).await, [entry]);
    let long = AuditEntry::of("a", "b", "c").with("ä".repeat(100_000));
    ledger.note(&long).await.unwrap();
    let kept = all(&ledger).await.remove(0).detail;
    assert!(kept.len() <= 16 * 1024 && kept.ends_with('ä'), "{}", kept.len());
    ledger.note(&AuditEntry::of("nul\0", "", "")).await.unwrap();
    assert!(all(&ledger).await[0].who.starts_with("nul"));
}
