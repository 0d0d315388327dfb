//! The paper's controller and how it learns: proximal policy optimization (section 3.3; Schulman et al., "Proximal Policy Optimization Algorithms", 2017).
//!
//! Every token is an action with the advantage of its sentence: the reward less a moving average of rewards. The surrogate of an action is
//! `min(A r, A clip(r, 1 - c, 1 + c))`, where `r` is how much more likely it has become: for negative advantages too.

use super::advantage::Advantage;
use super::cores::Cores;
use super::grammar::{Cursor, Grammar};
use super::network::{Network, Sides, Tape};
use super::policy::{Draws, Policy, Tried};
use super::real::Real;
use super::space::{Sentence, Space};
use crate::engine::{Optimizer, OptimizerError, Saved, Settings as OptimizerSettings, TensorShape};
use crate::ir::{Graph, Rule};
use crate::op::{Leaf, Op};
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::sync::Arc;

/// Sentences that one thread takes at a time.
const CHUNK: usize = 64;
/// The trial whose draws make the first weights: none of a search has it.
const WEIGHTS: u64 = u64::MAX;

/// How the controller learns.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Units of the LSTM.
    pub hidden: usize,
    /// First weights are drawn evenly from minus to plus this.
    pub spread: f64,
    /// The learning rate of Adam.
    pub rate: f64,
    /// Sentences a batch.
    pub batch: u64,
    /// How often a batch is learned from.
    pub epochs: u32,
    /// How far the chance of a token may move before it is left alone.
    pub clip: f64,
    /// The weight of entropy, which keeps the controller from settling too soon.
    pub entropy: f64,
    /// The decay of the moving average of rewards.
    pub baseline: f64,
    /// The share of the best sentences of a batch that is learned from, by how much they are better than the others: what counts in the end is the best rule,
    /// not the mean one (Petersen et al., "Deep symbolic regression", 2021). All sentences, by how much they are better than the average, where none is given.
    pub risk: Option<f64>,
    /// Over how many of the last trials that share is taken; over the batch alone where there are none.
    #[serde(default)]
    pub window: usize,
    /// The advantage of a rule that has its reward already, where it is good enough to be learned from: less than 0, so that the controller looks on beside what it
    /// knows. By its reward, as any other, where none is given.
    #[serde(default)]
    pub known: Option<f64>,
}

impl Settings {
    /// The paper's controller (sections 3.2 and 4.2). Clip, epochs and the average's decay are not given there.
    pub fn paper() -> Self {
        Self {
            hidden: 150,
            spread: 0.08,
            rate: 1e-5,
            batch: 5,
            epochs: 3,
            clip: 0.2,
            entropy: 0.0015,
            baseline: 0.95,
            risk: None,
            window: 0,
            known: None,
        }
    }

    /// A controller that learns within some thousand trials.
    pub fn quick() -> Self {
        Self {
            hidden: 64,
            rate: 5e-3,
            batch: 25,
            entropy: 0.03,
            risk: Some(0.2),
            window: 50,
            known: Some(-0.1),
            ..Self::paper()
        }
    }

    /// The same with batches small enough that a search of so many trials has many updates.
    #[must_use]
    pub fn within(self, budget: u64) -> Self {
        Self {
            batch: (budget / 100).clamp(5, self.batch.max(5)),
            ..self
        }
    }
}

/// The controller at work.
#[derive(Debug)]
pub struct Ppo {
    settings: Settings,
    pub(super) network: Network<f32>,
    optimizer: Optimizer,
    draws: Draws,
    average: Option<f64>,
    /// The last rewards, as many as the window has.
    recent: Vec<f64>,
}

/// All that a controller has learned.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    /// The parameters of the network, tensor by tensor.
    pub tensors: Vec<Vec<f32>>,
    /// What Adam remembers.
    pub optimizer: Saved,
    /// The moving average of rewards.
    pub average: Option<f64>,
    /// The last rewards.
    #[serde(default)]
    pub recent: Vec<f64>,
}

/// What one update needs to know of each of its sentences.
pub(super) struct Batch<'b> {
    pub(super) sentences: Vec<&'b [u16]>,
    pub(super) advantages: Vec<f64>,
    /// For each place those of all sentences.
    pub(super) masks: Vec<Vec<Arc<[bool]>>>,
    /// For each sentence the chances of its tokens when it was drawn; empty before the first step on the batch, whose chances these are.
    pub(super) old: Vec<Vec<f64>>,
}

