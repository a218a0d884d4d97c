//! One worker: reads objects, or pieces of large ones, and owns what it collects.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

use super::account::Account;
use super::hits::StagesTold;
use super::pieces::{Job, LargeObject, Part};
use super::stages::Stages;
use super::tally::{InnerPath, Tally};
use super::{IngestSettings, Keep, ObjectRead, Progress, Run};
use crate::baseline::Builder;
use crate::checksum::{Checksum, Hasher};
use crate::coverage::{Coverage, FaultKind, Position};
use crate::decode::{self, Decoded, Decoder, Piece};
use crate::ledger::ObjectEntry;
use crate::memory::Budget;
use crate::observe::{Handover, Observer};
use crate::rules::Matcher;
use crate::source::{Large, LogObject, ObjectKey, ReadError, Supplied};
use crate::time::Timestamp;

/// Everything one thread collects.
pub(super) struct Worker {
    pub(super) number: u16,
    pub(super) observer: Observer,
    pub(super) builder: Builder,
    pub(super) coverage: Coverage,
    /// Of the objects read, if the ledger is kept.
    pub(super) entries: Vec<ObjectEntry>,
    decoder: Decoder,
    stored: Vec<u8>,
    handover: Handover,
    matcher: Option<Matcher>,
}

impl Worker {
    pub(super) fn new(number: u16, settings: &IngestSettings, budget: &Arc<Budget>) -> Self {
        let rules = settings.rules.as_ref();
        let heads = rules.map(|rules| rules.rules().iter().map(|rule| Arc::clone(rule.head())).collect());
        Self {
            number,
            observer: Observer::default(),
            builder: Builder::with_rules(heads.unwrap_or_default(), settings.hits.clone()),
            coverage: Coverage::default(),
            entries: Vec::new(),
            decoder: Decoder::sharing(settings.max_object_size, budget),
            stored: Vec::new(),
            handover: Handover::new(number),
            matcher: rules.map(|rules| Matcher::new(Arc::clone(rules))),
        }
    }

    /// Reads one object and learns from its records.
    pub(super) fn read(&mut self, run: &Run<'_>, supplied: &mut Supplied<'_>, progress: &dyn Progress) {
        let mut stored = std::mem::take(&mut self.stored);
        match run.supply.take(supplied, &mut stored) {
            Ok(Some(large)) => self.cut(run, supplied, large, progress),
            read => self.whole(run, supplied, &stored, read.err(), progress),
        }
        self.stored = stored;
    }

    /// Learns from an object that is held as a whole, or as far as it could be read.
    fn whole(
        &mut self,
        run: &Run<'_>,
        supplied: &Supplied<'_>,
        stored: &[u8],
        error: Option<ReadError>,
        progress: &dyn Progress,
    ) {
        let object = &*supplied.object;
        let key = object.key();
        let handover = std::mem::replace(&mut self.handover, Handover::new(self.number));
        let mut account = Account::default();
        if let Some(error) = error {
            account.unread(object, error);
        }
        let place = (supplied.number, object, &key);
        let part = Part { account, handover };
        let Part { mut account, mut handover } = self
            .learn(run, place, part, |decoder, tally| decoder.decode(stored, |found| tally.record(&found)));
        second_member(&mut account, object, &key, self.decoder.second_member());
        let checksum = (run.keep == Keep::Ledger).then(|| Checksum::of(stored));
        let stored = Stored { size: stored.len() as u64, checksum };
        let records = self.settle(object, &key, account, stored);
        run.copies.hand_in(supplied.number, object.delivered.map(Timestamp::day), &mut handover);
        self.handover = handover;
        progress.read(ObjectRead { stored_bytes: stored.size, records, delivered: object.delivered });
    }

    /// Cuts a large object into pieces, for all workers.
    fn cut(&mut self, run: &Run<'_>, supplied: &Supplied<'_>, mut large: Large, progress: &dyn Progress) {
        let object = Arc::new(LargeObject::new(supplied.number, supplied.object.clone().into_owned()));
        let mut account = Account::default();
        let mut number = 0;
        let mut emit = |piece: Piece| {
            let is_held = piece.is_held();
            let job = Job { large: Arc::clone(&object), index: number, piece };
            number += 1;
            // What waits must hold nothing that others wait for.
            if let Some(job) = if is_held { Some(job) } else { run.queue.offer(job) } {
                self.piece(run, job, progress);
            }
            (!run.is_stopped(progress)).then(|| run.queue.memory())
        };
        let limit = run.settings.max_object_size;
        let mut intake = Intake::new(&mut large, run.keep == Keep::Ledger);
        let source = match intake.large {
            Large::Stream(_) => decode::Source::Stream(&mut intake),
            Large::File(_) | Large::Held(_) => decode::Source::File(&mut intake),
        };
        let (faults, second) = decode::cut(source, limit, &run.budget, &mut emit);
        account.decode_faults(&object.object, faults);
        second_member(&mut account, &object.object, &object.object.key(), second);
        let stored = intake.finish(&object.object, &mut account);
        if let Some((part, stored)) = object.cut(number, account, stored) {
            self.finish(run, &object, part, stored, progress);
        }
    }

