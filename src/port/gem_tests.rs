//! Tests of what gems do otherwise than the libraries of capr.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::tests::{file, has, recipe};
use super::{RubyProject, port};

const BEGIN: &str = "require 'capistrano/setup'\nrequire 'capistrano/deploy'\n";

/// Ports a project with this Capfile and recipe, with versions of gems; gives the Capfile's and the recipe's texts and the remarks.
fn with_gems(capfile: &str, recipe: &str, majors: &[(&str, u32)]) -> (String, String, Vec<String>) {
    let mut project = RubyProject {
        sources: vec![
            file("Capfile", &format!("{BEGIN}{capfile}")),
            file("config/deploy.rb", &format!("lock '3'\n{recipe}")),
        ],
        ..RubyProject::default()
    };
    for (gem, major) in majors {
        project.gems.versions.insert((*gem).to_owned(), format!("{major}.0.0"));
    }
    let ported = port(&project).unwrap();
    let text = |number: usize| ported.files[number].text.clone();
    (text(0), text(1), ported.remarks)
}

#[test]
fn plugins_without_hooks_and_gems_without_plugins_restart_nothing() {
    let puma = "require 'capistrano/puma'\n";
    let off = "set :puma_default_hooks, false;";
    let (text, _, _) = with_gems(
        &format!("{puma}install_plugin Capistrano::Puma, load_hooks: false\n"),
        "",
        &[],
    );
    has(&text, &[off]);
    let (text, _, _) = with_gems(&format!("{puma}install_plugin Capistrano::Puma\n"), "", &[]);
    assert!(!text.contains("puma_default_hooks"), "{text}");
    // Version 5 restarts by the plugin Daemon or Systemd.
    let five = [("capistrano3-puma", 5)];
    let (text, _, _) = with_gems(&format!("{puma}install_plugin Capistrano::Puma\n"), "", &five);
    has(&text, &[off, "after \"deploy:check\", \"puma:check\";"]);
    let (text, _, _) = with_gems(
        &format!("{puma}install_plugin Capistrano::Puma\ninstall_plugin Capistrano::Puma::Daemon\n"),
        "",
        &five,
    );
    assert!(!text.contains("puma_default_hooks"), "{text}");
    let (text, own, remarks) = with_gems(
        puma,
        "namespace(:puma) { task(:restart) { on(roles(:app)) { execute 'x' } } }\n",
        &five,
    );
    assert!(
        !text.contains("\"puma\"") && own.contains("task :restart"),
        "{text}{own}"
    );
    assert!(
        remarks
            .iter()
            .any(|remark| remark.starts_with("`capistrano/puma` has no tasks")),
        "{remarks:?}"
    );
}

#[test]
fn plugins_whose_tasks_are_only_called_are_told() {
    let (_, _, remarks) = with_gems(
        "require 'capistrano/puma'\ninstall_plugin Capistrano::Puma\ninstall_plugin Capistrano::Puma::Nginx\n",
        "",
        &[],
    );
    assert!(
        remarks
            .iter()
            .any(|remark| remark.starts_with("`capistrano/puma/nginx` does not come along")),
        "{remarks:?}"
    );
}

#[test]
fn a_service_of_puma_5_has_the_settings_that_a_deploy_writes() {
    let capfile =
        "require 'capistrano/puma'\ninstall_plugin Capistrano::Puma\ninstall_plugin Capistrano::Puma::Systemd\n";
    let (text, _, _) = with_gems(capfile, "", &[("capistrano3-puma", 5)]);
    has(&text, &["set :puma_service_uses_conf, true;"]);
    let (text, _, _) = with_gems(capfile, "", &[("capistrano3-puma", 6)]);
    assert!(!text.contains("puma_service_uses_conf"), "{text}");
}

#[test]
fn a_gem_that_sets_the_environment_of_rails_sets_it() {
    let db = "require 'capistrano-db-tasks'\n";
    let (text, _, _) = with_gems(db, "", &[]);
    has(&text, &["set :rails_env, \"production\";"]);
    let (_, text, _) = with_gems("", db, &[]);
    assert!(!text.contains("rails_env"), "{text}");
}

