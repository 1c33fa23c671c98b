//! How far the applier is, and what of it the box has to hear.

use tidemark_model::StreamPlace;

use crate::message::AppliedThrough;
use crate::receiver::input::Reached;
use crate::time::Millis;

/// What was read of the applier and what was said of it on this stream.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    reached: Reached,
    /// The last word that was sent.
    said: Option<AppliedThrough>,
    /// When the stream began: an end asked for earlier may be older than what
    /// was acknowledged on the stream before.
    began: Millis,
    /// When the last `Received` was sent, likewise.
    received_at: Option<Millis>,
    /// The highest place acknowledged on this stream.
    highest: Option<StreamPlace>,
    /// The box waits for word until the applier is here.
    watch_until: u64,
}

impl Progress {
    /// The progress as it was at `Hello`, which came at `began`.
    pub(crate) fn new(reached: Reached, began: Millis) -> Self {
        let watch_until = reached.end.unwrap_or(u64::MAX);
        Self { reached, said: None, began, received_at: None, highest: None, watch_until }
    }

    /// The applier's offset.
    pub(crate) const fn offset(&self) -> u64 {
        self.reached.offset
    }

    /// The ledger was looked at.
    pub(crate) const fn polled(&mut self, reached: Reached) {
        self.reached = reached;
    }

    /// A `Received` is sent.
    pub(crate) fn received(&mut self, place: StreamPlace, now: Millis) {
        self.received_at = Some(now);
        // Places of two lives of the log can't be compared: the later counts.
        self.highest = Some(match self.highest {
            Some(known) if same_life(&known, &place) && known.offset > place.offset => known,
            Some(_) | None => place,
        });
        self.watch_until = self.watch_until.max(place.offset.saturating_add(1));
    }

    /// What can be said now. The end is told only if it was asked after the
    /// last `Received` was sent, or holds all that was acknowledged here:
    /// otherwise the box would take a stale end for a log cut short.
    fn word(&self) -> AppliedThrough {
        let Reached { stream, partition, offset, end, asked_at } = self.reached;
        let fresh = self.received_at.is_none_or(|received| asked_at > received);
        let here = StreamPlace { stream, partition, offset };
        let holds_all = |end: u64| self.highest.is_some_and(|place| same_life(&place, &here) && place.offset < end);
        let end = end.filter(|end| asked_at >= self.began && (fresh || holds_all(*end)));
        AppliedThrough { stream, partition, offset, end }
    }

    /// What the box has to hear at once, if anything.
    pub(crate) fn news(&mut self) -> Option<AppliedThrough> {
        let word = self.word();
        let news = match &self.said {
            None => true,
            Some(said) => {
                let other = (said.stream, said.partition) != (word.stream, word.partition);
                let moved = said.offset != word.offset && said.offset < self.watch_until;
                let cut = word.end.is_some_and(|end| self.highest.is_some_and(|place| end <= place.offset));
                let set_back = word.offset < said.offset;
                other || moved || set_back || (cut && said.end != word.end)
            }
        };
        news.then(|| self.say(word))
    }

    /// What answers a heartbeat.
    pub(crate) fn answer(&mut self) -> AppliedThrough {
        let word = self.word();
        self.say(word)
    }

    fn say(&mut self, word: AppliedThrough) -> AppliedThrough {
        self.said = Some(word);
        word
    }
}

fn same_life(one: &StreamPlace, other: &StreamPlace) -> bool {
    (one.stream, one.partition) == (other.stream, other.partition)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidemark_model::StreamId;

    const STREAM: StreamId = StreamId([1; 16]);

    fn reached(offset: u64, end: u64, asked_at: u64) -> Reached {
        Reached { stream: STREAM, partition: 0, offset, end: Some(end), asked_at: Millis(asked_at) }
    }

    fn place(offset: u64) -> StreamPlace {
        StreamPlace { stream: STREAM, partition: 0, offset }
    }

    #[test]
    fn an_end_asked_before_the_last_received_is_not_told_as_the_logs_end() {
        let mut progress = Progress::new(reached(0, 0, 1), Millis(0));
        progress.news();
        progress.received(place(7), Millis(100));
        progress.polled(reached(3, 5, 90));
        assert_eq!(progress.news().unwrap().end, None);
        progress.polled(reached(4, 8, 90));
        assert_eq!(progress.news().unwrap().end, Some(8), "it holds all that was acknowledged");
        progress.polled(reached(5, 6, 150));
        assert_eq!(progress.news().unwrap().end, Some(6), "the log was cut short");
    }

    #[test]
    fn an_end_asked_before_the_stream_began_is_not_told() {
        let mut progress = Progress::new(reached(0, 5, 90), Millis(100));
        assert_eq!(progress.news().unwrap().end, None);
    }

    #[test]
    fn an_idle_shop_does_not_hear_how_others_make_the_applier_move() {
        let mut progress = Progress::new(reached(5, 10, 1), Millis(0));
        assert!(progress.news().is_some());
        progress.polled(reached(10, 20, 2));
        assert!(progress.news().is_some(), "what was in the stream at its hello is now applied");
        progress.polled(reached(20, 30, 3));
        assert!(progress.news().is_none());
        assert_eq!(progress.answer().offset, 20);
    }

    #[test]
    fn a_stale_end_of_another_life_of_the_log_is_not_told() {
        let other = StreamId([2; 16]);
        let mut progress = Progress::new(reached(0, 1, 1), Millis(0));
        progress.received(StreamPlace { stream: StreamId([3; 16]), ..place(0) }, Millis(50));
        progress.received(StreamPlace { stream: other, ..place(10) }, Millis(100));
        progress.polled(Reached { stream: other, ..reached(3, 9, 90) });
        assert_eq!(progress.answer().end, None, "it was asked before offset 10 was there");
        progress.polled(Reached { stream: other, ..reached(3, 11, 90) });
        assert_eq!(progress.answer().end, Some(11));
    }

    #[test]
    fn another_life_of_the_log_is_told_at_once() {
        let mut progress = Progress::new(reached(5, 5, 1), Millis(0));
        progress.news();
        progress.polled(Reached { stream: StreamId([2; 16]), ..reached(0, 0, 2) });
        assert!(progress.news().is_some());
    }
}
