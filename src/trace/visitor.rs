//! The visitor that collects the facts: one for each worker.

use std::collections::HashMap;

use super::facts::{ActionUse, Facts, Names, Use};
use super::issuance::{IssuedCredential, created_user, issued_credential};
use super::session::Session;
use super::{Credential, EventPlace, Holder, Issuance, Via};
use crate::checksum::IndexedObjects;
use crate::coverage::{Coverage, FaultKind, RecordSkip};
use crate::decode::FoundRecord;
use crate::event::{AnyRecord, Event, NoEvent, Record};
use crate::model::{Dimension, ObservedPrincipal, PrincipalKey, SharedTexts, Text, is_temporary_key};
use crate::observe::{Deduplicator, DuplicatesFound, Fingerprint, ObjectRecords, RecordPlace};
use crate::scan::{CurrentObject, ObjectContext, ObjectResult, Visitor, inner_path};
use crate::time::Timestamp;

/// Collects the facts of what one worker reads.
pub(super) struct Tracer<'s> {
    number: u16,
    /// What is traced, which may be an event id.
    wanted: &'s str,
    deduplicator: &'s Deduplicator,
    indexed: &'s IndexedObjects,
    texts: SharedTexts,
    facts: Facts,
    rows: Rows,
    row_of: HashMap<(Text, Text), u32>,
    spare: Option<ObjectRecords>,
}

/// How often each access key did each action; the first row is of calls without a key.
type Rows = Vec<(Option<(Text, Text)>, ActionUse)>;

/// What one worker collected.
pub(super) struct Collected {
    number: u16,
    facts: Facts,
    rows: Rows,
}

impl Collected {
    /// The facts, with counts without copies.
    pub(super) fn into_facts(mut self, found: &DuplicatesFound) -> Facts {
        for (row, (action, mut sum)) in (0..).zip(self.rows) {
            let Some((key, action)) = action else { continue };
            if let Some(copies) = found.copies_by_row.get(&(self.number, row)) {
                sum.count -= copies.count;
                sum.errors -= copies.failed;
            }
            if let Some(known) = self.facts.uses.get_mut(&key).filter(|_| sum.count > 0) {
                known.actions.insert(action, sum);
            }
        }
        self.facts
    }
}

impl<'s> Tracer<'s> {
    pub(super) fn new(
        number: u16,
        wanted: &'s str,
        (deduplicator, indexed): (&'s Deduplicator, &'s IndexedObjects),
    ) -> Self {
        Self {
            number,
            wanted,
            deduplicator,
            indexed,
            texts: SharedTexts::default(),
            facts: Facts::default(),
            rows: vec![(None, ActionUse::default())],
            row_of: HashMap::new(),
            spare: None,
        }
    }

    /// What it collected, once all objects were read.
    pub(super) fn collected(self) -> Collected {
        Collected { number: self.number, facts: self.facts, rows: self.rows }
    }

    /// Collects what one event of CloudTrail says.
    fn event(
        &mut self,
        (event, record): (&Event<'_>, &Record<'_>),
        found: &FoundRecord<'_>,
        context: &ObjectContext<'_>,
    ) -> u32 {
        let object = context.current.object;
        let path = || match found.inner {
            Some(inner) => inner_path(&object.path, inner),
            None => object.path.clone(),
        };
        let place = || EventPlace {
            time: event.time,
            event_id: Text::from(record.event_id.unwrap_or_default()),
            archive: object.archive,
            object: path(),
            record: found.index_in_file,
        };
        let key = record.identity.access_key_id.filter(|key| !key.is_empty());
        let name = || format!("{}#{}", path(), found.index_in_file);
        let issued = issued_credential(event, record, found.text, name);
        if !self.wanted.is_empty() && record.event_id == Some(self.wanted) {
            self.facts.has_met_event = true;
            let issued = issued.as_ref().map(|issued| issued.credential.clone());
            self.facts.of_event.extend(key.map(|key| Credential::Key(Text::from(key))).or(issued));
        }
        let mut issuance = |issued_to, via, expires| Issuance {
            event: place(),
            action: self.texts.get(&event.action()),
            account: self.texts.get(record.owner()),
            caller: holder(&mut self.texts, event, record),
            caller_key: key.map(|key| self.texts.get(key)),
            issued_to,
            via,
            expires,
        };
        if let Some(IssuedCredential { credential, to, via, expires }) = issued {
            let issuance = issuance(to, via, expires);
            self.facts.add_issuance(credential, issuance);
        }
        if let Some([name, arn, id]) = created_user(event, record) {
            let creation = issuance(Some(arn), Via::Nothing, None);
            self.facts.add_user((creation.account.clone(), name, event.time, id), creation);
        }
        key.map_or(0, |key| self.used(key, (event, record, found.text), place))
    }

