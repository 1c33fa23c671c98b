//! Users of the console and their sessions.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::{SqliteLedger, audit, kept};
use crate::error::LedgerError;
use crate::people::{Kept, OpenSession, SessionRow, UserRow};

/// The database's clock.
macro_rules! now {
    () => {
        "CAST(unixepoch('subsec') * 1000 AS INTEGER)"
    };
}

impl SqliteLedger {
    /// Makes a user without a password.
    pub async fn add_user(&self, name: &str, role: &str) -> Result<(), LedgerError> {
        let insert =
            concat!("INSERT INTO users (name, role, created_at) VALUES (?, ?, ", now!(), ") ON CONFLICT DO NOTHING");
        let mut change = self.change().await?;
        let done = sqlx::query(insert).bind(name).bind(role).execute(&mut *change).await?;
        if done.rows_affected() == 0 {
            return Err(LedgerError::Exists(name.to_owned()));
        }
        audit::note(&mut change, self.by.as_deref()).await?;
        Ok(change.commit().await?)
    }

    /// All users, by name.
    pub async fn users(&self) -> Result<Vec<UserRow>, LedgerError> {
        let select = "SELECT name, role, password, disabled FROM users ORDER BY name";
        sqlx::query(select).fetch_all(&self.read).await?.iter().map(user_of).collect()
    }

    /// One user.
    pub async fn user(&self, name: &str) -> Result<Option<UserRow>, LedgerError> {
        let select = "SELECT name, role, password, disabled FROM users WHERE name = ?";
        sqlx::query(select).bind(name).fetch_optional(&self.read).await?.as_ref().map(user_of).transpose()
    }

    /// Gives a user another role; true if it is there.
    pub async fn set_role(&self, name: &str, role: &str) -> Result<bool, LedgerError> {
        let mut change = self.change().await?;
        let done = sqlx::query("UPDATE users SET role = ? WHERE name = ?").bind(role).bind(name);
        if done.execute(&mut *change).await?.rows_affected() == 0 {
            return Ok(false);
        }
        audit::note(&mut change, self.by.as_deref()).await?;
        change.commit().await?;
        Ok(true)
    }

    /// Sets a password by its hash; links and sessions of before end.
    pub async fn set_password(&self, name: &str, password: &str) -> Result<bool, LedgerError> {
        let mut change = self.change().await?;
        let done = sqlx::query("UPDATE users SET password = ? WHERE name = ?").bind(password).bind(name);
        if done.execute(&mut *change).await?.rows_affected() == 0 {
            return Ok(false);
        }
        end_all(&mut change, name).await?;
        audit::note(&mut change, self.by.as_deref()).await?;
        change.commit().await?;
        Ok(true)
    }

    /// Lets a user in no more, or again; links and sessions end.
    pub async fn disable_user(&self, name: &str, disabled: bool) -> Result<bool, LedgerError> {
        let mut change = self.change().await?;
        let done = sqlx::query("UPDATE users SET disabled = ? WHERE name = ?").bind(disabled).bind(name);
        if done.execute(&mut *change).await?.rows_affected() == 0 {
            return Ok(false);
        }
        end_all(&mut change, name).await?;
        audit::note(&mut change, self.by.as_deref()).await?;
        change.commit().await?;
        Ok(true)
    }

    /// Keeps a link by which a user sets the password.
    pub async fn add_link(&self, name: &str, kept: Kept) -> Result<bool, LedgerError> {
        let insert = concat!(
            "INSERT INTO user_links (hash, name, expires_at) SELECT ?, name, ",
            now!(),
            " + ? FROM users WHERE name = ?"
        );
        let mut change = self.change().await?;
        let insert = sqlx::query(insert).bind(kept.hash.as_slice()).bind(kept.lives_ms).bind(name);
        if insert.execute(&mut *change).await?.rows_affected() == 0 {
            return Ok(false);
        }
        audit::note(&mut change, self.by.as_deref()).await?;
        change.commit().await?;
        Ok(true)
    }

    /// Whose link it is, if it is still good.
    pub async fn link(&self, hash: [u8; 32]) -> Result<Option<String>, LedgerError> {
        let select = concat!(
            "SELECT u.name FROM user_links l JOIN users u ON u.name = l.name \
             WHERE l.hash = ? AND NOT u.disabled AND l.expires_at > ",
            now!()
        );
        let row = sqlx::query(select).bind(hash.as_slice()).fetch_optional(&self.read).await?;
        Ok(row.map(|row| row.try_get("name")).transpose()?)
    }

    /// Uses up a link and sets the password by its hash.
    pub async fn use_link(&self, hash: [u8; 32], password: &str) -> Result<Option<String>, LedgerError> {
        let mut change = self.change().await?;
        let take = concat!("DELETE FROM user_links WHERE hash = ? AND expires_at > ", now!(), " RETURNING name");
        let taken = sqlx::query(take).bind(hash.as_slice()).fetch_optional(&mut *change).await?;
        let Some(name) = taken.map(|row| row.try_get::<String, _>("name")).transpose()? else { return Ok(None) };
        let set = "UPDATE users SET password = ? WHERE name = ? AND NOT disabled";
        if sqlx::query(set).bind(password).bind(&name).execute(&mut *change).await?.rows_affected() == 0 {
            return Ok(None);
        }
        end_all(&mut change, &name).await?;
        audit::note(&mut change, self.by.as_deref()).await?;
        change.commit().await?;
        Ok(Some(name))
    }

