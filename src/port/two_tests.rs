//! Ports of recipes of Capistrano 2 do what its libraries do there.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::port;
use super::project::RubyProject;
use super::tests::{file, has};

/// Returns the recipe and the remarks of a deploy.rb of Capistrano 2, and of a Gemfile.lock that names such a gem.
fn of_two(text: &str, locked: Option<(&str, &str)>) -> (String, Vec<String>) {
    let recipe = format!("load 'deploy'\nset :application, 'x'\n{text}");
    let mut project = RubyProject {
        sources: vec![file("config/deploy.rb", &recipe)],
        ..RubyProject::default()
    };
    if text.contains("ext/multistage") {
        project.sources.push(file("config/deploy/live.rb", ""));
    }
    let locked = locked.map(|(gem, version)| (gem.to_owned(), version.to_owned()));
    project.gems.versions.extend(locked);
    let ported = port(&project).unwrap();
    assert_eq!(ported.version, 2);
    (ported.files[0].text.clone(), ported.remarks)
}

#[test]
fn gems_of_capistrano_2_have_the_hooks_that_they_have_there() {
    let (text, _) = of_two(
        "require 'sidekiq/capistrano'\nrequire 'puma/capistrano'\nrequire 'airbrake/capistrano'\nrequire 'new_relic/recipes'\n",
        None,
    );
    has(
        &text,
        &[
            "set :sidekiq_default_hooks, false;\nbefore \"deploy:update_code\", \"sidekiq:quiet\";\nafter \"deploy:stop\", \"sidekiq:stop\";",
            "before \"deploy:restart\", \"sidekiq:restart\";\nrequire \"puma/two\";\n",
            "set :airbrake_default_hooks, false;\nafter \"deploy\", \"airbrake:deploy\";\nafter \"deploy:migrations\", \"airbrake:deploy\";",
            "require \"newrelic\";\nset :newrelic_default_hooks, false;",
        ],
    );
    let (own, _) = of_two(
        "require 'sidekiq/capistrano'\nset :sidekiq_default_hooks, false\n",
        None,
    );
    assert!(!own.contains("sidekiq:quiet"), "{own}");
}

/// Recipes are moved over in part, and advice for Capistrano 3 is copied.
#[test]
fn hooks_on_tasks_that_only_capistrano_3_has_are_left_out() {
    let text = "after 'deploy:started', 'own'\nbefore 'deploy:publishing', 'own'\nafter 'deploy:symlink:release', 'own'\n\
                before('deploy:check') { run 'c' }\nafter 'deploy:failed', 'own'\nafter 'git:clone', 'own'\n\
                %w(finished update).each { |step| after \"deploy:#{step}\", 'own' }\n\
                namespace(:deploy) do\n  after :finishing, 'own'\n  task(:updated) { run 'u' }\n  after :updated, 'own'\nend\n\
                task(:own) { run 'a' }\n";
    let (recipe, remarks) = of_two(text, Some(("capistrano", "2.15.5")));
    for name in [
        "started",
        "publishing",
        "symlink:release",
        "failed",
        "finished",
        "finishing",
    ] {
        assert!(!recipe.contains(&format!("\"deploy:{name}\", \"own\"")), "{recipe}");
        let told = format!("`deploy:{name}` is no task of Capistrano 2");
        assert!(
            remarks.iter().any(|remark| remark.starts_with(&told)),
            "{name}: {remarks:?}"
        );
    }
    assert!(!recipe.contains("update_code"), "{recipe}");
    // This one is the recipe's.
    has(
        &recipe,
        &[
            "before \"deploy:check\" { run \"c\"; }",
            "after \"deploy:updated_own\", \"own\";",
            "if [\"deploy:update\"].contains(`deploy:${step}`) {",
        ],
    );
}