#[test]
fn an_empty_file_of_a_gem_loads_nothing_in_capistrano_3() {
    let (capfile, _, remarks) = with_gems("require 'capistrano-npm'\nrequire 'capistrano-rails'\n", "", &[]);
    assert!(!capfile.contains("require \""), "{capfile}");
    let told = |path: &str| {
        remarks
            .iter()
            .any(|remark| remark.contains(&format!("`{path}` is left out")))
    };
    assert!(told("capistrano-npm") && told("capistrano-rails"), "{remarks:?}");
    let (capfile, _, _) = with_gems("require 'capistrano-resque'\n", "", &[]);
    has(&capfile, &["require \"resque\";"]);
    // The file of the gem for Capistrano 2 had content.
    let (text, _) = recipe("load 'deploy'\nset :deploy_via, :copy\nrequire 'capistrano-deploytags'\n");
    has(&text, &["require \"deploytags\";"]);
}

#[test]
fn a_library_of_keys_for_one_run_is_left_out_with_what_is_hooked_to_it() {
    let (text, notes) = recipe(
        "set :repo_url, 'x'\nlock '3'\nrequire 'capistrano/one_time_key'\nCapistrano::OneTimeKey.generate_one_time_key!\n\
         ALL = ['otk:generate', *Rake.application.stages].freeze\nbefore 'otk:generate', 'a:setup'\n\
         Rake.application.tasks.each do |task|\n  next if ALL.include?(task.name)\n\n  before task, 'deploy:generate_otk'\nend\n\
         namespace :a do\n  task :setup do\n    puts 1\n  end\nend\n",
    );
    assert!(notes.is_empty(), "{notes:?}");
    has(&text, &["// deploy:generate_otk: capr logs in as ssh does"]);
}

#[test]
fn an_own_task_that_no_gem_has_is_no_addition_to_the_one_of_capr() {
    let task = "namespace(:rails) { task(:console) { on(roles(:app)) { execute 'x' } } }\n\
                namespace(:npm) { task(:build) { on(roles(:app)) { execute 'y' } } }\n\
                namespace(:deploy) { namespace(:assets) { task(:symlink) { on(roles(:app)) { execute 'z' } } } }\n\
                after 'npm:install', 'npm:build'\nafter 'deploy:updated', 'deploy:assets:symlink'\n";
    let npm = "require 'capistrano/npm'\n";
    let (_, text, remarks) = with_gems(&format!("{npm}require 'capistrano/rails'\n"), task, &[]);
    has(
        &text,
        &[
            "task :console,",
            "task :build,",
            "task :symlink_own,",
            "after \"deploy:updated\", \"deploy:assets:symlink_own\";",
        ],
    );
    assert!(
        !remarks.iter().any(|remark| remark.contains("runs after it")),
        "{remarks:?}"
    );
    // This gem has a console.
    let (_, text, _) = with_gems(
        "require 'capistrano/rails'\nrequire 'capistrano/rails/console'\n",
        task,
        &[],
    );
    has(&text, &["after \"rails:console\", \"rails:console_2\";"]);
    // Without the library the name is free.
    let (_, text, _) = with_gems(npm, task, &[]);
    has(
        &text,
        &["task :symlink,", "after \"deploy:updated\", \"deploy:assets:symlink\";"],
    );
}

#[test]
fn without_a_source_control_the_tasks_of_the_recipe_bring_the_code() {
    let (text, notes) =
        recipe("lock '3'\nset :scm, nil\ntask(:t) { on(roles(:app)) { execute \"mkdir #{releases_path}/#{now}\" } }\n");
    assert!(notes.is_empty(), "{notes:?}");
    has(&text, &["set :scm, :tasks;", "${releases_path}/${release_name}"]);
    let (_, text, _) = with_gems("install_plugin Capistrano::SCM::Git\n", "set :scm, nil\n", &[]);
    assert!(!text.contains("tasks"), "{text}");
}

