//! Items on their way from what makes them to the store that writes them.

use tokio::sync::mpsc::Receiver;

use crate::online::OnlineError;
use crate::workspace::Name;

/// A message from who makes items.
#[derive(Debug)]
pub(super) enum Fed<M> {
    /// More of them.
    More(M),
    /// These were all.
    Whole,
}

/// What is fed, to the end. If nobody said that it was all, whoever makes items has failed or is gone, and an error comes in the end:
/// without it a half would be taken for the whole.
pub(super) fn to_the_end<M: IntoIterator>(
    name: &Name,
    mut fed: Receiver<Fed<M>>,
) -> impl Iterator<Item = Result<M::Item, OnlineError>> {
    let mut is_over = false;
    let parts = std::iter::from_fn(move || {
        if is_over {
            return None;
        }
        let (more, error) = match fed.blocking_recv() {
            Some(Fed::More(more)) => (Some(more), None),
            Some(Fed::Whole) => (None, None),
            None => {
                let error = OnlineError::Unavailable {
                    view: name.to_string(),
                    message: "its items were given up before they were whole".to_owned(),
                };
                (None, Some(Err(error)))
            }
        };
        is_over = more.is_none();
        Some(more.into_iter().flatten().map(Ok).chain(error))
    });
    parts.flatten()
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc::channel;

    use super::*;

    /// Whatever is sent, and whenever the sender goes.
    #[test]
    fn what_is_not_whole_ends_with_an_error() {
        let name = Name::new(&"shop".parse().expect("a name"), "clicks", 1);
        for (messages, expected) in [
            (vec![], None),
            (vec![Fed::More(vec![1, 2]), Fed::More(vec![3])], None),
            (
                vec![Fed::More(vec![1, 2]), Fed::More(vec![]), Fed::More(vec![3]), Fed::Whole],
                Some(vec![1, 2, 3]),
            ),
            (vec![Fed::Whole], Some(vec![])),
        ] {
            let (sender, receiver) = channel(8);
            for message in messages {
                sender.try_send(message).expect("there is room");
            }
            drop(sender);
            let mut all = to_the_end(&name, receiver);
            let found: Result<Vec<i32>, OnlineError> = all.by_ref().collect();
            assert_eq!(found.ok(), expected);
            assert!(all.next().is_none());
        }
    }
}
