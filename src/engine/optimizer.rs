//! A rule as an optimizer for a program that trains.
//!
//! The program owns parameters and gradients as slices of f32; the optimizer owns the state. A step either happens for all
//! tensors or for none: everything that can be wrong is checked before anything is written.
//!
//! Rules on elements run as fused kernels with state in f32. A rule that needs a matrix is evaluated by the plain evaluator, in
//! f64 with state in f64, and only the parameter is rounded.

use super::fused::{self, Engine, Moment, State, Tensor};
use super::{EngineError, Runner, TensorShape};
use crate::ir::Rule;
use crate::types::Stage;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How an [`Optimizer`] takes its steps.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The learning rate.
    pub rate: f64,
    /// What multiplies the learning rate at each step.
    pub schedule: Option<Rule>,
    /// The number of steps in all: `T` in rules and schedules.
    pub steps: u64,
    /// The seed of noise and masks.
    pub seed: u64,
    /// What to do about gradients that are not finite.
    pub not_finite: NotFinite,
}

/// What to do about gradients that are not finite.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum NotFinite {
    /// Nothing is looked for: the rule gets what there is.
    #[default]
    Apply,
    /// They are counted and applied.
    Report,
    /// The step is refused, and nothing changes.
    Refuse,
}

/// What happened in a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Done {
    /// The number of steps done so far.
    pub steps: u64,
    /// How many elements of the gradients were not finite; none where nobody counted.
    pub not_finite: Option<u64>,
}

/// Why an [`Optimizer`] cannot be made, step, or go on from a saved state.
#[derive(Clone, PartialEq, Debug)]
pub enum OptimizerError {
    /// The rule cannot run on one of the parameters.
    Rule(EngineError),
    /// The factor of the learning rate depends on more than the step.
    Schedule,
    /// The learning rate is no number.
    Rate {
        /// The learning rate.
        rate: f64,
    },
    /// There are more or fewer tensors than were announced.
    TensorCount {
        /// The number announced.
        expected: usize,
        /// The number given.
        found: usize,
    },
    /// A parameter or its gradient has another length than was announced.
    Length {
        /// Which tensor.
        tensor: usize,
        /// The number of elements announced.
        expected: usize,
        /// The number given.
        found: usize,
    },
    /// A gradient is not finite, and such steps are refused.
    Gradient {
        /// Which tensor.
        tensor: usize,
        /// Which element.
        element: usize,
        /// The gradient there.
        value: f32,
    },
    /// The state was saved by another rule.
    OtherRule {
        /// The optimizer's rule.
        expected: String,
        /// The rule that saved the state.
        found: String,
    },
    /// The state was saved for parameters of other shapes.
    OtherShapes,
    /// The state has a format that is not known here, or is damaged.
    Saved,
}

impl fmt::Display for OptimizerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rule(error) => error.fmt(f),
            Self::Schedule => {
                f.write_str("a schedule of the learning rate depends on the step alone")
            }
            Self::Rate { rate } => write!(f, "expected a finite learning rate, found {rate}"),
            Self::TensorCount { expected, found } => {
                write!(f, "expected {expected} tensors, found {found}")
            }
            Self::Length {
                tensor,
                expected,
                found,
            } => write!(
                f,
                "expected {expected} elements in tensor {tensor}, found {found}"
            ),
            Self::Gradient {
                tensor,
                element,
                value,
            } => write!(
                f,
                "the gradient of element {element} of tensor {tensor} is {value}"
            ),
            Self::OtherRule { expected, found } => {
                write!(
                    f,
                    "expected the state of `{expected}`, found that of `{found}`"
                )
            }
            Self::OtherShapes => f.write_str("the state belongs to parameters of other shapes"),
            Self::Saved => f.write_str("the state is damaged or has an unknown format"),
        }
    }
}

impl std::error::Error for OptimizerError {}

impl From<EngineError> for OptimizerError {
    fn from(error: EngineError) -> Self {
        Self::Rule(error)
    }
}

