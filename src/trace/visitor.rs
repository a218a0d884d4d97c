//! The visitor that collects the facts: one for each worker.

use std::collections::HashMap;

use super::clusters::ClusterUse;
use super::counts::{ActionUse, Names};
use super::facts::{Facts, Use};
use super::issuance::{IssuedCredential, created_user, ended_password, issued_credential};
use super::session::Session;
use super::status::status_change;
use super::{Credential, EventPlace, Holder, Issuance, Via};
use crate::checksum::IndexedObjects;
use crate::coverage::{Coverage, FaultKind, RecordSkip};
use crate::decode::FoundRecord;
use crate::event::{AnyRecord, AuditRecord, AuditSettings, Cluster, Event, NoEvent, Record};
use crate::model::{Dimension, ObservedPrincipal, PrincipalKey, SharedTexts, Text, is_temporary_key};
use crate::observe::{Deduplicator, DuplicatesFound, Fingerprint, ObjectRecords, RecordPlace};
use crate::scan::{CurrentObject, ObjectContext, ObjectResult, Visitor, inner_path};
use crate::source::Archives;
use crate::time::Timestamp;

/// Collects the facts of what one worker reads.
pub(super) struct Tracer<'s> {
    number: u16,
    /// What is traced under each of its names, which may be an event id.
    wanted: &'s [String],
    archives: &'s Archives,
    deduplicator: &'s Deduplicator,
    indexed: &'s IndexedObjects,
    texts: SharedTexts,
    facts: Facts,
    rows: Rows,
    row_of: HashMap<RowKey, u32>,
    spare: Option<ObjectRecords>,
}

/// How often each access key did each action; the first row is of calls without a key.
type Rows = Vec<(Option<RowKey>, ActionUse)>;

/// An access key and an action, in one kind of log.
type RowKey = (Log, Text, Text);

/// A kind of log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Log {
    CloudTrail,
    Cluster,
}

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
            let Some((log, key, action)) = action else { continue };
            if let Some(copies) = found.copies_by_row.get(&(self.number, row)) {
                sum.count -= copies.count;
                sum.errors -= copies.failed;
            }
            let actions = match log {
                Log::CloudTrail => self.facts.uses.get_mut(&key).map(|known| &mut known.actions),
                Log::Cluster => self.facts.cluster_uses.get_mut(&key).map(|known| &mut known.actions),
            };
            if let Some(actions) = actions.filter(|_| sum.count > 0) {
                actions.insert(action, sum);
            }
        }
        self.facts
    }

    /// How many records of requests to clusters are copies, or other stages of one request.
    pub(super) fn copies_in_clusters(&self, found: &DuplicatesFound) -> u64 {
        let is_of_cluster = |action: &Option<RowKey>| matches!(action, Some((Log::Cluster, ..)));
        let rows = (0..).zip(&self.rows).filter(|(_, (action, _))| is_of_cluster(action));
        let copies = rows.filter_map(|(row, _)| found.copies_by_row.get(&(self.number, row)));
        copies.map(|copies| copies.count).sum()
    }
}

impl<'s> Tracer<'s> {
    pub(super) fn new(
        number: u16,
        wanted: &'s [String],
        archives: &'s Archives,
        (deduplicator, indexed): (&'s Deduplicator, &'s IndexedObjects),
    ) -> Self {
        Self {
            number,
            wanted,
            archives,
            deduplicator,
            indexed,
            texts: SharedTexts::default(),
            facts: Facts::default(),
            rows: vec![(None, ActionUse::default())],
            row_of: HashMap::new(),
            spare: None,
        }
    }

