//! Members of a JSON object, taken one by one, so that what nobody took can
//! be named.

use serde_json::{Map, Value};
use tidemark_model::TextError;

use super::Remark;
use super::clean::{cut, without_controls};

/// An object whose members are taken out as they are read.
pub(super) struct Members<'r> {
    object: Map<String, Value>,
    remarks: &'r mut Vec<Remark>,
    line: Option<u32>,
}

impl<'r> Members<'r> {
    pub(super) fn new(object: Map<String, Value>, line: Option<u32>, remarks: &'r mut Vec<Remark>) -> Self {
        Self { object, remarks, line }
    }

    pub(super) fn remark(&mut self, code: &'static str, detail: String) {
        self.remarks.push(Remark { code, detail, line: self.line });
    }

    /// Keeps a remark that a line of the document gave.
    pub(super) fn keep(&mut self, remark: Remark) {
        self.remarks.push(remark);
    }

    /// Takes a member; JSON null is the same as none.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.object.remove(name).filter(|value| !value.is_null())
    }

    /// Takes a label: text or number, cleaned and cut, with a remark.
    pub(super) fn label<T>(
        &mut self,
        name: &'static str,
        max: usize,
        make: fn(&str) -> Result<T, TextError>,
    ) -> Option<T> {
        let given = match self.take(name)? {
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                self.remark("label_unreadable", format!("`{name}` is no text and was left out; send a string"));
                return None;
            }
        };
        let cleaned = without_controls(&given);
        if cleaned.changed {
            let detail = format!("control characters in `{name}` were replaced by U+FFFD");
            self.remark("control_characters", detail);
        }
        let kept = cut(&cleaned.text, max);
        if kept.len() < cleaned.text.len() {
            let found = cleaned.text.len();
            self.remark("label_cut", format!("`{name}` has {found} bytes and was cut to {max}"));
        }
        make(kept).ok()
    }

    /// Takes a flag; anything but true or false is false, with a remark.
    pub(super) fn flag(&mut self, name: &'static str) -> bool {
        match self.take(name) {
            None => false,
            Some(Value::Bool(value)) => value,
            Some(_) => {
                self.remark("flag_unreadable", format!("`{name}` is neither true nor false and was taken as false"));
                false
            }
        }
    }

    /// Takes a whole number from 0.
    pub(super) fn whole(&mut self, name: &'static str) -> Option<u64> {
        let value = self.take(name)?;
        let text = match &value {
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
        if self.object.is_empty() {
            return;
        }
        let names: Vec<&str> = self.object.keys().map(|name| cut(name, 64)).take(10).collect();
        let more = self.object.len().saturating_sub(names.len());
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let detail = without_controls(&format!("not known here: {}{more}", names.join(", "))).text;
        self.remarks.push(Remark { code: "unknown_members", detail, line: self.line });
    }
}
