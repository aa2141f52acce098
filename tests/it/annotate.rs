//! Labelling over HTTP: saving against a version, leases, submitting; and a server that is killed while people save.

use std::io::{Read, Write};
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::Value;
use tower::ServiceExt;
use windlass::domain::{FrameId, Size};
use windlass::store::queue::{self, LEASE, Refusal};
use windlass::store::{masks, now};
use windlass::web::router;

use crate::fixture::{self, Fixture};

pub(crate) const SIZE: Size = Size { width: 128, height: 64 };
const LEA: usize = 0;
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
        let dir = tempfile::tempdir().unwrap();
        let fixture = fixture::open(dir.path(), 4, SIZE).await.unwrap();
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
        let answer = self.router.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap();
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

    pub(crate) async fn saves(&self, person: usize, frame: i64, base: i64, pixels: &[u8]) -> Answer {
        let tag = format!("\"{base}\"");
        self.send(person, "PUT", &format!("/frames/{frame}/mask"), &[("if-match", &tag)], pixels.to_vec()).await
    }
}

pub(crate) fn drawn(class: u8) -> Vec<u8> {
    vec![class; SIZE.pixels()]
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn every_save_is_a_new_version_and_the_old_ones_stay() {
    let site = Site::open().await;
    let frame = site.takes_next(ADA).await.unwrap();
    let start = site.send(ADA, "GET", &format!("/frames/{frame}/mask"), &[], ()).await;
    assert_eq!((start.status, start.header(header::ETAG)), (StatusCode::OK, "\"1\""));
    assert_eq!(start.body.len(), SIZE.pixels());

    let packed = gzip(&drawn(4));
    let headers = [("if-match", "\"1\""), ("content-encoding", "gzip")];
    let saved = site.send(ADA, "PUT", &format!("/frames/{frame}/mask"), &headers, packed).await;
    assert_eq!((saved.status, saved.header(header::ETAG)), (StatusCode::NO_CONTENT, "\"2\""));
    assert_eq!(site.saves(ADA, frame, 2, &drawn(255)).await.header(header::ETAG), "\"3\"");

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

#[tokio::test]
async fn what_cannot_be_saved_is_refused_with_a_sentence_and_leaves_no_version() {
    let site = Site::open().await;
    let frame = site.takes_next(ADA).await.unwrap();
    let path = format!("/frames/{frame}/mask");

    let small = site.saves(ADA, frame, 1, &[0; 7]).await;
    assert_eq!(small.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(small.message(), "the mask has 7 pixels where the frame of 128x64 has 8192");

    let unknown = site.saves(ADA, frame, 1, &drawn(19)).await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(unknown.message().starts_with("pixel (0, 0) holds 19, which is no class"));

    // 64 MiB in 64 kB.
    let bomb = gzip(&vec![0; 64 << 20]);
    let headers = [("if-match", "\"1\""), ("content-encoding", "gzip")];
    let bombed = site.send(ADA, "PUT", &path, &headers, bomb).await;
    assert!([StatusCode::UNPROCESSABLE_ENTITY, StatusCode::PAYLOAD_TOO_LARGE].contains(&bombed.status));
    assert!(bombed.message().contains("8192 pixels"), "{}", bombed.message());

    let long = site.saves(ADA, frame, 1, &vec![0; 1 << 20]).await;
    assert_eq!(long.status, StatusCode::PAYLOAD_TOO_LARGE);

    let blind = site.send(ADA, "PUT", &path, &[], drawn(1)).await;
    assert_eq!(blind.status, StatusCode::PRECONDITION_REQUIRED);

    let headers = [("if-match", "\"1\""), ("content-encoding", "br")];
    assert_eq!(site.send(ADA, "PUT", &path, &headers, drawn(1)).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);

    let foreign = site.saves(BEA, frame, 1, &drawn(1)).await;
    assert_eq!((foreign.status, foreign.message().as_str()), (StatusCode::LOCKED, "Ada works on this frame now."));
    assert_eq!(site.saves(ADA, 99, 1, &drawn(1)).await.status, StatusCode::NOT_FOUND);
    let nobody = Request::put(&path).header("origin", "http://box").header("host", "box").header("if-match", "\"1\"");
    let nobody = site.router.clone().oneshot(nobody.body(Body::from(drawn(1))).unwrap()).await.unwrap();
    assert_eq!(nobody.status(), StatusCode::UNAUTHORIZED);

    assert_eq!(site.saves(ADA, frame, 1, &drawn(2)).await.status, StatusCode::NO_CONTENT);
    let stale = site.saves(ADA, frame, 1, &drawn(3)).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert_eq!((stale.json()["version"].as_i64(), stale.json()["who"].as_str()), (Some(2), Some("Ada")));
    assert_eq!(masks::versions(site.fixture.workspace.db(), FrameId(frame)).await.unwrap().len(), 2);
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
    let refused = site.saves(ADA, frame.0, 1, &drawn(5)).await;
    assert_eq!((refused.status, refused.message().as_str()), (StatusCode::LOCKED, "Bea works on this frame now."));
    assert_eq!(site.post(ADA, &format!("/frames/{frame}/lease")).await.status, StatusCode::LOCKED);

    site.post(BEA, &format!("/frames/{frame}/release")).await;
    assert_eq!(
        site.saves(ADA, frame.0, 1, &drawn(5)).await.status,
        StatusCode::NO_CONTENT,
        "what she drew is not lost"
    );
    let page = site.send(ADA, "GET", &format!("/frames/{frame}/annotate"), &[], ()).await;
    assert!(String::from_utf8_lossy(&page.body).contains("id=\"stage\""), "and the frame is hers again");
}

#[tokio::test]
async fn a_submitted_frame_is_closed_until_its_submitter_or_a_lead_opens_it() {
    let site = Site::open().await;
    let frame = site.takes_next(ADA).await.unwrap();
    site.saves(ADA, frame, 1, &drawn(6)).await;
    let submit = format!("/frames/{frame}/submit");
    assert_eq!(site.post(ADA, &submit).await.status, StatusCode::PRECONDITION_REQUIRED);
    assert_eq!(site.send(ADA, "POST", &submit, &[("if-match", "\"1\"")], ()).await.status, StatusCode::CONFLICT);
    assert_eq!(site.send(BEA, "POST", &submit, &[("if-match", "\"2\"")], ()).await.status, StatusCode::LOCKED);
    let done = site.send(ADA, "POST", &submit, &[("if-match", "\"2\"")], ()).await;
    assert_eq!((done.status, done.header(header::LOCATION)), (StatusCode::SEE_OTHER, "/frames/2/annotate"));

    assert_eq!(site.saves(ADA, frame, 2, &drawn(7)).await.status, StatusCode::LOCKED);
    let reopen = format!("/frames/{frame}/reopen");
    assert_eq!(site.post(BEA, &reopen).await.status, StatusCode::CONFLICT);
    assert_eq!(site.post(LEA, &reopen).await.status, StatusCode::SEE_OTHER);
    assert_eq!(site.saves(LEA, frame, 2, &drawn(7)).await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn the_page_opens_for_who_holds_the_frame_and_offers_it_to_others() {
    let site = Site::open().await;
    let see = async |person| {
        let page = site.send(person, "GET", "/frames/1/annotate", &[], ()).await;
        String::from_utf8(page.body.to_vec()).unwrap()
    };
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
