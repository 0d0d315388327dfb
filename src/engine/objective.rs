//! Test functions: a formula over a few coordinates, its gradient, where to start.
//!
//! The formula is a graph over [`Leaf::Coordinate`]; its gradient is derived once, symbolically, into the same graph, so that
//! value and gradient are one pass over shared nodes.

use super::ObjectiveError;
use super::derivative::{gradient, reached};
use super::noise::{self, Source};
use crate::ir::{self, Graph, Node, NodeId, Rule};
use crate::op::{Leaf, Op};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// A function to minimise. As plain data it is its formula and what is known of it; the gradient is derived again.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Objective {
    name: String,
    coordinates: Vec<String>,
    start: Vec<f64>,
    minima: Vec<Vec<f64>>,
    region: Vec<(f64, f64)>,
    noise: f64,
    graph: Graph,
    root: NodeId,
    partials: Vec<NodeId>,
}

/// A function as plain data.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    coordinates: Vec<String>,
    formula: Rule,
    start: Vec<f64>,
    minima: Vec<Vec<f64>>,
    region: Vec<(f64, f64)>,
    noise: f64,
}

impl From<Objective> for Written {
    fn from(objective: Objective) -> Self {
        Self {
            formula: Rule::new(&objective.graph, objective.root),
            name: objective.name,
            coordinates: objective.coordinates,
            start: objective.start,
            minima: objective.minima,
            region: objective.region,
            noise: objective.noise,
        }
    }
}

impl TryFrom<Written> for Objective {
    type Error = ObjectiveError;

    fn try_from(written: Written) -> Result<Self, ObjectiveError> {
        let plain = Self::new(
            written.name,
            written.coordinates,
            &written.formula,
            written.start,
        )?;
        let known = plain
            .with_minima(written.minima)?
            .with_noise(written.noise)?;
        if written.region.is_empty() {
            Ok(known)
        } else {
            known.with_region(written.region)
        }
    }
}

impl Objective {
    /// A function without noise and without known minima.
    ///
    /// # Errors
    /// What the formula cannot mention, or a start that is no point of its coordinates.
    pub fn new(
        name: impl Into<String>,
        coordinates: Vec<String>,
        formula: &Rule,
        start: Vec<f64>,
    ) -> Result<Self, ObjectiveError> {
        let mut graph = formula.graph().clone();
        let root = formula.root();
        let partials = gradient(&mut graph, root, coordinates.len())?;
        check_point(&start, coordinates.len())?;
        Ok(Self {
            name: name.into(),
            coordinates,
            start,
            minima: Vec::new(),
            region: Vec::new(),
            noise: 0.0,
            graph,
            root,
            partials,
        })
    }

