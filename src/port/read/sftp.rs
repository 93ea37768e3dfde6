//! Reads `execute_on_servers(options) { |servers| sessions[servers.first].sftp.connect { |sftp| sftp.download! … } }` of Capistrano 2, the way
//! to fetch a file before there was `download`.

use ruby_prism::{CallNode, Node};

use super::super::form::{Call, Expr, Line, Statement};
use super::super::note::{Kind, Read};
use super::super::ruby::{arguments, bare, behind, id, source, statements};
use super::Reader;
use super::locals::Local;

impl Reader<'_> {
    /// Reads transfers over the connections of the task's servers; `None` for other calls.
    pub(super) fn over_sessions(&mut self, call: &CallNode<'_>, name: &str) -> Read<Option<Vec<Line>>> {
        let given = arguments(call, false);
        // These are the options of the command line, which select no servers.
        let is_of_task = given.pairs.is_empty()
            && given
                .values
                .iter()
                .all(|value| bare(value).as_deref() == Some("options"));
        let behind = behind(call).filter(|behind| behind.parameters.len() == 1 && !behind.is_odd);
        let Some(behind) = behind.filter(|_| name == "execute_on_servers" && self.facts.version < 3 && is_of_task)
        else {
            return Ok(None);
        };
        let servers = behind.parameters.first().map_or("", String::as_str);
        self.scopes.push(std::collections::BTreeMap::new());
        let servers = self.declare(servers, Local::default());
        let mut lines = vec![Line::new(Statement::Let(
            servers,
            Expr::call("find_servers", Vec::new()),
        ))];
        for node in statements(behind.body.as_ref()) {
            lines.extend(self.over_session(&node)?);
        }
        self.scopes.pop();
        self.carry(name);
        Ok(Some(lines))
    }

    /// Reads `sessions.values.each { |session| session.close }` and `sessions.clear` of Capistrano 2, after which the next command logs in
    /// as the user that is set then; `None` for other calls. A command of capr always does.
    pub(super) fn closes_sessions(&self, call: &CallNode<'_>) -> Option<Vec<Line>> {
        let name = id(&call.name());
        let mut owner = call.receiver();
        while let Some(of) = owner.as_ref().and_then(Node::as_call_node)
            && matches!(id(&of.name()).as_str(), "each" | "keys" | "map" | "values")
        {
            owner = of.receiver();
        }
        let is_of_sessions = match owner {
            Some(owner) => matches!(source(&owner).as_str(), "sessions" | "self.sessions"),
            None => name == "teardown_connections_to",
        };
        let closes = |node: &Node<'_>| {
            let name = node.as_call_node().map(|call| id(&call.name()));
            matches!(name.as_deref(), Some("close" | "close!" | "delete" | "shutdown!"))
        };
        let only_closes = match name.as_str() {
            "clear" | "delete" | "teardown_connections_to" => call.block().is_none(),
            "delete_if" | "each" | "each_key" | "each_pair" | "each_value" | "map" => match behind(call) {
                Some(behind) => statements(behind.body.as_ref()).iter().all(closes),
                None => matches!(
                    source(&call.as_node()).rsplit('&').next(),
                    Some(":close)" | ":close!)" | ":shutdown!)")
                ),
            },
            _ => false,
        };
        let is_own = self.facts.version < 3 && !self.is_known("sessions") && !self.facts.functions.contains_key(&name);
        (is_own && is_of_sessions && only_closes).then(Vec::new)
    }

    /// Reads `sessions[server].sftp.connect do |sftp| … end`.
    fn over_session(&mut self, node: &Node<'_>) -> Read<Vec<Line>> {
        let connect = node.as_call_node();
        let sftp = connect.as_ref().and_then(|call| call.receiver()?.as_call_node());
        let session = sftp.as_ref().and_then(|call| call.receiver()?.as_call_node());
        let is_session = session
            .as_ref()
            .and_then(CallNode::receiver)
            .is_some_and(|of| matches!(source(&of).as_str(), "sessions" | "self.sessions"));
        let named =
            |call: &Option<CallNode<'_>>, name: &str| call.as_ref().is_some_and(|call| id(&call.name()) == name);
        let block = connect.as_ref().and_then(behind);
        let (Some(session), Some(block), true) = (
            &session,
            block,
            is_session && named(&connect, "connect") && named(&sftp, "sftp") && named(&session, "[]"),
        ) else {
            return self.refuse(Kind::Construct, "what `execute_on_servers` does with its servers");
        };
        let given = arguments(session, false).values;
        let [server] = given.as_slice() else {
            return self.refuse(Kind::Construct, "a session of several servers");
        };
        let hosts = Expr::Member(Box::new(self.expression(server)?), "name".to_owned());
        let mut lines = Vec::new();
        for node in statements(block.body.as_ref()) {
            let Some(call) = node.as_call_node() else {
                return self.refuse(Kind::Construct, "a statement of SFTP");
            };
            let (name, given) = (id(&call.name()), arguments(&call, false));
            let is_transfer = call.receiver().map(|of| source(&of)).as_ref() == block.parameters.first();
            let mut values = self.expressions(&given.values)?;
            let verb = match (name.as_str(), values.len()) {
                ("download!", 2) => "download",
                ("upload!", 2) => "upload",
                ("remove!", 1) => {
                    values.insert(0, Expr::text("rm"));
                    values.insert(1, Expr::text("--"));
                    values = vec![Expr::List(values)];
                    "run"
                }
                _ => "",
            };
            if verb.is_empty() || !is_transfer || !given.pairs.is_empty() || call.block().is_some() {
                return self.refuse(Kind::Construct, format!("`{name}` of SFTP"));
            }
            lines.push(Line::verb(Call {
                options: vec![("hosts".to_owned(), hosts.clone())],
                ..Call::new(verb, values)
            }));
        }
        Ok(lines)
    }
}
