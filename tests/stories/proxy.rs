//! The way out through a SOCKS5 proxy: names stay names, each purpose has a circuit of its own, and nothing goes around it.

use std::{collections::BTreeSet, process::Command};

use crate::harness::{
    Answer, Stage, finish, program,
    socks::{Asked, Socks, Trap},
};

/// A name in the form of an onion service of version 3.
const ONION: &str = "expyuzz4wqqyqhjnexpyuzz4wqqyqhjnexpyuzz4wqqyqhjnexpyuzid.onion";

/// A command with an explorer of our choice.
fn command(stage: &Stage, explorer: &str, arguments: &[&str]) -> Command {
    let mut command = program();
    command.current_dir(stage.home.path()).arg("--home").arg(stage.path("home"));
    command.args(["--network", "regtest", "--explorer", explorer]).args(arguments);
    command
}

fn run(stage: &Stage, explorer: &str, arguments: &[&str]) -> Answer {
    finish(command(stage, explorer, arguments))
}

fn onion() -> String {
    format!("http://{ONION}/api")
}

/// A funded wallet, and a proxy behind which its explorer is an onion service.
fn behind_tor() -> (Stage, Socks) {
    let stage = Stage::with_coins(&[50_000_000]);
    let socks = Socks::start(&[(ONION, &stage.server.url())]);
    (stage, socks)
}

fn send(stage: &Stage, socks: &Socks) {
    let shop = Stage::shop();
    let password = stage.password();
    let words = [
        "send",
        &shop,
        "0.1btc",
        "--fee-rate",
        "2",
        "--again",
        "--yes",
        "--max-fee=5000sat",
        &password,
        &socks.option(),
    ];
    run(stage, &onion(), &words).expect_code(0);
}

#[test]
fn an_onion_service_is_used_from_the_first_question_to_the_payment() {
    let (stage, socks) = behind_tor();
    let direct = stage.server.requests();
    run(&stage, &onion(), &["sync", &socks.option()]).expect_code(0);
    send(&stage, &socks);
    assert!(stage.server.requests() > direct);
    assert_eq!(stage.server.chain().lock().unwrap().mempool_txids().len(), 1);
    for Asked { kind, host, port, .. } in socks.asked() {
        assert_eq!((kind, host.as_str(), port), (3, ONION, 80), "a name, never an address looked up here");
    }
}

#[test]
fn each_purpose_has_a_circuit_that_no_other_process_shares() {
    let (stage, socks) = behind_tor();
    let mut passwords = BTreeSet::new();
    for _ in 0..2 {
        socks.forget();
        send(&stage, &socks);
        let users: BTreeSet<String> = socks.asked().into_iter().map(|asked| asked.user).collect();
        assert_eq!(users, ["neutral", "read", "send"].map(|purpose| format!("{purpose}-{ONION}")).into());
        let of_this_process: BTreeSet<String> = socks.asked().into_iter().map(|asked| asked.password).collect();
        assert!(of_this_process.iter().all(|password| password.len() == 16), "{of_this_process:?}");
        assert!(passwords.is_disjoint(&of_this_process), "a circuit of an earlier process");
        passwords.extend(of_this_process);
        stage.mine(1);
    }
}

#[test]
fn nothing_that_names_an_address_or_a_payment_takes_another_purposes_circuit() {
    let (stage, socks) = behind_tor();
    send(&stage, &socks);
    for (user, request) in socks.by_circuit() {
        let line = request.lines().next().unwrap_or_default();
        let purpose = if line.starts_with("POST /api/tx ") {
            "send"
        } else if line.contains("/scripthash") || line.contains("/tx/") {
            "read"
        } else {
            "neutral"
        };
        assert_eq!(user, format!("{purpose}-{ONION}"), "{line}");
    }
}

#[test]
fn a_name_of_the_open_network_goes_to_the_proxy_as_a_name() {
    let (stage, socks) = behind_tor();
    let answer = run(&stage, "https://explorer.example/api", &["sync", "--json", &socks.option()]);
    answer.expect_code(4);
    let asked = socks.asked();
    assert!(!asked.is_empty());
    assert!(asked.iter().all(|asked| (asked.kind, asked.host.as_str(), asked.port) == (3, "explorer.example", 443)));
}

#[test]
fn without_a_proxy_an_onion_service_is_refused_with_what_to_do() {
    let stage = Stage::with_wallet();
    let answer = run(&stage, &onion(), &["sync", "--json"]);
    answer.expect_code(4);
    assert_eq!(answer.error_code(), "explorer.no_tor");
    assert!(answer.stdout.contains("socks5://127.0.0.1:9050"), "{answer:?}");
}

#[test]
fn a_proxy_that_is_down_is_exit_4_and_nobody_is_asked_around_it() {
    let stage = Stage::with_wallet();
    let down = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let trap = Trap::set();
    // Not one of the names and addresses that mean this machine, and yet it is reached here.
    let explorer = format!("https://0.0.0.0:{}/api", trap.port);
    let answer = run(&stage, &explorer, &["sync", "--json", &format!("--proxy=socks5://{down}")]);
    answer.expect_code(4);
    assert_eq!(answer.error_code(), "explorer.proxy");
    assert!(answer.stdout.contains("through the proxy"), "{answer:?}");
    assert_eq!(trap.sprung(), 0);
    run(&stage, &explorer, &["sync", "--json"]).expect_code(4);
    assert!(trap.sprung() > 0, "the same question without a proxy does arrive");
}

