//! The log of what explorers were told: one line for each disclosure, written before its request leaves.
//!
//! Appended without waiting for the disk: after a power cut the last lines may be missing, after a kill none. It knows no
//! meaning of its words. A line holds a time, a network, a host, a kind, an id and a route, separated by tabs. A
//! process that appends holds the file's shared lock; it is shortened or emptied under the exclusive one, so that no
//! line gets lost.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead, BufReader, Read, Seek, SeekFrom, Write},
    os::unix::fs::{FileExt, MetadataExt},
    path::{Path, PathBuf},
    thread::sleep,
    time::{Duration, Instant},
};

use rustix::fs::{FlockOperation, OFlags, flock};

use super::{StoreError, WriteRule, atomic_write, read::open_private, shown, system};

/// A log this long is rewritten with two lines for each thing told, once it is twice as long as after the last time.
const COMPACT_AT: u64 = 4 << 20;
/// No more of a log is read, and kept when it is rewritten: the newest.
const MAX_BYTES: u64 = 64 << 20;
/// No line is longer.
const MAX_LINE: u64 = 1024;
/// First character of a line that says how long the log was after it was rewritten.
const REWRITTEN: char = '#';
/// Bytes of the note about lost lines: kept on the disk beforehand, so that a full one can still take it.
const NOTE: usize = 64;
/// How long an emptying waits for processes that are writing.
const PATIENCE: Duration = Duration::from_secs(5);
/// Pause between two attempts.
const PAUSE: Duration = Duration::from_millis(25);

/// One thing that one host was told, by one way out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LoggedRequest {
    /// Name of the network.
    pub network: String,
    /// The host.
    pub host: String,
    /// Kind of what it was told.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// How the question left this machine.
    pub route: String,
}

/// Lines that could not be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LostLines {
    /// How many.
    pub count: u64,
    /// When the first was to be written, in seconds since 1970.
    pub first: u64,
    /// When the last was.
    pub last: u64,
}

/// A log as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogReading {
    /// Everything that was told, with the first and the last time in seconds since 1970.
    pub told: BTreeMap<LoggedRequest, (u64, u64)>,
    /// Lines that are none.
    pub unreadable: u64,
    /// Lines that never got in.
    pub lost: Option<LostLines>,
    /// The log is longer than what is read of one.
    pub too_long: bool,
}

/// An open log.
pub struct RequestLog {
    file: File,
    /// The note about lost lines.
    note: Option<File>,
    /// The last line may be without its end.
    torn: bool,
}

impl RequestLog {
    /// Opens the log of a home, private from birth; a long one is shortened first.
    ///
    /// # Errors
    /// The system refuses.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        // A log that cannot be shortened now is only longer.
        let _ = shorten(path);
        let mut file = shared(path)?;
        let torn = ends_torn(&mut file).map_err(|reason| system("read", path, reason))?;
        Ok(Self { file, note: prepare_note(path).ok(), torn })
    }

    /// Adds a line, whole. A tab or a line end in a word is written as `?`. What could not be written is counted beside the log.
    ///
    /// # Errors
    /// The disk is full or gone.
    pub fn add(&mut self, time: u64, told: &LoggedRequest) -> std::io::Result<()> {
        let end = if self.torn { "\n" } else { "" };
        let written = self.file.write_all(format!("{end}{}", line(time, told)).as_bytes());
        self.torn = written.is_err();
        if written.is_err()
            && let Some(note) = &self.note
        {
            // Where even these bytes cannot be written, the caller's warning is all there is.
            let _ = count_lost(note, time);
        }
        written
    }
}

fn options(path: &Path) -> Result<File, StoreError> {
    open_private(path, OFlags::CREATE | OFlags::RDWR | OFlags::APPEND)
}

/// The log with its shared lock, and certainly the file that has its name: another process may just have rewritten it.
fn shared(path: &Path) -> Result<File, StoreError> {
    loop {
        let file = options(path)?;
        match flock(&file, FlockOperation::LockShared) {
            Ok(()) if same_file(&file, path) => return Ok(file),
            Ok(()) | Err(rustix::io::Errno::INTR) => {}
            Err(reason) => return Err(system("lock", path, reason)),
        }
    }
}

fn same_file(file: &File, path: &Path) -> bool {
    let id = |data: &std::fs::Metadata| (data.dev(), data.ino());
    matches!((file.metadata(), std::fs::symlink_metadata(path)), (Ok(open), Ok(named)) if id(&open) == id(&named))
}

fn ends_torn(file: &mut File) -> std::io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

fn line(time: u64, LoggedRequest { network, host, kind, id, route }: &LoggedRequest) -> String {
    let words = [network, host, kind, id, route].map(|word| word.replace(['\t', '\n', '\r'], "?"));
    format!("{time}\t{}\n", words.join("\t"))
}

fn note_path(path: &Path) -> PathBuf {
    path.with_extension("lost")
}

/// The note, with all its bytes on the disk already.
fn prepare_note(path: &Path) -> Result<File, StoreError> {
    let path = note_path(path);
    let note = open_private(&path, OFlags::CREATE | OFlags::RDWR)?;
    if note.read_exact_at(&mut [0; NOTE], 0).is_err() {
        note.write_all_at(&[b' '; NOTE], 0).map_err(|reason| system("write", &path, reason))?;
    }
    Ok(note)
}

