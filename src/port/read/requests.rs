//! Reads requests of HTTP that go out from this machine: `Net::HTTP`, `Faraday`, `HTTParty`, `RestClient` and `URI.open`.

use ruby_prism::{CallNode, Node};

use super::super::form::{Expr, Line, Statement};
use super::super::note::{Kind, Read};
use super::super::ruby::{Arguments, arguments, behind, constant, id, literal, source, statements};
use super::Reader;
use super::locals::{Local, Type};

/// The methods that send a request, by the names that `Net::HTTP` and the gems have for them.
const METHODS: &[&str] = &["get", "post", "put", "patch", "delete", "head"];

/// Settings of a connection that curl makes itself.
const OF_CURL: &[&str] = &[
    "ssl_version=",
    "ciphers=",
    "min_version=",
    "max_version=",
    "keep_alive_timeout=",
    "set_debug_output",
    "max_retries=",
    "write_timeout=",
    "ssl_timeout=",
    "continue_timeout=",
];

/// Returns what the answers of a class of errors and successes of `Net::HTTP` begin with.
fn code_of(class: &str) -> Option<&'static str> {
    Some(match class.strip_prefix("Net::HTTP")? {
        "Success" => "2",
        "Redirection" => "3",
        "ClientError" => "4",
        "ServerError" | "FatalError" => "5",
        "OK" => "200",
        "Created" => "201",
        "Accepted" => "202",
        "NoContent" => "204",
        "MovedPermanently" => "301",
        "Found" => "302",
        "BadRequest" => "400",
        "Unauthorized" => "401",
        "Forbidden" => "403",
        "NotFound" => "404",
        "InternalServerError" => "500",
        "BadGateway" => "502",
        "ServiceUnavailable" => "503",
        _ => return None,
    })
}

/// Returns the question whether an answer is of a class of `Net::HTTP`; `None` for another class.
pub(super) fn is_answer(value: &Expr, class: &str) -> Option<Expr> {
    code_of(class).map(|code| Expr::call("ruby_answered", vec![value.clone(), Expr::text(code)]))
}

fn member(value: Expr, name: &str) -> Expr {
    Expr::Member(Box::new(value), name.to_owned())
}

fn map(entries: Vec<(&str, Expr)>) -> Expr {
    Expr::Map(
        entries
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect(),
    )
}

