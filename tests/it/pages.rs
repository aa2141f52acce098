//! Pages: what stands on them.

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use windlass::domain::Stage;
use windlass::store::jobs::JobState;
use windlass::store::people::{self, Role};

use crate::support::{Site, request};

#[tokio::test]
async fn every_answer_carries_a_strict_policy_and_pages_have_nothing_inline() {
    let site = Site::open().await;
    let (project, _) = site.ready_project().await;
    let mut lead = site.lead().await;
    let project = format!("/projects/{project}");
    let pages = ["", "/queue", "/picks", "/models", "/export"].map(|page| format!("{project}{page}"));
    let others = ["/", "/people", "/account", "/projects/new", "/no-such-page"].map(str::to_owned);
    for path in pages.iter().chain(&others) {
        let answer = lead.get(path).await;
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self';") && !policy.contains("unsafe"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        let html = answer.text();
        for inline in [" style=", "<style", " onclick", " onload", "javascript:", " hx-on", "js:"] {
            assert!(!html.contains(inline), "{path} has {inline}");
        }
        let scripts = html.matches("<script").count();
        assert!(scripts > 0 && scripts == html.matches("<script src=\"/static/").count(), "{path}");
    }
}

#[tokio::test]
async fn the_first_lead_comes_by_the_printed_link_once_and_invites_others() {
    let site = Site::open().await;
    let db = site.fake.workspace.db();
    let link = windlass::web::first_link(db).await.unwrap().unwrap();
    let mut lead = site.visitor();
    assert!(lead.sees("/sign-in").await.contains("No lead is here yet"));
    // Looking at the link, as mail programs do, uses nothing up.
    for _ in 0..3 {
        assert!(lead.sees(&link).await.contains("Join as a lead"));
    }
    let short = lead.post(&link, &[("name", "Lea"), ("password", "short")]).await;
    assert_eq!((short.status, short.text().contains("at least 8")), (StatusCode::UNPROCESSABLE_ENTITY, true));
    assert_eq!(
        lead.post(&link, &[("name", "Lea"), ("password", "a long password")]).await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(windlass::web::first_link(db).await.unwrap(), None);
    let again = site.visitor().post(&link, &[("name", "Eve"), ("password", "a long password")]).await;
    assert_eq!(again.status, StatusCode::GONE);

    let made = lead.post("/people/invite", &[("role", "annotator")]).await.text();
    let at = made.find("/invitations/").unwrap();
    let invitation = made[at..].split('"').next().unwrap().to_owned();
    let mut ada = site.visitor();
    assert_eq!(ada.post(&invitation, &[("name", "lea"), ("password", "a long password")]).await.status, 422, "taken");
    assert_eq!(ada.post(&invitation, &[("name", "Ada"), ("password", "a long password")]).await.status, 303);
    for (path, status) in [("/people", StatusCode::FORBIDDEN), ("/nowhere", StatusCode::NOT_FOUND)] {
        let refused = ada.get(path).await;
        assert_eq!((refused.status, refused.text().contains("Your account")), (status, true), "she is still signed in");
    }
}

#[tokio::test]
async fn the_unused_invitations_of_somebody_who_is_removed_are_worth_nothing() {
    let site = Site::open().await;
    let mut lea = site.lead().await;
    let mut bob = site.joined("Bob", Role::Lead).await;
    let made = bob.post("/people/invite", &[("role", "lead")]).await.text();
    let at = made.find("/invitations/").unwrap();
    let invitation = made[at..].split('"').next().unwrap().to_owned();
    assert_eq!(site.visitor().get(&invitation).await.status, StatusCode::OK);
    let (user, _) = people::by_name(site.fake.workspace.db(), "Bob").await.unwrap().unwrap();
    lea.post(&format!("/people/{}/remove", user.id), &[]).await;
    assert_eq!(site.visitor().get(&invitation).await.status, StatusCode::GONE);
}

#[tokio::test]
async fn guessing_a_password_gets_slower() {
    let site = Site::open().await;
    site.lead().await;
    let mut eve = site.visitor();
    // However it is written. At once: on a busy machine the sixth would come when it may.
    let mut guesses = tokio::task::JoinSet::new();
    for name in ["LEA", "lea ", " Lea", "lea", "LEA ", "Lea"] {
        let mut eve = eve.clone();
        let form = [("name", name), ("password", "wrong")];
        guesses.spawn(async move { eve.post("/sign-in", &form).await.status.as_u16() });
    }
    let mut statuses = guesses.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses, [422, 422, 422, 422, 422, 429]);
    // Another name is not held up.
    assert_eq!(eve.post("/sign-in", &[("name", "Ada"), ("password", "wrong")]).await.status, 422);
    // Nor is a browser that was left open a way to guess at leisure, or at the same moment.
    let bob = site.joined("Bob", Role::Annotator).await;
    let mut guesses = tokio::task::JoinSet::new();
    for _ in 0..7 {
        let mut bob = bob.clone();
        let form = [("current", "wrong"), ("new", "another one")];
        guesses.spawn(async move { bob.post("/account/password", &form).await.status.as_u16() });
    }
    let mut statuses = guesses.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses, [422, 422, 422, 422, 422, 429, 429]);
}

