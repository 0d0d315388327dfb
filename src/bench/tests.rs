//! Benchmarks of rules on small functions, with numbers that can be followed.

use super::report::Estimate;
use super::*;
use crate::ir::{Graph, NodeId};
use crate::op::{Leaf, Op};

fn rule(build: impl FnOnce(&mut Graph) -> NodeId) -> Rule {
    let mut graph = Graph::default();
    let root = build(&mut graph);
    Rule::new(&graph, root)
}

fn apply(graph: &mut Graph, op: Op, args: &[NodeId]) -> NodeId {
    graph.apply(op, args).expect("shapes fit")
}

fn sgd() -> Candidate {
    Candidate::new("sgd", rule(|graph| graph.leaf(Leaf::Grad)))
}

/// `drop(g, 0.5)`.
fn dropping() -> Candidate {
    let rule = rule(|graph| {
        let (g, p) = (graph.leaf(Leaf::Grad), graph.number(0.5));
        apply(graph, Op::Drop, &[g, p])
    });
    Candidate::new("dropping", rule)
}

/// `g / g`: not finite as soon as the gradient is 0.
fn fragile() -> Candidate {
    let rule = rule(|graph| {
        let g = graph.leaf(Leaf::Grad);
        apply(graph, Op::Div, &[g, g])
    });
    Candidate::new("fragile", rule)
}

/// `x^2` from 1.
fn parabola() -> Objective {
    let formula = rule(|graph| {
        let (x, two) = (graph.leaf(Leaf::Coordinate(0)), graph.number(2.0));
        apply(graph, Op::Pow, &[x, two])
    });
    Objective::new("parabola", vec!["x".to_owned()], &formula, vec![1.0])
        .and_then(|f| f.with_minima(vec![vec![0.0]]))
        .expect("plain ops only")
}

fn options(steps: u64, rates: &[f64]) -> Options {
    Options {
        steps,
        rates: rates.to_vec(),
        seeds: vec![0],
        starts: vec![],
        schedule: None,
        has_paths: true,
    }
}

