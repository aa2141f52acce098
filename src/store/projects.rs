//! Projects: what a lead set up, and how far its import is.

use std::collections::BTreeMap;
use std::path::PathBuf;

use sqlx::FromRow;

use super::column::{from_json, from_word, json, path};
use super::{Db, Result, now};
use crate::domain::{Checks, Dataset, Domain, LabelCode, ProjectId, Recipe, Split, Survey, Taxonomy, words};

words! {
    /// How far the import is.
    pub enum ImportState {
        /// Asked for.
        Queued = "queued",
        /// Files are being checked.
        Running = "running",
        /// The frames are in.
        Done = "done",
        /// The sentence says why.
        Failed = "failed",
    }
}

/// How far the import is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Import {
    pub state: ImportState,
    /// Frames checked.
    pub done: u64,
    /// Of.
    pub total: u64,
    /// A sentence.
    pub error: Option<String>,
}

/// What a lead decides before there is a project.
#[derive(Clone, Debug, PartialEq)]
pub struct NewProject {
    /// Unique, whatever the case.
    pub name: String,
    /// The classes.
    pub taxonomy: Taxonomy,
    /// Every knob; checked by [`Recipe::check`] before it comes here.
    pub recipe: Recipe,
    /// All randomness comes from it.
    pub seed: u64,
    /// `auto`, `cpu`, `cuda:1`.
    pub device: String,
    /// Weights of the backbone to start from, absolute.
    pub imagenet: PathBuf,
    /// Start the next stage by itself until people are needed.
    pub auto_advance: bool,
    /// The target's labels are known and may answer for people: the demo.
    pub oracle: bool,
    /// The labelled source.
    pub source: Dataset,
    /// The target's training frames.
    pub target: Dataset,
    /// Labelled target frames to measure on.
    pub val: Option<Dataset>,
}

/// A project.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Project {
    pub id: ProjectId,
    /// As it was set up.
    pub set_up: NewProject,
    /// How labels are read, by code name: what the import found.
    pub codes: BTreeMap<String, LabelCode>,
    pub import: Import,
    pub created_at: i64,
    /// When it was put away; it stands below the others on the first page, and is otherwise as before.
    pub archived_at: Option<i64>,
}

impl Project {
    /// Whether stages follow each other by themselves: not where nobody would see them.
    pub fn goes_on_by_itself(&self) -> bool {
        self.auto_advance && self.archived_at.is_none()
    }

    /// How the labels of such frames are read; none where they have none.
    pub fn code(&self, domain: Domain, split: Split) -> Option<LabelCode> {
        self.codes.get(domain.part(split)).cloned()
    }
}

/// What a lead may change after the set-up. Jobs that have begun keep what they began with.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "as at the set-up")]
pub struct Settings {
    pub name: String,
    pub recipe: Recipe,
    /// Pages that are open keep theirs until they are opened again.
    pub checks: Checks,
    pub auto_advance: bool,
    pub device: String,
    pub imagenet: PathBuf,
}

impl Settings {
    /// As they are.
    pub fn of(project: &Project, checks: Checks) -> Self {
        let NewProject { name, recipe, auto_advance, device, imagenet, .. } = project.set_up.clone();
        Self { name, recipe, checks, auto_advance, device, imagenet }
    }
}

impl std::ops::Deref for Project {
    type Target = NewProject;

    fn deref(&self) -> &NewProject {
        &self.set_up
    }
}

#[derive(FromRow)]
struct Row {
    project_id: i64,
    name: String,
    taxonomy: String,
    recipe: String,
    codes: String,
    seed: i64,
    device: String,
    imagenet: String,
    auto_advance: bool,
    oracle: bool,
    source: String,
    target: String,
    val: Option<String>,
    import_state: String,
    import_done: i64,
    import_total: i64,
    import_error: Option<String>,
    created_at: i64,
    archived_at: Option<i64>,
}

impl Row {
    fn read(self) -> Result<Project> {
        let set_up = NewProject {
            name: self.name,
            taxonomy: from_json(&self.taxonomy)?,
            recipe: from_json(&self.recipe)?,
            seed: self.seed.cast_unsigned(),
            device: self.device,
            imagenet: self.imagenet.into(),
            auto_advance: self.auto_advance,
            oracle: self.oracle,
            source: from_json(&self.source)?,
            target: from_json(&self.target)?,
            val: self.val.map(|val| from_json(&val)).transpose()?,
        };
        let import = Import {
            state: from_word(self.import_state)?,
            done: self.import_done.cast_unsigned(),
            total: self.import_total.cast_unsigned(),
            error: self.import_error,
        };
        let codes = from_json(&self.codes)?;
        let (id, created_at, archived_at) = (ProjectId(self.project_id), self.created_at, self.archived_at);
        Ok(Project { id, set_up, codes, import, created_at, archived_at })
    }
}

/// Adds a project whose import is still to come. A name that is taken: [`Error::Taken`](super::Error::Taken).
pub async fn create(db: &Db, new: &NewProject) -> Result<ProjectId> {
    set_up(db, None, new).await
}