#[tokio::test]
async fn signing_in_leads_back_and_a_new_password_ends_other_sessions() {
    let site = Site::open().await;
    let mut here = site.lead().await;
    let mut there = site.visitor();
    let sent = there.get("/people?x=1").await;
    assert_eq!(sent.header("location"), "/sign-in?next=/people%3Fx%3D1");
    let form = [("name", "lea"), ("password", "a long password"), ("next", "/people?x=1")];
    assert_eq!(there.post("/sign-in", &form).await.header("location"), "/people?x=1");
    there.sees("/people").await;

    let wrong = here.post("/account/password", &[("current", "no"), ("new", "another password")]).await;
    assert_eq!(wrong.status, 422);
    let changed = here.post("/account/password", &[("current", "a long password"), ("new", "another password")]).await;
    assert_eq!(changed.status, 200);
    here.sees("/").await;
    assert!(there.get("/").await.header("location").starts_with("/sign-in"));
    there.cookie = None;
    there.post("/sign-in", &[("name", "Lea"), ("password", "another password")]).await;
    there.sees("/").await;
    here.presses("/sign-out-everywhere").await;
    assert!(there.get("/").await.header("location").starts_with("/sign-in"));
}

#[tokio::test]
async fn a_lead_sets_a_project_up_and_follows_it_to_the_end() {
    let site = Site::open().await;
    let mut lead = site.lead().await;
    assert!(lead.sees("/").await.contains("No project yet"));
    let evil = "<script>alert(1)</script>\" onerror=x";
    let form = [
        ("name", evil),
        ("taxonomy", "camvid11"),
        ("source_layout", "camvid"),
        ("source_root", "source"),
        ("target_layout", "camvid"),
        ("target_root", "target"),
        ("backbone", "efficientnet_lite0"),
        ("budget", "2"),
        ("budget_unit", "frames"),
        ("check", "source"),
    ];
    let checked = lead.post("/projects/check", &form).await.text();
    assert!(checked.contains("4 frames, 4 labels"), "{checked}");
    let made = lead.post("/projects", &form).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.text());
    let page = made.header("location").to_owned();
    let ready = async || lead.clone().sees(&page).await.contains("Start: Warm up");
    crate::fake::until("the frames are in", ready).await;

    lead.presses(&format!("{page}/stages/warmup")).await;
    let done = async || lead.clone().sees(&page).await.contains("Next: features");
    crate::fake::until("the warm-up ends", done).await;
    let early = lead.post(&format!("{page}/stages/inject"), &[]).await;
    assert_eq!((early.status, early.text().contains("Inject waits for Label.")), (StatusCode::CONFLICT, true));
    let button = request(Method::POST, &format!("{page}/stages/inject")).header("hx-request", "true");
    let button = button.header("sec-fetch-site", "same-origin").body(Body::empty()).unwrap();
    let notice = lead.send(button).await;
    assert_eq!(notice.text(), "<div id=\"notice\" role=\"alert\"><p>Inject waits for Label.</p></div>");

    for path in ["", "/queue", "/picks", "/models", "/export"] {
        let html = lead.sees(&format!("{page}{path}")).await;
        assert!(!html.contains("<script>alert") && !html.contains("\" onerror=x"), "{path}");
        assert!(html.contains("&#60;script&#62;alert(1)&#60;/script&#62;"), "{path} names the project");
    }
    let models = lead.sees(&format!("{page}/models")).await;
    let weights = models.split('"').find(|part| part.ends_with("/weights")).unwrap().to_owned();
    let file = lead.get(&weights).await;
    assert_eq!((file.body.as_slice(), file.header("content-length")), (&b"weights"[..], "7"));
    assert!(file.header("content-disposition").starts_with("attachment; filename=\"-script-alert-1---script"));
}

