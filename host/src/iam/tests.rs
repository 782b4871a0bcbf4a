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
    let account: Account = "123456789012".parse().expect("12 digits");
    policy(project, Some(&account), &uses.iter().copied().collect())
}

fn told(policy: &Policy) -> String {
    let mut text = String::new();
    for statement in &policy.statement {
        let actions: Vec<&str> = statement.action.iter().map(String::as_str).collect();
        text.push_str(&format!("{} {}\n", statement.sid, statement.resource));
        text.push_str(&format!("  {}\n", actions.join(" ")));
        for (operator, compared) in &statement.condition {
            for (key, value) in compared {
                text.push_str(&format!("  if {key} {operator} {value}\n"));
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
        policy(&project(&(online + staging)), None, &[Use::Sweep].into())
    };
    let resources = |policy: Policy| -> Vec<String> {
        let statements = policy.statement.into_iter();
        statements
            .flat_map(|statement| {
                let service = statement.condition.get("StringLike").cloned().unwrap_or_default();
                [vec![statement.resource], service.into_values().collect()].concat()
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
        (statement.resource, alias)
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
                let resource = statement.resource;
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
