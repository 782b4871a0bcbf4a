//! Whether a language's SDK keeps the contract: a component with eleven transformations is built with it ([`contracts`] says which), and
//! [`check`] runs them over rows of every kind ([`kinds`]) and compares what they are, what they return, reject, fail with and log
//! ([`cases`]) with what they should, buffer by buffer ([`compare`]). So the same rows give the same bytes in every language.

mod case;
mod cases;
mod compare;
mod contracts;
mod drive;
mod kinds;
#[cfg(test)]
mod tests;

use sandglass_runtime::Component;

/// How a component did.
#[derive(Debug)]
pub struct Report {
    /// Every case, in the order in which they are run.
    pub results: Vec<CaseResult>,
}

/// How a case ended.
#[derive(Debug)]
pub struct CaseResult {
    /// The transformation.
    pub transformation: &'static str,
    /// What is looked at.
    pub name: String,
    /// What was not as it should be; none if the case passed.
    pub difference: Option<String>,
}

impl Report {
    /// The cases that did not pass.
    pub fn failures(&self) -> impl Iterator<Item = &CaseResult> {
        self.results.iter().filter(|result| result.difference.is_some())
    }
}

/// Runs the kit. Synchronous: it belongs on a thread that may wait for guests.
pub fn check(component: &Component) -> Report {
    let mut results = Vec::new();
    let cases = cases::all();
    for transformation in contracts::NAMES {
        let given = component.contract(transformation);
        results.push(CaseResult {
            transformation,
            name: "contract".to_owned(),
            difference: contracts::difference(&contracts::named(transformation), given.map(AsRef::as_ref)),
        });
        if given.is_none() {
            continue;
        }
        for case in cases.iter().filter(|case| case.transformation == transformation) {
            results.push(CaseResult {
                transformation,
                name: case.name.clone(),
                difference: drive::run(component, case).err(),
            });
        }
    }
    for contract in component.contracts() {
        if !contracts::NAMES.contains(&contract.name.as_str()) {
            results.push(CaseResult {
                transformation: "*",
                name: format!("`{}`", contract.name),
                difference: Some(format!(
                    "is no transformation of the kit, which has {}",
                    contracts::NAMES.map(|name| format!("`{name}`")).join(", ")
                )),
            });
        }
    }
    Report { results }
}
