//! A drawn workspace in the middle of its work, served on loopback, for looking at every page.
//!
//! `tour DIR [PORT]` prints the address and the cookie of a lead and of an annotator.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use image::{GrayImage, RgbImage};
use sha2::{Digest, Sha256};
use windlass::domain::{
    Backbone, Budget, ClassMix, Confusion, Dataset, Domain, Evaluation, Event, Frame, FrameId, GroupMix, Layout, Line,
    MapPoint, Mask, Pick, PointKind, ProjectId, Recipe, RoundId, Selection, Size, Split, Stage, Taxonomy, files,
};
use windlass::formats::codes::label_code;
use windlass::formats::mask_png::write_gray;
use windlass::scenes::{Kind, Look, scene};
use windlass::store::jobs::JobState;
use windlass::store::masks::{self, MaskKind};
use windlass::store::people::{self, Role};
use windlass::store::projects::{self, Import, ImportState, NewProject};
use windlass::store::{Tx, Workspace, events, frames, jobs, models, now, queue, rounds};
use windlass::supervisor::{Config, Supervisor};
use windlass::web::{App, Settings, cookie_name, router};

const SIZE: Size = Size { width: 512, height: 256 };

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let dir = PathBuf::from(arguments.next().context("name a folder for the workspace")?);
    let port: u16 = arguments.next().map_or(Ok(0), |text| text.parse())?;
    std::fs::create_dir_all(&dir)?;
    let workspace = Workspace::open(&dir.join("workspace")).await?;
    let mut cookies = vec![];
    let mut ids = vec![];
    for (name, role) in [("Lea Lindqvist", Role::Lead), ("Ada", Role::Annotator), ("Bea", Role::Annotator)] {
        let id = people::add_without_password(workspace.db(), name, role).await?;
        let secret = format!("{name}-{}", now()).replace(' ', "");
        let token = Sha256::digest(secret.as_bytes()).into();
        people::open_session(workspace.db(), id, &token, now() + 86_400_000).await?;
        cookies.push(format!("{}={secret}", cookie_name(&workspace)));
        ids.push(id);
    }
    if projects::list(workspace.db()).await?.is_empty() {
        people::invite(workspace.db(), &[7; 32], Role::Annotator, None, Some(ids[0]), now() + 500_000_000).await?;
        // Each stands still at another moment of its life.
        let moments = [
            ("Harbour, two cameras", Moment::Done),
            (
                "Tramway at dusk with a name that is much longer than anybody would think sensible for a project",
                Moment::Labelling,
            ),
            ("Night drive", Moment::Training),
            ("Mountain road", Moment::Failed),
            ("Fresh one", Moment::Importing),
        ];
        for (name, moment) in moments {
            let id = fill(&workspace, &dir, name, moment).await?;
            if moment == Moment::Labelling {
                queue::next(workspace.db(), id, ids[1], now()).await?;
                queue::next(workspace.db(), id, ids[2], now()).await?;
            }
        }
    }
    let supervisor = Supervisor::start(workspace.clone(), Config::new(dir.join("none"))).await?;
    let settings = Settings {
        data_roots: vec![dir.canonicalize()?.join("data")],
        imagenet_lite0: dir.join("none"),
        imagenet_resnet101: dir.join("none"),
        device: "auto".into(),
        secure: false,
    };
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    let line = serde_json::json!({ "url": format!("http://{}", listener.local_addr()?), "lead": cookies[0], "annotator": cookies[1] });
    say(&line.to_string())?;
    axum::serve(listener, router(App::new(supervisor, settings))).await?;
    Ok(())
}

fn say(line: &str) -> std::io::Result<()> {
    use std::io::Write;
    writeln!(std::io::stdout().lock(), "{line}")
}

/// How far a project is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Moment {
    Importing,
    Failed,
    Training,
    Labelling,
    Done,
}

