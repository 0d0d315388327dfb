//! The optimizer for programs in other languages: functions of the C calling convention over plain pointers.
//!
//! `include/nos.h` is the same list for C compilers; the tests hold both together. Nothing here panics into its caller, and what is
//! refused is refused before anything is written, as [`crate::engine::Optimizer`] does it.

#![allow(
    unsafe_code,
    reason = "the memory of callers in other languages is reached by raw pointers alone"
)]

use crate::context::{Context, Silent};
use crate::diagnostic::{self, Style};
use crate::engine::{NotFinite, Optimizer, Saved, Settings, TensorShape};
use crate::ir::Rule;
use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

/// Bytes of stack for reading a rule: enough for the deepest text that the checker lets through.
const STACK: usize = 256 << 20;

thread_local! {
    static LAST_ERROR: RefCell<CString> = RefCell::default();
}

/// The shape of a parameter tensor.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NosShape {
    /// Rows of a matrix; 0 for a vector.
    pub rows: usize,
    /// Columns of a matrix, or the length of a vector.
    pub cols: usize,
}

/// How steps are taken: see [`Settings`].
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct NosSettings {
    /// The learning rate.
    pub rate: f64,
    /// The number of steps in all.
    pub steps: u64,
    /// The seed of noise and masks.
    pub seed: u64,
    /// What multiplies the learning rate at each step, as text; null for nothing.
    pub schedule: *const c_char,
    /// Gradients that are not finite are refused where this is not 0.
    pub refuse_not_finite: i32,
}

/// Some bytes that belong to this library, until they go to [`nos_bytes_free`].
#[repr(C)]
#[derive(Debug)]
pub struct NosBytes {
    /// Where they are; null where there is nothing.
    pub data: *mut u8,
    /// How many there are.
    pub len: usize,
}

type Outcome<T> = Result<T, String>;

/// Runs what may fail or panic; the text of the error is kept for [`nos_last_error`].
fn guard<T>(run: impl FnOnce() -> Outcome<T>) -> Option<T> {
    let outcome = catch_unwind(AssertUnwindSafe(run));
    let outcome = outcome.unwrap_or_else(|_| Err("internal error: a panic".to_owned()));
    match outcome {
        Ok(value) => Some(value),
        Err(text) => {
            let text = CString::new(text.replace('\0', "\\0")).unwrap_or_default();
            LAST_ERROR.with(|last| *last.borrow_mut() = text);
            None
        }
    }
}

fn status(outcome: Option<()>) -> i32 {
    if outcome.is_some() { 0 } else { -1 }
}

/// Elements that a caller points to.
///
/// # Safety
/// `data` points to `len` initialised elements that nobody writes while the result is alive, unless it is refused here.
unsafe fn slice<'a, T>(data: *const T, len: usize, what: &str) -> Outcome<&'a [T]> {
    if len == 0 {
        return Ok(&[]);
    }
    check(data, len, what)?;
    // SAFETY: not null, aligned and not too long, as was just seen; the rest is this function's own condition.
    Ok(unsafe { std::slice::from_raw_parts(data, len) })
}

/// Elements that a caller points to, to be written.
///
/// # Safety
/// `data` points to `len` initialised elements that nobody else uses while the result is alive, unless it is refused here.
unsafe fn slice_mut<'a, T>(data: *mut T, len: usize, what: &str) -> Outcome<&'a mut [T]> {
    if len == 0 {
        return Ok(&mut []);
    }
    check(data, len, what)?;
    // SAFETY: not null, aligned and not too long, as was just seen; the rest is this function's own condition.
    Ok(unsafe { std::slice::from_raw_parts_mut(data, len) })
}

fn check<T>(data: *const T, len: usize, what: &str) -> Outcome<()> {
    if data.is_null() {
        return Err(format!("expected {what}, found a null pointer"));
    }
    if !data.is_aligned() {
        return Err(format!("the pointer to {what} is not aligned"));
    }
    match len.checked_mul(size_of::<T>()) {
        Some(bytes) if isize::try_from(bytes).is_ok() => Ok(()),
        Some(_) | None => Err(format!("{what}: more elements than any memory has")),
    }
}

/// # Safety
/// `text` is null or points to a string that ends with a zero byte.
unsafe fn text<'a>(text: *const c_char, what: &str) -> Outcome<&'a str> {
    if text.is_null() {
        return Err(format!("expected {what}, found a null pointer"));
    }
    // SAFETY: not null, as was just seen; the rest is this function's own condition.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str().map_err(|_| format!("{what} is not UTF-8"))
}

