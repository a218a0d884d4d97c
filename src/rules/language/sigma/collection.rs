//! All Sigma rules of a set together: copies, ids, and the rules that correlations refer to.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::correlation::{self, BaseFields, BaseNames};
use super::{SetContext, SigmaError, field as names, metadata, rule, wrong};
use crate::checksum::Checksum;
use crate::model::{BaseRule, Correlation, RuleMetadata};
use crate::rules::error::{Problems, RuleError, similar};
use crate::rules::evaluate::field::Field;
use crate::rules::rule::Rule;
use crate::yaml::{Node, Yaml};

/// The keys that say what a rule finds and how severe that is. Copies of a rule agree in them.
const CONTENT: [&str; 7] = ["title", "name", "logsource", "detection", "correlation", "generate", "level"];

/// Number of digits of a checksum that serve as the id of a rule without one.
const ID_DIGITS: usize = 16;

/// A rule or a correlation as read.
struct Entry<'y> {
    file: &'y str,
    document: &'y Yaml,
    id: Box<str>,
    /// The name by which correlations may refer to it.
    name: Option<&'y str>,
    content: String,
    /// The rule, if it is about single events and can be used.
    rule: Option<Rule>,
    /// Fields whose values correlations need.
    fields: Vec<(Box<str>, Field)>,
    role: Role,
}

/// What the matches of a rule are for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Role {
    /// To be reported.
    #[default]
    Reported,
    /// For correlations only.
    Counted,
    /// For correlations, one of which lets the rule report its own matches, too.
    CountedAndReported,
}

impl Role {
    /// The role of a rule that one more correlation counts.
    fn counted(self, generates: bool) -> Self {
        if generates || self == Self::CountedAndReported { Self::CountedAndReported } else { Self::Counted }
    }
}

/// Compiles the rules of these files. An error in one rule does not affect the others, except that a correlation needs its
/// rules, and that the rules of correlations report nothing of their own, unless one says `generate: true`.
pub(in crate::rules) fn rules(
    files: &[(&str, Vec<Yaml>)],
    context: SetContext<'_>,
    problems: &mut Problems,
) -> Vec<Rule> {
    let mut collection = Collection::default();
    for (file, documents) in files {
        for document in documents.iter().filter(|document| !document.is_null()) {
            collection.add((file, document), context, problems);
        }
    }
    collection.correlate(problems);
    let Collection { entries, correlations, .. } = collection;
    let single = entries.into_iter().filter_map(|entry| {
        let rule = entry.rule?;
        Some(match entry.role {
            Role::Reported => rule,
            Role::Counted => rule.for_correlations(entry.fields, false),
            Role::CountedAndReported => rule.for_correlations(entry.fields, true),
        })
    });
    single.chain(correlations).collect()
}

#[derive(Default)]
struct Collection<'y> {
    entries: Vec<Entry<'y>>,
    of_id: BTreeMap<Box<str>, usize>,
    correlations: Vec<Rule>,
}

impl<'y> Collection<'y> {
    fn add(
        &mut self,
        (file, document): (&'y str, &'y Yaml),
        context: SetContext<'_>,
        problems: &mut Problems,
    ) {
        let text = |key: &str| document.get(key).and_then(Yaml::text);
        let mut content = String::new();
        for key in CONTENT {
            write_value(document.get(key), &mut content);
        }
        let digest = || Checksum::of(content.as_bytes()).to_string()[..ID_DIGITS].into();
        let own_id = text("id").map(str::trim).filter(|id| !id.is_empty() && !id.contains(char::is_control));
        let id: Box<str> = own_id.map_or_else(digest, Box::from);
        let is_correlation = document.get("correlation").is_some();
        let compiled = (!is_correlation).then(|| rule(document, &id, context)).transpose();
        let compiled = compiled.map_err(|flaw| problems.errors.push(error(file, document, flaw)));
        let known = self.of_id.get(&id).map(|known| &self.entries[*known]);
        // A document that cannot be used is a copy of none: what it lacks, others may lack, too.
        if let (Ok(_), Some(known)) = (&compiled, known.filter(|known| known.is_usable())) {
            if known.content != content {
                let place = format!("{}, line {}", known.file, known.document.line);
                let reason = format!("another rule has the same id, {id}: {place}; give each its own");
                problems.errors.push(error(file, document, wrong(document, reason)));
            }
            return;
        }
        if compiled.is_err() && known.is_some() {
            return;
        }
        let (rule, warnings) = compiled.ok().flatten().unzip();
        let warnings = warnings.into_iter().flatten().map(|doubt| error(file, document, doubt));
        problems.warnings.extend(warnings);
        if let Some(broken) = self.of_id.insert(id.clone(), self.entries.len()) {
            self.entries[broken].name = None;
        }
        self.entries.push(Entry {
            file,
            document,
            id,
            name: text("name").map(str::trim).filter(|name| !name.is_empty()),
            content,
            rule,
            fields: Vec::new(),
            role: Role::default(),
        });
    }

