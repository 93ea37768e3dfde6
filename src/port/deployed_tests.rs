//! Tests of differences that were seen when ports were deployed beside their originals.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::construct_tests::carried;
use super::port;
use super::project::RubyProject;
use super::tests::{file, has, ported, recipe};

/// Ports a recipe of Capistrano 3 with these libraries.
#[track_caller]
fn with_libraries(libraries: &[&str], code: &str, parts: &[&str]) {
    let mut capfile = "require 'capistrano/setup'\nrequire 'capistrano/deploy'\n".to_owned();
    for library in libraries {
        capfile.push_str(&format!("require 'capistrano/{library}'\n"));
    }
    let recipe = format!("set :application, 'a'\nset :repo_url, 'x'\n{code}");
    let stage = "server 'a', roles: %w[app db web]\n";
    let files = [
        ("Capfile", capfile.as_str()),
        ("config/deploy.rb", recipe.as_str()),
        ("config/deploy/production.rb", stage),
    ];
    let ported = ported(&files).unwrap();
    let file = ported
        .files
        .iter()
        .find(|file| file.to == "config/deploy.rhai")
        .unwrap();
    assert!(file.notes.is_empty(), "{:?}", file.notes);
    has(&file.text, parts);
}

#[test]
fn the_command_map_goes_for_what_libraries_run() {
    with_libraries(
        &["composer"],
        "SSHKit.config.command_map[:composer] = \"php #{shared_path.join('composer.phar')}\"\nSSHKit.config.command_map[:php] = '/opt/php'\n\
         SSHKit.config.command_map[:tool] = '/opt/tool'\ntask :t do\n  on(roles(:app)) { execute :composer, :x; execute 'composer y'; execute :tool }\n  \
         run_locally { execute :php, 'z' }\nend\n",
        &[
            "on :start {\n  command_map[\"composer\"] = `php ${join_path(shared_path, \"composer.phar\")}`;\n}",
            "command_map[\"php\"] = \"/opt/php\";",
            "run \"composer x\", :roles => :app;",
            "run \"composer y\", :prefix => false, :roles => :app;",
            "run \"/opt/tool\", :roles => :app;",
            "run_locally \"/opt/php z\";",
        ],
    );
}

#[test]
fn a_word_of_the_command_map_that_is_a_function_is_called() {
    carried(
        "SSHKit.config.command_map[:tool] = -> { \"/opt/#{fetch(:application)}\" }\ntask(:t) { on(roles(:app)) { execute :tool } }\n",
        &["run `${(|| `/opt/${fetch(:application)}`).call()}`;"],
    );
}

#[test]
fn a_stage_may_call_itself_something_else() {
    let texts = |deploy: &str, stage: &str| {
        let deploy = format!("lock '3'\nset :repo_url, 'x'\nserver 'a', roles: %w[app]\n{deploy}");
        let files = [
            ("config/deploy.rb", deploy.as_str()),
            ("config/deploy/production.rb", stage),
        ];
        let texts: Vec<String> = ported(&files)
            .unwrap()
            .files
            .into_iter()
            .map(|file| file.text)
            .collect();
        texts.concat()
    };
    let same = texts("set :stage, :production\n", "set :stage, 'production'\nset :a, 1\n");
    assert!(!same.contains("on :stage"), "{same}");
    has(&texts("", "set :stage, :testing\n"), &["set :stage, :testing;"]);
    has(
        &texts("set :stage, 'testing'\n", ""),
        &["on :stage {\n  set :stage, \"testing\";\n}"],
    );
}

