//! The second half of `demo`: install, start, say what to open and to do, and follow along until it is stopped.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};
use std::path::Path;
use std::time::{Duration, Instant};

use reqwest::Url;
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::CommandResult;
use super::stop::stop_signal;
use super::watch::Watching;
use crate::credyt::Client;
use crate::demo::{App, Child, ChildError, Places, Provider, missing, run_to_end};
use crate::golive::{Proxy, ProxyError, Source, Watch};
use crate::review::{Label, Progress, Screen, Text};
use crate::run::{Exit, RunError};
use crate::sandbox::{Handle, SANDBOX_KEY};

/// How long a development server may take to answer for the first time.
const STARTING: Duration = Duration::from_mins(3);
const PAUSE: Duration = Duration::from_millis(250);

/// An integrated app and what it needs around it.
pub(super) struct Stage<'s> {
    pub(super) app: &'s App,
    /// Where logs go.
    pub(super) home: &'s Path,
    /// Where the app is.
    pub(super) folder: &'s Path,
    pub(super) sandbox: Handle,
    pub(super) provider: Provider,
}

/// The app, up, and the port in front of it.
struct Running {
    child: Child,
    proxy: Proxy,
    places: Places,
}

/// Why the app does not run.
enum Stuck {
    /// A sentence without its full stop, what was printed last, and what to do.
    Because { why: String, tail: Vec<String>, hint: Option<String> },
    /// The user has had enough.
    Stopped,
}

/// Turns true when it is time to stop.
type Stopped = watch::Receiver<bool>;

/// Serves until told to stop; what was started is stopped, in whatever way this ends.
pub(super) async fn serve(screen: &mut Screen, stage: Stage<'_>) -> CommandResult {
    let (told, stopped) = watch::channel(false);
    let signal = stop_signal()?;
    tokio::spawn(async move {
        signal.await;
        told.send_replace(true);
    });
    let ended = match bring_up(screen, &stage, &stopped).await {
        Ok(mut running) => {
            let ended = follow(screen, &stage, &mut running, &stopped).await;
            screen.say("Stopping.");
            running.child.stop().await;
            ended
        }
        Err(Stuck::Stopped) => Ok(()),
        Err(Stuck::Because { why, tail, hint }) => {
            let ended = without_app(screen, &stage, &why, &tail, hint.as_deref());
            wait(&stopped).await;
            screen.say("Stopping.");
            ended
        }
    };
    stage.sandbox.shutdown().await?;
    ended?;
    screen.report(
        Text::new().plain("Stopped. The integrated app stays in ").path(&stage.folder.display().to_string()),
    )?;
    Ok(Exit::Done)
}

async fn wait(stopped: &Stopped) {
    // An error means that nobody is left to say it.
    drop(stopped.clone().wait_for(|stopped| *stopped).await);
}

/// Installs, prepares and starts the app, and waits until it answers.
async fn bring_up(screen: &mut Screen, stage: &Stage<'_>, stopped: &Stopped) -> Result<Running, Stuck> {
    let app = stage.app;
    if let Some(why) = missing(&app.needs) {
        let hint = "install it and run the demo again, or try another app with `--app`".to_owned();
        return Err(Stuck::Because { why, tail: Vec::new(), hint: Some(hint) });
    }
    let shown = free_port(app.port);
    let mut places = Places {
        app: format!("http://localhost:{shown}"),
        port: free_port(0),
        provider: stage.provider.url(),
        sandbox: stage.sandbox.url(),
        secret: format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple()),
        tool: std::env::current_exe().map(|path| path.display().to_string()).unwrap_or_default(),
    };
    let env = settings(app, &places);
    let started = Instant::now();
    run_all(screen, stage, &env, &places.commands(&app.install), true, stopped).await?;
    run_all(screen, stage, &env, &places.commands(&app.prepare), false, stopped).await?;
    screen.say(
        Text::new()
            .with(Label::Success, "✓")
            .plain(&format!(" installed in {} s, in the app's own folder", started.elapsed().as_secs())),
    );
    let log = stage.home.join("app.log");
    let command = places.command(&app.start);
    let mut child = Child::start(&command, stage.folder, &env, &log).map_err(|error| stuck(error, None))?;
    match up(screen, &mut child, &places, &app.ready, stopped).await {
        Ok(()) => {}
        Err(stuck) => {
            child.stop().await;
            return Err(stuck);
        }
    }
    let inner = Url::parse(&format!("http://localhost:{}", places.port));
    let proxy = match inner {
        Ok(inner) => match Proxy::start(&inner, shown).await {
            // Somebody was quicker.
            Err(ProxyError::Listen { .. }) => Proxy::start(&inner, 0).await,
            other => other,
        },
        Err(_) => Err(ProxyError::Address(places.app.clone())),
    };
    match proxy {
        Ok(proxy) => {
            places.app = proxy.url();
            Ok(Running { child, proxy, places })
        }
        Err(error) => {
            child.stop().await;
            Err(Stuck::Because { why: error.to_string(), tail: Vec::new(), hint: None })
        }
    }
}

