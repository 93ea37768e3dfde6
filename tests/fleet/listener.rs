//! Asks a FastCGI listener for a page, as a web server does.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(2);

/// Returns the page of the listener there, without its header; `None` if nothing listens or answers.
pub fn ask(address: Ipv4Addr, port: u16) -> Option<String> {
    let mut stream = TcpStream::connect_timeout(&SocketAddr::from((address, port)), PATIENCE).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let begin = record(1, &[0, 1, 0, 0, 0, 0, 0, 0]);
    stream
        .write_all(&[begin, record(4, &[]), record(5, &[])].concat())
        .ok()?;
    let mut page = Vec::new();
    loop {
        let mut head = [0; 8];
        stream.read_exact(&mut head).ok()?;
        let [_, kind, _, _, high, low, padding, _] = head;
        let length = usize::from(u16::from_be_bytes([high, low]));
        let mut content = vec![0; length + usize::from(padding)];
        stream.read_exact(&mut content).ok()?;
        match kind {
            6 => page.extend(content.into_iter().take(length)),
            3 => break,
            _ => {}
        }
    }
    let page = String::from_utf8_lossy(&page).into_owned();
    page.split_once("\r\n\r\n").map(|(_, body)| body.trim_end().to_owned())
}

fn record(kind: u8, content: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(content.len()).unwrap_or(0).to_be_bytes();
    [&[1, kind, 0, 1, high, low, 0, 0], content].concat()
}
