//! Counts the lines of a text, in constant memory.

use std::io::{self, Read};

/// Binary files are told by a zero byte this near to their start, as git does.
const PROBE: usize = 8 * 1024;

/// What a file turned out to hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Content {
    Text(Lines),
    Binary,
}

/// The lines of a text; a last one without a line feed counts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Lines {
    pub(crate) all: u64,
    /// Those of nothing but white space.
    pub(crate) blank: u64,
}

/// Reads to the end, through `buffer`.
pub(crate) fn read_lines(mut reader: impl Read, buffer: &mut [u8]) -> io::Result<Content> {
    let mut lines = Lines::default();
    let mut seen = 0;
    let (mut in_line, mut blank) = (false, true);
    loop {
        let length = match reader.read(buffer) {
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let chunk = &buffer[..length];
        if seen < PROBE && chunk[..length.min(PROBE - seen)].contains(&0) {
            return Ok(Content::Binary);
        }
        seen += length;
        for &byte in chunk {
            if byte == b'\n' {
                lines.all += 1;
                lines.blank += u64::from(blank);
                (in_line, blank) = (false, true);
            } else {
                in_line = true;
                blank &= byte.is_ascii_whitespace();
            }
        }
        if length == 0 {
            lines.all += u64::from(in_line);
            lines.blank += u64::from(in_line && blank);
            return Ok(Content::Text(lines));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &[u8]) -> Content {
        // A tiny buffer, so that lines span reads.
        read_lines(text, &mut [0; 3]).unwrap()
    }

    #[test]
    fn lines_are_counted_with_and_without_a_last_line_feed() {
        let text = |all, blank| Content::Text(Lines { all, blank });
        assert_eq!(count(b""), text(0, 0));
        assert_eq!(count(b"\n"), text(1, 1));
        assert_eq!(count(b"one\n\n \t\r\ntwo"), text(4, 2));
        assert_eq!(count(b"one\n  "), text(2, 1));
    }

    #[test]
    fn a_zero_byte_near_the_start_makes_it_binary() {
        assert_eq!(count(b"ELF\n\0"), Content::Binary);
        let far = [&b"x".repeat(PROBE)[..], b"\0"].concat();
        assert_eq!(count(&far), Content::Text(Lines { all: 1, blank: 0 }));
    }
}
