//! Simulated shops, a link that can be slowed and cut, and what the tests and
//! the demo need to start the daemons and to prove the books.

pub mod books;
pub mod chance;
pub mod chaos;
pub mod gun;
pub mod meeting;
pub mod papers;
pub mod patience;
pub mod process;
pub mod proof;
pub mod range;
pub mod receipts;
pub mod relay;
pub mod say;
pub mod shop;
pub mod shop_journal;
pub mod shops;
pub mod stage;
pub mod submit;