#[test]
fn what_a_stage_sets_anew_does_not_change_what_was_made_before_it() {
    let deploy = "lock '3'\nset :repo_url, 'x'\nset :application, 'a'\nset :b, 'b'\nset :c, \"#{fetch(:application)}-#{fetch(:stage)}\"\n\
                  set :d, \"#{fetch(:b)}-#{fetch(:stage)}\"\nset :e, -> { \"#{fetch(:application)}-#{fetch(:stage)}\" }\n";
    let stage = "server 'a', roles: %w[app]\nset :application, 'other'\nputs fetch(:c), fetch(:d), fetch(:e)\n";
    let files = [("config/deploy.rb", deploy), ("config/deploy/production.rb", stage)];
    has(
        &ported(&files).unwrap().files[0].text,
        &[
            "on :stage {\n  set :c, `${application}-${stage}`;\n}",
            "set :d { `${b}-${stage}` }",
            "set :e { `${application}-${stage}` }",
        ],
    );
}

#[test]
fn a_prefix_of_a_library_goes_before_the_command_map() {
    let (with, without) = (["rails", "rbenv"], ["rails/migrations"]);
    let code = "SSHKit.config.command_map[:rake] = 'bin/rake'\nSSHKit.config.command_map[:bundle] = '/opt/bundle'\n";
    with_libraries(&without, code, &["command_map[\"rake\"] = \"bin/rake\";"]);
    with_libraries(&with, code, &["\"x\";\n"]);
    let capfile = "require 'capistrano/setup'\nrequire 'capistrano/deploy'\nrequire 'capistrano/rails'\nrequire 'capistrano/rbenv'\n";
    let files = [("Capfile", capfile), ("config/deploy.rb", code)];
    let text = ported(&files).unwrap().files[1].text.clone();
    assert!(!text.contains("command_map"), "{text}");
}

#[test]
fn a_prefix_of_a_library_goes_before_the_command_map_in_tasks_of_the_recipe() {
    let code = "SSHKit.config.command_map[:rake] = 'bin/rake'\ntask(:t) { on(roles(:app)) { within('/x') { execute :rake, 'y' } } }\n";
    let prefixed = "run \"rake y\";";
    let own = "run \"bin/rake y\";";
    let task =
        |libraries: &[&str], list: &str, part: &str| with_libraries(libraries, &format!("{list}{code}"), &[part]);
    task(&["bundler"], "", prefixed);
    task(&["rbenv"], "", prefixed);
    task(&["rbenv"], "set :rbenv_map_bins, %w[rake gem]\n", prefixed);
    // These lists are without it, or may be.
    task(&["rbenv"], "set :rbenv_map_bins, %w[ruby]\n", own);
    task(&["bundler"], "set :bundle_bins, %w[rails]\n", own);
    task(&["rbenv"], "set :rbenv_map_bins, fetch(:mine)\n", own);
    task(&["git"], "", own);
}

#[test]
fn passenger_begins_anew_as_its_gem_lets_it() {
    let off = "set :passenger_restart_with_touch, false;";
    with_libraries(&["passenger"], "", &[off]);
    with_libraries(
        &["passenger"],
        "set :passenger_restart_with_touch, true\n",
        &["_touch, true;"],
    );
}

#[test]
fn commands_with_words_of_bash_are_run_by_bash() {
    carried(
        "task :t do\n  on roles(:app) do\n    execute 'source ~/x && y'\n    execute :mkdir, '-p', '{a,b}'\n    execute :ls if test('[[ -d z ]]')\n    \
         c = 'source v'\n    execute c\n    as(:root) { execute :touch, '{c,d}' }\n    execute '. w'\n  end\n  run_locally { execute 'source u' }\nend\n",
        &[
            "run \"source ~/x && y\", :shell => \"bash\";",
            "run \"mkdir -p {a,b}\", :shell => \"bash\";",
            "if test(\"[[ -d z ]]\", :shell => \"bash\") {",
            "run `${c}`, :shell => \"bash\";",
            "as :root {\n      run \"touch {c,d}\";\n    }",
            "run \". w\";",
            "run_locally \"source u\";",
        ],
    );
    let (text, _) = recipe("role :app, 'a'\ntask(:t) { run 'source x' }\n");
    has(&text, &["run \"source x\";"]);
}

