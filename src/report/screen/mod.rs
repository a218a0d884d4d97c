//! Text for somebody who looks at a terminal: a summary first, lines that fit, and colours that never carry a meaning alone.
//!
//! Answers are made of [`Line`]s. Text for pipes and files is the same lines without all this.

mod summary;
mod tone;
mod wrap;

use std::io::{self, Write};
use std::ops::Range;

use super::width::width;

pub(super) use summary::{counted_by_severity, of_findings};
pub(super) use tone::Tone;

/// The terminal that an answer is shown on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screen {
    /// The columns of a line.
    columns: usize,
    has_colors: bool,
}

/// The fewest columns that lines are made for: with fewer they would be mostly indentation.
const FEWEST_COLUMNS: usize = 40;

/// How much further the second and later lines of a wrapped line are indented.
const HANGING: usize = 2;

/// A part of a line. Its text is clean.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    text: String,
    tone: Tone,
    /// Not broken at spaces, if it fits in a line.
    is_whole: bool,
}

/// A line of an answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    indent: usize,
    pieces: Vec<Piece>,
}

impl Piece {
    /// A text that can be broken at any space.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), tone: Tone::Plain, is_whole: false }
    }

    /// A text that belongs together: a name with its value.
    pub(super) fn whole(text: impl Into<String>) -> Self {
        Self { is_whole: true, ..Self::text(text) }
    }

    /// The same in another tone.
    pub(super) fn in_tone(self, tone: Tone) -> Self {
        Self { tone, ..self }
    }
}

impl Line {
    pub(super) fn new(indent: usize, pieces: Vec<Piece>) -> Self {
        Self { indent, pieces }
    }

    /// Pieces with a text between each two.
    pub(super) fn joined(indent: usize, between: &str, pieces: impl IntoIterator<Item = Piece>) -> Self {
        let mut line = Self { indent, pieces: Vec::new() };
        for piece in pieces {
            if !line.pieces.is_empty() {
                line.pieces.push(Piece::text(between));
            }
            line.pieces.push(piece);
        }
        line
    }

    /// Writes it as it is, however long.
    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        write!(out, "{:1$}", "", self.indent)?;
        self.pieces.iter().try_for_each(|piece| out.write_all(piece.text.as_bytes()))?;
        out.write_all(b"\n")
    }
}

impl Screen {
    /// A terminal with so many columns, in which colours are wanted or not.
    pub fn new(columns: usize, has_colors: bool) -> Self {
        Self { columns: columns.max(FEWEST_COLUMNS), has_colors }
    }

    /// Writes a line in as many as it takes. All of it is written.
    pub(super) fn write(self, line: &Line, out: &mut dyn Write) -> io::Result<()> {
        let text: String = line.pieces.iter().map(|piece| &*piece.text).collect();
        let room = self.columns - line.indent.min(self.columns / 2);
        let mut end = 0;
        let mut ranges = Vec::with_capacity(line.pieces.len());
        let mut whole = Vec::new();
        for piece in &line.pieces {
            let range = end..end + piece.text.len();
            end = range.end;
            if piece.is_whole && width(&piece.text) <= room - HANGING {
                whole.push(range.clone());
            }
            ranges.push((range, piece.tone));
        }
        let mut indent = line.indent;
        for shown in wrap::wrap(&text, &whole, [room, room - HANGING]) {
            write!(out, "{:indent$}", "")?;
            self.write_part(&text, shown, &ranges, out)?;
            out.write_all(b"\n")?;
            indent = line.indent + HANGING;
        }
        Ok(())
    }

    /// Writes the words of a command so that it can be copied: a line that goes on ends with `\`. A word is never broken, even if it
    /// does not fit.
    pub(super) fn write_command(
        self,
        indent: usize,
        words: &[String],
        out: &mut dyn Write,
    ) -> io::Result<()> {
        const GOES_ON: &str = " \\";
        let room = self.columns - GOES_ON.len();
        write!(out, "{:indent$}", "")?;
        let mut column = indent;
        for (index, word) in words.iter().enumerate() {
            let wide = width(word);
            if index > 0 && column + 1 + wide > room {
                let indent = indent + HANGING;
                write!(out, "{GOES_ON}\n{:indent$}", "")?;
                column = indent;
            } else if index > 0 {
                out.write_all(b" ")?;
                column += 1;
            }
            out.write_all(word.as_bytes())?;
            column += wide;
        }
        out.write_all(b"\n")
    }

    /// Writes a part of a text, each piece in its tone.
    fn write_part(
        self,
        text: &str,
        shown: Range<usize>,
        pieces: &[(Range<usize>, Tone)],
        out: &mut dyn Write,
    ) -> io::Result<()> {
        for (range, tone) in pieces {
            let part = range.start.max(shown.start)..range.end.min(shown.end);
            if part.start < part.end {
                tone.write(&text[part], self.has_colors, out)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(screen: Screen, line: &Line) -> String {
        let mut out = Vec::new();
        screen.write(line, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_whole_piece_moves_to_the_next_line() {
        let facts = ["region us-east-1", "ip 198.51.100.61", "session somebody"];
        let line = Line::joined(4, ", ", facts.map(Piece::whole));
        assert_eq!(
            shown(Screen::new(44, false), &line),
            "    region us-east-1, ip 198.51.100.61,\n      session somebody\n"
        );
        let mut plain = Vec::new();
        line.write(&mut plain).unwrap();
        assert_eq!(plain, b"    region us-east-1, ip 198.51.100.61, session somebody\n");
    }

    #[test]
    fn colours_change_nothing_but_colours() {
        let pieces = vec![Piece::whole("medium severity").in_tone(Tone::Strong), Piece::text(", known")];
        let line = Line::new(2, pieces);
        let colored = shown(Screen::new(80, true), &line);
        assert_eq!(colored, "  \u{1b}[1mmedium severity\u{1b}[0m, known\n");
        assert_eq!(shown(Screen::new(80, false), &line), "  medium severity, known\n");
    }

    #[test]
    fn a_command_goes_on_after_a_backslash() {
        let words = ["firstseen scan logs", "--account 111122223333", "--principal 'a b'"].map(String::from);
        let mut out = Vec::new();
        Screen::new(40, false).write_command(3, &words, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(
            text,
            "   firstseen scan logs \\\n     --account 111122223333 \\\n     --principal 'a b'\n"
        );
    }
}