    /// The same function under another name.
    #[must_use]
    pub fn with_name(self, name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..self
        }
    }

    /// The same function with its known minima.
    ///
    /// # Errors
    /// A minimum that is no point of its coordinates.
    pub fn with_minima(self, minima: Vec<Vec<f64>>) -> Result<Self, ObjectiveError> {
        for minimum in &minima {
            check_point(minimum, self.coordinates.len())?;
        }
        Ok(Self { minima, ..self })
    }

    /// The same function with noise of this standard deviation on each coordinate of its gradient.
    ///
    /// # Errors
    /// A noise that is negative or not finite.
    pub fn with_noise(self, noise: f64) -> Result<Self, ObjectiveError> {
        if noise.is_finite() && noise >= 0.0 {
            Ok(Self { noise, ..self })
        } else {
            Err(ObjectiveError::Noise { noise })
        }
    }

    /// The same function with the box in which random starts lie: the lowest and the highest value of each coordinate.
    ///
    /// # Errors
    /// A box with another number of sides, or one whose ends are not finite or not in order.
    pub fn with_region(self, region: Vec<(f64, f64)>) -> Result<Self, ObjectiveError> {
        let (lows, highs): (Vec<f64>, Vec<f64>) = region.iter().copied().unzip();
        check_point(&lows, self.coordinates.len())?;
        check_point(&highs, self.coordinates.len())?;
        match region.iter().find(|(low, high)| low >= high) {
            Some((low, high)) => Err(ObjectiveError::Region {
                low: *low,
                high: *high,
            }),
            None => Ok(Self { region, ..self }),
        }
    }

    /// The same function with another start.
    ///
    /// # Errors
    /// A start that is no point of its coordinates.
    pub fn with_start(self, start: Vec<f64>) -> Result<Self, ObjectiveError> {
        check_point(&start, self.coordinates.len())?;
        Ok(Self { start, ..self })
    }

    /// Its name in the language.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The names of its coordinates.
    pub fn coordinates(&self) -> &[String] {
        &self.coordinates
    }

    /// Where a descent starts.
    pub fn start(&self) -> &[f64] {
        &self.start
    }

    /// The known minima; empty where none is known.
    pub fn minima(&self) -> &[Vec<f64>] {
        &self.minima
    }

    /// The box in which random starts lie, coordinate by coordinate; empty where none is known.
    pub fn region(&self) -> &[(f64, f64)] {
        &self.region
    }

    /// Starts that are spread evenly at random over the region; none where there is no region. The first ones are the same however many
    /// are asked for.
    pub fn random_starts(&self, count: u64, seed: u64) -> Option<Vec<Vec<f64>>> {
        let start = |step: u64| {
            let source = Source {
                seed,
                stream: noise::STREAM_START,
                tensor: 0,
                step,
            };
            let mut at = vec![0.0; self.region.len()];
            noise::fill_uniform(source, &mut at);
            for (x, (low, high)) in at.iter_mut().zip(&self.region) {
                *x = low + (high - low) * *x;
            }
            at
        };
        (!self.region.is_empty()).then(|| (0..count).map(start).collect())
    }

    /// The standard deviation of the noise on each coordinate of the gradient.
    pub fn noise(&self) -> f64 {
        self.noise
    }

    /// The lowest value at the known minima, where it is a finite number.
    pub fn least(&self) -> Option<f64> {
        let mut evaluator = self.evaluator();
        self.minima
            .iter()
            .map(|minimum| evaluator.value(minimum))
            .filter(|value| value.is_finite())
            .min_by(f64::total_cmp)
    }

    /// The formula, over the names of the coordinates.
    pub fn formula(&self) -> String {
        self.text(self.root)
    }

    /// The formula of the derivative by a coordinate, over the names of the coordinates.
    ///
    /// # Panics
    /// Where there is no such coordinate.
    pub fn gradient_text(&self, coordinate: usize) -> String {
        self.text(self.partials[coordinate])
    }

    /// The value at a point.
    ///
    /// # Panics
    /// Where the point has another number of coordinates.
    pub fn value(&self, at: &[f64]) -> f64 {
        self.evaluator().value(at)
    }

    /// The gradient at a point, without noise.
    ///
    /// # Panics
    /// Where the point or the result has another number of coordinates.
    pub fn gradient(&self, at: &[f64], out: &mut [f64]) {
        self.evaluator().value_and_gradient(at, out);
    }

    /// An evaluator for many points.
    pub fn evaluator(&self) -> ObjectiveEvaluator {
        ObjectiveEvaluator::new(self)
    }

    fn text(&self, root: NodeId) -> String {
        with_names(&ir::text(&self.graph, root), &self.coordinates)
    }
}

/// Computes the value and the gradient of an [`Objective`] at many points, without allocation.
#[derive(Clone, Debug)]
pub struct ObjectiveEvaluator {
    pub(super) values: Vec<f64>,
    pub(super) instructions: Vec<Instruction>,
    /// How many instructions the value alone needs.
    value_only: usize,
    pub(super) root: usize,
    pub(super) partials: Vec<usize>,
}

/// One op on earlier values; the coordinates are the first values.
#[derive(Clone, Copy, Debug)]
pub(super) struct Instruction {
    pub(super) op: Op,
    pub(super) args: [usize; 3],
    pub(super) count: usize,
    pub(super) out: usize,
}

