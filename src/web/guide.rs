//! What a person should know and press now: one sentence, one button.

use super::rail::Card;
use super::words::{count, duration, sentence};
use crate::domain::{JobId, Stage};
use crate::store::projects::{ImportState, Project};
use crate::supervisor::StepState;

/// What stands at the top of a project.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Guide {
    /// `running`, `ready`, `failed`, `done`: its colour.
    pub(crate) mood: &'static str,
    pub(crate) title: String,
    pub(crate) text: String,
    /// More for a newcomer, in the demo.
    pub(crate) story: &'static str,
    pub(crate) press: Vec<Press>,
}

/// A button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Press {
    Start(Stage),
    StartOver(Stage),
    Resume(JobId),
    SeeLog(JobId),
    LabelNext,
    AnswerFromLabels,
    NextRound,
    SeeModels,
    ImportAgain,
}

impl Guide {
    /// From the stages of the newest round, and the mIoU of the model that it began with.
    pub(crate) fn of(project: &Project, cards: &[Card], base: Option<f64>) -> Self {
        let story = |stage| if project.oracle { story(stage) } else { "" };
        let import = &project.import;
        match import.state {
            ImportState::Queued | ImportState::Running => {
                let text = match import.total {
                    0 => "Looking for pictures and labels.".into(),
                    total => format!("{} of {} checked.", import.done, count(total as usize, "frame")),
                };
                return Self { mood: "running", title: "Reading the frames".into(), text, story: "", press: vec![] };
            }
            ImportState::Failed => {
                let text = import.error.as_deref().map_or_else(|| "The import did not end.".into(), sentence);
                let title = "The frames could not be read".into();
                return Self { mood: "failed", title, text, story: "", press: vec![Press::ImportAgain] };
            }
            ImportState::Done => {}
        }
        let Some(card) = cards.iter().find(|card| !card.is_done()) else { return Self::finished(project, cards, base) };
        let stage = card.stage();
        let title = stage.title();
        let guide = |mood, title: String, text: String, press| {
            // A story tells of how it should go.
            let story = if mood == "failed" { "" } else { story(stage) };
            Self { mood, title, text, story, press }
        };
        let go_on = || card.job().map(|job| Press::Resume(job.id));
        match card.step.state {
            StepState::Failed => {
                let error = card.job().and_then(|job| job.error.as_deref());
                let text = error.map_or_else(|| "The job ended without saying why. See its log.".into(), sentence);
                // One that goes on keeps the knobs that it failed by.
                let over = Press::StartOver(stage);
                let press = match go_on() {
                    Some(go_on) if !text.contains("start the stage over") => vec![go_on, over],
                    _ => vec![over],
                };
                let press = press.into_iter().chain(card.job().map(|job| Press::SeeLog(job.id))).collect();
                guide("failed", format!("{title} failed"), text, press)
            }
            StepState::Stopped => {
                let press = Vec::from_iter(go_on());
                guide("ready", format!("{title} is stopped"), "It goes on from where it was.".into(), press)
            }
            StepState::Active if stage == Stage::Annotate => {
                let left = card.picks.total() - card.picks.submitted;
                let title = match left {
                    1 => "1 frame waits for its labels".into(),
                    _ => format!("{left} frames wait for their labels"),
                };
                let mut press = vec![Press::LabelNext];
                press.extend(project.oracle.then_some(Press::AnswerFromLabels));
                guide(
                    "ready",
                    title,
                    "Each has the model's proposal on it already. Correct what is wrong.".into(),
                    press,
                )
            }
            StepState::Active => {
                let left = card.seconds_left().map(|seconds| format!(" About {} left.", duration(seconds)));
                let (title, text) = match card.slug() {
                    "queued" => (format!("{title} is queued"), "It starts as soon as the device is free."),
                    "stopping" => (format!("{title} is stopping"), "It writes a checkpoint first."),
                    _ => (format!("{title} is running"), stage.purpose()),
                };
                guide("running", title, format!("{text}{}", left.unwrap_or_default()), vec![])
            }
            StepState::Ready | StepState::Waits(_) | StepState::Done => {
                let verb = match stage {
                    Stage::Inject => "Next: train on the labels".into(),
                    _ => format!("Next: {}", title.to_lowercase()),
                };
                guide("ready", verb, stage.purpose().into(), vec![Press::Start(stage)])
            }
        }
    }

    fn finished(project: &Project, cards: &[Card], base: Option<f64>) -> Self {
        let models = base.into_iter().chain(cards.iter().filter_map(|card| card.model.as_ref()?.mean_iou));
        let models: Vec<f64> = models.collect();
        let measuring = cards.iter().any(Card::is_active);
        let text = match (models.first(), models.last()) {
            (Some(first), Some(last)) if models.len() > 1 && !measuring => {
                format!("mIoU went from {:.1} to {:.1} in this round.", first * 100.0, last * 100.0)
            }
            _ if measuring => "The last model is being measured.".into(),
            _ => "The adapted model is there.".into(),
        };
        let title = "The round is done".into();
        let press = vec![Press::SeeModels, Press::NextRound];
        let story = if project.oracle { DONE } else { "" };
        Self { mood: if measuring { "running" } else { "done" }, title, text, story, press }
    }
}

const DONE: &str = "That was the whole loop. Compare the pictures before and after under Models. Another round picks the \
    frames that the new model finds strangest.";

/// For somebody who sees all this for the first time.
fn story(stage: Stage) -> &'static str {
    match stage {
        Stage::Warmup => {
            "This demo drew two street worlds: a labelled one and one that looks different, whose labels are hidden. A small \
             network now learns the first while being pulled towards the second. Nothing to press yet: watch the curves."
        }
        Stage::Features | Stage::Anchors | Stage::Select | Stage::Prelabel => {
            "The network describes every frame, finds the typical scenes of both worlds, and picks the few frames that are \
             least like any of them. Those are worth a person's time. Nothing to press yet."
        }
        Stage::Annotate => {
            "Now it is your turn. Label a frame or two and see how it feels. The demo drew these streets itself, so it knows \
             the right labels: let them answer for the rest."
        }
        Stage::Inject | Stage::TargetFeatures | Stage::TargetAnchors | Stage::Adapt => {
            "The labels are in. Now the network learns from them, finds the typical scenes again, and adapts on all frames. \
             That takes a few minutes; mIoU on the right shows what it brings."
        }
        Stage::Evaluate => "",
    }
}
