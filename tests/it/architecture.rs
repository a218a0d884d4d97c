//! Rules that the compiler does not enforce: which room may import which, and that every file starts with a
//! doc comment.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::visit::Visit;

/// The only places that may use each external crate.
const DOORS: [(&str, &[&str]); 48] = [
    ("aho_corasick", &["events/text_search.rs", "rules/evaluate/part.rs"]),
    (
        "base64",
        &[
            "decode/find/envelope.rs",
            "inventory/report.rs",
            "report/html/policy.rs",
            "rules/evaluate/base64.rs",
            "source/s3/expected_checksums.rs",
            "verify/keys.rs",
        ],
    ),
    ("rsa", &["verify/signature.rs"]),
    ("minijinja", &["report/html/"]),
    ("rust_xlsxwriter", &["report/workbook/book.rs"]),
    ("maxminddb", &["geo/database.rs", "geo/value.rs"]),
    ("md5", &["source/s3/expected_checksums.rs", "verify/signature.rs"]),
    ("tar", &["decode/unpack/tar_file.rs"]),
    ("zstd", &["decode/unpack/stream.rs"]),
    ("bzip2", &["decode/unpack/stream.rs"]),
    ("lzma_rust2", &["decode/unpack/stream.rs"]),
    ("tokio", &["source/s3/"]),
    ("aws_config", &["source/s3/"]),
    ("aws_sdk_s3", &["source/s3/"]),
    ("aws_credential_types", &["source/s3/failure.rs", "source/s3/connection.rs"]),
    ("aws_smithy_http_client", &["source/s3/connect.rs"]),
    ("simd_json", &["decode/record/fallback/"]),
    ("wide", &["decode/record/simd.rs"]),
    ("pulp", &["decode/record/simd.rs", "decode/record/simd/"]),
    ("libdeflater", &["decode/unpack/libdeflate.rs"]),
    ("crc_fast", &["decode/unpack/gzip.rs", "source/s3/expected_checksums.rs"]),
    ("simdutf8", &["decode/unpack/utf8.rs"]),
    ("walkdir", &["source/files.rs"]),
    ("rayon", &["scan/"]),
    ("clap", &["cli/"]),
    ("clap_complete", &["cli/completions.rs"]),
    ("clap_mangen", &["cli/man.rs"]),
    ("anyhow", &["cli/"]),
    ("indicatif", &["cli/progress.rs"]),
    ("anstream", &["cli/screen.rs"]),
    ("terminal_size", &["cli/screen.rs"]),
    ("anstyle", &["report/screen/tone.rs"]),
    ("ctrlc", &["cli/signals.rs"]),
    ("signal_hook", &["cli/signals.rs"]),
    ("sysinfo", &["cli/args/output.rs"]),
    ("tempfile", &["cli/"]),
    ("toml", &["config/"]),
    ("saphyr_parser", &["yaml/loader.rs"]),
    ("regex", &["rules/"]),
    ("strsim", &["names.rs"]),
    ("ipnet", &["model/address_range.rs"]),
    ("unicode_width", &["report/width.rs"]),
    ("arcstr", &["model/text.rs"]),
    ("cpu_time", &["bench/clock.rs"]),
    ("sha2", &["checksum.rs"]),
    ("parquet", &["table.rs", "store/", "decode/ocsf/"]),
    ("memmap2", &["store/map.rs"]),
    ("rustix", &["store/folder.rs", "file.rs", "source/stdin.rs"]),
];

/// A file of `src`.
struct Source {
    text: String,
    syntax: syn::File,
}

fn sources() -> BTreeMap<String, Source> {
    fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, files);
            } else if path.extension().is_some_and(|end| end == "rs") {
                files.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&root, &mut files);
    let name = |path: &PathBuf| path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
    let read = |path: &PathBuf| {
        let text = fs::read_to_string(path).unwrap();
        let syntax = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Source { text, syntax }
    };
    files.iter().map(|path| (name(path), read(path))).collect()
}

fn room(file: &str) -> &str {
    file.split('/').next().unwrap().trim_end_matches(".rs")
}

