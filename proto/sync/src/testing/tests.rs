mod earlier;
mod faults;
mod fresh_first;
mod sentences;
