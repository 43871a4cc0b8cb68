//! Bytes to a batch and a reply.

use crate::{Input, Limits, Packed, Reads};

/// Numbers from a seed (SplitMix64), so that a case can be named by one word.
#[derive(Debug, Clone)]
pub struct Seeded(u64);

impl Seeded {
    pub fn new(seed: u64) -> Seeded {
        Seeded(seed)
    }

    pub fn bytes(mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }
}

pub(super) struct Case {
    pub(super) batch: Packed,
    pub(super) inputs: Vec<Sizes>,
    pub(super) limits: Limits,
    pub(super) actions: Vec<u8>,
    pub(super) args: Vec<u32>,
    pub(super) data: Vec<u8>,
}

/// Bytes of the parts of an input record, counted apart from the code under test.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    pub(super) key: usize,
    pub(super) value: usize,
    pub(super) headers: usize,
}

/// Choices, one after the other; zeros when the bytes are used up.
struct Choices<'a>(std::slice::Iter<'a, u8>);

impl Choices<'_> {
    fn byte(&mut self) -> u8 {
        self.0.next().copied().unwrap_or(0)
    }

    fn below(&mut self, most: u8) -> u8 {
        self.byte() % most.max(1)
    }

    fn one_in(&mut self, n: u8) -> bool {
        self.byte() % n == n - 1
    }

    fn word(&mut self) -> u32 {
        match self.below(4) {
            0 => u32::from_le_bytes([self.byte(), self.byte(), self.byte(), self.byte()]),
            1 => u32::MAX - u32::from(self.below(4)),
            _ => u32::from(self.byte()),
        }
    }
}

impl Case {
    pub(super) fn from_bytes(bytes: &[u8]) -> Case {
        let mut choices = Choices(bytes.iter());
        let limits = Limits {
            outputs: 1 + u16::from(choices.below(3)),
            stores: u16::from(choices.below(3)),
            // Now and then so little that the charge decides.
            output_bytes_max: if choices.one_in(8) { choices.byte().into() } else { 1 << 16 },
            outputs_per_record_max: 1 + u32::from(choices.below(4)),
        };
        let mut case = Case {
            batch: Packed::default(),
            inputs: Vec::new(),
            limits,
            actions: Vec::new(),
            args: Vec::new(),
            data: data(&mut choices),
        };
        for _ in 0..choices.below(4) {
            case.record(&mut choices);
            case.answer(&mut choices);
        }
        if choices.one_in(3) {
            case.spoil(&mut choices);
        }
        case
    }

    fn record(&mut self, choices: &mut Choices<'_>) {
        const BYTES: &[u8] = &[b'x'; 64];
        let part = |choices: &mut Choices<'_>| {
            let bytes = BYTES.get(..choices.below(64).into()).unwrap_or_default();
            if choices.one_in(5) { None } else { Some(bytes) }
        };
        let reads = Reads { key: choices.one_in(2), value: choices.one_in(2), headers: choices.one_in(2) };
        let (key, value, headers) = (part(choices), part(choices), choices.below(3));
        let header = part(choices);
        let input = Input { offset: self.inputs.len() as i64, timestamp: Some(1), key, value };
        let pushed = self.batch.push(reads, input, |each| (0..headers).for_each(|_| each(b"n\xff", header)));
        assert_eq!(pushed, Ok(()), "a small batch has room for every record");
        let length = |part: Option<&[u8]>| part.map_or(0, <[u8]>::len);
        let headers = usize::from(headers) * (2 + length(header));
        self.inputs.push(Sizes { key: length(key), value: length(value), headers });
    }

    /// Mostly as the contract wants it.
    fn answer(&mut self, choices: &mut Choices<'_>) {
        let action = 1 + choices.below(5);
        let changed = action <= 3 && self.limits.stores > 0 && choices.one_in(3);
        self.actions.push(if changed { action | 0x80 } else { action });
        match action {
            1 => self.output(choices),
            3 => {
                let count = u32::from(choices.below(3)).min(self.limits.outputs_per_record_max);
                self.args.push(count);
                (0..count).for_each(|_| self.emission(choices));
            }
            4 => self.failure(choices),
            5 => {
                self.args.push(choices.word());
                self.failure(choices);
            }
            _ => {}
        }
        if changed {
            let count = choices.below(3);
            self.args.push(count.into());
            for _ in 0..count {
                self.args.push(u32::from(choices.byte()) % u32::from(self.limits.stores));
                self.span(choices, false);
                self.span(choices, true);
            }
        }
    }

    fn output(&mut self, choices: &mut Choices<'_>) {
        self.args.push(u32::from(choices.byte()) % u32::from(self.limits.outputs));
    }

    fn emission(&mut self, choices: &mut Choices<'_>) {
        self.output(choices);
        let flags = u32::from(choices.below(32));
        self.args.push(flags);
        for inherit in [1, 2] {
            if flags & inherit != 0 { self.args.extend([0, 0]) } else { self.span(choices, true) }
        }
        // The data begins with headers; elsewhere they are what the bytes happen to say.
        let headers = if choices.one_in(4) { [choices.word(), choices.word()] } else { [0, choices.below(4).into()] };
        self.args.extend(headers);
        if flags & 8 != 0 {
            self.args.extend([choices.word(), choices.byte().into()]);
        }
        if flags & 16 != 0 {
            self.args.push(choices.byte().into());
        }
    }

    /// A span that lies within the data, perhaps null.
    fn span(&mut self, choices: &mut Choices<'_>, nullable: bool) {
        if nullable && choices.one_in(5) {
            return self.args.extend([0, u32::MAX]);
        }
        let len = self.data.len() as u32;
        let at = u32::from(choices.byte()).min(len);
        self.args.extend([at, u32::from(choices.byte()).min(len - at)]);
    }

    fn failure(&mut self, choices: &mut Choices<'_>) {
        let text = self.data.len().saturating_sub(TEXT.len()) as u32;
        self.args.extend([text, 1 + u32::from(choices.below(4))]);
        self.args.extend([text, choices.below(5).into()]);
    }

    /// One thing that the contract may not want.
    fn spoil(&mut self, choices: &mut Choices<'_>) {
        let (at, word) = (choices.byte(), choices.word());
        let place = |len: usize| usize::from(at) % len.max(1);
        match choices.below(5) {
            0 => self.actions.push(at),
            1 => self.args.push(word),
            2 => self.args.truncate(place(self.args.len())),
            3 => {
                let place = place(self.args.len());
                self.args.iter_mut().skip(place).take(1).for_each(|it| *it = word);
            }
            _ => {
                let place = place(self.actions.len());
                self.actions.iter_mut().skip(place).take(1).for_each(|it| *it = word as u8);
            }
        }
    }
}

const TEXT: &[u8] = b"ab-1x";

/// Three headers, anything, and something to point at as text.
fn data(choices: &mut Choices<'_>) -> Vec<u8> {
    let mut data = Vec::new();
    data.extend_from_slice(b"\x01\0\0\0\x02\0\0\0nva");
    data.extend_from_slice(b"\0\0\0\0\xff\xff\xff\xff");
    data.extend_from_slice(b"\x02\0\0\0\0\0\0\0\xc3\xa9");
    (0..choices.below(32)).for_each(|_| data.push(choices.byte()));
    data.extend_from_slice(TEXT);
    data
}