/// Everything that an [`Optimizer`] remembers, as data: numbers as their bits, so that any format keeps them exactly.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Saved {
    format: u32,
    rule: String,
    seed: u64,
    steps_done: u64,
    /// The shapes of the parameters: rows and columns, no rows where there are none.
    shapes: Vec<(Option<usize>, usize)>,
    tensors: Vec<SavedTensor>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedTensor {
    /// One list a slot, of bits of f32.
    wide: Vec<Vec<u32>>,
    /// One number a slot, likewise.
    narrow: Vec<u32>,
    /// All of a matrix rule's state, as bits of f64.
    plain: Vec<u64>,
}

const FORMAT: u32 = 1;

/// A rule at work on the parameters of a model.
///
/// ```
/// use nos::context::{Context, Silent};
/// use nos::engine::{Optimizer, Settings, TensorShape};
///
/// let rule = Context::new().rule("mine", "adam", &mut Silent).expect("a rule");
/// let mut optimizer = Optimizer::new(&rule, &[TensorShape::Vector(3)], Settings::new(1e-3, 100)).expect("it fits");
/// let (mut w, g) = ([[1.0, 2.0, 3.0]], [[0.1, 0.0, -0.1]]);
/// optimizer.step(&mut w, &g).expect("lengths fit");
/// assert_eq!(w, [[0.999, 2.0, 3.001]]);
/// ```
#[derive(Clone, Debug)]
pub struct Optimizer {
    rule: String,
    shapes: Vec<TensorShape>,
    settings: Settings,
    schedule: Option<Runner>,
    body: Body,
    steps_done: u64,
}

#[derive(Clone, Debug)]
enum Body {
    Fused {
        engine: Box<Engine>,
        states: Vec<State>,
    },
    Matrix {
        runner: Runner,
        w: Vec<f64>,
        g: Vec<f64>,
    },
}

impl Settings {
    /// A learning rate for so many steps, with neither schedule nor seed; gradients are applied as they are.
    pub fn new(rate: f64, steps: u64) -> Self {
        Self {
            rate,
            schedule: None,
            steps,
            seed: 0,
            not_finite: NotFinite::default(),
        }
    }
}

impl Optimizer {
    /// A rule before its first step on parameters of these shapes.
    ///
    /// # Errors
    /// What keeps the rule from running on one of them, a learning rate that is no number, a schedule that is none.
    pub fn new(
        rule: &Rule,
        shapes: &[TensorShape],
        settings: Settings,
    ) -> Result<Self, OptimizerError> {
        if !settings.rate.is_finite() {
            return Err(OptimizerError::Rate {
                rate: settings.rate,
            });
        }
        let schedule = match &settings.schedule {
            Some(rule) if rule.ty().stage > Stage::Step => return Err(OptimizerError::Schedule),
            Some(rule) => Some(Runner::new(rule, &[TensorShape::Vector(1)], settings.seed)?),
            None => None,
        };
        let body = if rule.needs_matrix() {
            Body::Matrix {
                runner: Runner::new(rule, shapes, settings.seed)?.with_blocked_products(),
                w: Vec::new(),
                g: Vec::new(),
            }
        } else {
            let engine = Box::new(Engine::new(fused::lower(rule)?));
            let states = shapes.iter().map(|shape| engine.state(shape.len()));
            Body::Fused {
                states: states.collect(),
                engine,
            }
        };
        Ok(Self {
            rule: rule.text(),
            shapes: shapes.to_vec(),
            settings,
            schedule,
            body,
            steps_done: 0,
        })
    }

