//! Spaces small enough to be written out, and gradients against differences.
#![allow(
    clippy::cast_precision_loss,
    clippy::float_cmp,
    clippy::needless_range_loop,
    reason = "small numbers, exact values, and parameters that change while they are walked over"
)]

use super::descent::{descent, slow_descent};
use super::grammar::{Cursor, Grammar};
use super::network::Network;
use super::policy::{Draws, Evolution, Policy, Random, Tried};
use super::ppo::{self, Batch, Ppo, Settings};
use super::space::{Builder, Constraints, Operand, Sentence, Space, SpaceError};
use crate::ir::tokens::{Binary, GROUP_LENGTH, Unary};
use crate::ir::{Graph, Rule};
use crate::op::{Leaf, Op};

fn operand(text: &str) -> Operand {
    let mut graph = Graph::default();
    let (g, one, beta) = (graph.leaf(Leaf::Grad), graph.number(1.0), graph.number(0.9));
    let w = graph.leaf(Leaf::Weight);
    let mut apply = |op, args: &[_]| graph.apply(op, args).expect("shapes fit");
    let root = match text {
        "g" => g,
        "w" => w,
        "m" => apply(Op::Ema, &[g, beta]),
        "1" => one,
        _ => {
            let turned = apply(Op::Transpose, &[g]);
            apply(Op::MatMul, &[g, turned])
        }
    };
    Operand::new(text, Rule::new(&graph, root))
}

/// Three operands, two unary and three binary functions.
fn small(groups: usize, constraints: Constraints) -> Space {
    Space::new(
        ["g", "m", "1"].map(operand).to_vec(),
        vec![Unary::Id, Unary::Sign],
        vec![Binary::Add, Binary::Mul, Binary::Left],
        groups,
        constraints,
    )
    .expect("a space")
}

/// Every sentence, allowed or not.
fn all(space: &Space) -> Vec<Sentence> {
    let mut sentences = vec![Sentence::new()];
    for place in 0..space.places() {
        let choices = 0..u16::try_from(space.choices(place)).expect("few");
        sentences = sentences
            .iter()
            .flat_map(|begun| {
                choices.clone().map(|token| {
                    let mut longer = begun.clone();
                    longer.push(token);
                    longer
                })
            })
            .collect();
    }
    sentences
}

#[test]
fn rules_descend_on_many_elements_as_on_each() {
    for unary in [vec![Unary::Id, Unary::Exp, Unary::Log], Unary::ALL.to_vec()] {
        let space = Space::new(
            ["g", "m", "w", "1"].map(operand).to_vec(),
            unary,
            Binary::ALL.to_vec(),
            2,
            Constraints::default(),
        )
        .expect("a space");
        let (mut grammar, mut builder) = (
            Grammar::new(&space).expect("not empty"),
            Builder::new(&space).expect("little state"),
        );
        let draws = Draws { seed: 5 };
        let mut finite = 0;
        for trial in 0..300 {
            let sentence = grammar.uniform(draws.of(trial));
            let rule = builder.rule(&sentence).expect("shapes fit");
            let (found, want) = (descent(&rule), slow_descent(&rule));
            assert_eq!(
                found.map(f64::to_bits),
                want.map(f64::to_bits),
                "{}",
                rule.text()
            );
            finite += u32::from(found.is_some());
        }
        assert!(finite > 100, "{finite}");
    }
}

/// The constraints as one would say them, on the names of the tokens.
fn is_allowed(space: &Space, sentence: &[u16]) -> bool {
    let constraints = space.constraints();
    let names: Vec<String> = (0..)
        .zip(sentence)
        .map(|(place, token)| space.name(place, *token))
        .collect();
    let mut depends: Vec<bool> = Vec::new();
    let mut slots: Vec<&str> = Vec::new();
    for (k, group) in names.chunks(GROUP_LENGTH).enumerate() {
        let [x, y, _, _, b] = group else {
            return false;
        };
        let is_last = k + 1 == space.groups();
        let of_g = |name: &String| match name.strip_prefix('$') {
            Some(number) => depends[number.parse::<usize>().expect("a number") - 1],
            None => name == "g" || name == "m",
        };
        let own = of_g(x) || (b != "left" && of_g(y));
        depends.push(own);
        slots.extend([x, y].into_iter().filter(|name| *name == "m").map(|_| "m"));
        slots.dedup();
        let is_reused = x.starts_with('$') || y.starts_with('$');
        let has_pair = |(a, b): &(String, String)| {
            let places: Vec<usize> = (0..group.len()).filter(|i| group[*i] == *a).collect();
            places
                .iter()
                .any(|at| (0..group.len()).any(|i| i != *at && group[i] == *b))
        };
        if (constraints.different_operands && x == y)
            || (constraints.reuse && k > 0 && !is_reused)
            || (constraints.no_final_sum && is_last && b == "add")
            || (constraints.needs_gradient && is_last && !own)
            || constraints.forbidden.iter().any(has_pair)
        {
            return false;
        }
    }
    constraints
        .most_slots
        .is_none_or(|most| slots.len() <= most as usize)
}