#[test]
fn unicorn_without_rails_is_deployed_as_its_gem_says() {
    let unicorn = "require 'capistrano3/unicorn'\n";
    let line = "set :unicorn_rack_env, \"deployment\";";
    has(&with_gems(unicorn, "", &[]).0, &[line]);
    assert!(
        !with_gems(unicorn, "set :rails_env, 'production'\n", &[])
            .0
            .contains(line)
    );
}

#[test]
fn servers_whose_properties_are_a_map_have_its_roles() {
    let (text, notes) = recipe(
        "lock '3'\nopts = { user: 'v' }\nserver 'a', opts.merge(roles: [:app])\nserver 'b', **opts, roles: %w[app db]\nserver 'c', opts\n",
    );
    assert!(notes.is_empty(), "{notes:?}");
    has(
        &text,
        &[
            "server \"a\", (opts + #{ roles: [:app] })[\"roles\"] ?? :no_role, opts + #{ roles: [:app] };",
            "server \"b\", (opts + #{ roles: [\"app\", \"db\"] })[\"roles\"] ?? :no_role, opts + #{",
            "server \"c\", opts[\"roles\"] ?? :no_role, opts;",
        ],
    );
}

#[test]
fn services_of_sidekiq_and_workers_of_resque_are_those_of_their_gems() {
    let sidekiq = "require 'capistrano/sidekiq'\n";
    let (text, _, _) = with_gems(
        &format!("{sidekiq}install_plugin Capistrano::Sidekiq\ninstall_plugin Capistrano::Sidekiq::Upstart\n"),
        "",
        &[],
    );
    has(&text, &["set :sidekiq_via, \"service\";"]);
    let (_, text, _) = with_gems(sidekiq, "set :init_system, :systemd\n", &[]);
    has(
        &text,
        &[
            "set :sidekiq_via, \"systemd\";",
            "set :sidekiq_service_unit_name { fetch(:service_unit_name, `sidekiq-${stage}.service`) }",
        ],
    );
    let (_, text, _) = with_gems(sidekiq, "set :init_system, :systemd\n", &[("capistrano-sidekiq", 2)]);
    assert!(!text.contains("sidekiq_via"), "{text}");
    let (_, text, _) = with_gems(sidekiq, "set :init_system, :upstart\n", &[]);
    has(&text, &["set :sidekiq_via, \"service\";"]);
    let (text, _, _) = with_gems("require 'capistrano-resque'\n", "set :resque_log_file, 'x'\n", &[]);
    has(&text, &["set :resque_environment_task, false;"]);
    assert!(!text.contains("resque_log_file"), "{text}");
}

#[test]
fn the_first_puma_of_version_5_has_a_service_of_another_name_and_nginx_is_of_two_gems() {
    let capfile =
        "require 'capistrano/puma'\ninstall_plugin Capistrano::Puma\ninstall_plugin Capistrano::Puma::Systemd\n";
    let line = "set :puma_service_unit_name, \"puma\";";
    has(&with_gems(capfile, "", &[("capistrano3-puma", 5)]).0, &[line]);
    assert!(!with_gems(capfile, "", &[]).0.contains(line));
    let (_, _, remarks) = with_gems("require 'capistrano/nginx'\n", "", &[("capistrano-nginx", 1)]);
    assert!(
        remarks.iter().any(|remark| remark.contains("`nginx:setup`")),
        "{remarks:?}"
    );
}

