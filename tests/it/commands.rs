//! Snapshots of whole commands: output and exit status. `TRYCMD=overwrite cargo test` updates them.

#[test]
fn commands_match_their_snapshots() {
    trycmd::TestCases::new().case("tests/cmd/*.trycmd").case("README.md").case("docs/*.md");
}
