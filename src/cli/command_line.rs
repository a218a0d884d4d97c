//! The command of this run.

use firstseen::report::for_shell;

/// The command of this run, quoted for a shell. Without `--case`, so that a case made again, in another folder, is the same.
pub(crate) fn command_line() -> String {
    let given = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
    let words = without_case(given).map(|word| for_shell(&word).into_owned());
    ["firstseen".to_owned()].into_iter().chain(words).collect::<Vec<_>>().join(" ")
}

/// The words of a command without `--case` and its folder.
fn without_case(mut words: impl Iterator<Item = String>) -> impl Iterator<Item = String> {
    std::iter::from_fn(move || {
        loop {
            let word = words.next()?;
            if word == "--case" {
                words.next();
            } else if !word.starts_with("--case=") {
                return Some(word);
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_a_case_is_left_out() {
        let of = |line: &str| without_case(line.split(' ').map(str::to_owned)).collect::<Vec<_>>().join(" ");
        assert_eq!(of("scan a --case dir -q"), "scan a -q");
        assert_eq!(of("scan a --case=dir"), "scan a");
        assert_eq!(of("scan --cases a"), "scan --cases a");
    }
}
