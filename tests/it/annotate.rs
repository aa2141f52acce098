//! Labelling over HTTP: saving against a version, leases, submitting.

use std::io::Read;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use flate2::read::GzDecoder;
use serde_json::Value;
use tower::ServiceExt;
use windlass::domain::{FrameId, Layers, Mask, Origin, Size};
use windlass::store::now;
use windlass::store::queue::{self, LEASE, Refusal};
use windlass::store::rounds::PickState;
use windlass::web::router;

use crate::fixture::{self, Fixture};

pub(crate) const SIZE: Size = Size { width: 128, height: 64 };
pub(crate) const LEA: usize = 0;
pub(crate) const ADA: usize = 1;
pub(crate) const BEA: usize = 2;

pub(crate) struct Site {
    router: Router,
    pub(crate) fixture: Arc<Fixture>,
    _dir: Arc<tempfile::TempDir>,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn message(&self) -> String {
        self.json()["message"].as_str().unwrap().to_owned()
    }

    pub(crate) fn header(&self, name: header::HeaderName) -> &str {
        self.headers[name].to_str().unwrap()
    }
}

impl Site {
    pub(crate) async fn open() -> Self {
        Self::of(4, SIZE).await
    }

    pub(crate) async fn of(n_frames: usize, size: Size) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let fixture = fixture::open(dir.path(), n_frames, size).await.unwrap();
        Self {
            router: router(fixture::app(fixture.workspace.clone()).await.unwrap()),
            fixture: Arc::new(fixture),
            _dir: Arc::new(dir),
        }
    }

    pub(crate) async fn send(
        &self,
        person: usize,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("cookie", self.fixture.cookie(person));
        request = request.header("host", "box").header("origin", "http://box");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.asks(request.body(body.into()).unwrap()).await
    }

    pub(crate) async fn asks(&self, request: Request<Body>) -> Answer {
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        Answer { status: parts.status, headers: parts.headers, body: to_bytes(body, 1 << 24).await.unwrap() }
    }

    pub(crate) async fn post(&self, person: usize, path: &str) -> Answer {
        self.send(person, "POST", path, &[], ()).await
    }

    /// Takes the next frame; gives its id.
    pub(crate) async fn takes_next(&self, person: usize) -> Option<i64> {
        let answer = self.post(person, "/projects/1/queue/next").await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        answer.header(header::LOCATION).strip_prefix("/frames/")?.strip_suffix("/annotate")?.parse().ok()
    }

    /// Saves a whole mask, drawn by hand.
    pub(crate) async fn saves(&self, person: usize, frame: i64, base: i64, pixels: Vec<u8>) -> Answer {
        let layers = Layers::uniform(Mask::new(SIZE, pixels, 19).unwrap(), Origin::Hand);
        let tag = format!("\"{base}\"");
        self.send(person, "PATCH", &format!("/frames/{frame}/mask"), &[("if-match", &tag)], layers.patch()).await
    }

    pub(crate) async fn submits(&self, person: usize, frame: i64, version: i64, body: impl Into<Body>) -> Answer {
        let tag = format!("\"{version}\"");
        self.send(person, "POST", &format!("/frames/{frame}/submit"), &[("if-match", &tag)], body).await
    }

    /// Opens a submitted frame for somebody else.
    pub(crate) async fn opens_for(&self, person: usize, frame: i64, other: usize) -> Answer {
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let body = format!("person={}", self.fixture.people[other].0);
        self.send(person, "POST", &format!("/frames/{frame}/reopen-for"), &form, body).await
    }

    pub(crate) async fn sees(&self, person: usize, path: &str) -> String {
        let page = self.send(person, "GET", path, &[], ()).await;
        String::from_utf8(page.body.to_vec()).unwrap()
    }
}

pub(crate) fn drawn(class: u8) -> Vec<u8> {
    vec![class; SIZE.pixels()]
}

