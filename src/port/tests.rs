//! Tests of whole projects: what is written, and what becomes a note.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::{Kind, Note, PortRefusal, Ported, RubyFile, RubyProject, port};

/// Returns a file of a project.
pub(super) fn file(path: &str, text: &str) -> RubyFile {
    RubyFile {
        path: path.to_owned(),
        text: text.as_bytes().to_vec(),
        is_wanted: true,
        gem: None,
        part: None,
    }
}

pub(super) fn ported(files: &[(&str, &str)]) -> Result<Ported, PortRefusal> {
    let sources = files.iter().map(|(path, text)| file(path, text));
    port(&RubyProject {
        sources: sources.collect(),
        ..RubyProject::default()
    })
}

/// Returns the recipe of the only file, and its notes.
pub(super) fn recipe(text: &str) -> (String, Vec<Note>) {
    let mut ported = ported(&[("config/deploy.rb", text)]).unwrap();
    let file = ported.files.remove(0);
    (file.text, file.notes)
}

#[track_caller]
pub(super) fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no {part} in:\n{text}");
    }
}

#[test]
fn what_reads_a_file_waits_until_somebody_needs_it() {
    let (text, notes) = recipe(
        "set :application, 'a'\nconfig = YAML.load_file('config/x.yml')['all']\nset :user, config['user']\n\
         set :ruby, File.read('.ruby-version').strip\nrole :app, config['host'], :port => config['port']\n\
         server ENV['HOST'], :web, :db, :primary => true\nrole :cache, ENV['CACHE'] || 'c1'\n\
         task(:t) { run \"x #{config['a']} #{user} #{ruby}\" }\n",
    );
    assert!(notes.is_empty(), "{notes:?}");
    has(
        &text,
        &[
            "set :config { read_yaml(\"config/x.yml\")[\"all\"] }",
            "set :user { config[\"user\"] }",
            "set :ruby { strip(read_file(\".ruby-version\")) }",
            "role :app { [config[\"host\"], #{ port: config[\"port\"] }] }",
            "role :web, :primary => true { ENV[\"HOST\"] }",
            "role :db, :primary => true { ENV[\"HOST\"] }",
            "role :cache, ENV[\"CACHE\"] ?? \"c1\";",
        ],
    );
}

#[test]
fn errors_of_a_decision_by_stage_are_rescued_where_it_is_made() {
    let text = "set :repo_url, 'x'\nlock '3'\nbegin\n  set :branch, 'a' if fetch(:stage) == :production\nrescue\n  puts 'none'\nend\n";
    let ported = ported(&[
        ("config/deploy.rb", text),
        ("config/deploy/production.rb", "server 'a', roles: %w[app]\n"),
    ]);
    let text = &ported.unwrap().files[0].text;
    let (stage, tries) = (text.find("on :stage").unwrap(), text.find("try {").unwrap());
    assert!(stage < tries && text.matches("on :stage").count() == 1, "{text}");
}

#[test]
fn what_the_library_makes_of_a_value_that_needs_the_stage_waits_for_the_stage() {
    let text = "lock '3'\nset :env, fetch(:stage) == :beta ? 'b' : 'p'\nset :deploy_to, \"/srv/#{fetch(:env)}\"\n\
                set :bind, \"unix://#{shared_path}/x\"\n";
    let ported = ported(&[
        ("config/deploy.rb", text),
        ("config/deploy/beta.rb", "server 'a', roles: %w[app]\n"),
    ]);
    has(
        &ported.unwrap().files[0].text,
        &["set :bind { `unix://${shared_path}/x` }"],
    );
}

#[test]
fn a_variable_of_a_library_that_has_no_value_is_nothing_in_a_string() {
    let files = [
        (
            "Capfile",
            "require 'capistrano/setup'\nrequire 'capistrano/deploy'\nrequire 'capistrano/rbenv'\n",
        ),
        (
            "config/deploy.rb",
            "lock '3'\nset :line, \"V=#{fetch(:rbenv_ruby)} P=#{fetch(:rbenv_path)}\"\n",
        ),
    ];
    let ported = ported(&files).unwrap();
    has(&ported.files[1].text, &["`V=${rbenv_ruby ?? \"\"} P=${rbenv_path}`"]);
}

