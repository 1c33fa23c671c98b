//! The kernel's modules for the guest: those that scanners need, with what
//! each needs itself, as `depmod` wrote it down.

use std::collections::{BTreeMap, BTreeSet};

use crate::Trouble;

/// What is loaded by itself when a device asks for it, or by the guest's start.
pub(crate) const WANTED: [&str; 9] =
    ["vhci-hcd", "usbhid", "hid-generic", "evdev", "cdc_acm", "usbserial", "ftdi_sio", "pl2303", "cp210x"];

/// Their files, each after those that it needs; `dependencies` is
/// `modules.dep`.
pub(crate) fn files(dependencies: &str) -> Result<Vec<String>, Trouble> {
    let rows: BTreeMap<&str, Vec<&str>> = dependencies
        .lines()
        .filter_map(|row| row.split_once(':'))
        .map(|(file, needs)| (file, needs.split_ascii_whitespace().collect()))
        .collect();
    let mut files = BTreeSet::new();
    for wanted in WANTED {
        let file = rows.keys().find(|file| name(file) == wanted.replace('-', "_"));
        let file = file.ok_or_else(|| format!("the kernel has no module {wanted}"))?;
        files.insert((*file).to_owned());
        // `modules.dep` has the needs of needs too.
        files.extend(rows.get(file).into_iter().flatten().map(|need| (*need).to_owned()));
    }
    Ok(files.into_iter().collect())
}

/// A module's name: underscores and hyphens are the same to the kernel.
fn name(file: &str) -> String {
    let file = file.rsplit('/').next().unwrap_or(file);
    file.split('.').next().unwrap_or(file).replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_module_needs_comes_with_it_and_a_missing_one_is_named() {
        let rows = WANTED.map(|name| format!("kernel/{name}.ko: kernel/usbcore.ko kernel/usb-common.ko\n"));
        let table = format!("{}kernel/sound.ko:\nkernel/usbcore.ko: kernel/usb-common.ko\n", rows.concat());
        let found = files(&table).unwrap();
        assert_eq!(found.len(), WANTED.len() + 2);
        assert!(found.contains(&"kernel/usb-common.ko".to_owned()) && !found.contains(&"kernel/sound.ko".to_owned()));
        let without = table.replace("kernel/ftdi_sio.ko", "kernel/other.ko");
        assert_eq!(files(&without).unwrap_err().to_string(), "the kernel has no module ftdi_sio");
    }
}
