//! A disk that is really full, and one whose syncs fail: small file systems
//! of this test's own. They take root and mounts; where those are not to be
//! had the tests say so, and prove nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use tidemark_journal::{Config, Health, Journal, NotSaved, OpenError, Room, Writer};
use tidemark_model::{Document, Note, Status};

use super::shop::*;

/// A file system of this test's own; unmounted at the end.
struct Mount {
    at: PathBuf,
    /// Its loop device, if it has one.
    device: Option<String>,
    _folder: Folder,
}

impl Drop for Mount {
    fn drop(&mut self) {
        run("umount", &["-l", &text(&self.at)]);
        if let Some(device) = &self.device {
            run("losetup", &["-d", device]);
        }
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn run(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

impl Mount {
    /// In memory, of that size; none where it can't be made.
    fn in_memory(name: &str, kib: u64) -> Option<Self> {
        let folder = Folder::new(name);
        let at = folder.path().join("disk");
        fs::create_dir(&at).unwrap();
        let size = format!("size={kib}k");
        let mounted = run("mount", &["-t", "tmpfs", "-o", &size, "tmpfs", &text(&at)]);
        said(name, mounted.map(|_| Self { at, device: None, _folder: folder }))
    }

    /// ext4 over a loop device whose image lies on a smaller disk: writes are
    /// taken, and the sync finds that they have no place.
    fn whose_syncs_fail(name: &str, below: &Self) -> Option<Self> {
        let folder = Folder::new(name);
        let (image, at) = (below.at.join("image"), folder.path().join("disk"));
        fs::create_dir(&at).unwrap();
        run("truncate", &["-s", "64m", &text(&image)])?;
        run("mkfs.ext4", &["-q", "-O", "^has_journal", "-E", "lazy_itable_init=0", &text(&image)]);
        let device = run("losetup", &["-f", "--show", &text(&image)]);
        let mounted = device.and_then(|device| {
            let mounted = run("mount", &[&device, &text(&at)]);
            if mounted.is_none() {
                run("losetup", &["-d", &device]);
            }
            mounted.map(|_| device)
        });
        said(name, mounted.map(|device| Self { at, device: Some(device), _folder: folder }))
    }
}

#[expect(clippy::print_stderr, reason = "what is not tried is said loudly")]
fn said<T>(name: &str, found: Option<T>) -> Option<T> {
    if found.is_none() {
        eprintln!("NOT TESTED: {name}: no file system can be mounted here");
    }
    found
}

/// A box whose data lies there.
fn open_on(shop: &Shop, mount: &Mount, ballast_bytes: u64) -> Result<(Journal, Writer), OpenError> {
    Journal::open(Config { dir: mount.at.join("journal"), ballast_bytes, ..shop.config() })
}

fn wordy(id: &str) -> Document {
    let mut document = sale(id, "apple", 1);
    document.labels.note = Some(Note::new(&"x".repeat(400)).unwrap());
    document
}

/// Sells until so many sales in a row are refused; those that were answered.
fn sell_until_refused(shop: &Shop, journal: &Journal, in_a_row: u32, first: u32) -> Vec<String> {
    let (mut answered, mut refused) = (Vec::new(), 0);
    for number in first..first + 200_000 {
        let id = number.to_string();
        match submit(journal, wordy(&id)) {
            Ok(_) => {
                answered.push(id);
                refused = 0;
            }
            Err(error) => {
                assert!(matches!(error, NotSaved::Write { .. }), "{error}");
                refused += 1;
                // The next attempt to open the journal is due.
                shop.pass(1_000);
                if refused == in_a_row {
                    return answered;
                }
            }
        }
    }
    panic!("the disk was never full");
}

fn writable_again(shop: &Shop, journal: &Journal) {
    let mut health = journal.watch_health();
    let writable = async {
        loop {
            shop.pass(1_000);
            if *health.borrow_and_update() == Health::Writable {
                return;
            }
            let _changed = tokio::time::timeout(Duration::from_millis(200), health.changed()).await;
        }
    };
    wait(async { tokio::time::timeout(Duration::from_secs(60), writable).await }).expect("it goes on by itself");
}

fn all_there(journal: &Journal, answered: &[String]) {
    for id in answered {
        assert_eq!(submit(journal, wordy(id)).unwrap().status, Status::Duplicate, "{id} was answered");
    }
}

#[test]
fn on_a_full_disk_the_ballast_goes_first_and_sales_last() {
    let Some(mount) = Mount::in_memory("full-ballast", 32 * 1024) else { return };
    let shop = Shop::new("full-ballast-clock");
    let ballast = 8 * 1024 * 1024;
    let (journal, writer) = open_on(&shop, &mount, ballast).unwrap();
    while journal.has_ballast() != Some(true) {
        std::thread::yield_now();
    }
    // One refusal: the ballast goes, and the next sale is taken.
    let mut answered = sell_until_refused(&shop, &journal, 1, 0);
    writable_again(&shop, &journal);
    assert_eq!((journal.has_ballast(), journal.counts().ballasts_given_up), (Some(false), 1));
    answered.extend(sell_until_refused(&shop, &journal, 20, 1_000_000));
    assert!(answered.iter().any(|id| id.len() == 7), "the ballast was room for sales");
    assert!(matches!(*journal.watch_health().borrow(), Health::NotWritable { .. }));
    // Somebody makes room.
    assert!(run("mount", &["-o", "remount,size=128m", &text(&mount.at)]).is_some());
    writable_again(&shop, &journal);
    all_there(&journal, &answered);
    let tail = journal.tail();
    writer.stop().unwrap();
    let (journal, writer) = open_on(&shop, &mount, 0).unwrap();
    assert_eq!(journal.tail(), tail);
    assert!(journal.salvage().is_over(), "no epoch was spent");
    writer.stop().unwrap();
}

#[test]
fn a_disk_may_be_full_at_any_write() {
    let Some(mount) = Mount::in_memory("full-any", 16 * 1024) else { return };
    let shop = Shop::new("full-any-clock");
    let filler = mount.at.join("filler");
    let mut answered: Vec<String> = Vec::new();
    for round in 0..24_u32 {
        // From no room at all, page by page and then more.
        let free = if round < 12 { u64::from(round) * 4_096 } else { u64::from(round - 11) * 100_000 };
        fill_up(&filler, free);
        let opened = open_on(&shop, &mount, 0);
        let error = match opened {
            Ok((journal, writer)) => {
                answered.extend(sell_until_refused(&shop, &journal, 3, round * 1_000_000));
                fs::remove_file(&filler).unwrap();
                writable_again(&shop, &journal);
                all_there(&journal, &answered);
                drop(journal);
                writer.stop().unwrap();
                continue;
            }
            Err(error) => error,
        };
        // Not even to open it: nothing is set aside for that.
        assert!(matches!(error, OpenError::Storage { .. } | OpenError::Folder { .. }), "{free} bytes free: {error}");
        fs::remove_file(&filler).unwrap();
        let (journal, writer) = open_on(&shop, &mount, 0).unwrap();
        all_there(&journal, &answered);
        drop(journal);
        writer.stop().unwrap();
    }
    assert!(!mount.at.join("journal/aside").exists(), "no epoch was spent");
}

/// Leaves so much room.
fn fill_up(filler: &Path, free: u64) {
    use std::io::Write as _;
    let mut file = fs::File::create(filler).unwrap();
    while file.write_all(&[7; 4_096]).is_ok() {}
    let length = file.metadata().unwrap().len();
    file.set_len(length.saturating_sub(free)).unwrap();
}

#[test]
fn a_sync_that_fails_is_not_believed_when_it_is_tried_again() {
    let Some(below) = Mount::in_memory("sync-below", 24 * 1024) else { return };
    let Some(mount) = Mount::whose_syncs_fail("sync", &below) else { return };
    let shop = Shop::new("sync-clock");
    let (journal, writer) = open_on(&shop, &mount, 0).unwrap();
    let answered = sell_until_refused(&shop, &journal, 3, 0);
    assert!(run("mount", &["-o", "remount,size=128m", &text(&below.at)]).is_some());
    // It goes on by itself, or, where the failed sync took something that was
    // answered, in a new journal with its loss named.
    for _ in 0..200 {
        shop.pass(1_000);
        if submit(&journal, wordy("again")).is_ok() {
            break;
        }
        std::thread::park_timeout(Duration::from_millis(20));
    }
    let epoch = journal.identity().epoch;
    let went_on = *journal.watch_health().borrow() == Health::Writable;
    if went_on {
        all_there(&journal, &answered);
    }
    drop(journal);
    writer.stop().unwrap();
    let (journal, writer) = open_on(&shop, &mount, 0).unwrap();
    if went_on && journal.identity().epoch == epoch {
        all_there(&journal, &answered);
    } else {
        super::damage::salvaged(&journal);
        let (there, lost) = super::damage::readable(&journal, epoch);
        let known = there.count() + lost.count();
        assert!(known >= u64::try_from(answered.len()).unwrap(), "{known} of {} are known", answered.len());
    }
    drop(journal);
    writer.stop().unwrap();
}

#[test]
fn a_disk_that_can_only_be_read_refuses_to_open_and_spends_no_epoch() {
    let Some(mount) = Mount::in_memory("read-only", 32 * 1024) else { return };
    let shop = Shop::new("read-only-clock");
    let (journal, writer) = open_on(&shop, &mount, 0).unwrap();
    submit(&journal, wordy("1")).unwrap();
    let epoch = journal.identity().epoch;
    drop(journal);
    writer.stop().unwrap();
    assert!(run("mount", &["-o", "remount,ro", &text(&mount.at)]).is_some());
    let refused = open_on(&shop, &mount, 0).err().unwrap();
    assert!(refused.to_string().contains("Read-only"), "{refused}");
    assert!(run("mount", &["-o", "remount,rw", &text(&mount.at)]).is_some());
    let (journal, writer) = open_on(&shop, &mount, 0).unwrap();
    assert_eq!((journal.tail(), journal.identity().epoch), (1, epoch));
    drop(journal);
    writer.stop().unwrap();
}

#[test]
fn classes_give_way_in_their_order() {
    let shop = Shop::new("classes");
    let retention = tidemark_journal::Retention { look_ms: 0, ..tidemark_journal::Retention::default() };
    let open = || Journal::open(Config { retention, ..shop.config() }).unwrap();
    let (journal, writer) = open();
    submit(&journal, sale("1", "apple", 1)).unwrap();
    drop(journal);
    writer.stop().unwrap();
    fs::write(shop.dir().join("damaged"), "for a trial").unwrap();
    let (journal, writer) = open();
    super::damage::salvaged(&journal);
    let (notes, aside) = (shop.dir().join("db/LOG.old.1"), shop.dir().join("aside/000001"));
    fs::write(&notes, "old").unwrap();
    wait(journal.begin_catalogue(7)).unwrap();
    let look = || (0..3).for_each(|_| wait(journal.ping()).unwrap());
    look();
    assert!(notes.exists() && aside.exists());
    assert!(journal.catalogue().unwrap().loading.is_some());
    journal.tell_room(Room::Tight);
    look();
    assert!(!notes.exists() && !aside.exists(), "telemetry first");
    assert!(journal.catalogue().unwrap().loading.is_some());
    journal.tell_room(Room::Scarce);
    look();
    assert!(journal.catalogue().unwrap().loading.is_none(), "then what of the catalogue is not in use");
    assert!(wait(journal.begin_catalogue(8)).is_err());
    submit(&journal, sale("2", "apple", 1)).expect("sales last");
    journal.tell_room(Room::Enough);
    assert!(wait(journal.begin_catalogue(8)).unwrap().loading.is_some());
    drop(journal);
    writer.stop().unwrap();
}
