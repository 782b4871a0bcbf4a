//! Objects of a bucket. What folders are to files, what their names have between slashes is to them.

use glob::{MatchOptions, Pattern};
use object_store::ObjectMeta;

use super::error::SourceError;
use super::files::{Lies, SourceFile, is_hidden, is_meant, nested_table, no_folder, no_other, partition, wrong};
use crate::definition::{Source, before_pattern, split_bucket};
use crate::storage::{Place, StorageError, modified};

/// As in paths of files.
const AS_PATHS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: false,
};

/// Objects that are looked at, as many as folders are.
const OBJECTS_MAX: usize = 1_000_000;

/// What lies at a source's place. One request says what 1,000 objects are.
pub(super) fn find(place: &Place, source: &Source) -> Result<Lies, SourceError> {
    let failed = |error: StorageError| SourceError::Objects {
        source_name: source.name.clone(),
        error,
    };
    let path = split_bucket(&source.path).map_or("", |(_, path)| path.trim_end_matches('/'));
    let mut found = Found {
        source,
        place,
        files: Vec::new(),
    };
    if let Some(before) = before_pattern(path) {
        let folder = before.rsplit_once('/').map_or("", |(folder, _)| folder);
        let folder = place.object(folder);
        let objects = folder.unwrap_or_else(|| place.clone()).objects().map_err(failed)?;
        found.matches(path, few(source, objects)?)?;
        return Ok(Lies::Files(found.files));
    }
    if place.join("_delta_log").has_objects().map_err(failed)? {
        return Ok(Lies::DeltaTable);
    }
    let objects = few(source, place.objects().map_err(failed)?)?;
    if !objects.is_empty() {
        no_other(source)?;
        for object in objects {
            let name = object.location.to_string();
            let below = name
                .strip_prefix(path)
                .unwrap_or(&name)
                .trim_start_matches('/')
                .to_owned();
            found.below(object, &below)?;
        }
        return Ok(Lies::Files(found.files));
    }
    // Only now: whoever may list may not always look.
    let one = match path {
        "" => None,
        _ => place.look().map_err(failed)?,
    };
    let Some(object) = one else {
        let problem = "there is no such object, and no name begins with it and a `/`".to_owned();
        return Err(wrong(source, problem));
    };
    no_other(source)?;
    no_folder(source)?;
    found.file(object, &[])?;
    Ok(Lies::Files(found.files))
}

/// Objects that may hold rows: what stands for a folder is empty.
fn few(source: &Source, mut objects: Vec<ObjectMeta>) -> Result<Vec<ObjectMeta>, SourceError> {
    if objects.len() > OBJECTS_MAX {
        return Err(wrong(
            source,
            format!("more than {OBJECTS_MAX} objects begin like that"),
        ));
    }
    objects.retain(|object| object.size > 0);
    Ok(objects)
}

struct Found<'a> {
    source: &'a Source,
    place: &'a Place,
    files: Vec<SourceFile>,
}

impl Found<'_> {
    /// Those that a pattern names, or that lie in a folder that it names.
    fn matches(&mut self, path: &str, objects: Vec<ObjectMeta>) -> Result<(), SourceError> {
        // Two stars at the end are folders, as in paths of files.
        let is_of_folders = path.ends_with("**");
        let pattern = Pattern::new(path).map_err(|error| wrong(self.source, error.to_string()))?;
        for object in objects {
            let name = object.location.to_string();
            if !is_of_folders && pattern.matches_with(&name, AS_PATHS) {
                self.file(object, &[])?;
                continue;
            }
            let mut within = name.match_indices('/').map(|(at, _)| name.split_at(at));
            let within = within.find(|(folder, _)| pattern.matches_with(folder, AS_PATHS));
            if let Some((_, below)) = within {
                self.below(object, below.trim_start_matches('/'))?;
            }
        }
        Ok(())
    }

    /// An object below a folder, if it is one of the source's.
    fn below(&mut self, object: ObjectMeta, below: &str) -> Result<(), SourceError> {
        let mut folders: Vec<&str> = below.split('/').collect();
        let file = folders.pop().unwrap_or_default();
        if let Some(depth) = folders.iter().position(|folder| *folder == "_delta_log") {
            let name = object.location.as_ref();
            let outside = name.len() - below.len();
            let within: usize = folders.iter().take(depth).map(|folder| folder.len() + 1).sum();
            let table = name.get(..outside + within).unwrap_or(name).trim_end_matches('/');
            return Err(nested_table(self.source, table));
        }
        let is_left_out = folders.iter().any(|folder| is_hidden(folder)) || is_hidden(file);
        match is_left_out || !is_meant(self.source, file) {
            true => Ok(()),
            false => self.file(object, &folders),
        }
    }

    fn file(&mut self, object: ObjectMeta, folders: &[&str]) -> Result<(), SourceError> {
        let place = self.place.object(object.location.as_ref());
        let place = place.unwrap_or_else(|| self.place.clone());
        self.files.push(SourceFile {
            partition: partition(self.source, folders, &place)?,
            place,
            size_bytes: object.size,
            modified: modified(&object),
            e_tag: object.e_tag,
        });
        Ok(())
    }
}
