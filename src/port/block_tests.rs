//! Tests of blocks, errors and other constructs of Ruby.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::Kind;
use super::construct_tests::{THREE, carried};
use super::tests::{has, ported, recipe};

#[test]
fn errors_of_the_recipes_own_classes_are_told_apart() {
    carried(
        "class Old < StandardError; end\nNewer = Class.new(Old)\ntask :t do\n  begin\n    x = `ls`.split[1]\n    raise Old unless x\n    \
         raise Newer, 'why' if x == 'a'\n    raise Old.new('b')\n  rescue Old => e\n    puts e.message\n    raise\n  end\nend\n",
        &[
            ").get(1);",
            "throw #{ class: \"Old\", message: \"Old\" };",
            "throw #{ class: \"Newer\", message: \"why\" };",
            "throw #{ class: \"Old\", message: \"b\" };",
            "if ruby_is_error(e, [\"Newer\", \"Old\"]) {",
            "    } else {\n      throw e;\n    }",
        ],
    );
    // One of Ruby beside them could not be told from the others.
    let (_, notes) = recipe(&format!(
        "{THREE}class Old < StandardError; end\ntask :t do\n  begin\n    raise Old\n  rescue IOError\n    puts 'x'\n  end\nend\n"
    ));
    assert_eq!(notes.len(), 1, "{notes:?}");
}

#[test]
fn an_option_that_sshkit_does_not_know_is_ignored() {
    carried(
        "task(:t) { on(roles(:app)) { execute 'curl x', once: true } }\n",
        &["task :t, :roles => :app {\n  run \"curl x\";"],
    );
    let (_, notes) = recipe(&format!(
        "{THREE}task(:t) {{ on(roles(:app)) {{ execute 'x', interaction_handler: Y }} }}\n"
    ));
    assert_eq!(notes.len(), 1, "{notes:?}");
}

#[test]
fn the_hooks_of_stages_and_what_only_stages_set_are_there_when_it_loads() {
    let two =
        "require 'capistrano/ext/multistage'\nset :repository, 'x'\nafter('multistage:ensure') { set :a, stage }\n";
    let (text, notes) = recipe(&format!(
        "{two}set :shared_children, shared_children + %w[public/a a]\n"
    ));
    assert_eq!(notes.len(), 1, "{notes:?}");
    has(&text, &["require \"multistage\";"]);
    let files = [
        (
            "config/deploy.rb",
            "lock '3'\nset :linked_dirs, [%w[a b]]\nset :x, [fetch(:who)]\ntask(:beta) { puts 1 }\n",
        ),
        ("config/deploy/beta.rb", "set :who, 'me'\nserver 'a', roles: %w[app]\n"),
    ];
    let file = &ported(&files).unwrap().files[0];
    let kinds: Vec<Kind> = file.notes.iter().map(|note| note.kind).collect();
    assert_eq!(kinds, [Kind::Fails], "{:?}", file.notes);
    has(&file.text, &["set :x, [fetch(:who, ())];"]);
}

#[test]
fn a_function_is_given_a_block_as_a_function_without_a_name() {
    carried(
        "set :who, 'a'\ntask(:rest) { puts 1 }\ndef as_who(name, n = 1, &block)\n  return yield(name) unless n > 1\n  instance_eval(&block) if block_given?\nend\n\
         def tidy\n  old = 1\n  yield\nensure\n  puts old\nend\n\
         task :t do\n  on roles(:app) do\n    as_who('b') do |x|\n      next if x == 'c'\n      execute :ls, x, fetch(:who)\n    end\n    as_who 'c', 2\n  end\n  tidy { invoke :rest }\nend\n",
        &[
            "as_who(\"b\", |x| {\n    if x == \"c\" {\n      return;\n    }\n    run `ls ${x} ${fetch(:who)}`, :roles => :app;\n  });",
            "as_who(\"c\", 2, ());",
            "fn as_who(name, block) {\n  as_who(name, 1, block)\n}",
            "block.call(name)",
            "if block != () {\n    block.call()",
            "let old = ();\n  try {\n    old = 1;\n    value = block.call();",
        ],
    );
    // What defines something stands in no function.
    let (_, notes) = recipe(&format!(
        "{THREE}def inside\n  yield\nend\ninside {{ task(:x) {{ puts 1 }} }}\n"
    ));
    assert_eq!(notes.len(), 1, "{notes:?}");
}