/// The module path of a file, from the crate root.
fn modules(file: &str) -> Vec<String> {
    let path = file.trim_end_matches(".rs").trim_end_matches("/mod");
    path.split('/').filter(|name| !matches!(*name, "lib" | "main")).map(String::from).collect()
}

/// A path in code outside tests.
struct Named {
    /// From the crate root if it begins with `crate`, `self` or `super`; otherwise as written.
    path: Vec<String>,
    is_of_crate: bool,
    by: By,
}

/// How a path is used.
#[derive(Clone, Copy, PartialEq)]
enum By {
    /// Anything but a `use`.
    Mention,
    /// `use`
    Import,
    /// `pub use` or `pub(crate) use`.
    Reexport,
}

/// Collects the paths in a file.
struct Names {
    modules: Vec<String>,
    found: Vec<Named>,
}

impl Names {
    fn of(file: &str, syntax: &syn::File) -> Vec<Named> {
        let mut names = Self { modules: modules(file), found: Vec::new() };
        names.visit_file(syntax);
        names.found
    }

    fn add(&mut self, path: &[String], by: By) {
        let Some(first) = path.first() else { return };
        let mut base = match &**first {
            "crate" => Vec::new(),
            "self" | "super" => self.modules.clone(),
            _ => {
                self.found.push(Named { path: path.to_vec(), is_of_crate: false, by });
                return;
            }
        };
        let mut rest = path;
        while let Some((first, behind)) = rest.split_first().filter(|(first, _)| is_relative(first)) {
            if first == "super" {
                base.pop();
            }
            rest = behind;
        }
        base.extend_from_slice(rest);
        self.found.push(Named { path: base, is_of_crate: true, by });
    }

    fn add_tree(&mut self, prefix: &[String], tree: &syn::UseTree, by: By) {
        let with = |ident: &Ident| [prefix, &[ident.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.add_tree(&with(&path.ident), &path.tree, by),
            syn::UseTree::Name(name) => self.add(&with(&name.ident), by),
            syn::UseTree::Rename(name) => self.add(&with(&name.ident), by),
            syn::UseTree::Glob(_) => self.add(prefix, by),
            syn::UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.add_tree(prefix, tree, by));
            }
        }
    }

    /// Adds the paths in the arguments of a macro.
    fn add_tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) if path.is_empty() || colons == 2 => path.push(ident.to_string()),
                TokenTree::Ident(ident) => {
                    self.end_of_path(&mut path);
                    path.push(ident.to_string());
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' && !path.is_empty() => {
                    colons += 1;
                    continue;
                }
                TokenTree::Group(group) => {
                    self.end_of_path(&mut path);
                    self.add_tokens(group.stream());
                }
                _ => self.end_of_path(&mut path),
            }
            colons = 0;
        }
        self.end_of_path(&mut path);
    }

    fn end_of_path(&mut self, path: &mut Vec<String>) {
        if path.len() > 1 {
            self.add(path, By::Mention);
        }
        path.clear();
    }
}

fn is_relative(segment: &str) -> bool {
    matches!(segment, "crate" | "self" | "super")
}

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    let is_test = |attribute: &syn::Attribute| {
        let syn::Meta::List(list) = &attribute.meta else { return false };
        let condition = list.tokens.to_string();
        attribute.path().is_ident("cfg") && (condition == "test" || condition.contains("any (test"))
    };
    attributes.iter().any(is_test)
}

impl<'ast> Visit<'ast> for Names {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if is_for_tests(&item.attrs) {
            return;
        }
        self.modules.push(item.ident.to_string());
        syn::visit::visit_item_mod(self, item);
        self.modules.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let is_private = matches!(item.vis, syn::Visibility::Inherited);
        self.add_tree(&[], &item.tree, if is_private { By::Import } else { By::Reexport });
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if segments.len() > 1 {
            self.add(&segments, By::Mention);
        }
        syn::visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        self.add_tokens(called.tokens.clone());
        syn::visit::visit_macro(self, called);
    }
}