fn pair(a: &str, b: &str) -> (String, String) {
    (a.to_owned(), b.to_owned())
}

#[test]
fn masks_allow_what_the_constraints_say() {
    let none = Constraints::none();
    for constraints in [
        none.clone(),
        Constraints::default(),
        Constraints {
            different_operands: true,
            ..none.clone()
        },
        Constraints {
            no_final_sum: true,
            ..none.clone()
        },
        Constraints {
            needs_gradient: true,
            ..none.clone()
        },
        Constraints {
            most_slots: Some(0),
            ..none.clone()
        },
        Constraints {
            forbidden: vec![pair("g", "sign"), pair("sign", "sign"), pair("m", "mul")],
            ..Constraints::default()
        },
    ] {
        let space = small(1, constraints);
        let mut grammar = Grammar::new(&space).expect("not empty");
        let mut count = 0;
        for sentence in all(&space) {
            let is_allowed = is_allowed(&space, &sentence);
            count += u128::from(is_allowed);
            assert_eq!(
                grammar.contains(&sentence),
                is_allowed,
                "{}",
                space.text(&sentence)
            );
            // The masks say so token by token.
            let mut cursor = Some(Cursor::default());
            for token in &sentence {
                cursor = cursor
                    .filter(|cursor| grammar.mask(*cursor)[usize::from(*token)])
                    .and_then(|cursor| grammar.after(cursor, *token));
            }
            assert_eq!(cursor.is_some(), is_allowed, "{}", space.text(&sentence));
        }
        assert_eq!(grammar.size(), count, "{:?}", space.constraints());
    }
}

#[test]
fn later_groups_use_earlier_ones() {
    let space = Space::new(
        ["g", "1"].map(operand).to_vec(),
        vec![Unary::Id],
        vec![Binary::Mul, Binary::Left],
        2,
        Constraints::default(),
    )
    .expect("a space");
    let mut grammar = Grammar::new(&space).expect("not empty");
    let allowed: Vec<Sentence> = all(&space)
        .into_iter()
        .filter(|sentence| is_allowed(&space, sentence))
        .collect();
    assert_eq!(grammar.size(), allowed.len() as u128);
    assert!(allowed.iter().all(|sentence| grammar.contains(sentence)));
    let mut builder = Builder::new(&space).expect("little state");
    let texts: Vec<String> = allowed
        .iter()
        .map(|sentence| builder.rule(sentence).expect("shapes fit").text())
        .collect();
    let goal = [0, 1, 0, 0, 0, 2, 0, 0, 0, 0];
    assert_eq!(space.text(&goal), "g 1 id id mul; $1 g id id mul");
    let place = allowed.iter().position(|each| *each == goal);
    // The graph folds a product with 1.
    assert_eq!(texts[place.expect("it is allowed")], "g * g");
    // What is drawn evenly is drawn evenly: 2000 draws over few sentences.
    let draws = Draws { seed: 1 };
    let mut seen = vec![0_u32; allowed.len()];
    for trial in 0..2000 {
        let sentence = grammar.uniform(draws.of(trial));
        let index = allowed.iter().position(|each| *each == sentence);
        seen[index.expect("an allowed sentence")] += 1;
    }
    let expected = 2000.0 / allowed.len() as f64;
    let spread: f64 = seen
        .iter()
        .map(|n| (f64::from(*n) - expected).powi(2) / expected)
        .sum();
    // Chi squared: its mean is the number of classes less one, its deviation the root of twice that.
    let freedom = (allowed.len() - 1) as f64;
    assert!(
        spread < freedom + 5.0 * (2.0 * freedom).sqrt(),
        "{spread} of {freedom}"
    );
}

