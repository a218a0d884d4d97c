//! Families of user agents: the program and the operating system, without versions.

use std::borrow::Cow;

/// Programs that stand behind the names of other products in an agent, with the part that shows them. The first that fits counts.
///
/// Sources: the `User-Agent` formats of the AWS CLI and SDKs (`aws-cli/… exe/…`), of Terraform's AWS provider
/// (`APN/1.0 HashiCorp/1.0 Terraform/…`), of Pulumi (`APN/1.0 Pulumi/1.0 …`), and of browsers (MDN, "User-Agent": Edge and Opera
/// name Chrome, Chrome names Safari).
const PROGRAMS: [(&str, &str); 12] = [
    ("Terraform/", "Terraform"),
    ("terraform-provider", "Terraform"),
    ("OpenTofu/", "OpenTofu"),
    ("Pulumi/", "Pulumi"),
    ("aws-cli/", "aws-cli"),
    ("Boto3/", "Boto3"),
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Version/", "Safari"),
    ("PowerShell", "PowerShell"),
];

/// Operating systems, with parts that show them, in any case. The first that fits counts: distributions for penetration tests
/// name themselves in the agent of the AWS CLI (Amazon GuardDuty User Guide, "PenTest:IAMUser/KaliLinux").
const SYSTEMS: [(&str, &str); 11] = [
    ("kali", "Kali Linux"),
    ("parrot", "Parrot Linux"),
    ("pentoo", "Pentoo Linux"),
    ("android", "Android"),
    ("iphone", "iOS"),
    ("ipad", "iOS"),
    ("windows", "Windows"),
    ("macos", "macOS"),
    ("mac os", "macOS"),
    ("darwin", "macOS"),
    ("linux", "Linux"),
];

/// The family of a user agent: `Boto3, Linux`. Of unknown programs, the name of the first product.
///
/// The AWS CLI has its major version, since nobody changes that by the way. What else does not change with an update is kept: the
/// maker of a Linux kernel (`Linux amzn`), the distribution (`exe/x86_64.ubuntu.22`, in newer versions `md/distrib#ubuntu.22`), and
/// where the program runs (`exec-env/CloudShell`).
pub(super) fn agent_family(agent: &str) -> Cow<'_, str> {
    let agent = agent.trim_start_matches('[').trim_end_matches(']');
    let known = PROGRAMS.iter().find(|(part, _)| agent.contains(part));
    let program = known.map_or_else(|| first_product(agent), |(_, program)| program);
    let lower = agent.to_ascii_lowercase();
    let system = SYSTEMS.iter().find(|(part, _)| lower.contains(part));
    let places = [
        known.and_then(|(part, _)| cli_major(agent, part)).map(|major| format!(" {major}")),
        system.map(|(_, system)| format!(", {system}")),
        system.filter(|(_, system)| *system == "Linux").and_then(|_| distribution(&lower)),
        after(agent, "exec-env/").map(|place| format!(", {}", without_version(place))),
    ];
    if places.iter().all(Option::is_none) {
        return Cow::Borrowed(program);
    }
    let mut family = program.to_owned();
    places.into_iter().flatten().for_each(|place| family.push_str(&place));
    Cow::Owned(family)
}

