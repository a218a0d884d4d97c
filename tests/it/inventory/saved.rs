//! Merged inventories, inventories in saved baselines, and messages about them.

use std::fs;

use firstseen::baseline::Baseline;
use firstseen::model::{IamIdentity, IamKind, Inventory};
use firstseen::store::Saved;
use firstseen::time::Timestamp;
use proptest::prelude::*;
use serde_json::json;
use tempfile::TempDir;

use super::{ACCOUNT, roles};
use crate::archive::record;
use crate::program::{firstseen, firstseen_here};

fn any_inventory() -> impl Strategy<Value = Inventory> {
    let identity = (0..3usize, 0..2usize, prop::option::of(0..2usize), prop::option::of(0..5i64));
    let listed = prop::collection::vec((0..3usize, 0..2usize), 0..3);
    (prop::collection::vec(identity, 0..8), listed).prop_map(|(identities, listed)| {
        let accounts = ["111122223333", "000123456789", "444455556666"];
        let kinds = [IamKind::User, IamKind::Role];
        let mut inventory = Inventory::default();
        for (account, kind, id, created) in identities {
            let arn = format!("arn:aws:iam::{}:{}/x", accounts[account], kinds[kind].name());
            let identity = IamIdentity::of_arn(&arn).unwrap();
            let unique_id = id.map(|id| format!("A{id}").into());
            inventory.add(IamIdentity { unique_id, ..identity }, created.map(Timestamp::from_seconds));
        }
        listed
            .into_iter()
            .for_each(|(account, kind)| inventory.mark_complete(accounts[account], kinds[kind]));
        inventory
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn inventories_merge_in_any_order_and_more_than_once(parts in prop::collection::vec(any_inventory(), 3)) {
        let merged = |order: [usize; 3]| {
            order.iter().fold(Inventory::default(), |mut all, part| {
                all.merge(parts[*part].clone());
                all
            })
        };
        let all = merged([0, 1, 2]);
        prop_assert_eq!(&all, &merged([2, 1, 0]));
        prop_assert_eq!(&all, &merged([1, 0, 2]));
        let mut right = parts[1].clone();
        right.merge(parts[2].clone());
        let mut grouped = parts[0].clone();
        grouped.merge(right);
        prop_assert_eq!(&all, &grouped);
        let baselines = parts.iter().map(|part| Baseline { inventory: part.clone(), ..Baseline::default() });
        let baseline = baselines.fold(Baseline::default(), |all, part| all.merge(part).baseline);
        prop_assert_eq!(&baseline.inventory, &all);
        prop_assert!(parts.iter().all(|part| all.covers(part)));
    }
}

const SCAN: [&str; 6] = ["--warmup", "20d", "--anchor", "created", "-f", "json"];

fn answer(arguments: &[&str]) -> String {
    let output = firstseen_here(&[arguments, &["-q"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_baseline_saved_with_an_inventory_answers_like_the_archive() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (archive, inventory) = ("fixtures/small-archive", "fixtures/iam-inventory");
    let index = |output: &str, more: &[&str]| answer(&[&["index", archive, "-o", output], more].concat());
    let [with, without, added, accounts] =
        ["with", "without", "added", "accounts"].map(|name| path(&format!("{name}.baseline")));
    index(&with, &["--iam-inventory", inventory]);
    index(&without, &[]);
    index(&added, &[]);
    index(&added, &["--iam-inventory", inventory]);
    let expected = answer(&[&["scan", archive, "--iam-inventory", inventory], &SCAN[..]].concat());
    assert!(expected.contains("\"known_to_iam\":false") && expected.contains("\"anchor\":\"created\""));
    assert!(expected == answer(&[&["scan", &with], &SCAN[..]].concat()));
    assert!(expected == answer(&[&["scan", &without, "--iam-inventory", inventory], &SCAN[..]].concat()));
    assert!(expected == answer(&[&["scan", &with, "--iam-inventory", inventory], &SCAN[..]].concat()));
    let files = |baseline: &str| {
        let mut files: Vec<_> =
            fs::read_dir(baseline).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect();
        files.sort();
        files
    };
    assert!(files(&with) == files(&added));
    // Shards of single accounts, each with its own inventory.
    let shards =
        [("111122223333", "111122223333.json"), ("000123456789", "000123456789.csv"), ("444455556666", "")];
    let mut merge = vec!["merge".to_owned()];
    for (account, file) in shards {
        let (root, shard) = (format!("{archive}/AWSLogs/{account}"), path(&format!("{account}.baseline")));
        let files: Vec<String> = match file {
            "" => ["roles", "users"].map(|kind| format!("{inventory}/{account}-{kind}.json")).to_vec(),
            file => vec![format!("{inventory}/{file}")],
        };
        let flags = files.iter().flat_map(|file| ["--iam-inventory", file]).collect::<Vec<_>>();
        answer(&[&["index", &root, "-o", &shard][..], &flags].concat());
        merge.push(shard);
    }
    merge.extend(["-o".to_owned(), accounts.clone()]);
    answer(&merge.iter().map(|word| &**word).collect::<Vec<_>>());
    let of = |baseline: &str| Saved::open(baseline.as_ref()).unwrap().baseline().unwrap().0.inventory;
    assert_eq!(of(&accounts), of(&with));
    assert_eq!(of(&with).identities().count(), 17);
}

#[test]
fn unusable_files_are_reported_with_advice() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("cut.json"), "{\"Roles\":[").unwrap();
    fs::create_dir(folder.path().join("iam")).unwrap();
    fs::write(folder.path().join("iam/notes.txt"), "nothing").unwrap();
    fs::write(folder.path().join("log.json"), record("2024-03-01T00:00:00Z", "eva", "s3:A").to_string())
        .unwrap();
    let scan = |inventory: &str| {
        let output = firstseen(&["scan", "log.json", "--iam-inventory", inventory], folder.path());
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    for (name, said) in [
        ("cut.json", "'cut.json' cannot be read to its end: EOF while parsing a list at line 1 column 10"),
        ("none.json", "cannot read 'none.json'"),
        ("iam", "no file in 'iam' tells what IAM knows; it holds one that does not"),
        ("log.json", "'log.json' tells nothing of IAM: it is none of the answers that are read"),
    ] {
        let (code, stderr) = scan(name);
        assert_eq!(code, Some(1), "{stderr}");
        assert!(stderr.contains(said) && stderr.contains("hint: "), "{stderr}");
    }
    let (code, stderr) = scan("s3://bucket/iam");
    assert!(code == Some(2) && stderr.contains("takes local files"), "{stderr}");
    // An inventory of an account without logs.
    fs::write(
        folder.path().join("far.json"),
        json!({ "Roles": roles() }).to_string().replace(ACCOUNT, "999988887777"),
    )
    .unwrap();
    let (code, stderr) = scan("far.json");
    let said =
        "warning: --iam-inventory covers 999988887777, but the input has no principal of these accounts";
    assert!(code == Some(0) && stderr.contains(said), "{stderr}");
    // In a folder with a good file they are warnings; a truncated file also changes the exit status.
    fs::write(folder.path().join("iam/roles.json"), json!({ "Roles": roles() }).to_string()).unwrap();
    let (code, stderr) = scan("iam");
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains("warning: --iam-inventory: 'iam/notes.txt' tells nothing of IAM"), "{stderr}");
    assert!(stderr.contains("IAM inventory: 1 account, 0 users, 2 roles"), "{stderr}");
    fs::rename(folder.path().join("cut.json"), folder.path().join("iam/cut.json")).unwrap();
    let (code, stderr) = scan("iam");
    assert_eq!(code, Some(3), "{stderr}");
    assert!(
        stderr.contains("warning: --iam-inventory: 'iam/cut.json' cannot be read to its end"),
        "{stderr}"
    );
}