#[test]
fn spaces_that_are_none_say_why() {
    let make = |operands: Vec<Operand>, groups, constraints| {
        Space::new(
            operands,
            vec![Unary::Id],
            vec![Binary::Left],
            groups,
            constraints,
        )
    };
    let ones = || vec![operand("1"), operand("w")];
    let error = make(vec![], 1, Constraints::none()).expect_err("nothing there");
    assert_eq!(error, SpaceError::Nothing { what: "operands" });
    let error = make(ones(), 5, Constraints::none()).expect_err("too many");
    assert_eq!(error, SpaceError::Groups { found: 5 });
    let twice = vec![operand("w"), operand("w")];
    let error = make(twice, 1, Constraints::none()).expect_err("twice");
    assert_eq!(
        error,
        SpaceError::Twice {
            name: "w".to_owned()
        }
    );
    let unknown = Constraints {
        forbidden: vec![pair("w", "x")],
        ..Constraints::none()
    };
    let error = make(ones(), 1, unknown).expect_err("no x");
    assert_eq!(
        error,
        SpaceError::Unknown {
            name: "x".to_owned()
        }
    );
    let matrix = vec![operand("g @ transpose(g)")];
    let error = make(matrix, 1, Constraints::none()).expect_err("a matrix");
    assert!(matches!(error, SpaceError::Operand { .. }));
    // Without the gradient there is nothing that needs it.
    let space = make(ones(), 1, Constraints::default()).expect("it may be empty");
    assert_eq!(
        Grammar::new(&space).expect_err("no gradient"),
        SpaceError::Empty
    );
}

/// The chance that a controller writes a sentence.
fn chance(ppo: &Network<f64>, grammar: &mut Grammar, sentence: &[u16]) -> f64 {
    let masks = ppo::masks(grammar, &[sentence]);
    let tape = ppo.read(&[sentence], &masks);
    (0..)
        .zip(sentence)
        .map(|(place, token)| tape.chance(place, 0, *token))
        .product()
}

fn tiny() -> Settings {
    Settings {
        hidden: 7,
        spread: 0.8,
        ..Settings::quick()
    }
}

#[test]
fn chances_of_all_sentences_add_up_to_one() {
    let space = small(1, Constraints::default());
    let mut grammar = Grammar::new(&space).expect("not empty");
    let ppo = Ppo::new(&space, tiny(), 3);
    let network = ppo.network.convert::<f64>();
    let mut sum = 0.0;
    for sentence in all(&space) {
        if grammar.contains(&sentence) {
            sum += chance(&network, &mut grammar, &sentence);
        }
    }
    assert!((sum - 1.0).abs() < 1e-12, "{sum}");
}

#[test]
fn sentences_come_as_often_as_their_chances_say() {
    let space = small(1, Constraints::default());
    let mut grammar = Grammar::new(&space).expect("not empty");
    let mut ppo = Ppo::new(&space, tiny(), 3);
    let network = ppo.network.convert::<f64>();
    let drawn = ppo.propose(&mut grammar, 0..4000);
    // One by one or together, a trial draws the same.
    assert_eq!(ppo.propose(&mut grammar, 17..18)[0], drawn[17]);
    let (mut spread, mut classes) = (0.0, 0.0);
    for sentence in all(&space).iter().filter(|each| grammar.contains(each)) {
        let expected = 4000.0 * chance(&network, &mut grammar.clone(), sentence);
        let found = drawn.iter().filter(|each| *each == sentence).count() as f64;
        if expected > 5.0 {
            spread += (found - expected).powi(2) / expected;
            classes += 1.0;
        }
    }
    assert!(
        classes > 10.0 && spread < classes + 5.0 * (2.0_f64 * classes).sqrt(),
        "{spread}, {classes}"
    );
}