fn go_on(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn bench(rules: &[Candidate], objective: &Objective, options: &Options) -> Report {
    run(rules, objective, options, &mut go_on).expect("everything is there")
}

#[test]
fn descent_on_a_parabola_halves_at_each_step() {
    // x <- x - 0.25 * 2x.
    let report = bench(&[sgd()], &parabola(), &options(10, &[0.25, 1e-3]));
    assert!(report.is_complete);
    assert_eq!(report.rates, [1e-3, 0.25]);
    assert_eq!(report.task.formula, "x^2");
    assert_eq!(report.task.least, Some(0.0));
    let best = report.entries[0]
        .best
        .as_ref()
        .expect("both rates converge");
    assert_eq!(best.rate, 0.25);
    let exact = |mean| Estimate {
        mean,
        half_width: None,
    };
    assert_eq!(best.last, exact(0.25_f64.powi(10)));
    assert_eq!(best.lowest, best.last);
    assert_eq!(best.distance, Some(exact(0.5_f64.powi(10))));
    // 4^-5 is just below 1e-3, 4^-10 just below 1e-6.
    assert_eq!(best.to_1e3, Some(exact(5.0)));
    assert_eq!(best.to_1e6, Some(exact(10.0)));
    let halved: Vec<f64> = (0..=10).map(|k| 0.5_f64.powi(k)).collect();
    let path: Vec<f64> = best.path.iter().map(|point| point.at[0]).collect();
    assert_eq!(path, halved);
}

#[test]
fn failed_runs_are_kept_and_lose() {
    // At 0.5 the first step lands on the minimum, the second divides 0 by 0.
    let report = bench(&[fragile()], &parabola(), &options(10, &[0.01, 1.0]));
    let failed = &report.entries[0].cells[1].runs[0];
    assert_eq!(failed.failed_at, Some(2));
    assert_eq!((failed.last, failed.lowest), (0.0, 0.0));
    let best = report.entries[0]
        .best
        .as_ref()
        .expect("the small rate works");
    assert_eq!(best.rate, 0.01);
    // Far too large a rate: the weights grow until they overflow.
    let report = bench(&[sgd()], &parabola(), &options(1000, &[1e6]));
    assert_eq!(report.entries[0].best, None);
    let run = &report.entries[0].cells[0].runs[0];
    assert!(run.failed_at.is_some_and(|step| step < 100));
    assert!(run.last.is_finite() && run.lowest == 1.0);
}

#[test]
fn every_rule_gets_the_same_noise_and_a_report_repeats() {
    let noisy = parabola().with_noise(0.3).expect("a deviation");
    let rules = [dropping(), sgd(), sgd()];
    let seeds = default_seeds(&rules, &noisy, None);
    assert_eq!(seeds, [0, 1, 2, 3, 4]);
    let options = Options {
        seeds,
        ..options(50, &[0.1])
    };
    let report = bench(&rules, &noisy, &options);
    assert_eq!(report.entries[1], report.entries[2]);
    assert_ne!(report.entries[0].cells, report.entries[1].cells);
    assert_eq!(report, bench(&rules, &noisy, &options));
    let best = report.entries[1].best.as_ref().expect("finite runs");
    assert!(best.last.half_width.is_some_and(|width| width > 0.0));
    let lasts: Vec<f64> = report.entries[1].cells[0]
        .runs
        .iter()
        .map(|run| run.last)
        .collect();
    assert!(
        lasts.windows(2).all(|pair| pair[0] != pair[1]),
        "seeds differ"
    );
}

#[test]
fn one_run_stands_for_all_seeds_where_nothing_is_random() {
    let options = Options {
        seeds: vec![3, 4, 5],
        ..options(5, &[0.25])
    };
    let report = bench(&[sgd()], &parabola(), &options);
    let runs = &report.entries[0].cells[0].runs;
    assert_eq!(runs.len(), 3);
    assert!(runs.iter().all(|run| *run == runs[0]));
    assert_eq!(default_seeds(&[sgd()], &parabola(), None), [0]);
}

#[test]
fn starts_are_where_they_should_be() {
    let objective = parabola().with_region(vec![(-3.0, 5.0)]).expect("a range");
    let starts = objective.random_starts(1000, 0).expect("there is a region");
    assert_eq!(
        starts[..10],
        objective.random_starts(10, 0).expect("as before")[..]
    );
    assert_ne!(
        starts[..10],
        objective.random_starts(10, 1).expect("others")[..]
    );
    let all: Vec<f64> = starts.iter().map(|at| at[0]).collect();
    assert!(all.iter().all(|x| (-3.0..5.0).contains(x)));
    // The mean of 1000 has a deviation of 8 / sqrt(12 * 1000) = 0.073.
    assert!((mean(all.iter().copied()) - 1.0).abs() < 0.3);
    assert_eq!(parabola().random_starts(3, 0), None);
    for bad in [
        vec![],
        vec![(0.0, 1.0); 2],
        vec![(1.0, 1.0)],
        vec![(0.0, f64::NAN)],
    ] {
        assert!(parabola().with_region(bad).is_err());
    }
}

#[test]
fn runs_from_many_starts_count_together() {
    let options = Options {
        starts: vec![vec![1.0], vec![-2.0], vec![0.0]],
        seeds: vec![0, 1],
        ..options(5, &[0.25])
    };
    let report = bench(&[sgd()], &parabola(), &options);
    let runs = &report.entries[0].cells[0].runs;
    let lasts: Vec<f64> = runs.iter().map(|run| run.last).collect();
    let first = 0.25_f64.powi(5);
    assert_eq!(lasts, [first, first, 4.0 * first, 4.0 * first, 0.0, 0.0]);
    let best = report.entries[0].best.as_ref().expect("finite runs");
    // 4 * 4^-5 is above 1e-3, 4^-5 below.
    assert_eq!(best.solved, Some(4.0 / 6.0));
    assert_eq!(best.path[0].at, [1.0]);
    let table = report.table();
    assert!(
        table.contains("parabola from 3 starts") && table.contains("67 %"),
        "{table}"
    );
    let bad = Options {
        starts: vec![vec![1.0, 2.0]],
        ..options.clone()
    };
    let error = run(&[sgd()], &parabola(), &bad, &mut go_on).expect_err("one number too many");
    assert_eq!(
        error,
        BenchError::StartLength {
            expected: 1,
            found: 2
        }
    );
}

#[test]
fn schedule_multiplies_the_learning_rate() {
    // 1 - t/T with T = 2: full, then half.
    let decay = rule(|graph| {
        let (one, t, total) = (
            graph.number(1.0),
            graph.leaf(Leaf::Step),
            graph.leaf(Leaf::Total),
        );
        let share = apply(graph, Op::Div, &[t, total]);
        apply(graph, Op::Sub, &[one, share])
    });
    let options = Options {
        schedule: Some(decay),
        ..options(2, &[0.25])
    };
    let report = bench(&[sgd()], &parabola(), &options);
    let best = report.entries[0].best.as_ref().expect("finite runs");
    let path: Vec<f64> = best.path.iter().map(|point| point.at[0]).collect();
    assert_eq!(path, [1.0, 0.5, 0.375]);
}

#[test]
fn path_is_thinned_with_both_ends_kept() {
    for steps in [998, 999, 1000, 1001, 4000, 12_345] {
        let report = bench(&[sgd()], &parabola(), &options(steps, &[1e-4]));
        let best = report.entries[0].best.as_ref().expect("finite runs");
        let marks: Vec<u64> = best.path.iter().map(|point| point.step).collect();
        assert_eq!((marks[0], marks[marks.len() - 1]), (0, steps));
        assert!(marks.is_sorted() && marks.len() <= 1000 && marks.len() >= 999);
        let point = &best.path[marks.len() / 2];
        assert_eq!(point.value, point.at[0] * point.at[0]);
    }
}

#[test]
fn baselines_come_last_and_ranking_goes_by_result() {
    let baseline = Candidate {
        is_baseline: true,
        ..sgd()
    };
    let options = options(100, &[1e-3]);
    let report = bench(&[baseline, fragile(), dropping()], &parabola(), &options);
    let names: Vec<&str> = report
        .entries
        .iter()
        .map(|entry| entry.name.as_str())
        .collect();
    assert_eq!(names, ["fragile", "dropping", "sgd"]);
    // A fixed step of 1e-3 loses to a gradient of 2, all of it wins over half of it.
    assert_eq!(report.ranking(), [2, 1, 0]);
}

#[test]
fn breaking_off_keeps_what_is_finished() {
    let mut beats = Vec::new();
    let rates: Vec<f64> = (1..=80_u8).map(|k| f64::from(k) * 1e-3).collect();
    let report = run(
        &[sgd(), sgd()],
        &parabola(),
        &options(2500, &rates),
        &mut |progress| {
            beats.push((progress.entry, progress.done));
            if progress.done < 160_000 {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        },
    );
    let report = report.expect("everything is there");
    // Most learning rates of the first rule run together: every thousand steps, and when they are done.
    assert_eq!(beats, [(0, 64_000), (0, 128_000), (0, 160_000)]);
    assert!(!report.is_complete);
    assert_eq!(report.entries[0].cells.len(), 64);
    assert_eq!(report.entries[1].cells.len(), 0);
    let best = report.entries[0]
        .best
        .as_ref()
        .expect("some of its learning rates are finished");
    assert_eq!((best.rate, best.path.len()), (0.064, 1000));
}

#[test]
fn what_is_missing_is_said_before_anything_runs() {
    let refused = |rules: &[Candidate], options: &Options| {
        run(rules, &parabola(), options, &mut |_| {
            unreachable!("nothing runs")
        })
        .err()
    };
    assert_eq!(refused(&[], &options(1, &[0.1])), Some(BenchError::NoRules));
    assert_eq!(
        refused(&[sgd()], &options(0, &[0.1])),
        Some(BenchError::NoSteps)
    );
    assert_eq!(
        refused(&[sgd()], &options(1, &[])),
        Some(BenchError::NoRates)
    );
    for rate in [0.0, -1.0, f64::INFINITY] {
        let error = refused(&[sgd()], &options(1, &[0.1, rate]));
        assert_eq!(error, Some(BenchError::Rate { rate }));
    }
    assert!(refused(&[sgd()], &options(1, &[f64::NAN])).is_some());
    let no_seeds = Options {
        seeds: vec![],
        ..options(1, &[0.1])
    };
    assert_eq!(refused(&[sgd()], &no_seeds), Some(BenchError::NoSeeds));
    let schedule = Options {
        schedule: Some(sgd().rule),
        ..options(1, &[0.1])
    };
    assert_eq!(refused(&[sgd()], &schedule), Some(BenchError::Schedule));
    let rows = rule(|graph| {
        let g = graph.leaf(Leaf::Grad);
        apply(graph, Op::RowMean, &[g])
    });
    let error = refused(&[Candidate::new("rows", rows)], &options(1, &[0.1]));
    assert_eq!(
        error.map(|error| error.to_string()),
        Some("`rows`: the rule needs a matrix `[r, c]`, the parameter is `[1]`".to_owned())
    );
}

#[test]
fn report_survives_its_text_form() {
    let report = bench(&[sgd(), fragile()], &parabola(), &options(3, &[0.1, 1.0]));
    let text = ron::to_string(&report).expect("plain data");
    assert_eq!(ron::from_str::<Report>(&text).expect("plain data"), report);
}