/// Reads rules, on a stack that their depth cannot exhaust.
fn rules(texts: &[&str]) -> Outcome<Vec<Rule>> {
    let read = || texts.iter().map(|text| rule(text)).collect();
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK);
        let thread = thread.spawn_scoped(scope, read);
        let thread = thread.map_err(|error| format!("no thread to read the rule: {error}"))?;
        thread
            .join()
            .unwrap_or_else(|_| Err("internal error: a panic".to_owned()))
    })
}

fn rule(text: &str) -> Outcome<Rule> {
    let mut context = Context::new();
    context.rule("rule", text, &mut Silent).map_err(|problems| {
        let errors = problems.iter().filter(|each| each.is_error());
        errors
            .map(|each| diagnostic::render(each, context.sources(), Style::PLAIN))
            .collect()
    })
}

/// What went wrong in the last call of this thread that failed; empty where none did. The text lives until this thread's next
/// call that fails.
#[unsafe(no_mangle)]
pub extern "C" fn nos_last_error() -> *const c_char {
    LAST_ERROR.with(|last| last.borrow().as_ptr())
}

/// A rule before its first step on some parameters; null where that fails.
///
/// # Safety
/// `rule` and, unless it is null, the schedule point to strings that end with a zero byte; `shapes` points to `count` shapes;
/// `settings` points to settings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nos_optimizer_new(
    rule: *const c_char,
    shapes: *const NosShape,
    count: usize,
    settings: *const NosSettings,
) -> *mut Optimizer {
    let made = guard(|| {
        // SAFETY: the caller promises the string.
        let rule = unsafe { text(rule, "a rule") }?;
        // SAFETY: the caller promises the shapes.
        let shapes = unsafe { slice(shapes, count, "shapes") }?;
        // SAFETY: the caller promises the settings.
        let settings = unsafe { slice(settings, 1, "settings") }?[0];
        let mut texts = vec![rule];
        if !settings.schedule.is_null() {
            // SAFETY: the caller promises the string.
            texts.push(unsafe { text(settings.schedule, "a schedule") }?);
        }
        let mut rules = rules(&texts)?.into_iter();
        let rule = rules.next().ok_or("expected a rule")?;
        let shape = |shape: &NosShape| match shape.rows {
            0 => TensorShape::Vector(shape.cols),
            rows => TensorShape::Matrix(rows, shape.cols),
        };
        let shapes: Vec<TensorShape> = shapes.iter().map(shape).collect();
        let settings = Settings {
            seed: settings.seed,
            schedule: rules.next(),
            not_finite: if settings.refuse_not_finite == 0 {
                NotFinite::Apply
            } else {
                NotFinite::Refuse
            },
            ..Settings::new(settings.rate, settings.steps)
        };
        Optimizer::new(&rule, &shapes, settings).map_err(|error| error.to_string())
    });
    made.map_or(ptr::null_mut(), |made| Box::into_raw(Box::new(made)))
}

/// # Safety
/// `optimizer` is null or came from [`nos_optimizer_new`], is not freed, and no other call uses it meanwhile.
unsafe fn optimizer<'a>(optimizer: *mut Optimizer) -> Outcome<&'a mut Optimizer> {
    // SAFETY: this function's own condition.
    unsafe { optimizer.as_mut() }
        .ok_or_else(|| "expected an optimizer, found a null pointer".to_owned())
}

