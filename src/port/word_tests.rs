//! Tests of words of Ruby, of Capistrano and of gems that few recipes have.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::Kind;
use super::construct_tests::carried;
use super::tests::{has, ported, recipe};

const TWO: &str = "set :repository, 'x'\nrole :app, 'a'\n";

#[track_caller]
fn carried_in_two(code: &str, parts: &[&str]) {
    let (text, notes) = recipe(&format!("{TWO}{code}"));
    assert!(notes.is_empty(), "{notes:?}");
    has(&text, parts);
}

#[test]
fn a_description_that_is_read_before_the_recipe_knows_no_application() {
    let files = [
        (
            "Capfile",
            "require 'capistrano/setup'\nrequire 'capistrano/deploy'\nDir.glob('lib/capistrano/tasks/*.rake').each { |r| import r }\n",
        ),
        ("config/deploy.rb", "set :application, 'a'\nset :repo_url, 'x'\n"),
        ("config/deploy/production.rb", "server 'a', roles: %w[app]\n"),
        (
            "lib/capistrano/tasks/x.rake",
            "%w[start stop].each do |c|\n  desc \"#{c} #{fetch(:application)}\"\n  task(c) { on(roles(:app)) { execute \"x #{fetch(:application)}\" } }\nend\n",
        ),
    ];
    let ported = ported(&files).unwrap();
    let tasks = ported.files.iter().find(|file| file.to.ends_with("x.rhai")).unwrap();
    has(&tasks.text, &["desc `${c} ${\"\"}`;", "run `x ${application}`"]);
}

#[test]
fn sessions_that_are_closed_need_no_words() {
    carried_in_two(
        "def close_all\n  sessions.values.each { |session| session.close }\n  sessions.clear\nend\n\
         def as_root(&block)\n  old = user\n  set :user, 'root'\n  close_all\n  yield\n  set :user, old\n  close_all\nend\n\
         task(:a) { as_root { run 'id' }; self.sessions.each_value(&:close); teardown_connections_to(sessions.keys) }\n",
        &["set :user, \"root\";"],
    );
    let (_, notes) = recipe(&format!(
        "{TWO}task(:a) {{ sessions.values.each {{ |session| session.exec 'x' }} }}\n"
    ));
    assert_eq!(notes.len(), 1, "{notes:?}");
}

#[test]
fn a_command_that_is_given_a_command_runs_it_first() {
    carried(
        "task(:a) { on(roles(:app)) { execute sudo(:service, :a, :stop); execute sudo :ls; execute :ls if sudo(:id) } }\n\
         task(:b) { on(roles(:app)) { execute redact('K=v'), 'x' } }\n",
        &[
            "  sudo \"service a stop\";\n  run \"true\";\n  sudo \"ls\";\n  run \"true\";",
            "sudo \"id\";",
            "run \"K=v x\";",
        ],
    );
}

#[test]
fn the_line_of_a_command_has_the_words_before_its_program() {
    let line = "def b(*args)\n  SSHKit::Command.new(:bundle, :exec, args).to_command\nend\ntask(:a) { puts b('x') }\n";
    let with = |capfile: &str, text: &str| {
        let capfile = format!("require 'capistrano/setup'\nrequire 'capistrano/deploy'\n{capfile}");
        let text = format!("set :repo_url, 'x'\n{text}{line}");
        let ported = ported(&[("Capfile", capfile.as_str()), ("config/deploy.rb", text.as_str())]).unwrap();
        assert!(ported.is_complete(), "{ported:?}");
        ported.files[1].text.clone()
    };
    let rbenv = "require 'capistrano/rbenv'\n";
    has(&with("", ""), &["`/usr/bin/env bundle exec ${join(args, \" \")}`"]);
    let default = "`RBENV_ROOT=${rbenv_path} RBENV_VERSION=${rbenv_ruby} ${rbenv_path}/bin/rbenv exec bundle exec ${";
    has(&with(rbenv, ""), &[default]);
    has(
        &with(rbenv, "set :rbenv_prefix, 'p'\n"),
        &["`${rbenv_prefix} bundle exec ${"],
    );
}

#[test]
fn words_that_capistrano_2_has_are_there() {
    carried_in_two(
        "default_run_options[:pty] = true if respond_to?(:default_run_options)\n",
        &["default_run_options[\"pty\"] = true;"],
    );
}

