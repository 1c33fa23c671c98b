//! The recorder: a file system in user space that shows one file, the disk.
//! A loop device stands on it, and so each write and each flush that the file
//! system above makes comes by here.
//!
//! One thread answers the kernel, request by request. A flush is therefore
//! recorded after every write that was answered before it, and before
//! anybody hears of it.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use fuser::{
    BackgroundSession, Config, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo,
    LockOwner, MountOption, OpenFlags, ReplyAttr, ReplyData, ReplyEmpty, ReplyEntry, ReplyOpen, ReplyWrite, Request,
    Session, TimeOrNow, WriteFlags,
};

use crate::record::Recording;
use crate::tools::{self, Trouble};

const DISK: INodeNo = INodeNo(2);
/// The file's name.
const NAME: &str = "disk";
/// The kernel may remember what it was told for ever: it never changes.
const REMEMBERED: Duration = Duration::from_secs(3_600);

/// A recorder that is mounted.
#[derive(Debug)]
pub struct Recorder {
    folder: PathBuf,
    /// None once it was stopped.
    session: Option<BackgroundSession>,
}

impl Recorder {
    /// Shows the disk of a recording in a folder.
    pub fn mount(recording: Arc<Recording>, folder: &Path) -> io::Result<Self> {
        let mut config = Config::default();
        config.mount_options = vec![MountOption::FSName("tidemark-powercut".to_owned()), MountOption::NoAtime];
        let session = Session::new(OneFile { recording }, folder, &config)?.spawn()?;
        Ok(Self { folder: folder.to_owned(), session: Some(session) })
    }

    /// The disk's file.
    #[must_use]
    pub fn disk(&self) -> PathBuf {
        self.folder.join(NAME)
    }

    /// Ends it: when this returns, nothing more is recorded.
    pub fn stop(mut self) -> Result<(), Trouble> {
        let Some(session) = self.session.take() else { return Ok(()) };
        // The loop device may let go of the file a moment later.
        tools::detach(&self.folder)?;
        session.join().map_err(|cause| Trouble::Io { what: "ending the recorder".to_owned(), cause })
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if self.session.is_some() {
            // Without a session nobody answers; the sweep unmounts the rest.
            drop(tools::detach(&self.folder));
        }
    }
}

#[derive(Debug)]
struct OneFile {
    recording: Arc<Recording>,
}

impl OneFile {
    fn attributes(&self, ino: INodeNo) -> Option<FileAttr> {
        let (kind, perm, size) = match ino {
            INodeNo::ROOT => (FileType::Directory, 0o700, 0),
            DISK => (FileType::RegularFile, 0o600, self.recording.bytes()),
            INodeNo(_) => return None,
        };
        Some(FileAttr {
            ino,
            size,
            blocks: size / 512,
            atime: UNIX_EPOCH,
            mtime: UNIX_EPOCH,
            ctime: UNIX_EPOCH,
            crtime: UNIX_EPOCH,
            kind,
            perm,
            nlink: 1,
            uid: 0,
            gid: 0,
            rdev: 0,
            blksize: 4_096,
            flags: 0,
        })
    }
}

impl Filesystem for OneFile {
    fn lookup(&self, _req: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let found = (parent == INodeNo::ROOT && name == NAME).then(|| self.attributes(DISK)).flatten();
        match found {
            Some(attributes) => reply.entry(&REMEMBERED, &attributes, Generation(0)),
            None => reply.error(Errno::ENOENT),
        }
    }

    fn getattr(&self, _req: &Request, ino: INodeNo, _fh: Option<FileHandle>, reply: ReplyAttr) {
        match self.attributes(ino) {
            Some(attributes) => reply.attr(&REMEMBERED, &attributes),
            None => reply.error(Errno::ENOENT),
        }
    }

    /// Times may be set, and are not kept.
    fn setattr(
        &self,
        _req: &Request,
        ino: INodeNo,
        _mode: Option<u32>,
        _uid: Option<u32>,
        _gid: Option<u32>,
        size: Option<u64>,
        _atime: Option<TimeOrNow>,
        _mtime: Option<TimeOrNow>,
        _ctime: Option<std::time::SystemTime>,
        _fh: Option<FileHandle>,
        _crtime: Option<std::time::SystemTime>,
        _chgtime: Option<std::time::SystemTime>,
        _bkuptime: Option<std::time::SystemTime>,
        _flags: Option<fuser::BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        match self.attributes(ino) {
            Some(attributes) if size.is_none() => reply.attr(&REMEMBERED, &attributes),
            Some(_) => reply.error(Errno::EPERM),
            None => reply.error(Errno::ENOENT),
        }
    }

    /// Past the page cache: what the loop device writes comes here at once.
    fn open(&self, _req: &Request, _ino: INodeNo, _flags: OpenFlags, reply: ReplyOpen) {
        reply.opened(FileHandle(0), FopenFlags::FOPEN_DIRECT_IO);
    }

    fn read(
        &self,
        _req: &Request,
        _ino: INodeNo,
        _fh: FileHandle,
        offset: u64,
        size: u32,
        _flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let left = self.recording.bytes().saturating_sub(offset).min(size.into());
        reply.data(&self.recording.read(offset, usize::try_from(left).unwrap_or(0)));
    }

    fn write(
        &self,
        _req: &Request,
        _ino: INodeNo,
        _fh: FileHandle,
        offset: u64,
        data: &[u8],
        _write_flags: WriteFlags,
        _flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        let end = u64::try_from(data.len()).ok().and_then(|length| offset.checked_add(length));
        match (end, u32::try_from(data.len())) {
            (Some(end), Ok(length)) if end <= self.recording.bytes() => {
                self.recording.write(offset, data);
                reply.written(length);
            }
            (Some(_) | None, Ok(_) | Err(_)) => reply.error(Errno::ENOSPC),
        }
    }

    /// A file is closed: no flush of the disk.
    fn flush(&self, _req: &Request, _ino: INodeNo, _fh: FileHandle, _lock_owner: LockOwner, reply: ReplyEmpty) {
        reply.ok();
    }

    fn fsync(&self, _req: &Request, _ino: INodeNo, _fh: FileHandle, _datasync: bool, reply: ReplyEmpty) {
        self.recording.flush();
        reply.ok();
    }

    /// Neither discards nor holes: a disk that can't.
    fn fallocate(
        &self,
        _req: &Request,
        _ino: INodeNo,
        _fh: FileHandle,
        _offset: u64,
        _length: u64,
        _mode: i32,
        reply: ReplyEmpty,
    ) {
        reply.error(Errno::EOPNOTSUPP);
    }
}
