//! Broadcasting, reductions, matrices, several parameters.

use super::*;
use crate::engine::matrix::norm;

#[test]
fn reductions_see_the_whole_parameter() {
    let reduced = |op: Op| {
        rule(|b| {
            let g = b.g();
            b.op(op, &[g])
        })
    };
    let g: &[f64] = &[3.0, -4.0];
    check(&reduced(Op::Norm), VECTOR, &[g], &[&[5.0, 5.0]]);
    check(&reduced(Op::Mean), VECTOR, &[g], &[&[-0.5, -0.5]]);
    check(&reduced(Op::Sum), VECTOR, &[g], &[&[-1.0, -1.0]]);
    let root = 12.5_f64.sqrt();
    check(&reduced(Op::Rms), VECTOR, &[g], &[&[root, root]]);
}

#[test]
fn rows_and_columns_stretch_over_a_matrix() {
    let g: &[f64] = &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let side = |op: Op| {
        rule(|b| {
            let g = b.g();
            let mean = b.op(op, &[g]);
            b.op(Op::Sub, &[g, mean])
        })
    };
    check(
        &side(Op::RowMean),
        MATRIX,
        &[g],
        &[&[-1.0, 0.0, 1.0, -1.0, 0.0, 1.0]],
    );
    check(
        &side(Op::ColMean),
        MATRIX,
        &[g],
        &[&[-1.5, -1.5, -1.5, 1.5, 1.5, 1.5]],
    );
    // An outer sum of [r, 1] and [1, c], and an update that is only a row.
    let outer = rule(|b| {
        let g = b.g();
        let (rows, cols) = (b.op(Op::RowMean, &[g]), b.op(Op::ColMean, &[g]));
        b.op(Op::Add, &[rows, cols])
    });
    check(&outer, MATRIX, &[g], &[&[4.5, 5.5, 6.5, 7.5, 8.5, 9.5]]);
    let row = rule(|b| {
        let g = b.g();
        b.op(Op::ColMean, &[g])
    });
    check(&row, MATRIX, &[g], &[&[2.5, 3.5, 4.5, 2.5, 3.5, 4.5]]);
}

#[test]
fn matrix_products_have_their_values() {
    let g: &[f64] = &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let product = rule(|b| {
        let g = b.g();
        let turned = b.op(Op::Transpose, &[g]);
        let gram = b.op(Op::MatMul, &[g, turned]);
        b.op(Op::MatMul, &[gram, g])
    });
    // [14 32; 32 77] @ [1 2 3; 4 5 6].
    check(
        &product,
        MATRIX,
        &[g],
        &[&[142.0, 188.0, 234.0, 340.0, 449.0, 558.0]],
    );
    let muon = rule(|b| {
        let g = b.g();
        b.with(Op::Orthogonalize, g, 5.0)
    });
    let update = &updates(&muon, MATRIX, &[g], 10)[0];
    let norm = norm(update);
    assert!(
        (norm - 2.0_f64.sqrt()).abs() < 0.4,
        "two singular values near 1: {norm}"
    );
}

#[test]
fn what_does_not_fit_is_refused_and_changes_nothing() {
    let turned = rule(|b| {
        let g = b.g();
        let turned = b.op(Op::Transpose, &[g]);
        b.op(Op::MatMul, &[turned, g])
    });
    let refused = |rule: &Rule, shape| Runner::new(rule, &[VECTOR, shape], 0).err();
    assert_eq!(
        Runner::new(&turned, &[MATRIX, VECTOR], 0).err(),
        Some(EngineError::UpdateShape {
            found: turned.ty().shape
        })
    );
    let rows = rule(|b| {
        let g = b.g();
        b.op(Op::RowMean, &[g])
    });
    let error = refused(&rows, MATRIX).expect("a vector is no matrix");
    assert_eq!(
        error,
        EngineError::MatrixRule {
            expected: Shape::FULL,
            found: VECTOR,
            tensor: 0
        }
    );
    assert_eq!(
        error.to_string(),
        "the rule needs a matrix `[r, c]`, the parameter is `[2]`"
    );
    let coordinate = rule(|b| b.leaf(Leaf::Coordinate(1)));
    assert_eq!(
        refused(&coordinate, VECTOR),
        Some(EngineError::Coordinate { index: 1 })
    );
    let total = rule(|b| {
        let g = b.g();
        b.op(Op::Total, &[g])
    });
    let mut runner = Runner::new(&total, &[VECTOR], 0).expect("the rule fits");
    let two = [1.0, 1.0];
    assert_eq!(
        runner.update(0, &two, &[1.0], 0, 1),
        Err(EngineError::WrongLength {
            expected: 2,
            found: 1
        })
    );
    assert_eq!(
        runner.update(1, &two, &two, 0, 1),
        Err(EngineError::UnknownTensor {
            tensor: 1,
            count: 1
        })
    );
    assert_eq!(runner.update(0, &two, &two, 0, 1), Ok(two.as_slice()));
}

#[test]
fn tensors_keep_their_state_apart() {
    let total = rule(|b| {
        let g = b.g();
        b.op(Op::Total, &[g])
    });
    let shapes = [TensorShape::Vector(1), TensorShape::Matrix(1, 2)];
    let mut runner = Runner::new(&total, &shapes, 0).expect("the rule fits");
    for step in 0..3 {
        let first = runner
            .update(0, &[0.0], &[1.0], step, 3)
            .map(<[f64]>::to_vec);
        let second = runner.update(1, &[0.0; 2], &[2.0, 3.0], step, 3);
        let times = count(usize::try_from(step).expect("small")) + 1.0;
        assert_eq!(first, Ok(vec![times]));
        assert_eq!(second, Ok([2.0 * times, 3.0 * times].as_slice()));
    }
    runner.reset(0);
    assert_eq!(runner.update(0, &[0.0], &[1.0], 0, 3), Ok([1.0].as_slice()));
}