/// Files compiled only for tests: `#[cfg(test)] mod name;`.
fn test_files(sources: &BTreeMap<String, Source>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (file, source) in sources {
        for item in &source.syntax.items {
            let syn::Item::Mod(item) = item else { continue };
            if item.content.is_none() && is_for_tests(&item.attrs) {
                let path = [modules(file), vec![item.ident.to_string()]].concat().join("/");
                found.extend([format!("{path}.rs"), format!("{path}/mod.rs")]);
            }
        }
    }
    found
}

/// The paths in each file of the program, without files compiled only for tests.
fn names() -> &'static [(String, Vec<Named>)] {
    static NAMES: OnceLock<Vec<(String, Vec<Named>)>> = OnceLock::new();
    NAMES.get_or_init(|| {
        let sources = sources();
        let tests = test_files(&sources);
        let named = sources.iter().filter(|(file, _)| !tests.contains(*file));
        named.map(|(file, source)| (file.clone(), Names::of(file, &source.syntax))).collect()
    })
}

/// The table of rooms in `docs/architecture.md`, in order: each room with those it may import.
fn plan() -> Vec<(String, BTreeSet<String>)> {
    table("| room |")
}

/// The table whose header starts with `header`.
fn table(header: &str) -> Vec<(String, BTreeSet<String>)> {
    let plan = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/architecture.md")).unwrap();
    let quoted = |cell: &str| cell.split('`').skip(1).step_by(2).map(String::from).collect::<Vec<_>>();
    let table = plan.lines().skip_while(|line| !line.starts_with(header)).skip(2);
    let rows = table.take_while(|line| line.starts_with('|'));
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('|').collect();
        (quoted(cells[1]).concat(), quoted(cells[2]).into_iter().collect())
    };
    rows.map(row).collect()
}

fn is_program(room: &str) -> bool {
    matches!(room, "lib" | "main" | "cli")
}

#[test]
fn paths_are_collected_from_all_code_outside_tests() {
    let text = r#"
        use crate::{decode::{Decoder, self}, time as t};
        pub(crate) use super::super::report::Row;
        fn f(x: crate::a::B<crate::c::D>) { super::g(); println!("{}", crate::e::F); tar::open(); }
        #[cfg(test)] mod tests { use crate::hidden; }
        #[cfg(feature = "s3")] mod inner { use super::super::h; use self::i; }
    "#;
    let names = Names::of("query/known.rs", &syn::parse_str(text).unwrap());
    let of_crate = |name: &Named| if name.is_of_crate { "crate::" } else { "" };
    let written: Vec<_> =
        names.iter().map(|name| format!("{}{}", of_crate(name), name.path.join("::"))).collect();
    for path in [
        "decode::Decoder",
        "decode::self",
        "time",
        "report::Row",
        "a::B",
        "c::D",
        "query::g",
        "e::F",
        "query::h",
    ] {
        assert!(written.contains(&format!("crate::{path}")), "{path} is not in {written:?}");
    }
    assert!(written.contains(&"crate::query::known::inner::i".to_owned()), "{written:?}");
    assert!(written.contains(&"tar::open".to_owned()), "{written:?}");
    assert!(!written.iter().any(|path| path.contains("hidden")), "{written:?}");
    assert_eq!(names.iter().filter(|name| name.by == By::Reexport).count(), 1);
}

#[test]
fn the_plan_lists_exactly_the_imports_between_rooms() {
    let plan: BTreeMap<_, _> = plan().into_iter().collect();
    let mut used = BTreeSet::new();
    for (file, names) in names() {
        let from = room(file);
        if is_program(from) {
            continue;
        }
        let allowed = plan.get(from).unwrap_or_else(|| panic!("{file}: the plan has no room '{from}'"));
        for name in names.iter().filter(|name| name.is_of_crate) {
            let Some(to) = name.path.first().filter(|to| *to != from) else { continue };
            assert!(allowed.contains(to), "{file} imports {to}, which {from} must not know");
            used.insert((from.to_owned(), to.clone()));
        }
    }
    let planned = plan.iter().flat_map(|(from, all)| all.iter().map(|to| (from.clone(), to.clone())));
    let unused: Vec<_> = planned.filter(|arrow| !used.contains(arrow)).collect();
    assert!(unused.is_empty(), "nobody uses {unused:?}");
}

