//! The program as `nos` sees it: lines in, lines out.

use crate::support::{convnet, lstm, mlp, shapes, trial};
use nos::lab::message::{Data, End, Event, Failure, Metric, Net, Request, Trial, VERSION};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

pub(crate) struct Lab {
    child: Child,
    requests: Option<ChildStdin>,
    events: BufReader<ChildStdout>,
}

impl Lab {
    pub(crate) fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_nos-lab"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            requests: child.stdin.take(),
            events: BufReader::new(child.stdout.take().unwrap()),
            child,
        }
    }

    fn line(&mut self, line: &str) {
        writeln!(self.requests.as_mut().unwrap(), "{line}").unwrap();
    }

    fn ask(&mut self, request: &Request) {
        self.line(&serde_json::to_string(request).unwrap());
    }

    pub(crate) fn train(&mut self, trial: &Trial) {
        self.ask(&Request::Train(Box::new(trial.clone())));
    }

    /// The next event that is no progress.
    fn hear(&mut self) -> Event {
        loop {
            let mut line = String::new();
            assert_ne!(
                self.events.read_line(&mut line).unwrap(),
                0,
                "the lab has gone"
            );
            match serde_json::from_str(&line).unwrap() {
                Event::Progress { .. } => {}
                event => return event,
            }
        }
    }

    /// Kills the lab once a step of its trial is done. Gives the step from which it began.
    pub(crate) fn killed_at_work(mut self) -> Option<u64> {
        let (mut from, mut line) = (None, String::new());
        loop {
            line.clear();
            assert_ne!(
                self.events.read_line(&mut line).unwrap(),
                0,
                "the lab has gone"
            );
            match serde_json::from_str(&line).unwrap() {
                Event::Started { from: step, .. } => from = Some(step),
                Event::Progress { .. } | Event::Done { .. } => break,
                _ => {}
            }
        }
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        from
    }

    /// What is left to hear until the end.
    fn rest(mut self) -> Vec<Event> {
        drop(self.requests.take());
        let lines = self
            .events
            .lines()
            .map(|line| serde_json::from_str(&line.unwrap()).unwrap());
        let rest = lines.collect();
        assert!(self.child.wait().unwrap().success());
        rest
    }
}

fn endless(id: u64) -> Trial {
    let mut endless = trial(shapes(100), mlp());
    (endless.id, endless.settings.epochs) = (id, 1_000_000);
    endless
}

#[test]
fn trial_is_started_measured_and_done() {
    let mut lab = Lab::start();
    let Event::Ready { version, torch, .. } = lab.hear() else {
        panic!("expected a greeting");
    };
    assert_eq!(version, VERSION);
    assert!(torch.starts_with("2."), "{torch}");
    let mut two = trial(shapes(200), mlp());
    (two.settings.epochs, two.settings.batch, two.settings.test) = (2, 30, true);
    lab.train(&two);
    let Event::Started {
        trial: 1,
        task,
        steps: 12,
        from: 0,
    } = lab.hear()
    else {
        panic!("expected the start");
    };
    assert_eq!(
        task.data,
        "synthetic images: 180 training and 20 validation images, 20 test images"
    );
    assert!(
        task.is_synthetic
            && task.metric == Metric::Accuracy
            && task.parameters == 3072 * 16 + 16 + 170
    );
    let points = [lab.hear(), lab.hear()].map(|event| match event {
        Event::Epoch { trial: 1, point } => point,
        other => panic!("expected an epoch, found {other:?}"),
    });
    let Event::Done { trial: 1, outcome } = lab.hear() else {
        panic!("expected the end");
    };
    assert_eq!(
        (outcome.end, outcome.steps, &outcome.curve[..]),
        (End::Finished, 12, &points[..])
    );
    assert_eq!(outcome.state_bytes, 8 * task.parameters);
    assert!(outcome.test.is_some_and(|test| (0.0..=1.0).contains(&test)));
    assert!(outcome.optimizer_seconds > 0.0 && outcome.optimizer_seconds < outcome.seconds);
    assert_eq!(lab.rest(), []);
}

