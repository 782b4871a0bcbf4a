use clap::ValueEnum;

use super::UserCommand;

/// The commands by their names.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named {
    New,
    Build,
    Inspect,
    Conformance,
    Doctor,
    Run,
    Test,
    Plan,
    Apply,
    Rollback,
    Destroy,
    Materialize,
    Ingest,
    Compact,
    Get,
    Serve,
    Key,
    TrainingData,
    Explain,
    Maintain,
    Forget,
    Status,
    Iam,
    Schema,
    Demo,
}

impl Named {
    /// As it is written.
    pub(crate) fn name(self) -> String {
        let value = self.to_possible_value();
        value.map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// The command of a name.
    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::from_str(name, false).ok()
    }
}

impl From<&UserCommand> for Named {
    fn from(command: &UserCommand) -> Self {
        match command {
            UserCommand::New(_) => Self::New,
            UserCommand::Build(_) => Self::Build,
            UserCommand::Inspect(_) => Self::Inspect,
            UserCommand::Conformance(_) => Self::Conformance,
            UserCommand::Doctor(_) => Self::Doctor,
            UserCommand::Run(_) => Self::Run,
            UserCommand::Test(_) => Self::Test,
            UserCommand::Plan(_) => Self::Plan,
            UserCommand::Apply(_) => Self::Apply,
            UserCommand::Rollback(_) => Self::Rollback,
            UserCommand::Destroy(_) => Self::Destroy,
            UserCommand::Materialize(_) => Self::Materialize,
            UserCommand::Ingest(_) => Self::Ingest,
            UserCommand::Compact(_) => Self::Compact,
            UserCommand::Get(_) => Self::Get,
            UserCommand::Serve(_) => Self::Serve,
            UserCommand::Key(_) => Self::Key,
            UserCommand::TrainingData(_) => Self::TrainingData,
            UserCommand::Explain(_) => Self::Explain,
            UserCommand::Maintain(_) => Self::Maintain,
            UserCommand::Forget(_) => Self::Forget,
            UserCommand::Status => Self::Status,
            UserCommand::Iam(_) => Self::Iam,
            UserCommand::Schema => Self::Schema,
            UserCommand::Demo => Self::Demo,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Subcommand;

    use super::*;

    /// Each command of the command line has its name here, and no other is here.
    #[test]
    fn names_are_those_of_the_command_line() {
        let line = UserCommand::augment_subcommands(clap::Command::new("sandglass"));
        let commands: Vec<&str> = line.get_subcommands().map(clap::Command::get_name).collect();
        let names: Vec<String> = Named::value_variants().iter().map(|command| command.name()).collect();
        assert_eq!(names, commands);
    }
}