#[test]
fn words_of_gems_for_terminals_and_of_rake_are_read() {
    carried(
        "FILE = 'x'\ntask('other') { puts 1 }\ntask :t do\n  out = `ls`\n  puts out.blue, 'a'.colorize(:red), Rainbow('b').red.bright, 'c'.on_light_red, 'd'.colorize(color: :red)\n  \
         puts [1].shuffle, '/a/b'.relative_path_from('/a'), out.class\n  puts 1 if out.class == String\n  task('other').invoke\n  \
         File.foreach('Gemfile') { |l| puts l }\n  puts 2 unless Capistrano.dry_run?\n  puts File.basename(out)\nend\n",
        &[
            "puts out;\n  puts \"a\";\n  puts \"b\";\n  puts \"c\";\n  puts \"d\";",
            "puts ruby_shuffled([1]);\n  puts ruby_relative(\"/a/b\", \"/a\");\n  puts ruby_class(out);\n  if type_of(out) == \"string\" {",
            "invoke \"other\";\n  for l in lines(read_file(\"Gemfile\")) {",
            "if !fetch(:dry_run, false) {",
            "puts basename(out);",
        ],
    );
}

#[test]
fn a_function_that_reads_a_server_is_given_the_server() {
    carried(
        "def talk(host, word)\n  system \"ssh #{host.user}@#{host.hostname} #{host} #{word}\"\nend\n\
         task(:t) { on(roles(:app)) { |h| talk(h, h) } }\n",
        &[
            "talk(h, h.host);",
            "system `ssh ${host.user ?? \"\"}@${host.host} ${host.host} ${word}`;",
        ],
    );
    let (_, notes) = recipe(&format!(
        "{THREE}task(:t) {{ on(roles(:app)) {{ |h| puts h.level }} }}\n"
    ));
    assert_eq!(
        notes.iter().map(|note| note.kind).collect::<Vec<_>>(),
        [Kind::Fails],
        "{notes:?}"
    );
}

#[test]
fn settings_of_connections_are_those_that_last() {
    carried(
        "SSHKit::Backend::Netssh.configure do |ssh|\n  ssh.pty = true\n  ssh.ssh_options = { forward_agent: true }\nend\nSSHKit::Backend::Netssh.pool.idle_timeout = 5\n",
        &["set :ssh_options, #{ forward_agent: true };"],
    );
}

#[test]
fn a_template_may_be_one_of_two_and_a_heredoc_loses_its_indentation() {
    let (text, notes) = recipe(
        "set :repository, 'x'\nrole :app, 'a'\ntask :t do\n  plain = <<-EOF.strip_heredoc\n    a: <%= user %>\n      b: #{application}\n  EOF\n  \
         place = fetch(:dir, 'config') + '/none.erb'\n  text = File.file?(place) ? File.read(place) : plain\n  \
         config = ERB.new(text)\n  put config.result(binding), '/x'\nend\n\
         task :u do\n  old, ENV['A'], rest = ENV['A'], 'b', 1\n  puts old, rest\nend\n\
         task(:v) { puts user, source.next_revision('x') }\n",
    );
    assert_eq!(
        notes.iter().map(|note| note.kind).collect::<Vec<_>>(),
        [Kind::Code],
        "{notes:?}"
    );
    has(
        &text,
        &[
            "let config = if ruby_is_file(place) {\n    throw \"the template was not there",
            "\n  b: {{ value_1 }}\n`, :value_1 => application)",
            "let several = [ENV[\"A\"], \"b\", 1];\n  let old = several[0];\n  ENV[\"A\"] = several[1];",
        ],
    );
}

