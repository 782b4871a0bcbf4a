//! Transformations that misbehave, one behaviour a file. Each reads `rows` with one column, `id: int64`.

mod behaviour;
mod component;
mod honest;

mod endless;
mod floods;
mod greedy;
mod lies;

use behaviour::Behaviour;

mod bindings {
    wit_bindgen::generate!({ path: "../../../wit", world: "transform" });
    use crate::component::Component;
    export!(Component);
}

fn behaviours() -> Vec<Behaviour> {
    let mut all = vec![honest::passthrough()];
    all.extend(endless::behaviours());
    all.extend(floods::behaviours());
    all.extend(greedy::behaviours());
    all.extend(lies::behaviours());
    all
}