impl Reader<'_> {
    /// Reads a function of `Net::HTTP` and of the gems for requests; `None` for other classes.
    pub(super) fn request_of_class(&mut self, class: &str, name: &str, call: &CallNode<'_>) -> Read<Option<Expr>> {
        let given = arguments(call, false);
        let takes_block = matches!((class, name), ("Net::HTTP", "start") | ("Faraday", "new"));
        if call.block().is_some() && !takes_block || given.has_splat {
            return Ok(None);
        }
        let method = class.strip_prefix("Net::HTTP::").map(str::to_uppercase);
        let value = match (class, name, given.values.as_slice()) {
            ("URI" | "Addressable::URI", "encode_www_form", [values]) => {
                Expr::call("ruby_form", vec![self.expression(values)?])
            }
            ("URI", "encode_www_form", []) => Expr::call("ruby_form", vec![self.map(&given.pairs)?]),
            ("URI" | "OpenURI", "open", [url]) => self.opened_url(url)?,
            ("Net::HTTP", "new" | "start", [_, ..]) => return self.connection(call, &given).map(Some),
            ("Faraday", "new", _) => self.connection_of_faraday(call, &given)?,
            ("RestClient::Request", "execute", []) => self.request_of_options(&given)?,
            ("Net::HTTP", "get", _) => member(self.plain_get(&given)?, "body"),
            ("Net::HTTP", "get_response", _) => self.plain_get(&given)?,
            ("Net::HTTP", "post_form", [url, values]) => {
                let form = Expr::call("ruby_form", vec![self.expression(values)?]);
                self.sent_to(url, "post", form, Expr::Map(Vec::new()), Vec::new())?
            }
            ("Net::HTTP", "post_form", [url]) => {
                let form = Expr::call("ruby_form", vec![self.map(&given.pairs)?]);
                self.sent_to(url, "post", form, Expr::Map(Vec::new()), Vec::new())?
            }
            ("Net::HTTP", "post" | "put", [url, text, rest @ ..]) => {
                let (text, headers) = (self.expression(text)?, self.headers(rest.first(), &given)?);
                self.sent_to(url, name, text, headers, Vec::new())?
            }
            (_, "new", [path, rest @ ..])
                if method
                    .as_ref()
                    .is_some_and(|method| METHODS.contains(&method.to_lowercase().as_str())) =>
            {
                let path = self.expression(path)?;
                let headers = self.headers(rest.first(), &given)?;
                Expr::call(
                    "ruby_request",
                    vec![Expr::Text(method.unwrap_or_default()), path, headers],
                )
            }
            ("Faraday" | "HTTParty" | "RestClient", name, [url, ..]) if METHODS.contains(&name) => {
                self.request_of_gem(class, name, url, &given)?
            }
            _ => return Ok(None),
        };
        self.carry("Net::HTTP");
        Ok(Some(value))
    }

    /// Reads `open("https://…").read` as the text that is there.
    pub(super) fn opened_url(&mut self, url: &Node<'_>) -> Read<Expr> {
        let how = vec![("follow", Expr::Bool(true)), ("fails", Expr::Bool(true))];
        let answer = self.sent_to(url, "get", Expr::Unit, Expr::Map(Vec::new()), how)?;
        self.carry("Net::HTTP");
        Ok(member(answer, "body"))
    }

    fn sent_to(
        &mut self,
        url: &Node<'_>,
        method: &str,
        body: Expr,
        headers: Expr,
        how: Vec<(&str, Expr)>,
    ) -> Read<Expr> {
        let url = self.expression(url)?;
        let method = Expr::Text(method.to_uppercase());
        Ok(Expr::call("ruby_http", vec![method, url, body, headers, map(how)]))
    }

    /// Reads the headers of a request: a map among the arguments, or pairs behind them.
    fn headers(&mut self, node: Option<&Node<'_>>, given: &Arguments<'_>) -> Read<Expr> {
        match node {
            Some(node) if node.as_nil_node().is_none() => self.expression(node),
            _ => self.map(&given.pairs),
        }
    }

    /// Reads `Net::HTTP.get(uri)` and `Net::HTTP.get("host", "/path", 80)`.
    fn plain_get(&mut self, given: &Arguments<'_>) -> Read<Expr> {
        let none = || Expr::Map(Vec::new());
        match given.values.as_slice() {
            [url] => self.sent_to(url, "get", Expr::Unit, none(), Vec::new()),
            [host, path, rest @ ..] => {
                let mut of = vec![self.expression(host)?];
                of.push(match rest.first() {
                    Some(port) => self.expression(port)?,
                    None => Expr::number(80),
                });
                of.push(none());
                let path = self.expression(path)?;
                let request = Expr::call("ruby_request", vec![Expr::text("GET"), path, none()]);
                Ok(Expr::call(
                    "ruby_sent",
                    vec![Expr::call("ruby_connection", of), request],
                ))
            }
            [] => self.refuse(Kind::Code, "`Net::HTTP.get` of nothing"),
        }
    }

    /// Reads `Net::HTTP.new(host, port)` and `Net::HTTP.start(host, port, use_ssl: true) { |http| … }`.
    fn connection(&mut self, call: &CallNode<'_>, given: &Arguments<'_>) -> Read<Expr> {
        let mut of = self.expressions(given.values.get(..2).unwrap_or(&given.values))?;
        if of.len() < 2 {
            of.push(Expr::number(80));
        }
        if given.values.len() > 2 {
            return self.refuse(
                Kind::Code,
                "`Net::HTTP` with a proxy: curl takes it from the environment",
            );
        }
        let mut settings = Vec::new();
        for (key, value) in &given.pairs {
            let name = literal(key).unwrap_or_default();
            settings.extend(self.setting(&format!("{name}="), value)?);
        }
        of.push(map(settings));
        let made = Expr::call("ruby_connection", of);
        match call.block() {
            Some(_) => self.started(call, made),
            None => Ok(made),
        }
    }

    /// Returns a setting of a connection with its name here; nothing for those that curl makes itself.
    fn setting<'n>(&mut self, name: &str, value: &Node<'_>) -> Read<Option<(&'n str, Expr)>> {
        Ok(match name {
            "use_ssl=" => Some(("use_ssl", self.expression(value)?)),
            "read_timeout=" => Some(("timeout", self.expression(value)?)),
            "open_timeout=" => Some(("connect_timeout", self.expression(value)?)),
            "verify_mode=" => {
                let is_off = source(value).ends_with("VERIFY_NONE");
                is_off.then_some(("insecure", Expr::Bool(true)))
            }
            name if OF_CURL.contains(&name) => None,
            _ => {
                let reason = format!("`{}` of a connection of `Net::HTTP`", name.trim_end_matches('='));
                return self.refuse(Kind::Code, reason);
            }
        })
    }

    /// Reads a request of the gems Faraday, HTTParty and RestClient.
    fn request_of_gem(&mut self, class: &str, name: &str, url: &Node<'_>, given: &Arguments<'_>) -> Read<Expr> {
        let has_body = matches!(name, "post" | "put" | "patch");
        let mut how = vec![("numbered", Expr::Bool(true))];
        let (mut body, mut headers, mut query) = (Expr::Unit, Expr::Map(Vec::new()), None);
        if class == "HTTParty" {
            how.push(("follow", Expr::Bool(true)));
            how.push(("parsed", Expr::Bool(true)));
            let inner = given.values.get(1).and_then(Node::as_hash_node);
            let mut all = Vec::new();
            if let Some(inner) = &inner {
                super::super::ruby::pairs(inner.elements().iter(), &mut all);
            }
            for (key, value) in given.pairs.iter().chain(&all) {
                match literal(key).unwrap_or_default().as_str() {
                    "body" => body = self.form_of(value)?,
                    "headers" => headers = self.expression(value)?,
                    "query" => query = Some(self.expression(value)?),
                    "timeout" => how.push(("timeout", self.expression(value)?)),
                    "verify" if value.as_false_node().is_some() => how.push(("insecure", Expr::Bool(true))),
                    "format" => {}
                    other => return self.refuse(Kind::Code, format!("`{other}` of a request of `HTTParty`")),
                }
            }
            if given.values.len() > 1 && inner.is_none() {
                return self.refuse(Kind::Code, "options of a request that are computed");
            }
        } else {
            if class == "RestClient" {
                how.extend([("fails", Expr::Bool(true)), ("symbols", Expr::Bool(true))]);
                how.extend((name == "get" || name == "head").then_some(("follow", Expr::Bool(true))));
            }
            let mut rest = given.values.iter().skip(1);
            let second = rest.next();
            match (second, has_body) {
                (Some(second), true) => body = self.form_of(second)?,
                (Some(second), false) if class == "Faraday" => query = Some(self.expression(second)?),
                (Some(second), false) => headers = self.expression(second)?,
                (None, true) => body = Expr::call("ruby_form", vec![self.map(&given.pairs)?]),
                (None, false) if class == "Faraday" => query = Some(self.map(&given.pairs)?),
                (None, false) => headers = self.map(&given.pairs)?,
            }
            if second.is_some() && (has_body || class == "Faraday") {
                headers = self.headers(rest.next(), given)?;
            }
        }
        how.extend(
            query
                .filter(|query| *query != Expr::Map(Vec::new()))
                .map(|query| ("query", query)),
        );
        self.sent_to(url, name, body, headers, how)
    }

    /// Reads `Faraday.new(url: "…") { |f| f.adapter … }`. What its block says about the way of sending is curl's matter.
    fn connection_of_faraday(&mut self, call: &CallNode<'_>, given: &Arguments<'_>) -> Read<Expr> {
        let mut settings = vec![("numbered", Expr::Bool(true))];
        let mut url = given.values.first().map(|url| self.expression(url)).transpose()?;
        for (key, value) in &given.pairs {
            match literal(key).as_deref() {
                Some("url") => url = Some(self.expression(value)?),
                Some("headers") => settings.push(("headers", self.expression(value)?)),
                _ => return self.refuse(Kind::Code, "an option of `Faraday.new`"),
            }
        }
        let nodes = behind(call)
            .map(|behind| statements(behind.body.as_ref()))
            .unwrap_or_default();
        let is_usual = |node: &Node<'_>| {
            let code = source(node);
            let said = code.split_once('.').map_or("", |(_, said)| said);
            [
                "adapter",
                "request :url_encoded",
                "request(:url_encoded)",
                "response :logger",
                "use Faraday::",
            ]
            .iter()
            .any(|usual| said.starts_with(usual))
        };
        let (Some(url), true) = (url, nodes.iter().all(is_usual)) else {
            return self.refuse(Kind::Code, "`Faraday.new` with settings of its own");
        };
        settings.push(("base", url));
        Ok(Expr::call(
            "ruby_connection",
            vec![Expr::Unit, Expr::Unit, map(settings)],
        ))
    }

    /// Reads `RestClient::Request.execute(method: :post, url: "…", payload: …)`.
    fn request_of_options(&mut self, given: &Arguments<'_>) -> Read<Expr> {
        let mut how: Vec<_> = ["numbered", "fails", "symbols"]
            .map(|name| (name, Expr::Bool(true)))
            .to_vec();
        let (mut method, mut url) = (Expr::text("GET"), Expr::Unit);
        let (mut body, mut headers) = (Expr::Unit, Expr::Map(Vec::new()));
        for (key, value) in &given.pairs {
            match literal(key).as_deref() {
                Some("method") => match literal(value) {
                    Some(name) => method = Expr::Text(name.to_uppercase()),
                    None => return self.refuse(Kind::Code, "a request whose method is computed"),
                },
                Some("url") => url = self.expression(value)?,
                Some("payload") => body = self.form_of(value)?,
                Some("headers") => headers = self.expression(value)?,
                Some("timeout" | "read_timeout") => how.push(("timeout", self.expression(value)?)),
                Some("open_timeout") => how.push(("connect_timeout", self.expression(value)?)),
                Some("verify_ssl") if value.as_false_node().is_some() || source(value).ends_with("VERIFY_NONE") => {
                    how.push(("insecure", Expr::Bool(true)));
                }
                other => {
                    let shown = other.unwrap_or("…").to_owned();
                    return self.refuse(Kind::Code, format!("`{shown}` of a request of `RestClient`"));
                }
            }
        }
        Ok(Expr::call("ruby_http", vec![method, url, body, headers, map(how)]))
    }

    /// Reads `http.start { |http| http.request(…) }` of a connection.
    fn started(&mut self, call: &CallNode<'_>, connection: Expr) -> Read<Expr> {
        let Some(behind) = behind(call).filter(|behind| behind.rescue.is_none() && !behind.is_odd) else {
            return self.refuse(Kind::Construct, "`start` of a connection with a block of this kind");
        };
        self.scopes.push(std::collections::BTreeMap::new());
        let local = Local {
            kind: Type::Web,
            ..Local::default()
        };
        let name = behind.parameters.first().map(|name| self.declare(name, local));
        let body = self.all_statements(&statements(behind.body.as_ref()), behind.end, true);
        self.scopes.pop();
        let mut body = body?;
        if let Some(name) = name {
            body.lines.insert(0, Line::new(Statement::Let(name, connection)));
        }
        Ok(Expr::Block(body))
    }

    /// Reads the body of a request: a map is sent as a form.
    fn form_of(&mut self, node: &Node<'_>) -> Read<Expr> {
        let value = self.expression(node)?;
        Ok(match self.kind_of(&value) {
            Type::Text => value,
            _ => Expr::call("ruby_form", vec![value]),
        })
    }

    /// Returns the URL, connection, request or answer that a method is called on; `None` for another receiver.
    fn of_web(&mut self, receiver: &Node<'_>) -> Read<Option<Expr>> {
        if let Some(local) = receiver.as_local_variable_read_node() {
            let is_it = self
                .local(&id(&local.name()))
                .is_some_and(|local| local.kind == Type::Web);
            return match is_it {
                true => self.expression(receiver).map(Some),
                false => Ok(None),
            };
        }
        let Some(call) = receiver.as_call_node() else {
            return Ok(None);
        };
        let class = call.receiver().as_ref().and_then(constant).unwrap_or_default();
        let is_url = call.receiver().is_none() && id(&call.name()) == "URI";
        let is_of_class = class.starts_with("Net::HTTP")
            || matches!(
                class.as_str(),
                "URI" | "Addressable::URI" | "Faraday" | "HTTParty" | "RestClient"
            );
        let inner = call.receiver().filter(|_| class.is_empty());
        let is_of_other = || Ok(inner.map(|inner| self.of_web(&inner)).transpose()?.flatten().is_some());
        if !is_url && !is_of_class && !is_of_other()? {
            return Ok(None);
        }
        let value = self.expression(receiver)?;
        Ok(Some(value).filter(|value| self.kind_of(value) == Type::Web))
    }

    /// Reads a method of a URL, a connection, a request or an answer as a value; `None` for other receivers.
    pub(super) fn web_method(&mut self, name: &str, call: &CallNode<'_>, receiver: &Node<'_>) -> Read<Option<Expr>> {
        if name == "read" && call.arguments().is_none() {
            // This is `open("https://…").read`.
            let opened = receiver
                .as_call_node()
                .filter(|open| id(&open.name()) == "open" && open.block().is_none());
            let url = opened.filter(|open| open.receiver().is_none());
            let url = url.and_then(|open| arguments(&open, false).values.into_iter().next());
            if let Some(url) = url.filter(|url| source(url).trim_start_matches(['"', '\'']).starts_with("http")) {
                return self.opened_url(&url).map(Some);
            }
            // `URI.open` is its text already.
            if source(receiver).starts_with("URI.open(") {
                return self.expression(receiver).map(Some);
            }
        }
        let Some(value) = self.of_web(receiver)? else {
            return Ok(None);
        };
        if name == "start" && call.block().is_some() {
            return self.started(call, value).map(Some);
        }
        let given = arguments(call, false);
        if call.block().is_some() || given.has_splat {
            return self.refuse(
                Kind::Construct,
                format!("`{name}` of a connection or a request with a block"),
            );
        }
        Ok(Some(match (name, given.values.as_slice()) {
            ("to_s" | "to_str", []) => Expr::call("ruby_url", vec![value]),
            ("request_uri", []) => Expr::call("ruby_request_uri", vec![value]),
            ("read_body", []) => member(value, "body"),
            ("hostname", []) => member(value, "host"),
            ("msg", []) => member(value, "message"),
            ("parsed_response", []) => Expr::call("parse_json", vec![member(value, "body")]),
            ("success?" | "ok?", []) => Expr::call("ruby_answered", vec![value, Expr::text("2")]),
            ("nil?", []) => value.binary("==", Expr::Unit),
            ("open", []) => value,
            ("read", []) => {
                let how = map(vec![("follow", Expr::Bool(true)), ("fails", Expr::Bool(true))]);
                let get = vec![Expr::text("GET"), value, Expr::Unit, Expr::Map(Vec::new()), how];
                member(Expr::call("ruby_http", get), "body")
            }
            ("[]" | "fetch", [key]) => Expr::call("ruby_header", vec![value, self.expression(key)?]),
            ("is_a?" | "kind_of?" | "instance_of?", [class]) => match self.is_of_class(value, class) {
                Some(asked) => asked,
                None => return Ok(None),
            },
            ("request", [request]) => Expr::call("ruby_sent", vec![value, self.expression(request)?]),
            (method, [path, rest @ ..]) if METHODS.contains(&method.trim_start_matches("request_")) => {
                let method = method.trim_start_matches("request_");
                let (text, rest) = match (matches!(method, "post" | "put" | "patch"), rest) {
                    (true, [text, rest @ ..]) => (self.expression(text)?, rest),
                    (_, rest) => (Expr::Unit, rest),
                };
                let headers = self.headers(rest.first(), &given)?;
                let of = vec![Expr::Text(method.to_uppercase()), self.expression(path)?, headers, text];
                Expr::call("ruby_sent", vec![value, Expr::call("ruby_request", of)])
            }
            (name, []) if !given.pairs.is_empty() => {
                return self.refuse(Kind::Code, format!("`{name}` of a connection or a request"));
            }
            (name, [])
                if matches!(
                    name,
                    "body"
                        | "code"
                        | "fragment"
                        | "headers"
                        | "host"
                        | "message"
                        | "method"
                        | "password"
                        | "path"
                        | "port"
                        | "query"
                        | "scheme"
                        | "status"
                        | "user"
                ) =>
            {
                member(value, name)
            }
            (name, _) => return self.refuse(Kind::Code, format!("`{name}` of a connection or a request")),
        }))
    }

    /// Reads what changes a URL, a connection or a request; `None` for other statements.
    pub(super) fn web_statement(&mut self, call: &CallNode<'_>, receiver: &Node<'_>) -> Read<Option<Vec<Line>>> {
        if receiver.as_local_variable_read_node().is_none() {
            return Ok(None);
        }
        let Some(value) = self.of_web(receiver)? else {
            return Ok(None);
        };
        let (name, given) = (id(&call.name()), arguments(call, false));
        let set = |place: Expr, value: Expr| Ok(Some(vec![Line::new(Statement::Assign(place, "=", value))]));
        let header = |key: Expr| Expr::Index(Box::new(member(value.clone(), "headers")), Box::new(key));
        match (name.as_str(), given.values.as_slice()) {
            ("[]=" | "add_field", [key, text]) => {
                let key = self.expression(key)?;
                set(header(key), self.expression(text)?)
            }
            ("content_type=" | "set_content_type", [text]) => {
                set(header(Expr::text("Content-Type")), self.expression(text)?)
            }
            ("set_form_data" | "form_data=", values) => {
                let values = match values.first() {
                    Some(values) => self.expression(values)?,
                    None => self.map(&given.pairs)?,
                };
                set(member(value.clone(), "body"), Expr::call("ruby_form", vec![values]))
            }
            ("basic_auth", [user, password]) => {
                let parts = Expr::List(vec![self.expression(user)?, self.expression(password)?]);
                let word = Expr::call("join", vec![parts, Expr::text(":")]);
                set(member(value.clone(), "auth"), word)
            }
            ("body=" | "query=" | "path=" | "host=" | "port=" | "scheme=" | "user=" | "password=", [text]) => {
                let text = self.expression(text)?;
                set(member(value.clone(), name.trim_end_matches('=')), text)
            }
            ("start" | "finish", []) if call.block().is_none() => Ok(Some(Vec::new())),
            (setting, [text]) if setting.ends_with('=') || setting == "set_debug_output" => {
                match self.setting(setting, text)? {
                    Some((name, text)) => set(member(value.clone(), name), text),
                    None => Ok(Some(Vec::new())),
                }
            }
            _ => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::construct_tests::{THREE, carried};
    use super::super::super::tests::recipe;

    #[test]
    fn requests_are_sent_by_curl() {
        carried(
            "task :t do\n  uri = URI('https://a/b')\n  http = Net::HTTP.new(uri.host, uri.port)\n  http.use_ssl = true\n  r = http.post(uri.path, 'x', 'A' => 'b')\n  puts r.code, r['C'] if r.is_a?(Net::HTTPOK)\nend\n",
            &[
                "let http = ruby_connection(uri.host, uri.port, #{});\n  http.use_ssl = true;",
                "ruby_sent(http, ruby_request(\"POST\", uri.path, #{ A: \"b\" }, \"x\"))",
                "if ruby_answered(r, \"200\") {",
                "puts ruby_header(r, \"C\") ?? \"\";",
                "run_locally(\"curl --config -\", :data =>",
            ],
        );
    }

    #[test]
    fn requests_that_curl_would_send_otherwise_stay_notes() {
        for code in [
            "Net::HTTP.new('a', 80, 'proxy', 8080).get('/')",
            "h = Net::HTTP.new('a', 80)\n  h.cert = 'x'",
            "HTTParty.post('http://a', :multipart => true)",
            "Net::HTTP.start('a', 80) { |h| h.get('/') { |part| print part } }",
        ] {
            let (text, notes) = recipe(&format!("{THREE}task :t do\n  {code}\nend\n"));
            assert_eq!(notes.len(), 1, "{text}");
        }
    }
}
