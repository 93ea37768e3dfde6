//! Tests of code that fails in Capistrano too, and of names that nothing defines.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::Kind;
use super::construct_tests::carried;
use super::tests::{has, ported, recipe};

/// Returns the recipe of `config/deploy.rb`, and the kinds of its notes, of a project with a Capfile.
fn whole(capfile: &str, text: &str) -> (String, Vec<Kind>) {
    let ported = ported(&[("Capfile", capfile), ("config/deploy.rb", text)]).unwrap();
    let file = &ported.files[1];
    (file.text.clone(), file.notes.iter().map(|note| note.kind).collect())
}

const THREE: &str = "require 'capistrano/setup'\nrequire 'capistrano/deploy'\n";
const TWO: &str = "load 'deploy'\nload 'config/deploy'\n";

#[test]
fn code_that_fails_in_capistrano_fails_here_with_the_same_error() {
    let three = "set :repo_url, 'x'\nset :q\ntask(:a) { Run 'x' }\ntask(:b) { nobody.knows }\ntask(:c) { invoke 'none' }\n\
                 before :beginning, 'a'\nafter 'a', 'none'\nbefore 'a', 'none'\n\
                 set :w, -> { fetch(:w) }\ntask(:d) { puts fetch(:w); Run x_y(1) }\n";
    let (text, kinds) = whole(THREE, three);
    assert_eq!(kinds, [Kind::Fails; 8], "{text}");
    let (head, kinds) = whole(THREE, "lock '3'\nnamespace(:n) { task restart :environment do end }\n");
    assert_eq!(kinds, [Kind::Fails], "{head}");
    has(
        &head,
        &["  on :start {\n    throw \"undefined method `restart'\";\n  }"],
    );
    has(
        &text,
        &[
            "// PORT 1 (fails in Capistrano too): `Run` is a function that nothing in these files defines",
            "  throw \"undefined method `Run'\";",
            "  throw \"undefined local variable or method `nobody'\";",
            "  throw \"Don't know how to build task 'none'\";",
            "on :start {\n  throw \"Don't know how to build task 'beginning'\";\n}",
            "after \"a\" { throw \"Task \\\"none\\\" not found\"; }",
            "before \"a\" { throw \"Don't know how to build task 'none'\"; }",
            "set :w { throw \"stack level too deep\"; }",
            "  throw \"undefined method `x_y'\";",
        ],
    );
    assert!(!text.contains("abort \"PORT"), "{text}");
    let two = "set :repository, 'x'\nset :q\nafter 'deploy', 'none'\ntask(:a) { deploy.web.off }\ntask(:b) { find_and_execute_task 'none' }\n";
    let (text, kinds) = whole(TWO, two);
    assert_eq!(kinds, [Kind::Fails; 4], "{text}");
    has(
        &text,
        &[
            "on :start {\n  throw \"you must specify exactly one of either a value or a block\";\n}",
            "after \"deploy\" { throw \"the task `none' does not exist\"; }",
            "  throw \"undefined method `off'\";",
        ],
    );
}

#[test]
fn tasks_are_asked_for_with_the_words_of_the_version() {
    let two = "set :repository, 'x'\ntask(:a) { invoke 'b', 'c' }\ntask(:b) { puts 'b' }\n";
    let (text, kinds) = whole(TWO, two);
    assert_eq!(kinds, [Kind::Fails], "{text}");
    has(&text, &["throw \"wrong number of arguments (given 2, expected 0)\";"]);
    let (text, kinds) = whole(THREE, "set :repo_url, 'x'\ntask(:a) { Rake::Task.invoke('b') }\n");
    assert_eq!(kinds, [Kind::Fails], "{text}");
    has(&text, &["throw \"undefined method `invoke' for Rake::Task:Class\";"]);
}

#[test]
fn a_command_in_backticks_may_fail() {
    carried(
        "set(:notes) { `grep x y | head` }\nset(:head) { `git rev-parse HEAD`.strip }\nset(:far) { `git rev-parse origin/x` }\n\
         task :t do\n  `rsync -a ./ #{application}:/srv`\n  run_locally 'make'\n  puts `which say`, `git branch 2>/dev/null`\nend\n\
         set :application, 'a'\n",
        &[
            "set :notes { run_locally(\"grep x y | head\", :result => true).stdout }",
            "set :head { strip(run_locally(\"git rev-parse HEAD\")) }",
            "set :far { run_locally(\"git rev-parse origin/x\", :result => true).stdout }",
            "  system `rsync -a ./ ${application}:/srv`;",
            "run_locally \"make\";",
            "puts run_locally(\"which say\", :result => true).stdout;",
            "run_locally(\"git branch 2>/dev/null\", :result => true).stdout",
        ],
    );
}

