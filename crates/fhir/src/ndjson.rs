//! NDJSON: one resource a line, plain or compressed.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;

use crate::{FhirError, Resource, compact};

/// How a file is compressed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip, of one or more members.
    Gzip,
    /// Zstandard, of one or more frames.
    Zstd,
}

impl Compression {
    /// By the end of a file's name: `.gz`, `.zst`, anything else is plain.
    pub fn from_path(path: impl AsRef<Path>) -> Self {
        match path.as_ref().extension().and_then(|extension| extension.to_str()) {
            Some("gz") => Compression::Gzip,
            Some("zst") => Compression::Zstd,
            _ => Compression::None,
        }
    }

    /// By the first bytes of a file; four are enough.
    pub fn from_magic(start: &[u8]) -> Self {
        match start {
            [0x1f, 0x8b, ..] => Compression::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Compression::Zstd,
            _ => Compression::None,
        }
    }

    /// What a file's name ends with, point included; nothing for plain files.
    pub fn extension(self) -> &'static str {
        match self {
            Compression::None => "",
            Compression::Gzip => ".gz",
            Compression::Zstd => ".zst",
        }
    }
}

/// Reads plain text out of a file that may be compressed.
///
/// # Errors
///
/// When the decompressor cannot be set up. That a stream is cut off shows while reading.
pub fn open<'a>(input: impl Read + Send + 'a, compression: Compression) -> io::Result<Box<dyn BufRead + Send + 'a>> {
    Ok(match compression {
        Compression::None => Box::new(BufReader::new(input)),
        Compression::Gzip => Box::new(BufReader::new(MultiGzDecoder::new(BufReader::new(input)))),
        Compression::Zstd => Box::new(BufReader::new(zstd::Decoder::new(input)?)),
    })
}

/// A line of an NDJSON file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Line<'t> {
    /// Number of the line, from 1; blank lines count.
    pub number: u64,
    /// The line without its end.
    pub text: &'t str,
}

impl<'t> Line<'t> {
    /// Reads the resource of the line.
    ///
    /// # Errors
    ///
    /// [`FhirError::Line`], which names the line and holds what is wrong with it.
    pub fn resource(&self) -> Result<Resource<'t>, FhirError> {
        Resource::from_json(self.text).map_err(|error| error.on_line(self.number))
    }
}

/// The most bytes that a line may have; a Bundle may have more, in a file of its own.
pub const MAX_LINE: usize = 64 << 20;

/// How much of a line that is too long is kept for [`Reader::last_bytes`].
const KEPT_OF_LONG_LINE: usize = 1 << 16;

/// Reads an NDJSON file line by line. Memory is that of one line, which has at most [`MAX_LINE`] bytes.
///
/// ```
/// use twinlake_fhir::ndjson::Reader;
///
/// let file = "{\"resourceType\":\"Patient\",\"id\":\"p1\"}\n\n{\"resourceType\":\"Patient\",\"id\":";
/// let mut lines = Reader::new(file.as_bytes());
/// assert_eq!(lines.next_line()?.unwrap().resource()?.id(), Some("p1"));
/// let cut_off = lines.next_line()?.unwrap().resource().unwrap_err();
/// assert_eq!(cut_off.to_string(), "line 3: truncated at line 1 column 31");
/// assert!(lines.next_line()?.is_none());
/// # Ok::<(), twinlake_fhir::FhirError>(())
/// ```
#[derive(Debug)]
pub struct Reader<R> {
    input: R,
    line: Vec<u8>,
    number: u64,
    failed: bool,
}

impl<R: BufRead> Reader<R> {
    /// Reads the lines of `input`, which is plain text; see [`open`].
    pub fn new(input: R) -> Self {
        Reader { input, line: Vec::new(), number: 0, failed: false }
    }

