//! The sandbox that all cases share, its two components, and how a case is told.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use arrow::array::{ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::Int64Type;
use expect_test::Expect;
use sandglass_runtime::{
    Classified, CompileLimits, Compiler, Component, Context, Limits, LoadError, Loader, Mode, Output, Profile, Run,
    RunError, Sandbox, Scope, Unaccounted, lower,
};

/// What every case may use, unless it says otherwise.
pub fn limits() -> Limits {
    Limits {
        guest_time: Duration::from_secs(2),
        memory_bytes: 32 << 20,
        table_elements: 100_000,
        output_rows: 10_000,
        output_bytes: 16 << 20,
        log_bytes: 64 << 10,
        component_bytes: 8 << 20,
        call_bytes: 8 << 20,
    }
}

/// For guests that take all the time that they get.
pub fn brief() -> Limits {
    Limits {
        guest_time: Duration::from_millis(300),
        ..limits()
    }
}

/// No case takes longer than this, whatever its guest does.
const CASE: Duration = Duration::from_secs(20);

pub struct World {
    loader: Loader,
    pub hostile: Component,
    pub good: Component,
}

impl World {
    pub fn new() -> Self {
        let sandbox = Sandbox::new(Profile::Production, 8).unwrap();
        let loader = |time: Duration| {
            let compiler = Compiler::Process {
                program: env!("CARGO_BIN_EXE_sandglass").into(),
                arguments: vec!["__compile".to_owned()],
                limits: CompileLimits {
                    time,
                    memory_bytes: 2 << 30,
                    ..CompileLimits::default()
                },
            };
            Loader::new(sandbox.clone(), compiler)
        };
        // Its own components are large for the time that those of strangers have here, where the machine has other work.
        let own = loader(CompileLimits::default().time);
        let load = |folder: &str| {
            let bytes = std::fs::read(crate::harness::component(folder)).unwrap();
            own.load(&bytes, &limits()).unwrap()
        };
        let loader = loader(Duration::from_secs(5));
        let (hostile, good) = (load("tests/guests/hostile"), load("tests/guests/good"));
        Self { loader, hostile, good }
    }

    pub fn load(&self, bytes: &[u8], limits: &Limits) -> Result<Component, LoadError> {
        self.loader.load(bytes, limits)
    }

    pub fn shared() -> &'static Self {
        static WORLD: OnceLock<World> = OnceLock::new();
        WORLD.get_or_init(Self::new)
    }

    /// Runs honest transformations of both components, and looks at every value.
    pub fn assert_clean(&self) {
        let (outputs, end) = drive(&self.hostile, "honest", &limits(), &ids());
        end.unwrap_or_else(|error| panic!("an honest run after a hostile one: {error}"));
        assert_eq!(ids_of(&outputs), [1, 2, 3]);
        assert_eq!(outputs[0].source_rows.as_deref(), Some([0, 1, 2].as_slice()));
        let rows = purchases();
        let (outputs, end) = drive(&self.good, "passthrough", &limits(), &rows);
        end.unwrap_or_else(|error| panic!("another component's run after a hostile one: {error}"));
        assert_eq!(outputs.len(), 1);
        assert_eq!(outputs[0].batch.columns(), rows.columns());
    }
}

/// The rows that hostile guests are given.
pub fn ids() -> RecordBatch {
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
    RecordBatch::try_from_iter([("id", ids)]).unwrap()
}

