//! What calls are remembered by.

use super::Ty;

/// A type as numbers to remember a call by; false where the type has parts that are not worth it.
pub(super) fn encode(ty: &Ty, key: &mut Vec<u64>) -> bool {
    match ty {
        Ty::Unknown => key.push(0),
        Ty::Unit => key.push(1),
        Ty::Bool => key.push(2),
        Ty::Num(numeric) | Ty::Rule(_, numeric) => {
            let facts = &numeric.facts;
            key.extend([3, facts.range.lo.to_bits(), facts.range.hi.to_bits()]);
            let flags = [
                facts.range.zero,
                facts.range.whole,
                facts.uses_grad,
                facts.is_random,
                facts.needs_matrix,
            ];
            let bits = flags
                .iter()
                .fold(0, |bits, flag| bits * 2 + u64::from(*flag));
            let shape = match facts.ty.shape.as_matrix() {
                None => 0,
                Some((rows, cols)) => {
                    1 + 3 * rows as u64
                        + cols as u64
                        + if facts.ty.shape.is_matrix() { 16 } else { 0 }
                }
            };
            key.extend([bits, facts.ty.stage as u64, shape, numeric.made as u64]);
            if let Ty::Rule(function, _) = ty {
                key.extend([4, u64::from(function.id)]);
            }
        }
        Ty::Fn(function) => key.extend([5, u64::from(function.id)]),
        Ty::Op(op) => key.extend([6, *op as u64]),
        Ty::Builtin(builtin) => key.extend([7, *builtin as u64]),
        Ty::Objective(count) => key.extend([8, count.map_or(u64::MAX, |count| count as u64)]),
        Ty::Report => key.push(9),
        Ty::Picture => key.push(10),
        Ty::Str(None) => key.push(11),
        Ty::Net(subject) => key.extend([13, subject.map_or(2, |subject| subject as u64)]),
        Ty::Task => key.push(14),
        Ty::Training => key.push(15),
        Ty::List(item) => {
            key.push(12);
            return encode(item, key);
        }
        Ty::Mask(_) | Ty::Str(Some(_)) | Ty::Record(_) => return false,
    }
    true
}
