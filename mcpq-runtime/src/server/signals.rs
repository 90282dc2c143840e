//! SIGTERM and ctrl-c: the first asks for a clean stop, the second ends the process at once.

use std::{
    io, process,
    sync::{Arc, Mutex, OnceLock, PoisonError, Weak},
    thread,
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;

use super::ServerError;

/// Who wants to know of a signal in this process.
static LISTENERS: Mutex<Listeners> = Mutex::new(Listeners { signals: Vec::new(), heard: false });

struct Listeners {
    signals: Vec<Weak<Heard>>,
    /// Whether the thread that hears signals has been started.
    heard: bool,
}

/// Fires at the first signal that asks this process to stop.
#[derive(Debug)]
pub(super) struct StopSignal(Arc<Heard>);

#[derive(Debug, Default)]
struct Heard {
    token: CancellationToken,
    code: OnceLock<u8>,
}

impl StopSignal {
    /// Takes over the signals, which do what they always did once this is dropped.
    pub(super) fn listen() -> Result<Self, ServerError> {
        Self::register().map_err(ServerError::Signals)
    }

    fn register() -> io::Result<Self> {
        let stop = Self(Arc::default());
        let mut listeners = LISTENERS.lock().unwrap_or_else(PoisonError::into_inner);
        if !listeners.heard {
            // A runtime of its own: signals must be heard while handlers block every other.
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let signals = {
                let _inside = runtime.enter();
                Signals::new()?
            };
            thread::Builder::new().name("mcpq-signals".into()).spawn(move || runtime.block_on(hear(signals)))?;
            listeners.heard = true;
        }
        listeners.signals.push(Arc::downgrade(&stop.0));
        Ok(stop)
    }

    /// Waits for the first signal.
    pub(super) async fn received(&self) {
        self.0.token.cancelled().await;
    }

    /// What a shell reports of a process that the signal has ended, once there has been one.
    #[cfg(feature = "cli")]
    pub(super) fn exit_code(&self) -> Option<u8> {
        self.0.code.get().copied()
    }
}

/// Within this time a second signal is the first one again: programs that start others often pass on what the
/// terminal has sent to all of them.
const ECHO: Duration = Duration::from_millis(300);

async fn hear(mut signals: Signals) {
    let mut echo_until = None;
    loop {
        let code = signals.next().await;
        if echo_until.is_some_and(|until| Instant::now() < until) {
            continue;
        }
        echo_until = Some(Instant::now() + ECHO);
        let mut listeners = LISTENERS.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.signals.retain(|heard| heard.strong_count() > 0);
        let waiting: Vec<_> = listeners.signals.iter().filter_map(Weak::upgrade).collect();
        drop(listeners);
        if waiting.iter().all(|heard| heard.token.is_cancelled()) {
            process::exit(code.into());
        }
        tracing::info!("stopping; a second signal ends the process at once");
        for heard in waiting {
            let _ = heard.code.set(code);
            heard.token.cancel();
        }
    }
}

// 128 and the signal's number, as shells report it.
const INTERRUPTED: u8 = 130;
#[cfg(unix)]
const TERMINATED: u8 = 143;

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// The next signal, as the exit code that stands for it.
    async fn next(&mut self) -> u8 {
        tokio::select! {
            _ = self.interrupt.recv() => INTERRUPTED,
            _ = self.terminate.recv() => TERMINATED,
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> u8 {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        INTERRUPTED
    }
}
