//! What pictures say, read as text; how they look is for eyes.

#![expect(clippy::unwrap_used)] // A failed unwrap is a failed test.

use proptest::prelude::*;

use super::*;
use crate::bench::report::{Best, Entry, Estimate, Point, Report, Task};

fn rosenbrock(at: &[f64]) -> f64 {
    (1.0 - at[0]).powi(2) + 100.0 * (at[1] - at[0] * at[0]).powi(2)
}

fn slope(at: &[f64]) -> [f64; 2] {
    let bend = at[1] - at[0] * at[0];
    [-2.0 * (1.0 - at[0]) - 400.0 * at[0] * bend, 200.0 * bend]
}

const ESCAPE: char = '\u{1b}';

/// A rule by hand: the direction from the gradient, its momentum, its mean square and the step.
type Rule = fn(f64, &mut [f64; 2], i32) -> f64;

fn race(steps: u64) -> Report {
    let rules: [(&str, f64, Rule); 5] = [
        ("powersign(base: 2)", 0.001, |g, s, _| {
            s[0] = 0.9 * s[0] + 0.1 * g;
            2_f64.powf(g.signum() * s[0].signum()) * g
        }),
        ("sgd", 0.001, |g, _, _| g),
        ("momentum", 0.001, |g, s, _| {
            s[0] = 0.9 * s[0] + g;
            s[0]
        }),
        ("rmsprop", 0.01, |g, s, _| {
            s[1] = 0.9 * s[1] + 0.1 * g * g;
            g / (s[1].sqrt() + 1e-8)
        }),
        ("adam", 0.1, |g, s, t| {
            s[0] = 0.9 * s[0] + 0.1 * g;
            s[1] = 0.999 * s[1] + 0.001 * g * g;
            s[0] / (1.0 - 0.9_f64.powi(t)) / ((s[1] / (1.0 - 0.999_f64.powi(t))).sqrt() + 1e-8)
        }),
    ];
    let entries = rules.map(|(name, rate, rule)| {
        let (mut at, mut state) = (vec![-1.0, 1.5], [[0.0; 2]; 2]);
        let mut path = Vec::new();
        for step in 0..=steps {
            if step % (steps / 500).max(1) == 0 {
                path.push(Point {
                    step,
                    at: at.clone(),
                    value: rosenbrock(&at),
                });
            }
            let g = slope(&at);
            for side in 0..2 {
                at[side] -=
                    rate * rule(g[side], &mut state[side], i32::try_from(step).unwrap() + 1);
            }
        }
        entry(name, rate, path)
    });
    report(vec![-1.0, 1.5], steps, entries.into())
}

fn entry(name: &str, rate: f64, path: Vec<Point>) -> Entry {
    let estimate = Estimate {
        mean: 0.0,
        half_width: None,
    };
    Entry {
        name: name.to_owned(),
        formula: "g".to_owned(),
        is_baseline: false,
        slots: 0,
        cells: Vec::new(),
        best: Some(Best {
            rate,
            last: estimate,
            lowest: estimate,
            distance: None,
            to_1e3: None,
            to_1e6: None,
            solved: None,
            path,
        }),
    }
}

fn report(start: Vec<f64>, steps: u64, entries: Vec<Entry>) -> Report {
    let minimum = vec![1.0; start.len()];
    Report {
        run: None,
        format: 1,
        task: Task {
            name: "rosenbrock".to_owned(),
            formula: "(1 - x)^2 + 100 * (y - x^2)^2".to_owned(),
            coordinates: ["x", "y", "z"]
                .iter()
                .take(start.len())
                .map(|&name| name.to_owned())
                .collect(),
            start,
            minima: vec![minimum],
            least: Some(0.0),
            noise: 0.0,
        },
        steps,
        rates: vec![0.001],
        seeds: vec![1],
        starts: vec![],
        entries,
        is_complete: true,
    }
}

fn line(name: &str, values: &[f64]) -> Series {
    let points = values.iter().zip(0_u32..);
    Series {
        name: name.to_owned(),
        points: points
            .map(|(value, step)| (f64::from(step), *value))
            .collect(),
    }
}

fn curves(series: Vec<Series>, log_y: bool) -> Picture {
    Picture::Curves(Curves {
        title: "two lines".to_owned(),
        x_label: "step".to_owned(),
        y_label: "factor".to_owned(),
        series,
        log_y,
    })
}

fn points(values: &[[f64; 3]]) -> Vec<Point> {
    let points = values.iter().zip(0..);
    points
        .map(|([x, y, value], step)| Point {
            step,
            at: vec![*x, *y],
            value: *value,
        })
        .collect()
}

