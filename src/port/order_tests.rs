//! Tests of what runs before what, and of commands and values that Capistrano 3 treats in a way of its own.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::construct_tests::{THREE, carried};
use super::tests::{has, ported, recipe};

#[test]
fn prerequisites_run_in_the_order_in_which_rake_learns_of_them() {
    carried(
        "task(:a) { puts 'a' }\ntask(:b) { puts 'b' }\ntask(c: :a) { puts 'c' }\nbefore :c, :b\n\
         task(d: :a) { puts 'd' }\ntask(d: :b) { puts 'e' }\ntask f: :a\ntask(:f) { puts 'f' }\n\
         task(g: :a) { puts 'g' }\n%w[h i].each { |x| before x, :b }\ntask(h: :a) { puts 'h' }\n",
        &[
            "before \"c\" { invoke \"a\"; }\ntask :c {\n  puts \"c\";\n}\nbefore \"c\", \"b\";",
            "before \"d\" { invoke \"b\"; }\ntask :d_2 {",
            "before \"f\" { invoke \"a\"; }\ntask :f { }\ntask :f_2 {",
            "task :g {\n  invoke \"a\";\n  puts \"g\";\n}",
            "before \"h\" { invoke \"a\"; }\ntask :h {",
        ],
    );
}

#[test]
fn what_a_loop_defines_once_more_runs_after_the_first() {
    carried(
        "namespace :n do\n  %w[a b].each { |x| task(x) { puts 'one' } }\n  %w[a b].each { |x| task(\"#{x}\") { puts 'two' } }\n  \
         task(:b) { puts 'three' }\n  %w[c d].each { |x| task(x) { puts 'four' } }\nend\n\
         namespace(:deploy) { %w[published finished].each { |x| task(x) { puts 'five' } } }\n",
        &[
            "  for x in [\"a\", \"b\"] {\n    task x {\n      puts \"one\";",
            "    task `${x}_2` {\n      puts \"two\";\n    }\n    after `n:${x}`, `n:${x}_2`;",
            "  task :b_3 {\n    puts \"three\";\n  }\n  after \"n:b\", \"n:b_3\";",
            "    task x {\n      puts \"four\";",
            "    task `${x}_2` {\n      puts \"five\";\n    }\n    after `deploy:${x}`, `deploy:${x}_2`;",
        ],
    );
    // Each name would need a hook of its own, or none.
    let text = "task(:a) { puts 'one' }\n%w[a b].each { |x| task(x) { puts 'two' } }\n";
    let (_, notes) = recipe(&format!("{THREE}{text}"));
    assert_eq!(notes.len(), 1, "{notes:?}");
}

#[test]
fn a_task_that_may_run_again_is_invoked_again() {
    carried(
        "task(:a) { puts 'a' }\ntask(:b) { puts 'b' }\ntask :t do\n  Rake::Task['a'].reenable\n  invoke :a\n  invoke :b\nend\n",
        &["invoke \"a\", :again => true;\n  invoke \"b\";"],
    );
    // It runs the task without what a hook runs before it, which has no form here.
    let text = "task(:a) { puts 'a' }\ntask(:b) { puts 'b' }\nbefore :a, :b\ntask(:t) { Rake::Task['a'].execute }\n";
    let (_, notes) = recipe(&format!("{THREE}{text}"));
    assert_eq!(notes.len(), 1, "{notes:?}");
}

#[test]
fn a_command_with_blanks_in_it_has_no_environment_and_no_surroundings() {
    carried(
        "set :default_env, { lang: 'C', 'Own' => 'x' }\ntask :t do\n  on roles(:app) do\n    execute 'ls -l'\n    execute :ls, '-a'\n    \
         execute \"#{fetch(:application)} status\"\n    execute 'echo a', 'b'\n    background 'sleep 1'\n    \
         as('u') { sudo :id; sudo 'id -u' }\n    within('/x') { sudo 'ls -l' }\n    puts capture('id -u'), test('[ -d x ]')\n  end\nend\n\
         task :l do\n  run_locally do\n    execute :ls\n    execute 'ls -l'\n    with(tz: 'X') { execute :date }\n    sudo :id\n  end\nend\n",
        &[
            "set :default_environment, #{ LANG: \"C\", Own: \"x\" };",
            "run \"ls -l\", :prefix => false;",
            "run \"ls -a\";",
            "run `${application} status`, :prefix => false;",
            "run \"echo a\", :prefix => false;",
            "run \"sleep 1\", :prefix => false;",
            "sudo \"sudo id\", :as => \"u\";",
            "sudo \"sudo id -u\", :as => \"u\";",
            "sudo \"ls -l\", :dir => \"/x\";",
            "capture(\"id -u\", :prefix => false)",
            "test(\"[ -d x ]\", :prefix => false)",
            "run_locally \"ls\", :env => default_environment;",
            "run_locally \"ls -l\";",
            "run_locally \"date\", :env => default_environment + #{ TZ: \"X\" };",
            "run_locally \"sudo id\", :env => default_environment;",
        ],
    );
}

