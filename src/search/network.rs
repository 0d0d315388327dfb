//! The controller's network (section 3.2 of the paper): one LSTM layer that reads the tokens so far, and at every place weights of its own that give
//! each token a score.
//!
//! The token before is fed in as one of the rows of `input`, the first row standing for the beginning. Gates are in the order input, forget, cell, output.

#![allow(
    clippy::inline_always,
    reason = "loops over gates are compiled together with their functions, for each instruction set"
)]

use super::real::{Matrix, Real};
use crate::engine::dispatch::{Work, with_widest};
use crate::op::exp;
use std::sync::Arc;

/// The sides of a network.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sides {
    /// Units of the LSTM.
    pub hidden: usize,
    /// For each place, how many tokens there are.
    pub choices: Vec<usize>,
    /// For each place, the row of `input` that stands for its token 0.
    pub rows: Vec<usize>,
    /// Rows of `input`.
    pub inputs: usize,
}

/// Where a tensor lies among all parameters.
const INPUT: usize = 0;
const RECURRENT: usize = 1;
const BIAS: usize = 2;
/// From here on two for each place: weights and biases of its scores.
const SCORES: usize = 3;

/// The parameters of a network, tensor by tensor.
#[derive(Clone, PartialEq, Debug)]
pub struct Network<R> {
    sides: Sides,
    /// `input` (inputs x 4 hidden), `recurrent` (hidden x 4 hidden), `bias` (4 hidden), then for each place weights (hidden x choices) and biases (choices).
    pub tensors: Vec<Vec<R>>,
}

/// The state of the LSTM for some sentences, sentence by sentence.
#[derive(Clone, Debug)]
pub struct State<R> {
    h: Vec<R>,
    c: Vec<R>,
}

/// What is needed of one place to go back through it.
#[derive(Clone, Debug)]
struct Place<R> {
    /// Rows of `input`.
    rows: Vec<usize>,
    /// The state before.
    before: State<R>,
    /// Input, forget, cell and output gates of each sentence.
    gates: Vec<R>,
    /// The hyperbolic tangent of the cell after.
    tanh: Vec<R>,
    /// The hidden state after.
    h: Vec<R>,
    /// The probabilities of the tokens.
    chances: Vec<R>,
}

/// A pass over some sentences.
#[derive(Clone, Debug)]
pub struct Tape<R> {
    count: usize,
    places: Vec<Place<R>>,
}

impl Sides {
    /// The lengths of all tensors.
    pub fn lengths(&self) -> Vec<usize> {
        let gates = 4 * self.hidden;
        let mut lengths = vec![self.inputs * gates, self.hidden * gates, gates];
        for choices in &self.choices {
            lengths.extend([self.hidden * choices, *choices]);
        }
        lengths
    }
}

impl<R: Real> Network<R> {
    /// A network of these parameters, drawn one after another.
    pub fn new(sides: Sides, mut draw: impl FnMut() -> f64) -> Self {
        let lengths = sides.lengths();
        let tensor = |len: usize| (0..len).map(|_| R::of(draw())).collect();
        Self {
            tensors: lengths.into_iter().map(tensor).collect(),
            sides,
        }
    }

    /// Its sides.
    pub fn sides(&self) -> &Sides {
        &self.sides
    }

    /// The same parameters in other numbers.
    pub fn convert<S: Real>(&self) -> Network<S> {
        let tensor = |tensor: &Vec<R>| tensor.iter().map(|x| S::of(x.wide())).collect();
        Network {
            sides: self.sides.clone(),
            tensors: self.tensors.iter().map(tensor).collect(),
        }
    }

    /// The state before the first token.
    pub fn begin(&self, count: usize) -> State<R> {
        let zeros = vec![R::default(); count * self.sides.hidden];
        State {
            h: zeros.clone(),
            c: zeros,
        }
    }

    /// The row of `input` for the token before a place.
    pub fn row(&self, place: usize, before: Option<u16>) -> usize {
        before.map_or(0, |token| self.sides.rows[place - 1] + usize::from(token))
    }

    /// Reads the token before a place and scores those that can stand there: the probability of each, sentence by sentence; 0 where the mask does not
    /// allow it. The state moves on.
    pub fn chances(
        &self,
        place: usize,
        rows: &[usize],
        masks: &[Arc<[bool]>],
        state: &mut State<R>,
    ) -> Vec<R> {
        self.step(place, rows, masks, state, None)
    }

