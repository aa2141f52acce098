//! Labels and the stages around them: what is handed out, and what a training learns from.

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use windlass::domain::{Choice, FrameId, JobSpec, Layers, Mask, Origin, ProjectId, Stage, Task};
use windlass::store::jobs::{self, JobState};
use windlass::store::masks::{self, MaskKind};
use windlass::store::people::{self, Role};
use windlass::store::projects::{self, NewProject};
use windlass::store::queue::{self, Refusal};
use windlass::store::{frames, now, rounds};
use windlass::supervisor::{StartError, StepState, rail};

use crate::fake::{Fake, SIZE};
use crate::support::{Site, Visitor, request};

#[tokio::test]
async fn an_early_stage_that_is_run_again_and_stopped_takes_no_frames_from_people() {
    let fake = Fake::new().await;
    let at = fake.project(true).await;
    fake.wait_for_stage(at.1, Stage::Prelabel).await;
    fake.wait_for_stage(at.1, Stage::Evaluate).await;
    let ready = async || rounds::pick_counts(fake.workspace.db(), at.1).await.unwrap().ready;

    fake.engine("trap 'say \"\\\"stopped\\\",\\\"step\\\":3\"; exit 0' TERM\nwait_for never");
    let again = fake.start(at, Stage::Features).await;
    fake.wait(again, JobState::Running).await;
    assert_eq!(ready().await, 0, "the picks may be about to change");
    fake.supervisor.stop(again).await.unwrap();
    fake.wait(again, JobState::Stopped).await;
    assert_eq!(ready().await, 2, "they have not changed");
    fake.supervisor.resume(again).await.unwrap();
    assert_eq!(ready().await, 0);
    fake.supervisor.stop(again).await.unwrap();
    fake.wait(again, JobState::Stopped).await;

    fake.engine("exit 3");
    let again = fake.start(at, Stage::Prelabel).await;
    fake.wait(again, JobState::Failed).await;
    assert_eq!(ready().await, 2);

    let db = fake.workspace.db();
    let shown = async || {
        let round = rounds::get(db, at.1).await.unwrap();
        let step = rail(db, &round).await.unwrap().into_iter().find(|step| step.stage == Stage::Prelabel).unwrap();
        (step.state, step.job.unwrap().id == again)
    };
    assert_eq!(shown().await, (StepState::Failed, true), "it can be started over");
    let ada = people::add_without_password(db, "Ada", Role::Annotator).await.unwrap();
    queue::next(db, at.0, ada, now()).await.unwrap().unwrap();
    assert_eq!(shown().await, (StepState::Done, false), "people label by what it made before");
}

#[tokio::test]
async fn a_frame_of_an_earlier_round_that_is_open_again_is_still_learnt_from() {
    let fake = Fake::new().await;
    let (project, round) = fake.project(true).await;
    fake.wait_for_stage(round, Stage::Prelabel).await;
    fake.supervisor.answer_rest_from_oracle(project, round).await.unwrap();
    fake.wait_for_stage(round, Stage::Adapt).await;
    fake.engine("trap 'exit 0' TERM\nwait_for never");
    let again = fake.start((project, round), Stage::Adapt).await;
    let early = fake.supervisor.start_round(project).await;
    assert!(matches!(early, Err(StartError::Active(Stage::Adapt))), "its model is about to change: {early:?}");
    fake.supervisor.stop(again).await.unwrap();
    fake.wait(again, JobState::Stopped).await;
    let next = fake.supervisor.start_round(project).await.unwrap();

    let db = fake.workspace.db();
    let lead = people::add_without_password(db, "Lea", Role::Lead).await.unwrap();
    queue::reopen(db, FrameId(6), lead, true, now()).await.unwrap().unwrap();
    let both = [6, 9].map(FrameId);
    assert_eq!(rounds::labelled(db, project, 2).await.unwrap(), both, "by its newest mask");

    let mut tx = db.begin().await.unwrap();
    jobs::insert(&mut tx, project, next, Stage::Inject, None).await.unwrap();
    tx.commit().await.unwrap();
    let refused = queue::reopen(db, FrameId(9), lead, true, now()).await.unwrap();
    assert_eq!(refused, Err(Refusal::NotYours), "a training is at work, though in another round");
}