#[test]
fn what_follows_the_defaults_runs_when_the_stage_is_known() {
    let hook = "task(:env) { ENV['A'] = 'b' }\nafter 'load:defaults', 'env'\n";
    let capfile = "require 'capistrano/setup'\nrequire 'capistrano/deploy'\n";
    let files = [
        ("Capfile", &*format!("{capfile}{hook}")),
        (
            "config/deploy.rb",
            &*format!("set :application, 'a'\nset :repo_url, ENV['A']\n{hook}"),
        ),
        ("config/deploy/production.rb", "server 'a', roles: %w[app]\n"),
    ];
    let ported = ported(&files).unwrap();
    assert!(ported.is_complete(), "{ported:?}");
    has(&ported.files[0].text, &["on :stage {\n  invoke \"env\";\n}"]);
    assert!(!ported.files[1].text.contains("on :stage"), "{ported:?}");
    has(&ported.files[1].text, &["// a hook on `load:defaults` never runs here"]);
}

#[test]
fn paths_and_shown_maps_are_carried() {
    let (text, notes) = recipe(
        "role :app, 'a'\nset :restart_via, :run\ntask(:t) { p one: 1; puts File.path('x.yml'); send(restart_via, 'ls') }\n",
    );
    assert!(notes.is_empty(), "{notes:?}");
    has(
        &text,
        &[
            "set :restart_via_own, :run;",
            "puts #{ one: 1 };",
            "puts \"x.yml\";",
            "invoke_command \"ls\", :via => restart_via_own;",
        ],
    );
}

#[test]
fn the_level_of_the_log_is_a_number_that_is_kept_and_set_again() {
    carried_in_two(
        "logger.level = Logger::MAX_LEVEL\ndef there?(path)\n  level = logger.level\n  logger.level = Logger::IMPORTANT\n  \
         found = capture(\"ls #{path}\")\n  logger.level = level\n  found != ''\nend\n\
         task(:t) { logger.log(Logger::DEBUG, 'd'); logger.log 0, 'w'; logger.info there?('/x') if logger.level > Logger::INFO }\n",
        &["let level = 3;", "debug \"d\";", "warn \"w\";", "if 3 > 1 {"],
    );
}

#[test]
fn a_function_gives_the_list_or_the_value_in_its_last_line() {
    carried_in_two(
        "def named(words)\n  words.map { |w| w + '!' }\nend\ndef numbered(words)\n  words.each_with_index.map { |w, i| \"#{w}#{i}\" }\nend\n\
         def either(a)\n  a && a.upcase\nend\ndef all(words)\n  words.map(&:strip)\nend\ndef read(path)\n  File.open(path) { |f| f.read }\nend\n\
         task(:u) { puts all(%w[a]), read('a') }\ndef each_done(words)\n  words.map { |w| run w }\nend\n\
         task(:t) { puts named(%w[a]), numbered(%w[a]), either('a'); each_done %w[ls] }\n",
        &[
            "fn named(words) {\n  words.map(|w| w + \"!\")\n}",
            "all.push(`${w}${i}`);\n    }\n    all\n",
            "a.to_upper()\n  }",
            "fn all(words) {\n  words.map(|item| strip(item))\n}",
            "let f = read_file(path);\n    f\n",
            "for w in words {\n    run w;",
        ],
    );
}

#[test]
fn a_command_of_capistrano_2_gives_nothing() {
    carried_in_two(
        "set :url, 'u'\ntask :t do\n  run 'mkdir /x' unless run('[ -d /x ]')\n  system('curl ' + fetch(:url))\n  puts 'bad ' + $?.exitstatus.to_s if $?.exitstatus != 0\nend\n",
        &["run \"[ -d /x ]\";\n    ()\n", "puts \"bad \" + ruby_status(status);"],
    );
}

#[test]
fn words_of_a_list_a_home_and_a_strategy_of_any_name_are_read() {
    carried(
        "module SubmoduleStrategy\n  include Capistrano::Git::DefaultStrategy\n  def release\n    context.execute 'get it'\n  end\nend\n\
         set :git_strategy, SubmoduleStrategy\nset :key, File.expand_path('~/.ssh/id', __FILE__)\n\
         set :kind, (kind = fetch(:k, nil)) ? { roles: kind } : {}\n\
         task(:t) { on(roles(:app)) { puts capture(*%w[date +%s]), fetch(:key), fetch(:kind) } }\n",
        &[
            "fn git_release() {\n  run \"get it\";",
            "set :scm, :tasks;",
            "expand_path(\"~/.ssh/id\")",
            "capture(\"date +%s\"",
        ],
    );
}

