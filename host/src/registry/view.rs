use serde::{Deserialize, Serialize};

use sandglass_runtime::Digest;

use crate::plan::{CODE, Difference, Effect, Parts, differences, same_rows, total};
use crate::time::Timestamp;

/// A view as it was applied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AppliedView {
    /// Stays with the name over all versions.
    pub view_id: String,
    /// The version that is materialized, and served when its backfill is complete. From 1.
    pub version: u32,
    /// When that version was made: its backfill ends at the last boundary that was due then.
    pub version_at: Timestamp,
    /// Its component, if it has a transformation.
    pub component: Option<AppliedComponent>,
    /// The definition, part by part.
    pub parts: Parts,
    /// Other versions whose tables are kept, in the order of their numbers.
    pub kept: Vec<Kept>,
    /// Code that was adopted without making the rows again, the last one last.
    pub adopted: Vec<Adopted>,
    /// The highest version that is not kept any more, 0 if all are: its number is not used again.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub dropped: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl AppliedView {
    /// Versions whose rows have the join keys of this definition, this one among them. What another version has online cannot be read
    /// with these keys.
    pub fn versions_with_its_keys(&self) -> Vec<u32> {
        let keys = |parts: &Parts| parts.get("join_keys").cloned();
        let kept = self.kept.iter().filter(|kept| keys(&kept.parts) == keys(&self.parts));
        kept.map(|kept| kept.version).chain([self.version]).collect()
    }
}

/// A request view as it was applied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AppliedRequest {
    /// What computes its features.
    pub component: AppliedComponent,
    /// The definition, part by part.
    pub parts: Parts,
}

/// A version that is not materialized any more and can be gone back to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// Its number.
    pub version: u32,
    /// When it was made.
    pub version_at: Timestamp,
    /// Its component.
    pub component: Option<AppliedComponent>,
    /// The definition that it was last applied with.
    pub parts: Parts,
    /// The last application that had it, which holds the definition as it was written.
    pub application: u64,
}

/// A view's component.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AppliedComponent {
    /// Its digest.
    pub digest: Digest,
    /// Which of its transformations.
    pub transformation: String,
}

/// Code that took the place of other code while the rows stayed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Adopted {
    /// When.
    pub at: Timestamp,
    /// In which version.
    pub version: u32,
    /// The component before.
    pub before: Option<Digest>,
    /// How many intervals were run on both and gave equal rows; none if nobody looked.
    pub replayed: Option<usize>,
}

/// What `apply` does to a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It is new.
    Create,
    /// Nothing changes.
    Nothing,
    /// Its definition changes, and its version stays.
    Change(Effect),
    /// A new version.
    NewVersion,
    /// A version that is kept takes over.
    Back,
    /// New code takes over, and the rows stay.
    Adopt,
}

impl Step {
    /// As plans name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Nothing => "none",
            Self::Change(effect) => effect.name(),
            Self::NewVersion => "new version",
            Self::Back => "back to a kept version",
            Self::Adopt => "new code, same rows",
        }
    }
}

/// What `apply` would make of a view.
#[derive(Debug, Clone, PartialEq)]
pub struct Next {
    /// What it does.
    pub step: Step,
    /// What differs from what was applied last.
    pub differences: Vec<Difference>,
    /// The view afterwards.
    pub after: AppliedView,
}

/// What is known of a view's name.
#[derive(Debug, Clone, Copy)]
pub enum Known<'a> {
    /// Nothing, or it was destroyed when it had so many versions: their numbers are not used again.
    Nothing {
        /// How many.
        versions: u32,
    },
    /// It is applied, or was and is not defined any more.
    View {
        /// As it was applied.
        view: &'a AppliedView,
        /// Whether it is still there.
        retired: bool,
        /// The last application.
        application: u64,
    },
}

