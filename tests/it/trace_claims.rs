//! `firstseen trace`: what is said of a credential besides its links: contradictions, who created its owner, whether objects changed.

use serde_json::{Value, json};

use crate::archive::{Archive, gzip, wrapped};
use crate::program::{firstseen, stderr};
use crate::trace::{ACCOUNTS, Beginning, Hop, LIMITS, Planter, archive, plant, response, traced};

#[test]
fn an_arn_and_a_unique_id_lead_to_the_same() {
    let mut planter = Planter::new(0);
    let made = planter.begin(Beginning::MadeKey, ACCOUNTS[0]);
    planter.call(&made, 1);
    let session = planter.hop(&made, Hop::Role(1));
    planter.call(&session, 1);
    // Issued for the same user and the same role, and never used.
    let admin = planter.user(ACCOUNTS[0], "admin", Some("AKIACHAIN0N0"));
    let key = json!({"responseElements": {"accessKey": {"accessKeyId": "AKIAUNUSED", "userName": "eva"}}});
    planter.record(ACCOUNTS[0], &admin.identity, "iam:CreateAccessKey", key);
    let more = response(ACCOUNTS[1], "role2", "other", "ASIAUNUSED");
    planter.record(ACCOUNTS[0], &made.identity, "sts:AssumeRole", more);
    let archive = archive(&[planter]);
    let marked = |wanted: &str| {
        let rows = traced(&archive, wanted, LIMITS, 2).rows;
        let marked = rows.iter().filter(|row| row.is_traced).map(|row| row.credential.id().to_string());
        marked.collect::<Vec<_>>()
    };
    let of_user = ["AKIACHAIN0N1", "AKIAUNUSED"];
    assert_eq!(marked("arn:aws:iam::000123456789:user/eva"), of_user);
    assert_eq!(marked("AIDA0EVA"), of_user);
    let of_role = ["ASIACHAIN0N2", "ASIAUNUSED"];
    assert_eq!(marked("arn:aws:iam::111122223333:role/role2"), of_role);
    assert_eq!(marked("AROA0ROLE2"), of_role);
}

/// The text of a trace, and what is said at its end.
pub(crate) fn told(archive: &Archive, arguments: &[&str]) -> (String, String) {
    let output = firstseen(&[&["trace", "."], arguments].concat(), archive.path());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    (String::from_utf8(output.stdout.clone()).unwrap(), stderr(&output))
}

#[test]
fn contradictions_are_stated() {
    let told_of = |issued: &str, more: Value, uses: [(&str, &str); 2]| {
        let mut planter = Planter::new(0);
        let root = planter.begin(Beginning::Key, ACCOUNTS[0]);
        let mut response = response(ACCOUNTS[0], "app", "jo", "ASIAX");
        response["responseElements"]["credentials"]
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        response["eventTime"] = issued.into();
        planter.record(ACCOUNTS[0], &root.identity, "sts:AssumeRole", response);
        for (time, role) in uses {
            let session = planter.session(ACCOUNTS[0], role, "jo", "ASIAX").identity;
            planter.record(ACCOUNTS[0], &session, "s3:ListBuckets", json!({"eventTime": time}));
        }
        let archive = archive(&[planter]);
        let (text, warnings) = told(&archive, &["ASIAX"]);
        let lines: Vec<String> = text
            .lines()
            .filter_map(|line| line.trim_start().strip_prefix("CONTRADICTION: ").map(str::to_owned))
            .collect();
        assert_eq!(
            warnings.contains("warning: 1 credential has records that contradict"),
            !lines.is_empty(),
            "{warnings}"
        );
        lines
    };
    let expires = json!({"expiration": "Mar 1, 2024, 11:00:00 AM"});
    let at = "2024-03-01T10:00:00Z";
    let fine = [("2024-03-01T10:00:00Z", "app"), ("2024-03-01T11:04:00Z", "app")];
    assert_eq!(told_of(at, expires.clone(), fine), [""; 0]);
    assert_eq!(
        told_of(at, json!({}), [("2024-03-01T09:00:00Z", "app"), ("2024-03-01T12:00:00Z", "app")]),
        ["it was used before it was issued at 2024-03-01T10:00:00Z"]
    );
    assert_eq!(
        told_of(at, expires, [("2024-03-01T10:01:00Z", "app"), ("2024-03-01T13:00:00Z", "admin")]),
        [
            "it was used after it had expired at 2024-03-01T11:00:00Z",
            "it was issued for role app (account 000123456789), session jo, but used by \
             arn:aws:sts::000123456789:assumed-role/admin/jo",
        ]
    );
}