    /// Adds the use of an access key; returns the row of its action.
    fn used(
        &mut self,
        key: &str,
        (event, record, text): (&Event<'_>, &Record<'_>, &str),
        place: impl FnOnce() -> EventPlace,
    ) -> u32 {
        let key = self.texts.get(key);
        let traits = record.traits(event.principal.account);
        let network = Dimension::Network.value(&traits).map(|network| self.texts.get(&network));
        let is_first = self.facts.uses.get(&key).is_none_or(|known| event.time <= known.first.time);
        if is_first {
            let place = place();
            if self.facts.uses.get(&key).is_none_or(|known| place < known.first) {
                let holder = holder(&mut self.texts, event, record);
                let session = if is_temporary_key(&key) { Session::of(text) } else { Session::default() };
                let known = self.facts.uses.entry(key.clone()).or_insert_with(|| Use {
                    first: place.clone(),
                    holder: holder.clone(),
                    session,
                    last: event.time,
                    is_from_console: false,
                    actions: Default::default(),
                    networks: Names::default(),
                    arns: Names::default(),
                });
                (known.first, known.holder, known.session) = (place, holder, session);
            }
        }
        if let Some(known) = self.facts.uses.get_mut(&key) {
            known.last = known.last.max(event.time);
            let is_from_console = record.from_console == Some(true);
            known.is_from_console |= is_from_console;
            self.facts.tells_console |= is_from_console;
            if let Some(network) = network.filter(|network| !known.networks.kept.contains(network)) {
                known.networks.add(network);
            }
            let arn = record.identity.arn.filter(|arn| !arn.is_empty() && !known.arns.kept.contains(*arn));
            if let Some(arn) = arn {
                known.arns.add(self.texts.get(arn));
            }
        }
        let action = (key, self.texts.get(&event.action()));
        let next = self.rows.len() as u32;
        let row = *self.row_of.entry(action.clone()).or_insert(next);
        if row == next {
            self.rows.push((Some(action), ActionUse::default()));
        }
        let sum = &mut self.rows[row as usize].1;
        sum.count += 1;
        sum.errors += u64::from(event.failed);
        row
    }
}

/// Who made a call.
fn holder(texts: &mut SharedTexts, event: &Event<'_>, record: &Record<'_>) -> Holder {
    let (who, identity) = (&event.principal, &record.identity);
    let mut text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(|text| texts.get(text));
    Holder {
        arn: text(identity.arn),
        principal_id: text(identity.principal_id),
        session: text(identity.session_name()),
        service: text(identity.invoked_by),
        who: ObservedPrincipal {
            account: texts.get(who.account),
            key: texts.get(&who.key),
            kind: who.kind,
            arn: None,
        },
    }
}

impl Visitor for Tracer<'_> {
    type Part = ObjectRecords;

    fn begin_piece(&mut self, _: &CurrentObject<'_>) -> ObjectRecords {
        self.spare.take().unwrap_or_else(|| ObjectRecords::new(self.number))
    }

    fn record(&mut self, part: &mut ObjectRecords, found: &FoundRecord<'_>, context: &mut ObjectContext<'_>) {
        let record = match found.record {
            Ok(AnyRecord::CloudTrail(record)) => record,
            Ok(AnyRecord::Kubernetes(_)) => return context.coverage.records.counted += 1,
            Err(_) => return,
        };
        let skip = match record.interpret(PrincipalKey::Arn) {
            Ok(event) => {
                context.coverage.records.counted += 1;
                context.coverage.event_time(event.time);
                let row = self.event((&event, record), found, context);
                if let Some(fingerprint) = Fingerprint::of(record, found.text.len()) {
                    let place = RecordPlace { object: context.current.number, record: found.index_in_object };
                    part.add(fingerprint, place, row, event.failed);
                }
                return;
            }
            Err(NoEvent::BadTime) => {
                return context.faulty(FaultKind::RecordTime, found, "no valid eventTime");
            }
            Err(NoEvent::Insight) => RecordSkip::Insight,
            Err(NoEvent::Aggregated) => RecordSkip::Aggregated,
            Err(NoEvent::Notification) => RecordSkip::Notification,
            Err(NoEvent::NoAction) => RecordSkip::NoAction,
        };
        *context.coverage.records.skipped.entry(skip).or_default() += 1;
    }

    fn join_pieces(before: &mut ObjectRecords, next: ObjectRecords, records: u32) {
        before.append(next, records);
    }

    fn end_object(&mut self, mut part: ObjectRecords, result: &ObjectResult<'_>, _: &mut Coverage) {
        let CurrentObject { number, object, .. } = result.current;
        if let Some(now) = result.stored.checksum.filter(|_| !self.indexed.is_empty()) {
            let known = self.indexed.of(object.archive, &object.path);
            if !known.is_empty() && !known.contains(&now) {
                self.facts.changed.insert((object.archive, object.path.clone()));
            }
        }
        self.deduplicator.add_object(number, object.delivered.map(Timestamp::day), &mut part);
        self.spare = Some(part);
    }
}
