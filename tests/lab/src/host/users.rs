//! Users and groups of the guest: Debian's, and what the package asks for.

use crate::Trouble;
use crate::guest::permissions;

/// The number of the box's user, and of its group.
pub(crate) const BOX: u32 = 990;
/// Groups that udev's rules name, with the numbers of Debian.
const GROUPS: [(&str, u32); 11] = [
    ("root", 0),
    ("tty", 5),
    ("disk", 6),
    ("lp", 7),
    ("kmem", 15),
    ("cdrom", 24),
    ("tape", 26),
    ("audio", 29),
    ("video", 44),
    ("render", 105),
    ("kvm", 106),
];

/// `/etc/passwd` and `/etc/group`, from the file of the package for
/// systemd-sysusers.
pub(crate) fn users(sysusers: &str) -> Result<(String, String), Trouble> {
    let rows = sysusers.lines().map(str::trim).filter(|row| !row.is_empty() && !row.starts_with('#'));
    let mut name = None;
    let mut memberships = Vec::new();
    for row in rows {
        let words: Vec<&str> = row.split_ascii_whitespace().collect();
        match *words.as_slice() {
            ["u", user, ..] => name = Some(user),
            ["m", user, group] => memberships.push((user, group)),
            _ => return Err(format!("a row for systemd-sysusers that is not known here: {row}").into()),
        }
    }
    let name = name.ok_or("the package makes no user")?;
    let passwd = format!("root:x:0:0:root:/root:/bin/sh\n{name}:x:{BOX}:{BOX}::/var/lib/tidemark-edge:/bin/false\n");
    let mut groups = format!("{name}:x:{BOX}:\n");
    for (group, number) in GROUPS.into_iter().chain(permissions::GROUPS) {
        let is_member = memberships.contains(&(name, group));
        groups.push_str(&format!("{group}:x:{number}:{}\n", if is_member { name } else { "" }));
    }
    Ok((passwd, groups))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_box_is_in_the_groups_that_its_package_gives_it_and_in_no_other() {
        let package = include_str!("../../../../packaging/systemd/tidemark-edge.sysusers");
        let (passwd, groups) = users(package).unwrap();
        assert!(passwd.contains("\ntidemark-edge:x:990:990:"));
        assert!(groups.contains("\ndialout:x:20:tidemark-edge\n") && groups.contains("\ninput:x:104:tidemark-edge\n"));
        assert!(groups.contains("\ntty:x:5:\n"));
        let (_, groups) = users("u tidemark-edge - \"Box\" /var/lib/tidemark-edge\nm tidemark-edge input").unwrap();
        assert!(groups.contains("\ndialout:x:20:\n"));
        assert!(users("g scanners").is_err() && users("").is_err());
    }
}
