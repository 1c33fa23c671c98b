//! For which box of which store a client certificate speaks.

use tidemark_model::{BoxId, StoreId};

/// The identity in a box's certificate:
/// `spiffe://<org>/store/<store>/box/<uuid>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShopIdentity {
    /// Whose.
    pub organisation: String,
    /// Which store.
    pub store: StoreId,
    /// Which box.
    pub box_id: BoxId,
}

impl ShopIdentity {
    /// Reads the URIs of a verified certificate. A SPIFFE certificate has
    /// exactly one; with more nobody could say which of them is meant, so
    /// that is none.
    #[must_use]
    pub fn of_uris(uris: &[String]) -> Option<Self> {
        match uris {
            [uri] => Self::parse(uri),
            _ => None,
        }
    }

    fn parse(uri: &str) -> Option<Self> {
        let mut parts = uri.strip_prefix("spiffe://")?.split('/');
        let organisation = parts.next().filter(|organisation| !organisation.is_empty())?;
        let (Some("store"), Some(store), Some("box"), Some(id), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return None;
        };
        let store = StoreId::new(store).ok()?;
        Some(Self { organisation: organisation.to_owned(), store, box_id: uuid(id)? })
    }
}

/// A UUID in its usual form of 8-4-4-4-12 hexadecimal digits.
fn uuid(text: &str) -> Option<BoxId> {
    let groups: Vec<usize> = text.split('-').map(str::len).collect();
    if groups != [8, 4, 4, 4, 12] || !text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit()) {
        return None;
    }
    u128::from_str_radix(&text.replace('-', ""), 16).ok().map(|number| BoxId(number.to_be_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOX: &str = "018f3a52-9c1b-7d40-8a11-0242ac120002";

    #[test]
    fn a_box_says_its_store_and_itself() {
        let uri = format!("spiffe://example/store/S0001/box/{BOX}");
        let shop = ShopIdentity::of_uris(std::slice::from_ref(&uri)).unwrap();
        assert_eq!((shop.organisation.as_str(), shop.store.as_str()), ("example", "S0001"));
        assert_eq!(shop.box_id.to_string(), BOX);
        assert_eq!(ShopIdentity::of_uris(&[uri.clone(), uri]), None, "two identities are none");
        assert_eq!(ShopIdentity::of_uris(&[]), None);
    }

    #[test]
    fn what_is_not_of_that_form_is_no_identity() {
        let wrong = [
            "https://example/store/S1/box/018f3a52-9c1b-7d40-8a11-0242ac120002",
            "spiffe:///store/S1/box/018f3a52-9c1b-7d40-8a11-0242ac120002",
            "spiffe://example/store/S 1/box/018f3a52-9c1b-7d40-8a11-0242ac120002",
            "spiffe://example/store/S1/box/018f3a529c1b7d408a110242ac120002",
            "spiffe://example/store/S1/box/+18f3a52-9c1b-7d40-8a11-0242ac120002",
            "spiffe://example/store/S1/box/018f3a52-9c1b-7d40-8a11-0242ac120002/more",
            "spiffe://example/store/S1",
        ];
        for uri in wrong {
            assert_eq!(ShopIdentity::parse(uri), None, "{uri}");
        }
    }
}
