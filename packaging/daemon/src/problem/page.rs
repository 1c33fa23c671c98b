//! How many rows a page of a list has, the same at the box and at the centre.

use super::{PAGE_SIZE, Problem};

const LARGEST: u32 = 1_000;

/// The `page_size` of a request; the usual one if none is given.
pub fn page_size(given: Option<&str>, usual: u32) -> Result<u32, Problem> {
    let Some(given) = given else { return Ok(usual) };
    let size = given.parse::<u32>().ok().filter(|size| (1..=LARGEST).contains(size));
    size.ok_or_else(|| Problem::of(&PAGE_SIZE, format!("`page_size` is a number from 1 to {LARGEST}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_a_number_within_the_bounds_or_left_out() {
        assert_eq!(page_size(None, 100).unwrap(), 100);
        assert_eq!((page_size(Some("1"), 100).unwrap(), page_size(Some("1000"), 100).unwrap()), (1, 1_000));
        for given in ["0", "1001", "-1", "ten", "", "1.5"] {
            assert_eq!(page_size(Some(given), 100).unwrap_err().code(), "page_size", "{given}");
        }
    }
}