    fn step(
        &self,
        place: usize,
        rows: &[usize],
        masks: &[Arc<[bool]>],
        state: &mut State<R>,
        tape: Option<&mut Vec<Place<R>>>,
    ) -> Vec<R> {
        let (hidden, count, choices) = (self.sides.hidden, rows.len(), self.sides.choices[place]);
        let gates = 4 * hidden;
        let mut z = Vec::with_capacity(count * gates);
        for row in rows {
            z.extend_from_slice(&self.tensors[INPUT][row * gates..(row + 1) * gates]);
        }
        let recurrent = Matrix::new(&self.tensors[RECURRENT], hidden, gates);
        R::product(Matrix::new(&state.h, count, hidden), recurrent, 1.0, &mut z);
        let before = tape.is_some().then(|| state.clone());
        let mut tanh = vec![R::default(); count * hidden];
        with_widest(Cells {
            z: &mut z,
            bias: &self.tensors[BIAS],
            state,
            tanh: &mut tanh,
            hidden,
        });
        let mut scores = Vec::with_capacity(count * choices);
        for _ in 0..count {
            scores.extend_from_slice(&self.tensors[SCORES + 2 * place + 1]);
        }
        let weights = Matrix::new(&self.tensors[SCORES + 2 * place], hidden, choices);
        R::product(
            Matrix::new(&state.h, count, hidden),
            weights,
            1.0,
            &mut scores,
        );
        for (scores, mask) in scores.chunks_exact_mut(choices).zip(masks) {
            softmax(scores, mask);
        }
        if let (Some(tape), Some(before)) = (tape, before) {
            tape.push(Place {
                rows: rows.to_vec(),
                before,
                gates: z,
                tanh,
                h: state.h.clone(),
                chances: scores.clone(),
            });
        }
        scores
    }

    /// A pass over whole sentences. `masks` has for each place those of all sentences.
    pub fn read(&self, sentences: &[&[u16]], masks: &[Vec<Arc<[bool]>>]) -> Tape<R> {
        let mut state = self.begin(sentences.len());
        let mut places = Vec::with_capacity(masks.len());
        for (place, masks) in masks.iter().enumerate() {
            let before = |sentence: &&[u16]| {
                let token = place.checked_sub(1).map(|at| sentence[at]);
                self.row(place, token)
            };
            let rows: Vec<usize> = sentences.iter().map(before).collect();
            self.step(place, &rows, masks, &mut state, Some(&mut places));
        }
        Tape {
            count: sentences.len(),
            places,
        }
    }

    /// The gradient of a loss by all parameters, added to what is there. `by_score` gives for a place and a sentence the derivatives of the loss by
    /// the scores of the tokens there, from their probabilities.
    pub fn back(
        &self,
        tape: &Tape<R>,
        mut by_score: impl FnMut(usize, usize, &[R], &mut [R]),
        gradient: &mut [Vec<R>],
    ) {
        let (hidden, count) = (self.sides.hidden, tape.count);
        let gates = 4 * hidden;
        let mut dh = vec![R::default(); count * hidden];
        let mut dc = vec![R::default(); count * hidden];
        let mut dz = vec![R::default(); count * gates];
        for (place, kept) in tape.places.iter().enumerate().rev() {
            let choices = self.sides.choices[place];
            let mut ds = vec![R::default(); count * choices];
            for (index, (chances, ds)) in kept
                .chances
                .chunks_exact(choices)
                .zip(ds.chunks_exact_mut(choices))
                .enumerate()
            {
                by_score(place, index, chances, ds);
            }
            let ds_matrix = Matrix::new(&ds, count, choices);
            let h = Matrix::new(&kept.h, count, hidden);
            let weights = SCORES + 2 * place;
            R::product(h.transposed(), ds_matrix, 1.0, &mut gradient[weights]);
            for ds in ds.chunks_exact(choices) {
                add(&mut gradient[weights + 1], ds);
            }
            let w = Matrix::new(&self.tensors[weights], hidden, choices);
            R::product(ds_matrix, w.transposed(), 1.0, &mut dh);
            cells_back(kept, hidden, &dh, &mut dc, &mut dz);
            for (row, dz) in kept.rows.iter().zip(dz.chunks_exact(gates)) {
                add(&mut gradient[INPUT][row * gates..(row + 1) * gates], dz);
                add(&mut gradient[BIAS], dz);
            }
            let dz_matrix = Matrix::new(&dz, count, gates);
            let h_before = Matrix::new(&kept.before.h, count, hidden);
            R::product(
                h_before.transposed(),
                dz_matrix,
                1.0,
                &mut gradient[RECURRENT],
            );
            let recurrent = Matrix::new(&self.tensors[RECURRENT], hidden, gates);
            R::product(dz_matrix, recurrent.transposed(), 0.0, &mut dh);
        }
    }