#[test]
fn the_creator_of_the_owner_of_a_key_is_named() {
    let mut planter = Planter::new(0);
    let jo = planter.user(ACCOUNTS[0], "jo", Some("AKIAJO"));
    let arn = format!("arn:aws:iam::{}:user/ops/backup", ACCOUNTS[0]);
    let created = json!({"responseElements": {"user": {"userName": "backup", "arn": arn}}});
    planter.record(ACCOUNTS[0], &jo.identity, "iam:CreateUser", created);
    planter.minute += 1;
    let admin = planter.user(ACCOUNTS[0], "admin", Some("AKIAADMIN"));
    let made =
        json!({"responseElements": {"accessKey": {"accessKeyId": "AKIABACKUP", "userName": "backup"}}});
    planter.record(ACCOUNTS[0], &admin.identity, "iam:CreateAccessKey", made);
    let (text, _) = told(&archive(&[planter]), &["AKIABACKUP", "-q"]);
    let expected = "user backup was created 2024-03-01T00:00:00Z iam:CreateUser by user \
                    arn:aws:iam::000123456789:user/jo, with key AKIAJO: 000123456789/0.json record 1  eventID event-0-1";
    assert!(text.contains(expected), "{text}");
}

/// A record by which `jo` creates the user `backup` with this id; the next one comes later.
fn create_backup(planter: &mut Planter, id: &str) {
    let jo = planter.user(ACCOUNTS[0], "jo", Some("AKIAJO"));
    let arn = planter.user(ACCOUNTS[0], "backup", None).identity["arn"].clone();
    let user = json!({"userName": "backup", "arn": arn, "userId": id});
    planter.record(ACCOUNTS[0], &jo.identity, "iam:CreateUser", json!({"responseElements": {"user": user}}));
    planter.minute += 1;
}

/// A record by which `backup` acts under this id.
fn act_as_backup(planter: &mut Planter, id: &str) {
    let mut backup = planter.user(ACCOUNTS[0], "backup", Some("AKIABACKUP"));
    backup.identity["principalId"] = json!(id);
    planter.record(ACCOUNTS[0], &backup.identity, "s3:ListBuckets", json!({}));
}

#[test]
fn a_user_that_was_made_anew_has_no_creator_of_another_id() {
    let told_of = |created: &[&str]| {
        let mut planter = Planter::new(0);
        created.iter().for_each(|id| create_backup(&mut planter, id));
        act_as_backup(&mut planter, "AIDABACKUP");
        let archive = archive(&[planter]);
        let json = told(&archive, &["AKIABACKUP", "-q", "--format", "json"]).0;
        let json: Value = serde_json::from_str(&json).unwrap();
        let traced = &json["credentials"][0];
        let text = told(&archive, &["AKIABACKUP", "-q"]).0;
        let lines = text.lines().filter(|line| line.contains("was created"));
        let lines: Vec<String> =
            lines.map(|line| line.split(" iam:").next().unwrap().trim().to_owned()).collect();
        let id = traced["namesake_created"]["principal_id"].as_str().map(str::to_owned);
        (lines, traced["owner_created"]["time"].as_str().map(str::to_owned), id)
    };
    let at = |minute: u32| format!("2024-03-01T00:0{minute}:00Z");
    let owner = |minute| (vec![format!("user backup was created {}", at(minute))], Some(at(minute)), None);
    assert_eq!(told_of(&["AIDABACKUP"]), owner(0));
    assert_eq!(told_of(&["AIDAANOTHER", "AIDABACKUP"]), owner(1));
    assert_eq!(told_of(&["AIDABACKUP", "AIDAANOTHER"]), owner(0));
    let another = format!("another user of the name backup, with the id AIDAANOTHER, was created {}", at(0));
    assert_eq!(told_of(&["AIDAANOTHER"]), (vec![another], None, Some("AIDAANOTHER".to_owned())));
}

