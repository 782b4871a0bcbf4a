//! Objects of S3.

use std::collections::BTreeSet;

use super::at::At;
use super::policy::Statement;

/// What is done with objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ObjectAction {
    /// Looks for names.
    List,
    /// Reads.
    Get,
    /// Writes, each object by one request.
    Put,
    /// Deletes, by one or many.
    Delete,
}

/// Objects of a bucket.
#[derive(Debug, Clone, Copy)]
pub struct Objects<'a> {
    /// What the statements about them are called.
    pub sid: &'static str,
    /// The bucket.
    pub bucket: &'a str,
    /// What their names begin with.
    pub prefix: &'a str,
}

impl Objects<'_> {
    /// What these actions take: a list is asked of the bucket, all else of the objects.
    pub fn statements(&self, at: &At, actions: &BTreeSet<ObjectAction>) -> Vec<Statement> {
        let Self { sid, bucket, prefix } = self;
        let arn = format!("arn:{}:s3:::{bucket}", at.partition());
        let named = |action: &ObjectAction| match action {
            ObjectAction::List => None,
            ObjectAction::Get => Some("GetObject"),
            ObjectAction::Put => Some("PutObject"),
            ObjectAction::Delete => Some("DeleteObject"),
        };
        let lists = actions.contains(&ObjectAction::List).then_some("ListBucket");
        let list = Statement::allow(&format!("{sid}Names"), "s3", lists, arn.clone())
            .map(|list| list.with("StringLike", "s3:prefix", format!("{prefix}*")));
        let each = actions.iter().filter_map(named);
        let each = Statement::allow(sid, "s3", each, format!("{arn}/{prefix}*"));
        list.into_iter().chain(each).collect()
    }
}
