//! A host in miniature: what it hands in it asks [`realloc`] for, and what it is told it reads.

use std::array::from_fn;
use std::cell::Cell;
use std::collections::HashSet;
use std::ptr;

use super::*;
use crate::contract::ValueKind;
use crate::incoming::realloc;
use crate::prelude::*;
use crate::transformation::Scope;
use crate::wire::{Kind, Node};

struct Shop;

impl Author for Shop {
    fn transformations() -> Vec<Transformation> {
        let columns = || [column::int64("id"), column::utf8("name").nullable()];
        let kept = Transformation::row("kept")
            .doc("Those that are greeted.")
            .input(Input::new("people", columns()))
            .parameter(Parameter::utf8("greeting").default("hi"))
            .parameter(Parameter::duration("wait").doc("How long."))
            .output(columns())
            .run(|context, batch| {
                assert_eq!(context.utf8("greeting")?, "hello, you");
                assert_eq!(context.range(0), Some(Interval { start: -1, end: 2 }));
                Ok(Output::retain(batch, |row| row != 1).reject(1, "not you"))
            });
        let fixed = column::fixed_size_binary("key", 3);
        let keyed = Transformation::keyed("keyed")
            .input(
                Input::new("left", [fixed.clone(), column::timestamp("timestamp")]).keys(["key"]),
            )
            .output([fixed])
            .emit(|_, _, _| Ok(()));
        vec![kept, keyed]
    }
}

/// In memory that was asked for.
fn given<T: Copy>(items: &[T]) -> List<T> {
    let size = size_of_val(items);
    // SAFETY: the place is of so many bytes, aligned for the items.
    unsafe {
        let place = realloc(ptr::null_mut(), 0, align_of::<T>(), size).cast::<T>();
        ptr::copy_nonoverlapping(items.as_ptr(), place, items.len());
        List::at(place, items.len())
    }
}

fn given_text(text: &str) -> Text {
    given(text.as_bytes())
}

fn read<'a>(text: Text) -> &'a str {
    // SAFETY: it was told since the last call.
    std::str::from_utf8(unsafe { text.items() }).unwrap()
}

fn items<'a, T>(list: List<T>) -> &'a [T] {
    // SAFETY: it was told since the last call.
    unsafe { list.items() }
}

fn said(answer: *const Answer) -> Said {
    // SAFETY: it was told since the last call.
    match unsafe { *answer } {
        Answer::Ok(said) => said,
        Answer::Failed(failure) => panic!("{}", read(failure.message)),
    }
}

fn failure(answer: *const Answer) -> wire::Failure {
    // SAFETY: it was told since the last call.
    match unsafe { *answer } {
        Answer::Ok(_) => panic!("it went well"),
        Answer::Failed(failure) => failure,
    }
}

fn opened(name: &str) -> Result<*mut ComponentRun, String> {
    let context = GivenContext {
        mode: 0,
        start: -1,
        end: 2,
        ranges: given(&[Maybe::Some(wire::Interval { start: -1, end: 2 })]),
        parameters: given(&[
            Named {
                name: given_text("greeting"),
                value: wire::Value::Utf8(given_text("hello, you")),
            },
            Named {
                name: given_text("wait"),
                value: wire::Value::Duration(5),
            },
        ]),
        lineage: 1,
        properties: given(&from_fn::<_, 1_000, _>(|_| Named {
            name: given_text("unknown"),
            value: given_text("x"),
        })),
    };
    let made = Cell::new(ptr::null_mut());
    let run_new = |run| {
        made.set(run);
        7
    };
    // SAFETY: all was given, once.
    let answer = unsafe { open::<Shop>(given_text(name), context, run_new) };
    if made.get().is_null() {
        return Err(read(failure(answer).message).to_owned());
    }
    // SAFETY: that is what `open` says.
    assert_eq!(unsafe { said(answer).run }, 7);
    Ok(made.get())
}

/// Three rows of the people.
fn people() -> wire::Batch {
    let ids: Vec<u8> = [7_i64, 8, 9]
        .iter()
        .flat_map(|id| id.to_le_bytes())
        .collect();
    let ends: Vec<u8> = [0_i32, 2, 2, 5]
        .iter()
        .flat_map(|end| end.to_le_bytes())
        .collect();
    let buffers = [&[][..], &ids, &[0b101], &ends, b"abcde"].map(given);
    let nodes = [(3, 0), (3, 1)].map(|(length, null_count)| Node { length, null_count });
    wire::Batch {
        rows: 3,
        nodes: given(&nodes),
        buffers: given(&buffers),
    }
}

#[test]
fn contracts_are_told() {
    // SAFETY: that is what `describe` says.
    let contracts = items(unsafe { said(describe::<Shop>()).contracts });
    let [kept, keyed] = contracts else {
        panic!("{} contracts", contracts.len())
    };
    assert_eq!(
        (read(kept.name), read(kept.doc)),
        ("kept", "Those that are greeted.")
    );
    assert!(matches!(kept.scope, Scope::Row) && matches!(keyed.scope, Scope::Keyed));
    let fields = |columns: List<wire::Field>| -> Vec<_> {
        let fields = items(columns).iter();
        fields
            .map(|field| (read(field.name), field.kind, field.nullable, field.children))
            .collect()
    };
    let columns = [("id", Kind::Int64, false, 0), ("name", Kind::Utf8, true, 0)];
    assert_eq!(fields(kept.output), columns);
    let [people] = items(kept.inputs) else {
        panic!()
    };
    assert_eq!(
        (read(people.name), fields(people.columns)),
        ("people", columns.to_vec())
    );
    assert!(items(people.keys).is_empty() && items(kept.properties).is_empty());
    let [greeting, wait] = items(kept.parameters) else {
        panic!()
    };
    assert_eq!((read(greeting.name), read(greeting.doc)), ("greeting", ""));
    let Maybe::Some(wire::Value::Utf8(default)) = greeting.default else {
        panic!()
    };
    assert_eq!(read(default), "hi");
    assert!(matches!(
        (wait.kind, wait.default),
        (ValueKind::Duration, Maybe::None)
    ));
    assert_eq!(read(wait.doc), "How long.");
    let [left] = items(keyed.inputs) else {
        panic!()
    };
    assert_eq!(
        items(left.keys)
            .iter()
            .map(|key| read(*key))
            .collect::<Vec<_>>(),
        ["key"]
    );
    assert_eq!(fields(left.columns)[0].1, Kind::FixedSizeBinary(3));
}

