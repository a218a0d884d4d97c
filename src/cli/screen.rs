//! The terminal that an answer is shown on: its width, and whether it has colours. The only place that knows `anstream` and
//! `terminal_size`.

use std::io;

use anstream::AutoStream;
use clap::ColorChoice;
use firstseen::report::Screen;
use terminal_size::terminal_size_of;

use super::output::Output;

/// The columns of a terminal that does not say how many it has.
const COLUMNS: usize = 80;

/// The terminal that text is shown on; `None` if it goes elsewhere, so that it is for other programs or for a file.
///
/// Colours are used as the environment wants them (`NO_COLOR`, `CLICOLOR`, `TERM`), unless the user says otherwise.
pub(crate) fn screen(output: &Output, color: ColorChoice) -> Option<Screen> {
    if !output.is_terminal() && color != ColorChoice::Always {
        return None;
    }
    let has_colors = match color {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => takes_colors(output),
    };
    Some(Screen::new(columns(output).unwrap_or(COLUMNS), has_colors))
}

/// Whether the output is a terminal with colours, and the environment does not refuse them.
fn takes_colors(output: &Output) -> bool {
    let choice = match output {
        Output::Stdout => AutoStream::choice(&io::stdout()),
        Output::Stderr => AutoStream::choice(&io::stderr()),
        Output::Special(file) => AutoStream::choice(file),
        Output::Replaced { .. } => anstream::ColorChoice::Never,
    };
    choice != anstream::ColorChoice::Never
}

/// The columns of the output, if it is a terminal.
fn columns(output: &Output) -> Option<usize> {
    let size = match output {
        Output::Stdout => terminal_size_of(io::stdout()),
        Output::Stderr => terminal_size_of(io::stderr()),
        Output::Special(file) => terminal_size_of(file),
        Output::Replaced { .. } => None,
    };
    size.map(|(width, _)| usize::from(width.0))
}
