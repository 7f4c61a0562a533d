//! What the log of disclosures keeps: through torn lines, rewriting, a full disk and being emptied.

use std::os::unix::fs::PermissionsExt;

use super::*;

fn told(id: &str) -> LoggedRequest {
    let [network, host, kind, route] = ["regtest", "a.example", "script", "direct"].map(str::to_owned);
    LoggedRequest { network, host, kind, id: id.to_owned(), route }
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("requests.log");
    (folder, path)
}

#[test]
fn what_was_told_is_read_back_with_its_times() {
    let (_folder, path) = place();
    assert_eq!(read_log(&path).expect("no log yet"), LogReading::default());
    let mut log = RequestLog::open(&path).expect("a log");
    for (time, id) in [(5, "aa"), (9, "aa"), (7, "b\tb\n")] {
        log.add(time, &told(id)).expect("written");
    }
    let reading = read_log(&path).expect("a log");
    assert_eq!(reading.told.get(&told("aa")), Some(&(5, 9)));
    assert_eq!(reading.told.get(&told("b?b?")), Some(&(7, 7)));
    assert_eq!((reading.unreadable, reading.lost), (0, None));
    for file in [path.clone(), note_path(&path)] {
        assert_eq!(std::fs::metadata(file).expect("there").permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_torn_line_takes_no_other_with_it_and_is_counted() {
    let (_folder, path) = place();
    RequestLog::open(&path).expect("a log").add(1, &told("aa")).expect("written");
    for garbage in [&b"torn li"[..], &[0xff, 0xfe], &[b'x'; 5000]] {
        options(&path).expect("open").write_all(garbage).expect("torn");
        RequestLog::open(&path).expect("a log").add(2, &told("bb")).expect("written");
    }
    let reading = read_log(&path).expect("a log");
    assert_eq!(reading.told.len(), 2);
    assert!(reading.unreadable >= 3, "{}", reading.unreadable);
    compact(&path).expect("compacted");
    assert!(read_log(&path).expect("a log").unreadable > 0, "damage is not forgotten");
}

#[test]
fn rewriting_keeps_everything_and_is_not_done_again_at_once() {
    let (_folder, path) = place();
    let mut log = RequestLog::open(&path).expect("a log");
    for time in 0..60_000u64 {
        log.add(time, &told(&format!("{:064x}", time % 100))).expect("written");
    }
    let before = read_log(&path).expect("a log");
    let length = || std::fs::metadata(&path).expect("there").len();
    assert!(length() > COMPACT_AT);
    shorten(&path).expect("nothing to do");
    assert!(length() > COMPACT_AT, "somebody is writing");
    drop(log);
    let mut log = RequestLog::open(&path).expect("a log");
    assert!(length() < 100_000, "{}", length());
    assert_eq!(read_log(&path).expect("a log"), before);
    log.add(50_000, &told("new")).expect("written");
    assert_eq!(read_log(&path).expect("a log").told.len(), before.told.len() + 1);
}

#[test]
fn a_log_of_many_different_lines_is_left_alone_until_it_doubled() {
    let (_folder, path) = place();
    let text: String = (0..60_000u64).map(|id| line(7, &told(&format!("{id:064x}")))).collect();
    options(&path).expect("open").write_all(text.as_bytes()).expect("written");
    let inode = || std::fs::metadata(&path).expect("there").ino();
    drop(RequestLog::open(&path).expect("a log"));
    let rewritten = inode();
    drop(RequestLog::open(&path).expect("a log"));
    assert_eq!(inode(), rewritten);
}

#[test]
fn lines_that_could_not_be_written_are_counted_beside_the_log() {
    let (_folder, path) = place();
    let mut log = RequestLog::open(&path).expect("a log");
    log.add(1, &told("aa")).expect("written");
    let good = std::mem::replace(
        &mut log.file,
        std::fs::OpenOptions::new().write(true).open("/dev/full").expect("a full disk"),
    );
    for time in [10, 20, 30] {
        assert!(log.add(time, &told("bb")).is_err());
    }
    log.file = good;
    log.add(40, &told("cc")).expect("written");
    let reading = read_log(&path).expect("a log");
    assert_eq!(reading.lost, Some(LostLines { count: 3, first: 10, last: 30 }));
    assert_eq!(reading.told.len(), 2);
}

#[test]
fn forgetting_empties_it_when_nobody_writes() {
    let (_folder, path) = place();
    let mut log = RequestLog::open(&path).expect("a log");
    log.add(1, &told("aa")).expect("written");
    count_lost(log.note.as_ref().expect("a note"), 1).expect("counted");
    drop(log);
    forget_log(&path).expect("emptied");
    assert_eq!(read_log(&path).expect("a log"), LogReading::default());
}

#[test]
fn a_log_without_end_is_read_from_its_last_bytes_and_shortened() {
    let (_folder, path) = place();
    std::fs::write(&path, line(5, &told("old"))).expect("written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("closed");
    let mut file = File::options().append(true).open(&path).expect("a log");
    file.set_len(MAX_BYTES + 5_000).expect("longer");
    file.write_all(format!("\n{}", line(9, &told("new"))).as_bytes()).expect("written");
    let reading = read_log(&path).expect("a log");
    assert!(reading.too_long && reading.unreadable > 0, "{}", reading.unreadable);
    assert_eq!(reading.told.into_iter().collect::<Vec<_>>(), [(told("new"), (9, 9))]);
    drop(RequestLog::open(&path).expect("a log"));
    assert!(std::fs::metadata(&path).expect("there").len() < COMPACT_AT, "shortened when it is opened");
    let again = read_log(&path).expect("a log");
    assert_eq!((again.told.len(), again.unreadable, again.too_long), (1, 1, false), "the loss stays visible");
}
