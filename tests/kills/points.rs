//! The system calls of a run, read from strace's files, and how to die at one of them.
//!
//! strace counts calls by thread and by name, so a point is a name and a number; the calls of all names together are all calls.

use std::{collections::HashMap, fmt, path::Path};

/// The process whose call it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// Of the process itself; where it starts a child, after that has ended.
    Main,
    /// Of the process itself before it starts its child, and while it waits for it.
    BeforeChild,
    /// Of the child that signs.
    Child,
}

impl Whose {
    /// In the order of a payment.
    pub(crate) const ALL: [Self; 3] = [Self::BeforeChild, Self::Child, Self::Main];

    pub(crate) const fn in_words(self) -> &'static str {
        match self {
            Self::Main => "the process itself",
            Self::BeforeChild => "the process before its signing child has ended",
            Self::Child => "the signing child",
        }
    }
}

/// The `number`-th call of that name.
#[derive(Clone, Debug)]
pub(crate) struct Point {
    pub(crate) whose: Whose,
    name: String,
    number: usize,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {} {}", self.whose, self.name, self.number)
    }
}

impl Point {
    /// Options of strace that kill with this call. Only for the child are other processes than the first followed.
    pub(crate) fn strace(&self) -> Vec<String> {
        let Self { name, number, .. } = self;
        let mut options = vec![
            "-o".to_owned(),
            "/dev/null".to_owned(),
            "-e".to_owned(),
            format!("trace={name}"),
            "-e".to_owned(),
            format!("inject={name}:signal=KILL:when={number}"),
        ];
        if self.whose == Whose::Child {
            options.push("-f".to_owned());
        }
        options
    }
}

/// The calls of one thread by name, in order; the first line of a program is its `execve`.
fn calls(path: &Path) -> Vec<String> {
    let text = String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
    let name = |line: &str| line.split_once('(').map(|(name, _)| name.to_owned());
    let is_name =
        |name: &String| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    text.lines().filter_map(name).filter(is_name).collect()
}

/// Reads the files of `strace -ff`: the process itself begins with `execve`, its child comes to it later, threads never do.
pub(crate) fn read(folder: &Path) -> Vec<Point> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| calls(&entry.unwrap().path()));
    let programs = files.filter(|calls| calls.iter().any(|name| name == "execve"));
    let (main, children): (Vec<_>, Vec<_>) =
        programs.partition(|calls| calls.first().is_some_and(|name| name == "execve"));
    let (main, child) = (main.into_iter().next().unwrap(), children.into_iter().next());
    // The parent waits for its child with the last of these.
    let waits = |name: &String| name == "wait4" || name == "waitid";
    let after = child.as_ref().and_then(|_| main.iter().rposition(waits)).unwrap_or(0);
    let starts = |name: &String| matches!(name.as_str(), "clone" | "clone3" | "vfork" | "fork");
    let spawned = if child.is_some() { main.iter().take(after).rposition(starts).unwrap_or(0) } else { 0 };
    let mut points = Vec::new();
    let mut before: HashMap<&str, usize> = HashMap::new();
    for (place, numbered) in numbered(&main).into_iter().enumerate() {
        if place <= spawned {
            before.insert(main[place].as_str(), numbered.1);
        }
        let whose = if place <= after && child.is_some() { Whose::BeforeChild } else { Whose::Main };
        points.push(Point { whose, name: numbered.0.to_owned(), number: numbered.1 });
    }
    // Counts are by thread: what the parent reached before cannot be told from the child.
    for (name, number) in child.iter().flat_map(|calls| numbered(calls)) {
        if number > before.get(name).copied().unwrap_or(0) {
            points.push(Point { whose: Whose::Child, name: name.to_owned(), number });
        }
    }
    points
}

/// Each call with its number among those of its name.
fn numbered(calls: &[String]) -> Vec<(&str, usize)> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    let number = |name| {
        let count = counts.entry(name).or_insert(0);
        *count += 1;
        (name, *count)
    };
    calls.iter().map(String::as_str).map(number).collect()
}

/// So many of them, evenly spread.
pub(crate) fn spread(points: &[Point], most: usize) -> Vec<Point> {
    let count = most.min(points.len());
    (0..count).filter_map(|turn| points.get((2 * turn + 1) * points.len() / (2 * count))).cloned().collect()
}
