//! What a key means: the layouts that scanners can be set to, as printed on
//! the keyboards of these countries.

use std::fmt;

use serde::Deserialize;

/// A keyboard layout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// United States: how nearly all scanners come.
    #[default]
    Us,
    /// Germany.
    De,
    /// France.
    Fr,
    /// Spain.
    Es,
    /// Italy.
    It,
    /// United Kingdom.
    Uk,
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Us => "us",
            Self::De => "de",
            Self::Fr => "fr",
            Self::Es => "es",
            Self::It => "it",
            Self::Uk => "uk",
        })
    }
}

/// Neighbouring keys: the number of the first one, and what they give alone,
/// with shift, with AltGr, and with both. A blank is a key that gives nothing.
type Row = (u16, [&'static str; 4]);

/// The key left of 1, digits, three rows of letters, the key beside Enter and
/// the one beside the left shift (numbers of the kernel's input event codes).
struct Keys {
    rows: &'static [Row],
    /// Keys of accents: they wait for the letter, a blank gives them alone.
    dead: &'static str,
}

const US: Keys = Keys {
    rows: &[
        (41, ["`", "~", "", ""]),
        (2, ["1234567890-=", "!@#$%^&*()_+", "", ""]),
        (16, ["qwertyuiop[]", "QWERTYUIOP{}", "", ""]),
        (30, ["asdfghjkl;'", "ASDFGHJKL:\"", "", ""]),
        (43, ["\\", "|", "", ""]),
        (44, ["zxcvbnm,./", "ZXCVBNM<>?", "", ""]),
        (86, ["\\", "|", "", ""]),
    ],
    dead: "",
};

const UK: Keys = Keys {
    rows: &[
        (41, ["`", "¬", "¦", ""]),
        (2, ["1234567890-=", "!\"£$%^&*()_+", "   €", ""]),
        (16, ["qwertyuiop[]", "QWERTYUIOP{}", "", ""]),
        (30, ["asdfghjkl;'", "ASDFGHJKL:@", "", ""]),
        (43, ["#", "~", "", ""]),
        (44, ["zxcvbnm,./", "ZXCVBNM<>?", "", ""]),
        (86, ["\\", "|", "", ""]),
    ],
    dead: "",
};

const DE: Keys = Keys {
    rows: &[
        (41, ["^", "°", "", ""]),
        (2, ["1234567890ß´", "!\"§$%&/()=?`", " ²³   {[]}\\", ""]),
        (16, ["qwertzuiopü+", "QWERTZUIOPÜ*", "@ €        ~", ""]),
        (30, ["asdfghjklöä", "ASDFGHJKLÖÄ", "", ""]),
        (43, ["#", "'", "", ""]),
        (44, ["yxcvbnm,.-", "YXCVBNM;:_", "      µ", ""]),
        (86, ["<", ">", "|", ""]),
    ],
    dead: "^´`",
};

const FR: Keys = Keys {
    rows: &[
        (41, ["²", "", "", ""]),
        (2, ["&é\"'(-è_çà)=", "1234567890°+", " ~#{[|`\\^@]}", ""]),
        (16, ["azertyuiop^$", "AZERTYUIOP¨£", "  €        ¤", ""]),
        (30, ["qsdfghjklmù", "QSDFGHJKLM%", "", ""]),
        (43, ["*", "µ", "", ""]),
        (44, ["wxcvbn,;:!", "WXCVBN?./§", "", ""]),
        (86, ["<", ">", "", ""]),
    ],
    dead: "¨",
};

const ES: Keys = Keys {
    rows: &[
        (41, ["º", "ª", "\\", ""]),
        (2, ["1234567890'¡", "!\"·$%&/()=?¿", "|@#~€¬", ""]),
        (16, ["qwertyuiop`+", "QWERTYUIOP^*", "  €       []", ""]),
        (30, ["asdfghjklñ´", "ASDFGHJKLÑ¨", "          {", ""]),
        (43, ["ç", "Ç", "}", ""]),
        (44, ["zxcvbnm,.-", "ZXCVBNM;:_", "", ""]),
        (86, ["<", ">", "", ""]),
    ],
    dead: "`^´¨",
};

const IT: Keys = Keys {
    rows: &[
        (41, ["\\", "|", "", ""]),
        (2, ["1234567890'ì", "!\"£$%&/()=?^", "    €", ""]),
        (16, ["qwertyuiopè+", "QWERTYUIOPé*", "  €       []", "          {}"]),
        (30, ["asdfghjklòà", "ASDFGHJKLç°", "         @#", ""]),
        (43, ["ù", "§", "", ""]),
        (44, ["zxcvbnm,.-", "ZXCVBNM;:_", "", ""]),
        (86, ["<", ">", "", ""]),
    ],
    dead: "",
};

impl Layout {
    pub(crate) const ALL: [Self; 6] = [Self::Us, Self::De, Self::Fr, Self::Es, Self::It, Self::Uk];

    const fn keys(self) -> &'static Keys {
        match self {
            Self::Us => &US,
            Self::De => &DE,
            Self::Fr => &FR,
            Self::Es => &ES,
            Self::It => &IT,
            Self::Uk => &UK,
        }
    }

    /// What a key of the main block gives.
    pub(crate) fn character(self, code: u16, shift: bool, alt_gr: bool) -> Option<char> {
        let (first, levels) = self.keys().rows.iter().find(|(first, levels)| {
            let width = levels.first().map_or(0, |level| level.chars().count());
            code.checked_sub(*first).is_some_and(|at| usize::from(at) < width)
        })?;
        let [plain, shifted, third, fourth] = levels;
        let level = match (shift, alt_gr) {
            (false, false) => plain,
            (true, false) => shifted,
            (false, true) => third,
            (true, true) => fourth,
        };
        level.chars().nth(usize::from(code - first)).filter(|character| *character != ' ')
    }

    /// Whether a character waits for the next key.
    pub(crate) fn is_dead(self, character: char) -> bool {
        self.keys().dead.contains(character)
    }

    /// The keys that type a character: code, shift, AltGr.
    pub(crate) fn stroke(self, character: char) -> Option<(u16, bool, bool)> {
        let levels = [(false, false), (true, false), (false, true), (true, true)];
        levels.into_iter().find_map(|(shift, alt_gr)| {
            let code = (1..=86).find(|code| self.character(*code, shift, alt_gr) == Some(character))?;
            Some((code, shift, alt_gr))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layout_types_what_codes_are_made_of() {
        let needed = (b'0'..=b'9').chain(b'A'..=b'Z').chain(b'a'..=b'z').chain(*b"]-.$/+%:?=&_()#@");
        for layout in Layout::ALL {
            for byte in needed.clone() {
                let character = char::from(byte);
                assert!(layout.stroke(character).is_some(), "{layout} cannot type {character:?}");
            }
        }
    }

    #[test]
    fn rows_have_one_character_a_key() {
        for layout in Layout::ALL {
            for (first, [plain, shifted, third, fourth]) in layout.keys().rows {
                let width = plain.chars().count();
                let fits = |level: &str| level.chars().count() <= width;
                assert!(fits(shifted) && fits(third) && fits(fourth), "{layout}, row of key {first}");
            }
        }
    }

    #[test]
    fn well_known_keys_differ_as_printed() {
        let row =
            |layout: Layout| (16..=21).filter_map(|code| layout.character(code, false, false)).collect::<String>();
        assert_eq!(row(Layout::Us), "qwerty");
        assert_eq!(row(Layout::De), "qwertz");
        assert_eq!(row(Layout::Fr), "azerty");
        assert_eq!(Layout::Us.character(27, false, false), Some(']'));
        assert_eq!(Layout::De.character(10, false, true), Some(']'));
        assert_eq!(Layout::Fr.character(12, false, true), Some(']'));
        assert_eq!(Layout::Es.character(27, false, true), Some(']'));
        assert_eq!(Layout::It.character(27, false, true), Some(']'));
        assert_eq!(Layout::Fr.character(2, true, false), Some('1'));
        assert_eq!(Layout::Us.character(1, false, false), None);
    }
}