#[test]
fn values_that_may_be_nothing_are_filled_in_as_nothing() {
    carried(
        "task :t do\n  t = ENV['T']\n  l = `x`.split(\"\\n\").last\n  a, b = 'x y'.split\n  on(roles(:app)) { execute \"v #{t} #{l} #{a} #{b}\" }\n  puts 'y' if b\nend\n",
        &[
            "let l = ruby_split(run_locally(\"x\", :result => true).stdout, \"\\n\").get(-1);",
            "let b = a_and_others.get(1);",
            "run `v ${t ?? \"\"} ${l ?? \"\"} ${a ?? \"\"} ${b ?? \"\"}`, :roles => :app;",
            "if b != () {",
        ],
    );
}

#[test]
fn locals_that_may_be_nothing_are_filled_in_as_nothing() {
    carried(
        "task :t do\n  h = { a: 1 }\n  k = h[:z]\n  q = fetch(:never)\n  n = nil\n  n = 'x' if ENV['P']\n  s = 'y'\n  puts \"#{k} #{q} #{n} #{s}\"\nend\n",
        &["puts `${k ?? \"\"} ${q ?? \"\"} ${n ?? \"\"} ${s}`;"],
    );
}

#[test]
fn a_file_that_goes_into_a_directory_keeps_its_name() {
    carried(
        "task :t do\n  on roles(:app) do\n    download! '/x/f.tar', '.'\n    download! \"#{shared_path}/g\", './tmp/'\n    upload! 'a/b', \"#{shared_path}/\"\n    \
         upload! 'dist', '/srv/', recursive: true\n    upload! 'c', '/srv/d'\n  end\nend\n",
        &[
            "download \"/x/f.tar\", \"./f.tar\";",
            "download `${shared_path}/g`, `./tmp/${basename(`${shared_path}/g`)}`;",
            "upload \"a/b\", `${shared_path}/b`;",
            "upload \"dist\", \"/srv/\", :recursive => true;",
            "upload \"c\", \"/srv/d\";",
        ],
    );
}

#[test]
fn a_task_runs_again_where_the_statement_before_lets_it() {
    carried(
        "task(:a) { puts 1 }\ntask :b do\n  puts 2\n  Rake::Task['b'].reenable\nend\ntask :t do\n  invoke 'a'\n  Rake::Task['a'].reenable\n  invoke 'a'\n  \
         Rake::Task['a'].reenable; Rake::Task['a'].invoke\n  invoke 'b'\nend\n",
        &[
            "task :t {\n  invoke \"a\";\n  invoke \"a\", :again => true;\n  invoke \"a\", :again => true;\n  invoke \"b\", :again => true;\n}",
        ],
    );
}

#[test]
fn ranges_of_letters_are_lists() {
    carried(
        "task :t do\n  puts ('A'..'E').to_a.sample(2).join, [*'a'...'d'].size\nend\n",
        &[
            "ruby_shuffled([\"A\", \"B\", \"C\", \"D\", \"E\"]).extract(0, 2)",
            "[\"a\", \"b\", \"c\"].len()",
        ],
    );
    let (_, notes) = recipe("lock '3'\ntask(:t) { puts ('aa'..'zz').to_a.size }\n");
    assert!(notes[0].reason.contains("a range of strings"), "{notes:?}");
}

#[test]
fn what_only_the_recipe_itself_has_is_not_taken_for_something_of_capr() {
    // A variable whose name means something to capr, a task whose name is that of Rails, and tasks that a library would replace.
    with_libraries(
        &["bundler"],
        "set :bundle_exec, ''\nset :person, 'me'\nnamespace :thin do\n  commands = [:start, :restart]\n  commands.each do |command|\n    \
         task(command) { on(roles(:app)) { execute \"/etc/init.d/thin #{command}\" } }\n  end\nend\nafter 'deploy:publishing', 'thin:restart'\n\
         namespace :srv do\n  task(:environment) { set :conf, 'x' }\n  task(start: :environment) do\n    on(roles(:app)) { \
         execute \"srv #{fetch(:conf)} #{fetch(:bundle_exec)} #{fetch(:person)}\"; execute :kill, '-s QUIT $(< /srv/x.pid)' }\n  end\nend\n",
        &[
            "set :bundle_exec_own, \"\";",
            "role :db;\n\nset :application, \"a\";",
            "invoke \"srv:environment\";\n    run `srv ${fetch(:conf, \"\")} ${bundle_exec_own} ${person_own}`;",
            "run \"kill -s QUIT $(< /srv/x.pid)\", :shell => \"bash\";",
        ],
    );
}