/// The app's settings: its own, and those that the integration added.
fn settings(app: &App, places: &Places) -> BTreeMap<String, String> {
    let mut env: BTreeMap<String, String> =
        app.env.iter().map(|(name, value)| (name.clone(), places.fill(value))).collect();
    env.insert("CREDYT_API_URL".to_owned(), places.sandbox.clone());
    env.insert("CREDYT_API_KEY".to_owned(), SANDBOX_KEY.to_owned());
    env
}

async fn run_all(
    screen: &mut Screen,
    stage: &Stage<'_>,
    env: &BTreeMap<String, String>,
    commands: &[Vec<String>],
    online: bool,
    stopped: &Stopped,
) -> Result<(), Stuck> {
    for command in commands {
        let shown: Vec<&str> =
            command.iter().map(String::as_str).take_while(|part| !part.starts_with("--")).collect();
        let why =
            if online { "from the package registry, which may take a minute" } else { "in the app's folder" };
        let progress = Progress::start(screen, &format!("`{}` {why}", shown.join(" ")));
        let log = stage.home.join("install.log");
        let outcome = run_to_end(command, stage.folder, env, &log, wait(stopped)).await;
        drop(progress);
        match outcome {
            None => return Err(Stuck::Stopped),
            Some(Ok(())) => {}
            Some(Err(error)) => {
                let hint = online.then(|| "is the package registry reachable from here?".to_owned());
                return Err(stuck(error, hint));
            }
        }
    }
    Ok(())
}

fn stuck(error: ChildError, hint: Option<String>) -> Stuck {
    let why = error.to_string();
    match error {
        ChildError::Failed { tail, log, .. } => {
            let all = format!("all it printed is in {}", log.display());
            Stuck::Because {
                why,
                tail,
                hint: Some(hint.map_or_else(|| all.clone(), |hint| format!("{hint} {all}"))),
            }
        }
        ChildError::Start { .. } => Stuck::Because { why, tail: Vec::new(), hint },
    }
}