fn count_lost(note: &File, time: u64) -> std::io::Result<()> {
    let before = read_note(note).unwrap_or(LostLines { count: 0, first: time, last: time });
    let text = format!("{} {} {time}", before.count.saturating_add(1), before.first);
    note.write_all_at(format!("{text:<NOTE$}").as_bytes(), 0)
}

fn read_note(note: &File) -> Option<LostLines> {
    let mut bytes = [0; NOTE];
    note.read_exact_at(&mut bytes, 0).ok()?;
    let words: Vec<u64> =
        std::str::from_utf8(&bytes).ok()?.split_whitespace().map(str::parse).collect::<Result<_, _>>().ok()?;
    let [count, first, last] = words.as_slice() else { return None };
    Some(LostLines { count: *count, first: *first, last: *last })
}

/// Reads a log; nothing was told where there is none.
///
/// # Errors
/// The file cannot be read.
pub fn read_log(path: &Path) -> Result<LogReading, StoreError> {
    let file = match open_private(path, OFlags::RDONLY) {
        Ok(file) => file,
        Err(StoreError::Missing { .. }) => return Ok(LogReading::default()),
        Err(error) => return Err(error),
    };
    let mut reading = read_lines(&file).map_err(|reason| system("read", path, reason))?;
    reading.lost = open_private(&note_path(path), OFlags::RDONLY).ok().and_then(|note| read_note(&note));
    Ok(reading)
}

fn read_lines(file: &File) -> std::io::Result<LogReading> {
    let too_much = file.metadata()?.len().saturating_sub(MAX_BYTES);
    let mut reading = LogReading { too_long: too_much > 0, ..LogReading::default() };
    let mut from = file;
    from.seek(SeekFrom::Start(too_much))?;
    let mut reader = BufReader::new(from.take(MAX_BYTES));
    let mut line = Vec::new();
    while reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut line)? > 0 {
        match std::str::from_utf8(&line).map(str::trim_end) {
            Ok(text) if text.is_empty() || text.starts_with(REWRITTEN) => {}
            text => match text.ok().and_then(parse) {
                Some((time, told)) => {
                    let times = reading.told.entry(told).or_insert((time, time));
                    *times = (times.0.min(time), times.1.max(time));
                }
                None => reading.unreadable += 1,
            },
        }
        line.clear();
    }
    Ok(reading)
}

fn parse(line: &str) -> Option<(u64, LoggedRequest)> {
    let words: Vec<&str> = line.split('\t').collect();
    let [time, network, host, kind, id, route] = words.as_slice() else { return None };
    let [network, host, kind, id, route] = [network, host, kind, id, route].map(|word| (*word).to_owned());
    Some((time.parse().ok()?, LoggedRequest { network, host, kind, id, route }))
}

/// Rewrites a long log, unless another process is writing, or it has not grown much since the last time.
fn shorten(path: &Path) -> Result<(), StoreError> {
    let length = std::fs::metadata(path).map_or(0, |data| data.len());
    if length <= COMPACT_AT {
        return Ok(());
    }
    let file = options(path)?;
    if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() || !same_file(&file, path) {
        return Ok(());
    }
    let mut first = String::new();
    let read = BufReader::new((&file).take(MAX_LINE)).read_line(&mut first);
    let after_last: u64 =
        read.ok().and_then(|_| first.strip_prefix(REWRITTEN)?.trim().parse().ok()).unwrap_or_default();
    if length < after_last.saturating_mul(2) { Ok(()) } else { compact(path) }
}

fn compact(path: &Path) -> Result<(), StoreError> {
    let reading = read_log(path)?;
    // What is no line, or was too old to be kept, stays visible as one.
    let is_whole = reading.unreadable == 0 && !reading.too_long;
    let mut text = if is_whole { String::new() } else { "?\n".to_owned() };
    for (told, (first, last)) in reading.told {
        text.push_str(&line(first, &told));
        if last != first {
            text.push_str(&line(last, &told));
        }
    }
    let text = format!("{REWRITTEN}{}\n{text}", text.len());
    atomic_write(path, text.as_bytes(), WriteRule::Replace)
}

/// Empties the log of a home, and the note about lost lines.
///
/// # Errors
/// Another process is writing it, or the system refuses.
pub fn forget_log(path: &Path) -> Result<(), StoreError> {
    let file = options(path)?;
    let started = Instant::now();
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => break,
            Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::WOULDBLOCK) if started.elapsed() < PATIENCE => sleep(PAUSE),
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(StoreError::Locked { path: shown(path) }),
            Err(reason) => return Err(system("lock", path, reason)),
        }
    }
    if !same_file(&file, path) {
        return Err(StoreError::Locked { path: shown(path) });
    }
    let emptied = file.set_len(0).and_then(|()| file.sync_all());
    emptied.map_err(|reason| system("empty", path, reason))?;
    prepare_note(path)?.write_all_at(&[b' '; NOTE], 0).map_err(|reason| system("empty", path, reason))
}

#[cfg(test)]
#[path = "request_log_tests.rs"]
mod tests;
