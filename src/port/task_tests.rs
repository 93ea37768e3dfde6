//! Tests of tasks as objects of Rake, and of tasks whose names mean something here.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::Kind;
use super::construct_tests::{THREE, carried};
use super::tests::{has, ported, recipe};

/// A library that was added would do more than have that task: it would install, compile or restart in each deploy.
#[test]
fn with_a_capfile_a_task_that_nothing_defines_fails_here_too() {
    let deploy = "set :application, 'a'\nset :repo_url, 'b'\nafter 'deploy:published', 'bundler:clean'\n";
    let capfile = "require 'capistrano/setup'\nrequire 'capistrano/deploy'\n";
    let whole = ported(&[("Capfile", capfile), ("config/deploy.rb", deploy)]).unwrap();
    let file = whole
        .files
        .iter()
        .find(|file| file.to.ends_with("deploy.rhai"))
        .unwrap();
    assert!(!file.text.contains("require \"bundler\""), "{}", file.text);
    assert_eq!(
        file.notes.iter().map(|note| note.kind).collect::<Vec<_>>(),
        [Kind::Fails]
    );
    // A Capfile that is not here may require it.
    let (text, notes) = recipe(deploy);
    has(&text, &["require \"bundler\";"]);
    assert!(notes.is_empty(), "{notes:?}");
}

#[test]
fn definitions_of_a_task_in_several_files_add_up() {
    let task = |said: &str| format!("namespace(:deploy) {{ task(:restart) {{ puts '{said}' }} }}\n");
    let capfile = "require 'capistrano/setup'\nrequire 'capistrano/deploy'\nDir.glob('lib/capistrano/tasks/*.rake').each { |r| import r }\n";
    let (one, stage) = (task("one"), format!("server 'a', roles: %w[app]\n{}", task("three")));
    let of = |main: &str| {
        let files = [
            ("Capfile", capfile),
            ("config/deploy.rb", main),
            ("config/deploy/one.rb", stage.as_str()),
            ("config/deploy/two.rb", stage.as_str()),
            ("lib/capistrano/tasks/a.rake", one.as_str()),
        ];
        let texts = ported(&files).unwrap().files.into_iter().map(|file| file.text);
        texts.skip(1).collect::<Vec<_>>()
    };
    let files = of(&task("two"));
    for (text, name) in files.iter().zip(["restart_2", "restart_3", "restart_3"]) {
        let hook = format!("after \"deploy:restart\", \"deploy:{name}\";");
        has(text, &[&format!("task :{name} {{"), &hook]);
    }
    has(&files[3], &["task :restart {"]);
    // One that is cleared is replaced.
    let files = of(&format!("Rake::Task['deploy:restart'].clear\n{}", task("two")));
    assert!(!files[0].contains("restart_2"), "{}", files[0]);
}

#[test]
fn a_block_of_a_hook_with_the_name_of_a_task_is_added_to_it() {
    carried(
        "namespace :deploy do\n  after(:restart, :publishing) { puts 'a' }\n  after(:finishing, :own) { puts 'b' }\n  before(:finishing, :own) { puts 'c' }\n\
         task(:own) { puts 'd' }\nend\n",
        &[
            "task :publishing_2 {",
            "after \"deploy:publishing\", \"deploy:publishing_2\";\n  after \"deploy:restart\", \"deploy:publishing\";",
            "task :own {\n    puts \"b\";\n  }\n  after \"deploy:finishing\", \"deploy:own\";",
            "task :own_2 {\n    puts \"c\";\n  }\n  after \"deploy:own\", \"deploy:own_2\";\n  before \"deploy:finishing\", \"deploy:own\";",
            "task :own_3 {\n    puts \"d\";",
        ],
    );
}

#[test]
fn an_own_task_with_the_name_of_a_step_of_capr_has_a_name_of_its_own() {
    carried(
        "namespace :deploy do\n  task(:update_code) { puts 'a' }\n  before :starting, :finalize_update do\n    puts 'b'\n  end\n\
         after :update_code, :check\nend\ntask(:t) { invoke 'deploy:finalize_update'; Rake::Task['deploy:update_code'].invoke }\n",
        &[
            "task :update_code_own {",
            "task :finalize_update_own {",
            "before \"deploy:starting\", \"deploy:finalize_update_own\";",
            "after \"deploy:update_code_own\", \"deploy:check\";",
            "invoke \"deploy:finalize_update_own\";\n  invoke \"deploy:update_code_own\";",
        ],
    );
}

