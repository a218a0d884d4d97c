//! Turns the records of one object into sightings.

use std::borrow::Cow;

use super::learner::Learner;
use super::part::ObjectPart;
use super::stage_matches::RuleMatches;
use super::stages::{RequestKey, StageDecision};
use super::tap::evidence_of;
use super::{EventTap, LearnSettings, LearntEvent};
use crate::baseline::{Moment, SightingPlace, SightingRef};
use crate::coverage::{FaultKind, RecordSkip, Remark, UNNAMED_CLUSTER};
use crate::decode::{self, FoundRecord};
use crate::event::{
    AnyRecord, AuditRecord, AuditSettings, Cluster, Event, LoggingCall, NoEvent, Record,
    is_of_aggregated_server,
};
use crate::model::{Evidence, ObservedPrincipal, PrincipalKind, Stage, Text};
use crate::observe::{ActionId, Fingerprint, PrincipalId, RecordPlace};
use crate::scan::ObjectContext;
use crate::source::ReadWindow;
use crate::time::{TimeForm, Timestamp};

/// One object, or a piece of it, while its records are learnt from.
pub(super) struct ObjectLearner<'t, 'r, 's, T> {
    pub(super) learner: &'t mut Learner<'s, T>,
    pub(super) part: &'t mut ObjectPart,
    pub(super) context: &'t mut ObjectContext<'r>,
}

