//! The lines of memory that a chunk of a tensor is made of.
//!
//! A step of many small tensors makes a list of them for each tensor. Most rules have few, so the first ones lie in the list itself and
//! nothing is allocated.

use std::mem::take;
use std::ops::{Index, IndexMut};

/// Lines that need no allocation.
const FEW: usize = 6;

/// Slices to be written, by number.
#[derive(Default)]
pub(super) struct Lines<'a> {
    few: [&'a mut [f32]; FEW],
    len: usize,
    more: Vec<&'a mut [f32]>,
}

impl<'a> Lines<'a> {
    pub(super) fn len(&self) -> usize {
        self.len + self.more.len()
    }

    pub(super) fn push(&mut self, line: &'a mut [f32]) {
        if let Some(place) = self.few.get_mut(self.len) {
            *place = line;
            self.len += 1;
        } else {
            self.more.push(line);
        }
    }

    /// The first elements of every line; the rest stay.
    pub(super) fn split_off(&mut self, count: usize) -> Self {
        let lines = self.few[..self.len].iter_mut().chain(&mut self.more);
        let heads = lines.map(|line| {
            let (head, tail) = take(line).split_at_mut(count);
            *line = tail;
            head
        });
        heads.collect()
    }
}

impl<'a> Extend<&'a mut [f32]> for Lines<'a> {
    fn extend<T: IntoIterator<Item = &'a mut [f32]>>(&mut self, lines: T) {
        lines.into_iter().for_each(|line| self.push(line));
    }
}

impl<'a> FromIterator<&'a mut [f32]> for Lines<'a> {
    fn from_iter<T: IntoIterator<Item = &'a mut [f32]>>(lines: T) -> Self {
        let mut all = Self::default();
        all.extend(lines);
        all
    }
}

impl<'a> Index<usize> for Lines<'a> {
    type Output = &'a mut [f32];

    fn index(&self, line: usize) -> &Self::Output {
        match self.few.get(line) {
            Some(line) => line,
            None => &self.more[line - FEW],
        }
    }
}

impl IndexMut<usize> for Lines<'_> {
    fn index_mut(&mut self, line: usize) -> &mut Self::Output {
        match self.few.get_mut(line) {
            Some(line) => line,
            None => &mut self.more[line - FEW],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_by_number_however_many_there_are() {
        for count in 0..=2 * FEW {
            let mut memory = vec![[0.0; 3]; count];
            let mut rest: Lines<'_> = memory.iter_mut().map(<[f32; 3]>::as_mut_slice).collect();
            let mut head = rest.split_off(1);
            assert_eq!((head.len(), rest.len()), (count, count));
            let numbers: Vec<f32> = (1_u8..).take(count).map(f32::from).collect();
            for (line, number) in numbers.iter().enumerate() {
                head[line].fill(*number);
                rest[line].fill(-number);
            }
            let want: Vec<[f32; 3]> = numbers.iter().map(|x| [*x, -x, -x]).collect();
            assert_eq!(memory, want);
        }
    }
}