#[test]
fn a_recipe_without_a_source_control_brings_the_code_itself() {
    for none in ["nil", "false", "''"] {
        with_libraries(
            &[],
            &format!(
                "set :scm, {none}\nset :base, '/srv/'\nset :deploy_to, -> {{ \"#{{fetch(:base)}}/a\" }}\ntask :t do\n  \
                      on(roles(:app)) {{ execute \"mkdir #{{releases_path}}/#{{now}} #{{release_timestamp}}\" }}\nend\n"
            ),
            &[
                "set :scm, :tasks;",
                "mkdir ${releases_path}/${release_name} ${release_name}",
            ],
        );
    }
}

#[test]
fn what_ruby_takes_for_true_is_true() {
    let (text, notes) = recipe(
        "set :ssh_options, { :port => '22', :forward_agent => 'true', :timeout => '30', :keys_only => ENV['K'] }\n\
         ssh_options[:use_agent] = 0\ndefault_run_options[:pty] = 'false'\nset :group_writable, nil\nset :use_sudo, 0\n\
         set :git_enable_submodules, 1\n",
    );
    assert!(notes.is_empty(), "{notes:?}");
    has(
        &text,
        &[
            "#{ port: \"22\", forward_agent: true, timeout: 30, keys_only: ENV[\"K\"] != () }",
            "ssh_options[\"use_agent\"] = true;",
            "default_run_options[\"pty\"] = true;",
            "set :group_writable, false;",
            "set :use_sudo, true;",
            "set :git_enable_submodules, true;",
        ],
    );
}

#[test]
fn words_about_sessions_that_mean_nothing_in_3_are_told() {
    let told = |server: &str| {
        let files = [
            ("Capfile", "require 'capistrano/setup'\nrequire 'capistrano/deploy'\n"),
            (
                "config/deploy.rb",
                "set :application, 'a'\nset :repo_url, 'x'\nset :user, 'u'\nset :default_run_options, { :pty => true }\n",
            ),
            ("config/deploy/production.rb", server),
        ];
        let ported = ported(&files).unwrap();
        let has_options = |file: &super::File| file.text.contains("set :default_run_options");
        assert!(!ported.files.iter().any(has_options));
        ported
            .remarks
            .iter()
            .filter(|remark| remark.contains("`user` logs in"))
            .count()
    };
    assert_eq!(told("server 'a', roles: %w[app], user: 'v'\n"), 0);
    assert_eq!(told("role :app, %w[v@a]\n"), 0);
    assert_eq!(told("server 'a', roles: %w[app]\n"), 1);
}

#[test]
fn a_block_for_servers_that_are_not_there_does_nothing_at_all() {
    with_libraries(
        &[],
        "task(:a) { on(roles(:queue)) { invoke 'b' } }\ntask(:b) { on(roles(:queue)) { set :flag, 1; puts 'x' } }\n\
         task(:c) { on(roles(:queue)) { execute :ls; run_locally { execute :date } } }\ntask(:d) { on(roles(:queue)) { execute :ls; puts fetch(:flag) } }\n",
        &[
            "task :a {\n  on roles(:queue) {\n    invoke \"b\";",
            "task :b {\n  on roles(:queue) {\n    set :flag, 1;",
            "task :c {\n  on roles(:queue) {\n    run \"ls\";\n    run_locally \"date\";",
            "task :d, :roles => :queue {",
        ],
    );
}