#[tokio::test]
async fn a_set_up_that_cannot_be_says_so_at_its_field() {
    let site = Site::open().await;
    let mut lead = site.lead().await;
    // Of one data root, and no business of the other.
    let nowhere = site.fake.folder.path().join("data/nowhere").display().to_string();
    let form = [
        ("name", ""),
        ("taxonomy", "camvid11"),
        ("source_root", "../.."),
        ("target_root", "/etc"),
        ("val_root", &nowhere),
        ("/warmup/steps", "many"),
        ("device", "tpu"),
        ("backbone", "resnet101"),
    ];
    let answer = lead.post("/projects", &form).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let html = answer.text();
    for sentence in [
        "7 fields below cannot be used",
        "Give a name of 1 to 80 characters.",
        "../.. leads out of the data root",
        "/etc leads out of the data root",
        "nowhere cannot be opened",
        "Give a whole number.",
        "Write auto, cpu or cuda:0.",
        "This server has no ImageNet weights for that network",
    ] {
        assert!(html.contains(sentence), "{sentence}: {html}");
    }
    assert!(html.contains("value=\"many\""), "what was typed is still there");

    // What only a look into the folders can tell is said before there is a project, too.
    let form = [
        ("name", "Harbour"),
        ("taxonomy", "cityscapes19"),
        ("source_layout", "camvid"),
        ("source_root", "source"),
        ("target_layout", "gta5"),
        ("target_root", "target"),
    ];
    let html = lead.post("/projects", &form).await.text();
    assert!(html.contains("2 fields below cannot be used"), "{html}");
    assert!(
        html.contains("No table is built in from labels of the layout CamVid to the classes of cityscapes19"),
        "{html}"
    );
    assert!(html.contains("looked for images/&#60;name&#62;.png or .jpg"), "{html}");
    assert!(lead.sees("/").await.contains("No project yet"));
}

#[tokio::test]
async fn the_demo_answers_the_rest_and_what_was_labelled_can_be_taken_along() {
    let site = Site::open().await;
    let (project, round) = site.ready_project().await;
    let (mut lead, mut ada) = (site.lead().await, site.annotator().await);
    let page = format!("/projects/{project}");
    let html = ada.sees(&page).await;
    assert!(html.contains("2 frames wait for their labels") && html.contains("Label the next frame"));
    assert!(!html.contains("Answer the rest"), "that is the lead's");
    assert!(lead.sees(&page).await.contains("Answer the rest from the drawn labels"));
    assert!(ada.sees(&format!("{page}/picks")).await.contains("Picked for its sky and its lack of building."));

    let next = ada.post(&format!("{page}/queue/next"), &[]).await;
    assert_eq!((next.status, next.header("location")), (StatusCode::SEE_OTHER, "/frames/6/annotate"));
    assert!(ada.sees(&format!("{page}/queue")).await.contains("You have a frame open"));
    assert!(lead.sees(&format!("{page}/picks")).await.contains("with Ada"));
    let picture = ada.get("/frames/6/thumbnail").await;
    assert_eq!((picture.status, &picture.body[..3]), (StatusCode::OK, &b"\xff\xd8\xff"[..]));
    assert_eq!(ada.get("/frames/6/image").await.header("content-type"), "image/png");
    assert_eq!(ada.get("/frames/6/truth").await.status, StatusCode::NOT_FOUND, "people draw that one");
    for known in [1, 11] {
        assert!(ada.get(&format!("/frames/{known}/truth")).await.body.starts_with(b"\x89PNG"), "{known}");
    }

    lead.presses(&format!("{page}/answer")).await;
    site.fake.wait_for_stage(round, Stage::Adapt).await;
    assert!(lead.sees(&format!("{page}/models")).await.contains("last state 58.3"));
}