#[test]
fn the_verbosity_and_the_paths_of_capistrano_3_have_their_usual_values() {
    carried(
        "set :conf, \"#{stage_config_path}/x.conf\"\ntask :t do\n  old = SSHKit.config.output_verbosity\n  \
         SSHKit.config.output_verbosity = Logger::FATAL\n  puts fetch(:conf)\n  SSHKit.config.output_verbosity = old\nend\n",
        &["set :conf, \"config/deploy/x.conf\";", "let old = 0;"],
    );
}

#[test]
fn a_file_is_looked_for_where_capistrano_2_loads_from() {
    carried_in_two(
        "def file_in_load_path?(file)\n  begin\n    !!find_file_in_load_path(file)\n  rescue LoadError\n    false\n  end\nend\n\
         task(:t) { puts 1 if file_in_load_path?('x') }\n",
        &["ruby_in_load_path(file)", "throw `no such file to load -- ${file}`"],
    );
    carried_in_two(
        "task(:t) { load 'x' if file_in_load_path?('x') }\n",
        &["if ruby_is_in_load_path(\"x\") {"],
    );
    carried_in_two(
        "load Gem.find_files('symfony2.rb').first.to_s\nload Gem.required_location('capistrano-ext', 'capistrano/ext/multistage.rb')\n",
        &["require \"capifony\";"],
    );
}

#[test]
fn libraries_in_a_list_are_required_one_by_one() {
    carried_in_two(
        "%w(rubygems bundler/capistrano capistrano_colors).each { |library| require library }\n",
        &["require \"bundler\";"],
    );
    let (text, notes) = recipe(&format!(
        "{TWO}%w[none/capistrano json].each {{ |name| require name }}\n"
    ));
    assert!(
        matches!(notes.as_slice(), [only] if only.kind == Kind::Library),
        "{notes:?}"
    );
    assert!(!text.contains("for "), "{text}");
    let (_, notes) = recipe(&format!("{TWO}%w[a b].each {{ |name| require \"none/#{{name}}\" }}\n"));
    assert!(
        matches!(notes.as_slice(), [_, more] if more.depends_on == Some(1)),
        "{notes:?}"
    );
}

#[test]
fn files_are_found_by_the_patterns_of_a_list() {
    carried_in_two(
        "paths = [File.join('lib', 'a', '*.rb'), 'x/*.rb']\nDir.glob(paths).each { |file| load file }\nDir[*paths].each { |file| puts file }\n\
         Dir.glob(['y/*.rb', 'z/*.rb']).each { |file| load file }\n",
        &[
            "in ruby_glob(paths) {",
            "glob(\"y/*.rhai\") + glob(\"z/*.rhai\")",
            "fn ruby_glob(patterns) {",
        ],
    );
}

#[test]
fn servers_are_chosen_by_the_values_of_their_properties() {
    carried(
        "task :t do\n  on roles(:app, primary: true), limit: 1 do\n    execute :a\n  end\n  \
         roles(:app, zone: 'x', primary: true).each { |s| puts s }\n  on(release_roles(:app, zone: 'y')) { execute :b }\nend\n",
        &[
            "roles(:app).filter(|server| server.properties[\"primary\"] == true)",
            "server.properties[\"zone\"] == \"x\" && server.properties[\"primary\"] == true",
            "!(\"no_release\" in server.properties) && server.properties[\"zone\"] == \"y\"",
        ],
    );
}

#[test]
fn what_is_thrown_and_caught_by_nothing_ends_the_run() {
    carried(
        "task :t do\n  throw 'no key' unless test('x')\n  ENV['A'] or throw :none\nend\n",
        &[
            "throw \"uncaught throw \\\"no key\\\"\";",
            "throw \"uncaught throw :none\"",
        ],
    );
    let (_, notes) = recipe(&format!("{TWO}task(:t) {{ catch(:x) {{ throw :x }} }}\n"));
    assert_eq!(notes.len(), 1, "{notes:?}");
}

