//! Tests of projects on the disk: which files are read, and what becomes of those that are no recipes.
#![allow(clippy::unwrap_used)]

use super::super::tests::has;
use super::super::{Kind, Note, Ported, port};
use super::RubyProject;
use std::fs;

pub(super) fn ported(files: &[(&str, &str)]) -> Ported {
    let root = tempfile::tempdir().unwrap();
    for (file, text) in files {
        let path = root.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let (_, project) = RubyProject::find(&[root.path().to_owned()]).unwrap();
    port(&project).unwrap()
}

pub(super) fn work(ported: &Ported) -> Vec<&Note> {
    let notes = ported.files.iter().flat_map(|file| &file.notes);
    notes.filter(|note| note.depends_on.is_none()).collect()
}

pub(super) const CAPFILE: (&str, &str) = ("Capfile", "load 'deploy'\nload 'config/deploy'\n");

#[test]
fn a_file_in_latin_1_keeps_its_letters() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("deploy.rb");
    fs::write(
        &path,
        b"# encoding: iso-8859-1\nset :repository, 'x'\nrole :app, 'a'\nset :name, 'caf\xe9'\n",
    )
    .unwrap();
    let (_, project) = RubyProject::find(&[path]).unwrap();
    let found = port(&project).unwrap();
    assert!(work(&found).is_empty(), "{found:?}");
    has(&found.files.first().unwrap().text, &["set :name, \"caf\u{e9}\";"]);
    assert!(
        found.remarks.iter().any(|remark| remark.contains("Latin-1")),
        "{:?}",
        found.remarks
    );
}

#[test]
fn code_of_the_application_is_only_read_and_using_it_is_one_piece_of_work() {
    let application = [
        (
            "config/boot.rb",
            "require_relative 'more'\nmodule Boot\n  class << self\n    def run\n      X.y\n    end\n  end\nend\nBoot.run\n",
        ),
        ("config/more.rb", "Other.thing!\n"),
        (
            "config/initializers/site.rb",
            "SITE = Site.find\nMailer.sender = SITE.mail\n",
        ),
    ];
    let unused = "require './config/boot'\nset :application, 'a'\nDir['config/initializers/*.rb'].each { |f| require f }\ntask(:t) { run 'x' }\n";
    let found = ported(&[&[CAPFILE, ("config/deploy.rb", unused)][..], &application].concat());
    assert!(work(&found).is_empty(), "{found:?}");
    let written: Vec<&str> = found.files.iter().map(|file| file.to.as_str()).collect();
    assert_eq!(written, ["Caprfile", "config/deploy.rhai"]);
    assert_eq!(found.only_read, ["config/boot.rb", "config/initializers/site.rb"]);
    let used = format!("{unused}set :mail, SITE.mail\ntask(:u) {{ run SITE.name }}\ntask(:v) {{ Boot.now }}\n");
    let found = ported(&[&[CAPFILE, ("config/deploy.rb", &used)][..], &application].concat());
    assert_eq!(work(&found).iter().map(|note| note.line).collect::<Vec<_>>(), [5]);
}

#[test]
fn stages_of_another_directory_load_what_is_beside_them() {
    let main = "set :application, 'a'\nset :stages, %w(live)\nset :stage_dir, 'config/stages'\nrequire 'capistrano/ext/multistage'\n";
    let files = [
        ("Capfile", "load 'deploy'\nload 'config/deploy'\n"),
        ("config/deploy.rb", main),
        (
            "config/stages/live.rb",
            "load \"#{stage_dir}/common\"\nload 'config/stages/common'\n",
        ),
        ("config/stages/common.rb", "role :app, 'h'\n"),
    ];
    let found = ported(&files);
    let text = |to: &str| &found.files.iter().find(|file| file.to == to).unwrap().text;
    has(
        text("config/deploy.rhai"),
        &["set_default :stage_dir, \"config/deploy\";"],
    );
    has(
        text("config/deploy/live.rhai"),
        &["load `${stage_dir}/common`;\nload \"config/deploy/common.rhai\";"],
    );
}

