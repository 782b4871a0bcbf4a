use std::collections::BTreeSet;

use expect_test::{Expect, expect};

use super::*;
use crate::definition::parse;

const ALL: [Use; 7] = [
    Use::Look,
    Use::Read,
    Use::Find,
    Use::Load,
    Use::Change,
    Use::Switch,
    Use::Sweep,
];

/// A project `shop` with this store.
fn project(online: &str) -> Project {
    let text = format!("[project]\nname = \"shop\"\n\n[stores.online]\n{online}");
    match parse("sandglass.toml", &text) {
        Ok(parsed) => parsed.project,
        Err(problems) => panic!("{problems}"),
    }
}

fn dynamodb(more: &str) -> Project {
    project(&format!(
        "kind = \"dynamodb\"\nregion = \"eu-central-1\"\ntable_prefix = \"prod-\"\n{more}"
    ))
}

/// All that a store may have.
fn full() -> Project {
    dynamodb(
        "tags = { team = \"growth\" }\nkms_key_id = \"alias/features\"\nwarm_read_units = 20000\n\
         staging = { location = \"s3://bucket/load\" }",
    )
}

fn of(project: &Project, uses: &[Use]) -> Policy {
    of_all(project, &Uses::of(uses, &[]))
}

fn of_all(project: &Project, uses: &Uses) -> Policy {
    let account: Account = "123456789012".parse().expect("12 digits");
    policy(project, Some(&account), uses)
}

fn told(policy: &Policy) -> String {
    let mut text = String::new();
    for statement in &policy.statement {
        let actions: Vec<&str> = statement.action.iter().map(String::as_str).collect();
        text.push_str(&format!("{} {}\n", statement.sid, statement.resource.0.join(" ")));
        text.push_str(&format!("  {}\n", actions.join(" ")));
        for (operator, compared) in &statement.condition {
            for (key, value) in compared {
                text.push_str(&format!("  if {key} {operator} {}\n", value.0.join(" ")));
            }
        }
    }
    text
}

#[track_caller]
fn is(policy: &Policy, expected: &Expect) {
    expected.assert_eq(&told(policy));
}

