//! What the program shows of a lie: every number that it calls proven or agreed is made of coins that are there, and a
//! failed sync leaves unknown where it was.
//!
//! The coins of the world have amounts of which no two sums are equal, so that a sum tells its parts.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use super::{
    behave::judge_error,
    harness::{Answer, finish, program, sat},
    lies::{Fact, LIES, Lie},
    matrix::{Role, servers},
    world::{CHANGE, DEEP, World, YOUNG},
};
use fastness::{
    ledger::{KeyLocation, Ledger, bitcoin::Past},
    store::Home,
};
use serde_json::Value;

const SETS: [[Role; 3]; 4] = [
    [Role::Lying, Role::Honest, Role::Down],
    [Role::Honest, Role::Lying, Role::Down],
    [Role::Lying, Role::Down, Role::Honest],
    [Role::Lying, Role::Down, Role::Down],
];

fn run(home: &Path, urls: &[String], words: &[&str]) -> Answer {
    let mut command = program();
    command.arg("--home").arg(home).args(["--network", "regtest", "--json"]);
    for url in urls {
        command.arg("--explorer").arg(url);
    }
    command.args(words);
    finish(command)
}

fn data(answer: &Answer) -> Value {
    serde_json::from_str::<Value>(&answer.stdout).unwrap()["data"].clone()
}

/// Whether an amount is the sum of some of the coins that are there.
fn is_made_of_coins(amount: u64) -> bool {
    let coins = [DEEP[0], DEEP[1], DEEP[2], YOUNG, CHANGE];
    let sum = |set: u32| (0..5).filter(|place| set >> place & 1 == 1).map(|place| coins[place]).sum::<u64>();
    (0..32).any(|set| sum(set) == amount)
}

/// What is wrong about what the program shows, if anything.
fn look(world: &Arc<World>, roles: [Role; 3], lie: Lie) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    let path = Home::open(Some(&home)).unwrap().ledger_path();
    Ledger::open(&path).unwrap().add_account("main", &world.account, KeyLocation::Elsewhere, Past::Possible).unwrap();
    let (urls, _layers) = servers(world, roles, lie);
    let shown = run(&home, &urls, &["balance", "--sync"]);
    if shown.code != 0 {
        judge_error(&shown)?;
        let left = data(&run(&home, &urls, &["balance", "--offline"]))["accounts"][0]["confirmed"].clone();
        return if left.is_null() || sat(&left) > 0 { Ok(()) } else { Err("a failed sync shows zero".to_owned()) };
    }
    let account = data(&shown)["accounts"][0].clone();
    for label in ["proven", "agreed"] {
        // A spend that is left out cannot be seen in a proof: proven is that a coin was made, not that it is still there.
        let hidden = label == "proven" && lie.name.starts_with("the spend");
        let amount = &account[label];
        if !hidden && !amount.is_null() && !is_made_of_coins(sat(amount)) {
            return Err(format!("{} is called {label} in {account}", sat(amount)));
        }
    }
    let right = sat(&account["confirmed"]) == DEEP.iter().sum::<u64>() + YOUNG + CHANGE;
    let several = roles[1] == Role::Honest || roles[2] == Role::Honest;
    let silent = account["disagreements"].as_array().is_some_and(Vec::is_empty);
    if !right && several && silent {
        return Err(format!("{} is wrong, and no disagreement is named in {account}", sat(&account["confirmed"])));
    }
    history(world, &data(&run(&home, &urls, &["history", "--offline"])))
}

/// A row that is called proven is where it is, and as deep as it is.
fn history(world: &World, list: &Value) -> Result<(), String> {
    for row in list["transactions"].as_array().unwrap().iter().filter(|row| row["evidence"] == "proven") {
        let height = world.height(&row["txid"].as_str().unwrap().parse().unwrap());
        if height.map(u64::from) != row["height"].as_u64() {
            return Err(format!("called proven: {row}"));
        }
    }
    Ok(())
}

#[test]
fn numbers_on_the_page_are_made_of_coins_that_are_there() {
    let world = Arc::new(World::new());
    let lies = LIES.into_iter().filter(|lie| matches!(lie.fact, Fact::Coins | Fact::Place | Fact::Tip));
    let jobs: Vec<([Role; 3], Lie)> = lies.flat_map(|lie| SETS.map(|roles| (roles, lie))).collect();
    let count = jobs.len();
    let (jobs, wrong) = (Mutex::new(jobs.into_iter()), Mutex::new(Vec::new()));
    let take = || jobs.lock().unwrap().next();
    let work = || {
        while let Some((roles, lie)) = take() {
            if let Err(what) = look(&world, roles, lie) {
                wrong.lock().unwrap().push(format!("{roles:?}, {}: {what}", lie.name));
            }
        }
    };
    std::thread::scope(|scope| (0..3).for_each(|_| drop(scope.spawn(work))));
    let wrong = wrong.into_inner().unwrap();
    println!("lies shown by the program: {count} cases, {} wrong", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