#[test]
fn a_path_that_is_read_before_the_stage_sets_deploy_to_is_below_the_default() {
    let files = |conf: &str| {
        let main = format!("lock '3'\nset :application, 'shop'\n{conf}set :linked_files, [fetch(:conf)]\n");
        let found = ported(&[
            ("Capfile", "require 'capistrano/setup'\nrequire 'capistrano/deploy'\n"),
            ("config/deploy.rb", &main),
            (
                "config/deploy/live.rb",
                "set :deploy_to, '/srv/shop'\nserver 'h', roles: %w[app]\n",
            ),
        ]);
        let main = found.files.iter().find(|file| file.to == "config/deploy.rhai").unwrap();
        main.text.clone()
    };
    let default = "set :deploy_to { `/var/www/${application}` }";
    let now = files("set :conf, \"#{shared_path}/app.conf\"\n");
    assert!(now.contains(default), "{now}");
    let late = files("set :conf, -> { \"#{shared_path}/app.conf\" }\n");
    assert!(!late.contains(default), "{late}");
}

#[test]
fn a_template_may_have_any_ending_and_one_that_is_not_there_fails_in_capistrano_too() {
    let main = "def template(from, to)\n  folder = File.dirname File.absolute_path __FILE__\n  text = File.read folder + \"/templates/#{from}\"\n  put ERB.new(text).result(binding), to\nend\nset :port, 80\n";
    let used = "task(:t) { template 'web.conf', '/tmp/a' }\ntask(:u) { template 'lost.yml', '/tmp/b' }\ntask(:v) { put ERB.new(File.read('public/off.txt')).result, '/tmp/c' }\ntask(:w) { put ERB.new(File.read('config/keys.yml')).result, '/tmp/d' }\n";
    let files = [
        CAPFILE,
        ("config/deploy.rb", &format!("{main}{used}")),
        (
            "config/templates/web.conf",
            "listen <%= port %>\n<% puts 'x' if port %>end\n",
        ),
        ("public/off.txt", "closed on <%= port %>"),
        ("config/keys.yml", "key: secret"),
    ];
    let found = ported(&files);
    let text = &found
        .files
        .iter()
        .find(|file| file.to == "config/deploy.rhai")
        .unwrap()
        .text;
    has(
        text,
        &[
            "put render(:template => `listen {{ port }}\nend\n`), \"/tmp/a\";",
            "closed on {{ port }}",
            "throw \"No such file or directory - config/templates/lost.yml\";",
        ],
    );
    assert!(!text.contains("secret"), "{text}");
    let kinds: Vec<Kind> = work(&found).iter().map(|note| note.kind).collect();
    assert_eq!(kinds, [Kind::Fails, Kind::Template]);
}

#[test]
fn a_file_of_rails_with_tasks_is_a_recipe() {
    let deploy = ("config/deploy.rb", "load 'config/environment'\nset :application, 'a'\n");
    let tasks = ("config/environment.rb", "task(:t) { run 'x' }\n");
    let found = ported(&[CAPFILE, deploy, tasks]);
    assert!(
        found.files.iter().any(|file| file.to == "config/environment.rhai"),
        "{found:?}"
    );
    let main = found.files.iter().find(|file| file.to == "config/deploy.rhai").unwrap();
    assert!(main.text.contains("load \"config/environment.rhai\""), "{}", main.text);
}

#[test]
fn a_file_in_a_directory_of_the_load_path_is_loaded_from_there() {
    let capfile = (
        "Capfile",
        "load 'deploy'\n$LOAD_PATH.unshift 'lib'\nrequire 'recipes/web'\nload 'config/deploy'\n",
    );
    let found = ported(&[
        capfile,
        ("config/deploy.rb", "set :application, 'a'\n"),
        ("lib/recipes/web.rb", "task(:t) { run 'x' }\n"),
    ]);
    assert!(work(&found).is_empty(), "{found:?}");
    let main = found.files.iter().find(|file| file.to == "Caprfile").unwrap();
    assert!(main.text.contains("load \"lib/recipes/web.rhai\""), "{}", main.text);
}

#[test]
fn a_file_that_a_variable_names_may_be_any_beside_it() {
    let of = |name: &str| {
        let load = format!(
            "set :place, 'beta' unless exists?(:place)\nfixed = 'beta'\nload File.join(File.dirname(__FILE__), 'places', {name})\n"
        );
        let ported = ported(&[
            ("Capfile", "load 'deploy'\nload 'config/deploy'\n"),
            ("config/deploy.rb", load.as_str()),
            ("config/places/beta.rb", "role :app, 'b'\n"),
            ("config/places/other.rb", "role :app, 'o'\n"),
        ]);
        ported.files.iter().any(|file| file.to == "config/places/other.rhai")
    };
    assert!(of("place"));
    assert!(!of("fixed"));
}