#[test]
fn a_function_hands_on_options_and_a_block() {
    let (text, notes) = recipe(
        "set :repository, 'x'\nset :real_revision, lambda { source.query_revision(revision) { |c| capture(c) } }\nset :user, 'me'\nrole :app, 'a'\n\
         def nice(c, options = {}, &block)\n  run \"nice #{c}\", options, &block\nend\ntask(:t) { nice('x', :roles => :app) { |ch, s, d| puts ch[:host] } }\n\
         task(:w) { File.open('x', 'w') { |f| f.puts \"by #{user}\" } }\n",
    );
    assert!(notes.is_empty(), "{notes:?}");
    has(
        &text,
        &[
            "nice(\"x\", #{ roles: :app }, |ch, s, d| {\n    puts ch.host;\n  });",
            "write_file(\"x\", `${ruby_line(`by ${user}`)}`)",
            "if block == () {\n    run `nice ${c}`, options;\n  } else {\n    run `nice ${c}`, options, |channel, stream, data| {\n      block.call(channel, stream, data);",
        ],
    );
}

#[test]
fn what_a_lambda_names_is_asked_for_when_it_is_called() {
    let (text, notes) = recipe(
        "set :repository, 'x'\nset :kind, :app\nrole :app, 'a'\nset :shared_children, false\nset :shared_children, shared_children << 'x'\n\
         set :ssh_options, fetch(:ssh_options, {}).merge!(forward_agent: true)\nf = lambda { |x| \"#{x} #{kind}\" }\n\
         task(:t, :roles => lambda { kind }) { puts f.call(1), __LINE__, [true].all? }\n",
    );
    assert!(notes.is_empty(), "{notes:?}");
    has(
        &text,
        &[
            "set :shared_children, [];\nset :shared_children, shared_children + [\"x\"];",
            "set :ssh_options, fetch(:ssh_options, #{}) + #{ forward_agent: true };",
            "let f = |x| `${x} ${fetch(:kind)}`;",
            ":roles => || fetch(:kind) {",
            "puts 8;\n  puts [true].filter(|item| (item ?? false) == false).is_empty();",
        ],
    );
}

#[test]
fn classes_of_ruby_are_there_and_a_value_does_not_wait_for_itself() {
    let (_, notes) = recipe(&format!("{THREE}task(:t) {{ x = Struct.new(:a) }}\n"));
    let kinds: Vec<Kind> = notes.iter().map(|note| note.kind).collect();
    assert_eq!(kinds, [Kind::Code], "{notes:?}");
    let (text, notes) = recipe(&format!("{THREE}set :x, Own.list\nset :x, fetch(:x) - %w[a]\n"));
    assert!(!notes.is_empty() && !text.contains("set :x { ruby_minus(x"), "{text}");
    carried(
        "set :x, []\nset :x, fetch(:x) | %w[a]\nSignal.trap('INT') { exit }\n\
         task :t, [:a] do |t, args|\n  puts t.name, t, args.a\n  on(roles(:app)) { |h| puts 1 if h.has_role?(:web) }\nend\n",
        &[
            "puts current_task;\n  puts current_task;",
            "if h.roles.contains(:web) {",
            "set :x, (x + [\"a\"]).reduce(",
        ],
    );
}

#[test]
fn what_a_command_of_this_machine_says_is_kept_with_its_status() {
    carried(
        "task :t do\n  said, _, how = Open3.capture3('git', 'x')\n  puts said, how.exitstatus unless how.success?\nend\n",
        &[
            "let ran = run_locally([\"git\", \"x\"], :result => true);\n  let said = ran.stdout;\n  let how = ran;\n  if !how.ok {",
            "puts how.status;",
        ],
    );
    let (_, notes) = recipe(&format!(
        "{THREE}task(:t) {{ said, problem = Open3.capture3('x')\n puts said, problem }}\n"
    ));
    assert_eq!(
        notes.iter().filter(|note| note.depends_on.is_none()).count(),
        1,
        "{notes:?}"
    );
}

