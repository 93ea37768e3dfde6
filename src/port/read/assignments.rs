//! Reads assignments to locals, to parts of lists and maps, and to names that become variables of the recipe.

use ruby_prism::Node;

use super::super::facts::kept;
use super::super::form::{Call, Expr, Line, Statement};
use super::super::note::{Kind, Read};
use super::super::ruby::{id, literal};
use super::Reader;
use super::locals::Type;

impl Reader<'_> {
    /// Reads assignments of all kinds.
    pub(super) fn assignment(&mut self, node: &Node<'_>) -> Read<Option<Vec<Line>>> {
        if let Some(write) = node.as_local_variable_write_node() {
            if let Some(rescued) = write.value().as_rescue_modifier_node() {
                return self.rescued_assignment(&id(&write.name()), &rescued).map(Some);
            }
            if self.only_looped.contains(&id(&write.name()))
                && let Some(pairs) = self.pairs(&write.value())?
            {
                return Ok(Some(self.write_local(&id(&write.name()), pairs)));
            }
            if let Some(new) = self.unfilled(&write.value()) {
                // It is filled in where it is made: the locals are the same.
                let value = self.template(&new)?;
                let lines = self.write_local(&id(&write.name()), value);
                let local = self.local(&id(&write.name())).map(|local| local.written.clone());
                self.rendered.extend(local);
                return Ok(Some(lines));
            }
            if let Some(lines) = self.opened_file(&id(&write.name()), &write.value())? {
                return Ok(Some(lines));
            }
            if self.is_string(&write.value()) {
                self.streams.insert(id(&write.name()));
            }
            if super::super::ruby::source(&write.value()).starts_with("Logger.new(") {
                // Its words are those of `logger`.
                self.given.insert(id(&write.name()), Expr::name("logger"));
                return Ok(Some(Vec::new()));
            }
            if self.keep_people(&id(&write.name()), &write.value())
                || self.keep_configuration(&id(&write.name()), &write.value())
            {
                return Ok(Some(Vec::new()));
            }
            let value = self.expression(&write.value())?;
            if self.is_late(&value) {
                // Nothing can be computed yet: the value stands where the local is read.
                self.given.insert(id(&write.name()), value);
                return Ok(Some(Vec::new()));
            }
            let value = self.perhaps(&id(&write.name()), value);
            return Ok(Some(self.write_local(&id(&write.name()), value)));
        }
        if let Some(lines) = self.and_assignment(node)? {
            return Ok(Some(lines));
        }
        if let Some(write) = node.as_local_variable_or_write_node() {
            let name = id(&write.name());
            let value = self.expression(&write.value())?;
            return Ok(Some(match self.local(&name).map(|local| local.written.clone()) {
                Some(written) => {
                    let whole = Expr::Name(written).binary("??", value);
                    self.write_local(&name, whole)
                }
                None => self.write_local(&name, value),
            }));
        }
        if let Some(write) = node.as_local_variable_operator_write_node() {
            let target = self.read_local(&id(&write.name()))?;
            let value = self.expression(&write.value())?;
            let operator = match id(&write.binary_operator()).as_str() {
                "+" => "+=",
                "-" => "-=",
                "*" => "*=",
                "/" => "/=",
                "<<" => "+=",
                "|" => {
                    let all = super::lists::reduced("uniq", target.clone().binary("+", value));
                    return Ok(Some(vec![Line::new(Statement::Assign(target, "=", all))]));
                }
                _ => return self.refuse(Kind::Construct, "an assignment of this kind"),
            };
            if operator == "-=" && self.kind_of(&value) == Type::List {
                let all = Expr::call("ruby_minus", vec![target.clone(), value]);
                return Ok(Some(vec![Line::new(Statement::Assign(target, "=", all))]));
            }
            self.keep_blanks(&target, &value);
            return Ok(Some(vec![Line::new(Statement::Assign(target, operator, value))]));
        }
        if let Some(lines) = self.kept_assignment(node)? {
            return Ok(Some(lines));
        }
        if let Some(write) = node.as_multi_write_node() {
            return self.several(&write).map(Some);
        }
        if let Some(write) = node.as_index_operator_write_node() {
            // This is `x[:a] += b`; a counter begins with 0.
            let (Some(receiver), Some(arguments)) = (write.receiver(), write.arguments()) else {
                return Ok(None);
            };
            let keys: Vec<Node<'_>> = arguments.arguments().iter().collect();
            let operator = match id(&write.binary_operator()).as_str() {
                "+" => "+",
                "-" => "-",
                _ => return Ok(None),
            };
            let [key] = keys.as_slice() else { return Ok(None) };
            let (owner, key) = (self.expression(&receiver)?, self.expression(key)?);
            let value = self.expression(&write.value())?;
            let target = Expr::Index(Box::new(owner), Box::new(key));
            if operator == "+" && matches!(self.kind_of(&value), Type::Text | Type::List) {
                return Ok(Some(vec![Line::new(Statement::Assign(target, "+=", value))]));
            }
            let before = target.clone().binary("??", Expr::number(0));
            return Ok(Some(vec![Line::new(Statement::Assign(
                target,
                "=",
                before.binary(operator, value),
            ))]));
        }
        if let Some(write) = node.as_index_or_write_node() {
            // This is `x[:a] ||= b`.
            let (Some(receiver), Some(arguments)) = (write.receiver(), write.arguments()) else {
                return Ok(None);
            };
            let keys: Vec<Node<'_>> = arguments.arguments().iter().collect();
            let [key] = keys.as_slice() else { return Ok(None) };
            let (owner, key) = (self.expression(&receiver)?, self.expression(key)?);
            let value = self.expression(&write.value())?;
            let target = Expr::Index(Box::new(owner), Box::new(key));
            let whole = target.clone().binary("??", value);
            return Ok(Some(vec![Line::new(Statement::Assign(target, "=", whole))]));
        }
        Ok(None)
    }

    /// Returns an element of a list that may not be there, for a local that the file asks whether it is: in Ruby it is nothing then.
    fn perhaps(&self, name: &str, value: Expr) -> Expr {
        let is_asked = || {
            let before = ["if ", "unless ", "!", "&& ", "|| ", "and ", "or "].map(|before| format!("{before}{name}"));
            let behind = [".nil?", ".present?", ".blank?", " ||", " &&", " ?", "&."];
            let behind = behind.map(|behind| format!("{name}{behind}"));
            before.iter().chain(&behind).any(|words| self.mentions(words))
        };
        match value {
            Expr::Index(list, at)
                if super::ruby_methods::whole_number(&at).is_some()
                    && !matches!(self.kind_of(&list), Type::Map | Type::Text)
                    && is_asked() =>
            {
                list.method("get", vec![*at])
            }
            value => value,
        }
    }

    /// Reads assignments to constants, `@x` and `$x`, which become variables of the recipe.
    fn kept_assignment(&mut self, node: &Node<'_>) -> Read<Option<Vec<Line>>> {
        if let Some(write) = node.as_constant_path_write_node() {
            let named = super::super::ruby::source(&write.target().as_node());
            return match (named.as_str(), literal(&write.value()).as_deref()) {
                // It is that already.
                ("File::SEPARATOR", Some("/")) => Ok(Some(Vec::new())),
                ("OpenSSL::SSL::VERIFY_PEER", _) => {
                    Ok(Some(vec![self.remark(
                        "`OpenSSL::SSL`: certificates of web servers are checked here",
                    )]))
                }
                _ => Ok(None),
            };
        }
        let (verb, name, value) = if let Some(write) = node.as_constant_write_node() {
            ("set", id(&write.name()), write.value())
        } else if let Some(write) = node.as_instance_variable_write_node() {
            ("set", id(&write.name()), write.value())
        } else if let Some(write) = node.as_global_variable_write_node() {
            ("set", id(&write.name()), write.value())
        } else if let Some(write) = node.as_instance_variable_or_write_node() {
            // This is `@x ||= y`.
            ("set_if_empty", id(&write.name()), write.value())
        } else if let Some(write) = node.as_global_variable_or_write_node() {
            ("set_if_empty", id(&write.name()), write.value())
        } else {
            return Ok(None);
        };
        if self.facts.people.contains(&name) {
            return Ok(Some(Vec::new()));
        }
        let name = kept(&name);
        let value = self.expression(&value)?;
        self.set.insert(name.clone());
        let call = Call::new(verb, vec![Expr::symbol(&name), value]);
        Ok(Some(vec![Line::verb(call)]))
    }

    /// Reads `before, ENV["X"] = ENV["X"], "y"`: parts of lists and maps are among the names.
    fn several_places(&mut self, write: &ruby_prism::MultiWriteNode<'_>, lefts: &[Node<'_>]) -> Read<Vec<Line>> {
        let value = self.expression(&write.value())?;
        let whole = self.free_name("several");
        let mut lines = vec![Line::new(Statement::Let(whole.clone(), value))];
        for (index, left) in lefts.iter().enumerate() {
            let at = Box::new(Expr::Number(index.to_string()));
            let item = Expr::Index(Box::new(Expr::name(&whole)), at);
            if let Some(local) = left.as_local_variable_target_node() {
                lines.extend(self.write_local(&id(&local.name()), item));
                continue;
            }
            let target = left.as_index_target_node();
            let keys = target.as_ref().and_then(|target| target.arguments());
            let keys: Vec<Node<'_>> = keys
                .iter()
                .flat_map(|list| list.arguments().iter().collect::<Vec<_>>())
                .collect();
            let (Some(target), [key]) = (target, keys.as_slice()) else {
                return self.refuse(Kind::Construct, "an assignment to several names of this kind");
            };
            let place = Expr::Index(Box::new(self.expression(&target.receiver())?), Box::new(self.key(key)?));
            lines.push(Line::new(Statement::Assign(place, "=", item)));
        }
        Ok(lines)
    }

    /// Reads `a, b = list`, `first, *rest = list` and `name, = list`.
    fn several(&mut self, write: &ruby_prism::MultiWriteNode<'_>) -> Read<Vec<Line>> {
        let local = |node: &Node<'_>| node.as_local_variable_target_node().map(|target| id(&target.name()));
        let (lefts, rights): (Vec<Node<'_>>, Vec<Node<'_>>) =
            (write.lefts().iter().collect(), write.rights().iter().collect());
        let names: Vec<String> = lefts.iter().filter_map(local).collect();
        let ends: Vec<String> = rights.iter().filter_map(local).collect();
        let splat = write.rest().and_then(|rest| rest.as_splat_node());
        let rest = splat.as_ref().and_then(|splat| splat.expression());
        let rest_name = rest.as_ref().and_then(local);
        if let Some(lines) = self.captured(write, &names)? {
            return Ok(lines);
        }
        if names.len() != lefts.len() && rights.is_empty() && write.rest().is_none() {
            return self.several_places(write, &lefts);
        }
        if names.len() != lefts.len() || ends.len() != rights.len() || rest.is_some() != rest_name.is_some() {
            return self.refuse(Kind::Construct, "an assignment to several names of this kind");
        }
        let value = self.expression(&write.value())?;
        if let Expr::List(items) = &value
            && items.len() == names.len()
            && write.rest().is_none()
            && !items.iter().any(|item| {
                names
                    .iter()
                    .any(|name| format!("{item:?}").contains(&format!("\"{name}\"")))
            })
        {
            let lines = names
                .iter()
                .zip(items)
                .flat_map(|(name, item)| self.write_local(name, item.clone()));
            return Ok(lines.collect());
        }
        if let ([answer, body], Type::Web, true) = (names.as_slice(), self.kind_of(&value), ends.is_empty()) {
            // The Ruby of these days gave the body beside the answer.
            let mut lines = self.write_local(answer, value);
            let whole = self.read_local(answer)?;
            lines.extend(self.write_local(body, Expr::Member(Box::new(whole), "body".to_owned())));
            return Ok(lines);
        }
        let first = names.iter().chain(&rest_name).next().map_or("", String::as_str);
        let whole = format!("{first}_and_others");
        let are_parts = match &value {
            Expr::Call(call) => matches!(call.name.as_str(), "lines" | "ruby_split" | "ruby_words" | "scan"),
            Expr::Method(_, name, _) => name == "split",
            _ => false,
        };
        let mut lines = self.write_local(&whole, value);
        let whole = self.read_local(&whole)?;
        let item = |at: Expr| match are_parts {
            // There may be fewer than names.
            true => whole.clone().method("get", vec![at]),
            false => Expr::Index(Box::new(whole.clone()), Box::new(at)),
        };
        for (index, name) in names.iter().enumerate() {
            lines.extend(self.write_local(name, item(Expr::Number(index.to_string()))));
            if let Some(local) = self
                .scopes
                .last_mut()
                .and_then(|scope| scope.get_mut(name))
                .filter(|_| are_parts)
            {
                local.kind = Type::Maybe;
            }
        }
        if let Some(rest) = rest_name {
            let from = Expr::Number(names.len().to_string());
            let part = match ends.len() {
                0 => whole.clone().method("extract", vec![from]),
                count => {
                    let last = Expr::Negative(Box::new(Expr::Number((count + 1).to_string())));
                    Expr::call("ruby_part", vec![whole.clone(), from, last])
                }
            };
            lines.extend(self.write_local(&rest, part));
        }
        for (index, name) in ends.iter().enumerate() {
            let at = Expr::Negative(Box::new(Expr::Number((ends.len() - index).to_string())));
            lines.extend(self.write_local(name, item(at)));
        }
        Ok(lines)
    }
}