/// Waits until the app answers, whatever it answers.
async fn up(
    screen: &mut Screen,
    child: &mut Child,
    places: &Places,
    ready: &str,
    stopped: &Stopped,
) -> Result<(), Stuck> {
    let _progress = Progress::start(screen, "Starting the app");
    let answers = async {
        let http = crate::credyt::http_builder().timeout(STARTING).build().ok();
        let address = format!("http://127.0.0.1:{}{ready}", places.port);
        loop {
            let listening = TcpStream::connect((Ipv4Addr::LOCALHOST, places.port)).await.is_ok();
            if listening
                && let Some(http) = &http
                && http.get(&address).send().await.is_ok()
            {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    tokio::select! {
        () = answers => Ok(()),
        ended = child.ended() => Err(match ended {
            Ok(()) => Stuck::Because { why: "the app ended by itself".to_owned(), tail: Vec::new(), hint: None },
            Err(error) => stuck(error, None),
        }),
        () = tokio::time::sleep(STARTING) => Err(Stuck::Because {
            why: "the app does not answer".to_owned(),
            tail: Vec::new(),
            hint: None,
        }),
        () = wait(stopped) => Err(Stuck::Stopped),
    }
}

/// This port when it is free on both loopback addresses, else another one; 0 means any.
fn free_port(wanted: u16) -> u16 {
    let free = |port| {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()?;
        let port = listener.local_addr().ok()?.port();
        let taken = TcpListener::bind((Ipv6Addr::LOCALHOST, port))
            .is_err_and(|error| error.kind() == std::io::ErrorKind::AddrInUse);
        (!taken).then_some(port)
    };
    free(wanted).or_else(|| free(0)).unwrap_or(wanted)
}

/// Says what there is to open and to do, and follows along.
async fn follow(
    screen: &mut Screen,
    stage: &Stage<'_>,
    running: &mut Running,
    stopped: &Stopped,
) -> Result<(), RunError> {
    let Running { child, proxy, places } = running;
    screen.report("")?;
    screen.report(
        Text::new()
            .with(Label::Success, "✓ ")
            .with(Label::Heading, &stage.app.title)
            .plain(" is running, integrated"),
    )?;
    addresses(screen, stage, Some(&places.app))?;
    screen.report("")?;
    for (number, stop) in stage.app.tour.iter().enumerate() {
        let does = Text::sentence(&places.fill(&stop.does));
        screen.report_indented(
            5,
            Text::new().plain("  ").with(Label::Key, &(number + 1).to_string()).plain("  ").then(does),
        )?;
        if let Some(command) = &stop.run {
            // Never wrapped: it is there to be copied.
            screen.report_lines(&[Text::new().plain("     ").with(Label::Literal, &places.fill(command))])?;
        }
        screen.report_indented(7, Text::new().muted(&format!("     → {}", places.fill(&stop.shows))))?;
    }
    screen.report("")?;
    screen.report("Ctrl-C stops everything. What you show is ticked off here:")?;

    let source = Source::of(Client::new(&places.sandbox, SANDBOX_KEY)?).await?;
    let mut watch = Watch::new(&source.look(&[]).await?, None, true);
    let watching =
        Watching { source: &source, watch: &mut watch, proxy: Some(proxy), stay: true, timeout: None };
    let gone = async {
        tokio::select! {
            () = wait(stopped) => None,
            ended = child.ended() => Some(ended),
        }
    };
    let mut gone = std::pin::pin!(gone);
    let mut ended = None;
    watching.run(screen, async { ended = (&mut gone).await }).await?;
    if let Some(outcome) = ended {
        let (why, tail) = match outcome {
            Ok(()) => ("the app ended by itself".to_owned(), Vec::new()),
            Err(ChildError::Failed { command, status, tail, .. }) => {
                (format!("`{command}` ended with {status}"), tail)
            }
            Err(error) => (error.to_string(), Vec::new()),
        };
        without_app(screen, stage, &why, &tail, None)?;
        wait(stopped).await;
    }
    Ok(())
}

/// What to open, and where the code is.
fn addresses(screen: &mut Screen, stage: &Stage<'_>, app: Option<&str>) -> Result<(), RunError> {
    let sandbox = stage.sandbox.url();
    let folder = stage.folder.display().to_string();
    let rows = [
        ("app", app, ""),
        ("sandbox", Some(sandbox.as_str()), "customers, events, fees and balances as they happen"),
        ("code", Some(folder.as_str()), "`git diff` there shows the integration"),
    ];
    for (name, place, about) in rows {
        let Some(place) = place else { continue };
        screen.report_lines(&[Text::new().plain("  ").plain(name).pad_to(11).path(place)])?;
        if !about.is_empty() {
            screen.report_indented(11, Text::new().pad_to(11).muted(about))?;
        }
    }
    Ok(())
}

/// Why the app does not run, and what there is without it.
fn without_app(
    screen: &mut Screen,
    stage: &Stage<'_>,
    why: &str,
    tail: &[String],
    hint: Option<&str>,
) -> Result<(), RunError> {
    for line in tail {
        screen.say(Text::new().muted(&format!("  {line}")));
    }
    screen.warn(&format!("{} cannot be run: {why}", stage.app.title));
    if let Some(hint) = hint {
        screen.hint(hint);
    }
    screen.report("")?;
    screen.report("What there is all the same:")?;
    addresses(screen, stage, None)?;
    let sandbox = stage.sandbox.url();
    screen.report_indented(
        11,
        Text::new()
            .plain("  ")
            .plain("proof")
            .pad_to(11)
            .then(Text::sentence(&format!("`credyt-integrate verify --url {sandbox}`"))),
    )?;
    screen.report("Ctrl-C stops the sandbox.")?;
    Ok(())
}
