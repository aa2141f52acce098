//! A small workspace for the annotate page: one project, drawn frames with start masks, people with sessions.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use image::{GrayImage, Rgb, RgbImage};
use sha2::{Digest, Sha256};
use windlass::domain::{
    Backbone, Checks, Dataset, Domain, Frame, FrameId, LabelCode, Layout, Mask, Pick, ProjectId, Recipe, Size, Split,
    Taxonomy, UserId,
};
use windlass::formats::segments::Segments;
use windlass::method::segment_tree::merge_tree;
use windlass::method::superpixel::{means, to_lab};
use windlass::store::masks::{self, MaskKind};
use windlass::store::people::{self, Role};
use windlass::store::projects::{self, NewProject, Settings as Settled};
use windlass::store::{Workspace, frames, now, rounds};
use windlass::supervisor::{Config, Supervisor};
use windlass::web::{App, Settings, cookie_name};

/// Who there is: the first is a lead.
pub(crate) const PEOPLE: [&str; 4] = ["Lea", "Ada", "Bea", "Cem"];

/// Half an hour is more than any test takes.
const SESSION: i64 = 30 * 60 * 1000;

/// A workspace ready for labelling.
pub(crate) struct Fixture {
    /// Open, and so held.
    pub(crate) workspace: Workspace,
    /// Its only project.
    pub(crate) project: ProjectId,
    /// In the order of the queue.
    pub(crate) frames: Vec<FrameId>,
    /// In the order of [`PEOPLE`], each with the value of a session's cookie.
    pub(crate) people: Vec<(UserId, String)>,
}

impl Fixture {
    /// The cookie header of a person.
    pub(crate) fn cookie(&self, person: usize) -> String {
        format!("{}={}", cookie_name(&self.workspace), self.people[person].1)
    }
}

/// The site over a workspace whose jobs nobody runs.
pub(crate) async fn app(workspace: Workspace) -> anyhow::Result<App> {
    let nowhere = workspace.dir().join("none");
    let supervisor = Supervisor::start(workspace, Config::new(nowhere.clone())).await?;
    let settings = Settings {
        data_roots: vec![],
        imagenet_lite0: nowhere.clone(),
        imagenet_resnet101: nowhere,
        device: "cpu".into(),
        secure: false,
    };
    Ok(App::new(supervisor, settings))
}

/// Makes the workspace below `dir`, or opens the one that an earlier call made there; its people get new sessions.
pub(crate) async fn open(dir: &Path, n_frames: usize, size: Size) -> anyhow::Result<Fixture> {
    let workspace = Workspace::open(&dir.join("workspace")).await?;
    let db = workspace.db();
    let mut people = vec![];
    for (index, name) in PEOPLE.iter().enumerate() {
        let id = people::add_without_password(db, name, if index == 0 { Role::Lead } else { Role::Annotator }).await?;
        let secret = format!("{name}-{}-{}", std::process::id(), now());
        people::open_session(db, id, &Sha256::digest(secret.as_bytes()).into(), now() + SESSION).await?;
        people.push((id, secret));
    }
    let project = match projects::list(db).await?.first() {
        Some(project) => project.id,
        None => fill(&workspace, dir, n_frames, size).await?,
    };
    let frames = frames::list(db, project, Domain::Target, Split::Train).await?.iter().map(|frame| frame.id).collect();
    Ok(Fixture { workspace, project, frames, people })
}

