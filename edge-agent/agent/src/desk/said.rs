//! What a lane says last, and what it is at: told in the shop's language on
//! the page, in English in the status.

use tidemark_model::Label;

use crate::lane::{Mode, Signal};
use crate::words::{Language, Word};

/// What a lane says last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// A sentence of the table.
    Word(Word),
    /// An item that was looked at, with its on-hand if it has stock.
    Item {
        /// Its name.
        name: String,
        /// Its price, if it has one.
        price: Option<String>,
        /// How much there is.
        on_hand: Option<String>,
    },
    /// A code that nobody knows.
    NotListed(String),
    /// In the system's words.
    Failed(String),
}

impl Said {
    /// What a signal says; none where the item itself was told.
    pub(super) const fn of(signal: Signal) -> Option<Self> {
        Some(Self::Word(match signal {
            Signal::Good => Word::SaidSaved,
            Signal::NotOnFile => Word::SaidNotOnFile,
            Signal::Tick => Word::SaidTick,
            Signal::Looked | Signal::NotFound => return None,
            Signal::Undone => Word::SaidUndone,
            Signal::End => Word::SaidEnd,
            Signal::Closed => Word::SaidClosed,
            Signal::CountOver => Word::SaidCountOver,
            Signal::Reminder => Word::SaidReminder,
            Signal::Error => Word::SaidError,
            Signal::KeptAside => Word::SaidAside,
            Signal::Repeated => Word::SaidRepeated,
            Signal::NotSaved => Word::Bad,
        }))
    }

    /// In a language.
    pub(crate) fn say(&self, language: Language) -> String {
        match self {
            Self::Word(word) => language.say(*word).to_owned(),
            Self::Item { name, price, on_hand } => {
                let price = price.as_ref().map(|price| format!("{price}, ")).unwrap_or_default();
                let stock = match on_hand {
                    None => language.say(Word::NoStock).to_owned(),
                    Some(on_hand) => language.say(Word::StockOf).replace("{}", on_hand),
                };
                format!("{name}: {price}{stock}")
            }
            Self::NotListed(item) => language.say(Word::NotListed).replace("{}", item),
            Self::Failed(why) => why.clone(),
        }
    }
}

/// What a scan does on a lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Does {
    /// Nothing.
    Nothing,
    /// It goes to the till that holds the claim, if one does.
    Till(Option<String>),
    /// What its mode says.
    Work(Mode),
}

impl Does {
    /// The word in the status, for programs.
    pub(super) fn word(&self) -> String {
        match self {
            Self::Nothing => "off".to_owned(),
            Self::Till(None) => "till (none)".to_owned(),
            Self::Till(Some(till)) => format!("till ({till})"),
            Self::Work(mode) => mode.word(),
        }
    }

    /// In a language.
    pub(crate) fn say(&self, language: Language) -> String {
        let of = |word, what: &str| format!("{}: {what}", language.say(word));
        match self {
            Self::Nothing => language.say(Word::ModeOff).to_owned(),
            Self::Till(None) => language.say(Word::ModeTillNone).to_owned(),
            Self::Till(Some(till)) => format!("{} ({till})", language.say(Word::ModeTill)),
            Self::Work(Mode::Look) => language.say(Word::Look).to_owned(),
            Self::Work(Mode::Sell) => language.say(Word::Sell).to_owned(),
            Self::Work(Mode::Return) => language.say(Word::Return).to_owned(),
            Self::Work(Mode::Receive) => language.say(Word::Receive).to_owned(),
            Self::Work(Mode::Waste(reason)) => of(Word::Waste, &reason_words(reason, language)),
            Self::Work(Mode::Send(store)) => of(Word::Send, store.as_str()),
            Self::Work(Mode::Count(zone)) => of(Word::Count, zone.name.as_str()),
        }
    }
}

/// A reason of the printed sheet; one of the company's own as it is.
fn reason_words(reason: &Label, language: Language) -> String {
    Word::of_reason(reason.as_str()).map_or_else(|| reason.to_string(), |word| language.say(word).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_says_what_it_is_at_in_the_language_of_the_shop() {
        let waste = Does::Work(Mode::Waste(Label::new("expiry").unwrap()));
        assert_eq!(waste.say(Language::De), "Abschrift: abgelaufen");
        let own = Does::Work(Mode::Waste(Label::new("rain").unwrap()));
        assert_eq!(own.say(Language::Fr), "Démarque: rain");
        assert_eq!(Does::Till(Some("till:3".to_owned())).say(Language::En), "till (till:3)");
        let seen = |price: Option<&str>, on_hand: Option<&str>| {
            let (price, on_hand) = (price.map(str::to_owned), on_hand.map(str::to_owned));
            Said::Item { name: "Apfel".to_owned(), price, on_hand }.say(Language::De)
        };
        assert_eq!(seen(None, Some("3")), "Apfel: Bestand 3");
        assert_eq!(seen(Some("1.99 EUR"), Some("3")), "Apfel: 1.99 EUR, Bestand 3");
        assert!(seen(Some("0.20 EUR"), None).starts_with("Apfel: 0.20 EUR, "));
        assert_eq!(Said::NotListed("4711".to_owned()).say(Language::Pl), "brak 4711 w katalogu");
    }

    #[test]
    fn each_signal_says_something_of_its_own() {
        let all = [
            Signal::Good,
            Signal::NotOnFile,
            Signal::Tick,
            Signal::Undone,
            Signal::End,
            Signal::Closed,
            Signal::CountOver,
            Signal::Reminder,
            Signal::Error,
            Signal::KeptAside,
            Signal::Repeated,
            Signal::NotSaved,
        ];
        for language in Language::ALL {
            let said: std::collections::BTreeSet<String> =
                all.iter().map(|signal| Said::of(*signal).unwrap().say(language)).collect();
            assert_eq!(said.len(), all.len(), "{language:?}");
        }
        assert_eq!(Said::of(Signal::Looked), None, "the item itself was told");
    }
}
