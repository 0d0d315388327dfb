//! The optimizer by its C functions: the numbers of the Rust interface, errors as text, nothing half done.
#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "every pointer here is a local's"
)]

use crate::support::project;
use nos::capi::*;
use nos::context::{Context, Silent};
use nos::engine::{Optimizer, Settings, TensorShape};
use std::collections::BTreeSet;
use std::ffi::{CStr, CString, c_char};
use std::ptr;

const SHAPES: [NosShape; 3] = [
    NosShape { rows: 0, cols: 3 },
    NosShape { rows: 2, cols: 2 },
    NosShape { rows: 0, cols: 0 },
];

fn settings(schedule: *const c_char) -> NosSettings {
    NosSettings {
        rate: 0.1,
        steps: 100,
        seed: 7,
        schedule,
        refuse_not_finite: 1,
    }
}

fn new(rule: &CStr, schedule: Option<&CStr>) -> *mut Optimizer {
    let settings = settings(schedule.map_or(ptr::null(), CStr::as_ptr));
    unsafe {
        nos_optimizer_new(
            rule.as_ptr(),
            SHAPES.as_ptr(),
            SHAPES.len(),
            &raw const settings,
        )
    }
}

fn step(optimizer: *mut Optimizer, w: &mut [Vec<f32>], g: &[Vec<f32>]) -> i32 {
    let lens: Vec<usize> = w.iter().map(Vec::len).collect();
    let params: Vec<*mut f32> = w.iter_mut().map(Vec::as_mut_ptr).collect();
    let grads: Vec<*const f32> = g.iter().map(Vec::as_ptr).collect();
    unsafe {
        nos_optimizer_step(
            optimizer,
            params.as_ptr(),
            grads.as_ptr(),
            lens.as_ptr(),
            lens.len(),
        )
    }
}

fn error() -> String {
    let text = unsafe { CStr::from_ptr(nos_last_error()) };
    text.to_str().unwrap().to_owned()
}

fn start() -> Vec<Vec<f32>> {
    vec![vec![1.0, 2.0, 3.0], vec![-1.0, 0.5, 0.0, 2.0], vec![]]
}

fn gradients(step: u8) -> Vec<Vec<f32>> {
    let shift = f32::from(step) * 0.1;
    let all = start().into_iter();
    all.map(|w| w.into_iter().map(|x| 0.3 * x - shift).collect())
        .collect()
}

#[test]
fn steps_are_those_of_the_rust_interface() {
    for (text, schedule) in [
        (c"powersign(f: ld)", Some(c"cd")),
        (c"drop(adam, 0.5)", None),
    ] {
        let rule = |text: &CStr| {
            let text = text.to_str().unwrap();
            Context::new().rule("rule", text, &mut Silent).unwrap()
        };
        let shapes = [
            TensorShape::Vector(3),
            TensorShape::Matrix(2, 2),
            TensorShape::Vector(0),
        ];
        let rust_settings = Settings {
            seed: 7,
            schedule: schedule.map(rule),
            ..Settings::new(0.1, 100)
        };
        let mut ours = Optimizer::new(&rule(text), &shapes, rust_settings).unwrap();
        let theirs = new(text, schedule);
        assert!(!theirs.is_null(), "{}", error());
        let (mut w, mut other_w) = (start(), start());
        for number in 0..3 {
            ours.step(&mut w, &gradients(number)).unwrap();
            assert_eq!(step(theirs, &mut other_w, &gradients(number)), 0);
            assert_eq!(w, other_w);
        }
        let bytes = unsafe { nos_optimizer_save(theirs) };
        let saved = unsafe { std::slice::from_raw_parts(bytes.data, bytes.len) };
        assert_eq!(saved, ron::to_string(&ours.save()).unwrap().as_bytes());
        let resumed = new(text, schedule);
        assert_eq!(
            unsafe { nos_optimizer_load(resumed, bytes.data, bytes.len) },
            0
        );
        unsafe { nos_bytes_free(bytes) };
        assert_eq!(unsafe { nos_optimizer_steps_done(resumed) }, 3);
        assert_eq!(unsafe { nos_optimizer_set_rate(resumed, 0.2) }, 0);
        ours.set_rate(0.2).unwrap();
        ours.step(&mut w, &gradients(3)).unwrap();
        assert_eq!(step(resumed, &mut other_w, &gradients(3)), 0);
        assert_eq!(w, other_w);
        unsafe {
            nos_optimizer_free(theirs);
            nos_optimizer_free(resumed);
        }
    }
}

