use std::fmt;

/// Whose fault a failure is.
// The contract's `enum failure-kind`, in its order.
#[repr(u8)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The rows'.
    Input,
    /// A parameter's.
    Parameter,
    /// The transformation's.
    Internal,
}

/// What ends a run. Every error, and every text, becomes one by `?`, with the kind [`FailureKind::Internal`].
#[derive(Clone, PartialEq, Eq)]
pub struct Error {
    /// Whose fault it is.
    pub kind: FailureKind,
    /// In words.
    pub message: String,
    /// The input that it is about.
    pub input: Option<u32>,
    /// The row of the batch at hand that it is about.
    pub row: Option<u32>,
}

/// What transformations return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    fn of(kind: FailureKind, message: impl fmt::Display) -> Self {
        Self {
            kind,
            message: message.to_string(),
            input: None,
            row: None,
        }
    }

    /// A failure of the transformation itself.
    pub fn new(message: impl fmt::Display) -> Self {
        Self::of(FailureKind::Internal, message)
    }

    /// The rows are to blame.
    pub fn input(message: impl fmt::Display) -> Self {
        Self::of(FailureKind::Input, message)
    }

    /// A parameter is to blame.
    pub fn parameter(message: impl fmt::Display) -> Self {
        Self::of(FailureKind::Parameter, message)
    }

    /// Names the row of the batch at hand.
    pub fn row(mut self, row: u32) -> Self {
        self.row = Some(row);
        self
    }

    /// Names the input.
    pub fn of_input(mut self, input: u32) -> Self {
        self.input = Some(input);
        self
    }
}

// Like anyhow's: not itself a `std::error::Error`, so that every one of those can become it.
impl<E: Into<Box<dyn std::error::Error>>> From<E> for Error {
    fn from(error: E) -> Self {
        Self::new(error.into())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match (self.input, self.row) {
            (Some(input), Some(row)) => write!(f, " (input {input}, row {row})"),
            (Some(input), None) => write!(f, " (input {input})"),
            (None, Some(row)) => write!(f, " (row {row})"),
            (None, None) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_becomes_one() {
        let number = || -> Result<i64> { Ok("x".parse::<i64>()?) };
        assert_eq!(
            number().unwrap_err(),
            Error::new("invalid digit found in string")
        );
        let text = || -> Result<()> { Err("a text")? };
        assert_eq!(text().unwrap_err().kind, FailureKind::Internal);
        let owned = || -> Result<()> { Err(format!("row {}", 1))? };
        assert_eq!(owned().unwrap_err().message, "row 1");
        let named = Error::input("odd").of_input(1).row(7);
        assert_eq!(named.to_string(), "odd (input 1, row 7)");
    }
}
