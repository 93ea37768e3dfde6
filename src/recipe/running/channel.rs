//! The first parameter of an output block: the command on one server, to which the block can send strings.

use std::cell::RefCell;
use std::rc::Rc;

use rhai::Engine;

use super::interpreter::Interpreter;
use crate::actor::RunningAction;
use crate::configuration::Server;
use crate::recipe::language::origin::{Fallible, wrong};

/// One server's command while its output block runs.
#[derive(Clone)]
pub(in crate::recipe) struct BlockChannel {
    running: Rc<RefCell<Option<RunningAction>>>,
    index: usize,
    server: Server,
    /// True if an earlier run has run the command.
    is_replayed: bool,
}

impl BlockChannel {
    pub(in crate::recipe) fn new(running: Rc<RefCell<Option<RunningAction>>>, index: usize, server: Server) -> Self {
        Self {
            running,
            index,
            server,
            is_replayed: false,
        }
    }

    /// Returns the channel of a command that an earlier run has run: strings that are sent to it are dropped.
    pub(in crate::recipe) fn replayed(index: usize, server: Server) -> Self {
        Self {
            running: Rc::default(),
            index,
            server,
            is_replayed: true,
        }
    }

    fn property(&self, name: &str) -> Fallible {
        match name {
            "host" => Ok(self.server.host.clone().into()),
            "server" => Ok(self.server.to_string().into()),
            _ => Err(wrong(
                format!("a channel has no `{name}', only host and server"),
                rhai::Position::NONE,
            )),
        }
    }
}

/// Registers channels for scripts: `channel.send_data(text)`, `channel.close()`, `channel.host`, `channel["host"]`.
pub(in crate::recipe) fn register(engine: &mut Engine, interpreter: &Rc<Interpreter>) {
    engine.register_type_with_name::<BlockChannel>("Channel");
    engine.register_get("host", |channel: &mut BlockChannel| channel.property("host"));
    engine.register_get("server", |channel: &mut BlockChannel| channel.property("server"));
    engine.register_indexer_get(|channel: &mut BlockChannel, name: &str| channel.property(name));
    let (interpreter, ending) = (interpreter.clone(), interpreter.clone());
    engine.register_fn(
        "send_data",
        move |channel: &mut BlockChannel, text: &str| -> Fallible<()> {
            match &*channel.running.borrow() {
                Some(running) => {
                    interpreter
                        .actor()
                        .with(|actor| actor.write(running, channel.index, text));
                    Ok(())
                }
                // The command was given the string in the earlier run.
                None if channel.is_replayed => Ok(()),
                None => Err(wrong("the command of this channel has ended", rhai::Position::NONE)),
            }
        },
    );
    engine.register_fn("close", move |channel: &mut BlockChannel| {
        if let Some(running) = channel.running.borrow_mut().as_mut() {
            ending.actor().with(|actor| actor.close(running, channel.index));
        }
    });
    engine.register_fn("to_string", |channel: &mut BlockChannel| channel.server.to_string());
}
