//! Predicts the next key of an object from the key orders of earlier objects.
//!
//! All records of a writer have the same layout: `"eventTime":"…"` is always followed by `,"eventSource":`,
//! with the same white space. There are several key orders (the documented one, others for newer services and
//! for S3 data events, and alphabetical ones from other tools), so they are learnt instead of listed.
//! Comparing the text with the predicted key costs a third of reading a key.
//!
//! A wrong prediction only costs time: a prediction matches only bytes that were read as a key before, by the
//! same grammar.

use super::simd::equal_bytes;

/// Longer keys are never predicted. With its quotes and colon, `sessionCredentialFromConsole` just fits.
const LONGEST: usize = 32;
/// The number of slots for keys, a power of two. Two keys in one slot only cost predictions.
const PLACES: usize = 64;
/// The number of neighbouring slots that a key can use, so that few keys share one.
const NEIGHBOURS: usize = 4;
/// The number of slots for steps, a power of two.
const STEPS: usize = 2_048;

/// The position in the key order of an object: a hash of the last three keys, which distinguishes most
/// orders.
#[derive(Clone, Copy, Debug)]
pub(super) struct WalkState(u16);

/// A key with all text between the preceding comma and its value.
#[derive(Clone, Copy, Debug)]
struct Member<F> {
    literal: [u8; LONGEST],
    /// 0 in a free slot.
    length: u8,
    field: F,
}

/// The key orders of one kind of object. `F` identifies a member.
#[derive(Debug)]
pub(super) struct KeyPredictor<F> {
    members: [Member<F>; PLACES],
    /// For each step, the slot of the member that last followed it.
    followers: Box<[u8; STEPS]>,
}

impl WalkState {
    /// Before the first member.
    pub(super) const START: Self = Self(0);

    #[inline(always)]
    fn after(self, place: u8) -> Self {
        Self(((self.0 << 4) ^ u16::from(place)) % STEPS as u16)
    }
}

impl<F> Member<F> {
    fn is(&self, literal: &[u8]) -> bool {
        self.literal.get(..usize::from(self.length)) == Some(literal)
    }
}

impl<F: Copy> KeyPredictor<F> {
    /// An empty predictor; `unread` is any value.
    pub(in crate::decode) fn new(unread: F) -> Self {
        let free = Member { literal: [0; LONGEST], length: 0, field: unread };
        Self { members: [free; PLACES], followers: Box::new([0; STEPS]) }
    }

    /// The predicted member, if it is at `at`, and the position after its colon. More white space than last
    /// time may follow.
    #[inline(always)]
    pub(super) fn predict(&self, step: &mut WalkState, bytes: &[u8], at: usize) -> Option<(F, usize)> {
        let place = self.followers[usize::from(step.0) % STEPS];
        let member = &self.members[usize::from(place) % PLACES];
        let text = bytes.get(at..)?.first_chunk::<LONGEST>()?;
        let length = usize::from(member.length);
        if length == 0 || equal_bytes(text, &member.literal) < length {
            return None;
        }
        *step = step.after(place);
        Some((member.field, at + length))
    }

    /// Learns that the member `key` followed; `literal` is the key with the text around it. Returns the
    /// member, identified by `field`.
    pub(super) fn learn(
        &mut self,
        step: &mut WalkState,
        literal: &[u8],
        key: &str,
        field: impl Fn(&str) -> F,
    ) -> F {
        let place = self.slot(key, literal);
        let member = &mut self.members[usize::from(place) % PLACES];
        if !member.is(literal) {
            let Some(room) = member.literal.get_mut(..literal.len()) else { return field(key) };
            room.copy_from_slice(literal);
            member.length = literal.len() as u8;
            member.field = field(key);
        }
        self.followers[usize::from(step.0) % STEPS] = place;
        *step = step.after(place);
        member.field
    }

    /// The slot for a literal: the first of its slots that holds it or is free, otherwise its first slot.
    fn slot(&self, key: &str, literal: &[u8]) -> u8 {
        let first = first_slot(key);
        let mut places = (first..first + NEIGHBOURS).map(|place| place % PLACES);
        let is_it = |member: &Member<F>| member.length == 0 || member.is(literal);
        places.find(|place| is_it(&self.members[*place])).unwrap_or(first) as u8
    }
}

/// The first slot of a key. With these factors, hardly any usual keys of a record share one.
fn first_slot(key: &str) -> usize {
    let bytes = key.as_bytes();
    let byte = |at: usize| bytes.get(at).map_or(0, |byte| usize::from(*byte));
    let (middle, second_last) = (bytes.len() / 2, bytes.len().wrapping_sub(2));
    (byte(0) + 16 * byte(middle) + byte(second_last) + 14 * bytes.len()) % PLACES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_sequence_is_predicted_after_it_was_learnt() {
        let text = br#"{"eventName": "A", "eventID": "B"}                                   "#;
        let mut order = KeyPredictor::new('-');
        let mut step = WalkState::START;
        assert_eq!(order.predict(&mut step, text, 1), None);
        assert_eq!(order.learn(&mut step, br#""eventName": "#, "eventName", |_| 'n'), 'n');
        assert_eq!(order.learn(&mut step, br#" "eventID": "#, "eventID", |_| 'i'), 'i');
        let mut step = WalkState::START;
        assert_eq!(order.predict(&mut step, text, 1), Some(('n', 14)));
        assert_eq!(order.predict(&mut step, text, 18), Some(('i', 30)));
        assert_eq!(order.predict(&mut step, text, 18), None);
    }

    #[test]
    fn keys_with_the_same_first_slot_are_both_predicted() {
        assert_eq!(first_slot("eventTime"), first_slot("eventName"));
        let text = br#""eventTime":"eventName":"#.repeat(4);
        let mut order = KeyPredictor::new('-');
        let mut step = WalkState::START;
        order.learn(&mut step, br#""eventTime":"#, "eventTime", |_| 't');
        order.learn(&mut step, br#""eventName":"#, "eventName", |_| 'n');
        let mut step = WalkState::START;
        assert_eq!(order.predict(&mut step, &text, 0), Some(('t', 12)));
        assert_eq!(order.predict(&mut step, &text, 12), Some(('n', 24)));
    }

    #[test]
    fn a_long_key_is_read_and_never_predicted() {
        let literal = format!("\"{}\":", "k".repeat(LONGEST));
        let text = literal.repeat(3);
        let mut order = KeyPredictor::new('-');
        assert_eq!(order.learn(&mut WalkState::START.clone(), literal.as_bytes(), "k", |_| 'k'), 'k');
        assert_eq!(order.predict(&mut WalkState::START.clone(), text.as_bytes(), 0), None);
    }
}
