//! Reads parts of the time that a local holds, and random words.

use ruby_prism::{CallNode, Node};

use super::super::form::Expr;
use super::super::note::{Kind, Read};
use super::super::ruby::{behind, id, source};
use super::Reader;

/// Returns the present time or day as a text, as Ruby writes one of this class.
pub(super) fn as_text(class: &str) -> Expr {
    let format = match class {
        "Date" => "%Y-%m-%d",
        "DateTime" => "%Y-%m-%dT%H:%M:%S%:z",
        _ => "%Y-%m-%d %H:%M:%S %z",
    };
    Expr::call("now", vec![Expr::text(format)])
}

/// Returns a moment as Ruby writes a time of this machine's zone.
pub(super) fn local_time(seconds: Expr) -> Expr {
    Expr::call("ruby_time", vec![seconds, Expr::text("%Y-%m-%d %H:%M:%S %z")])
}

impl Reader<'_> {
    /// Notes that a local holds the time, by the function that tells it: `now` or `utc_now`.
    pub(super) fn keep_time(&mut self, name: &str, value: &Expr) {
        self.times.remove(name);
        if let Expr::Call(call) = value
            && matches!(call.name.as_str(), "now" | "utc_now" | "ruby_time")
        {
            self.times.insert(name.to_owned(), call.name.clone());
        }
    }

    /// Reads `now.year` and `now.strftime("%H:%M")` of a local that holds the time; `None` for anything else.
    pub(super) fn of_time(&mut self, name: &str, receiver: &Node<'_>, given: &[Node<'_>]) -> Read<Option<Expr>> {
        let Some(function) = self.clock(receiver) else {
            return self.computed_time(name, receiver, given);
        };
        let written = |reader: &mut Self, format: Expr| {
            let mut values = vec![format];
            if let ("ruby_time", Some(seconds)) = (function.as_str(), reader.seconds(receiver)?) {
                values.insert(0, seconds);
            }
            Ok(Expr::call(&function, values))
        };
        let format = match (name, given) {
            ("utc" | "getutc" | "gmtime" | "getgm" | "localtime" | "getlocal" | "to_time" | "to_f" | "to_i", [])
                if function == "ruby_time" =>
            {
                return self.computed_time(name, receiver, given);
            }
            ("utc" | "getutc" | "gmtime" | "getgm", []) => {
                return Ok(Some(Expr::call("utc_now", vec![Expr::text("%Y-%m-%d %H:%M:%S UTC")])));
            }
            ("localtime" | "getlocal" | "to_time", []) => {
                return Ok(Some(Expr::call("now", vec![Expr::text("%Y-%m-%d %H:%M:%S %z")])));
            }
            ("to_f", []) => return Ok(Some(Expr::call("unix_time", Vec::new()))),
            ("iso8601" | "xmlschema", []) if source(receiver) == "Date.today" => "%Y-%m-%d",
            ("iso8601" | "xmlschema", []) if function == "utc_now" => "%Y-%m-%dT%H:%M:%SZ",
            ("iso8601" | "xmlschema", []) => "%Y-%m-%dT%H:%M:%S%:z",
            ("wday", []) => "%w",
            ("yday", []) => "%-j",
            ("strftime", [format]) => {
                let format = self.expression(format)?;
                return written(self, format).map(Some);
            }
            ("year", []) => "%Y",
            ("month" | "mon", []) => "%-m",
            ("day" | "mday", []) => "%-d",
            ("hour", []) => "%-H",
            ("min", []) => "%-M",
            ("sec", []) => "%-S",
            ("to_i", []) => return Ok(Some(Expr::call("unix_time", Vec::new()))),
            _ => return Ok(None),
        };
        let text = written(self, Expr::text(format))?;
        Ok(Some(match name {
            "iso8601" | "xmlschema" => text,
            // Ruby gives a number.
            _ => Expr::call("to_i", vec![text]),
        }))
    }

    /// Returns the function that tells a time, by the code for the present one or by the local that holds one; `None` for anything else.
    fn clock(&self, node: &Node<'_>) -> Option<String> {
        if let Some(local) = node.as_local_variable_read_node() {
            return self.times.get(&id(&local.name())).cloned();
        }
        let call = node.as_call_node()?;
        let inner = call.receiver()?;
        match id(&call.name()).as_str() {
            "now" | "new" | "today" => matches!(source(&inner).as_str(), "Time" | "DateTime" | "Date" | "Time.zone")
                .then(|| "now".to_owned())
                .filter(|_| call.arguments().is_none()),
            "localtime" | "getlocal" | "to_time" | "to_datetime" => self.clock(&inner).map(|_| "now".to_owned()),
            "utc" | "getutc" | "gmtime" | "getgm" => self.clock(&inner).map(|_| "utc_now".to_owned()),
            _ => None,
        }
    }

    /// Reads `(Time.now - 86400).strftime("%F")` and `Time.at(seconds).strftime("%F")`; `None` for anything else.
    fn computed_time(&mut self, name: &str, receiver: &Node<'_>, given: &[Node<'_>]) -> Read<Option<Expr>> {
        let Some(seconds) = self.seconds(receiver)? else {
            return Ok(None);
        };
        Ok(Some(match (name, given) {
            ("strftime", [format]) => Expr::call("ruby_time", vec![seconds, self.expression(format)?]),
            ("utc" | "getutc" | "gmtime" | "getgm", []) => {
                Expr::call("format_time", vec![seconds, Expr::text("%Y-%m-%d %H:%M:%S UTC")])
            }
            ("localtime" | "getlocal" | "to_time" | "to_s", []) => local_time(seconds),
            ("to_i" | "to_f" | "tv_sec", []) => seconds,
            ("year", []) => Expr::call("to_i", vec![Expr::call("ruby_time", vec![seconds, Expr::text("%Y")])]),
            _ => return Ok(None),
        }))
    }

    /// Returns the seconds of a time: `Time.now`, or a local that holds the time; `None` for anything else.
    pub(super) fn seconds(&mut self, node: &Node<'_>) -> Read<Option<Expr>> {
        let inner = super::conditions::inside(node);
        let node = inner.as_ref().unwrap_or(node);
        if matches!(
            source(node).as_str(),
            "Time.now" | "Time.now.utc" | "Time.now.to_f" | "Time.now.to_i" | "Time.new" | "DateTime.now"
        ) {
            return Ok(Some(Expr::call("unix_time", Vec::new())));
        }
        if let Some(call) = node.as_call_node()
            && let Some(owner) = call.receiver()
        {
            let given = super::super::ruby::arguments(&call, false).values;
            return self.seconds_of_call(&id(&call.name()), &owner, &given);
        }
        let local = node.as_local_variable_read_node().map(|local| id(&local.name()));
        if !local.is_some_and(|local| self.times.contains_key(&local)) {
            return Ok(None);
        }
        let time = self.expression(node)?;
        let format = Expr::text("%Y-%m-%d %H:%M:%S %z");
        Ok(Some(Expr::call("parse_time", vec![time, format])))
    }

    /// Returns the seconds of `File.mtime("x")`, `Time.parse("…")`, `Time.now - 60` and their siblings; `None` for anything else.
    fn seconds_of_call(&mut self, name: &str, owner: &Node<'_>, given: &[Node<'_>]) -> Read<Option<Expr>> {
        let class = source(owner);
        let letter = match name {
            "mtime" => "%Y",
            "ctime" => "%Z",
            _ => "%X",
        };
        Ok(Some(match (class.as_str(), name, given) {
            ("File", "mtime" | "ctime" | "atime", [path]) => {
                Expr::call("ruby_stat", vec![Expr::text(letter), self.expression(path)?])
            }
            ("Time", "at", [seconds]) => self.expression(seconds)?,
            ("Time" | "DateTime", "parse", [text]) => Expr::call("ruby_moment", vec![self.expression(text)?]),
            ("Time" | "DateTime", "strptime", [text, format]) => {
                let values = vec![self.expression(text)?, self.expression(format)?];
                Expr::call("ruby_moment", values)
            }
            (_, "mtime" | "ctime" | "atime", []) => {
                let stat = owner
                    .as_call_node()
                    .filter(|stat| matches!(id(&stat.name()).as_str(), "stat" | "lstat"));
                let of_file = stat.filter(|stat| stat.receiver().is_some_and(|class| source(&class) == "File"));
                let Some(stat) = of_file else { return Ok(None) };
                let path = self.first(&super::super::ruby::arguments(&stat, false).values)?;
                Expr::call("ruby_stat", vec![Expr::text(letter), path])
            }
            (_, "tv_sec" | "localtime" | "getlocal" | "to_time" | "utc" | "getutc" | "to_i" | "to_f", []) => {
                return self.seconds(owner);
            }
            (_, "+" | "-", [more]) => {
                let Some(time) = self.seconds(owner)? else {
                    return Ok(None);
                };
                if self.seconds(more)?.is_some() {
                    return Ok(None);
                }
                let operator = if name == "-" { "-" } else { "+" };
                time.binary(operator, self.expression(more)?)
            }
            _ => return Ok(None),
        }))
    }

    /// Reads `rand(10)` and `rand(1..6)`.
    pub(super) fn random(&mut self, given: &[Node<'_>]) -> Read<Expr> {
        let [limit] = given else {
            return self.refuse(Kind::Construct, "`rand`: random_hex(bytes) gives random digits");
        };
        let one = Expr::number(1);
        Ok(match self.expression(limit)? {
            Expr::Binary("..=", low, high) => {
                let count = high.binary("-", (*low).clone()).binary("+", one);
                low.binary("+", Expr::call("ruby_rand", vec![count]))
            }
            Expr::Binary("..", low, high) => {
                let count = high.binary("-", (*low).clone());
                low.binary("+", Expr::call("ruby_rand", vec![count]))
            }
            limit => Expr::call("ruby_rand", vec![limit]),
        })
    }

    /// Reads `(0...18).map { letters[rand(letters.length)] }`: a list of random letters, of which only a word can be made.
    pub(super) fn random_word(&mut self, name: &str, call: &CallNode<'_>, receiver: &Node<'_>) -> Option<Expr> {
        let behind = behind(call).filter(|behind| behind.parameters.is_empty() && matches!(name, "map" | "collect"))?;
        let only = behind.body?.body().iter().next()?.as_call_node()?;
        let index = super::super::ruby::arguments(&only, false).values.into_iter().next()?;
        let is_random = id(&only.name()) == "[]" && source(&index).starts_with("rand(");
        let inner = super::conditions::inside(receiver);
        let range = inner.as_ref().unwrap_or(receiver).as_range_node()?;
        let end: usize = source(&range.right()?).parse().ok()?;
        if !is_random || range.left().as_ref().map(source).as_deref() != Some("0") || !(1..=400).contains(&end) {
            return None;
        }
        self.remarks
            .push("a word of random letters is one of random hexadecimal digits".to_owned());
        let word = Expr::call("random_hex", vec![Expr::Number(end.div_ceil(2).to_string())]);
        Some(Expr::List(vec![word]))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::construct_tests::carried;

    #[test]
    fn addresses_days_and_escaped_strings_are_those_of_ruby() {
        carried(
            "task :t do\n  h = { a: 1 }\n  h[:a] -= 1\n  puts CGI.escape('a b'), URI.escape('a b'), Resolv.getaddress('x')\n  \
             puts Date.strptime('20120101', '%Y%m%d'), File.stat('a').mtime.tv_sec\nend\n",
            &[
                "h[:a] = (h[:a] ?? 0) - 1;",
                "puts ruby_form_escaped(\"a b\");",
                "puts ruby_uri_escaped(\"a b\");",
                "puts ruby_address(\"x\");",
                "puts format_time(parse_time(\"20120101\", \"%Y%m%d\"), \"%Y-%m-%d\");",
                "puts ruby_stat(\"%Y\", \"a\");",
            ],
        );
    }

    #[test]
    fn times_of_files_and_of_strings_are_those_of_this_machine() {
        carried(
            "task :t do\n  now = Time.now\n  puts now.localtime.strftime('%F'), File.mtime('a').strftime('%F'), Time.parse('2012-01-02').to_i\n  \
             puts 1 if File.mtime('a') < Time.now - 60\n  t = File.mtime('a')\n  puts t.utc.strftime('%H'), Time.now - t, File.stat('a').size\nend\n",
            &[
                "puts now(\"%F\");",
                "puts ruby_time(ruby_stat(\"%Y\", \"a\"), \"%F\");",
                "puts ruby_moment(\"2012-01-02\")",
                "if ruby_stat(\"%Y\", \"a\") < unix_time() - 60 {",
                "unix_time() - parse_time(t, \"%Y-%m-%d %H:%M:%S %z\")",
                "puts ruby_stat(\"%s\", \"a\");",
            ],
        );
    }
}
