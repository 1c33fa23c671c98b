//! Members of a JSON object, taken one by one, so that what nobody took can
//! be named.

use serde_json::{Map, Value};
use tidemark_model::{Note, TextError};

use super::Remark;
use super::clean::{cut, mask_cards, without_controls};

/// A card number is not longer than this, separators and all: what is cut so
/// far behind the end of a note can be no part of one that begins in it.
const CARD_BYTES: usize = 64;

/// An object whose members are taken as they are read.
pub(super) struct Members<'o, 'r> {
    object: &'o Map<String, Value>,
    taken: Vec<&'static str>,
    remarks: &'r mut Vec<Remark>,
    line: Option<u32>,
}

impl<'o, 'r> Members<'o, 'r> {
    pub(super) fn new(object: &'o Map<String, Value>, line: Option<u32>, remarks: &'r mut Vec<Remark>) -> Self {
        Self { object, taken: Vec::new(), remarks, line }
    }

    pub(super) fn remark(&mut self, code: &'static str, detail: String) {
        self.remarks.push(Remark { code, detail, line: self.line });
    }

    /// Where remarks of what is inside a member go.
    pub(super) const fn remarks(&mut self) -> &mut Vec<Remark> {
        self.remarks
    }

    /// Takes a member; JSON null is the same as none.
    pub(super) fn take(&mut self, name: &'static str) -> Option<&'o Value> {
        self.taken.push(name);
        self.object.get(name).filter(|value| !value.is_null())
    }

    /// Takes a label: text or number, cleaned and cut, with a remark.
    pub(super) fn label<T>(
        &mut self,
        name: &'static str,
        max: usize,
        make: fn(&str) -> Result<T, TextError>,
    ) -> Option<T> {
        let text = self.text(name)?;
        make(self.within(name, &text, max)).ok()
    }

    /// Takes a note. Card numbers are masked before it is cut: half of one
    /// could not be told any more.
    pub(super) fn note(&mut self, name: &'static str, max: usize) -> Option<Note> {
        let text = self.text(name)?;
        let masked = mask_cards(cut(&text, max.saturating_add(CARD_BYTES)));
        self.within(name, &text, max);
        Note::new(cut(&masked, max)).ok()
    }

    /// A text or number, freed of control characters.
    fn text(&mut self, name: &'static str) -> Option<String> {
        let given = match self.take(name)? {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                self.remark("label_unreadable", format!("`{name}` is no text and was left out; send a string"));
                return None;
            }
        };
        Some(self.cleaned(name, &given))
    }

    /// A text freed of control characters, with a remark.
    pub(super) fn cleaned(&mut self, name: &'static str, given: &str) -> String {
        let cleaned = without_controls(given);
        if cleaned.changed {
            let detail = format!("control characters in `{name}` were replaced by U+FFFD");
            self.remark("control_characters", detail);
        }
        cleaned.text
    }

    /// As much of a text as a label may have, with a remark.
    fn within<'t>(&mut self, name: &'static str, text: &'t str, max: usize) -> &'t str {
        let kept = cut(text, max);
        if kept.len() < text.len() {
            let found = text.len();
            self.remark("label_cut", format!("`{name}` has {found} bytes and was cut to {max}"));
        }
        kept
    }

    /// Takes a flag; anything but true or false is false, with a remark.
    pub(super) fn flag(&mut self, name: &'static str) -> bool {
        match self.take(name) {
            None => false,
            Some(Value::Bool(value)) => *value,
            Some(_) => {
                self.remark("flag_unreadable", format!("`{name}` is neither true nor false and was taken as false"));
                false
            }
        }
    }

    /// Takes a whole number from 0.
    pub(super) fn whole(&mut self, name: &'static str) -> Option<u64> {
        let text = match self.take(name)? {
            Value::Number(number) => number.to_string(),
            Value::String(text) => text.clone(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => String::new(),
        };
        let number = text.parse::<u64>().ok();
        if number.is_none() {
            self.remark("number_unreadable", format!("`{name}` is no whole number from 0 and was left out"));
        }
        number
    }

    /// Names every member that nobody took.
    pub(super) fn finish(self) {
        let strange = || self.object.keys().filter(|name| !self.taken.contains(&name.as_str()));
        let names: Vec<&str> = strange().map(|name| cut(name, 64)).take(10).collect();
        if names.is_empty() {
            return;
        }
        let more = strange().count().saturating_sub(names.len());
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let detail = without_controls(&format!("not known here: {}{more}", names.join(", "))).text;
        self.remarks.push(Remark { code: "unknown_members", detail, line: self.line });
    }
}
