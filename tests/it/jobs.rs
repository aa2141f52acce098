//! The life of a job, with a fake engine: start, stop, resume, failure, and the server's own restart.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::time::Duration;

use windlass::domain::{Domain, Event, Frame, FrameId, JobId, JobSpec, Mask, Split, Stage, Task};
use windlass::formats::segments::probe;
use windlass::store::jobs::{self, JobState};
use windlass::store::masks::{self, MaskKind};
use windlass::store::projects::{Import, ImportState};
use windlass::store::rounds::PickState;
use windlass::store::{frames, models, projects, queue, rounds};
use windlass::supervisor::{StartError, StepState, Supervisor, rail};

use crate::fake::{Fake, SIZE, SIZE_PIXELS, config, selection};

fn spec(folder: &Path) -> JobSpec {
    JobSpec::parse(&fs::read_to_string(folder.join("spec.json")).unwrap()).unwrap()
}

fn last_sentence(events: &[Event]) -> String {
    match events.last() {
        Some(Event::Failed { message }) => message.clone(),
        other => panic!("the last word is {other:?}"),
    }
}

#[tokio::test]
async fn a_round_goes_by_itself_to_labelling_and_from_inject_to_the_next_round() {
    let fake = Fake::new().await;
    let (project, round) = fake.project(true).await;
    fake.wait_for_stage(round, Stage::Prelabel).await;
    fake.wait_for_stage(round, Stage::Evaluate).await;
    let db = fake.workspace.db();

    let picks = rounds::picks(db, round).await.unwrap();
    assert_eq!(picks.iter().map(|pick| (pick.why.frame.0, pick.place)).collect::<Vec<_>>(), [(6, 1), (9, 2)]);
    assert!(picks.iter().all(|pick| pick.state == PickState::Ready && pick.mean_uncertainty == Some(0.25)));
    let uncertainty = fake.workspace.dir().join(picks[0].uncertainty_path.as_ref().unwrap());
    assert!(uncertainty.is_file());
    let segments = queue::chosen(db, FrameId(6), 0).await.unwrap().unwrap().segments.unwrap();
    assert_eq!(probe(&fake.workspace.dir().join(segments)).unwrap().size, SIZE);
    assert_eq!(masks::pixels(db, FrameId(6), None).await.unwrap(), Some((1, vec![3; SIZE_PIXELS])));
    assert_eq!(masks::newest(db, FrameId(6)).await.unwrap().unwrap().kind, MaskKind::Start);
    let model = &models::list(db, project).await.unwrap()[0];
    assert_eq!((model.stage, model.mean_iou), (Stage::Warmup, Some((2.0 / 3.0 + 0.5) / 2.0)));

    let refused = fake.supervisor.enqueue(project, round, Stage::Inject).await.unwrap_err();
    assert_eq!(refused.to_string(), "Inject waits for Label");
    assert_eq!(fake.supervisor.answer_rest_from_oracle(project, round).await.unwrap(), 2);
    // All labels are in: it goes on by itself.
    fake.wait_for_stage(round, Stage::Adapt).await;
    let refused = fake.supervisor.enqueue(project, round, Stage::Select).await.unwrap_err();
    assert!(matches!(refused, StartError::LabellingBegun(Stage::Select)));
    let inject = fake.wait_for_stage(round, Stage::Inject).await;
    let Task::Inject { source, labelled, .. } = spec(&fake.dir(inject.id)).task else { panic!("another task") };
    assert_eq!((source.len(), labelled.len()), (4, 2));
    let label = labelled[0].label.clone().unwrap();
    let (_, pixels) = windlass::formats::mask_png::read_gray(&label.path).unwrap();
    // The drawn label of target frame 1, which is frame 6, is class 1 all over.
    assert_eq!((label.code.as_str(), pixels), ("own", vec![1; SIZE_PIXELS]));

    let (next, twice) = tokio::join!(fake.supervisor.start_round(project), fake.supervisor.start_round(project));
    let next = next.unwrap();
    assert!(matches!(twice, Err(StartError::RoundOpen(2))), "two leads who press at once begin one round");
    fake.wait_for_stage(next, Stage::Select).await;
    let steps = rail(db, &rounds::get(db, next).await.unwrap()).await.unwrap();
    assert_eq!((steps[0].stage, steps[0].state), (Stage::Features, StepState::Done));
    let select = steps.iter().find(|step| step.stage == Stage::Select).unwrap();
    let Task::Select { candidates, .. } = spec(&fake.dir(select.done.unwrap())).task else { panic!("another task") };
    assert_eq!(candidates, [5, 7, 8, 10].map(FrameId), "what is labelled is not chosen again");
    let adapted =
        models::list(db, project).await.unwrap().into_iter().find(|model| model.stage == Stage::Adapt).unwrap();
    assert_eq!(rounds::get(db, next).await.unwrap().base_model, Some(adapted.id));
}