#[test]
fn a_run_is_told_until_the_next_call() {
    let run = opened("kept").unwrap();
    for _ in 0..2 {
        // SAFETY: the run is open, and the batch was given for this call.
        said(unsafe { push(run, 0, people()) });
        // SAFETY: the run is open, and that is what `next` says.
        let Maybe::Some(output) = (unsafe { said(next(run)).next }) else {
            panic!()
        };
        assert_eq!(output.batch.rows, 2);
        let nodes = [(2, 0), (2, 0)].map(|(length, null_count)| Node { length, null_count });
        assert_eq!(items(output.batch.nodes), nodes);
        let buffers: Vec<_> = items(output.batch.buffers)
            .iter()
            .map(|buffer| items(*buffer))
            .collect();
        let ids = [[7, 0, 0, 0, 0, 0, 0, 0], [9, 0, 0, 0, 0, 0, 0, 0]].concat();
        let ends = [[0, 0, 0, 0], [2, 0, 0, 0], [5, 0, 0, 0]].concat();
        assert_eq!(buffers, [&[][..], &ids, &[], &ends, b"abcde"]);
        let Maybe::Some(source_rows) = output.source_rows else {
            panic!()
        };
        assert_eq!(items(source_rows), [0, 2]);
        let [rejection] = items(output.rejected) else {
            panic!()
        };
        assert_eq!((rejection.row, read(rejection.message)), (1, "not you"));
        // SAFETY: the run is open, and that is what `next` says.
        assert!(matches!(unsafe { said(next(run)).next }, Maybe::None));
    }
    // SAFETY: the run is open.
    unsafe {
        said(finish(run));
        assert!(matches!(said(next(run)).next, Maybe::None));
        let failure = failure(end_keys(run));
        assert_eq!(read(failure.message), "end-keys outside the keyed scope");
        assert!(matches!(
            (failure.input, failure.row),
            (Maybe::None, Maybe::None)
        ));
        drop_run(run);
    }
}

#[test]
fn what_is_wrong_is_told_and_the_rest_let_go_of() {
    let unknown = opened("keep").unwrap_err();
    assert_eq!(
        unknown,
        "there is no transformation `keep`; there are `kept`, `keyed`"
    );
    let run = opened("kept").unwrap();
    let refused = |input: u32, change: fn(&mut wire::Batch)| {
        let mut batch = people();
        change(&mut batch);
        // SAFETY: the run is open, and the batch was given for this call.
        read(failure(unsafe { push(run, input, batch) }).message).to_owned()
    };
    assert_eq!(refused(1, |_| ()), "there is no such input");
    assert_eq!(
        refused(0, |batch| batch.rows = 2),
        "the host's column `id`: 3 rows of 2"
    );
    // The place of lists is free again after each call.
    let places: HashSet<_> = (0..100)
        .map(|_| {
            let batch = people();
            // SAFETY: the run is open, and the batch was given for this call.
            failure(unsafe { push(run, 2, batch) });
            batch.nodes.place().0
        })
        .collect();
    assert_eq!(places.len(), 1);
    // SAFETY: the run is open.
    unsafe { drop_run(run) };
}

/// Whatever a call was about and however it ended, what came in with it is let go of.
#[test]
fn nothing_is_kept_of_a_call() {
    let run = opened("kept").unwrap();
    // More than the place of lists has room for.
    let large = || wire::Batch {
        rows: 3,
        nodes: given(
            &[Node {
                length: 3,
                null_count: 0,
            }; 1_000],
        ),
        buffers: given(&from_fn::<_, 1_000, _>(|_| given(b"12345678"))),
    };
    let calls = || {
        // SAFETY: the run is open, and each batch was given for its call.
        unsafe {
            said(push(run, 0, people()));
            assert!(matches!(said(next(run)).next, Maybe::Some(_)));
            assert!(matches!(said(next(run)).next, Maybe::None));
            // Refused, before and after its buffers are looked at.
            failure(push(run, 1, people()));
            let mut longer = people();
            longer.rows += 1;
            failure(push(run, 0, longer));
            failure(push(run, 0, large()));
            failure(end_keys(run));
        }
        opened("keep").unwrap_err();
        // SAFETY: the run is open, and nobody looks at it again.
        unsafe { drop_run(opened("kept").unwrap()) };
    };
    // Vectors that are used again have their sizes after the first time.
    calls();
    let before = allocated::bytes();
    (0..10).for_each(|_| calls());
    assert_eq!(allocated::bytes(), before);
    // SAFETY: the run is open, and nobody looks at it again.
    unsafe { drop_run(run) };
}
