//! How masks came about: the work that each version cost, and where each of its pixels came from.

use std::collections::HashMap;

use sqlx::Row;

use super::column::{from_json, json};
use super::masks::{Save, decompress};
use super::queue::Submission;
use super::{Db, Result, Tx};
use crate::domain::{FrameId, Layers, Mask, Origin, Origins, ProjectId, RoundId, Size, Work};

/// What a frame's mask cost, and what its newest version is made of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Effort {
    /// All that was done, by everybody.
    pub work: Work,
    /// Of the newest version that a person saved; all the model's where it was submitted without a save.
    pub origins: Origins,
    /// Versions that people saved.
    pub saves: u64,
    /// Why it was submitted in spite of what was found in it, and by whom; of its last submission.
    pub overruled: Option<Overruled>,
}

/// A submission in spite of the checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overruled {
    /// What was found, in sentences.
    pub findings: Vec<String>,
    /// What the person said to it.
    pub word: String,
}

/// Keeps what a version cost. Belongs into the transaction that adds it.
pub(super) async fn add(tx: &mut Tx, save: &Save<'_>, version: i64) -> Result<()> {
    let Origins { model, segment, propagate, hand } = save.packed.counts;
    sqlx::query(
        "insert into work (mask_id, seconds, actions, origins, n_model, n_segment, n_propagate, n_hand, save)
         select mask_id, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10 from mask where frame_id = ?1 and version = ?2",
    )
    .bind(save.frame.0)
    .bind(version)
    .bind(save.work.seconds)
    .bind(json(&save.work.actions)?)
    .bind(&save.packed.origins)
    .bind(model.cast_signed())
    .bind(segment.cast_signed())
    .bind(propagate.cast_signed())
    .bind(hand.cast_signed())
    .bind(save.id)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Keeps what was done between the last save and a submission. Belongs into the transaction that makes it.
pub(super) async fn add_submission(tx: &mut Tx, submission: &Submission<'_>) -> Result<()> {
    sqlx::query(
        "insert into submission (frame_id, version, user_id, seconds, actions, created_at) values (?, ?, ?, ?, ?, ?)",
    )
    .bind(submission.frame.0)
    .bind(submission.version)
    .bind(submission.user.0)
    .bind(submission.work.seconds)
    .bind(json(&submission.work.actions)?)
    .bind(submission.now)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A version with where its pixels came from, and its number; the newest where none is named.
///
/// Of a version without a record: the model's, as far as it still is what the start mask before it said.
pub async fn layers(db: &Db, frame: FrameId, version: Option<i64>) -> Result<Option<(i64, Layers)>> {
    let row = sqlx::query(
        "select version, width, height, pixels, origins, case when origins is null then (
            select pixels from mask start where start.frame_id = ?1 and start.version <= mask.version
                and start.kind = 'start' and start.width = mask.width and start.height = mask.height
            order by start.version desc limit 1) end as start
         from mask left join work using (mask_id)
         where frame_id = ?1 and version = coalesce(?2, (select max(version) from mask where frame_id = ?1))",
    )
    .bind(frame.0)
    .bind(version)
    .fetch_optional(db.read())
    .await?;
    let Some(row) = row else { return Ok(None) };
    let number: i64 = row.get("version");
    let size = Size { width: row.get("width"), height: row.get("height") };
    let unpack = move || -> Result<Layers> {
        let plane = |name: &str| -> Result<Option<Vec<u8>>> {
            let packed: Option<Vec<u8>> = row.get(name);
            packed.map(|packed| decompress(&packed, size.pixels())).transpose()
        };
        let classes = plane("pixels")?.unwrap_or_default();
        let origins = match (plane("origins")?, plane("start")?) {
            (Some(origins), _) => origins,
            (None, Some(start)) => {
                let origin = |(now, then)| if now == then { Origin::Model } else { Origin::Hand } as u8;
                classes.iter().zip(&start).map(origin).collect()
            }
            (None, None) => vec![Origin::Hand as u8; size.pixels()],
        };
        Layers::from_parts(size, classes, origins).map_err(|error| super::Error::Unfit(error.to_string()))
    };
    // Off the runtime: two milliseconds a plane of 2048x1024.
    let unpacked = tokio::task::spawn_blocking(unpack).await;
    let layers = unpacked.map_err(|error| sqlx::Error::Io(std::io::Error::other(error)))??;
    Ok(Some((number, layers)))
}

/// A frame without any version: nothing is labelled, and nobody did it.
pub fn blank(size: Size) -> Layers {
    Layers::uniform(Mask::unlabelled(size), Origin::Model)
}

/// What the masks of a round's picks cost; frames on which nobody has worked are left out.
pub async fn of_round(db: &Db, round: RoundId) -> Result<HashMap<FrameId, Effort>> {
    efforts(db, "frame_id in (select frame_id from pick where round_id = ?)", round.0).await
}

/// What the masks of a project cost, whatever the round.
pub async fn of_project(db: &Db, project: ProjectId) -> Result<HashMap<FrameId, Effort>> {
    efforts(db, "frame_id in (select frame_id from frame where project_id = ?)", project.0).await
}

/// Of the frames that a condition with one number names.
async fn efforts(db: &Db, which: &'static str, id: i64) -> Result<HashMap<FrameId, Effort>> {
    let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
        "select frame_id, seconds, actions, n_model, n_segment, n_propagate, n_hand
         from mask join work using (mask_id) where {which} order by frame_id, version",
    )));
    let mut efforts: HashMap<FrameId, Effort> = HashMap::new();
    for row in rows.bind(id).fetch_all(db.read()).await? {
        let effort = efforts.entry(FrameId(row.get("frame_id"))).or_default();
        effort.work.add(&Work { seconds: row.get("seconds"), actions: from_json(row.get("actions"))? });
        effort.saves += 1;
        let count = |name: &str| row.get::<i64, _>(name).cast_unsigned();
        effort.origins = Origins {
            model: count("n_model"),
            segment: count("n_segment"),
            propagate: count("n_propagate"),
            hand: count("n_hand"),
        };
    }
    let submissions = sqlx::query(sqlx::AssertSqlSafe(format!(
        "select frame_id, seconds, actions, width * height as pixels
         from submission join mask using (frame_id, version) where {which}",
    )));
    for row in submissions.bind(id).fetch_all(db.read()).await? {
        let effort = efforts.entry(FrameId(row.get("frame_id"))).or_default();
        effort.work.add(&Work { seconds: row.get("seconds"), actions: from_json(row.get("actions"))? });
        if effort.saves == 0 {
            effort.origins.model = row.get::<i64, _>("pixels").cast_unsigned();
        }
    }
    let overruled = sqlx::query(sqlx::AssertSqlSafe(format!(
        "select frame_id, findings, word from overruling where {which} order by frame_id, version",
    )));
    for row in overruled.bind(id).fetch_all(db.read()).await? {
        let overruled = Overruled { findings: from_json(row.get("findings"))?, word: row.get("word") };
        efforts.entry(FrameId(row.get("frame_id"))).or_default().overruled = Some(overruled);
    }
    Ok(efforts)
}

/// What each version of a frame cost, by its number.
pub async fn of_frame(db: &Db, frame: FrameId) -> Result<HashMap<i64, Work>> {
    let rows = sqlx::query("select version, seconds, actions from mask join work using (mask_id) where frame_id = ?");
    let rows = rows.bind(frame.0).fetch_all(db.read()).await?;
    let work = |row: &sqlx::sqlite::SqliteRow| -> Result<(i64, Work)> {
        Ok((row.get("version"), Work { seconds: row.get("seconds"), actions: from_json(row.get("actions"))? }))
    };
    rows.iter().map(work).collect()
}
