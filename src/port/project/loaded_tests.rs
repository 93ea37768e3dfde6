//! Tests of files that recipes load, and of functions and templates that stand in files of their own.
#![allow(clippy::unwrap_used)]

use super::super::port;
use super::super::tests::{file, has};
use super::RubyProject;
use super::tests::{CAPFILE, ported, work};

#[test]
fn a_file_that_is_evaluated_is_loaded() {
    for eval in [
        "eval IO.read(File.join('config', 'more.rb'))",
        "instance_eval(File.read('config/more.rb'))",
    ] {
        let found = ported(&[
            CAPFILE,
            ("config/deploy.rb", eval),
            ("config/more.rb", "task(:t) { run 'x' }\n"),
        ]);
        assert!(work(&found).is_empty(), "{found:?}");
        let main = found.files.iter().find(|file| file.to == "config/deploy.rhai").unwrap();
        assert!(
            main.text.contains("load ") && main.text.contains("more.rhai\""),
            "{}",
            main.text
        );
    }
}

#[test]
fn functions_beside_the_tasks_are_read_where_no_capfile_says_which() {
    let deploy = (
        "config/deploy.rb",
        "set :repo_url, 'x'\ntask :t do\n  on roles(:app) do\n    greet 'a'\n  end\nend\n",
    );
    let greet = (
        "lib/capistrano/greet.rb",
        "def greet(name)\n  execute :echo, name\nend\n",
    );
    assert!(work(&ported(&[deploy, greet])).is_empty());
}

#[test]
fn a_function_that_stands_in_another_file_as_well_knows_its_own_place() {
    let found = port(&RubyProject {
        sources: [
            ("Capfile", "load 'deploy'\nload 'config/recipes/base'\nload 'config/deploy'\n"),
            (
                "config/recipes/base.rb",
                "def fill(name)\n  ERB.new(File.read(File.expand_path(\"../../templates/#{name}\", __FILE__))).result(binding)\nend\n\
                 def beside(name)\n  ERB.new(File.read(File.join(File.dirname(__FILE__), 'templates', name))).result(binding)\nend\n\
                 def plain(name)\n  File.read(\"#{__dir__}/#{name}\") + __FILE__\nend\n",
            ),
            (
                "config/deploy.rb",
                "set :application, 'a'\nset :repository, 'x'\nrole :app, 'a'\n\
                 task(:t) { puts fill('a.erb'), beside('b.erb'), plain('c') }\n",
            ),
        ]
        .map(|(path, text)| file(path, text))
        .to_vec(),
        templates: [
            ("config/templates/a.erb", "of all"),
            ("config/templates/b.erb", "another"),
            ("config/recipes/templates/b.erb", "of base"),
        ]
        .map(|(path, text)| (path.to_owned(), text.to_owned()))
        .to_vec(),
        ..RubyProject::default()
    })
    .unwrap();
    assert!(work(&found).is_empty(), "{:?}", work(&found));
    let main = found.files.iter().find(|file| file.to == "config/deploy.rhai").unwrap();
    has(
        &main.text,
        &[
            "\"a.erb\" => { render(:template => \"of all\") },",
            "\"b.erb\" => { render(:template => \"of base\") },",
            "`${expand_path(\"recipes\", dirname(recipe_file()))}/${name}`",
            "expand_path(\"recipes\", dirname(recipe_file())),\n    \"base.rb\"",
        ],
    );
    assert!(!main.text.contains("ruby_ending"), "{}", main.text);
}

#[test]
fn a_template_is_given_or_read_from_a_file() {
    let found = ported(&[
        ("Capfile", "require 'capistrano/setup'\nrequire 'capistrano/deploy'\n"),
        (
            "config/deploy.rb",
            "def send(from, to, opt = {})\n  text = opt[:text] || File.new(from).read\n  file = ERB.new(text).result(binding)\n  \
             upload! StringIO.new(file), to\nend\ndef template(name, to, opt = {})\n  send \"config/templates/#{name}\", to, opt\nend\n\
             task :t do\n  on roles(:app) do\n    template 'a.erb', '/etc/a'\n  end\nend\n"
                .replace("send", "push_up")
                .as_str(),
        ),
        ("config/templates/a.erb", "<%= fetch(:application) %>\n"),
        ("app/views/b.html.erb", "<% form do %>\n"),
    ]);
    assert!(work(&found).is_empty(), "{:?}", work(&found));
    let main = found.files.iter().find(|file| file.to == "config/deploy.rhai").unwrap();
    has(
        &main.text,
        &[
            "if opt[\"text\"] != () {",
            "ruby_ending(from, [\"config/templates/a.erb\"])",
        ],
    );
}

#[test]
fn a_project_without_templates_fills_none_in_wherever_the_function_stands() {
    let load = "Dir.glob('lib/capistrano/**.rb').each { |r| import r }\n";
    let capfile = format!("require 'capistrano/setup'\nrequire 'capistrano/deploy'\n{load}");
    let found = ported(&[
        ("Capfile", capfile.as_str()),
        (
            "config/deploy.rb",
            "task :t do\n  on roles(:app) do\n    fetch(:files).each { |f| fill f }\n  end\nend\n",
        ),
        (
            "lib/capistrano/fill.rb",
            "def fill(from)\n  if path = found(from)\n    upload! StringIO.new(ERB.new(File.read(path)).result(binding)), from\n  \
             end\nend\ndef found(name)\n  if File.exist?((file = \"config/deploy/shared/#{name}.erb\"))\n    return file\n  end\n  nil\nend\n",
        ),
        ("app/views/b.html.erb", "<% form do %>\n"),
    ]);
    assert!(work(&found).is_empty(), "{:?}", work(&found));
}

#[test]
fn a_file_that_the_recipe_loads_knows_the_stage_and_one_of_the_capfile_does_not() {
    let capfile = "require 'capistrano/setup'\nrequire 'capistrano/deploy'\nload 'config/early.rb'\n";
    let text = "set :own_env, fetch(:stage)\nset :db_env, fetch(:own_env)\n";
    let found = ported(&[
        ("Capfile", capfile),
        (
            "config/deploy.rb",
            "load 'config/late.rb'\ntask(:t) { puts fetch(:db_env), fetch(:own_env) }\n",
        ),
        ("config/deploy/production.rb", "server 'a', roles: %w[app]\n"),
        ("config/early.rb", text),
        ("config/late.rb", text),
    ]);
    let of = |to: &str| found.files.iter().find(|file| file.to == to).unwrap();
    assert!(
        of("config/late.rhai").text.contains("set :db_env { own_env }"),
        "{found:?}"
    );
    assert!(
        !of("config/early.rhai").text.contains("set :db_env { own_env }"),
        "{found:?}"
    );
}