#[test]
fn a_file_of_the_project_that_is_not_there_fails_in_capistrano_too() {
    let text = "require './config/secret'\nrequire_relative 'other'\nrequire '../up.rb'\nload 'config/mine.rb'\nrequire 'own_gem'\n";
    let found = ported(&[("config/deploy.rb", text)]);
    let file = found.files.first().unwrap();
    let kinds: Vec<Kind> = file.notes.iter().map(|note| note.kind).collect();
    let fails = Kind::Fails;
    assert_eq!(kinds, [fails, fails, fails, fails, Kind::Library], "{found:?}");
    assert!(
        file.text.contains("throw \"cannot load such file -- other\";"),
        "{}",
        file.text
    );
}

#[test]
fn a_task_of_rails_that_capistrano_cannot_run_needs_no_hand() {
    let capfile = (
        "Capfile",
        "require 'capistrano/setup'\nrequire 'capistrano/deploy'\nimport 'lib/tasks/x.rake'\n",
    );
    let rake = "task a: :environment do\n  User.find_each { |user| user.touch }\nend\ntask b: :environment do\n  puts 'b'\nend\n";
    let found = ported(&[
        capfile,
        ("config/deploy.rb", "set :repo_url, 'x'\n"),
        ("lib/tasks/x.rake", rake),
    ]);
    assert!(work(&found).iter().all(|note| note.kind == Kind::Fails), "{found:?}");
    let rake = found.files.iter().find(|file| file.to == "lib/tasks/x.rhai").unwrap();
    assert!(
        rake.text
            .contains("throw \"Don't know how to build task 'environment'\";"),
        "{}",
        rake.text
    );
}

fn text<'a>(ported: &'a Ported, to: &str) -> &'a str {
    let file = ported.files.iter().find(|file| file.to == to);
    file.map_or("", |file| &file.text)
}

#[test]
fn a_recipe_whose_main_file_is_not_there_fails_as_it_does_in_capistrano() {
    let found = ported(&[CAPFILE, ("config/deploy.rb.sample", "set :application, 'a'\n")]);
    assert!(
        text(&found, "Caprfile").contains("throw \"no such file to load -- config/deploy\";"),
        "{found:?}"
    );
    let told = work(&found)
        .iter()
        .map(|note| note.reason.as_str())
        .collect::<Vec<_>>()
        .join("\n");
    assert!(told.contains("config/deploy.rb.sample"), "{told}");
    let three = (
        "Capfile",
        "require 'capistrano/setup'\nrequire 'capistrano/deploy'\nlock '3.17'\n",
    );
    let found = ported(&[three, ("config/deploy/a.rb", "server 'a', roles: %w[app]\n")]);
    let capfile = text(&found, "Caprfile");
    assert!(
        capfile.contains("throw \"cannot load such file -- config/deploy.rb\";"),
        "{capfile}"
    );
    assert!(!capfile.contains("load \""), "{capfile}");
}

#[test]
fn the_files_that_a_capfile_names_in_place_of_the_usual_ones_are_read() {
    let capfile = "set :deploy_config_path, 'etc/deploy/main.rb'\nset :stage_config_path, 'etc/stages'\n\
                   require 'capistrano/setup'\nrequire 'capistrano/deploy'\n";
    let found = ported(&[
        ("Capfile", capfile),
        (
            "etc/deploy/main.rb",
            "set :application, 'a'\nload File.expand_path('../more.rb', __FILE__)\n",
        ),
        ("etc/deploy/more.rb", "task(:t) {}\n"),
        ("etc/stages/live.rb", "server 'a', roles: %w[app]\n"),
    ]);
    assert!(work(&found).is_empty(), "{found:?}");
    assert!(
        text(&found, "Caprfile").contains("load \"etc/deploy/main.rhai\";"),
        "{found:?}"
    );
    assert!(
        text(&found, "etc/deploy/main.rhai").contains("load \"more.rhai\";"),
        "{found:?}"
    );
    assert!(
        text(&found, "config/deploy/live.rhai").contains("server \"a\""),
        "{found:?}"
    );
}

