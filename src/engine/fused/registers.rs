//! Registers by liveness: a block is free again after its last reader.

use super::program::{Instruction, Place, Program};

/// Gives every pass as few registers as its longest queue of living values needs.
pub(super) fn allocate(program: &mut Program) {
    for pass in &mut program.passes {
        let count = allocate_pass(&mut pass.instructions);
        program.registers = program.registers.max(count);
    }
}

fn allocate_pass(instructions: &mut [Instruction]) -> usize {
    let highest = instructions.iter().flat_map(places).filter_map(register);
    let values = highest.max().map_or(0, |highest| usize::from(highest) + 1);
    let mut last_reader = vec![0; values];
    for (index, instruction) in instructions.iter().enumerate() {
        for value in places(instruction).filter_map(register) {
            last_reader[usize::from(value)] = index;
        }
    }
    let mut homes: Vec<Option<u16>> = vec![None; values];
    let mut free: Vec<u16> = Vec::new();
    let mut count = 0;
    for (index, instruction) in instructions.iter_mut().enumerate() {
        let read = instruction.args;
        // What is written is never also read: the result has its home before the operands lose theirs.
        if let Some(value) = register(instruction.out) {
            let home = free.pop().unwrap_or_else(|| {
                count += 1;
                count - 1
            });
            homes[usize::from(value)] = Some(home);
            instruction.out = Place::Register(home);
            if last_reader[usize::from(value)] == index {
                free.push(home);
            }
        }
        for place in &mut instruction.args {
            if let Some(value) = register(*place) {
                let home = homes[usize::from(value)].expect("values are made before they are read");
                *place = Place::Register(home);
            }
        }
        for (position, value) in read.iter().enumerate() {
            if let Some(value) = register(*value)
                && last_reader[usize::from(value)] == index
                && !read[..position].contains(&Place::Register(value))
            {
                free.extend(homes[usize::from(value)]);
            }
        }
    }
    usize::from(count)
}

fn places(instruction: &Instruction) -> impl Iterator<Item = Place> {
    instruction.args.into_iter().chain([instruction.out])
}

fn register(place: Place) -> Option<u16> {
    match place {
        Place::Register(value) => Some(value),
        Place::Nowhere | Place::Grad | Place::Weight | Place::State(_) | Place::Temporary(_) => {
            None
        }
    }
}
