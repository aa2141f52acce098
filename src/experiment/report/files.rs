//! The report's files.

use std::io;
use std::path::Path;

use super::{ArmReport, Report};
use crate::domain::{ClassMix, Confusion, MapPoint, files};
use crate::experiment::file::slug;
use crate::experiment::play::{Played, read};
use crate::formats::atomic;
use crate::formats::chart::{Bar, Bars, Chart, Lines, Matrix, Scatter, Series};

/// Charts of one kind, in the order of drawing: title and path below the report.
#[derive(Default)]
pub(super) struct Pictures {
    pub(super) overview: Vec<String>,
    pub(super) selections: Vec<String>,
    pub(super) confusions: Vec<String>,
    pub(super) curves: Vec<String>,
}

impl Report {
    /// Writes the files.
    pub(in crate::experiment) fn write(&self, out: &Path, played: &[Played]) -> io::Result<()> {
        let charts = out.join("charts");
        std::fs::create_dir_all(&charts)?;
        let chart = |name: String, title: &str, svg: String| {
            atomic::write(&charts.join(format!("{name}.svg")), svg.as_bytes())?;
            io::Result::Ok(format!("![{title}](charts/{name}.svg)"))
        };
        let mut pictures = Pictures::default();
        pictures.overview.push(chart("arms".into(), "mIoU of each arm", self.arms_chart().file())?);
        pictures.overview.push(chart("classes".into(), "IoU of each class", self.classes_chart().file())?);
        for arm in &self.arms {
            let (name, slug) = (&arm.name, slug(&arm.name));
            if let Some(selection) = arm.selection() {
                let title = format!("Frames with each class in percent: picks of {name}, marked: all candidates");
                let bars = self.mix_chart(title.clone(), &selection.mix);
                pictures.selections.push(chart(format!("{slug}-mix"), &title, bars.file())?);
                if selection.groups.len() > 1 {
                    let title = format!("Frames of each group in percent: picks of {name}, marked: all candidates");
                    let bars = Bars::of_groups(title.clone(), &selection.groups);
                    pictures.selections.push(chart(format!("{slug}-groups"), &title, bars.file())?);
                }
            }
            let of_arm: Vec<&Played> = played.iter().filter(|played| played.arm.name == *name).collect();
            if let Some((map, seed)) = of_arm.iter().find_map(|played| Some((map(played)?, played.seed))) {
                let title = format!("t-SNE of both domains: {name}, seed {seed}");
                pictures.selections.push(chart(
                    format!("{slug}-map"),
                    &title,
                    Scatter::of_map(title.clone(), &map).file(),
                )?);
            }
            if let Some(confusion) = merged(&of_arm) {
                let title = format!("Percent of each class (row) taken for another (column): {name}");
                pictures.confusions.push(chart(
                    format!("{slug}-confusion"),
                    &title,
                    self.matrix(title.clone(), &confusion).file(),
                )?);
            }
        }
        for played in played {
            for (stage, told) in played.jobs.iter().filter(|(_, told)| !told.curves.is_empty()) {
                let title = format!("{}, seed {}: {}", played.arm.name, played.seed, stage.title().to_lowercase());
                let name = format!("{}-seed-{}-{}", slug(&played.arm.name), played.seed, stage.slug());
                for (kind, what, smoothing) in [("loss", "Losses", Some(0.9)), ("mIoU", "mIoU", None)] {
                    let of_kind = |(name, points): (&String, &Vec<(f64, f64)>)| {
                        let name = name.strip_prefix(kind)?.strip_prefix('/')?.to_owned();
                        Some(Series { name, points: points.clone() })
                    };
                    let series: Vec<Series> = told.curves.iter().filter_map(of_kind).collect();
                    if !series.is_empty() {
                        let lines = Lines { title: format!("{what}: {title}"), x: "step".into(), series, smoothing };
                        let name = format!("{name}-{}", kind.to_lowercase());
                        pictures.curves.push(chart(name, &format!("{what}: {title}"), lines.file())?);
                    }
                }
            }
        }
        atomic::write(&out.join("report.json"), &serde_json::to_vec_pretty(self)?)?;
        atomic::write(&out.join("report.md"), self.markdown(&pictures).as_bytes())
    }

    fn arms_chart(&self) -> Bars {
        let bar = |arm: &ArmReport| {
            let before = arm.control.as_ref().and_then(|_| self.control(arm)?.mean_iou());
            Bar { name: arm.name.clone(), value: arm.mean_iou(), before }
        };
        let marked = if self.arms.iter().any(|arm| arm.control.is_some()) { ", marked: its control" } else { "" };
        let title = format!("{}: mIoU in percent{marked}", self.name);
        Bars { title, bars: self.arms.iter().map(bar).collect() }
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

    fn mix_chart(&self, title: String, mix: &ClassMix) -> Bars {
        let names = self.taxonomy.classes.iter().map(|class| class.name.clone());
        Bars::of_mix(title, names, mix)
    }

    fn matrix(&self, title: String, confusion: &Confusion) -> Matrix {
        let names = self.taxonomy.classes.iter().map(|class| class.name.clone()).collect();
        Matrix::of(title, names, |truth, guess| confusion.count(truth, guess))
    }
}

/// The map that an arm's selection left.
fn map(played: &Played) -> Option<Vec<MapPoint>> {
    read(&played.select_out.as_ref()?.join(files::MAP)).ok()
}

/// Over the seeds.
fn merged(played: &[&Played]) -> Option<Confusion> {
    let mut all = played.iter().map(|played| played.evaluation.confusion.clone());
    let mut sum = all.next()?;
    all.for_each(|other| sum.merge(&other));
    Some(sum)
}