#[test]
fn what_somebody_still_has_to_fill_in_does_not_keep_a_recipe_from_being_loaded() {
    let deploy = "set :application, 'a'\nset :domain, 'YOUR DOMAIN HERE'\nset :user, ''\nset :deploy_to, 'PATH'\nrole :web, domain\n\
                  server '', :app\nset :env_home, \"/home/#{ENV.fetch('WHO')}\"\nset :list, [unknown_path + '/a']\n\
                  config = YAML.load_file('x.yml')\nif config['key']\n  set :ssh_options, { :keys => [config['key']] }\nend\n\
                  task(:t) { run \"#{env_home} #{list}\" }\n";
    let found = ported(&[CAPFILE, ("config/deploy.rb", deploy)]);
    assert!(work(&found).is_empty(), "{found:?}");
    let main = text(&found, "config/deploy.rhai");
    for part in [
        "set :deploy_to { throw \"`deploy_to` cannot be `PATH`: say in the recipe what it is\"; }",
        "role :web { domain }",
        "role :app { \"\" }",
        "set :env_home {",
        "set :list { [unknown_path + \"/a\"] }",
        "on :start {\n  if (config[\"key\"]",
    ] {
        assert!(main.contains(part), "no {part} in:\n{main}");
    }
}

#[test]
fn a_file_that_is_no_ruby_fails_alone_and_one_with_a_mistake_is_told() {
    let stray = "x ) y (\n".repeat(8);
    let found = ported(&[
        ("Capfile", "require 'capistrano/setup'\nrequire 'capistrano/deploy'\n"),
        (
            "config/deploy.rb",
            "set :application, 'a'\ntask(:t) { case 1\nwhen 1: puts 'x'\nend }\n",
        ),
        (
            "config/deploy/half.rb",
            "server 'c', roles: %w[app]\nset :branch, 'main\nset :keep, 2\n",
        ),
        ("config/deploy/live.rb", "server 'a', roles: %w[app]\n"),
        ("config/deploy/old.rb", &format!("server 'b', roles: %w[app]\n{stray}")),
    ]);
    let of_old = found.files.iter().filter(|file| file.from == "config/deploy/old.rb");
    let of_old: Vec<_> = of_old
        .flat_map(|file| &file.notes)
        .map(|note| (note.line, note.kind))
        .collect();
    assert_eq!(of_old, [(2, Kind::Fails)]);
    // What is behind a quote that nothing closes may be anything.
    let half = text(&found, "config/deploy/half.rhai");
    assert!(
        half.contains("  throw \"config/deploy/half.rb:2: syntax error: unterminated string"),
        "{half}"
    );
    assert!(!half.contains("keep"), "{half}");
    let old = text(&found, "config/deploy/old.rhai");
    assert!(
        old.contains("  throw \"config/deploy/old.rb:2: syntax error: "),
        "{old}"
    );
    assert!(text(&found, "config/deploy/live.rhai").contains("server \"a\""));
    assert!(
        found
            .remarks
            .iter()
            .any(|told| told.starts_with("config/deploy.rb:3: Ruby of today")),
        "{:?}",
        found.remarks
    );
}

#[test]
fn a_template_may_be_read_by_a_function_and_within_a_loop_and_its_code_may_have_lines() {
    let deploy = "set :application, 'a'\nset :port, 80\nload 'lib/own/helper.rb'\n\
                  task(:t) { put ERB.new(template('a.erb')).result(binding), '/x' }\n\
                  task(:u) { %w[a b].each do |name|\n  file = File.expand_path(\"../mt/#{name}.erb\", __FILE__)\n  erb = File.read(file)\n\
                  put ERB.new(erb, trim_mode: '-').result(binding), '/y'\n  end }\n";
    let helper =
        "def template(name)\n  path = File.expand_path(\"../templates/#{name}\", __FILE__)\n  File.read(path)\nend\n";
    let found = ported(&[
        CAPFILE,
        ("config/deploy.rb", deploy),
        ("lib/own/helper.rb", helper),
        (
            "lib/own/templates/a.erb",
            "<%\n  # it isn't said\n  own = port\n  if own\n%>\nport <%= own %>\n<% end %>\n",
        ),
        ("config/mt/a.erb", "name <%= name -%>\n"),
    ]);
    assert!(work(&found).is_empty(), "{found:?}");
    let main = text(&found, "config/deploy.rhai");
    for part in [
        "{% set own = port %}{% if",
        "\"a\" => { render(:template => \"name {{ name }}\", :name => name) },",
    ] {
        assert!(main.contains(part), "no {part} in:\n{main}");
    }
}