/// Adds a project as [`create`] does, or sets one up anew whose import has failed: nothing stands on its frames yet.
/// [`Error::NotFound`](super::Error::NotFound) where it has not.
pub async fn set_up(db: &Db, again: Option<ProjectId>, new: &NewProject) -> Result<ProjectId> {
    let id: Option<i64> = sqlx::query_scalar(
        "insert into project (project_id, name, taxonomy, recipe, codes, seed, device, imagenet, auto_advance, oracle,
            source, target, val, created_at)
         values (?, ?, ?, ?, '{}', ?, ?, ?, ?, ?, ?, ?, ?, ?)
         on conflict (project_id) do update set name = excluded.name, taxonomy = excluded.taxonomy,
            recipe = excluded.recipe, seed = excluded.seed, device = excluded.device, imagenet = excluded.imagenet,
            auto_advance = excluded.auto_advance, source = excluded.source, target = excluded.target, val = excluded.val
         where import_state = 'failed' returning project_id",
    )
    .bind(again.map(|id| id.0))
    .bind(&new.name)
    .bind(json(&new.taxonomy)?)
    .bind(json(&new.recipe)?)
    .bind(new.seed.cast_signed())
    .bind(&new.device)
    .bind(path(&new.imagenet)?)
    .bind(new.auto_advance)
    .bind(new.oracle)
    .bind(json(&new.source)?)
    .bind(json(&new.target)?)
    .bind(new.val.as_ref().map(json).transpose()?)
    .bind(now())
    .fetch_optional(db.write())
    .await?;
    id.map(ProjectId).ok_or(super::Error::NotFound)
}

/// A project; [`Error::NotFound`](super::Error::NotFound).
pub async fn get(db: &Db, id: ProjectId) -> Result<Project> {
    let row: Row = sqlx::query_as("select * from project where project_id = ?").bind(id.0).fetch_one(db.read()).await?;
    row.read()
}

/// All projects that can be read, the newest first: one that a newer or broken program wrote hides no other.
pub async fn list(db: &Db) -> Result<Vec<Project>> {
    let rows: Vec<Row> = sqlx::query_as("select * from project order by project_id desc").fetch_all(db.read()).await?;
    let read = |row: Row| {
        let id = row.project_id;
        row.read().inspect_err(|error| tracing::error!("project {id} is left out: {error}")).ok()
    };
    Ok(rows.into_iter().filter_map(read).collect())
}

/// Projects whose import was asked for and has not ended, the oldest first.
pub async fn importing(db: &Db) -> Result<Vec<ProjectId>> {
    let ids: Vec<i64> = sqlx::query_scalar(
        "select project_id from project where import_state in ('queued', 'running') order by project_id",
    )
    .fetch_all(db.read())
    .await?;
    Ok(ids.into_iter().map(ProjectId).collect())
}

/// Changes the settings. A name that is taken: [`Error::Taken`](super::Error::Taken).
pub async fn change(db: &Db, id: ProjectId, settings: &Settings) -> Result<()> {
    sqlx::query(
        "update project set name = ?, recipe = ?, checks = ?, auto_advance = ?, device = ?, imagenet = ?
         where project_id = ?",
    )
    .bind(&settings.name)
    .bind(json(&settings.recipe)?)
    .bind(json(&settings.checks)?)
    .bind(settings.auto_advance)
    .bind(&settings.device)
    .bind(path(&settings.imagenet)?)
    .bind(id.0)
    .execute(db.write())
    .await?;
    Ok(())
}

/// Puts a project away, or brings it back.
pub async fn archive(db: &Db, id: ProjectId, away: bool) -> Result<()> {
    let change = sqlx::query("update project set archived_at = ? where project_id = ?");
    change.bind(away.then(now)).bind(id.0).execute(db.write()).await?;
    Ok(())
}

/// What masks are looked at for before they are submitted.
pub async fn checks(db: &Db, id: ProjectId) -> Result<Checks> {
    let checks: String =
        sqlx::query_scalar("select checks from project where project_id = ?").bind(id.0).fetch_one(db.read()).await?;
    from_json(&checks)
}

/// What the source's labels tell; none before somebody asked.
pub async fn survey(db: &Db, id: ProjectId) -> Result<Option<Survey>> {
    let survey: Option<String> =
        sqlx::query_scalar("select survey from project where project_id = ?").bind(id.0).fetch_one(db.read()).await?;
    survey.as_deref().map(from_json).transpose()
}

/// Keeps it until frames are imported again.
pub async fn set_survey(db: &Db, id: ProjectId, survey: &Survey) -> Result<()> {
    let change = sqlx::query("update project set survey = ? where project_id = ?").bind(json(survey)?).bind(id.0);
    change.execute(db.write()).await?;
    Ok(())
}

/// Lets an import that has failed be tried again.
pub async fn queue_import(db: &Db, id: ProjectId) -> Result<()> {
    sqlx::query(
        "update project set import_state = 'queued', import_done = 0, import_total = 0, import_error = null
         where project_id = ? and import_state = 'failed'",
    )
    .bind(id.0)
    .execute(db.write())
    .await?;
    Ok(())
}

/// Says how far the import is. Its end is in [`finish_import`].
pub async fn set_import(db: &Db, id: ProjectId, import: &Import) -> Result<()> {
    sqlx::query(
        "update project set import_state = ?, import_done = ?, import_total = ?, import_error = ? where project_id = ?",
    )
    .bind(import.state.slug())
    .bind(import.done.cast_signed())
    .bind(import.total.cast_signed())
    .bind(&import.error)
    .bind(id.0)
    .execute(db.write())
    .await?;
    Ok(())
}

/// The import is done: keeps how labels are read. Belongs with the frames, the refusals and the first round.
pub async fn finish_import(tx: &mut super::Tx, id: ProjectId, codes: &BTreeMap<String, LabelCode>) -> Result<()> {
    sqlx::query(
        "update project set import_state = 'done', import_error = null, survey = null, codes = ?1, import_done = frames.n,
            import_total = frames.n
         from (select count(*) as n from frame where project_id = ?2) as frames where project_id = ?2",
    )
    .bind(json(codes)?)
    .bind(id.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