#[test]
fn a_task_with_the_name_of_a_stage_runs_once_the_stage_is_read() {
    let text = "set :repo_url, 'x'\ntask :one do\n  set :branch, 'b'\nend\nafter(:one, :say) { puts 'c' }\n";
    let of = |text: &str| {
        let files = [
            ("Capfile", "require 'capistrano/setup'\nrequire 'capistrano/deploy'\n"),
            ("config/deploy.rb", text),
            ("config/deploy/one.rb", "server 'a', roles: %w[app]\n"),
        ];
        ported(&files).unwrap().files.remove(1)
    };
    let file = of(text);
    assert!(file.notes.is_empty(), "{:?}", file.notes);
    has(
        &file.text,
        &[
            "on :start {\n  if stage == \"one\" {\n    set :branch, \"b\";\n  }\n}",
            "task :say {\n  puts \"c\";\n}\non :start {\n  if stage == \"one\" {\n    invoke \"say\";",
        ],
    );
    assert_eq!(
        of("set :repo_url, 'x'\ntask(:say) { }\ntask :one => :say\n")
            .notes
            .len(),
        1
    );
}

#[test]
fn what_a_loop_does_with_objects_of_rake_is_written_out() {
    carried(
        "namespace(:x) { task(:a) { puts 'a' }; task(:b) { puts 'b' } }\n%w[a b].each do |t|\n  Rake::Task[\"x:#{t}\"].clear_actions\nend\n\
         %w[check updated].each { |t| Rake::Task[\"deploy:#{t}\"].clear }\nnamespace :x do |own|\n  \
         own.tasks.each { |t| t.enhance(['deploy:check']) { puts t.name } }\nend\n",
        &[
            "namespace :x {\n  task :a { }\n}\nnamespace :x {\n  task :b { }\n}",
            "namespace :deploy {\n  task :check { }\n}\nnamespace :deploy {\n  task :updated { }\n}",
            "  before \"x:a\", \"deploy:check\";\n  after \"x:a\" { puts \"x:a\"; }\n  before \"x:b\", \"deploy:check\";",
        ],
    );
}

#[test]
fn a_loop_over_all_tasks_clears_those_of_a_namespace() {
    let text = "Rake::Task.tasks.each { |t, _| t.clear if t.name.start_with?('deploy:') }\n\
                namespace(:deploy) { task(:starting) { puts 'mine' } }\n";
    carried(text, &["task :updating { }", "task :starting {\n    puts \"mine\";"]);
    carried(
        "Rake::Task['deploy:updated'].prerequisites.delete('composer:fetch')\n",
        &["// `prerequisites`: nothing"],
    );
}

#[test]
fn a_task_that_is_cleared_does_nothing_unless_it_is_defined_once_more() {
    carried(
        "task(:a) { puts 'a' }\nRake::Task['a'].actions.clear\ntask(:b) { puts 'b' }\nRake::Task['b'].clear\ntask(:b) { puts 'c' }\n\
         namespace :n do\n  task(:d) { puts 'd' }\n  task(:e) { Rake::Task['n:d'].clear }\nend\n",
        &[
            "task :a { }",
            "task :b {\n  puts \"b\";\n}\ntask :b {\n  puts \"c\";\n}",
            "task :e {\n    task :d { }",
        ],
    );
}

#[test]
fn a_task_that_is_cleared_keeps_no_hooks_but_those_before_its_actions() {
    let notes = |hook: &str, clear: &str| {
        let text =
            format!("task(:a) {{ }}\ntask(:b) {{ }}\n{hook} :a, :b\nRake::Task['a'].{clear}\ntask(:a) {{ puts 1 }}\n");
        recipe(&format!("{THREE}{text}")).1.len()
    };
    assert_eq!(notes("before", "clear_actions"), 0);
    assert_eq!(notes("after", "clear_actions"), 1);
    assert_eq!(notes("before", "clear"), 1);
}