#[test]
fn rooms_in_the_plan_import_only_rooms_above_them() {
    let mut above = BTreeSet::new();
    for (room, allowed) in plan() {
        for to in allowed {
            assert!(above.contains(&to), "{room} imports {to}, which stands below it in the table");
        }
        above.insert(room);
    }
    assert!(above.len() > 20);
}

#[test]
fn inner_rooms_import_only_inner_rooms_above_them() {
    let plan = table("| inner room |");
    let rooms: Vec<&str> = plan.iter().map(|(room, _)| &**room).collect();
    let mut used = BTreeSet::new();
    for (file, names) in names() {
        let Some(from) = rooms.iter().position(|room| file.starts_with(&format!("{room}/"))) else {
            continue;
        };
        for name in names.iter().filter(|name| name.is_of_crate && name.path.len() > 1) {
            let Some(to) = rooms.iter().position(|room| *room == name.path[..2].join("/")) else { continue };
            let is_allowed = to == from || (to < from && plan[from].1.contains(rooms[to]));
            assert!(is_allowed, "{file} imports {}, which {} must not know", rooms[to], rooms[from]);
            used.insert((from, to));
        }
    }
    for (from, (room, allowed)) in plan.iter().enumerate() {
        for to in allowed {
            let to = rooms.iter().position(|room| room == to).unwrap();
            assert!(used.contains(&(from, to)), "{room} does not use {}", rooms[to]);
        }
    }
}

/// The file that defines a path, following re-exports.
fn target<'s>(path: &[String], files: &'s BTreeMap<String, &[Named]>) -> Option<&'s str> {
    let file_of = |modules: &[String]| {
        let name = modules.join("/");
        let found = files.get_key_value(&format!("{name}.rs"));
        found.or_else(|| files.get_key_value(&format!("{name}/mod.rs"))).map(|(file, _)| &**file)
    };
    let length = (1..=path.len()).rev().find(|length| file_of(&path[..*length]).is_some())?;
    let (file, rest) = (file_of(&path[..length])?, &path[length..]);
    let Some(item) = rest.first() else { return Some(file) };
    let imports = |name: &&Named| name.path.len() > 1 && name.path.last() == Some(item);
    let own = |name: &Named| -> Vec<String> {
        let base = if name.is_of_crate { Vec::new() } else { modules(file) };
        [base, name.path.clone()].concat()
    };
    let imported = files[file].iter().filter(|name| name.by != By::Mention).filter(imports).map(own);
    let inside =
        imported.into_iter().find(|path| path.starts_with(&modules(file)) && path.len() > length + 1);
    inside.and_then(|path| target(&path, files)).or(Some(file))
}

#[test]
fn no_files_import_each_other() {
    let files: BTreeMap<String, &[Named]> =
        names().iter().map(|(file, names)| (file.clone(), &names[..])).collect();
    let is_above = |above: &str, file: &str| {
        above.strip_suffix("mod.rs").is_some_and(|folder| file.starts_with(folder))
            || file.starts_with(&format!("{}/", above.trim_end_matches(".rs")))
    };
    let mut arrows: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (file, names) in names().iter().filter(|(file, _)| !matches!(&**file, "lib.rs" | "main.rs")) {
        for name in names.iter().filter(|name| name.is_of_crate) {
            let to = target(&name.path, &files).filter(|to| *to != file);
            // A module and its submodules may use each other.
            let to = to.filter(|to| !is_above(to, file) && !is_above(file, to));
            arrows.entry(file).or_default().extend(to);
        }
    }
    assert!(arrows.values().map(BTreeSet::len).sum::<usize>() > 500);
    let leads_back = |(from, to): &(&str, &str)| reached(to, &arrows).contains(from);
    let all = arrows.iter().flat_map(|(from, all)| all.iter().map(|to| (*from, *to)));
    let circles: Vec<_> = all.filter(leads_back).collect();
    assert!(circles.is_empty(), "these lead back to where they begin: {circles:#?}");
}

