//! A 2-bit linear layer on each provider that can start here, and what happens with one that cannot.
//!
//! The QNN test needs Qualcomm's plugin and its Hexagon library (its x86 build emulates the NPU). With the folder of
//! the Python package `onnxruntime-qnn` 2.7.0 in `MM_QNN_DIR`:
//! `MM_QNN_DIR=... cargo test -p mm-core --test providers -- --include-ignored`

#![allow(clippy::unwrap_used, reason = "helpers of tests stop at the first surprise, as tests do")]

use std::{fs, path::PathBuf};

use mm_core::{
    bundle::Bundle,
    model::Model,
    runtime::{GraphSession, Network, Notice, Provider, SessionOptions},
};
use ndarray::ArrayD;

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/graphs").join(name)
}

fn load(provider: Provider) -> (GraphSession, Vec<Notice>) {
    let graph = fs::read(fixture("two_bit.onnx")).unwrap();
    let mut notices = Vec::new();
    let options = SessionOptions { provider, ..SessionOptions::default() };
    let session = GraphSession::load("two_bit", &graph, ("x", "y"), &options, &mut notices).unwrap();
    (session, notices)
}

/// Largest difference from the output computed with unpacked weights, as a share of the largest output.
fn relative_error(session: &mut GraphSession) -> f32 {
    let input: ArrayD<f32> = ndarray_npy::read_npy(fixture("two_bit_input.npy")).unwrap();
    let expected: ArrayD<f32> = ndarray_npy::read_npy(fixture("two_bit_output.npy")).unwrap();
    let output = session.run(input.view()).unwrap();
    assert_eq!(output.shape(), expected.shape());
    let largest = expected.iter().fold(0f32, |m, v| m.max(v.abs()));
    output.iter().zip(&expected).fold(0f32, |m, (a, b)| m.max((a - b).abs())) / largest
}

#[test]
fn two_bit_weights_run_on_the_cpu() {
    let (mut session, notices) = load(Provider::Cpu);
    assert_eq!((session.provider(), notices), (Provider::Cpu, vec![]));
    let error = relative_error(&mut session);
    assert!(error < 1e-2, "{error}");
}

#[test]
fn a_provider_that_cannot_start_is_replaced_with_a_notice() {
    if cfg!(target_vendor = "apple") {
        return;
    }
    let (mut session, notices) = load(Provider::CoreMl);
    assert_eq!(session.provider(), Provider::Cpu);
    assert_eq!(notices.len(), 1);
    assert_eq!(notices[0].code, "runtime.provider_unavailable");
    assert!(notices[0].message.contains("Apple"), "{}", notices[0].message);
    assert!(relative_error(&mut session) < 1e-2);
}

#[test]
#[ignore = "needs Qualcomm's plugin in MM_QNN_DIR"]
fn two_bit_weights_run_on_the_hexagon_npu() {
    let (mut session, notices) = load(Provider::Qnn);
    assert_eq!(session.provider(), Provider::Qnn, "{notices:?}");
    // The NPU computes in half precision.
    let error = relative_error(&mut session);
    assert!(error < 1e-2, "{error}");
}

/// The text detector takes pictures of any size, which the NPU does not: refused with a notice, then done on the CPU.
#[test]
#[ignore = "needs Qualcomm's plugin in MM_QNN_DIR"]
fn what_the_npu_cannot_run_falls_back_to_the_cpu() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../models/mobile-mm-llm-int2");
    let options = SessionOptions { provider: Provider::Qnn, ..SessionOptions::default() };
    let model = Model::new(Bundle::open(&folder).unwrap(), options);
    assert_eq!(model.load_ocr().unwrap().1, Provider::Cpu);
    assert_eq!(model.notices().len(), 2);
}

#[test]
fn a_graph_that_is_none_is_a_coded_error() {
    for bytes in [&b""[..], b"not a graph", &fs::read(fixture("two_bit.onnx")).unwrap()[..900]] {
        let loaded =
            GraphSession::load("broken", bytes, ("x", "y"), &SessionOptions::default(), &mut Vec::new());
        assert_eq!(loaded.err().unwrap().code(), "runtime.model_invalid");
    }
    let graph = fs::read(fixture("two_bit.onnx")).unwrap();
    let loaded =
        GraphSession::load("renamed", &graph, ("z", "y"), &SessionOptions::default(), &mut Vec::new());
    assert!(loaded.err().unwrap().to_string().contains("no input \"z\""));
}
