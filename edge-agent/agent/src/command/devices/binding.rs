//! A scanner's table in the text of a configuration file: everything else in
//! it, remarks too, stays as a person wrote it.

use std::io::{self, Write as _};
use std::path::Path;

/// Why a text could not be changed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BindError {
    /// It is spelled in a way that is not changed here.
    #[error("the table of {path} spells its lane in a way that is not changed here: give `lane = \"{lane}\"` by hand")]
    Spelling {
        /// The port.
        path: String,
        /// The lane it is to have.
        lane: String,
    },
    /// A text that can't stand in quotes.
    #[error("{0:?} can't be written into the file")]
    Text(String),
}

/// The text with the port bound to the lane: its table's lane changed, or a
/// table added.
pub(super) fn bound(text: &str, path: &str, lane: &str) -> Result<String, BindError> {
    for given in [path, lane] {
        if given.chars().any(|c| c.is_control() || matches!(c, '"' | '\\')) {
            return Err(BindError::Text(given.to_owned()));
        }
    }
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let Some(table) = table_of(&lines, path) else {
        let gap = if text.is_empty() || text.ends_with("\n\n") { "" } else { "\n" };
        let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        return Ok(format!("{text}{end}{gap}[[scanner]]\npath = \"{path}\"\nlane = \"{lane}\"\n"));
    };
    let of_lane = |(_, line): &(usize, &&str)| value_of(line, "lane").is_some();
    let at = lines.iter().enumerate().take(table.1).skip(table.0).find(of_lane).map(|(at, _)| at);
    let at = at.ok_or_else(|| BindError::Spelling { path: path.to_owned(), lane: lane.to_owned() })?;
    let changed = lines.iter().enumerate().map(|(number, line)| {
        if number != at {
            return (*line).to_owned();
        }
        let remark = line.split_once('#').map(|(_, remark)| format!("  #{}", remark.trim_end())).unwrap_or_default();
        format!("lane = \"{lane}\"{remark}\n")
    });
    Ok(changed.collect())
}

/// From which line to which the `[[scanner]]` table of a port reaches.
fn table_of(lines: &[&str], path: &str) -> Option<(usize, usize)> {
    let is_head = |(_, line): &(usize, &&str)| line.trim_start().starts_with('[');
    let heads: Vec<usize> = lines.iter().enumerate().filter(is_head).map(|(at, _)| at).collect();
    let ends = heads.iter().skip(1).copied().chain([lines.len()]);
    heads.iter().copied().zip(ends).find(|(from, to)| {
        let is_scanner = lines.get(*from).is_some_and(|line| line.trim().starts_with("[[scanner]]"));
        let table = lines.get(*from..*to).unwrap_or_default();
        is_scanner && table.iter().any(|line| value_of(line, "path") == Some(path))
    })
}

/// The text of `key = "text"`.
fn value_of<'l>(line: &'l str, key: &str) -> Option<&'l str> {
    let rest = line.trim_start().strip_prefix(key)?.trim_start().strip_prefix('=')?.trim_start();
    rest.strip_prefix('"')?.split_once('"').map(|(text, _)| text)
}

/// Puts a text in the place of a file at once, with the rights it had.
pub(super) fn write(file: &Path, text: &str) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let fresh = folder.join(format!(".tidemark-bind-{}", std::process::id()));
    let written = write_beside(file, &fresh, text);
    if written.is_err() {
        // What could not be put in place is no use to anybody.
        std::fs::remove_file(&fresh).unwrap_or(());
    }
    written
}

fn write_beside(file: &Path, fresh: &Path, text: &str) -> io::Result<()> {
    let mut out = std::fs::File::options().write(true).create_new(true).open(fresh)?;
    out.set_permissions(std::fs::metadata(file)?.permissions())?;
    out.write_all(text.as_bytes())?;
    out.sync_all()?;
    std::fs::rename(fresh, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# the shop\nstore = \"S1\"\n\n[[scanner]]\npath = \"usb-0:1\"\nlane = \"old\"  # by the door\n\
                        baud = 9600\n\n[[lane]]\nname = \"old\"\n";

    #[test]
    fn a_new_port_is_a_table_behind_all_that_stands_there() {
        let text = bound(FILE, "usb-0:2", "goods-in").unwrap();
        assert_eq!(text, format!("{FILE}\n[[scanner]]\npath = \"usb-0:2\"\nlane = \"goods-in\"\n"));
        assert_eq!(bound("a = 1", "p", "l").unwrap(), "a = 1\n\n[[scanner]]\npath = \"p\"\nlane = \"l\"\n");
        assert_eq!(bound("", "p", "l").unwrap(), "[[scanner]]\npath = \"p\"\nlane = \"l\"\n");
    }

    #[test]
    fn a_port_that_has_a_table_only_changes_its_lane() {
        let text = bound(FILE, "usb-0:1", "new").unwrap();
        assert_eq!(text, FILE.replace("lane = \"old\"  # by", "lane = \"new\"  # by"));
    }

    #[test]
    fn what_can_not_be_changed_is_left_alone() {
        let strange = "[[scanner]]\npath = \"p\"\nlane = 'x'\n";
        assert!(matches!(bound(strange, "p", "l"), Err(BindError::Spelling { .. })));
        assert_eq!(bound(FILE, "p\"", "l"), Err(BindError::Text("p\"".to_owned())));
        assert_eq!(bound(FILE, "p", "a\nb"), Err(BindError::Text("a\nb".to_owned())));
    }

    #[test]
    fn a_file_keeps_its_rights() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("edge.toml");
        std::fs::write(&file, "old").unwrap();
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o640)).unwrap();
        write(&file, "new").unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "new");
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o640);
        assert!(write(&folder.path().join("none"), "x").is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left behind");
    }
}