#[tokio::test]
async fn a_stage_waits_for_the_one_before_and_runs_once_at_a_time() {
    let fake = Fake::new().await;
    fake.engine("wait_for go");
    let at = fake.project(false).await;
    let refused = fake.supervisor.enqueue(at.0, at.1, Stage::Features).await.unwrap_err();
    assert_eq!(refused.to_string(), "Features waits for Warm up");
    let job = fake.start(at, Stage::Warmup).await;
    let refused = fake.supervisor.enqueue(at.0, at.1, Stage::Warmup).await.unwrap_err();
    assert_eq!(refused.to_string(), "Warm up is running: stop it or wait until it is done");
    fake.wait(job, JobState::Running).await;
    assert!(fake.supervisor.running().contains(&job));
    fake.allow("go");
    fake.wait(job, JobState::Done).await;
    // The next does not start by itself in this project; the measurement does.
    fake.wait_for_stage(at.1, Stage::Evaluate).await;
    let steps = rail(fake.workspace.db(), &rounds::get(fake.workspace.db(), at.1).await.unwrap()).await.unwrap();
    assert_eq!(
        steps.iter().map(|step| step.state).take(3).collect::<Vec<_>>(),
        [StepState::Done, StepState::Ready, StepState::Waits(Stage::Features)]
    );
}

#[tokio::test]
async fn a_stage_run_again_makes_the_later_ones_outdated() {
    let fake = Fake::new().await;
    let at = fake.project(false).await;
    for stage in [Stage::Warmup, Stage::Features, Stage::Anchors, Stage::Features] {
        let job = fake.start(at, stage).await;
        fake.wait(job, JobState::Done).await;
    }
    let steps = rail(fake.workspace.db(), &rounds::get(fake.workspace.db(), at.1).await.unwrap()).await.unwrap();
    let states: Vec<_> = steps.iter().map(|step| step.state).take(4).collect();
    assert_eq!(states, [StepState::Done, StepState::Done, StepState::Ready, StepState::Waits(Stage::Anchors)]);
}

/// Counts its steps in a file, so that a second run goes on where the first one was stopped.
const COUNTING: &str = r#"
trap 'say "\"checkpoint\",\"step\":$n"; say "\"stopped\",\"step\":$n"; exit 0' TERM
n=$(cat "$1/n" 2>/dev/null || echo 0)
while [ "$n" -lt 3 ]; do
  n=$((n + 1)); echo $n > "$1/n"
  say "\"scalars\",\"step\":$n,\"values\":{\"loss\":0.5}"
  say "\"progress\",\"done\":$n,\"total\":9,\"unit\":\"step\",\"seconds_left\":4.5"
done
wait_for go
"#;

#[tokio::test]
async fn a_stopped_job_goes_on_where_it_was() {
    let fake = Fake::new().await;
    fake.engine(COUNTING);
    let at = fake.project(false).await;
    let job = fake.start(at, Stage::Warmup).await;
    fake.hear(job, |event| matches!(event, Event::Progress { done: 3, .. })).await;
    let running = fake.job(job).await;
    assert_eq!((running.progress, running.seconds_left), ((3, 9), Some(4.5)));
    fake.supervisor.stop(job).await.unwrap();
    let stopped = fake.wait(job, JobState::Stopped).await;
    assert_eq!((stopped.error, stopped.pid), (None, None));
    assert!(matches!(fake.supervisor.stop(job).await, Err(StartError::Ended)));
    fake.allow("go");
    fake.supervisor.resume(job).await.unwrap();
    fake.wait(job, JobState::Done).await;
    assert_eq!(fake.steps(job).await, [1, 2, 3]);
    let last: Vec<_> = fake.said(job).await.into_iter().filter(Event::is_last).collect();
    assert_eq!(last, [Event::Stopped { step: 3 }, Event::Done { seconds: 1.0 }]);
    assert!(matches!(fake.supervisor.resume(job).await, Err(StartError::NotResumable)));
}