    /// Compiles the correlations.
    fn correlate(&mut self, problems: &mut Problems) {
        let mut of_name: HashMap<&str, Vec<usize>> = HashMap::new();
        for (number, entry) in self.entries.iter().enumerate() {
            if let Some(name) = entry.name {
                of_name.entry(name).or_default().push(number);
            }
        }
        for number in 0..self.entries.len() {
            let document = self.entries[number].document;
            let Some(section) = document.get("correlation") else { continue };
            let file = self.entries[number].file;
            match self.compile(number, section, &of_name) {
                Ok(doubts) => {
                    let doubts = doubts.into_iter().map(|doubt| error(file, document, doubt));
                    problems.warnings.extend(doubts);
                }
                Err(flaw) => problems.errors.push(error(file, document, flaw)),
            }
        }
    }

    /// Compiles a correlation. Returns warnings.
    fn compile(
        &mut self,
        number: usize,
        section: &'y Yaml,
        of_name: &HashMap<&str, Vec<usize>>,
    ) -> Result<Vec<SigmaError>, SigmaError> {
        let Entry { document, file, .. } = self.entries[number];
        if let Some(detection) = document.get("detection") {
            let reason =
                "it has both 'detection' and 'correlation'; write two rules, and name the one in the other";
            return Err(wrong(detection, reason));
        }
        let generates = correlation::generates(document, section)?;
        let found = self.bases(section, file, of_name)?;
        let names: Vec<BaseNames<'_>> = found.iter().map(|base| self.entries[*base].names()).collect();
        let draft = correlation::parse(section, &names)?;
        let source = self.entries[found[0]].rule.as_ref().map(|rule| rule.metadata().source);
        let source = source.ok_or_else(|| wrong(section, "correlation names no rules"))?;
        let mut doubts = draft.doubts;
        for (base, fields) in found.iter().zip(&draft.fields) {
            self.entries[*base].check_fields(fields, section, &mut doubts)?;
        }
        let metadata = metadata(document, &self.entries[number].id, source)?;
        // The correlation can be used. Of one that cannot, the rules report by themselves.
        let mut bases = Vec::new();
        for (base, fields) in found.iter().zip(&draft.fields) {
            let entry = &mut self.entries[*base];
            entry.role = entry.role.counted(generates);
            bases.extend(entry.base(fields));
        }
        self.correlations.push(Rule::of_correlation(RuleMetadata {
            correlation: Some(Correlation { rules: bases, ..draft.correlation }),
            ..metadata
        }));
        Ok(doubts)
    }

    /// The rules of a correlation: each once, about single events, and such that it can be used.
    fn bases(
        &self,
        section: &Yaml,
        file: &str,
        of_name: &HashMap<&str, Vec<usize>>,
    ) -> Result<Vec<usize>, SigmaError> {
        let references = correlation::references(section)?;
        let found = references
            .iter()
            .map(|reference| self.find(reference, file, of_name))
            .collect::<Result<Vec<usize>, SigmaError>>()?;
        let mut seen = HashSet::new();
        if let Some(at) = found.iter().position(|base| !seen.insert(*base)) {
            return Err(wrong(&references[at], "correlation names a rule twice"));
        }
        for (reference, base) in references.iter().zip(&found) {
            let entry = &self.entries[*base];
            let text = reference.text().unwrap_or_default();
            if entry.document.get("correlation").is_some() {
                let reason = format!(
                    "'{text}' is a correlation, too; only those of rules about single events are read"
                );
                return Err(wrong(reference, reason));
            }
            if entry.rule.is_none() {
                return Err(wrong(reference, format!("its rule '{text}' cannot be used")));
            }
        }
        Ok(found)
    }

