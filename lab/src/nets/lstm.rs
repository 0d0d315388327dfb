//! A language model: embedding, one LSTM, and the embedding again as output layer (Press and Wolf 2017), with variational dropout (Gal and Ghahramani 2016):
//! one mask for a unit of a sequence at all its steps, on what the LSTM reads, on its own past values, and on what it says.
//!
//! With 650 units and 10,000 words it has the ten million parameters of the paper's model.

use super::Vars;
use crate::random::{Draws, Purpose};
use tch::{Kind, Tensor};

/// The network.
#[derive(Debug)]
pub struct Lstm {
    embedding: Tensor,
    inward: Tensor,
    onward: Tensor,
    bias: Tensor,
    output_bias: Tensor,
    units: i64,
    dropout: f64,
}

/// What goes from one word to the next: `[sequences, units]` each.
#[derive(Debug)]
pub struct Memory {
    /// What the LSTM said last.
    pub said: Tensor,
    /// Its cells.
    pub cells: Tensor,
}

/// One mask a unit and sequence for each of the three places.
#[derive(Debug)]
pub struct Masks([Tensor; 3]);

impl Lstm {
    /// Before training. Forget gates start open (Jozefowicz et al. 2015).
    pub fn new(vars: &mut Vars, words: i64, units: u32, dropout: f64) -> Self {
        let bound = 1.0 / f64::from(units).sqrt();
        let units = i64::from(units);
        let bias = vars.constant("lstm.bias", &[4 * units], 0.0);
        let _ = tch::no_grad(|| bias.narrow(0, units, units).fill_(1.0));
        Self {
            embedding: vars.uniform("embedding", &[words, units], 0.1),
            inward: vars.uniform("lstm.inward", &[4 * units, units], bound),
            onward: vars.uniform("lstm.onward", &[4 * units, units], bound),
            bias,
            output_bias: vars.constant("output.bias", &[words], 0.0),
            units,
            dropout,
        }
    }

    /// The memory before the first word.
    pub fn memory(&self, sequences: i64) -> Memory {
        let zeros = || {
            Tensor::zeros(
                [sequences, self.units],
                (Kind::Float, self.embedding.device()),
            )
        };
        Memory {
            said: zeros(),
            cells: zeros(),
        }
    }

    /// The masks of a step of training; none where nothing is dropped.
    #[allow(clippy::cast_possible_truncation, reason = "masks are kept in f32")]
    pub fn masks(&self, seed: u64, step: u64, sequences: i64) -> Option<Masks> {
        if self.dropout <= 0.0 {
            return None;
        }
        let kept = (1.0 / (1.0 - self.dropout)) as f32;
        let mask = |part: u32| {
            let len = usize::try_from(sequences * self.units).unwrap_or(0);
            let draws = Draws::new(seed, Purpose::Dropout, step, part).uniform(len);
            let values: Vec<f32> = draws
                .iter()
                .map(|draw| if *draw < self.dropout { 0.0 } else { kept })
                .collect();
            Tensor::from_slice(&values)
                .view([sequences, self.units])
                .to_device(self.embedding.device())
        };
        Some(Masks([mask(0), mask(1), mask(2)]))
    }

    /// Scores of the next word, `[steps * sequences, words]`, from word numbers `[steps, sequences]`; the memory moves on.
    pub fn logits(&self, words: &Tensor, memory: &mut Memory, masks: Option<&Masks>) -> Tensor {
        let drop = |x: Tensor, place: usize| match masks {
            Some(Masks(masks)) => x * &masks[place],
            None => x,
        };
        let read = drop(
            Tensor::embedding(&self.embedding, words, -1, false, false),
            0,
        );
        // All steps at once: only the way onward has to wait for the step before.
        let read = read.linear(&self.inward, Some(&self.bias));
        let onward = self.onward.tr();
        let mut said = Vec::new();
        for read in read.unbind(0) {
            let past = drop(memory.said.shallow_clone(), 1);
            let gates = read.addmm(&past, &onward).chunk(4, 1);
            let (take, keep, say) = (gates[0].sigmoid(), gates[1].sigmoid(), gates[3].sigmoid());
            memory.cells = keep * &memory.cells + take * gates[2].tanh();
            memory.said = say * memory.cells.tanh();
            said.push(memory.said.shallow_clone());
        }
        let said = drop(Tensor::stack(&said, 0), 2).flatten(0, 1);
        said.linear(&self.embedding, Some(&self.output_bias))
    }

    /// The network in words.
    pub fn words(&self) -> String {
        let dropout = if self.dropout > 0.0 {
            format!("variational dropout {}", self.dropout)
        } else {
            "no dropout".to_owned()
        };
        format!(
            "LSTM of {} units, output tied to the embedding, {dropout}",
            self.units
        )
    }
}

impl Memory {
    /// The same values, without the way they came: what a step must not learn through.
    #[must_use]
    pub fn detached(&self) -> Self {
        Self {
            said: self.said.detach(),
            cells: self.cells.detach(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::Device;

    #[test]
    fn size_of_the_paper_is_ten_million() {
        let mut vars = Vars::new(0, Device::Cpu);
        Lstm::new(&mut vars, 10_000, 650, 0.5);
        assert_eq!(
            vars.parameter_count(),
            6_500_000 + 2 * 1_690_000 + 2_600 + 10_000
        );
    }

    #[test]
    fn values_are_those_of_libtorch_and_memory_moves_on() {
        let mut vars = Vars::new(4, Device::Cpu);
        let net = Lstm::new(&mut vars, 50, 8, 0.0);
        let words = Tensor::from_slice(&[1_i64, 2, 3, 4, 5, 6, 7, 8]).view([4, 2]);
        let mut memory = net.memory(2);
        let logits = net.logits(&words, &mut memory, None);
        let zeros = Tensor::zeros([1, 2, 8], (Kind::Float, Device::Cpu));
        let no_bias = Tensor::zeros([32], (Kind::Float, Device::Cpu));
        let weights = [&net.inward, &net.onward, &net.bias, &no_bias];
        let read = Tensor::embedding(&net.embedding, &words, -1, false, false);
        let (said, ..) = read.lstm(
            &[&zeros, &zeros],
            &weights,
            true,
            1,
            0.0,
            false,
            false,
            false,
        );
        let want = said
            .flatten(0, 1)
            .linear(&net.embedding, Some(&net.output_bias));
        assert!(logits.allclose(&want, 1e-5, 1e-6, false));
        let mut halves = net.memory(2);
        let first = net.logits(&words.narrow(0, 0, 2), &mut halves, None);
        let second = net.logits(&words.narrow(0, 2, 2), &mut halves, None);
        assert!(Tensor::cat(&[first, second], 0).allclose(&logits, 1e-5, 1e-6, false));
    }

    #[test]
    fn masks_are_the_same_at_all_steps_of_a_sequence() {
        let mut vars = Vars::new(4, Device::Cpu);
        let net = Lstm::new(&mut vars, 50, 64, 0.25);
        let masks = net.masks(1, 2, 3).expect("something is dropped");
        assert_eq!(masks.0[0].size(), [3, 64]);
        assert_ne!(masks.0[0], masks.0[1]);
        let kept = masks.0[0].gt(0.0).mean(Kind::Float).double_value(&[]);
        assert!((kept - 0.75).abs() < 0.1, "{kept}");
        assert!(
            net.masks(1, 3, 3)
                .is_some_and(|other| other.0[0] != masks.0[0])
        );
    }
}
