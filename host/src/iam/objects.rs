//! Objects of S3.

use std::collections::BTreeSet;

use super::at::At;
use super::policy::{Statement, Texts};

/// What is done with objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ObjectAction {
    /// Looks for names. Who may not is not told either that an object is not there: S3 answers 403 then, and compares `s3:prefix` with its
    /// name.
    List,
    /// Reads.
    Get,
    /// Writes, each object by one request or in parts.
    Put,
    /// Gives up what was to be written in parts.
    Abort,
    /// Deletes, by one or many.
    Delete,
}

/// Objects of a bucket.
#[derive(Debug, Clone, Copy)]
pub struct Objects<'a> {
    /// What the statements about them are called.
    pub sid: &'a str,
    /// The bucket.
    pub bucket: &'a str,
    /// What their names are like, in which `*` is any text.
    pub names: &'a [String],
    /// What the prefixes are like by which they are looked for.
    pub listed: &'a [String],
}

impl Objects<'_> {
    /// What these actions take: a list is asked of the bucket, all else of the objects.
    pub fn statements(&self, at: &At, actions: &BTreeSet<ObjectAction>) -> Vec<Statement> {
        let Self {
            sid,
            bucket,
            names,
            listed,
        } = self;
        let arn = format!("arn:{}:s3:::{bucket}", at.partition());
        let named = |action: &ObjectAction| match action {
            ObjectAction::List => None,
            ObjectAction::Get => Some("GetObject"),
            ObjectAction::Put => Some("PutObject"),
            ObjectAction::Abort => Some("AbortMultipartUpload"),
            ObjectAction::Delete => Some("DeleteObject"),
        };
        let lists = actions.contains(&ObjectAction::List).then_some("ListBucket");
        let list = Statement::allow(&format!("{sid}Names"), "s3", lists, arn.clone());
        // Who looks for all of a bucket's names sends no prefix, and no condition would hold.
        let list = match listed.iter().any(|prefix| prefix == "*") {
            true => list,
            false => list.map(|list| list.with("StringLike", "s3:prefix", listed.iter().cloned().collect::<Texts>())),
        };
        let each = actions.iter().filter_map(named);
        let objects: Texts = names.iter().map(|name| format!("{arn}/{name}")).collect();
        let each = Statement::allow(sid, "s3", each, objects);
        list.into_iter().chain(each).collect()
    }
}
