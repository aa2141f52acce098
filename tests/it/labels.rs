//! Labels and the stages around them: what is handed out, and what a training learns from.

use windlass::domain::{FrameId, Stage};
use windlass::store::jobs::{self, JobState};
use windlass::store::people::{self, Role};
use windlass::store::queue::{self, Refusal};
use windlass::store::{now, rounds};

use crate::fake::Fake;

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
