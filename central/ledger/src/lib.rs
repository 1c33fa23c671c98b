//! The ledger: movements, balances, blocks, dead letters in SQL.
