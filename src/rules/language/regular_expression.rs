//! Translates regular expressions from the syntax that rules are written in to that of the library. Falco takes RE2's syntax and Sigma
//! PCRE's; what those two have in common, the library reads the same or not at all, except for what is translated here: escapes
//! that have another meaning, sets in classes, and braces and brackets that are plain characters.
//!
//! Sources: the syntax of RE2 (`doc/syntax.txt`), `pcre2pattern(3)`, and the documentation of the crate `regex`.

use crate::names::shortened;

/// The members of `\d`, `\s` and `\w`, which are about ASCII in both syntaxes.
const DIGITS: &str = "0-9";
const BLANKS: &str = r"\t\n\x0B\x0C\r\x20";
const OF_WORDS: &str = "0-9A-Za-z_";

/// The names of POSIX classes.
const POSIX_CLASSES: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space",
    "upper", "word", "xdigit",
];

/// The pattern in the library's syntax.
///
/// # Errors
/// What cannot be translated.
pub(super) fn translated(pattern: &str) -> Result<String, String> {
    Translator { rest: pattern, out: String::with_capacity(pattern.len()) }.pattern()
}

/// The reason for which a value is no pattern. Of a long value only the beginning is shown.
pub(super) fn no_pattern(value: &str, reason: &str) -> String {
    format!("'{}' is no pattern: {reason}", shortened(value))
}

struct Translator<'p> {
    rest: &'p str,
    out: String,
}

/// What an escape stands for.
enum Escaped {
    /// A character.
    One(char),
    /// All characters that have these members, or all others.
    Set { members: &'static str, negated: bool },
    /// A class with a name, or an assertion, as the library writes it.
    Other(String),
}

/// A member of a class.
enum Member {
    One(char),
    /// Several, as the library writes them.
    Several(String),
}

impl<'p> Translator<'p> {
    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    fn take(&mut self, text: &str) -> bool {
        let found = self.rest.starts_with(text);
        self.rest = &self.rest[if found { text.len() } else { 0 }..];
        found
    }

    /// Takes the text before `end`, and `end`; all of the rest if it does not occur.
    fn up_to(&mut self, end: &str) -> &'p str {
        let (text, rest) = self.rest.split_once(end).unwrap_or((self.rest, ""));
        self.rest = rest;
        text
    }

    fn pattern(mut self) -> Result<String, String> {
        // Whether a repetition was read before, which no other may follow.
        let mut is_repeated = false;
        while let Some(c) = self.next() {
            let was_repeated = std::mem::replace(&mut is_repeated, false);
            match c {
                '\\' if self.take("Q") => {
                    let text = self.up_to("\\E");
                    self.out.extend(text.chars().map(literal));
                }
                '\\' if self.take("E") => {}
                '\\' => self.escape()?,
                '[' => self.class()?,
                '(' => self.group()?,
                '*' | '+' | '?' if was_repeated => return Err(unread(&format!("'{c}' behind a repetition"))),
                '*' | '+' | '?' => {
                    self.out.push(c);
                    self.lazy();
                    is_repeated = true;
                }
                '{' => match repetition(self.rest) {
                    Some(length) => {
                        self.out.push('{');
                        self.out.push_str(&self.rest[..length]);
                        self.rest = &self.rest[length..];
                        self.lazy();
                        is_repeated = true;
                    }
                    None => self.out.push_str(r"\{"),
                },
                '.' | '^' | '$' | '|' | ')' => self.out.push(c),
                _ => self.out.push_str(&literal(c)),
            }
        }
        Ok(self.out)
    }

    /// Takes the sign that makes a repetition lazy.
    fn lazy(&mut self) {
        if self.take("?") {
            self.out.push('?');
        }
    }

    /// Reads what follows a backslash outside of a class.
    fn escape(&mut self) -> Result<(), String> {
        let written = match self.escaped()? {
            Escaped::One(c) => literal(c),
            Escaped::Set { members, negated } => set(members, negated),
            Escaped::Other(written) => written,
        };
        self.out.push_str(&written);
        Ok(())
    }

