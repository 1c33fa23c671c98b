//! Prices: how many decimals a currency has, and how one is told.

use tidemark_model::Price;

/// Digits behind the point of a currency (ISO 4217, minor units).
pub(super) fn decimals_of(price: &Price) -> u32 {
    const NONE: [&str; 16] = [
        "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF",
    ];
    const THREE: [&str; 7] = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];
    let currency = price.currency.as_str();
    if NONE.contains(&currency) {
        0
    } else if THREE.contains(&currency) {
        3
    } else {
        2
    }
}

/// Such as `1.99 EUR`.
pub(super) fn text(price: &Price) -> String {
    let (decimals, sign) = (decimals_of(price), if price.minor < 0 { "-" } else { "" });
    let (whole, scale) = (price.minor.unsigned_abs(), 10_u64.pow(decimals));
    let currency = &price.currency;
    match usize::try_from(decimals).unwrap_or(0) {
        0 => format!("{sign}{whole} {currency}"),
        width => format!("{sign}{}.{:0width$} {currency}", whole / scale, whole % scale),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidemark_model::Label;

    #[test]
    fn a_price_is_told_with_the_decimals_of_its_currency() {
        let told = |minor, currency| text(&Price { minor, currency: Label::new(currency).unwrap(), from: None });
        assert_eq!([told(199, "EUR"), told(5, "EUR"), told(-1_000, "USD")], ["1.99 EUR", "0.05 EUR", "-10.00 USD"]);
        assert_eq!([told(120, "JPY"), told(1_250, "KWD")], ["120 JPY", "1.250 KWD"]);
        assert_eq!(told(i64::MIN, "EUR"), "-92233720368547758.08 EUR");
    }
}
