//! The report in words and tables.

use std::fmt::Write as _;

use super::files::Pictures;
use super::{Report, percent};
use crate::experiment::progress::span;

impl Report {
    /// A line an arm: labels, steps, mIoU in percent and what it gained over its control with the same seed, each with its
    /// spread over the seeds, time.
    pub(in crate::experiment) fn table(&self) -> String {
        let wide = self.arms.iter().map(|arm| arm.name.chars().count()).max().unwrap_or(0).max(3);
        let mut table = format!("{:wide$}  labels   steps   mIoU  spread  change  spread     time", "arm");
        for arm in &self.arms {
            let change = self.control(arm).and_then(|control| arm.change(control));
            let signed = change.map_or("-".into(), |(change, _)| format!("{:+.1}", 100.0 * change));
            let of_change = percent(change.and_then(|(_, spread)| spread));
            let run = arm.runs.first();
            let (labelled, steps) = (run.map_or(0, |run| run.labelled), run.map_or(0, |run| run.steps));
            let (mean, spread, time) = (percent(arm.mean_iou()), percent(arm.spread()), span(arm.seconds()));
            let _ = write!(
                table,
                "\n{:wide$}  {labelled:6}  {steps:6}  {mean:>5}  {spread:>6}  {signed:>6}  {of_change:>6}  {time:>7}",
                arm.name
            );
            if let Some(control) = &arm.control {
                let _ = write!(table, "  beside {control}");
            }
            if arm.runs.len() > 1 {
                let each: Vec<String> = arm.runs.iter().map(|run| percent(run.mean_iou)).collect();
                let _ = write!(table, "  ({})", each.join(", "));
            }
        }
        table
    }

    pub(super) fn markdown(&self, pictures: &Pictures) -> String {
        let names: Vec<&str> = self.arms.iter().map(|arm| arm.name.as_str()).collect();
        let mut text = format!(
            "# {}\n\nmIoU in percent on the validation frames; a spread is the standard deviation over the seeds, the \
             change that against the control (or the first arm) of the same seed.\n\n```text\n{}\n```\n\n{}\n",
            self.name,
            self.table(),
            pictures.overview.join("\n\n")
        );
        let _ =
            write!(text, "\n## Classes\n\nIoU in percent, mean of the seeds.\n\n| class | {} |\n", names.join(" | "));
        let _ = writeln!(text, "|---|{}", "---:|".repeat(names.len()));
        for (at, class) in self.taxonomy.classes.iter().enumerate() {
            let cells: Vec<String> = self.arms.iter().map(|arm| percent(arm.class_iou(at))).collect();
            let _ = writeln!(text, "| {} | {} |", class.name, cells.join(" | "));
        }
        self.selections(&mut text, pictures);
        let _ = write!(text, "\n## Confusion\n\n{}\n", pictures.confusions.join("\n\n"));
        let _ = write!(text, "\n## Time\n\n| arm | seed | stages |\n|---|---|---|\n");
        for (arm, run) in self.arms.iter().flat_map(|arm| arm.runs.iter().map(move |run| (arm, run))) {
            let stages: Vec<String> =
                run.seconds.iter().map(|(stage, s)| format!("{} {}", stage.slug(), span(*s))).collect();
            let _ = writeln!(text, "| {} | {} | {} |", arm.name, run.seed, stages.join(", "));
        }
        let _ = write!(text, "\n## Curves\n\n{}\n", pictures.curves.join("\n\n"));
        self.made_with(&mut text);
        text
    }

    /// What was chosen, of what: how the picks differ from what they were picked of.
    fn selections(&self, text: &mut String, pictures: &Pictures) {
        let chosen: Vec<_> = self.arms.iter().filter_map(|arm| Some((arm, arm.selection()?))).collect();
        if chosen.is_empty() {
            return;
        }
        let _ = write!(
            text,
            "\n## Selections\n\nPercent of the frames in which the model found each class: picks, and all candidates. \
             Of the first seed.\n\n| class |"
        );
        for (arm, selection) in &chosen {
            let shares = if selection.stratified { ", by shares" } else { "" };
            let quota = selection.quota.map_or(String::new(), |quota| format!(", {quota} a group"));
            let [k, v] = selection.anchors;
            let slug = selection.strategy.slug();
            let _ =
                write!(text, " {} ({slug}, {} picks, K {k}, V {v}{shares}{quota}) |", arm.name, selection.picked.len());
        }
        let _ = writeln!(text, "\n|---|{}", "---:|".repeat(chosen.len()));
        for (at, class) in self.taxonomy.classes.iter().enumerate() {
            let _ = write!(text, "| {} |", class.name);
            for (_, selection) in &chosen {
                let share = |shares: &[f64]| percent(shares.get(at).copied());
                let mix = &selection.mix;
                let _ = write!(text, " {} of {} |", share(&mix.picked_frames), share(&mix.pool_frames));
            }
            text.push('\n');
        }
        let _ = write!(text, "\n{}\n", pictures.selections.join("\n\n"));
    }

    fn made_with(&self, text: &mut String) {
        let machine = &self.machine;
        let memory = machine.memory.map(|memory| format!(", {memory} GB")).unwrap_or_default();
        let frames = self.frames.iter().map(|(name, frames)| format!("{frames} {name}")).collect::<Vec<_>>().join(", ");
        let seeds: Vec<String> =
            self.arms.iter().take(1).flat_map(|arm| &arm.runs).map(|run| run.seed.to_string()).collect();
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
        for arm in self.arms.iter().filter(|arm| !arm.knobs.is_empty()) {
            let knobs: Vec<String> = arm.knobs.iter().map(|(name, value)| format!("{name} = {value}")).collect();
            let _ = write!(text, "\n- {}: {}", arm.name, knobs.join(", "));
        }
        let recipe = serde_json::to_string_pretty(&self.recipe).unwrap_or_default();
        let _ = write!(text, "\n\n```json\n{recipe}\n```\n");
    }
}