    /// The rule that a correlation refers to by id or name. A name is first looked up in the correlation's own file.
    fn find(
        &self,
        reference: &Yaml,
        file: &str,
        of_name: &HashMap<&str, Vec<usize>>,
    ) -> Result<usize, SigmaError> {
        let text =
            reference.text().ok_or_else(|| wrong(reference, "correlation names a rule that is no text"))?;
        if let Some(known) = self.of_id.get(text) {
            return Ok(*known);
        }
        let all = of_name.get(text).map(Vec::as_slice).unwrap_or_default();
        let own: Vec<usize> = all.iter().copied().filter(|known| self.entries[*known].file == file).collect();
        match (&own[..], all) {
            ([one], _) | ([], [one]) => Ok(*one),
            ([], []) => {
                let near = similar(text, of_name.keys().copied());
                Err(wrong(reference, format!("there is no rule with the id or name '{text}'{near}")))
            }
            _ => {
                Err(wrong(reference, format!("several rules have the name '{text}'; refer to one by its id")))
            }
        }
    }
}

impl Entry<'_> {
    /// How correlations may refer to it.
    fn names(&self) -> BaseNames<'_> {
        BaseNames { name: self.name, id: &self.id }
    }

    /// Whether it compiles, or is a correlation, which is compiled later.
    fn is_usable(&self) -> bool {
        self.rule.is_some() || self.document.get("correlation").is_some()
    }

    /// Checks the names of the fields that a correlation needs.
    fn check_fields(
        &self,
        BaseFields { group, counted }: &BaseFields,
        section: &Yaml,
        doubts: &mut Vec<SigmaError>,
    ) -> Result<(), SigmaError> {
        let Some(rule) = &self.rule else { return Ok(()) };
        for name in group.iter().chain(counted) {
            let placed = |reason: String| wrong(section, format!("field '{name}': {reason}"));
            let doubt = names::check(name, rule.metadata().source).map_err(placed)?;
            // Each rule of a correlation has the same fields, unless there are aliases.
            doubts.extend(doubt.map(placed).filter(|doubt| !doubts.contains(doubt)));
        }
        Ok(())
    }

    /// The rule as one whose events a correlation counts, given the names of the fields that it needs.
    fn base(&mut self, BaseFields { group, counted }: &BaseFields) -> Option<BaseRule> {
        let metadata = self.rule.as_ref()?.metadata();
        let (source, name) = (metadata.source, metadata.name.clone());
        let mut place = |field: &str| {
            let known = self.fields.iter().position(|(known, _)| **known == *field);
            known.unwrap_or_else(|| {
                self.fields.push((field.into(), names::at(field, source)));
                self.fields.len() - 1
            }) as u32
        };
        let group = group.iter().map(|field| place(field)).collect();
        let counted = counted.as_deref().map(place);
        Some(BaseRule { name, id: self.id.clone(), group, counted })
    }
}

fn error(file: &str, document: &Yaml, SigmaError { line, reason }: SigmaError) -> RuleError {
    let title = document.get("title").and_then(Yaml::text);
    RuleError::new(file, line, title.map(|title| format!("rule '{title}'")), reason)
}

/// Writes a value without its place in the file, so that equal values give equal texts and others do not.
fn write_value(yaml: Option<&Yaml>, out: &mut String) {
    match yaml.map(|yaml| &yaml.node) {
        None => out.push('-'),
        Some(Node::Null) => out.push('~'),
        Some(Node::Text { text, .. }) => {
            out.push_str(&format!("{}:", text.len()));
            out.push_str(text);
        }
        Some(Node::List(items)) => {
            out.push_str(&format!("[{}", items.len()));
            items.iter().for_each(|item| write_value(Some(item), out));
        }
        Some(Node::Map(members)) => {
            out.push_str(&format!("{{{}", members.len()));
            for (key, value) in members {
                write_value(Some(key), out);
                write_value(Some(value), out);
            }
        }
    }
}
