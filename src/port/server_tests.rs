//! Tests of servers, their roles and their filters.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::Kind;
use super::construct_tests::carried;
use super::tests::{file, has, ported, recipe};
use super::{RubyProject, port};

#[test]
fn servers_have_turns_where_the_usual_way_is_one_after_the_other() {
    let (text, notes) = recipe(
        "set :repo_url, 'x'\nSSHKit.config.default_runner = :sequence\ntask :t do\n  on roles(:app) do\n    execute :ls\n  end\n  \
         on roles(:web), in: :parallel do\n    execute :pwd\n  end\nend\n",
    );
    assert!(notes.is_empty(), "{notes:?}");
    has(&text, &["on roles(:app), :in => :sequence {"]);
    assert_eq!(text.matches(":sequence").count(), 1, "{text}");
}

#[test]
fn find_servers_has_no_filters_of_its_task() {
    let text = "role :app, 'a'\ntask :t, :roles => :app, :only => { :primary => true } do\n  find_servers(:roles => :web).each { |s| run \"ping #{s}\" }\nend\n\
                task :u do\n  find_servers(:roles => :web).each { |s| run \"ping #{s}\" }\nend\n";
    let (text, _) = recipe(&format!("set :repository, 'x'\n{text}"));
    has(
        &text,
        &[
            "find_servers(:roles => :web, :only => #{})",
            "find_servers(:roles => :web) {",
        ],
    );
}

#[test]
fn a_server_may_have_no_role_in_3_and_must_have_one_in_2() {
    carried("server 'b'\n", &["server \"b\", :no_role;"]);
    let (text, notes) = recipe("set :repository, 'x'\nserver 'b'\n");
    has(&text, &["you must associate a server with at least one role"]);
    assert_eq!(notes[0].kind, Kind::Fails);
}

#[test]
fn a_local_that_is_a_server_has_its_parts() {
    carried(
        "task :t do\n  one = primary(:app)\n  two = roles(:app).first\n  exec \"ssh #{one.user}@#{two.hostname}\"\nend\n",
        &["puts `ssh ${one.user ?? \"\"}@${two.host}`;"],
    );
}

#[test]
fn a_program_that_wants_the_terminal_is_named_and_exec_is_the_last() {
    let code = "task :a do\n  exec \"ssh -t #{host} 'cd #{current_path} && rails console'\"\n  puts 'never'\nend\n\
                task :b do\n  system 'cd x && vi notes'\n  system 'make'\nend\ntask(:c) { exec 'make', 'all' }\n\
                task(:d) { exec 'ssh', 'b' }\n\
                task :e do\n  login = \"ssh -t b top\"\n  system login\nend\n";
    let code = format!("set :application, 'a'\nset :repository, 'x'\nset :host, 'b'\nrole :app, 'b'\n{code}");
    let ported = ported(&[("config/deploy.rb", &code)]).unwrap();
    assert!(ported.files[0].notes.is_empty(), "{:?}", ported.files[0].notes);
    has(
        &ported.files[0].text,
        &[
            "puts `ssh -t ${host} 'cd ${current_path} && rails console'`;\n  exit(0);\n  puts \"never\";",
            "puts \"cd x && vi notes\";\n  system \"make\";",
            "exit(if system([\"make\", \"all\"]) { 0 } else { 1 });",
            "puts join([\"ssh\", \"b\"], \" \");",
            "puts login;",
        ],
    );
    let told = ported.remarks.iter().any(|remark| remark.contains("does not lend"));
    assert!(told, "{:?}", ported.remarks);
}

#[test]
fn a_filter_by_primary_asks_for_the_mark_and_not_for_the_first_server() {
    carried(
        "task :t do\n  on roles(:app, filter: :primary) do\n    execute :a\n  end\nend\n",
        &[
            "\"primary\" in server.properties",
            ":on_no_matching_servers => :continue",
        ],
    );
}

#[test]
fn a_server_in_a_string_is_its_name_in_the_words_of_its_version() {
    let (text, _) = recipe("role :app, 'a'\ntask(:t) { run \"scp x #{find_servers(:roles => :app).first}:/y\" }\n");
    has(&text, &["find_servers(:roles => :app)[0].name}:/y"]);
    carried(
        "task(:t) { on(roles(:app)) { execute \"scp x #{roles(:app).first}:/y\" } }\n",
        &["roles(:app)[0].host}:/y"],
    );
}

#[test]
fn a_function_that_names_the_server_of_the_block_is_given_it() {
    carried(
        "def run_there(command, user = 'a')\n  info \"as #{user}@#{host}\"\n  exec %(ssh #{host} -t '#{command}')\nend\n\
         def name\n  execute \"echo #{host.hostname} #{host.user}\"\nend\ndef twice\n  name\nend\n\
         task :a do\n  on(roles(:app)) { |h| run_there 'uptime', h.user }\nend\n\
         task :b do\n  on roles(:app) do\n    run_there 'uptime'\n    twice\n  end\nend\n\
         task(:c) { puts env.servers.map(&:hostname).join(' ') }\n",
        &[
            "  on roles(:app), |h| {\n    run_there(\"uptime\", h.user, h);\n  }",
            "  on roles(:app), |host| {\n    run_there(\"uptime\", host);\n    twice(host);\n  }",
            "fn run_there(command, user, host) {\n  info `as ${user}@${host.host}`;",
            "fn run_there(command, host) {\n  run_there(command, \"a\", host)\n}",
            "fn twice(host) {\n  name(host)\n}",
            "run `echo ${host.host} ${host.user ?? \"\"}`;",
            "join(roles(:all).map(|item| item.host), \" \")",
        ],
    );
    // Outside of a block there is none, as in Capistrano.
    let (_, notes) = recipe(
        "lock '3'\nset :repo_url, 'x'\nserver 'a', roles: %w[app]\ndef name\n  puts host\nend\ntask(:a) { name }\n",
    );
    assert_eq!(notes.len(), 1, "{notes:?}");
}

