//! The list of breaks, read from `list.toml`, and what makes an entry valid.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// A promise, the code that keeps it, how to break it, and the test that notices.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Break {
    /// What is promised, as README.md, docs/SECURITY.md or a help text says it.
    pub(crate) promise: String,
    /// The file that keeps it.
    pub(crate) file: String,
    /// Text that stands in the file exactly once.
    pub(crate) find: String,
    /// What is put in its place; the program still compiles.
    pub(crate) put: String,
    /// The target and the test, such as `--lib text::tests::name`.
    pub(crate) test: String,
}

#[derive(Deserialize)]
struct List {
    #[serde(rename = "break")]
    breaks: Vec<Break>,
}

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn breaks() -> Vec<Break> {
    let text = std::fs::read_to_string(root().join("tests/breaks/list.toml")).unwrap();
    let list: List = toml::from_str(&text).unwrap();
    list.breaks
}

impl Break {
    /// Stops if the code moved on and the entry did not.
    pub(crate) fn check(&self) {
        let text = std::fs::read_to_string(root().join(&self.file));
        let text = text.unwrap_or_else(|error| panic!("{}: {} cannot be read: {error}", self.promise, self.file));
        let found = text.matches(&self.find).count();
        assert_eq!(
            found, 1,
            "{}: the text to break stands {found} times in {}:\n{}",
            self.promise, self.file, self.find
        );
        assert_ne!(self.find, self.put, "{}: nothing would change", self.promise);
        let name = self.test_name().rsplit("::").next().unwrap();
        assert!(
            ["src", "tests"].iter().any(|folder| stands_in(&root().join(folder), name)),
            "{}: no test is called {name}",
            self.promise
        );
    }

    /// The target as `cargo test` takes it, and the test in it.
    pub(crate) fn target_and_name(&self) -> (&str, &str) {
        self.test.rsplit_once(' ').unwrap()
    }

    /// The test without its target.
    pub(crate) fn test_name(&self) -> &str {
        self.target_and_name().1
    }
}

/// True if a Rust file below a folder has a function, or a test target, of this name.
fn stands_in(folder: &Path, name: &str) -> bool {
    let wanted = format!("fn {name}(");
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return stands_in(&path, name);
        }
        let is_target = path.file_stem().is_some_and(|stem| stem == name);
        let is_rust = path.extension().is_some_and(|extension| extension == "rs");
        is_rust && (is_target || std::fs::read_to_string(&path).unwrap().contains(&wanted))
    })
}