/// `2` of `aws-cli/2.15.30`.
fn cli_major<'a>(agent: &'a str, part: &str) -> Option<&'a str> {
    let version = (part == "aws-cli/").then(|| after(agent, part))??;
    version
        .split('.')
        .next()
        .filter(|major| !major.is_empty() && major.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Where the AWS CLI says how it was installed, in front of the architecture and the distribution: `exe/x86_64.ubuntu.22`.
const INSTALLERS: [&str; 3] = [" exe/", " source/", " docker/"];

/// The maker of the kernel and the distribution, as far as an agent in lower case names them: ` amzn`, ` generic ubuntu`.
fn distribution(agent: &str) -> Option<String> {
    let kernel = after(agent, "linux/").or_else(|| after(agent, "linux#")).and_then(kernel_maker);
    let of_installer = || INSTALLERS.iter().find_map(|installer| after(agent, installer)?.split('.').nth(1));
    let distribution = after(agent, " md/distrib#").or_else(of_installer).map(letters);
    let distribution = distribution.filter(|name| Some(*name) != kernel && !name.is_empty());
    let names: String = kernel.into_iter().chain(distribution).map(|name| format!(" {name}")).collect();
    (!names.is_empty()).then_some(names)
}

/// `amzn` of `5.10.210-201.852.amzn2.x86_64`, `azure` of `6.5.0-1018-azure`.
fn kernel_maker(kernel: &str) -> Option<&str> {
    const NOT_MAKERS: [&str; 7] = ["x", "i", "amd", "arm", "armv", "aarch", "rc"];
    let parts =
        kernel.split(['-', '.', '_', '+']).filter(|part| part.starts_with(|c: char| c.is_ascii_lowercase()));
    parts.map(letters).find(|part| !NOT_MAKERS.contains(part))
}

/// The letters that a text begins with.
fn letters(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(text.len());
    &text[..end]
}

/// The rest of the word after the first place with this text.
fn after<'a>(agent: &'a str, text: &str) -> Option<&'a str> {
    let (_, rest) = agent.split_once(text)?;
    rest.split([' ', ';', ')', ']']).next().filter(|rest| !rest.is_empty())
}

/// `AWS_Lambda_python` of `AWS_Lambda_python3.12`.
fn without_version(text: &str) -> &str {
    text.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-'))
}

/// `aws-sdk-go-v2` of `aws-sdk-go-v2/1.26.0 os/linux`.
fn first_product(agent: &str) -> &str {
    let end = agent.find(['/', ' ', '(', ';', ',']).unwrap_or(agent.len());
    let name = agent[..end].trim();
    if name.is_empty() { agent } else { name }
}

/// Whether an agent is that of a browser.
fn is_browser(agent: &str) -> bool {
    agent.trim_start_matches('[').starts_with("Mozilla/")
}

/// Parts of the agents of the console's servers: `S3Console/0.4, aws-internal/3 aws-sdk-java/1.11.848`.
const CONSOLE_SERVERS: [&str; 4] = ["aws-internal/", "Console", "Coral/", "aws-sdk-java/"];

/// Whether a call of a console session with this agent was made by one of the console's servers.
///
/// A program such as the AWS CLI is none of them: somebody took the session's credentials out of the browser.
pub(super) fn is_console_server(agent: &str) -> bool {
    is_of_aws(agent) || !is_browser(agent) && CONSOLE_SERVERS.iter().any(|part| agent.contains(part))
}

/// Whether an agent is a program in AWS CloudShell, which runs in AWS with the credentials of a console session.
pub(super) fn is_in_cloud_shell(agent: &str) -> bool {
    agent.contains("exec-env/CloudShell")
}