#[test]
fn a_hook_finds_its_task_in_the_namespace_of_the_other() {
    carried(
        "namespace(:deploy) { task(:own) { puts 'a' } }\nafter 'deploy:publishing', :own\nbefore 'deploy:check', :own\n",
        &[
            "after \"deploy:publishing\", \"deploy:own\";",
            "before \"deploy:check\", \"deploy:own\";",
        ],
    );
}

#[test]
fn arguments_without_a_name_are_a_list_beside_those_with_one() {
    carried(
        "task :t, [:a] do |_, args|\n  puts args[:a], args.extras.join(',')\nend\n",
        &[
            "let args = #{ a: ENV[\"a\"], extras: if ENV[\"extras\"] == () { [] } else { ENV[\"extras\"].split(\",\") } };",
        ],
    );
}

#[test]
fn the_environment_is_read_by_names_in_capitals() {
    carried(
        "set :default_env, { rails_env: 'x' }\ntask :t do\n  puts \"-#{fetch(:default_env)[:rails_env]}-#{fetch(:default_env)['own']}\"\nend\n",
        &["`-${default_environment[\"RAILS_ENV\"] ?? \"\"}-${default_environment[\"own\"] ?? \"\"}`"],
    );
}

#[test]
fn the_names_of_an_environment_are_in_capitals_wherever_it_is_made() {
    let made = [
        (
            "set :default_env, -> { { path: '/a', 'low' => 'b' } }",
            "#{ PATH: \"/a\", low: \"b\" }",
        ),
        ("set(:default_env) { { path: '/a' } }", "#{ PATH: \"/a\" }"),
        (
            "set :default_env, fetch(:default_env, {}).merge(path: '/a')",
            "fetch(:default_environment, #{}) + #{ PATH: \"/a\" };",
        ),
        (
            "own = { :path => '/a', 'low' => 'b' }\nown[:more] = 'c'\nset :default_env, own",
            "set :default_environment, ruby_capitals(own, [\"more\", \"path\"]);",
        ),
        (
            "def own\n  { path: '/a' }\nend\nset :default_env, own",
            "set :default_environment, ruby_capitals(own(), [\"path\"]);",
        ),
        (
            "OWN = { path: '/a' }\nset :default_env, OWN.merge('low' => 'b')",
            "set :default_environment, ruby_capitals(own, [\"path\"]) + #{ low: \"b\" };",
        ),
        (
            "own = { 'low' => 'b' }\nset :default_env, own",
            "set :default_environment, own;",
        ),
    ];
    for (code, part) in made {
        carried(code, &[part]);
    }
}

#[test]
fn a_local_with_a_command_that_has_blanks_has_no_surroundings_either() {
    carried(
        "task :t do\n  on roles(:app) do\n    within '/x' do\n      one = ['cd y', 'ls'].join(' && ')\n      execute one\n      \
         two = \"ls #{one}\"\n      execute two\n      three = 'ls'\n      execute three\n      three += ' -l'\n      execute three\n      \
         all = []\n      all << 'a'\n      execute all.join(' && ')\n      execute(*all)\n    end\n  end\nend\n",
        &[
            "run `${one}`;",
            "run `${two}`;",
            "run `${three}`, :dir => \"/x\";\n",
            "run `${three}`;",
            "run `${join(all, \" && \")}`;",
            "run `${join(all, \" \")}`, :dir => \"/x\";",
        ],
    );
}