impl AppliedView {
    /// Compares a definition with what is known of the view, and says what applying it at this time makes of it.
    pub fn next(known: Known<'_>, parts: Parts, component: Option<AppliedComponent>, at: Timestamp) -> Next {
        let (view, retired, application) = match known {
            Known::Nothing { versions } => {
                let after = Self {
                    view_id: uuid::Uuid::new_v4().simple().to_string(),
                    version: versions + 1,
                    version_at: at,
                    component,
                    parts,
                    kept: Vec::new(),
                    adopted: Vec::new(),
                    dropped: 0,
                };
                return Next {
                    step: Step::Create,
                    differences: Vec::new(),
                    after,
                };
            }
            Known::View {
                view,
                retired,
                application,
            } => (view, retired, application),
        };
        let differences = differences(&view.parts, &parts);
        let effect = total(&differences);
        if effect < Some(Effect::Version) {
            // The component stays: one with the same code may differ in its bytes.
            let after = Self { parts, ..view.clone() };
            let step = match effect {
                Some(effect) => Step::Change(effect),
                None if retired => Step::Back,
                None => Step::Nothing,
            };
            return Next {
                step,
                differences,
                after,
            };
        }
        if let Some(kept) = view.kept.iter().rev().find(|kept| same_rows(&kept.parts, &parts)) {
            let after = view.back_to(kept, parts, application);
            return Next {
                step: Step::Back,
                differences,
                after,
            };
        }
        let version = view.last_version() + 1;
        let mut after = Self {
            version,
            version_at: at,
            component,
            parts,
            ..view.clone()
        };
        after.keep(view.current(application));
        Next {
            step: Step::NewVersion,
            differences,
            after,
        }
    }

    /// The view with a kept version in its place again, under a definition that makes the same rows.
    pub fn back_to(&self, kept: &Kept, parts: Parts, application: u64) -> Self {
        let mut after = Self {
            version: kept.version,
            version_at: kept.version_at,
            component: kept.component.clone(),
            parts,
            ..self.clone()
        };
        after.kept.retain(|other| other.version != kept.version);
        after.keep(self.current(application));
        after
    }

    /// The view with new code and its rows as they are.
    pub fn adopt(
        &self,
        parts: Parts,
        component: Option<AppliedComponent>,
        at: Timestamp,
        replayed: Option<usize>,
    ) -> Self {
        let mut after = Self {
            component,
            parts,
            ..self.clone()
        };
        after.adopted.push(Adopted {
            at,
            version: self.version,
            before: self.component.as_ref().map(|component| component.digest.clone()),
            replayed,
        });
        after
    }

    /// Whether nothing but the code would make another version.
    pub fn only_code_differs(differences: &[Difference]) -> bool {
        let mut dear = differences
            .iter()
            .filter(|difference| difference.effect == Effect::Version);
        dear.next().is_some_and(|difference| difference.part == CODE) && dear.next().is_none()
    }

    /// The highest version that there has been.
    pub fn last_version(&self) -> u32 {
        let kept = self.kept.iter().map(|kept| kept.version).max();
        kept.unwrap_or(0).max(self.version).max(self.dropped)
    }

    /// The view without versions that are not kept any more; its own stays.
    #[must_use]
    pub fn without(&self, versions: &[u32]) -> Self {
        let mut after = self.clone();
        let gone = after.kept.iter().map(|kept| kept.version);
        let gone = gone.filter(|version| versions.contains(version)).max();
        after.dropped = after.dropped.max(gone.unwrap_or(0));
        after.kept.retain(|kept| !versions.contains(&kept.version));
        after
    }

    fn current(&self, application: u64) -> Kept {
        Kept {
            version: self.version,
            version_at: self.version_at,
            component: self.component.clone(),
            parts: self.parts.clone(),
            application,
        }
    }