async fn fill(workspace: &Workspace, dir: &Path, n_frames: usize, size: Size) -> anyhow::Result<ProjectId> {
    let taxonomy = Taxonomy::built_in("cityscapes19").expect("it is built in");
    let dataset = |name: &str| Dataset {
        layout: Layout::Cityscapes,
        root: dir.join(name),
        split: None,
        labels: None,
        mapping: None,
    };
    let new = NewProject {
        name: "Drawn street".into(),
        taxonomy: taxonomy.clone(),
        recipe: Recipe::recommended(Backbone::EfficientnetLite0),
        seed: 1,
        device: "cpu".into(),
        imagenet: dir.join("none.safetensors"),
        auto_advance: false,
        oracle: false,
        source: dataset("source"),
        target: dataset("target"),
        val: None,
    };
    let db = workspace.db();
    let project = projects::create(db, &new).await?;
    // The drawn proposals have specks, of which most tests say nothing.
    let checks = Checks { speck_pixels: 0, ..Checks::default() };
    projects::change(db, project, &Settled::of(&projects::get(db, project).await?, checks)).await?;
    std::fs::create_dir_all(dir.join("target"))?;
    std::fs::create_dir_all(workspace.dir().join("uncertainty"))?;
    std::fs::create_dir_all(workspace.dir().join("segments"))?;
    let mut tx = db.begin().await?;
    let round = rounds::create(&mut tx, project, None).await?;
    let mut picks = vec![];
    let mut drawn = vec![];
    for number in 0..n_frames {
        let scene = Scene::draw(number as u32, size, &taxonomy);
        let image = dir.join("target").join(format!("street_{number:06}.png"));
        scene.picture.save(&image)?;
        let frame = Frame {
            id: FrameId(0),
            domain: Domain::Target,
            split: Split::Train,
            name: format!("drawn/street_{number:06}"),
            group: "drawn".into(),
            image,
            label: None,
            size,
        };
        let frame = frames::insert(&mut tx, project, &frame).await?;
        let score = 100.0 - number as f64;
        picks.push(Pick { frame, score, source: score / 2.0, target: score / 2.0, per_class: vec![], absent: vec![] });
        drawn.push((frame, scene));
    }
    rounds::set_picks(&mut tx, round, &picks).await?;
    for (frame, scene) in drawn {
        let uncertainty = PathBuf::from("uncertainty").join(format!("{frame}.png"));
        scene.doubt.save(workspace.dir().join(&uncertainty))?;
        masks::add(&mut tx, frame, MaskKind::Start, None, &masks::pack(&scene.proposal)?, now()).await?;
        rounds::make_ready(&mut tx, round, frame, &uncertainty.to_string_lossy(), 0.2).await?;
        let segments = PathBuf::from("segments").join(format!("{frame}.gz"));
        std::fs::write(workspace.dir().join(&segments), scene.segments())?;
        rounds::set_segments(&mut tx, round, frame, Some(&segments.to_string_lossy())).await?;
    }
    frames::insert(&mut tx, project, &source_frame(dir, &taxonomy)?).await?;
    // A supervisor would take an import that is not done for one to go on with.
    let codes = BTreeMap::from([("source".to_owned(), LabelCode::own(taxonomy.len()))]);
    projects::finish_import(&mut tx, project, &codes).await?;
    tx.commit().await?;
    Ok(project)
}

/// One labelled frame, for a look at its classes.
fn source_frame(dir: &Path, taxonomy: &Taxonomy) -> anyhow::Result<Frame> {
    let size = Size { width: 256, height: 128 };
    let scene = Scene::draw(7, size, taxonomy);
    let [image, label] = ["image", "label"].map(|name| dir.join(format!("source_{name}.png")));
    scene.picture.save(&image)?;
    GrayImage::from_raw(size.width, size.height, scene.proposal.into_pixels())
        .context("a value a pixel")?
        .save(&label)?;
    let (domain, split, name, group) = (Domain::Source, Split::Train, "drawn/source".into(), "drawn".into());
    Ok(Frame { id: FrameId(0), domain, split, name, group, image, label: Some(label), size })
}

/// A street as a child draws one, and what a middling model makes of it.
struct Scene {
    picture: RgbImage,
    proposal: Mask,
    doubt: GrayImage,
}

