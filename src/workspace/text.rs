//! The exact bytes of one file, with what is needed to cut and to count in them.
//!
//! Nothing is normalised: the byte order mark, line ends and the missing last newline stay as they are, so that byte
//! ranges taken from a parse are ranges of the file.

use std::ops::Range;

/// How the lines of a file end, judged by its first line end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineEnding {
    /// `\n`
    Lf,
    /// `\r\n`
    CrLf,
}

impl LineEnding {
    /// The characters.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lf => "\n",
            Self::CrLf => "\r\n",
        }
    }
}

/// Bytes of a file. [`SourceText::as_str`] is the whole text, byte order mark included.
#[derive(Debug)]
pub struct SourceText {
    text: Result<String, Vec<u8>>,
    lines: std::sync::OnceLock<Vec<u32>>,
}

impl SourceText {
    /// Takes the bytes as they are.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self {
            text: String::from_utf8(bytes).map_err(std::string::FromUtf8Error::into_bytes),
            lines: std::sync::OnceLock::new(),
        }
    }

    /// The exact bytes.
    pub fn bytes(&self) -> &[u8] {
        match &self.text {
            Ok(text) => text.as_bytes(),
            Err(bytes) => bytes,
        }
    }

    /// Whether the bytes are UTF-8.
    pub fn is_utf8(&self) -> bool {
        self.text.is_ok()
    }

    /// The whole text; empty when the bytes are not UTF-8.
    pub fn as_str(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }

    /// The text of a range; empty when the range lies outside or cuts a character.
    pub fn slice(&self, range: Range<usize>) -> &str {
        self.as_str().get(range).unwrap_or_default()
    }

    /// 1-based line of a byte offset.
    pub fn line_of(&self, offset: usize) -> usize {
        self.line_starts().partition_point(|&start| start as usize <= offset)
    }

    /// Byte offset at which a 1-based line starts, the length of the text past the last line.
    pub fn line_start(&self, line: usize) -> usize {
        let starts = self.line_starts();
        starts.get(line.saturating_sub(1)).map_or(self.bytes().len(), |&s| s as usize)
    }

    /// The text of a 1-based line, without its line end.
    pub fn line(&self, line: usize) -> &str {
        self.slice(self.line_start(line)..self.line_start(line + 1)).trim_end_matches(['\n', '\r'])
    }

    /// The line end of the first line, `\n` when there is none.
    pub fn line_ending(&self) -> LineEnding {
        let bytes = self.bytes();
        match bytes.iter().position(|&b| b == b'\n') {
            Some(at) if at > 0 && bytes[at - 1] == b'\r' => LineEnding::CrLf,
            _ => LineEnding::Lf,
        }
    }

    /// Bytes of the byte order mark at the start: 0 or 3.
    pub fn bom_len(&self) -> usize {
        if self.bytes().starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 }
    }

    fn line_starts(&self) -> &[u32] {
        self.lines.get_or_init(|| {
            let ends = self.bytes().iter().enumerate().filter(|(_, b)| **b == b'\n');
            std::iter::once(0).chain(ends.map(|(i, _)| i as u32 + 1)).collect()
        })
    }
}
