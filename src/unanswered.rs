//! The reasons why a question to the person has no answer.

use std::borrow::Cow;
use std::io;
use std::sync::Arc;

use thiserror::Error;

use crate::interrupt::Signal;
use crate::io_error::plain;

/// The reason why a question has no answer. It is told once, and may be the reason for several servers.
#[derive(Clone, Debug, Error)]
pub enum Unanswered {
    /// A stop request came while the answer was waited for.
    #[error("{0}")]
    Interrupted(Signal),
    /// Nobody can be asked, or no answer was given; in words for a person.
    #[error("{0}")]
    Nobody(Cow<'static, str>),
    /// The terminal cannot be read or written.
    #[error("{}", plain(.0))]
    Terminal(#[source] Arc<io::Error>),
    /// The variable `password` was refused before, and nobody gives another password.
    #[error("the variable `password' was refused ({user}), and nobody gives another: {reason}")]
    Refused {
        /// The use of the password: `sudo on app1`.
        user: String,
        /// The reason why nobody gives another.
        #[source]
        reason: Box<Unanswered>,
    },
}

impl Unanswered {
    /// Returns the reason that nobody can be asked, or that no answer was given.
    pub fn nobody(why: impl Into<Cow<'static, str>>) -> Self {
        Self::Nobody(why.into())
    }

    /// Returns the stop request that has ended the question, if one has.
    pub(crate) fn signal(&self) -> Option<Signal> {
        match self {
            Self::Interrupted(signal) => Some(*signal),
            Self::Refused { reason, .. } => reason.signal(),
            Self::Nobody(_) | Self::Terminal(_) => None,
        }
    }
}

impl From<io::Error> for Unanswered {
    fn from(error: io::Error) -> Self {
        Self::Terminal(Arc::new(error))
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;
    use std::io;

    use super::Unanswered;
    use crate::interrupt::Signal;

    #[test]
    fn the_cause_is_kept_and_a_stop_request_is_found_behind_it() {
        let refused = |reason| Unanswered::Refused {
            user: "sudo on app1".to_owned(),
            reason: Box::new(reason),
        };
        let stopped = refused(Unanswered::Interrupted(Signal::Int));
        assert_eq!(stopped.signal(), Some(Signal::Int));
        let broken = Unanswered::from(io::Error::from_raw_os_error(5));
        assert_eq!(broken.to_string(), "input/output error");
        assert!(
            broken
                .source()
                .is_some_and(|cause| cause.is::<io::Error>() || cause.to_string().contains("os error 5"))
        );
        let refused = refused(Unanswered::nobody("no terminal"));
        assert_eq!(
            refused.to_string(),
            "the variable `password' was refused (sudo on app1), and nobody gives another: no terminal"
        );
        assert_eq!(refused.signal(), None);
    }
}