impl Scene {
    fn draw(number: u32, size: Size, taxonomy: &Taxonomy) -> Self {
        let Size { width, height } = size;
        let at = |x: u32, y: u32| class_at(number, f64::from(x) / f64::from(width), f64::from(y) / f64::from(height));
        let index = |class: &str| taxonomy.index_of(class).expect("a Cityscapes class");
        let truth = GrayImage::from_fn(width, height, |x, y| image::Luma([index(at(x, y))]));
        let seen = |x: u32, y: u32| truth.get_pixel(x.min(width - 1), y.min(height - 1)).0[0];
        let colors: Vec<[u8; 3]> = taxonomy.classes.iter().map(|class| color(&class.name)).collect();
        let picture = RgbImage::from_fn(width, height, |x, y| {
            // A texture that needs no generator.
            let grain = (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(2_246_822_519)) >> 27;
            Rgb(colors[usize::from(seen(x, y))].map(|value| value.saturating_sub(12).saturating_add(grain as u8)))
        });
        let (person, rider, pole) = (index("person"), index("rider"), index("pole"));
        let reach = height / 100 + 1;
        let mut proposal = Vec::with_capacity(size.pixels());
        let doubt = GrayImage::from_fn(width, height, |x, y| {
            // The model's edges waver, and it takes people for riders.
            let wave = (f64::from(x + y) / f64::from(reach * 4)).sin() * f64::from(reach);
            let guess = seen(x.saturating_add_signed(wave as i32), y.saturating_add_signed(wave as i32 / 2));
            proposal.push(if guess == person { rider } else { guess });
            let edge = seen(x.saturating_sub(reach), y) != seen(x + reach, y)
                || seen(x, y.saturating_sub(reach)) != seen(x, y + reach);
            image::Luma([if edge || guess == person || guess == pole { 190 } else { 8 }])
        });
        let proposal = Mask::new(size, proposal, taxonomy.len()).expect("classes by name, a value a pixel");
        Self { picture, proposal, doubt }
    }
}

impl Scene {
    /// By colour alone: no network has seen it. Cells of an even grid in place of superpixels, which an unoptimised test
    /// would wait for.
    fn segments(&self) -> Vec<u8> {
        let (width, height) = self.picture.dimensions();
        let step = (width / 64).max(4);
        let columns = width.div_ceil(step);
        let ids: Vec<u32> = (0..width * height).map(|at| at / width / step * columns + at % width / step).collect();
        let vectors: Vec<f32> = means(&ids, to_lab(self.picture.as_raw()).into_iter())
            .into_iter()
            .flat_map(|[l, a, b]| [l - 50.0, a, b].map(|value| value * 0.03))
            .collect();
        let parents = merge_tree(&ids, width as usize, &vectors, 3);
        Segments { size: self.proposal.size(), ids: &ids, parents: &parents, vectors: &vectors, d: 3 }.encode()
    }
}

/// The class at a place, both coordinates from 0 to 1.
fn class_at(number: u32, x: f64, y: f64) -> &'static str {
    let shift = f64::from(number) * 0.07;
    let horizon = 0.46;
    let within = |left: f64, top: f64, right: f64, bottom: f64| {
        let left = left + shift % 0.2;
        x >= left && x < right + shift % 0.2 && y >= top && y < bottom
    };
    let round =
        |cx: f64, cy: f64, radius: f64| ((x - cx - shift % 0.2) * 2.0).powi(2) + (y - cy).powi(2) < radius * radius;
    match () {
        () if within(0.30, 0.20, 0.305, 0.62) || within(0.72, 0.24, 0.724, 0.60) => "pole",
        () if within(0.296, 0.20, 0.310, 0.28) => "traffic light",
        () if within(0.712, 0.24, 0.736, 0.29) => "traffic sign",
        () if within(0.36, 0.50, 0.50, 0.66) || within(0.39, 0.44, 0.47, 0.52) => "car",
        () if within(0.58, 0.47, 0.64, 0.56) => "car",
        () if round(0.20, 0.44, 0.025) || within(0.19, 0.46, 0.21, 0.64) => "person",
        () if round(0.12, 0.30, 0.13) || round(0.80, 0.33, 0.11) => "vegetation",
        () if y < horizon && (x * 9.0 + shift).sin() * 0.06 + 0.22 > y => "sky",
        () if y < horizon => "building",
        () if y < 0.52 + (x - 0.5).abs() * 0.25 && (x - 0.5).abs() > 0.16 => "sidewalk",
        () => "road",
    }
}

fn color(class: &str) -> [u8; 3] {
    match class {
        "sky" => [186, 203, 219],
        "building" => [124, 112, 104],
        "road" => [88, 88, 92],
        "sidewalk" => [142, 136, 130],
        "vegetation" => [66, 92, 54],
        "car" => [112, 32, 34],
        "person" => [46, 52, 82],
        "pole" => [60, 60, 62],
        "traffic light" => [36, 40, 36],
        _ => [206, 196, 120],
    }
}
