//! A lead looks at what was chosen, and chooses otherwise.

use windlass::domain::{Budget, FrameId, JobSpec, Stage, Strategy, Task};
use windlass::store::jobs::JobState;
use windlass::store::rounds;

use crate::support::Site;

#[tokio::test]
async fn a_lead_sees_what_the_picks_are_made_of_before_anybody_labels_and_chooses_otherwise() {
    let site = Site::open().await;
    let (project, round) = site.ready_project().await;
    let mut lead = site.lead().await;
    let (page, choice) = (format!("/projects/{project}/picks"), format!("/projects/{project}/choice"));
    let seen = lead.sees(&page).await;
    for part in [
        "farthest from every typical scene",
        "2 of 6 frames, by 10 anchors of the source and 10 of",
        "What is picked",
        "Where they were taken",
        "Where the picks lie",
    ] {
        assert!(seen.contains(part), "{part}: {seen}");
    }
    assert!(seen.contains("100.0 <tspan class=\"value\">+50.0"), "picks have each class twice as often as the pool");
    assert!(
        seen.contains("zurich") && seen.contains("0.0 <tspan class=\"value\">-50.0"),
        "half of the pool, and no pick"
    );
    assert!(seen.contains("2 of the 2 frames are of <b>aachen</b>, which 50 % of the candidates are"), "{seen}");
    assert!(seen.contains("Picked for its") && seen.contains("Choose again"));

    let form = [
        ("strategy", "coverage"),
        ("budget", "34"),
        ("budget_unit", "total_percent"),
        ("stratified", "true"),
        ("quota", "1"),
    ];
    assert_eq!(lead.post(&choice, &form).await.status, 303);
    site.fake.wait_for_stage(round, Stage::Select).await;
    let db = site.fake.workspace.db();
    let kept = rounds::choice(db, round).await.unwrap().unwrap();
    assert_eq!((kept.strategy, kept.budget), (Strategy::Coverage, Budget::TotalPercent(34.0)));
    assert_eq!((kept.stratified, kept.quota), (true, Some(1)));
    let job = site.fake.wait_for_stage(round, Stage::Select).await;
    let spec = std::fs::read_to_string(site.fake.dir(job.id).join("spec.json")).unwrap();
    let Task::Select { strategy, budget, groups, .. } = JobSpec::parse(&spec).unwrap().task else { panic!("{spec}") };
    assert_eq!((strategy, budget, groups.len()), (Strategy::Coverage, 2, 6));
    let shown = format!(r#"value="coverage" title="{}" selected"#, Strategy::Coverage.purpose());
    assert!(lead.sees(&page).await.contains(&shown));
}

#[tokio::test]
async fn a_published_list_is_read_by_name_and_by_number() {
    let site = Site::open().await;
    let (project, round) = site.fake.project(false).await;
    let mut lead = site.lead().await;
    let choice = format!("/projects/{project}/choice");
    let listed = |list, names| [("strategy", "listed"), ("list", list), ("names", names)];
    // The stage waits for others: the round chooses by this when its turn comes.
    assert_eq!(lead.post(&choice, &listed("3.png\r\n1", "")).await.status, 303);
    let kept = async || rounds::choice(site.fake.workspace.db(), round).await.unwrap().unwrap().listed;
    assert_eq!(kept().await, [8, 6].map(FrameId));
    assert_eq!(lead.post(&choice, &listed("1\n0\n", "5.png\n4.png")).await.status, 303);
    assert_eq!(kept().await, [9, 10].map(FrameId));
    for (list, names, said) in [("", "", "empty"), ("77", "", "give the names"), ("9", "5.png", "beyond the 1 names")] {
        let answer = lead.post(&choice, &listed(list, names)).await;
        let text = answer.text();
        assert!(answer.status == 422 && text.contains(said), "{said}: {text}");
        for typed in [list, names] {
            assert!(text.contains(&format!("{typed}</textarea>")), "what was pasted is still there: {text}");
        }
    }
    assert_eq!(kept().await, [9, 10].map(FrameId), "a mistake changes nothing");
    let mut ada = site.annotator().await;
    assert_eq!(ada.post(&choice, &listed("1", "")).await.status, 403);
}

#[tokio::test]
async fn what_cannot_be_chosen_is_refused_and_picks_stay_once_somebody_labels() {
    let site = Site::open().await;
    let (project, round) = site.ready_project().await;
    let mut lead = site.lead().await;
    let choice = format!("/projects/{project}/choice");
    for form in [("budget", "0"), ("budget", "101"), ("quota", "some"), ("strategy", "best")] {
        assert!(lead.post(&choice, &[form]).await.status.is_client_error(), "{form:?}");
    }
    assert_eq!(rounds::choice(site.fake.workspace.db(), round).await.unwrap(), None);
    site.fake.supervisor.answer_rest_from_oracle(project, round).await.unwrap();
    let answer = lead.post(&choice, &[("strategy", "random")]).await;
    assert!(answer.status == 409 && answer.text().contains("begun to label"), "{}", answer.text());
    assert!(!lead.sees(&format!("/projects/{project}/picks")).await.contains("Choose again"));
}

#[tokio::test]
async fn a_choice_is_kept_while_an_earlier_stage_runs_and_refused_while_the_selection_itself_does() {
    let site = Site::open().await;
    let (project, round) = site.ready_project().await;
    site.fake.wait_for_stage(round, Stage::Evaluate).await;
    let mut lead = site.lead().await;
    let choice = format!("/projects/{project}/choice");
    let kept = async || rounds::choice(site.fake.workspace.db(), round).await.unwrap().map(|choice| choice.strategy);

    site.fake.engine("wait_for $stage");
    site.fake.start((project, round), Stage::Features).await;
    assert_eq!(lead.post(&choice, &[("strategy", "random")]).await.status, 303);
    assert_eq!(kept().await, Some(Strategy::Random));
    site.fake.allow("features");
    site.fake.allow("anchors");
    let running = async || {
        let jobs = windlass::store::jobs::of_round(site.fake.workspace.db(), round).await.unwrap();
        jobs.iter().any(|job| job.stage == Stage::Select && job.state == JobState::Running)
    };
    crate::fake::until("the selection runs", running).await;
    let answer = lead.post(&choice, &[("strategy", "listed"), ("list", "3.png")]).await;
    assert!(answer.status == 422 && answer.text().contains("Select is running"), "{}", answer.text());
    assert!(answer.text().contains("3.png</textarea>"), "what was typed is not lost: {}", answer.text());
    assert_eq!(kept().await, Some(Strategy::Random), "what is refused changes nothing");
    site.fake.allow("select");
    site.fake.allow("prelabel");
    site.fake.wait_for_stage(round, Stage::Prelabel).await;
}