#[test]
fn lines_of_a_value_are_lines_of_its_command() {
    let code = "set :files, <<-EOS\n  app\n  lib\nEOS\n";
    let (text, notes) = recipe(&format!(
        "load 'deploy'\n{code}role :app, 'a'\ntask(:t) {{ run \"ls #{{files}} | wc\" }}\n"
    ));
    assert!(notes.is_empty(), "{notes:?}");
    has(&text, &["run `ls ${gsub(files, \"\\n\", \"\\\\\\n\")} | wc`;"]);
    with_libraries(
        &[],
        &format!(
            "{code}task(:t) {{ on(roles(:app)) {{ |h| t = ''; %w[A B].each {{ |k| t += \"#{{k}}\\n\" }}\n\
             execute \"echo '#{{t}}' > x\"; execute :ls, t; execute \"ls #{{fetch(:files)}}\" }} }}\n"
        ),
        &[
            "run `echo '${gsub(t, \"\\\\s*\\\\n\\\\s*\", \"; \")}' > x`;",
            "run `ls ${t}`;",
            "run `ls ${gsub(chomp(files), \"\\\\s*\\\\n\\\\s*\", \"; \")}`;",
        ],
    );
}

#[test]
fn names_of_the_environment_of_gems_are_written_as_sshkit_does() {
    with_libraries(
        &["bundler"],
        "set :bundle_env_variables, nokogiri_use_system_libraries: 1, 'kept' => 2\n",
        &["set :bundle_env_variables, #{ NOKOGIRI_USE_SYSTEM_LIBRARIES: 1, kept: 2 };"],
    );
}

#[test]
fn a_release_of_a_cache_of_capistrano_2_has_the_repository() {
    let kept = "set :deploy_via, :remote_cache;\nset :git_in_release, true;";
    for (scm, version, is_kept) in [
        ("git", "load 'deploy'", true),
        ("subversion", "load 'deploy'", false),
        ("git", "lock '3.4.0'", false),
    ] {
        let (text, _) = recipe(&format!(
            "{version}\nset :scm, :{scm}\nset :deploy_via, :remote_cache\n"
        ));
        assert_eq!(text.contains(kept), is_kept, "{text}");
    }
}

#[test]
fn variables_of_2_that_mean_nothing_in_3_are_left_out() {
    let files = [
        ("Capfile", "require 'capistrano/setup'\nrequire 'capistrano/deploy'\n"),
        (
            "config/deploy.rb",
            "set :application, 'a'\nset :repo_url, 'x'\nset :shared_children, %w[log x]\nset :revision, 'abc'\nset :rake, 'r'\n",
        ),
    ];
    let ported = ported(&files).unwrap();
    let text = &ported
        .files
        .iter()
        .find(|file| file.to == "config/deploy.rhai")
        .unwrap()
        .text;
    for name in ["set :shared_children, [\"", "set :revision", "set :rake"] {
        assert!(!text.contains(name), "{text}");
    }
    assert!(
        ported
            .remarks
            .iter()
            .any(|remark| remark.contains("`revision` does nothing"))
    );
}

#[test]
fn scp_puts_a_directory_into_the_one_that_is_there() {
    let (text, notes) = recipe(
        "set :repository, 'x'\nrole :app, 'h'\ntask :t, :roles => :app do\n  upload 'local/one', '/srv/web/', :recursive => true, :via => :scp\nend\n",
    );
    assert!(notes.is_empty(), "{notes:?}");
    has(&text, &["upload \"local/one\", \"/srv/web/one\", :recursive => true;"]);
    // A release has `public` from its repository.
    let upload = |place| format!("top.upload 'a/b', \"{place}\", :via => :scp, :recursive => true\n");
    let (text, _) = recipe(&[upload("#{current_path}/public"), upload("#{shared_path}/x")].concat());
    has(&text, &["`${current_path}/public/b`", "`${shared_path}/x`"]);
}