#[track_caller]
fn check_svg(picture: &Picture, expected: &[&str]) {
    let svg = svg(picture);
    assert!(svg.starts_with("<svg") && svg.ends_with("</svg>"), "{svg}");
    assert_eq!(svg.matches('<').count(), svg.matches('>').count());
    assert_eq!(svg.matches("<g").count(), svg.matches("</g>").count());
    let tags = svg.split('<').filter_map(|part| part.split('>').next());
    for tag in tags {
        assert!(!tag.contains("NaN") && !tag.contains("inf"), "{tag}");
    }
    for text in expected {
        assert!(svg.contains(text), "no `{text}` in {svg}");
    }
}

#[test]
fn terminal_without_colour_draws_letters() {
    let picture = curves(
        vec![
            line("ld", &[4.0, 3.0, 2.0, 1.0, 0.0]),
            line("flat", &[2.0; 5]),
        ],
        false,
    );
    let expected = "\
two lines
factor
4 ┤AAA
  │   AAAA
3 ┤       AAAA
  │           AAA
2 ┤              AAA
  │BBBBBBBBBBBBBBBBBAAAABBBBBBBBBBBBBBBB
  │                     AAAA
1 ┤                         AAAAA
  │                              AAAA
0 ┤                                  AAA
  └┬────────┬────────┬────────┬────────┬
   0        1        2        3        4
                                    step

 A  ld
 B  flat
";
    assert_eq!(terminal(&picture, 40, false), expected);
}

#[test]
fn terminal_shows_the_ways_over_the_contours() {
    let bowl = |at: &[f64]| at[0] * at[0] + at[1] * at[1];
    let path = points(&[[-1.0, 1.0, 2.0], [-0.5, 0.5, 0.5], [0.0, 0.5, 0.25]]);
    let mut report = report(vec![-1.0, 1.0], 2, vec![entry("sgd", 0.1, path)]);
    report.task.minima = vec![vec![0.0, 0.0]];
    report.task.name = "bowl".to_owned();
    let picture = Picture::of_report(&report, Some(&bowl)).unwrap();
    let expected = "\
bowl from (-1, 1), 2 steps
y
 1.2 ┤
 1.0 ┤    □AA
     │       AAA
 0.8 ┤          AAA
 0.6 ┤             AAA
 0.4 ┤                AAAAAAAAAAAAA⠲⠤⠤⠤⣄
 0.2 ┤                   ⢀⡤⠞⠉⠁
     │                  ⢠⠏      ⢀⣠●⢤⣀⡀
   0 ┤                  ⢏       ⣏    ⡷
-0.2 ┤                  ⠘⣆       ⠉⠒⠚⠉⠁
     └┬────────┬─────────┬────────┬─────
    -1.2     -0.8      -0.4       0
                                       x

value - least
 1e1 ┤
     │
     │
     │AAA
 1e0 ┤   AAAAAA
     │         AAAAAA
     │               AAAAAAAAAAA
     │                          AAAAAAAA
     │
1e-1 ┤
     └┬───────┬────────┬───────┬───────┬
      0      0.5      1.0     1.5    2.0
                                    step

 A  sgd, lr 0.1
 □  start   ●  minimum
";
    assert_eq!(terminal(&picture, 40, false), expected);
}

#[test]
fn terminal_with_colour_ends_every_colour_in_its_line() {
    let picture = Picture::of_report(&race(40), Some(&rosenbrock)).unwrap();
    for row in terminal(&picture, 80, true).lines() {
        let last = row.rfind(ESCAPE).map_or("", |place| &row[place..]);
        assert!(last.is_empty() || last.starts_with("\u{1b}[0m"), "{row:?}");
    }
}

#[test]
fn svg_of_a_race_has_names_rates_and_start() {
    let picture = Picture::of_report(&race(40), Some(&rosenbrock)).unwrap();
    let names = ["powersign(base: 2), lr 0.001", "adam, lr 0.1", "minimum"];
    check_svg(&picture, &names);
    check_svg(
        &picture,
        &[
            "rosenbrock from (-1, 1.5), 40 steps",
            "<path",
            "value - least",
        ],
    );
    assert_eq!(svg(&picture), svg(&picture));
}

#[test]
fn svg_escapes_names() {
    let picture = curves(vec![line("a<b>&\u{1b}", &[1.0, 2.0])], false);
    check_svg(&picture, &["a&lt;b&gt;&amp;\u{FFFD}"]);
}