#[tokio::test]
async fn a_frame_that_was_left_out_with_a_stroke_on_it_can_be_picked_again() {
    let fake = Fake::new().await;
    let (project, round) = fake.project(true).await;
    fake.wait_for_stage(round, Stage::Prelabel).await;
    fake.wait_for_stage(round, Stage::Evaluate).await;
    let db = fake.workspace.db();
    let stroke = Mask::new(SIZE, vec![1; SIZE.pixels()], 2).unwrap();
    let mut tx = db.begin().await.unwrap();
    masks::add(&mut tx, FrameId(6), MaskKind::Saved, None, &masks::pack(&stroke).unwrap(), now()).await.unwrap();
    tx.commit().await.unwrap();
    let lead = people::add_without_password(db, "Lea", Role::Lead).await.unwrap();
    queue::leave_out(db, FrameId(6), lead, now()).await.unwrap().unwrap();

    fake.supervisor.choose(project, &Choice::of(&crate::fake::recipe())).await.unwrap();
    let ready = async || rounds::pick_counts(db, round).await.unwrap().ready;
    crate::fake::until("both wait for people", async || ready().await == 2).await;
    assert_eq!(
        masks::newest(db, FrameId(6)).await.unwrap().unwrap().kind,
        MaskKind::Saved,
        "the stroke is still there"
    );
}

#[tokio::test]
async fn a_training_that_was_stopped_waits_for_a_frame_that_is_open_again() {
    let fake = Fake::new().await;
    let at = fake.project(true).await;
    fake.wait_for_stage(at.1, Stage::Prelabel).await;
    fake.wait_for_stage(at.1, Stage::Evaluate).await;
    fake.engine("trap 'say \"\\\"stopped\\\",\\\"step\\\":3\"; exit 0' TERM\nwait_for go");
    fake.supervisor.answer_rest_from_oracle(at.0, at.1).await.unwrap();
    let inject = jobs::of_round(fake.workspace.db(), at.1).await.unwrap().pop().unwrap();
    assert_eq!(inject.stage, Stage::Inject);
    fake.wait(inject.id, JobState::Running).await;
    fake.supervisor.stop(inject.id).await.unwrap();
    fake.wait(inject.id, JobState::Stopped).await;

    let db = fake.workspace.db();
    let lead = people::add_without_password(db, "Lea", Role::Lead).await.unwrap();
    queue::reopen(db, FrameId(6), lead, true, now()).await.unwrap().unwrap();
    let resumed = fake.supervisor.resume(inject.id).await;
    assert!(matches!(resumed, Err(StartError::NotResumable)), "{resumed:?}");
    let anew = fake.supervisor.enqueue(at.0, at.1, Stage::Inject).await;
    assert!(matches!(anew, Err(StartError::Waits { before: Stage::Annotate, .. })), "{anew:?}");
    // Nothing was changed, so that it is as it was answered before.
    queue::release(db, FrameId(6), lead, now()).await.unwrap();
    fake.supervisor.resume(inject.id).await.unwrap();
    fake.allow("go");
    fake.wait_for_stage(at.1, Stage::Adapt).await;
}

#[tokio::test]
async fn a_frame_that_is_opened_twice_shows_who_has_it() {
    let site = Site::open().await;
    let (project, _) = site.ready_project().await;
    let (mut lead, mut ada) = (site.lead().await, site.annotator().await);
    submits_the_next(&mut ada, project).await;
    for _ in 0..2 {
        let answer = lead.post("/frames/6/reopen", &[]).await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/frames/6/annotate"));
    }
    let answer = ada.post("/frames/6/reopen", &[]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "the page says that Lea has it: {}", answer.text());
}

#[tokio::test]
async fn the_last_submission_starts_the_training_unless_the_project_is_put_away() {
    let site = Site::open().await;
    let (project, round) = site.ready_project().await;
    site.fake.wait_for_stage(round, Stage::Evaluate).await;
    let (mut lead, mut ada) = (site.lead().await, site.annotator().await);
    submits_the_next(&mut ada, project).await;
    assert_eq!(lead.post(&format!("/projects/{project}/archive"), &[("away", "true")]).await.status, 303);
    submits_the_next(&mut ada, project).await;
    let jobs = jobs::of_round(site.fake.workspace.db(), round).await.unwrap();
    assert!(jobs.iter().all(|job| job.stage != Stage::Inject), "{jobs:?}");
}

