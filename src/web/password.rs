//! Passwords: argon2id, away from the threads that serve pages.

use std::sync::LazyLock;

use argon2::Argon2;
use argon2::password_hash::rand_core::OsRng;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use tokio::sync::Semaphore;

use super::WebError;
use super::error::Result;

/// Each takes 19 MiB and a core for some 20 ms: a crowd at the door waits here rather than fill the memory.
static AT_ONCE: Semaphore = Semaphore::const_new(2);
/// Those at work and those who wait for them, under a second; who comes later is asked to come again.
static ROOM: Semaphore = Semaphore::const_new(64);
/// Compared with where there is no such person, so that the answer takes as long.
static NOBODY: LazyLock<Option<String>> = LazyLock::new(|| make("nobody's password"));

const SHORTEST: usize = 8;
const LONGEST: usize = 200;

/// Says what a password lacks.
pub(super) fn check(password: &str) -> Result<(), &'static str> {
    match password.chars().count() {
        0..SHORTEST => Err("Use at least 8 characters."),
        SHORTEST..=LONGEST => Ok(()),
        _ => Err("Use at most 200 characters."),
    }
}

/// The argon2id hash in PHC form.
pub(super) async fn hash(password: String) -> Result<String> {
    let _place = ROOM.try_acquire().map_err(|_| WebError::TooMany(2))?;
    let _turn = AT_ONCE.acquire().await;
    let hashed = tokio::task::spawn_blocking(move || make(&password)).await?;
    hashed.ok_or_else(|| WebError::Internal(anyhow::anyhow!("argon2 refused to hash")))
}

/// Whether it is the password of that hash. Takes as long where there is none.
pub(super) async fn matches(password: String, hash: Option<String>) -> Result<bool> {
    let _place = ROOM.try_acquire().map_err(|_| WebError::TooMany(2))?;
    let _turn = AT_ONCE.acquire().await;
    let known = hash.is_some();
    let verify = move || {
        let hash = hash.or_else(|| NOBODY.clone())?;
        let parsed = PasswordHash::new(&hash).ok()?;
        Argon2::default().verify_password(password.as_bytes(), &parsed).ok()
    };
    Ok(tokio::task::spawn_blocking(verify).await?.is_some() && known)
}

fn make(password: &str) -> Option<String> {
    let salt = SaltString::generate(&mut OsRng);
    Argon2::default().hash_password(password.as_bytes(), &salt).ok().map(|hash| hash.to_string())
}
