//! The table of figures: what was asked, what was measured, the raw limit of
//! the same run.

use std::fmt::Write as _;

/// One figure.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// What was measured.
    pub(crate) what: &'static str,
    /// What it is to be.
    pub(crate) aim: &'static str,
    /// What it was: median and range over the rounds.
    pub(crate) measured: String,
    /// The raw limit of the same run.
    pub(crate) raw: String,
    /// Whether the aim was reached; none where there is none.
    pub(crate) reached: Option<bool>,
}

/// The table as Markdown.
pub(crate) fn markdown(rows: &[Row]) -> String {
    let mut text = String::from("| what | aim | measured | raw limit, same run | reached |\n|---|---|---|---|---|\n");
    for Row { what, aim, measured, raw, reached } in rows {
        let reached = match reached {
            None => "–",
            Some(true) => "yes",
            Some(false) => "**no**",
        };
        // Writing to a string can't fail.
        writeln!(text, "| {what} | {aim} | {measured} | {raw} | {reached} |").unwrap_or(());
    }
    text
}

/// The machine that was measured on.
pub(crate) fn machine() -> Result<String, std::io::Error> {
    let cpus = std::fs::read_to_string("/proc/cpuinfo")?;
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("\t: unknown");
    let count = cpus.lines().filter(|line| line.starts_with("processor")).count();
    let memory = std::fs::read_to_string("/proc/meminfo")?;
    let kib = memory.lines().find_map(|line| line.strip_prefix("MemTotal:")).unwrap_or("0").trim();
    let gib = kib.split(' ').next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) >> 20;
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let load = std::fs::read_to_string("/proc/loadavg")?;
    let load = load.split(' ').next().unwrap_or("?");
    let model = model.trim_start_matches(['\t', ' ', ':']);
    Ok(format!("{count} × {model}, {gib} GiB, Linux {}, load {load} at the end", kernel.trim()))
}

/// Median and range of rounds, as text.
pub(crate) fn rounds(mut values: Vec<u64>, unit: &str) -> String {
    values.sort_unstable();
    let middle = values.get(values.len() / 2).copied().unwrap_or(0);
    match (values.first(), values.last()) {
        (Some(low), Some(high)) if low != high => format!("{middle}{unit} ({low}–{high})"),
        _ => format!("{middle}{unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_tell_median_and_range() {
        assert_eq!(rounds(vec![3, 1, 2], "/s"), "2/s (1–3)");
        assert_eq!(rounds(vec![5], ""), "5");
    }
}
