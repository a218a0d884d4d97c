//! Compiles drafts of rules.

use super::elements::{Elements, RuleDraft};
use super::expansion::{Caches, Expansion};
use crate::model::{Language, LogSource, Priority, RuleMetadata};
use crate::rules::budget::Budget;
use crate::rules::error::{Problems, RuleError};
use crate::rules::evaluate::tree::Condition;
use crate::rules::language::condition;
use crate::rules::language::output::Output;
use crate::rules::rule::Rule;

impl Elements {
    /// Compiles the enabled rules. An error in one rule does not affect the others.
    pub(in crate::rules) fn compile(&self, budget: &Budget, problems: &mut Problems) -> Vec<Rule> {
        let Problems { errors, warnings } = problems;
        let mut rules = Vec::new();
        let mut caches = Caches::default();
        for (name, draft) in &self.rules {
            match self.compiled(name, draft, (&mut caches, budget)) {
                Ok((rule, doubts)) if draft.enabled => {
                    rules.push(rule);
                    warnings.extend(doubts);
                }
                Ok(_) => {}
                Err(_) if !draft.enabled && draft.source.as_ref().is_some_and(|it| it.text == "syscall") => {}
                Err(error) => {
                    errors.push(RuleError { is_allowed: error.is_allowed && draft.may_be_left_out, ..error })
                }
            }
        }
        for (name, placed) in &self.macros {
            let checked = condition::parse(&placed.text).map(|_| ());
            errors.extend(
                checked.map_err(|flaw| placed.error(&format!("macro '{name}'"), "condition", flaw)).err(),
            );
        }
        rules
    }

    /// A rule, with warnings about it.
    fn compiled(
        &self,
        name: &str,
        draft: &RuleDraft,
        (caches, budget): (&mut Caches, &Budget),
    ) -> Result<(Rule, Vec<RuleError>), RuleError> {
        let title = format!("rule '{name}'");
        let source = source(draft, &title)?;
        let priority = Priority::from_falco(&draft.priority.text).ok_or_else(|| {
            let names = Priority::ALL.map(Priority::name).join(", ");
            let reason = format!("priority '{}' is none of {names}", draft.priority.text);
            draft.priority.wrong(&title, reason)
        })?;
        let mut filling = Expansion::new(self, source, (caches, budget));
        let parsed = condition::parse(&draft.condition.text);
        let filled = parsed.and_then(|expression| filling.condition(&expression));
        let in_condition = |flaw| draft.condition.error(&title, "condition", flaw);
        let mut parts = vec![filled.map_err(in_condition)?];
        let mut warnings: Vec<RuleError> = filling.take_warnings().into_iter().map(in_condition).collect();
        for exception in &draft.exceptions {
            let in_exception = |flaw| exception.error(&title, flaw);
            let filled = filling.exception(exception).map_err(in_exception)?;
            parts.push(Condition::Not(Box::new(filled)));
            let doubts = exception.doubt().into_iter().chain(filling.take_warnings());
            warnings.extend(doubts.map(in_exception));
        }
        let output = Output::parse(&draft.output.text, source);
        let output = output.map_err(|flaw| draft.output.error(&title, "output", flaw))?;
        let metadata = RuleMetadata {
            name: name.into(),
            id: Box::default(),
            priority,
            tags: draft.tags.iter().map(|tag| tag.as_str().into()).collect(),
            source,
            description: draft.description.split_whitespace().collect::<Vec<_>>().join(" ").into(),
            language: Language::Falco,
            output: output.parts.clone(),
            reports: true,
            correlated: Vec::new(),
            correlation: None,
        };
        Ok((Rule::new(metadata, Condition::All(parts), output), warnings))
    }
}

/// The log source of a rule.
fn source(draft: &RuleDraft, title: &str) -> Result<LogSource, RuleError> {
    let Some(source) = &draft.source else {
        // In Falco this is a rule about system calls.
        let reason = "it has no source; write aws_cloudtrail or k8s_audit";
        return Err(RuleError::new(&draft.file, draft.line, Some(title.to_owned()), reason));
    };
    match &*source.text {
        "aws_cloudtrail" => Ok(LogSource::CloudTrail),
        "k8s_audit" => Ok(LogSource::Kubernetes),
        other => {
            let reason = format!("source '{other}' is none of aws_cloudtrail and k8s_audit");
            Err(source.wrong(title, reason))
        }
    }
}