    /// The next line that is not blank; none at the end.
    ///
    /// # Errors
    ///
    /// [`FhirError::Encoding`] when the line is not UTF-8, [`FhirError::LongLine`] when it is longer than [`MAX_LINE`]; reading can
    /// go on with the next one. [`FhirError::Read`] when
    /// the input cannot be read, e.g. because a compressed stream is cut off; after it there are no more lines, and the
    /// piece of a line before the cut is not given.
    pub fn next_line(&mut self) -> Result<Option<Line<'_>>, FhirError> {
        loop {
            self.line.clear();
            if self.failed {
                return Ok(None);
            }
            match self.read_line() {
                Ok(0) => return Ok(None),
                Ok(_) => self.number += 1,
                Err(source) => {
                    self.failed = true;
                    return Err(FhirError::Read { line: self.number, source });
                }
            }
            if self.line.len() > MAX_LINE {
                self.line.truncate(KEPT_OF_LONG_LINE);
                self.line.shrink_to_fit();
                return Err(FhirError::LongLine { line: self.number, limit: MAX_LINE });
            }
            if !trimmed(&self.line, self.number).is_empty() {
                break;
            }
        }
        match std::str::from_utf8(trimmed(&self.line, self.number)) {
            Ok(text) => Ok(Some(Line { number: self.number, text })),
            Err(_) => Err(FhirError::Encoding { line: self.number }),
        }
    }

    /// Reads a line with its end; of one that is too long, more than [`MAX_LINE`] bytes, and passes over the rest.
    fn read_line(&mut self) -> io::Result<usize> {
        let read = self.input.by_ref().take(MAX_LINE as u64 + 1).read_until(b'\n', &mut self.line)?;
        let mut is_whole = read <= MAX_LINE || self.line.ends_with(b"\n");
        while !is_whole {
            let buffer = match self.input.fill_buf() {
                Ok(buffer) => buffer,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let end = buffer.iter().position(|byte| *byte == b'\n');
            is_whole = end.is_some() || buffer.is_empty();
            let passed = end.map_or(buffer.len(), |end| end + 1);
            self.input.consume(passed);
        }
        Ok(read)
    }

    /// The bytes of the line that was read last, e.g. to put one aside that is not UTF-8.
    pub fn last_bytes(&self) -> &[u8] {
        trimmed(&self.line, self.number)
    }
}

/// A line without white space around it, and the first one without a byte order mark.
fn trimmed(line: &[u8], number: u64) -> &[u8] {
    let line = if number == 1 { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) } else { line };
    line.trim_ascii()
}

/// Writes an NDJSON file, plain or compressed. The same resources give the same bytes.
pub struct Writer<W: Write> {
    output: Output<W>,
    line: Vec<u8>,
    n_lines: u64,
}

enum Output<W: Write> {
    Plain(W),
    Gzip(GzEncoder<W>),
    Zstd(zstd::Encoder<'static, W>),
}

impl<W: Write> Writer<W> {
    /// Writes to `output`, which should be buffered when it is a file.
    ///
    /// # Errors
    ///
    /// When the compressor cannot be set up.
    pub fn new(output: W, compression: Compression) -> io::Result<Self> {
        let output = match compression {
            Compression::None => Output::Plain(output),
            Compression::Gzip => Output::Gzip(GzEncoder::new(output, flate2::Compression::default())),
            Compression::Zstd => Output::Zstd(zstd::Encoder::new(output, 3)?),
        };
        Ok(Writer { output, line: Vec::new(), n_lines: 0 })
    }

    /// Writes one resource.
    ///
    /// # Errors
    ///
    /// When the output cannot be written.
    pub fn write(&mut self, resource: &Resource<'_>) -> io::Result<()> {
        self.line.clear();
        resource.write_json(&mut self.line);
        // Raw JSON of an indented source may still have line breaks; a string never has.
        if self.line.contains(&b'\n') || self.line.contains(&b'\r') {
            let text = std::str::from_utf8(&self.line).expect("serde_json writes UTF-8");
            self.line = compact::compact(text).into_bytes();
        }
        self.end_line()
    }

    /// Writes the JSON text of one value, without the white space between its tokens.
    ///
    /// # Errors
    ///
    /// When the output cannot be written.
    pub fn write_json(&mut self, json: &str) -> io::Result<()> {
        self.line = compact::compact(json).into_bytes();
        self.end_line()
    }

    /// Writes a line as it is.
    ///
    /// # Errors
    ///
    /// When the output cannot be written, or `line` has a line break in it.
    pub fn write_line(&mut self, line: &str) -> io::Result<()> {
        if line.contains('\n') {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a line has a line break in it"));
        }
        self.line.clear();
        self.line.extend_from_slice(line.as_bytes());
        self.end_line()
    }

    /// How many lines were written.
    pub fn n_lines(&self) -> u64 {
        self.n_lines
    }

    /// Ends the compressed stream and gives the output back. A writer that is dropped instead leaves a stream that is
    /// cut off.
    ///
    /// # Errors
    ///
    /// When the output cannot be written.
    pub fn finish(self) -> io::Result<W> {
        let mut output = match self.output {
            Output::Plain(output) => output,
            Output::Gzip(encoder) => encoder.finish()?,
            Output::Zstd(encoder) => encoder.finish()?,
        };
        output.flush()?;
        Ok(output)
    }

