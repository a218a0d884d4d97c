//! What a page shows beside its answer.

use firstseen::query::{Finding, Question, archive_overview, principal_activities, value_activities};
use firstseen::report::{PageContext, for_shell};

use super::args::{ArchiveArgs, FileFormat};
use super::destination::Destination;
use super::input::Input;

/// What a page shows beside its findings; nothing, unless one is written.
pub(crate) fn page_context<'a>(
    destination: &Destination,
    archives: &ArchiveArgs,
    (input, question): (&'a Input, &Question),
    findings: impl Iterator<Item = &'a Finding<'a>> + Clone,
) -> PageContext<'a> {
    if !destination.includes(FileFormat::Page) {
        return PageContext::default();
    }
    let baseline = &input.baseline;
    PageContext {
        source: archives.words(),
        is_saved: input.is_saved,
        command_line: command_line(),
        overview: archive_overview(baseline, question),
        principals: principal_activities(baseline, question, findings.clone().map(|finding| finding.who)),
        values: value_activities(baseline, question, findings),
    }
}

/// The command line of this run, quoted for a shell.
fn command_line() -> String {
    let given = std::env::args_os().skip(1);
    let words = given.map(|word| for_shell(&word.to_string_lossy()).into_owned());
    ["firstseen".to_owned()].into_iter().chain(words).collect::<Vec<_>>().join(" ")
}