#[test]
fn a_template_whose_name_is_computed_is_chosen_when_the_task_runs() {
    let deploy = "set :application, 'a'\nset :port, 80\n\
                  def filled(name)\n  path = File.expand_path(\"../templates/#{name}.erb\", __FILE__)\n  ERB.new(File.read(path)).result(binding)\nend\n\
                  task(:t) { put filled('a'), '/x' }\n\
                  task(:u) { name = ENV['NAME']\n  put ERB.new(File.read(\"config/templates/#{name}.erb\")).result(binding), '/y' }\n\
                  task(:v) { [1, 2].each { |n| put ERB.new(File.read(\"config/n#{n}.erb\")).result(binding), '/z' } }\n";
    let found = ported(&[
        CAPFILE,
        ("config/deploy.rb", deploy),
        ("config/n1.erb", "<%= \"#{port}-#{n}\" + \"%\" %>\n"),
        ("config/n2.erb", "two\n"),
        ("config/templates/a.erb", "port <%= port %>\n"),
        ("config/templates/b.erb", "name <%= name %>\n"),
    ]);
    assert!(work(&found).is_empty(), "{found:?}");
    let main = text(&found, "config/deploy.rhai");
    for part in [
        "fn filled(name) {",
        "switch name {",
        "switch `${n}` {",
        "\"1\" => { render(:template => \"{{ port }}-{{ n }}%\\n\", :n => n) },",
        "\"a\" => { render(:template => \"port {{ port }}\\n\") },",
        "\"b\" => { render(:template => \"name {{ name }}\\n\", :name => name) },",
        "_ => { throw `No such file or directory - ${name}`; },",
    ] {
        assert!(main.contains(part), "no {part} in:\n{main}");
    }
}

#[test]
fn what_a_function_of_templates_calls_comes_along_to_another_file() {
    let functions = "def send_it(data, to)\n  put data, to\nend\n\
                     def fill(from, to)\n  text = File.read(File.expand_path(\"../templates/#{from}\", __FILE__))\n  \
                     send_it ERB.new(text).result(binding), to\nend\n\
                     def configure(name)\n  fill \"#{name}.erb\", \"/tmp/#{name}\"\nend\n";
    let found = ported(&[
        (
            "Capfile",
            "load 'deploy'\nload 'config/functions'\nload 'config/deploy'\n",
        ),
        ("config/functions.rb", functions),
        (
            "config/deploy.rb",
            "set :repository, 'x'\nset :port, 80\ntask(:t) { configure 'a' }\n",
        ),
        ("config/templates/a.erb", "port <%= port %>\n"),
    ]);
    assert!(work(&found).is_empty(), "{found:?}");
    let main = text(&found, "config/deploy.rhai");
    for part in ["fn configure(name) {", "fn send_it(data, to) {"] {
        assert!(main.contains(part), "no {part} in:\n{main}");
    }
}

#[test]
fn functions_of_templates_that_call_themselves_are_read_once() {
    let text = "set :repo_url, 'x'\ndef f(x)\n  ERB.new(f(x)).result(binding)\n  ERB.new(f(x)).result(binding)\nend\n\
                def g(x)\n  ERB.new(File.read(\"config/#{x}\")).result(binding)\n  g(x)\n  g(x)\nend\n\
                task(:a) { puts ERB.new(f('a')).result(binding) }\ntask(:b) { g('a') }\n";
    let found = ported(&[("config/deploy.rb", text)]);
    assert!(!work(&found).is_empty(), "{found:?}");
}

#[test]
fn a_recipe_in_the_folder_of_its_stages_is_no_stage() {
    let found = ported(&[
        ("Capfile", "load 'deploy'\nload 'app/config/deploy'\n"),
        (
            "app/config/deploy.rb",
            "set :stages, %w(live)\nset :stage_dir, 'app/config'\nrequire 'capistrano/ext/multistage'\nset :application, 'a'\n",
        ),
        ("app/config/live.rb", "role :app, 'a'\n"),
    ]);
    assert!(work(&found).is_empty(), "{found:?}");
    assert!(
        text(&found, "app/config/deploy.rhai").contains("set :application, \"a\";"),
        "{found:?}"
    );
    assert!(
        text(&found, "config/deploy/live.rhai").contains("role :app, \"a\";"),
        "{found:?}"
    );
}

