use std::fmt;

/// What an error asks of whoever sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Fix the definition, the command or the data.
    Invalid,
    /// Fix the component.
    Guest,
    /// Try again; something outside did not answer.
    Unavailable,
    /// Somebody else was faster; plan again.
    Conflict,
    /// Stored bytes are damaged; restore them.
    Corrupt,
    /// Ours; report it.
    Internal,
}

impl Kind {
    /// The kind's name, as programs read it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Guest => "guest",
            Self::Unavailable => "unavailable",
            Self::Conflict => "conflict",
            Self::Corrupt => "corrupt",
            Self::Internal => "internal",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What every error answers, so that nothing below knows what is above.
pub trait Classified: std::error::Error {
    /// Who has to do something.
    fn kind(&self) -> Kind;

    /// What to do, where there is more to say than the message does.
    fn hint(&self) -> Option<String> {
        None
    }
}
