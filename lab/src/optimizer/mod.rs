//! A rule applied to the parameters of a network.
//!
//! On the CPU the engine's fused kernels run in place on libtorch's own memory: nothing is copied, and results are those of [`nos::engine::Optimizer`] bit for
//! bit. On other devices, and for rules that need matrices, the rule's graph is walked with tensor operations. Both are held against the
//! engine's plain evaluator.
//!
//! Weight decay is made part of the rule: its gradient `g` becomes `g + decay * w`, which costs no pass over memory of its own.

mod memory;
mod ops;
mod value;

use nos::context::{Context, Silent};
use nos::diagnostic::Diagnostic;
use nos::engine::{self, EngineError, NotFinite, OptimizerError, Runner, Settings, TensorShape};
use nos::ir::{Graph, Node, NodeId, Rule};
use nos::lab::message::Failure;
use nos::op::{Leaf, Op};
use nos::types::Stage;
use ops::Ops;
use tch::{Device, Tensor};

/// What an optimizer is made of.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The rule, with weight decay inside.
    pub rule: Rule,
    /// What multiplies the learning rate at each step.
    pub schedule: Option<Rule>,
    /// The learning rate.
    pub rate: f64,
    /// The number of steps in all.
    pub steps: u64,
    /// The seed of the rule's noise.
    pub seed: u64,
}

/// A rule at work on the parameters of a network.
#[derive(Debug)]
pub struct Optimizer {
    body: Body,
}

#[derive(Debug)]
enum Body {
    Fused(Box<engine::Optimizer>),
    Ops(Box<Walker>),
}

/// A rule as tensor operations, with what the engine's optimizer has besides.
#[derive(Debug)]
struct Walker {
    ops: Ops,
    schedule: Option<Runner>,
    plan: Plan,
    steps_done: u64,
}

impl Optimizer {
    /// Before the first step: fused on the CPU, where the rule needs no matrix; tensor operations otherwise.
    ///
    /// # Errors
    /// A rule or schedule that cannot be used.
    pub fn new(plan: Plan, shapes: &[TensorShape], device: Device) -> Result<Self, Failure> {
        if device != Device::Cpu || plan.rule.needs_matrix() {
            return Self::with_ops(plan, shapes);
        }
        let settings = Settings {
            rate: plan.rate,
            schedule: plan.schedule,
            steps: plan.steps,
            seed: plan.seed,
            not_finite: NotFinite::Apply,
        };
        let optimizer = engine::Optimizer::new(&plan.rule, shapes, settings)
            .map_err(|error| unusable(&error))?;
        Ok(Self {
            body: Body::Fused(Box::new(optimizer)),
        })
    }

    /// Before the first step, with tensor operations wherever it is.
    ///
    /// # Errors
    /// A rule or schedule that cannot be used.
    pub fn with_ops(plan: Plan, shapes: &[TensorShape]) -> Result<Self, Failure> {
        if !plan.rate.is_finite() {
            return Err(unusable(&OptimizerError::Rate { rate: plan.rate }));
        }
        // The plain evaluator knows what keeps a rule from running; vectors count as matrices of one row here.
        let example = if plan.rule.needs_matrix() {
            TensorShape::Matrix(1, 1)
        } else {
            TensorShape::Vector(1)
        };
        Runner::new(&plan.rule, &[example], plan.seed).map_err(|error| unusable(&error.into()))?;
        let schedule = match &plan.schedule {
            Some(rule) if rule.ty().stage > Stage::Step => {
                return Err(unusable(&OptimizerError::Schedule));
            }
            Some(rule) => {
                Some(scheduler(rule, plan.seed).map_err(|error| unusable(&error.into()))?)
            }
            None => None,
        };
        Ok(Self {
            body: Body::Ops(Box::new(Walker {
                ops: Ops::new(plan.rule.clone(), shapes.len(), plan.seed),
                schedule,
                plan,
                steps_done: 0,
            })),
        })
    }

    /// One step of all parameters.
    ///
    /// # Errors
    /// Gradients that do not fit the parameters.
    pub fn step(&mut self, params: &[Tensor], grads: &[Tensor]) -> Result<(), Failure> {
        match &mut self.body {
            Body::Fused(optimizer) => {
                // A gradient may come in another order than its parameter; one that does not is not copied.
                let grads: Vec<Tensor> = grads.iter().map(Tensor::contiguous).collect();
                let done = memory::lend(params, &grads, |params, grads| {
                    optimizer.step(params, grads)
                });
                let done = done.ok_or_else(|| Failure::Torch {
                    message: "a parameter or its gradient is not in plain memory".to_owned(),
                })?;
                done.map(|_| ()).map_err(|error| unusable(&error))
            }
            Body::Ops(walker) => walker.step(params, grads),
        }
    }

    /// Bytes of state.
    pub fn state_bytes(&self) -> usize {
        match &self.body {
            Body::Fused(optimizer) => optimizer.state_bytes(),
            Body::Ops(walker) => walker.ops.state_bytes(),
        }
    }

    /// Everything that is remembered, by name.
    pub fn save(&self) -> Vec<(String, Tensor)> {
        match &self.body {
            Body::Fused(optimizer) => {
                let bytes =
                    postcard::to_allocvec(&optimizer.save()).expect("what is saved is plain data");
                vec![("fused".to_owned(), Tensor::from_slice(&bytes))]
            }
            Body::Ops(walker) => walker.ops.save(),
        }
    }