#[tokio::test]
async fn a_job_is_stopped_and_goes_on_from_the_page() {
    let site = Site::open().await;
    let (project, round) = site.fake.project(false).await;
    site.fake.engine("trap 'say \"\\\"stopped\\\",\\\"step\\\":3\"; exit 0' TERM\nwait_for never");
    let mut lead = site.lead().await;
    let page = format!("/projects/{project}");
    lead.presses(&format!("{page}/stages/warmup")).await;
    let job = windlass::store::jobs::of_round(site.fake.workspace.db(), round).await.unwrap()[0].id;
    site.fake.wait(job, JobState::Running).await;
    assert!(lead.sees(&page).await.contains(&format!("{page}/jobs/{job}/stop")));
    let elsewhere = lead.post(&format!("/projects/4711/jobs/{job}/stop"), &[]).await;
    assert_eq!(elsewhere.status, StatusCode::NOT_FOUND);
    lead.presses(&format!("{page}/jobs/{job}/stop")).await;
    crate::fake::until("it ends", async || !site.fake.job(job).await.state.is_active()).await;
    site.fake.engine("");
    assert!(lead.sees(&page).await.contains("Go on"));
    lead.presses(&format!("{page}/jobs/{job}/resume")).await;
    site.fake.wait(job, JobState::Done).await;
}