#[test]
fn a_case_asks_about_a_command_that_runs_once() {
    carried(
        "task :t do\n  on(roles(:app)) do\n    case capture('x')\n    when /a/ then puts 1\n    when 'b', /c/ then puts 2\n    end\n  end\n  \
         y = case `z` when /d/ then 1 else 2 end\n  puts y\nend\n",
        &[
            "let asked = strip(capture(\"x\"));",
            "if matches(asked, \"a\") {",
            "} else if asked == \"b\" || matches(asked, \"c\") {",
            "let y = {\n    let asked = run_locally(\"z\", :result => true).stdout;",
        ],
    );
}

#[test]
fn what_is_said_and_kept_in_strings_is_read() {
    carried(
        "def say_all(*words)\n  print(*words)\n  puts(*words)\nend\ntask :t do\n  say_all 'a', 'b'\n  text = File.open('x.yml', 'r')\n  \
         all = YAML::load(text.read)\n  text.close\n  puts all['a'], YAML.load(File.open('y.yml'))\n  page = StringIO.new\n  \
         page.write('<a>')\n  page.puts 'b'\n  page << 'c'\n  page.rewind\n  on(roles(:app)) { upload! page, '/x' }\n  \
         pid = p `ps`\n  exec \"kill #{pid}\"\n  3.times.map { |n| puts n }\nend\n",
        &[
            "puts join(words, \"\");\n  puts join(words, \"\\n\");",
            "let text = read_file(\"x.yml\");\n  let all = parse_yaml(text);\n  puts all[\"a\"] ?? \"\";\n  puts read_yaml(\"y.yml\");",
            "page += \"<a>\";\n  page += \"b\\n\";\n  page += \"c\";\n",
            "let pid = ruby_shown(run_locally(\"ps\", :result => true).stdout);",
            "for n in 0..3 {\n    puts n;\n  }",
        ],
    );
}

#[test]
fn what_a_recipe_decides_while_it_is_read_does_not_end_its_reading() {
    carried(
        "def quit(why)\n  puts why\n  exit 1\nend\nquit 'which?' unless ENV['PROJECT']\nset :branch, 'a'\nset :branch, fetch(:branch)\n\
         user = 'u'\nset :user, user\n\
         set :keep_releases, ENV['KEEP'].to_i\nset :deploy_to, '/a' unless ARGV.include?('deploy:rollback') || ARGV.first == 'b'\n\
         set :branch, Regexp.last_match(1) if `git branch` =~ /x (.)/\nENV['RAILS_ENV'] = MODE = 'production'\n\
         set :user, (ENV['U'] =~ /a(.)/ ? $1 : 'b')\n",
        &[
            "if !(\"PROJECT\" in ENV) {\n  on :start {\n    quit(\"which?\");\n  }\n}",
            "set :branch, \"a\";\n// `branch` keeps the value that it has\n",
            "set :user, user;",
            "set :keep_releases { to_i(ENV[\"KEEP\"] ?? \"\") }",
            "if !(\"deploy:rollback\" in arguments() || arguments().get(0) == \"b\") {",
            "  set :branch, found[1];",
            "captures(ENV[\"U\"] ?? \"\", \"a(.)\")",
            "set :mode, \"production\";\nENV[\"RAILS_ENV\"] = mode;",
        ],
    );
}

#[test]
fn a_task_that_is_asked_for_is_there_or_not() {
    carried(
        "task(:mine) { puts 1 }\nif Rake::Task.task_defined?('mine')\n  after 'deploy:published', :mine\nend\n\
         if Rake::Task.task_defined?(:other)\n  after 'deploy:published', :other\nend\n",
        &["after \"deploy:published\", \"mine\";"],
    );
}