impl<'r, 's, T: EventTap> ObjectLearner<'_, 'r, 's, T> {
    /// Learns from a record.
    pub(super) fn record(&mut self, found: &FoundRecord<'_>) {
        match found.record {
            Ok(AnyRecord::CloudTrail(record)) => self.learn_cloudtrail(record, found),
            Ok(AnyRecord::Kubernetes(record)) => self.learn_kubernetes(record, found),
            // The scan has counted it.
            Err(_) => {}
        }
    }

    fn learn_cloudtrail(&mut self, record: &Record<'_>, found: &FoundRecord<'_>) {
        // Matched by reference, since an event is too large to be moved for each record.
        let skip = match &record.interpret(self.learner.settings.principal_key) {
            Ok(event) => {
                let fingerprint = || Fingerprint::of(record, found.text);
                let Some(pair) = self.learn_event(event, found, AnyRecord::CloudTrail(record), fingerprint)
                else {
                    return;
                };
                if !self.learner.settings.dimensions.is_empty() {
                    self.learn_values(pair, event, AnyRecord::CloudTrail(record), found);
                }
                if event.principal.kind == PrincipalKind::Root && record.is_root_activity() {
                    self.learn_root_event(event, record, found);
                }
                if let Some(call) = LoggingCall::of(event.source, &event.name) {
                    self.learn_logging_change(call, event, record, found);
                }
                if self.learner.matcher.is_some() {
                    let matches = self.rule_matches(event.time, found, |matcher| {
                        matcher.of_action(pair.1.0, event.source, &event.name)
                    });
                    self.add_hits(Some(pair), event, found, matches);
                }
                return;
            }
            Err(NoEvent::BadTime) => return self.fault_time("eventTime", record.event_time, found),
            Err(NoEvent::Insight) => return self.learn_insight(record, found),
            Err(NoEvent::Aggregated) => RecordSkip::Aggregated,
            Err(NoEvent::Notification) => RecordSkip::Notification,
            Err(NoEvent::NoAction) => RecordSkip::NoAction,
        };
        *self.context.coverage.records.skipped.entry(skip).or_default() += 1;
    }

    fn learn_kubernetes(&mut self, record: &AuditRecord<'_>, found: &FoundRecord<'_>) {
        if !record.may_be_aggregated() || self.is_of_aggregated_server(found) {
            return self.learn_stage(record, found);
        }
        if self.part.aggregated.is_full() {
            self.finish_aggregated();
        }
        let matches = self.matches_of_stage(record, found);
        if !self.part.aggregated.waits(record, found, matches.iter().map(|(rule, _)| *rule)) {
            self.learn_matched_stage(record, found, matches);
        }
    }

    /// Learns from the records that wait, but for those of which another is there.
    fn finish_aggregated(&mut self) {
        let aggregated = std::mem::take(&mut self.part.aggregated);
        let copies = aggregated.finish(|record, found| self.learn_stage(record, found));
        if copies > 0 {
            *self.context.coverage.records.skipped.entry(RecordSkip::AggregatedCopy).or_default() += copies;
        }
    }

    /// Whether the path of a log says that an aggregated server wrote it.
    fn is_of_aggregated_server(&self, found: &FoundRecord<'_>) -> bool {
        let object = self.context.current.object;
        let archive =
            object.archive.checked_sub(1).and_then(|at| self.learner.archives.names().get(at as usize));
        let paths = [Some(&*object.path), found.inner, archive.map(String::as_str)];
        paths.into_iter().flatten().any(is_of_aggregated_server)
    }

    fn learn_stage(&mut self, record: &AuditRecord<'_>, found: &FoundRecord<'_>) {
        let matches = self.matches_of_stage(record, found);
        self.learn_matched_stage(record, found, matches);
    }

    fn learn_matched_stage(
        &mut self,
        record: &AuditRecord<'_>,
        found: &FoundRecord<'_>,
        matches: RuleMatches,
    ) {
        let request = RequestKey::of(record);
        let decision = self.part.stages.decide(request.as_ref(), record.stage(), found);
        if matches!(decision, StageDecision::Drop | StageDecision::LearnAndDropEarlier) {
            *self.context.coverage.records.skipped.entry(RecordSkip::Stage).or_default() += 1;
        }
        self.keep_matches(record, found, matches, (request, decision));
        if matches!(decision, StageDecision::Learn | StageDecision::LearnAndDropEarlier) {
            self.learn_request(record, found);
        }
    }

    /// Learns from the records that waited, and from the requests whose last stage is missing. Call it when all records were visited.
    pub(super) fn finish(&mut self) {
        self.finish_aggregated();
        std::mem::take(&mut self.part.stages).finish(|record, found| self.learn_request(record, found));
    }

    fn learn_request(&mut self, record: &AuditRecord<'_>, found: &FoundRecord<'_>) {
        if record.may_be_aggregated() && self.is_of_aggregated_server(found) {
            let addresses = decode::source_addresses(found.text);
            // The last is that of the API server.
            if let [.., client, _] = &addresses[..] {
                return self.learn_from(&AuditRecord { source_ip: Some(client), ..record.clone() }, found);
            }
        }
        self.learn_from(record, found);
    }

    fn learn_from(&mut self, record: &AuditRecord<'_>, found: &FoundRecord<'_>) {
        let cluster = self.cluster(found);
        self.part.clusters.add(cluster.name.unwrap_or(UNNAMED_CLUSTER));
        let LearnSettings { principal_key: key, namespace_in_key, .. } = *self.learner.settings;
        match record.interpret(cluster, AuditSettings { key, namespace_in_key }) {
            Ok(event) => {
                let fingerprint = || Fingerprint::of_audit(record, cluster);
                if let Some(pair) =
                    self.learn_event(&event, found, AnyRecord::Kubernetes(record), fingerprint)
                {
                    // The first stage may be of another principal's request, and its error is only that the others are missing.
                    let is_whole = record.stage() != Stage::Received;
                    if is_whole && !self.learner.settings.dimensions.is_empty() {
                        self.learn_values(pair, &event, AnyRecord::Kubernetes(record), found);
                    }
                    let matches = self.part.matches.take(record);
                    self.add_hits(Some(pair), &event, found, matches);
                }
            }
            Err(NoEvent::BadTime) => self.fault_time("requestReceivedTimestamp", record.received, found),
            Err(_) => *self.context.coverage.records.skipped.entry(RecordSkip::NoAction).or_default() += 1,
        }
    }

    /// The cluster of an audit event, from its carrier or its path, else the one given with its archive or for the run.
    pub(super) fn cluster<'f>(&self, found: &FoundRecord<'f>) -> Cluster<'f>
    where
        'r: 'f,
        's: 'f,
    {
        let Cluster { account, name } = self.context.cluster(found);
        let of_archive = || self.learner.archives.cluster(self.context.current.object.archive);
        let of_run = || self.learner.settings.cluster.as_deref();
        Cluster { account, name: name.or_else(of_archive).or_else(of_run) }
    }

    /// An event found by CloudTrail Insights.
    fn learn_insight(&mut self, record: &Record<'_>, found: &FoundRecord<'_>) {
        let Some((time, form)) = record.time() else {
            return self.fault_time("eventTime", record.event_time, found);
        };
        self.count_time_form(form);
        if !is_in_window(&self.learner.settings.window, time) {
            self.context.coverage.records.filtered += 1;
            return;
        }
        *self.context.coverage.records.skipped.entry(RecordSkip::Insight).or_default() += 1;
        let insight = decode::insight(found.text);
        let named = |text: Option<&str>| text.filter(|text| !text.is_empty()).unwrap_or("-").into();
        let who = ObservedPrincipal {
            account: named(record.recipient_account),
            key: named(insight.caller.as_deref()),
            kind: PrincipalKind::Unknown,
            arn: None,
        };
        let evidence = Evidence {
            error_code: insight.error_code.as_deref().map(Cow::Borrowed),
            user_agent: insight.user_agent.as_deref(),
            detail: Some(Cow::Owned(insight.detail())),
            event_id: record.event_id.unwrap_or_default(),
            region: record.region,
            // It is not about a single call, so there is no caller's address or key.
            ..Evidence::default()
        };
        let moment = Moment { time, failed: insight.error_code.is_some() };
        let place = self.part.inner.place(self.context, found);
        let sighting = SightingRef { moment, place, read_only: None, evidence };
        self.learner.builder.add_insight(who, &insight.action(), &sighting);
    }

    /// An event of a root user.
    fn learn_root_event(&mut self, event: &Event<'_>, record: &Record<'_>, found: &FoundRecord<'_>) {
        let assumed = record.identity.assumed_root == Some(true);
        let detail = assumed.then_some(Cow::Borrowed("session of AssumeRoot"));
        let evidence = Evidence { detail, ..evidence_of(AnyRecord::CloudTrail(record), found.text) };
        let sighting = sighting_of(event, self.part.inner.place(self.context, found), evidence);
        let (who, account) = (|| observed_principal(event), event.principal.account);
        self.learner.builder.add_root_event(who, account, &event.action(), &sighting);
    }

    /// A call that may change what is logged.
    #[cold]
    fn learn_logging_change(
        &mut self,
        call: LoggingCall,
        event: &Event<'_>,
        record: &Record<'_>,
        found: &FoundRecord<'_>,
    ) {
        let request = decode::logging_request(call, found.text);
        let Some(effect) = request.effect(call) else { return };
        let detail = Some(Cow::Owned(request.detail()));
        let evidence = Evidence { detail, ..evidence_of(AnyRecord::CloudTrail(record), found.text) };
        let sighting = sighting_of(event, self.part.inner.place(self.context, found), evidence);
        let (who, change) = (observed_principal(event), (effect, request.target.as_deref()));
        self.learner.builder.add_logging_change(who, &event.action(), &sighting, change);
    }

    /// Learns from an event if it lies in the window; then returns the numbers of its principal and action.
    fn learn_event(
        &mut self,
        event: &Event<'_>,
        found: &FoundRecord<'_>,
        record: AnyRecord<'_>,
        fingerprint: impl FnOnce() -> Option<Fingerprint>,
    ) -> Option<(PrincipalId, ActionId)> {
        self.count_time_form(event.time_form);
        if !is_in_window(&self.learner.settings.window, event.time) {
            self.context.coverage.records.filtered += 1;
            return None;
        }
        self.context.coverage.records.counted += 1;
        self.part.event_time(event.time);
        let pair = self.learner.observer.observe(event);
        let place = self.part.inner.place(self.context, found);
        let evidence = || sighting_of(event, place, evidence_of(record, found.text));
        let fingerprint = fingerprint();
        let builder = &mut self.learner.builder;
        let row = match fingerprint {
            Some(received) if received.is_received() => {
                builder.add_received(observed_principal(event), &event.action(), &evidence(), received)
            }
            _ => builder.add(pair, moment_of(event), evidence),
        };
        let (principal, action) = pair;
        let delivered = self.context.current.object.delivered.map(Timestamp::day);
        let text = found.text;
        let seen = LearntEvent { principal, action, event, record, text, place, fingerprint, delivered };
        self.learner.tap.event(&seen);
        if let Some(created) = &event.creation {
            // Under its unique id, too: a name can be given again.
            let unique_id = created.identity_link.map(|link| link.unique_id);
            for key in [Some(&*created.key), unique_id].into_iter().flatten() {
                self.learner.builder.add_creation(created.account, key, event.time);
            }
        }
        if let Some(fingerprint) = fingerprint {
            let place = RecordPlace { object: self.context.current.number, record: found.index_in_object };
            self.part.object_records.add(fingerprint, place, row.0, event.failed);
        }
        Some(pair)
    }

    /// Counts a time that is not in the usual form.
    #[inline]
    fn count_time_form(&mut self, form: TimeForm) {
        let remark = match form {
            TimeForm::Usual => return,
            TimeForm::Other => Remark::TimeForm,
            TimeForm::WithoutZone => Remark::TimeWithoutZone,
        };
        *self.context.coverage.records.remarks.entry(remark).or_default() += 1;
    }

    fn fault_time(&mut self, field: &str, text: Option<&str>, found: &FoundRecord<'_>) {
        let detail = match text {
            Some(text) => format!("{field} '{text}' is not a time"),
            None => format!("no {field}"),
        };
        self.context.faulty(FaultKind::RecordTime, found, &detail);
    }
}

/// The principal to keep.
pub(super) fn observed_principal(event: &Event<'_>) -> ObservedPrincipal {
    let who = &event.principal;
    ObservedPrincipal {
        account: who.account.into(),
        key: (&*who.key).into(),
        kind: who.kind,
        arn: who.arn.as_deref().map(Text::from),
    }
}

/// The time and result of an event.
pub(super) fn moment_of(event: &Event<'_>) -> Moment {
    Moment { time: event.time, failed: event.failed }
}

/// The sighting of an event, with its record's place and evidence.
pub(super) fn sighting_of<'e>(
    event: &Event<'_>,
    place: SightingPlace<'e>,
    evidence: Evidence<'e>,
) -> SightingRef<'e> {
    SightingRef { moment: moment_of(event), place, read_only: event.read_only, evidence }
}

/// Whether a time lies in the learning window.
pub(super) fn is_in_window(window: &ReadWindow, time: Timestamp) -> bool {
    window.read_from.is_none_or(|read_from| time >= read_from)
        && window.read_to.is_none_or(|read_to| time <= read_to)
}
