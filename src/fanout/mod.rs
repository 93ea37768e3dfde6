//! Many servers: who is connected, a plan in flight, the outcome per server.
//!
//! Bytes go through as they come; lines, prompts and what is told of them is the actor's.

use std::sync::mpsc::Sender;
use std::time::Duration;

use indexmap::IndexMap;

use crate::configuration::Server;
use crate::exit::{Exit, Stream};
use crate::interrupt::{Interrupt, Signal};
use crate::secret::Secret;
use crate::session::{Command, ConnectError, Connector, Destination, NewHostKey, PasswordQuestion};

/// Told while connections are made.
#[derive(Debug)]
pub enum Progress {
    Connected(Server, Duration),
    Failed(Server, ConnectError),
    HostKeyAdded(Server, NewHostKey),
    /// Answered before the callback returns; nothing sent, or `None`, means there is no password. Keeping it is up to whoever
    /// is asked: several servers ask, and a `refused` one is to be forgotten if it is the one that is kept.
    PasswordWanted(Server, PasswordQuestion, Sender<Option<Secret>>),
}

/// Why not all servers are connected.
#[derive(Debug)]
pub enum NotConnected {
    Servers(IndexMap<Server, ConnectError>),
    Interrupted(Signal),
}

/// Something from a plan in flight. `usize`: the position of the server in what was started.
#[derive(Debug)]
pub enum Arrival {
    Output(usize, Stream, Vec<u8>),
    Finished(usize, Exit, Duration),
    Interrupted(Signal),
}

pub struct Fanout;
/// Commands running on several servers.
#[derive(Debug)]
pub struct Flight;

impl Fanout {
    pub fn new(connector: Box<dyn Connector>, interrupt: Interrupt) -> Self {
        todo!()
    }
    /// Connects every server that is not connected yet; at most `limit` at once. Ok when all are; else every reason, in server order; the successes stay connected.
    pub fn connect(
        &mut self,
        destinations: &[Destination],
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(), NotConnected> {
        todo!()
    }
    pub fn is_connected(&self, server: &Server) -> bool {
        todo!()
    }
    /// Starts one command per server, all at once. Every server must be connected (a lost one fails with Exit::Lost).
    pub fn start(&mut self, jobs: Vec<(Server, Command)>) -> Flight {
        todo!()
    }
    /// Waits for the next arrival; None when all have finished (each server's Finished was delivered exactly once).
    pub fn next(&mut self, flight: &mut Flight) -> Option<Arrival> {
        todo!()
    }
    pub fn write(&mut self, flight: &Flight, index: usize, bytes: Vec<u8>) {
        todo!()
    }
    pub fn end_input(&mut self, flight: &Flight, index: usize) {
        todo!()
    }
    /// Ends everything that still runs: INT, after 2 s TERM, after 3 s KILL, after 2 s the connection is dropped.
    /// Returns how each server that was still running ended; output that arrives meanwhile is handed to `output`.
    /// A second stop request in the meantime goes one step further at once.
    pub fn cancel(
        &mut self,
        flight: Flight,
        output: &mut dyn FnMut(usize, Stream, &[u8]),
    ) -> Vec<(usize, Exit, Duration)> {
        todo!()
    }
}
