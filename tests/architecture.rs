//! The architecture as tests: which module may import which, what is named where, how long things may be.
//!
//! Reads the sources as text. Every rule is also shown to fire on a planted example, so that no rule can fall asleep.

// Helpers of a test target may stop it.
#![allow(clippy::unwrap_used)]

#[path = "architecture/graph.rs"]
mod graph;
#[path = "architecture/names.rs"]
mod names;
#[path = "architecture/reading.rs"]
mod reading;
#[path = "architecture/rules.rs"]
mod rules;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

/// A source file: its path from the project's root, and its text.
struct Source {
    path: String,
    text: String,
}

/// Every Rust file below these folders.
fn sources(folders: &[&str]) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut waiting: Vec<PathBuf> = folders.iter().map(|folder| root.join(folder)).collect();
    let mut found = Vec::new();
    while let Some(folder) = waiting.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
                found.push(Source { path: name, text });
            }
        }
    }
    found.sort_by(|left, right| left.path.cmp(&right.path));
    found
}

fn check(folders: &[&str], rule: fn(&str, &str) -> Vec<String>) {
    let problems: Vec<String> = sources(folders).iter().flat_map(|source| rule(&source.path, &source.text)).collect();
    assert!(problems.is_empty(), "{} broken:\n{}", problems.len(), problems.join("\n"));
}

/// True if some other file declares this one as a module for tests.
fn is_for_tests(path: &str, all: &[Source]) -> bool {
    all.iter().any(|source| {
        let folder = match source.path.strip_suffix("/mod.rs") {
            Some(folder) => folder.to_owned(),
            None => source.path.trim_end_matches(".rs").to_owned(),
        };
        let beside = source.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        reading::test_modules(&source.text).iter().any(|name| {
            [folder.as_str(), beside].iter().any(|base| {
                let full = format!("{base}/{name}");
                path == full || (name.ends_with('/') && path.starts_with(&full))
            })
        })
    })
}

#[test]
fn the_sources_are_found() {
    let all = sources(&["src", "tests"]);
    assert!(all.len() > 100, "{} files", all.len());
    for path in ["src/lib.rs", "src/keystore/mod.rs", "tests/architecture.rs"] {
        assert!(all.iter().any(|source| source.path == path), "{path}");
    }
}

#[test]
fn modules_import_one_way() {
    check(&["src"], rules::imports);
}

/// The table that a person reads is the rule that is checked.
#[test]
fn the_documented_imports_are_the_allowed_ones() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = std::fs::read_to_string(root.join("docs/ARCHITECTURE.md")).unwrap();
    let table = document.split("## Who may import whom").nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap();
    let problems = rules::documented(table);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn nothing_names_the_cli_stays_in_the_binary() {
    check(&["src"], rules::cli_stays_in_the_binary);
}

#[test]
fn private_keys_are_named_in_the_keystore_only() {
    check(&["src"], rules::key_names);
}

#[test]
fn there_is_network_library() {
    check(&["src"], rules::network_library);
}

#[test]
fn files_and_functions_are_short_and_say_what_they_are_for() {
    check(&["src", "tests", "benches"], rules::shape);
}

#[test]
fn nothing_is_hidden_in_the_text() {
    check(&["src", "tests", "benches"], rules::invisible);
}

#[test]
fn nothing_is_left_undone() {
    check(&["src", "tests", "benches"], rules::loose_ends);
}

#[test]
fn only_tests_may_unwrap() {
    let all = sources(&["src"]);
    let lasting = all.iter().filter(|source| !is_for_tests(&source.path, &all));
    let problems: Vec<String> = lasting.flat_map(|source| rules::unwraps(&source.path, &source.text)).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(is_for_tests("src/keystore/wallet_tests.rs", &all) && !is_for_tests("src/keystore/wallet.rs", &all));
}

/// The import graph of what lasts: every source without its tests.
static IMPORTS: LazyLock<BTreeMap<String, BTreeSet<String>>> =
    LazyLock::new(|| graph::graph(&lasting(&sources(&["src"]))));

fn lasting(all: &[Source]) -> Vec<(&str, &str)> {
    let lasting = all.iter().filter(|source| !is_for_tests(&source.path, all));
    lasting.map(|source| (source.path.as_str(), source.text.as_str())).collect()
}

