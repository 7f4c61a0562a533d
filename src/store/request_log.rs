//! The log of what explorers were told: one line for each disclosure, written before its request leaves.
//!
//! Appended without waiting for the disk: after a power cut the last lines may be missing, after a kill none. It knows no
//! meaning of its words. A line holds a time, a network, a host, a kind and an id, separated by tabs.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::{BufRead, BufReader, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use super::{StoreError, WriteRule, atomic_write, system};

/// A log this long is rewritten with one line for each thing told.
const COMPACT_AT: u64 = 4 << 20;
/// No more of a log is read.
const MAX_BYTES: u64 = 256 << 20;

/// What one host was told, and when first and last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Told {
    /// Name of the network.
    pub network: String,
    /// The host.
    pub host: String,
    /// Kind of what it was told.
    pub kind: String,
    /// Its id.
    pub id: String,
}

/// An open log.
pub struct RequestLog {
    file: File,
}

impl RequestLog {
    /// Opens the log of a home, private from birth; a long one is shortened first.
    ///
    /// # Errors
    /// The system refuses.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        if std::fs::metadata(path).is_ok_and(|data| data.len() > COMPACT_AT) {
            compact(path)?;
        }
        let mut options = OpenOptions::new();
        let file = options
            .create(true)
            .append(true)
            .mode(0o600)
            .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
        Ok(Self { file: file.open(path).map_err(|reason| system("open", path, reason))? })
    }

    /// Adds a line, whole. Words that hold a tab or a line end are not written.
    ///
    /// # Errors
    /// The disk is full or gone.
    pub fn add(&mut self, time: u64, told: &Told) -> std::io::Result<()> {
        self.file.write_all(line(time, told).as_bytes())
    }
}

fn line(time: u64, Told { network, host, kind, id }: &Told) -> String {
    let words = [network, host, kind, id].map(|word| word.replace(['\t', '\n', '\r'], "?"));
    format!("{time}\t{}\n", words.join("\t"))
}

/// Everything that was told, with the first and the last time in seconds since 1970. Lines that are none are passed over.
///
/// # Errors
/// The file cannot be read.
pub fn read_log(path: &Path) -> Result<BTreeMap<Told, (u64, u64)>, StoreError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(reason) if reason.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(reason) => return Err(system("open", path, reason)),
    };
    let mut all: BTreeMap<Told, (u64, u64)> = BTreeMap::new();
    for line in BufReader::new(file.take(MAX_BYTES)).lines() {
        let Some((time, told)) = parse(&line.map_err(|reason| system("read", path, reason))?) else { continue };
        let times = all.entry(told).or_insert((time, time));
        *times = (times.0.min(time), times.1.max(time));
    }
    Ok(all)
}

fn parse(line: &str) -> Option<(u64, Told)> {
    let words: Vec<&str> = line.split('\t').collect();
    let [time, network, host, kind, id] = words.as_slice() else { return None };
    let owned = |word: &&str| (*word).to_owned();
    Some((time.parse().ok()?, Told { network: owned(network), host: owned(host), kind: owned(kind), id: owned(id) }))
}

fn compact(path: &Path) -> Result<(), StoreError> {
    let mut text = String::new();
    for (told, (first, last)) in read_log(path)? {
        text.push_str(&line(first, &told));
        if last != first {
            text.push_str(&line(last, &told));
        }
    }
    atomic_write(path, text.as_bytes(), WriteRule::Replace)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(id: &str) -> Told {
        Told { network: "regtest".into(), host: "a.example".into(), kind: "script".into(), id: id.into() }
    }

    #[test]
    fn what_was_told_is_read_back_with_its_times() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("requests.log");
        assert!(read_log(&path).expect("no log yet").is_empty());
        let mut log = RequestLog::open(&path).expect("a log");
        for (time, id) in [(5, "aa"), (9, "aa"), (7, "b\tb\n")] {
            log.add(time, &told(id)).expect("written");
        }
        std::fs::OpenOptions::new().append(true).open(&path).expect("open").write_all(b"torn li").expect("torn");
        let all = read_log(&path).expect("a log");
        assert_eq!(all.get(&told("aa")), Some(&(5, 9)));
        assert_eq!(all.get(&told("b?b?")), Some(&(7, 7)));
        compact(&path).expect("compacted");
        assert_eq!(read_log(&path).expect("a log"), all);
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).expect("there").permissions());
        assert_eq!(mode & 0o777, 0o600);
    }
}
