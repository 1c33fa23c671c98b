//! A page of the catalogue in pieces, where the line does not last for a whole
//! one: what came stays over the loss of the connection, and the next piece
//! begins behind it.

use prost::Message as _;
use tidemark_sync::message::{CataloguePage, FetchCatalogue};

use crate::convert::catalogue;
use crate::error::DecodeError;
use crate::limits::{MESSAGE_BYTES, PIECE_BYTES};
use crate::schema::sync::v1 as proto;

/// What came of a page, and how much of it is asked for at once.
#[derive(Debug, Default)]
pub struct Pieces {
    /// None while the line lasts for whole pages.
    most: Option<usize>,
    of: Option<FetchCatalogue>,
    /// Of the whole page: of another one nothing is taken behind it.
    checksum: u32,
    bytes: Vec<u8>,
}

impl Pieces {
    /// The next request for a page.
    pub(super) fn ask(&mut self, wanted: &FetchCatalogue) -> proto::FetchCatalogueRequest {
        if self.of.as_ref() != Some(wanted) {
            self.of = Some(wanted.clone());
            self.bytes.clear();
        }
        proto::FetchCatalogueRequest {
            from: u64::try_from(self.bytes.len()).unwrap_or(u64::MAX),
            most: self.most.map_or(0, |most| u32::try_from(most).unwrap_or(u32::MAX)),
            ..catalogue::fetch(wanted)
        }
    }

    /// Takes an answer; the page once it is whole.
    pub(super) fn take(&mut self, answer: proto::FetchCatalogueResponse) -> Result<Option<CataloguePage>, DecodeError> {
        // A whole one: as it was asked for, or from a centre that knows no
        // pieces.
        if answer.total == 0 {
            self.end();
            return catalogue::page_of(answer).map(Some);
        }
        // The line lasted: more is asked for.
        self.most = self.most.map(|most| most.saturating_mul(2).min(PIECE_BYTES.1));
        let total = usize::try_from(answer.total).unwrap_or(usize::MAX);
        if total > MESSAGE_BYTES {
            return Err(DecodeError::TooLong { found: total, max: MESSAGE_BYTES });
        }
        if self.bytes.is_empty() {
            self.checksum = answer.checksum;
        } else if self.checksum != answer.checksum {
            // The catalogue has changed meanwhile.
            self.bytes.clear();
            return Ok(None);
        }
        self.bytes.extend_from_slice(&answer.part);
        if self.bytes.len() < total && !answer.part.is_empty() {
            return Ok(None);
        }
        let whole = std::mem::take(&mut self.bytes);
        self.end();
        if crc32c::crc32c(&whole) != self.checksum {
            return Err(DecodeError::Protobuf("the pieces of a page do not fit together".to_owned()));
        }
        let page = proto::FetchCatalogueResponse::decode(whole.as_slice());
        catalogue::page_of(page.map_err(|error| DecodeError::Protobuf(error.to_string()))?).map(Some)
    }

    /// The line did not last: less is asked for.
    pub(super) fn shrink(&mut self) {
        let half = self.most.map_or(PIECE_BYTES.1, |most| most / 2);
        self.most = Some(half.max(PIECE_BYTES.0));
    }

    /// A page came: where the line lasts for the largest piece, the next one is
    /// asked for as a whole.
    fn end(&mut self) {
        self.of = None;
        self.bytes.clear();
        self.most = self.most.filter(|most| *most < PIECE_BYTES.1);
    }
}

#[cfg(test)]
mod tests {
    use tidemark_model::{Item, ItemUnit, Sku, StoreId};
    use tidemark_sync::message::CatalogueEntry;

    use super::*;

    fn page(version: u64, items: usize) -> CataloguePage {
        let entry = |number: usize| CatalogueEntry {
            item: Item::new(
                Sku::new(&format!("sku-{number:06}")).unwrap(),
                format!("Article {number} of version {version}"),
                ItemUnit::Each,
            ),
            codes: Vec::new(),
        };
        CataloguePage::part(version, (0..items).map(entry).collect(), true)
    }

    fn wanted(version: u64) -> FetchCatalogue {
        FetchCatalogue { store: StoreId::new("S1").unwrap(), version, after: None, since: 0 }
    }

    /// Asks over a line that lasts for so many bytes; the page, and the bytes
    /// that came over the line in all.
    fn fetch(pieces: &mut Pieces, lasts: usize, pages: impl Fn(usize) -> CataloguePage) -> (CataloguePage, usize) {
        let (mut came, mut tries) = (0, 0);
        loop {
            let asked = pieces.ask(&wanted(7));
            let answer = catalogue::page_from(&pages(tries), asked.from, asked.most);
            tries += 1;
            assert!(tries < 1_000);
            if answer.encoded_len() > lasts {
                came += lasts;
                pieces.shrink();
                continue;
            }
            came += answer.encoded_len();
            if let Some(page) = pieces.take(answer).unwrap() {
                return (page, came);
            }
        }
    }

    #[test]
    fn a_line_that_never_lasts_for_a_page_brings_it_in_pieces_and_no_byte_of_them_twice() {
        let whole = page(7, 2_000);
        let bytes = catalogue::page(&whole).encoded_len();
        for lasts in [1_100, 3_000, 20_000] {
            let (got, came) = fetch(&mut Pieces::default(), lasts, |_| whole.clone());
            assert_eq!(got, whole);
            // Pieces that the line broke in came for nothing; none that came
            // whole is asked for again.
            assert!(came < 4 * bytes, "{came} of {bytes} at {lasts}");
        }
    }

    #[test]
    fn a_line_that_lasts_brings_whole_pages_and_does_so_again_when_it_is_mended() {
        let whole = page(7, 300);
        let mut pieces = Pieces::default();
        let bytes = catalogue::page(&whole).encoded_len();
        assert_eq!(fetch(&mut pieces, usize::MAX, |_| whole.clone()).1, bytes);
        fetch(&mut pieces, 2_000, |_| whole.clone());
        assert!(pieces.ask(&wanted(7)).most > 0, "the next one begins in pieces");
        for _ in 0..3 {
            fetch(&mut pieces, usize::MAX, |_| whole.clone());
        }
        assert_eq!(pieces.ask(&wanted(7)).most, 0);
    }

    #[test]
    fn a_catalogue_that_changes_between_two_pieces_is_begun_anew() {
        let (old, new) = (page(7, 500), page(8, 499));
        let turn = |tries| if tries < 12 { old.clone() } else { new.clone() };
        assert_eq!(fetch(&mut Pieces::default(), 1_100, turn).0, new);
    }

    #[test]
    fn an_older_centre_answers_with_the_page_whatever_was_asked() {
        let whole = page(7, 3);
        let mut pieces = Pieces::default();
        pieces.shrink();
        assert!(pieces.ask(&wanted(7)).most > 0);
        assert_eq!(pieces.take(catalogue::page(&whole)), Ok(Some(whole)));
    }

    #[test]
    fn pieces_that_do_not_fit_or_have_no_end_are_refused() {
        let whole = page(7, 3);
        let mut answer = catalogue::page_from(&whole, 0, 1_000);
        answer.checksum ^= 1;
        assert!(Pieces::default().take(answer).is_err());
        let short = proto::FetchCatalogueResponse { part: bytes::Bytes::new(), ..catalogue::page_from(&whole, 0, 9) };
        assert!(Pieces::default().take(short).is_err());
        let long = proto::FetchCatalogueResponse { total: u64::MAX, ..catalogue::page_from(&whole, 0, 9) };
        assert!(Pieces::default().take(long).is_err());
    }
}