#[test]
fn the_configuration_may_be_in_a_local() {
    let (text, notes) = recipe(
        "configuration = Capistrano::Configuration.respond_to?(:instance) ?\n  Capistrano::Configuration.instance(:must_exist) :\n  \
         Capistrano.configuration(:must_exist)\nCapistrano::Configuration.instance.load_paths << 'x'\n\
         configuration.load do\n  set :application, 'a'\n  role :app, 'a'\nend\n",
    );
    assert!(notes.is_empty(), "{notes:?}");
    assert!(text.contains("set :application, \"a\";\nrole :app, \"a\";"), "{text}");
}

#[test]
fn a_library_whose_name_is_computed_is_noted() {
    let (text, notes) =
        recipe("names = ENV['N'].split\nnames.each { |name| require \"acme/recipes/#{name}\" }\nrole :app, 'a'\n");
    assert!(notes.len() == 1 && !text.contains("\n  load `"), "{text}");
}

#[test]
fn the_groups_of_a_match_are_a_list() {
    carried(
        "task :t do\n  puts /x(a)/.match('xa').captures.first\nend\n",
        &["puts captures(\"xa\", \"x(a)\").extract(1).get(0);"],
    );
}

#[test]
fn git_of_the_strategy_runs_where_the_block_says() {
    carried(
        "task :t do\n  run_locally { strategy.git 'tag -f x' }\n  on(roles(:app)) { strategy.git :fetch, '-q' }\nend\n",
        &["run_locally \"git tag -f x\";", "run \"git fetch -q\", :roles => :app;"],
    );
}

#[test]
fn blocks_around_commands_have_a_value_and_versions_an_order() {
    carried(
        "def later\n  at_exit { puts 'bye' }\nend\ntask :t do\n  later\n  on(roles(:app)) do\n    v = within('/a') { capture(:b, '-v') }\n    \
         puts 'old' if Gem::Version.new(v) < Gem::Version.new('1.10')\n  end\nend\n",
        &[
            "  on :exit {\n    puts \"bye\";\n  }\n  on :failure {\n    puts \"bye\";\n  }",
            "let v = strip(capture(\"b -v\", :dir => \"/a\"));",
            "if ruby_version_key(ruby_version_of(v)) < ruby_version_key(ruby_version_of(\"1.10\")) {",
        ],
    );
}

#[test]
fn methods_that_one_function_does_are_read() {
    carried(
        "task :t do\n  s = 'a/b'\n  h = { 'b' => 1 }\n  puts s.rindex('/'), s.count('/'), s.encode('UTF-8'), h.key(2)\n  \
         puts h.slice('a').size, h.except('a').size, h.transform_values { |v| v + 1 }['b'], h.deep_merge('x' => 2)['x']\n  \
         h.each_key { |k| puts k }\n  h.each_with_index { |(k, v), i| puts \"#{k}#{v}#{i}\" }\n  h.store('c', 3)\n  y = nil\n  y &&= 3\n  \
         puts y, File.symlink?('a'), File.zero?('a'), Digest::MD5.hexdigest('a'), Digest::SHA1.file('b').hexdigest\n  \
         puts File.open('a') { |f| f.read }, [1].one? { |x| x > 0 }, Pathname.new('a').exist?, Etc.getpwuid.name\n  \
         Dir.mktmpdir { |d| puts d }\n  Bundler.with_unbundled_env { puts `ls` }\n  r = OpenStruct.new(a: 1)\n  r.b = 2\n  \
         out, st = Open3.capture2e('ls')\n  puts out, st.success?, r.b, linked_files(shared_path).size, env.fetch(:a, 1)\nend\n\
         task :u do\n  on roles(:app) | roles(:web) do\n    execute :passwd, interaction_handler: { 'New: ' => \"x\\n\", /again/ => 'y' }\n  end\nend\n",
        &[
            "puts ruby_rindex(s, \"/\");\n  puts ruby_count(s, \"/\");\n  puts s;\n  puts ruby_key(h, 2);",
            "ruby_only(h, [\"a\"])",
            "ruby_but(h, [\"a\"])",
            "ruby_transformed(h, |v| v + 1)[\"b\"]",
            "ruby_deep_merged(h, #{ x: 2 })[\"x\"]",
            "for k in h.keys() {",
            "for (pair, i) in ruby_pairs(h) {\n    puts `${pair[0]}${pair[1]}${i}`;",
            "h[\"c\"] = 3;",
            "if y != () {\n    y = 3;\n  }",
            "puts ruby_tests(\"-L\", \"a\");\n  puts !ruby_tests(\"-s\", \"a\");\n  puts ruby_digest(\"md5sum\", \"a\");\n  \
             puts ruby_file_digest(\"sha1sum\", \"b\");",
            "let f = read_file(\"a\");\n    f\n",
            "let d = temp_dir();\n    puts d;",
            "r[\"b\"] = 2;",
            "fetch(:linked_files, []).map(|item| join_path(shared_path, item)).len()",
            "if data == \"New: \" {\n      channel.send_data(\"x\\n\");\n    } else if matches(data, \"again\") {",
        ],
    );
}

