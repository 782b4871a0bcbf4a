//! What each command has asked for, and where it is cut off.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use serde_json::Value;

use super::{ACCOUNT, Policy, Right};
use crate::harness::Project;
use crate::harness::proxy::Fault;

/// A request, by its operation and a part of its resource.
pub type Request = (&'static str, &'static str);

#[derive(Default)]
struct State {
    command: String,
    seen: BTreeMap<String, BTreeSet<Right>>,
    /// The request that is the last one to be done.
    last: Option<Request>,
    /// Whether it is done.
    is_cut: bool,
    /// What is not done, and everything else is.
    refused: Option<Request>,
}

/// What was asked for so far, and what is to go wrong.
#[derive(Default)]
pub struct Recorder(Mutex<State>);

impl Recorder {
    /// From now on this command asks.
    pub fn begins(&self, command: &str) {
        self.0.lock().unwrap().command = command.to_owned();
    }

    /// A request asks for these; what goes wrong with it.
    pub fn sees(&self, operation: &str, rights: Vec<Right>) -> Option<Fault> {
        let mut state = self.0.lock().unwrap();
        let is = |request: &Request| {
            let mut resources = rights.iter().map(|right| &right.resource);
            operation == request.0 && resources.any(|resource| resource.contains(request.1))
        };
        let (is_last, is_refused) = (
            state.last.as_ref().is_some_and(is),
            state.refused.as_ref().is_some_and(is),
        );
        let command = state.command.clone();
        state.seen.entry(command).or_default().extend(rights);
        match state.is_cut || is_refused {
            true => Some(Fault::Refused(400, "AccessDeniedException")),
            false => is_last.then(|| {
                state.is_cut = true;
                Fault::Unanswered
            }),
        }
    }

    /// When the service has done this request, nothing else is done.
    pub fn cuts(&self, last: Request) {
        self.0.lock().unwrap().last = Some(last);
    }

    /// Such requests are refused.
    pub fn refuses(&self, refused: Request) {
        self.0.lock().unwrap().refused = Some(refused);
    }

    /// From now on everything is done; whether it was asked for what was to be the last.
    pub fn resumes(&self) -> bool {
        let mut state = self.0.lock().unwrap();
        (state.last, state.refused) = (None, None);
        std::mem::take(&mut state.is_cut)
    }

    /// The document that `sandglass iam` prints of some commands.
    pub fn document(project: &Project, commands: &[&str]) -> Value {
        let arguments = [&["iam", "--account", ACCOUNT], commands].concat();
        project.json("2024-02-02", &arguments)
    }

    fn seen(&self, command: &str) -> BTreeSet<Right> {
        self.0.lock().unwrap().seen.get(command).cloned().unwrap_or_default()
    }

    /// All that a command has asked for is allowed to it.
    #[track_caller]
    pub fn is_allowed(&self, project: &Project, command: &str) {
        let policy = Policy::of(&Self::document(project, &[command]));
        let denied: Vec<_> = self
            .seen(command)
            .into_iter()
            .filter(|right| !policy.allows(right))
            .collect();
        assert!(denied.is_empty(), "{command}: {denied:#?}");
    }

    /// And nothing else is, but for these actions of these statements.
    #[track_caller]
    pub fn is_all_but(&self, project: &Project, command: &str, but: &[(&str, &str)]) {
        self.is_allowed(project, command);
        let policy = Policy::of(&Self::document(project, &[command]));
        let unused = policy.unused(&self.seen(command));
        let but: BTreeSet<_> = but.iter().copied().collect();
        assert_eq!(unused, but, "{command} never asks for the first");
    }
}
