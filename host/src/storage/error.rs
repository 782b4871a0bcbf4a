use crate::aws::ObjectsCause;
use crate::error::{Classified, Kind};

/// What goes wrong with a file or an object.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// A file or folder of this machine.
    #[error("{place}: {source}")]
    File {
        /// Its path.
        place: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// An object, or a bucket.
    #[error("{place}: {message}")]
    Object {
        /// Its address.
        place: String,
        /// What it means.
        cause: ObjectsCause,
        /// What the service says.
        message: String,
    },
}

impl StorageError {
    pub(crate) fn object(place: impl ToString, error: &object_store::Error) -> Self {
        Self::Object {
            place: place.to_string(),
            cause: ObjectsCause::of(error),
            message: told(error),
        }
    }
}

/// An error in a service's own words; what else is in its answer may be of use to somebody who should not have it.
fn told(error: &object_store::Error) -> String {
    let text = error.to_string();
    let (Some(start), Some(code)) = (text.find('<'), between(&text, "Code")) else {
        return text;
    };
    let said = text.get(..start).unwrap_or_default().trim_end_matches([' ', ':']);
    match between(&text, "Message") {
        Some(message) => format!("{said}: {code}: {message}"),
        None => format!("{said}: {code}"),
    }
}

/// What an element of XML holds.
fn between<'a>(text: &'a str, element: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("<{element}>"))?;
    rest.split_once(&format!("</{element}>")).map(|(inside, _)| inside)
}

impl Classified for StorageError {
    fn kind(&self) -> Kind {
        match self {
            Self::File { .. } => Kind::Unavailable,
            Self::Object { cause, .. } => match cause {
                ObjectsCause::Denied | ObjectsCause::Rejected | ObjectsCause::Name => Kind::Invalid,
                ObjectsCause::NotFound | ObjectsCause::Changed | ObjectsCause::Unavailable => Kind::Unavailable,
            },
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Object {
                cause: ObjectsCause::Denied,
                ..
            } => Some(
                "credentials are looked for as AWS's own tools do: the environment, the profile, the machine's role; whose they are has to \
                 have rights on the bucket"
                    .to_owned(),
            ),
            Self::Object {
                cause: ObjectsCause::Rejected,
                ..
            } => Some("check the bucket's name, its `region` and its `endpoint`".to_owned()),
            Self::Object {
                cause: ObjectsCause::Name,
                ..
            } => Some(
                "objects whose names have `//`, `.` or `..` between slashes cannot be read: rename them, or let the path begin with a folder without them"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_answer_only_what_is_meant_for_people_is_told() {
        let error = |text: &str| object_store::Error::Generic {
            store: "S3",
            source: text.into(),
        };
        let answer = "no success: 400: <?xml version=\"1.0\"?><Error><Code>ExpiredToken</Code><Message>It is old.</Message>\
            <Token-0>secret</Token-0></Error>";
        assert_eq!(
            told(&error(answer)),
            "Generic S3 error: no success: 400: ExpiredToken: It is old."
        );
        assert_eq!(told(&error("<a>")), "Generic S3 error: <a>");
    }
}