#[test]
fn a_day_has_no_time() {
    carried(
        "require 'date'\ntask :t do\n  today = Date.today\n  puts \"a-#{Date.today}\", \"#{DateTime.now}\", today.year, Date.today.to_s, Time.now\nend\n",
        &[
            "let today = now(\"%Y-%m-%d\");",
            "`a-${now(\"%Y-%m-%d\")}`",
            "`${now(\"%Y-%m-%dT%H:%M:%S%:z\")}`",
            "to_i(now(\"%Y\"))",
            "now(\"%Y-%m-%d %H:%M:%S %z\")",
        ],
    );
}

#[test]
fn a_local_that_a_branch_leaves_empty_is_an_empty_string_in_a_string() {
    carried(
        "task :t do\n  type = ENV['a'] ? 'x' : nil\n  other = ENV['b'] ? 'y' : 'z'\n  puts \"-#{type}-#{other}\"\nend\n",
        &["`-${type ?? \"\"}-${other}`"],
    );
}

#[test]
fn a_list_that_gets_an_entry_by_stage_is_no_block_that_reads_itself() {
    let files = [
        ("Capfile", "require 'capistrano/setup'\nrequire 'capistrano/deploy'\n"),
        (
            "config/deploy.rb",
            "set :linked_files, fetch(:linked_files, []).push(\".env.#{fetch(:stage)}\")\n",
        ),
        ("config/deploy/one.rb", "server 'a', roles: %w[app]\n"),
    ];
    let ported = ported(&files).unwrap();
    has(
        &ported.files[1].text,
        &["on :stage {\n  set :linked_files, fetch(:linked_files, []) + [`.env.${stage}`];\n}"],
    );
}

#[test]
fn what_a_gem_sets_anew_is_not_taken_from_a_capfile() {
    let capfile = "require 'capistrano/setup'\nrequire 'capistrano/deploy'\nrequire 'capistrano/rvm'\nset :rvm_ruby_version, '2.7'\nset :own, 1\n";
    let files = [("Capfile", capfile), ("config/deploy.rb", "set :rvm_type, :user\n")];
    let ported = ported(&files).unwrap();
    has(
        &ported.files[0].text,
        &["// `rvm_ruby_version` in a Capfile has no effect", "set :own, 1;"],
    );
    assert!(!ported.files[0].text.contains("2.7"));
    has(&ported.files[1].text, &["set :rvm_type, :user;"]);
}

#[test]
fn a_variable_with_the_name_of_a_library_tells_of_that_one() {
    let (text, _) = recipe("lock '3'\nset :file_permissions_paths, ['log']\n");
    has(&text, &["require \"file_permissions\";"]);
    assert!(!text.contains("symfony"));
}

#[test]
fn a_default_counts_where_a_library_leaves_its_variable_empty() {
    carried(
        "require 'capistrano/npm'\ntask :t do\n  on roles(:app) do\n    within fetch(:npm_target_path, release_path) do\n      execute :npm, 'x'\n    end\n  end\nend\n",
        &["within fetch(:npm_target_path, ()) ?? release_path {"],
    );
}

#[test]
fn a_command_with_blanks_in_it_has_no_words_of_libraries_before_it() {
    let text = "task :t do\n  on roles(:app) do\n    execute 'rake x'\n    execute 'bundle exec rake y'\n    execute :rake, 'z'\n    \
                execute 'npm i'\n  end\nend\n";
    let of = |libraries: &str| recipe(&format!("{THREE}{libraries}{text}")).0;
    let both = of("require 'capistrano/rbenv'\nrequire 'capistrano/bundler'\n");
    has(
        &both,
        &[
            "run \"rake x\", :prefix => false;",
            "run \"bundle exec rake y\", :prefix => false;",
            "run \"rake z\";",
            "run \"npm i\";",
        ],
    );
    assert!(!of("").contains("prefix"));
}

#[test]
fn the_primary_server_is_the_first_where_none_is_marked() {
    let text = "lock '3'\nset :repo_url, 'x'\ntask :t do\n  on primary(:db) do\n    execute :a\n  end\nend\n";
    let marked = "server 'a', roles: %w[db], primary: true\n";
    let of = |two: &str| {
        let files = [
            ("Capfile", "require 'capistrano/setup'\nrequire 'capistrano/deploy'\n"),
            ("config/deploy.rb", text),
            ("config/deploy/one.rb", marked),
            ("config/deploy/two.rb", two),
        ];
        ported(&files).unwrap().files.remove(1).text
    };
    has(
        &of(marked),
        &["task :t, :roles => :db, :only => #{ primary: true }, :once => true {"],
    );
    has(
        &of("server 'b', roles: %w[db]\n"),
        &["run \"a\", :hosts => primary(:db).name;"],
    );
}

