//! People, their sessions and the links that let them in. Secrets come here as SHA-256, never plain.

use super::{Db, Error, Result, Tx, now};
use crate::domain::{UserId, words};

/// The SHA-256 of a cookie's or a link's secret.
pub type TokenHash = [u8; 32];

words! {
    /// What somebody may do.
    pub enum Role {
        /// Everything.
        Lead = "lead",
        /// Labelling, and looking at the rest.
        Annotator = "annotator",
    }
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct User {
    pub id: UserId,
    /// Unique whatever the case.
    pub name: String,
    pub role: Role,
    /// Milliseconds since 1970.
    pub created_at: i64,
}

type UserRow = (i64, String, String, i64);

fn user((id, name, role, created_at): UserRow) -> User {
    let role = Role::from_slug(&role).unwrap_or(Role::Annotator);
    User { id: UserId(id), name, role, created_at }
}

/// Everybody, by name.
pub async fn list(db: &Db) -> Result<Vec<User>> {
    let rows: Vec<UserRow> =
        sqlx::query_as("select user_id, name, role, created_at from user order by name").fetch_all(db.read()).await?;
    Ok(rows.into_iter().map(user).collect())
}

/// Whether a lead is there who can sign in: the demo's visitor cannot.
pub async fn has_lead(db: &Db) -> Result<bool> {
    let lead = "select exists (select 1 from user where role = 'lead' and password_hash is not null)";
    Ok(sqlx::query_scalar(lead).fetch_one(db.read()).await?)
}

/// A person; [`Error::NotFound`].
pub async fn get(db: &Db, id: UserId) -> Result<User> {
    let row: UserRow = sqlx::query_as("select user_id, name, role, created_at from user where user_id = ?")
        .bind(id.0)
        .fetch_one(db.read())
        .await?;
    Ok(user(row))
}

/// A person by name, with the argon2id hash of the password, if there is one.
pub async fn by_name(db: &Db, name: &str) -> Result<Option<(User, Option<String>)>> {
    let row: Option<(i64, String, String, i64, Option<String>)> =
        sqlx::query_as("select user_id, name, role, created_at, password_hash from user where name = ?")
            .bind(name)
            .fetch_optional(db.read())
            .await?;
    Ok(row.map(|(id, name, role, at, hash)| (user((id, name, role, at)), hash)))
}

/// Sets a password. Every session of the person ends but the one to keep, and links that let them in are worth nothing.
pub async fn set_password(db: &Db, id: UserId, password_hash: &str, keep: &TokenHash) -> Result<()> {
    let mut tx = db.begin().await?;
    change_password(&mut tx, id, password_hash, Some(keep)).await?;
    Ok(tx.commit().await?)
}

async fn change_password(tx: &mut Tx, id: UserId, password_hash: &str, keep: Option<&TokenHash>) -> Result<()> {
    sqlx::query("update user set password_hash = ? where user_id = ?")
        .bind(password_hash)
        .bind(id.0)
        .execute(&mut **tx)
        .await?;
    sqlx::query("delete from session where user_id = ? and token_hash is not ?")
        .bind(id.0)
        .bind(keep.map(|keep| &keep[..]))
        .execute(&mut **tx)
        .await?;
    sqlx::query("delete from invitation where user_id = ? and used_at is null").bind(id.0).execute(&mut **tx).await?;
    Ok(())
}

/// Gives a person another role, unless it is the last lead's. Who is no lead any more has no links out. Says whether it
/// was done; [`Error::NotFound`].
pub async fn set_role(db: &Db, id: UserId, role: Role) -> Result<bool> {
    get(db, id).await?;
    let mut tx = db.begin().await?;
    let done = sqlx::query(
        "update user set role = ?2 where user_id = ?1
            and (?2 = 'lead' or role <> 'lead' or (select count(*) from user where role = 'lead') > 1)",
    )
    .bind(id.0)
    .bind(role.slug())
    .execute(&mut *tx)
    .await?;
    let done = done.rows_affected() == 1;
    if done && role != Role::Lead {
        take_links_back(&mut tx, id).await?;
    }
    tx.commit().await?;
    Ok(done)
}

/// The links that a person has given out and nobody has used are worth nothing.
async fn take_links_back(tx: &mut Tx, by: UserId) -> Result<()> {
    let links = sqlx::query("delete from invitation where created_by = ? and used_at is null");
    links.bind(by.0).execute(&mut **tx).await?;
    Ok(())
}

/// Removes a person, unless it is the last lead, and the invitations that this person has given and nobody has used.
/// Masks stay. Says whether it was done; [`Error::NotFound`].
pub async fn remove(db: &Db, id: UserId) -> Result<bool> {
    get(db, id).await?;
    let mut tx = db.begin().await?;
    take_links_back(&mut tx, id).await?;
    let done = sqlx::query(
        "delete from user where user_id = ?1 and (role <> 'lead' or (select count(*) from user where role = 'lead') > 1)",
    )
    .bind(id.0)
    .execute(&mut *tx)
    .await?;
    let done = done.rows_affected() == 1;
    if done {
        tx.commit().await?;
    }
    Ok(done)
}

/// Begins a session.
pub async fn open_session(db: &Db, id: UserId, token: &TokenHash, expires_at: i64) -> Result<()> {
    sqlx::query("insert into session (token_hash, user_id, created_at, expires_at) values (?, ?, ?, ?)")
        .bind(&token[..])
        .bind(id.0)
        .bind(now())
        .bind(expires_at)
        .execute(db.write())
        .await?;
    Ok(())
}

/// Whose session it is, and until when it lasts.
pub async fn by_session(db: &Db, token: &TokenHash) -> Result<Option<(User, i64)>> {
    let row: Option<(i64, String, String, i64, i64)> = sqlx::query_as(
        "select user_id, name, role, user.created_at, expires_at from session join user using (user_id)
         where token_hash = ? and expires_at > ?",
    )
    .bind(&token[..])
    .bind(now())
    .fetch_optional(db.read())
    .await?;
    Ok(row.map(|(id, name, role, at, expires_at)| (user((id, name, role, at)), expires_at)))
}

/// Lets a session last longer, and forgets those that are over.
pub async fn prolong_session(db: &Db, token: &TokenHash, expires_at: i64) -> Result<()> {
    let mut tx = db.begin().await?;
    sqlx::query("update session set expires_at = ? where token_hash = ?")
        .bind(expires_at)
        .bind(&token[..])
        .execute(&mut *tx)
        .await?;
    sqlx::query("delete from session where expires_at <= ?").bind(now()).execute(&mut *tx).await?;
    Ok(tx.commit().await?)
}

/// Ends one session.
pub async fn close_session(db: &Db, token: &TokenHash) -> Result<()> {
    sqlx::query("delete from session where token_hash = ?").bind(&token[..]).execute(db.write()).await?;
    Ok(())
}

/// Ends all sessions of a person.
pub async fn close_sessions(db: &Db, id: UserId) -> Result<()> {
    sqlx::query("delete from session where user_id = ?").bind(id.0).execute(db.write()).await?;
    Ok(())
}

/// A link that was given out and not used yet.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Invitation {
    /// Names it in forms; not the secret.
    pub token: TokenHash,
    pub role: Role,
    /// Lets this person in again instead of making a new one.
    pub guest: Option<Guest>,
    pub created_by: Option<String>,
    pub expires_at: i64,
}

