//! A rule as tensor operations: what runs where the engine's kernels cannot, on GPUs, and for rules that need matrices.
//!
//! The graph is walked node by node, as the engine's plain evaluator does, with libtorch instead of loops and without autograd. Noise is drawn on the host by the
//! engine's counter, so that a device changes nothing about it.

use super::value::{self, Value};
use nos::engine::noise::{self, Source};
use nos::ir::{Node, NodeId, Origin, Rule};
use nos::op::{Leaf, Op};
use std::collections::BTreeMap;
use tch::{Kind, Tensor};

/// A rule at work on parameters, with its state.
#[derive(Debug)]
pub(super) struct Ops {
    rule: Rule,
    seed: u64,
    states: Vec<State>,
}

/// What is remembered of one parameter; nothing before the first step.
#[derive(Default, Debug)]
struct State {
    nodes: BTreeMap<NodeId, Value>,
    updates: BTreeMap<Origin, Value>,
}

/// Everything one step of one parameter depends on.
struct Moment<'a> {
    w: &'a Tensor,
    g: &'a Tensor,
    source: Source,
    step: u64,
    steps: u64,
}

impl Ops {
    /// Before the first step.
    pub(super) fn new(rule: Rule, count: usize, seed: u64) -> Self {
        Self {
            rule,
            seed,
            states: std::iter::repeat_with(State::default).take(count).collect(),
        }
    }

    /// One step of all parameters: `w <- w - rate * update`, the step being from 0 to `steps` - 1.
    pub(super) fn step(
        &mut self,
        params: &[Tensor],
        grads: &[Tensor],
        rate: f64,
        (step, steps): (u64, u64),
    ) {
        tch::no_grad(|| {
            for (index, (param, grad)) in params.iter().zip(grads).enumerate() {
                let mut w = self.seen(param);
                let moment = Moment {
                    w: &w,
                    g: &self.seen(grad),
                    source: Source {
                        seed: self.seed,
                        stream: noise::STREAM_NOISE,
                        tensor: u32::try_from(index).unwrap_or(u32::MAX),
                        step,
                    },
                    step,
                    steps,
                };
                match run(&self.rule, &mut self.states[index], &moment) {
                    Value::Number(update) => {
                        let _ = w.g_sub_scalar_(rate * update);
                    }
                    Value::Tensor(update) => {
                        let _ = w.g_sub_(&(update * rate));
                    }
                }
            }
        });
    }

    /// Bytes of state.
    pub(super) fn state_bytes(&self) -> usize {
        let bytes = |value: &Value| match value {
            Value::Number(_) => size_of::<f64>(),
            Value::Tensor(tensor) => tensor.numel() * size_of::<f32>(),
        };
        self.states
            .iter()
            .flat_map(State::values)
            .map(|(_, value)| bytes(value))
            .sum()
    }

    /// Everything that is remembered, by name.
    pub(super) fn save(&self) -> Vec<(String, Tensor)> {
        let named = self.states.iter().enumerate().flat_map(|(index, state)| {
            state.values().map(move |(name, value)| {
                let tensor = match value {
                    Value::Number(value) => Tensor::from(*value),
                    Value::Tensor(tensor) => tensor.shallow_clone(),
                };
                (format!("{index}.{name}"), tensor)
            })
        });
        named.collect()
    }

    /// Goes on from what was saved; whether all names were names of this rule's state.
    pub(super) fn load(&mut self, saved: Vec<(String, Tensor)>, params: &[Tensor]) -> bool {
        for (name, tensor) in saved {
            let value = if tensor.kind() == Kind::Double {
                Value::Number(tensor.double_value(&[]))
            } else {
                Value::Tensor(tensor)
            };
            let parts: Vec<&str> = name.split('.').collect();
            let [index, kind, number] = parts[..] else {
                return false;
            };
            let (Ok(index), Ok(number)) = (index.parse::<usize>(), number.parse::<u32>()) else {
                return false;
            };
            let (Some(state), Some(param)) = (self.states.get_mut(index), params.get(index)) else {
                return false;
            };
            let value = match value {
                Value::Tensor(tensor) => Value::Tensor(tensor.to_device(param.device())),
                Value::Number(value) => Value::Number(value),
            };
            match kind {
                "node" => state.nodes.insert(NodeId(number), value),
                "update" => state.updates.insert(Origin(number), value),
                _ => return false,
            };
        }
        true
    }

    /// A tensor as the rule sees it: rules that need a matrix get one, of one row where there are no sides.
    fn seen(&self, tensor: &Tensor) -> Tensor {
        if !self.rule.needs_matrix() {
            return tensor.shallow_clone();
        }
        match *tensor.size() {
            [] | [_] => tensor.view([1, -1]),
            [rows, ..] => tensor.view([rows, -1]),
        }
    }
}