#[test]
fn a_name_that_something_unread_may_define_is_no_error() {
    for (capfile, text) in [
        (
            "require 'capistrano/setup'\nrequire 'capistrano/deploy'\nrequire 'unknown/tasks'\n",
            "task(:a) { Run 'x' }\n",
        ),
        (
            "require 'capistrano/setup'\nrequire 'capistrano/deploy'\nBundler.require\n",
            "task(:a) { Run 'x' }\n",
        ),
        (THREE, "require './config/environment'\ntask(:a) { Run 'x' }\n"),
        (THREE, "extend Own\ntask(:a) { Run 'x' }\n"),
        (THREE, "set :scm, :rsync_own\ntask(:a) { Run 'x' }\n"),
        (THREE, "task(:a) { link 'x' }\n"),
        (THREE, "task(:a) { x = ENV['A'] && Own.value }\n"),
        (
            THREE,
            "class Own\n  def value() = eval(ENV['A'])\nend\ntask(:a) { Own.new.value }\n",
        ),
        (THREE, "require 'aws-sdk'\ntask(:a) { puts Aws.config }\n"),
        (THREE, "require 'rails/all'\ntask(:a) { puts Rails.root }\n"),
        (THREE, "task(:a) { puts SSHKit::Unknown.x }\n"),
        (THREE, "require 'capistrano-db-tasks'\ntask(:a) { invoke 'db:pull' }\n"),
        (THREE, "require 'rvm1/capistrano3'\ntask(:a) { invoke 'rvm1:own' }\n"),
        (THREE, "require 'cape'\ntask(:a) { invoke 'own:none' }\n"),
        (TWO, "task(:a) { raise CommandError.new('x') }\n"),
        (THREE, "task(:a) { x = ENV['A'] ? Run('x') : Own.value }\n"),
        (THREE, "task(:a) { invoke 'doctor' }\n"),
        (THREE, "file('x') { }\ntask(:a) { invoke 'none' }\n"),
        (THREE, "task(:a) { remote_file 'x' }\n"),
        (
            THREE,
            "ENV.keys.each { |name| task(name) { } }\ntask(:a) { invoke 'none' }\n",
        ),
    ] {
        let (text, kinds) = whole(capfile, &format!("set :repo_url, 'x'\nlock '3'\n{text}"));
        assert!(!kinds.contains(&Kind::Fails), "{text}");
    }
    let (text, notes) = recipe("set :repo_url, 'x'\nlock '3'\ntask(:a) { Run 'x' }\n");
    assert_eq!(notes[0].kind, Kind::Code, "without the Capfile: {text}");
}

#[test]
fn a_class_that_nothing_defines_and_a_file_of_the_project_that_is_not_there_fail() {
    let text = "set :linked_files, %w[config/application.yml]\nrequire 'capistrano/rails' # as config/boot has it\n\
                set :key, Rails.root.join('key')\ntask(:a) { puts Own::KEY; link 'x' }\n";
    let (text, kinds) = whole(THREE, text);
    assert_eq!(kinds, [Kind::Fails, Kind::Fails, Kind::Code], "{text}");
    has(
        &text,
        &[
            "  throw \"uninitialized constant Rails\";",
            "  throw \"uninitialized constant Own\";",
        ],
    );
}

#[test]
fn tasks_are_known_beside_a_library_that_only_has_some_to_call_and_functions_of_own_modules_are() {
    let text = "require 'capistrano-db-tasks'\nmodule Own\n  def own(x)\n    puts x\n  end\nend\nset :repo_url, 'x'\nlock '3'\ninclude Own\n\
                task(:a) { invoke 'own:none' }\ntask(b: 'git:clone') { own 1 }\n";
    let (text, kinds) = whole(THREE, text);
    assert_eq!(kinds, [Kind::Fails], "{text}");
    let (text, kinds) = whole(
        THREE,
        "set :repo_url, 'x'\nlock '3'\nmodule Own\nend\ninclude Own\nload 'mine.rb'\ntask(:a) { Run 'x' }\n",
    );
    assert_eq!(kinds, [Kind::Name, Kind::Code], "the file may define it: {text}");
}

/// A recipe that was moved over from Capistrano 2 in part names them.
#[test]
fn a_step_that_only_the_deploy_of_capr_has_is_no_task_of_capistrano_3() {
    let text = "set :repo_url, 'x'\nafter 'deploy:update_code', 'a'\nafter 'deploy:updated', 'deploy:symlink'\n\
                task(:a) { invoke 'deploy:finalize_update' }\nnamespace(:deploy) { task(:create_symlink) { puts 'b' } }\n\
                after 'deploy:create_symlink', 'a'\n";
    let (text, kinds) = whole(THREE, text);
    assert_eq!(kinds, [Kind::Fails, Kind::Fails, Kind::Fails], "{text}");
    has(
        &text,
        &[
            "  throw \"Don't know how to build task 'deploy:update_code'\";",
            "after \"deploy:updated\" { throw \"Task \\\"deploy:symlink\\\" not found\"; }",
            "  throw \"Don't know how to build task 'deploy:finalize_update'\";",
            "after \"deploy:create_symlink_own\", \"a\";",
        ],
    );
}