#[test]
fn arguments_that_a_task_does_not_take_are_passed_over_as_by_rake() {
    carried(
        "task(:a) { |t| puts 'a'; t.reenable }\ntask(:b) { |_, args| puts args.extras.first }\n\
         task(:c) { invoke :a, 'x'; Rake::Task['a'].invoke('') ; invoke 'b', 'y', 'z'; Rake.application.invoke_task('a') }\n",
        &[
            "invoke \"a\", :again => true;\n  invoke \"a\", :again => true;\n  ENV[\"extras\"] = \"y,z\";\n  invoke \"b\";",
        ],
    );
}

#[test]
fn what_stands_before_a_program_is_taken_away_again() {
    carried(
        "SSHKit.config.command_map.prefix[:rake].push('a', 'b')\ntask :t do\n  SSHKit.config.command_map.prefix['rake'].delete('a')\n  \
         SSHKit.config.command_map.prefix[:gulp].clear\nend\n",
        &[
            "set :before_rake_prefix, \"a\";",
            "set :before_rake_2_prefix, \"b\";",
            "!(fetch(`${name}_map_bins`, \"\") == [\"rake\"] && fetch(`${name}_prefix`, \"\") == \"a\")",
            "!(fetch(`${name}_map_bins`, \"\") == [\"gulp\"])",
        ],
    );
}

#[test]
fn a_function_with_parameters_is_the_value_of_a_variable() {
    carried(
        "set :f, ->(rev) { \"at #{rev}\" }\nset(:g) { |a, b| a + b }\ntask(:t) { puts fetch(:f).call('x'), fetch(:f).('y'), fetch(:g)['a', 'b'] }\n",
        &[
            "set :f { |rev| `at ${rev}` }",
            "set :g { |a, b| a + b }",
            "puts f.call(\"x\");\n  puts f.call(\"y\");\n  puts g.call(\"a\", \"b\");",
        ],
    );
}

#[test]
fn a_begin_at_the_end_gives_its_value() {
    carried(
        "set :a, -> { File.read('x') rescue 'none' }\nset :b do\n  Integer(fetch(:n, '1'))\nrescue ArgumentError => e\n  warn e.message\n  2\nend\n\
         def c\n  begin\n    File.read('y')\n  rescue\n    nil\n  ensure\n    puts 'read'\n  end\nend\ntask(:t) { puts fetch(:a), fetch(:b), c }\n",
        &[
            "set :a {\n  let value = ();\n  try {\n    value = read_file(\"x\");\n  } catch {\n    value = \"none\";\n  }\n  value\n}",
            "warn e.message;\n    value = 2;",
            "    try {\n      value = read_file(\"y\");\n    } catch { }",
            "  puts \"read\";\n  value\n}",
        ],
    );
}

#[test]
fn a_multitask_and_a_computed_prerequisite_are_those_of_a_task() {
    carried(
        "task(:a) { puts 'a' }\nmultitask(:m => :a) { puts 'm' }\n%w[a m].each { |t| task \"more_#{t}\" => t }\n",
        &[
            "task :m {\n  invoke \"a\";\n  puts \"m\";",
            "  task `more_${t}` {\n    invoke t;\n  }",
        ],
    );
}

#[test]
fn a_command_of_sh_has_to_succeed() {
    carried(
        "task(:t) { sh 'make'; sh 'ls', '-l' }\n",
        &[
            "if !system(\"make\") {\n    throw \"a command of this machine has failed\";\n  }",
            "if !system([\"ls\", \"-l\"]) {",
        ],
    );
    let (_, notes) = recipe(&format!("{THREE}task(:t) {{ sh('make') {{ |ok, _| puts ok }} }}\n"));
    assert_eq!(notes.len(), 1);
}

#[test]
fn a_constant_that_is_a_function_has_parentheses_where_it_is_set() {
    carried(
        "PICK = lambda { |o| { b: 1, c: 2 }.fetch(o) }\ntask(:t) { on(roles(:app)) { execute \"x #{PICK.(:b)}\" } }\n",
        &["set :pick, (|o| #{ b: 1, c: 2 }[o]);", "run `x ${pick.call("],
    );
}

