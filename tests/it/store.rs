//! The database: an upgrade keeps what a workspace holds, and the functions that no other test calls.

use std::path::{Path, PathBuf};

use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, SqliteConnection};
use windlass::domain::{Event, FrameId, JobId, Line, ModelId, ProjectId, RoundId, Size, Stage};
use windlass::store::projects::{Import, ImportState};
use windlass::store::{
    Db, Error, Workspace, events, frames, jobs, masks, models, now, people, projects, queue, rounds, work,
};

use crate::fake::new_project;

static MIGRATIONS: Migrator = sqlx::migrate!();

/// What a workspace holds more from each migration on: a small project that went once around.
const SAMPLES: [(i64, &str); 7] = [
    (1, include_str!("data/workspace_0001.sql")),
    (2, include_str!("data/workspace_0002.sql")),
    (4, include_str!("data/workspace_0004.sql")),
    (5, include_str!("data/workspace_0005.sql")),
    (6, include_str!("data/workspace_0006.sql")),
    (7, include_str!("data/workspace_0007.sql")),
    (8, include_str!("data/workspace_0008.sql")),
];

async fn connect(dir: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(dir.join("windlass.db")).create_if_missing(true);
    SqliteConnection::connect_with(&options.foreign_keys(true)).await.unwrap()
}

