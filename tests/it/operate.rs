//! `windlass` as an operator runs it: started, stopped and started again, with an invitation from beside.

use std::io::{BufRead, BufReader, Lines, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use windlass::domain::Stage;
use windlass::store::jobs::{self, JobState};
use windlass::store::projects::NewProject;
use windlass::supervisor::{Config, Supervisor};

use crate::fake::{Fake, config, new_project, until};

const WINDLASS: &str = env!("CARGO_BIN_EXE_windlass");

/// `windlass serve` on a port of its own.
struct Serving {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
    /// Such as 127.0.0.1:40123.
    address: String,
}

impl Serving {
    fn start(workspace: &Path) -> Self {
        Self::with(workspace, Path::new("/bin/true"))
    }

    fn with(workspace: &Path, engine: &Path) -> Self {
        let mut command = Command::new(WINDLASS);
        command.args(["serve", "--listen", "127.0.0.1:0", "--workspace"]).arg(workspace).arg("--engine").arg(engine);
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut serving = Self { process, lines, address: String::new() };
        serving.address = serving.says("Windlass serves").rsplit_once("//").unwrap().1.to_owned();
        serving
    }

    /// The next line with a word in it.
    fn says(&mut self, word: &str) -> String {
        let mut lines = self.lines.by_ref().map(Result::unwrap);
        lines.find(|line| line.contains(word)).unwrap_or_else(|| panic!("it ends and never says {word}"))
    }

    /// SIGTERM; all that it still says.
    fn stop(mut self) -> Vec<String> {
        kill_process(Pid::from_child(&self.process), Signal::TERM).unwrap();
        let last = self.lines.by_ref().map(Result::unwrap).collect();
        assert!(self.process.wait().unwrap().success());
        last
    }

    /// `kill -9`, at once.
    fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Follows a project's page, for as long as the stream is kept.
    fn follows(&self, path: &str, cookie: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: {}\r\ncookie: {cookie}\r\n\r\n", self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let mut status = [0; 15];
        stream.read_exact(&mut status).unwrap();
        assert_eq!(&status, b"HTTP/1.1 200 OK");
        stream
    }

    /// Opens a link and types name and password there, by way of a proxy with TLS. The answer's head.
    fn joins(&self, link: &str, name: &str) -> String {
        let path = link.trim().splitn(4, '/').nth(3).unwrap();
        let form = format!("name={name}&password=a+long+password");
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let head = "host: windlass.example\r\norigin: https://windlass.example\r\nx-forwarded-proto: https\r\n\
                    content-type: application/x-www-form-urlencoded\r\nconnection: close";
        let length = form.len();
        write!(stream, "POST /{path} HTTP/1.1\r\n{head}\r\ncontent-length: {length}\r\n\r\n{form}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split("\r\n\r\n").next().unwrap().to_owned()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_server_is_started_stopped_and_started_again_and_lets_people_in_by_links() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("workspace");
    let mut server = Serving::start(&workspace);
    let link = server.says("/invitations/");
    let lea = server.joins(&link, "Lea");
    assert!(lea.starts_with("HTTP/1.1 303") && lea.contains("; Secure"), "{lea}");
    assert!(server.joins(&link, "Eve").starts_with("HTTP/1.1 410"), "it is good once");
    assert_eq!(server.stop(), ["", "Stopped."]);

    let server = Serving::start(&workspace);
    let mut invite = Command::new(WINDLASS);
    let invited = invite.args(["invite", "--role", "annotator", "--workspace"]).arg(&workspace).output().unwrap();
    assert!(invited.status.success(), "{}", String::from_utf8_lossy(&invited.stderr));
    let ada = server.joins(&String::from_utf8(invited.stdout).unwrap(), "Ada");
    assert!(ada.starts_with("HTTP/1.1 303"), "{ada}");
    assert_eq!(server.stop(), ["Stopped."], "with a lead there is no first link");
}

#[tokio::test]
async fn jobs_outlive_a_server_that_is_killed_or_stopped_and_the_next_one_takes_them_up() {
    let fake = Fake::new().await;
    fake.engine("touch \"$fake/$stage.begun\"\n[ $stage = evaluate ] || wait_for $stage");
    let (project, round) = fake.project(true).await;
    let at = fake.folder.path().to_owned();
    let [workspace, engine] = ["workspace", "engine"].map(|part| at.join(part));
    let allow = |stage: &str| std::fs::write(at.join(stage), "").unwrap();
    let begins = async |stage: &str| {
        let begun = at.join(format!("{stage}.begun"));
        until(&format!("{stage} begins"), async || begun.exists()).await;
    };
    begins("warmup").await;
    let folder = fake.closed().await;

    let server = Serving::with(&workspace, &engine);
    allow("warmup");
    begins("features").await;
    server.kill();

    let mut server = Serving::with(&workspace, &engine);
    let link = server.says("/invitations/");
    let lea = server.joins(&link, "Lea");
    let cookie = lea.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap().split(';').next().unwrap();
    let page = server.follows(&format!("/projects/{project}/events"), cookie);
    allow("features");
    begins("anchors").await;
    let last = server.stop().pop().unwrap();
    assert!(last.contains("1 running job(s) go on"), "though somebody looks: {last}");
    drop(page);

    let fake = Fake::open(folder).await;
    let jobs = jobs::of_round(fake.workspace.db(), round).await.unwrap();
    let kept = jobs.iter().filter(|job| job.stage != Stage::Evaluate).map(|job| (job.stage, job.state));
    let expected =
        [(Stage::Warmup, JobState::Done), (Stage::Features, JobState::Done), (Stage::Anchors, JobState::Running)];
    assert_eq!(kept.collect::<Vec<_>>(), expected, "each ran once");
    fake.allow("anchors");
    fake.wait_for_stage(round, Stage::Anchors).await;
}

#[tokio::test]
async fn behind_a_launcher_jobs_do_not_wait_for_each_other() {
    let mut fake = Fake::new().await;
    let other = NewProject { name: "Quay".into(), ..new_project(fake.folder.path(), false) };
    let projects = [fake.project(false).await, fake.import(&other).await];
    fake.supervisor.shutdown().await;
    let config = Config { launcher: vec!["env".into()], ..config(fake.folder.path()) };
    fake.supervisor = Supervisor::start(fake.workspace.clone(), config).await.unwrap();
    fake.engine("wait_for go");
    let mut jobs = vec![];
    for project in projects {
        jobs.push(fake.start(project, Stage::Warmup).await);
    }
    for &job in &jobs {
        fake.wait(job, JobState::Running).await;
    }
    fake.allow("go");
    for job in jobs {
        fake.wait(job, JobState::Done).await;
    }
}

#[test]
fn a_program_that_was_unpacked_takes_the_weights_beside_it() {
    // A link, as nobody may start a file that is still written to, if only by what another test starts meanwhile.
    let folder = tempfile::tempdir_in(Path::new(WINDLASS).parent().unwrap()).unwrap();
    let program = folder.path().join("windlass");
    std::fs::hard_link(WINDLASS, &program).unwrap();
    let looked_at = || {
        let mut demo = Command::new(&program);
        demo.args(["demo", "--no-browser", "--listen", "127.0.0.1:0", "--workspace"])
            .arg(folder.path().join("workspace"));
        let refused = demo.env("WINDLASS_CACHE", folder.path().join("cache")).output().unwrap();
        String::from_utf8(refused.stderr).unwrap()
    };
    let none_in = |name: &str| format!("no ImageNet weights at {}/", folder.path().join(name).display());
    let said = looked_at();
    assert!(said.contains(&none_in("cache")), "{said}");
    std::fs::create_dir(folder.path().join("weights")).unwrap();
    let said = looked_at();
    assert!(said.contains(&none_in("weights")), "{said}");
}
