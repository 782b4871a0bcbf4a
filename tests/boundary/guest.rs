//! The guest's side of the workloads.

use arrow::array::RecordBatch;
use sandglass_runtime::{
    Compiler, Component, Context, Limits, Loader, Mode, ParameterValue, Profile, Run, Sandbox, Unaccounted, lower,
};

use super::data::LIMIT;

pub fn sandbox() -> Sandbox {
    Sandbox::new(Profile::Production, 16).unwrap()
}

pub fn load(sandbox: &Sandbox, component: &[u8]) -> Component {
    let loader = Loader::new(sandbox.clone(), Compiler::Here);
    loader.load(component, &Limits::default()).unwrap()
}

pub fn context(component: &Component, transformation: &str) -> Context {
    let contract = component.contract(transformation).unwrap();
    let limit = |name: &str| (name.to_owned(), ParameterValue::Float64(LIMIT));
    Context {
        mode: Mode::Streaming,
        ranges: vec![None; contract.inputs.len()],
        parameters: contract
            .parameters
            .iter()
            .map(|parameter| limit(&parameter.name))
            .collect(),
        lineage: false,
    }
}

pub fn limits() -> Limits {
    Limits {
        output_rows: u64::MAX,
        output_bytes: u64::MAX,
        ..Limits::default()
    }
}

pub fn open(component: &Component, transformation: &str) -> Run {
    let context = context(component, transformation);
    let budget = Box::new(Unaccounted);
    Run::open(component, transformation, context, &limits(), budget, |_, _| {}).unwrap()
}

/// Pushes a batch and drains what it gave, as the node does.
pub fn through(run: &mut Run, batch: &RecordBatch, mut out: impl FnMut(RecordBatch)) {
    run.push(0, &lower(batch).unwrap()).unwrap();
    while let Some(output) = run.next_output().unwrap() {
        out(output.batch);
    }
}