    /// Reads what follows a backslash.
    fn escaped(&mut self) -> Result<Escaped, String> {
        let c = self.next().ok_or("it ends with a backslash")?;
        let set = |members, negated| Ok(Escaped::Set { members, negated });
        match c {
            'd' | 'D' => set(DIGITS, c == 'D'),
            's' | 'S' => set(BLANKS, c == 'S'),
            'w' | 'W' => set(OF_WORDS, c == 'W'),
            'b' | 'B' => Ok(Escaped::Other(format!(r"(?-u:\{c})"))),
            'A' | 'z' => Ok(Escaped::Other(format!(r"\{c}"))),
            'p' | 'P' => self.property(c),
            'a' => Ok(Escaped::One('\u{7}')),
            'e' => Ok(Escaped::One('\u{1b}')),
            'f' => Ok(Escaped::One('\u{c}')),
            'n' => Ok(Escaped::One('\n')),
            'r' => Ok(Escaped::One('\r')),
            't' => Ok(Escaped::One('\t')),
            'x' => self.hexadecimal(),
            '0'..='7' => self.octal(c),
            '8' | '9' | 'k' | 'g' => Err(unread(&format!(r"the back reference '\{c}'"))),
            _ if c.is_ascii_alphabetic() => Err(unread(&format!(r"'\{c}'"))),
            _ => Ok(Escaped::One(c)),
        }
    }

    /// A class of Unicode: `\pL`, `\p{Greek}`.
    fn property(&mut self, c: char) -> Result<Escaped, String> {
        let name = match self.take("{") {
            true => self.up_to("}"),
            false => {
                let rest = self.rest;
                self.next();
                &rest[..rest.len() - self.rest.len()]
            }
        };
        let inner = name.strip_prefix('^').unwrap_or(name);
        if inner.is_empty() || !inner.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(unread(&format!(r"'\{c}{{{name}}}'")));
        }
        let negated = (c == 'P') != name.starts_with('^');
        Ok(Escaped::Other(format!(r"\{}{{{inner}}}", if negated { 'P' } else { 'p' })))
    }

    /// `\x41` or `\x{1F600}`.
    fn hexadecimal(&mut self) -> Result<Escaped, String> {
        let digits = match self.take("{") {
            true => self.up_to("}"),
            false => self.digits(2, 16),
        };
        let number = u32::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+'));
        let character = number.and_then(char::from_u32);
        character.map(Escaped::One).ok_or_else(|| format!(r"'\x{digits}' is no character"))
    }

    /// `\0`, `\012` or `\101`; other numbers are those of groups.
    fn octal(&mut self, first: char) -> Result<Escaped, String> {
        let digits = self.digits(2, 8);
        if first != '0' && digits.len() < 2 {
            return Err(unread(&format!(r"the back reference '\{first}{digits}'")));
        }
        let number = u32::from_str_radix(&format!("{first}{digits}"), 8).ok();
        let character = number.and_then(char::from_u32);
        character.map(Escaped::One).ok_or_else(|| format!(r"'\{first}{digits}' is no character"))
    }

    /// Takes up to this many digits.
    fn digits(&mut self, most: usize, radix: u32) -> &'p str {
        let length = self.rest.chars().take(most).take_while(|c| c.is_digit(radix)).count();
        let (digits, rest) = self.rest.split_at(length);
        self.rest = rest;
        digits
    }

    /// Reads what follows an opening bracket of a group: `(?:`, `(?i)`, `(?P<name>`.
    fn group(&mut self) -> Result<(), String> {
        if self.rest.starts_with('*') {
            return Err(unread("'(*'"));
        }
        self.out.push('(');
        if !self.take("?") {
            return Ok(());
        }
        for (sign, what) in [
            ("=", "look-around"),
            ("!", "look-around"),
            ("<=", "look-around"),
            ("<!", "look-around"),
            (">", "an atomic group"),
            ("|", "a group with branches that share numbers"),
            ("#", "a comment"),
            ("(", "a condition"),
        ] {
            if self.rest.starts_with(sign) {
                return Err(unread(&format!("{what}, '(?{sign}'")));
            }
        }
        if self.take("P<") || self.take("<") {
            let name = self.up_to(">");
            self.out.push_str(&format!("?P<{name}>"));
            return Ok(());
        }
        let length = self.rest.find([':', ')']).unwrap_or(self.rest.len());
        let flags = &self.rest[..length];
        if let Some(other) = flags.chars().find(|c| !"imsU-".contains(*c)) {
            return Err(unread(&format!("'(?{other}'")));
        }
        self.out.push('?');
        self.out.push_str(flags);
        self.rest = &self.rest[length..];
        if self.take(":") {
            self.out.push(':');
        }
        Ok(())
    }

    /// Reads what follows the opening bracket of a class.
    fn class(&mut self) -> Result<(), String> {
        self.out.push('[');
        if self.take("^") {
            self.out.push('^');
        }
        let mut is_first = true;
        loop {
            if self.rest.is_empty() {
                return Err("a class '[' is not closed".to_owned());
            }
            // At the beginning it is a member.
            if !is_first && self.take("]") {
                self.out.push(']');
                return Ok(());
            }
            is_first = false;
            if self.take("\\Q") {
                let text = self.up_to("\\E");
                self.out.extend(text.chars().map(literal));
                continue;
            }
            if self.take("\\E") {
                continue;
            }
            let member = self.member()?;
            let written = self.range(member)?;
            self.out.push_str(&written);
        }
    }

    /// The range that a member begins, or the member itself.
    fn range(&mut self, first: Member) -> Result<String, String> {
        let first = match first {
            Member::Several(written) => return Ok(written),
            Member::One(c) => c,
        };
        let behind =
            self.rest.strip_prefix('-').filter(|behind| !behind.is_empty() && !behind.starts_with(']'));
        let Some(behind) = behind else { return Ok(literal(first)) };
        self.rest = behind;
        match self.member()? {
            Member::One(last) if first <= last => Ok(format!("{}-{}", literal(first), literal(last))),
            Member::One(last) => Err(format!("the range '{first}-{last}' in a class has the wrong order")),
            Member::Several(_) => Err(format!("the range from '{first}' in a class has no end")),
        }
    }

    fn member(&mut self) -> Result<Member, String> {
        if let Some(name) = self.posix_class() {
            let known = name.strip_prefix('^').unwrap_or(name);
            if !POSIX_CLASSES.contains(&known) {
                return Err(format!("there is no class '[:{name}:]'"));
            }
            return Ok(Member::Several(format!("[:{name}:]")));
        }
        match self.next().ok_or("a class '[' is not closed")? {
            // Here it is the character, no assertion.
            '\\' if self.take("b") => Ok(Member::One('\u{8}')),
            '\\' => match self.escaped()? {
                Escaped::One(c) => Ok(Member::One(c)),
                Escaped::Set { members, negated } => Ok(Member::Several(set(members, negated))),
                Escaped::Other(written) if written.starts_with(r"\p") || written.starts_with(r"\P") => {
                    Ok(Member::Several(written))
                }
                Escaped::Other(_) => Err(unread("an assertion in a class")),
            },
            c => Ok(Member::One(c)),
        }
    }

    /// Takes `[:alpha:]` and gives its name.
    fn posix_class(&mut self) -> Option<&'p str> {
        let (name, rest) = self.rest.strip_prefix("[:")?.split_once(":]")?;
        if !name.chars().all(|c| c.is_ascii_lowercase() || c == '^') {
            return None;
        }
        self.rest = rest;
        Some(name)
    }
}