#[test]
fn this_machine_is_reached_without_the_proxy() {
    let stage = Stage::with_wallet();
    let socks = Socks::start(&[]);
    stage.run(&["sync", &socks.option()]).expect_code(0);
    assert_eq!(socks.asked(), []);
}

#[test]
fn proxies_of_the_environment_are_ignored() {
    let stage = Stage::with_wallet();
    let trap = Trap::set();
    let proxied = |mut command: Command| {
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"] {
            command.env(name, format!("http://127.0.0.1:{}", trap.port));
        }
        finish(command)
    };
    proxied(stage.command(&["sync"])).expect_code(0);
    // Refused by the rules of names (RFC 6761), so that no name server is asked in this test.
    proxied(command(&stage, "https://explorer.invalid/api", &["sync"])).expect_code(4);
    assert_eq!(trap.sprung(), 0);
}

#[test]
fn a_proxy_named_in_config_toml_is_used_and_a_wrong_one_refused() {
    let (stage, socks) = behind_tor();
    std::fs::write(stage.path("home/config.toml"), format!("proxy = \"socks5://{}\"\n", socks.address())).unwrap();
    run(&stage, &onion(), &["sync"]).expect_code(0);
    assert!(!socks.asked().is_empty());
    let wrong = run(&stage, &onion(), &["sync", "--json", "--proxy=http://127.0.0.1:1"]);
    wrong.expect_code(2);
    assert!(wrong.stdout.contains("socks5://"), "{wrong:?}");
}

/// Everything of a request but its target and its body.
fn headers(request: &str) -> Vec<String> {
    let head = request.split("\r\n\r\n").next().unwrap_or_default();
    head.split("\r\n").skip(1).map(str::to_owned).collect()
}

#[test]
fn requests_say_nothing_about_who_asks() {
    let tapes: Vec<Vec<String>> = (0..2)
        .map(|number| {
            let stage = Stage::with_wallet();
            let socks = Socks::start(&[(ONION, &stage.server.url())]);
            let mut command = command(&stage, &onion(), &["sync", &socks.option()]);
            command.env("LANG", ["C", "de_DE.UTF-8"][number]).env("USER", ["alice", "bob"][number]);
            finish(command).expect_code(0);
            let mut requests = socks.requests();
            requests.sort();
            requests
        })
        .collect();
    assert!(tapes[0].iter().any(|request| request.contains("scripthash")), "{:?}", tapes[0]);
    assert_eq!(tapes[0], tapes[1], "byte for byte the same from two people");
    for request in &tapes[0] {
        let host = format!("host: {ONION}");
        let sent: Vec<_> = headers(request).into_iter().filter(|line| !line.starts_with("content-")).collect();
        assert_eq!(sent, ["accept: */*", "user-agent: fastness", &host], "{request}");
    }
    let (stage, socks) = behind_tor();
    socks.forget();
    send(&stage, &socks);
    let posts: Vec<_> = socks.requests().into_iter().filter(|request| request.starts_with("POST /api/tx ")).collect();
    assert_eq!(posts.len(), 1);
    let names: Vec<_> =
        headers(&posts[0]).iter().filter_map(|line| line.split_once(':').map(|(name, _)| name.to_owned())).collect();
    assert_eq!(names, ["content-type", "accept", "user-agent", "host", "content-length"]);
}

/// The arguments of the calls of one name in a trace, such as `connect`.
fn calls<'a>(trace: &'a str, name: &str) -> Vec<&'a str> {
    let begins = format!("{name}(");
    trace.lines().filter(|line| line.contains(&begins)).collect()
}

#[cfg(target_os = "linux")]
#[test]
fn no_name_is_looked_up_and_no_socket_leads_past_the_proxy() {
    let (stage, socks) = behind_tor();
    let traced = |explorers: &[&str], proxy: Option<&str>| {
        let trace = stage.path("trace");
        let mut strace = Command::new("strace");
        strace.current_dir(stage.home.path()).args(["-f", "-e", "trace=network", "-o"]).arg(&trace);
        strace.arg(env!("CARGO_BIN_EXE_fastness")).arg("--home").arg(stage.path("home"));
        strace.args(["--network", "regtest", "sync"]).args(proxy);
        for url in explorers {
            strace.args(["--explorer", url]);
        }
        let ran = strace.output().expect("strace is needed for this story");
        (ran.status.code(), std::fs::read_to_string(trace).unwrap())
    };
    let (code, trace) = traced(&["https://explorer.invalid/api", &onion()], Some(&socks.option()));
    assert_eq!(code, Some(0), "{trace}");
    let proxy = format!("sin_port=htons({}), sin_addr=inet_addr(\"127.0.0.1\")", socks.address().port());
    let connects = calls(&trace, "connect");
    assert!(!connects.is_empty());
    for call in connects {
        assert!(call.contains(&proxy), "around the proxy: {call}");
    }
    for call in calls(&trace, "socket") {
        assert!(!call.contains("SOCK_DGRAM") && !call.contains("AF_NETLINK"), "a name is looked up: {call}");
    }
    assert!(calls(&trace, "sendto").iter().all(|call| !call.contains("htons(53)")), "{trace}");
    // The same trace of a program without a proxy shows the look-up: so it would be seen.
    let (code, trace) = traced(&["https://explorer.invalid/api"], None);
    assert_eq!(code, Some(4));
    let looked_up = calls(&trace, "socket").iter().any(|call| call.contains("SOCK_DGRAM") || call.contains("AF_UNIX"));
    assert!(looked_up, "{trace}");
}