async fn fill(workspace: &Workspace, dir: &Path, name: &str, moment: Moment) -> anyhow::Result<ProjectId> {
    let db = workspace.db();
    let taxonomy = Taxonomy::built_in("cityscapes19").context("built in")?;
    let dataset = |part: &str| Dataset {
        layout: Layout::Cityscapes,
        root: dir.join("data").join(part),
        split: Some("train".into()),
        labels: None,
        mapping: None,
    };
    let new = NewProject {
        name: name.into(),
        taxonomy: taxonomy.clone(),
        recipe: Recipe { budget: Budget::Frames(12), ..Recipe::recommended(Backbone::EfficientnetLite0) },
        seed: 1,
        device: "cpu".into(),
        imagenet: dir.join("none"),
        auto_advance: false,
        oracle: moment >= Moment::Labelling,
        source: dataset("source"),
        target: dataset("target"),
        val: Some(dataset("val")),
    };
    let project = projects::create(db, &new).await?;
    if moment == Moment::Importing {
        // Failed, as nobody would carry it on.
        let error =
            Some("there are no pictures in data/fresh: looked for leftImg8bit/train/*/*_leftImg8bit.png".into());
        projects::set_import(db, project, &Import { state: ImportState::Failed, done: 180, total: 500, error }).await?;
        return Ok(project);
    }
    let (targets, vals, labels) = draw(dir, if moment == Moment::Done { 30 } else { 14 })?;
    let mut tx = db.begin().await?;
    let round = rounds::create(&mut tx, project, None).await?;
    let mut target_ids = vec![];
    for (index, path) in targets.iter().enumerate() {
        target_ids.push(insert(&mut tx, project, Domain::Target, Split::Train, index, path, None).await?);
        insert(&mut tx, project, Domain::Source, Split::Train, index, path, Some(path)).await?;
    }
    let mut val_ids = vec![];
    for (index, (path, label)) in vals.iter().enumerate() {
        val_ids.push(insert(&mut tx, project, Domain::Target, Split::Val, index, path, Some(label)).await?);
    }
    frames::refuse(&mut tx, project, "data/source/leftImg8bit/train/a/a_000123.png", "has no label").await?;
    frames::refuse(
        &mut tx,
        project,
        "data/source/gtFine/train/a/a_000124.png",
        "is 512x256 where its picture is 1024x512",
    )
    .await?;
    let mut code = label_code(Layout::Cityscapes, &taxonomy).context("a code")?;
    code.classes = (0..19).map(|class| (class, class as u8)).chain([(255, 255)]).collect();
    projects::finish_import(&mut tx, project, &BTreeMap::from([("val".into(), code)])).await?;
    tx.commit().await?;

    let made = Made { workspace, project, round, taxonomy: &taxonomy, vals: &val_ids, labels: &labels };
    match moment {
        Moment::Failed => {
            made.job(Stage::Warmup, End::Failed).await?;
            return Ok(project);
        }
        Moment::Training => {
            made.job(Stage::Warmup, End::Running).await?;
            return Ok(project);
        }
        _ => {}
    }
    made.model(Stage::Warmup, 0.42).await?;
    for stage in [Stage::Features, Stage::Anchors] {
        made.job(stage, End::Done).await?;
    }
    let out = workspace.job_dir(made.job(Stage::Select, End::Done).await?).join(files::OUT);
    std::fs::create_dir_all(&out)?;
    std::fs::write(out.join(files::MAP), serde_json::to_vec(&map())?)?;
    made.job(Stage::Prelabel, End::Done).await?;
    let mut tx = db.begin().await?;
    let picks: Vec<Pick> = target_ids.iter().take(12).enumerate().map(|(index, &frame)| pick(index, frame)).collect();
    let share =
        |phase: f64| (0..19).map(|class| 0.5 + 0.45 * (f64::from(class) * 1.3 + phase).sin()).collect::<Vec<_>>();
    let (picked_frames, pool_frames) = (share(0.6), share(0.0));
    let mix = ClassMix { picked_pixels: share(0.6), pool_pixels: share(0.0), picked_frames, pool_frames };
    let (budget, anchors, candidates) = (picks.len(), [10, 10], target_ids.len());
    let group = |name: &str, candidates, picked| GroupMix { name: name.into(), candidates, picked };
    let groups =
        vec![group("lindhagen", candidates - 10, 3), group("market", 4, 3), group("tramway, before dawn", 6, 6)];
    let selection =
        Selection { budget, anchors, candidates, mix, groups, picks: picks.clone(), ..Selection::default() };
    rounds::set_selection(&mut tx, round, &selection).await?;
    for (index, pick) in picks.iter().enumerate() {
        rounds::make_ready(&mut tx, round, pick.frame, "none", 0.1 + 0.02 * index as f64).await?;
        masks::add(&mut tx, pick.frame, MaskKind::Start, None, &masks::pack(&Mask::unlabelled(SIZE))?, now()).await?;
        if moment == Moment::Done || index < 4 {
            rounds::submit_for_oracle(&mut tx, round, pick.frame).await?;
        }
    }
    tx.commit().await?;
    if moment == Moment::Done {
        made.model(Stage::Inject, 0.2).await?;
        made.job(Stage::TargetFeatures, End::Done).await?;
        made.job(Stage::TargetAnchors, End::Done).await?;
        made.model(Stage::Adapt, 0.1).await?;
    }
    Ok(project)
}

