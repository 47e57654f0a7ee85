//! The app on another port, byte for byte, so that a 402 can be seen.
//!
//! What a browser is answered never reaches Credyt. So the user opens the app through here: connections are passed on
//! unchanged in both directions (streams, uploads and web sockets too), and only the first bytes of each answer and of the
//! request before it are looked at. Works for `http`; an app behind TLS is opened directly.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use reqwest::Url;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};

/// The beginning of the answer that is looked for, and where in it the minor version stands, which may differ.
const REFUSED: &[u8] = b"HTTP/1.1 402 ";
const MINOR: usize = 7;
const BUFFER: usize = 16 * 1024;
/// How much of a request is kept for its method and path.
const LINE: usize = 512;

/// Why the app cannot be opened through here.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    /// Not an address of an app on this machine or network.
    #[error("`{0}` is not an http address such as http://localhost:3000")]
    Address(String),
    /// Nothing answers there.
    #[error("nothing answers at {0}")]
    Nobody(String),
    /// No port can be had.
    #[error("cannot listen on 127.0.0.1:{port}: {source}")]
    Listen {
        /// The port that was asked for.
        port: u16,
        /// What the system said.
        source: std::io::Error,
    },
}

/// An answer of 402 that went by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// When.
    pub at: Timestamp,
    /// Method and path of the request.
    pub request: String,
}

/// A running proxy; dropping it closes its port and its connections.
#[derive(Debug)]
pub struct Proxy {
    addr: SocketAddr,
    host: String,
    serving: JoinHandle<()>,
    refusals: mpsc::UnboundedReceiver<Refusal>,
}

impl Proxy {
    /// Serves the app at `target` on a port of this machine; 0 takes a free one.
    pub async fn start(target: &Url, port: u16) -> Result<Self, ProxyError> {
        let address = || ProxyError::Address(target.to_string());
        let host = target.host_str().filter(|_| target.scheme() == "http").ok_or_else(address)?.to_owned();
        let upstream =
            (host.trim_matches(['[', ']']).to_owned(), target.port_or_known_default().unwrap_or(80));
        if TcpStream::connect((upstream.0.as_str(), upstream.1)).await.is_err() {
            return Err(ProxyError::Nobody(target.to_string()));
        }
        let failed = |source| ProxyError::Listen { port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(failed)?;
        let addr = listener.local_addr().map_err(failed)?;
        // Where `localhost` is ::1 first, another program there would be opened instead.
        let second = match TcpListener::bind((Ipv6Addr::LOCALHOST, addr.port())).await {
            Err(source) if source.kind() == std::io::ErrorKind::AddrInUse => return Err(failed(source)),
            other => other.ok(),
        };
        let (sender, refusals) = mpsc::unbounded_channel();
        let serving = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let accepted = tokio::select! {
                    accepted = listener.accept() => accepted,
                    accepted = accept(second.as_ref()) => accepted,
                };
                let Ok((browser, _)) = accepted else { continue };
                while connections.try_join_next().is_some() {}
                let (upstream, sender) = (upstream.clone(), sender.clone());
                connections.spawn(async move {
                    if let Ok(app) = TcpStream::connect((upstream.0.as_str(), upstream.1)).await {
                        pass(browser, app, sender).await;
                    }
                });
            }
        });
        // The name stays, because cookies and checks of the origin go by it.
        let host = if host == "localhost" { host } else { "127.0.0.1".to_owned() };
        Ok(Self { addr, host, serving, refusals })
    }

    /// Where to open the app.
    pub fn url(&self) -> String {
        format!("http://{}:{}", self.host, self.addr.port())
    }

    /// The next 402; `None` when the proxy has ended.
    pub async fn refusal(&mut self) -> Option<Refusal> {
        self.refusals.recv().await
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// The next connection; never, where there is no such address.
async fn accept(listener: Option<&TcpListener>) -> std::io::Result<(TcpStream, SocketAddr)> {
    match listener {
        Some(listener) => listener.accept().await,
        None => std::future::pending().await,
    }
}

/// The beginning of a request that was not answered yet.
type Asked = Arc<Mutex<Option<Vec<u8>>>>;

/// Passes everything on until the app has closed its side.
async fn pass(browser: TcpStream, app: TcpStream, refusals: mpsc::UnboundedSender<Refusal>) {
    drop((browser.set_nodelay(true), app.set_nodelay(true)));
    let (from_browser, to_browser) = browser.into_split();
    let (from_app, to_app) = app.into_split();
    let asked = Asked::default();
    let upload = tokio::spawn(pass_requests(from_browser, to_app, Arc::clone(&asked)));
    pass_answers(from_app, to_browser, asked, refusals).await;
    upload.abort();
}

async fn pass_requests(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, asked: Asked) {
    let mut buffer = vec![0; BUFFER];
    while let Some(bytes) = read(&mut from, &mut buffer).await {
        {
            let mut asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
            let line = asked.get_or_insert_default();
            line.extend(bytes.iter().take(LINE.saturating_sub(line.len())));
        }
        if to.write_all(bytes).await.is_err() {
            return;
        }
    }
    drop(to.shutdown().await);
}

/// The first bytes that come after a request are the head of its answer.
async fn pass_answers(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    asked: Asked,
    refusals: mpsc::UnboundedSender<Refusal>,
) {
    let mut buffer = vec![0; BUFFER];
    while let Some(bytes) = read(&mut from, &mut buffer).await {
        let request = asked.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(request) = request
            && is_refusal(bytes)
        {
            // An error means that nobody watches any more.
            drop(refusals.send(Refusal { at: Timestamp::now(), request: request_line(&request) }));
        }
        if to.write_all(bytes).await.is_err() {
            return;
        }
    }
    drop(to.shutdown().await);
}

/// The next bytes; `None` at the end, also when the connection broke.
async fn read<'b>(from: &mut OwnedReadHalf, buffer: &'b mut [u8]) -> Option<&'b [u8]> {
    let length = from.read(buffer).await.ok()?;
    buffer.get(..length).filter(|bytes| !bytes.is_empty())
}

fn is_refusal(answer: &[u8]) -> bool {
    answer.len() >= REFUSED.len()
        && answer.iter().zip(REFUSED).enumerate().all(|(at, (given, wanted))| at == MINOR || given == wanted)
}

/// `POST /api/image` of the beginning of a request; the query may hold what is nobody's business.
fn request_line(request: &[u8]) -> String {
    let text = String::from_utf8_lossy(request);
    let mut words = text.lines().next().unwrap_or_default().split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    format!("{method} {}", target.split('?').next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_head_of_an_answer_with_402_is_a_refusal() {
        assert!(is_refusal(b"HTTP/1.1 402 Payment Required\r\n"));
        assert!(is_refusal(b"HTTP/1.0 402 Payment Required\r\n"));
        assert!(!is_refusal(b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 402 "));
        assert!(!is_refusal(b"HTTP/1.1 402"));
        assert_eq!(request_line(b"POST /api/image?token=x HTTP/1.1\r\nHost: a\r\n"), "POST /api/image");
    }
}
