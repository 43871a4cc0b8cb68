//! How a journal is cut into changes, and how a change that was only half written is told from damage.
//!
//! ```text
//! length u32 | checksum of the content u32 | checksum of these eight bytes u32 | content
//! ```
//!
//! A process that dies in a `write` leaves a beginning of what it wrote. So a frame that is cut off by the end of the file is
//! the last one, and nobody was told of it. Everything else that does not fit is damage: above all a length, which has
//! a checksum of its own because a wrong one would pass for a frame that is cut off.

use std::io::{self, Read};

use bytes::{Buf as _, Bytes};

const HEADER_BYTES: usize = 12;
const COVERED_BYTES: usize = 8;

/// Appends a frame whose content is these parts, one behind the other.
pub(super) fn put(into: &mut Vec<u8>, parts: &[&[u8]]) {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    // Batches state their length in an i32, and facts come from requests that do.
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    let checksum = parts.iter().fold(0, |checksum, part| crc32c::crc32c_append(checksum, part));
    let mut header = Vec::with_capacity(HEADER_BYTES);
    header.extend_from_slice(&length.to_be_bytes());
    header.extend_from_slice(&checksum.to_be_bytes());
    let covered = crc32c::crc32c(&header);
    header.extend_from_slice(&covered.to_be_bytes());
    into.extend_from_slice(&header);
    parts.iter().for_each(|part| into.extend_from_slice(part));
}

/// What comes next in a journal.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    Frame(Bytes),
    /// So many bytes of a frame that has more.
    Torn(u64),
    Damaged,
    End,
}

/// The frames of a journal, one by one.
pub(super) struct Frames<R> {
    input: R,
    position: u64,
    length: u64,
    is_ours: bool,
}

impl<R: Read> Frames<R> {
    /// `length` is how much there is to read.
    pub(super) fn begin(mut input: R, length: u64, magic: &[u8]) -> io::Result<Self> {
        let mut beginning = Vec::new();
        (&mut input).take(magic.len() as u64).read_to_end(&mut beginning)?;
        Ok(Self { input, position: beginning.len() as u64, length, is_ours: beginning == magic })
    }

    /// Whether it began as it has to.
    pub(super) fn is_ours(&self) -> bool {
        self.is_ours
    }

    /// Where the next frame begins.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    pub(super) fn next(&mut self) -> io::Result<Next> {
        let left = self.length.saturating_sub(self.position);
        if left == 0 {
            return Ok(Next::End);
        }
        if left < HEADER_BYTES as u64 {
            return Ok(Next::Torn(left));
        }
        let mut header = [0; HEADER_BYTES];
        self.input.read_exact(&mut header)?;
        let mut fields = header.as_slice();
        let (length, checksum, covered) = (fields.get_u32(), fields.get_u32(), fields.get_u32());
        if header.get(..COVERED_BYTES).map(crc32c::crc32c) != Some(covered) {
            return Ok(Next::Damaged);
        }
        let whole = HEADER_BYTES as u64 + u64::from(length);
        let Ok(length) = usize::try_from(length) else { return Ok(Next::Damaged) };
        if whole > left {
            return Ok(Next::Torn(left));
        }
        let mut content = vec![0; length];
        self.input.read_exact(&mut content)?;
        if crc32c::crc32c(&content) != checksum {
            return Ok(Next::Damaged);
        }
        self.position += whole;
        Ok(Next::Frame(content.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Frames, Next, put};

    const MAGIC: &[u8] = b"m";

    fn journal() -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        put(&mut bytes, &[b"first"]);
        put(&mut bytes, &[b"se", b"", b"cond"]);
        bytes
    }

    fn read(bytes: &[u8]) -> Vec<Next> {
        let mut frames = Frames::begin(bytes, bytes.len() as u64, MAGIC).unwrap();
        let mut read = Vec::new();
        loop {
            read.push(frames.next().unwrap());
            if !matches!(read.last(), Some(Next::Frame(_))) {
                return read;
            }
        }
    }

    fn frame(text: &'static str) -> Next {
        Next::Frame(text.into())
    }

    #[test]
    fn what_was_put_comes_out_in_order() {
        assert_eq!(read(&journal()), [frame("first"), frame("second"), Next::End]);
    }

    #[test]
    fn wherever_a_journal_is_cut_off_what_is_whole_is_read_and_the_rest_is_torn() {
        let (whole, first) = (journal(), MAGIC.len() + 12 + 5);
        for end in first + 1..whole.len() {
            let torn = Next::Torn((end - first) as u64);
            assert_eq!(read(&whole[..end]), [frame("first"), torn], "cut at {end}");
        }
        assert_eq!(read(&whole[..first]), [frame("first"), Next::End]);
    }

    #[test]
    fn whichever_bit_is_turned_it_is_damage_and_never_passes_for_a_torn_end() {
        let whole = journal();
        for at in MAGIC.len()..whole.len() {
            for bit in 0..8 {
                let mut bytes = whole.clone();
                bytes[at] ^= 1 << bit;
                assert_eq!(read(&bytes).last(), Some(&Next::Damaged), "bit {bit} of byte {at}");
            }
        }
    }
}