impl Ppo {
    /// A controller before its first sentence.
    pub fn new(space: &Space, settings: Settings, seed: u64) -> Self {
        let draws = Draws { seed };
        let mut draw = draws.of(WEIGHTS);
        let network = Network::new(sides(space, settings.hidden), || {
            settings.spread * (2.0 * draw() - 1.0)
        });
        let lengths = network.sides().lengths();
        let shapes: Vec<TensorShape> = lengths.into_iter().map(TensorShape::Vector).collect();
        // The number of steps matters to schedules alone, of which Adam has none.
        let of_adam = OptimizerSettings::new(settings.rate, 1);
        let optimizer = Optimizer::new(&adam(), &shapes, of_adam).expect("Adam fits any parameter");
        Self {
            settings,
            network,
            optimizer,
            draws,
            average: None,
            recent: Vec::new(),
        }
    }

    /// How it learns.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// One step of Adam on a batch. Old chances that are not there yet are those of this moment.
    fn step(&mut self, batch: &mut Batch<'_>) {
        let gradient = gradient(&self.network, batch, &self.settings);
        self.optimizer
            .step(&mut self.network.tensors, &gradient)
            .expect("one gradient for each parameter");
    }
}

impl Policy for Ppo {
    fn name(&self) -> &'static str {
        "ppo"
    }

    fn propose(&mut self, grammar: &mut Grammar, trials: Range<u64>) -> Vec<Sentence> {
        let trials: Vec<u64> = trials.collect();
        let mut sentences = vec![Sentence::with_capacity(grammar.places()); trials.len()];
        let mut cursors = vec![Cursor::default(); trials.len()];
        let mut states: Vec<_> = trials
            .chunks(CHUNK)
            .map(|chunk| self.network.begin(chunk.len()))
            .collect();
        for place in 0..grammar.places() {
            let masks: Vec<_> = cursors.iter().map(|cursor| grammar.mask(*cursor)).collect();
            let rows: Vec<usize> = sentences
                .iter()
                .map(|sentence| self.network.row(place, sentence.last().copied()))
                .collect();
            let chances = Cores::default().each(&mut states, |index, state| {
                let own = index * CHUNK..((index + 1) * CHUNK).min(rows.len());
                self.network
                    .chances(place, &rows[own.clone()], &masks[own], state)
            });
            let choices = grammar.choices(place);
            let chances = chances.iter().flat_map(|chunk| chunk.chunks_exact(choices));
            let places = sentences.iter_mut().zip(&mut cursors).zip(&trials);
            for (((sentence, cursor), trial), chances) in places.zip(chances) {
                let token = choose(chances, self.draws.at(*trial, place as u64));
                sentence.push(token);
                *cursor = grammar.after(*cursor, token).expect("the mask allows it");
            }
        }
        sentences
    }

    fn learn(&mut self, grammar: &mut Grammar, batch: &[Tried]) {
        if batch.is_empty() {
            return;
        }
        let rewards = || batch.iter().map(|each| each.reward);
        let mean = crate::bench::mean(rewards());
        let average = *self.average.get_or_insert(mean);
        let settings = self.settings;
        let dull = |each: &Tried| settings.known.filter(|_| each.is_known);
        let advantage = match settings.risk {
            None => Advantage::over_average(average),
            Some(share) => {
                let fresh = batch.iter().filter(|each| dull(each).is_none());
                self.recent.extend(fresh.map(|each| each.reward));
                let most = settings.window.max(batch.len());
                let old = self.recent.len().saturating_sub(most);
                self.recent.drain(..old);
                Advantage::of_best(self.recent.clone(), share)
            }
        };
        let decay = settings.baseline;
        self.average = Some(decay * average + (1.0 - decay) * mean);
        let kept = batch.iter().filter(|each| each.reward >= advantage.kept);
        let (sentences, advantages): (Vec<&[u16]>, Vec<f64>) = kept
            .map(|each| {
                let own = dull(each).unwrap_or_else(|| advantage.of(each.reward));
                (&each.sentence[..], own)
            })
            .unzip();
        if sentences.is_empty() {
            return;
        }
        let masks = masks(grammar, &sentences);
        let mut batch = Batch {
            sentences,
            advantages,
            masks,
            old: Vec::new(),
        };
        for _ in 0..self.settings.epochs {
            self.step(&mut batch);
        }
    }

    fn batch(&self) -> u64 {
        self.settings.batch
    }

    fn imitate(&mut self, grammar: &mut Grammar, sentences: &[Sentence], steps: u32) {
        let fixed: Vec<&[u16]> = sentences.iter().map(Vec::as_slice).collect();
        if fixed.is_empty() {
            return;
        }
        let masks = masks(grammar, &fixed);
        for _ in 0..steps {
            // With the chances of this moment as the old ones, the surrogate's gradient is that of the logarithm of the chance.
            self.step(&mut Batch {
                advantages: vec![1.0; fixed.len()],
                sentences: fixed.clone(),
                masks: masks.clone(),
                old: Vec::new(),
            });
        }
    }

    fn save(&self) -> Option<Memory> {
        Some(Memory {
            tensors: self.network.tensors.clone(),
            optimizer: self.optimizer.save(),
            average: self.average,
            recent: self.recent.clone(),
        })
    }

    fn load(&mut self, memory: &Memory) -> Result<(), OptimizerError> {
        let own = self.network.tensors.iter().map(Vec::len);
        if !own.eq(memory.tensors.iter().map(Vec::len)) {
            return Err(OptimizerError::TensorCount {
                expected: self.network.tensors.len(),
                found: memory.tensors.len(),
            });
        }
        self.optimizer.load(&memory.optimizer)?;
        self.network.tensors.clone_from(&memory.tensors);
        self.average = memory.average;
        self.recent.clone_from(&memory.recent);
        Ok(())
    }
}

