//! The terminal that an answer is shown on: its width, and whether it has colours. The only place that knows `anstream` and
//! `terminal_size`.

use std::io;

use anstream::AutoStream;
use clap::ColorChoice;
use firstseen::report::Screen;

use super::output::Output;

/// The columns of a terminal that does not say how many it has.
const COLUMNS: usize = 80;

/// The terminal that text is shown on; `None` if it goes elsewhere, so that it is for other programs or for a file.
///
/// Colours are used as the environment wants them (`NO_COLOR`, `CLICOLOR`, `TERM`), unless the user says otherwise.
pub(crate) fn screen(output: &Output, color: ColorChoice) -> Option<Screen> {
    let is_terminal = output.is_terminal();
    if !is_terminal && color != ColorChoice::Always {
        return None;
    }
    let has_colors = match color {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never,
    };
    let size = terminal_size::terminal_size().filter(|_| is_terminal);
    let columns = size.map_or(COLUMNS, |(width, _)| usize::from(width.0));
    Some(Screen::new(columns, has_colors))
}
