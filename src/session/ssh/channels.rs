//! The channels of a connection that belong to no command: one that is opened ahead of time, and those that are closing.

use crate::exit::Stream;

use super::channel::{Channel, SessionLink, Trouble};

pub(super) struct Channels {
    link: SessionLink,
    /// The channel of the next command, opened ahead of time.
    spare: Option<Channel>,
    opens_in_advance: bool,
    closing: Vec<Channel>,
    /// The number of open channels beside which the server refused another one.
    full_until: Option<usize>,
    /// True if a channel was closed after the server had last refused one.
    freed: bool,
}

/// The answer to the wish for a channel.
pub(super) enum Opened {
    Channel(Channel),
    /// The server allows no more at this time.
    Full,
    /// The server allows none at all.
    Refused,
}

impl Channels {
    pub(super) fn new(link: SessionLink, opens_in_advance: bool) -> Self {
        Self {
            link,
            spare: None,
            opens_in_advance,
            closing: Vec::new(),
            full_until: None,
            freed: false,
        }
    }

    /// Opens each channel only when it is needed, from now on.
    pub(super) fn open_none_in_advance(&mut self) {
        self.opens_in_advance = false;
    }

    /// Opens the channel of a command, with `beside` others that have one. A command of capr's own is never kept waiting.
    pub(super) fn open(&mut self, beside: usize, is_own: bool) -> Result<Opened, Trouble> {
        // The server allows few channels at a time, and those that are closing count.
        let held = beside + self.closing.len();
        if self.full_until.is_some_and(|full| held >= full) && !is_own {
            return Ok(Opened::Full);
        }
        self.full_until = None;
        loop {
            match self.spare.take().map_or_else(|| self.link.open(), Ok) {
                Ok(channel) => return Ok(Opened::Channel(channel)),
                // The server may have received the end of the last channel just now and not have freed it yet.
                Err(Trouble::Denied(_)) if self.freed => self.freed = false,
                Err(Trouble::Denied(_)) if held > 0 && !is_own => {
                    self.full_until = Some(held);
                    return Ok(Opened::Full);
                }
                Err(Trouble::Denied(_)) => return Ok(Opened::Refused),
                Err(trouble) => return Err(trouble),
            }
        }
    }

    /// Opens the channel of the next command, if there is none yet.
    pub(super) fn open_in_advance(&mut self) -> Result<(), Trouble> {
        if !self.opens_in_advance || self.spare.is_some() {
            return Ok(());
        }
        match self.link.open() {
            Ok(channel) => self.spare = Some(channel),
            // The server allows only so many channels at once.
            Err(Trouble::Denied(_)) => self.opens_in_advance = false,
            Err(trouble) => return Err(trouble),
        }
        Ok(())
    }

    /// Keeps an open channel for the next command.
    pub(super) fn keep(&mut self, channel: Channel) {
        self.spare = Some(channel);
    }

    pub(super) fn close(&mut self, channel: Channel) {
        self.closing.push(channel);
    }

    pub(super) fn closing(&mut self) -> &mut Vec<Channel> {
        &mut self.closing
    }

    /// Frees the channels that have closed. Returns true if some of them have to wait.
    pub(super) fn free(&mut self) -> bool {
        let before = self.closing.len();
        self.closing
            .retain_mut(|channel| channel.free() == Err(Trouble::WouldBlock));
        self.freed |= self.closing.len() < before;
        !self.closing.is_empty()
    }

    /// Reads from the idle channel. This makes libssh2 process the packets that arrive meanwhile.
    pub(super) fn read_spare(&mut self, buffer: &mut [u8]) -> Result<(), Trouble> {
        let Some(spare) = &mut self.spare else {
            return Ok(());
        };
        if spare.read(Stream::Out, buffer)? == 0 {
            self.closing.extend(self.spare.take());
            self.opens_in_advance = false;
        }
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.spare.is_none() && self.closing.is_empty()
    }
}
