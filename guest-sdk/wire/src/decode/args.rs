//! The arguments of a reply, taken word by word, each checked as it is taken.

use super::{Checked, Limits};
use crate::answer::{Change, Emission, HeaderList, Part, Span};
use crate::charge::Charge;
use crate::layout::{HEADER_OVERHEAD, LENGTH_MAX, MESSAGE_BYTES_MAX, NULL, flag, is_code, join};
use crate::packed::Sizes;

pub(super) struct Args<'a> {
    words: std::slice::Iter<'a, u32>,
    data: &'a [u8],
    pub(super) limits: Limits,
    pub(super) charge: Charge,
}

impl<'a> Args<'a> {
    pub(super) fn new(words: &'a [u32], data: &'a [u8], limits: Limits) -> Args<'a> {
        Args { words: words.iter(), data, limits, charge: Charge::new(limits.output_bytes_max) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.as_slice().is_empty()
    }

    pub(super) fn word(&mut self) -> Checked<u32> {
        self.words.next().copied().ok_or("has too few arguments")
    }

    pub(super) fn output(&mut self) -> Checked<u16> {
        numbered(self.word()?, self.limits.outputs).ok_or("names an output that is not in the manifest")
    }

    pub(super) fn code(&mut self) -> Checked<Span> {
        let span = self.span()?.ok_or("has no code")?;
        if is_code(self.slice(span)) { Ok(span) } else { Err("has a code that is not 1 to 64 of a-z, 0-9 and -") }
    }

    pub(super) fn message(&mut self) -> Checked<Span> {
        let span = self.span()?.ok_or("has no message")?;
        if span.len as usize > MESSAGE_BYTES_MAX {
            return Err("has a message of more than 1024 bytes");
        }
        str::from_utf8(self.slice(span)).map_err(|_| "has a message that is not UTF-8")?;
        Ok(span)
    }

    pub(super) fn emission(&mut self, sizes: Sizes) -> Checked<Emission> {
        let (output, flags) = (self.output()?, self.word()?);
        if flags & !flag::ALL != 0 {
            return Err("has an unknown flag");
        }
        let set = |flag| flags & flag != 0;
        let key = self.part(set(flag::INHERIT_KEY), sizes.key)?;
        let value = self.part(set(flag::INHERIT_VALUE), sizes.value)?;
        let inherit_headers = set(flag::INHERIT_HEADERS);
        self.charge.spend(if inherit_headers { sizes.headers } else { 0 })?;
        let headers = self.headers()?;
        let timestamp = if set(flag::TIMESTAMP) { Some(self.timestamp()?) } else { None };
        let partition = if set(flag::PARTITION) { Some(self.partition()?) } else { None };
        Ok(Emission { output, key, value, inherit_headers, headers, timestamp, partition })
    }

    pub(super) fn change(&mut self) -> Checked<Change> {
        let store = numbered(self.word()?, self.limits.stores).ok_or("names a store that is not in the manifest")?;
        let key = self.span()?.ok_or("changes state without a key")?;
        let value = self.span()?;
        self.charge.spend(key.len.into())?;
        self.charge.spend(value.map_or(0, |value| value.len.into()))?;
        Ok(Change { store, key, value })
    }

    fn part(&mut self, inherit: bool, inherited: u64) -> Checked<Part> {
        if inherit {
            self.charge.spend(inherited)?;
            let unused = (self.word()?, self.word()?) == (0, 0);
            return if unused { Ok(Part::Inherit) } else { Err("inherits a part and gives it too") };
        }
        match self.span()? {
            None => Ok(Part::Null),
            Some(span) => {
                self.charge.spend(span.len.into())?;
                Ok(Part::Bytes(span))
            }
        }
    }

    /// `None`: null.
    fn span(&mut self) -> Checked<Option<Span>> {
        let (at, len) = (self.word()?, self.word()?);
        match len {
            NULL if at == 0 => Ok(None),
            NULL => Err("gives a null a position"),
            _ if len > LENGTH_MAX || u64::from(at) + u64::from(len) > self.data.len() as u64 => {
                Err("points outside of its data")
            }
            _ => Ok(Some(Span { at, len })),
        }
    }

    /// Walks the headers once for each emission that points at them: the charge ends a walk that is too long.
    fn headers(&mut self) -> Checked<HeaderList> {
        let list = HeaderList { at: self.word()?, count: self.word()? };
        if list.count == 0 && list.at != 0 {
            return Err("gives no headers a position");
        }
        let mut headers = list.of(self.data);
        for (name, value) in headers.by_ref() {
            let bytes = name.len() as u64 + value.map_or(0, |value| value.len() as u64);
            self.charge.spend(HEADER_OVERHEAD + bytes)?;
            str::from_utf8(name).map_err(|_| "has a header whose name is not UTF-8")?;
        }
        if headers.left() == 0 { Ok(list) } else { Err("has headers that end outside of its data") }
    }

    /// Kafka refuses a negative timestamp, and -1 means none: inheriting says that better.
    fn timestamp(&mut self) -> Checked<i64> {
        let timestamp = join(self.word()?, self.word()?);
        if timestamp >= 0 { Ok(timestamp) } else { Err("has a negative timestamp") }
    }

    fn partition(&mut self) -> Checked<i32> {
        i32::try_from(self.word()?).map_err(|_| "has a partition of 2^31 or more")
    }

    fn slice(&self, span: Span) -> &'a [u8] {
        span.of(self.data).unwrap_or_default()
    }
}

fn numbered(word: u32, count: u16) -> Option<u16> {
    u16::try_from(word).ok().filter(|number| *number < count)
}
