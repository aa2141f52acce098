//! What came out: a table to print, `report.json`, `report.md` and charts beside it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::Path;

use serde::Serialize;

use super::file::{Experiment, slug};
use super::machine::Machine;
use super::play::Played;
use super::progress::span;
use crate::domain::{Plan, Recipe, Taxonomy};
use crate::formats::atomic;
use crate::formats::chart::{Bar, Bars, Lines, Series};
use crate::formats::datasets::Refused;

/// All that the files say, but the curves.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Report {
    name: String,
    windlass: &'static str,
    machine: Machine,
    taxonomy: Taxonomy,
    recipe: Recipe,
    frames: BTreeMap<&'static str, usize>,
    refused: Vec<String>,
    arms: Vec<ArmReport>,
}

#[derive(Clone, Debug, Serialize)]
struct ArmReport {
    name: String,
    stage: &'static str,
    from: Option<String>,
    strategy: Option<String>,
    /// One a seed.
    runs: Vec<RunReport>,
}

#[derive(Clone, Debug, Serialize)]
struct RunReport {
    seed: u64,
    labelled: usize,
    mean_iou: Option<f64>,
    /// Of the taxonomy's subsets.
    subset_iou: BTreeMap<String, Option<f64>>,
    accuracy: Option<f64>,
    /// In the order of the classes.
    class_iou: Vec<Option<f64>>,
    /// By stage, in the order of running.
    seconds: Vec<(&'static str, f64)>,
    /// File names of the frames that it asked for, the farthest first.
    picked: Vec<String>,
    notes: Vec<String>,
}

impl Report {
    pub(super) fn new(experiment: &Experiment, plan: &Plan, refused: &[Refused], played: &[Played]) -> Self {
        let device = played.iter().flat_map(|played| &played.jobs).map(|(_, told)| told.device.as_str());
        let runs = |name: &str| {
            let of_arm = played.iter().filter(|played| played.arm.name == name);
            of_arm.map(|played| RunReport::new(played, &experiment.taxonomy)).collect()
        };
        let arms = experiment.arms.iter().map(|arm| ArmReport {
            name: arm.name.clone(),
            stage: arm.stage.slug(),
            from: arm.from.clone(),
            strategy: arm.strategy.clone(),
            runs: runs(&arm.name),
        });
        Self {
            name: experiment.name.clone(),
            windlass: env!("CARGO_PKG_VERSION"),
            machine: Machine::here(device.into_iter().next().unwrap_or("unknown")),
            arms: arms.collect(),
            taxonomy: experiment.taxonomy.clone(),
            recipe: plan.recipe.clone(),
            frames: [("source", plan.source.len()), ("target", plan.target.len()), ("val", plan.val.len())].into(),
            refused: refused.iter().map(|refused| format!("{} {}", refused.path.display(), refused.reason)).collect(),
        }
    }

    /// A line an arm: labels, mIoU in percent (each seed's too), what it gained over the first, time.
    pub(super) fn table(&self) -> String {
        let wide = self.arms.iter().map(|arm| arm.name.chars().count()).max().unwrap_or(0).max(3);
        let first = self.arms.first().and_then(ArmReport::mean_iou);
        let mut table = format!("{:wide$}  labels   mIoU  change     time", "arm");
        for arm in &self.arms {
            let (mean, change) = (arm.mean_iou(), arm.mean_iou().zip(first).map(|(mean, first)| mean - first));
            let signed = change.map_or("-".into(), |change| format!("{:+.1}", 100.0 * change));
            let labelled = arm.runs.first().map_or(0, |run| run.labelled);
            let (mean, time) = (percent(mean), span(arm.seconds()));
            let _ = write!(table, "\n{:wide$}  {labelled:6}  {mean:>5}  {signed:>6}  {time:>7}", arm.name);
            if arm.runs.len() > 1 {
                let each: Vec<String> = arm.runs.iter().map(|run| percent(run.mean_iou)).collect();
                let _ = write!(table, "  ({})", each.join(", "));
            }
        }
        table
    }

    /// Writes the files.
    pub(super) fn write(&self, out: &Path, played: &[Played]) -> io::Result<()> {
        let charts = out.join("charts");
        std::fs::create_dir_all(&charts)?;
        let mut pictures = vec![];
        let mut chart = |name: String, title: &str, svg: String| {
            pictures.push(format!("![{title}](charts/{name}.svg)"));
            atomic::write(&charts.join(format!("{name}.svg")), svg.as_bytes())
        };
        chart("arms".into(), "mIoU of each arm", self.arms_chart().file())?;
        chart("classes".into(), "IoU of each class", self.classes_chart().file())?;
        for played in played {
            for (stage, told) in played.jobs.iter().filter(|(_, told)| !told.curves.is_empty()) {
                let title = format!("{}, seed {}: {}", played.arm.name, played.seed, stage.title().to_lowercase());
                let series = told.curves.iter().filter(|(name, _)| name.starts_with("loss/"));
                let series: Vec<Series> = series
                    .map(|(name, points)| Series { name: name.replacen("loss/", "", 1), points: points.clone() })
                    .collect();
                let lines = Lines { title: format!("Losses: {title}"), x: "step".into(), series, smoothing: Some(0.9) };
                chart(
                    format!("{}-seed-{}-{}", slug(&played.arm.name), played.seed, stage.slug()),
                    &title,
                    lines.file(),
                )?;
            }
        }
        atomic::write(&out.join("report.json"), &serde_json::to_vec_pretty(self)?)?;
        atomic::write(&out.join("report.md"), self.markdown(&pictures).as_bytes())
    }