    /// Goes on from what was saved after so many steps.
    ///
    /// # Errors
    /// What is wrong with the state, in words.
    pub fn load(
        &mut self,
        steps: u64,
        saved: Vec<(String, Tensor)>,
        params: &[Tensor],
    ) -> Result<(), String> {
        match &mut self.body {
            Body::Fused(optimizer) => {
                let damaged = || "the state of the optimizer is damaged".to_owned();
                let [(_, tensor)] = &saved[..] else {
                    return Err(damaged());
                };
                let mut bytes = vec![0_u8; tensor.numel()];
                tensor
                    .f_copy_data(&mut bytes, tensor.numel())
                    .map_err(|_| damaged())?;
                let saved = postcard::from_bytes(&bytes).map_err(|_| damaged())?;
                optimizer.load(&saved).map_err(|error| error.to_string())?;
                if optimizer.steps_done() == steps {
                    Ok(())
                } else {
                    Err(damaged())
                }
            }
            Body::Ops(walker) => walker.load(steps, saved, params),
        }
    }
}

impl Walker {
    fn step(&mut self, params: &[Tensor], grads: &[Tensor]) -> Result<(), Failure> {
        let factor = self
            .factor(self.steps_done)
            .map_err(|error| unusable(&error.into()))?;
        let step = (self.steps_done, self.plan.steps);
        self.ops.step(params, grads, self.plan.rate * factor, step);
        self.steps_done += 1;
        Ok(())
    }

    fn load(
        &mut self,
        steps: u64,
        saved: Vec<(String, Tensor)>,
        params: &[Tensor],
    ) -> Result<(), String> {
        if !self.ops.load(saved, params) {
            return Err("the state of the optimizer is damaged".to_owned());
        }
        // A schedule may remember: its steps are taken again.
        for step in 0..steps {
            self.factor(step).map_err(|error| error.to_string())?;
        }
        self.steps_done = steps;
        Ok(())
    }

    /// What the schedule makes of the learning rate.
    fn factor(&mut self, step: u64) -> Result<f64, EngineError> {
        match &mut self.schedule {
            Some(schedule) => Ok(schedule.update(0, &[0.0], &[0.0], step, self.plan.steps)?[0]),
            None => Ok(1.0),
        }
    }
}

/// Reads a rule, or a schedule, in the language.
///
/// # Errors
/// What is wrong with the text.
pub fn read(text: &str) -> Result<Rule, Failure> {
    let rule = Context::new().rule("rule", text, &mut Silent);
    rule.map_err(|problems| {
        let words: Vec<String> = problems
            .iter()
            .filter(|each| each.is_error())
            .map(sentence)
            .collect();
        Failure::Rule {
            message: format!("`{text}`: {}", words.join("; ")),
        }
    })
}

/// The rule with `g + decay * w` for its gradient.
pub fn with_decay(rule: &Rule, decay: f64) -> Rule {
    if decay == 0.0 {
        return rule.clone();
    }
    let mut graph = Graph::default();
    let (grad, weight, factor) = (
        graph.leaf(Leaf::Grad),
        graph.leaf(Leaf::Weight),
        graph.number(decay),
    );
    let fits = "shapes fit with a gradient of the same shape";
    let decayed = graph.apply(Op::Mul, &[factor, weight]).expect(fits);
    let decayed = graph.apply(Op::Add, &[grad, decayed]).expect(fits);
    let mut nodes: Vec<NodeId> = Vec::with_capacity(rule.graph().len());
    for (_, node) in rule.graph().iter() {
        let new = |id: NodeId| nodes[id.0 as usize];
        let node = match node {
            Node::Leaf(Leaf::Grad) => decayed,
            Node::Leaf(leaf) => graph.leaf(leaf),
            Node::Number(bits) => graph.number(f64::from_bits(bits)),
            Node::Apply(op, args) => {
                let args: Vec<NodeId> = args.as_slice().iter().map(|id| new(*id)).collect();
                graph.apply(op, &args).expect(fits)
            }
            Node::Drop { x, p, mask } => graph.drop_masked(new(x), new(p), mask).expect(fits),
            Node::LastUpdate(rule) => graph.last_update(rule),
            Node::Own { rule, body } => graph.own(rule, new(body)),
        };
        nodes.push(node);
    }
    Rule::new(&graph, nodes[rule.root().0 as usize])
}

/// What runs a schedule: a rule of one element that never sees a gradient.
fn scheduler(rule: &Rule, seed: u64) -> Result<Runner, EngineError> {
    Runner::new(rule, &[TensorShape::Vector(1)], seed)
}

fn unusable(error: &OptimizerError) -> Failure {
    Failure::Rule {
        message: error.to_string(),
    }
}

fn sentence(problem: &Diagnostic) -> String {
    match &problem.help {
        Some(help) => format!("{} ({help})", problem.headline),
        None => problem.headline.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decay_is_part_of_the_gradient() {
        let text = |rule: &str| with_decay(&read(rule).expect("a rule"), 0.5).text();
        assert_eq!(text("g"), "g + 0.5 * w");
        assert_eq!(text("trace(g, 0.9)"), "trace(g + 0.5 * w, 0.9)");
        assert_eq!(
            text("drop(sign(g), 0.1) + last(update)"),
            "drop(sign(g + 0.5 * w), 0.1) + last(update)"
        );
    }

    #[test]
    fn text_that_is_no_rule_is_told_with_help() {
        let Err(Failure::Rule { message }) = read("sgin(g)") else {
            panic!("expected a failure");
        };
        assert_eq!(
            message,
            "`sgin(g)`: unknown name `sgin` (did you mean `sign`?)"
        );
        assert!(matches!(read("[1, 2]"), Err(Failure::Rule { .. })));
    }
}
