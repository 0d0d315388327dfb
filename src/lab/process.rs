//! `nos-lab` as a process of its own: found, started when something is to be trained, listened to, and replaced when it is gone.
//!
//! Whatever happens to that process is an error of one trial. It lives in a process group of its own, so Ctrl-C at the terminal reaches `nos`
//! alone, which then cancels the trial; when `nos` ends, however it does, the lab reads the end of its input and ends too.

use super::message::{Event, Failure, Outcome, Request, Trial, VERSION};
use super::trainer::{About, Hear, Trainer, Trouble};
use std::collections::VecDeque;
use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The environment variable that names the program, wherever it is.
pub const LAB_VARIABLE: &str = "NOS_LAB";

/// The name of the program.
const NAME: &str = "nos-lab";

/// How often it is asked whether to go on while nothing is heard.
const TICK: Duration = Duration::from_millis(50);

/// How long a trial that is cancelled has to write its state and say so.
const GRACE: Duration = Duration::from_secs(15);

/// How long the lab has to end when it is told to.
const FAREWELL: Duration = Duration::from_secs(2);

/// The longest line that is read, in bytes: a curve of many thousand epochs.
const LONGEST: u64 = 16 << 20;

/// Events that wait to be heard before the lab has to wait itself.
const WAITING: usize = 1024;

/// How many of its last lines on standard error are kept.
const LAST_WORDS: usize = 8;

/// The lab: a process, once something was trained.
pub struct Lab {
    named: Option<PathBuf>,
    live: Option<Live>,
    about: Option<About>,
    trials: u64,
}

struct Live {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<Line>,
    words: Arc<Mutex<VecDeque<String>>>,
    /// Who listens to them.
    overhears: Option<JoinHandle<()>>,
}

/// What is read from the lab.
enum Line {
    Event(Box<Event>),
    Rubbish(String),
}

impl Lab {
    /// A lab that is not started yet: the program of this name, or the one that is found.
    pub fn new(named: Option<PathBuf>) -> Self {
        Self {
            named,
            live: None,
            about: None,
            trials: 0,
        }
    }

    fn program(&self) -> Result<PathBuf, Trouble> {
        let unavailable = |why: String| Trouble::Unavailable {
            why,
            help: format!("build it with `./x lab`, or name the program: {LAB_VARIABLE}=FILE"),
        };
        if let Some(named) = &self.named {
            return if named.is_file() {
                Ok(named.clone())
            } else {
                Err(unavailable(format!(
                    "there is no `{}`, which {LAB_VARIABLE} names",
                    named.display()
                )))
            };
        }
        let file = format!("{NAME}{}", env::consts::EXE_SUFFIX);
        let beside = env::current_exe()
            .ok()
            .and_then(|own| own.parent().map(|folder| folder.join(&file)));
        let path = env::var_os("PATH").unwrap_or_default();
        let on_path = env::split_paths(&path).map(|folder| folder.join(&file));
        beside
            .into_iter()
            .chain(on_path)
            .find(|program| program.is_file())
            .ok_or_else(|| {
                unavailable(format!(
                    "there is no `{NAME}` beside `nos` or on the path of programs"
                ))
            })
    }

    fn start(&mut self, patience: f64, hear: &mut Hear<'_>) -> Result<(), Trouble> {
        let program = self.program()?;
        let mut live = Live::spawn(&program)?;
        let deadline = Patience::new(patience);
        loop {
            match live.lines.recv_timeout(TICK) {
                Ok(Line::Event(event)) => match *event {
                    Event::Ready {
                        version: VERSION,
                        torch,
                        device,
                    } => {
                        self.about = Some(About { torch, device });
                        self.live = Some(live);
                        return Ok(());
                    }
                    Event::Ready { version, .. } => {
                        return Err(Trouble::Unavailable {
                            why: format!(
                                "`{NAME}` speaks version {version} of the messages, `nos` {VERSION}"
                            ),
                            help: "build both anew: `./x lab`".to_owned(),
                        });
                    }
                    other @ (Event::Described(_)
                    | Event::Started { .. }
                    | Event::Progress { .. }
                    | Event::Epoch { .. }
                    | Event::Done { .. }
                    | Event::Failed { .. }
                    | Event::Rejected { .. }) => {
                        return Err(live.rubbish(&format!("{other:?}")));
                    }
                },
                Ok(Line::Rubbish(line)) => return Err(live.rubbish(&line)),
                Err(RecvTimeoutError::Timeout) => {
                    if hear(None).is_break() {
                        return Err(Trouble::Failed(Failure::Cancelled));
                    }
                    if deadline.is_over() {
                        return Err(live.silent(patience));
                    }
                }
                Err(RecvTimeoutError::Disconnected) => {
                    let why = live.end();
                    return Err(Trouble::Unavailable {
                        why: format!("`{NAME}` does not start: {why}"),
                        help: format!("run `{}` to see what it says", program.display()),
                    });
                }
            }
        }
    }