#[test]
fn keys_that_were_issued_instead_of_the_one_used_are_named() {
    let told_of = |issued: &[&str]| {
        let mut planter = Planter::new(0);
        let admin = planter.user(ACCOUNTS[0], "admin", Some("AKIAADMIN"));
        for key in issued {
            let made = json!({"responseElements": {"accessKey": {"accessKeyId": key, "userName": "backup"}}});
            planter.record(ACCOUNTS[0], &admin.identity, "iam:CreateAccessKey", made);
        }
        act_as_backup(&mut planter, "AIDABACKUP");
        let text = told(&archive(&[planter]), &["backup", "-q"]).0;
        let lines = text.lines().filter(|line| line.contains("issued to a user of this name"));
        lines.map(|line| line.trim().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(told_of(&[]), [""; 0]);
    assert_eq!(told_of(&["AKIABACKUP"]), [""; 0]);
    assert_eq!(told_of(&["AKIABACKUP", "AKIAANOTHER"]), [""; 0]);
    let at = "2024-03-01T00:00:00Z";
    assert_eq!(
        told_of(&["AKIAANOTHER"]),
        [format!("the only key issued to a user of this name is another: AKIAANOTHER at {at}")]
    );
    assert_eq!(
        told_of(&["AKIAANOTHER", "AKIATHIRD"]),
        [format!(
            "the keys issued to a user of this name are others: AKIAANOTHER at {at}, AKIATHIRD at {at}"
        )]
    );
}

#[test]
fn when_a_session_was_created_and_with_mfa_is_said_where_records_have_it() {
    let mut planter = Planter::new(0);
    let mut session = planter.session(ACCOUNTS[0], "app", "jo", "ASIAX").identity;
    planter.record(ACCOUNTS[0], &session, "s3:ListBuckets", json!({"eventTime": "2024-03-01T10:00:00Z"}));
    session["accessKeyId"] = json!("ASIAY");
    session["sessionContext"]["attributes"] =
        json!({"creationDate": "2024-03-01T09:58:00Z", "mfaAuthenticated": "true"});
    planter.record(ACCOUNTS[0], &session, "s3:ListBuckets", json!({"eventTime": "2024-03-01T10:00:00Z"}));
    let archive = archive(&[planter]);
    let text = told(&archive, &["jo", "-q"]).0;
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| line.starts_with("session ")).collect();
    assert_eq!(lines, ["session created 2024-03-01T09:58:00Z, with MFA"], "{text}");
    let json: Value = serde_json::from_str(&told(&archive, &["jo", "-q", "--format", "json"]).0).unwrap();
    let used = |number: usize| {
        let used = &json["credentials"][number]["used"];
        (used["session_created"].clone(), used["mfa"].clone())
    };
    assert_eq!(used(0), (Value::Null, Value::Null));
    assert_eq!(used(1), (json!("2024-03-01T09:58:00Z"), json!(true)));
}

#[test]
fn a_name_in_several_accounts_can_be_traced_in_one() {
    let mut planter = Planter::new(0);
    for account in ACCOUNTS {
        let eva = planter.user(account, "eva", Some(&format!("AKIA{account}")));
        planter.record(account, &eva.identity, "s3:ListBuckets", json!({}));
    }
    let archive = archive(&[planter]);
    let end = |arguments: &[&str]| {
        let text = told(&archive, &[&["eva", "-q"], arguments].concat()).0;
        text.lines().skip_while(|line| !line.contains("of them traced")).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(
        end(&[]),
        "3 credentials, 3 of them traced (marked with *)\n'eva' is known in 3 accounts: 000123456789, 111122223333, \
         444455556666 (--account ID traces that of one)"
    );
    assert_eq!(end(&["--account", ACCOUNTS[1]]), "1 credential, 1 of them traced (marked with *)");
    let settings = archive.path().join("settings.toml");
    std::fs::write(&settings, format!("account = '{}'", ACCOUNTS[0])).unwrap();
    let of_file = ["--config", settings.to_str().unwrap()];
    assert_eq!(end(&of_file), "1 credential, 1 of them traced (marked with *)");
    let output = firstseen(&["trace", ".", "eva", "-q", "--account", "999999999999"], archive.path());
    let said =
        "error: nothing in the archive used or issued 'eva' in the accounts of --account (999999999999)";
    assert!(output.status.code() == Some(1) && stderr(&output).starts_with(said), "{}", stderr(&output));
}

#[test]
fn what_is_counted_as_traced_is_shown() {
    let mut planter = Planter::new(0);
    let root = planter.begin(Beginning::Key, ACCOUNTS[0]);
    for _ in 0..9 {
        planter.assume(&root.identity, (ACCOUNTS[0], "app", "jo"), "AssumeRole");
    }
    let (text, _) = told(&archive(&[planter]), &["jo", "--limit", "3", "-q"]);
    let end = "3 credentials, 2 of them traced (marked with *)\n\
               7 more are left out, 7 of them traced (--depth and --limit show more)\n";
    assert!(text.ends_with(end), "{text}");
}

#[test]
fn objects_are_compared_with_those_of_the_baseline() {
    let planter = plant(0, Beginning::Key, 0, &[Hop::Role(1)], 1);
    let last = planter.records.last().unwrap().clone();
    let logs = Archive::new().object("logs/a.json", &wrapped(&planter.records));
    let trace = |more: &[&str]| {
        let output = firstseen(&[&["trace", "x.baseline", "ASIACHAIN0N1", "-q"], more].concat(), logs.path());
        (output.status.code(), stderr(&output))
    };
    firstseen(&["index", "logs", "-q", "-o", "x.baseline", "--max-object-size", "1M"], logs.path());
    assert_eq!(trace(&[]), (Some(0), String::new()));
    std::fs::write(logs.path().join("logs/a.json"), wrapped(&[&planter.records[..], &[last]].concat()))
        .unwrap();
    let said = "warning: 'a.json' is not the object that was indexed: its SHA-256 is another\n".to_owned();
    assert_eq!(trace(&[]), (Some(3), said.clone()));
    assert_eq!(trace(&["--archive", "logs"]), (Some(3), said));
    // An object that the baseline did not read for its size is not read here either.
    let many = gzip(&wrapped(&vec![planter.records.clone(); 2_000].concat()));
    std::fs::write(logs.path().join("logs/b.json"), &many).unwrap();
    let (code, said) = trace(&[]);
    assert!(code == Some(3) && said.contains("too-large"), "{said}");
}
