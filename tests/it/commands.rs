//! Whole commands: what they print and how they end. `TRYCMD=overwrite cargo test` writes the snapshots anew.

#[test]
fn commands_match_their_snapshots() {
    trycmd::TestCases::new().case("tests/cmd/*.trycmd").case("README.md");
}
