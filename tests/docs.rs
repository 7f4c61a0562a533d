//! The documents as tests: what they name exists, what they show parses, what is generated is what the program prints.
//!
//! No network. Every check is also shown to fire on a planted example. Nothing here changes a document.

// Helpers of a test target may stop it.
#![allow(clippy::unwrap_used)]

#[path = "docs/program.rs"]
mod program;
#[path = "docs/reading.rs"]
mod reading;

use std::{
    fs,
    path::{Path, PathBuf},
};

use self::program::Home;
use fastness::{
    flow::bitcoin::{Draft, SignedFile},
    network::Network,
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|_| unreachable!("{path} is missing"))
}

/// Every document: its path from the project's root, and its text.
fn documents() -> Vec<(String, String)> {
    let mut waiting = vec![root().join("docs"), root().join("tests/vectors")];
    let mut found: Vec<PathBuf> = ["README.md", "CHANGELOG.md"].iter().map(|name| root().join(name)).collect();
    while let Some(folder) = waiting.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path);
            }
        }
    }
    found.sort();
    let name = |path: &PathBuf| path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
    found.iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect()
}

/// Runs a check over every document.
fn each(check: impl Fn(&str, &str) -> Vec<String>) {
    let problems: Vec<String> = documents().iter().flat_map(|(path, text)| check(path, text)).collect();
    assert!(problems.is_empty(), "{} broken:\n{}", problems.len(), problems.join("\n"));
}

/// The first fenced block of that language in a document.
fn example(path: &str, language: &str) -> String {
    let text = read(path);
    let found = reading::blocks(&text).into_iter().find(|block| block.language == language);
    found.unwrap_or_else(|| unreachable!("{path} has no ```{language}")).text
}

#[test]
fn the_documents_are_found() {
    let all = documents();
    for path in ["README.md", "docs/ARCHITECTURE.md", "docs/errors.md", "docs/formats/sealed-file.md"] {
        assert!(all.iter().any(|(name, _)| name == path), "{path}");
    }
}

#[test]
fn the_list_of_errors_is_what_the_program_prints() {
    let printed = Home::new().run(&["errors"]);
    assert_eq!(printed.code, 0, "{printed:?}");
    assert!(printed.stdout.contains("`keystore.wrong_password` | 6 |"), "{printed:?}");
    assert_eq!(read("docs/errors.md"), printed.stdout, "write it anew: cargo run -q -- errors > docs/errors.md");
}

#[test]
fn every_command_and_option_exists() {
    let helps = program::Helps::new();
    each(|path, text| program::unknown_words(path, text, &helps));
}

#[test]
fn links_lead_somewhere() {
    each(dead_links);
}

fn dead_links(path: &str, text: &str) -> Vec<String> {
    let beside = root().join(path);
    let folder = beside.parent().unwrap();
    let dead = reading::links(text).into_iter().filter(|link| !folder.join(link).exists());
    dead.map(|link| format!("{path}: the link `{link}` leads nowhere")).collect()
}

#[test]
fn sources_and_tests_that_are_named_exist() {
    each(missing_sources);
}

/// Paths in backticks that begin in a folder of the project; behind `::` a function in that file.
fn missing_sources(path: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    for span in reading::code_spans(text) {
        let (file, item) = span.split_once("::").map_or((span.as_str(), None), |(file, item)| (file, Some(item)));
        let is_path = ["src/", "tests/", "docs/", "benches/"].iter().any(|folder| file.starts_with(folder));
        if !is_path || file.contains(['*', '<', ' ', '{', 'N']) {
            continue;
        }
        let source = fs::read_to_string(root().join(file)).unwrap_or_default();
        if !root().join(file).exists() {
            problems.push(format!("{path}: `{file}` does not exist"));
        } else if item.is_some_and(|item| !source.contains(&format!("fn {item}("))) {
            problems.push(format!("{path}: `{span}` does not exist"));
        }
    }
    problems
}

#[test]
fn the_configuration_example_is_read() {
    let text = example("docs/config.md", "toml");
    let home = Home::new();
    home.write("config.toml", &text);
    let answer = home.run(&["explorers", "--json"]);
    assert_eq!(answer.code, 0, "{answer:?}");
    let last = reading::quoted(&text).pop().unwrap();
    assert!(answer.stdout.contains(&last), "`{last}` was not read: {answer:?}");
    assert_eq!(home.run(&["wallets"]).code, 0);
}

#[test]
fn every_key_of_the_configuration_is_described() {
    let documented = read("docs/config.md");
    let keys = reading::fields(&read("src/cli/config/mod.rs"), "pub(crate) struct Config {");
    assert!(keys.len() >= 4, "{keys:?}");
    let missing: Vec<_> = keys.iter().filter(|key| !documented.contains(&format!("| `{key}` |"))).collect();
    assert!(missing.is_empty(), "docs/config.md says nothing about {missing:?}");
}

