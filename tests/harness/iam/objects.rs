//! Which rights a request to S3 asks for.

use url::{Url, form_urlencoded};

use super::Right;
use crate::harness::proxy::Asked;

/// What a request asks for. A part of an object is written with the right to write it.
pub fn of_objects(asked: &Asked<'_>) -> Vec<Right> {
    let (url, path) = named(asked);
    match asked.operation {
        "ListObjectsV2" => {
            let prefix = url.query_pairs().find(|(key, _)| key == "prefix");
            let list = on("ListBucket", path.trim_end_matches('/'));
            vec![match prefix {
                Some((_, prefix)) => list.with("s3:prefix", &prefix),
                None => list,
            }]
        }
        "DeleteObjects" => {
            let body = std::str::from_utf8(asked.bytes).unwrap();
            let keys = body.split("<Key>").skip(1);
            let keys = keys.map(|rest| rest.split("</Key>").next().unwrap());
            let bucket = path.trim_end_matches('/');
            keys.map(|key| on("DeleteObject", &format!("{bucket}/{key}"))).collect()
        }
        "GetObject" | "HeadObject" => vec![on("GetObject", &path)],
        "PutObject" | "PutLogEntry" | "CreateMultipartUpload" | "UploadPart" | "CompleteMultipartUpload" => {
            vec![on("PutObject", &path)]
        }
        "DeleteObject" | "AbortMultipartUpload" => vec![on(asked.operation, &path)],
        operation => panic!("no such operation is known: {operation}"),
    }
}

/// What is asked for beside that if an object is read that is not there: who may not list is refused, and not told that.
pub fn if_missing(asked: &Asked<'_>) -> Option<Right> {
    let (_, path) = named(asked);
    let (bucket, key) = path.split_once('/').filter(|(_, key)| !key.is_empty())?;
    let reads = matches!(asked.operation, "GetObject" | "HeadObject");
    reads.then(|| on("ListBucket", bucket).with("s3:prefix", key))
}

fn on(action: &str, name: &str) -> Right {
    Right::new(&format!("s3:{action}"), &format!("arn:aws:s3:::{name}"))
}

/// The URL, and the bucket and the object as they are called.
fn named(asked: &Asked<'_>) -> (Url, String) {
    let url = Url::parse(&format!("http://s3{}", asked.path)).unwrap();
    let path = url.path().trim_start_matches('/').to_owned();
    // No name here has a `+`, which would be a space.
    assert!(!path.contains('+'), "{path}");
    let name = format!("name={path}");
    let (_, name) = form_urlencoded::parse(name.as_bytes()).next().unwrap();
    (url, name.into_owned())
}
