//! What a server says before login. Libssh2 gives it only to whoever asks for the ways to log in, so that is asked together with the
//! first key: both are on their way before an answer is read, which takes no round trip more.

use ssh2::{BlockDirections, Error, Session};

use crate::session::{Banner, Report};

use super::channel::without_receiving;
use super::login::{Attempt, EAGAIN, Stop};

impl Attempt<'_> {
    /// Sends the question for the ways to log in, as ssh does first of all.
    pub(super) fn ask_ahead(&mut self) {
        // RFC 4252, section 5.1, allows a second question before the answer; OpenSSH is known to answer both.
        let is_openssh = self.session.banner().is_some_and(|banner| banner.contains("OpenSSH"));
        if is_openssh && self.config.shows_banner {
            let user = &self.config.user;
            let asked = without_receiving(|| self.session.auth_methods(user).map(drop));
            self.asked_ahead = asked.is_err_and(|error| error.code() == EAGAIN);
        }
    }

    /// Where a question is on its way, sends a login behind it and reads the answer to the question, which libssh2 would take for the
    /// login's. True where that lets us in. Otherwise `call` is to go on.
    pub(super) fn send_behind(
        &mut self,
        call: &mut dyn FnMut(&mut Session) -> Result<(), Error>,
    ) -> Result<bool, Stop> {
        // What does not fit into the socket has to go out first.
        let is_sent = |session: &Session| matches!(session.block_directions(), BlockDirections::Inbound);
        if !self.asked_ahead || !is_sent(&self.session) {
            return self.settle();
        }
        loop {
            let sent = without_receiving(|| call(&mut self.session));
            match sent {
                Err(error) if error.code() == EAGAIN && !is_sent(&self.session) => self.wait()?,
                Err(error) if error.code() != EAGAIN => {
                    // It was not sent.
                    return if self.settle()? {
                        Ok(true)
                    } else {
                        Err(Stop::Failed(error))
                    };
                }
                _ => return self.settle(),
            }
        }
    }

    /// Reads the answer to the question on its way, if there is one. True where the server lets us in without a login.
    pub(super) fn settle(&mut self) -> Result<bool, Stop> {
        Ok(self.asked_ahead && self.takes_methods()?.is_none())
    }

    /// Tells what the server has said, once it has come.
    pub(super) fn tell_banner(&mut self) {
        if self.banner_is_told || !self.config.shows_banner {
            return;
        }
        if let Ok(Some(text)) = self.session.userauth_banner() {
            self.banner_is_told = true;
            let banner = Banner {
                gateway: self.login.gateway(),
                text: text.to_owned(),
            };
            let _ = self.login.reports.send(Report::Banner(self.login.id, banner));
        }
    }
}