    /// Whether an event is wanted by its id.
    fn is_wanted(&self, id: Option<&str>) -> bool {
        id.is_some_and(|id| !id.is_empty() && self.wanted.iter().any(|wanted| wanted == id))
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
        let place = || place(event.time, record.event_id, found, context);
        let key = record.identity.access_key_id.filter(|key| !key.is_empty());
        let name = || format!("{}#{}", path(found, context), found.index_in_file);
        let issued = issued_credential(event, record, found.text, name);
        if self.is_wanted(record.event_id) {
            self.facts.has_met_event = true;
            let issued = issued.as_ref().map(|issued| issued.credential.clone());
            self.facts.of_event.extend(key.map(|key| Credential::Key(Text::from(key))).or(issued));
        }
        // A key leads to its session by itself, but not to that of a sign-in.
        let signs_in =
            issued.as_ref().is_some_and(|issued| matches!(issued.credential, Credential::SignIn(_)));
        let reads_session = signs_in || key.is_none();
        let mut issuance = |issued_to, via, expires| Issuance {
            event: place(),
            action: self.texts.get(&event.action()),
            account: self.texts.get(record.owner()),
            caller: holder(&mut self.texts, event, record),
            caller_key: key.map(|key| self.texts.get(key)),
            caller_session: reads_session.then(|| Session::of(found.text).created).flatten(),
            issued_to,
            issued_to_id: None,
            via,
            expires,
        };
        if let Some(IssuedCredential { credential, to, to_id, via, expires }) = issued {
            let issuance = issuance(to, via, expires);
            self.facts.add_issuance(credential, Issuance { issued_to_id: to_id, ..issuance });
        }
        if let Some([name, arn, id]) = created_user(event, record) {
            let creation = issuance(Some(arn), Via::Nothing, None);
            self.facts.add_user((creation.account.clone(), name, event.time, id), creation);
        }
        if let Some((changed, status)) = status_change(event, found.text) {
            let change = issuance(None, Via::Nothing, None);
            self.facts.status_changes.entry(changed).or_default().add(status, change);
        }
        if let Some(user) = ended_password(event, record, found.text) {
            self.facts.ended_passwords.insert((self.texts.get(record.owner()), user, event.time));
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
        self.count(Log::CloudTrail, key, event)
    }

    /// Counts an action; returns its row.
    fn count(&mut self, log: Log, key: Text, event: &Event<'_>) -> u32 {
        let action = (log, key, self.texts.get(&event.action()));
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

    /// Collects what one stage of a request to a cluster says of the access key behind it, if there is one.
    fn request(
        &mut self,
        part: &mut ObjectRecords,
        record: &AuditRecord<'_>,
        found: &FoundRecord<'_>,
        context: &ObjectContext<'_>,
    ) {
        let key = record.user.access_key_id.filter(|key| !key.is_empty());
        if self.is_wanted(record.audit_id) {
            (self.facts.has_met_event, self.facts.has_met_request) = (true, true);
            self.facts.of_event.extend(key.map(|key| Credential::Key(Text::from(key))));
        }
        let Some(key) = key else { return };
        let Cluster { account, name } = context.cluster(found);
        let name = name.or_else(|| self.archives.cluster(context.current.object.archive));
        let cluster = Cluster { account, name };
        let Ok(event) = record.interpret(cluster, AuditSettings::default()) else { return };
        let key = self.texts.get(key);
        let place = place(event.time, record.audit_id, found, context);
        let traits = record.traits(None);
        let network = Dimension::Network.value(&traits).map(|network| self.texts.get(&network));
        let user = record.user.arn.or(record.user.username).filter(|user| !user.is_empty());
        let [name, user] = [name, user].map(|text| text.map(|text| self.texts.get(text)));
        let known = self.facts.cluster_uses.entry(key.clone());
        let known = known.or_insert_with(|| ClusterUse::of(place.clone()));
        known.last = known.last.max(event.time);
        if place < known.first {
            known.first = place;
        }
        network.into_iter().for_each(|network| known.networks.add(network));
        name.into_iter().for_each(|name| known.clusters.add(name));
        user.into_iter().for_each(|user| known.users.add(user));
        let row = self.count(Log::Cluster, key, &event);
        if let Some(fingerprint) = Fingerprint::of_audit(record, cluster) {
            let place = RecordPlace { object: context.current.number, record: found.index_in_object };
            part.add(fingerprint, place, row, event.failed);
        }
    }
}

/// The path of the object, or of the file in it.
fn path(found: &FoundRecord<'_>, context: &ObjectContext<'_>) -> Text {
    let object = context.current.object;
    found.inner.map_or_else(|| object.path.clone(), |inner| inner_path(&object.path, inner))
}

/// The place of an event.
fn place(
    time: Timestamp,
    event_id: Option<&str>,
    found: &FoundRecord<'_>,
    context: &ObjectContext<'_>,
) -> EventPlace {
    EventPlace {
        time,
        event_id: Text::from(event_id.unwrap_or_default()),
        archive: context.current.object.archive,
        object: path(found, context),
        record: found.index_in_file,
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
            Ok(AnyRecord::Kubernetes(record)) => {
                self.request(part, record, found, context);
                return context.coverage.records.counted += 1;
            }
            Err(_) => return,
        };
        let skip = match record.interpret(PrincipalKey::Arn) {
            Ok(event) => {
                context.coverage.records.counted += 1;
                context.coverage.event_time(event.time);
                let row = self.event((&event, record), found, context);
                if let Some(fingerprint) = Fingerprint::of(record, found.text) {
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
