//! How resources are called: by partition, region and account.

use std::fmt;
use std::str::FromStr;

/// An account of AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account(String);

/// What should be an account and is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an account is 12 digits")]
pub struct AccountError;

impl FromStr for Account {
    type Err = AccountError;

    fn from_str(text: &str) -> Result<Self, AccountError> {
        let is_valid = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        is_valid.then(|| Self(text.to_owned())).ok_or(AccountError)
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where resources are and whose; `*` stands for what is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At {
    pub(super) region: String,
    account: String,
}

impl At {
    /// A region's resources of an account; any region's, or any account's, where there is none.
    pub fn new(region: Option<&str>, account: Option<&Account>) -> Self {
        let any = || "*".to_owned();
        Self {
            region: region.map_or_else(any, str::to_owned),
            account: account.map_or_else(any, Account::to_string),
        }
    }

    /// Regions of Amazon's that have nothing in common with the others.
    pub(super) fn partition(&self) -> &'static str {
        match &self.region {
            region if region.starts_with("cn-") => "aws-cn",
            region if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        }
    }

    /// A service's resource.
    pub(super) fn arn(&self, service: &str, resource: &str) -> String {
        let Self { region, account } = self;
        format!("arn:{}:{service}:{region}:{account}:{resource}", self.partition())
    }
}
