//! Who hands in documents, and for whom.

use tidemark_model::Source;

use crate::intake::is_own;

/// Who came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Guest {
    /// A process of this machine, or a file on it: may submit for any till.
    Local,
    /// A till: may submit for itself.
    Till(Source),
}

impl Guest {
    /// Whether it may submit documents of a source.
    pub(crate) fn may_submit(&self, source: &Source) -> bool {
        match self {
            Self::Local => !is_own(source),
            Self::Till(till) => till == source,
        }
    }

    /// Who it is, for people.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Local => "a program on this box",
            Self::Till(till) => till.as_str(),
        }
    }
}