#[test]
fn what_only_capistrano_2_can_load_tells_the_version_beside_hooks_of_3() {
    let events = "after 'deploy:started', 'own'\nafter 'deploy:updated', 'own'\nafter 'deploy:published', 'own'\nafter 'deploy:finished', 'own'\n\
                  task(:own) { run 'a' }\n";
    of_two(&events.repeat(9), None);
    of_two(&events.repeat(3), Some(("capistrano", "2.15.5")));
}

#[test]
fn line_breaks_that_come_from_a_server_continue_a_command_of_capistrano_2() {
    let (text, _) = of_two(
        "def told(path)\n  s = ''\n  invoke_command(\"cat #{path}\") { |ch, stream, out| s << out }\n  s\nend\n\
         def tidy(path)\n  told(path).strip\nend\nset :key, Time.now.year > 2000 ? told('/srv/key') : 'none'\nset(:lazy) { capture('cat x') }\nset :number, capture('id').to_i\n\
         task(:t) do\n  x = capture('ls')\n  run \"a #{key} #{lazy} #{number} #{tidy('z')} e\"\n  run \"ls #{x} | wc\"\n  run \"b #{told('y')} c\"\n  \
         d = ''\n  run('cat z') { |ch, stream, out| d << out }\n  run \"echo #{d} | wc\"\n  run ['f', 'g'].join(\"\\n\")\n  sudo x\nend\n",
        None,
    );
    let on = |value: &str| format!("${{gsub({value}, \"\\n\", \"\\\\\\n\")}}");
    has(
        &text,
        &[
            &format!("run `a {} {} ${{number}} ${{tidy(\"z\")}} e`;", on("key"), on("lazy")),
            &format!("run `ls {} | wc`;", on("x")),
            &format!("run `b {} c`;", on("`${told(\"y\")}`")),
            &format!("run `echo {} | wc`;", on("d")),
            "run gsub(chomp(join([\"f\", \"g\"], \"\\n\")), \"\\n\", \"\\\\\\n\");",
            "sudo gsub(chomp(x), \"\\n\", \"\\\\\\n\");",
        ],
    );
    // They go through decisions, returns and other strings.
    let (text, _) = of_two(
        "def told(path)\n  return capture(path) if path\n  'none'\nend\nset(:first) { told('x') || 'y' }\nset(:second) { \"s #{first}\" }\ntask(:t) do\n  \
         x = ENV['A'] ? told('x') : 'y'\n  y = \"u #{x}\"\n  z = [y, 'v'].join(' ')\n  run \"a #{second} #{y} #{z} #{ENV['A'] ? told('x') : 'y'} e\"\n  \
         run \"b \" + x.gsub('a', 'b')\n  run \"c #{x.gsub(\"\\n\", ' ')} e\"\nend\n",
        None,
    );
    has(
        &text,
        &[
            &format!(
                "run `a {} {} {} {} e`;",
                on("second"),
                on("y"),
                on("z"),
                on("`${if \"A\" in ENV { told(\"x\") } else { \"y\" }}`")
            ),
            "run gsub(chomp(\"b \" + gsub(x, \"a\", \"b\")), \"\\n\", \"\\\\\\n\");",
            "run `c ${gsub(x, \"\\n\", \" \")} e`;",
        ],
    );
}