#[test]
fn gradient_is_that_of_the_surrogate() {
    let space = small(2, Constraints::default());
    let mut grammar = Grammar::new(&space).expect("not empty");
    let settings = Settings {
        entropy: 0.3,
        ..tiny()
    };
    let mut network = Ppo::new(&space, settings, 5).network.convert::<f64>();
    let draws = Draws { seed: 9 };
    let sentences: Vec<Sentence> = (0..6)
        .map(|trial| grammar.uniform(draws.of(trial)))
        .collect();
    let sentences: Vec<&[u16]> = sentences.iter().map(Vec::as_slice).collect();
    let masks = ppo::masks(&mut grammar, &sentences);
    let tape = network.read(&sentences, &masks);
    // Old chances below, near and above those of now, so that both clips and neither come up for both signs of advantages.
    let old = |(index, sentence): (usize, &&[u16])| {
        let places = (0..).zip(sentence.iter());
        let scale = |place: usize| [0.5, 0.9, 1.1, 2.0][(place + index) % 4];
        places
            .map(|(place, token)| tape.chance(place, index, *token) * scale(place))
            .collect()
    };
    let batch = Batch {
        advantages: vec![1.0, -1.0, 0.5, -2.0, 0.0, 0.3],
        old: sentences.iter().enumerate().map(old).collect(),
        masks: masks.clone(),
        sentences: sentences.clone(),
    };
    let mut gradient = network.zeros();
    ppo::back(&network, &tape, &batch, &settings, 6, &mut gradient);
    let step = 1e-5;
    for tensor in 0..gradient.len() {
        for index in (0..gradient[tensor].len()).step_by(3) {
            let value = network.tensors[tensor][index];
            let mut at = |value: f64| {
                network.tensors[tensor][index] = value;
                ppo::loss(&network.read(&sentences, &masks), &batch, &settings)
            };
            let slope = (at(value + step) - at(value - step)) / (2.0 * step);
            at(value);
            let found = gradient[tensor][index];
            assert!(
                (found - slope).abs() < 1e-7,
                "{tensor}, {index}: {found}, not {slope}"
            );
        }
    }
}

/// A reward for each sentence that anyone can learn: the share of places with the last token that can stand there.
fn reward(space: &Space, sentence: &[u16]) -> f64 {
    let places = (0..).zip(sentence);
    let hits = places.filter(|(place, token)| usize::from(**token) + 1 == space.choices(*place));
    hits.count() as f64 / sentence.len() as f64
}

fn mean_reward(policy: &mut dyn Policy, space: &Space, trials: u64) -> Vec<f64> {
    let mut grammar = Grammar::new(space).expect("not empty");
    let mut means = Vec::new();
    let mut done = 0;
    while done < trials {
        let batch: Vec<Tried> = policy
            .propose(&mut grammar, done..done + policy.batch())
            .into_iter()
            .map(|sentence| {
                assert!(grammar.contains(&sentence));
                let reward = reward(space, &sentence);
                Tried::new(sentence, reward)
            })
            .collect();
        means.push(crate::bench::mean(batch.iter().map(|each| each.reward)));
        policy.learn(&mut grammar, &batch);
        done += policy.batch();
    }
    means
}

#[test]
fn policies_that_learn_beat_the_one_that_does_not() {
    let space = small(
        2,
        Constraints {
            no_final_sum: true,
            ..Constraints::none()
        },
    );
    let last = |means: &[f64]| crate::bench::mean(means[means.len() * 9 / 10..].iter().copied());
    let random = last(&mean_reward(&mut Random::new(0), &space, 3000));
    let evolved = last(&mean_reward(&mut Evolution::new(0), &space, 3000));
    let with = |risk| {
        let settings = Settings {
            hidden: 24,
            risk,
            ..Settings::quick()
        };
        last(&mean_reward(
            &mut Ppo::new(&space, settings, 0),
            &space,
            3000,
        ))
    };
    assert!((random - 0.4).abs() < 0.1, "{random}");
    assert!(evolved > 0.85, "{evolved}");
    assert!(with(None) > 0.85, "{}", with(None));
    // Who looks for the best rule goes on trying others.
    let daring = with(Some(0.2));
    assert!(daring > 0.7 && daring < with(None), "{daring}");
}

