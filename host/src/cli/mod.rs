//! The command line: one file for each subcommand. stdout is data, stderr is narration; exit codes are 0 done, 1 yours to
//! fix, 2 ours.

mod apply;
mod build;
mod changes;
mod compact;
mod compile;
mod conformance;
mod counts;
mod demo;
mod destroy;
mod doctor;
mod error;
mod explain;
mod fates;
mod forget;
mod forgotten;
mod from_source;
mod get;
mod holders;
mod iam;
mod ingest;
mod inspect;
mod kept;
mod key;
mod keys;
mod left;
mod left_out;
mod loader;
mod maintain;
mod materialize;
mod named;
mod new;
mod online;
mod output;
mod plan;
mod rollback;
mod run;
mod schema;
mod serve;
mod status;
mod tables;
mod test;
mod training_data;
mod upkeep;
mod workbench;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::time::Timestamp;
use error::CliError;
use named::Named;
use output::Printer;
use workbench::Workbench;

/// A feature platform whose transformations are sandboxed WebAssembly.
#[derive(Parser)]
#[command(name = "sandglass", version, max_term_width = 120)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Args, Clone)]
pub(crate) struct Global {
    /// The project's folder, which holds `sandglass.toml`.
    #[arg(long, global = true, default_value = ".")]
    project: PathBuf,
    /// The time that the command takes for now; RFC 3339 or a date.
    #[arg(long, global = true)]
    now: Option<Timestamp>,
    /// How the answer is written to stdout.
    #[arg(long, global = true, value_enum, default_value = "text")]
    format: Format,
    /// Shows what guests log at every level, not only warnings and errors.
    #[arg(long, global = true)]
    verbose: bool,
    /// Memory for plans and guests together, in bytes; sorts spill to disk beyond it.
    #[arg(long, global = true, default_value_t = 4 << 30)]
    memory_bytes: usize,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// One object, for programs.
    Json,
}

#[derive(Subcommand)]
enum Command {
    #[command(flatten)]
    User(UserCommand),
    /// Compiles a component from stdin to stdout, under limits; for the program itself.
    #[command(name = loader::COMPILE, hide = true)]
    Compile {
        /// Profile, seconds, bytes.
        arguments: Vec<String>,
    },
}

#[derive(Subcommand)]
enum UserCommand {
    /// Makes a project that builds, tests and materializes.
    New(new::Arguments),
    /// Builds the project's components.
    Build(build::Arguments),
    /// Shows what a component is: transformations, contracts, imports, size, digest.
    Inspect(inspect::Arguments),
    /// Runs the conformance kit on a component that was built with an SDK.
    Conformance(conformance::Arguments),
    /// Says what is missing on this machine to build transformations of each language, and what installs it.
    Doctor(doctor::Arguments),
    /// Runs one interval of a view and shows its rows, writing nothing.
    Run(run::Arguments),
    /// Runs the golden cases beside the project's transformations.
    Test(test::Arguments),
    /// Shows what `apply` would change and which jobs are left.
    Plan(plan::Arguments),
    /// Runs the golden cases, and registers the project's definitions and components.
    Apply(apply::Arguments),
    /// Goes back to a version of a view that is kept.
    Rollback(rollback::Arguments),
    /// Removes a view: its definition, its tables, its items.
    Destroy(destroy::Arguments),
    /// Runs the jobs that are due, and brings what is complete online.
    Materialize(materialize::Arguments),
    /// Adds the rows of a file to a feature table, and brings them online.
    Ingest(ingest::Arguments),
    /// Brings what is materialized online: the items of the keys that are affected, or all of them.
    Compact(compact::Arguments),
    /// Reads the features of a key from the online store.
    Get(get::Arguments),
    /// Answers requests for features over HTTP.
    Serve(serve::Arguments),
    /// Makes, lists and removes the keys that clients of the server need.
    Key(key::Arguments),
    /// Joins features to the rows of a file, each as of the row's time.
    TrainingData(training_data::Arguments),
    /// Shows what a value is made of: windows, tiles, rows.
    Explain(explain::Arguments),
    /// Merges small files, shortens logs, and removes what nobody can go back to any more.
    Maintain(maintain::Arguments),
    /// Removes a key of an entity from everything that is stored.
    Forget(forget::Arguments),
    /// Shows what is materialized and how fresh it is.
    Status,
    /// Prints the least AWS IAM policy that commands need for the project's tables and its staging bucket.
    Iam(iam::Arguments),
    /// Prints the JSON Schema of `sandglass.toml`, for editors.
    Schema,
    /// Runs the purchases example from its sources to a value read back.
    Demo,
}