#[test]
fn a_task_of_rake_is_found_in_two_ways_and_under_a_computed_name() {
    let text = "lock '3'\ntask(:once) { puts 'x' }\ntask :again do\n  ::Rake.application['once'].reenable\n  ::Rake.application['once']\n  \
                Rake.application['once'].invoke\n  %w[a b].each { |x| Rake::Task[\"once:#{x}\"].invoke }\nend\n";
    let (text, notes) = recipe(text);
    assert!(notes.is_empty(), "{notes:?}");
    has(&text, &["invoke \"once\", :again => true;", "invoke `once:${x}`;"]);
    let (_, notes) = recipe("lock '3'\ntask(:again) { Rake.application['none'] }\n");
    assert_eq!(notes.len(), 1, "{notes:?}");
}

#[test]
fn a_command_that_may_fail_is_one_wherever_its_recipe_says_so() {
    let text = "lock '3'\ntask :x do\n  on roles(:app) do\n    %w[start stop].each do |c|\n      \
                sudo :svc, c, raise_on_non_zero_exit: c == 'start'\n    end\n    \
                info 'yes' if execute(:ls, raise_on_non_zero_exit: false)\n    \
                info 'no' unless test(:ls, '-d', raise_on_non_zero_exit: false)\n    \
                info capture(:ls, raise_on_non_zero_exit: false, strip: false)\n    \
                execute :ls, '-x', in: '/tmp'\n  end\nend\n";
    let (text, notes) = recipe(text);
    assert!(notes.is_empty(), "{notes:?}");
    let parts = [
        "sudo `svc ${c}${if c == \"start\" { \"\" } else { \" || true\" }}`;",
        "if test(\"ls\") {",
        "if !test(\"ls -d\") {",
        "info capture(\"ls || true\");",
        "run \"ls -x\";",
    ];
    has(&text, &parts);
}

#[test]
fn filters_of_servers_groups_and_the_background_are_carried_over() {
    let text = "lock '3'\nserver 'a', roles: %w[app], my: 1\ntask :x do\n  on roles(:app, select: ->(s) { s.properties.my == 1 }) do\n    \
                execute :a\n  end\n  on roles(:app, exclude: proc { |s| s.fetch(:my) }) do |host|\n    background :sleep, 5\n    \
                as(user: 'u', group: 'g') { execute :id, host.properties.my }\n  end\nend\n\
                Rake::Task['deploy:check'].enhance ['x']\nRake::Task['deploy:check'].enhance { puts 'checked' }\n";
    let (text, notes) = recipe(text);
    assert!(notes.is_empty(), "{notes:?}");
    let parts = [
        "run \"a\",\n    :hosts => roles(:app).filter(|s| s.properties.my == 1).map(|server| server.name),",
        "    :on_no_matching_servers => :continue;",
        "roles(:app).filter(|s| (s.properties.my ?? false) == false).map(",
        "run \"( nohup sleep 5 > /dev/null & )\";",
        "`sg g -c ${quote(`id ${host.properties.my ?? \"\"}`)}`, :as => \"u\"",
        "before \"deploy:check\", \"x\";",
        "after \"deploy:check\" { puts \"checked\"; }",
    ];
    has(&text, &parts);
}

#[test]
fn what_the_configuration_of_capistrano_2_tells_is_carried_over() {
    let text = "namespace :a do\n  task :x do\n    run 'ls'\n    puts current_task.fully_qualified_name\n    puts current_task.name\n    \
                puts 'y' if variables.include?(:rails_env)\n    Capistrano::CLI.ui.say \"hello\"\n  end\nend\n";
    let (text, notes) = recipe(text);
    assert!(notes.is_empty(), "{notes:?}");
    let parts = [
        "puts current_task;",
        "puts current_task.split(\":\").pop();",
        "if exists(:rails_env) {",
        "puts \"hello\";",
    ];
    has(&text, &parts);
}