    fn arms_chart(&self) -> Bars {
        let bar = |arm: &ArmReport| Bar { name: arm.name.clone(), value: arm.mean_iou(), before: None };
        Bars { title: format!("{}: mIoU in percent", self.name), bars: self.arms.iter().map(bar).collect() }
    }

    /// The last arm's classes, marked where the first arm's were.
    fn classes_chart(&self) -> Bars {
        let (Some(first), Some(last)) = (self.arms.first(), self.arms.last()) else {
            return Bars { title: self.name.clone(), bars: vec![] };
        };
        let bar = |(at, class): (usize, &crate::domain::Class)| Bar {
            name: class.name.clone(),
            value: last.class_iou(at),
            before: first.class_iou(at),
        };
        let title = format!("IoU in percent: {}, marked: {}", last.name, first.name);
        Bars { title, bars: self.taxonomy.classes.iter().enumerate().map(bar).collect() }
    }

    fn markdown(&self, pictures: &[String]) -> String {
        let machine = &self.machine;
        let memory = machine.memory.map(|memory| format!(", {memory} GB")).unwrap_or_default();
        let frames = self.frames.iter().map(|(name, frames)| format!("{frames} {name}")).collect::<Vec<_>>().join(", ");
        let seeds: Vec<String> =
            self.arms.iter().take(1).flat_map(|arm| &arm.runs).map(|run| run.seed.to_string()).collect();
        let names: Vec<&str> = self.arms.iter().map(|arm| arm.name.as_str()).collect();
        let mut text = format!(
            "# {}\n\nmIoU in percent on the validation frames, of the last step; no checkpoint was chosen.\n\n```text\n{}\n```\n",
            self.name,
            self.table()
        );
        let _ =
            write!(text, "\n## Classes\n\nIoU in percent, mean of the seeds.\n\n| class | {} |\n", names.join(" | "));
        let _ = writeln!(text, "|---|{}", "---:|".repeat(names.len()));
        for (at, class) in self.taxonomy.classes.iter().enumerate() {
            let cells: Vec<String> = self.arms.iter().map(|arm| percent(arm.class_iou(at))).collect();
            let _ = writeln!(text, "| {} | {} |", class.name, cells.join(" | "));
        }
        let _ = write!(text, "\n## Time\n\n| arm | seed | stages |\n|---|---|---|\n");
        for (arm, run) in self.arms.iter().flat_map(|arm| arm.runs.iter().map(move |run| (arm, run))) {
            let stages: Vec<String> = run.seconds.iter().map(|(stage, s)| format!("{stage} {}", span(*s))).collect();
            let _ = writeln!(text, "| {} | {} | {} |", arm.name, run.seed, stages.join(", "));
        }
        let _ = write!(text, "\n## Curves\n\n{}\n", pictures.join("\n\n"));
        let _ = write!(
            text,
            "\n## Made with\n\nWindlass {} on {} ({} cores{memory}), {}, device {}. Frames: {frames}; {} left out. Seeds: {}.\n",
            self.windlass,
            machine.processor,
            machine.cores,
            machine.system,
            machine.device,
            self.refused.len(),
            seeds.join(", ")
        );
        let recipe = serde_json::to_string_pretty(&self.recipe).unwrap_or_default();
        let _ = write!(text, "\n```json\n{recipe}\n```\n");
        text
    }
}

impl ArmReport {
    fn mean_iou(&self) -> Option<f64> {
        mean(self.runs.iter().map(|run| run.mean_iou))
    }

    fn class_iou(&self, class: usize) -> Option<f64> {
        mean(self.runs.iter().map(|run| run.class_iou[class]))
    }

    fn seconds(&self) -> f64 {
        self.runs.iter().flat_map(|run| &run.seconds).map(|(_, seconds)| seconds).sum()
    }
}

impl RunReport {
    fn new(played: &Played, taxonomy: &Taxonomy) -> Self {
        let confusion = &played.evaluation.confusion;
        let of_subset = |classes: &[u8]| confusion.mean_iou_of(classes.iter().map(|&class| usize::from(class)));
        Self {
            seed: played.seed,
            labelled: played.labelled.len(),
            mean_iou: confusion.mean_iou(),
            subset_iou: taxonomy.subsets.iter().map(|s| (s.name.clone(), of_subset(&s.classes))).collect(),
            accuracy: confusion.accuracy(),
            class_iou: (0..taxonomy.len()).map(|class| confusion.iou(class)).collect(),
            seconds: played.jobs.iter().map(|(stage, told)| (stage.slug(), told.seconds)).collect(),
            picked: picked(played),
            notes: played.jobs.iter().flat_map(|(_, told)| told.notes.clone()).collect(),
        }
    }
}

fn picked(played: &Played) -> Vec<String> {
    let picks = played.selection.iter().flat_map(|selection| &selection.picks);
    let name = |id| {
        let frame = played.labelled.iter().find(|frame| frame.id == id)?;
        Some(frame.image.file_stem()?.to_string_lossy().into_owned())
    };
    picks.filter_map(|pick| name(pick.frame)).collect()
}

fn mean(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let values: Vec<f64> = values.flatten().collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn percent(share: Option<f64>) -> String {
    share.map_or("-".into(), |share| format!("{:.1}", 100.0 * share))
}
