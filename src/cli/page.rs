//! What a page shows beside its answer.

use firstseen::query::{Finding, Question, archive_overview, principal_activities, value_activities};
use firstseen::report::PageContext;

use super::args::ArchiveArgs;
use super::command_line::command_line;
use super::input::Input;

/// What a page shows beside its findings; nothing, unless one is wanted.
pub(crate) fn page_context<'a>(
    is_wanted: bool,
    archives: &ArchiveArgs,
    (input, question): (&'a Input, &Question),
    findings: impl Iterator<Item = &'a Finding<'a>> + Clone,
) -> PageContext<'a> {
    if !is_wanted {
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
