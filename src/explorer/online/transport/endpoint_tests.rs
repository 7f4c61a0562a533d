//! Which addresses are taken and which are not, and how often a host is asked again.

use super::*;

#[test]
fn what_serves_one_chain_was_not_compared_with_another() {
    let endpoint = Endpoint::parse("http://127.0.0.1:3002").expect("an address");
    endpoint.is_on_chain("regtest");
    assert!(endpoint.was_on_chain("regtest") && !endpoint.was_on_chain("signet"));
}

#[test]
fn addresses_are_https_or_private() {
    for good in [
        "https://mempool.space/api",
        "https://mempool.space/api/",
        "http://127.0.0.1:3002",
        "http://127.9.9.9/",
        "http://[::1]:3002/api",
        "http://localhost:3000",
        "http://explorer.onion/api",
    ] {
        let endpoint = Endpoint::parse(good).unwrap_or_else(|why| panic!("{good} {why}"));
        let url = endpoint.url("/blocks/tip/height").expect("a url");
        assert!(url.as_str().ends_with("/blocks/tip/height") && !url.path().contains("//"), "{url}");
    }
}

#[test]
fn one_question_in_five_is_put_again() {
    let endpoint = Endpoint::parse("https://a.example").expect("an address");
    let repeated = (0..1_000).filter(|_| {
        endpoint.asks();
        endpoint.may_repeat()
    });
    assert_eq!(repeated.count(), 208, "a fifth, and a few at first");
}

#[test]
fn other_addresses_are_refused() {
    for bad in [
        "",
        "mempool.space/api",
        "http://mempool.space/api",
        "http://127.0.0.1.evil.example/",
        "http://10.0.0.1/",
        "http://0.0.0.0/",
        "http://example.onion.evil.example/",
        "http://localhost.evil.example/",
        "http://[::2]/",
        "https://user@mempool.space/api",
        "https://user:word@mempool.space/api",
        "https://mempool.space/api?key=1",
        "https://mempool.space/api#x",
        "ftp://mempool.space",
        "file:///etc/passwd",
        "https://",
    ] {
        assert!(Endpoint::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn the_beginning_of_an_address_says_what_is_spoken() {
    for (good, kind) in [
        ("https://a.example/api", Protocol::Esplora),
        ("ssl://a.example:50002", Protocol::Electrum),
        ("SSL://a.example:443/", Protocol::Electrum),
        ("tcp://127.0.0.1:50001", Protocol::Electrum),
        ("tcp://[::1]:80", Protocol::Electrum),
        ("tcp://example.onion:50001", Protocol::Electrum),
        ("core+http://127.0.0.1:8332", Protocol::Core),
        ("core+https://node.example:8332/", Protocol::Core),
    ] {
        let endpoint = Endpoint::parse(good).unwrap_or_else(|why| panic!("{good} {why}"));
        assert_eq!(endpoint.kind, kind, "{good}");
        assert!(endpoint.url("").is_ok() != (kind == Protocol::Electrum), "{good}");
    }
    for bad in [
        "ssl://a.example",
        "tcp://a.example:50001",
        "tcp://10.0.0.1:50001",
        "ssl://a.example:50002/path",
        "ssl://user:word@a.example:50002",
        "ssl://a.example:50002?x",
        "ssl://",
        "core+http://10.0.0.1:8332",
        "core+http://user:word@127.0.0.1:8332",
        "core+ssl://127.0.0.1:1",
        "core://127.0.0.1:8332",
    ] {
        assert!(Endpoint::parse(bad).is_err(), "{bad}");
    }
    let both = ["http://127.0.0.1:8332".to_owned(), "core+http://127.0.0.1:8332".to_owned()];
    assert!(Endpoint::parse_all(&both).is_ok(), "two services of one name");
}

#[test]
fn lists_are_checked_and_bounded() {
    let list = |texts: &[&str]| Endpoint::parse_all(&texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>());
    let endpoints = list(&["https://a.example/api", "http://127.0.0.1:3002/"]).expect("both are good");
    assert_eq!(endpoints[1].operator.as_str(), "127.0.0.1:3002");
    let twice = list(&["https://a.example/api", "https://A.example/api/"]).err();
    assert_eq!(twice, Some(ExplorerError::BadEndpoint { place: 2, why: "is named twice" }));
    let many: Vec<String> = (0..17).map(|n| format!("https://{n}.example")).collect();
    assert_eq!(
        Endpoint::parse_all(&many).err(),
        Some(ExplorerError::BadEndpoint { place: 17, why: "is one too many" })
    );
}

#[test]
fn an_error_never_repeats_a_password() {
    let error = Endpoint::parse_all(&["https://user:hunter2@a.example".to_owned()]).err().expect("refused");
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}