    /// Learns from a piece of a large object.
    pub(super) fn piece(&mut self, run: &Run<'_>, job: Job, progress: &dyn Progress) {
        let Job { large, index, piece } = job;
        let key = large.object.key();
        let part = Part { account: Account::default(), handover: Handover::new(self.number) };
        let part = self.learn(run, (large.number, &large.object, &key), part, |decoder, tally| {
            decoder.decode_piece(&piece, &mut |found| tally.record(&found))
        });
        run.queue.give_back(piece.into_memory());
        progress.piece(part.account.records().into());
        if let Some((part, stored)) = large.add(index, part) {
            self.finish(run, &large, part, stored, progress);
        }
    }

    /// Ends the account of a large object whose pieces have all been read.
    fn finish(
        &mut self,
        run: &Run<'_>,
        large: &LargeObject,
        part: Part,
        stored: Stored,
        progress: &dyn Progress,
    ) {
        let object = &large.object;
        let Part { account, mut handover } = part;
        self.settle(object, &object.key(), account, stored);
        run.copies.hand_in(large.number, object.delivered.map(Timestamp::day), &mut handover);
        progress.read(ObjectRead { stored_bytes: stored.size, records: 0, delivered: object.delivered });
    }

    /// Learns from all records that `decode` finds.
    fn learn(
        &mut self,
        run: &Run<'_>,
        (number, object, key): (u32, &LogObject, &ObjectKey<'_>),
        part: Part,
        decode: impl FnOnce(&mut Decoder, &mut Tally<'_, '_>) -> Decoded,
    ) -> Part {
        let Part { account, mut handover } = part;
        let mut tally = Tally {
            run,
            number,
            object,
            key,
            observer: &mut self.observer,
            builder: &mut self.builder,
            coverage: &mut self.coverage,
            handover: &mut handover,
            matcher: self.matcher.as_mut(),
            account,
            inner: InnerPath::default(),
            stages: Stages::default(),
            told: StagesTold::default(),
        };
        let decoded = decode(&mut self.decoder, &mut tally);
        tally.finish();
        let mut account = tally.account;
        account.decoded(object, decoded);
        Part { account, handover }
    }

    /// Ends the account of an object; gives the number of its records.
    fn settle(&mut self, object: &LogObject, key: &ObjectKey<'_>, account: Account, stored: Stored) -> u64 {
        let settled = account.settle(object, key, stored.size, &mut self.coverage);
        if stored.checksum.is_some() {
            let mut entry = ObjectEntry::of(object, settled.outcome);
            entry.size = Some(stored.size);
            entry.checksum = stored.checksum;
            entry.records = settled.records;
            entry.span = settled.span;
            entry.faults = settled.faults;
            self.entries.push(entry);
        }
        settled.records
    }
}

/// Takes note of a second gzip member where there should be one.
fn second_member(account: &mut Account, object: &LogObject, key: &ObjectKey<'_>, at: Option<u64>) {
    if let Some(at) = at.filter(|_| key.is_of_cloudtrail()) {
        let place = (FaultKind::GzipExtraMember, Position::StoredByte(at));
        let detail = "a second gzip member, which CloudTrail does not write".to_owned();
        account.fault(object, None, place, detail);
    }
}

/// The bytes of an object as stored.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stored {
    pub(super) size: u64,
    /// If the ledger is kept.
    pub(super) checksum: Option<Checksum>,
}

/// A large object while it is cut. An error ends it, and is kept.
struct Intake<'l> {
    large: &'l mut Large,
    /// Of a stream, which comes once.
    hasher: Option<Hasher>,
    wants_checksum: bool,
    read: u64,
    error: Option<io::Error>,
}

impl<'l> Intake<'l> {
    fn new(large: &'l mut Large, wants_checksum: bool) -> Self {
        let hasher = (wants_checksum && matches!(large, Large::Stream(_))).then(Hasher::default);
        Self { large, hasher, wants_checksum, read: 0, error: None }
    }

    /// What was stored. What could not be read is added to the account.
    fn finish(mut self, object: &LogObject, account: &mut Account) -> Stored {
        if self.hasher.is_some() {
            // Nobody may have wanted the rest of a stream.
            let _ = io::copy(&mut self, &mut io::sink());
        }
        let mut checksum = self.hasher.take().map(Hasher::finish);
        let mut size = self.large.size().unwrap_or(self.read);
        if self.wants_checksum && checksum.is_none() {
            match self.large.rewind().and_then(|()| Checksum::of_all(&mut self.large)) {
                Ok((found, read)) => (checksum, size) = (Some(found), read),
                Err(error) => self.error = self.error.or(Some(error)),
            }
        }
        if let Some(error) = self.error {
            account.unread(object, error.into());
        }
        Stored { size, checksum }
    }
}

impl Read for Intake<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.error.is_some() {
            return Ok(0);
        }
        match self.large.read(buffer) {
            Ok(read) => {
                self.read += read as u64;
                if let Some(hasher) = &mut self.hasher {
                    hasher.add(&buffer[..read]);
                }
                Ok(read)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                self.error = Some(error);
                Ok(0)
            }
        }
    }
}

impl Seek for Intake<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.large.seek(to)
    }
}