#[test]
fn a_folder_of_stages_may_end_in_the_usual_name() {
    let found = ported(&[
        ("Capfile", "load 'deploy'\nload 'app/config/deploy'\n"),
        (
            "app/config/deploy.rb",
            "set :stage_dir, 'app/config/deploy'\nrequire 'capistrano/ext/multistage'\nset :application, 'a'\n",
        ),
        ("app/config/deploy/live.rb", "role :app, 'a'\n"),
    ]);
    assert!(work(&found).is_empty(), "{found:?}");
    assert!(
        text(&found, "config/deploy/live.rhai").contains("role :app, \"a\";"),
        "{found:?}"
    );
}

#[test]
fn a_copy_of_the_library_of_stages_is_that_library() {
    let copy = "Capistrano::Configuration.instance.load do\n  stages.each do |name|\n    task(name) do\n      set :stage, name.to_sym\n      \
                load \"config/deploy/#{stage}\"\n    end\n  end\n  on :start, 'multistage:ensure', :except => stages\nend\n";
    for load in [
        "require File.expand_path(\"#{File.dirname(__FILE__)}/../vendor/ext/lib/capistrano/ext/multistage\")",
        "load 'vendor/ext/lib/capistrano/ext/multistage.rb'",
    ] {
        let found = ported(&[
            CAPFILE,
            (
                "config/deploy.rb",
                &format!("set :stages, %w(live)\n{load}\nset :application, 'a'\n"),
            ),
            ("config/deploy/live.rb", "role :app, 'a'\n"),
            ("vendor/ext/lib/capistrano/ext/multistage.rb", copy),
        ]);
        assert!(work(&found).is_empty() && found.files.len() == 3, "{found:?}");
        assert!(!text(&found, "config/deploy.rhai").contains("multistage"), "{found:?}");
    }
}

#[test]
fn tasks_of_the_recipe_that_only_load_a_stage_are_left_to_the_stages() {
    let stages = [
        ("config/deploy/live.rb", "role :app, 'a'\n"),
        ("config/deploy/test.rb", "role :app, 'b'\n"),
    ];
    let of = |tasks: &str| {
        let deploy = format!("set :application, 'a'\n{tasks}\ntask(:other) {{ run 'x' }}\n");
        let files = [CAPFILE, ("config/deploy.rb", deploy.as_str()), stages[0], stages[1]];
        ported(&files)
    };
    for tasks in [
        "%w(live test).each do |name|\n  desc name\n  task(name) do\n    set :stage, name.to_sym\n    load \"config/deploy/#{stage}\"\n  end\nend",
        "Dir['config/deploy/*.rb'].each do |file|\n  name = File.basename(file, '.rb')\n  task name do\n    load file\n  end\nend",
        "desc 'one'\ntask :live do\n  set :stage, :live\n  load 'config/deploy/live'\nend\n\
         desc 'two'\ntask(:test) { load 'config/deploy/test.rb' }",
    ] {
        let found = of(tasks);
        assert!(work(&found).is_empty(), "{found:?}");
        let main = text(&found, "config/deploy.rhai");
        assert!(
            main.contains("task :other") && !main.contains("load ") && !main.contains("desc"),
            "{main}"
        );
    }
    let more = "%w(live test).each do |name|\n  task name do\n    set :branch, name\n    load \"config/deploy/#{name}\"\n  end\nend";
    assert_eq!(work(&of(more)).len(), 1);
}

#[test]
fn a_template_of_which_nothing_is_known_may_be_any_of_the_project() {
    let deploy = "set :application, 'a'\nset :port, 80\n\
                  def filled(path)\n  ERB.new(File.read(path)).result(binding)\nend\n\
                  task(:t) { put filled('config/a.erb'), '/x' }\n";
    let found = ported(&[
        CAPFILE,
        ("config/deploy.rb", deploy),
        ("config/a.erb", "port <%= port %>\n"),
        ("lib/other.erb", "<%= other.first { |x| x } %>\n"),
    ]);
    assert!(work(&found).is_empty(), "{found:?}");
    let main = text(&found, "config/deploy.rhai");
    for part in [
        "switch ruby_ending(path, [\"config/a.erb\", \"lib/other.erb\"]) {",
        "\"config/a.erb\" => { render(:template => \"port {{ port }}\\n\") },",
        "throw \"the template was not carried over: lib/other.erb, line 1: ",
    ] {
        assert!(main.contains(part), "no {part} in:\n{main}");
    }
}