    fn end_line(&mut self) -> io::Result<()> {
        self.line.push(b'\n');
        self.n_lines += 1;
        match &mut self.output {
            Output::Plain(output) => output.write_all(&self.line),
            Output::Gzip(encoder) => encoder.write_all(&self.line),
            Output::Zstd(encoder) => encoder.write_all(&self.line),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Compression; 3] = [Compression::None, Compression::Gzip, Compression::Zstd];

    fn file(compression: Compression, n_patients: usize) -> Vec<u8> {
        let mut writer = Writer::new(Vec::new(), compression).unwrap();
        for number in 0..n_patients {
            let json = format!("{{\n\"resourceType\" : \"Patient\",\r\n \"id\":\"p {number}\"}}");
            writer.write_json(&json).unwrap();
            assert_eq!(writer.n_lines(), number as u64 + 1);
        }
        writer.finish().unwrap()
    }

    fn ids(bytes: &[u8]) -> (Vec<String>, Option<FhirError>) {
        let mut lines = Reader::new(open(bytes, Compression::from_magic(bytes)).unwrap());
        let mut ids = Vec::new();
        loop {
            match lines.next_line() {
                Ok(Some(line)) => match line.resource() {
                    Ok(resource) => ids.push(resource.id().unwrap().to_owned()),
                    Err(error) => return (ids, Some(error)),
                },
                Ok(None) => return (ids, None),
                Err(error) => {
                    assert!(lines.next_line().unwrap().is_none(), "there is nothing past a cut");
                    return (ids, Some(error));
                }
            }
        }
    }

    #[test]
    fn what_is_written_is_read_plain_and_compressed() {
        for compression in ALL {
            let (read, error) = ids(&file(compression, 1000));
            assert!(error.is_none());
            assert_eq!((read.len(), read[999].as_str()), (1000, "p 999"), "{compression:?}");
        }
    }

    #[test]
    fn files_put_one_behind_the_other_are_read_to_the_end() {
        for compression in ALL {
            let twice = [file(compression, 2), file(compression, 1)].concat();
            assert_eq!(ids(&twice).0, ["p 0", "p 1", "p 0"], "{compression:?}");
        }
    }

    #[test]
    fn a_stream_that_is_cut_off_is_an_error() {
        for compression in [Compression::Gzip, Compression::Zstd] {
            let whole = file(compression, 1000);
            for length in [20, whole.len() / 2, whole.len() - 1] {
                let (_, error) = ids(&whole[..length]);
                assert!(matches!(error, Some(FhirError::Read { .. })), "{compression:?} {length}: {error:?}");
            }
        }
    }

    #[test]
    fn a_line_that_is_cut_off_is_named() {
        let whole = file(Compression::None, 3);
        let (read, error) = ids(&whole[..whole.len() - 4]);
        assert_eq!(read, ["p 0", "p 1"]);
        let Some(FhirError::Line { line: 3, source }) = error else { panic!("{error:?}") };
        assert!(matches!(*source, FhirError::Truncated { line: 1, .. }), "{source:?}");
    }

    #[test]
    fn a_line_that_is_not_utf8_does_not_end_the_file() {
        let mut lines = Reader::new(&b"\xef\xbb\xbf{}\r\n\n\"\xff\"\n{}"[..]);
        assert_eq!(lines.next_line().unwrap(), Some(Line { number: 1, text: "{}" }));
        assert!(matches!(lines.next_line(), Err(FhirError::Encoding { line: 3 })));
        assert_eq!(lines.last_bytes(), b"\"\xff\"");
        assert_eq!(lines.next_line().unwrap(), Some(Line { number: 4, text: "{}" }));
    }

    #[test]
    fn compression_shows_in_name_and_first_bytes() {
        for compression in ALL {
            assert_eq!(Compression::from_path(format!("Patient.ndjson{}", compression.extension())), compression);
            assert_eq!(Compression::from_magic(&file(compression, 1)), compression);
        }
    }

    #[test]
    fn raw_json_with_line_breaks_stays_on_one_line() {
        let text = "{\"resourceType\":\"Patient\",\"photo\":[\n{\"title\":\"a \\n b\"}]}";
        let mut writer = Writer::new(Vec::new(), Compression::None).unwrap();
        writer.write(&Resource::from_json(text).unwrap()).unwrap();
        let expected = "{\"resourceType\":\"Patient\",\"photo\":[{\"title\":\"a \\n b\"}]}\n";
        assert!(writer.write_line("{}\n{}").is_err());
        writer.write_line("{ }").unwrap();
        assert_eq!(String::from_utf8(writer.finish().unwrap()).unwrap(), format!("{expected}{{ }}\n"));
    }
}