fn assert_none(problems: &[String]) {
    assert!(problems.is_empty(), "{} broken:\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn a_family_of_chains_never_names_the_other_and_the_transport_none() {
    assert_none(&graph::families(&IMPORTS));
}

#[test]
fn no_command_names_a_command() {
    assert_none(&graph::commands(&IMPORTS));
}

#[test]
fn siblings_import_each_other_one_way() {
    let graph = &*IMPORTS;
    assert!(graph.values().map(BTreeSet::len).sum::<usize>() > 500, "imports are found");
    assert_none(&graph::circles(graph));
    assert!(graph::ALLOWED_CIRCLES.len() <= 6, "exceptions stay exceptions");
    for (one, other, _) in graph::ALLOWED_CIRCLES {
        assert!(graph[one].contains(other) && graph[other].contains(one), "{one} and {other} need no exception");
    }
}

#[test]
fn a_type_is_named_once() {
    assert_none(&names::twice_named(&lasting(&sources(&["src"]))));
}

#[test]
fn parameters_are_few() {
    let all = sources(&["src"]);
    assert_none(&lasting(&all).iter().flat_map(|(path, text)| names::parameters(path, text)).collect::<Vec<_>>());
}

#[test]
fn nothing_is_decided_by_the_text_of_a_code() {
    let all = sources(&["src"]);
    let problems: Vec<_> = lasting(&all).iter().flat_map(|(path, text)| names::decisions_by_text(path, text)).collect();
    assert_none(&problems);
}

#[test]
fn what_a_comment_cites_is_in_the_project() {
    let documents = documents();
    assert!(documents.len() > 10, "{documents:?}");
    let all = sources(&["src", "tests", "benches"]);
    let cites = |source: &Source| names::cited(&source.path, &source.text, &documents);
    // These tests name documents that are not there.
    let names_none = |source: &&Source| !["tests/docs.rs", "tests/architecture.rs"].contains(&source.path.as_str());
    assert_none(&all.iter().filter(names_none).flat_map(cites).collect::<Vec<_>>());
}

/// Paths of the project's documents.
fn documents() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut waiting, mut found) =
        (vec![root.join("docs"), root.join("tests/vectors")], vec!["README.md".to_owned(), "CHANGELOG.md".to_owned()]);
    while let Some(folder) = waiting.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                waiting.push(path);
            } else {
                found.push(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found
}

/// Every error has its line in the catalogue, and no code stands twice.
#[test]
fn error_codes_are_unique() {
    let mut codes: Vec<&str> =
        fastness::catalogues().into_iter().flat_map(|entries| entries.iter().map(|entry| entry.code)).collect();
    let all = codes.len();
    codes.sort_unstable();
    codes.dedup();
    assert!(all > 50 && codes.len() == all, "{all} codes, {} of them different", codes.len());
}

mod fires {
    //! Planted examples: each rule must see what it is for, and must not see what only looks like it.

    use super::{graph, names, reading, rules};

    fn bad(rule: fn(&str, &str) -> Vec<String>, path: &str, text: &str) {
        assert!(!rule(path, text).is_empty(), "not seen in {path}: {text}");
    }

    fn good(rule: fn(&str, &str) -> Vec<String>, path: &str, text: &str) {
        assert_eq!(rule(path, text), Vec::<String>::new(), "{path}: {text}");
    }

    #[test]
    fn imports() {
        let chain = "src/chain/bitcoin/plan.rs";
        bad(rules::imports, chain, "use crate::keystore::Keys;");
        bad(rules::imports, "src/keystore/signer.rs", "use crate::{network::Network, chain::bitcoin};");
        bad(
            rules::imports,
            "src/keystore/signer.rs",
            "use crate::{\n network::{Network, NetworkClass},\n explorer,\n};",
        );
        bad(rules::imports, "src/practice/chain.rs", "fn f() { crate::chain::bitcoin::consensus::verify() }");
        bad(rules::imports, "src/amount/mod.rs", "use super::store::Lock;");
        bad(rules::imports, "src/store/lock.rs", "use super :: super::ledger::Ledger;");
        bad(rules::imports, "src/chain/mod.rs", "use super::keystore;");
        bad(rules::imports, chain, "use fastness::keystore::Keys;");
        bad(rules::imports, "src/seal/linux.rs", "use crate::store;");
        bad(rules::imports, "src/newroom.rs", "use crate::store;");
        good(rules::imports, chain, "use crate::{account::{Account, Keychain}, amount, chain::Chain};");
        good(
            rules::imports,
            chain,
            "//! not crate::keystore\n// crate::keystore\nconst A: &str = \"crate::keystore\";",
        );
        good(rules::imports, chain, "use super::super::Chain;");
        good(rules::imports, "src/amount/mod.rs", "#[cfg(test)]\nmod tests { use super::*; }");
        good(rules::imports, "src/cli/mod.rs", "use fastness::keystore; use crate::cli::ui;");
    }

    #[test]
    fn a_document_that_says_otherwise() {
        let row =
            |cells: &str| rules::documented(cells).into_iter().filter(|problem| problem.contains("imports")).count();
        assert_eq!(row("| `ledger` | `store` |"), 0);
        assert_eq!(row("| `ledger` | `store`, `chain` |"), 1);
        assert_eq!(row("| `chain`, `keystore` | `keystore` |"), 2);
        assert!(
            rules::documented("| `ledger` | `store` |").iter().any(|problem| problem.contains("no row for `flow`"))
        );
    }

    #[test]
    fn the_cli_stays_in_the_binary() {
        bad(rules::cli_stays_in_the_binary, "src/lib.rs", "pub mod cli;");
        bad(rules::cli_stays_in_the_binary, "src/flow/bitcoin/mod.rs", "use crate::cli::ui;");
        good(rules::cli_stays_in_the_binary, "src/main.rs", "mod cli;");
    }

    #[test]
    fn names_with_one_home() {
        bad(rules::key_names, "src/chain/bitcoin/sign.rs", "use bitcoin::secp256k1::SecretKey;");
        bad(rules::key_names, "src/account/mod.rs", "fn f(key: bip32::Xpriv) {}");
        good(rules::key_names, "src/keystore/signer.rs", "use bitcoin::bip32::Xpriv;");
        good(rules::key_names, "src/account/mod.rs", "// no Xpriv here\nstruct Seeded; const A: &str = \"Mnemonic\";");
        bad(rules::network_library, "src/explorer/online/transport/pool.rs", "use reqwest::Client;");
        bad(rules::network_library, "src/flow/bitcoin/mod.rs", "#[cfg(feature = \"online\")]");
        bad(rules::network_library, "src/flow/bitcoin/mod.rs", "#[cfg( feature=\"online\" )]");
        good(rules::network_library, "src/explorer/mod.rs", "#[cfg(feature = \"online\")]");
        good(rules::network_library, "src/flow/bitcoin/mod.rs", "// reqwest, feature = \"online\"");
    }

    #[test]
    fn shape() {
        let body = |lines: usize| format!("//! It.\nfn long() {{\n{}}}\n", "    let _ = '{';\n".repeat(lines - 2));
        good(rules::shape, "src/a.rs", &body(rules::MAX_FUNCTION_LINES));
        bad(rules::shape, "src/a.rs", &body(rules::MAX_FUNCTION_LINES + 1));
        bad(rules::shape, "src/a.rs", &format!("//! It.\n{}", "\n".repeat(rules::MAX_FILE_LINES)));
        bad(rules::shape, "src/a.rs", "use std::fs;");
    }

    #[test]
    fn hidden_text() {
        bad(rules::invisible, "src/a.rs", "let a = \"\u{202e}\";");
        bad(rules::invisible, "src/a.rs", "\u{feff}//! It.");
        good(rules::invisible, "src/a.rs", "\u{b7} \u{2500} \\u{202e}\n\t");
    }

    #[test]
    fn loose_ends() {
        for bad_text in [concat!("// TO", "DO later"), concat!("to", "do!()"), concat!("db", "g!(x)"), "#[ignore]"] {
            bad(rules::loose_ends, "src/a.rs", bad_text);
        }
        good(rules::loose_ends, "src/a.rs", "// what to do later; ignored");
    }

    #[test]
    fn unwraps() {
        bad(rules::unwraps, "src/a.rs", "fn f() { g().unwrap(); }");
        bad(rules::unwraps, "src/a.rs", "fn f() { g()\n  .expect(\"it\"); }");
        bad(rules::unwraps, "src/a.rs", "#[cfg(test)]\nmod t { }\nfn f() { panic!(\"no\"); }");
        good(rules::unwraps, "src/a.rs", "#[cfg(test)]\nmod tests { fn f() { g().unwrap(); } }");
        good(rules::unwraps, "src/a.rs", "#[cfg(test)]\nmod tests;\nfn f() { g().unwrap_or(1); }");
    }

    #[test]
    fn imports_between_files() {
        let graph_of = |files: &[(&str, &str)]| graph::graph(files);
        let twins = [
            ("src/flow/bitcoin/a.rs", "use crate::{flow::{ethereum::b::{Thing as Other}}, text};"),
            ("src/flow/ethereum/b.rs", "fn f() { super::super::bitcoin::a::g() }"),
            ("src/explorer/online/transport/http.rs", "use super::super::bitcoin::c;"),
            ("src/explorer/online/bitcoin/c.rs", "use super::super::transport::http;"),
        ];
        assert_eq!(graph::families(&graph_of(&twins)).len(), 3);
        let commands = [
            ("src/cli/commands/a.rs", "use super::b::run;"),
            ("src/cli/commands/b.rs", "use crate::cli::ui;"),
            ("src/cli/commands/mod.rs", "mod a; mod b;"),
            ("src/cli/ui.rs", "#[cfg(test)] mod tests { use crate::cli::commands::a; }"),
        ];
        assert_eq!(graph::commands(&graph_of(&commands)), ["cli/commands/a names cli/commands/b"]);
        let circle = [
            ("src/store/a.rs", "use super::b::{B, c};"),
            ("src/store/b.rs", "use crate::store::c;"),
            ("src/store/c.rs", "use self::super::a;"),
            ("src/store/d.rs", "// use super::a\nuse super::a;"),
        ];
        assert!(!graph::circles(&graph_of(&circle)).is_empty());
        assert!(graph::circles(&graph_of(&circle[1..])).is_empty());
    }

    #[test]
    fn names_and_signatures() {
        let twice = [("src/flow/a.rs", "pub struct Found;"), ("src/ledger/b.rs", "pub(crate) enum Found {}")];
        assert_eq!(names::twice_named(&twice).len(), 1);
        let twins = [("src/flow/bitcoin/a.rs", "pub struct Plan;"), ("src/flow/ethereum/a.rs", "pub struct Plan;")];
        assert_eq!(names::twice_named(&twins), Vec::<String>::new());
        let layers = [("src/flow/bitcoin/a.rs", "pub struct Plan;"), ("src/chain/ethereum/a.rs", "pub struct Plan;")];
        assert_eq!(names::twice_named(&layers).len(), 1);
        bad(names::parameters, "src/a.rs", "fn f(&self, (a, b): (&A, u32), c: Vec<(u8, u8)>, d: D, e: E) {}");
        bad(names::parameters, "src/a.rs", "fn f<T: Fn(u8) -> u8>(x: (A, B, C), y: &mut (A, B)) {}");
        good(names::parameters, "src/a.rs", "fn f(&mut self, (a, b): (&A, u32), c: Vec<(u8, u8)>, d: D) {}");
        bad(names::decisions_by_text, "src/a.rs", "if failure.entry().code == \"flow.one\" {}");
        good(names::decisions_by_text, "src/a.rs", "if a.entry() == b.entry() { code(\"x\") } // code == \"x\"");
        let documents = ["docs/output.md".to_owned()];
        let cited = |text: &str| names::cited("src/a.rs", text, &documents).len();
        assert_eq!((cited("// see threats.md."), cited("/// (docs/output.md)"), cited("let a = \"b.md\";")), (1, 0, 0));
    }

    #[test]
    fn reading_strings_and_lifetimes() {
        let code = |text| reading::blanked(text, reading::Keep::Code).replace(' ', "");
        assert_eq!(code("a(r#\"x\"}\"#,b)"), "a(,b)");
        assert_eq!(code("fn f<'a>(x: &'a str) { '\\'' }"), "fnf<'a>(x:&'astr){}");
        assert_eq!(code("/* a /* b */ c */d"), "d");
        assert_eq!(reading::test_modules("#[cfg(test)]\n#[path = \"x_tests.rs\"]\nmod tests;"), ["x_tests.rs"]);
    }
}