#[test]
fn paths_that_the_environment_or_a_server_completes_wait_until_they_are_needed() {
    let (text, notes) = recipe(
        "set :repository, 'x'\nset :user, ENV['WHO']\nset :deploy_to, \"/home/#{user}/a\"\n\
         set :shared_path, \"/srv/#{ENV['NAME']}/shared\"\nset :bind, \"#{current_path}/x\"\ntask(:x) { run bind }\n",
    );
    assert!(notes.is_empty(), "{notes:?}");
    let parts = [
        "set :user, ENV[\"WHO\"];",
        "set :deploy_to { `/home/${user}/a` }",
        "set :shared_path { `/srv/${ENV[\"NAME\"] ?? \"\"}/shared` }",
        "set :bind { `${current_path}/x` }",
    ];
    has(&text, &parts);
    let (text, _) = recipe("set :repository, 'x'\nset :application, 'a'\nset :deploy_to, \"~/u/#{application}/\"\n");
    has(&text, &["`${capture(\"printf %s \\\"$HOME\\\"\")}/u/${application}`"]);
    for (path, here) in [
        ("'~/apps/a/'", "/apps/a"),
        ("'apps/a'", "/apps/a"),
        ("\"apps/#{application}\"", "/apps/${application}"),
    ] {
        let (text, _) = recipe(&format!("set :application, 'a'\nset :deploy_to, {path}\n"));
        has(&text, &[&format!("`${{capture(\"printf %s \\\"$HOME\\\"\")}}{here}`")]);
    }
}

#[test]
fn a_hook_in_a_loop_is_one_on_the_tasks_that_exist() {
    let (text, notes) = recipe(
        "namespace :u do\n  %w[start upgrade].each do |word|\n    task(word) { run word }\n    \
         after \"deploy:#{word}\", \"u:#{word}\"\n    after \"v:#{word}\", \"u:#{word}\"\n  end\nend\nset :deploy_via, :copy\n",
    );
    assert!(notes.is_empty(), "{notes:?}");
    has(
        &text,
        &["if [\"deploy:start\"].contains(`deploy:${word}`) {\n      after `deploy:${word}`, `u:${word}`;\n    }"],
    );
    assert!(!text.contains("v:"), "{text}");
}

#[test]
fn a_hook_on_a_stage_runs_at_the_start() {
    let files = [
        (
            "Capfile",
            "require 'capistrano/setup'\nrequire 'capistrano/deploy'\nload 'lib/x.rb'\n",
        ),
        (
            "config/deploy.rb",
            "lock '3'\nafter :production, 'x:y'\nbefore :production, 'x:y'\nset :deploy_via, :copy\nset :use_sudo, true\n",
        ),
        ("config/deploy/production.rb", "role %i[app web], %w[a b], user: 'u'\n"),
        (
            "lib/x.rb",
            "namespace(:x) { task(:y) { puts 'y' } }\nstages.each do |stage|\n  after stage, 'x:y'\nend\n",
        ),
    ];
    let ported = ported(&files).unwrap();
    let texts: Vec<&str> = ported.files.iter().map(|file| file.text.as_str()).collect();
    let text = texts.concat();
    let parts = [
        "on :start {\n  if stage == \"production\" {\n    invoke \"x:y\";\n  }\n}",
        "on :start, \"x:y\";",
        "role :app, \"a\", \"b\", :user => \"u\";\nrole :web, \"a\", \"b\", :user => \"u\";",
        "set :deploy_via, :remote_cache;",
        "set :use_sudo, false;",
    ];
    has(&text, &parts);
    assert!(!text.contains("PORT"), "{text}");
    assert_eq!(text.matches("on :start").count(), 2, "{text}");
}

#[test]
fn servers_without_turns_do_not_wait() {
    let (text, notes) = recipe(
        "set :repo_url, 'x'\ntask :x do\n  on(roles(:app), wait: 1) { execute :ls }\n  on(roles(:web), limit: 2) { |host| puts host.user }\nend\n",
    );
    assert!(notes.is_empty(), "{notes:?}");
    assert!(
        !text.contains("wait") && !text.contains("limit") && !text.contains("max_hosts"),
        "{text}"
    );
}

