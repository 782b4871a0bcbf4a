//! The same kills as on disk, with the offline store and the registry in a bucket.

use crate::harness::Project;

#[test]
fn killed_and_resumed() {
    let _timed = crate::harness::Timed::new("s3::kills::killed_and_resumed");
    crate::kills::jobs(20, Project::in_bucket);
}

#[test]
fn killed_in_a_switch_of_versions() {
    let _timed = crate::harness::Timed::new("s3::kills::killed_in_a_switch_of_versions");
    crate::kills::switches(30, Project::in_bucket);
}

#[test]
fn killed_in_maintenance() {
    let _timed = crate::harness::Timed::new("s3::kills::killed_in_maintenance");
    crate::maintain::kills::maintenance(12, Project::in_bucket);
}

#[test]
fn killed_between_rows_and_tiles_and_anywhere() {
    let _timed = crate::harness::Timed::new("s3::kills::killed_between_rows_and_tiles_and_anywhere");
    crate::aggregates::crash::between_rows_and_tiles(6, Project::in_bucket);
}

#[test]
fn killed_while_a_key_is_forgotten() {
    let _timed = crate::harness::Timed::new("s3::kills::killed_while_a_key_is_forgotten");
    crate::forget::kills::forgetting(10, Project::in_bucket);
}
