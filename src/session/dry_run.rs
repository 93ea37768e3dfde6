//! The servers of a dry run: every connection is made at once and every command succeeds, but nothing is done anywhere.

use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use crate::exit::Exit;
use crate::session::{Command, Connector, Destination, JobId, JobSignal, Report, Session, SessionId};
use crate::source::Source;

/// Makes sessions that do nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct DryRunConnector;

struct DryRunSession {
    id: SessionId,
    reports: Sender<Report>,
}

impl Connector for DryRunConnector {
    fn connect(&self, id: SessionId, _destination: &Destination, reports: Sender<Report>) -> Box<dyn Session> {
        // Sending fails only when the run is over and nobody listens any more.
        let _ = reports.send(Report::Connected(id, Duration::ZERO));
        Box::new(DryRunSession { id, reports })
    }
}

impl Session for DryRunSession {
    fn start(&self, job: JobId, _command: Command) {
        let _ = self
            .reports
            .send(Report::Finished(self.id, job, Exit::Status(0), Duration::ZERO));
    }

    fn write(&self, _job: JobId, _bytes: Vec<u8>) {}

    fn feed(&self, _job: JobId, _source: Arc<dyn Source>) {}

    fn end_input(&self, _job: JobId) {}

    fn signal(&self, _job: JobId, _signal: JobSignal) {}

    fn abandon(&self) {
        let _ = self.reports.send(Report::Lost(self.id, "abandoned".to_owned()));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::mpsc::channel;

    use super::DryRunConnector;
    use crate::configuration::Server;
    use crate::deadline::InTime;
    use crate::exit::Exit;
    use crate::session::{Command, Connector, Destination, Input, JobId, Report, SessionId, SshOptions};

    #[test]
    fn every_command_ends_well_without_being_run() {
        let (sender, reports) = channel();
        let destination = Destination {
            server: Server::host("no.such.host.invalid"),
            options: SshOptions::default(),
        };
        let session = DryRunConnector.connect(SessionId(0), &destination, sender);
        session.start(
            JobId(1),
            Command {
                line: "exit 1".to_owned(),
                is_plain: false,
                terminal: None,
                input: Input::none(),
                timeout: None,
                sudo: None,
                meant: None,
            },
        );
        assert!(matches!(reports.in_time(), Report::Connected(SessionId(0), _)));
        assert!(matches!(
            reports.in_time(),
            Report::Finished(SessionId(0), JobId(1), Exit::Status(0), _)
        ));
    }
}