async fn insert(
    tx: &mut Tx,
    project: ProjectId,
    domain: Domain,
    split: Split,
    index: usize,
    image: &Path,
    label: Option<&Path>,
) -> anyhow::Result<FrameId> {
    let frame = Frame {
        id: FrameId(0),
        domain,
        split,
        name: format!("lindhagen/lindhagen_{index:06}_000019"),
        group: "lindhagen".into(),
        image: image.to_owned(),
        label: label.map(Path::to_owned),
        size: SIZE,
    };
    Ok(frames::insert(tx, project, &frame).await?)
}

/// Two domains that overlap in part.
fn map() -> Vec<MapPoint> {
    use PointKind::{Picked, Source, SourceAnchor, Target, TargetAnchor};
    let point = |kind, nth: usize, middle: f64, wide: f64| {
        let (angle, cluster) = (nth as f64 * 2.4, (nth % 5) as f64 * 1.3);
        let far = wide * ((nth as f64 * 0.73).sin().abs() + 0.05);
        let (x, y) = (middle + 9.0 * cluster.cos(), 9.0 * (cluster * 1.7).sin());
        MapPoint { kind, x: x + far * angle.cos(), y: y + far * angle.sin() }
    };
    let kinds = [(Source, 250, -5.0, 4.0), (Target, 240, 5.0, 4.0), (Picked, 12, 6.0, 7.0)];
    let frames =
        kinds.into_iter().flat_map(|(kind, n, middle, wide)| (0..n).map(move |at| point(kind, at, middle, wide)));
    let anchors = [(SourceAnchor, -5.0), (TargetAnchor, 5.0)];
    frames
        .chain(anchors.into_iter().flat_map(|(kind, middle)| (0..5).map(move |at| point(kind, at, middle, 0.0))))
        .collect()
}

fn pick(index: usize, frame: FrameId) -> Pick {
    let mut per_class = vec![0.05; 19];
    for (nth, class) in [12, 4, 16, 3, 18, 9].iter().cycle().skip(index).take(3).enumerate() {
        per_class[*class] = 2.4 / (nth as f64 + 1.0) - 0.1 * index as f64;
    }
    let score: f64 = per_class.iter().sum();
    Pick { frame, score, source: score * 0.6, target: score * 0.4, per_class, absent: vec![16] }
}

/// Pictures of the target, and of validation with their labels.
type Drawn = (Vec<PathBuf>, Vec<(PathBuf, PathBuf)>, Vec<Mask>);

fn draw(dir: &Path, n_frames: u64) -> anyhow::Result<Drawn> {
    let folder = dir.join("data");
    std::fs::create_dir_all(&folder)?;
    let kinds = [Kind::Tramway, Kind::Market, Kind::Avenue, Kind::Residential, Kind::Highway];
    let (mut targets, mut vals, mut labels) = (vec![], vec![], vec![]);
    for index in 0..n_frames + 4 {
        let drawn = scene(index, Look::Target, kinds[index as usize % 5], SIZE);
        let path = folder.join(format!("{index}.png"));
        let picture = RgbImage::from_raw(SIZE.width, SIZE.height, drawn.picture.pixels).context("a picture")?;
        picture.save(&path)?;
        if index < n_frames {
            targets.push(path);
        } else {
            let label = folder.join(format!("{index}_label.png"));
            write_gray(&label, SIZE, drawn.labels.pixels())?;
            vals.push((path, label));
            labels.push(drawn.labels);
        }
    }
    Ok((targets, vals, labels))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Done,
    Failed,
    Running,
}

struct Made<'a> {
    workspace: &'a Workspace,
    project: ProjectId,
    round: RoundId,
    taxonomy: &'a Taxonomy,
    vals: &'a [FrameId],
    labels: &'a [Mask],
}