    /// Zeros in the shape of the parameters.
    pub fn zeros(&self) -> Vec<Vec<R>> {
        let lengths = self.sides.lengths().into_iter();
        lengths.map(|len| vec![R::default(); len]).collect()
    }
}

impl<R: Real> Tape<R> {
    /// The probability that a sentence had its token at a place.
    pub fn chance(&self, place: usize, sentence: usize, token: u16) -> R {
        self.chances(place, sentence)[usize::from(token)]
    }

    /// The probabilities of all tokens at a place of a sentence.
    pub fn chances(&self, place: usize, sentence: usize) -> &[R] {
        let chances = &self.places[place].chances;
        let choices = chances.len() / self.count;
        &chances[sentence * choices..(sentence + 1) * choices]
    }
}

/// From the sums of the gates to gates, cells and outputs.
struct Cells<'a, R> {
    z: &'a mut [R],
    bias: &'a [R],
    state: &'a mut State<R>,
    tanh: &'a mut [R],
    hidden: usize,
}

impl<R: Real> Work for Cells<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let hidden = self.hidden;
        let states = self.state.h.chunks_exact_mut(hidden);
        let states = states.zip(self.state.c.chunks_exact_mut(hidden));
        let rows = self.z.chunks_exact_mut(4 * hidden);
        let rows = rows.zip(self.tanh.chunks_exact_mut(hidden));
        for ((z, tanh), (h, c)) in rows.zip(states) {
            for (z, bias) in z.iter_mut().zip(self.bias) {
                *z += *bias;
            }
            let (sigmoids, rest) = z.split_at_mut(2 * hidden);
            let (cells, outputs) = rest.split_at_mut(hidden);
            for z in sigmoids.iter_mut() {
                *z = z.sigmoid();
            }
            for z in cells.iter_mut() {
                *z = z.tanh();
            }
            for z in outputs.iter_mut() {
                *z = z.sigmoid();
            }
            let (inputs, forgets) = sigmoids.split_at(hidden);
            for i in 0..hidden {
                c[i] = forgets[i] * c[i] + inputs[i] * cells[i];
            }
            for (tanh, c) in tanh.iter_mut().zip(c.iter()) {
                *tanh = c.tanh();
            }
            for i in 0..hidden {
                h[i] = outputs[i] * tanh[i];
            }
        }
    }
}

/// From the derivatives by the hidden state to those by the sums of the gates; those by the cell go back to the place before.
fn cells_back<R: Real>(kept: &Place<R>, hidden: usize, dh: &[R], dc: &mut [R], dz: &mut [R]) {
    let one = R::of(1.0);
    let rows = kept
        .gates
        .chunks_exact(4 * hidden)
        .zip(dz.chunks_exact_mut(4 * hidden));
    for (row, (gates, dz)) in rows.enumerate() {
        let own = row * hidden..(row + 1) * hidden;
        let (tanh, before) = (&kept.tanh[own.clone()], &kept.before.c[own.clone()]);
        let (dh, dc) = (&dh[own.clone()], &mut dc[own]);
        for i in 0..hidden {
            let [input, forget, cell, output] = [
                gates[i],
                gates[hidden + i],
                gates[2 * hidden + i],
                gates[3 * hidden + i],
            ];
            let by_cell = dc[i] + dh[i] * output * (one - tanh[i] * tanh[i]);
            dz[i] = by_cell * cell * input * (one - input);
            dz[hidden + i] = by_cell * before[i] * forget * (one - forget);
            dz[2 * hidden + i] = by_cell * input * (one - cell * cell);
            dz[3 * hidden + i] = dh[i] * tanh[i] * output * (one - output);
            dc[i] = by_cell * forget;
        }
    }
}

/// Scores to probabilities: those that the mask does not allow get 0, as if their score were minus infinity.
fn softmax<R: Real>(scores: &mut [R], mask: &[bool]) {
    let mut most = f64::NEG_INFINITY;
    for (score, is_allowed) in scores.iter().zip(mask) {
        if *is_allowed {
            most = most.max(score.wide());
        }
    }
    let below = |(score, is_allowed): (&R, &bool)| {
        if *is_allowed {
            score.wide() - most
        } else {
            0.0
        }
    };
    let mut powers: Vec<f64> = scores.iter().zip(mask).map(below).collect();
    let mut sum = 0.0;
    for (power, is_allowed) in powers.iter_mut().zip(mask) {
        *power = if *is_allowed { exp(*power) } else { 0.0 };
        sum += *power;
    }
    for (score, power) in scores.iter_mut().zip(powers) {
        *score = R::of(power / sum);
    }
}

fn add<R: Real>(sum: &mut [R], by: &[R]) {
    for (sum, by) in sum.iter_mut().zip(by) {
        *sum += *by;
    }
}
