//! Which tokens can come next, and how many sentences there are.
//!
//! What comes after a beginning depends on little of it: which values depend on the gradient, what is remembered, and the tokens of the group under way.
//! Beginnings that agree in that share one count of their ends, so that sentences are counted exactly, masks never lead into a dead end, and all sentences can be
//! drawn with the same probability.

use super::space::{Builder, Constraints, Sentence, Slot, Space, SpaceError, slot};
use crate::ir::tokens::{Binary, GROUP_LENGTH};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// The bits of [`Cursor::depends`] for the operands of the group under way.
const FIRST: u8 = 1 << 6;
const SECOND: u8 = 1 << 7;

/// The beginning of a sentence, as far as it matters for its end.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct Cursor {
    place: u8,
    /// Which earlier groups, and which operands of this one, depend on the gradient.
    depends: u8,
    /// What is remembered, as bits; 0 where it does not matter.
    slots: u64,
    /// The tokens of this group; 0 where they do not matter any more.
    tokens: [u16; GROUP_LENGTH - 1],
}

impl Cursor {
    /// How many tokens there are.
    pub fn place(&self) -> usize {
        usize::from(self.place)
    }
}

/// The sentences of a space.
#[derive(Clone, Debug)]
pub struct Grammar {
    places: usize,
    choices: Vec<usize>,
    operands: usize,
    uses_gradient: Vec<bool>,
    state: Vec<u64>,
    is_left: Vec<bool>,
    is_sum: Vec<bool>,
    constraints: Constraints,
    /// Pairs of tokens, numbered operands first, then unary, then binary functions.
    forbidden: Vec<(usize, usize)>,
    counts: FxHashMap<Cursor, u128>,
    masks: FxHashMap<Cursor, Arc<[bool]>>,
}

impl Grammar {
    /// The sentences of a space.
    ///
    /// # Errors
    /// A space without any, or one whose operands remember too much.
    pub fn new(space: &Space) -> Result<Self, SpaceError> {
        let builder = Builder::new(space)?;
        let constraints = space.constraints();
        let names: Vec<&str> = space
            .operands()
            .iter()
            .map(super::space::Operand::name)
            .chain(space.unary().iter().map(|each| each.text()))
            .chain(space.binary().iter().map(|each| each.text()))
            .collect();
        let number = |name: &str| names.iter().position(|each| *each == name);
        let forbidden = constraints.forbidden.iter();
        let mut grammar = Self {
            places: space.places(),
            choices: (0..space.places()).map(|at| space.choices(at)).collect(),
            operands: space.operands().len(),
            uses_gradient: space
                .operands()
                .iter()
                .map(|each| each.rule().uses_grad())
                .collect(),
            state: (0..space.operands().len())
                .map(|at| builder.state(at))
                .collect(),
            is_left: space.binary().iter().map(|b| *b == Binary::Left).collect(),
            is_sum: space.binary().iter().map(|b| *b == Binary::Add).collect(),
            constraints: constraints.clone(),
            forbidden: forbidden
                .filter_map(|(a, b)| Some((number(a)?, number(b)?)))
                .collect(),
            counts: FxHashMap::default(),
            masks: FxHashMap::default(),
        };
        if grammar.size() == 0 {
            return Err(SpaceError::Empty);
        }
        Ok(grammar)
    }

    /// How many tokens a sentence has.
    pub fn places(&self) -> usize {
        self.places
    }

    /// How many tokens a place has to choose from.
    pub fn choices(&self, place: usize) -> usize {
        self.choices[place]
    }

    /// How many sentences there are.
    pub fn size(&mut self) -> u128 {
        self.count(Cursor::default())
    }

    /// The beginning with one more token; none where the constraints do not allow it there, whatever follows.
    pub fn after(&self, cursor: Cursor, token: u16) -> Option<Cursor> {
        let place = cursor.place();
        let (group, within) = (place / GROUP_LENGTH, place % GROUP_LENGTH);
        let token_index = usize::from(token);
        if token_index >= self.choices[place] || !self.may_join(cursor, token) {
            return None;
        }
        let mut next = cursor;
        next.place += 1;
        match within {
            0 | 1 => {
                let is_value = token_index >= self.operands;
                if within == 1 {
                    let first = usize::from(cursor.tokens[0]);
                    let has_value = is_value || first >= self.operands;
                    if (self.constraints.different_operands && first == token_index)
                        || (self.constraints.reuse && group > 0 && !has_value)
                    {
                        return None;
                    }
                }
                let depends = if is_value {
                    cursor.depends & (1 << (token_index - self.operands)) != 0
                } else {
                    self.uses_gradient[token_index]
                };
                if depends {
                    next.depends |= if within == 0 { FIRST } else { SECOND };
                }
                if let Some(most) = self.constraints.most_slots {
                    next.slots |= self.state.get(token_index).copied().unwrap_or(0);
                    if next.slots.count_ones() > most {
                        return None;
                    }
                }
                next.tokens[within] = token;
                // The operands matter no more where no pair of tokens does.
                if within == 1 && self.forbidden.is_empty() {
                    next.tokens = [0; GROUP_LENGTH - 1];
                }
            }
            2 | 3 => {
                if !self.forbidden.is_empty() {
                    next.tokens[within] = token;
                }
            }
            _ => {
                let is_last = place + 1 == self.places;
                if is_last && self.constraints.no_final_sum && self.is_sum[token_index] {
                    return None;
                }
                let depends = cursor.depends & FIRST != 0
                    || (!self.is_left[token_index] && cursor.depends & SECOND != 0);
                if is_last && self.constraints.needs_gradient && !depends {
                    return None;
                }
                next.depends &= !(FIRST | SECOND);
                if depends {
                    next.depends |= 1 << group;
                }
                next.tokens = [0; GROUP_LENGTH - 1];
            }
        }
        Some(next)
    }

