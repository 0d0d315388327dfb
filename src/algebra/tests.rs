//! Normal forms as tables a reader can check.

use super::*;
use crate::context::{Context, Silent};

fn normal(text: &str) -> Normal {
    let rule = Context::new()
        .rule("test", text, &mut Silent)
        .unwrap_or_else(|problems| panic!("{text}: {problems:?}"));
    Algebra::new().normal(&rule)
}

#[track_caller]
fn check(text: &str, want: &str) {
    let found = normal(text);
    assert_eq!(found.text(), want, "{text} ({:?})", found.trouble());
}

#[test]
fn prints() {
    for text in ["g", "powersign", "addsign", "adam", "rmsprop", "mhat", "momentum", "g - g", "2*g", "g/3", "0.1*(3*g)",
        "(1 + sign(g)*sign(m))*g", "sign(g)*|g|", "sqrt|g|*g", "g/g", "log|g| - log|g|", "clip(2*g, 1e-3)", "sqrt|clip(g,1e-4)|",
        "drop(g, 0.3)", "g - drop(g, 0.3)", "drop(drop(g,0.1),0.3)", "eps*g", "g - eps", "2^(3*g)", "e^(g+2)*g", "1.5^m*g", "norm(g)*g", "rms(g)", "|g+m|",
        "(g+m)/(g+m)", "(g+m)^2", "where(g>0,g,-g)", "max(1, norm(g))", "g / (sqrt(v) + delta)", "m/(1-0.9^(t+1))", "lion", "adamw", "lamb", "adafactor", "muon", "nadam","powersign(f: cd)", "g^m", "|g|^m", "sqrt(g)", "sqrt(g)^2", "log(g)", "e^drop(g,0.3)", "tanh(-g)", "sigmoid(-w)", "g + e + e",
        "(fn(d1) => d1 * e^d1)(drop(g, 0.3))", "amsgrad", "adagrad", "adadelta", "last(update)+g", "ema(2*g + m, 0.9)", "sign(g)^sign(g)"] {
        let n = normal(text);
        println!("{text:30} => {}   {:?}", n.text(), n.trouble());
    }
}

#[test]
fn zz() { check("g", "g"); }
#[test]
fn yy() {
    for line in std::fs::read_to_string("/tmp/t.txt").unwrap_or_default().lines() {
        let n = normal(line);
        println!("{line:30} => {}   {:?}", n.text(), n.trouble());
    }
}
#[test]
fn xx() {
    let mut context = Context::new();
    let rule = context.rule("t", "drop(1, 0.5)^drop(1, 0.1)", &mut Silent).unwrap();
    let mut store = Store::new();
    let poly = store.read(&rule);
    let show = |store: &mut Store, p| { let mut e = Emitter::new(store, p); let n = e.poly(p); crate::ir::text(&e.graph, n) };
    println!("=> read {}", show(&mut store, poly));
    let p = store.split_by_masks(poly); println!("=> split {}", show(&mut store, p));
    println!("=> outside {:?}", store.masks(p)); for t in store.terms(p).to_vec() { println!("=> {:?} {:?}", t, store.factors(t.mono)); }
    let q = store.merge_masks(p); println!("=> merged {} {}", show(&mut store, q), p == q); let p = q;
    let p = store.turn_masks(p); println!("=> turned {}", show(&mut store, p));
    let p = store.name_masks(p); println!("=> named {}", show(&mut store, p));
}