#[test]
fn what_is_said_on_the_way_out_is_said() {
    carried(
        "def f(a)\n  return puts('none') if a.nil?\n  puts a\nend\ntask :t do\n  f(nil)\n  %w[a b].each do |x|\n    \
         next puts(\"no #{x}\") if x == 'a'\n    puts x\n  end\n  next warn('x') if fetch(:a, false)\n  puts 1\nend\n",
        &[
            "puts \"none\";\n    return;",
            "puts `no ${x}`;\n      continue;",
            "warn \"x\";\n    return;",
        ],
    );
}

#[test]
fn a_function_gives_what_its_last_line_keeps() {
    carried(
        "def dir\n  @dir ||= `mktemp -d`.strip\nend\ndef two\n  x = 2\nend\ntask :t do\n  puts dir, two\nend\n",
        &[
            "  set_if_empty :dir, strip(run_locally(\"mktemp -d\"));\n  dir\n}",
            "  let x = 2;\n  x\n}",
        ],
    );
}

#[test]
fn what_one_branch_has_lost_has_no_value_behind_it() {
    let (text, notes) = recipe(&format!(
        "{THREE}if ENV['A']\n  all = Unknown.load(1)\nelse\n  all = {{ 'a' => 1 }}\nend\nall.each {{ |k, v| set k, v }}\n"
    ));
    assert_eq!(notes.len(), 2, "{text}");
    assert_eq!(notes[1].depends_on, Some(1), "{notes:?}");
    // In Capistrano 2 a task comes before a word of its name.
    let (text, notes) =
        recipe("set :repository, 'x'\nnamespace :a do\n  task(:upload) { run 'x' }\n  task(:b) { upload }\nend\n");
    assert!(notes.is_empty(), "{notes:?}");
    has(&text, &["invoke \"a:upload\";"]);
    let (_, notes) = recipe(&format!("{THREE}task(:x) {{ on(role(:app)) {{ execute :ls }} }}\n"));
    assert_eq!(notes[0].kind, Kind::Fails);
}

#[test]
fn a_hook_that_names_no_task_fails_as_in_capistrano() {
    for hook in ["before 'deploy:restart' 'puma:start'", "after :x, []", "after :x, nil"] {
        let (text, notes) = recipe(&format!("{THREE}task(:x) {{ }}\n{hook}\n"));
        assert_eq!(notes.len(), 1, "{hook}: {text}");
        assert!(!text.contains("restartpuma") && !text.contains("x\", []"), "{text}");
    }
}

#[test]
fn a_temporary_file_has_a_path() {
    carried(
        "task :t do\n  f = Tempfile.new(['a', '.yml'])\n  f.write 'x'\n  f << \"y\\n\"\n  f.close\n  on(roles(:app)) { upload! f.path, '/x' }\n  \
         f.unlink\n  tag = choose(*`git tag`.split(\"\\n\"))\n  puts tag\nend\n",
        &[
            "let f_path = join_path(temp_dir(), \"a.yml\");\n  write_file(f_path, \"\");\n  system(`chmod 600 ${quote(f_path)}`);",
            "upload f_path, \"/x\", :roles => :app;",
            "let tag = ruby_chosen(",
        ],
    );
}