/// What the network reads and scores: one row of input for the beginning, then one for each operand and earlier group, each unary and each binary
/// function.
fn sides(space: &Space, hidden: usize) -> Sides {
    use super::space::{Slot, slot};
    let operands = space.operands().len() + space.groups() - 1;
    let unary = 1 + operands;
    let binary = unary + space.unary().len();
    let row = |place: usize| match slot(place) {
        Slot::Operand => 1,
        Slot::Unary => unary,
        Slot::Binary => binary,
    };
    Sides {
        hidden,
        choices: (0..space.places()).map(|at| space.choices(at)).collect(),
        rows: (0..space.places()).map(row).collect(),
        inputs: binary + space.binary().len(),
    }
}

/// `mhat / (sqrt(vhat) + 1e-8)`.
fn adam() -> Rule {
    let mut graph = Graph::default();
    let g = graph.leaf(Leaf::Grad);
    let numbers = [0.9, 0.999, 2.0, 1e-8].map(|value| graph.number(value));
    let [beta1, beta2, two, delta] = numbers;
    let mut apply = |op, args: &[_]| graph.apply(op, args).expect("shapes fit");
    let m = apply(Op::Ema, &[g, beta1]);
    let mhat = apply(Op::Debias, &[m]);
    let square = apply(Op::Pow, &[g, two]);
    let v = apply(Op::Ema, &[square, beta2]);
    let vhat = apply(Op::Debias, &[v]);
    let root = apply(Op::Sqrt, &[vhat]);
    let divisor = apply(Op::Add, &[root, delta]);
    let update = apply(Op::Div, &[mhat, divisor]);
    Rule::new(&graph, update)
}

/// For each place the masks of all sentences.
pub(super) fn masks(grammar: &mut Grammar, sentences: &[&[u16]]) -> Vec<Vec<Arc<[bool]>>> {
    let mut cursors = vec![Cursor::default(); sentences.len()];
    let places = 0..grammar.places();
    places
        .map(|place| {
            let masks = cursors.iter().map(|cursor| grammar.mask(*cursor)).collect();
            for (cursor, sentence) in cursors.iter_mut().zip(sentences) {
                let next = grammar.after(*cursor, sentence[place]);
                *cursor = next.expect("a sentence of the space");
            }
            masks
        })
        .collect()
}

/// The gradient of the loss of a batch, chunk by chunk, added up in order.
fn gradient(network: &Network<f32>, batch: &mut Batch<'_>, settings: &Settings) -> Vec<Vec<f32>> {
    let count = batch.sentences.len();
    let is_first = batch.old.is_empty();
    let mut chunks: Vec<Batch<'_>> = (0..count)
        .step_by(CHUNK)
        .map(|start| {
            let own = start..(start + CHUNK).min(count);
            let of_place = |masks: &Vec<Arc<[bool]>>| masks[own.clone()].to_vec();
            Batch {
                sentences: batch.sentences[own.clone()].to_vec(),
                advantages: batch.advantages[own.clone()].to_vec(),
                masks: batch.masks.iter().map(of_place).collect(),
                old: batch.old.get(own).map_or_else(Vec::new, <[_]>::to_vec),
            }
        })
        .collect();
    let mut parts = Cores::default()
        .each(&mut chunks, |_, chunk| {
            let tape = network.read(&chunk.sentences, &chunk.masks);
            if is_first {
                chunk.old = own_chances(&tape, &chunk.sentences);
            }
            let mut gradient = network.zeros();
            back(network, &tape, chunk, settings, count, &mut gradient);
            gradient
        })
        .into_iter();
    if is_first {
        batch.old = chunks.into_iter().flat_map(|chunk| chunk.old).collect();
    }
    let mut sum = parts.next().unwrap_or_else(|| network.zeros());
    for part in parts {
        for (sum, part) in sum.iter_mut().zip(part) {
            for (sum, part) in sum.iter_mut().zip(part) {
                *sum += part;
            }
        }
    }
    sum
}

