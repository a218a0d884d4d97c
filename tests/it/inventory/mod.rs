//! IAM inventories: file formats, the age and presence of principals, merging and saving.

mod forms;
mod questions;
mod saved;

use std::fs;
use std::path::PathBuf;

use firstseen::inventory::{Collected, InventoryError, collect};
use serde_json::{Value, json};
use tempfile::TempDir;

const ACCOUNT: &str = "111122223333";

fn user(name: &str, id: &str, created: &str) -> Value {
    let arn = format!("arn:aws:iam::{ACCOUNT}:user/{name}");
    json!({"Path": "/", "UserName": name, "UserId": id, "Arn": arn, "CreateDate": created})
}

fn role(name: &str, id: &str, created: &str) -> Value {
    let arn = format!("arn:aws:iam::{ACCOUNT}:role/{name}");
    let trust = json!({"Statement": [{"Principal": {"AWS": "arn:aws:iam::1:root"}, "Arn": ["Roles", {}]}]});
    json!({
        "Path": "/", "RoleName": name, "RoleId": id, "Arn": arn, "CreateDate": created,
        "AssumeRolePolicyDocument": trust,
        "InstanceProfileList": [{"Roles": [{"Arn": "arn:aws:iam::999999999999:role/inner"}]}],
    })
}

fn roles() -> Value {
    json!([
        role("app", "AROAEXAMPLEAPP", "2024-01-01T00:00:00+00:00"),
        role("ci", "AROAEXAMPLECI", "2024-02-01T00:00:00Z")
    ])
}

fn details() -> Value {
    let users = json!([user("eva", "AIDAEXAMPLEEVA", "2023-05-05T05:05:05+00:00")]);
    let policies = json!([{"PolicyName": "P", "Arn": "arn:aws:iam::aws:policy/P", "PolicyVersionList": []}]);
    json!({"UserDetailList": users, "GroupDetailList": [], "RoleDetailList": roles(), "Policies": policies})
}

const REPORT: &str = "user,arn,user_creation_time,password_enabled,mfa_active
<root_account>,arn:aws:iam::111122223333:root,2021-01-01T00:00:00+00:00,not_supported,false
eva,arn:aws:iam::111122223333:user/eva,2023-05-05T05:05:05+00:00,true,true
";

/// The inventory of files with these names and contents.
fn read(files: &[(&str, &[u8])]) -> Result<Collected, InventoryError> {
    let folder = TempDir::new().unwrap();
    let paths: Vec<PathBuf> = files.iter().map(|(name, _)| folder.path().join(name)).collect();
    for (path, (_, bytes)) in paths.iter().zip(files) {
        fs::write(path, bytes).unwrap();
    }
    collect(&paths)
}
