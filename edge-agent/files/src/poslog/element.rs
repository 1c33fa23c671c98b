//! One transaction as a tree, within limits, with nothing expanded.

use quick_xml::XmlVersion;
use quick_xml::events::attributes::Attribute;
use quick_xml::events::{BytesRef, BytesStart, Event};

use crate::Cause;
use crate::limits::{DEPTH, NODES};

/// An element: its name without prefix, and what stands in it.
#[derive(Debug, Default)]
pub(super) struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
    children: Vec<Self>,
}

impl Element {
    /// The value of an attribute.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.trim())
    }

    /// Whether an attribute says yes.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.attribute(name).is_some_and(|value| value == "1" || value.eq_ignore_ascii_case("true"))
    }

    /// Elements of a name that stand in it.
    pub(super) fn all<'e>(&'e self, name: &'static str) -> impl Iterator<Item = &'e Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The first of these.
    pub(super) fn child(&self, name: &'static str) -> Option<&Self> {
        self.all(name).next()
    }

    /// Its text; none if there is only blank.
    pub(super) fn text(&self) -> Option<&str> {
        Some(self.text.trim()).filter(|text| !text.is_empty())
    }

    /// The text of the first element of a name in it.
    pub(super) fn text_of(&self, name: &'static str) -> Option<&str> {
        self.all(name).find_map(Self::text)
    }
}

/// A tree whose end was not read yet.
#[derive(Debug)]
pub(super) struct Growing {
    open: Vec<Element>,
    nodes: usize,
}

type Refusal = (Cause, String);

impl Growing {
    pub(super) fn begin(start: &BytesStart<'_>) -> Result<Self, Refusal> {
        let mut growing = Self { open: Vec::new(), nodes: 0 };
        growing.start(start)?;
        Ok(growing)
    }

    /// Takes what comes next; gives the tree when it is whole.
    pub(super) fn take(&mut self, event: &Event<'_>) -> Result<Option<Element>, Refusal> {
        match event {
            Event::Start(start) => self.start(start)?,
            Event::Empty(start) => {
                self.start(start)?;
                return Ok(self.end());
            }
            Event::End(_) => return Ok(self.end()),
            Event::Text(text) => self.write(text),
            Event::CData(text) => self.write(text),
            Event::GeneralRef(reference) => {
                let character = resolved(reference)?;
                self.write(character.encode_utf8(&mut [0; 4]));
            }
            Event::Eof => return Err((Cause::Cut, "the file ends in the middle of a transaction".to_owned())),
            // They say nothing of what was sold; a document type is refused before.
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
        Ok(None)
    }

    fn start(&mut self, start: &BytesStart<'_>) -> Result<(), Refusal> {
        let mut element = Element { name: start.local_name().as_ref().to_owned(), ..Element::default() };
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| (Cause::Broken, error.to_string()))?;
            element.attributes.push(named(&attribute)?);
        }
        self.nodes = self.nodes.saturating_add(1).saturating_add(element.attributes.len());
        self.open.push(element);
        if self.nodes > NODES || self.open.len() > DEPTH {
            let detail = format!("a transaction has more than {NODES} elements, or elements more than {DEPTH} deep");
            return Err((Cause::TooLarge, detail));
        }
        Ok(())
    }

    fn end(&mut self) -> Option<Element> {
        let ended = self.open.pop()?;
        match self.open.last_mut() {
            Some(parent) => {
                parent.children.push(ended);
                None
            }
            None => Some(ended),
        }
    }

    fn write(&mut self, text: &str) {
        if let Some(open) = self.open.last_mut() {
            open.text.push_str(text);
        }
    }
}

fn named(attribute: &Attribute<'_>) -> Result<(String, String), Refusal> {
    let unknown = |error: quick_xml::Error| (Cause::Entity, format!("an attribute can't be read: {error}"));
    let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(unknown)?;
    Ok((attribute.key.local_name().as_ref().to_owned(), value.into_owned()))
}

/// A character reference or one of the five entities of XML itself.
fn resolved(reference: &BytesRef<'_>) -> Result<char, Refusal> {
    let unknown = || {
        let name: String = reference.chars().take(32).collect();
        (Cause::Entity, format!("the entity `&{name};` is not one of XML itself"))
    };
    match reference.resolve_char_ref() {
        Ok(Some(character)) => return Ok(character),
        Ok(None) => {}
        Err(_) => return Err(unknown()),
    }
    let known = quick_xml::escape::resolve_xml_entity(reference).and_then(|text| text.chars().next());
    known.ok_or_else(unknown)
}
