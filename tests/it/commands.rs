//! Whole commands: what they print and how they end. `TRYCMD=overwrite cargo test` writes the snapshots anew.

#[test]
fn commands_print_what_they_printed_before() {
    trycmd::TestCases::new().case("tests/cmd/*.trycmd").case("README.md");
}
