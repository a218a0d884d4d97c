//! Examples at the end of each command's help. A test parses them.

/// A command line, and what it is for.
type Example = (&'static str, &'static str);

/// The examples of each command, in the order of the commands.
pub(super) const EXAMPLES: [(&str, &[Example]); 18] = [
    (
        "scan",
        &[
            (
                "firstseen scan logs/ --warmup 30d --only-mutating",
                "What was new in a folder that contains AWSLogs/",
            ),
            (
                "firstseen scan s3://bucket --profile audit --from 2024-03-01 -o report.html",
                "A page of what a bucket has since March",
            ),
        ],
    ),
    (
        "triage",
        &[
            ("firstseen triage logs/ --top 10", "What to read first"),
            (
                "firstseen triage case.baseline --from 2024-03-01 -o report.html",
                "The same as a page, from a saved baseline",
            ),
        ],
    ),
    (
        "rules",
        &[
            ("firstseen rules logs/", "Events that match the built-in rules"),
            (
                "firstseen rules logs/ --sigma rules/ -o matches.csv",
                "Those that match your Sigma rules, as a table",
            ),
        ],
    ),
    (
        "events",
        &[
            ("firstseen events logs/ --principal '*/alice' --from 2024-03-01", "What a user did since March"),
            (
                "firstseen events logs/ --access-key AKIAIOSFODNN7EXAMPLE -o events.parquet",
                "All that was done with a key, for DuckDB or Spark",
            ),
        ],
    ),
    (
        "show",
        &[(
            "firstseen show case.baseline 00000000-0000-4000-8000-000000000001",
            "The record of a finding, by its event id",
        )],
    ),
    (
        "trace",
        &[(
            "firstseen trace logs/ AKIAIOSFODNN7EXAMPLE",
            "Where a key came from, and what was done with all that it issued",
        )],
    ),
    (
        "baseline",
        &[
            ("firstseen baseline logs/ --at 2024-03-01", "What everyone was known to do on a day"),
            ("firstseen baseline logs/ --at 2024-03-01 --diff 2024-03-08", "What changed within a week"),
        ],
    ),
    (
        "explain",
        &[(
            "firstseen explain logs/ --principal '*/alice' --action iam:CreateUser",
            "Why an action of a user is in the list, or not",
        )],
    ),
    (
        "coverage",
        &[("firstseen coverage logs/ --account 111122223333", "Which days of an account are missing")],
    ),
    (
        "verify",
        &[(
            "firstseen verify logs/ --public-keys keys.json",
            "Whether log files are whole and unaltered, with the keys of aws cloudtrail list-public-keys",
        )],
    ),
    (
        "index",
        &[
            (
                "firstseen index logs/ -o case.baseline",
                "Read a folder once; the same command adds what is new",
            ),
            (
                "firstseen index s3://bucket --role-arn arn:aws:iam::111122223333:role/audit --mirror evidence -o case.baseline",
                "Read a bucket of another account, and keep its objects",
            ),
        ],
    ),
    (
        "merge",
        &[("firstseen merge january.baseline february.baseline -o year.baseline", "Join two baselines")],
    ),
    (
        "plan",
        &[(
            "firstseen plan s3://bucket --shards 16 -o shards.jsonl",
            "Divide a bucket among 16 machines, which run firstseen index --shard",
        )],
    ),
    (
        "tune",
        &[(
            "firstseen tune logs/ --incidents incidents.csv --keep 80% --svg tuning.svg",
            "Which warmup still reports the incidents you know",
        )],
    ),
    ("bench", &[("firstseen bench --synthetic 1G", "How fast this machine reads a gigabyte of JSON")]),
    (
        "doctor",
        &[
            ("firstseen doctor logs/", "What a folder is, and what to run next"),
            (
                "firstseen doctor s3://bucket --profile audit",
                "Whether a bucket can be read, and how long it will take",
            ),
        ],
    ),
    ("synth", &[("firstseen synth practice --gb 0.1 --days 90", "An archive to practise on")]),
    (
        "actions",
        &[
            ("firstseen actions iam:CreateUser 's3:Put*'", "What kind of actions these are"),
            ("firstseen actions --class logging", "All actions of a class"),
        ],
    ),
];
