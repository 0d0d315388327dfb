//! State: where it is kept, when it is moved on, when it is written.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "of the ops that keep state, the last is the rest"
)]

use super::{Fact, Lower, Value};
use crate::engine::fused::program::{
    Instruction, Kernel, ONE, Place, RATE, Scalar, ScalarWork, Slot,
};
use crate::ir::{self, NodeId, Origin};
use crate::op::Op;

impl Lower<'_> {
    pub(super) fn wide_state(
        &mut self,
        id: NodeId,
        fact: Fact,
        op: Op,
        args: &[NodeId],
        x: Place,
    ) -> Value {
        if op == Op::Last {
            if self.graph().is_old_value(id) {
                return Value::Wide(Place::State(self.shared[&args[0]]));
            }
            let initial = self.graph().node(args[1]).as_number().unwrap_or(0.0);
            let slot = self.wide_slot(id, initial);
            self.deferred.push((slot, Value::Wide(x)));
            return Value::Wide(Place::State(slot));
        }
        let initial = if op == Op::Peak {
            f64::NEG_INFINITY
        } else {
            0.0
        };
        let slot = self.wide_slot(id, initial);
        let state = Place::State(slot);
        let (kernel, scalars) = match op {
            Op::Ema => {
                let beta = self.narrow(args[1]);
                let rest = self.rest(fact, beta);
                (Kernel::Ema, vec![beta, rest])
            }
            Op::Trace => (Kernel::Trace, vec![self.narrow(args[1])]),
            Op::Total => (Kernel::Total, vec![]),
            _ => (Kernel::Peak, vec![]),
        };
        if let Some(shared) = self.shared.get_mut(&id) {
            // Something still reads the old value: the new one waits in a register.
            *shared = slot;
            let scalars = match op {
                Op::Ema => scalars,
                Op::Trace => vec![scalars[0], ONE],
                _ => vec![ONE, ONE],
            };
            let value = self.emit(fact, Kernel::Combine, &[state, x], &scalars);
            self.deferred.push((slot, value));
            return value;
        }
        self.push(fact.pass, Instruction::new(kernel, state, &[x], &scalars));
        Value::Wide(state)
    }

    pub(super) fn narrow_state(
        &mut self,
        id: NodeId,
        fact: Fact,
        op: Op,
        args: &[NodeId],
        x: Scalar,
    ) -> Value {
        let initial = match op {
            Op::Peak => f64::NEG_INFINITY,
            Op::Last => self.graph().node(args[1]).as_number().unwrap_or(0.0),
            _ => 0.0,
        };
        let slot = u16::try_from(self.program.narrow.len()).expect("fewer than 2^16 slots");
        let slot_info = self.slot(id, initial);
        self.program.narrow.push(slot_info);
        if op == Op::Last {
            let last = self.last_pass;
            self.program.passes[last].remembered.push((x, slot));
            return self.scalar(fact, ScalarWork::Recall { slot });
        }
        let by = args.get(1).map_or(0, |arg| self.narrow(*arg));
        self.scalar(fact, ScalarWork::Advance { op, x, by, slot })
    }

    /// Writes what is remembered, then the parameter.
    pub(super) fn finish(&mut self) {
        let last = self.last_pass;
        let held: Vec<u16> = self.deferred.iter().map(|(slot, _)| *slot).collect();
        let mut root = self.value(self.rule.root());
        let mut deferred = std::mem::take(&mut self.deferred);
        let values = deferred.iter_mut().map(|(_, value)| value);
        for value in values.chain([&mut root]) {
            if let Value::Wide(Place::State(slot)) = *value
                && held.contains(&slot)
            {
                let copy = self.register();
                let source = Place::State(slot);
                self.push(last, Instruction::new(Kernel::Copy, copy, &[source], &[]));
                *value = Value::Wide(copy);
            }
        }
        for (slot, value) in deferred {
            let state = Place::State(slot);
            let write = match value {
                Value::Wide(x) => Instruction::new(Kernel::Copy, state, &[x], &[]),
                Value::Scalar(a) => Instruction::new(Kernel::Fill, state, &[], &[a]),
            };
            self.push(last, write);
        }
        let step = match root {
            Value::Wide(x) => Instruction::new(Kernel::Step, Place::Weight, &[x], &[RATE]),
            Value::Scalar(a) => {
                Instruction::new(Kernel::StepScalar, Place::Weight, &[], &[RATE, a])
            }
        };
        self.push(last, step);
    }

    fn slot(&self, id: NodeId, initial: f64) -> Slot {
        #[allow(clippy::cast_possible_truncation, reason = "state is kept in f32")]
        Slot {
            name: ir::text(self.graph(), id),
            initial: initial as f32,
        }
    }

    fn wide_slot(&mut self, id: NodeId, initial: f64) -> u16 {
        let slot = self.slot(id, initial);
        self.program.wide.push(slot);
        u16::try_from(self.program.wide.len() - 1).expect("fewer than 2^16 slots")
    }

    pub(super) fn update_slot(&mut self, rule: Origin) -> u16 {
        if let Some(slot) = self.updates.get(&rule) {
            return *slot;
        }
        self.program.wide.push(Slot {
            name: "last(update)".to_owned(),
            initial: 0.0,
        });
        let slot = u16::try_from(self.program.wide.len() - 1).expect("fewer than 2^16 slots");
        self.updates.insert(rule, slot);
        slot
    }
}
