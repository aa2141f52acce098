//! A server killed with `kill -9` while people save loses no mask that it acknowledged.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;
use windlass::domain::{Layers, Mask, Origin, Size};

const SIZE: Size = Size { width: 256, height: 128 };
const SAVES: usize = 200;
const KILLS: usize = 4;
/// Longer than any answer takes; a server that hangs fails the test.
const PATIENCE: Duration = Duration::from_secs(30);

struct Server {
    process: Child,
    address: String,
    people: Vec<String>,
}

impl Server {
    fn start(program: &Path, dir: &Path) -> Self {
        let mut command = Command::new(program);
        command.arg(dir).args(["0", "4", &SIZE.width.to_string()]).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let people = said["people"].as_array().unwrap().iter().map(|person| text(&person["cookie"])).collect();
        Self { process, address: text(&said["url"]).replace("http://", ""), people }
    }

    /// `kill -9`, at once.
    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The example that serves a drawn workspace, built beside this test.
fn program() -> PathBuf {
    let mut build = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()));
    build.args(["build", "--quiet", "--package", "windlass", "--example", "annotate_fixture"]);
    if !cfg!(debug_assertions) {
        build.arg("--release");
    }
    assert!(build.current_dir(env!("CARGO_MANIFEST_DIR")).status().unwrap().success());
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(2).unwrap().join("examples/annotate_fixture")
}

/// One request on one connection; status, `ETag`, body. `None` where the server is gone before its answer is whole.
fn send(address: &str, cookie: &str, method: &str, path: &str, base: i64, body: &[u8]) -> Option<(u16, i64, Vec<u8>)> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\norigin: http://{address}\r\ncookie: {cookie}\r\n\
         if-match: \"{base}\"\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body).ok()?;
    let mut answer = vec![];
    stream.read_to_end(&mut answer).ok()?;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let tag = head.lines().find_map(|line| line.strip_prefix("etag: "));
    let version = tag.and_then(|tag| tag.trim_matches('"').parse().ok()).unwrap_or(0);
    Some((status, version, answer[end + 4..].to_vec()))
}

/// What a client draws at its n-th save.
fn drawn(client: usize, n: usize) -> Vec<u8> {
    (0..SIZE.pixels()).map(|pixel| ((client * 7 + n + pixel / 97) % 19) as u8).collect()
}

/// The same, as the editor sends it.
fn patch(pixels: Vec<u8>) -> Vec<u8> {
    Layers::uniform(Mask::new(SIZE, pixels, 19).unwrap(), Origin::Hand).patch()
}

/// An acknowledged save: client, its frame's version, which drawing.
type Acknowledged = (usize, i64, usize);

/// Saves again and again until the server is gone.
fn save_on(address: &str, cookie: &str, client: usize, tell: &mpsc::Sender<Acknowledged>) {
    let frame = client + 1;
    let path = format!("/frames/{frame}/mask");
    send(address, cookie, "POST", &format!("/frames/{frame}/take"), 0, &[]);
    let Some((200, mut version, _)) = send(address, cookie, "GET", &path, 0, &[]) else { return };
    for n in version as usize.. {
        match send(address, cookie, "PATCH", &path, version, &patch(drawn(client, n))) {
            Some((204, next, _)) => version = next,
            Some((status, ..)) => panic!("client {client}: a save was answered with {status}"),
            None => return,
        }
        if tell.send((client, version, n)).is_err() {
            return;
        }
    }
}

#[test]
fn a_server_killed_during_two_hundred_saves_loses_none_that_it_acknowledged() {
    let program = program();
    let dir = tempfile::tempdir().unwrap();
    let mut acknowledged: Vec<Acknowledged> = vec![];
    for kill in 1..=KILLS {
        let mut server = Server::start(&program, dir.path());
        let (tell, heard) = mpsc::channel();
        std::thread::scope(|scope| {
            for (client, cookie) in server.people.iter().enumerate() {
                let (tell, address) = (tell.clone(), server.address.clone());
                scope.spawn(move || save_on(&address, cookie, client, &tell));
            }
            drop(tell);
            while acknowledged.len() < SAVES * kill / KILLS {
                acknowledged.push(heard.recv_timeout(PATIENCE).expect("somebody can still save"));
            }
            // Somewhere within the next saves, whose answers may be on their way.
            server.process.kill().unwrap();
            acknowledged.extend(heard.iter());
        });
        server.kill();
    }
    assert!(acknowledged.len() >= SAVES);
    let clients: std::collections::BTreeSet<usize> = acknowledged.iter().map(|(client, ..)| *client).collect();
    assert_eq!(clients.len(), 4, "all of them saved");

    let server = Server::start(&program, dir.path());
    for (client, version, n) in acknowledged {
        let path = format!("/frames/{}/mask?version={version}", client + 1);
        let (status, found, pixels) = send(&server.address, &server.people[0], "GET", &path, 0, &[]).unwrap();
        assert_eq!((status, found), (200, version), "client {client}");
        assert!(pixels == drawn(client, n), "version {version} of client {client} is another");
    }
}