#[test]
fn a_word_that_many_gems_have_in_their_names_is_no_namespace_of_theirs() {
    let text = "require 'thinking_sphinx/deploy/capistrano'\nset :repository, 'x'\nafter 'deploy', 'deploy:none'\ntask(:a) { deploy.off }\n";
    let (text, kinds) = whole(TWO, text);
    assert_eq!(kinds.last(), Some(&Kind::Fails), "{text}");
}

#[test]
fn tasks_of_a_loop_over_a_list_are_known() {
    let text = "namespace :web do\n  %w[start stop].each do |name|\n    task(name) { run name }\n    task(\"#{name}_all\") { run name }\n  end\nend\n\
                after 'deploy', 'web:start', 'web:stop_all'\ntask(:a) { web.stop }\nset :repository, 'x'\n";
    let (text, kinds) = whole(TWO, text);
    assert!(kinds.is_empty(), "{text}");
    has(
        &text,
        &["after \"deploy\", \"web:start\", \"web:stop_all\";", "web.stop;"],
    );
}

#[test]
fn a_part_of_what_a_call_gives_is_not_assigned_to() {
    let text =
        "def env\n  @env ||= {}\nend\ntask :t do\n  env['a'] = 'b'\n  x = { 'c' => {} }\n  x['c']['d'] = 'e'\nend\n";
    let (text, notes) = recipe(text);
    assert_eq!(notes.len(), 1, "{notes:?}");
    has(&text, &["  //   env['a'] = 'b'", "x[\"c\"][\"d\"] = \"e\";"]);
}

#[test]
fn a_set_of_a_hash_sets_nothing_in_3_and_fails_in_2_and_an_invoke_of_nothing_fails() {
    let text = "set :repo_url, 'x'\nset :a => true\nset :b => fetch(:c), :d => 1\ntask(:e) { invoke }\n";
    let (ported, kinds) = whole(THREE, text);
    assert_eq!(kinds, [Kind::Fails], "{ported}");
    has(
        &ported,
        &[
            "// `set :a => …` sets nothing in Capistrano, as there is no comma",
            "// `set :b => …` sets nothing",
            "throw \"wrong number of arguments (given 0, expected 1+)\";",
        ],
    );
    let (ported, kinds) = whole(TWO, "set :repository, 'x'\nset :a => true\n");
    assert_eq!(kinds, [Kind::Fails], "{ported}");
    has(&ported, &["throw \"invalid variable"]);
}

#[test]
fn what_capistrano_2_has_no_value_for_fails_and_a_block_around_deploy_symlink_is_told() {
    let text = "load 'deploy'\nset :application, 'x'\nset :repository, 'r'\nrole :app, 'a'\ntask :t do\n  begin\n    branch\n  rescue\n    puts 'none'\n  end\nend\nbefore('deploy:symlink') { t }\n";
    let ported = ported(&[("Capfile", text)]).unwrap();
    has(&ported.files[0].text, &["try {\n    fetch(:branch);\n  } catch {"]);
    assert!(
        ported
            .remarks
            .iter()
            .any(|remark| remark.contains("`before \"deploy:symlink\"` with a block"))
    );
}

#[test]
fn an_option_without_its_colon_is_a_call_that_fails() {
    let text =
        "set :repo_url, 'x'\ntask(:a) { on(roles(:app)) { with(rails_env :production) { execute :rake, 'x' } } }\n";
    let (ported, kinds) = whole(THREE, text);
    assert_eq!(kinds, [Kind::Fails], "{ported}");
    has(&ported, &["throw \"undefined method `rails_env'\";"]);
}

#[test]
fn a_rescued_error_may_be_a_string() {
    let of = |body: &str| {
        let (text, notes) = recipe(&format!(
            "{THREE}def told(x)\n  puts x\nend\ntask(:other) {{ puts 'o' }}\ntask :t do\n  begin\n    {body}\n  rescue StandardError => e\n    warn \"no: #{{e.message}}\"\n  end\n\
             end\n"
        ));
        assert!(notes.is_empty(), "{notes:?}");
        text
    };
    let helper = "\nfn ruby_message(error) {\n";
    for body in [
        "Net::HTTP.get(URI('http://a/'))",
        "told 'x'",
        "invoke 'other'",
        "raise 'x' if fetch(:a)",
        "[1].each { |n| Net::HTTP.get(URI(\"http://a/#{n}\")) }",
    ] {
        has(&of(body), &["warn `no: ${ruby_message(e)}`;", helper]);
    }
    for body in ["run_locally { execute :ls }", "puts `ls #{fetch(:user)}`"] {
        let text = of(body);
        has(&text, &["warn `no: ${e.message}`;"]);
        assert!(!text.contains(helper), "{text}");
    }
}

#[test]
fn a_note_ends_the_run_where_it_stands() {
    let (text, notes) =
        recipe("task :t do\n  Gone::Thing.go(1)\n  run 'x'\nend\nset :v, Gone::Thing.of(1)\ntask(:u) { puts v }\n");
    assert_eq!(notes.len(), 2, "{notes:?}");
    has(
        &text,
        &["  abort \"PORT 1: ", "  run \"x\";", "set :v { abort \"PORT 2: "],
    );
    assert!(!text.contains("unported"), "{text}");
}
