//! Trainings that several policies or seeds of a search ask for, done once.

use super::crew::{Crew, Halt, Hear, Job, is_lost};
use crate::lab::{Notebook, Plan, Report};
use rustc_hash::FxHashMap;

/// Asks another crew for what it has not had from it yet. A training depends on its plan alone, so nobody can tell the difference but by the clock.
pub(super) struct Remembering<'c> {
    crew: &'c mut dyn Crew,
    /// By the text of the rule.
    known: FxHashMap<String, Vec<Report>>,
}

impl<'c> Remembering<'c> {
    /// Knows nothing yet.
    pub(super) fn new(crew: &'c mut dyn Crew) -> Self {
        Self {
            crew,
            known: FxHashMap::default(),
        }
    }

    fn known(&self, plan: &Plan) -> Option<&Report> {
        let mut same = self.known.get(text(plan))?.iter();
        same.find(|report| report.plan == *plan)
    }
}

fn text(plan: &Plan) -> &str {
    plan.rules.first().map_or("", |rule| &rule.text)
}

impl Crew for Remembering<'_> {
    fn work(
        &mut self,
        jobs: Vec<Job>,
        notebook: &mut dyn Notebook,
        hear: &mut Hear<'_>,
    ) -> Result<Vec<Report>, Halt> {
        let mut reports: Vec<Option<Report>> = jobs
            .iter()
            .map(|job| self.known(&job.plan).cloned())
            .collect();
        let known = reports.iter().flatten().count();
        let total = jobs.len();
        let fresh: Vec<(usize, Job)> = jobs
            .into_iter()
            .enumerate()
            .filter(|(place, _)| reports[*place].is_none())
            .collect();
        if !fresh.is_empty() {
            let asked = fresh.iter().map(|(_, job)| job.clone()).collect();
            let told = self.crew.work(asked, notebook, &mut |done, _, at| {
                hear(known + done, total, at)
            })?;
            for ((place, _), report) in fresh.into_iter().zip(told) {
                // What could not be trained may have met a worker that is gone.
                if !report.entries.iter().any(is_lost) {
                    let same = self.known.entry(text(&report.plan).to_owned());
                    same.or_default().push(report.clone());
                }
                reports[place] = Some(report);
            }
        }
        Ok(reports.into_iter().flatten().collect())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::lab::message::{Data, Net, Settings, Task};
    use crate::lab::{Blank, Ending, Entrant, Entry, Training};
    use std::ops::ControlFlow;
    use std::path::PathBuf;

    /// Keeps what it was asked for; one rule cannot be trained the first time.
    #[derive(Default)]
    struct Asked(Vec<Vec<String>>);

    impl Crew for Asked {
        fn work(
            &mut self,
            jobs: Vec<Job>,
            _notebook: &mut dyn Notebook,
            hear: &mut Hear<'_>,
        ) -> Result<Vec<Report>, Halt> {
            let texts = jobs.iter().map(|job| text(&job.plan).to_owned());
            self.0.push(texts.collect());
            if hear(0, jobs.len(), "").is_break() {
                return Err(Halt::Stopped);
            }
            Ok(jobs.into_iter().map(|job| self.report(job.plan)).collect())
        }
    }

    impl Asked {
        fn report(&self, plan: Plan) -> Report {
            let mut entry = Entry::default();
            if text(&plan) == "bad" {
                entry.runs.push(Training::without_outcome(
                    0.1,
                    0,
                    Ending::Failed {
                        why: "gone".to_owned(),
                    },
                    Vec::new(),
                ));
            }
            Report {
                training_format: 1,
                version: self.0.len().to_string(),
                run: None,
                plan,
                task: None,
                about: None,
                entries: vec![entry],
                is_complete: true,
            }
        }
    }

    pub(in crate::search) fn job(text: &str, rate: f64) -> Job {
        let plan = Plan {
            name: "cifar(convnet)".to_owned(),
            task: Task {
                data: Data::Cifar {
                    folder: PathBuf::from("data"),
                },
                net: Net::CHILD,
            },
            rules: vec![Entrant {
                name: text.to_owned(),
                formula: text.to_owned(),
                text: text.to_owned(),
                slots: 0,
                is_baseline: false,
            }],
            rates: vec![rate],
            sweep: Settings::default(),
            training: Settings::default(),
            schedule: None,
            seeds: vec![0],
            patience: 1.0,
        };
        Job { entry: 0, plan }
    }

    #[test]
    fn what_is_known_is_not_asked_for_again() {
        let mut asked = Asked::default();
        let mut heard = Vec::new();
        let mut crew = Remembering::new(&mut asked);
        let mut work = |texts: &[(&str, f64)]| {
            let jobs = texts.iter().map(|(text, rate)| job(text, *rate)).collect();
            let reports = crew.work(jobs, &mut Blank, &mut |done, total, _| {
                heard.push((done, total));
                ControlFlow::Continue(())
            });
            let told = |report: Report| (text(&report.plan).to_owned(), report.version);
            reports
                .expect("a crew")
                .into_iter()
                .map(told)
                .collect::<Vec<_>>()
        };
        let told = |text: &str, time: &str| (text.to_owned(), time.to_owned());
        assert_eq!(
            work(&[("g", 0.1), ("m", 0.1)]),
            [told("g", "1"), told("m", "1")]
        );
        // In their order, whether known or not; another learning rate is another training.
        assert_eq!(
            work(&[("w", 0.1), ("m", 0.1), ("g", 0.2), ("g", 0.1)]),
            [
                told("w", "2"),
                told("m", "1"),
                told("g", "2"),
                told("g", "1")
            ]
        );
        assert_eq!(
            work(&[("m", 0.1), ("w", 0.1)]),
            [told("m", "1"), told("w", "2")]
        );
        // What could not be trained may be another time.
        assert_eq!(work(&[("bad", 0.1)]), [told("bad", "3")]);
        assert_eq!(
            work(&[("g", 0.1), ("bad", 0.1)]),
            [told("g", "1"), told("bad", "4")]
        );
        assert_eq!(heard, [(0, 2), (2, 4), (0, 1), (1, 2)]);
        let lists = [vec!["g", "m"], vec!["w", "g"], vec!["bad"], vec!["bad"]];
        assert_eq!(asked.0, lists);
    }

    #[test]
    fn stopped_work_is_not_known() {
        let mut asked = Asked::default();
        let mut crew = Remembering::new(&mut asked);
        let stopped = crew.work(vec![job("g", 0.1)], &mut Blank, &mut |_, _, _| {
            ControlFlow::Break(())
        });
        assert_eq!(stopped, Err(Halt::Stopped));
        let done = crew.work(vec![job("g", 0.1)], &mut Blank, &mut |_, _, _| {
            ControlFlow::Continue(())
        });
        assert_eq!(done.map(|reports| reports.len()), Ok(1));
        assert_eq!(asked.0.len(), 2);
    }
}
