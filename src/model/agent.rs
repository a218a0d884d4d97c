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
pub(super) fn agent_family(agent: &str) -> Cow<'_, str> {
    let agent = agent.trim_start_matches('[').trim_end_matches(']');
    let known = PROGRAMS.iter().find(|(part, _)| agent.contains(part));
    let program = known.map_or_else(|| first_product(agent), |(_, program)| program);
    let lower = agent.to_ascii_lowercase();
    match SYSTEMS.iter().find(|(part, _)| lower.contains(part)) {
        Some((_, system)) => Cow::Owned(format!("{program}, {system}")),
        None => Cow::Borrowed(program),
    }
}

/// `aws-sdk-go-v2` of `aws-sdk-go-v2/1.26.0 os/linux`.
fn first_product(agent: &str) -> &str {
    let end = agent.find(['/', ' ', '(', ';', ',']).unwrap_or(agent.len());
    let name = agent[..end].trim();
    if name.is_empty() { agent } else { name }
}

/// Whether an agent is that of a browser.
pub(super) fn is_browser(agent: &str) -> bool {
    agent.trim_start_matches('[').starts_with("Mozilla/")
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
            ("aws-cli/2.15.30 Python/3.11.8 Linux/5.10.0 exe/x86_64.kali.2023", "aws-cli, Kali Linux"),
            ("aws-cli/1.18.69 Python/3.6.9 Darwin/19.6.0 botocore/1.16.19", "aws-cli, macOS"),
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
    fn parts_of_aws_are_recognised() {
        for agent in ["AWS Internal", "AWS Internal/3", "[AWS Internal]", "signin.amazonaws.com"] {
            assert!(is_of_aws(agent), "{agent}");
        }
        for agent in ["Boto3/1.34", "my tool for s3.amazonaws.com", "aws-cli/2.15"] {
            assert!(!is_of_aws(agent), "{agent}");
        }
    }
}
