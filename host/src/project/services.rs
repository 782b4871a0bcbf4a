use super::requests::CompiledRequest;
use super::view::CompiledView;
use crate::definition::{Parsed, Problem};

/// What request views and feature services have wrong with the features of their views, all of which are compiled.
pub fn check_services(parsed: &Parsed, views: &[CompiledView], requests: &[CompiledRequest]) -> Vec<Problem> {
    let project = &parsed.project;
    let features = |name: &str| {
        let view = views.iter().find(|compiled| compiled.view.name == name);
        let request = || requests.iter().find(|compiled| compiled.view.name == name);
        view.map(CompiledView::features)
            .or_else(|| request().map(CompiledRequest::named))
    };
    let mut problems = Vec::new();
    for request in requests {
        problems.extend(request.bind(parsed, features).err().unwrap_or_default());
    }
    for service in &project.feature_services {
        for problem in service.resolve(project, features).err().unwrap_or_default() {
            let place = format!("feature_service.{}.features.{}", service.name, problem.entry);
            problems.push(parsed.problem(&place, problem.message, problem.hint));
        }
    }
    problems
}