    /// The trial on a lab that lives. The lab is taken away, and put back where it can go on.
    fn with(
        &mut self,
        mut live: Live,
        trial: &Trial,
        patience: f64,
        hear: &mut Hear<'_>,
    ) -> Result<Outcome, Trouble> {
        if live.send(&Request::Train(Box::new(trial.clone()))).is_err() {
            return Err(Trouble::Lost { why: live.end() });
        }
        let mut deadline = Patience::new(patience);
        let mut cancelled: Option<Instant> = None;
        loop {
            let is_break = match live.lines.recv_timeout(TICK) {
                Ok(Line::Event(event)) => {
                    deadline = Patience::new(patience);
                    match of_trial(*event, trial.id) {
                        Heard::Over(result) => {
                            self.live = Some(live);
                            return result;
                        }
                        Heard::Going(event) => hear(Some(&event)).is_break(),
                        Heard::Nothing => false,
                        Heard::Refused(message) => return Err(live.refused(&message)),
                    }
                }
                Ok(Line::Rubbish(line)) => return Err(live.rubbish(&line)),
                Err(RecvTimeoutError::Timeout) => hear(None).is_break(),
                Err(RecvTimeoutError::Disconnected) if cancelled.is_some() => {
                    return Err(Trouble::Failed(Failure::Cancelled));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Trouble::Lost { why: live.end() });
                }
            };
            match cancelled {
                Some(since) if since.elapsed() > GRACE => {
                    live.kill();
                    return Err(Trouble::Failed(Failure::Cancelled));
                }
                None if is_break => {
                    cancelled = Some(Instant::now());
                    if live.send(&Request::Cancel { trial: trial.id }).is_err() {
                        return Err(Trouble::Failed(Failure::Cancelled));
                    }
                }
                None if deadline.is_over() => return Err(live.silent(patience)),
                Some(_) | None => {}
            }
        }
    }
}

impl Trainer for Lab {
    fn prepare(&mut self, patience: f64, hear: &mut Hear<'_>) -> Result<(), Trouble> {
        if self.live.as_mut().is_some_and(Live::is_alive) {
            return Ok(());
        }
        self.live = None;
        self.start(patience, hear)
    }

    fn train(
        &mut self,
        trial: &Trial,
        patience: f64,
        hear: &mut Hear<'_>,
    ) -> Result<Outcome, Trouble> {
        self.prepare(patience, hear)?;
        let Some(live) = self.live.take() else {
            unreachable!("a lab that is ready lives");
        };
        self.trials += 1;
        let trial = Trial {
            id: self.trials,
            ..trial.clone()
        };
        self.with(live, &trial, patience, hear)
    }

    fn about(&self) -> Option<About> {
        self.about.clone()
    }
}

impl Live {
    fn spawn(program: &Path) -> Result<Self, Trouble> {
        let mut command = Command::new(program);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        // Threads of libtorch that wait must not spin: on shared cores that keeps the thread they wait for from running. The lab would
        // see to it too, but by starting once more.
        if ["OMP_WAIT_POLICY", "GOMP_SPINCOUNT"]
            .iter()
            .all(|name| std::env::var_os(name).is_none())
        {
            command.env("OMP_WAIT_POLICY", "passive");
        }
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().map_err(|error| Trouble::Unavailable {
            why: format!("`{}` does not start: {error}", program.display()),
            help: "build it anew: `./x lab`".to_owned(),
        })?;
        let (sender, lines) = sync_channel(WAITING);
        let words = Arc::new(Mutex::new(VecDeque::new()));
        if let Some(output) = child.stdout.take() {
            thread::spawn(move || listen(output, &sender));
        }
        let overhears = child.stderr.take().map(|errors| {
            let words = Arc::clone(&words);
            thread::spawn(move || overhear(errors, &words))
        });
        let input = child.stdin.take();
        Ok(Self {
            child,
            input,
            lines,
            words,
            overhears,
        })
    }

    fn send(&mut self, request: &Request) -> std::io::Result<()> {
        let mut line = serde_json::to_string(request).map_err(std::io::Error::other)?;
        line.push('\n');
        let input = self.input.as_mut();
        let input = input.ok_or(std::io::ErrorKind::BrokenPipe)?;
        input.write_all(line.as_bytes())?;
        input.flush()
    }

    fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    fn kill(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// How a lab ended that closed its output.
    fn end(&mut self) -> String {
        self.input = None;
        let status = self.wait(FAREWELL);
        let mut why = if let Some(status) = status {
            format!("`{NAME}` {}", ending(status))
        } else {
            self.kill();
            format!("`{NAME}` closed its output")
        };
        // Its last words may still be on their way.
        let is_heard = || {
            let overhears = self.overhears.as_ref();
            overhears.is_none_or(JoinHandle::is_finished).then_some(())
        };
        let _ = within(FAREWELL, is_heard);
        let words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = words.back() {
            why.push_str(": ");
            why.push_str(last);
        }
        why
    }

    fn wait(&mut self, most: Duration) -> Option<ExitStatus> {
        within(most, || self.child.try_wait().ok().flatten())
    }

    fn rubbish(&mut self, line: &str) -> Trouble {
        self.kill();
        let line: String = line.trim_end().chars().take(60).collect();
        Trouble::Lost {
            why: format!("`{NAME}` said `{line}`, which is no message"),
        }
    }

    fn refused(&mut self, message: &str) -> Trouble {
        self.kill();
        Trouble::Lost {
            why: format!("`{NAME}` did not understand a request: {message}"),
        }
    }

    fn silent(&mut self, patience: f64) -> Trouble {
        self.kill();
        Trouble::Lost {
            why: format!("`{NAME}` was silent for {patience} s"),
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        let _ = self.send(&Request::Quit);
        self.input = None;
        if self.wait(FAREWELL).is_none() {
            self.kill();
        }
    }
}

/// What comes to be within a time.
fn within<T>(most: Duration, mut of: impl FnMut() -> Option<T>) -> Option<T> {
    let began = Instant::now();
    loop {
        if let Some(found) = of() {
            return Some(found);
        }
        if began.elapsed() > most {
            return None;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// The time without any event after which a lab is given up.
struct Patience {
    since: Instant,
    seconds: f64,
}

impl Patience {
    fn new(seconds: f64) -> Self {
        Self {
            since: Instant::now(),
            seconds,
        }
    }

    fn is_over(&self) -> bool {
        self.since.elapsed().as_secs_f64() > self.seconds
    }
}

/// What an event means for a trial.
enum Heard {
    Going(Event),
    Over(Result<Outcome, Trouble>),
    Refused(String),
    /// It is about another trial, one that was cancelled.
    Nothing,
}

fn of_trial(event: Event, id: u64) -> Heard {
    match event {
        Event::Done { trial, outcome } if trial == id => Heard::Over(Ok(outcome)),
        Event::Failed { trial, failure } if trial == id => {
            Heard::Over(Err(Trouble::Failed(failure)))
        }
        Event::Started { trial, .. }
        | Event::Progress { trial, .. }
        | Event::Epoch { trial, .. }
            if trial == id =>
        {
            Heard::Going(event)
        }
        Event::Rejected { message } => Heard::Refused(message),
        Event::Ready { .. }
        | Event::Described(_)
        | Event::Started { .. }
        | Event::Progress { .. }
        | Event::Epoch { .. }
        | Event::Done { .. }
        | Event::Failed { .. } => Heard::Nothing,
    }
}

/// Reads events until the output ends or is no text of messages any more.
fn listen(output: impl Read, sender: &SyncSender<Line>) {
    let mut output = BufReader::new(output);
    loop {
        let mut bytes = Vec::new();
        match output.by_ref().take(LONGEST).read_until(b'\n', &mut bytes) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let line = String::from_utf8_lossy(&bytes);
        let line = match serde_json::from_str(&line) {
            Ok(event) => Line::Event(Box::new(event)),
            // The last line of a lab that was killed may be half a line: how it ended says more.
            Err(_) if bytes.last() != Some(&b'\n') => return,
            Err(_) => Line::Rubbish(line.into_owned()),
        };
        let is_rubbish = matches!(line, Line::Rubbish(_));
        if sender.send(line).is_err() || is_rubbish {
            return;
        }
    }
}

/// Keeps the last lines that the lab writes for people.
fn overhear(errors: impl Read, words: &Mutex<VecDeque<String>>) {
    for line in BufReader::new(errors).split(b'\n') {
        let Ok(line) = line else { return };
        let line = String::from_utf8_lossy(&line).trim().to_owned();
        if line.is_empty() {
            continue;
        }
        let mut words = words.lock().unwrap_or_else(PoisonError::into_inner);
        if words.len() == LAST_WORDS {
            words.pop_front();
        }
        words.push_back(line);
    }
}

/// How a process ended, in words.
fn ending(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return match signal {
            9 => "was killed (signal 9: by hand, or for lack of memory)".to_owned(),
            signal => format!("was ended by signal {signal}"),
        };
    }
    match status.code() {
        Some(code) => format!("ended with exit code {code}"),
        None => "ended".to_owned(),
    }
}