    /// One step: `w <- w - rate * update` for all parameters.
    ///
    /// # Errors
    /// Tensors that do not fit, or a gradient that is refused; nothing changes then.
    pub fn step<W: AsMut<[f32]>, G: AsRef<[f32]>>(
        &mut self,
        params: &mut [W],
        grads: &[G],
    ) -> Result<Done, OptimizerError> {
        self.check(params, grads)?;
        let not_finite = match self.settings.not_finite {
            NotFinite::Apply => None,
            NotFinite::Report => Some(grads.iter().map(|g| not_finite(g.as_ref())).sum()),
            NotFinite::Refuse => {
                refuse(grads)?;
                Some(0)
            }
        };
        let (step, steps) = (self.steps_done, self.settings.steps);
        let factor = match &mut self.schedule {
            Some(schedule) => schedule.update(0, &[0.0], &[0.0], step, steps)?[0],
            None => 1.0,
        };
        let rate = self.settings.rate * factor;
        match &mut self.body {
            Body::Fused { engine, states } => {
                let tensors = params.iter_mut().zip(grads).zip(states);
                let mut tensors: Vec<Tensor<'_>> = tensors
                    .map(|((w, g), state)| Tensor {
                        w: w.as_mut(),
                        g: g.as_ref(),
                        state,
                    })
                    .collect();
                let moment = Moment {
                    rate,
                    step,
                    t: number(step.min(steps)),
                    total: number(steps),
                    updates: number(step) + 1.0,
                    seed: self.settings.seed,
                };
                engine.step(&mut tensors, &moment);
            }
            Body::Matrix { runner, w, g } => {
                for (index, (param, grad)) in params.iter_mut().zip(grads).enumerate() {
                    let param = param.as_mut();
                    w.clear();
                    w.extend(param.iter().map(|value| f64::from(*value)));
                    g.clear();
                    g.extend(grad.as_ref().iter().map(|value| f64::from(*value)));
                    runner.step(index, w, g, rate, (step, steps))?;
                    for (param, value) in param.iter_mut().zip(&*w) {
                        *param = rounded(*value);
                    }
                }
            }
        }
        self.steps_done += 1;
        Ok(Done {
            steps: self.steps_done,
            not_finite,
        })
    }

    /// The number of steps done so far.
    pub fn steps_done(&self) -> u64 {
        self.steps_done
    }

    /// The learning rate, before any schedule.
    pub fn rate(&self) -> f64 {
        self.settings.rate
    }

    /// Another learning rate from here on.
    ///
    /// # Errors
    /// A learning rate that is no number; the old one stays then.
    pub fn set_rate(&mut self, rate: f64) -> Result<(), OptimizerError> {
        if !rate.is_finite() {
            return Err(OptimizerError::Rate { rate });
        }
        self.settings.rate = rate;
        Ok(())
    }

    /// Bytes of state in all.
    pub fn state_bytes(&self) -> usize {
        match &self.body {
            Body::Fused { states, .. } => {
                let values = |state: &State| {
                    state.wide.iter().map(Vec::len).sum::<usize>() + state.narrow.len()
                };
                states.iter().map(values).sum::<usize>() * size_of::<f32>()
            }
            Body::Matrix { runner, .. } => {
                let states = (0..self.shapes.len()).map(|tensor| runner.state(tensor).len());
                states.sum::<usize>() * size_of::<f64>()
            }
        }
    }

    /// Everything that is remembered.
    pub fn save(&self) -> Saved {
        let bits = |values: &[f32]| -> Vec<u32> { values.iter().map(|x| x.to_bits()).collect() };
        let tensors = match &self.body {
            Body::Fused { states, .. } => states
                .iter()
                .map(|state| SavedTensor {
                    wide: state.wide.iter().map(|values| bits(values)).collect(),
                    narrow: bits(&state.narrow),
                    plain: Vec::new(),
                })
                .collect(),
            Body::Matrix { runner, .. } => (0..self.shapes.len())
                .map(|tensor| SavedTensor {
                    wide: Vec::new(),
                    narrow: Vec::new(),
                    plain: runner.state(tensor).iter().map(|x| x.to_bits()).collect(),
                })
                .collect(),
        };
        Saved {
            format: FORMAT,
            rule: self.rule.clone(),
            seed: self.settings.seed,
            steps_done: self.steps_done,
            shapes: self.saved_shapes(),
            tensors,
        }
    }