fn unread(construct: &str) -> String {
    format!("{construct} is not supported")
}

/// A set of characters.
fn set(members: &str, negated: bool) -> String {
    format!("[{}{members}]", if negated { "^" } else { "" })
}

/// A character that stands for itself, also in a class.
fn literal(c: char) -> String {
    if c.is_ascii_alphanumeric() || !c.is_ascii() {
        c.to_string()
    } else {
        format!(r"\x{:02X}", u32::from(c))
    }
}

/// The length of what follows the brace of a repetition: `3}`, `3,}` or `3,5}`. Any other brace is a character.
fn repetition(rest: &str) -> Option<usize> {
    let (inner, _) = rest.split_once('}')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_one = match inner.split_once(',') {
        Some((least, most)) => is_number(least) && (most.is_empty() || is_number(most)),
        None => is_number(inner),
    };
    is_one.then_some(inner.len() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::evaluate::comparison::regex;

    /// What a pattern matches whole, of these texts.
    fn matched<'t>(pattern: &str, texts: &[&'t str]) -> Vec<&'t str> {
        let translated = translated(pattern).unwrap_or_else(|reason| panic!("{pattern}: {reason}"));
        let compiled = regex(&format!("^(?:{translated})$"), false);
        let compiled = compiled.unwrap_or_else(|reason| panic!("{pattern} as {translated}: {reason}"));
        texts.iter().copied().filter(|text| compiled.is_match(text)).collect()
    }

    /// The expected values are those of RE2 and of PCRE2, which agree in all of these.
    #[test]
    fn patterns_mean_what_they_mean_in_re2_and_pcre() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            (r"\<script\>", &["<script>"], &["script"]),
            ("[a&&b]", &["a", "&", "b"], &["&&"]),
            ("[a~~b]", &["a", "~", "b"], &[]),
            ("[[]", &["["], &["]"]),
            ("[^[]", &["a", "]"], &["["]),
            ("[[a]+", &["[a[", "a"], &["]"]),
            ("[]a]+", &["]a"], &["["]),
            ("[^]a]", &["b"], &["]", "a"]),
            ("[[:alpha:][]", &["x", "["], &["1", ":"]),
            ("[[:^digit:]]", &["x"], &["1"]),
            ("[[:x]+", &["[:x"], &["]"]),
            ("[+--]", &["+", ",", "-"], &["."]),
            ("[a-]", &["a", "-"], &["b"]),
            (r"[\w-.]+", &["a-.9_"], &["+"]),
            (r"[^\W_]", &["a", "9"], &["_", "-", "é"]),
            (r"[\]\\^-]+", &["]\\^-"], &["a"]),
            (r"[\Q]^\E-]+", &["]^-"], &["a"]),
            (r"\[a\]", &["[a]"], &["a"]),
            ("{\"Effect\"", &["{\"Effect\""], &[]),
            ("a{b", &["a{b"], &[]),
            ("a{,3}", &["a{,3}"], &["aa"]),
            ("a{2}b{1,}c{0,1}", &["aabb", "aabc"], &["ab"]),
            ("a{2}?", &["aa"], &["a", ""]),
            ("x}]", &["x}]"], &[]),
            (r"\Qa.b*\E+", &["a.b*", "a.b**"], &["axb"]),
            (r"\Qa.b", &["a.b"], &["axb"]),
            (r"a\Eb", &["ab"], &[]),
            (r"\b{start}", &[], &["start"]),
            (r"x \bé", &[], &["x é"]),
            (r"a\Bb|é\B.", &["ab", "é!"], &["éa"]),
            (r"\d+", &["12"], &["٣", "x"]),
            (r"\w+", &["aZ_9"], &["é"]),
            (r"\s\S", &[" x", "\u{b}é"], &["\u{2003}x"]),
            (r"[\d\s]+", &["1 2"], &["٣"]),
            (r"\D", &["x", "٣"], &["1"]),
            (r"\x41\x{42}\101\0", &["ABA\0"], &[]),
            (r"\e\a\f\n\r\t[\b]", &["\u{1b}\u{7}\u{c}\n\r\t\u{8}"], &[]),
            (r"\p{Greek}\pL\PL", &["αβ1"], &["abc"]),
            (r"\p{^Greek}[\p{Lu}]", &["aB"], &["αB", "ab"]),
            (r"(?P<a>x)(?<b>y)(?:z)(?i:q)", &["xyzQ"], &["XYZQ"]),
            ("(?i)a(?-i)b", &["Ab"], &["AB"]),
            ("a+?b*?c??", &["aab"], &[]),
            (r"\-\_\ \#\&\é", &["-_ #&é"], &[]),
            ("#&~- é", &["#&~- é"], &[]),
            (r"\Aa\z|b", &["a", "b"], &["c"]),
            ("", &[""], &["a"]),
        ];
        for (pattern, matching, others) in cases {
            assert_eq!(matched(pattern, matching), *matching, "{pattern}");
            assert_eq!(matched(pattern, others), [""; 0], "{pattern}");
        }
    }

    #[test]
    fn what_cannot_be_translated_is_named() {
        for (pattern, reason) in [
            ("[a--c]", "the range 'a--' in a class has the wrong order"),
            ("[z-a]", "the range 'z-a' in a class has the wrong order"),
            (r"[a-\d]", "the range from 'a' in a class has no end"),
            ("[a", "a class '[' is not closed"),
            ("[]", "a class '[' is not closed"),
            ("[[:alpah:]]", "there is no class '[:alpah:]'"),
            (r"[\B]", "an assertion in a class is not supported"),
            ("a++", "'+' behind a repetition is not supported"),
            ("a{2}+", "'+' behind a repetition is not supported"),
            ("(?=x)", "look-around, '(?=' is not supported"),
            ("(?<!x)", "look-around, '(?<!' is not supported"),
            ("(?>x)", "an atomic group, '(?>' is not supported"),
            ("(?x) a", "'(?x' is not supported"),
            ("(?u:a)", "'(?u' is not supported"),
            ("(?R)", "'(?R' is not supported"),
            ("(*UTF)x", "'(*' is not supported"),
            (r"(a)\1", r"the back reference '\1' is not supported"),
            (r"\k<a>", r"the back reference '\k' is not supported"),
            (r"\Kx", r"'\K' is not supported"),
            (r"\v", r"'\v' is not supported"),
            (r"\u0041", r"'\u' is not supported"),
            (r"\p{gc=L}", r"'\p{gc=L}' is not supported"),
            (r"\x{110000}", r"'\x110000' is no character"),
            (r"\xZ", r"'\x' is no character"),
            (r"x\", "it ends with a backslash"),
        ] {
            assert_eq!(translated(pattern).unwrap_err(), reason, "{pattern}");
        }
    }
}