/// One step of all parameters, in place: 0, or -1 where nothing was changed.
///
/// # Safety
/// `optimizer` came from [`nos_optimizer_new`] and no other call uses it meanwhile. `params`, `grads` and `lens` point to `count` elements
/// each; `params[i]` and `grads[i]` point to `lens[i]` floats, which nobody else uses meanwhile; no parameter overlaps another tensor.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nos_optimizer_step(
    optimizer: *mut Optimizer,
    params: *const *mut f32,
    grads: *const *const f32,
    lens: *const usize,
    count: usize,
) -> i32 {
    status(guard(|| {
        // SAFETY: the caller promises the optimizer.
        let optimizer = unsafe { self::optimizer(optimizer) }?;
        // SAFETY: the caller promises the three lists.
        let (params, grads, lens) = unsafe {
            (
                slice(params, count, "parameters")?,
                slice(grads, count, "gradients")?,
                slice(lens, count, "lengths")?,
            )
        };
        let params = params.iter().zip(lens).map(|(data, len)| {
            // SAFETY: the caller promises that so many floats are there and belong to this call alone.
            unsafe { slice_mut(*data, *len, "a parameter") }
        });
        let mut params = params.collect::<Outcome<Vec<&mut [f32]>>>()?;
        let grads = grads.iter().zip(lens).map(|(data, len)| {
            // SAFETY: the caller promises that so many floats are there and are not written meanwhile.
            unsafe { slice(*data, *len, "a gradient") }
        });
        let grads = grads.collect::<Outcome<Vec<&[f32]>>>()?;
        let done = optimizer.step(&mut params, &grads);
        done.map(|_| ()).map_err(|error| error.to_string())
    }))
}

/// Another learning rate from here on: 0, or -1 where it is no number and the old one stays.
///
/// # Safety
/// `optimizer` came from [`nos_optimizer_new`] and no other call uses it meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nos_optimizer_set_rate(optimizer: *mut Optimizer, rate: f64) -> i32 {
    status(guard(|| {
        // SAFETY: the caller promises the optimizer.
        let optimizer = unsafe { self::optimizer(optimizer) }?;
        optimizer.set_rate(rate).map_err(|error| error.to_string())
    }))
}

/// The number of steps done so far; 0 for a null pointer.
///
/// # Safety
/// `optimizer` is null, or came from [`nos_optimizer_new`] and no other call uses it meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nos_optimizer_steps_done(optimizer: *const Optimizer) -> u64 {
    // SAFETY: the caller promises the optimizer.
    let optimizer = unsafe { optimizer.as_ref() };
    optimizer.map_or(0, Optimizer::steps_done)
}

/// All that is remembered, as bytes for [`nos_bytes_free`]; without data where that fails. They are the RON text of [`Saved`].
///
/// # Safety
/// `optimizer` came from [`nos_optimizer_new`] and no other call uses it meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nos_optimizer_save(optimizer: *mut Optimizer) -> NosBytes {
    let text = guard(|| {
        // SAFETY: the caller promises the optimizer.
        let optimizer = unsafe { self::optimizer(optimizer) }?;
        ron::to_string(&optimizer.save()).map_err(|error| error.to_string())
    });
    let Some(text) = text else {
        return NosBytes {
            data: ptr::null_mut(),
            len: 0,
        };
    };
    let bytes = text.into_bytes().into_boxed_slice();
    let len = bytes.len();
    NosBytes {
        data: Box::into_raw(bytes).cast(),
        len,
    }
}

/// Goes on from what was saved: 0, or -1 where that does not fit and nothing was changed.
///
/// # Safety
/// `optimizer` came from [`nos_optimizer_new`] and no other call uses it meanwhile; `data` points to `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nos_optimizer_load(
    optimizer: *mut Optimizer,
    data: *const u8,
    len: usize,
) -> i32 {
    status(guard(|| {
        // SAFETY: the caller promises the optimizer.
        let optimizer = unsafe { self::optimizer(optimizer) }?;
        // SAFETY: the caller promises the bytes.
        let bytes = unsafe { slice(data, len, "a state") }?;
        let saved: Saved =
            ron::de::from_bytes(bytes).map_err(|error| format!("no state: {error}"))?;
        optimizer.load(&saved).map_err(|error| error.to_string())
    }))
}

/// Gives bytes back; those without data are left alone.
///
/// # Safety
/// `bytes` came from [`nos_optimizer_save`], unchanged, and are not used any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nos_bytes_free(bytes: NosBytes) {
    if !bytes.data.is_null() {
        let bytes = ptr::slice_from_raw_parts_mut(bytes.data, bytes.len);
        // SAFETY: the caller promises that this box was made here and is given back once.
        drop(unsafe { Box::from_raw(bytes) });
    }
}

/// Gives an optimizer back; null is left alone.
///
/// # Safety
/// `optimizer` is null, or came from [`nos_optimizer_new`] and is not used any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nos_optimizer_free(optimizer: *mut Optimizer) {
    if !optimizer.is_null() {
        // SAFETY: the caller promises that this box was made here and is given back once.
        drop(unsafe { Box::from_raw(optimizer) });
    }
}