#[tokio::test]
async fn every_save_is_a_new_version_and_the_old_ones_stay() {
    let site = Site::open().await;
    let frame = site.takes_next(ADA).await.unwrap();
    let start = site.send(ADA, "GET", &format!("/frames/{frame}/mask"), &[], ()).await;
    assert_eq!((start.status, start.header(header::ETAG)), (StatusCode::OK, "\"1\""));
    assert_eq!(start.body.len(), SIZE.pixels());

    let saved = site.saves(ADA, frame, 1, drawn(4)).await;
    assert_eq!((saved.status, saved.header(header::ETAG)), (StatusCode::NO_CONTENT, "\"2\""));
    assert_eq!(site.saves(ADA, frame, 2, drawn(255)).await.header(header::ETAG), "\"3\"");

    for (version, expected) in [("1", &start.body[..]), ("2", &drawn(4)), ("3", &drawn(255))] {
        let read = site.send(BEA, "GET", &format!("/frames/{frame}/mask?version={version}"), &[], ()).await;
        assert!(read.body == expected, "version {version}");
    }
    let none = site.send(ADA, "GET", &format!("/frames/{frame}/mask?version=4"), &[], ()).await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
    let history = site.send(ADA, "GET", &format!("/frames/{frame}/history"), &[], ()).await.json();
    let line = |one: &Value| format!("{} {} {}", one["version"], one["kind"], one["who"]);
    let lines: Vec<String> = history.as_array().unwrap().iter().map(line).collect();
    assert_eq!(lines, ["3 \"saved\" \"Ada\"", "2 \"saved\" \"Ada\"", "1 \"start\" \"the model\""]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_who_take_the_next_frame_at_once_get_different_ones() {
    let site = Site::open().await;
    let (a, b, c, d) = tokio::join!(site.takes_next(0), site.takes_next(1), site.takes_next(2), site.takes_next(3));
    let mut taken: Vec<FrameId> = [a, b, c, d].into_iter().flatten().map(FrameId).collect();
    taken.sort_unstable();
    assert_eq!(taken, site.fixture.frames);
    assert_eq!(site.takes_next(ADA).await, b, "who has a frame gets the same again");
    site.post(ADA, &format!("/frames/{}/release", b.unwrap())).await;
    assert_eq!(site.takes_next(BEA).await, c);
    assert_eq!(site.takes_next(ADA).await, b);
}

#[tokio::test]
async fn a_lease_that_ran_out_hands_the_frame_on_and_a_sign_of_life_keeps_it() {
    let site = Site::open().await;
    let db = site.fixture.workspace.db();
    let (ada, bea) = (site.fixture.people[ADA].0, site.fixture.people[BEA].0);
    let project = site.fixture.project;
    let start = now();
    let frame = queue::next(db, project, ada, start).await.unwrap().unwrap();
    assert_eq!(queue::take(db, frame, ada, start + LEASE - 1).await.unwrap(), Ok(start + 2 * LEASE - 1));
    let Err(Refusal::Leased(holder)) = queue::take(db, frame, bea, start + 2 * LEASE - 2).await.unwrap() else {
        panic!("the heartbeat kept it");
    };
    assert_eq!(holder.name, "Ada");

    let late = start + 2 * LEASE;
    assert_eq!(queue::next(db, project, bea, late).await.unwrap(), Some(frame));
    let refused = site.saves(ADA, frame.0, 1, drawn(5)).await;
    assert_eq!((refused.status, refused.message().as_str()), (StatusCode::LOCKED, "Bea works on this frame now."));
    assert_eq!(site.post(ADA, &format!("/frames/{frame}/lease")).await.status, StatusCode::LOCKED);

    site.post(BEA, &format!("/frames/{frame}/release")).await;
    assert_eq!(site.saves(ADA, frame.0, 1, drawn(5)).await.status, StatusCode::NO_CONTENT, "what she drew is not lost");
    let page = site.sees(ADA, &format!("/frames/{frame}/annotate")).await;
    assert!(page.contains("id=\"stage\""), "and the frame is hers again");
}

#[tokio::test]
async fn who_puts_a_frame_back_gets_the_others_first() {
    let site = Site::open().await;
    for frame in [1, 2] {
        assert_eq!(site.takes_next(ADA).await, Some(frame));
        site.post(ADA, &format!("/frames/{frame}/release")).await;
    }
    assert_eq!(site.takes_next(ADA).await, Some(3));
    assert_eq!(site.takes_next(BEA).await, Some(1), "for others it has its place");
    assert_eq!(site.submits(ADA, 3, 1, ()).await.json()["next"], "/frames/4/annotate");
    assert_eq!(site.submits(ADA, 4, 1, ()).await.json()["next"], "/frames/2/annotate", "the last comes last");
}

#[tokio::test]
async fn a_submitted_frame_is_closed_until_its_submitter_or_a_lead_opens_it() {
    let site = Site::open().await;
    let frame = site.takes_next(ADA).await.unwrap();
    site.saves(ADA, frame, 1, drawn(6)).await;
    let submit = format!("/frames/{frame}/submit");
    assert_eq!(site.post(ADA, &submit).await.status, StatusCode::PRECONDITION_REQUIRED);
    assert_eq!(site.submits(ADA, frame, 1, ()).await.status, StatusCode::CONFLICT);
    assert_eq!(site.submits(BEA, frame, 2, ()).await.status, StatusCode::LOCKED);
    let done = site.submits(ADA, frame, 2, ()).await;
    assert_eq!((done.status, done.json()["next"].as_str()), (StatusCode::OK, Some("/frames/2/annotate")));
    let again = site.submits(ADA, frame, 2, ()).await;
    assert_eq!(again.status, StatusCode::OK, "an answer that was lost is no reason to refuse it");

    assert_eq!(site.saves(ADA, frame, 2, drawn(7)).await.status, StatusCode::LOCKED);
    let reopen = format!("/frames/{frame}/reopen");
    assert_eq!(site.post(BEA, &reopen).await.status, StatusCode::CONFLICT);
    assert_eq!(site.post(LEA, &reopen).await.status, StatusCode::SEE_OTHER);
    assert_eq!(site.saves(LEA, frame, 2, drawn(7)).await.status, StatusCode::NO_CONTENT);
    site.post(LEA, &format!("/frames/{frame}/release")).await;
    assert_eq!(site.takes_next(BEA).await, Some(frame), "what a lead changed is to be finished");
}

#[tokio::test]
async fn a_submitted_frame_that_was_opened_and_not_changed_stays_submitted() {
    let site = Site::open().await;
    let frame = site.takes_next(ADA).await.unwrap();
    site.saves(ADA, frame, 1, drawn(6)).await;
    site.submits(ADA, frame, 2, ()).await;
    let state = async || queue::chosen(site.fixture.workspace.db(), FrameId(frame), now()).await.unwrap().unwrap();
    let submitted = state().await;
    let reopen = format!("/frames/{frame}/reopen");

    site.post(LEA, &reopen).await;
    assert_eq!(state().await.state, PickState::Ready);
    site.post(LEA, &format!("/frames/{frame}/release")).await;
    assert_eq!(state().await, submitted, "put back");

    site.post(LEA, &reopen).await;
    let (db, bea) = (site.fixture.workspace.db(), site.fixture.people[BEA].0);
    let later = queue::next(db, site.fixture.project, bea, now() + LEASE + 1).await.unwrap();
    assert_ne!(later, Some(FrameId(frame)), "finished work is not handed out");
    assert_eq!(state().await, submitted, "left alone");
}

#[tokio::test]
async fn who_drew_on_a_frame_that_was_handed_on_and_submitted_saves_once_it_is_opened_for_them() {
    let site = Site::open().await;
    let (db, ada) = (site.fixture.workspace.db(), site.fixture.people[ADA].0);
    // She draws, and is offline from then on.
    let frame = queue::next(db, site.fixture.project, ada, now() - LEASE).await.unwrap().unwrap().0;
    assert_eq!(site.takes_next(BEA).await, Some(frame));
    site.saves(BEA, frame, 1, drawn(3)).await;
    assert_eq!(site.submits(BEA, frame, 2, ()).await.status, StatusCode::OK);

    let why = "Bea submitted this frame: ask them or a lead to open it again for you.";
    for refused in [site.saves(ADA, frame, 1, drawn(5)).await, site.post(ADA, &format!("/frames/{frame}/lease")).await]
    {
        assert_eq!((refused.status, refused.message().as_str()), (StatusCode::LOCKED, why));
    }
    let offer = format!("/frames/{frame}/annotate");
    let seen = site.sees(ADA, &offer).await;
    assert!(seen.contains("Ask them or a lead to open it again for you.") && !seen.contains("reopen-for"));
    assert_eq!(site.opens_for(ADA, frame, ADA).await.status, StatusCode::CONFLICT);

    let asked = site.sees(LEA, &offer).await;
    assert!(asked.contains(">Ada</option>") && !asked.contains(">Bea,"), "Bea needs nobody to open it for her");
    assert_eq!(site.opens_for(LEA, frame, ADA).await.header(header::LOCATION), offer);
    assert!(site.sees(LEA, &offer).await.contains("This frame was opened again for Ada."));
    assert_eq!(site.saves(BEA, frame, 2, drawn(3)).await.status, StatusCode::LOCKED);
    assert_eq!(site.saves(ADA, frame, 1, drawn(5)).await.json()["version"], 2, "there is Bea's to look at");
    assert_eq!(site.saves(ADA, frame, 2, drawn(5)).await.status, StatusCode::NO_CONTENT);
    assert!(site.sees(LEA, &offer).await.contains("Ada works on this frame now."));
    assert_eq!(site.submits(ADA, frame, 3, ()).await.status, StatusCode::OK);
    let own = site.saves(ADA, frame, 3, drawn(6)).await;
    assert_eq!(own.message(), "You submitted this frame: open it again to change it.");
    assert!(site.sees(LEA, &offer).await.contains(">Bea, who worked on it</option>"));
}

#[tokio::test]
async fn a_frame_that_was_opened_for_somebody_waits_for_them_for_a_day() {
    let site = Site::open().await;
    let (db, bea) = (site.fixture.workspace.db(), site.fixture.people[BEA].0);
    let frame = site.takes_next(BEA).await.unwrap();
    site.submits(BEA, frame, 1, ()).await;
    assert_eq!(site.opens_for(BEA, frame, ADA).await.status, StatusCode::SEE_OTHER, "who submitted it may");
    let opened = now();
    let stays = async |later: i64| {
        let next = queue::next(db, site.fixture.project, bea, opened + later).await.unwrap();
        assert_ne!(next, Some(FrameId(frame)));
        queue::chosen(db, FrameId(frame), now()).await.unwrap().unwrap().state
    };
    assert_eq!(stays(23 * 3600 * 1000).await, PickState::Ready);
    assert_eq!(stays(24 * 3600 * 1000).await, PickState::Submitted, "as it was");
}

#[tokio::test]
async fn a_lead_looks_at_any_mask_and_takes_a_frame_over() {
    let site = Site::open().await;
    let frame = site.takes_next(ADA).await.unwrap();
    let offer = format!("/frames/{frame}/annotate");
    site.saves(ADA, frame, 1, drawn(2)).await;
    let mask = site.send(LEA, "GET", &format!("/frames/{frame}/preview"), &[], ()).await;
    let png = image::load_from_memory(&mask.body).unwrap().to_rgb8();
    assert_eq!((png.dimensions(), png.get_pixel(5, 5).0), ((SIZE.width, SIZE.height), [70, 70, 70]), "building");

    assert!(!site.sees(BEA, &offer).await.contains("Take it over"));
    let page = site.sees(LEA, &offer).await;
    assert!(page.contains("Take it from Ada") && page.contains(&format!("/frames/{frame}/preview")));
    let take_over = format!("/frames/{frame}/take-over");
    assert_eq!(site.post(BEA, &take_over).await.status, StatusCode::FORBIDDEN);
    assert_eq!(site.post(LEA, &take_over).await.status, StatusCode::SEE_OTHER);
    assert_eq!(site.saves(ADA, frame, 2, drawn(3)).await.message(), "Lea works on this frame now.");
    assert_eq!(site.saves(LEA, frame, 2, drawn(3)).await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_round_ends_without_a_frame_that_a_lead_leaves_out() {
    let site = Site::open().await;
    for frame in 1..4 {
        site.takes_next(ADA).await;
        site.submits(ADA, frame, 1, ()).await;
    }
    let leave_out = async |person, frame| site.post(person, &format!("/frames/{frame}/leave-out")).await.status;
    assert_eq!(leave_out(BEA, 4).await, StatusCode::FORBIDDEN);
    assert_eq!(leave_out(LEA, 4).await, StatusCode::CONFLICT, "Ada works on it");
    assert_eq!(leave_out(LEA, 3).await, StatusCode::CONFLICT, "it is submitted");
    site.post(ADA, "/frames/4/release").await;
    assert!(site.sees(LEA, "/projects/1/picks").await.contains("/frames/4/leave-out"));
    assert_eq!(leave_out(LEA, 4).await, StatusCode::SEE_OTHER);
    assert_eq!(leave_out(LEA, 4).await, StatusCode::SEE_OTHER, "a second click finds it done");
    assert!(site.sees(ADA, "/projects/1/queue").await.contains("All 3 frames are labelled"));
}

#[tokio::test]
async fn a_round_keeps_its_only_frame() {
    let site = Site::open().await;
    let leave_out = async |frame| site.post(LEA, &format!("/frames/{frame}/leave-out")).await.status;
    for frame in 1..4 {
        assert_eq!(leave_out(frame).await, StatusCode::SEE_OTHER);
    }
    assert_eq!(leave_out(4).await, StatusCode::CONFLICT);
    assert_eq!(site.takes_next(ADA).await, Some(4));
}

#[tokio::test]
async fn the_page_opens_for_who_holds_the_frame_and_offers_it_to_others() {
    let site = Site::open().await;
    let see = async |person| site.sees(person, "/frames/1/annotate").await;
    assert!(see(ADA).await.contains("Nobody works on this frame now."));
    assert_eq!(site.post(ADA, "/frames/1/take").await.header(header::LOCATION), "/frames/1/annotate");
    assert!(see(ADA).await.contains("id=\"stage\""));
    assert!(see(BEA).await.contains("Ada works on this frame now."));
    let doubt = site.send(ADA, "GET", "/frames/1/uncertainty", &[], ()).await;
    assert!(doubt.body.starts_with(b"\x89PNG"));
    let segments = site.send(ADA, "GET", "/frames/1/segments", &[], ()).await;
    assert_eq!(segments.header(header::CONTENT_ENCODING), "gzip");
    let mut file = vec![];
    GzDecoder::new(&segments.body[..]).read_to_end(&mut file).unwrap();
    let number = |at: usize| u32::from_le_bytes(file[4 * at..][..4].try_into().unwrap());
    assert_eq!((number(0), number(1)), (SIZE.width, SIZE.height));
}