#[test]
fn the_page_of_maintenance_is_filled_in_where_its_template_is_erb() {
    let recipe = "load 'deploy'\nset :maintenance_template_path, File.expand_path('../recipes/templates/page.html.erb', __FILE__)\n";
    let project = |page: &str| RubyProject {
        sources: vec![file("config/deploy.rb", recipe)],
        templates: vec![("config/recipes/templates/page.html.erb".to_owned(), page.to_owned())],
        ..RubyProject::default()
    };
    let filled = port(&project("<h1><%= reason ? reason : 'soon' %></h1>\n")).unwrap();
    assert!(filled.is_complete(), "{:?}", filled.files);
    has(
        &filled.files[0].text,
        &["set :maintenance_page {\n  let reason = ENV[\"REASON\"];\n  let deadline = ENV[\"UNTIL\"];\n"],
    );
    let plain = port(&project("<h1>soon</h1>\n")).unwrap();
    has(&plain.files[0].text, &["set :maintenance_template_path, "]);
}

#[test]
fn capistrano_up_to_3_0_restarts_where_it_makes_the_release_current() {
    let restart = "set :repo_url, 'x'\nserver 'a', roles: %w[app]\nnamespace(:deploy) { task(:restart) { on(roles(:app)) { execute :ls } } }\n";
    let hook = "after \"deploy:symlink:release\", \"deploy:restart\";";
    for (version, is_hooked) in [("3.0.1", true), ("3.1.0", false)] {
        let (text, _) = recipe(&format!("lock '{version}'\n{restart}"));
        assert_eq!(text.contains(hook), is_hooked, "{version}\n{text}");
    }
}

#[test]
fn the_site_of_nginx_is_filled_in_by_the_template_that_its_variable_names() {
    let recipe = "set :application, 'x'\nset :nginx_template, -> { \"config/nginx/#{fetch(:stage)}.erb\" }\nlock '3'\n";
    let template = |name: &str| {
        let path = format!("config/nginx/{name}.erb");
        (path, format!("<%= fetch(:application) %>.{name}\n"))
    };
    let project = RubyProject {
        sources: vec![
            file("Capfile", &format!("{BEGIN}require 'capistrano/nginx'\n")),
            file("config/deploy.rb", recipe),
        ],
        templates: vec![template("qa"), template("live")],
        ..RubyProject::default()
    };
    let ported = port(&project).unwrap();
    assert!(ported.is_complete(), "{:?}", ported.files);
    has(
        &ported.files[1].text,
        &[
            "set :nginx_site {\n  switch fetch(:stage, \"\") ?? \"\" {\n    \"live\" => {",
            "render(:template => \"{{ application }}.qa\\n\")",
        ],
    );
    let (_, text, _) = with_gems("require 'capistrano/nginx'\n", "set :nginx_template, :default\n", &[]);
    has(&text, &["set :nginx_template, :default;"]);
}

/// Until a stage has set it, the branch has the default, as all of the file of the recipes finds it.
#[test]
fn what_only_stages_set_has_its_default_where_the_recipe_is_read() {
    let of = |read: &str| {
        let project = RubyProject {
            sources: vec![
                file("Capfile", BEGIN),
                file("config/deploy.rb", &format!("lock '3'\nset :application, 'x'\n{read}")),
                file(
                    "config/deploy/live.rb",
                    "set :branch, 'live'\nset :log_level, :info\nserver 'a', roles: %w[app]\n",
                ),
            ],
            ..RubyProject::default()
        };
        let ported = port(&project).unwrap();
        format!("{}{}", ported.files[1].text, ported.files[2].text)
    };
    let text = of("set :name, \"#{fetch(:branch)}.x\"\ntask(:a) { puts fetch(:name), fetch(:log_level) }\n");
    has(
        &text,
        &["set :branch, \"master\";", "puts log_level;", "set :log_level, :info;"],
    );
    assert!(!text.contains("which log_level"), "{text}");
    assert!(!of("task(:a) { puts fetch(:branch) }\n").contains("\"master\""));
}