#[test]
fn what_is_wrong_is_told_and_changes_nothing() {
    for (text, schedule, expected) in [
        (c"adamm", None, "unknown name `adamm`"),
        (c"g +", None, "error"),
        (c"norm", None, "expected a rule"),
        (c"g", Some(c"g"), "depends on the step alone"),
        (c"orthogonalize(g)", None, "matrix"),
        (c"\xff", None, "not UTF-8"),
    ] {
        assert!(new(text, schedule).is_null());
        assert!(error().contains(expected), "{text:?}: {}", error());
    }
    let deep = CString::new("(".repeat(200_000)).unwrap();
    assert!(new(&deep, None).is_null());
    let settings = settings(ptr::null());
    let made = unsafe { nos_optimizer_new(ptr::null(), SHAPES.as_ptr(), 1, &raw const settings) };
    assert!(made.is_null());
    assert_eq!(error(), "expected a rule, found a null pointer");

    let adam = new(c"adam", None);
    let mut w = start();
    assert_eq!(step(adam, &mut w, &gradients(0)), 0);
    let before = w.clone();
    let mut g = gradients(1);
    g[1][2] = f32::NAN;
    assert_eq!(step(adam, &mut w, &g), -1);
    assert_eq!(error(), "the gradient of element 2 of tensor 1 is NaN");
    assert_eq!(step(adam, &mut w[..2], &g[..2]), -1);
    assert_eq!(error(), "expected 3 tensors, found 2");
    assert_eq!(step(ptr::null_mut(), &mut w, &g), -1);
    assert_eq!(error(), "expected an optimizer, found a null pointer");
    let (lens, grads) = ([3, 4, 0], [ptr::null::<f32>(); 3]);
    let params = [w[0].as_mut_ptr(), w[1].as_mut_ptr(), ptr::null_mut()];
    let done =
        unsafe { nos_optimizer_step(adam, params.as_ptr(), grads.as_ptr(), lens.as_ptr(), 3) };
    assert_eq!(done, -1);
    assert_eq!(error(), "expected a gradient, found a null pointer");
    assert_eq!(unsafe { nos_optimizer_set_rate(adam, f64::NAN) }, -1);
    let state = b"no state";
    assert_eq!(
        unsafe { nos_optimizer_load(adam, state.as_ptr(), state.len()) },
        -1
    );
    assert!(error().starts_with("no state: "), "{}", error());
    let none = unsafe { nos_optimizer_save(ptr::null_mut()) };
    assert!(none.data.is_null());
    unsafe {
        nos_bytes_free(none);
        nos_optimizer_free(ptr::null_mut());
    }
    assert_eq!(w, before);
    assert_eq!(unsafe { nos_optimizer_steps_done(adam) }, 1);
    unsafe { nos_optimizer_free(adam) };
}

/// Names that follow a word and come before a parenthesis.
fn functions(text: &str) -> BTreeSet<String> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let words = text.match_indices("nos_").filter_map(|(at, _)| {
        let rest = &text[at..];
        let name: String = rest.chars().take_while(|c| is_name(*c)).collect();
        let is_whole = !text[..at].ends_with(is_name);
        (is_whole && rest[name.len()..].starts_with('(')).then_some(name)
    });
    words.collect()
}

#[test]
fn the_header_has_the_functions_of_the_library() {
    let read = |path: &str| std::fs::read_to_string(project(path)).unwrap();
    let source = functions(&read("src/capi.rs"));
    assert_eq!(functions(&read("include/nos.h")), source);
    assert_eq!(source.len(), 9, "{source:?}");
}