impl State {
    fn values(&self) -> impl Iterator<Item = (String, &Value)> {
        let nodes = self
            .nodes
            .iter()
            .map(|(id, value)| (format!("node.{}", id.0), value));
        let updates = self
            .updates
            .iter()
            .map(|(rule, value)| (format!("update.{}", rule.0), value));
        nodes.chain(updates)
    }

    /// The value of a node that remembers, which is also what it remembers.
    fn advance(&mut self, id: NodeId, initial: f64, next: impl FnOnce(&Value) -> Value) -> Value {
        let value = next(self.nodes.get(&id).unwrap_or(&Value::Number(initial)));
        self.nodes.insert(id, value.share());
        value
    }
}

/// The rule's update; its state moves on.
fn run(rule: &Rule, state: &mut State, moment: &Moment<'_>) -> Value {
    let graph = rule.graph();
    let mut values: Vec<Value> = Vec::with_capacity(graph.len());
    let mut updates = Vec::new();
    for (id, node) in graph.iter() {
        let value = |id: NodeId| values[id.0 as usize].share();
        let value = match node {
            Node::Number(bits) => Value::Number(f64::from_bits(bits)),
            Node::Leaf(leaf) => moment.leaf(leaf),
            Node::LastUpdate(rule) => match state.updates.get(&rule) {
                Some(update) => update.share(),
                None => Value::Tensor(moment.w.zeros_like()),
            },
            Node::Own { rule, body } => {
                updates.push((rule, value(body)));
                value(body)
            }
            Node::Drop { x, p, mask } => {
                let source = Source {
                    stream: noise::STREAM_MASKS.wrapping_add(mask.0),
                    ..moment.source
                };
                moment.dropped(&value(x), &value(p), source)
            }
            Node::Apply(Op::Debias, args) => {
                let Node::Apply(Op::Ema, ema) = graph.node(args.as_slice()[0]) else {
                    unreachable!("only averages are debiased: the checker turns away others");
                };
                moment.debiased(value(args.as_slice()[0]), value(ema.as_slice()[1]))
            }
            Node::Apply(op, args) => {
                let args: Vec<Value> = args.as_slice().iter().map(|id| value(*id)).collect();
                node_value(op, id, args, state, moment)
            }
        };
        values.push(value);
    }
    for (rule, update) in updates {
        // An update that is smaller than the parameter is remembered in the parameter's own shape.
        let update = update.tensor(moment.w.device()).expand_as(moment.w).copy();
        state.updates.insert(rule, Value::Tensor(update));
    }
    values.swap_remove(rule.root().0 as usize)
}

#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "what remembers nothing and sees one element is one case"
)]
fn node_value(
    op: Op,
    id: NodeId,
    mut args: Vec<Value>,
    state: &mut State,
    moment: &Moment<'_>,
) -> Value {
    let device = moment.w.device();
    let apply = |op: Op, x: Value, y: Value| value::apply(op, &[x, y], device);
    let reduce = |x: &Value, whole: &dyn Fn(&Tensor) -> Tensor, one: &dyn Fn(f64) -> f64| match x {
        Value::Number(value) => Value::Number(one(*value)),
        Value::Tensor(tensor) => Value::Tensor(whole(tensor)),
    };
    let matrix =
        |x: &Value, change: &dyn Fn(&Tensor) -> Tensor| Value::Tensor(change(&x.tensor(device)));
    match op {
        Op::Ema => {
            let (beta, x) = (args.remove(1), args.remove(0));
            let rest = apply(Op::Sub, Value::Number(1.0), beta.share());
            state.advance(id, 0.0, |old| {
                apply(
                    Op::Add,
                    apply(Op::Mul, beta, old.share()),
                    apply(Op::Mul, rest, x),
                )
            })
        }
        Op::Trace => {
            let (mu, x) = (args.remove(1), args.remove(0));
            state.advance(id, 0.0, |old| {
                apply(Op::Add, apply(Op::Mul, mu, old.share()), x)
            })
        }
        Op::Total => state.advance(id, 0.0, |old| apply(Op::Add, old.share(), args.remove(0))),
        Op::Peak => state.advance(id, f64::NEG_INFINITY, |old| {
            apply(Op::Max, old.share(), args.remove(0))
        }),
        Op::Last => {
            let (initial, x) = (args.remove(1), args.remove(0));
            let value = match (state.nodes.remove(&id), &x) {
                (Some(old), _) => old,
                (None, Value::Number(_)) => initial,
                (None, Value::Tensor(x)) => Value::Tensor(initial.tensor(device).expand_as(x)),
            };
            state.nodes.insert(id, x.copy());
            value
        }
        Op::Norm => reduce(&args[0], &|x| x.norm(), &f64::abs),
        Op::Mean => reduce(&args[0], &|x| x.mean(Kind::Float), &|x| x),
        Op::Sum => reduce(&args[0], &|x| x.sum(Kind::Float), &|x| x),
        Op::Rms => reduce(&args[0], &|x| (x * x).mean(Kind::Float).sqrt(), &f64::abs),
        Op::MatMul => Value::Tensor(args[0].tensor(device).matmul(&args[1].tensor(device))),
        Op::Transpose => matrix(&args[0], &Tensor::tr),
        Op::RowMean => matrix(&args[0], &|x| x.mean_dim(1, true, Kind::Float)),
        Op::ColMean => matrix(&args[0], &|x| x.mean_dim(0, true, Kind::Float)),
        Op::Orthogonalize => {
            let steps = args[1].tensor(device).double_value(&[]);
            matrix(&args[0], &|x| value::orthogonalize(x, whole(steps)))
        }
        Op::Debias | Op::Drop => unreachable!("taken care of before"),
        pure => value::apply(pure, &args, device),
    }
}

