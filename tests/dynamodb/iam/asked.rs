//! Which rights a request asks for.

use serde_json::Value;

use crate::dynamodb::local::REGION;
use crate::harness::iam::{ACCOUNT, Right, of_objects};
use crate::harness::proxy::Asked;

/// The key that tables of these tests are encrypted with.
pub const KEY: &str = "alias/features";

/// What ImportTable writes into CloudWatch Logs in the name of who asks for it
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataImport.Requesting.html>).
const LOGS: [&str; 6] = [
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:DescribeLogGroups",
    "logs:DescribeLogStreams",
    "logs:PutLogEvents",
    "logs:PutRetentionPolicy",
];
/// What DynamoDB asks of KMS in the name of who makes a table, and of who uses one; a write decrypts the table's key, too
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html>).
const KMS: [&str; 6] = [
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:CreateGrant",
];
const KMS_READ: usize = 2;
const KMS_WRITE: usize = 5;

/// What a request asks for itself, and what is asked for in the name of who sends it.
pub fn rights(asked: &Asked<'_>) -> Vec<Right> {
    let own = match asked.operation {
        "PutObject" | "GetObject" | "ListObjectsV2" | "DeleteObjects" => of_objects(asked),
        _ => of_tables(asked),
    };
    assert!(!own.is_empty(), "{asked:?}");
    own.into_iter().chain(in_its_name(asked)).collect()
}

fn arn(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

fn on_table(action: &str, table: &str) -> Right {
    Right::new(
        &format!("dynamodb:{action}"),
        &arn("dynamodb", &format!("table/{table}")),
    )
}

fn of_tables(asked: &Asked<'_>) -> Vec<Right> {
    let Asked { operation, body, .. } = *asked;
    let with_name = |name: &Value| Right::new(&format!("dynamodb:{operation}"), text(name));
    match operation {
        // A transaction is no action: its items are.
        "TransactWriteItems" => {
            let items = body["TransactItems"].as_array().unwrap().iter();
            let items = items.flat_map(|item| item.as_object().unwrap());
            let of_item = |(kind, item): (&String, &Value)| {
                let action = match kind.as_str() {
                    "ConditionCheck" => "ConditionCheckItem".to_owned(),
                    kind => format!("{kind}Item"),
                };
                on_table(&action, text(&item["TableName"]))
            };
            items.map(of_item).collect()
        }
        "BatchGetItem" | "BatchWriteItem" => {
            let tables = body["RequestItems"].as_object().unwrap().keys();
            tables.map(|table| on_table(operation, table)).collect()
        }
        "ImportTable" => vec![on_table(operation, text(&body["TableCreationParameters"]["TableName"]))],
        "DescribeImport" => vec![with_name(&body["ImportArn"])],
        "TagResource" => vec![with_name(&body["ResourceArn"])],
        "CreateTable" => {
            let table = text(&body["TableName"]);
            let tags = body["Tags"].as_array().map(|_| on_table("TagResource", table));
            [on_table(operation, table)].into_iter().chain(tags).collect()
        }
        _ => vec![on_table(operation, text(&body["TableName"]))],
    }
}

/// What no request of ours shows: services ask each other for it, as their documentation says.
fn in_its_name(asked: &Asked<'_>) -> Vec<Right> {
    let of_key = |count: usize| {
        let key = arn("kms", "key/0a1b");
        let service = format!("dynamodb.{REGION}.amazonaws.com");
        KMS[..count].iter().map(move |action| {
            let right = Right::new(action, &key).with("kms:ViaService", &service);
            right.with("kms:ResourceAliases", KEY)
        })
    };
    match asked.operation {
        "ImportTable" => {
            let source = &asked.body["S3BucketSource"];
            let (bucket, prefix) = (text(&source["S3Bucket"]), text(&source["S3KeyPrefix"]));
            let bucket = format!("arn:aws:s3:::{bucket}");
            let log = arn("logs", "log-group:/aws-dynamodb/imports:log-stream:x");
            let reads = [
                Right::new("s3:ListBucket", &bucket).with("s3:prefix", prefix),
                Right::new("s3:GetObject", &format!("{bucket}/{prefix}00000.json.gz")),
            ];
            let logs = LOGS.map(|action| Right::new(action, &log));
            reads.into_iter().chain(logs).chain(of_key(KMS.len())).collect()
        }
        "CreateTable" => of_key(KMS.len()).collect(),
        "BatchGetItem" | "GetItem" | "Query" | "Scan" => of_key(KMS_READ).collect(),
        "BatchWriteItem" | "PutItem" | "UpdateItem" | "DeleteItem" | "TransactWriteItems" => {
            of_key(KMS_WRITE).collect()
        }
        _ => Vec::new(),
    }
}
