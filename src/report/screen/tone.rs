//! The colours of text on a terminal; the only place that knows `anstyle`.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use crate::query::Severity;

/// How a text is set off. The text says the same without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::report) enum Tone {
    /// As it is.
    Plain,
    /// What a line is about.
    Strong,
    /// What is there to be looked up.
    Faint,
    /// In the colour of a severity.
    Of(Severity),
    /// What is missing or failed.
    Alarming,
}

impl Tone {
    /// Writes a clean text in this tone, without colours unless they are wanted.
    pub(super) fn write(self, text: &str, has_colors: bool, out: &mut dyn Write) -> io::Result<()> {
        let style = if has_colors { self.style() } else { Style::new() };
        write!(out, "{style}{text}{style:#}")
    }

    /// One of the 16 colours that every terminal has and users can choose.
    fn style(self) -> Style {
        let colored = |color: AnsiColor| Style::new().fg_color(Some(color.into()));
        match self {
            Self::Plain => Style::new(),
            Self::Strong => Style::new().bold(),
            Self::Faint | Self::Of(Severity::Informational) => Style::new().dimmed(),
            Self::Of(Severity::Low) => colored(AnsiColor::Cyan),
            Self::Of(Severity::Medium) => colored(AnsiColor::Yellow),
            Self::Of(Severity::High) | Self::Alarming => colored(AnsiColor::Red),
            Self::Of(Severity::Critical) => colored(AnsiColor::Red).bold().invert(),
        }
    }
}
