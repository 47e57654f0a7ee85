//! Being told to stop: Ctrl-C, or a request to terminate.

use crate::run::RunError;

/// Ends with the first signal that asks the process to stop; listens from the moment it is made.
#[cfg(unix)]
pub(super) fn stop_signal() -> Result<impl Future<Output = ()>, RunError> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| {
        signal(kind)
            .map_err(|source| RunError::Program { what: "cannot listen for signals".to_owned(), source })
    };
    let (mut interrupt, mut terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(windows)]
pub(super) fn stop_signal() -> Result<impl Future<Output = ()>, RunError> {
    let mut interrupt = tokio::signal::windows::ctrl_c()
        .map_err(|source| RunError::Program { what: "cannot listen for signals".to_owned(), source })?;
    Ok(async move {
        interrupt.recv().await;
    })
}
