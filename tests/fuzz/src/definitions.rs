//! A project's text to its problems, or to a valid project.

use std::ops::Range;

use sandglass::definition::{Parsed, Project, parse};
use sandglass::time::Timestamp;

pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match parse("sandglass.toml", &text) {
        Ok(parsed) => {
            for span in parsed.spans.values() {
                lies_in(span, &text);
            }
            for warning in &parsed.warnings {
                lies_in(&warning.span, &text);
            }
            kept(&parsed.project);
            times(&parsed);
            if !parsed.warnings.is_empty() {
                assert!(!parsed.problems(parsed.warnings.clone()).render(true).is_empty());
            }
        }
        Err(problems) => {
            assert!(!problems.problems().is_empty());
            let lines = text.matches('\n').count() + 1;
            for problem in problems.problems() {
                assert!(!problem.message.is_empty());
                lies_in(&problem.span, &text);
                assert!((1..=lines).contains(&problems.line(problem)));
            }
            for plain in [true, false] {
                assert!(!problems.render(plain).is_empty());
            }
            assert!(!problems.to_string().is_empty());
        }
    }
}

fn lies_in(span: &Range<usize>, text: &str) {
    assert!(text.get(span.clone()).is_some(), "{span:?} of {} bytes", text.len());
}

/// The registry keeps projects as JSON: what is read back is the same, or every plan would see a change.
fn kept(project: &Project) {
    let json = serde_json::to_vec(project).expect("a project can be written");
    let again: Project = serde_json::from_slice(&json).expect("what is written can be read");
    assert_eq!(&again, project);
}

/// Times at the ends of what can be written down do not overflow.
fn times(parsed: &Parsed) {
    for view in &parsed.project.feature_views {
        let delay = parsed.project.data_delay(view);
        for at in [
            Timestamp::MIN,
            Timestamp::from_micros(0),
            Timestamp::MAX,
            view.feature_start_time,
        ] {
            assert!(view.effective_time(at, delay) > at);
            let _ = view.expiry(at, delay);
            let interval = view.grid().interval(at);
            assert!(interval.contains(at));
            for source in &view.sources {
                if let Some(range) = view.source_range(source, interval) {
                    assert!(range.start <= interval.start && range.end == interval.end);
                }
            }
        }
    }
}