/// Runs the program.
pub fn main() -> ExitCode {
    let Cli { global, command } = Cli::parse();
    let command = match command {
        // Before anything has been started that takes address space or reads a file.
        Command::Compile { arguments } => return sandglass_runtime::compile_and_exit(&arguments),
        Command::User(command) => command,
    };
    let printer = Printer::new(global.format);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return printer.fail(&CliError::internal(format!("cannot start threads: {error}"))),
    };
    let serves = Named::from(&command) == Named::Serve;
    let result = runtime.block_on(dispatch(global, command, &printer));
    if serves {
        // A store that does not answer keeps no server from ending.
        runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    }
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => printer.fail(&error),
    }
}

async fn dispatch(global: Global, command: UserCommand, printer: &Printer) -> Result<(), CliError> {
    match command {
        UserCommand::Inspect(arguments) => inspect::run(&arguments, printer),
        UserCommand::Conformance(arguments) => conformance::run(&arguments, printer),
        UserCommand::Doctor(arguments) => doctor::run(&arguments, printer),
        UserCommand::New(arguments) => new::run(&arguments, printer),
        UserCommand::Iam(arguments) => iam::run(&global, &arguments, printer),
        UserCommand::Schema => schema::run(printer),
        UserCommand::Demo => demo::run(global, printer).await,
        UserCommand::Build(arguments) => build::run(&Workbench::open(&global)?, &arguments, printer).await,
        UserCommand::Run(arguments) => run::run(&Workbench::open(&global)?, &arguments, printer).await,
        UserCommand::Plan(arguments) => plan::run(&Workbench::open(&global)?, &arguments, printer).await,
        UserCommand::Test(arguments) => test::run(&Workbench::open(&global)?, &arguments, printer).await,
        UserCommand::Apply(arguments) => apply::run(&Workbench::open(&global)?, &arguments, printer).await,
        UserCommand::Materialize(arguments) => materialize::run(&Workbench::open(&global)?, &arguments, printer).await,
        UserCommand::Ingest(arguments) => ingest::run(&Workbench::open(&global)?, &arguments, printer).await,
        UserCommand::Compact(arguments) => compact::run(&Workbench::open(&global)?, &arguments, printer).await,
        UserCommand::Rollback(arguments) => rollback::run(&Workbench::open(&global)?, &arguments, printer),
        UserCommand::Destroy(arguments) => destroy::run(&Workbench::open(&global)?, &arguments, printer).await,
        UserCommand::Get(arguments) => get::run(&Workbench::open(&global)?, &arguments, printer).await,
        UserCommand::Serve(arguments) => serve::run(&Workbench::open(&global)?, &arguments, printer).await,
        UserCommand::Key(arguments) => key::run(&Workbench::open(&global)?, &arguments, printer),
        UserCommand::TrainingData(arguments) => {
            training_data::run(&Workbench::open(&global)?, &arguments, printer).await
        }
        UserCommand::Explain(arguments) => explain::run(&Workbench::open(&global)?, &arguments, printer).await,
        UserCommand::Maintain(arguments) => maintain::run(&Workbench::open(&global)?, &arguments, printer).await,
        UserCommand::Forget(arguments) => forget::run(&Workbench::open(&global)?, &arguments, printer).await,
        UserCommand::Status => status::run(&Workbench::open(&global)?, printer).await,
    }
}