#[test]
fn a_document_is_as_iam_takes_it() {
    let policy = of(
        &dynamodb("staging = { location = \"s3://bucket\" }"),
        &[Use::Look, Use::Sweep],
    );
    let text = serde_json::to_string_pretty(&policy).expect("text") + "\n";
    expect![[r#"
        {
          "Version": "2012-10-17",
          "Statement": [
            {
              "Sid": "Control",
              "Effect": "Allow",
              "Action": [
                "dynamodb:BatchGetItem",
                "dynamodb:BatchWriteItem",
                "dynamodb:DeleteItem",
                "dynamodb:GetItem",
                "dynamodb:Query",
                "dynamodb:UpdateItem"
              ],
              "Resource": "arn:aws:dynamodb:eu-central-1:123456789012:table/prod-sandglass.control"
            },
            {
              "Sid": "SharedItems",
              "Effect": "Allow",
              "Action": [
                "dynamodb:BatchWriteItem",
                "dynamodb:Query"
              ],
              "Resource": "arn:aws:dynamodb:eu-central-1:123456789012:table/prod-sandglass.items"
            },
            {
              "Sid": "Generations",
              "Effect": "Allow",
              "Action": [
                "dynamodb:DeleteTable",
                "dynamodb:DescribeImport",
                "dynamodb:DescribeTable"
              ],
              "Resource": "arn:aws:dynamodb:eu-central-1:123456789012:table/prod-sandglass.shop.*"
            },
            {
              "Sid": "StagingNames",
              "Effect": "Allow",
              "Action": [
                "s3:ListBucket"
              ],
              "Resource": "arn:aws:s3:::bucket",
              "Condition": {
                "StringLike": {
                  "s3:prefix": "prod-sandglass.shop.*"
                }
              }
            },
            {
              "Sid": "Staging",
              "Effect": "Allow",
              "Action": [
                "s3:DeleteObject"
              ],
              "Resource": "arn:aws:s3:::bucket/prod-sandglass.shop.*"
            }
          ]
        }
    "#]]
    .assert_eq(&text);
}

#[test]
fn all_that_is_done_with_all_that_a_store_has() {
    is(
        &of(&full(), &ALL),
        &expect![[r"
            Control arn:aws:dynamodb:eu-central-1:123456789012:table/prod-sandglass.control
              dynamodb:BatchGetItem dynamodb:BatchWriteItem dynamodb:ConditionCheckItem dynamodb:CreateTable dynamodb:DeleteItem dynamodb:DescribeTable dynamodb:DescribeTimeToLive dynamodb:GetItem dynamodb:PutItem dynamodb:Query dynamodb:TagResource dynamodb:UpdateItem dynamodb:UpdateTimeToLive
            SharedItems arn:aws:dynamodb:eu-central-1:123456789012:table/prod-sandglass.items
              dynamodb:BatchGetItem dynamodb:BatchWriteItem dynamodb:CreateTable dynamodb:DescribeTable dynamodb:DescribeTimeToLive dynamodb:Query dynamodb:TagResource dynamodb:UpdateItem dynamodb:UpdateTimeToLive
            Generations arn:aws:dynamodb:eu-central-1:123456789012:table/prod-sandglass.shop.*
              dynamodb:BatchGetItem dynamodb:BatchWriteItem dynamodb:CreateTable dynamodb:DeleteTable dynamodb:DescribeImport dynamodb:DescribeTable dynamodb:DescribeTimeToLive dynamodb:ImportTable dynamodb:Scan dynamodb:TagResource dynamodb:UpdateItem dynamodb:UpdateTable dynamodb:UpdateTimeToLive
            StagingNames arn:aws:s3:::bucket
              s3:ListBucket
              if s3:prefix StringLike load/prod-sandglass.shop.*
            Staging arn:aws:s3:::bucket/load/prod-sandglass.shop.*
              s3:DeleteObject s3:GetObject s3:PutObject
            ImportLogs arn:aws:logs:eu-central-1:123456789012:log-group:/aws-dynamodb/*
              logs:CreateLogGroup logs:CreateLogStream logs:DescribeLogGroups logs:DescribeLogStreams logs:PutLogEvents logs:PutRetentionPolicy
            TablesKey arn:aws:kms:eu-central-1:123456789012:key/*
              kms:CreateGrant kms:Decrypt kms:DescribeKey kms:Encrypt kms:GenerateDataKey* kms:ReEncrypt*
              if kms:ResourceAliases ForAnyValue:StringEquals alias/features
              if kms:ViaService StringLike dynamodb.eu-central-1.amazonaws.com
        "]],
    );
}

#[test]
fn who_reads_reads_only() {
    is(
        &of(&full(), &[Use::Look, Use::Read]),
        &expect![[r"
            Control arn:aws:dynamodb:eu-central-1:123456789012:table/prod-sandglass.control
              dynamodb:BatchGetItem
            SharedItems arn:aws:dynamodb:eu-central-1:123456789012:table/prod-sandglass.items
              dynamodb:BatchGetItem
            Generations arn:aws:dynamodb:eu-central-1:123456789012:table/prod-sandglass.shop.*
              dynamodb:BatchGetItem
            TablesKey arn:aws:kms:eu-central-1:123456789012:key/*
              kms:Decrypt kms:DescribeKey
              if kms:ResourceAliases ForAnyValue:StringEquals alias/features
              if kms:ViaService StringLike dynamodb.eu-central-1.amazonaws.com
        "]],
    );
}

#[test]
fn what_a_store_does_not_have_is_not_asked_for() {
    let text = told(&of(&dynamodb(""), &ALL));
    for other in ["s3:", "logs:", "kms:", "TagResource", "UpdateTable", "Import"] {
        assert!(!text.contains(other), "{other}: {text}");
    }
    let embedded = project("kind = \"embedded\"\n");
    assert_eq!(of(&embedded, &ALL).statement, []);
    assert_eq!(of(&full(), &[]).statement, []);
}

#[test]
fn where_nothing_is_said_it_may_be_anywhere() {
    let of = |region: &str| {
        let online = format!("kind = \"dynamodb\"\nkms_key_id = \"1234-ab\"\n{region}");
        let staging = "staging = { location = \"s3://bucket/x\" }\n";
        policy(&project(&(online + staging)), None, &Uses::of(&[Use::Sweep], &[]))
    };
    let resources = |policy: Policy| -> Vec<String> {
        let statements = policy.statement.into_iter();
        statements
            .flat_map(|statement| {
                let service = statement.condition.get("StringLike").cloned().unwrap_or_default();
                let compared = service.into_values().flat_map(|texts| texts.0);
                statement.resource.0.into_iter().chain(compared).collect::<Vec<_>>()
            })
            .collect()
    };
    assert_eq!(
        resources(of("")),
        [
            "arn:aws:dynamodb:*:*:table/sandglass.control",
            "arn:aws:dynamodb:*:*:table/sandglass.items",
            "arn:aws:dynamodb:*:*:table/sandglass.shop.*",
            "arn:aws:s3:::bucket",
            "x/sandglass.shop.*",
            "arn:aws:s3:::bucket/x/sandglass.shop.*",
            "arn:aws:kms:*:*:key/1234-ab",
            "dynamodb.*.amazonaws.com",
        ]
    );
    let china = resources(of("region = \"cn-north-1\"\n"));
    assert_eq!(china[0], "arn:aws-cn:dynamodb:cn-north-1:*:table/sandglass.control");
    assert_eq!(china[3], "arn:aws-cn:s3:::bucket");
    assert_eq!(china[7], "dynamodb.cn-north-1.amazonaws.com*");
    let government = resources(of("region = \"us-gov-west-1\"\n"));
    assert_eq!(
        government[1],
        "arn:aws-us-gov:dynamodb:us-gov-west-1:*:table/sandglass.items"
    );
}

#[test]
fn keys_are_called_in_four_ways() {
    let key = |id: &str| {
        let policy = of(&dynamodb(&format!("kms_key_id = \"{id}\"")), &[Use::Look]);
        let statement = policy.statement.into_iter().last().expect("that of the key");
        let alias = statement.condition.get("ForAnyValue:StringEquals").cloned();
        let alias = alias.and_then(|alias| alias.into_values().next());
        (statement.resource.0.concat(), alias.map(|alias| alias.0.concat()))
    };
    let arn = |rest: &str| format!("arn:aws:kms:eu-central-1:{rest}");
    let alias = || Some("alias/features".to_owned());
    assert_eq!(key("1234-ab"), (arn("123456789012:key/1234-ab"), None));
    assert_eq!(key(&arn("999999999999:key/1234")), (arn("999999999999:key/1234"), None));
    assert_eq!(key("alias/features"), (arn("123456789012:key/*"), alias()));
    assert_eq!(
        key(&arn("999999999999:alias/features")),
        (arn("999999999999:key/*"), alias())
    );
}

/// Inline policies of a role may have 10,240 characters, those of a user 2,048, and managed ones 6,144; white space is not counted.
#[test]
fn a_policy_fits_a_role_whatever_names_are() {
    let long = |count| "n".repeat(count);
    let mut project = full();
    project.name = long(63).parse().expect("a name");
    if let OnlineStoreKind::DynamoDb(store) = &mut project.stores.online {
        store.table_prefix = long(64);
        store.region = Some(long(63));
        if let Some(staging) = &mut store.staging {
            (staging.bucket, staging.prefix) = (long(63), long(512));
        }
    }
    let longest = serde_json::to_string(&of(&project, &ALL)).expect("text").len();
    assert!(longest < 6_144, "{longest}");
    let reads = serde_json::to_string(&of(&full(), &[Use::Look, Use::Read])).expect("text");
    assert!(reads.len() < 2_048, "{reads}");
}

/// Who does more is allowed more, and what two do together is what each of them does.
#[test]
fn policies_add_up() {
    let project = full();
    let allowed = |uses: &[Use]| -> BTreeSet<(String, String)> {
        let statements = of(&project, uses).statement.into_iter();
        statements
            .flat_map(|statement| {
                let resource = statement.resource.0.join(" ");
                let each = statement.action.into_iter();
                each.map(move |action| (action, resource.clone()))
            })
            .collect()
    };
    for one in ALL {
        for other in ALL {
            let both: BTreeSet<_> = allowed(&[one]).union(&allowed(&[other])).cloned().collect();
            assert_eq!(allowed(&[one, other]), both, "{one:?}, {other:?}");
        }
    }
}

#[test]
fn names_of_statements_come_once() {
    let policy = of(&full(), &ALL);
    let sids: BTreeSet<&String> = policy.statement.iter().map(|statement| &statement.sid).collect();
    assert_eq!(sids.len(), policy.statement.len());
    assert!(sids.iter().all(|sid| sid.chars().all(|c| c.is_ascii_alphanumeric())));
}

#[test]
fn an_account_is_twelve_digits() {
    for wrong in ["", "12345678901", "1234567890123", "12345678901a", "１２３４"] {
        assert_eq!(wrong.parse::<Account>(), Err(AccountError), "{wrong}");
    }
    let account: Account = "000000000001".parse().expect("12 digits");
    assert_eq!(account.to_string(), "000000000001");
}

const OFFLINE: [OfflineUse; 13] = [
    OfflineUse::Know,
    OfflineUse::Apply,
    OfflineUse::Probe,
    OfflineUse::Admit,
    OfflineUse::Issue,
    OfflineUse::Scan,
    OfflineUse::Commit,
    OfflineUse::Gather,
    OfflineUse::Rewrite,
    OfflineUse::Settle,
    OfflineUse::Trace,
    OfflineUse::Drop,
    OfflineUse::Raze,
];

/// A project `shop` whose offline store is here, and whose sources are these; the last one no view has.
fn offline(location: &str, sources: &[&str]) -> Project {
    let mut text = format!(
        "[project]\nname = \"shop\"\n\n[stores]\noffline = \"{location}\"\n\n\
         [[entity]]\nname = \"customer\"\njoin_keys = {{ customer = \"utf8\" }}\n"
    );
    for (number, path) in sources.iter().enumerate() {
        text += &format!("\n[[source]]\nname = \"s{number}\"\npath = \"{path}\"\ntimestamp_column = \"at\"\n");
    }
    for number in 0..sources.len().saturating_sub(1) {
        text += &format!(
            "\n[[feature_view]]\nname = \"f{number}\"\nkind = \"batch\"\nentities = [\"customer\"]\nsources = [\"s{number}\"]\n\
             timestamp_column = \"at\"\nbatch_schedule = \"1d\"\nfeature_start_time = \"2024-01-01\"\n"
        );
    }
    match parse("sandglass.toml", &text) {
        Ok(parsed) => parsed.project,
        Err(problems) => panic!("{problems}"),
    }
}

#[test]
fn an_offline_store_is_its_registry_and_its_tables() {
    let policy = of_all(&offline("s3://bucket/some/features", &[]), &Uses::of(&[], &OFFLINE));
    is(
        &policy,
        &expect![[r"
            RegistryNames arn:aws:s3:::bucket
              s3:ListBucket
              if s3:prefix StringLike some/features/shop/_registry/applied/* some/features/shop/_registry/components/*
            Registry arn:aws:s3:::bucket/some/features/shop/_registry/applied/* arn:aws:s3:::bucket/some/features/shop/_registry/components/*
              s3:GetObject s3:PutObject
            RegistryKeysNames arn:aws:s3:::bucket
              s3:ListBucket
              if s3:prefix StringLike some/features/shop/_registry/keys/*
            RegistryKeys arn:aws:s3:::bucket/some/features/shop/_registry/keys/*
              s3:DeleteObject s3:GetObject s3:PutObject
            RegistryProbe arn:aws:s3:::bucket/some/features/shop/_registry/.*.tmp
              s3:DeleteObject s3:GetObject s3:PutObject
            OfflineNames arn:aws:s3:::bucket
              s3:ListBucket
              if s3:prefix StringLike some/features/shop/*/v*
            Offline arn:aws:s3:::bucket/some/features/shop/*/v*
              s3:AbortMultipartUpload s3:DeleteObject s3:GetObject s3:PutObject
            OfflineLogs arn:aws:s3:::bucket/some/features/shop/*/v*/_delta_log/*
              s3:DeleteObject
            OfflineRows arn:aws:s3:::bucket/some/features/shop/*/v*/rows/*
              s3:DeleteObject
            OfflineFailures arn:aws:s3:::bucket/some/features/shop/*/v*/failed/*
              s3:DeleteObject
            OfflineViewsNames arn:aws:s3:::bucket
              s3:ListBucket
              if s3:prefix StringLike some/features/shop/*/
            OfflineDroppedNames arn:aws:s3:::bucket
              s3:ListBucket
              if s3:prefix StringLike some/features/shop/*/.dropped-v*
            OfflineDropped arn:aws:s3:::bucket/some/features/shop/*/.dropped-v*
              s3:DeleteObject s3:GetObject s3:PutObject
        "]],
    );
    // Inline policies of a role may be longer than others.
    let longest = format!("s3://{}/{}", "b".repeat(63), "p".repeat(256));
    let longest = of_all(&offline(&longest, &[]), &Uses::of(&[], &OFFLINE));
    assert!(serde_json::to_string(&longest).expect("text").len() < 10_240);
    let of = |location: &str| of_all(&offline(location, &[]), &Uses::of(&[], &[OfflineUse::Know]));
    is(
        &of("s3://bucket"),
        &expect![[r"
            RegistryNames arn:aws:s3:::bucket
              s3:ListBucket
              if s3:prefix StringLike shop/_registry/applied/* shop/_registry/components/*
            Registry arn:aws:s3:::bucket/shop/_registry/applied/* arn:aws:s3:::bucket/shop/_registry/components/*
              s3:GetObject
        "]],
    );
    assert_eq!(of("store/offline").statement, []);
}

/// Who writes tables writes no application, no component and no key.
#[test]
fn tables_are_told_from_the_registry_by_a_folder() {
    for below in [
        "applied/000000000001.json",
        "components/0af.wasm",
        "keys/0123456789abcdef.json",
        ".1b-ee.tmp",
    ] {
        assert!(!format!("/_registry/{below}").contains("/v"), "{below}");
    }
}

#[test]
fn sources_are_read_that_views_have() {
    let sources = [
        "s3://raw/events",
        "data/here.csv",
        "s3://raw/more/day=*/*.csv",
        "s3://other",
        "s3://none/x",
    ];
    let project = offline("store/offline", &sources);
    is(
        &of_all(&project, &Uses::default().with_sources()),
        &expect![[r"
            SourcesNames arn:aws:s3:::other
              s3:ListBucket
            Sources arn:aws:s3:::other/*
              s3:GetObject
            Sources2Names arn:aws:s3:::raw
              s3:ListBucket
              if s3:prefix StringLike events events/* more/*
            Sources2 arn:aws:s3:::raw/events arn:aws:s3:::raw/events/* arn:aws:s3:::raw/more/day=*
              s3:GetObject
        "]],
    );
    assert_eq!(of_all(&project, &Uses::of(&ALL, &OFFLINE)).statement, []);
    let document = serde_json::to_value(of_all(
        &offline("x", &["s3://raw/a", "x.csv"]),
        &Uses::default().with_sources(),
    ));
    let document = document.expect("JSON");
    assert_eq!(document["Statement"][0]["Resource"], "arn:aws:s3:::raw");
    assert_eq!(
        document["Statement"][0]["Condition"]["StringLike"]["s3:prefix"],
        serde_json::json!(["a", "a/*"])
    );
}

/// Statements of the offline store add up as those of tables do, and have other names.
#[test]
fn offline_policies_add_up() {
    let project = offline("s3://bucket/x", &[]);
    let allowed = |uses: &[OfflineUse]| -> BTreeSet<String> {
        let told = of_all(&project, &Uses::of(&[], uses)).statement.into_iter();
        told.flat_map(|statement| {
            let (sid, resource) = (statement.sid, statement.resource.0.join(" "));
            let each = statement.action.into_iter();
            each.map(move |action| format!("{sid} {action} {resource}"))
        })
        .collect()
    };
    for one in OFFLINE {
        for other in OFFLINE {
            let both: BTreeSet<_> = allowed(&[one]).union(&allowed(&[other])).cloned().collect();
            assert_eq!(allowed(&[one, other]), both, "{one:?}, {other:?}");
        }
    }
    let mut all = full();
    all.stores.offline = "s3://bucket/x".to_owned();
    let policy = of_all(&all, &Uses::of(&ALL, &OFFLINE));
    let sids: BTreeSet<&String> = policy.statement.iter().map(|statement| &statement.sid).collect();
    assert_eq!(sids.len(), policy.statement.len());
}