#[test]
fn a_variable_of_a_library_that_has_another_form_is_told() {
    let text =
        "set :application, 'a'\nrequire 'whenever/capistrano'\nset :whenever_options, :roles => 'x'\nset :other, 1\n";
    let found = ported(&[("config/deploy.rb", text)]).unwrap();
    let told = |name: &str| {
        found
            .remarks
            .iter()
            .any(|remark| remark.starts_with(&format!("`{name}` is not read here")))
    };
    assert!(told("whenever_options") && !told("other"), "{:?}", found.remarks);
}

#[test]
fn capifony_keeps_its_own_words() {
    let own = "set :scm, :git\nset :use_sudo, false\nset :shared_files, ['app/config/parameters.yml']\nset :shared_children, [log_path]\n\
               set :dump_assetic_assets, true\nset :permission_method, :acl\nset :own_word, 1\nafter 'deploy:share_childs', 'x'\n\
               task(:x) { symfony.cache.warmup if remote_file_exists?(\"#{latest_release}/a\")\nrun \"./c #{console_options}\" }\n";
    let kept = [
        "require \"capifony\";",
        "set :shared_files, [\"app/config/parameters.yml\"];\nset :shared_children, [log_path];",
        "set :dump_assetic_assets, true;\nset :permission_method, :acl;\n// set :own_word, 1;",
        "after \"deploy:share_childs\", \"x\";",
        "fn console_options() {",
        "fn remote_file_exists(",
        "symfony.cache.warmup;",
    ];
    for load in [
        "require 'capifony_symfony2'\n",
        "load Gem.find_files('capifony_symfony2.rb').last.to_s\n",
    ] {
        let (text, notes) = recipe(&format!("{load}{own}"));
        assert!(notes.is_empty(), "{load}{notes:?}");
        has(&text, &kept);
        assert!(!text.contains("capifony_use_sudo"), "{text}");
    }
    // The gem does not take it for true where the recipe does not say so.
    let (text, _) = recipe("require 'capifony_symfony2'\nset :scm, :git\n");
    has(&text, &["require \"capifony\";\nset :capifony_use_sudo, false;"]);
    let (text, notes) = recipe("load Gem.find_files('symfony2.rb').first.to_s\nset :scm, :git\nset :use_sudo, false\n");
    assert!(notes.is_empty(), "{notes:?}");
    has(
        &text,
        &["require \"capifony\";\nset :use_composer, false;\nset :assets_install, true;"],
    );
    let (_, notes) = recipe("load Gem.find_files('own.rb').first\n");
    assert!(notes[0].reason.contains("`own`"), "{notes:?}");
}

#[test]
fn the_ways_of_gems_to_deploy_become_those_of_capr() {
    let (text, notes) = recipe("set :scm, :git\nset :deploy_via, :rsync_with_remote_cache\n");
    assert!(notes.is_empty(), "{notes:?}");
    has(&text, &["set :deploy_via, :copy;"]);
    let (_, notes) = recipe("set :scm, :git\nset :deploy_via, :own_way\n");
    assert_eq!(notes.len(), 1, "{notes:?}");
}

#[test]
fn a_task_of_capistrano_3_that_is_defined_again_is_added_to() {
    let files = [
        (
            "Capfile",
            "require 'capistrano/setup'\nrequire 'capistrano/deploy'\nrequire 'capistrano/puma'\n",
        ),
        (
            "config/deploy.rb",
            "lock '3'\nnamespace :deploy do\n  task(:updated) { puts 'a' }\n  task :publishing => :x\n  task(:x) { puts 'x' }\n  \
             Rake::Task['deploy:cleanup'].clear\n  task(:cleanup) { puts 'c' }\n  task(:restart) { puts 'r' }\nend\n\
             namespace(:puma) { task(:restart) { puts 'p' } }\nnamespace(:git) { task(:create_release) { puts 'g' } }\n",
        ),
    ];
    let ported = ported(&files).unwrap();
    let text = &ported.files[1].text;
    let parts = [
        "task :updated_2 {",
        "after \"deploy:updated\", \"deploy:updated_2\";",
        "before \"deploy:publishing\" { invoke \"deploy:x\"; }",
        "task :cleanup {",
        "task :restart {\n    puts \"r\";",
        "after \"puma:restart\", \"puma:restart_2\";",
        "task :create_release {",
        "after \"deploy:finalize_update\", \"git:create_release\";",
    ];
    has(text, &parts);
    assert!(!text.contains("task :publishing"), "{text}");
}

