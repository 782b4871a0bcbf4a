//! `[stores]`.

use serde_json::{Value, json};

use super::super::dynamodb::{
    PREFIX_MAX, SHARED_MOST, SHARED_TABLE_ITEMS, UNITS_MAX, WARM_MAX, WARM_READ_MIN, WARM_WRITE_MIN,
};
use super::{boolean, endpoint, matching, object, online_load, region, some_text, text, whole, with_default, words};

pub(super) fn stores() -> Value {
    object(
        "Where features are kept.",
        &[],
        [
            ("offline", offline()),
            ("online", online()),
            (
                "online_load",
                online_load("How items are written there, by views that do not say it."),
            ),
        ],
    )
}

fn offline() -> Value {
    let folder = with_default(
        text(
            "A folder, relative to the project's, or s3:// with a bucket and what the names of its objects begin with.",
        ),
        "store/offline",
    );
    let objects = object(
        "Objects in S3.",
        &["location"],
        [
            ("location", location()),
            region("The bucket's region; the one of the environment or profile, if it is not said."),
            endpoint(),
        ],
    );
    json!({ "description": "The offline store and the registry.", "anyOf": [folder, objects] })
}

fn location() -> Value {
    matching(
        "A bucket, and what the names of its objects begin with.",
        "^s3://[a-z0-9.-]{3,63}(/[A-Za-z0-9_.=-]+)*/?$",
    )
}

fn online() -> Value {
    json!({
        "description": "The online store.",
        "type": "object",
        "if": { "properties": { "kind": { "const": "dynamodb" } }, "required": ["kind"] },
        "then": dynamodb(),
        "else": embedded(),
    })
}

fn online_kind() -> (&'static str, Value) {
    let kinds = words(
        "Which online store: LMDB in a folder, or tables of DynamoDB.",
        &["embedded", "dynamodb"],
    );
    ("kind", kinds)
}

fn embedded() -> Value {
    let keys = [
        online_kind(),
        (
            "path",
            with_default(text("A folder, relative to the project's."), "store/online"),
        ),
        (
            "map_size_bytes",
            whole(
                "The largest size of one generation: address space, not disk.",
                1 << 20,
                Some(1 << 46),
            ),
        ),
    ];
    object("LMDB in a folder.", &["kind"], keys)
}

fn dynamodb() -> Value {
    let secret = |about: &str| {
        let keys = [
            (
                "env",
                some_text("An environment variable of the process that needs it."),
            ),
            ("file", some_text("A file, relative to the project's folder.")),
        ];
        let mut secret = object(about, &[], keys);
        secret["minProperties"] = json!(1);
        secret["maxProperties"] = json!(1);
        secret
    };
    let credentials = object(
        "What requests are signed with, by where it is; what AWS's usual chain finds, if it is not said.",
        &["access_key_id", "secret_access_key"],
        [
            ("access_key_id", secret("Whose the keys are.")),
            ("secret_access_key", secret("The key.")),
            ("session_token", secret("Of keys that hold for a time.")),
        ],
    );
    let units = |about| whole(about, 1, Some(UNITS_MAX));
    let tags = json!({
        "description": "Tags of the tables.",
        "type": "object",
        "additionalProperties": { "type": "string", "maxLength": 256 },
    });
    let warm = |about, least| whole(about, least, Some(WARM_MAX));
    let staging = object(
        "Where large loads are put for the service to import; they are written item by item, if it is not said.",
        &["location"],
        [
            ("location", location()),
            region("The bucket's region; the tables', if it is not said."),
            endpoint(),
            (
                "bucket_owner",
                matching("The account that the bucket has to be of.", "^[0-9]{12}$"),
            ),
        ],
    );
    let keys = [
        online_kind(),
        region("The region; the one of the environment or profile, if it is not said."),
        endpoint(),
        ("profile", some_text("The profile of the AWS configuration files.")),
        ("credentials", credentials),
        (
            "table_prefix",
            matching(
                "What the names of all tables begin with.",
                &format!("^[A-Za-z0-9_.-]{{1,{PREFIX_MAX}}}$"),
            ),
        ),
        (
            "shared_table_items",
            with_default(
                whole(
                    "Views of up to so many items lie in one table, larger ones in one of their own each.",
                    0,
                    Some(SHARED_MOST),
                ),
                SHARED_TABLE_ITEMS,
            ),
        ),
        (
            "billing_mode",
            with_default(
                words("How tables are paid for.", &["on_demand", "provisioned"]),
                "on_demand",
            ),
        ),
        ("read_units", units("Read units a second of each provisioned table.")),
        ("write_units", units("Write units a second of each provisioned table.")),
        (
            "consistent_reads",
            boolean(
                "Whether items are read as they were last written, at twice the price, and not as they were a moment ago.",
                false,
            ),
        ),
        ("tags", tags),
        (
            "kms_key_id",
            some_text("The key that tables are encrypted with: its id, ARN or alias. Amazon's own, if it is not said."),
        ),
        ("staging", staging),
        (
            "warm_read_units",
            warm(
                "Reads a second that a view's own table takes from the start.",
                WARM_READ_MIN,
            ),
        ),
        (
            "warm_write_units",
            warm(
                "Writes a second that a view's own table takes from the start.",
                WARM_WRITE_MIN,
            ),
        ),
        (
            "prices",
            some_text("A file of prices that go before the ones that are built in, relative to the project's folder."),
        ),
    ];
    object("Tables of DynamoDB.", &["kind"], keys)
}
