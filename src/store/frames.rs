//! Frames, and what the import left out.

use std::collections::HashMap;

use sqlx::FromRow;

use super::column::{from_word, path};
use super::{Db, Result, Tx};
use crate::domain::{Domain, Frame, FrameId, ProjectId, RoundId, Size, Split};

/// A file that the import left out.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Refusal {
    pub path: String,
    /// A sentence.
    pub reason: String,
}

/// How many frames there are of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Count {
    pub domain: Domain,
    pub split: Split,
    pub frames: u64,
    /// With a label of the dataset's own.
    pub labelled: u64,
}

#[derive(FromRow)]
struct Row {
    frame_id: i64,
    project_id: i64,
    domain: String,
    split: String,
    name: String,
    frame_group: String,
    image_path: String,
    label_path: Option<String>,
    width: u32,
    height: u32,
}

impl Row {
    fn read(self) -> Result<Frame> {
        Ok(Frame {
            id: FrameId(self.frame_id),
            domain: from_word(self.domain)?,
            split: from_word(self.split)?,
            name: self.name,
            group: self.frame_group,
            image: self.image_path.into(),
            label: self.label_path.map(Into::into),
            size: Size { width: self.width, height: self.height },
        })
    }
}

/// Adds a frame and names it; the id in `frame` is not looked at.
pub async fn insert(tx: &mut Tx, project: ProjectId, frame: &Frame) -> Result<FrameId> {
    let id = sqlx::query_scalar(
        "insert into frame (project_id, domain, split, name, frame_group, image_path, label_path, width, height)
         values (?, ?, ?, ?, ?, ?, ?, ?, ?) returning frame_id",
    )
    .bind(project.0)
    .bind(frame.domain.slug())
    .bind(frame.split.slug())
    .bind(&frame.name)
    .bind(&frame.group)
    .bind(path(&frame.image)?)
    .bind(frame.label.as_deref().map(path).transpose()?)
    .bind(frame.size.width)
    .bind(frame.size.height)
    .fetch_one(&mut **tx)
    .await?;
    Ok(FrameId(id))
}

/// Notes that a file was left out.
pub async fn refuse(tx: &mut Tx, project: ProjectId, path: &str, reason: &str) -> Result<()> {
    let row = sqlx::query("insert into refusal (project_id, path, reason) values (?, ?, ?)");
    row.bind(project.0).bind(path).bind(reason).execute(&mut **tx).await?;
    Ok(())
}

/// Forgets frames and refusals of an import that did not end.
pub async fn clear(tx: &mut Tx, project: ProjectId) -> Result<()> {
    sqlx::query("delete from refusal where project_id = ?").bind(project.0).execute(&mut **tx).await?;
    sqlx::query("delete from frame where project_id = ?").bind(project.0).execute(&mut **tx).await?;
    Ok(())
}

/// A frame and its project; [`Error::NotFound`](super::Error::NotFound).
pub async fn get(db: &Db, id: FrameId) -> Result<(ProjectId, Frame)> {
    let row: Row = sqlx::query_as("select * from frame where frame_id = ?").bind(id.0).fetch_one(db.read()).await?;
    Ok((ProjectId(row.project_id), row.read()?))
}

/// All frames of a kind, by id.
pub async fn list(db: &Db, project: ProjectId, domain: Domain, split: Split) -> Result<Vec<Frame>> {
    let rows: Vec<Row> =
        sqlx::query_as("select * from frame where project_id = ? and domain = ? and split = ? order by frame_id")
            .bind(project.0)
            .bind(domain.slug())
            .bind(split.slug())
            .fetch_all(db.read())
            .await?;
    rows.into_iter().map(Row::read).collect()
}

/// How many frames a project has of each kind.
pub async fn counts(db: &Db, project: ProjectId) -> Result<Vec<Count>> {
    let rows: Vec<(String, String, i64, i64)> = sqlx::query_as(
        "select domain, split, count(*), count(label_path) from frame
         where project_id = ? group by domain, split order by domain, split",
    )
    .bind(project.0)
    .fetch_all(db.read())
    .await?;
    let count = |(domain, split, frames, labelled): (String, String, i64, i64)| {
        let (frames, labelled) = (frames.cast_unsigned(), labelled.cast_unsigned());
        Ok(Count { domain: from_word(domain)?, split: from_word(split)?, frames, labelled })
    };
    rows.into_iter().map(count).collect()
}

/// What the import left out, and why: the first of them, and how many there are.
pub async fn refusals(db: &Db, project: ProjectId, limit: u32) -> Result<(Vec<Refusal>, usize)> {
    let rows = sqlx::query_as("select path, reason from refusal where project_id = ? order by rowid limit ?");
    let rows: Vec<Refusal> = rows.bind(project.0).bind(limit).fetch_all(db.read()).await?;
    let count = sqlx::query_scalar("select count(*) from refusal where project_id = ?");
    let count: i64 = count.bind(project.0).fetch_one(db.read()).await?;
    Ok((rows, count as usize))
}

/// The names of the frames that a round chose.
pub async fn names_of_round(db: &Db, round: RoundId) -> Result<HashMap<FrameId, String>> {
    let rows: Vec<(i64, String)> =
        sqlx::query_as("select frame_id, name from pick join frame using (frame_id) where round_id = ?")
            .bind(round.0)
            .fetch_all(db.read())
            .await?;
    Ok(rows.into_iter().map(|(id, name)| (FrameId(id), name)).collect())
}
