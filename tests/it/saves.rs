//! Saving what changed: tiles in runs against a version, the record of the work, submitting in spite of the checks.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use windlass::domain::{FrameId, Layers, Mask, Origin, Origins, RoundId};
use windlass::store::{masks, projects, work};

use crate::annotate::{ADA, Answer, BEA, LEA, SIZE, Site, drawn};

/// Of one colour: the frame of 128x64 has two tiles of 4096 pixels.
fn tile(number: u32, runs: &[(u16, u8, Origin)]) -> Vec<u8> {
    let mut bytes = [number.to_le_bytes(), (runs.len() as u32).to_le_bytes()].concat();
    for &(length, class, origin) in runs {
        bytes.extend(length.to_le_bytes());
        bytes.extend([class, origin as u8]);
    }
    bytes
}

async fn patches(site: &Site, person: usize, frame: i64, base: i64, patch: Vec<u8>, work: &str) -> Answer {
    let tag = format!("\"{base}\"");
    let headers = [("if-match", tag.as_str()), ("windlass-work", work)];
    site.send(person, "PATCH", &format!("/frames/{frame}/mask"), &headers, patch).await
}

/// The newest mask with its origins, as the editor reads it.
async fn reads(site: &Site, frame: i64) -> Layers {
    let answer = site.send(BEA, "GET", &format!("/frames/{frame}/mask?runs=true"), &[], ()).await;
    let mut layers = work::blank(SIZE);
    layers.apply(&answer.body, 19).unwrap();
    layers
}

#[tokio::test]
async fn a_page_that_was_opened_by_somebody_else_saves_nothing_in_the_name_of_who_is_signed_in_now() {
    let site = Site::open().await;
    let frame = site.takes_next(BEA).await.unwrap();
    let patch = tile(1, &[(4096, 5, Origin::Hand)]);
    let opened_by = async |person: usize| {
        let id = site.fixture.people[person].0.to_string();
        let headers = [("if-match", "\"1\""), ("windlass-person", id.as_str())];
        let mut answers = vec![];
        for (method, what, body) in
            [("POST", "lease", vec![]), ("PATCH", "mask", patch.clone()), ("POST", "submit", vec![])]
        {
            answers.push(site.send(BEA, method, &format!("/frames/{frame}/{what}"), &headers, body).await.status);
        }
        answers
    };
    assert_eq!(opened_by(ADA).await, [StatusCode::UNAUTHORIZED; 3]);
    let history = site.send(BEA, "GET", &format!("/frames/{frame}/history"), &[], ()).await.json();
    assert_eq!(history.as_array().unwrap().len(), 1);
    // The submission names a version that is the newest no more.
    assert_eq!(opened_by(BEA).await, [StatusCode::NO_CONTENT, StatusCode::NO_CONTENT, StatusCode::CONFLICT]);
}

