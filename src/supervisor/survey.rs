//! Looks through the source's labels for what they tell about classes.

use tokio::sync::Mutex;

use crate::domain::{Domain, Frame, FrameId, IGNORE, LabelCode, Mask, ProjectId, Split, Survey};
use crate::formats::label::read_label;
use crate::store::{Db, Result, frames, projects};

/// So many labels are read, spread evenly over the source.
const SAMPLE: usize = 100;
/// A pair is said never to touch only where each of its classes was seen in so many labels.
const SEEN: u32 = 10;
/// A frame that a class fills altogether shows it badly: beyond this share of the pixels more is not better.
const LARGE: f64 = 0.3;

/// Surveys in the making, one at a time.
#[derive(Debug, Default)]
pub struct Surveys(Mutex<()>);

impl Surveys {
    /// The survey of a project's source; made at the first question, which takes some seconds.
    pub async fn of(&self, db: &Db, project: ProjectId) -> Result<Survey> {
        if let Some(survey) = projects::survey(db, project).await? {
            return Ok(survey);
        }
        // Two people who ask at once wait for the same one.
        let _turn = self.0.lock().await;
        if let Some(survey) = projects::survey(db, project).await? {
            return Ok(survey);
        }
        let (of, all) =
            (projects::get(db, project).await?, frames::list(db, project, Domain::Source, Split::Train).await?);
        let code = of.code(Domain::Source, Split::Train);
        let n_classes = of.taxonomy.len();
        let look = move || code.map_or_else(Survey::default, |code| look(&all, &code, n_classes));
        let survey = tokio::task::spawn_blocking(look).await.unwrap_or_default();
        if survey.labels > 0 {
            projects::set_survey(db, project, &survey).await?;
        }
        Ok(survey)
    }
}

/// Reads a sample of the labels; one that cannot be read is left out.
fn look(frames: &[Frame], code: &LabelCode, n_classes: usize) -> Survey {
    let step = frames.len().div_ceil(SAMPLE).max(1);
    let mut tally = Tally::new(n_classes);
    for frame in frames.iter().step_by(step) {
        let Some(label) = &frame.label else { continue };
        match read_label(label, code, frame.size) {
            Ok(mask) => tally.see(frame.id, &mask),
            Err(error) => tracing::warn!("a label was left out of the survey: {error}"),
        }
    }
    tally.survey()
}

/// Counts over labels.
struct Tally {
    n: usize,
    labels: u32,
    /// Labels that hold a class.
    seen: Vec<u32>,
    /// Whether two classes were ever side by side, `n` by `n`.
    touched: Vec<bool>,
    /// The best frame of each class and the share of it.
    best: Vec<Option<(FrameId, f64)>>,
}

impl Tally {
    fn new(n: usize) -> Self {
        Self { n, labels: 0, seen: vec![0; n], touched: vec![false; n * n], best: vec![None; n] }
    }

    fn see(&mut self, frame: FrameId, mask: &Mask) {
        self.labels += 1;
        let (width, pixels) = (mask.size().width as usize, mask.pixels());
        let mut counts = vec![0_usize; self.n];
        for (at, &value) in pixels.iter().enumerate() {
            if value == IGNORE {
                continue;
            }
            counts[usize::from(value)] += 1;
            let right = (at % width + 1 < width).then(|| pixels[at + 1]);
            for other in [right, pixels.get(at + width).copied()].into_iter().flatten() {
                if other != value && other != IGNORE {
                    let (a, b) = (value.min(other), value.max(other));
                    self.touched[usize::from(a) * self.n + usize::from(b)] = true;
                }
            }
        }
        for (class, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            self.seen[class] += 1;
            let share = (count as f64 / pixels.len() as f64).min(LARGE);
            if self.best[class].is_none_or(|(_, best)| share > best) {
                self.best[class] = Some((frame, share));
            }
        }
    }

    fn survey(self) -> Survey {
        let often: Vec<usize> = (0..self.n).filter(|&class| self.seen[class] >= SEEN).collect();
        let mut never_touch = vec![];
        for (index, &a) in often.iter().enumerate() {
            let apart = often[index + 1..].iter().filter(|&&b| !self.touched[a * self.n + b]);
            never_touch.extend(apart.map(|&b| (a as u8, b as u8)));
        }
        let example = |(class, best): (usize, Option<(FrameId, f64)>)| best.map(|(frame, _)| (class as u8, frame));
        let examples = self.best.into_iter().enumerate().filter_map(example).collect();
        Survey { labels: self.labels, never_touch, examples }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Size;

    #[test]
    fn pairs_often_seen_and_never_side_by_side_are_told_with_the_best_frame_of_each_class() {
        let size = Size { width: 4, height: 2 };
        let mut tally = Tally::new(4);
        let stripes = Mask::new(size, vec![0, 0, 1, 2, 0, 0, 1, 255], 4).unwrap();
        for frame in 1..=10 {
            tally.see(FrameId(frame), &stripes);
        }
        // Seen once only: nothing is said of it.
        tally.see(FrameId(11), &Mask::new(size, vec![3, 3, 2, 2, 2, 2, 255, 255], 4).unwrap());
        let survey = tally.survey();
        assert_eq!((survey.labels, &survey.never_touch[..]), (11, &[(0, 2)][..]));
        assert_eq!(survey.examples, [(0, 1), (1, 1), (2, 11), (3, 11)].map(|(c, f)| (c, FrameId(f))).into());
    }
}
