//! The recorder, by itself: what is written to its file and synced is
//! recorded in its order, and read back.

#![expect(clippy::print_stderr, reason = "tests")]

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use tidemark_powercut::command::cannot;
use tidemark_powercut::disk::Disk;
use tidemark_powercut::place::Place;
use tidemark_powercut::record::{Event, Recording};
use tidemark_powercut::recorder::Recorder;

#[test]
fn what_is_written_and_synced_is_recorded_in_its_order() {
    if let Some(reason) = cannot(&[]) {
        eprintln!("SKIPPED, NOT TESTED: {reason}");
        return;
    }
    let place = Place::make().unwrap();
    let mut base = Disk::blank(64 * 1024);
    base.write(0, b"as it was");
    let recording = Arc::new(Recording::of(base));
    let recorder = Recorder::mount(Arc::clone(&recording), &place.folder("recorder").unwrap()).unwrap();
    let disk = File::options().read(true).write(true).open(recorder.disk()).unwrap();
    assert_eq!(disk.metadata().unwrap().len(), 64 * 1024);
    disk.write_all_at(&[1; 4_096], 8_192).unwrap();
    assert_eq!(recording.reached(), 1, "it is recorded when the write returns");
    disk.sync_data().unwrap();
    assert_eq!(recording.reached(), 2, "and so is the flush");
    disk.write_all_at(&[2; 512], 8_704).unwrap();
    assert!(disk.write_all_at(&[3; 512], 64 * 1024).is_err(), "the disk has an end");
    let mut read = vec![0; 1_024];
    disk.read_exact_at(&mut read, 8_192).unwrap();
    assert_eq!(read, [[1; 512], [2; 512]].concat());
    drop(disk);
    recorder.stop().unwrap();
    let record = Arc::into_inner(recording).unwrap().into_record();
    let write = |offset, bytes| Event::Write { offset, bytes };
    assert_eq!(record.events, [write(8_192, vec![1; 4_096]), Event::Flush, write(8_704, vec![2; 512])]);
    assert_eq!(record.base.read(0, 9), b"as it was");
}
