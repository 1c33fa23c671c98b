//! Coming down in order: a signal asks, tasks drain, a task that fails or
//! panics brings the daemon down instead of leaving it half alive.

use std::future::Future;
use std::time::Duration;

use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

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
    #[error("a task panicked: {0}")]
    Panicked(#[from] JoinError),
    /// It did not end within the time given for draining.
    #[error("{left} tasks did not end within {within:?}")]
    Stuck {
        /// How many.
        left: usize,
        /// The time given.
        within: Duration,
    },
}

/// The tasks of a daemon and the token that asks them to end.
#[derive(Debug, Default)]
pub struct Tasks {
    set: JoinSet<Result<(), TaskError>>,
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
        self.set.spawn(async move { task.await.map_err(|error| TaskError::Failed { name, source: error.into() }) });
    }

    /// Waits until a signal or a failing task asks for the end, then until
    /// all tasks have drained.
    pub async fn run(mut self, drain: Duration) -> Result<(), TaskError> {
        let first = tokio::select! {
            () = signalled() => Ok(()),
            () = self.stop.cancelled() => Ok(()),
            ended = first_failure(&mut self.set) => ended,
        };
        self.stop.cancel();
        let drained = tokio::time::timeout(drain, drain_all(&mut self.set)).await;
        match (first, drained) {
            (Err(error), _) | (Ok(()), Ok(Err(error))) => Err(error),
            (Ok(()), Ok(Ok(()))) => Ok(()),
            (Ok(()), Err(_elapsed)) => Err(TaskError::Stuck { left: self.set.len(), within: drain }),
        }
    }
}

/// The first task that fails; tasks that end well are let go.
async fn first_failure(set: &mut JoinSet<Result<(), TaskError>>) -> Result<(), TaskError> {
    while let Some(ended) = set.join_next().await {
        ended??;
    }
    std::future::pending().await
}

async fn drain_all(set: &mut JoinSet<Result<(), TaskError>>) -> Result<(), TaskError> {
    let mut first = Ok(());
    while let Some(ended) = set.join_next().await {
        let ended = ended.map_err(TaskError::from).and_then(|result| result);
        if first.is_ok() {
            first = ended;
        }
    }
    first
}

#[cfg(unix)]
async fn signalled() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

#[cfg(not(unix))]
async fn signalled() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
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

    #[tokio::test]
    async fn a_panic_is_not_lost() {
        let mut tasks = Tasks::new();
        tasks.spawn("panicking", async {
            assert_eq!(1, 2, "on purpose");
            Ok::<(), std::io::Error>(())
        });
        assert!(matches!(tasks.run(Duration::from_secs(5)).await, Err(TaskError::Panicked(_))));
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_does_not_end_is_told() {
        let mut tasks = Tasks::new();
        tasks.spawn("stuck", std::future::pending::<Result<(), std::io::Error>>());
        tasks.stop().cancel();
        assert!(matches!(tasks.run(Duration::from_secs(5)).await, Err(TaskError::Stuck { left: 1, .. })));
    }
}