#[test]
fn learning_from_the_best_does_not_depend_on_the_scale_of_rewards() {
    let space = small(2, Constraints::default());
    let settings = Settings {
        hidden: 16,
        batch: 5,
        ..Settings::quick()
    };
    let mut grammar = Grammar::new(&space).expect("not empty");
    let mut learned = |worth: &dyn Fn(f64) -> f64| {
        let mut ppo = Ppo::new(&space, settings, 4);
        for first in (0..60).step_by(5) {
            let sentences = ppo.propose(&mut grammar, first..first + 5);
            let batch: Vec<Tried> = sentences
                .into_iter()
                .map(|sentence| {
                    let reward = worth(reward(&space, &sentence));
                    Tried::new(sentence, reward)
                })
                .collect();
            ppo.learn(&mut grammar, &batch);
        }
        ppo
    };
    // Nothing is lost by a power of two.
    let (plain, flat) = (learned(&|reward| reward), learned(&|reward| reward / 64.0));
    assert_eq!(plain.network.tensors, flat.network.tensors);
    assert_ne!(
        plain.network.tensors,
        Ppo::new(&space, settings, 4).network.tensors
    );
    // Where nothing is among the best of late, nothing is learned.
    let mut sated = plain;
    let before = sated.network.tensors.clone();
    let sentences = sated.propose(&mut grammar, 60..65);
    let batch: Vec<Tried> = sentences
        .into_iter()
        .map(|sentence| Tried::new(sentence, -1.0))
        .collect();
    sated.learn(&mut grammar, &batch);
    assert_eq!(sated.network.tensors, before);
    // What is known becomes less likely, however good it is.
    let known = Tried {
        sentence: batch[0].sentence.clone(),
        reward: 1.0,
        is_known: true,
    };
    let is_at =
        |ppo: &Ppo, grammar: &mut Grammar| chance(&ppo.network.convert(), grammar, &known.sentence);
    let first = is_at(&sated, &mut grammar);
    for _ in 0..20 {
        sated.learn(&mut grammar, std::slice::from_ref(&known));
    }
    assert!(is_at(&sated, &mut grammar) < first);
}

#[test]
fn controller_goes_on_where_it_was() {
    let space = small(2, Constraints::default());
    let settings = Settings {
        hidden: 16,
        ..Settings::quick()
    };
    let mut grammar = Grammar::new(&space).expect("not empty");
    let run = |ppo: &mut Ppo, grammar: &mut Grammar, batches: std::ops::Range<u64>| {
        for batch in batches {
            let trials = batch * 25..(batch + 1) * 25;
            let sentences = ppo.propose(grammar, trials);
            let batch: Vec<Tried> = sentences
                .into_iter()
                .map(|sentence| {
                    let reward = reward(&space, &sentence);
                    Tried::new(sentence, reward)
                })
                .collect();
            ppo.learn(grammar, &batch);
        }
    };
    let mut whole = Ppo::new(&space, settings, 4);
    run(&mut whole, &mut grammar, 0..6);
    let mut first = Ppo::new(&space, settings, 4);
    run(&mut first, &mut grammar, 0..2);
    let memory = first.save().expect("a controller remembers");
    let mut second = Ppo::new(&space, settings, 4);
    second.load(&memory).expect("the same space");
    run(
        &mut second,
        &mut Grammar::new(&space).expect("not empty"),
        2..6,
    );
    assert_eq!(second.save(), whole.save());
}

#[test]
fn imitated_sentences_become_likely() {
    let space = small(1, Constraints::default());
    let mut grammar = Grammar::new(&space).expect("not empty");
    let mut ppo = Ppo::new(&space, tiny(), 3);
    let goal: Sentence = grammar.uniform(Draws { seed: 8 }.of(0));
    let before = chance(&ppo.network.convert(), &mut grammar, &goal);
    ppo.imitate(&mut grammar, std::slice::from_ref(&goal), 100);
    let after = chance(&ppo.network.convert(), &mut grammar, &goal);
    assert!(after > 0.3 && before < 0.1, "{before}, {after}");
}

#[test]
fn evolution_begins_early_where_the_budget_is_small() {
    let space = small(2, Constraints::default());
    let mut grammar = Grammar::new(&space).expect("not empty");
    let chance = Random::new(0).propose(&mut grammar, 10..20);
    let mut second_ten = |mut evolution: Evolution| {
        let first = evolution.propose(&mut grammar, 0..10);
        let rewards = [0.1, 0.9].repeat(5);
        let batch: Vec<Tried> = first
            .into_iter()
            .zip(rewards)
            .map(|(sentence, reward)| Tried::new(sentence, reward))
            .collect();
        evolution.learn(&mut grammar, &batch);
        evolution.propose(&mut grammar, 10..20)
    };
    assert_eq!(second_ten(Evolution::new(0)), chance);
    assert_ne!(second_ten(Evolution::new(0).within(50)), chance);
    assert_eq!(second_ten(Evolution::new(0).within(1_000_000)), chance);
}