#[tokio::test]
async fn the_last_submission_starts_the_training() {
    let site = Site::open().await;
    let (project, round) = site.ready_project().await;
    let mut ada = site.annotator().await;
    submits_the_next(&mut ada, project).await;
    submits_the_next(&mut ada, project).await;
    site.fake.wait_for_stage(round, Stage::Inject).await;
}

#[tokio::test]
async fn the_last_frame_that_a_lead_leaves_out_starts_the_training() {
    let site = Site::open().await;
    let (project, round) = site.ready_project().await;
    let (mut lead, mut ada) = (site.lead().await, site.annotator().await);
    submits_the_next(&mut ada, project).await;
    // Whoever submits is given the next.
    ada.presses("/frames/9/release").await;
    lead.presses("/frames/9/leave-out").await;
    let inject = site.fake.wait_for_stage(round, Stage::Inject).await;
    let spec = std::fs::read_to_string(site.fake.dir(inject.id).join("spec.json")).unwrap();
    let Task::Inject { labelled, .. } = JobSpec::parse(&spec).unwrap().task else { panic!("{spec}") };
    assert_eq!(labelled.len(), 1);
}

#[tokio::test]
async fn nobody_but_the_demo_takes_in_the_labels_of_target_frames() {
    let site = Site::open().await;
    let new = NewProject { oracle: false, ..crate::fake::new_project(site.fake.folder.path(), false) };
    let db = site.fake.workspace.db();
    let project = projects::create(db, &new).await.unwrap();
    site.fake.supervisor.import(project).await.unwrap();
    let newest = async || rounds::newest(db, project).await.unwrap();
    crate::fake::until("the import ends", async || newest().await.is_some()).await;
    let counts = frames::counts(db, project).await.unwrap();
    assert_eq!(counts.iter().map(|count| count.labelled).collect::<Vec<_>>(), [4, 0, 2]);
    let answer = site.lead().await.post(&format!("/projects/{project}/answer"), &[]).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(answer.text().contains("Only the demo knows the labels"));
}

/// Takes the next frame and submits it as it was proposed.
async fn submits_the_next(person: &mut Visitor, project: ProjectId) {
    let page = person.post(&format!("/projects/{project}/queue/next"), &[]).await.header("location").to_owned();
    let submit = request(Method::POST, &page.replace("annotate", "submit"));
    let submit = submit.header(header::ORIGIN, "http://windlass.test").header(header::IF_MATCH, "\"1\"");
    let answer = person.send(submit.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
}

#[tokio::test]
async fn a_stroke_on_a_frame_that_is_proposed_anew_is_told_to_wait_and_saved_when_it_stands_again() {
    let site = Site::open().await;
    let at = site.ready_project().await;
    site.fake.wait_for_stage(at.1, Stage::Evaluate).await;
    let mut ada = site.annotator().await;
    let page = format!("/projects/{}", at.0);
    assert_eq!(ada.post(&format!("{page}/queue/next"), &[]).await.header("location"), "/frames/6/annotate");
    // Her hour ran out, her page is still open.
    ada.presses("/frames/6/release").await;
    site.fake.engine("trap 'say \"\\\"stopped\\\",\\\"step\\\":3\"; exit 0' TERM\nwait_for never");
    let again = site.fake.start(at, Stage::Features).await;
    site.fake.wait(again, JobState::Running).await;
    let patch = Layers::uniform(Mask::new(SIZE, vec![5; SIZE.pixels()], 11).unwrap(), Origin::Hand).patch();
    let mut saves = async || {
        let save = request(Method::PATCH, "/frames/6/mask").header("if-match", "\"1\"");
        ada.send(save.header("origin", "http://windlass.test").body(Body::from(patch.clone())).unwrap()).await
    };
    let early = saves().await;
    assert!(early.status == StatusCode::LOCKED && early.text().contains("still being made"), "{}", early.text());
    site.fake.supervisor.stop(again).await.unwrap();
    site.fake.wait(again, JobState::Stopped).await;
    assert_eq!(saves().await.status, StatusCode::NO_CONTENT);
}