#[test]
fn png_has_signature_and_size() {
    let png = png(&curves(vec![line("ld", &[1.0, 0.0])], false)).unwrap();
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
    let width = u32::from_be_bytes(png[16..20].try_into().unwrap());
    let height = u32::from_be_bytes(png[20..24].try_into().unwrap());
    assert!(
        (1000..2000).contains(&width) && (800..1200).contains(&height),
        "{width} x {height}"
    );
}

#[test]
fn report_without_rules_is_an_error() {
    let report = report(vec![0.0, 0.0], 10, Vec::new());
    assert_eq!(
        Picture::of_report(&report, None).unwrap_err(),
        PlotError::EmptyReport
    );
}

#[test]
fn failed_rules_are_named() {
    let mut failed = entry("sgd", 0.1, Vec::new());
    failed.best = None;
    let report = report(vec![0.0, 0.0], 10, vec![failed]);
    let picture = Picture::of_report(&report, Some(&rosenbrock)).unwrap();
    check_svg(&picture, &["sgd: every run failed"]);
    assert!(terminal(&picture, 40, false).contains(" -  sgd: every run failed"));
}

#[test]
fn exact_convergence_stays_on_the_logarithmic_axis() {
    let path = points(&[[0.0, 0.0, 1.0], [1.0, 0.9, 1e-20], [1.0, 1.0, 0.0]]);
    let Picture::Report(race) = Picture::of_report(
        &report(vec![0.0, 0.0], 2, vec![entry("newton", 1.0, path)]),
        None,
    )
    .unwrap() else {
        unreachable!("of_report makes reports");
    };
    assert!(race.curves.log_y);
    assert_eq!(race.curves.series[0].points[2], (2.0, 1e-20));
}

#[test]
fn only_two_coordinates_have_a_landscape() {
    for count in [1, 3, 100] {
        let path = vec![Point {
            step: 0,
            at: vec![0.5; count],
            value: 1.0,
        }];
        let picture = Picture::of_report(
            &report(vec![0.5; count], 1, vec![entry("sgd", 0.1, path)]),
            Some(&rosenbrock),
        );
        let Ok(Picture::Report(race)) = picture else {
            unreachable!("the report has a rule")
        };
        assert!(race.landscape.is_none());
        let start = [
            "0.5",
            "(0.5, 0.5, 0.5)",
            "(0.5, 0.5, 0.5, 0.5, and 96 more)",
        ][[1, 3, 100].iter().position(|c| *c == count).unwrap()];
        assert_eq!(
            race.curves.title,
            format!("rosenbrock from {start}, 1 step")
        );
    }
}

#[test]
fn diverging_path_leaves_the_box_alone() {
    let sane = points(&[[-1.0, 1.5, 5.0], [0.0, 0.1, 2.0], [1.0, 1.0, 0.0]]);
    let mut wild = sane.clone();
    wild.push(Point {
        step: 3,
        at: vec![1e200, -1e200],
        value: 1e300,
    });
    let frame = |path: Vec<Point>| {
        let report = report(vec![-1.0, 1.5], 3, vec![entry("sgd", 0.1, path)]);
        let Ok(Picture::Report(race)) = Picture::of_report(&report, None) else {
            unreachable!("the report has a rule")
        };
        let landscape = race.landscape.unwrap();
        (landscape.x, landscape.y)
    };
    assert_eq!(frame(sane), frame(wild));
}

fn wild_number() -> impl Strategy<Value = f64> {
    prop_oneof![
        -2.0..2.0,
        any::<f64>(),
        Just(0.0),
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(f64::MAX)
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_report_can_be_drawn(
        numbers in proptest::collection::vec([wild_number(), wild_number(), wild_number()], 0..12),
        start in proptest::collection::vec(wild_number(), 0..4),
        least in proptest::option::of(wild_number()),
        name in any::<String>(),
        width in any::<u16>(),
        (has_minimum, colour) in any::<(bool, bool)>(),
    ) {
        let entries = vec![entry(&name, least.unwrap_or(0.1), points(&numbers)), entry("sgd", 0.1, Vec::new())];
        let mut report = report(start, 3, entries);
        report.task.least = least;
        if !has_minimum {
            report.task.minima.clear();
        }
        let holes = |at: &[f64]| if at[0] > 0.0 { (at[0] * at[1]).ln() } else { at[1].exp().exp() };
        let picture = Picture::of_report(&report, Some(&holes)).unwrap();
        let text = terminal(&picture, width, colour);
        prop_assert!(colour || !text.contains(ESCAPE));
        prop_assert!(text.lines().all(|line| !line.ends_with(' ')));
        check_svg(&picture, &["sgd"]);
    }
}