#[test]
fn variables_and_functions_are_read_by_their_names() {
    carried_in_two(
        "set :deploy_to, '/srv'\ndef f\n  'x'\nend\ntask :t do\n  [:deploy_to, :shared_path].each { |v| puts send(v) }\n  puts send(:deploy_to), send(:f)\nend\n",
        &["puts fetch(v, \"\");", "puts deploy_to;", "puts f();"],
    );
    carried_in_two(
        "def with_all(all)\n  old = {}\n  all.each { |name, value| old[name] = send name }\n  all.each { |name, value| set name, value }\n  \
         puts old\nend\ntask(:t) { with_all(:a => 1) }\n",
        &["old[name] = fetch(name, ());"],
    );
    let (_, notes) = recipe(&format!("{TWO}task(:t) {{ puts send(ENV['X']) }}\n"));
    assert_eq!(notes.len(), 1, "{notes:?}");
}

#[test]
fn a_class_asks_about_a_value() {
    carried(
        "def f(x)\n  Numeric === x || String === x || /a/ === x\nend\ntask(:t) { puts 1 if f(2) }\n",
        &["type_of(x) in [\"i64\", \"f64\"] || type_of(x) == \"string\" || matches(x, \"a\")"],
    );
    carried(
        "def f(x)\n  x == 1 || x == 2 || x == 3\nend\ntask(:t) { puts 1 if f(3) }\n",
        &["  x == 1 || x == 2 || x == 3\n"],
    );
}

#[test]
fn variables_of_the_environment_are_read_from_a_text() {
    carried(
        "task :t do\n  on roles(:app) do\n    set :default_env, Dotenv::Parser.call(capture('cat .env'))\n  end\n  puts Dotenv.parse('.env')['A']\nend\n",
        &[
            "ruby_env_text(strip(capture(\"cat .env\"",
            "ruby_env_files([\".env\"])",
            "fn ruby_env_text(text) {",
        ],
    );
}

#[test]
fn a_variable_is_given_its_own_value_with_something_added() {
    carried(
        "set :words, %w[a]\nset :text, 'a'\nset :words, fetch(:words) << :b\nset :text, fetch(:text) << 'b' << 'c'\nset :linked_dirs, fetch(:linked_dirs, []) << 'd' << 'e'\n\
         task(:t) { puts fetch(:words), fetch(:text) }\n",
        &[
            "set :words, words + [:b];",
            "ruby_added(ruby_added(text, \"b\"), \"c\")",
            "[\"d\"] + [\"e\"];",
        ],
    );
}

#[test]
fn the_words_of_the_command_line_are_a_list() {
    carried(
        "task :t do\n  at = ARGV.index 't'\n  ARGV[at + 1..].each { |file| puts file }\n  ARGV[1..-1].map { |file| file }.each { |x| puts x }\nend\n",
        &[
            "arguments().index_of(\"t\")",
            "in ruby_part(arguments(), at + 1, -1) {",
            "arguments().extract(1).map(",
        ],
    );
}

#[test]
fn the_words_of_the_command_line_are_not_changed() {
    let (_, notes) = recipe(&format!("{TWO}task(:t) {{ ARGV << 'x' }}\n"));
    assert_eq!(notes.len(), 1, "{notes:?}");
}

#[test]
fn a_server_has_the_options_that_it_was_given() {
    carried(
        "server 'b', roles: %w[db], ssh_options: { keys: '~/k', port: 2222 }\n\
         task(:t) { on(roles(:db)) { |host| exec \"ssh -i #{host.ssh_options[:keys]} -p #{host.ssh_options.fetch(:port, 22)} #{host}\" } }\n",
        &[
            "host.properties.ssh_options[\"keys\"]",
            "host.properties.ssh_options[\"port\"] ?? 22",
        ],
    );
}

#[test]
fn an_option_is_taken_out_of_a_map_where_it_is_asked_for() {
    carried(
        "def f(opt = {})\n  puts 1 if opt.delete(:clear)\n  puts opt\nend\ntask(:t) { f clear: true }\n",
        &["if (opt.remove(\"clear\") ?? false) != false {"],
    );
}

