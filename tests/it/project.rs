//! A project through its life: named anew, put away, set up again, measured, in its second round.

use windlass::domain::{Confusion, Evaluation, ModelCard, ProjectId, Stage, files};
use windlass::store::jobs::{self, JobState};
use windlass::store::projects::{self, ImportState, NewProject};
use windlass::store::rounds;
use windlass::supervisor::StartError;

use crate::fake::{Fake, new_project, until};
use crate::support::Site;

const NAME: (&str, &str) = ("name", "Harbour");

#[tokio::test]
async fn a_project_is_named_anew_moved_to_another_device_and_given_other_weights() {
    let site = Site::open().await;
    let (id, _) = site.fake.project(false).await;
    let mut other = new_project(site.fake.folder.path(), false);
    other.name = "Tramway".into();
    projects::create(site.fake.workspace.db(), &other).await.unwrap();
    let weights = site.fake.folder.path().join("data/other.safetensors");
    std::fs::write(&weights, [&2u64.to_le_bytes()[..], b"{}"].concat()).unwrap();
    std::fs::write(site.fake.folder.path().join("data/resnet.pth"), b"PK\x03\x04 and more").unwrap();
    let mut lead = site.lead().await;
    let page = format!("/projects/{id}/settings");
    assert!(lead.sees(&page).await.contains("value=\"Harbour\""));
    for (field, value, said) in [
        ("name", "tramway", "There is a project of that name."),
        ("device", "tpu", "Write auto, cpu or cuda:0."),
        ("imagenet", "resnet.pth", "windlass-engine weights convert"),
    ] {
        let answer = lead.post(&page, &[NAME, (field, value)]).await;
        assert!(answer.status == 422 && answer.text().contains(said), "{said}: {}", answer.text());
    }
    let form = [("name", "Quay"), ("device", "cuda:1"), ("imagenet", "other.safetensors")];
    assert_eq!(lead.post(&page, &form).await.status, 303);
    let kept = projects::get(site.fake.workspace.db(), id).await.unwrap();
    assert_eq!((kept.name.as_str(), kept.device.as_str()), ("Quay", "cuda:1"));
    assert_eq!(kept.imagenet, weights.canonicalize().unwrap());
}

#[tokio::test]
async fn a_project_that_is_put_away_keeps_everything_and_comes_back() {
    let site = Site::open().await;
    site.fake.engine("trap 'exit 0' TERM; wait_for never");
    let at = site.fake.project(false).await;
    let job = site.fake.start(at, Stage::Warmup).await;
    site.fake.wait(job, JobState::Running).await;
    let (mut lead, mut ada) = (site.lead().await, site.annotator().await);
    let archive = format!("/projects/{}/archive", at.0);
    let busy = lead.post(&archive, &[("away", "true")]).await;
    assert!(busy.status == 409 && busy.text().contains("stop it first"), "{}", busy.text());
    let db = site.fake.workspace.db();
    let new = NewProject { name: "Quay".into(), ..new_project(site.fake.folder.path(), true) };
    let reads = projects::create(db, &new).await.unwrap();
    let busy = lead.post(&format!("/projects/{reads}/archive"), &[("away", "true")]).await;
    assert!(busy.status == 409 && busy.text().contains("are being read"), "{}", busy.text());
    site.fake.supervisor.stop(job).await.unwrap();
    site.fake.wait(job, JobState::Stopped).await;

    assert_eq!(ada.post(&archive, &[("away", "true")]).await.status, 403);
    assert_eq!(lead.post(&archive, &[("away", "true")]).await.status, 303);
    let front = ada.sees("/").await;
    assert!(
        front.contains("Archived") && front.contains("Harbour") && !front.contains("Warm up is stopped"),
        "{front}"
    );
    assert!(lead.sees(&format!("/projects/{}/settings", at.0)).await.contains("Bring it back"));
    assert_eq!(lead.post(&archive, &[("away", "false")]).await.status, 303);
    let front = ada.sees("/").await;
    assert!(!front.contains("Archived") && front.contains("Warm up is stopped"), "{front}");
}