#[tokio::test]
async fn a_job_that_goes_on_moves_with_its_project_and_keeps_the_knobs_that_it_began_with() {
    let fake = Fake::new().await;
    fake.engine("exit 3");
    let at = fake.project(false).await;
    let job = fake.start(at, Stage::Warmup).await;
    fake.wait(job, JobState::Failed).await;
    let began = spec(&fake.dir(job));
    let (db, found) = (fake.workspace.db(), projects::get(fake.workspace.db(), at.0).await.unwrap());
    let mut settings = projects::Settings::of(&found, projects::checks(db, at.0).await.unwrap());
    settings.device = "cuda:1".into();
    settings.recipe.k += 1;
    projects::change(db, at.0, &settings).await.unwrap();
    fake.supervisor.resume(job).await.unwrap();
    fake.wait(job, JobState::Failed).await;
    assert_eq!(spec(&fake.dir(job)), JobSpec { device: "cuda:1".into(), ..began });
}

#[tokio::test]
async fn a_job_that_does_not_stop_is_killed_and_a_queued_one_leaves_the_queue() {
    let mut fake = Fake::new().await;
    fake.supervisor.shutdown().await;
    let impatient = windlass::supervisor::Config { grace: Duration::from_millis(300), ..config(fake.folder.path()) };
    fake.supervisor = Supervisor::start(fake.workspace.clone(), impatient).await.unwrap();
    fake.engine("trap '' TERM; say '\"checkpoint\",\"step\":4'; wait_for never");
    let at = fake.project(false).await;
    let job = fake.start(at, Stage::Warmup).await;
    fake.hear(job, |event| matches!(event, Event::Checkpoint { .. })).await;
    let mut second = crate::fake::new_project(fake.folder.path(), false);
    second.name = "Second".into();
    let second = projects::create(fake.workspace.db(), &second).await.unwrap();
    fake.supervisor.import(second).await.unwrap();
    let newest = async || rounds::newest(fake.workspace.db(), second).await.unwrap();
    crate::fake::until("the second import", async || newest().await.is_some()).await;
    let queued = fake.start((second, newest().await.unwrap().id), Stage::Warmup).await;
    fake.supervisor.stop(queued).await.unwrap();
    assert_eq!(fake.job(queued).await.state, JobState::Stopped, "one job a device: it never began");
    assert!(!fake.dir(queued).exists());

    fake.supervisor.stop(job).await.unwrap();
    fake.wait(job, JobState::Stopped).await;
    assert_eq!(fake.said(job).await.last(), Some(&Event::Stopped { step: 4 }));
}

#[tokio::test]
async fn every_failure_is_a_sentence_and_the_server_goes_on() {
    let mut fake = Fake::new().await;
    let at = fake.project(false).await;
    let cases = [
        ("kill -9 $$", "The engine was killed (signal 9), most often because memory ran out"),
        (
            "echo no room for tensors >&2; exit 3",
            "ended with code 3 before its work was done. The end of its log: no room",
        ),
        ("say '\"failed\",\"message\":\"The weights file is missing: run make setup.\"'; exit 1", "run make setup"),
        ("stage=none", "model.safetensors is missing"),
        ("stage=select", "model.safetensors is missing"),
    ];
    for (body, sentence) in cases {
        fake.engine(body);
        let job = fake.start(at, Stage::Warmup).await;
        let failed = fake.wait(job, JobState::Failed).await;
        assert!(failed.error.as_ref().unwrap().contains(sentence), "{body}: {:?}", failed.error);
        assert_eq!(last_sentence(&fake.said(job).await), failed.error.unwrap());
    }
    fs::remove_file(fake.folder.path().join("engine")).unwrap();
    let job = fake.start(at, Stage::Warmup).await;
    let failed = fake.wait(job, JobState::Failed).await;
    assert!(
        failed
            .error
            .unwrap()
            .contains("build it with `cargo build --workspace` or `make release`, or give its path by --engine")
    );

    fake.supervisor.shutdown().await;
    let launcher = vec!["no-such-launcher".to_owned(), "--gres=gpu:1".to_owned()];
    let config = windlass::supervisor::Config { launcher, ..config(fake.folder.path()) };
    fake.supervisor = Supervisor::start(fake.workspace.clone(), config).await.unwrap();
    fake.engine("");
    fake.supervisor.resume(job).await.unwrap();
    let failed = fake.wait(job, JobState::Failed).await;
    assert_eq!(failed.error.unwrap(), "no-such-launcher was not found: check --engine and --launcher.");

    fake.restart(async || {}).await;
    fake.supervisor.resume(job).await.unwrap();
    fake.wait(job, JobState::Done).await;
}

