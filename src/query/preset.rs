//! Presets: named sets of settings that emulate other products.
//!
//! Each set cites the source of its values. Behaviour that these settings cannot express is in `docs/method.md`, "Presets".

use crate::model::{PrincipalKey, PrincipalKind};
use crate::names::named;
use crate::query::{Anchor, Filter, FindingKind, Question};
use crate::time::Span;

named! {
    /// A product to emulate.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Preset {
        /// Netflix's `cloudtrail-anomaly` with the 90 days of its sample configuration.
        Netflix90 = "netflix-90",
        /// Splunk's Enterprise Security Content Update, "Cloud API Calls From Previously Unseen User Roles".
        Escu = "escu",
        /// Elastic's new-terms rules with a history of ten days.
        Elastic10d = "elastic-10d",
        /// Datadog's new-value rules at their longest common learning and forgetting.
        Datadog = "datadog",
        /// Sumo Logic's first-seen rules at their defaults.
        Sumo = "sumo",
    }
}

/// The settings of a preset. All others are unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PresetValues {
    /// How long a principal must have been known.
    pub warmup: Span,
    /// After this long without a sighting, a behaviour counts as new again.
    pub forget: Span,
    /// Where the warmup clock starts.
    pub anchor: Anchor,
    /// What identifies a principal.
    pub principal_key: PrincipalKey,
    /// Kinds of findings; none of the products has a separate alert for a new principal.
    pub report: &'static [FindingKind],
    /// Kinds of principals that are reported; all, if empty.
    pub kinds: &'static [PrincipalKind],
    /// Whether failed calls do not count as sightings.
    pub only_success: bool,
}

const SIGHTINGS: &[FindingKind] = &[FindingKind::NewAction, FindingKind::ReturningAction];
const ROLES: &[PrincipalKind] =
    &[PrincipalKind::SsoRole, PrincipalKind::ServiceLinkedRole, PrincipalKind::Role];
const ROLES_OF_PEOPLE: &[PrincipalKind] = &[PrincipalKind::SsoRole, PrincipalKind::Role];

impl Preset {
    /// The settings of this preset.
    pub const fn values(self) -> PresetValues {
        match self {
            Self::Netflix90 => netflix_90(),
            Self::Escu => escu(),
            Self::Elastic10d => elastic_10d(),
            Self::Datadog => learning(7, 28),
            Self::Sumo => learning(30, 90),
        }
    }
}

impl PresetValues {
    /// The question with these values, for a baseline learnt with [`PresetValues::principal_key`].
    ///
    /// ```
    /// use firstseen::query::Preset;
    ///
    /// let question = Preset::Netflix90.values().question();
    /// assert_eq!(question.warmup.to_string(), "90d");
    /// assert_eq!(question.forget, Some(question.warmup));
    /// ```
    pub fn question(&self) -> Question {
        Question {
            warmup: self.warmup,
            forget: Some(self.forget),
            anchor: self.anchor,
            report: self.report.to_vec(),
            only_success: self.only_success,
            filter: Filter { kinds: self.kinds.to_vec(), ..Filter::default() },
            ..Question::default()
        }
    }
}

/// `Netflix-Skunkworks/cloudtrail-anomaly`, `cloudtrail_anomaly/cli.py`: role sessions by the role's unique id, any
/// outcome; one `dayThreshold` (90 in the README) is the age of the role and the life of a table row, which every
/// sighting renews; service-linked roles are learnt but not reported.
const fn netflix_90() -> PresetValues {
    PresetValues {
        warmup: Span::days(90),
        forget: Span::days(90),
        anchor: Anchor::Created,
        principal_key: PrincipalKey::Id,
        report: SIGHTINGS,
        kinds: ROLES_OF_PEOPLE,
        only_success: false,
    }
}

/// `splunk/security_content`, `baselines/previously_seen_cloud_api_calls_per_user_role___update.yml`: successful calls
/// of assumed roles; quiet until the oldest entry of the whole table is seven days old; the forget window is the
/// macro `previously_seen_cloud_api_calls_per_user_role_forget_window`, 90 days.
const fn escu() -> PresetValues {
    PresetValues {
        warmup: Span::days(7),
        forget: Span::days(90),
        anchor: Anchor::Archive,
        principal_key: PrincipalKey::Arn,
        report: SIGHTINGS,
        kinds: ROLES,
        only_success: true,
    }
}

/// `elastic/detection-rules`, `rules/integrations/aws`: `history_window_start = now-10d`, `event.outcome: success`, for
/// example `discovery_new_terms_sts_getcalleridentity.toml`. A rule has no warmup; here it is quiet for the first ten
/// days of the archive, which are only history.
const fn elastic_10d() -> PresetValues {
    PresetValues {
        warmup: Span::days(10),
        forget: Span::days(10),
        anchor: Anchor::Archive,
        principal_key: PrincipalKey::Arn,
        report: SIGHTINGS,
        kinds: ROLES,
        only_success: true,
    }
}

/// Rules that learn each principal for some days and then report, regardless of principal and outcome. Datadog:
/// `learningDuration` 0, 1 or 7, `forgetAfter` 1 to 28 days (API, `SecurityMonitoringRuleNewValueOptions`). Sumo Logic:
/// baseline learning period 30 days, retention 90 days by default (Cloud SIEM, "Write a First Seen rule").
const fn learning(warmup: u32, forget: u32) -> PresetValues {
    PresetValues {
        warmup: Span::days(warmup),
        forget: Span::days(forget),
        anchor: Anchor::Principal,
        principal_key: PrincipalKey::Arn,
        report: SIGHTINGS,
        kinds: &[],
        only_success: false,
    }
}
