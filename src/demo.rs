//! `windlass demo`: a project on two drawn street domains that runs by itself until people are needed.

use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::config::{Demo, EngineArgs};
use crate::domain::{Backbone, Budget, Dataset, Layout, ProjectId, Recipe, Schedule, Size, Taxonomy};
use crate::scenes::{DemoSizes, write_demo};
use crate::serve::Server;
use crate::store::projects::{self, NewProject};
use crate::web;

/// The project's name; a second start finds it by it.
const NAME: &str = "Harbour town";
/// Whom the link signs in.
const VISITOR: &str = "visitor";
/// Of the drawings and of the training.
const SEED: u64 = 1;

/// Draws the frames, sets the project up and starts its import, unless an earlier start did. Gives the page's link,
/// which signs the visitor in.
pub async fn prepare(server: &mut Server, arguments: &Demo) -> anyhow::Result<String> {
    let db = server.workspace.db().clone();
    let data = server.workspace.dir().join("demo");
    let project = match projects::list(&db).await?.into_iter().find(|project| project.oracle) {
        Some(project) => project.id,
        None => set_up(server, arguments, &data).await?,
    };
    server.allow(&data)?;
    let path = web::visitor_link(&db, VISITOR).await?;
    tracing::debug!("the demo is project {project}");
    Ok(format!("{}{path}", server.url))
}

async fn set_up(server: &Server, arguments: &Demo, data: &Path) -> anyhow::Result<ProjectId> {
    let new = project(data, &arguments.common.engine, arguments.toy);
    let weights = new.imagenet.display();
    anyhow::ensure!(
        new.imagenet.exists(),
        "there are no ImageNet weights at {weights}: run `make release`, or give their folder by --weights"
    );
    let (root, sizes) = (data.to_owned(), sizes(arguments.toy));
    tokio::task::spawn_blocking(move || write_demo(&root, sizes, SEED))
        .await?
        .with_context(|| format!("the frames cannot be drawn into {}", data.display()))?;
    let project = projects::create(server.workspace.db(), &new).await?;
    server.supervisor.import(project).await?;
    Ok(project)
}

fn sizes(toy: bool) -> DemoSizes {
    match toy {
        true => DemoSizes { source: 12, target: 20, val: 4, size: Size { width: 256, height: 128 } },
        false => DemoSizes { source: 160, target: 120, val: 24, size: Size { width: 1024, height: 512 } },
    }
}

fn project(data: &Path, engine: &EngineArgs, toy: bool) -> NewProject {
    let dataset = |domain: &str, split: &str| Dataset {
        layout: Layout::Cityscapes,
        root: data.join(domain),
        split: Some(split.into()),
        labels: None,
        mapping: None,
    };
    let imagenet: PathBuf = engine.imagenet(Backbone::EfficientnetLite0);
    NewProject {
        name: NAME.into(),
        taxonomy: Taxonomy::built_in("cityscapes19").expect("it is built in"),
        recipe: recipe(toy),
        seed: SEED,
        device: engine.device.clone(),
        imagenet,
        auto_advance: true,
        oracle: true,
        source: dataset("source", "train"),
        target: dataset("target", "train"),
        val: Some(dataset("target", "val")),
    }
}

/// Small enough for two cores: under 3 minutes to the labelling, under 5 from there to the adapted model.
fn recipe(toy: bool) -> Recipe {
    let recommended = Recipe::recommended(Backbone::EfficientnetLite0);
    let steps = |steps, schedule: &Schedule| Schedule { steps, ..schedule.clone() };
    let (frame, crop, warmup, inject, adapt) = match toy {
        true => (Size { width: 64, height: 32 }, Size { width: 32, height: 32 }, 4, 2, 2),
        false => (Size { width: 384, height: 192 }, Size { width: 192, height: 192 }, 120, 100, 100),
    };
    Recipe {
        frame,
        crop,
        warmup: steps(warmup, &recommended.warmup),
        inject: steps(inject, &recommended.inject),
        adapt: steps(adapt, &recommended.adapt),
        budget: Budget::Frames(if toy { 2 } else { 8 }),
        checkpoint_every: 25,
        ..recommended
    }
}
