//! The workspace folder: one server at a time, and never opened blank in place of people's masks.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use windlass::domain::Stage;
use windlass::store::jobs::JobState;
use windlass::store::people::{self, Role};
use windlass::store::{OpenError, Workspace, models};

use crate::fake::Fake;

/// A closed workspace with one person in it.
async fn closed() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("workspace");
    let workspace = Workspace::open(&dir).await.unwrap();
    people::add_without_password(workspace.db(), "Lea", Role::Lead).await.unwrap();
    workspace.db().close().await;
    (folder, dir)
}

async fn refusal(dir: &Path) -> String {
    Workspace::open(dir).await.expect_err("it must stay closed").to_string()
}

#[tokio::test]
async fn what_was_kept_is_there_at_the_next_start_and_nobody_else_may_look() {
    let (_folder, dir) = closed().await;
    let workspace = Workspace::open(&dir).await.unwrap();
    assert_eq!(people::list(workspace.db()).await.unwrap()[0].name, "Lea");
    assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
}

#[tokio::test]
async fn a_copy_of_the_whole_folder_is_a_backup() {
    let (folder, dir) = closed().await;
    fs::write(dir.join("exports/1.zip"), "masks").unwrap();
    let backup = folder.path().join("backup");
    let copied = std::process::Command::new("cp").arg("-a").args([&dir, &backup]).status().unwrap();
    assert!(copied.success());

    let workspace = Workspace::open(&dir).await.unwrap();
    people::add_without_password(workspace.db(), "Eve", Role::Lead).await.unwrap();
    workspace.db().close().await;
    drop(workspace);
    fs::remove_dir_all(&dir).unwrap();
    fs::rename(&backup, &dir).unwrap();

    let workspace = Workspace::open(&dir).await.unwrap();
    let people = people::list(workspace.db()).await.unwrap();
    assert_eq!(people.iter().map(|person| person.name.as_str()).collect::<Vec<_>>(), ["Lea"]);
    assert_eq!(fs::read_to_string(workspace.dir().join("exports/1.zip")).unwrap(), "masks");
}

#[tokio::test]
async fn what_an_export_left_half_made_is_gone_at_the_next_start() {
    let (_folder, dir) = closed().await;
    let exports = dir.join("exports");
    fs::write(exports.join(".windlass-1-5.zip.part"), "half").unwrap();
    fs::create_dir(exports.join(".windlass-1-5.zip.folder")).unwrap();
    fs::write(exports.join(".windlass-1-5.zip.folder/x"), "half").unwrap();
    fs::write(exports.join("1.zip"), "masks").unwrap();
    let _workspace = Workspace::open(&dir).await.unwrap();
    let left: Vec<_> = fs::read_dir(&exports).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["1.zip"]);
}

#[tokio::test]
async fn a_workspace_that_another_server_holds_is_refused_by_its_name() {
    let (_folder, dir) = closed().await;
    let workspace = Workspace::open(&dir).await.unwrap();
    workspace.sign("http://127.0.0.1:7878").unwrap();
    let sentence = refusal(&dir).await;
    assert!(sentence.contains("is open in another server") && sentence.contains("http://127.0.0.1:7878"), "{sentence}");
    assert!(sentence.contains(&*dir.canonicalize().unwrap().to_string_lossy()));
    // A single change beside the server is fine.
    let db = Workspace::attach(&dir).await.unwrap();
    assert_eq!(people::list(&db).await.unwrap().len(), 1);
    drop(workspace);
    Workspace::open(&dir).await.expect("it is free again");
}

#[tokio::test]
async fn a_missing_empty_blank_or_corrupt_database_is_never_replaced_by_a_new_one() {
    /// What the refusal must say, and what befalls the file.
    type Damage = (&'static str, fn(&Path));
    let damages: [Damage; 5] = [
        ("missing", |db| fs::remove_file(db).unwrap()),
        ("empty", |db| fs::write(db, "").unwrap()),
        ("damaged", |db| fs::write(db, "not a database, though long enough to be taken for one ".repeat(100)).unwrap()),
        ("damaged", |db| {
            let mut bytes = fs::read(db).unwrap();
            bytes[5000..60_000].fill(0xa5);
            fs::write(db, bytes).unwrap();
        }),
        ("blank", |db| {
            // A sound database without a table: one page with an empty schema.
            let mut page = fs::read(db).unwrap()[..4096].to_vec();
            page[28..32].copy_from_slice(&1u32.to_be_bytes());
            page[100..108].copy_from_slice(&[13, 0, 0, 0, 0, 0x10, 0, 0]);
            page[108..].fill(0);
            fs::write(db, page).unwrap();
        }),
    ];
    for (word, damage) in damages {
        let (_folder, dir) = closed().await;
        let database = dir.join("windlass.db");
        damage(&database);
        let left = fs::read(&database).ok();
        let sentence = refusal(&dir).await;
        assert!(sentence.contains(&format!("windlass.db is {word}")) && sentence.contains("backup"), "{sentence}");
        assert_eq!(fs::read(&database).ok(), left, "it is left as it was");
        assert!(Workspace::attach(&dir).await.is_err());
    }
}

#[tokio::test]
async fn a_workspace_of_a_newer_windlass_and_a_folder_of_something_else_are_refused() {
    let (_folder, dir) = closed().await;
    fs::write(dir.join("VERSION"), "windlass workspace 2\n").unwrap();
    assert!(refusal(&dir).await.contains("made by a newer Windlass"));

    let other = tempfile::tempdir().unwrap();
    fs::write(other.path().join("thesis.tex"), "").unwrap();
    assert!(refusal(other.path()).await.contains("is not empty and no workspace"));
    assert_eq!(fs::read_dir(other.path()).unwrap().count(), 1, "nothing is put beside it");
    assert!(refusal(&other.path().join("thesis.tex")).await.ends_with("is a file: give a folder for the workspace"));
    assert!(matches!(Workspace::attach(other.path()).await, Err(OpenError::Absent { .. })));
}

#[tokio::test]
async fn a_first_start_that_was_cut_short_is_finished_by_the_next() {
    let (_folder, dir) = closed().await;
    fs::remove_file(dir.join("VERSION")).unwrap();
    let workspace = Workspace::open(&dir).await.unwrap();
    assert_eq!(people::list(workspace.db()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_database_that_was_restored_alone_takes_no_results_of_jobs_that_it_never_had() {
    let fake = Fake::new().await;
    let at = fake.project(false).await;
    let mut backup = vec![];
    let fake = fake.reopened(|dir| backup = fs::read(dir.join("windlass.db")).unwrap()).await;
    let lost = fake.start(at, Stage::Warmup).await;
    fake.wait_for_stage(at.1, Stage::Evaluate).await;

    let fake = fake.reopened(|dir| fs::write(dir.join("windlass.db"), &backup).unwrap()).await;
    fake.engine("exit 3");
    let job = fake.start(at, Stage::Warmup).await;
    assert_eq!(job, lost, "the number is given once more");
    let failed = fake.wait(job, JobState::Failed).await;
    assert!(failed.error.unwrap().contains("ended with code 3"), "its own engine ran");
    assert!(models::list(fake.workspace.db(), at.0).await.unwrap().is_empty());
    let jobs = fs::read_dir(fake.workspace.dir().join("jobs")).unwrap();
    let aside = jobs.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().contains("unknown")).count();
    assert_eq!(aside, 2, "what was there is still there: the warm-up and its evaluation");
}
