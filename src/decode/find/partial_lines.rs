//! Lines that a container runtime has split. containerd and CRI-O cut a line every 16 KiB, and audit events are often longer.
//!
//! A line is `<time> <stream> <tags> <content>`; its first tag is `P` if the next line of the stream continues it, else `F`.
//! Source: kubernetes/design-proposals, "CRI: Log management"; `pkg/kubelet/kuberuntime/logs`.

/// What is before the content of a line.
struct Header {
    is_error_stream: bool,
    is_partial: bool,
    /// The position of the content.
    length: usize,
}

impl Header {
    fn of(line: &str) -> Option<Self> {
        let mut words = line.splitn(4, ' ');
        let (time, stream, tags) = (words.next()?, words.next()?, words.next()?);
        words.next()?;
        let is_error_stream = match stream {
            "stdout" => false,
            "stderr" => true,
            _ => return None,
        };
        let is_partial = match tags.split(':').next()? {
            "P" => true,
            "F" => false,
            _ => return None,
        };
        let is_time = time.starts_with(|c: char| c.is_ascii_digit()) && time.contains('T');
        is_time.then_some(Self {
            is_error_stream,
            is_partial,
            length: time.len() + stream.len() + tags.len() + 3,
        })
    }
}

/// Whether the next line continues this one.
pub(in crate::decode) fn is_partial(line: &[u8]) -> bool {
    /// Longer than any time, stream and tags.
    const LONGEST: usize = 100;
    Header::of(&String::from_utf8_lossy(&line[..line.len().min(LONGEST)]))
        .is_some_and(|header| header.is_partial)
}

/// Whether a text is of a container runtime, and a line of it is split.
pub(super) fn has_split_lines(text: &str) -> bool {
    // Nearly all texts are one long line of JSON, which is not searched for its end.
    text.starts_with(|c: char| c.is_ascii_digit())
        && text.lines().next().is_some_and(|line| Header::of(line).is_some())
        && text.lines().any(|line| Header::of(line).is_some_and(|header| header.is_partial))
}

/// The text with its lines put together again.
///
/// A line that is not continued, since the text ends, stays as it is.
pub(super) fn joined(text: &str) -> String {
    let mut whole = String::with_capacity(text.len());
    let mut open: [Option<String>; 2] = [None, None];
    for line in text.split_inclusive('\n') {
        let Some(header) = Header::of(line) else {
            whole.push_str(line);
            continue;
        };
        let line_before = open[usize::from(header.is_error_stream)].take();
        let mut line = match line_before {
            Some(before) => before + &line[header.length..],
            None => line.to_owned(),
        };
        if header.is_partial {
            line.truncate(line.trim_end_matches(['\n', '\r']).len());
            open[usize::from(header.is_error_stream)] = Some(line);
        } else {
            whole.push_str(&line);
        }
    }
    whole.extend(open.into_iter().flatten().map(|line| line + "\n"));
    whole
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
}