#[test]
fn what_is_no_request_is_rejected_and_work_goes_on() {
    let mut lab = Lab::start();
    lab.hear();
    for line in [
        "rubbish",
        "{\"train\":{}}",
        "{\"cancel\":{\"trial\":1,\"more\":2}}",
        "[]",
        "\u{1}",
    ] {
        lab.line(line);
        assert!(matches!(lab.hear(), Event::Rejected { .. }), "{line:?}");
    }
    lab.line("");
    lab.ask(&Request::Describe(Box::new(
        trial(shapes(100), convnet(32)).task,
    )));
    let Event::Described(description) = lab.hear() else {
        panic!("expected a description");
    };
    assert!(
        description.net.contains("2x2 max pooling after each"),
        "{}",
        description.net
    );
    assert_eq!(
        (description.train, description.valid, description.parameters),
        (90, 10, 30_762)
    );
    lab.ask(&Request::Quit);
    assert_eq!(lab.rest(), []);
}

#[test]
fn trials_at_work_and_waiting_are_cancelled() {
    let mut lab = Lab::start();
    lab.hear();
    for id in 1..=3 {
        lab.train(&endless(id));
    }
    assert!(matches!(lab.hear(), Event::Started { trial: 1, .. }));
    let cancelled = |id: u64| Event::Failed {
        trial: id,
        failure: Failure::Cancelled,
    };
    let hear_but_epochs = |lab: &mut Lab| loop {
        match lab.hear() {
            Event::Epoch { .. } => {}
            event => return event,
        }
    };
    lab.ask(&Request::Cancel { trial: 2 });
    assert_eq!(hear_but_epochs(&mut lab), cancelled(2));
    lab.ask(&Request::Cancel { trial: 1 });
    assert_eq!(hear_but_epochs(&mut lab), cancelled(1));
    assert!(matches!(
        hear_but_epochs(&mut lab),
        Event::Started { trial: 3, .. }
    ));
    let rest = lab.rest();
    assert_eq!(
        rest.last(),
        Some(&cancelled(3)),
        "the end of requests cancels what is at work"
    );
}

#[test]
fn failures_say_why_and_the_next_trial_is_done() {
    let mut lab = Lab::start();
    lab.hear();
    let base = trial(shapes(100), mlp());
    let mut check = |change: &dyn Fn(&mut Trial), want: &str| {
        let mut each = base.clone();
        change(&mut each);
        lab.train(&each);
        let Event::Failed { trial: 1, failure } = lab.hear() else {
            panic!("expected a failure: {want}");
        };
        let text = format!("{failure:?}");
        assert!(text.contains(want), "expected {want:?}, found {text}");
    };
    check(
        &|trial| trial.rule = "sgin(g)".to_owned(),
        "Rule { message: \"`sgin(g)`: unknown name `sgin` (did you mean `sign`?)",
    );
    check(
        &|trial| trial.schedule = Some("g".to_owned()),
        "a schedule of the learning rate depends on the step alone",
    );
    check(
        &|trial| trial.task.net = lstm(8),
        "Task { message: \"the net `lstm` reads text, and the data are images",
    );
    check(
        &|trial| trial.task.net = convnet(0),
        "expected at least 1 as `filters`, found 0",
    );
    check(
        &|trial| trial.settings.batch = 0,
        "expected at least 1 as `batch`, found 0",
    );
    check(
        &|trial| trial.settings.clip_norm = Some(-1.0),
        "expected a number above 0 as `clip_norm`, found -1",
    );
    check(
        &|trial| trial.settings.device = Some("gpu".to_owned()),
        "as device, found `gpu`",
    );
    check(
        &|trial| {
            trial.task.data = Data::Cifar {
                folder: "/none".into(),
            }
        },
        "Data { message: \"`/none`: expected the folder of CIFAR-10",
    );
    check(
        &|trial| trial.checkpoint = Some("/dev/null/x".into()),
        "Checkpoint { message: \"`/dev/null/x",
    );
    check(
        &|trial| {
            trial.task.net = Net::Mlp {
                hidden: vec![u32::MAX; 2],
            }
        },
        "allocate memory",
    );
    lab.train(&base);
    assert!(matches!(lab.hear(), Event::Started { .. }));
    assert!(matches!(lab.hear(), Event::Epoch { .. }));
    assert!(matches!(lab.hear(), Event::Done { .. }));
}