#[test]
fn a_hook_on_computed_names_waits_for_a_library_that_is_not_here() {
    let text = "load 'deploy'\nrequire 'own/helpers'\nset :repository, 'x'\n\
                { 'stop' => ['a:b'] }.each { |of, all| all.each { |one| after \"deploy:#{of}\", \"deploy:#{one}\" } }\n";
    let (ported, notes) = recipe(text);
    let kinds: Vec<Kind> = notes.iter().map(|note| note.kind).collect();
    assert_eq!(kinds, [Kind::Library, Kind::Library], "{ported}");
    assert!(!ported.contains("after `"), "{ported}");
}

#[track_caller]
fn notes(code: &str) -> usize {
    recipe(&format!("{THREE}{code}")).1.len()
}

#[test]
fn a_loop_and_a_full_name_define_tasks_with_the_names_of_steps() {
    carried(
        "namespace(:deploy) { %w[update_code symlink].each { |n| task(n) { puts n } } }\n",
        &[
            "task :update_code_own {\n    puts \"update_code\";",
            "task :symlink_own {",
        ],
    );
    carried(
        "{ a: 1, b: 2 }.each { |n, x| namespace(n) { task(:up) { puts x } } }\nafter 'deploy', 'b:up'\n",
        &["after \"deploy\", \"b:up\";"],
    );
    carried(
        "set :parts, [:a, :b]\nfetch(:parts, []).each { |n| namespace(n) { Rake::Task.define_task(:up) { |t| puts n } } }\nafter 'deploy', 'b:up'\n",
        &["task :up {\n      puts n;", "after \"deploy\", \"b:up\";"],
    );
    carried(
        "task('deploy:update_code') { puts 'a' }\nbefore 'deploy:starting', 'deploy:update_code'\n",
        &["task \"deploy:update_code_own\" {", "\"deploy:update_code_own\";"],
    );
    carried(
        "namespace(:deploy) { task(:update_code) { puts 'a' }; task(:update_code_own) { puts 'b' } }\n",
        &["task :update_code_own_own {", "task :update_code_own {"],
    );
    let computed = "namespace(:deploy) { %w[date symlin].each { |n| task(\"#{n}k\") { puts n } } }\n";
    assert_eq!(notes(computed), 1);
}

#[test]
fn a_task_that_is_cleared_and_defined_without_a_block_does_nothing() {
    carried(
        "task(:b) { puts 'b' }\ntask(:a) { puts 'old' }\nRake::Task['a'].clear\ntask a: 'b'\n",
        &["task :a {\n  puts \"old\";\n}\nbefore \"a\" { invoke \"b\"; }\ntask :a { }"],
    );
    carried(
        "task(:a) { puts 'old' }\nRake::Task['a'].clear_actions\ndesc 'x'\ntask :a\n",
        &["task :a {\n  puts \"old\";\n}\ndesc \"x\";\ntask :a { }"],
    );
}

#[test]
fn a_task_that_is_cleared_of_what_it_needs_is_noted() {
    let with = |clear: &str| {
        let text = format!("task(:b) {{ }}\ntask(a: 'b') {{ puts 'old' }}\n{clear}\n");
        [notes(&text), notes(&format!("{text}task(:a) {{ puts 'new' }}\n"))]
    };
    assert_eq!(with("Rake::Task['a'].clear"), [0, 1]);
    assert_eq!(with("Rake::Task['a'].clear if Rake::Task.task_defined?('a')"), [0, 1]);
    assert_eq!(with("%w[a].each { |t| Rake::Task[t].clear }"), [0, 1]);
    assert_eq!(with("Rake::Task['a'].clear_actions"), [1, 0]);
    // What was added to it would run, too.
    assert_eq!(
        notes("task(:a) { puts 1 }\ntask(:a) { puts 2 }\nRake::Task['a'].clear\n"),
        1
    );
}