#[test]
fn the_configuration_has_the_words_of_a_recipe() {
    let (text, notes) = recipe(
        "set :application, 'a'\ntask(:t) { puts Capistrano::Configuration.instance.fetch(:application), Capistrano::Configuration.instance[:x] }\n",
    );
    assert!(notes.is_empty(), "{notes:?}");
    assert!(
        text.contains("puts fetch(:application);\n  puts fetch(:x, \"\");"),
        "{text}"
    );
}

#[test]
fn the_status_of_a_command_that_is_shown_is_kept_in_a_file() {
    carried(
        "task :t do\n  system 'exit 3'\n  puts $?.exitstatus if $?.exitstatus != 0\n  unless system('x')\n    puts \"no: #{$?}\"\n  end\n  \
         out = `y`\n  puts out, \"#{$?}\"\nend\n",
        &[
            "let ran = system(`(exit 3\n)\nended=$?; echo $ended > ${quote(status)}; exit $ended`);",
            "if !ran {\n    puts ruby_status(status);",
            "puts `no: exit ${ruby_status(status)}`;",
            "puts `exit ${ran.status}`;",
        ],
    );
}

#[test]
fn next_gives_the_value_of_a_function_and_goes_on_in_a_loop() {
    carried(
        "task :t do\n  f = lambda do |x|\n    next 0 if x.nil?\n    %w[a b].each { |y| next if y == x }\n    1\n  end\n  puts f.call(2)\nend\n",
        &["return 0;", "continue;"],
    );
}

#[test]
fn a_block_that_takes_its_items_apart_and_begin_as_a_value_are_read() {
    carried(
        "task :t do\n  h = { 'a' => 1 }\n  puts h.inject(0) { |sum, (k, v)| sum + v }\n  \
         puts h.each_with_object([]) { |(k, v), all| all << k * v }.join\n  \
         n = begin\n    Integer('x')\n  rescue => e\n    puts e.message\n  end\n  puts n\n  \
         m = begin\n    raise 'a'\n  rescue\n    'b'\n  end\n  puts m\n  \
         all = %w[x y].each_with_index.map { |one, i| next 'none' if i == 0\n    one }\n  puts all\nend\n",
        &[
            "let v = k_and_v[1];",
            "let k = k_and_v[0];",
            "value = parse_int(\"x\");",
            "catch (e)",
            "value = \"b\";",
            "all.push(\"none\");\n        continue;",
        ],
    );
}

#[test]
fn a_return_out_of_a_block_is_a_note() {
    let (_, notes) = recipe(
        "lock '3'\ndef f(list)\n  all = list.map { |x| return x if x == 1 }\n  all\nend\ntask(:t) { puts f([1]) }\n",
    );
    assert!(notes.iter().any(|note| note.reason.contains("`return`")), "{notes:?}");
}

#[test]
fn files_are_fetched_over_the_sessions_of_a_task() {
    let (text, notes) = recipe(
        "set :repository, 'x'\nrole :db, 'db1'\ntask :pull, :roles => :db do\n  execute_on_servers(options) do |servers|\n    \
         self.sessions[servers.first].sftp.connect do |sftp|\n      sftp.download!(\"/srv/a\", \"a\")\n      sftp.remove! \"/srv/a\"\n    \
         end\n  end\nend\n",
    );
    assert!(notes.is_empty(), "{notes:?}");
    let parts = [
        "let servers = find_servers();",
        "download \"/srv/a\", \"a\", :hosts => servers[0].name;",
        "run [\"rm\", \"--\", \"/srv/a\"], :hosts => servers[0].name;",
    ];
    has(&text, &parts);
}

#[test]
fn a_name_alone_asks_for_a_variable_in_capistrano_2() {
    let (text, notes) = recipe(
        "set :repository, 'x'\ntask :t do\n  begin\n    file\n  rescue\n    puts 'which?'\n    exit 0\n  end\n  run \"cat #{file}\"\nend\n",
    );
    assert!(notes.is_empty(), "{notes:?}");
    has(&text, &["set_default :file { throw \"which file?", "try {\n    file;"]);
}

