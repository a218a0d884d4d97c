//! The declared minimum toolchain is the minimum of the locked dependencies.

use std::process::Command;

use serde_json::Value;

#[test]
fn the_minimum_toolchain_is_that_of_the_locked_dependencies() {
    let rustc = Command::new("rustc").arg("-vV").output().unwrap();
    let rustc = String::from_utf8(rustc.stdout).unwrap();
    let host = rustc.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    // Only crates for this system: those for others need not be downloaded.
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--offline", "--format-version", "1", "--filter-platform", host])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(metadata.status.success(), "{}", String::from_utf8_lossy(&metadata.stderr));
    let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let needed = |package: &Value| {
        let version = package["rust_version"].as_str()?;
        let mut numbers = version.split('.').map(|number| number.parse::<u32>().unwrap());
        Some([(); 3].map(|()| numbers.next().unwrap_or(0)))
    };
    let is_ours = |package: &&Value| package["name"] == "firstseen";
    let promised = packages.iter().find(is_ours).and_then(needed).unwrap();
    let most = packages.iter().filter(|package| !is_ours(package)).filter_map(needed).max().unwrap();
    assert_eq!(promised, most, "rust-version in Cargo.toml");
    let readme = include_str!("../../README.md");
    let [major, minor, patch] = promised;
    assert!(readme.contains(&format!("Rust toolchain ({major}.{minor}.{patch} or newer)")));
}
