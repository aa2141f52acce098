//! Labels and the stages around them: what is handed out, and what a training learns from.

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use windlass::domain::{FrameId, JobSpec, ProjectId, Stage, Task};
use windlass::store::jobs::{self, JobState};
use windlass::store::people::{self, Role};
use windlass::store::projects::{self, NewProject};
use windlass::store::queue::{self, Refusal};
use windlass::store::{frames, now, rounds};

use crate::fake::Fake;
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
}

#[tokio::test]
async fn a_frame_of_an_earlier_round_that_is_open_again_is_still_learnt_from() {
    let fake = Fake::new().await;
    let (project, round) = fake.project(true).await;
    fake.wait_for_stage(round, Stage::Prelabel).await;
    fake.supervisor.answer_rest_from_oracle(project, round).await.unwrap();
    fake.wait_for_stage(round, Stage::Adapt).await;
    fake.engine("wait_for never");
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