#[test]
fn tasks_are_hooks_by_their_names_up_to_capistrano_2_10() {
    let text = "namespace :deploy do\n  task(:after_deploy) { run 'a' }\n  task(:after_symlink) { run 'b' }\nend\n\
                task(:after_nothing) { run 'c' }\ntask(:t) { deploy.after_symlink }\n";
    let (old, remarks) = of_two(text, Some(("capistrano", "2.10.0")));
    has(
        &old,
        &["task :after_symlink {", "after \"deploy\", \"deploy:after_deploy\";"],
    );
    assert!(remarks.iter().all(|remark| !remark.contains("2.10")), "{remarks:?}");
    let (new, _) = of_two(text, Some(("capistrano", "2.15.5")));
    has(
        &new,
        &[
            "task :after_deploy_own {",
            "task :after_symlink_own {",
            "task :after_nothing {",
            "invoke(\"deploy:after_symlink_own\");",
        ],
    );
    assert!(!new.contains("after \"deploy\""), "{new}");
    let (_, remarks) = of_two(text, None);
    let told = |remarks: &[String], here: &str| remarks.iter().filter(|remark| remark.contains(here)).count();
    assert_eq!(told(&remarks, "up to 2.10"), 2);
    // What came out after 2.11 tells that hooks have other names.
    let later = format!("{text}before 'deploy:create_symlink', 't'\n");
    for (text, locked) in [(later.as_str(), None), (text, Some(("rails", "3.2.11")))] {
        let (new, remarks) = of_two(text, locked);
        has(&new, &["task :after_deploy_own {"]);
        assert_eq!(told(&remarks, "if yours is that old"), 2, "{remarks:?}");
    }
    assert!(of_two(text, Some(("rails", "3.2.1"))).0.contains("after \"deploy\""));
}

#[test]
fn an_own_task_deploy_symlink_is_none_of_a_deploy_from_capistrano_2_11_on() {
    let text = "namespace :deploy do\n  task(:symlink) { run 'a' }\n  task(:t) { symlink }\nend\nbefore 'deploy:restart', 'deploy:symlink'\n\
                after 'deploy:symlink', 'deploy:t'\n";
    let (new, _) = of_two(text, Some(("capistrano", "2.15.5")));
    has(
        &new,
        &[
            "task :symlink_own {",
            "invoke \"deploy:symlink_own\";",
            "before \"deploy:restart\", \"deploy:create_symlink\";",
            "after \"deploy:create_symlink\", \"deploy:t\";",
        ],
    );
    let (old, remarks) = of_two(text, None);
    has(&old, &["task :symlink {", "after \"deploy:symlink\", \"deploy:t\";"]);
    assert!(
        remarks
            .iter()
            .any(|remark| remark.contains("takes the place of the step")),
        "{remarks:?}"
    );
}

#[test]
fn hooks_of_all_tasks_are_kept_from_those_that_are_there() {
    let (text, remarks) = of_two(
        "task(:a) { }\ntask(:b) { }\non :exit, 'a', :only => 'b'\non :start, 'a', :only => ['b', 'none'], :except => 'nil'\n\
         on(:after, :only => 'none') { puts 'x' }\non :finish, 'a', :except => [:b, 'deploy:migrations', 'live']\nrequire 'capistrano/ext/multistage'\n",
        None,
    );
    has(
        &text,
        &[
            "on :exit, \"a\";",
            "on :start, \"a\", :only => [\"b\"], :except => [];",
            "on :finish, \"a\", :except => [\"b\", \"deploy:migrations\", \"live\"];",
        ],
    );
    assert!(!text.contains("on :after"), "{text}");
    assert!(
        remarks.iter().any(|remark| remark.contains("`after` never runs")),
        "{remarks:?}"
    );
}

#[test]
fn what_capifony_took_for_said_depends_on_its_version() {
    let of = |version| {
        of_two(
            "require 'capifony_symfony2'\nset :use_sudo, true\n",
            Some(("capifony", version)),
        )
        .0
    };
    has(
        &of("2.2.10"),
        &["require \"capifony\";\nset :use_composer, false;\nset :assets_install, true;"],
    );
    has(&of("2.7.0"), &["require \"capifony\";\nset :use_composer, false;\n"]);
    assert!(!of("2.8.2").contains("use_composer"));
}

#[test]
fn names_behind_self_are_those_that_stand_alone() {
    let (text, _) = of_two(
        "set :list, %w(a b)\nnamespace :n do\n  task(:a) { self.b }\n  task(:b) { puts self.application, (list & %w(a z)).size }\nend\n",
        None,
    );
    has(
        &text,
        &[
            "task :a {\n    b;",
            "puts application;\n    puts ruby_both(list, [\"a\", \"z\"])",
        ],
    );
    assert!(!text.contains("PORT"), "{text}");
}

