use super::view::CompiledView;
use crate::definition::{Parsed, Problem};

/// What feature services have wrong with the features of their views, all of which are compiled.
pub fn check_services(parsed: &Parsed, views: &[CompiledView]) -> Vec<Problem> {
    let project = &parsed.project;
    let mut problems = Vec::new();
    for service in &project.feature_services {
        let features = |name: &str| {
            let view = views.iter().find(|compiled| compiled.view.name == name)?;
            Some(view.features())
        };
        for problem in service
            .resolve(project, |view| features(&view.name))
            .err()
            .unwrap_or_default()
        {
            let place = format!("feature_service.{}.features.{}", service.name, problem.entry);
            problems.push(parsed.problem(&place, problem.message, problem.hint));
        }
    }
    problems
}