#[test]
fn a_password_comes_from_the_environment_or_is_asked_for() {
    let (text, _) = recipe("role :app, 'a'\nset :scm_password, 'none'\n");
    has(
        &text,
        &["{ ENV[\"SCM_PASSWORD\"] ?? password_prompt(\"scm_password: \") }"],
    );
}

#[test]
fn a_variable_of_the_environment_is_set_for_a_while() {
    let (text, notes) = recipe("role :app, 'a'\ntask(:t) { with_env('E', 'v') { run 'x' } }\n");
    assert!(notes.is_empty(), "{notes:?}");
    has(
        &text,
        &["let before = ENV[\"E\"];\n  ENV[\"E\"] = \"v\";\n  run \"x\";\n  if before == () {"],
    );
}

#[test]
fn what_runs_puma_and_sidekiq_is_what_their_gems_take() {
    let of = |plugins: &str, recipe: &str| {
        let capfile = format!(
            "require 'capistrano/setup'\nrequire 'capistrano/deploy'\nrequire 'capistrano/puma'\n{plugins}require 'capistrano/sidekiq'\n"
        );
        let files = [
            ("Capfile", capfile.as_str()),
            ("config/deploy.rb", recipe),
            ("config/deploy/one.rb", "server 'h', roles: %w[app]\n"),
        ];
        ported(&files).unwrap().files[0].text.clone()
    };
    let of_systemd = "install_plugin Capistrano::Puma\ninstall_plugin Capistrano::Puma::Systemd\n";
    let text = of(of_systemd, "set :application, 'x'\nset :puma_threads, [2, 8]\n");
    has(
        &text,
        &[
            "set :puma_via, \"systemd\";",
            "set :puma_systemctl_user, \"system\";",
            "set :sidekiq_via, \"pid\";",
        ],
    );
    let text = of(of_systemd, "set :application, 'x'\nset :puma_systemctl_user, :user\n");
    assert!(!text.contains("puma_systemctl_user"), "{text}");
    let text = of(
        "install_plugin Capistrano::Sidekiq::Systemd\n",
        "set :application, 'x'\n",
    );
    has(&text, &["set :puma_via, \"pumactl\";"]);
    assert!(!text.contains("sidekiq_via"), "{text}");
}

#[test]
fn a_sidekiq_without_a_plugin_that_has_tasks_hooks_those_of_the_recipe() {
    let of = |plugins: &str, recipe: &str| {
        let capfile =
            format!("require 'capistrano/setup'\nrequire 'capistrano/deploy'\nrequire 'capistrano/sidekiq'\n{plugins}");
        let files = [
            ("Capfile", capfile.as_str()),
            ("config/deploy.rb", recipe),
            ("config/deploy/one.rb", "server 'h', roles: %w[app]\n"),
        ];
        let ported = ported(&files).unwrap();
        (ported.files[0].text.clone(), ported.files[1].text.clone())
    };
    let tasks = "namespace :sidekiq do\n  task(:stop) { on(roles(:app)) { execute 'a b' } }\n  task(:start) { on(roles(:app)) { execute 'c d' } }\nend\n";
    let (capfile, recipe) = of("install_plugin Capistrano::Sidekiq\n", tasks);
    has(
        &capfile,
        &[
            "on :load {\n  after \"deploy:updated\", \"sidekiq:stop\";\n  after \"deploy:published\", \"sidekiq:start\";\n}",
        ],
    );
    assert!(
        !capfile.contains("require \"sidekiq\"") && !capfile.contains("quiet"),
        "{capfile}"
    );
    assert!(!recipe.contains("stop_2"), "{recipe}");
    let hooked = "install_plugin Capistrano::Sidekiq\ninstall_plugin Capistrano::Sidekiq::Systemd\n";
    has(&of(hooked, "set :application, 'x'\n").0, &["require \"sidekiq\";"]);
}