#[test]
fn a_task_that_runs_again_in_capistrano_3_says_so() {
    let (text, notes) = recipe(
        "lock '3'\ntask(:a) { puts 'a' }\ntask(:b) { puts 'b' }\ntask :x do\n  invoke 'a'\n  invoke! 'a'\n  Rake::Task['a'].execute\n  \
         Rake::Task['a'].invoke\n  Rake::Task['b'].reenable\n  Rake::Task['b'].invoke\nend\n",
    );
    assert!(notes.is_empty(), "{notes:?}");
    let again = "  invoke \"a\", :again => true;\n";
    let parts = format!("  invoke \"a\";\n{again}{again}  invoke \"a\";\n  invoke \"b\", :again => true;\n");
    has(&text, &[parts.as_str()]);
}

#[test]
fn small_words_of_ruby_and_of_libraries_are_read() {
    let (text, notes) = recipe(
        "lock '3'\nbinding.pry\ntrap('INT') { exit 0 }\ntask :x do\n  on roles(:app) do\n    execute :a rescue RuntimeError\n    \
         stream 'tail -f x'\n  end\nend\n",
    );
    assert!(notes.is_empty(), "{notes:?}");
    has(
        &text,
        &["try {\n    run \"a\";\n  } catch { }", "stream \"tail -f x\";"],
    );
    let (text, notes) = recipe("task(:x) do\n  capifony_pretty_print '--> x'\n  run 'x'\n  capifony_puts_ok\nend\n");
    assert!(notes.is_empty(), "{notes:?}");
    has(&text, &["info \"--> x\";"]);
}

#[test]
fn a_template_replaces_within_loops_and_is_found_beside_the_file() {
    let text = "def template(from, to)\n  erb = File.read(File.dirname(__FILE__) + \"/templates/#{from}\")\n  \
                put ERB.new(erb).result(binding), to\nend\nset :pid, '/x.pid'\nset :workers, 2\n\
                task(:t) { template 'm.erb', '/tmp/m' }\n";
    let erb = "<% workers.times do |n| %>\n<% own = pid.sub(\".pid\", \".#{n}.pid\") %>\n<%= own %> <%= pid.gsub('.', n.to_s) %>\n<% end %>\n";
    let ported = port(&RubyProject {
        sources: vec![file("config/deploy.rb", text)],
        templates: vec![("config/templates/m.erb".to_owned(), erb.to_owned())],
        ..RubyProject::default()
    });
    let file = ported.unwrap().files.remove(0);
    assert!(file.notes.is_empty(), "{:?}", file.notes);
    has(
        &file.text,
        &["(pid|split(\".pid\", 1)|join((\".\" ~ n ~ \".pid\")))", "replace("],
    );
}

#[test]
fn the_tasks_of_capistrano_1_tell_a_recipe_of_1_and_many_of_its_own_do_not() {
    let version = |text: &str| {
        let text = format!("set :application, 'a'\nset :repository, 'x'\nrole :app, 'a'\n{text}");
        ported(&[("config/deploy.rb", &text)]).unwrap().version
    };
    let own: String = (0..9)
        .map(|n| format!("task :own_{n}, :roles => :app do\n  run 'x'\nend\n"))
        .collect();
    assert_eq!(version(&own), 2);
    assert_eq!(
        version(&format!("{own}task :after_update_code do\n  run 'y'\nend\n")),
        1
    );
    assert_eq!(
        version("task :mine do\n  transaction do\n    update_code\n    disable_web\n  end\n  enable_web\nend\n"),
        1
    );
}

#[test]
fn the_version_of_a_gem_is_no_part_of_a_recipe() {
    let (of_gem, notes) = recipe("gem 'capistrano-ext', '~> 1.2'\nset :repository, 'x'\n");
    assert!(notes.is_empty() && !of_gem.contains("gem"), "{of_gem}");
}