/// Who is there already and comes in by a link.
#[derive(Clone, Debug)]
pub struct Guest {
    /// As shown.
    pub name: String,
    /// Whether they sign in by a password, and so choose a new one.
    pub has_password: bool,
}

type InvitationRow = (Vec<u8>, String, Option<String>, bool, Option<String>, i64);

fn invitation((token, role, guest, has_password, created_by, expires_at): InvitationRow) -> Option<Invitation> {
    let role = Role::from_slug(&role)?;
    let token = token.try_into().ok()?;
    let guest = guest.map(|name| Guest { name, has_password });
    Some(Invitation { token, role, guest, created_by, expires_at })
}

/// Records a link. With a `user`, it lets that person in again instead of making a new one.
pub async fn invite(
    db: &Db,
    token: &TokenHash,
    role: Role,
    user: Option<UserId>,
    by: Option<UserId>,
    expires_at: i64,
) -> Result<()> {
    sqlx::query(
        "insert into invitation (token_hash, role, user_id, created_by, created_at, expires_at) values (?, ?, ?, ?, ?, ?)",
    )
    .bind(&token[..])
    .bind(role.slug())
    .bind(user.map(|id| id.0))
    .bind(by.map(|id| id.0))
    .bind(now())
    .bind(expires_at)
    .execute(db.write())
    .await?;
    Ok(())
}