#[test]
fn a_variable_that_only_capr_has_is_nothing() {
    carried(
        "set :a, fetch(:rails_env) || fetch(:stage)\nset :b, fetch(:current_path, '/x')\nset_if_empty :rake, 'bin/rake'\n\
         set :c, 1 if ENV['C']\nset :d, true if ENV['D']\ntask :t do\n  puts fetch(:c), fetch(:rake)\n  puts 'd' unless fetch(:d)\n  \
         puts 'e' if fetch(:shared_path)\n  set :e, 1\n  puts fetch(:e)\nend\ntask(:u) { puts fetch(:e) }\n",
        &[
            "set :b, \"/x\";",
            "set :rake, \"bin/rake\";",
            "puts fetch(:c, \"\");\n  puts rake;",
            "if !fetch(:d, false) {",
            "if false {",
            "puts e;",
            "puts fetch(:e, \"\");",
        ],
    );
    let (text, _) = recipe(&format!(
        "{THREE}require 'capistrano/rails'\nset :a, fetch(:rails_env)\n"
    ));
    has(&text, &["rails_env"]);
}

#[test]
fn the_default_task_of_a_namespace_has_the_name_of_the_namespace() {
    let (text, notes) = recipe(
        "set :application, 'a'\nset :repository, 'x'\nset :deploy_via, :copy\nrole :app, 'a'\ntask(:x) { run 'x' }\nafter 'deploy:default', :x\n\
         task(:a) { deploy.default }\ntask(:b) { find_and_execute_task 'deploy:default' }\n\
         namespace :deploy do\n  task(:full) { default; top.deploy.default; cleanup }\nend\n",
    );
    assert!(notes.is_empty(), "{notes:?}");
    has(
        &text,
        &[
            "task :a {\n  invoke(\"deploy\");",
            "task :b {\n  invoke \"deploy\";",
            "task :full {\n    invoke \"deploy\";\n    invoke(\"deploy\");\n    cleanup;",
        ],
    );
    assert!(!text.contains("after") && !text.contains("railsless"), "{text}");
}

#[test]
fn a_task_with_the_other_name_of_a_task_of_the_library_stands_beside_it() {
    let (text, notes) = recipe(
        "set :repository, 'x'\nset :deploy_via, :copy\nrequire 'bundler/capistrano'\nnamespace :bundler do\n  task(:install) { run 'own' }\n  \
         after 'deploy:setup', 'bundler:install'\nend\ntask(:t) { bundler.install }\ntask(:u) { bundle.install }\n",
    );
    assert!(notes.is_empty(), "{notes:?}");
    has(
        &text,
        &[
            "task :install_own {",
            "after \"deploy:setup\", \"bundler:install_own\";",
            "task :t {\n  invoke(\"bundler:install_own\");",
            "task :u {\n  bundle.install;",
        ],
    );
    carried(
        "require 'capistrano/bundler'\nnamespace :bundle do\n  task(:install) { puts 'own' }\nend\ntask(:t) { invoke 'bundle:install' }\n",
        &["task :install_own {", "invoke \"bundle:install_own\";"],
    );
}

#[test]
fn what_a_map_lacks_and_what_may_be_unset_is_nothing_in_a_string() {
    carried(
        "def f(a, b = nil)\n  \"#{a}#{b}\"\nend\ntask :t do\n  m = { a: 1 }\n  x = 1 if m[:b]\n  if m[:b]\n    y = 1\n  else\n    y = 2\n  end\n  \
         l = %w[a].find { |w| w == 'b' }\n  puts \"#{m[:b]}#{x}#{y}#{l}\", m[:c].to_s + 'z', f('a')\nend\n",
        &[
            "${m[\"b\"] ?? \"\"}${x ?? \"\"}${y}${l ?? \"\"}",
            "`${m[\"c\"] ?? \"\"}z`",
            "`${a}${b ?? \"\"}`",
        ],
    );
}

