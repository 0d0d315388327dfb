//! How long a training step of the paper's child network takes, and how much of it the optimizer: `cargo bench -p nos-lab`.
//!
//! Batches of 100 synthetic images, 32 filters, pooling. The same network is trained with nos's Adam and with libtorch's own; with the settings of
//! memory that `nos-lab` starts with, and without them in a process of its own; and by Python, where there is a PyTorch (`PYTHON` names the interpreter).
#![allow(
    clippy::print_stdout,
    clippy::wildcard_enum_match_arm,
    reason = "a program that prints a table"
)]

use nos::lab::message::{Data, Event, Net, Request, Settings, Task, Trial};
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
    let args: Vec<String> = std::env::args().collect();
    let is_plain = args.iter().any(|arg| arg == "plain");
    if !is_plain {
        start()?;
        torch::keep_memory();
    }
    let mut library = Library::default();
    let mut learner = || {
        library
            .learner(&task(), &settings(), 1, Device::Cpu)
            .map_err(|failure| format!("{failure:?}"))
    };
    for threads in [1, 2] {
        torch::use_threads(Some(threads));
        let (ours, share) = with_nos(&mut *learner()?)?;
        let theirs = with_libtorch(&mut *learner()?)?;
        let memory = if is_plain {
            "memory as the C library has it"
        } else {
            "freed memory kept"
        };
        println!(
            "{threads} threads, {memory}: {} a step, of it the optimizer {:.2} %; with libtorch's Adam {}",
            milliseconds(ours),
            100.0 * share,
            milliseconds(theirs)
        );
    }
    if is_plain {
        return Ok(());
    }
    println!("resident at most: {} MB", resident()?);
    Command::new(&args[0]).arg("plain").status()?;
    python();
    Ok(())
}

/// One step of everything with nos's Adam: the time of a step, and the optimizer's share.
fn with_nos(learner: &mut dyn Learner) -> Result<(Duration, f64), Box<dyn Error>> {
    let plan = Plan {
        rule: optimizer::read("adam").map_err(|failure| format!("{failure:?}"))?,
        schedule: None,
        rate: 1e-3,
        steps: STEPS,
        seed: 1,
    };
    let shapes = learner.vars().shapes();
    let mut optimizer =
        Optimizer::new(plan, &shapes, Device::Cpu).map_err(|failure| format!("{failure:?}"))?;
    let (mut all, mut own) = (Vec::new(), Vec::new());
    for step in 0..STEPS {
        let start = Instant::now();
        let loss = learner.loss(step);
        let grads = Tensor::f_run_backward(&[&loss], learner.vars().params(), false, false)?;
        let before = Instant::now();
        optimizer
            .step(learner.vars().params(), &grads)
            .map_err(|failure| format!("{failure:?}"))?;
        own.push(before.elapsed());
        drop((loss, grads));
        all.push(start.elapsed());
    }
    let (all, own) = (median(all), median(own));
    Ok((all, own.as_secs_f64() / all.as_secs_f64()))
}

fn with_libtorch(learner: &mut dyn Learner) -> Result<Duration, Box<dyn Error>> {
    let mut adam = COptimizer::adam(1e-3, 0.9, 0.999, 0.0, 1e-8, false)?;
    for tensor in learner.vars().params() {
        adam.add_parameters(tensor, 0)?;
    }
    let mut all = Vec::new();
    for step in 0..STEPS {
        let start = Instant::now();
        adam.zero_grad()?;
        learner.loss(step).backward();
        adam.step()?;
        all.push(start.elapsed());
    }
    Ok(median(all))
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

fn milliseconds(time: Duration) -> String {
    format!("{:.2} ms", 1e3 * time.as_secs_f64())
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
