use nos::context::{Context, Input, Silent};
use nos::search::ppo;
use nos::search::{
    run::{self},
    *,
};
use std::ops::ControlFlow;
fn value(c: &mut Context, t: &str) -> nos::eval::Value {
    c.run("t", t, None, Input::Prompt, &mut Silent)
        .value
        .unwrap()
}
fn main() {
    let mut c = Context::new();
    let nos::eval::Value::Objective(o) = value(&mut c, "rosenbrock") else {
        panic!()
    };
    let mut f = Function::new((*o).clone());
    f.steps = 1000;
    let mut starts = vec![o.start().to_vec()];
    starts.extend(o.random_starts(2, 0).unwrap());
    f.starts = starts;
    let which = std::env::args().nth(1).unwrap();
    let nos::eval::Value::Space(space) = value(&mut c, &format!("space(\"{which}\", depth: 2)"))
    else {
        panic!()
    };
    let budget: u64 = std::env::args().nth(2).unwrap().parse().unwrap();
    let seeds: u64 = 4;
    let q = ppo::Settings::quick();
    let mut rows: Vec<(String, Which, ppo::Settings)> = vec![
        ("random".into(), Which::Random, q),
        ("evolution".into(), Which::Evolution, q),
        ("quick".into(), Which::Ppo, q),
    ];
    for entropy in [0.01, 0.03, 0.06, 0.1] {
        for rate in [5e-3, 2e-3] {
            for risk in [None, Some(0.2)] {
                rows.push((
                    format!("entropy {entropy} rate {rate} risk {risk:?}"),
                    Which::Ppo,
                    ppo::Settings {
                        entropy,
                        rate,
                        risk,
                        ..q
                    },
                ));
            }
        }
    }
    for (name, which, ppo) in rows {
        let spec = Spec {
            space: (*space).clone(),
            tasks: vec![Task::Function(Box::new(f.clone()))],
            policies: vec![which],
            seeds,
            budget,
            leaders: 3,
            ppo,
            imitated: vec![],
            baselines: vec![],
        };
        let outs: Vec<_> = spec
            .legs()
            .into_iter()
            .map(|leg| run::alone(&spec, leg, &mut |_| ControlFlow::Continue(())).unwrap())
            .collect();
        let st = run::standings(&outs);
        let diff: usize = outs.iter().map(|o| o.different).sum::<usize>() / outs.len();
        println!(
            "{name:45} best {:.3} ± {:.3} last {:.3} different {diff} all {:?}",
            st[0].best.mean,
            st[0].best.half_width.unwrap_or(0.0),
            st[0].last.mean,
            outs.iter()
                .map(|o| (o.curve.last().unwrap().best * 1000.0).round() / 1000.0)
                .collect::<Vec<_>>()
        );
    }
}