/// The chances of the tokens of sentences.
fn own_chances<R: Real>(tape: &Tape<R>, sentences: &[&[u16]]) -> Vec<Vec<f64>> {
    let chances = |(index, sentence): (usize, &&[u16])| {
        let places = sentence.iter().enumerate();
        places
            .map(|(place, token)| tape.chance(place, index, *token).wide())
            .collect()
    };
    sentences.iter().enumerate().map(chances).collect()
}

/// The gradient of the loss by all parameters: the mean over `count` sentences of what [`loss`] adds up.
pub(super) fn back<R: Real>(
    network: &Network<R>,
    tape: &Tape<R>,
    batch: &Batch<'_>,
    settings: &Settings,
    count: usize,
    gradient: &mut [Vec<R>],
) {
    #[allow(clippy::cast_precision_loss, reason = "few sentences")]
    let share = 1.0 / count as f64;
    network.back(
        tape,
        |place, index, chances, out| {
            let token = usize::from(batch.sentences[index][place]);
            let (advantage, old) = (batch.advantages[index], batch.old[index][place]);
            let ratio = chances[token].wide() / old;
            let pull = if is_clipped(advantage, ratio, settings.clip) {
                0.0
            } else {
                -advantage * ratio
            };
            let entropy = entropy(chances);
            for (j, (out, chance)) in out.iter_mut().zip(chances).enumerate() {
                let chance = chance.wide();
                if chance > 0.0 {
                    let is_token = f64::from(u8::from(j == token));
                    let by_surrogate = pull * (is_token - chance);
                    let by_entropy = settings.entropy * chance * (libm::log(chance) + entropy);
                    *out = R::of(share * (by_surrogate + by_entropy));
                }
            }
        },
        gradient,
    );
}

/// The loss itself: what the gradient is checked against.
#[cfg(test)]
pub(super) fn loss<R: Real>(tape: &Tape<R>, batch: &Batch<'_>, settings: &Settings) -> f64 {
    let mut sum = 0.0;
    for (index, sentence) in batch.sentences.iter().enumerate() {
        let advantage = batch.advantages[index];
        for (place, token) in sentence.iter().enumerate() {
            let ratio = tape.chance(place, index, *token).wide() / batch.old[index][place];
            let clipped = ratio.clamp(1.0 - settings.clip, 1.0 + settings.clip);
            sum -= (advantage * ratio).min(advantage * clipped);
            sum -= settings.entropy * entropy(tape.chances(place, index));
        }
    }
    #[allow(clippy::cast_precision_loss, reason = "few sentences")]
    let count = batch.sentences.len() as f64;
    sum / count
}

/// Whether the clipped side of the surrogate is the lesser one, so that nothing pulls any more.
fn is_clipped(advantage: f64, ratio: f64, clip: f64) -> bool {
    (advantage > 0.0 && ratio > 1.0 + clip) || (advantage < 0.0 && ratio < 1.0 - clip)
}

fn entropy<R: Real>(chances: &[R]) -> f64 {
    let terms = chances.iter().map(|chance| {
        let chance = chance.wide();
        if chance > 0.0 {
            -chance * libm::log(chance)
        } else {
            0.0
        }
    });
    terms.sum()
}

/// The token that a draw from [0, 1) means: the first at which the chances add up to more.
fn choose(chances: &[f32], draw: f64) -> u16 {
    let total: f64 = chances.iter().map(|chance| f64::from(*chance)).sum();
    let mut left = draw * total;
    let mut chosen = 0;
    for (token, chance) in (0u16..).zip(chances) {
        if *chance > 0.0 {
            chosen = token;
            if left < f64::from(*chance) {
                break;
            }
            left -= f64::from(*chance);
        }
    }
    chosen
}