#[test]
fn a_loop_over_all_tasks_clears_own_ones() {
    carried(
        "namespace(:z) { task(:a) { puts 'a' } }\nRake::Task.tasks.each { |t| t.clear if t.name.start_with?('z:') }\n",
        &["puts \"a\";", "namespace :z {\n  task :a { }\n}"],
    );
}

#[test]
fn tasks_of_links_and_of_execute_that_cannot_be_exact_are_noted() {
    let clear = "Rake::Task['deploy:symlink:linked_dirs'].clear\n";
    assert_eq!(notes(clear), 0);
    assert_eq!(notes(&format!("set :linked_files, %w[a]\n{clear}")), 1);
    let execute = |needs: &str| {
        notes(&format!(
            "task(:p) {{ }}\ntask({needs}) {{ }}\ntask(:t) {{ Rake::Task['c'].execute }}\n"
        ))
    };
    assert_eq!([execute("c: 'p'"), execute(":c"), execute("c: []")], [1, 0, 0]);
}

#[test]
fn the_tasks_of_capistranos_git_are_those_that_keep_the_mirror() {
    let ported = |text: &str| {
        let (text, notes) = recipe(&format!("{THREE}{text}"));
        assert!(notes.is_empty(), "{text}{notes:?}");
        text
    };
    has(
        &ported("namespace(:git) { task(:update) { puts 'a' }\ntask(:check) { puts 'b' } }\n"),
        &[
            "after \"deploy:mirror\", \"git:update\";",
            "after \"deploy:check\", \"git:check\";",
        ],
    );
    has(
        &ported("task(:a) { }\nafter 'git:update', :a\nbefore 'git:clone', :a\n"),
        &["after \"deploy:mirror\", \"a\";", "before \"deploy:mirror\", \"a\";"],
    );
    has(
        &ported(
            "task(p: 'git:clone') { }\ntask(:a) { on(roles(:app)) { invoke 'git:update'; Rake::Task['git:check'].invoke } }\n\
             task(:b) { invoke 'git:wrapper'; invoke 'git:create_release' }\n",
        ),
        &[
            "task :p {\n  invoke \"deploy:mirror\";",
            "  on roles(:app) {\n    invoke \"deploy:mirror\";\n    invoke \"deploy:check:repository\";\n  }",
            "  // git:wrapper: the deploy does that by itself\n  invoke \"deploy:update_code\";",
        ],
    );
    has(
        &ported("namespace(:git) { task(:update) { puts 'a' } }\ntask(:a) { invoke 'git:update' }\n"),
        &["  invoke \"deploy:mirror\";"],
    );
}

/// SSHKit looks into its map for commands of this machine, of a group and in the background as well, and not behind `sudo`.
#[test]
fn the_words_before_a_program_are_asked_for_where_it_does_not_begin_a_command_of_a_server() {
    let text = |text: &str| recipe(&format!("{THREE}require 'capistrano/bundler'\n{text}")).0;
    has(
        &text(
            "task(:a) { run_locally { execute :rake, 'x'; execute 'rake y'; execute :ls if test(:rake, 'z') } }\n\
             task(:b) { on(roles(:app)) { as(user: 'u', group: 'g') { execute :rake, 'x' }; background :rake, 'y'; sudo :rake, 'z' } }\n",
        ),
        &[
            "run_locally prefixed(\"rake x\");",
            "run_locally \"rake y\";",
            "system(prefixed(\"rake z\"))",
            "sudo `sg g -c ${quote(prefixed(\"rake x\"))}`, :as => \"u\";",
            "run `( nohup ${prefixed(\"rake y\")} > /dev/null & )`;",
            "sudo \"rake z\", :prefix => false;",
        ],
    );
}

#[test]
fn a_loop_that_clears_tasks_of_git_is_seen() {
    let own = "namespace(:git) { task(:update) { puts 'mine' } }\n";
    let text = |clear: &str| recipe(&format!("require 'capistrano/deploy'\n{THREE}{clear}\n{own}"));
    let (looped, notes) = text("%w[git:clone git:update].each { |t| Rake::Task[t].clear }");
    assert!(notes.is_empty(), "{notes:?}");
    has(&looped, &["set :scm, :tasks", "puts \"mine\""]);
}