#[test]
fn a_hook_finds_the_task_beside_the_one_that_it_is_on() {
    let (_, text, remarks) = with_gems(
        "",
        "namespace :own do\n  task(:check) { on(roles(:app)) { execute 'x' } }\n  task(:other) { on(roles(:app)) { execute 'y' } }\n  \
         after 'deploy:started', :check\n  before 'deploy:started', :other\nend\n",
        &[],
    );
    has(
        &text,
        &[
            "after \"deploy:started\", \"deploy:check\";",
            "before \"deploy:started\", \"own:other\";",
        ],
    );
    assert!(
        remarks
            .iter()
            .any(|remark| remark.starts_with("`check` of a hook on `deploy:started` is `deploy:check`")),
        "{remarks:?}"
    );
    // Up to 3.4 it is the one of its own namespace.
    let old = "lock '3.4.0'\nnamespace :own do\n  task(:check) { on(roles(:app)) { execute 'x' } }\n  after 'deploy:started', :check\nend\n";
    has(&recipe(old).0, &["after \"deploy:started\", \"own:check\";"]);
}

#[test]
fn old_versions_of_rails_gem_lose_the_directory_of_assets() {
    let is_told = |major: u32, code: &str| {
        let (_, _, remarks) = with_gems("require 'capistrano/rails'\n", code, &[("capistrano-rails", major)]);
        remarks.iter().any(|remark| remark.contains("`public/assets`"))
    };
    let sets = "set :linked_dirs, %w[log]\n";
    assert!(is_told(1, sets));
    assert!(!is_told(1, "") && !is_told(2, sets));
}

#[test]
fn options_of_2_for_all_commands_mean_nothing_in_3() {
    let (_, text, _) = with_gems("", "set :default_run_options, { pty: true }\nset :max_hosts, 1\n", &[]);
    has(
        &text,
        &[
            "// `default_run_options` does nothing in Capistrano 3: it is left out",
            "// `max_hosts` does nothing in Capistrano 3: it is left out",
        ],
    );
}

#[test]
fn a_template_of_the_project_for_a_file_of_puma_is_told() {
    let project = RubyProject {
        sources: vec![file(
            "Capfile",
            &format!("{BEGIN}require 'capistrano/puma'\ninstall_plugin Capistrano::Puma\n"),
        )],
        templates: vec![("config/deploy/templates/puma.rb.erb".to_owned(), "x".to_owned())],
        ..RubyProject::default()
    };
    let remarks = port(&project).unwrap().remarks;
    assert!(
        remarks
            .iter()
            .any(|remark| remark.starts_with("`config/deploy/templates/puma.rb.erb`: the gem of puma")),
        "{remarks:?}"
    );
}

#[test]
fn a_template_with_a_question_that_another_local_holds_asks_once() {
    let (text, notes) = recipe(
        "task :t, :roles => :app do\n  plain = \"u: #{Capistrano::CLI.ui.ask('U: ')}\"\n  file = 'config/none.erb'\n  \
         text = File.file?(file) ? File.read(file) : plain\n  config = ERB.new(text)\n  put config.result(binding), '/x'\nend\n",
    );
    assert!(notes.is_empty(), "{notes:?}");
    assert_eq!(text.matches("ask(").count(), 1, "{text}");
}

#[test]
fn symfony_has_the_layout_of_its_gem() {
    let symfony = "require 'capistrano/symfony'\n";
    let (text, _, remarks) = with_gems(symfony, "append :linked_dirs, 'x'\n", &[("capistrano-symfony", 1)]);
    has(
        &text,
        &[
            "set :symfony_directory_structure, 3;",
            "set :linked_dirs, [\"var/logs\"];",
            "set :linked_files, [\"app/config/parameters.yml\"];",
        ],
    );
    assert!(
        !remarks.iter().any(|remark| remark.contains("capistrano-symfony")),
        "{remarks:?}"
    );
    let (text, _, remarks) = with_gems(symfony, "", &[]);
    has(
        &text,
        &[
            "set :symfony_directory_structure, 4;",
            "set :linked_dirs, [\"var/log\"];",
        ],
    );
    assert!(
        remarks.iter().any(|remark| remark.contains("capistrano-symfony")),
        "{remarks:?}"
    );
}