impl Made<'_> {
    async fn job(&self, stage: Stage, end: End) -> anyhow::Result<windlass::domain::JobId> {
        let db = self.workspace.db();
        let mut tx = db.begin().await?;
        let id = jobs::insert(&mut tx, self.project, self.round, stage, None).await?;
        tx.commit().await?;
        jobs::claim(db, id).await?;
        let steps = match end {
            End::Done => 600,
            End::Failed => 90,
            End::Running => 240,
        };
        let curves = |step: u64| {
            let at = step as f64;
            let wave = (at * 1.7).sin() * 0.06 + (at * 0.37).cos() * 0.04;
            Event::Scalars {
                step,
                values: BTreeMap::from([
                    ("loss/source".into(), 2.8 * (-at / 150.0).exp() + 0.35 + wave),
                    ("loss/adversarial".into(), 0.25 + 0.1 * (at / 60.0).sin() + wave / 2.0),
                    ("loss/discriminator".into(), 0.24 + wave / 3.0),
                    ("rate".into(), 0.01 * (1.0 - at / 600.0).powf(0.9)),
                ]),
            }
        };
        let mut lines: Vec<Line> = vec![];
        if stage.makes_model() {
            lines.extend((1..=steps).step_by(5).map(|step| Line { at: 1, event: curves(step) }));
        }
        let mut tx = db.begin().await?;
        events::append(&mut tx, self.project, id, lines, None).await?;
        jobs::set_progress(&mut tx, id, steps, 600, Some(412.0)).await?;
        match end {
            End::Done => jobs::end(&mut tx, id, JobState::Done, None).await?,
            End::Failed => {
                let error = "The card has no memory left for a step of 8 crops of 896x512: lower batch_source, or the crop, in the project's knobs.";
                jobs::end(&mut tx, id, JobState::Failed, Some(error)).await?;
            }
            End::Running => jobs::end(&mut tx, id, JobState::Stopped, None).await?,
        }
        tx.commit().await?;
        Ok(id)
    }

    /// A model, measured; `wrong` is the share of pixels that it gets wrong.
    async fn model(&self, stage: Stage, wrong: f64) -> anyhow::Result<()> {
        let job = self.job(stage, End::Done).await?;
        let out = self.workspace.job_dir(job).join(files::OUT);
        std::fs::create_dir_all(out.join(files::PICTURES))?;
        std::fs::write(out.join(files::MODEL), vec![0; 1 << 20])?;
        std::fs::write(out.join(files::MODEL_CARD), "{}")?;
        let mut confusion = Confusion::new(self.taxonomy.len());
        for (frame, truth) in self.vals.iter().zip(self.labels) {
            let seen = GrayImage::from_fn(SIZE.width, SIZE.height, |x, y| {
                let right = truth.pixels()[(y * SIZE.width + x) as usize];
                let noise = (f64::from(x / 12) * 12.9898 + f64::from(y / 12) * 78.233).sin() * 43758.5453;
                let other = [2, 8, 0, 13][(x / 40 + y / 30) as usize % 4];
                image::Luma([if noise.abs().fract() < wrong { other } else { right }])
            });
            confusion.add(truth.pixels(), seen.as_raw());
            write_gray(&out.join(files::PICTURES).join(format!("{frame}.png")), SIZE, seen.as_raw())?;
        }
        let mut tx = self.workspace.db().begin().await?;
        let path = format!("jobs/{job}/{}/{}", files::OUT, files::MODEL);
        let sha256 = format!("{:064x}", job.0 * 7_919_777_123);
        let model = models::insert(&mut tx, (self.project, self.round, job), stage, &path, &sha256).await?;
        let measure = jobs::insert(&mut tx, self.project, self.round, Stage::Evaluate, Some(model)).await?;
        jobs::end(&mut tx, measure, JobState::Done, None).await?;
        let pictures = self.vals.to_vec();
        models::set_evaluation(
            &mut tx,
            model,
            measure,
            &Evaluation { frames: self.vals.len(), confusion, last: None, pictures },
        )
        .await?;
        tx.commit().await?;
        let shown = self.workspace.job_dir(measure).join(files::OUT);
        std::fs::create_dir_all(&shown)?;
        std::fs::rename(out.join(files::PICTURES), shown.join(files::PICTURES))?;
        Ok(())
    }
}