#[test]
fn a_point_in_the_place_of_a_comma_fails() {
    let (_, notes) = recipe(
        "lock '3'\nset :repo_url, 'x'\nserver 'a', roles: %w[app]\ntask(:t) { on(roles(:app)) { execute :touch. release_path.join('x') } }\n",
    );
    assert!(
        matches!(notes.as_slice(), [only] if only.kind == Kind::Fails),
        "{notes:?}"
    );
}

#[test]
fn the_looks_of_airbrussh_are_left_out() {
    let (text, notes) = recipe("set :repo_url, 'x'\nAirbrussh.configure do |config|\n  config.color = false\nend\n");
    assert!(notes.is_empty(), "{notes:?}");
    assert!(!text.contains("Airbrussh"), "{text}");
}

#[test]
fn source_controls_of_gems_bring_their_libraries() {
    let (text, notes) =
        recipe("set :repo_url, 'g@x:y.git'\nset :scm, :rsync\nafter 'rsync:stage_done', 'build'\ntask(:build) {}\n");
    assert!(notes.is_empty(), "{notes:?}");
    has(
        &text,
        &[
            "require \"rsync\";",
            "set :scm, :rsync;",
            "after \"rsync:stage_done\", \"build\";",
        ],
    );
}

#[test]
fn a_variable_that_may_be_anybodys_tells_no_library() {
    let (text, notes) =
        recipe("set :repo_url, 'x'\nset :git_remote, 'up'\nset :assets_dir, 'a'\nset :migration_role, :app\n");
    assert!(notes.is_empty(), "{notes:?}");
    has(&text, &["require \"rails/migrations\";"]);
    assert_eq!(text.matches("require ").count(), 1, "{text}");
}

#[test]
fn what_is_nothing_in_ruby_is_nothing_here() {
    carried_in_two(
        "task :t do\n  words = capture('df').split\n  last = words[4]\n  puts words[2], words.first, \"x#{words[3]}\", words[-1].to_i\n  \
         puts \"-#{last}\"\n  puts 'a' if words[1]\n  puts File.basename(previous_release.to_s)\n  \
         puts \"#{previous_revision}..\"\n  puts %w[a b][1], [1, 2].first\nend\n",
        &[
            "let last = words.get(4);",
            "words.get(2)",
            "words.get(0)",
            "`x${words.get(3) ?? \"\"}`",
            "to_i(words.get(-1) ?? \"\")",
            "`-${last ?? \"\"}`",
            "if words.get(1) != () {",
            "basename(`${previous_release ?? \"\"}`)",
            "`${previous_revision ?? \"\"}..`",
            "[\"a\", \"b\"][1]",
            "[1, 2][0]",
        ],
    );
}

#[test]
fn a_directory_is_no_file() {
    carried_in_two(
        "task(:t) do\n  puts Dir['x/*'].select { |f| File.file?(f) }, File.exist?('x'), Pathname.new('x').file?\nend\n",
        &["|f| ruby_is_file(f)", "file_exists(\"x\")", "ruby_is_file(\"x\")"],
    );
}

#[test]
fn what_only_the_shell_of_capistrano_fills_into_a_value_is_told() {
    let told = |recipe: &str| {
        let ported = ported(&[("config/deploy.rb", recipe)]).unwrap();
        let told = ported
            .remarks
            .iter()
            .any(|remark| remark.contains("the shell of Capistrano"));
        (told, ported.files[0].notes.is_empty())
    };
    let three = |value: &str| {
        format!("set :repo_url, 'x'\nserver 'a', roles: %w[app]\nset :default_env, {{ path: '{value}', n: 3 }}\n")
    };
    for value in ["$HOME/bin:${PATH}", "$PATH", "a$", "~/x"] {
        assert_eq!(told(&three(value)), (false, true), "{value}");
    }
    for value in ["$HOMES/bin:$PATH", "${RBENV_ROOT}/shims", "$(id)", "`id`"] {
        assert_eq!(told(&three(value)), (true, true), "{value}");
    }
    let within = "set :repo_url, 'x'\ntask(:t) { on(roles(:app)) { with(path: '$NVM:$PATH') { execute :x } } }\n";
    let index = "set :repository, 'x'\nrole :app, 'a'\ndefault_environment['PATH'] = \"$NVM:$PATH\"\n";
    assert_eq!((told(within), told(index)), ((true, true), (true, true)));
}
