//! Access: credentials, roles, Regions, requester pays, and error messages.

use std::fs;
use std::time::Duration;

use super::server::{LoggedRequest, Reply, SECRET_KEY, Server, Setup, refuse};
use super::{Buckets, FIXTURE, expected, scan, stderr};
use crate::archive::{record, wrapped};
use crate::program::program;

#[test]
fn errors_give_advice_and_no_secrets() {
    let buckets = Buckets::new();
    let refused = |reply: Reply| Setup::new(buckets.root()).plan(move |_| reply.clone()).start();
    let plain = Setup::new(buckets.root()).start();
    let expired = refused(refuse(400, "ExpiredToken"));
    let skewed = refused(refuse(403, "RequestTimeTooSkewed"));
    // Server, archive, flags, environment (empty: removed), error message and advice.
    type Case<'a> = (&'a Server, &'a str, &'a [&'a str], &'a [(&'a str, &'a str)], &'a str, &'a str);
    let cases: Vec<Case<'_>> = vec![
        (&plain, "s3://nowhere", &[], &[], "NoSuchBucket", "check the name of the bucket"),
        (
            &plain,
            "s3://logs/AWSLogs/1",
            &[],
            &[],
            "no object of the bucket 'logs' lies below",
            "a prefix must be the full name of a folder",
        ),
        (&plain, "s3:/logs", &[], &[], "a bucket is written", "write s3://bucket"),
        (&plain, "S3://logs/x", &[], &[], "this one is s3://logs/x", "write s3://bucket"),
        (
            &plain,
            "https://logs.s3.eu-west-1.amazonaws.com/AWSLogs/",
            &[],
            &[],
            "this one is s3://logs/AWSLogs",
            "write s3://bucket",
        ),
        (&plain, "s3://arn:aws:s3:::logs/x", &[], &[], "this one is s3://logs/x", "write s3://bucket"),
        (&plain, "s3://", &[], &[], "the name of the bucket is missing", "write s3://bucket"),
        (&plain, "s3://logs/*/x", &[], &[], "patterns are for files", "write s3://bucket"),
        (&plain, "s3://logs", &[], &[("AWS_ACCESS_KEY_ID", "")], "", "give --profile"),
        (
            &plain,
            "s3://logs",
            &[],
            &[("AWS_ACCESS_KEY_ID", "AKIAUNKNOWN")],
            "InvalidAccessKeyId",
            "aws sts get-caller-identity",
        ),
        (
            &plain,
            "s3://logs",
            &[],
            &[("AWS_SECRET_ACCESS_KEY", "wrong-secret")],
            "SignatureDoesNotMatch",
            "aws sts get-caller-identity",
        ),
        (&plain, "s3://logs", &["--no-sign-request"], &[], "AccessDenied", "s3:ListBucket"),
        (
            &plain,
            "s3://logs",
            &["--profile", "missing"],
            &[],
            "profile 'missing'",
            "check that the AWS configuration",
        ),
        (&expired, "s3://logs", &[], &[], "ExpiredToken", "get new credentials"),
        (&skewed, "s3://logs", &[], &[], "RequestTimeTooSkewed", "set the clock"),
        (&plain, "s3://logs", &["--endpoint-url", "http://127.0.0.1:9"], &[], "", "check the network"),
        (
            &plain,
            "s3://logs",
            &["--aws-region", "not a region"],
            &[],
            "is no AWS Region",
            "correct that setting",
        ),
    ];
    for (server, archive, flags, environment, said, hint) in cases {
        let mut command = server.firstseen();
        for (name, value) in environment {
            if value.is_empty() {
                command.env_remove(name)
            } else {
                command.env(name, value)
            };
        }
        let output = scan(&mut command, archive, flags);
        let stderr = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{archive} {flags:?}: {stderr}");
        assert!(
            stderr.contains(said) && stderr.contains(hint),
            "{archive} {flags:?} {environment:?}: {stderr}"
        );
        assert!(!stderr.contains(SECRET_KEY) && !stderr.contains("wrong-secret"), "{stderr}");
    }
}