/// Returns the port of a task for each server that fills in a template.
fn filled_in(template: &str) -> super::Ported {
    let text = "server 'a', roles: %w[app]\nset :repo_url, 'x'\ntask :t do\n  on roles(:app) do |one|\n    \
                text = ERB.new(File.read('config/x.erb')).result(binding)\n    upload! StringIO.new(text), '/tmp/x'\n  end\nend\n";
    let capfile = "require 'capistrano/setup'\nrequire 'capistrano/deploy'\n";
    port(&RubyProject {
        sources: vec![file("Capfile", capfile), file("config/deploy.rb", text)],
        templates: vec![("config/x.erb".to_owned(), template.to_owned())],
        ..RubyProject::default()
    })
    .unwrap()
}

#[test]
fn a_template_names_the_server_of_the_block_around_it() {
    for (template, expected) in [
        (
            "<%= one.hostname %> <%= one.user %>",
            "=> one.host, :value_2 => one.user",
        ),
        ("<%= host.properties.colour %>", "=> one.properties.colour ?? \"\""),
        ("<% one.roles.each do |r| %><%= r %><% end %>", "=> one.roles"),
    ] {
        let ported = filled_in(template);
        let file = &ported.files[1];
        assert!(file.notes.is_empty(), "{:?}", file.notes);
        has(&file.text, &["on roles(:app), |one| {", expected]);
    }
    // Where the template names no server, all get the same.
    has(
        &filled_in("<%= fetch(:x, 1) %>").files[1].text,
        &["task :t, :roles => :app {"],
    );
}

#[test]
fn what_a_template_computes_in_a_block_is_given_to_it() {
    let code = "<%\n  @all = [fetch(:a, 1)].map do |m|\n  if m == 1\n    'one'\n  else\n    m\n  end\nend\n%><% @all.each do |x| %><%= x %><% end %>";
    let ported = filled_in(code);
    let file = &ported.files[1];
    assert!(file.notes.is_empty(), "{:?}", file.notes);
    has(
        &file.text,
        &[
            "{% set all = value_1 %}{% for x in all %}{{ x }}{% endfor %}",
            ".map(|m| if m == 1 {",
        ],
    );
}

#[test]
fn a_template_names_the_servers_of_a_list() {
    let list = "roles(:app).map(|server| #{ host: server.host, user: server.user ?? \"\", roles: server.roles })";
    for (template, expected) in [
        (
            "<% roles(:app).each do |peer| %><%= peer.hostname %><% end %>",
            "{{ peer.host }}",
        ),
        (
            "<% roles(:app).each do |peer| %><%= peer %><% end %>",
            "{{ peer.host }}",
        ),
        (
            "<% roles(:app).each do |s| %><% if s.roles.include?(:db) %><%= s.user %><% end %><% end %>",
            r#"{% if (\"db\" in s.roles) %}{{ s.user }}"#,
        ),
    ] {
        let ported = filled_in(template);
        let file = &ported.files[1];
        assert!(file.notes.is_empty(), "{:?}", file.notes);
        has(&file.text, &[expected, list]);
    }
    has(&filled_in("<%= one %>").files[1].text, &["=> one.host"]);
}

#[test]
fn what_goes_to_no_server_is_done_for_each_all_the_same_and_not_at_all_where_there_is_none() {
    let text = "server 'a', roles: %w[app]\nset :repo_url, 'x'\n\
                task(:local) { on(roles(:worker)) { puts 'x'; exit 3 unless ENV['OK'] } }\n\
                task(:both) { on(roles(:worker)) { puts 'x'; execute :ls } }\n";
    let (text, notes) = recipe(text);
    assert!(notes.is_empty(), "{notes:?}");
    has(
        &text,
        &[
            "task :local {\n  on roles(:worker) {\n    puts \"x\";\n",
            "task :both, :roles => :worker {\n  puts \"x\";\n  run \"ls\";\n",
        ],
    );
}

#[test]
fn items_of_a_list_that_is_written_out_are_words_of_a_command() {
    let text = "server 'a', roles: %w[app]\nset :repo_url, 'x'\n\
                task(:t) { on(roles(:app)) { within('/usr') { execute *%w[pwd -P]; execute *%w[echo a], '>>', 'b'; execute 'pwd -P' } } }\n";
    let (text, notes) = recipe(text);
    assert!(notes.is_empty(), "{notes:?}");
    has(
        &text,
        &[
            "run \"pwd -P\", :dir => \"/usr\";",
            "run \"echo a >> b\", :dir => \"/usr\";",
        ],
    );
}

#[test]
fn a_template_that_became_a_note_stands_nowhere() {
    let has_remark = |ported: &super::Ported| {
        ported
            .remarks
            .iter()
            .any(|remark| remark.contains("stands in the recipe"))
    };
    assert!(has_remark(&filled_in("<%= one.hostname %>")));
    let ported = filled_in("<%= Gone.with(one) %>");
    assert_eq!(ported.files[1].notes.len(), 2, "{:?}", ported.files[1].notes);
    assert!(!has_remark(&ported), "{:?}", ported.remarks);
    // The note says where in the template it is.
    let ported = filled_in("a\n<% [1].each do |n| %>\n<%= n.gcd(2) %><% end %>\n");
    let reason = &ported.files[1].notes[0].reason;
    assert!(reason.starts_with("config/x.erb, line 3: "), "{reason}");
}
