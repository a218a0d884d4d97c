//! Lines that a container runtime has split. containerd, CRI-O and Docker cut a line every 16 KiB, and audit events are often longer.
//!
//! A line of containerd and CRI-O is `<time> <stream> <tags> <content>`; its first tag is `P` if the next line of the stream
//! continues it, else `F`. Source: kubernetes/design-proposals, "CRI: Log management"; `pkg/kubelet/kuberuntime/logs`.
//!
//! Docker writes `{"log":"<content>","stream":"<stream>","time":"<time>"}`. A part is full, and only the last one ends with a line
//! end; collectors remove that from whole lines, too. Source: moby, `daemon/logger/copier.go` (`defaultBufSize`),
//! `daemon/logger/jsonfilelog`.

/// A line of a container's log.
struct Line<'a> {
    is_error_stream: bool,
    is_partial: bool,
    /// What is before the content.
    head: &'a str,
    content: &'a str,
    /// What is behind the content.
    tail: &'a str,
}

impl<'a> Line<'a> {
    fn of(line: &'a str) -> Option<Self> {
        Self::of_kubelet(line).or_else(|| Self::of_docker(line))
    }

    /// `<time> <stream> <tags> <content>`
    fn of_kubelet(line: &'a str) -> Option<Self> {
        let mut words = line.splitn(4, ' ');
        let (time, stream, tags, rest) = (words.next()?, words.next()?, words.next()?, words.next()?);
        let is_partial = match tags.split(':').next()? {
            "P" => true,
            "F" => false,
            _ => return None,
        };
        let is_time = time.starts_with(|c: char| c.is_ascii_digit()) && time.contains('T');
        let (content, line_end) = rest.split_at(rest.trim_end_matches(['\n', '\r']).len());
        is_time.then_some(Self {
            is_error_stream: is_error_stream(stream)?,
            is_partial,
            head: &line[..line.len() - rest.len()],
            content,
            tail: line_end,
        })
    }

    /// `{"log":"<content>","stream":"<stream>",…}`
    fn of_docker(line: &'a str) -> Option<Self> {
        let (head, rest) =
            line.split_at_checked(DOCKER_HEAD.len()).filter(|(head, _)| *head == DOCKER_HEAD)?;
        // No quote of the content has a comma in front of it: each has a backslash.
        let (content, tail) = rest.split_at(rest.find(DOCKER_STREAM)?);
        let (stream, _) = tail[DOCKER_STREAM.len()..].split_once('"')?;
        Some(Self {
            is_error_stream: is_error_stream(stream)?,
            is_partial: is_full_docker_part(content),
            head,
            content,
            tail,
        })
    }
}

const DOCKER_HEAD: &str = r#"{"log":""#;
const DOCKER_STREAM: &str = r#"","stream":""#;

/// Size of the buffer from which Docker logs a line in parts.
const DOCKER_PART: usize = 16 << 10;

/// Whether a content, as JSON writes it, fills a part without ending its line.
fn is_full_docker_part(content: &str) -> bool {
    content.len() >= DOCKER_PART
        && serde_json::from_str::<String>(&format!("\"{content}\""))
            .is_ok_and(|content| !content.ends_with('\n') && size_before_replacement(&content) == DOCKER_PART)
}

/// The size of a part. Where a character was cut, Docker writes a replacement character for each of its bytes.
fn size_before_replacement(part: &str) -> usize {
    const REPLACEMENT: char = char::REPLACEMENT_CHARACTER;
    let whole = part.trim_matches(REPLACEMENT).len();
    whole + (part.len() - whole) / REPLACEMENT.len_utf8()
}

fn is_error_stream(name: &str) -> Option<bool> {
    match name {
        "stdout" => Some(false),
        "stderr" => Some(true),
        _ => None,
    }
}

/// Whether a later line continues this one.
pub(in crate::decode) fn is_partial(line: &[u8]) -> bool {
    with_line(line, |line| line.is_partial) == Some(true)
}

/// Whether a line of a text, which ends with a line, is continued behind it.
pub(in crate::decode) fn is_continued(text: &[u8]) -> bool {
    /// A runtime writes the parts of a line at once, so few lines of the other stream are between them.
    const MOST_BETWEEN: usize = 64;
    let mut seen = [false; 2];
    for line in text.rsplit(|byte| *byte == b'\n').take(MOST_BETWEEN) {
        let state = with_line(line, |line| (line.is_error_stream, line.is_partial));
        let Some((is_error_stream, is_partial)) = state else { return false };
        if is_partial && !seen[usize::from(is_error_stream)] {
            return true;
        }
        seen[usize::from(is_error_stream)] = true;
        if seen == [true; 2] {
            return false;
        }
    }
    false
}

