//! Buckets of S3: how they are named, and where they are.

use serde::{Deserialize, Serialize};
use url::Url;

use super::keys::optional;
use super::reader::{Table, Value};

/// Where a bucket is, beside its name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketAt {
    /// Its region; where there is none, the one of who asks.
    pub region: Option<String>,
    /// Another server than Amazon's.
    pub endpoint: Option<String>,
}

/// The longest that objects' names may begin with.
const LOCATION_MAX: usize = 512;
/// The longest that they are.
const KEY_MAX: usize = 1024;

/// The bucket and the rest of `s3://bucket/rest`; none of what is none.
pub fn split(location: &str) -> Option<(&str, &str)> {
    let location = location.strip_prefix("s3://")?;
    Some(location.split_once('/').unwrap_or((location, "")))
}

fn is_bucket(name: &str) -> bool {
    let in_bucket = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-');
    (3..=63).contains(&name.len()) && name.chars().all(in_bucket)
}

/// The keys that say where a bucket is.
pub(super) fn bucket_at(table: &Table<'_>) -> Option<BucketAt> {
    let region = optional(table, "region", region);
    let endpoint = optional(table, "endpoint", endpoint);
    Some(BucketAt {
        region: region?,
        endpoint: endpoint?,
    })
}

/// A folder of the machine, or objects in S3; none with a problem if it is something else.
pub(super) fn folder_or_objects(value: &Value<'_>) -> Option<String> {
    let path = value.text()?;
    let Some((scheme, _)) = path.split_once("://") else {
        return Some(path.to_owned());
    };
    let name = value.name();
    let Some((bucket, rest)) = split(path) else {
        let hint = "name a folder, or objects in S3: s3://bucket/prefix".to_owned();
        value.problem(format!("`{name}`: `{scheme}` is not supported"), Some(hint));
        return None;
    };
    let is_segment = |part: &str| !part.is_empty() && part != "." && part != "..";
    let is_valid = is_bucket(bucket)
        && rest.len() <= KEY_MAX
        && !rest.chars().any(char::is_control)
        && (rest.is_empty() || rest.strip_suffix('/').unwrap_or(rest).split('/').all(is_segment));
    if !is_valid {
        let hint =
            "such as s3://my-bucket/events/*.parquet; a bucket has 3 to 63 lower-case letters, digits, `.` and `-`";
        value.problem(
            format!("`{name}` should be a bucket of S3, and what the names of its objects begin with"),
            Some(hint.to_owned()),
        );
        return None;
    }
    Some(path.to_owned())
}

pub(super) fn region(value: Value<'_>) -> Option<String> {
    let is_region = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    value.checked(is_region, 63, "a region, such as `eu-central-1`")
}

/// A bucket and what its objects' names begin with.
pub(super) fn location(value: Value<'_>) -> Option<(String, String)> {
    let parts = |text: &str| {
        let (bucket, prefix) = split(text)?;
        let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
        let in_prefix = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '=');
        let is_segment = |part: &str| !part.is_empty() && part != "." && part != ".." && part.chars().all(in_prefix);
        let is_valid = is_bucket(bucket)
            && prefix.len() <= LOCATION_MAX
            && (prefix.is_empty() || prefix.split('/').all(is_segment));
        is_valid.then(|| (bucket.to_owned(), prefix.to_owned()))
    };
    let found = parts(value.text()?);
    if found.is_none() {
        value.problem(
            format!(
                "`{}` should be a bucket of S3, and what the names of its objects begin with",
                value.name()
            ),
            Some(
                "such as s3://my-bucket/sandglass; letters, digits, `_`, `.`, `-` and `=` between the slashes"
                    .to_owned(),
            ),
        );
    }
    found
}

pub(super) fn endpoint(value: Value<'_>) -> Option<String> {
    let text = value.text()?;
    let url = Url::parse(text).ok();
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    match url {
        // What is between `//` and `@` may be a secret.
        Some(url) if url.username().is_empty() && url.password().is_none() && url.query().is_none() => {
            Some(text.to_owned())
        }
        _ => {
            let hint = Some("such as http://127.0.0.1:8000, without a user, a password or a query".to_owned());
            value.hidden("`endpoint` should be the address of a server, http or https", hint);
            None
        }
    }
}
