//! What is wrong with a file, for the person who mends it.

/// Why something in a file was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The file can't be read: it may pass.
    Unreadable,
    /// Bytes that are no text in the encoding.
    Encoding,
    /// It ends in the middle.
    Cut,
    /// It is no CSV or XML.
    Broken,
    /// More than is taken at once.
    TooLarge,
    /// A document type or an entity: never expanded.
    Entity,
    /// The columns of the mapping are not there.
    Columns,
    /// A document without what makes its id.
    Identity,
    /// A date or number by which a document is told apart can't be read.
    Value,
    /// The lines of one document do not stand together.
    Apart,
    /// A line with fewer columns than the mapping names.
    Row,
    /// A document with fewer or more lines than it says.
    Incomplete,
    /// A receipt of another shop.
    OtherStore,
}

impl Cause {
    /// Its code, for machines.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unreadable => "file_unreadable",
            Self::Encoding => "file_encoding",
            Self::Cut => "file_cut",
            Self::Broken => "file_broken",
            Self::TooLarge => "record_too_large",
            Self::Entity => "xml_entity",
            Self::Columns => "columns_missing",
            Self::Identity => "identity_missing",
            Self::Value => "value_unreadable",
            Self::Apart => "lines_apart",
            Self::Row => "row_short",
            Self::Incomplete => "document_incomplete",
            Self::OtherStore => "other_store",
        }
    }

    /// What to do.
    #[must_use]
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::Unreadable => "look at the disk and at who may read the folder; the file is read again",
            Self::Encoding => "name the encoding the till writes in mapping.toml, such as \"windows-1252\"",
            Self::Cut => {
                "let the till export it again, write it under another name and rename it when it is whole; what is held already is not counted twice"
            }
            Self::Broken => "export it again; if the till always writes so, put mapping.toml right (separator, quote)",
            Self::TooLarge => "let the till export it in smaller parts",
            Self::Entity => "export it without a document type; entities are never expanded",
            Self::Columns => "name the columns in mapping.toml as they stand in the file's first line",
            Self::Identity => "give the columns that make the receipt's id a value, or name others in mapping.toml",
            Self::Value => "put the value right, or its format in mapping.toml",
            Self::Apart => "sort the export by receipt",
            Self::Row => "let the till write every column in every line, an empty one too",
            Self::Incomplete => "let the till export it again, whole; what is held already is not counted twice",
            Self::OtherStore => "drop it in the box of its own shop, or put `store` right in mapping.toml",
        }
    }

    /// Whether nothing more is read after it.
    #[must_use]
    pub const fn ends(self) -> bool {
        match self {
            Self::Unreadable
            | Self::Encoding
            | Self::Cut
            | Self::Broken
            | Self::TooLarge
            | Self::Entity
            | Self::Columns => true,
            Self::Identity | Self::Value | Self::Apart | Self::Row | Self::Incomplete | Self::OtherStore => false,
        }
    }
}

/// Something that was not taken, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {detail}")]
pub struct Fault {
    /// The line, from 1.
    pub line: u64,
    /// Why.
    pub cause: Cause,
    /// One sentence.
    pub detail: String,
}

impl Fault {
    pub(crate) fn new(line: u64, cause: Cause, detail: impl Into<String>) -> Self {
        Self { line, cause, detail: detail.into() }
    }
}
