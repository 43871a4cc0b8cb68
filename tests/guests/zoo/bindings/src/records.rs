//! Records out of the packed batch. Guests trust the host: a wrong index traps.

/// Words of a record in the index.
const WORDS: usize = 10;

pub struct Record<'a> {
    pub offset: u64,
    pub value: &'a [u8],
}

/// The records of a call; a null or unread value is empty.
pub fn records<'a>(data: &'a [u8], index: &'a [u32]) -> impl ExactSizeIterator<Item = Record<'a>> {
    index.chunks_exact(WORDS).map(|words| {
        let (at, len) = (words[6] as usize, words[7]);
        let value = if len < crate::UNREAD { &data[at..at + len as usize] } else { &[] };
        Record { offset: u64::from(words[0]) | u64::from(words[1]) << 32, value }
    })
}