/// Rows for the good guest.
fn purchases() -> RecordBatch {
    let times = TimestampMicrosecondArray::from(vec![10, 20, 30]).with_timezone("UTC");
    let columns: [(&str, ArrayRef); 4] = [
        ("customer_id", Arc::new(Int64Array::from(vec![7, 8, 9]))),
        ("timestamp", Arc::new(times)),
        (
            "amount",
            Arc::new(Float64Array::from(vec![Some(0.5), None, Some(-1.0)])),
        ),
        ("note", Arc::new(StringArray::from(vec![None, Some("é"), Some("")]))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn ids_of(outputs: &[Output]) -> Vec<i64> {
    let ids = |output: &Output| output.batch.column(0).as_primitive::<Int64Type>().values().to_vec();
    outputs.iter().flat_map(ids).collect()
}

/// A whole run: one batch, and all outputs up to an error if there is one.
pub fn drive(
    component: &Component,
    transformation: &str,
    limits: &Limits,
    rows: &RecordBatch,
) -> (Vec<Output>, Result<(), RunError>) {
    let mut outputs = Vec::new();
    let end = run(component, transformation, limits, rows, &mut outputs);
    (outputs, end)
}

fn run(
    component: &Component,
    transformation: &str,
    limits: &Limits,
    rows: &RecordBatch,
    outputs: &mut Vec<Output>,
) -> Result<(), RunError> {
    let context = Context {
        mode: Mode::Streaming,
        ranges: vec![None],
        parameters: vec![],
        lineage: true,
    };
    let mut drain = |run: &mut Run| {
        while let Some(output) = run.next_output()? {
            outputs.push(output);
        }
        Ok(())
    };
    let budget = Box::new(Unaccounted);
    let mut run = Run::open(component, transformation, context, limits, budget, |_, _| {})?;
    run.push(0, &lower(rows).unwrap())?;
    drain(&mut run)?;
    if component.contract(transformation).unwrap().scope == Scope::Keyed {
        run.end_keys()?;
        drain(&mut run)?;
    }
    run.finish()?;
    drain(&mut run)
}

/// A run of the hostile component under the limits of all cases.
pub fn fails(transformation: &str, expected: Expect) {
    fails_within(transformation, &limits(), expected);
}

/// A run of the hostile component: how it ends, and that nothing else is harmed.
pub fn fails_within(transformation: &str, limits: &Limits, expected: Expect) {
    let world = World::shared();
    let started = Instant::now();
    let (outputs, end) = drive(&world.hostile, transformation, limits, &ids());
    expected.assert_eq(&told(outputs.len(), &end));
    assert!(
        started.elapsed() < CASE,
        "{transformation} took {:?}",
        started.elapsed()
    );
    world.assert_clean();
}

/// A component that is refused: why, and that nothing else is harmed.
pub fn refused(bytes: &[u8], expected: Expect) {
    let world = World::shared();
    let once = || {
        let started = Instant::now();
        let loaded = world.load(bytes, &brief());
        assert!(started.elapsed() < CASE, "it took {:?}", started.elapsed());
        world.assert_clean();
        loaded.map_or_else(|error| explained(&error), |_| "it was loaded".to_owned())
    };
    let first = once();
    expected.assert_eq(&first);
    assert_eq!(once(), first, "the second time");
}

/// A component that is loaded and fails in its run.
pub fn fails_in_run(bytes: &[u8], expected: Expect) {
    let world = World::shared();
    let component = world.load(bytes, &limits()).unwrap_or_else(|error| panic!("{error:?}"));
    let once = || {
        let (outputs, end) = drive(&component, "liar", &brief(), &ids());
        world.assert_clean();
        told(outputs.len(), &end)
    };
    let first = once();
    expected.assert_eq(&first);
    assert_eq!(once(), first, "the second time");
}

fn told(outputs: usize, end: &Result<(), RunError>) -> String {
    let end = end.as_ref().map_or_else(
        |error| normal(&format!("{}: {error}", error.kind())),
        |()| "no error".to_owned(),
    );
    match outputs {
        0 => end,
        _ => format!("after {outputs} outputs, {end}"),
    }
}

/// Kind and text of an error with all its sources.
pub fn explained(error: &LoadError) -> String {
    let mut text = format!("{}: {error}", error.kind());
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        text += &format!(": {error}");
        source = error.source();
    }
    normal(&text)
}

/// Leaves out how much time and memory was used, which varies.
fn normal(text: &str) -> String {
    if !text.contains("limit of time") && !text.contains("limit of memory") {
        return text.to_owned();
    }
    let Some((before, after)) = text.split_once(": used ") else {
        return text.to_owned();
    };
    let after = after.split_once(',').map_or(after, |(_, after)| after);
    format!("{before}: used …,{after}")
}
