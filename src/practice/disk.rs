//! The chain on disk: one append-only file of checked records in a folder that one process may hold.
//!
//! A write that was cut off is dropped when the file is opened again; a changed byte before the end is an error and is
//! never repaired in silence. Knows no rule of the chain.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, BufReader, Read, Seek, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use bitcoin::{
    Block, Transaction, Txid,
    consensus::{deserialize, serialize},
    hashes::{Hash as _, sha256},
};

use super::PracticeError;

const FILE: &str = "practice.chain";
const LOCK: &str = "practice.lock";
/// First bytes of the file: its kind and version.
const MAGIC: &[u8; 24] = b"fastness practice chain1";
/// Bytes before a record's payload: kind, length, checksum.
const HEAD: usize = 9;
/// No record is longer than the largest block (4 million weight units).
const MAX_PAYLOAD: u32 = 4_000_000;

/// One thing that happened.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Record {
    /// A block was connected.
    Block(Block),
    /// This many blocks were disconnected.
    Disconnected(u32),
    /// A transaction entered the mempool.
    Entered(Transaction),
    /// A transaction was thrown out of the mempool.
    Evicted(Txid),
}

/// The open file. Records wait in memory until [`Disk::save`].
pub(crate) struct Disk {
    path: PathBuf,
    file: File,
    /// Bytes known to be written whole.
    good: u64,
    waiting: Vec<u8>,
    /// Held until drop; the system lets go of it when the process ends.
    _lock: File,
}

/// Where reading stands and what comes next.
enum Next {
    Record(Record, u64),
    End,
}

impl Disk {
    /// Opens the folder (made when absent), takes its lock, and hands every record to `replay` in order.
    pub(crate) fn open(
        folder: &Path,
        mut replay: impl FnMut(Record) -> Result<(), PracticeError>,
    ) -> Result<Self, PracticeError> {
        fs::create_dir_all(folder).map_err(|cause| unusable(folder, cause))?;
        let lock = take_lock(folder)?;
        let path = folder.join(FILE);
        let (mut file, mut good) = open_file(&path)?;
        let length = file.metadata().map_err(|cause| unusable(&path, cause))?.len();
        file.seek(SeekFrom::Start(good)).map_err(|cause| unusable(&path, cause))?;
        let mut reader = BufReader::new(&file);
        while let Next::Record(record, size) = read_record(&mut reader, &path, (good, length))? {
            replay(record).map_err(|error| match error {
                PracticeError::BadBlock(_) => damaged(&path, good),
                other => other,
            })?;
            good += size;
        }
        let mut disk = Self { path, file, good, waiting: Vec::new(), _lock: lock };
        disk.cut_tail().map_err(|cause| unusable(&disk.path, cause))?;
        Ok(disk)
    }

    /// Adds a record to those that wait.
    pub(crate) fn push(&mut self, record: &Record) {
        let (kind, payload) = match record {
            Record::Block(block) => (b'B', serialize(block)),
            Record::Disconnected(depth) => (b'D', depth.to_le_bytes().to_vec()),
            Record::Entered(transaction) => (b'T', serialize(transaction)),
            Record::Evicted(txid) => (b'E', txid.to_byte_array().to_vec()),
        };
        let length = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_le_bytes();
        self.waiting.push(kind);
        self.waiting.extend(length);
        self.waiting.extend(checksum(kind, length, &payload));
        self.waiting.extend(payload);
    }

    /// Writes what waits and makes it last. After a failure everything still waits, and the next call tries again.
    pub(crate) fn save(&mut self) -> Result<(), PracticeError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        self.write().map_err(|cause| unusable(&self.path, cause))
    }

    fn write(&mut self) -> io::Result<()> {
        self.cut_tail()?;
        self.file.write_all(&self.waiting)?;
        self.file.sync_data()?;
        self.good += u64::try_from(self.waiting.len()).unwrap_or(0);
        self.waiting.clear();
        Ok(())
    }

    /// Removes whatever an unfinished write left behind, and stands at the end.
    fn cut_tail(&mut self) -> io::Result<()> {
        self.file.set_len(self.good)?;
        self.file.seek(SeekFrom::Start(self.good)).map(drop)
    }
}