/// A file and everything it imports, directly or not.
fn reached<'f>(from: &'f str, arrows: &BTreeMap<&'f str, BTreeSet<&'f str>>) -> BTreeSet<&'f str> {
    let (mut reached, mut open) = (BTreeSet::from([from]), vec![from]);
    while let Some(file) = open.pop() {
        open.extend(arrows.get(file).into_iter().flatten().filter(|to| reached.insert(**to)));
    }
    reached
}

#[test]
fn the_baseline_depends_on_neither_rules_nor_readers() {
    let plan: BTreeMap<_, _> = plan().into_iter().collect();
    let mut reached = BTreeSet::from(["baseline".to_owned()]);
    while let Some(next) =
        reached.iter().flat_map(|room| &plan[room]).find(|room| !reached.contains(*room)).cloned()
    {
        reached.insert(next);
    }
    for room in ["rules", "decode", "source"] {
        assert!(!reached.contains(room), "baseline reaches {room}: {reached:?}");
    }
}

#[test]
fn no_room_reexports_items_of_another() {
    for (file, names) in names() {
        for name in names.iter().filter(|name| name.is_of_crate && name.by == By::Reexport) {
            let path = name.path.join("::");
            assert_eq!(name.path.first().map(String::as_str), Some(room(file)), "{file} hands on {path}");
        }
    }
}

#[test]
fn the_binary_uses_only_the_public_api() {
    for (file, names) in names() {
        for name in names.iter().filter(|name| name.is_of_crate && is_program(room(file)) && file != "lib.rs")
        {
            let first = name.path.first().map(String::as_str);
            assert!(
                first.is_none_or(|first| first == "cli"),
                "{file} reaches into the library: {:?}",
                name.path
            );
        }
    }
}

#[test]
fn every_external_crate_is_used_in_one_place() {
    let mut met = BTreeSet::new();
    for (file, names) in names() {
        for name in names.iter().filter(|name| !name.is_of_crate) {
            let Some((name, doors)) = DOORS.iter().find(|(door, _)| *door == name.path[0]) else { continue };
            let is_there = doors.iter().any(|door| file.starts_with(door));
            assert!(is_there, "{file} uses {name}, whose door is {doors:?}");
            met.insert(name);
        }
    }
    for (name, _) in DOORS {
        assert!(met.contains(&name), "nobody uses {name}");
    }
}

#[test]
fn every_file_starts_with_a_doc_comment() {
    for (file, source) in sources() {
        assert!(source.text.starts_with("//! "), "{file} does not begin with //!");
    }
}

#[test]
fn the_only_unsafe_code_maps_our_own_files() {
    struct Unsafe(bool);
    impl<'ast> Visit<'ast> for Unsafe {
        fn visit_expr_unsafe(&mut self, _: &'ast syn::ExprUnsafe) {
            self.0 = true;
        }
        fn visit_token_stream(&mut self, tokens: &'ast TokenStream) {
            self.0 |= tokens.to_string().split_whitespace().any(|token| token == "unsafe");
        }
    }
    for (file, source) in sources() {
        let mut found = Unsafe(false);
        found.visit_file(&source.syntax);
        assert!(file == "store/map.rs" || !found.0, "{file} has unsafe code");
    }
}

#[test]
fn every_external_crate_is_documented() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let [manifest, text] =
        ["Cargo.toml", "docs/dependencies.md"].map(|name| fs::read_to_string(folder.join(name)).unwrap());
    let rows = text.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    let documented: Vec<&str> = rows.flat_map(|row| row.split([',', ' ', '(', ')'])).collect();
    let mut crates = 0;
    for table in
        manifest.split("\n[").filter(|table| table.lines().next().unwrap().ends_with("dependencies]"))
    {
        if table.starts_with("dev-") {
            continue;
        }
        for name in table.lines().skip(1).filter_map(|line| line.split_once(" = ")).map(|(name, _)| name) {
            assert!(documented.contains(&name), "docs/dependencies.md has no row for {name}");
            crates += 1;
        }
    }
    assert!(crates > 40, "{crates}");
}
