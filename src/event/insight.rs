//! Events of CloudTrail Insights: an unusual rate of calls or of errors. Not a single call, and so not an event.
//!
//! Sources: CloudTrail User Guide, "CloudTrail record contents for Insights events for trails" and "… for event data stores".

/// The relevant texts of an Insights record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Insight {
    /// `insightDetails.state`, in an event data store `insightState`: `Start` or `End`
    pub state: Option<String>,
    /// `insightDetails.insightType`, in an event data store `insightType`; for example `ApiCallRateInsight`
    pub insight_type: Option<String>,
    /// `insightDetails.eventSource`, in an event data store `insightEventSource`
    pub source: Option<String>,
    /// `insightDetails.eventName`, in an event data store `insightEventName`
    pub name: Option<String>,
    /// `insightDetails.errorCode`, in an event data store `insightErrorCode`
    pub error_code: Option<String>,
    /// The usual number of calls or errors a minute, in the record's own digits.
    pub usual_rate: Option<String>,
    /// The unusual number of calls or errors a minute.
    pub unusual_rate: Option<String>,
    /// The caller that contributed most.
    pub caller: Option<String>,
    /// The user agent that contributed most.
    pub user_agent: Option<String>,
}

impl Insight {
    /// `eventSource:eventName` of the unusual calls.
    pub fn action(&self) -> String {
        super::action_name(self.source.as_deref().unwrap_or("-"), self.name.as_deref().unwrap_or("-"))
    }

    /// A description of the event.
    ///
    /// ```
    /// use firstseen::event::Insight;
    ///
    /// let text = |text: &str| Some(text.to_owned());
    /// let insight = Insight {
    ///     state: text("Start"),
    ///     insight_type: text("ApiErrorRateInsight"),
    ///     usual_rate: text("0.02"),
    ///     unusual_rate: text("5.5"),
    ///     ..Insight::default()
    /// };
    /// assert_eq!(insight.detail(), "ApiErrorRateInsight Start: 5.5 a minute, usually 0.02");
    /// ```
    pub fn detail(&self) -> String {
        let mut detail = self.insight_type.clone().unwrap_or_else(|| "insight".to_owned());
        if let Some(state) = &self.state {
            detail.push(' ');
            detail.push_str(state);
        }
        if let Some(rate) = &self.unusual_rate {
            detail.push_str(&format!(": {rate} a minute"));
        }
        if let Some(rate) = &self.usual_rate {
            detail.push_str(&format!(", usually {rate}"));
        }
        detail
    }
}