#[tokio::test]
async fn folders_that_could_not_be_read_are_mended_where_they_were_typed() {
    let site = Site::open().await;
    let labels = site.fake.folder.path().join("data/val/trainannot");
    std::fs::remove_dir_all(labels).unwrap();
    let db = site.fake.workspace.db();
    let id = projects::create(db, &new_project(site.fake.folder.path(), false)).await.unwrap();
    site.fake.supervisor.import(id).await.unwrap();
    let state = async |id: ProjectId| projects::get(db, id).await.unwrap().import.state;
    until("the import fails", async || state(id).await == ImportState::Failed).await;

    let mut lead = site.lead().await;
    let set_up = format!("/projects/{id}/set-up");
    assert!(lead.sees(&format!("/projects/{id}")).await.contains(&set_up));
    let form = lead.sees(&set_up).await;
    let val = site.fake.folder.path().join("data/val").display().to_string();
    assert!(form.contains(&val) && form.contains("value=\"camvid11\" selected"), "{form}");
    let mut form = vec![NAME, ("taxonomy", "camvid11"), ("val_root", "nowhere")];
    for part in ["source", "target"] {
        let fields = [(part, "layout", "camvid"), (part, "root", part)];
        form.extend(fields.map(|(part, field, value)| (&*format!("{part}_{field}").leak(), value)));
    }
    assert!(lead.post(&set_up, &form).await.text().contains("nowhere cannot be opened"));
    form[2].1 = "";
    assert_eq!(lead.post(&set_up, &form).await.status, 303);
    until("the frames are in", async || state(id).await == ImportState::Done).await;
    assert_eq!(projects::get(db, id).await.unwrap().val, None);
    assert_eq!(lead.post(&set_up, &form).await.status, 409, "masks may stand on these frames");
}

#[tokio::test]
async fn a_measuring_is_stopped_and_begun_again() {
    let site = Site::open().await;
    let (project, round) = site.fake.project(false).await;
    site.fake.engine(
        "if [ $stage = evaluate ]; then trap 'say \"\\\"stopped\\\",\\\"step\\\":0\"; exit 0' TERM; wait_for never; fi",
    );
    let mut lead = site.lead().await;
    let page = format!("/projects/{project}");
    lead.presses(&format!("{page}/stages/warmup")).await;
    let found = async || {
        let jobs = jobs::of_round(site.fake.workspace.db(), round).await.unwrap();
        jobs.into_iter().find(|job| job.stage == Stage::Evaluate && job.state == JobState::Running)
    };
    until("it measures", async || found().await.is_some()).await;
    let job = found().await.unwrap().id;
    let stop = format!("{page}/jobs/{job}/stop");
    assert!(lead.sees(&page).await.contains(&stop));
    lead.presses(&stop).await;
    site.fake.wait(job, JobState::Stopped).await;
    let html = lead.sees(&page).await;
    assert!(html.contains("Somebody stopped the measuring.") && html.contains("Measure again"), "{html}");
    site.fake.engine("");
    lead.presses(&format!("{page}/jobs/{job}/resume")).await;
    site.fake.wait(job, JobState::Done).await;
    assert!(lead.sees(&page).await.contains("mIoU 58.3"));
}

#[tokio::test]
async fn a_stage_that_has_no_room_is_to_be_started_over_with_other_knobs() {
    let site = Site::open().await;
    let at = site.fake.project(false).await;
    site.fake.engine("kill -9 $$");
    let job = site.fake.start(at, Stage::Warmup).await;
    site.fake.wait(job, JobState::Failed).await;
    let html = site.lead().await.sees(&format!("/projects/{}", at.0)).await;
    let guide = html.split("id=\"guide\"").nth(1).unwrap().split("id=\"rail\"").next().unwrap();
    assert!(guide.contains("Start over") && guide.contains("/settings") && !guide.contains("Go on"), "{guide}");
}

#[tokio::test]
async fn a_second_round_is_compared_with_the_model_that_it_began_with() {
    let site = Site::open().await;
    let (project, first) = site.ready_project().await;
    let answer = async |round| site.fake.supervisor.answer_rest_from_oracle(project, round).await.unwrap();
    answer(first).await;
    site.fake.wait_for_stage(first, Stage::Adapt).await;
    let measured = async || {
        let models = windlass::store::models::list(site.fake.workspace.db(), project).await.unwrap();
        models.iter().all(|model| model.mean_iou.is_some())
    };
    until("all is measured", async || measured().await).await;

    let mut lead = site.lead().await;
    let page = lead.sees(&format!("/projects/{project}/models")).await;
    let picture = page.split('"').find(|part| part.contains("/pictures/11?")).expect("what a model saw");
    let picture = picture.split('?').next().unwrap();
    assert!(lead.get(picture).await.body.starts_with(b"\x89PNG"));
    assert_eq!(lead.get(&picture.replace("/11", "/12")).await.status, 404);
    let card = lead.get(&picture.replace("pictures/11", "card")).await;
    assert!(serde_json::from_slice::<ModelCard>(&card.body).is_ok(), "{}", card.text());

    let mut confusion = Confusion::new(11);
    confusion.add(&[0, 1], &[0, 1]);
    let perfect = Evaluation { frames: 2, confusion, last: None, pictures: vec![] };
    let path = site.fake.folder.path().join("results/evaluate").join(files::EVALUATION);
    std::fs::write(path, serde_json::to_vec(&perfect).unwrap()).unwrap();
    lead.presses(&format!("/projects/{project}/rounds")).await;
    let second = rounds::newest(site.fake.workspace.db(), project).await.unwrap().unwrap().id;
    let late = site.fake.supervisor.enqueue(project, first, Stage::Inject).await.unwrap_err();
    assert!(matches!(late, StartError::RoundOver(1)), "{late}");
    site.fake.wait_for_stage(second, Stage::Prelabel).await;
    answer(second).await;
    site.fake.wait_for_stage(second, Stage::Adapt).await;
    until("all is measured", async || measured().await).await;
    let html = lead.sees(&format!("/projects/{project}")).await;
    assert!(html.contains("mIoU went from 58.3 to 100.0 in this round."), "{html}");
}