#[test]
fn options_that_are_missing_are_nothing_and_what_is_added_in_a_row_is_added() {
    carried(
        "def opts(a, options = {})\n  \"#{a} #{options[:x]}\"\nend\ndef each_of(list, &block)\n  list.each(&block)\nend\n\
         def kept(a, b = 2, c: 3)\n  \"#{a} #{b} #{c}\"\nend\n\
         task :t do\n  puts opts(1), kept(1, c: 0)\n  each_of([1]) { |one| puts one }\n  u = +''\n  u << 'a' << 'b'\n  puts u.gsub(/^/, '# ')\n  l = []\n  l.push('q', 'r')\n  v = String.new\n  v << 'c'\n  \
         puts u, v\n  took = Benchmark.realtime { puts 'x' }\n  puts took\nend\n",
        &[
            "`${a} ${options[\"x\"] ?? \"\"}`",
            "`${1} ${2} ${0}`",
            "block.call(item);",
            "u += \"a\";\n  u += \"b\";",
            "l.push(\"q\");\n  l.push(\"r\");",
            "puts gsub(u, \"(?ms)^(.)\", `# \\${1}`);",
            "unix_time() - begun",
        ],
    );
}

#[test]
fn the_defaults_of_a_library_know_the_stage() {
    let files = [
        (
            "Capfile",
            "require 'capistrano/setup'\nrequire 'capistrano/deploy'\nload 'config/env.rake'\n",
        ),
        (
            "config/env.rake",
            "namespace :load do\n  task :defaults do\n    Dotenv.load \".env.#{fetch(:stage)}\"\n    set :e, -> { fetch(:stage) }\n  end\nend\n",
        ),
        ("config/deploy.rb", "set :repo_url, 'x'\n"),
        ("config/deploy/one.rb", "server 'h', roles: %w[app]\n"),
    ];
    let ported = ported(&files).unwrap();
    let env = ported.files.iter().find(|file| file.from == "config/env.rake").unwrap();
    assert!(env.notes.is_empty(), "{:?}", env.notes);
    has(&env.text, &["on :stage {", "file_exists(`.env.${stage}`)", "set :e { "]);
}

#[test]
fn sets_are_lists_and_maps_know_their_names_as_strings() {
    carried(
        "conf = ActiveSupport::HashWithIndifferentAccess.new({ 'a' => 1 })\n\
         task(:t) { puts conf[:a]; s = Set.new(%w[x x]); puts s.include?('x'), s.size }\n",
        &[
            "let conf = #{ a: 1 };",
            "[\"x\", \"x\"].reduce(",
            "puts s.contains(\"x\");",
        ],
    );
}

#[test]
fn a_local_that_is_called_host_is_not_the_server() {
    carried(
        "task :t do\n  on roles(:app) do |server|\n    host = server.hostname.split('.').first\n    execute :echo, host, server.hostname\n  end\nend\n",
        &[
            "let host = ruby_split(the_server.host, \".\").get(0);",
            "run `echo ${host ?? \"\"} ${the_server.host}`;",
        ],
    );
    carried(
        "task :u do\n  on roles(:app) do |server|\n    execute :echo, host, server.hostname\n  end\nend\n",
        &["run `echo ${the_server.host} ${the_server.host}`;"],
    );
}

#[test]
fn the_word_return_in_a_string_leaves_nothing_and_a_loop_that_shows_tasks_clears_none() {
    carried(
        "task(:t) { puts [1].map { |i| \"return #{i}\" }.first }\n",
        &["`return ${i}`"],
    );
    let three = "Rake::Task.tasks.each { |t| puts t if t.name.start_with?('deploy:') }\nnamespace(:deploy) { task(:check) { puts 'c' } }\n";
    let (text, _) = recipe(&format!("lock '3'\n{three}"));
    has(&text, &["task :check_2 {", "\"deploy:check_2\""]);
}