/// A closed workspace as the Windlass whose newest migration this was left it.
async fn workspace_of(version: i64, dir: &Path) -> PathBuf {
    let dir = dir.join(format!("workspace_{version}"));
    std::fs::create_dir(&dir).unwrap();
    let mut connection = connect(&dir).await;
    for (step, sample) in SAMPLES.into_iter().filter(|(step, _)| *step <= version) {
        let until_then = MIGRATIONS.iter().filter(|migration| migration.version <= step).cloned().collect();
        Migrator::with_migrations(until_then).run(&mut connection).await.unwrap();
        sqlx::raw_sql(sample).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
    std::fs::write(dir.join("VERSION"), "windlass workspace 1\n").unwrap();
    dir
}

#[tokio::test]
async fn an_upgrade_keeps_all_that_a_workspace_holds() {
    let versions: Vec<i64> = MIGRATIONS.iter().map(|migration| migration.version).collect();
    assert_eq!(SAMPLES.map(|(version, _)| version).as_slice(), versions, "each migration has a sample of its own");
    let folder = tempfile::tempdir().unwrap();
    for version in versions {
        let dir = workspace_of(version, folder.path()).await;
        every_table_has_rows(&dir).await;
        let workspace = Workspace::open(&dir).await.unwrap();
        the_first_tables_are_kept(workspace.db()).await;
        the_later_ones_are_kept(workspace.db(), version).await;
        workspace.db().close().await;

        let mut connection = connect(&dir).await;
        let broken: Vec<(String,)> =
            sqlx::query_as("select \"table\" from pragma_foreign_key_check").fetch_all(&mut connection).await.unwrap();
        assert!(broken.is_empty(), "{version}: {broken:?}");
        let submitted = "select submitted_version from pick where state = 'submitted'";
        let submitted: Vec<Option<i64>> = sqlx::query_scalar(submitted).fetch_all(&mut connection).await.unwrap();
        assert_eq!(submitted, [Some(2); 2], "{version}: what was submitted before it was kept is the newest mask");
    }
}

async fn every_table_has_rows(dir: &Path) {
    let mut connection = connect(dir).await;
    let tables: Vec<String> = sqlx::query_scalar(
        "select name from sqlite_schema where type = 'table' and name not like 'sqlite%' and name not like '\\_%' escape '\\'",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    assert!(tables.len() >= 13, "{tables:?}");
    for table in tables {
        let rows = sqlx::AssertSqlSafe(format!("select count(*) from \"{table}\""));
        let rows: i64 = sqlx::query_scalar(rows).fetch_one(&mut connection).await.unwrap();
        assert!(rows > 0, "the sample has no {table}, so its upgrade would not be tested");
    }
    connection.close().await.unwrap();
}

async fn the_first_tables_are_kept(db: &Db) {
    let project = projects::list(db).await.unwrap().remove(0);
    assert_eq!((project.name.as_str(), project.taxonomy.len(), project.oracle), ("Harbour town", 19, true));
    project.recipe.check().unwrap();
    let round = rounds::newest(db, project.id).await.unwrap().unwrap();
    assert!(rounds::pick_counts(db, round.id).await.unwrap().complete());
    assert_eq!(rounds::labelled(db, project.id, 1).await.unwrap(), [13, 18].map(FrameId));
    let (version, pixels) = masks::pixels(db, FrameId(13), None).await.unwrap().unwrap();
    assert_eq!((version, pixels.len()), (2, 256 * 128));
    let newest = &models::list(db, project.id).await.unwrap()[0];
    assert_eq!(newest.stage, Stage::Adapt);
    let (_, evaluation) = models::evaluation(db, newest.id).await.unwrap().unwrap();
    assert_eq!(evaluation.confusion.mean_iou(), newest.mean_iou);
    assert_eq!(models::get(db, newest.id).await.unwrap(), *newest);
    assert_eq!(models::of_job(db, newest.job).await.unwrap().as_ref(), Some(newest));
    let said = events::of_job(db, newest.job, 0, 1000).await.unwrap();
    assert!(matches!(said.last().unwrap().line.event, Event::Done { .. }));
    assert_eq!(people::list(db).await.unwrap().len(), 2);
}

/// A workspace from before a migration has nothing of it, one from after has its sample.
async fn the_later_ones_are_kept(db: &Db, version: i64) {
    let (project, round, frame) = (ProjectId(1), RoundId(1), FrameId(18));
    let work = work::of_round(db, round).await.unwrap().remove(&frame);
    let seconds =
        [41.5, 3.5].into_iter().zip([2, 7]).filter(|(_, since)| version >= *since).map(|(seconds, _)| seconds);
    assert_eq!(work.as_ref().map_or(0.0, |effort| effort.work.seconds), seconds.sum::<f64>());
    let word = work.and_then(|effort| effort.overruled).map(|overruled| overruled.word);
    assert_eq!(word.as_deref(), (version >= 2).then_some("They are far away."));
    assert_eq!(projects::checks(db, project).await.unwrap().never_touch.len(), usize::from(version >= 2));
    assert_eq!(rounds::choice(db, round).await.unwrap().and_then(|choice| choice.quota), (version >= 4).then_some(1));
    assert_eq!(rounds::selection(db, round).await.unwrap().map(|s| s.candidates), (version >= 4).then_some(20));
    let segments = queue::chosen(db, frame, now()).await.unwrap().unwrap().segments;
    assert_eq!(segments.is_some(), version >= 5);
    assert_eq!(projects::survey(db, project).await.unwrap().map(|survey| survey.labels), (version >= 6).then_some(12));
    assert_eq!(projects::get(db, project).await.unwrap().archived_at.is_some(), version >= 8);
}

#[tokio::test]
async fn tables_of_a_newer_windlass_are_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let dir = workspace_of(1, folder.path()).await;
    let mut connection = connect(&dir).await;
    let newer = "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
                 values (9999, 'from the future', true, x'00', 0)";
    sqlx::raw_sql(newer).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let refused = Workspace::open(&dir).await.unwrap_err().to_string();
    assert!(refused.contains("made by a newer Windlass"), "{refused}");
    let refused = Workspace::attach(&dir).await.unwrap_err().to_string();
    assert!(refused.contains("made by a newer Windlass"), "{refused}");
}

#[tokio::test]
async fn a_project_has_one_name_and_its_knobs_can_be_changed() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = Workspace::open(&folder.path().join("workspace")).await.unwrap();
    let db = workspace.db();
    let mut new = new_project(folder.path(), false);
    new.seed = u64::MAX;
    let id = projects::create(db, &new).await.unwrap();
    new.name = "HARBOUR".into();
    assert!(matches!(projects::create(db, &new).await, Err(Error::Taken)));
    assert!(matches!(projects::get(db, ProjectId(99)).await, Err(Error::NotFound)));
    assert_eq!(projects::importing(db).await.unwrap(), [id]);

    let found = projects::get(db, id).await.unwrap();
    let mut settings = projects::Settings::of(&found, projects::checks(db, id).await.unwrap());
    (settings.recipe.k, settings.auto_advance) = (3, true);
    projects::change(db, id, &settings).await.unwrap();
    let failed = Import { state: ImportState::Failed, done: 3, total: 9, error: Some("The folder is gone.".into()) };
    projects::set_import(db, id, &failed).await.unwrap();
    let found = projects::get(db, id).await.unwrap();
    assert_eq!((found.recipe.k, found.auto_advance, found.seed), (3, true, u64::MAX));
    assert_eq!(found.import, failed);
    assert!(projects::importing(db).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_happens_together_happens_wholly_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let dir = workspace_of(1, folder.path()).await;
    let workspace = Workspace::open(&dir).await.unwrap();
    let (db, project, job) = (workspace.db(), ProjectId(1), JobId(1));
    let lines = async || events::of_job(db, job, 0, 1000).await.unwrap();
    let before = lines().await;
    let read = jobs::get(db, job).await.unwrap().events_read;
    let line = Line { at: 5, event: Event::Checkpoint { step: 50 } };

    let mut tx = db.begin().await.unwrap();
    events::append(&mut tx, project, job, vec![line.clone()], Some(read + 40)).await.unwrap();
    drop(tx);
    assert_eq!(lines().await, before);
    assert_eq!(jobs::get(db, job).await.unwrap().events_read, read);

    let mut tx = db.begin().await.unwrap();
    events::append(&mut tx, project, job, vec![line.clone()], Some(read + 40)).await.unwrap();
    tx.commit().await.unwrap();
    let said = lines().await;
    let [old @ .., new] = &said[..] else { panic!("it was said") };
    assert_eq!((old, &new.line), (&before[..], &line));
    assert!(before.iter().all(|old| old.event_id < new.event_id));
    assert_eq!(jobs::get(db, job).await.unwrap().events_read, read + 40);
    assert_eq!(events::newest_checkpoint(db, job).await.unwrap(), 50);
    assert_eq!(events::newest_checkpoint(db, JobId(3)).await.unwrap(), 0);
}

#[tokio::test]
async fn a_round_is_begun_by_a_lease_or_a_saved_mask() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = Workspace::open(&folder.path().join("workspace")).await.unwrap();
    let db = workspace.db();
    let project = projects::create(db, &new_project(folder.path(), false)).await.unwrap();
    let lead = people::add_without_password(db, "Lea", people::Role::Lead).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    let size = Size { width: 2, height: 1 };
    let frame = windlass::domain::Frame {
        id: FrameId(0),
        domain: windlass::domain::Domain::Target,
        split: windlass::domain::Split::Train,
        name: "a/0".into(),
        group: "a".into(),
        image: "/data/a/0.png".into(),
        label: None,
        size,
    };
    let id = frames::insert(&mut tx, project, &frame).await.unwrap();
    let twice = frames::insert(&mut tx, project, &frame).await.unwrap_err();
    assert!(matches!(twice, Error::Taken));
    let round: RoundId = rounds::create(&mut tx, project, None::<ModelId>).await.unwrap();
    rounds::set_picks(&mut tx, round, &crate::fake::selection(&[id.0]).picks).await.unwrap();
    rounds::make_ready(&mut tx, round, id, "jobs/1/out/u.png", 0.5).await.unwrap();
    tx.commit().await.unwrap();
    assert!(!rounds::labelling_begun(db, round).await.unwrap());
    let begin = queue::next(db, project, lead, now()).await.unwrap();
    assert_eq!(begin, Some(id));
    assert!(rounds::labelling_begun(db, round).await.unwrap());
    queue::release(db, id, lead, now()).await.unwrap();
    assert!(!rounds::labelling_begun(db, round).await.unwrap());
    let mask = windlass::domain::Mask::new(size, vec![1, 255], 11).unwrap();
    let mut tx = db.begin().await.unwrap();
    masks::add(&mut tx, id, masks::MaskKind::Saved, Some(lead), &masks::pack(&mask).unwrap(), now()).await.unwrap();
    tx.commit().await.unwrap();
    assert!(rounds::labelling_begun(db, round).await.unwrap());
    assert_eq!(rounds::picked_before(db, project, 2).await.unwrap(), [id]);
    assert!(rounds::labelled(db, project, 1).await.unwrap().is_empty(), "saved is not submitted");
    assert!(rounds::picks(db, round).await.unwrap()[0].lease.is_none());
}
