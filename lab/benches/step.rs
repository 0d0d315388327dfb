//! How long a training step of the paper's child network takes, and how much of it the optimizer: `cargo bench -p nos-lab`.
//!
//! Batches of 100 synthetic images, 32 filters, pooling. The same network is trained with nos's Adam and with libtorch's own; with the settings of
//! memory that `nos-lab` starts with, and without them in a process of its own; and by Python, where there is a PyTorch (`PYTHON` names the interpreter).
#![allow(
    clippy::print_stdout,
    clippy::wildcard_enum_match_arm,
    reason = "a program that prints a table"
)]

use nos::lab::message::{Data, Event, Failure, Net, Request, Settings, Task, Trial};
use nos_lab::data::batch::{Augmentation, Normalization};
use nos_lab::data::shapes;
use nos_lab::optimizer::{self, Optimizer, Plan};
use nos_lab::task::{Learner, Library};
use nos_lab::torch;
use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tch::{COptimizer, Device, Tensor};

const STEPS: u64 = 60;
const WARM_UP: u64 = 10;

fn main() -> Result<(), Box<dyn Error>> {
    torch::be_patient();
    let args: Vec<String> = std::env::args().collect();
    let is_plain = args.iter().any(|arg| arg == "plain");
    if !is_plain {
        start()?;
        torch::keep_memory();
    }
    let mut library = Library::default();
    for threads in [1, 2] {
        torch::use_threads(Some(threads));
        let mut learner = || {
            library
                .learner(&task(), &settings(), 1, Device::Cpu)
                .map_err(text)
        };
        let mut nos = WithNos::new(learner()?)?;
        let mut libtorch = WithLibtorch::new(learner()?)?;
        let (mut ours, mut own, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
        // In turn, so that both meet the same machine.
        for step in 0..STEPS {
            let (all, optimizer) = nos.step(step)?;
            ours.push(all);
            own.push(optimizer);
            theirs.push(libtorch.step(step)?);
        }
        let memory = if is_plain {
            "memory as it is"
        } else {
            "memory kept"
        };
        let share = median(own).as_secs_f64() / median(ours.clone()).as_secs_f64();
        println!(
            "{threads} threads, {memory}: {} a step, the optimizer {:.2} % of it; with libtorch's Adam {}",
            spread(ours),
            100.0 * share,
            spread(theirs)
        );
    }
    if is_plain {
        return Ok(());
    }
    println!("resident at most: {} MB", resident()?);
    println!("a batch with shifts and mirrors: {}", batch());
    Command::new(&args[0]).arg("plain").status()?;
    python();
    Ok(())
}

/// The network with nos's Adam.
struct WithNos {
    learner: Box<dyn Learner>,
    optimizer: Optimizer,
}

impl WithNos {
    fn new(learner: Box<dyn Learner>) -> Result<Self, Box<dyn Error>> {
        let plan = Plan {
            rule: optimizer::read("adam").map_err(text)?,
            schedule: None,
            rate: 1e-3,
            steps: STEPS,
            seed: 1,
        };
        let shapes = learner.vars().shapes();
        let optimizer = Optimizer::new(plan, &shapes, Device::Cpu).map_err(text)?;
        Ok(Self { learner, optimizer })
    }

    /// The time of a step, and that of the optimizer.
    fn step(&mut self, step: u64) -> Result<(Duration, Duration), Box<dyn Error>> {
        let start = Instant::now();
        let loss = self.learner.loss(step);
        let params = self.learner.vars().params();
        let grads = Tensor::f_run_backward(&[&loss], params, false, false)?;
        let before = Instant::now();
        self.optimizer.step(params, &grads).map_err(text)?;
        let own = before.elapsed();
        drop((loss, grads));
        Ok((start.elapsed(), own))
    }
}

/// The network with libtorch's Adam.
struct WithLibtorch {
    learner: Box<dyn Learner>,
    adam: COptimizer,
}

impl WithLibtorch {
    fn new(learner: Box<dyn Learner>) -> Result<Self, Box<dyn Error>> {
        let mut adam = COptimizer::adam(1e-3, 0.9, 0.999, 0.0, 1e-8, false)?;
        for tensor in learner.vars().params() {
            adam.add_parameters(tensor, 0)?;
        }
        Ok(Self { learner, adam })
    }

    fn step(&mut self, step: u64) -> Result<Duration, Box<dyn Error>> {
        let start = Instant::now();
        self.adam.zero_grad()?;
        self.learner.loss(step).backward();
        self.adam.step()?;
        Ok(start.elapsed())
    }
}

/// The time that a batch of 100 takes from bytes to a tensor, shifted and mirrored.
fn batch() -> String {
    let set = shapes::make(1000);
    let normalization = Normalization::new(&set.images, &set.train);
    let times = (0..STEPS).map(|step| {
        let start = Instant::now();
        let augmentation = Some(Augmentation { seed: 1, step });
        let made = normalization.batch(&set.images, &set.train[..100], augmentation);
        drop(made);
        start.elapsed()
    });
    spread(times.collect())
}

/// From the start of a lab to its greeting and to its first step.
fn start() -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    let mut lab = Command::new(env!("CARGO_BIN_EXE_nos-lab"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let trial = Trial {
        id: 1,
        task: task(),
        rule: "adam".to_owned(),
        rate: 1e-3,
        schedule: None,
        seed: 1,
        settings: settings(),
        checkpoint: None,
    };
    let mut requests = lab.stdin.take().ok_or("no way to ask")?;
    writeln!(
        requests,
        "{}",
        serde_json::to_string(&Request::Train(Box::new(trial)))?
    )?;
    for line in BufReader::new(lab.stdout.take().ok_or("no way to hear")?).lines() {
        match serde_json::from_str(&line?)? {
            Event::Ready { .. } => println!("start to greeting: {}", milliseconds(start.elapsed())),
            Event::Progress { .. } => {
                println!(
                    "start to first step, data made: {}",
                    milliseconds(start.elapsed())
                );
                break;
            }
            _ => {}
        }
    }
    drop(requests);
    lab.wait()?;
    Ok(())
}

/// The same in Python.
fn python() {
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peer.py");
    let is_there = Command::new(&python)
        .args(["-c", "import torch"])
        .stderr(Stdio::null())
        .status();
    if is_there.is_ok_and(|status| status.success()) {
        let _ = Command::new(&python).arg(script).status();
    } else {
        println!("PyTorch: skipped, `{python}` has none");
    }
}

fn task() -> Task {
    Task {
        data: Data::SyntheticImages { examples: 7000 },
        net: Net::Convnet {
            filters: 32,
            pool: true,
        },
    }
}

fn settings() -> Settings {
    Settings {
        threads: Some(2),
        ..Settings::default()
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.drain(..usize::try_from(WARM_UP).unwrap_or(0));
    times.sort_unstable();
    times[times.len() / 2]
}

/// Median and quickest: on a machine that others use the second says more.
fn spread(times: Vec<Duration>) -> String {
    let quickest = times.iter().min().copied().unwrap_or_default();
    format!(
        "{} (quickest {})",
        milliseconds(median(times)),
        milliseconds(quickest)
    )
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", 1e3 * time.as_secs_f64())
}

#[allow(clippy::needless_pass_by_value, reason = "what `map_err` gives")]
fn text(failure: Failure) -> String {
    format!("{failure:?}")
}

/// Megabytes of memory at the most.
fn resident() -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .ok_or("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? / 1000)
}