/// What is to know about a line, if it is of a container runtime.
fn with_line<T>(line: &[u8], what: impl Fn(&Line<'_>) -> T) -> Option<T> {
    /// Longer than any time, stream and tags.
    const LONGEST: usize = 100;
    let is_docker = line.starts_with(DOCKER_HEAD.as_bytes());
    let line = if is_docker { line } else { &line[..line.len().min(LONGEST)] };
    Line::of(&String::from_utf8_lossy(line)).as_ref().map(what)
}

/// Whether a text is of a container runtime, and a line of it is split.
pub(super) fn has_split_lines(text: &str) -> bool {
    // Nearly all texts are one long line of JSON, which is not searched for its end.
    let may_be = text.starts_with(|c: char| c.is_ascii_digit()) || text.starts_with(DOCKER_HEAD);
    may_be
        && text.lines().next().is_some_and(|line| Line::of(line).is_some())
        && text.lines().any(|line| Line::of(line).is_some_and(|line| line.is_partial))
}

/// The text with its lines put together again.
///
/// A line that is not continued, since the text ends, stays as it is.
pub(super) fn joined(text: &str) -> String {
    let mut whole = String::with_capacity(text.len());
    let mut open: [Option<OpenLine<'_>>; 2] = [None, None];
    for text in text.split_inclusive('\n') {
        let Some(line) = Line::of(text) else {
            whole.push_str(text);
            continue;
        };
        let before = &mut open[usize::from(line.is_error_stream)];
        let mut all = before.take().unwrap_or_else(|| OpenLine { text: line.head.to_owned(), tail: "" });
        all.text.push_str(line.content);
        all.tail = line.tail;
        if line.is_partial {
            *before = Some(all);
        } else {
            all.finish(&mut whole);
        }
    }
    open.into_iter().flatten().for_each(|line| line.finish(&mut whole));
    whole
}

/// A line whose last part has not been seen.
struct OpenLine<'a> {
    text: String,
    /// What is behind the content of the last part so far.
    tail: &'a str,
}

impl OpenLine<'_> {
    fn finish(self, whole: &mut String) {
        whole.push_str(&self.text);
        whole.push_str(self.tail);
        if !self.tail.ends_with('\n') {
            whole.push('\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_line_are_joined_by_stream() {
        let text = "2024-03-01T11:00:00.1Z stdout P {\"a\":\n2024-03-01T11:00:00.2Z stderr F other\n\
            2024-03-01T11:00:00.3Z stdout P:x 1,\"b\r\nno header\n2024-03-01T11:00:00.4+01:00 stdout F \":2}\n\
            2024-03-01T11:00:00.5Z stdout P rest";
        let whole = "2024-03-01T11:00:00.2Z stderr F other\nno header\n\
            2024-03-01T11:00:00.1Z stdout P {\"a\":1,\"b\":2}\n2024-03-01T11:00:00.5Z stdout P rest\n";
        assert!(has_split_lines(text));
        assert_eq!(joined(text), whole);
        assert!(!has_split_lines("2024-03-01T11:00:00Z stdout F {}\n"));
        assert!(!has_split_lines("{}\n2024-03-01T11:00:00Z stdout P {\n"));
    }

    #[test]
    fn full_parts_of_docker_are_joined() {
        let line = |log: &str, stream: &str| {
            format!("{}\n", serde_json::json!({"log": log, "stream": stream, "time": "2024-03-01T11:00:00Z"}))
        };
        let event = format!("{{\"agent\":\"{}\"}}\n", "a\\\"\\n\",\"stream\":\"é".repeat(2_000));
        let (first, rest) = event.split_at(DOCKER_PART);
        let (second, third) = rest.split_at(DOCKER_PART);
        let parts = [(first, "stdout"), ("other\n", "stderr"), (second, "stdout"), (third, "stdout")];
        let text: String = parts.iter().map(|(log, stream)| line(log, stream)).collect();
        assert!(has_split_lines(&text));
        assert_eq!(joined(&text), line("other\n", "stderr") + &line(&event, "stdout"));
        // Whole lines, whose ends a collector has removed.
        for length in [10, DOCKER_PART - 1, DOCKER_PART + 1] {
            assert!(!has_split_lines(&line(&"a".repeat(length), "stdout")), "{length}");
        }
    }

    #[test]
    fn a_text_is_continued_while_a_stream_has_an_open_line() {
        let line = |number: u8| match number {
            b'P' => "2024-03-01T11:00:00Z stdout P {",
            b'F' => "2024-03-01T11:00:00Z stdout F }",
            b'p' => "2024-03-01T11:00:00Z stderr P {",
            _ => "2024-03-01T11:00:00Z stderr F }",
        };
        for (lines, is_open) in [
            ("F", false),
            ("P", true),
            ("PF", false),
            ("Pf", true),
            ("PpF", true),
            ("pPfF", false),
            ("PFff", false),
        ] {
            let text = lines.bytes().map(line).collect::<Vec<_>>().join("\n");
            assert_eq!(is_continued(text.as_bytes()), is_open, "{lines}");
            assert_eq!(is_continued(format!("no header\n{text}").as_bytes()), is_open, "{lines}");
        }
        assert!(!is_continued(b""));
    }
}