/// The links that may still be used, the newest first.
pub async fn invitations(db: &Db) -> Result<Vec<Invitation>> {
    let rows: Vec<InvitationRow> = sqlx::query_as(
        "select token_hash, invitation.role, guest.name, guest.password_hash is not null, maker.name, expires_at
         from invitation left join user as maker on maker.user_id = created_by
            left join user as guest on guest.user_id = invitation.user_id
         where used_at is null and expires_at > ? order by invitation.created_at desc",
    )
    .bind(now())
    .fetch_all(db.read())
    .await?;
    Ok(rows.into_iter().filter_map(invitation).collect())
}

/// A link that may still be used.
pub async fn open_invitation(db: &Db, token: &TokenHash) -> Result<Option<Invitation>> {
    Ok(invitations(db).await?.into_iter().find(|invitation| invitation.token == *token))
}

/// Takes a link back.
pub async fn revoke(db: &Db, token: &TokenHash) -> Result<()> {
    sqlx::query("delete from invitation where token_hash = ? and used_at is null")
        .bind(&token[..])
        .execute(db.write())
        .await?;
    Ok(())
}

/// Uses a link up and makes its person. [`Error::NotFound`] if it cannot be used, [`Error::Taken`] if the name is.
pub async fn join(db: &Db, token: &TokenHash, name: &str, password_hash: &str) -> Result<User> {
    let mut tx = db.begin().await?;
    let role: Option<String> = sqlx::query_scalar(
        "update invitation set used_at = ?1
         where token_hash = ?2 and used_at is null and expires_at > ?1 and user_id is null returning role",
    )
    .bind(now())
    .bind(&token[..])
    .fetch_optional(&mut *tx)
    .await?;
    let role = role.ok_or(Error::NotFound)?;
    let row: UserRow = sqlx::query_as(
        "insert into user (name, role, password_hash, created_at) values (?, ?, ?, ?)
         returning user_id, name, role, created_at",
    )
    .bind(name)
    .bind(role)
    .bind(password_hash)
    .bind(now())
    .fetch_one(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(user(row))
}

/// Uses up a link that lets a person in again, and gives them the password of that hash, if there is one.
pub async fn come_in(db: &Db, token: &TokenHash, password_hash: Option<&str>) -> Result<UserId> {
    let mut tx = db.begin().await?;
    let id: Option<i64> = sqlx::query_scalar(
        "update invitation set used_at = ?1
         where token_hash = ?2 and used_at is null and expires_at > ?1 and user_id is not null returning user_id",
    )
    .bind(now())
    .bind(&token[..])
    .fetch_optional(&mut *tx)
    .await?;
    let id = id.map(UserId).ok_or(Error::NotFound)?;
    if let Some(hash) = password_hash {
        change_password(&mut tx, id, hash, None).await?;
    }
    tx.commit().await?;
    Ok(id)
}

/// Adds a person who comes by link only: the demo's visitor.
pub async fn add_without_password(db: &Db, name: &str, role: Role) -> Result<UserId> {
    let id = sqlx::query_scalar(
        "insert into user (name, role, created_at) values (?, ?, ?)
         on conflict (name) do update set role = excluded.role returning user_id",
    )
    .bind(name)
    .bind(role.slug())
    .bind(now())
    .fetch_one(db.write())
    .await?;
    Ok(UserId(id))
}