    fn keep(&mut self, kept: Kept) {
        let place = self.kept.partition_point(|other| other.version < kept.version);
        self.kept.insert(place, kept);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parts(code: &str, ttl: Option<&str>) -> Parts {
        [("code", json!(code)), ("scope", json!("row")), ("ttl", json!(ttl))]
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    fn component(code: &str) -> Option<AppliedComponent> {
        Some(AppliedComponent {
            digest: Digest::of(code.as_bytes()),
            transformation: "t".into(),
        })
    }

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    fn view(view: &AppliedView, application: u64) -> Known<'_> {
        Known::View {
            view,
            retired: false,
            application,
        }
    }

    #[test]
    fn versions_come_and_go_back() {
        let nothing = Known::Nothing { versions: 0 };
        let first = AppliedView::next(nothing, parts("a", None), component("a"), at(1));
        assert_eq!((first.step, first.after.version), (Step::Create, 1));
        let first = first.after;
        let same = AppliedView::next(
            view(&first, 1),
            parts("a", None),
            component("a, built elsewhere"),
            at(2),
        );
        assert_eq!((same.step, &same.after), (Step::Nothing, &first));
        let ttl = AppliedView::next(view(&first, 1), parts("a", Some("1d")), component("a"), at(2));
        assert_eq!(
            (ttl.step, ttl.after.version, ttl.after.version_at),
            (Step::Change(Effect::Online), 1, at(1))
        );
        let second = AppliedView::next(view(&ttl.after, 2), parts("b", Some("1d")), component("b"), at(3));
        assert_eq!((second.step, second.after.version), (Step::NewVersion, 2));
        assert_eq!(second.after.view_id, first.view_id);
        assert_eq!(second.after.kept.len(), 1);
        assert_eq!(second.after.kept[0].application, 2);
        // The old code again, with another ttl: the old rows are as good as new ones.
        let back = AppliedView::next(view(&second.after, 3), parts("a", None), component("a"), at(4));
        assert_eq!(
            (back.step, back.after.version, back.after.version_at),
            (Step::Back, 1, at(1))
        );
        assert_eq!(back.after.component, component("a"));
        assert_eq!(back.after.kept.iter().map(|kept| kept.version).collect::<Vec<_>>(), [2]);
        // And then something third: numbers are not used twice.
        let third = AppliedView::next(view(&back.after, 4), parts("c", None), component("c"), at(5));
        assert_eq!((third.step, third.after.version), (Step::NewVersion, 3));
        assert_eq!(
            third.after.kept.iter().map(|kept| kept.version).collect::<Vec<_>>(),
            [1, 2]
        );
        // What is dropped cannot be gone back to, and its number is not given again.
        let back = third.after.back_to(&third.after.kept[0], parts("a", None), 5);
        assert_eq!((back.version, back.last_version()), (1, 3));
        let dropped = back.without(&[3, 1]);
        assert_eq!((dropped.version, dropped.last_version()), (1, 3));
        assert_eq!(dropped.kept.iter().map(|kept| kept.version).collect::<Vec<_>>(), [2]);
        let fourth = AppliedView::next(view(&dropped, 6), parts("c", None), component("c"), at(6));
        assert_eq!((fourth.step, fourth.after.version), (Step::NewVersion, 4));
        let again = AppliedView::next(Known::Nothing { versions: 3 }, parts("a", None), None, at(6));
        assert_eq!(again.after.version, 4);
        assert_ne!(again.after.view_id, first.view_id);
    }

    #[test]
    fn code_is_adopted_only_where_nothing_else_differs() {
        let first = AppliedView::next(Known::Nothing { versions: 0 }, parts("a", None), component("a"), at(1)).after;
        let next = AppliedView::next(view(&first, 1), parts("b", Some("1d")), component("b"), at(2));
        assert!(AppliedView::only_code_differs(&next.differences));
        let adopted = first.adopt(parts("b", Some("1d")), component("b"), at(2), Some(3));
        assert_eq!((adopted.version, adopted.version_at), (1, at(1)));
        assert_eq!(
            adopted.adopted[0].before,
            component("a").map(|component| component.digest)
        );
        let mut other = parts("b", None);
        other.insert("parameters".into(), json!({ "x": 1 }));
        let next = AppliedView::next(view(&first, 1), other, component("b"), at(2));
        assert!(!AppliedView::only_code_differs(&next.differences));
        assert!(!AppliedView::only_code_differs(&[]));
    }
}