#[tokio::test]
async fn knobs_can_be_changed_later() {
    let site = Site::open().await;
    let (project, _) = site.fake.project(false).await;
    let mut lead = site.lead().await;
    let page = format!("/projects/{project}/settings");
    assert!(lead.sees(&page).await.contains("name=\"/k\" value=\"10\""));
    assert_eq!(lead.post(&page, &[("/k", "0"), ("budget", "3"), ("budget_unit", "frames")]).await.status, 422);
    assert_eq!(lead.post(&page, &[("/k", "4"), ("budget", "3"), ("budget_unit", "frames")]).await.status, 303);
    let kept = projects::get(site.fake.workspace.db(), project).await.unwrap();
    assert_eq!((kept.recipe.k, kept.recipe.budget, kept.auto_advance), (4, windlass::domain::Budget::Frames(3), false));
}

#[tokio::test]
async fn a_preset_fills_the_knobs_and_is_kept_when_saved() {
    use windlass::domain::{Backbone, Preset, Recipe};
    let site = Site::open().await;
    let (project, _) = site.fake.project(false).await;
    let mut lead = site.lead().await;
    let page = format!("/projects/{project}/settings");
    let kept = async || projects::get(site.fake.workspace.db(), project).await.unwrap().recipe.clone();
    let before = kept().await;
    let looked_at = lead.sees(&format!("{page}?preset=paper")).await;
    assert!(looked_at.contains("name=\"/alignment_weight\" value=\"1.0\""));
    assert_eq!(kept().await, before, "looking keeps nothing");
    let form = [("preset", "paper"), ("/copy_paste", "0.25"), ("budget", "2"), ("budget_unit", "frames")];
    assert_eq!(lead.post(&page, &form).await.status, 303);
    let paper = Recipe::preset(Preset::Paper, Backbone::EfficientnetLite0);
    assert_eq!(kept().await, Recipe { copy_paste: 0.25, budget: before.budget, ..paper });
    assert!(lead.sees(&page).await.contains("The preset has 0.5."));
    assert_eq!(lead.post(&page, &[("/consistency", "blind")]).await.status, 422);
}

#[tokio::test]
async fn after_a_restart_a_device_is_still_taken_by_the_engine_that_works_on_it() {
    let mut fake = Fake::new().await;
    fake.engine("trap 'exit 0' TERM\nwait_for never");
    let at = fake.project(false).await;
    let working = fake.start(at, Stage::Warmup).await;
    fake.wait(working, JobState::Running).await;
    let db = fake.workspace.db().clone();
    let found = projects::get(&db, at.0).await.unwrap();
    let mut settings = projects::Settings::of(&found, projects::checks(&db, at.0).await.unwrap());
    settings.device = "cuda:1".into();
    projects::change(&db, at.0, &settings).await.unwrap();

    let other = async |name: &str, device: &str| {
        let (name, device) = (name.into(), device.into());
        let new = NewProject { name, device, ..new_project(fake.folder.path(), false) };
        fake.start(fake.import(&new).await, Stage::Warmup).await
    };
    let (same, free) = (other("Quay", "cpu").await, other("Pier", "cuda:1").await);
    fake.wait(free, JobState::Running).await;
    fake.supervisor.stop(free).await.unwrap();
    fake.wait(free, JobState::Stopped).await;
    fake.restart(async || {}).await;
    fake.supervisor.resume(free).await.unwrap();
    fake.wait(free, JobState::Running).await;
    assert_eq!(fake.job(same).await.state, JobState::Queued, "one job a device");
}

#[tokio::test]
async fn the_night_that_a_stage_lay_stopped_is_no_work() {
    let fake = Fake::new().await;
    fake.engine("exit 3");
    let at = fake.project(false).await;
    let job = fake.start(at, Stage::Warmup).await;
    fake.wait(job, JobState::Failed).await;
    let mut tx = fake.workspace.db().begin().await.unwrap();
    sqlx::query("update job set started_at = 1000, ended_at = 61000").execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
    fake.engine("");
    fake.supervisor.resume(job).await.unwrap();
    let done = fake.wait(job, JobState::Done).await;
    let took = done.ended_at.unwrap() - done.started_at.unwrap();
    assert!((60_000..120_000).contains(&took), "a minute before and a moment after, not years: {took}");
}