    /// Begins a session; those that are over are forgotten.
    pub async fn begin_session(&self, name: &str, role: Option<&str>, kept: Kept) -> Result<(), LedgerError> {
        let insert = concat!(
            "INSERT INTO sessions (hash, name, role, created_at, expires_at) VALUES (?1, ?2, ?3, ",
            now!(),
            ", ",
            now!(),
            " + ?4)"
        );
        let mut change = self.change().await?;
        let over = concat!("DELETE FROM sessions WHERE expires_at <= ", now!());
        sqlx::query(over).execute(&mut *change).await?;
        let insert = sqlx::query(insert).bind(kept.hash.as_slice()).bind(name).bind(role).bind(kept.lives_ms);
        insert.execute(&mut *change).await?;
        audit::note(&mut change, self.by.as_deref()).await?;
        Ok(change.commit().await?)
    }

    /// Whose session it is, if it goes on.
    pub async fn session(&self, hash: [u8; 32]) -> Result<Option<SessionRow>, LedgerError> {
        let select = concat!(
            "SELECT s.name, coalesce(s.role, u.role) AS role FROM sessions s LEFT JOIN users u ON u.name = s.name \
             WHERE s.hash = ? AND (s.role IS NOT NULL OR NOT u.disabled) AND s.expires_at > ",
            now!()
        );
        let row = sqlx::query(select).bind(hash.as_slice()).fetch_optional(&self.read).await?;
        row.map(|row| Ok(SessionRow { name: row.try_get("name")?, role: row.try_get("role")? })).transpose()
    }

    /// Ends a session.
    pub async fn end_session(&self, hash: [u8; 32]) -> Result<(), LedgerError> {
        let mut change = self.change().await?;
        sqlx::query("DELETE FROM sessions WHERE hash = ?").bind(hash.as_slice()).execute(&mut *change).await?;
        audit::note(&mut change, self.by.as_deref()).await?;
        Ok(change.commit().await?)
    }

    /// The sessions that go on, newest first.
    pub async fn sessions(&self) -> Result<Vec<OpenSession>, LedgerError> {
        let select = concat!(
            "SELECT s.name, coalesce(s.role, u.role) AS role, s.created_at, s.expires_at \
             FROM sessions s LEFT JOIN users u ON u.name = s.name \
             WHERE (s.role IS NOT NULL OR NOT u.disabled) AND s.expires_at > ",
            now!(),
            " ORDER BY s.created_at DESC, s.name"
        );
        sqlx::query(select).fetch_all(&self.read).await?.iter().map(open_of).collect()
    }

    /// Ends all sessions of a name; how many there were.
    pub async fn end_sessions_of(&self, name: &str) -> Result<u64, LedgerError> {
        let mut change = self.change().await?;
        let end = sqlx::query("DELETE FROM sessions WHERE name = ?").bind(name);
        let ended = end.execute(&mut *change).await?.rows_affected();
        if ended > 0 {
            audit::note(&mut change, self.by.as_deref()).await?;
        }
        change.commit().await?;
        Ok(ended)
    }

    /// What cookies are signed with: this, if there is nothing yet.
    pub async fn console_key(&self, fresh: [u8; 32]) -> Result<[u8; 32], LedgerError> {
        // A copy of the database only reads.
        let select = "SELECT key FROM console_key";
        let row = sqlx::query(select).fetch_optional(&self.read).await?;
        if let Some(row) = row {
            return key_of(&row);
        }
        let mut change = self.change().await?;
        let insert = "INSERT INTO console_key (one, key) VALUES (1, ?) ON CONFLICT DO NOTHING";
        sqlx::query(insert).bind(fresh.as_slice()).execute(&mut *change).await?;
        let row = sqlx::query(select).fetch_one(&mut *change).await?;
        change.commit().await?;
        key_of(&row)
    }
}

fn key_of(row: &SqliteRow) -> Result<[u8; 32], LedgerError> {
    let key: Vec<u8> = row.try_get("key")?;
    key.try_into().map_err(|_other_length| kept("the console's key has 32 bytes"))
}

/// Ends all that a user could come in by.
async fn end_all(change: &mut SqliteConnection, name: &str) -> Result<(), LedgerError> {
    sqlx::query("DELETE FROM user_links WHERE name = ?").bind(name).execute(&mut *change).await?;
    // Sessions with a role are of another directory's user of that name.
    let end = "DELETE FROM sessions WHERE name = ? AND role IS NULL";
    sqlx::query(end).bind(name).execute(&mut *change).await?;
    Ok(())
}

fn open_of(row: &SqliteRow) -> Result<OpenSession, LedgerError> {
    Ok(OpenSession {
        name: row.try_get("name")?,
        role: row.try_get("role")?,
        began_at: row.try_get("created_at")?,
        ends_at: row.try_get("expires_at")?,
    })
}

fn user_of(row: &SqliteRow) -> Result<UserRow, LedgerError> {
    Ok(UserRow {
        name: row.try_get("name")?,
        role: row.try_get("role")?,
        password: row.try_get("password")?,
        disabled: row.try_get("disabled")?,
    })
}