#[test]
fn yarn_and_npm_have_the_flags_of_their_gems() {
    let of = |recipe: &str| {
        let capfile = "require 'capistrano/setup'\nrequire 'capistrano/deploy'\nrequire 'capistrano/npm'\nrequire 'capistrano/yarn'\n";
        let files = [("Capfile", capfile), ("config/deploy.rb", recipe)];
        ported(&files).unwrap().files[0].text.clone()
    };
    has(
        &of("lock '3'\n"),
        &[
            "set :npm_method, \"install\";",
            "set :npm_flags, \"--production --silent --no-progress\";",
            "set :yarn_flags, \"--production\";",
        ],
    );
    assert!(!of("lock '3'\nset :yarn_flags, '--prod'\n").contains("yarn_flags"));
}

#[test]
fn hooks_of_gems_for_monit_are_told() {
    for monit in [
        "require 'capistrano/puma/monit'\n",
        "install_plugin Capistrano::Puma::Monit\n",
    ] {
        let capfile =
            format!("require 'capistrano/setup'\nrequire 'capistrano/deploy'\nrequire 'capistrano/puma'\n{monit}");
        let ported = ported(&[("Capfile", capfile.as_str()), ("config/deploy.rb", "lock '3'\n")]).unwrap();
        assert!(
            ported
                .remarks
                .iter()
                .any(|remark| remark.starts_with("monit and puma: ")),
            "{:?}",
            ported.remarks
        );
    }
}

#[test]
fn services_in_monit_have_the_names_of_the_version_of_the_gem() {
    let capfile = "require 'capistrano/setup'\nrequire 'capistrano/deploy'\nrequire 'capistrano/sidekiq'\nrequire 'capistrano/sidekiq/monit'\n";
    let of = |version: Option<&str>| {
        let mut project = RubyProject {
            sources: vec![file("Capfile", capfile), file("config/deploy.rb", "lock '3'\n")],
            ..RubyProject::default()
        };
        let version = version.map(|version| ("capistrano-sidekiq".to_owned(), version.to_owned()));
        project.gems.versions.extend(version);
        let ported = port(&project).unwrap();
        let told = ported
            .remarks
            .iter()
            .any(|remark| remark.contains("where they end with `_0`"));
        (
            ported.files[0].text.contains("set :sidekiq_service_separator, \"_\";"),
            told,
        )
    };
    assert_eq!(of(Some("1.0.3")), (true, false));
    assert_eq!(of(Some("0.20.0")), (false, false));
    assert_eq!(of(None), (false, true));
}

#[test]
fn services_of_systemd_that_their_gem_does_not_restart_are_not_restarted() {
    let code = "require 'capistrano/systemd/multiservice'\n";
    with_libraries(
        &["git"],
        code,
        &["require \"systemd\";\nremove :restart_tasks, \"systemd:restart\";"],
    );
}

#[test]
fn the_newest_gems_of_puma_and_sidekiq_have_other_roles_and_services() {
    let capfile = "require 'capistrano/setup'\nrequire 'capistrano/deploy'\nrequire 'capistrano/puma'\ninstall_plugin Capistrano::Puma::Systemd\n\
                   require 'capistrano/sidekiq'\ninstall_plugin Capistrano::Sidekiq::Systemd\nset :application, 'x'\n";
    let mut project = RubyProject {
        sources: vec![file("Capfile", capfile)],
        ..RubyProject::default()
    };
    project
        .gems
        .versions
        .insert("capistrano3-puma".to_owned(), "6.0.0".to_owned());
    project
        .gems
        .versions
        .insert("capistrano-sidekiq".to_owned(), "3.0.0".to_owned());
    let text = &port(&project).unwrap().files[0].text;
    has(
        text,
        &[
            "set :puma_role, \"web\";",
            "set :puma_service_unit_name { `${application}_puma_${stage}` }",
            "set :sidekiq_roles, \"worker\";",
            "set :sidekiq_service_unit_name { `${application}_sidekiq_${stage}` }",
        ],
    );
    assert!(!text.contains("puma_systemctl_user"), "{text}");
}