fn unusable(path: &Path, cause: io::Error) -> PracticeError {
    PracticeError::Unusable { path: path.to_owned(), cause }
}

fn damaged(path: &Path, offset: u64) -> PracticeError {
    PracticeError::Damaged { path: path.to_owned(), offset }
}

fn take_lock(folder: &Path) -> Result<File, PracticeError> {
    let path = folder.join(LOCK);
    let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    let lock = lock.map_err(|cause| unusable(&path, cause))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(PracticeError::InUse(folder.to_owned())),
        Err(TryLockError::Error(cause)) => Err(unusable(&path, cause)),
    }
}

/// The file with its first bytes checked, and how many they are. A file cut off inside them holds nothing yet.
fn open_file(path: &Path) -> Result<(File, u64), PracticeError> {
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(path)
        .map_err(|cause| unusable(path, cause))?;
    let mut start = Vec::new();
    let wanted = u64::try_from(MAGIC.len()).unwrap_or(0);
    Read::by_ref(&mut file).take(wanted).read_to_end(&mut start).map_err(|cause| unusable(path, cause))?;
    if !MAGIC.starts_with(&start) {
        return Err(damaged(path, 0));
    }
    if start.len() < MAGIC.len() {
        let write = |file: &mut File| {
            file.set_len(0)?;
            file.seek(SeekFrom::Start(0))?;
            file.write_all(MAGIC)?;
            file.sync_all()
        };
        write(&mut file).map_err(|cause| unusable(path, cause))?;
    }
    Ok((file, wanted))
}

/// The record at `offset` of a file of `length` bytes. What the end of the file cuts off, or leaves unwritten in its
/// last record, is an unfinished write; anything else that does not fit is damage.
fn read_record(reader: &mut impl Read, path: &Path, (offset, length): (u64, u64)) -> Result<Next, PracticeError> {
    let left = length.saturating_sub(offset);
    let mut head = [0u8; HEAD];
    if left < HEAD as u64 {
        return Ok(Next::End);
    }
    reader.read_exact(&mut head).map_err(|cause| unusable(path, cause))?;
    let [kind, l0, l1, l2, l3, sum @ ..] = head;
    let size_bytes = [l0, l1, l2, l3];
    let size = u32::from_le_bytes(size_bytes);
    let whole = u64::from(size) + HEAD as u64;
    if whole > left {
        return Ok(Next::End);
    }
    if size > MAX_PAYLOAD {
        return Err(damaged(path, offset));
    }
    let mut payload = vec![0u8; usize::try_from(size).unwrap_or(0)];
    reader.read_exact(&mut payload).map_err(|cause| unusable(path, cause))?;
    match decode(kind, &payload).filter(|_| checksum(kind, size_bytes, &payload) == sum) {
        Some(record) => Ok(Next::Record(record, whole)),
        None if whole == left => Ok(Next::End),
        None => Err(damaged(path, offset)),
    }
}

fn decode(kind: u8, payload: &[u8]) -> Option<Record> {
    match kind {
        b'B' => deserialize(payload).ok().map(Record::Block),
        b'D' => payload.try_into().ok().map(|bytes| Record::Disconnected(u32::from_le_bytes(bytes))),
        b'T' => deserialize(payload).ok().map(Record::Entered),
        b'E' => Txid::from_slice(payload).ok().map(Record::Evicted),
        _ => None,
    }
}

/// Four bytes over everything else in the record.
fn checksum(kind: u8, length: [u8; 4], payload: &[u8]) -> [u8; 4] {
    let digest = sha256::Hash::hash(&[&[kind], length.as_slice(), payload].concat()).to_byte_array();
    let [a, b, c, d, ..] = digest;
    [a, b, c, d]
}