#[tokio::test]
async fn tiles_make_a_new_version_of_the_one_they_were_drawn_on() {
    let site = Site::open().await;
    let frame = site.takes_next(ADA).await.unwrap();
    site.saves(ADA, frame, 1, drawn(2)).await;
    let right = tile(1, &[(64, 5, Origin::Segment), (4032, 255, Origin::Hand)]);
    let saved = patches(&site, ADA, frame, 2, right, r#"{"seconds": 3.5, "actions": {"brush": 2}}"#).await;
    assert_eq!((saved.status, saved.header(header::ETAG)), (StatusCode::NO_CONTENT, "\"3\""));

    let layers = reads(&site, frame).await;
    let (classes, origins) = (layers.classes(), layers.origins());
    let at = |x: usize, y: usize| (classes[y * 128 + x], origins[y * 128 + x]);
    assert_eq!([at(63, 0), at(64, 0), at(127, 0), at(64, 1)], [(2, 3), (5, 1), (5, 1), (255, 3)]);
    let before = site.send(BEA, "GET", &format!("/frames/{frame}/mask?version=2"), &[], ()).await;
    assert!(before.body == drawn(2), "what was saved before stays");

    let nothing = patches(&site, ADA, frame, 3, vec![], "{}").await;
    assert_eq!(nothing.header(header::ETAG), "\"4\"", "a change of nothing is a version too");
    let history = site.send(ADA, "GET", &format!("/frames/{frame}/history"), &[], ()).await.json();
    assert_eq!((history[1]["seconds"].as_f64(), history[1]["actions"].as_u64()), (Some(3.5), Some(2)));
    let effort =
        work::of_round(site.fixture.workspace.db(), RoundId(1)).await.unwrap().remove(&FrameId(frame)).unwrap();
    assert_eq!((effort.work.seconds, effort.saves), (3.5, 3));
    assert_eq!(effort.origins.segment, 64);
    assert_eq!(effort.origins.total(), SIZE.pixels() as u64);
}

#[tokio::test]
async fn a_start_mask_is_all_the_models_but_for_what_a_person_changes() {
    let site = Site::open().await;
    let frame = site.takes_next(ADA).await.unwrap();
    let start = reads(&site, frame).await;
    assert!(start.origins().iter().all(|&origin| origin == Origin::Model as u8));
    let plain = site.send(ADA, "GET", &format!("/frames/{frame}/mask"), &[], ()).await.body;
    assert!(plain == start.classes(), "both ways of reading give the same classes");
    let mut origins = start.origins().to_vec();
    origins[5] = Origin::Hand as u8;
    let patch = Layers::from_parts(SIZE, plain.to_vec(), origins).unwrap().patch();
    assert_eq!(patches(&site, ADA, frame, 1, patch, "{}").await.status, StatusCode::NO_CONTENT);
    assert_eq!(
        Origins::of(reads(&site, frame).await.origins()),
        Origins { model: SIZE.pixels() as u64 - 1, hand: 1, ..Origins::default() }
    );
}

#[tokio::test]
async fn a_refused_save_hears_what_the_versions_since_call_themselves() {
    let site = Site::open().await;
    let frame = site.takes_next(ADA).await.unwrap();
    let save = async |base: &str, id: &str| {
        let headers = [("if-match", base), ("windlass-save", id)];
        site.send(ADA, "PATCH", &format!("/frames/{frame}/mask"), &headers, vec![]).await
    };
    assert_eq!(save("\"1\"", "a.0").await.status, StatusCode::NO_CONTENT);
    site.saves(ADA, frame, 2, drawn(3)).await;
    let stale = save("\"1\"", "a.1").await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert_eq!((&stale.json()["version"], &stale.json()["saves"]), (&3.into(), &serde_json::json!(["a.0", null])));
    assert_eq!(save("\"3\"", &"x".repeat(65)).await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn what_was_done_after_the_last_save_is_kept_with_the_submission_and_counts_once() {
    let site = Site::open().await;
    let frame = site.takes_next(ADA).await.unwrap();
    let body = r#"{"work": {"seconds": 300, "actions": {"undo": 1}}}"#;
    for _ in 0..2 {
        assert_eq!(site.submits(ADA, frame, 1, body).await.status, StatusCode::OK);
    }
    let db = site.fixture.workspace.db();
    let effort = work::of_round(db, RoundId(1)).await.unwrap().remove(&FrameId(frame)).unwrap();
    assert_eq!((effort.work.seconds, effort.work.total_actions(), effort.saves), (300.0, 1, 0));
    assert_eq!(effort.origins, Origins { model: SIZE.pixels() as u64, ..Origins::default() });
    assert!(site.sees(LEA, "/projects/1/picks").await.contains("5 min of work"));
    let impossible = site.submits(ADA, frame, 1, r#"{"work": {"seconds": -1}}"#).await;
    assert_eq!(impossible.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_change_that_cannot_be_made_is_refused_with_a_sentence_and_leaves_no_version() {
    let site = Site::open().await;
    let frame = site.takes_next(ADA).await.unwrap();
    let path = format!("/frames/{frame}/mask");
    let whole = tile(0, &[(4096, 1, Origin::Hand)]);
    let refused = async |patch: Vec<u8>| {
        let answer = patches(&site, ADA, frame, 1, patch, "{}").await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        answer.message()
    };
    assert_eq!(
        refused(tile(0, &[(4095, 1, Origin::Hand)])).await,
        "The runs of tile 0 do not fill it: they have 4095 pixels where it has 4096."
    );
    assert_eq!(
        refused(tile(0, &[(130, 1, Origin::Hand), (3966, 19, Origin::Hand)])).await,
        "Pixel (2, 2) holds 19, which is no class: there are 19, and 255 for none."
    );
    assert_eq!(
        refused([0_u32.to_le_bytes(), (1_u32 << 31).to_le_bytes()].concat()).await,
        "Tile 0 is said to have 2147483648 runs where it has 4096 pixels."
    );
    assert_eq!(refused(tile(2, &[])).await, "There is no tile 2: a frame of 128x64 has 2, counted from 0.");
    let long = patches(&site, ADA, frame, 1, vec![0; Layers::longest_patch(SIZE) + 1], "{}").await;
    assert_eq!(long.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(long.message().contains("8192 pixels"));

    for work in [r#"{"seconds": -1}"#, r#"{"hours": 1}"#, "three hours"] {
        let answer = patches(&site, ADA, frame, 1, whole.clone(), work).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{work}");
    }
    let blind = site.send(ADA, "PATCH", &path, &[], whole.clone()).await;
    assert_eq!(blind.status, StatusCode::PRECONDITION_REQUIRED);
    let foreign = patches(&site, BEA, frame, 1, whole.clone(), "{}").await;
    assert_eq!((foreign.status, foreign.message().as_str()), (StatusCode::LOCKED, "Ada works on this frame now."));
    assert_eq!(patches(&site, ADA, 99, 1, whole.clone(), "{}").await.status, StatusCode::NOT_FOUND);
    let nobody = Request::patch(&path).header("origin", "http://box").header("host", "box").header("if-match", "\"1\"");
    assert_eq!(site.asks(nobody.body(Body::from(whole.clone())).unwrap()).await.status, StatusCode::UNAUTHORIZED);

    assert_eq!(patches(&site, ADA, frame, 1, whole.clone(), "{}").await.status, StatusCode::NO_CONTENT);
    for base in [0, 1, 7] {
        let stale = patches(&site, ADA, frame, base, whole.clone(), "{}").await;
        assert_eq!((stale.status, stale.json()["version"].as_i64()), (StatusCode::CONFLICT, Some(2)), "on {base}");
    }
    assert_eq!(masks::versions(site.fixture.workspace.db(), FrameId(frame)).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_page_whose_save_is_refused_reads_the_sentence_and_a_browser_gets_a_page_around_it() {
    let site = Site::open().await;
    let frame = site.takes_next(ADA).await.unwrap();
    let path = format!("/frames/{frame}/mask");
    // Somebody else is signed in by now.
    let asks = async |how| site.send(ADA, "PATCH", &path, &[("windlass-person", "0"), how], ()).await;
    let said = "You are signed out. Sign in and try again.";
    let read = asks(("accept", "*/*")).await;
    assert_eq!((read.status, &read.body[..]), (StatusCode::UNAUTHORIZED, said.as_bytes()));
    assert_eq!(read.header(header::CONTENT_TYPE), "text/plain; charset=utf-8");
    assert_eq!(read.header(header::REFERRER_POLICY), "same-origin");
    for (how, around) in
        [(("accept", "text/html,*/*;q=0.8"), "<!doctype html>"), (("hx-request", "true"), "<div id=\"notice\"")]
    {
        let page = asks(how).await;
        let html = String::from_utf8(page.body.to_vec()).unwrap();
        assert_eq!((page.status, page.header(header::CONTENT_TYPE)), (read.status, "text/html; charset=utf-8"));
        assert!(html.starts_with(around) && html.contains(said), "{html}");
    }

    site.post(ADA, &format!("/frames/{frame}/release")).await;
    site.post(LEA, &format!("/frames/{frame}/leave-out")).await;
    let left_out = patches(&site, ADA, frame, 1, vec![], "{}").await;
    assert_eq!(left_out.message(), "This frame is not chosen for labelling: a lead may have left it out.");
}

#[tokio::test]
async fn too_much_unlabelled_is_submitted_only_with_a_word_which_is_kept() {
    let site = Site::open().await;
    let db = site.fixture.workspace.db();
    let frame = site.takes_next(ADA).await.unwrap();
    site.saves(ADA, frame, 1, drawn(255)).await;
    let submit = async |body: &'static str| site.submits(ADA, frame, 2, body).await;
    let plain = submit("").await;
    assert_eq!(plain.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(plain.message().starts_with("100.0 % of the frame are unlabelled where this project allows 5 %"));
    let silent = submit(r#"{"findings": ["All of it is unlabelled"], "word": "  "}"#).await;
    assert_eq!(silent.message(), "Say in a word why the frame is submitted all the same.");
    let submitted = submit(r#"{"findings": ["All of it is unlabelled"], "word": "fog"}"#).await;
    assert_eq!(submitted.status, StatusCode::OK);
    let effort = work::of_round(db, RoundId(1)).await.unwrap().remove(&FrameId(frame)).unwrap();
    assert_eq!(effort.overruled.unwrap().word, "fog");

    let allow = async |percent: f64| {
        let mut checks = projects::checks(db, site.fixture.project).await.unwrap();
        checks.unlabelled_percent = percent;
        let project = projects::get(db, site.fixture.project).await.unwrap();
        projects::change(db, project.id, &projects::Settings::of(&project, checks)).await.unwrap();
    };
    let next = site.takes_next(ADA).await.unwrap();
    let mut speck = drawn(1);
    speck[0] = 255;
    site.saves(ADA, next, 1, speck).await;
    allow(0.0).await;
    let tiny = site.submits(ADA, next, 2, ()).await.message();
    assert!(tiny.starts_with("< 0.1 % of the frame are unlabelled where this project allows 0 %"), "{tiny}");
    allow(100.0).await;
    site.saves(ADA, next, 2, drawn(255)).await;
    assert_eq!(site.submits(ADA, next, 3, ()).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_lead_sets_what_masks_are_looked_at_for_and_may_take_it_from_the_source() {
    let site = Site::open().await;
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let post = async |body: &'static str| site.send(0, "POST", "/projects/1/settings", &form, body).await;
    let page = |answer: &Answer| String::from_utf8_lossy(&answer.body).into_owned();

    let wrong = post("unlabelled_percent=101&speck_pixels=many&never_touch=sky%20%2F%20moon").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    for message in ["Type a number from 0 to 100.", "Type a whole number", "There is no class “moon” in this project."]
    {
        assert!(page(&wrong).contains(message), "{message}");
    }
    let body = "budget=5&budget_unit=percent&unlabelled_percent=2.5&speck_pixels=9&never_touch=sky%20%2F%20train%0A%0A";
    assert_eq!(post(body).await.status, StatusCode::SEE_OTHER);
    let kept = projects::checks(site.fixture.workspace.db(), site.fixture.project).await.unwrap();
    assert_eq!((kept.unlabelled_percent, kept.speck_pixels), (2.5, 9));
    assert_eq!(kept.never_touch, [("sky".to_owned(), "train".to_owned())]);

    let surveyed = post("budget=5&budget_unit=percent&survey=yes").await;
    assert_eq!(surveyed.status, StatusCode::OK);
    assert!(page(&surveyed).contains("Of 1 labels of the source"), "one label says nothing of pairs");
    let survey = projects::survey(site.fixture.workspace.db(), site.fixture.project).await.unwrap();
    assert_eq!(survey.map(|survey| survey.labels), Some(1), "a restart does not look again");
    let again = projects::checks(site.fixture.workspace.db(), site.fixture.project).await.unwrap();
    assert_eq!(again, kept, "nothing is kept before it is looked at");
    let examples = site.send(ADA, "GET", "/projects/1/examples", &[], ()).await.json();
    assert!(examples["0"].is_i64() && examples["16"].is_null(), "{examples}");
}

#[tokio::test]
async fn a_full_disk_refuses_a_save_and_takes_it_once_there_is_room() {
    let site = Site::open().await;
    let frame = site.takes_next(ADA).await.unwrap();
    let noise = (0..SIZE.pixels()).map(|at| (at * at / 7 % 19) as u8).collect();
    let patch = Layers::uniform(Mask::new(SIZE, noise, 19).unwrap(), Origin::Hand).patch();
    let saves = async |base: i64| patches(&site, ADA, frame, base, patch.clone(), "{}").await;
    // The writer has one connection, whose file may grow by so much.
    let room = async |pages: &'static str| {
        let mut tx = site.fixture.workspace.db().begin().await.unwrap();
        sqlx::query(pages).execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
    };
    room("pragma max_page_count = 1").await;
    let mut kept = 1;
    let refused = loop {
        match saves(kept).await {
            saved if saved.status == StatusCode::NO_CONTENT => kept += 1,
            other => break other,
        }
    };
    assert_eq!(refused.status, StatusCode::INSUFFICIENT_STORAGE);
    assert!(refused.body.starts_with(b"The server has no room left."), "{:?}", refused.body);
    let versions = async || masks::versions(site.fixture.workspace.db(), FrameId(frame)).await.unwrap().len() as i64;
    assert_eq!(versions().await, kept);
    room("pragma max_page_count = 4294967294").await;
    assert_eq!(saves(kept).await.status, StatusCode::NO_CONTENT);
    assert_eq!(versions().await, kept + 1);
}