/// Whether an agent is a part of AWS: `AWS Internal`, or the name of a service.
pub(super) fn is_of_aws(agent: &str) -> bool {
    let agent = agent.trim_start_matches('[').trim_end_matches(']');
    agent.starts_with("AWS Internal")
        || agent.starts_with("aws-internal/")
        || !agent.contains([' ', '/'])
            && (agent.ends_with(".amazonaws.com") || agent.ends_with(".amazonaws.com.cn"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_has_no_version() {
        for (agent, family) in [
            ("aws-cli/2.15.30 Python/3.11.8 Linux/5.10.0 exe/x86_64.kali.2023", "aws-cli 2, Kali Linux"),
            ("aws-cli/1.18.69 Python/3.6.9 Darwin/19.6.0 botocore/1.16.19", "aws-cli 1, macOS"),
            (
                "aws-cli/2.4.5 Python/3.8.8 Linux/5.10.102.1-microsoft-standard-WSL2 exe/x86_64.ubuntu.20",
                "aws-cli 2, Linux microsoft ubuntu",
            ),
            ("aws-cli/2.15.30 Linux/6.1.0-1020-aws exe/x86_64.amzn.2023", "aws-cli 2, Linux aws amzn"),
            (
                "aws-cli/2.15.30 Linux/5.10.0-8-amd64 exe/x86_64.debian.11 exec-env/CloudShell",
                "aws-cli 2, Linux debian, CloudShell",
            ),
            (
                "Boto3/1.26.0 Python/3.9 Linux/4.14.255-291-231.527.amzn2.x86_64 exec-env/AWS_Lambda_python3.9",
                "Boto3, Linux amzn, AWS_Lambda_python",
            ),
            (
                "aws-cli/2.15.30 Python/3.9.16 Linux/6.1.25 source/x86_64.fedora.38 prompt/off",
                "aws-cli 2, Linux fedora",
            ),
            ("Boto3/1.34.64 md/Botocore#1.34.64 ua/2.0 os/linux#5.10.0 md/arch#x86_64", "Boto3, Linux"),
            ("aws-sdk-go-v2/1.26.0 os/linux lang/go#1.22.1", "aws-sdk-go-v2, Linux"),
            ("APN/1.0 HashiCorp/1.0 Terraform/1.5.7 (+https://www.terraform.io)", "Terraform"),
            ("[Mozilla/5.0 (Windows NT 10.0) Chrome/122.0 Safari/537.36 Edg/122.0]", "Edge, Windows"),
            (
                "[Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/122.0 Safari/537.36]",
                "Chrome, Linux",
            ),
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_4) Version/17.3 Safari/605.1.15", "Safari, macOS"),
            ("custom agent", "custom"),
            ("/odd", "/odd"),
            ("", ""),
        ] {
            assert_eq!(agent_family(agent), family, "{agent}");
        }
    }

    #[test]
    fn an_update_of_the_aws_cli_changes_no_family() {
        let rest = "md/arch#x86_64 lang/python#3.12.6 md/pyimpl#CPython cfg/retry-mode#standard";
        for (old, new, family) in [
            (
                "aws-cli/2.13.0 Python/3.11.4 Linux/5.15.0-1019-aws exe/x86_64.ubuntu.22 prompt/off",
                "os/linux#5.15.0-1019-aws REST md/installer#exe md/distrib#ubuntu.22 md/prompt#off",
                "aws-cli 2, Linux aws ubuntu",
            ),
            (
                "aws-cli/2.9.19 Python/3.9.16 Linux/6.1.94-99.176.amzn2023.x86_64 source/x86_64.amzn.2023 prompt/off",
                "os/linux#6.1.159-182.297.amzn2023.x86_64 REST md/installer#source md/distrib#amzn.2023",
                "aws-cli 2, Linux amzn",
            ),
            (
                "aws-cli/2.13.0 Python/3.11.4 Linux/6.1.21 docker/x86_64.amzn.2 prompt/off",
                "os/linux#6.1.21 REST md/installer#docker md/distrib#amzn.2",
                "aws-cli 2, Linux amzn",
            ),
            (
                "aws-cli/2.13.0 Python/3.11.4 Windows/10 exe/AMD64 prompt/off",
                "os/windows#10 REST md/installer#exe md/prompt#off",
                "aws-cli 2, Windows",
            ),
        ] {
            let new = format!("aws-cli/2.22.15 md/awscrt#0.22.0 ua/2.0 {}", new.replace("REST", rest));
            assert_eq!((&*agent_family(old), &*agent_family(&new)), (family, family));
        }
    }

    #[test]
    fn parts_of_aws_are_recognised() {
        for agent in ["AWS Internal", "AWS Internal/3", "[AWS Internal]", "signin.amazonaws.com"] {
            assert!(is_of_aws(agent), "{agent}");
        }
        for agent in ["Boto3/1.34", "my tool for s3.amazonaws.com", "aws-cli/2.15"] {
            assert!(!is_of_aws(agent), "{agent}");
        }
    }
}
