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
///
/// A file that starts with a byte order mark of UTF-16 (a shell of Windows writes `requirements.txt` so) is decoded; ranges
/// are then those of its text, and [`SourceText::with_text`] writes it back alike.
#[derive(Debug)]
pub struct SourceText {
    text: Result<String, Vec<u8>>,
    /// What stands on the disk, where that is not the text's own bytes.
    wide: Option<(Wide, Vec<u8>)>,
    lines: std::sync::OnceLock<Vec<u32>>,
}

/// The order of the bytes in UTF-16.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wide {
    Little,
    Big,
}

impl Wide {
    /// The order that a byte order mark says.
    fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xFF, 0xFE, ..] => Some(Self::Little),
            [0xFE, 0xFF, ..] => Some(Self::Big),
            _ => None,
        }
    }

    /// `None` for bytes that are no UTF-16.
    fn decode(self, bytes: &[u8]) -> Option<String> {
        let (units, []) = bytes.as_chunks::<2>() else { return None };
        let read = match self {
            Self::Little => u16::from_le_bytes,
            Self::Big => u16::from_be_bytes,
        };
        char::decode_utf16(units.iter().map(|unit| read(*unit))).collect::<Result<String, _>>().ok()
    }

    fn encode(self, text: &str) -> Vec<u8> {
        let write = match self {
            Self::Little => u16::to_le_bytes,
            Self::Big => u16::to_be_bytes,
        };
        text.encode_utf16().flat_map(write).collect()
    }
}

impl SourceText {
    /// Takes the bytes as they are.
    pub fn new(bytes: Vec<u8>) -> Self {
        let lines = std::sync::OnceLock::new();
        if let Some(wide) = Wide::of(&bytes)
            && let Some(text) = wide.decode(&bytes)
        {
            return Self { text: Ok(text), wide: Some((wide, bytes)), lines };
        }
        Self {
            text: String::from_utf8(bytes).map_err(std::string::FromUtf8Error::into_bytes),
            wide: None,
            lines,
        }
    }

    /// Another text in the encoding of this one.
    #[must_use]
    pub fn with_text(&self, text: String) -> Self {
        match &self.wide {
            Some((wide, _)) => Self::new(wide.encode(&text)),
            None => Self::new(text.into_bytes()),
        }
    }

    /// The exact bytes.
    pub fn bytes(&self) -> &[u8] {
        match (&self.wide, &self.text) {
            (Some((_, bytes)), _) | (None, Err(bytes)) => bytes,
            (None, Ok(text)) => text.as_bytes(),
        }
    }

    /// Whether the bytes are text that can be read.
    pub fn is_text(&self) -> bool {
        self.text.is_ok()
    }

    /// Whether it stands on the disk in UTF-16.
    pub fn is_wide(&self) -> bool {
        self.wide.is_some()
    }

    /// The whole text; empty when the bytes are no text.
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
        starts.get(line.saturating_sub(1)).map_or(self.as_str().len(), |&s| s as usize)
    }

    /// The text of a 1-based line, without its line end.
    pub fn line(&self, line: usize) -> &str {
        self.slice(self.line_start(line)..self.line_start(line + 1)).trim_end_matches(['\n', '\r'])
    }

    /// The line end of the first line, `\n` when there is none.
    pub fn line_ending(&self) -> LineEnding {
        let bytes = self.as_str().as_bytes();
        match bytes.iter().position(|&b| b == b'\n') {
            Some(at) if at > 0 && bytes[at - 1] == b'\r' => LineEnding::CrLf,
            _ => LineEnding::Lf,
        }
    }

    /// Bytes of the byte order mark at the start: 0 or 3.
    pub fn bom_len(&self) -> usize {
        if self.as_str().starts_with('\u{feff}') { 3 } else { 0 }
    }

    fn line_starts(&self) -> &[u32] {
        self.lines.get_or_init(|| {
            let ends = self.as_str().bytes().enumerate().filter(|(_, b)| *b == b'\n');
            std::iter::once(0).chain(ends.map(|(i, _)| i as u32 + 1)).collect()
        })
    }
}
