//! Masks: versions that are added and never overwritten; the newest counts.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::column::from_word;
use super::{Db, Result, Tx, queue, work};
use crate::domain::{FrameId, Layers, Mask, Origins, Size, UserId, Work, words};

/// Zstandard's level: 1 ms and some 30 kB a frame.
const LEVEL: i32 = 3;

words! {
    /// Where a version came from.
    pub enum MaskKind {
        /// The model's proposal.
        Start = "start",
        /// A person's save.
        Saved = "saved",
        /// The dataset's own label, in a person's stead.
        Oracle = "oracle",
    }
}

/// A version of a frame's mask, without its pixels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// From 1, without gaps.
    pub number: i64,
    /// Where it came from.
    pub kind: MaskKind,
    /// Who saved it; none for the model, for the oracle and for somebody who was removed.
    pub user: Option<UserId>,
    /// Their name.
    pub name: Option<String>,
    /// Milliseconds since 1970.
    pub at: i64,
    /// What the save calls itself, if it does.
    pub save: Option<String>,
}

/// A mask as a person sends it.
#[derive(Clone, Copy, Debug)]
pub struct Save<'a> {
    /// Of which frame.
    pub frame: FrameId,
    /// By whom.
    pub user: UserId,
    /// The version that it was drawn on; 0 where there was none.
    pub base: i64,
    /// All pixels, checked and packed.
    pub packed: &'a PackedLayers,
    /// What was done since the version before.
    pub work: &'a Work,
    /// What the save calls itself: by it its sender, who may get no answer, knows it among the versions.
    pub id: Option<&'a str>,
    /// Milliseconds since 1970.
    pub now: i64,
}

/// Why a mask was not saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SaveRefusal {
    /// There is a newer version than the one it was drawn on.
    Stale,
    /// The frame is not this person's to draw on.
    Queue(queue::Refusal),
}

const VERSION: &str = "select version, kind, mask.user_id, user.name, mask.created_at, work.save
    from mask left join user using (user_id) left join work using (mask_id) where frame_id = ?";

/// All versions of a frame, the newest first.
pub async fn versions(db: &Db, frame: FrameId) -> Result<Vec<Version>> {
    let query = sqlx::query(sqlx::AssertSqlSafe(format!("{VERSION} order by version desc")));
    query.bind(frame.0).fetch_all(db.read()).await?.iter().map(version_of).collect()
}

/// The newest version of a frame, if there is any.
pub async fn newest(db: &Db, frame: FrameId) -> Result<Option<Version>> {
    let query = sqlx::query(sqlx::AssertSqlSafe(format!("{VERSION} order by version desc limit 1")));
    query.bind(frame.0).fetch_optional(db.read()).await?.as_ref().map(version_of).transpose()
}

/// The pixels of a version, row by row, and its number; the newest where none is named.
pub async fn pixels(db: &Db, frame: FrameId, version: Option<i64>) -> Result<Option<(i64, Vec<u8>)>> {
    let row: Option<(i64, i64, i64, Vec<u8>)> = sqlx::query_as(
        "select version, width, height, pixels from mask
         where frame_id = ?1 and version = coalesce(?2, (select max(version) from mask where frame_id = ?1))",
    )
    .bind(frame.0)
    .bind(version)
    .fetch_optional(db.read())
    .await?;
    row.map(|(number, width, height, packed)| Ok((number, decompress(&packed, (width * height) as usize)?))).transpose()
}

/// Saves what a person drew as the next version, if nobody was faster and the frame is theirs. It prolongs their lease.
///
/// When this returns, the version is on disk: the log is synced at every commit.
pub async fn save(db: &Db, save: Save<'_>) -> Result<Result<i64, SaveRefusal>> {
    let Save { frame, user, base, packed, now, .. } = save;
    let mut tx = db.begin().await?;
    if let Err(refusal) = queue::take_in(&mut tx, frame, user, now).await? {
        return Ok(Err(SaveRefusal::Queue(refusal)));
    }
    let newest: Option<i64> = sqlx::query_scalar("select max(version) from mask where frame_id = ?")
        .bind(frame.0)
        .fetch_one(&mut *tx)
        .await?;
    if newest.is_some_and(|newest| newest != base) {
        return Ok(Err(SaveRefusal::Stale));
    }
    let number = add(&mut tx, frame, MaskKind::Saved, Some(user), &packed.mask, now).await?;
    work::add(&mut tx, &save, number).await?;
    tx.commit().await?;
    Ok(Ok(number))
}

/// A mask as the table keeps it.
#[derive(Clone, Debug)]
pub struct Packed {
    size: Size,
    bytes: Vec<u8>,
}

/// A mask with its origins as the tables keep them.
#[derive(Clone, Debug)]
pub struct PackedLayers {
    mask: Packed,
    pub(super) origins: Vec<u8>,
    pub(super) counts: Origins,
}

/// Packs both layers. Takes milliseconds, so do it before a transaction begins and off the runtime's threads.
pub fn pack_layers(layers: &Layers) -> Result<PackedLayers> {
    let mask = Packed { size: layers.size(), bytes: compress(layers.classes())? };
    Ok(PackedLayers { mask, origins: compress(layers.origins())?, counts: Origins::of(layers.origins()) })
}

fn compress(bytes: &[u8]) -> Result<Vec<u8>> {
    Ok(zstd::bulk::compress(bytes, LEVEL).map_err(sqlx::Error::Io)?)
}

pub(super) fn decompress(bytes: &[u8], length: usize) -> Result<Vec<u8>> {
    Ok(zstd::bulk::decompress(bytes, length).map_err(|error| sqlx::Error::Decode(error.into()))?)
}

/// Packs a mask before a transaction begins: others need not wait for it.
pub fn pack(mask: &Mask) -> Result<Packed> {
    Ok(Packed { size: mask.size(), bytes: compress(mask.pixels())? })
}

/// Adds a version to those of a frame; gives its number.
pub async fn add(
    tx: &mut Tx,
    frame: FrameId,
    kind: MaskKind,
    user: Option<UserId>,
    packed: &Packed,
    now: i64,
) -> Result<i64> {
    let number = sqlx::query_scalar(
        "insert into mask (frame_id, version, kind, user_id, width, height, pixels, created_at)
         select ?1, coalesce(max(version), 0) + 1, ?2, ?3, ?4, ?5, ?6, ?7 from mask where frame_id = ?1
         returning version",
    )
    .bind(frame.0)
    .bind(kind.slug())
    .bind(user.map(|user| user.0))
    .bind(packed.size.width)
    .bind(packed.size.height)
    .bind(&packed.bytes)
    .bind(now)
    .fetch_one(&mut **tx)
    .await?;
    Ok(number)
}

fn version_of(row: &SqliteRow) -> Result<Version> {
    Ok(Version {
        number: row.get(0),
        kind: from_word(row.get(1))?,
        user: row.get::<Option<i64>, _>(2).map(UserId),
        name: row.get(3),
        at: row.get(4),
        save: row.get(5),
    })
}