#[tokio::test]
async fn a_job_lives_through_a_restart_of_the_server_and_no_line_is_lost_or_doubled() {
    let mut fake = Fake::new().await;
    fake.engine(
        r#"for n in 1 2 3; do say "\"scalars\",\"step\":$n,\"values\":{}"; done
        wait_for down
        for n in 4 5 6; do say "\"scalars\",\"step\":$n,\"values\":{}"; done
        echo > "$fake/said_while_down"
        wait_for up
        for n in 7 8 9; do say "\"scalars\",\"step\":$n,\"values\":{}"; done"#,
    );
    let at = fake.project(false).await;
    let job = fake.start(at, Stage::Warmup).await;
    fake.hear(job, |event| matches!(event, Event::Scalars { step: 3, .. })).await;
    let folder = fake.folder.path().to_owned();
    fake.restart(async || {
        fs::write(folder.join("down"), "").unwrap();
        crate::fake::until("it goes on alone", async || folder.join("said_while_down").exists()).await;
    })
    .await;
    assert!(fake.supervisor.running().contains(&job), "it is followed on");
    fake.allow("up");
    fake.wait(job, JobState::Done).await;
    assert_eq!(fake.steps(job).await, (1..=9).collect::<Vec<_>>());
    assert_eq!(models::list(fake.workspace.db(), at.0).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_job_that_ended_while_no_server_ran_is_ingested_at_the_next_start() {
    let mut fake = Fake::new().await;
    fake.engine("wait_for down");
    let at = fake.project(false).await;
    let job = fake.start(at, Stage::Warmup).await;
    fake.hear(job, |event| matches!(event, Event::Started { .. })).await;
    let (folder, events) = (fake.folder.path().to_owned(), fake.dir(job).join("events.jsonl"));
    fake.restart(async || {
        fs::write(folder.join("down"), "").unwrap();
        let done = async || fs::read_to_string(&events).unwrap().contains("done");
        crate::fake::until("it ends alone", done).await;
    })
    .await;
    fake.wait(job, JobState::Done).await;
    assert_eq!(fake.said(job).await.last(), Some(&Event::Done { seconds: 1.0 }));
}

#[tokio::test]
async fn a_job_that_was_to_stop_when_the_server_ended_stays_stopped_and_a_stranger_with_its_number_lives() {
    let (mut fake, job, pid) = in_the_middle().await;
    let mut stranger =
        std::process::Command::new("cat").stdin(std::process::Stdio::piped()).process_group(0).spawn().unwrap();
    let db = fake.workspace.db().clone();
    fake.restart(async || {
        kill_group(pid).await;
        jobs::set_pid(&db, job, stranger.id() as i32).await.unwrap();
        let mut tx = db.begin().await.unwrap();
        jobs::ask_to_stop(&mut tx, job).await.unwrap();
        tx.commit().await.unwrap();
    })
    .await;
    fake.wait(job, JobState::Stopped).await;
    assert!(stranger.try_wait().unwrap().is_none(), "it is none of ours");
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

/// A job that has come as far as step 3, and its engine's number.
async fn in_the_middle() -> (Fake, JobId, i32) {
    let fake = Fake::new().await;
    fake.engine(COUNTING);
    let at = fake.project(false).await;
    let job = fake.start(at, Stage::Warmup).await;
    fake.hear(job, |event| matches!(event, Event::Scalars { step: 3, .. })).await;
    let pid = fake.job(job).await.pid.unwrap();
    (fake, job, pid)
}

/// Kills an engine and waits until it is gone.
async fn kill_group(pid: i32) {
    // Its group, by the call itself: the `kill` command of some systems reads `-1234` as `-1`, which is everybody.
    assert!(pid > 1);
    let group = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process_group(group, rustix::process::Signal::KILL).unwrap();
    let gone = async || fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default().is_empty();
    crate::fake::until("it is dead", gone).await;
}

#[tokio::test]
async fn a_job_that_was_killed_while_no_server_ran_goes_on_once() {
    let (mut fake, job, pid) = in_the_middle().await;
    fake.restart(async || kill_group(pid).await).await;
    fake.allow("go");
    fake.wait(job, JobState::Done).await;
    assert_eq!(fake.steps(job).await, [1, 2, 3]);
    let starts = fake.said(job).await.iter().filter(|event| matches!(event, Event::Started { .. })).count();
    assert_eq!(starts, 2);
}

#[tokio::test]
async fn a_line_torn_by_a_kill_is_stepped_over() {
    let fake = Fake::new().await;
    fake.engine(
        r#"if [ ! -e "$1/again" ]; then
            echo > "$1/again"; say "\"checkpoint\",\"step\":1"; printf '{"at":1,"event":"check'; kill -9 $$
        fi
        say "\"checkpoint\",\"step\":2""#,
    );
    let at = fake.project(false).await;
    let job = fake.start(at, Stage::Warmup).await;
    fake.wait(job, JobState::Failed).await;
    fake.supervisor.resume(job).await.unwrap();
    fake.wait(job, JobState::Done).await;
    let steps: Vec<_> =
        fake.said(job).await.into_iter().filter(|event| matches!(event, Event::Checkpoint { .. })).collect();
    assert_eq!(steps, [Event::Checkpoint { step: 1 }, Event::Checkpoint { step: 2 }]);
}

#[tokio::test]
async fn results_are_kept_whole_or_not_at_all() {
    let fake = Fake::new().await;
    let at = fake.project(false).await;
    let db = fake.workspace.db();
    for stage in [Stage::Warmup, Stage::Features, Stage::Anchors] {
        let job = fake.start(at, stage).await;
        fake.wait(job, JobState::Done).await;
    }
    // Frame 999 is in no project: the database refuses the second pick, and with it the first.
    let results = fake.folder.path().join("results");
    let put = |frames: &[i64]| {
        fs::write(results.join("select/selection.json"), serde_json::to_vec(&selection(frames)).unwrap()).unwrap();
    };
    put(&[6, 999]);
    let select = fake.start(at, Stage::Select).await;
    let failed = fake.wait(select, JobState::Failed).await;
    assert!(failed.error.unwrap().starts_with("The results of the engine cannot be used"));
    assert!(rounds::picks(db, at.1).await.unwrap().is_empty());
    put(&[6, 9]);
    fake.supervisor.resume(select).await.unwrap();
    fake.wait(select, JobState::Done).await;

    let mask = results.join("prelabel/prelabel/9.png");
    let good = fs::read(&mask).unwrap();
    let small = windlass::domain::Size { width: 4, height: 4 };
    let wrong = [
        (windlass::formats::mask_png::encode_gray(small, &[3; 16]), "4x4"),
        (windlass::formats::mask_png::encode_gray(crate::fake::SIZE, &[77; SIZE_PIXELS]), "77"),
        (good[..good.len() / 2].to_vec(), "cut short"),
    ];
    for (bytes, word) in wrong {
        fs::write(&mask, bytes).unwrap();
        let job = fake.start(at, Stage::Prelabel).await;
        let failed = fake.wait(job, JobState::Failed).await.error.unwrap();
        assert!(failed.contains(word), "{failed}");
        assert!(rounds::picks(db, at.1).await.unwrap().iter().all(|pick| pick.state == PickState::Waiting));
        assert!(masks::versions(db, FrameId(6)).await.unwrap().is_empty());
    }
    fs::write(&mask, good).unwrap();
    let job = fake.start(at, Stage::Prelabel).await;
    fake.wait(job, JobState::Done).await;
    assert_eq!(rounds::pick_counts(db, at.1).await.unwrap().ready, 2);
}

#[tokio::test]
async fn an_import_that_a_restart_broke_begins_again_and_says_what_it_left_out() {
    let mut fake = Fake::new().await;
    let data = fake.folder.path().join("data");
    fs::write(data.join("target/train/9.png"), b"no picture").unwrap();
    let project = crate::fake::new_project(fake.folder.path(), false);
    let project = projects::create(fake.workspace.db(), &project).await.unwrap();
    let left_over = Frame {
        id: FrameId(0),
        domain: Domain::Source,
        split: Split::Train,
        name: "0".into(),
        group: String::new(),
        image: data.join("old.png"),
        label: None,
        size: SIZE,
    };
    // What a server leaves that was killed while it wrote down what it had found.
    let db = fake.workspace.db().clone();
    fake.restart(async || {
        let running = Import { state: ImportState::Running, done: 1, total: 12, error: None };
        projects::set_import(&db, project, &running).await.unwrap();
        let mut tx = db.begin().await.unwrap();
        frames::insert(&mut tx, project, &left_over).await.unwrap();
        frames::refuse(&mut tx, project, "/data/old.png", "old").await.unwrap();
        tx.commit().await.unwrap();
    })
    .await;
    let newest = async || rounds::newest(fake.workspace.db(), project).await.unwrap();
    crate::fake::until("the import ends", async || newest().await.is_some()).await;
    let db = fake.workspace.db();
    let counts = frames::counts(db, project).await.unwrap();
    assert_eq!(counts.iter().map(|count| (count.frames, count.labelled)).collect::<Vec<_>>(), [(4, 4), (6, 6), (2, 2)]);
    let target = frames::list(db, project, Domain::Target, Split::Train).await.unwrap();
    assert_eq!((target[0].name.as_str(), target[0].size), ("0", crate::fake::SIZE));
    let (refusals, count) = frames::refusals(db, project, 10).await.unwrap();
    assert!((refusals.len(), count) == (1, 1) && refusals[0].path.ends_with("9.png"), "{refusals:?}");
    assert!(matches!(fake.supervisor.import(project).await, Err(StartError::Imported)));
}

#[tokio::test]
async fn an_import_of_nothing_fails_with_a_sentence() {
    let fake = Fake::new().await;
    fs::remove_dir_all(fake.folder.path().join("data/val/trainannot")).unwrap();
    let project = crate::fake::new_project(fake.folder.path(), false);
    let project = projects::create(fake.workspace.db(), &project).await.unwrap();
    fake.supervisor.import(project).await.unwrap();
    let error = async || projects::get(fake.workspace.db(), project).await.unwrap().import.error;
    crate::fake::until("it fails", async || error().await.is_some()).await;
    let error = error().await.unwrap();
    assert!(error.contains("none of the 2 pictures in"), "{error}");
}

#[tokio::test]
async fn pre_labelling_again_hands_out_nothing_meanwhile_and_never_covers_what_a_person_drew() {
    let fake = Fake::new().await;
    let (project, round) = fake.project(true).await;
    fake.wait_for_stage(round, Stage::Prelabel).await;
    fake.wait_for_stage(round, Stage::Evaluate).await;
    let db = fake.workspace.db();
    fake.engine("wait_for go");
    let again = fake.start((project, round), Stage::Prelabel).await;
    fake.wait(again, JobState::Running).await;
    let picks = rounds::picks(db, round).await.unwrap();
    assert!(picks.iter().all(|pick| pick.state == PickState::Waiting), "nobody is handed one now");

    // Somebody who had frame 6 open saves after all.
    let drawn = Mask::new(SIZE, vec![1; SIZE_PIXELS], 2).unwrap();
    let mut tx = db.begin().await.unwrap();
    masks::add(&mut tx, FrameId(6), MaskKind::Saved, None, &masks::pack(&drawn).unwrap(), 1).await.unwrap();
    tx.commit().await.unwrap();
    fake.allow("go");
    fake.wait(again, JobState::Done).await;
    assert_eq!(masks::newest(db, FrameId(6)).await.unwrap().unwrap().kind, MaskKind::Saved);
    assert_eq!(masks::newest(db, FrameId(9)).await.unwrap().unwrap().number, 2, "a new proposal for the other one");
    assert_eq!(rounds::pick_counts(db, round).await.unwrap().ready, 2, "both can be had again");
}

#[tokio::test]
async fn an_engine_that_somebody_else_asked_to_stop_goes_on_by_itself() {
    let fake = Fake::new().await;
    fake.engine("[ -e \"$fake/second\" ] || { : > \"$fake/second\"; say '\"stopped\",\"step\":3'; exit 0; }");
    let (_, round) = fake.project(true).await;
    fake.wait_for_stage(round, Stage::Prelabel).await;
}

#[tokio::test]
async fn an_older_job_of_a_stage_cannot_go_on() {
    let fake = Fake::new().await;
    fake.engine("exit 3");
    let (project, round) = fake.project(false).await;
    let first = fake.start((project, round), Stage::Warmup).await;
    fake.wait(first, JobState::Failed).await;
    fake.engine("");
    let second = fake.start((project, round), Stage::Warmup).await;
    fake.wait(second, JobState::Done).await;
    let refused = fake.supervisor.resume(first).await.unwrap_err();
    assert!(matches!(refused, StartError::NotResumable), "{refused}");
}