#[test]
fn what_is_made_of_the_directory_waits_for_the_application() {
    let early = "set :html, \"#{fetch(:deploy_to)}/html\"\nset :tmp, shared_path.join('tmp')\nset :application, 'x'\nset :late, \"#{fetch(:deploy_to)}/late\"\n";
    let (text, notes) = recipe(&format!("lock '3'\n{early}"));
    assert!(notes.is_empty(), "{notes:?}");
    has(
        &text,
        &[
            "set :html { `${deploy_to}/html` }",
            "set :tmp { ",
            "set :late, `${deploy_to}/late`;",
        ],
    );
}

#[test]
fn recipes_of_other_tools_are_refused() {
    let mina = ported(&[(
        "config/deploy.rb",
        "require 'mina/git'\ntask :deploy do\n  invoke :'git:clone'\nend\n",
    )]);
    let vlad = ported(&[(
        "config/deploy.rb",
        "set :domain, 'x'\nremote_task :link do\n  run 'x'\nend\n",
    )]);
    for (refused, tool) in [(mina, "Mina"), (vlad, "Vlad")] {
        let message = refused.unwrap_err().to_string();
        assert!(message.contains(tool), "{message}");
    }
}

#[test]
fn classes_of_the_application_are_one_note() {
    let files = [
        ("config/deploy.rb", "set :application, 'a'\nload 'lib/deploy/mail.rb'\n"),
        (
            "lib/deploy/mail.rb",
            "require 'action_mailer'\nActionMailer::Base.delivery_method = :smtp\nclass Mail < ActionMailer::Base\n  default x: 1\n  \
             def sent(x)\n    y(x)\n  end\nend\n",
        ),
    ];
    let ported = ported(&files).unwrap();
    let notes: Vec<&Note> = ported.files.iter().flat_map(|file| &file.notes).collect();
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(notes[0].reason.contains("is code of the application"));
}

#[test]
fn the_missing_files_of_a_folder_are_one_note() {
    let (_, notes) = recipe("load 'recipes/a.rb'\nload 'recipes/b.rb'\nload 'other/c.rb'\n");
    let waits: Vec<_> = notes.iter().map(|note| note.depends_on).collect();
    assert_eq!(waits, [None, Some(1), None]);
}

#[test]
fn the_name_of_a_prefix_is_a_word() {
    let (text, _) = recipe("lock '3'\nset :repo_url, 'x'\nSSHKit.config.command_map.prefix[:'wp-cli'].push('sudo')\n");
    has(
        &text,
        &[
            "set :before_wp_cli_map_bins, [\"wp-cli\"];",
            "append :command_prefixes, :before_wp_cli;",
        ],
    );
}

#[test]
fn gems_that_need_no_hand_are_named() {
    let text = "lock '3'\nset :repo_url, 'x'\nset :slackistrano, { channel: '#a', klass: My::Words }\n\
                set :git_strategy, Capistrano::Git::SubmoduleStrategy\nrequire 'rvm1/capistrano3'\n\
                require 'capistrano/rbenv_install'\nbefore 'deploy', 'rvm1:install:ruby'\nset :use_sudo, :true\n\
                set :y, YAML.load(ERB.new(File.read('a.yml')).result)\n";
    let two = ported(&[("deploy.rb", "load 'deploy'\nrequire 'capistrano-rbenv'\nset :x, 1\n")]).unwrap();
    let is_told = |remark: &String| remark.starts_with("rbenv:setup: capr installs no Ruby");
    assert!(two.remarks.iter().any(is_told), "{:?}", two.remarks);
    let ported = ported(&[("config/deploy.rb", text)]).unwrap();
    let file = &ported.files[0];
    assert!(file.notes.is_empty(), "{:?}", file.notes);
    has(
        &file.text,
        &[
            "set :slackistrano, #{ channel: \"#a\" };",
            "set :git_enable_submodules, true;",
            "set :rvm_ruby_version { fetch(:rvm1_ruby_version, \".\") }",
            "set :use_sudo, false;",
            "parse_yaml(text)",
        ],
    );
    assert!(
        ported
            .remarks
            .iter()
            .any(|remark| remark.contains("capr installs no Ruby"))
    );
}

