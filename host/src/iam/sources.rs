//! Objects of sources.

use std::collections::BTreeMap;

use super::at::At;
use super::objects::{ObjectAction, Objects};
use super::policy::Statement;
use crate::definition::{Project, before_pattern, split_bucket};

/// What the objects of a source are called, and what it looks for them by.
fn names(path: &str) -> (Vec<String>, Vec<String>) {
    // `${` begins a variable of IAM's.
    let plain = |text: &str| text.replace("${", "${$}{");
    let path = path.trim_end_matches('/');
    match before_pattern(path) {
        None if path.is_empty() => (vec!["*".to_owned()], vec!["*".to_owned()]),
        // It may be an object, or what the names of several begin with.
        None => {
            let path = plain(path);
            let both = vec![path.clone(), format!("{path}/*")];
            (both.clone(), both)
        }
        Some(before) => {
            let folder = before.rsplit_once('/');
            let folder = folder.map_or("*".to_owned(), |(folder, _)| format!("{}/*", plain(folder)));
            (vec![format!("{}*", plain(before))], vec![folder])
        }
    }
}

/// What reading the sources takes that views have, one or two statements for each bucket.
pub(super) fn statements(project: &Project) -> Vec<Statement> {
    let mut buckets: BTreeMap<(&str, Option<&str>), [Vec<String>; 2]> = BTreeMap::new();
    let is_used = |name: &String| {
        let mut used = project.feature_views.iter().flat_map(|view| &view.sources);
        used.any(|used| used.name == *name)
    };
    for source in project.sources.iter().filter(|source| is_used(&source.name)) {
        let Some((bucket, path)) = split_bucket(&source.path) else {
            continue;
        };
        let (names, listed) = names(path);
        let [all_names, all_listed] = buckets.entry((bucket, source.bucket.region.as_deref())).or_default();
        for (all, new) in [(all_names, names), (all_listed, listed)] {
            for name in new {
                if !all.contains(&name) {
                    all.push(name);
                }
            }
        }
    }
    let actions = [ObjectAction::List, ObjectAction::Get].into();
    let each = buckets.iter().zip(1..);
    let each = each.flat_map(|(((bucket, region), [names, listed]), number)| {
        let sid = match number {
            1 => "Sources".to_owned(),
            number => format!("Sources{number}"),
        };
        let objects = Objects {
            sid: &sid,
            bucket,
            names,
            listed,
        };
        objects.statements(&At::new(*region, None), &actions)
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn names_are_told_by_paths() {
        let told = |path| {
            let (names, listed) = names(path);
            (names.join(" "), listed.join(" "))
        };
        let is =
            |path, names: &str, listed: &str| assert_eq!(told(path), (names.to_owned(), listed.to_owned()), "{path}");
        is("", "*", "*");
        is("events", "events events/*", "events events/*");
        is("raw/events/", "raw/events raw/events/*", "raw/events raw/events/*");
        is("raw/day=*/x-?.csv", "raw/day=*", "raw/*");
        is("raw/[ab]/**", "raw/*", "raw/*");
        is("*.csv", "*", "*");
        is("a?.csv", "a*", "*");
        is("raw/${b}", "raw/${$}{b} raw/${$}{b}/*", "raw/${$}{b} raw/${$}{b}/*");
    }
}
