use crate::{Corpus, Random};

/// Changes at most made to one input.
const CHANGES: usize = 6;
/// Inputs that grow beyond it are cut; the decoder refuses them anyway.
const LONGEST: usize = 9 * 1024;

/// Makes broken inputs of a corpus.
#[derive(Debug)]
pub struct Mutator<'a> {
    corpus: &'a Corpus,
    words: &'a [&'a [u8]],
    random: Random,
    input: Vec<u8>,
}

impl<'a> Mutator<'a> {
    /// A mutator whose inputs are those of a seed; `words` are put in.
    #[must_use]
    pub const fn new(corpus: &'a Corpus, words: &'a [&'a [u8]], seed: u64) -> Self {
        Self { corpus, words, random: Random::new(seed), input: Vec::new() }
    }

    /// The next input.
    pub fn next_input(&mut self) -> &[u8] {
        let number = self.random.below(self.corpus.count());
        self.input.clear();
        self.input.extend_from_slice(self.corpus.input(number));
        for _ in 0..self.random.below(CHANGES + 1) {
            self.change();
        }
        self.input.truncate(LONGEST);
        &self.input
    }

    fn change(&mut self) {
        let (from, to) = self.range();
        match self.random.below(12) {
            0 => self.flip_bit(),
            1 => self.set(Random::byte),
            2 | 3 => self.set(|random| b'0' + random.byte() % 10),
            4 => {
                let byte = self.random.byte();
                self.input.insert(from, byte);
            }
            5 => drop(self.input.drain(from..to)),
            6 => self.input.extend_from_within(from..to),
            7 => self.input.truncate(to),
            8 | 9 => {
                let word = self.random.one_of(self.words).unwrap_or_default();
                self.input.splice(from..from, word.iter().copied());
            }
            10 => self.take_from_another(from, to),
            11 if self.random.below(50) == 0 => self.repeat(from, to),
            _ => self.fit_check_digit(from),
        }
    }

    /// A piece of the input; empty if that is.
    fn range(&mut self) -> (usize, usize) {
        let from = self.random.below(self.input.len() + 1);
        let to = from + self.random.below(self.input.len() - from + 1);
        (from, to)
    }

    /// A piece, a thousand times.
    fn repeat(&mut self, from: usize, to: usize) {
        let piece = self.input.get(from..to).unwrap_or_default().to_vec();
        let times = self.random.below(1_000).min(LONGEST / piece.len().max(1));
        self.input.splice(from..to, piece.repeat(times));
    }

    fn flip_bit(&mut self) {
        let bit = 1 << self.random.below(8);
        let at = self.random.below(self.input.len());
        if let Some(byte) = self.input.get_mut(at) {
            *byte ^= bit;
        }
    }

    fn set(&mut self, to: impl FnOnce(&mut Random) -> u8) {
        let at = self.random.below(self.input.len());
        let to = to(&mut self.random);
        if let Some(byte) = self.input.get_mut(at) {
            *byte = to;
        }
    }

    fn take_from_another(&mut self, from: usize, to: usize) {
        let other = self.corpus.input(self.random.below(self.corpus.count()));
        let start = self.random.below(other.len() + 1);
        let end = start + self.random.below(other.len() - start + 1);
        let piece = other.get(start..end).unwrap_or_default();
        self.input.splice(from..to, piece.iter().copied());
    }

    /// Makes the last of the digits from a place on fit the others.
    fn fit_check_digit(&mut self, from: usize) {
        let rest = self.input.get_mut(from..).unwrap_or_default();
        let run = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let Some(lengths) = [8, 12, 13, 14, 18].get(self.random.below(5)).filter(|length| **length <= run) else {
            return;
        };
        let digits = rest.get_mut(..*lengths).unwrap_or_default();
        if let Some((last, body)) = digits.split_last_mut() {
            let weighed = body.iter().rev().zip([3_u32, 1].into_iter().cycle());
            let sum: u32 = weighed.map(|(digit, weight)| u32::from(digit & 0x0f) * weight).sum();
            *last = b'0' + u8::try_from((10 - sum % 10) % 10).unwrap_or(0);
        }
    }
}