    /// Whether a token forms no forbidden pair with those of its group.
    fn may_join(&self, cursor: Cursor, token: u16) -> bool {
        if self.forbidden.is_empty() {
            return true;
        }
        let within = cursor.place() % GROUP_LENGTH;
        let Some(new) = self.numbered(cursor.place(), token) else {
            return true;
        };
        let start = cursor.place() - within;
        (0..within).all(|at| {
            self.numbered(start + at, cursor.tokens[at])
                .is_none_or(|old| {
                    !self.forbidden.contains(&(old, new)) && !self.forbidden.contains(&(new, old))
                })
        })
    }

    /// The number of a token among all names; values of earlier groups have none.
    fn numbered(&self, place: usize, token: u16) -> Option<usize> {
        let token = usize::from(token);
        let unary = || self.choices[2];
        match slot(place) {
            Slot::Operand => (token < self.operands).then_some(token),
            Slot::Unary => Some(self.operands + token),
            Slot::Binary => Some(self.operands + unary() + token),
        }
    }

    /// In how many ways a beginning can be ended.
    pub fn count(&mut self, cursor: Cursor) -> u128 {
        if cursor.place() == self.places {
            return 1;
        }
        if let Some(known) = self.counts.get(&cursor) {
            return *known;
        }
        let mut sum = 0;
        for token in self.tokens(cursor.place()) {
            if let Some(next) = self.after(cursor, token) {
                sum += self.count(next);
            }
        }
        self.counts.insert(cursor, sum);
        sum
    }

    /// Which tokens can come next: none of them leads where no sentence ends.
    pub fn mask(&mut self, cursor: Cursor) -> Arc<[bool]> {
        if let Some(known) = self.masks.get(&cursor) {
            return Arc::clone(known);
        }
        let tokens = self.tokens(cursor.place());
        let mask: Arc<[bool]> = tokens
            .map(|token| {
                self.after(cursor, token)
                    .is_some_and(|next| self.count(next) > 0)
            })
            .collect();
        self.masks.insert(cursor, Arc::clone(&mask));
        mask
    }

    /// Whether a sentence belongs to the space.
    pub fn contains(&self, sentence: &[u16]) -> bool {
        let mut cursor = Some(Cursor::default());
        for token in sentence {
            cursor = cursor
                .filter(|cursor| cursor.place() < self.places)
                .and_then(|cursor| self.after(cursor, *token));
        }
        cursor.is_some_and(|cursor| cursor.place() == self.places)
    }

    /// A sentence, each with the same probability; `draw` gives numbers from [0, 1).
    pub fn uniform(&mut self, mut draw: impl FnMut() -> f64) -> Sentence {
        let mut cursor = Cursor::default();
        let mut sentence = Sentence::with_capacity(self.places);
        while cursor.place() < self.places {
            let mut left = share(draw(), self.count(cursor));
            let mut chosen = None;
            for token in self.tokens(cursor.place()) {
                let Some(next) = self.after(cursor, token) else {
                    continue;
                };
                let count = self.count(next);
                if count > 0 {
                    chosen = Some((token, next));
                }
                if left < count {
                    break;
                }
                left -= count;
            }
            let (token, next) = chosen.expect("a beginning that can be ended");
            sentence.push(token);
            cursor = next;
        }
        sentence
    }

    fn tokens(&self, place: usize) -> std::ops::Range<u16> {
        0..u16::try_from(self.choices[place]).unwrap_or(u16::MAX)
    }
}

/// A share of a number, below it.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a draw has 53 bits: which of more sentences it means is as random as the draw"
)]
fn share(draw: f64, of: u128) -> u128 {
    ((draw * of as f64) as u128).min(of.saturating_sub(1))
}