    /// Goes on from a saved state; learning rate and schedule stay as they are.
    ///
    /// # Errors
    /// A state of another rule or of other shapes, or one that is damaged; nothing changes then.
    pub fn load(&mut self, saved: &Saved) -> Result<(), OptimizerError> {
        if saved.format != FORMAT {
            return Err(OptimizerError::Saved);
        }
        if saved.rule != self.rule {
            return Err(OptimizerError::OtherRule {
                expected: self.rule.clone(),
                found: saved.rule.clone(),
            });
        }
        if saved.shapes != self.saved_shapes() || saved.tensors.len() != self.shapes.len() {
            return Err(OptimizerError::OtherShapes);
        }
        match &mut self.body {
            Body::Fused { states, .. } => {
                let floats = |bits: &[u32]| -> Vec<f32> {
                    bits.iter().map(|bits| f32::from_bits(*bits)).collect()
                };
                let read = |saved: &SavedTensor| State {
                    wide: saved.wide.iter().map(|bits| floats(bits)).collect(),
                    narrow: floats(&saved.narrow),
                };
                let new: Vec<State> = saved.tensors.iter().map(read).collect();
                let lengths = |state: &State| -> (Vec<usize>, usize) {
                    (
                        state.wide.iter().map(Vec::len).collect(),
                        state.narrow.len(),
                    )
                };
                if !new.iter().map(lengths).eq(states.iter().map(lengths)) {
                    return Err(OptimizerError::Saved);
                }
                *states = new;
            }
            Body::Matrix { runner, .. } => {
                let expected = (0..self.shapes.len()).map(|tensor| runner.state(tensor).len());
                if !saved
                    .tensors
                    .iter()
                    .map(|each| each.plain.len())
                    .eq(expected)
                {
                    return Err(OptimizerError::Saved);
                }
                runner.reset(saved.seed);
                for (tensor, each) in saved.tensors.iter().enumerate() {
                    let values = each.plain.iter().map(|bits| f64::from_bits(*bits));
                    runner.set_state(tensor, values, saved.steps_done > 0);
                }
            }
        }
        if let Some(schedule) = &mut self.schedule {
            schedule.reset(saved.seed);
            // A schedule may remember: its steps are taken again.
            for step in 0..saved.steps_done {
                schedule.update(0, &[0.0], &[0.0], step, self.settings.steps)?;
            }
        }
        self.settings.seed = saved.seed;
        self.steps_done = saved.steps_done;
        Ok(())
    }

    fn saved_shapes(&self) -> Vec<(Option<usize>, usize)> {
        let shapes = self.shapes.iter().map(|shape| match *shape {
            TensorShape::Vector(len) => (None, len),
            TensorShape::Matrix(rows, cols) => (Some(rows), cols),
        });
        shapes.collect()
    }

    /// Whether parameters and gradients are as announced.
    fn check<W: AsMut<[f32]>, G: AsRef<[f32]>>(
        &self,
        params: &mut [W],
        grads: &[G],
    ) -> Result<(), OptimizerError> {
        let expected = self.shapes.len();
        for found in [params.len(), grads.len()] {
            if found != expected {
                return Err(OptimizerError::TensorCount { expected, found });
            }
        }
        let tensors = params.iter_mut().zip(grads).zip(&self.shapes);
        for (tensor, ((w, g), shape)) in tensors.enumerate() {
            for found in [w.as_mut().len(), g.as_ref().len()] {
                if found != shape.len() {
                    return Err(OptimizerError::Length {
                        tensor,
                        expected: shape.len(),
                        found,
                    });
                }
            }
        }
        Ok(())
    }
}

/// How many elements are not finite.
fn not_finite(values: &[f32]) -> u64 {
    values.iter().map(|x| u64::from(!x.is_finite())).sum()
}

/// The first gradient that is not finite, as an error.
fn refuse<G: AsRef<[f32]>>(grads: &[G]) -> Result<(), OptimizerError> {
    for (tensor, g) in grads.iter().enumerate() {
        let g = g.as_ref();
        // Counting has no early way out, and so is the faster loop.
        if not_finite(g) > 0
            && let Some(element) = g.iter().position(|x| !x.is_finite())
        {
            return Err(OptimizerError::Gradient {
                tensor,
                element,
                value: g[element],
            });
        }
    }
    Ok(())
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "parameters are kept in f32"
)]
fn rounded(value: f64) -> f32 {
    value as f32
}

#[allow(
    clippy::cast_precision_loss,
    reason = "steps past 2^53 are out of reach"
)]
fn number(step: u64) -> f64 {
    step as f64
}