#[test]
fn errors_name_the_endpoint_and_the_credential_sources_tried() {
    let buckets = Buckets::new();
    let server = Setup::new(buckets.root())
        .plan(|request| match request.path.contains("page") {
            true => Reply::Page,
            false => Reply::Serve,
        })
        .start();
    let config = buckets.root().join("config");
    let sso = "[profile sso]\nsso_session = s\nsso_account_id = 111122223333\nsso_role_name = r\n\
               [sso-session s]\nsso_region = eu-west-1\nsso_start_url = https://sso.invalid/start\n\
               [profile role]\nrole_arn = arn:aws:iam::111122223333:role/x\nsource_profile = nosuch\n\
               [profile program]\ncredential_process = sh -c 'echo AccessDenied >&2; exit 3'\n";
    fs::write(&config, sso).unwrap();
    let config = config.to_str().unwrap();
    let nobody = "http://user:secret-of-proxy@127.0.0.1:9";
    let elsewhere = "logs.s3.eu-central-9.amazonaws.com (Region eu-central-9, from";
    // Flags, environment (empty: removed) and error messages.
    type Case<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)], &'a [&'a str]);
    let cases: [Case<'_>; 11] = [
        (
            &[],
            &[("AWS_ACCESS_KEY_ID", "")],
            &[
                "no credentials were found. Tried, in this order: the environment (AWS_SECRET_ACCESS_KEY set, \
                 AWS_ACCESS_KEY_ID not set)",
                "the profile 'default' in /dev/null and /dev/null",
                "a web identity (AWS_WEB_IDENTITY_TOKEN_FILE not set); a container (",
                "EC2 instance (switched off by AWS_EC2_METADATA_DISABLED)",
                "aws sso login",
            ],
        ),
        (
            &[],
            &[("AWS_ACCESS_KEY_ID", ""), ("AWS_PROFILE", "zzz")],
            &["the profile 'zzz' in", "check that the AWS configuration"],
        ),
        (
            &[],
            &[("AWS_ACCESS_KEY_ID", ""), ("AWS_PROFILE", "zzz"), ("AWS_CONFIG_FILE", config)],
            &["the profile 'zzz' in", "a role: it is not defined in"],
        ),
        (
            &[],
            &[("AWS_ACCESS_KEY_ID", ""), ("AWS_PROFILE", "role"), ("AWS_CONFIG_FILE", config)],
            &["the profile 'role' in", "a role: profile `nosuch` was not defined"],
        ),
        (
            &["--profile", "zzz"],
            &[],
            &["profile 'zzz': there is none in /dev/null or /dev/null, or it has no credentials"],
        ),
        (&["--profile", "zzz"], &[("AWS_CONFIG_FILE", config)], &["profile 'zzz': it is not defined in"]),
        (
            &["--profile", "program"],
            &[("AWS_CONFIG_FILE", config)],
            &[
                "profile 'program': ",
                "external process exited with",
                "run the credential_process of this profile",
            ],
        ),
        (
            &["--profile", "sso"],
            &[("AWS_CONFIG_FILE", config), ("HOME", "/nowhere")],
            &["profile 'sso'", "get new credentials (aws sso login"],
        ),
        (
            &["--aws-region", "eu-central-9"],
            &[("AWS_ENDPOINT_URL", ""), ("HTTPS_PROXY", nobody)],
            &[elsewhere, "--aws-region, by the proxy of HTTPS_PROXY)"],
        ),
        (
            &[],
            &[("AWS_ENDPOINT_URL", ""), ("AWS_REGION", "eu-central-9"), ("HTTPS_PROXY", nobody)],
            &[elsewhere, "AWS_REGION,", "check the network, the Region"],
        ),
        (
            &["--no-sign-request"],
            &[("AWS_ENDPOINT_URL", "https://127.0.0.1:9")],
            &["no answer from 127.0.0.1:9 (Region us-east-1, from nobody"],
        ),
    ];
    for (flags, environment, said) in cases {
        let mut command = server.firstseen();
        for (name, value) in environment {
            if value.is_empty() {
                command.env_remove(name)
            } else {
                command.env(name, value)
            };
        }
        let output = scan(&mut command, "s3://logs", flags);
        assert_eq!(output.status.code(), Some(1), "{environment:?}: {}", stderr(&output));
        for said in said {
            assert!(stderr(&output).contains(said), "{flags:?} {environment:?} {said}: {}", stderr(&output));
        }
        assert!(!stderr(&output).contains("secret-of-proxy") && !stderr(&output).contains(SECRET_KEY));
    }
    let output = scan(&mut server.firstseen(), "s3://page", &[]);
    let said = "does not answer as S3 does: HTTP status 404";
    assert!(stderr(&output).contains(said), "{}", stderr(&output));
}