#[test]
fn numbers_are_divided_as_in_ruby() {
    carried(
        "task :t do\n  n = 7\n  l = %w[a b]\n  puts n / 2, n % 3, 7 / 2, l.size / 2, n / 2.0, n.to_f / 2, n.fdiv(2), n.div(2), n.modulo(3)\n  \
         puts shared_path / 'log'\n  ('a'..'c').each { |c| puts c }\n  puts ('a'...'c').to_a.first || 'x', ['a', fetch(:no), ENV['N']].join('-')\nend\n",
        &[
            "puts ruby_quotient(n, 2);",
            "puts ruby_remainder(n, 3);",
            "puts 7 / 2;",
            "puts l.len() / 2;",
            "puts n / 2.0;",
            "puts ruby_float(n) / 2;",
            "join_path(shared_path, \"log\")",
            "for c in [\"a\", \"b\", \"c\"] {",
            "[\"a\", \"b\"].get(0) ?? \"x\"",
            "join([\"a\", fetch(:no, \"\"), ENV[\"N\"] ?? \"\"], \"-\")",
        ],
    );
    let (_, notes) = recipe(&format!("{THREE}task(:t) {{ ('aa'..'ad').each {{ |c| puts c }} }}\n"));
    assert_eq!(notes.len(), 1, "{notes:?}");
}

#[test]
fn servers_that_are_chosen_from_a_list_are_addressed_by_their_names() {
    carried(
        "task :t do\n  on roles(:app).select { |s| s.hostname == 'a' } do\n    execute :a\n  end\n  on roles(:app).last do\n    execute :b\n  end\n  \
         on roles(:app).first(2) do\n    execute :c\n  end\n  on roles(:app) - roles(:db) do\n    execute :d\n  end\nend\n",
        &[
            "filter(|s| s.host == \"a\").map(|server| server.name),",
            ":hosts => roles(:app)[-1].name;",
            "extract(0, 2).map(|server| server.name),",
            "ruby_minus(roles(:app), roles(:db)).map(|server| server.name),",
        ],
    );
}

#[test]
fn what_is_false_or_nothing_or_a_path_is_so_in_values_too() {
    carried(
        "set :off, false\nset :none, nil\nset :either, ENV['A'] ? false : 'x'\ntask :t do\n  puts fetch(:off) || 'on', \"<#{fetch(:none)}>\"\n  \
         puts fetch(:tmp_dir), fetch(:log_level), fetch(:tmp_dir, '/x'), shared_path + 'log', shared_path.to_s + '-x', revision_log\nend\n",
        &[
            "puts if off { true } else { \"on\" };",
            "<${none ?? \"\"}>",
            "puts \"/tmp\";\n  puts :debug;\n  puts \"/tmp\";",
            "join_path(shared_path, \"log\")",
            "join_path(deploy_to, \"revisions.log\")",
        ],
    );
}

#[test]
fn a_task_of_another_namespace_is_cleared_before_this_one_and_what_runs_before_it_stays() {
    carried(
        "namespace :deploy do\n  Rake::Task['deploy:publishing'].clear_actions\n  Rake::Task['load:x'].clear_actions\n  \
         task(:restart) { puts 'a' }\nend\nnamespace(:load) { task(:x) { puts 'b' } }\n",
        &["namespace :deploy {\n  task :publishing { }\n  task :restart {"],
    );
    carried(
        "task(:a) { puts 'a' }\nbefore 'deploy:published', 'a'\nRake::Task['deploy:published'].clear_actions\n\
         namespace(:deploy) { task(:published) { puts 'b' } }\nnamespace :n do\n  Rake::Task['deploy:cleanup'].clear\n  \
         task(:x) { puts 'x' }\nend\n",
        &[
            "before \"deploy:published\", \"a\";\nnamespace :deploy {\n  task :published {\n    puts \"b\";",
            "namespace :deploy {\n  task :cleanup { }\n}\nnamespace :n {\n  task :x {",
        ],
    );
    let clear = |word: &str| {
        let hook = "task(:a) { puts 'a' }\nafter 'deploy:published', 'a'\n";
        recipe(&format!(
            "set :repo_url, 'x'\nlock '3'\n{hook}Rake::Task['deploy:published'].{word}\n"
        ))
        .1
    };
    assert_eq!(clear("clear_actions").len(), 1, "what runs after it is an action");
}