#[test]
fn every_dependency_has_its_line() {
    let problems = undescribed(&read("Cargo.toml"), &read("docs/dependencies.md"));
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Dependencies without a line, and lines without a dependency.
fn undescribed(manifest: &str, document: &str) -> Vec<String> {
    let (wanted, lines) = (reading::dependencies(manifest), reading::first_column(document));
    let missing = wanted.iter().filter(|name| !lines.contains(name)).map(|name| format!("`{name}` has no line"));
    let stale = lines.iter().filter(|name| !wanted.contains(name)).map(|name| format!("`{name}` is no dependency"));
    missing.chain(stale).collect()
}

#[test]
fn the_examples_of_drafts_and_signed_files_are_read() {
    let draft = example("docs/formats/draft.md", "json");
    let read_back = Draft::read(draft.as_bytes(), None).unwrap();
    assert_eq!(read_back.to_text().unwrap(), draft, "the example is in the form that is written");
    assert_eq!(read_back.plan.network, Network::Regtest);
    let signed = example("docs/formats/signed.md", "json");
    let file = SignedFile::read(signed.as_bytes(), None).unwrap();
    assert_eq!(SignedFile::to_text(&file.signed).unwrap(), signed, "the example is in the form that is written");
    let spends = |transaction: &bitcoin::Transaction| transaction.input[0].previous_output;
    assert_eq!(spends(&read_back.plan.psbt.unsigned_tx), spends(&file.transaction), "one story");
    assert!(Draft::read(&draft.as_bytes()[..draft.len() - 5], None).is_err());
}

#[test]
fn the_wallet_file_shown_is_the_vector() {
    let (document, vector) = (read("docs/formats/sealed-file.md"), read("tests/vectors/wallet-v1.keystore"));
    let shown = example("docs/formats/sealed-file.md", "json");
    let header: Vec<&str> = vector.lines().take_while(|line| !line.contains("\"ciphertext\"")).collect();
    assert!(header.len() > 15 && shown.starts_with(&header.join("\n")), "{shown}");
    assert!(document.contains("tests/vectors/wallet-v1.keystore"));
}

mod fires {
    //! Planted examples: each check must see what it is for, and must not see what only looks like it.

    use super::{Home, dead_links, missing_sources, program, undescribed};

    #[test]
    fn commands_and_options() {
        let helps = program::Helps::new();
        let problems = |text: &str| program::unknown_words("a.md", text, &helps);
        for bad in [
            "```\nfastness paint\n```",
            "```sh\n$ fastness sync --fully\n```",
            "```\nfastness sync && fastness balance --all\n```",
            "```\nfastness account remove\n```",
            "```\nfastness plan A 1btc -x a\n```",
            "Run `fastness inspekt FILE`.",
        ] {
            assert_eq!(problems(bad).len(), 1, "{bad}: {:?}", problems(bad));
        }
        let good = "```\nfastness --version   # fastness paint\nfastness account list --json | jq\n\
            fastness sync --full --home=DIR && fastness plan A 1btc -o a.draft\nfastness help COMMAND\n```\n\
            fastness paint; `fastness errors`, `fastness`\n";
        assert_eq!(problems(good), Vec::<String>::new());
    }

    #[test]
    fn links() {
        assert_eq!(
            dead_links("docs/a.md", "[a](ARCHITECTURE.md#rooms) [b](nowhere.md) [c](https://e.example)").len(),
            1
        );
        assert_eq!(dead_links("README.md", "[a](docs/ARCHITECTURE.md) [b](#here)\n```\n[c](nowhere.md)\n```").len(), 0);
    }

    #[test]
    fn sources() {
        assert_eq!(
            missing_sources("a.md", "`src/nothing.rs` `src/seal/mod.rs` `tests/architecture.rs::no_such_test`").len(),
            2
        );
        assert_eq!(
            missing_sources("a.md", "`tests/architecture.rs::modules_import_one_way` `src/*.rs` `seal/`").len(),
            0
        );
    }

    #[test]
    fn configuration() {
        let home = Home::new();
        home.write("config.toml", "walet = \"savings\"\n");
        let answer = home.run(&["explorers", "--json"]);
        assert_eq!(answer.code, 2, "{answer:?}");
        assert!(answer.stdout.contains("config.not_understood"), "{answer:?}");
    }

    #[test]
    fn dependencies() {
        let manifest = "[dependencies]\na = \"1\"\nb = { version = \"1\" }\n[features]\nx = []\n\
            [target.'cfg(unix)'.dependencies]\nc = \"1\"\n[dev-dependencies]\nd = \"1\"\n";
        let lines = "| crate | why |\n|---|---|\n| `a` | it |\n| `b` | it |\n| `e` | it |\n";
        assert_eq!(undescribed(manifest, lines), ["`c` has no line", "`d` has no line", "`e` is no dependency"]);
    }
}
