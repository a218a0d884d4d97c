//! One worker: reads objects, or pieces of large ones, and shows their records to its visitor.

use std::sync::Arc;

use super::intake::Intake;
use super::object::{CurrentObject, ObjectState, StoredBytes};
use super::pieces::{LargeObject, PieceResult, QueuedPiece};
use super::visitor::{ObjectContext, Pass, Visitor};
use super::{ObjectRead, Progress, Run};
use crate::checksum::Checksum;
use crate::coverage::Coverage;
use crate::decode::{self, Decoded, Decoder, Piece};
use crate::memory::Budget;
use crate::source::{LargeBody, ReadError, Supplied};

/// Everything one thread collects.
pub(super) struct Worker<V: Visitor> {
    pub(super) visitor: V,
    pub(super) coverage: Coverage,
    /// Number of objects that the visitor did not want.
    pub(super) unwanted: u64,
    /// Numbers of the objects that it is done with, if they are wanted: a run that is ended early then has a result.
    pub(super) done: Option<Vec<u32>>,
    decoder: Decoder,
    stored: Vec<u8>,
}

impl<V: Visitor> Worker<V> {
    pub(super) fn new(visitor: V, max_object_size: u64, budget: &Arc<Budget>) -> Self {
        Self {
            visitor,
            coverage: Coverage::default(),
            unwanted: 0,
            done: None,
            decoder: Decoder::with_budget(max_object_size, budget),
            stored: Vec::new(),
        }
    }

    /// Reads one object, if the visitor wants it.
    pub(super) fn read(&mut self, run: &Run<'_, V>, supplied: &mut Supplied<'_>, progress: &dyn Progress) {
        if !self.visitor.wants(&supplied.object) {
            self.unwanted += 1;
            self.note_done(supplied.number);
            return;
        }
        let mut stored = std::mem::take(&mut self.stored);
        match run.supply.take(supplied, &mut stored) {
            Ok(Some(large)) => self.read_in_pieces(run, supplied, large, progress),
            read => self.read_whole(run, supplied, &stored, read.err(), progress),
        }
        self.stored = stored;
    }

    /// Visits the records of an object that is held completely, or as far as it could be read.
    fn read_whole(
        &mut self,
        run: &Run<'_, V>,
        supplied: &Supplied<'_>,
        stored: &[u8],
        error: Option<ReadError>,
        progress: &dyn Progress,
    ) {
        let object = &*supplied.object;
        let key = object.key();
        let current = CurrentObject { number: supplied.number, object, key: &key };
        let mut state = ObjectState::default();
        if let Some(error) = error {
            state.note_read_error(object, error);
        }
        let part = self
            .visit(current, &mut state, |decoder, pass| decoder.decode(stored, |found| pass.record(&found)));
        state.note_second_member(object, &key, self.decoder.second_member());
        let checksum = run.settings.checksums.then(|| Checksum::of(stored));
        let stored = StoredBytes { size: stored.len() as u64, checksum };
        let records = self.end(current, PieceResult { state, visited: Some(part) }, stored);
        progress.read(ObjectRead { stored_bytes: stored.size, records, delivered: object.delivered });
    }

    /// Cuts a large object, and reads the pieces that no other worker takes.
    fn read_in_pieces(
        &mut self,
        run: &Run<'_, V>,
        supplied: &Supplied<'_>,
        mut large: LargeBody,
        progress: &dyn Progress,
    ) {
        let object = Arc::new(LargeObject::new(supplied.number, supplied.object.clone().into_owned()));
        let mut state = ObjectState::default();
        let mut number = 0;
        let mut emit = |piece: Piece| {
            let is_held = piece.is_held();
            let job = QueuedPiece { large: Arc::clone(&object), index: number, piece };
            number += 1;
            // A waiting piece must not hold memory that others wait for.
            if let Some(job) = if is_held { Some(job) } else { run.queue.offer(job) } {
                self.piece(run, job, progress);
            }
            (!run.is_abandoned(progress)).then(|| run.queue.memory())
        };
        let mut intake = Intake::new(&mut large, run.settings.checksums);
        let source = match intake.large {
            LargeBody::Stream(_) => decode::LargeInput::Stream(&mut intake),
            LargeBody::File(_) | LargeBody::Held(_) => decode::LargeInput::File(&mut intake),
        };
        let (faults, second) = decode::split(source, run.settings.max_object_size, &run.budget, &mut emit);
        state.add_decode_faults(&object.object, faults);
        state.note_second_member(&object.object, &object.object.key(), second);
        let stored = intake.finish(&object.object, &mut state);
        if let Some((part, stored)) = object.cut(number, state, stored) {
            self.finish(&object, part, stored, progress);
        }
    }

    /// Visits the records of a piece of a large object.
    pub(super) fn piece(&mut self, run: &Run<'_, V>, job: QueuedPiece<V>, progress: &dyn Progress) {
        let QueuedPiece { large, index, piece } = job;
        let key = large.object.key();
        let mut state = ObjectState::default();
        let visited = self.visit(large.current(&key), &mut state, |decoder, pass| {
            decoder.decode_piece(&piece, &mut |found| pass.record(&found))
        });
        run.queue.give_back(piece.into_memory());
        progress.piece(state.records().into());
        if let Some((part, stored)) = large.add(index, PieceResult { state, visited: Some(visited) }) {
            self.finish(&large, part, stored, progress);
        }
    }

    /// Ends a large object whose pieces have all been read.
    fn finish(
        &mut self,
        large: &LargeObject<V>,
        part: PieceResult<V>,
        stored: StoredBytes,
        progress: &dyn Progress,
    ) {
        self.end(large.current(&large.object.key()), part, stored);
        let delivered = large.object.delivered;
        progress.read(ObjectRead { stored_bytes: stored.size, records: 0, delivered });
    }

    /// Shows the visitor all records that `decode` finds.
    fn visit(
        &mut self,
        current: CurrentObject<'_>,
        state: &mut ObjectState,
        decode: impl FnOnce(&mut Decoder, &mut Pass<'_, '_, V>) -> Decoded,
    ) -> V::Part {
        let part = self.visitor.begin_piece(&current);
        let context = ObjectContext { current, coverage: &mut self.coverage, state };
        let mut pass = Pass { visitor: &mut self.visitor, part, context };
        let decoded = decode(&mut self.decoder, &mut pass);
        let Pass { visitor, mut part, mut context } = pass;
        visitor.end_piece(&mut part, &mut context);
        state.note_decoded(current.object, decoded);
        part
    }

    /// Decides the outcome of an object, and tells the visitor; returns the number of its records.
    fn end(&mut self, current: CurrentObject<'_>, part: PieceResult<V>, stored: StoredBytes) -> u64 {
        self.note_done(current.number);
        let PieceResult { state, visited } = part;
        let visitor = &mut self.visitor;
        let visited = visited.unwrap_or_else(|| visitor.begin_piece(&current));
        state.settle(current, stored, &mut self.coverage, |object, coverage| {
            visitor.end_object(visited, object, coverage);
        })
    }

    /// Notes that nothing more will be read of an object.
    fn note_done(&mut self, number: u32) {
        self.done.iter_mut().for_each(|done| done.push(number));
    }
}
