//! What all rules of a run may need together.

use firstseen::model::Language;
use firstseen::rules::RuleSet;

use super::{compile, file, rules};

/// Falco rules of these names with these conditions.
fn falco(conditions: impl IntoIterator<Item = String>) -> String {
    let rule = |(number, condition): (usize, String)| {
        format!(
            "- rule: r{number:03}\n  condition: {condition}\n  output: x\n  priority: INFO\n  source: aws_cloudtrail\n"
        )
    };
    conditions.into_iter().enumerate().map(rule).collect()
}

/// A Sigma rule with this detection.
fn sigma(title: &str, detection: &str) -> String {
    format!("title: {title}\nlogsource: {{product: aws, service: cloudtrail}}\ndetection:\n{detection}---\n")
}

/// Compiles Sigma rules. Returns the number of usable ones, and the errors.
fn compile_sigma(text: &str) -> (usize, Vec<String>) {
    let (rules, errors) = RuleSet::compile(&[file("s.yml", Language::Sigma, text)]);
    (rules.rules().len(), errors.iter().map(ToString::to_string).collect())
}

#[test]
fn rules_that_multiply_lists_are_refused_together_even_if_each_is_within_its_own_limit() {
    let double = |number: u32| format!("- list: l{number}\n  items: [l{0}, l{0}]\n", number + 1);
    let lists = (0..18).map(double).collect::<String>() + "- list: l18\n  items: [x]\n";
    let conditions = (0..4).map(|number| format!("ct.name in (l0, 'y{number}')"));
    let (usable, errors) = compile(&[&(lists + &falco(conditions))]);
    assert_eq!(usable.rules().len(), 2);
    assert_eq!(errors.len(), 2);
    assert!(errors[0].contains("rule 'r002': condition"), "{}", errors[0]);
    assert!(errors[0].contains("all rules up to this one have more than 2000000 checks and values"));
}

#[test]
fn rules_that_multiply_macros_are_refused_together() {
    let double = |number: u32| format!("- macro: m{number}\n  condition: m{0} and not m{0}\n", number + 1);
    let macros = (0..16).map(double).collect::<String>() + "- macro: m16\n  condition: evt.num > 0\n";
    let (usable, errors) = compile(&[&(macros + &falco((0..20).map(|_| "m0".to_owned())))]);
    assert_eq!(usable.rules().len() + errors.len(), 20);
    assert!(errors[0].contains("all rules up to this one have more than 2000000"), "{}", errors[0]);
}

#[test]
fn a_large_list_counts_once_however_many_rules_name_it() {
    let items: Vec<String> = (0..30_000).map(|number| format!("x{number}")).collect();
    let list = format!("- list: l\n  items: [{}]\n", items.join(", "));
    let usable = rules(&(list + &falco((0..100).map(|_| "ct.name in (l)".to_owned()))));
    assert_eq!(usable.rules().len(), 100);
}

#[test]
fn a_long_text_counts_as_several_values() {
    let double = |number: u32| format!("- macro: m{number}\n  condition: m{0} or m{0}\n", number + 1);
    let long = format!("- macro: m10\n  condition: ct.name = '{}'\n", "x".repeat(64_000));
    let (_, errors) = compile(&[&((0..10).map(double).collect::<String>() + &long + &falco(["m0".into()]))]);
    assert!(errors[0].contains("it has more than 1000000 checks and values"), "{errors:?}");
}

#[test]
fn large_patterns_are_refused_together() {
    // All letters of all scripts, thirty times: nearly as large as a pattern may be.
    let (usable, errors) =
        compile(&[&falco((0..140).map(|number| format!("ct.name regex '\\pL{{30}}{number}'")))]);
    assert_eq!((usable.rules().len(), errors.len()), (128, 12));
    assert!(errors[0].contains("rule 'r128': condition"), "{}", errors[0]);
    assert!(errors[0].contains("the patterns of all rules up to this one take more than 256 MiB compiled"));
    let patterns: String = (0..140).map(|number| format!("    - '\\pL{{30}}{number}'\n")).collect();
    let (_, errors) =
        compile_sigma(&sigma("large", &format!("  s:\n    eventName|re:\n{patterns}  condition: s\n")));
    assert!(errors[0].contains("take more than 256 MiB compiled"), "{errors:?}");
}

#[test]
fn many_small_patterns_are_no_reason_to_refuse_rules() {
    let words: String = (0..2_000).map(|number| format!("    - 'word-{number}'\n")).collect();
    let (usable, errors) =
        compile_sigma(&sigma("small", &format!("  s:\n    userAgent|contains:\n{words}  condition: s\n")));
    assert_eq!((usable, errors), (1, Vec::new()));
}

#[test]
fn sigma_rules_that_repeat_large_searches_are_refused_together() {
    let values: Vec<String> = (0..900).map(|number| format!("y{number}")).collect();
    let repeated = vec!["s"; 1_000].join(" or ");
    let detection = format!("  s:\n    eventName: [{}]\n  condition: {repeated}\n", values.join(", "));
    let all: String = (0..4).map(|number| sigma(&format!("r{number}"), &detection)).collect();
    let (usable, errors) = compile_sigma(&all);
    assert_eq!((usable, errors.len()), (2, 2));
    assert!(errors[0].contains("all rules up to this one have more than 2000000"), "{}", errors[0]);
}

#[test]
fn values_in_brackets_and_texts_of_macros_count_each_time() {
    let double = |number: u32| format!("- macro: m{number}\n  condition: m{0} or m{0}\n", number + 1);
    let macros: String = (0..10).map(double).collect();
    let values: Vec<String> = (0..1_000).map(|number| format!("y{number}")).collect();
    let blanks = " ".repeat(64_000);
    for last in [format!("ct.name in ({})", values.join(", ")), format!("ct.name = {blanks} x")] {
        let last = format!("- macro: m10\n  condition: {last}\n");
        let (_, errors) = compile(&[&(macros.clone() + &last + &falco(["m0".into()]))]);
        assert!(errors[0].contains("it has more than 1000000 checks and values"), "{errors:?}");
    }
}
