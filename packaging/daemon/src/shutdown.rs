//! Coming down in order: a signal asks, tasks drain, a task that fails or
//! panics brings the daemon down instead of leaving it half alive.

use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::service;

/// Why a task ended although nobody asked.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// It said why.
    #[error("{name}: {source}")]
    Failed {
        /// Which task.
        name: &'static str,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It panicked.
    #[error("{name} panicked, which is a fault of ours: {source}")]
    Panicked {
        /// Which task.
        name: &'static str,
        /// With what.
        source: JoinError,
    },
    /// It did not end within the time given for draining.
    #[error("{} did not end within {within:?}", left.join(", "))]
    Stuck {
        /// Which.
        left: Vec<&'static str>,
        /// The time given.
        within: Duration,
    },
}

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// The tasks of a daemon and the token that asks them to end.
#[derive(Debug, Default)]
pub struct Tasks {
    set: JoinSet<Result<(), Cause>>,
    names: HashMap<Id, &'static str>,
    stop: CancellationToken,
}

impl Tasks {
    /// No task yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The token that asks all to end.
    #[must_use]
    pub fn stop(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Starts a task.
    pub fn spawn<E>(&mut self, name: &'static str, task: impl Future<Output = Result<(), E>> + Send + 'static)
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let started = self.set.spawn(async move { task.await.map_err(Into::into) });
        self.names.insert(started.id(), name);
    }

    /// Waits until a signal or a failing task asks for the end, tells the
    /// service manager, then waits until all tasks have drained.
    pub async fn run(mut self, drain: Duration) -> Result<(), TaskError> {
        let first = tokio::select! {
            signal = signalled() => {
                tracing::info!(signal, "asked to end");
                Ok(())
            }
            () = self.stop.clone().cancelled_owned() => Ok(()),
            error = self.first_failure() => Err(error),
        };
        service::stopping();
        self.stop.cancel();
        let drained = tokio::time::timeout(drain, self.drain_all()).await;
        match (first, drained) {
            (Err(error), Ok(Err(later))) => {
                tracing::warn!(%later, "and another task failed while the daemon came down");
                Err(error)
            }
            (Err(error), Ok(Ok(())) | Err(_)) | (Ok(()), Ok(Err(error))) => Err(error),
            (Ok(()), Ok(Ok(()))) => Ok(()),
            (Ok(()), Err(_elapsed)) => {
                let mut left: Vec<&'static str> = self.names.into_values().collect();
                left.sort_unstable();
                Err(TaskError::Stuck { left, within: drain })
            }
        }
    }

    /// The first task that fails. One that ends well although nobody asked
    /// has done what it was for; that it did is told.
    async fn first_failure(&mut self) -> TaskError {
        loop {
            match self.next_end().await {
                Some((_, Err(error))) => return error,
                Some((name, Ok(()))) if !self.stop.is_cancelled() => tracing::info!(name, "a task has ended"),
                Some((_, Ok(()))) => {}
                None => return std::future::pending().await,
            }
        }
    }

    async fn drain_all(&mut self) -> Result<(), TaskError> {
        let mut first = Ok(());
        while let Some((name, ended)) = self.next_end().await {
            match (&first, ended) {
                (Ok(()), ended) => first = ended,
                (Err(_), Err(error)) => tracing::warn!(name, %error, "another task failed while the daemon came down"),
                (Err(_), Ok(())) => {}
            }
        }
        first
    }

    /// Which task ends next, and how.
    async fn next_end(&mut self) -> Option<(&'static str, Result<(), TaskError>)> {
        let ended = self.set.join_next_with_id().await?;
        let id = ended.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
        let name = self.names.remove(&id).unwrap_or("a task");
        let result = match ended {
            Ok((_, Ok(()))) => Ok(()),
            Ok((_, Err(source))) => Err(TaskError::Failed { name, source }),
            Err(source) => Err(TaskError::Panicked { name, source }),
        };
        Some((name, result))
    }
}

/// Waits for a signal to end; its name.
#[cfg(unix)]
async fn signalled() -> &'static str {
    use tokio::signal::unix::{SignalKind, signal};
    match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        (Ok(mut terminate), Ok(mut interrupt)) => tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        },
        (Err(error), _) | (_, Err(error)) => never_signalled(&error).await,
    }
}

/// Waits for a signal to end; its name.
#[cfg(not(unix))]
async fn signalled() -> &'static str {
    match tokio::signal::ctrl_c().await {
        Ok(()) => "Ctrl-C",
        Err(error) => never_signalled(&error).await,
    }
}

async fn never_signalled(error: &std::io::Error) -> &'static str {
    tracing::warn!(%error, "signals can't be heard; the daemon can only be killed");
    std::future::pending().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_failing_task_asks_the_others_to_end_and_is_named() {
        let mut tasks = Tasks::new();
        let stop = tasks.stop();
        tasks.spawn("waiting", async move {
            stop.cancelled().await;
            Ok::<(), std::io::Error>(())
        });
        tasks.spawn("failing", async { Err(std::io::Error::other("no disk")) });
        let ended = tasks.run(Duration::from_secs(5)).await;
        assert_eq!(ended.map_err(|error| error.to_string()), Err("failing: no disk".to_owned()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_has_done_its_work_brings_nothing_down() {
        let mut tasks = Tasks::new();
        let stop = tasks.stop();
        tasks.spawn("short", async { Ok::<(), std::io::Error>(()) });
        tasks.spawn("long", async move {
            tokio::time::sleep(Duration::from_secs(60)).await;
            stop.cancel();
            Ok::<(), std::io::Error>(())
        });
        let began = tokio::time::Instant::now();
        assert!(tasks.run(Duration::from_secs(5)).await.is_ok());
        assert_eq!(began.elapsed(), Duration::from_secs(60));
    }

    #[tokio::test]
    async fn a_panic_is_not_lost() {
        let mut tasks = Tasks::new();
        tasks.spawn("panicking", async {
            assert_eq!(1, 2, "on purpose");
            Ok::<(), std::io::Error>(())
        });
        let ended = tasks.run(Duration::from_secs(5)).await;
        assert!(matches!(ended, Err(TaskError::Panicked { name: "panicking", .. })), "{ended:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_does_not_end_is_told() {
        let mut tasks = Tasks::new();
        tasks.spawn("stuck", std::future::pending::<Result<(), std::io::Error>>());
        tasks.stop().cancel();
        tasks.spawn("done", async { Ok::<(), std::io::Error>(()) });
        let ended = tasks.run(Duration::from_secs(5)).await.map_err(|error| error.to_string());
        assert_eq!(ended, Err("stuck did not end within 5s".to_owned()));
    }
}