#[test]
fn the_block_of_fetch_is_its_default() {
    let (text, notes) = recipe(&format!(
        "{THREE}set :a, fetch(:who) {{ 'me' }}\ntask(:t) {{ puts fetch(:x) {{ \"b #{{fetch(:a)}}\" }} }}\n"
    ));
    assert!(notes.is_empty(), "{notes:?}");
    has(&text, &["fetch(:who, \"me\")", "fetch(:x, `b ${a}`)"]);
    let (_, notes) = recipe(&format!("{THREE}task(:t) {{ puts fetch(:x) {{ capture(:id) }} }}\n"));
    assert_eq!(notes.len(), 1);
}

#[test]
fn a_string_that_is_replaced_stands_for_itself() {
    let (text, notes) = recipe(
        "role :app, 'h'\ntask :t do\n  pat = 'a+b'\n  rx = /a.b/\n  puts 'x'.gsub(pat, '-'), 'x'.gsub(rx, '-'), 'x'.gsub(\"{{#{pat}}}\", '-'), Float(2)\n  puts 'x'.gsub(/(a)/, '<\\1>')\nend\n",
    );
    assert!(notes.is_empty(), "{notes:?}");
    let signs = r#""[\\\\.+*?()|\\[\\]{}^$#&~-]", "\\$0""#;
    has(
        &text,
        &[
            &format!("gsub(\"x\", gsub(pat, {signs}), \"-\")"),
            "gsub(\"x\", rx, \"-\")",
            &format!("gsub(`{{{{${{pat}}}}}}`, {signs})"),
            "ruby_float(2)",
            "<\\${1}>",
        ],
    );
}

#[test]
fn a_begin_that_reads_a_file_runs_at_the_start_as_a_whole() {
    let (text, notes) = recipe(
        "role :app, 'h'\nconfig = nil\nbegin\n  config = YAML.load_file('config/application.yml')\n  config.each { |k, v| ENV[k] = v }\nrescue => e\n  raise e\nend\n\
         task :t, :roles => :app do\n  %w[a b].each do |item|\n    run \"x #{item}\"\n  rescue StandardError\n    puts item\n  end\n  puts Integer(15), Integer(ENV['N'])\nend\n",
    );
    assert!(notes.is_empty(), "{notes:?}");
    has(
        &text,
        &[
            "on :start {\n  try {\n    config = read_yaml(\"config/application.yml\");\n    for k in config",
            "for item in [\"a\", \"b\"] {\n    try {\n      run `x ${item}`;\n    } catch {\n      puts item;",
            "puts 15;",
        ],
    );
}

#[test]
fn what_reads_the_environment_waits_for_what_a_file_puts_into_it() {
    let (text, notes) = recipe(
        "conf = YAML.load(File.read('app.yml'))\nconf.each { |k, v| ENV[k] = v unless v.kind_of? Hash }\n\
         set :application, ENV['NAME']\nset :branch, ENV['B'] || 'main'\nrole :app, ENV['HOST1']\nset :deploy_to, \"/srv/#{application}\"\n",
    );
    assert!(notes.is_empty(), "{notes:?}");
    has(
        &text,
        &[
            "set :application { ENV[\"NAME\"] }",
            "set :branch { ENV[\"B\"] ?? \"main\" }",
            "role :app { ENV[\"HOST1\"] }",
            "set :deploy_to { `/srv/${application}` }",
        ],
    );
    let (text, notes) = recipe(
        "config = nil\nbegin\n  config = YAML.load_file('a.yml')\n  config.each { |k, v| ENV[k] = v }\nrescue => e\n  raise e\nend\n\
         set :application, ENV['NAME']\n",
    );
    assert!(notes.is_empty(), "{notes:?}");
    has(&text, &["set :application { ENV[\"NAME\"] }"]);
}

#[test]
fn a_file_that_is_opened_is_uploaded() {
    carried(
        "task(:t) { on(roles(:app)) { upload! File.open('x.yml'), '/srv/x.yml'; upload! StringIO.new('a'), '/srv/a' } }\n",
        &["upload \"x.yml\", \"/srv/x.yml\";", "put \"a\", \"/srv/a\";"],
    );
}