impl ObjectiveEvaluator {
    fn new(objective: &Objective) -> Self {
        let graph = &objective.graph;
        let coordinates = objective.coordinates.len();
        let mut evaluator = Self {
            values: vec![0.0; coordinates],
            instructions: Vec::new(),
            value_only: 0,
            root: 0,
            partials: Vec::with_capacity(coordinates),
        };
        let mut places = vec![None; graph.len()];
        evaluator.root = evaluator.place(graph, objective.root, &mut places);
        evaluator.value_only = evaluator.instructions.len();
        for partial in &objective.partials {
            let place = evaluator.place(graph, *partial, &mut places);
            evaluator.partials.push(place);
        }
        evaluator
    }

    /// The place of a node's value, with instructions for all it needs that has none yet.
    fn place(&mut self, graph: &Graph, root: NodeId, places: &mut [Option<usize>]) -> usize {
        for id in reached(graph, root) {
            if places[id.0 as usize].is_none() {
                places[id.0 as usize] = Some(self.node(graph.node(id), places));
            }
        }
        places[root.0 as usize].expect("the root is the last that was placed")
    }

    fn node(&mut self, node: Node, places: &[Option<usize>]) -> usize {
        let known = |id: NodeId| places[id.0 as usize].expect("arguments come first");
        let out = self.values.len();
        match node {
            Node::Leaf(Leaf::Coordinate(index)) => {
                return usize::try_from(index).expect("a coordinate that exists");
            }
            Node::Own { body, .. } => return known(body),
            Node::Number(bits) => self.values.push(f64::from_bits(bits)),
            Node::Apply(op, args) => {
                let mut instruction = Instruction {
                    op,
                    args: [0; 3],
                    count: args.as_slice().len(),
                    out,
                };
                for (place, arg) in instruction.args.iter_mut().zip(args.as_slice()) {
                    *place = known(*arg);
                }
                self.instructions.push(instruction);
                self.values.push(0.0);
            }
            Node::Leaf(_) | Node::Drop { .. } | Node::LastUpdate(_) => {
                unreachable!("an objective has only coordinates and plain ops")
            }
        }
        out
    }

    /// The value at a point.
    ///
    /// # Panics
    /// Where the point has another number of coordinates.
    pub fn value(&mut self, at: &[f64]) -> f64 {
        self.values[..self.partials.len()].copy_from_slice(at);
        self.run(0..self.value_only);
        self.values[self.root]
    }

    /// The value at a point, and its gradient into `out`.
    ///
    /// # Panics
    /// Where the point or the result has another number of coordinates.
    pub fn value_and_gradient(&mut self, at: &[f64], out: &mut [f64]) -> f64 {
        self.values[..self.partials.len()].copy_from_slice(at);
        self.run(0..self.instructions.len());
        assert_eq!(out.len(), self.partials.len(), "one partial a coordinate");
        for (out, place) in out.iter_mut().zip(&self.partials) {
            *out = self.values[*place];
        }
        self.values[self.root]
    }

    fn run(&mut self, instructions: Range<usize>) {
        for instruction in &self.instructions[instructions] {
            let args = instruction.args.map(|place| self.values[place]);
            let value = instruction.op.apply(&args[..instruction.count]);
            self.values[instruction.out] = value.expect("an objective has only plain ops");
        }
    }
}

fn check_point(point: &[f64], expected: usize) -> Result<(), ObjectiveError> {
    if point.len() != expected {
        return Err(ObjectiveError::PointLength {
            expected,
            found: point.len(),
        });
    }
    match point.iter().find(|value| !value.is_finite()) {
        Some(value) => Err(ObjectiveError::PointNotFinite { value: *value }),
        None => Ok(()),
    }
}

/// A formula over `x1`, `x2`, … with the coordinates' own names.
fn with_names(text: &str, names: &[String]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    while !rest.is_empty() {
        // Words and what lies between them, in turn.
        let kind = rest.starts_with(is_word);
        let len = rest.find(|c| is_word(c) != kind).unwrap_or(rest.len());
        let (word, tail) = rest.split_at(len);
        let number = word
            .strip_prefix('x')
            .and_then(|digits| digits.parse().ok());
        let name = number.and_then(|number: usize| names.get(number.checked_sub(1)?));
        out.push_str(name.map_or(word, String::as_str));
        rest = tail;
    }
    out
}