#[tokio::test]
async fn what_a_job_said_and_why_it_failed_stands_on_the_page_and_leads_to_its_log() {
    let site = Site::open().await;
    let (project, round) = site.fake.project(false).await;
    let note = "say '\"note\",\"message\":\"there is a card, but the CPU is used\"'";
    site.fake.engine(&format!("{note}\necho 'the stack of a library' >&2\nexit 3"));
    let (mut lead, mut ada) = (site.lead().await, site.annotator().await);
    let job = site.fake.start((project, round), Stage::Warmup).await;
    site.fake.wait(job, JobState::Failed).await;
    let page = format!("/projects/{project}");
    let (html, log) = (lead.sees(&page).await, format!("{page}/jobs/{job}/log"));
    assert!(html.contains("There is a card, but the CPU is used.") && html.contains(&log), "{html}");
    assert_eq!(lead.sees(&log).await, "the stack of a library\n");
    std::fs::remove_file(site.fake.dir(job).join("log.txt")).unwrap();
    assert_eq!(lead.sees(&log).await, "The log is empty.", "as of a job that no engine was started for");
    assert_eq!(ada.get(&log).await.status, StatusCode::FORBIDDEN);
    assert_eq!(lead.get(&log.replace(&page, "/projects/4711")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_model_that_could_not_be_measured_says_why_and_can_be_measured_again() {
    let site = Site::open().await;
    let (project, round) = site.fake.project(false).await;
    site.fake
        .engine("if [ $stage = evaluate ]; then say '\"failed\",\"message\":\"frame 11 cannot be read\"'; exit 1; fi");
    let mut lead = site.lead().await;
    let page = format!("/projects/{project}");
    lead.presses(&format!("{page}/stages/warmup")).await;
    let failed = async || lead.clone().sees(&page).await.contains("could not be measured. Frame 11 cannot be read.");
    crate::fake::until("the evaluation fails", failed).await;
    let html = lead.sees(&page).await;
    assert!(html.contains("Run again") && html.contains("Next: features"), "the model stands: {html}");
    site.fake.engine("");
    let again = html.split('"').find(|part| part.ends_with("/resume")).unwrap().to_owned();
    lead.presses(&again).await;
    site.fake.wait_for_stage(round, Stage::Evaluate).await;
    let html = lead.sees(&page).await;
    assert!(html.contains("mIoU 58.3") && !html.contains("could not be measured"), "{html}");
}

#[tokio::test]
async fn static_files_are_kept_for_good_under_their_hash() {
    let site = Site::open().await;
    let mut nobody = site.visitor();
    let html = nobody.sees("/sign-in").await;
    let css = html.split('"').find(|part| part.ends_with("app.css")).unwrap().to_owned();
    let file = nobody.get(&css).await;
    assert_eq!(file.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(file.header("content-type"), "text/css; charset=utf-8");
    let known = request(Method::GET, &css).header(header::IF_NONE_MATCH, file.header("etag"));
    assert_eq!(nobody.send(known.body(Body::empty()).unwrap()).await.status, StatusCode::NOT_MODIFIED);
    assert_eq!(nobody.get("/static/older/app.css").await.header("cache-control"), "no-cache");
    assert_eq!(nobody.get("/static/x/../../Cargo.toml").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_page_is_told_what_happens_and_a_dropped_line_loses_nothing() {
    let site = Site::open().await;
    let (project, round) = site.fake.project(false).await;
    site.fake.engine(
        "say '\"progress\",\"done\":3,\"total\":10,\"unit\":\"step\",\"seconds_left\":70.0'\n\
         wait_for more\n\
         say '\"scalars\",\"step\":1,\"values\":{\"loss/source\":2.0}'\n\
         say '\"scalars\",\"step\":2,\"values\":{\"loss/source\":1.0}'\n\
         wait_for end",
    );
    let mut lead = site.lead().await;
    let (page, events) = (format!("/projects/{project}"), format!("/projects/{project}/events"));
    let mut line = lead.follows(&events).await;
    let whole = line.next(|_| true).await.unwrap();
    for part in ["#guide", "#rail", "#side"] {
        assert!(whole.contains(&format!("<hx-partial hx-target=\"{part}\" hx-swap=\"innerMorph\">")), "{whole}");
    }
    lead.presses(&format!("{page}/stages/warmup")).await;
    let part = line.next(|data| data.contains("3 of 10 · 1 min left")).await.unwrap();
    assert!(!part.contains("#side"), "only what changed is sent: {part}");
    drop(line);

    site.fake.allow("more");
    let job = windlass::store::jobs::of_round(site.fake.workspace.db(), round).await.unwrap()[0].id;
    crate::fake::until("it is said", async || site.fake.steps(job).await.len() == 2).await;
    let mut line = lead.follows(&events).await;
    let whole = line.next(|data| data.contains("Curves of warm up")).await.unwrap();
    assert!(whole.contains("loss/source: 1.00 at step 2"), "{whole}");

    site.fake.allow("end");
    line.next(|data| data.contains("Next: features")).await.unwrap();
    // Who signs out hears no more.
    lead.clone().presses("/sign-out").await;
    assert_eq!(line.next(|_| false).await, None);
}

#[tokio::test]
async fn one_person_cannot_take_all_lines() {
    let site = Site::open().await;
    let (project, _) = site.fake.project(false).await;
    let (mut lead, mut ada) = (site.lead().await, site.annotator().await);
    let events = format!("/projects/{project}/events");
    let mut lines = vec![];
    for _ in 0..12 {
        lines.push(lead.follows(&events).await);
    }
    assert_eq!(lead.get(&events).await.status, StatusCode::TOO_MANY_REQUESTS);
    ada.follows(&events).await.next(|_| true).await.unwrap();
    lines.clear();
    let free = async || lead.clone().status(&events).await == StatusCode::OK;
    crate::fake::until("there is a line again", free).await;
}
