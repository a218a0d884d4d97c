//! Which findings belong to which incidents. There may be tens of thousands of each: whom an incident names is looked up once for each
//! principal with findings, and only findings of those whom it names, in its time, are looked at.

use std::collections::{BTreeMap, HashMap};

use super::enumerated::EnumeratedFinding;
use super::{IncidentPart, KnownIncident};
use crate::model::ObservedPrincipal;
use crate::query::filter::principal_names;

/// Finds the findings of incidents.
pub(super) struct Members<'e> {
    principals: &'e [ObservedPrincipal],
    /// In order.
    findings: &'e [EnumeratedFinding],
    /// By principal the indices of its findings, in order.
    of_principal: BTreeMap<u32, Vec<u32>>,
    /// By name the principals with findings that have it.
    of_name: HashMap<&'e str, Vec<u32>>,
    /// By account and pattern the principals with findings that incidents meant by them.
    meant: HashMap<(Option<String>, Option<String>), Vec<u32>>,
}

impl<'e> Members<'e> {
    pub(super) fn new(principals: &'e [ObservedPrincipal], findings: &'e [EnumeratedFinding]) -> Self {
        let mut of_principal: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (index, finding) in (0..).zip(findings) {
            of_principal.entry(finding.principal).or_default().push(index);
        }
        let mut of_name: HashMap<&str, Vec<u32>> = HashMap::new();
        for who in of_principal.keys() {
            for name in principal_names(&principals[*who as usize]) {
                of_name.entry(name).or_default().push(*who);
            }
        }
        Self { principals, findings, of_principal, of_name, meant: HashMap::new() }
    }

    /// The indices of the findings that belong to an incident, in order.
    pub(super) fn of(&mut self, incident: &KnownIncident) -> Vec<u32> {
        let mut members: Vec<u32> = incident.parts.iter().flat_map(|part| self.of_part(part)).collect();
        members.sort_unstable();
        members.dedup();
        members
    }

    /// The same for a part of an incident, in any order.
    fn of_part(&mut self, part: &IncidentPart) -> Vec<u32> {
        let key = (part.account.clone(), part.principal.as_ref().map(|pattern| pattern.as_str().to_owned()));
        if !self.meant.contains_key(&key) {
            let meant = self.meant_by(part);
            self.meant.insert(key.clone(), meant);
        }
        let (from, to) = part.times();
        let in_time = |who: &u32| {
            let own = &self.of_principal[who];
            let start = own.partition_point(|index| self.findings[*index as usize].time < from);
            let end = own.partition_point(|index| self.findings[*index as usize].time <= to);
            &own[start..end.max(start)]
        };
        let covers = |index: &&u32| {
            let finding = &self.findings[**index as usize];
            part.covers(finding.kind, finding.time)
        };
        self.meant[&key].iter().flat_map(in_time).filter(covers).copied().collect()
    }

    /// The principals with findings that may be the one of a part.
    fn meant_by(&self, part: &IncidentPart) -> Vec<u32> {
        let is_meant = |who: &&u32| part.is_by(&self.principals[**who as usize]);
        match part.principal.as_ref().and_then(|pattern| pattern.literal()) {
            Some(name) => {
                let named = self.of_name.get(name).into_iter().flatten();
                let mut meant: Vec<u32> = named.filter(is_meant).copied().collect();
                // A principal may have a name twice, as key and as ARN.
                meant.dedup();
                meant
            }
            None => self.of_principal.keys().filter(is_meant).copied().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::PrincipalKind;
    use crate::query::tune::Keep;
    use crate::query::{FindingKind, Pattern};
    use crate::time::Timestamp;

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_seconds(hour * 3600 + 120)
    }

    fn principal(account: &str, key: &str, arn: Option<&str>) -> ObservedPrincipal {
        ObservedPrincipal {
            account: account.into(),
            key: key.into(),
            kind: PrincipalKind::User,
            arn: arn.map(Into::into),
        }
    }

    fn finding(hour: i64, principal: u32, kind: FindingKind) -> EnumeratedFinding {
        EnumeratedFinding {
            time: at(hour),
            known_micros: 0,
            gap_micros: None,
            principal,
            action: 0,
            day: 0,
            kind,
            read_only: false,
        }
    }

    /// Whatever incidents name, their findings are those that a look at every finding gives.
    #[test]
    fn findings_of_incidents_are_those_that_fit_them_one_by_one() {
        let principals = [
            principal("1", "AIDAEVA", Some("arn:aws:iam::1:user/eva")),
            principal("1", "arn:aws:iam::1:user/bob", Some("arn:aws:iam::1:user/bob")),
            principal("2", "arn:aws:iam::2:user/team/bob", None),
            principal("2", "arn:aws:iam::2:user/idle", None),
        ];
        let kinds = [FindingKind::NewAction, FindingKind::ReturningAction];
        let findings: Vec<EnumeratedFinding> =
            (0..60).map(|hour| finding(hour, (hour % 3) as u32, kinds[hour as usize % 2])).collect();
        let mut members = Members::new(&principals, &findings);
        let names = [
            None,
            Some("*"),
            Some("bob"),
            Some("BOB"),
            Some("*/bob"),
            Some("eva"),
            Some("AIDAEVA"),
            Some("arn:aws:iam::1:user/bob"),
            Some("idle"),
        ];
        let mut found = 0;
        for name in names {
            for account in [None, Some("1"), Some("2"), Some("3")] {
                for (from, to) in [(0, 60), (3, 3), (10, 20), (20, 10), (70, 80)] {
                    let part = |from: i64, to: i64| IncidentPart {
                        from: Timestamp::from_seconds(from * 3600 + 180),
                        to: at(to),
                        account: account.map(str::to_owned),
                        principal: name.map(|name| name.parse::<Pattern>().unwrap()),
                    };
                    let parts = vec![part(from, to), part(from + 1, to + 5)];
                    let fits = |one: &EnumeratedFinding| {
                        let who = &principals[one.principal as usize];
                        parts.iter().any(|part| part.covers(one.kind, one.time) && part.is_by(who))
                    };
                    let one_by_one: Vec<u32> =
                        (0..).zip(&findings).filter(|(_, one)| fits(one)).map(|(index, _)| index).collect();
                    let name = String::new();
                    let of = members.of(&KnownIncident { name, parts, keep: Keep::default() });
                    assert_eq!(of, one_by_one);
                    found += of.len();
                }
            }
        }
        assert!(found > 500, "{found}");
    }
}