#[test]
fn variables_that_only_a_comment_of_the_library_tells_are_kept() {
    let (text, _) = of_two(
        "set :scm, :git\nset :scm_command, '/opt/git'\nset :local_scm_command, 'git'\n",
        None,
    );
    has(
        &text,
        &[
            "\nset :scm_command, \"/opt/git\";",
            "\nset :local_scm_command, \"git\";",
        ],
    );
}

#[test]
fn servers_that_the_environment_names_while_a_task_runs_are_a_note() {
    let (text, _) = of_two(
        "role :app, 'a', 'b'\ntask(:t) { with_env('HOSTS', 'a') { run 'x' } }\n",
        None,
    );
    has(&text, &["`with_env` that names servers"]);
}

#[test]
fn words_of_later_versions_are_none_of_capistrano_1() {
    let (text, _) = of_two(
        "server 'a', :app\ntask(:after_update_code) { run 'a' }\ntask(:after_setup) { run 'b' }\ntask(:before_symlink) { run 'c' }\n",
        None,
    );
    has(&text, &["set :dialect, 2;"]);
}

#[test]
fn the_first_deploy_of_capistrano_2_has_no_release_before() {
    let (text, _) = of_two(
        "task(:t) { run \"if [ -e #{previous_release}/x ]; then cp #{previous_release}/x y; fi\" }\n",
        None,
    );
    has(
        &text,
        &["run `if [ -e ${previous_release ?? \"\"}/x ]; then cp ${previous_release ?? \"\"}/x y; fi`;"],
    );
}

#[test]
fn a_stage_of_the_library_of_capistrano_2_is_no_string() {
    let text = "set :stages, %w(live test)\nrequire 'capistrano/ext/multistage'\n\
                task(:t) { run(stage == 'live' ? 'a' : 'b') if stage != :test }\n";
    let (recipe, remarks) = of_two(text, None);
    has(
        &recipe,
        &["if stage != :test", "run if false { \"a\" } else { \"b\" };"],
    );
    assert!(
        remarks.iter().any(|remark| remark.contains("never equal to a string")),
        "{remarks:?}"
    );
    assert!(
        remarks.iter().all(|remark| !remark.contains("`stages` are symbols")),
        "{remarks:?}"
    );
    let (_, remarks) = of_two(
        "set :stages, %i(live test)\nset :default_stage, :test\nrequire 'capistrano/ext/multistage'\n",
        None,
    );
    assert!(
        remarks.iter().any(|remark| remark.contains("`stages` are symbols")),
        "{remarks:?}"
    );
    let (own, _) = of_two(&format!("set :stage, ENV['X']\n{text}"), None);
    assert!(!own.contains("false"), "{own}");
}

#[test]
fn own_defaults_do_nothing_where_capistrano_2_has_one_before() {
    let (text, remarks) = of_two(
        "_cset :rails_env, 'own'\n_cset(:keep_releases) { 3 }\ntask(:t) { run \"a #{rails_env} #{keep_releases}\" }\n",
        None,
    );
    has(&text, &["set_default :keep_releases { 3 }"]);
    assert!(!text.contains("own"), "{text}");
    assert!(
        remarks
            .iter()
            .any(|remark| remark.starts_with("the default of `rails_env`")),
        "{remarks:?}"
    );
}

#[test]
fn what_capistrano_2_takes_for_one_role_alone_holds_for_that_role() {
    let (text, remarks) = of_two(
        "role :app, 'a', 'b'\nrole :db, 'a', :primary => true, :no_release => true\nrole :log, 'c', :no_release => true\n\
         task(:t, :once => true, :roles => :app) { run 'x' }\n",
        None,
    );
    has(
        &text,
        &[
            "role :db, \"a\", :primary => true;",
            "role :log, \"c\", :no_release => true;",
            "task :t, :roles => :app {",
        ],
    );
    assert!(
        remarks.iter().any(|remark| remark.starts_with("`no_release` of `a`")),
        "{remarks:?}"
    );
}