#[test]
fn flags_that_do_not_fit_are_refused() {
    for (flags, said) in [
        (&["--role-arn", "role/x"][..], "write arn:aws:iam::123456789012:role/name"),
        (&["--external-id", "abc"], "1 --external-id for 0 --role-arn"),
        (&["--role-arn", "arn:aws:iam::123456789012:role/x", "--external-id", "a b"], "2 to 1224"),
        (&["--no-sign-request", "--profile", "x"], "uses no credentials"),
        (&["--endpoint-url", "localhost:9000"], "write https://host"),
    ] {
        let output = scan(&mut program(), "s3://logs", flags);
        assert_eq!(output.status.code(), Some(2), "{flags:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(said), "{}", stderr(&output));
    }
    let output = scan(&mut program(), FIXTURE, &["--mirror", "x"]);
    assert!(stderr(&output).contains("--mirror keeps objects from S3"), "{}", stderr(&output));
}

#[test]
fn credentials_that_expire_during_a_run_leave_a_partial_answer() {
    let buckets = Buckets::new();
    let server = Setup::new(buckets.root())
        .plan(|request| if request.number > 25 { refuse(400, "ExpiredToken") } else { Reply::Serve })
        .start();
    let found = scan(&mut server.firstseen(), "s3://logs", &[]);
    assert_eq!(found.status.code(), Some(3));
    assert!(stderr(&found).contains("credentials-expired"), "{}", stderr(&found));
    assert!(found.stdout.len() > 100);
}

#[test]
fn a_bucket_in_another_region_is_found() {
    let buckets = Buckets::new();
    let server = Setup::new(buckets.root())
        .plan(|request| {
            if request.headers["authorization"].contains("/eu-central-1/s3/") {
                return Reply::Serve;
            }
            let region = vec![("x-amz-bucket-region", "eu-central-1".to_owned())];
            Reply::Refuse(301, "PermanentRedirect", "must be addressed using the specified endpoint", region)
        })
        .start();
    let found = scan(&mut server.firstseen(), "s3://logs", &[]);
    assert!(found.stdout == expected(&buckets.logs()), "{}", stderr(&found));
    assert_eq!(
        server
            .requests()
            .iter()
            .filter(|request| request.headers["authorization"].contains("us-east-1"))
            .count(),
        1
    );
}

#[test]
fn requester_pays_applies_to_every_request_or_none() {
    let buckets = Buckets::new();
    for flags in [&["--request-payer"][..], &[]] {
        let server = Setup::new(buckets.root()).start();
        scan(&mut server.firstseen(), "s3://logs", flags);
        let requests = server.requests();
        assert!(requests.len() > 30);
        for request in requests {
            let payer = request.headers.get("x-amz-request-payer").map(String::as_str);
            assert_eq!(payer, (!flags.is_empty()).then_some("requester"), "{}", request.path);
        }
    }
}

#[test]
fn a_public_bucket_is_read_without_a_signature() {
    let buckets = Buckets::new();
    let server = Setup::new(buckets.root()).public().start();
    let mut command = server.firstseen();
    let found = scan(&mut command, "s3://logs", &["--no-sign-request"]);
    assert!(found.stdout == expected(&buckets.logs()), "{}", stderr(&found));
    assert!(server.requests().iter().all(|request| !request.headers.contains_key("authorization")));
}

/// An STS answer with credentials that expire after `seconds`.
pub(super) fn assumed(request: &LoggedRequest, seconds: i64) -> Reply {
    let name = &request.form["RoleArn"];
    let key = format!("ASIA{}", name.rsplit('/').next().unwrap().to_uppercase());
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64;
    let end = firstseen::time::Timestamp::from_seconds(now + seconds);
    Reply::Xml(format!(
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><AssumedRoleUser>\
         <Arn>arn:aws:sts::1:assumed-role/x/y</Arn><AssumedRoleId>AROA:y</AssumedRoleId></AssumedRoleUser><Credentials>\
         <AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{SECRET_KEY}</SecretAccessKey><SessionToken>token-{key}\
         </SessionToken><Expiration>{end}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
    ))
}

const HUB: &str = "arn:aws:iam::999988887777:role/hub";
const CUSTOMER: &str = "arn:aws:iam::111122223333:role/audit/customer";

#[test]
fn roles_form_a_chain_and_the_last_one_gets_the_external_id() {
    let buckets = Buckets::new();
    let server = Setup::new(buckets.root())
        .plan(|request| match request.form.get("RoleArn").map(String::as_str) {
            None => Reply::Serve,
            Some(HUB) if !request.form.contains_key("ExternalId") => assumed(request, 3600),
            Some(CUSTOMER) if request.form.get("ExternalId").is_some_and(|id| id == "case-4711") => {
                assumed(request, 3600)
            }
            Some(_) => refuse(403, "AccessDenied"),
        })
        .start();
    let roles = ["--role-arn", HUB, "--role-arn", CUSTOMER, "--external-id"];
    let found = scan(&mut server.firstseen(), "s3://logs", &[&roles[..], &["case-4711"]].concat());
    assert!(found.stdout == expected(&buckets.logs()), "{}", stderr(&found));
    for request in server.requests() {
        let signed = &request.headers["authorization"];
        match request.form.get("RoleArn").map(String::as_str) {
            Some(HUB) => assert!(signed.contains("AKIAIOSFODNN7EXAMPLE")),
            Some(_) => assert!(signed.contains("ASIAHUB")),
            None => assert!(
                signed.contains("ASIACUSTOMER")
                    && request.headers["x-amz-security-token"] == "token-ASIACUSTOMER"
            ),
        }
        if !request.form.is_empty() {
            assert_eq!(request.form["RoleSessionName"], "firstseen-log-import");
        }
    }
    let refused = scan(&mut server.firstseen(), "s3://logs", &[&roles[..], &["case-0"]].concat());
    let said = stderr(&refused);
    assert_eq!(refused.status.code(), Some(1));
    assert!(said.contains("AccessDenied: as the test wants it") && !said.contains("unhandled"), "{said}");
    assert!(said.contains("check --role-arn and --external-id"), "{said}");
}

#[test]
fn sessions_are_renewed_before_they_expire() {
    let buckets = Buckets::new();
    let server = Setup::new(buckets.root())
        .plan(|request| match request.form.is_empty() {
            // The SDK renews credentials within the last ten seconds.
            false => assumed(request, 2),
            true => Reply::Slow(Duration::from_millis(150)),
        })
        .start();
    let flags = ["--role-arn", HUB, "--concurrency", "2"];
    let found = scan(&mut server.firstseen(), "s3://logs", &flags);
    assert!(found.stdout == expected(&buckets.logs()), "{}", stderr(&found));
    let sessions = server.requests().iter().filter(|request| !request.form.is_empty()).count();
    assert!(sessions >= 2, "{sessions}");
}

#[test]
fn a_failed_session_renewal_is_retried() {
    let buckets = Buckets::new();
    let server = Setup::new(buckets.root())
        .plan(|request| match (request.form.is_empty(), request.before) {
            (true, _) => Reply::Slow(Duration::from_millis(150)),
            (false, 1..9) => refuse(503, "ServiceUnavailable"),
            (false, _) => assumed(request, 2),
        })
        .start();
    let found = scan(&mut server.firstseen(), "s3://logs", &["--role-arn", HUB, "--concurrency", "2"]);
    assert_eq!(found.status.code(), Some(0), "{}", stderr(&found));
    assert!(found.stdout == expected(&buckets.logs()));
}

#[test]
fn expired_credentials_stop_all_requests() {
    let buckets = Buckets::synthetic();
    let server = Setup::new(buckets.root())
        .page(1000)
        .plan(|request| if request.number > 60 { refuse(400, "ExpiredToken") } else { Reply::Serve })
        .start();
    let found = scan(&mut server.firstseen(), "s3://logs", &["--concurrency", "4"]);
    assert_eq!(found.status.code(), Some(3));
    let requests = server.requests().len();
    assert!(requests < 80, "{requests}");
}

#[test]
fn output_of_a_credential_process_is_not_printed() {
    let buckets = Buckets::new();
    let server = Setup::new(buckets.root()).start();
    let config = buckets.root().join("config");
    let process = "sh -c 'echo token=SECRETX >&2; exit 1'";
    fs::write(&config, format!("[profile p]\ncredential_process = {process}\n")).unwrap();
    let mut command = server.firstseen();
    let found = scan(command.env("AWS_CONFIG_FILE", &config), "s3://logs", &["--profile", "p"]);
    assert_eq!(found.status.code(), Some(1));
    assert!(!stderr(&found).contains("SECRETX"), "{}", stderr(&found));
    assert!(stderr(&found).contains("credentials"), "{}", stderr(&found));
}

#[test]
fn an_external_id_belongs_to_the_role_at_the_same_position() {
    let buckets = Buckets::new();
    let server = Setup::new(buckets.root())
        .plan(|request| if request.form.is_empty() { Reply::Serve } else { assumed(request, 3600) })
        .start();
    let config = buckets.root().join("config.toml");
    fs::write(&config, format!("role-arn = ['{CUSTOMER}']\nexternal-id = ['case-1']\n")).unwrap();
    let config = ["--config", config.to_str().unwrap()];
    scan(&mut server.firstseen(), "s3://logs", &config);
    scan(&mut server.firstseen(), "s3://logs", &[&config[..], &["--role-arn", HUB]].concat());
    let ids: Vec<Option<String>> = server
        .requests()
        .iter()
        .filter(|request| !request.form.is_empty())
        .map(|request| request.form.get("ExternalId").cloned())
        .collect();
    assert_eq!(ids, [Some("case-1".to_owned()), None]);
}

/// Pasted, they reach the same bucket, as the same caller.
#[test]
fn printed_commands_have_the_flags_of_access() {
    let buckets = Buckets::new();
    let server = Setup::new(buckets.root()).start();
    let folder = tempfile::TempDir::new().unwrap();
    let run = |arguments: &[&str]| {
        let mut command = server.firstseen();
        command.env_remove("AWS_ENDPOINT_URL");
        let output = command.args(arguments).arg("-q").current_dir(folder.path()).output().unwrap();
        assert!(matches!(output.status.code(), Some(0 | 3)), "{arguments:?}: {}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let access = ["--endpoint-url", &server.url, "--request-payer", "--role-session-name", "ir-1"];
    let words = format!("--endpoint-url {} --role-session-name ir-1 --request-payer", server.url);
    let of = |arguments: &[&str]| run(&[arguments, &access].concat());
    let triage = of(&["triage", "s3://logs", "--top", "1"]);
    let events = format!("firstseen events s3://logs {words} ");
    assert!(
        triage.contains(&events) && triage.contains(&format!("firstseen trace s3://logs {words} ")),
        "{triage}"
    );
    let line = triage.lines().find(|line| line.contains(&events)).unwrap();
    let command: Vec<&str> = line.trim().strip_prefix("firstseen ").unwrap().split(' ').collect();
    assert!(!run(&command).is_empty());
    let page = of(&["scan", "s3://logs", "-f", "html"]);
    assert!(page.contains(&format!("firstseen triage s3://logs {words}")), "the page");
    // A baseline is read from disk, and its buckets for a trace.
    run(&[&["index", "s3://logs", "-o", "b.baseline"][..], &access].concat());
    let triage = of(&["triage", "b.baseline", "--top", "1"]);
    assert!(triage.contains(&format!("firstseen trace b.baseline --archive s3://logs {words} ")), "{triage}");
    assert!(triage.contains("firstseen scan b.baseline --account "), "{triage}");
}

#[test]
fn a_password_in_the_url_of_a_store_is_refused_and_not_printed() {
    let arguments = ["triage", "s3://logs", "--endpoint-url", "http://me:hunter2@127.0.0.1:9"];
    let output = program().args(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("takes no user and no password"), "{}", stderr(&output));
    assert!(!stderr(&output).contains("hunter2"), "{}", stderr(&output));
}

#[test]
fn an_access_point_is_asked_at_its_own_host() {
    let buckets = Buckets::new();
    let event = String::from_utf8(wrapped(&[record("2024-01-01T00:00:00Z", "u", "s3:GetObject")])).unwrap();
    let list = format!(
        "<ListBucketResult><Contents><Key>AWSLogs/x.json</Key><Size>{}</Size></Contents></ListBucketResult>",
        event.len()
    );
    let server = Setup::new(buckets.root())
        .plan(move |request| Reply::Xml(if request.is_list() { list.clone() } else { event.clone() }))
        .start();
    let mirror = buckets.root().join("mirror");
    for point in ["accesspoint/my-ap", "accesspoint:my-ap"] {
        let mut command = server.firstseen();
        // The server is the proxy for every host.
        command.env("HTTP_PROXY", &server.url).env("AWS_ENDPOINT_URL", "http://s3.test");
        let archive = format!("s3://arn:aws:s3:eu-west-1:111122223333:{point}/AWSLogs");
        let found = scan(&mut command, &archive, &["--mirror", mirror.to_str().unwrap()]);
        assert_eq!(found.status.code(), Some(0), "{}", stderr(&found));
        assert!(stderr(&found).contains("objects: 1 listed = 1 read"), "{}", stderr(&found));
    }
    let requests = server.requests();
    assert!(requests.iter().filter(|request| request.is_get()).count() == 1, "{requests:?}");
    for request in requests {
        assert_eq!(request.headers["host"], "my-ap-111122223333.s3.test");
        assert!(request.headers["authorization"].contains("/eu-west-1/s3/"));
        assert!(!request.is_list() || request.query.contains("prefix=AWSLogs"));
    }
    assert!(
        mirror
            .join("arn%3Aaws%3As3%3Aeu-west-1%3A111122223333%3Aaccesspoint%3Amy-ap/AWSLogs/x.json")
            .exists()
    );
}

#[test]
fn an_empty_variable_names_no_other_store() {
    let buckets = Buckets::new();
    let server = Setup::new(buckets.root()).start();
    let found = scan(server.firstseen().env("AWS_ENDPOINT_URL_S3", ""), "s3://logs", &[]);
    assert!(found.stdout == expected(&buckets.logs()), "{}", stderr(&found));
    for name in ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"] {
        let mut command = server.firstseen();
        command.env_remove("AWS_ENDPOINT_URL").env(name, "").env("HTTPS_PROXY", "http://127.0.0.1:9");
        let found = scan(&mut command, "s3://logs", &[]);
        let said = "no answer from logs.s3.us-east-1.amazonaws.com";
        assert!(stderr(&found).contains(said), "{name}: {}", stderr(&found));
    }
}
