//! The bench: the box, scanners in its ports, codes that nobody scanned yet,
//! and the books of those that count.

use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use tidemark_fleet::range::{Article, articles};

use super::books::Books;
use super::edge::{Edge, Told};
use super::places::{CONFIGURATION, DATA};
use super::{ARTICLES, STORE};
use crate::Trouble;
use crate::bus::Port;
use crate::model::{Model, Signal};
use crate::pause::{HANG, wait_for};
use crate::scanner::Scanner;

/// How long nothing must come where nothing is to come.
const SILENCE: Duration = Duration::from_millis(1_500);

/// A port, and the lane that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) port: Port,
    pub(crate) lane: String,
}

/// The bench.
#[derive(Debug)]
pub(crate) struct Laboratory {
    pub(crate) edge: Edge,
    codes: std::vec::IntoIter<Article>,
    pub(crate) books: Books,
    /// What the box said in the present trial.
    pub(crate) words: Vec<String>,
}

impl Laboratory {
    /// Configures the box.
    pub(crate) fn build() -> Result<Self, Trouble> {
        fs::write(CONFIGURATION, configuration())?;
        let codes = articles(ARTICLES).into_iter();
        Ok(Self { edge: Edge::new()?, codes, books: Books::default(), words: Vec::new() })
    }

    /// A code that was not scanned yet.
    pub(crate) fn code(&mut self) -> Result<Article, Trouble> {
        Ok(self.codes.next().ok_or("all codes are scanned")?)
    }

    /// Scans a code that has to be signalled good and become one movement.
    pub(crate) fn scan(&mut self, scanner: &Scanner, place: &Place) -> Result<(), Trouble> {
        let article = self.code()?;
        self.scan_code(scanner, place, &article)
    }

    /// The same with a code of one's own.
    pub(crate) fn scan_code(&mut self, scanner: &Scanner, place: &Place, article: &Article) -> Result<(), Trouble> {
        let code = article.gtin.to_string();
        scanner.scan(ean13(&code))?;
        if scanner.model().hears() {
            match scanner.signal(HANG)? {
                Some(Signal::Good) => {}
                other => return Err(format!("{code} is answered with {other:?}").into()),
            }
        } else {
            wait_for("the page to show the scan as saved", || self.is_last_saved(place, article))?;
        }
        self.saved(place, article)
    }

    /// Several codes.
    pub(crate) fn scan_some(&mut self, scanner: &Scanner, place: &Place, count: u64) -> Result<(), Trouble> {
        (0..count).try_for_each(|_| self.scan(scanner, place))
    }

    /// Fails unless this code is the last that the lane saved.
    pub(crate) fn is_last_saved(&self, place: &Place, article: &Article) -> Result<(), Trouble> {
        let last = self.edge.last_saved(&place.lane)?.unwrap_or_default();
        let code = article.gtin.to_string();
        if ean13(&last) == ean13(&code) {
            Ok(())
        } else {
            Err(format!("the lane's last saved scan is {last:?}").into())
        }
    }

    /// Notes a code that counts, and looks whether it does.
    pub(crate) fn saved(&mut self, place: &Place, article: &Article) -> Result<(), Trouble> {
        self.books.note(&place.lane, article.sku.as_str());
        match self.edge.effect_sum(&article.gtin.to_string())? {
            1_000 => Ok(()),
            other => Err(format!("{} was signalled good and has {other} thousandths", article.gtin).into()),
        }
    }

    /// Nothing may be signalled for what was just read.
    pub(crate) fn hears_nothing(&self, scanner: &Scanner) -> Result<(), Trouble> {
        match scanner.signal(SILENCE)? {
            None => Ok(()),
            Some(signal) => Err(format!("{signal:?} for a code that the box can't have").into()),
        }
    }

    /// Waits for a condition; it has to say in words what is the case.
    pub(crate) fn told(&mut self, code: &str, place: &Place, words: &str) -> Result<(), Trouble> {
        let told = self.edge.wait_condition(code, place.port)?;
        let Told { title, detail, remedy } = &told;
        if [title, detail, remedy].iter().any(|text| text.trim().is_empty()) || !detail.contains(words) {
            return Err(format!("{code} does not say {words:?}: {told:?}").into());
        }
        let words = format!("{code} {title}: {detail}");
        if !self.words.contains(&words) {
            self.words.push(words);
        }
        Ok(())
    }
}

/// The 13 digits that are printed.
pub(crate) fn ean13(code: &str) -> &str {
    code.get(code.len().saturating_sub(13)..).unwrap_or(code)
}

/// The two ports of a kind, in the order of the kinds.
pub(crate) fn places(model: Model) -> [Place; 2] {
    let at = Model::ALL.iter().position(|one| *one == model).and_then(|at| u8::try_from(at).ok()).unwrap_or(0);
    let name = model.to_string().to_lowercase().replace(' ', "-");
    [1, 2].map(|side| Place { port: Port(at * 2 + side), lane: format!("{name}-{side}") })
}

/// A lane of its own for each port; nothing else is set up.
fn configuration() -> String {
    let mut text = format!("store = \"{STORE}\"\ndata = \"{DATA}\"\n");
    for model in Model::ALL {
        for Place { port, lane } in places(model) {
            let (path, profile) = (port.path(), model.profile());
            // Writing to a string can't fail.
            write!(
                text,
                "\n[[scanner]]\npath = \"{path}\"\nlane = \"{lane}\"\nprofile = \"{profile}\"\n\n[[lane]]\nname = \
                 \"{lane}\"\nmode = \"receive\"\n"
            )
            .unwrap_or(());
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_kind_has_two_ports_and_lanes_of_its_own() {
        let all: Vec<Place> = Model::ALL.into_iter().flat_map(places).collect();
        assert_eq!(all.iter().map(|place| place.port).collect::<BTreeSet<_>>().len(), 8);
        assert_eq!(all.iter().map(|place| place.lane.as_str()).collect::<BTreeSet<_>>().len(), 8);
        assert_eq!(configuration().matches("[[scanner]]").count(), 8);
        assert_eq!(places(Model::CdcAcm)[1], Place { port: Port(4), lane: "cdc-acm-2".to_owned() });
        assert_eq!(ean13("04006381333931"), "4006381333931");
    }
}