impl Moment<'_> {
    fn leaf(&self, leaf: Leaf) -> Value {
        match leaf {
            Leaf::Grad => Value::Tensor(self.g.shallow_clone()),
            Leaf::Weight => Value::Tensor(self.w.shallow_clone()),
            Leaf::Step => Value::Number(number(self.step.min(self.steps))),
            Leaf::Total => Value::Number(number(self.steps)),
            Leaf::Noise => {
                let mut draws = vec![0.0; self.w.numel()];
                noise::fill_normal(self.source, &mut draws);
                let scaled: Vec<f64> = draws.into_iter().map(|draw| 0.1 * draw).collect();
                Value::Tensor(self.elements(&scaled, &self.w.size()))
            }
            Leaf::StepNoise => {
                let source = Source {
                    stream: noise::STREAM_STEP_NOISE,
                    tensor: 0,
                    ..self.source
                };
                let t = number(self.step.min(self.steps));
                Value::Number(noise::normal(source, 0) * (1.0 + t).powf(-0.55 / 2.0))
            }
            Leaf::Coordinate(_) => unreachable!("test functions are no rules"),
        }
    }

    /// `x` where the mask keeps it.
    fn dropped(&self, x: &Value, p: &Value, source: Source) -> Value {
        let (sides, len) = match x {
            Value::Number(_) => (Vec::new(), 1),
            Value::Tensor(x) => (x.size(), x.numel()),
        };
        let mut draws = vec![0.0; len];
        noise::fill_uniform(source, &mut draws);
        let device = self.w.device();
        let is_dropped = match p {
            // Compared before they are rounded, as the engine does.
            Value::Number(p) => {
                let is_dropped: Vec<f64> = draws
                    .iter()
                    .map(|draw| f64::from(u8::from(draw < p)))
                    .collect();
                self.elements(&is_dropped, &sides)
            }
            Value::Tensor(p) => self
                .elements(&draws, &sides)
                .lt_tensor(p)
                .to_kind(Kind::Float),
        };
        let x = x.tensor(device);
        Value::Tensor(x.zeros_like().where_self(&is_dropped.ne(0.0), &x))
    }

    fn debiased(&self, x: Value, beta: Value) -> Value {
        let device = self.w.device();
        let power = value::apply(
            Op::Pow,
            &[beta, Value::Number(number(self.step) + 1.0)],
            device,
        );
        let correction = value::apply(Op::Sub, &[Value::Number(1.0), power], device);
        value::apply(Op::Div, &[x, correction], device)
    }

    /// Numbers as a tensor where the parameter is.
    #[allow(clippy::cast_possible_truncation, reason = "tensors are kept in f32")]
    fn elements(&self, values: &[f64], sides: &[i64]) -> Tensor {
        let values: Vec<f32> = values.iter().map(|value| *value as f32).collect();
        Tensor::from_slice(&values)
            .view(sides)
            .to_device(self.w.device())
    }
}

/// How often to iterate: the checker allows whole numbers from 1 to 100.
#[allow(clippy::cast_possible_truncation, reason = "clamped first")]
fn whole(steps: f64) -> i64 {
    steps.clamp(1.0, 100.0) as i64
}

#[allow(
    clippy::cast_precision_loss,
    reason = "steps past 2^53 are out of reach"
)]
fn number(step: u64) -> f64 {
    step as f64
}