#[test]
fn commands_in_a_function_go_to_the_servers_of_the_block_that_calls_it() {
    let (text, notes) = recipe(
        "set :repo_url, 'x'\nserver 'a', roles: %w[app web]\ndef valid?\n  test '[ -f /x ]'\nend\n\
         task(:t) { on(release_roles(fetch(:wanted))) { abort('bad') unless valid? } }\n\
         task(:u) { on(roles(:app)) { within('/y') { abort('bad') unless valid? } } }\n",
    );
    assert!(notes.is_empty(), "{notes:?}");
    has(
        &text,
        &[
            "on release_roles(fetch(:wanted, ())) {\n    if (valid()",
            "within \"/y\" {\n      if (valid()",
        ],
    );
}

#[test]
fn a_recipe_is_loaded_where_its_values_cannot_be_used_yet() {
    let (text, notes) = recipe(
        "set :application, 'a'\nset :repository, ''\nset :keep_releases, 0\nrole :app, ''\n\
         unless ENV['HOST']\n  puts 'which?'\n  exit 1\nend\nif ENV['A'] then set :a, 1 else abort 'no A' end\nputs a\n",
    );
    assert!(notes.is_empty(), "{notes:?}");
    has(
        &text,
        &[
            "set :repository { abort \"the recipe sets the repository to nothing\"; }",
            "set :keep_releases, 1;",
            "role :app { \"\" }",
            "  on :start {\n    puts \"which?\";\n    exit(1);\n  }",
            "} else {\n  on :start {\n    abort \"no A\";\n  }\n}",
        ],
    );
}

#[test]
fn a_stage_that_a_capfile_invokes_is_the_default() {
    let capfile = "require 'capistrano/setup'\nrequire 'capistrano/deploy'\ninvoke 'production'\n";
    let files = [
        ("Capfile", capfile),
        ("config/deploy.rb", "set :repo_url, 'x'\n"),
        ("config/deploy/production.rb", "server 'a', roles: %w[app]\n"),
    ];
    has(
        &ported(&files).unwrap().files[0].text,
        &["set :default_stage, \"production\";"],
    );
}

#[test]
fn code_of_the_application_needs_no_hand_unless_it_changes_another_module() {
    let kinds = |code: &str| {
        let files = [
            ("config/deploy.rb", "set :repository, 'x'\nload 'lib/own'\n"),
            ("lib/own.rb", code),
        ];
        let ported = ported(&files).unwrap();
        ported.files[1].notes.iter().map(|note| note.kind).collect::<Vec<_>>()
    };
    assert!(kinds("module Own\n  def self.x = 1\nend\n").is_empty());
    assert!(kinds("class Capistrano::Words < Slackistrano::Messaging::Base\n  def x = 1\nend\n").is_empty());
    assert_eq!(kinds("class String\n  def x = 1\nend\n"), [Kind::Code]);
    assert_eq!(
        kinds("module Own\n  Capistrano::Configuration.instance.load do\n    set :a, 1\n  end\nend\n"),
        [Kind::Code]
    );
}

#[test]
fn host_alone_is_the_server_of_a_block_of_on() {
    let (text, notes) = recipe(
        "set :repo_url, 'x'\ntask :a do\n  on roles(:app) do\n    execute :echo, host.hostname, \"#{host}\"\n  end\n\
         on roles(:web) do |server|\n    execute :echo, host.properties.colour, server.user\n  end\nend\n\
         task :b do\n  on roles(:app) do\n    execute :uptime\n  end\nend\n",
    );
    assert!(notes.is_empty(), "{notes:?}");
    has(
        &text,
        &[
            "on roles(:app), |host| {\n    run `echo ${host.host} ${host.host}`;",
            "on roles(:web), |the_server| {\n    run `echo ${the_server.properties.colour ?? \"\"} ${the_server.user ?? \"\"}`;",
            "task :b, :roles => :app {",
        ],
    );
    let (_, notes) =
        recipe("set :repo_url, 'x'\ndef host\n  'h'\nend\ntask(:a) { on(roles(:app)) { execute :echo, host } }\n");
    assert!(notes.is_empty(), "{notes:?}");
}
