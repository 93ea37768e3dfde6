//! Tests of Ruby's constructs and methods that have a form here.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::Kind;
use super::tests::{has, ported, recipe};

/// The head of a recipe of Capistrano 3.
pub(super) const THREE: &str = "lock '3'\nset :repo_url, 'x'\nserver 'a', roles: %w[app]\n";

#[track_caller]
pub(super) fn carried(code: &str, parts: &[&str]) {
    let (text, notes) = recipe(&format!("{THREE}{code}"));
    assert!(notes.is_empty(), "{notes:?}");
    has(&text, parts);
}

#[test]
fn parts_of_strings_and_lists_are_read() {
    carried(
        "task :t do\n  s = 'abc'\n  puts s[0..1], s[0, 2], s[-2..-1], s.chop\n  l = %w[a b]\n  n = 1\n  puts l.last(n).first, l[1..-1].first\nend\n",
        &[
            "s.sub_string(0, 2)",
            "ruby_part(s, -2, -1)",
            "ruby_part(s, 0, -2)",
            "ruby_last(l, n).get(0)",
            "l.extract(1).get(0)",
            "fn ruby_part(value, first, last) {",
        ],
    );
}

#[test]
fn lines_inside_of_a_quote_or_a_heredoc_stay_what_they_are() {
    carried(
        "task :t do\n  on roles(:app) do\n    execute :echo, \"'a\\n  b'\"\n    execute \"echo 'a\n  b' &&\n c\"\n  end\n  run_locally { execute :cat, \"<<X\\n  1\\nX\" }\n  \
         system(\"cat <<X\\n  1\\nX\")\nend\n",
        &[
            "run `echo 'a\n  b'`, ",
            "run \"echo 'a; b' &&; c\", ",
            "run_locally `cat <<X\n  1\nX`;",
            "system `cat <<X\n  1\nX`;",
        ],
    );
    let (text, _) =
        recipe("set :repository, 'x'\nrole :app, 'a'\ntask :t do\n  run \"echo 'a\n  b'\"\n  system \"a\n  b\"\nend\n");
    has(&text, &["run `echo 'a\\\n  b'`;"]);
    assert!(!text.contains("a \\\n"), "{text}");
}

#[test]
fn a_loop_over_a_value_with_braces_has_it_in_a_local() {
    carried(
        "task(:t) { %w[b a].sort_by { |x| x }.each { |x| puts x } }\n",
        &["let items = ruby_sorted_by([\"b\", \"a\"], |x| x);", "for x in items {"],
    );
}

#[test]
fn assignments_inside_of_other_code_stand_before_it() {
    carried(
        "task :t do\n  a = b = 1\n  c = ENV['C'] ||= 'x'\n  d, *e = %w[1 2]\n  f, g = 1, 2\n  f, g = g, f\n  puts a, b, c, d, e, f, g\nend\n",
        &[
            "let b = 1;\n  let a = b;",
            "ENV[\"C\"] = ENV[\"C\"] ?? \"x\";\n  let c = ENV[\"C\"];",
            "let e = d_and_others.extract(1);",
            "let f_and_others = [g, f];",
        ],
    );
}

#[test]
fn the_status_of_a_command_is_kept_where_it_is_asked() {
    carried(
        "task :t do\n  x = `a`\n  puts x if $?.success?\n  system 'b'\n  abort 'no' if $? != 0\nend\n",
        &[
            "let ran = run_locally(\"a\", :result => true);\n  let x = ran.stdout;\n  if ran.ok {",
            "let ran = system(\"b\");\n  if !ran {",
        ],
    );
}

#[test]
fn what_is_tried_again_is_a_loop() {
    carried(
        "task :t do\n  n = 0\n  begin\n    n += 1\n    raise 'x' if n < 3\n  rescue\n    retry if n < 3\n  end\nend\n",
        &["while true {\n    try {", "      break;\n    } catch {", "continue;"],
    );
    let (_, notes) = recipe(&format!(
        "{THREE}task :t do\n  %w[a b].each do |x|\n    begin\n      break if x == 'b'\n    rescue\n      retry\n    end\n  end\nend\n"
    ));
    assert_eq!(notes.len(), 1, "{notes:?}");
}

#[test]
fn a_function_that_sets_what_is_not_set_may_have_any_name() {
    let (text, notes) = recipe(
        "set :repository, 'x'\ndef _mine(name, *args, &block)\n  set(name, *args, &block) unless exists?(name)\nend\n\
         _mine :a, 1\n_mine(:b) { a }\ntask(:t) { puts a, b }\n",
    );
    assert!(notes.is_empty(), "{notes:?}");
    has(&text, &["set_default :a, 1;", "set_default :b { a }"]);
}

#[test]
fn files_of_this_machine_are_changed_by_programs() {
    carried(
        "task :t do\n  FileUtils.rm 'a', force: true\n  FileUtils.chmod 0600, 'b'\n  mkdir_p 'c'\n  FileUtils.cd('d') { FileUtils.touch 'e'; puts File.exist?('f') }\nend\n",
        &[
            "run_locally([\"rm\", \"-f\", \"--\", \"a\"]);",
            "run_locally([\"chmod\", \"--\", \"600\", \"b\"]);",
            "run_locally([\"mkdir\", \"-p\", \"--\", \"c\"]);",
            "run_locally([\"touch\", \"--\", \"e\"], :dir => \"d\");",
            "file_exists(expand_path(\"f\", \"d\"))",
        ],
    );
    let (_, notes) = recipe(&format!(
        "{THREE}task(:t) {{ FileUtils.cp 'a', 'b', remove_destination: true }}\n"
    ));
    assert_eq!(notes[0].kind, Kind::Construct);
}

#[test]
fn streams_are_written_and_read() {
    carried(
        "task :t do\n  $stdout.puts 'a'\n  STDERR.puts 'b'\n  STDOUT.sync = true\n  print 'c', \"\\n\"\n  puts STDIN.getc\nend\n",
        &["puts \"a\";", "warn \"b\";", "puts \"c\";", "ask(\"\")"],
    );
}

#[test]
fn times_are_subtracted_as_seconds() {
    carried(
        "task :t do\n  start = Time.now\n  puts (Time.now - start).to_i, (Time.now - 60).strftime('%F'), Time.now.year\nend\n",
        &[
            "unix_time() - parse_time(start, \"%Y-%m-%d %H:%M:%S %z\")",
            "ruby_time(unix_time() - 60, \"%F\")",
            "to_i(now(\"%Y\"))",
        ],
    );
}

#[test]
fn a_task_with_arguments_may_need_others_and_be_called_with_them() {
    carried(
        "task(:a) { puts 1 }\ntask :b, [:x] => :a do |_, args|\n  puts args[:x]\nend\ntask(:c) { invoke 'b', 'y' }\n",
        &[
            "invoke \"a\";\n  let args = #{ x: ENV[\"x\"] };",
            "ENV[\"x\"] = \"y\";\n  invoke \"b\";\n  ENV.remove(\"x\");",
        ],
    );
}

#[test]
fn commands_are_mapped_in_loops() {
    carried(
        "%w[rake rails].each { |c| SSHKit.config.command_map[c.to_sym] = \"bin/#{c}\" }\ntask(:t) { on(roles(:app)) { execute :rake, 'x' } }\n",
        &["run \"bin/rake x\""],
    );
}

#[test]
fn a_dry_run_is_asked_by_its_backend_and_words_without_a_value_are_noted() {
    carried(
        "task(:t) { puts 'x' unless fetch(:sshkit_backend) == SSHKit::Backend::Printer }\n",
        &["!fetch(:dry_run, false)"],
    );
    let files = [(
        "config/deploy.rb",
        "set :repo_url, 'x'\nlock '3'\nnamespace :n do\n  desc \"#{Foo.bar} it\"\n  task(fetch(:x)) { puts 1 }\nend\n",
    )];
    let text = &ported(&files).unwrap().files[0].text;
    has(text, &["// the description of a task is left out"]);
}

#[test]
fn a_directory_that_is_changed_holds_for_what_follows() {
    carried(
        "task :t do\n  run_locally do\n    here = Dir.pwd\n    Dir.chdir('app')\n    execute 'a'\n    Dir.chdir(here)\n    execute 'b'\n  end\nend\n\
         task(:u) { system 'c' }\n",
        &[
            "run_locally \"a\", :dir => \"app\";",
            "run_locally \"b\", :dir => here;",
            "system \"c\";",
        ],
    );
    let (_, notes) = recipe(&format!(
        "{THREE}task :t do\n  Dir.chdir('x') if ENV['X']\n  system 'a'\nend\n"
    ));
    assert_eq!(notes.len(), 1, "{notes:?}");
}

#[test]
fn streams_and_the_environment_of_a_command_of_this_machine_are_read() {
    carried(
        "task :t do\n  system({ 'A' => 'b' }, 'c', out: File::NULL)\n  system 'd', [:out, :err] => File::NULL\nend\n",
        &[
            "system \"c >/dev/null\", :env => #{ A: \"b\" };",
            "system \"d >/dev/null 2>&1\";",
        ],
    );
}

#[test]
fn a_path_beside_the_file_may_be_added_up() {
    carried(
        "set :conf, File.expand_path('../deploy/' + ENV['DEPLOY'] + '.yml', __FILE__)\ntask(:t) { puts fetch(:conf) }\n",
        &["expand_path(`deploy/${ENV[\"DEPLOY\"] ?? \"\"}.yml`, dirname(recipe_file()))"],
    );
}

#[test]
fn functions_of_pairs_and_of_matches_are_read() {
    carried(
        "task :t do\n  h = { a: 1 }\n  i = { b: 2, **h }\n  puts h.any? { |k, v| v == 1 }, i.find { |k, v| v == 2 }.first\n\
         puts 'a1'.gsub(/[0-9]/) { |x| x.to_i + 1 }, %w[ab c].grep(/a/).join\nend\n",
        &[
            "let i = #{ b: 2 }",
            "ruby_pairs(h).some(|pair| {",
            "ruby_replaced(\"a1\", \"[0-9]\", |x| to_i(x) + 1)",
            ".filter(|item| matches(item, \"a\"))",
        ],
    );
}

#[test]
fn functions_of_one_parameter_are_given_the_pairs_of_a_map() {
    carried(
        "task :t do\n  h = { 'a' => 1, 'b' => 2 }\n  puts h.map { |x| x.last }.join(' '), h.map(&:first), h.sort.first, h.first.last\n\
         puts h.select { |k| k == 'a' }.keys\n  h.each { |x| puts x.first }\n  h.each_with_index { |x, i| puts x[1], i }\nend\n",
        &[
            "join(ruby_pairs(h).map(|x| x[-1]), \" \")",
            "ruby_pairs(h).map(|item| item[0])",
            "ruby_sorted(ruby_pairs(h)).get(0)",
            "ruby_pairs(h).get(0)[-1]",
            "h.filter(|k| k == \"a\").keys()",
            "for x in ruby_pairs(h) {",
            "for (x, i) in ruby_pairs(h) {",
        ],
    );
}

#[test]
fn a_task_after_one_that_was_lost_is_the_first_of_its_name() {
    let code = "set :lost, Odd.new(self).made\nif fetch(:lost) == 2\n  task(:t) { puts 1 }\nend\ntask(:t) { puts 2 }\n";
    let (text, notes) = recipe(&format!("{THREE}{code}"));
    assert!(!notes.is_empty());
    has(&text, &["task :t {\n  puts 2;"]);
    assert!(!text.contains("t_2"), "{text}");
}

#[test]
fn what_may_be_a_string_or_a_number_is_multiplied_as_it_is_then() {
    carried(
        "task :t do\n  text = fetch(:mark, '-')\n  n = 2\n  puts text * 2, fetch(:wait, 1) * 60, n * 3, text.to_i * 4\nend\n",
        &[
            "ruby_times(text, 2)",
            "ruby_times(fetch(:wait, 1), 60)",
            "n * 3",
            "to_i(text) * 4",
            "if type_of(text) != \"string\" { return text * count; }",
        ],
    );
}

#[test]
fn a_sign_belongs_to_the_number_whose_method_is_called() {
    carried(
        "task :t do\n  n = 1\n  puts -7.abs, (-n).abs, [1, 2][-1]\nend\n",
        &["(-7).abs()", "(-n).abs()", "[-1]"],
    );
}

#[test]
fn the_largest_numbers_are_read_without_a_panic() {
    let largest = "9223372036854775807";
    let (text, _) = recipe(&format!(
        "{THREE}task :t do\n  s = 'abc'\n  puts s[0..{largest}], s[{largest}, {largest}], s[-{largest}, 2], s[1...-{largest}], s[2, -{largest}]\n\
         puts '%{largest}s' % s, s.tr('a-z', '-{largest}')\nend\n"
    ));
    has(&text, &["task :t {"]);
}

#[test]
fn a_remark_with_several_lines_stays_a_comment() {
    carried("set \"A\nB\"\n", &["// `A B` is set to nothing"]);
}

#[test]
fn a_local_that_is_changed_stays_a_local() {
    let (text, _) = recipe("list = File.read('x').split\nlist << 'more'\nset :all, list\n");
    has(&text, &["let list = ruby_words(read_file(\"x\"));"]);
}

#[test]
fn an_assignment_in_an_argument_stands_before_the_call() {
    let (text, notes) = recipe(
        "task :x do\n  run 'ls'\n  puts dump = \"pg_dump #{application}\"\n  system dump\nend\nset :application, 'a'\n",
    );
    assert!(notes.is_empty(), "{notes:?}");
    has(
        &text,
        &["let dump = `pg_dump ${application}`;\n  puts dump;\n  system dump;"],
    );
}

#[test]
fn braces_that_repeat_nothing_are_a_text() {
    carried(
        "task :t do\n  w = 'b'\n  puts 'x'.gsub(/{KEY}/, 'y'), 'x'.sub(/a{2}|{{(\\w*)}}/, 'y')\n  \
         puts 'x'.sub(/(?:#{w}){2,}{#{w}}/, 'y'), 'x'.sub(/\\{a\\p{L}/, 'y')\nend\n",
        &[
            "`\\{KEY}`",
            r"`a{2}|\{\{(\w*)}}`",
            r"`(?:${w}){2,}\{${w}}`",
            r"`\{a\p{L}`",
        ],
    );
}

#[test]
fn a_string_is_split_by_regular_expressions() {
    let (text, notes) = recipe(
        "task(:x) do\n  run 'ls'\n  capture('ps').split(/\\s+/).each { |pid| puts pid }\n  puts 'a, b'.split(/,\\s*|;/).length\n\
         puts 'a;b'.split(/;/)\nend\n",
    );
    assert!(notes.is_empty(), "{notes:?}");
    let parts = [
        "ruby_split(gsub(capture(\"ps\"), `\\s+`, \"\\n\"), \"\\n\")",
        "ruby_split(gsub(\"a;b\", \";\", \"\\x1f\"), \"\\x1f\")",
    ];
    has(&text, &parts);
    let (_, notes) = recipe("task(:x) { puts 'a,b'.split(/(,)/) }\n");
    assert_eq!(notes.len(), 1, "{notes:?}");
}

#[test]
fn the_pairs_of_a_map_stay_pairs_for_a_block_with_one_parameter() {
    let (text, notes) = recipe(
        "task(:x) do\n  links = { \"#{release_path}/a\" => 'b' }\n  run links.map { |a| \"ln #{a.last} #{a.first}\" }.join(';')\nend\n",
    );
    assert!(notes.is_empty(), "{notes:?}");
    has(&text, &["let links = [[`${release_path}/a`, \"b\"]];"]);
}

#[test]
fn a_function_that_changes_a_list_returns_it() {
    let (text, notes) = recipe(
        "set :repo_url, 'x'\nserver 'a', roles: %w[app]\ndef louder(words, *keys)\n  words.unshift(:sudo) if keys.include?(:loud)\nend\n\
         task :t do\n  on roles(:app) do\n    words = [:echo, 'a']\n    louder words, :loud\n    execute(*words)\n  end\nend\n",
    );
    assert!(notes.is_empty(), "{notes:?}");
    has(
        &text,
        &[
            "words = louder(words, [:loud]);\n  run `${join(words, \" \")}`;",
            "  }\n  words\n}",
        ],
    );
}

#[test]
fn assignments_in_conditions_and_open_files_are_read() {
    let (text, notes) = recipe(
        "task :t do\n  if (x = run_locally('a')) != ''\n    puts x\n  elsif (y = 'b').empty?\n    puts y\n  end\n\
         f = File.open('n', 'a')\n  f.puts 'one'\n  f.close\n  Dir.foreach('d') { |n| puts n }\nend\nset :q, ENV['Q'] || proc { 'z' }\nputs q\n",
    );
    assert!(notes.is_empty(), "{notes:?}");
    has(
        &text,
        &[
            "let x = run_locally(\"a\");\n  if x != \"\" {",
            "} else {\n    let y = \"b\";\n    if y.is_empty() {",
            "write_file(\"n\", `${if file_exists(\"n\") { read_file(\"n\") } else { \"\" }}one",
            "set :q { ENV[\"Q\"] ?? \"z\" }",
        ],
    );
}

#[test]
fn words_of_ruby_that_unseen_recipes_had_are_read() {
    let (text, notes) = recipe(
        "namespace (:web) do\n  task(:stop) { run 'x' }\nend\nafter 'deploy', 'web:stop'\nset :here, File.expand_path('x', __dir__)\nputs here\n\
         task :t do\n  tags = run_locally('git tag').split.last(5)\n  tags.each_index { |i| puts tags[i] }\n  puts tags.first(2)\n\
         t = ERB.new(\"a <%= application %>\")\n  put t.result(binding), '/x'\nend\nset :application, 'a'\n",
    );
    assert!(notes.is_empty(), "{notes:?}");
    has(
        &text,
        &[
            "namespace :web {",
            "set :here, expand_path(\"x\", dirname(recipe_file()));",
            ".extract(-5);",
            "for i in 0..tags.len() {",
            "tags.extract(0, 2)",
            "put t, \"/x\";",
        ],
    );
}

#[test]
fn functions_of_modules_are_written_where_they_are_called() {
    let module = "module Names\n  def self.of(stage)\n    \"#{stage}-x\"\n  end\n  class << self\n    def other(a)\n      \"o#{a}\"\n    end\n  end\nend\n\
                  module Lib\n  module_function\n  def third(x)\n    x + 'y'\n  end\n  class Deep\n    def self.fourth\n      'z'\n    end\n  end\nend\n\
                  include Lib\n";
    let calls = "set :repo_url, 'x'\ntask :t do\n  puts Names.of('a'), Names::other(1), third('b'), Lib.third('c'), Lib::Deep.fourth\nend\n";
    let (text, notes) = recipe(&format!("{module}{calls}"));
    assert!(notes.is_empty(), "{notes:?}");
    has(
        &text,
        &[
            "of(\"a\")",
            "fn of(stage)",
            "other(1)",
            "third(\"b\")",
            "third(\"c\")",
            "fourth()",
            "fn fourth()",
        ],
    );
    assert_eq!(text.matches("fn third(").count(), 1, "{text}");
    // One that holds more than functions, or makes objects, keeps its note.
    for class in [
        "class A\n  def x\n  end\nend\nputs A.new.x\n",
        "module A\n  alias y z\n  def x\n  end\nend\n",
    ] {
        let (_, notes) = recipe(&format!("set :repo_url, 'x'\n{class}"));
        assert!(
            notes.first().is_some_and(|note| note.reason.contains("has no form")),
            "{class}: {notes:?}"
        );
    }
    // Nobody makes an object of this one.
    let (_, notes) = recipe("set :repo_url, 'x'\nclass A\n  def x\n  end\nend\n");
    assert!(notes.is_empty(), "{notes:?}");
}

#[test]
fn namespaces_of_a_loop_have_the_names_of_its_list() {
    carried(
        "namespace :service do\n  [:nginx, :redis].each do |name|\n    namespace name do\n      %w[stop start].each do |action|\n        \
         desc \"#{action} #{name}\"\n        task(action) { on(roles(:app)) { execute :service, name, action } }\n      end\n    end\n  end\nend\n\
         namespace(\"of_#{fetch(:application)}\") { task(:hello) { puts 'x' } }\nafter 'deploy:published', 'service:redis:start'\n",
        &[
            "for name in [:nginx, :redis] {\n    namespace name {\n      for action in",
            "after \"deploy:published\", \"service:redis:start\";",
            "namespace `of_${application}` {",
        ],
    );
    let (_, notes) = recipe(&format!(
        "{THREE}namespace :x do\n  task(:t) {{ invoke 'service:redis:start' }}\nend\n"
    ));
    assert_eq!(notes.len(), 1, "{notes:?}");
}

#[test]
fn an_assignment_may_decide_about_what_stands_behind_and_or_or() {
    carried(
        "task :t do\n  key = ENV['K'] or abort 'no K'\n  ok = system('true') and puts('fine')\n  puts key, ok\nend\n",
        &[
            "let key = ENV[\"K\"];\n  if key == () {\n    abort \"no K\";",
            "let ok = system(\"true\");\n  if ok {\n    puts \"fine\";",
        ],
    );
}

#[test]
fn commands_that_stand_in_no_task_run_at_the_start() {
    carried(
        "on roles(:app) do |host|\n  within('/tmp') { execute :ls }\n  abort 'no' if test('[ -f x ]')\nend\nnamespace(:n) { on(roles(:app)) { execute :id } }\n",
        &[
            "on :start {\n  on roles(:app), |host| {\n    within \"/tmp\" {\n      run \"ls\";\n    }\n    if test(\"[ -f x ]\") {\n      abort \"no\";",
            "namespace :n {\n  on :start {\n    run \"id\", :roles => :app;",
        ],
    );
    let two = "role :app, 'a'\nx = 'date'\nrun x\n%w(a b).each { |f| sudo \"touch #{f}\" } if ENV['Q']\ntask(:t) { run 'id' }\non(:start) { puts 'x' }\n";
    let (text, notes) = recipe(two);
    assert!(notes.is_empty(), "{notes:?}");
    has(
        &text,
        &[
            "on :start {\n  run x;\n}",
            "for f in [\"a\", \"b\"] {\n    on :start {\n      sudo `touch ${f}`;",
            "task :t {\n  run \"id\";\n}",
            "on :start {\n  puts \"x\";",
        ],
    );
}

#[test]
fn what_is_nil_where_capistrano_reads_it_is_nothing() {
    carried(
        "set :bins, fetch(:bins).push('x') if !fetch(:bins).nil?\nset :late, \"#{fetch(:below)}!\"\nset :below, 'b'\nset :after, fetch(:below)\ntask(:t) { puts fetch(:late), fetch(:after) }\n",
        &[
            "if fetch(:bins, ()) != () {",
            "set :late, `${fetch(:below, \"\")}!`;\nset :below, \"b\";\nset :after, below;",
        ],
    );
}

#[test]
fn changes_in_a_row_assigned_subjects_and_pairs_are_read() {
    carried(
        "task :t do\n  x = `a`\n  x.gsub!('*', '').strip!\n  y = Hash[:a => x]\n  puts y, ' b '.center(9, '-'), File.realpath('.')\n  \
         case z = ENV['Z']\n  when 'a' then puts z\n  end\nend\n",
        &[
            "  x = gsub(x, \"\\\\*\", \"\");\n  x = strip(x);\n  let y = #{ a: x };",
            "puts ruby_center(\" b \", 9, \"-\");",
            "puts expand_path(\".\");",
            "let z = ENV[\"Z\"];\n  switch z {",
        ],
    );
    carried(
        "SSHKit.config.umask = '0027'\n",
        &["default_run_options[\"umask\"] = \"0027\";"],
    );
    carried(
        "require 'whenever/capistrano/recipes'\n",
        &["require \"whenever\";\nset :whenever_default_hooks, false;"],
    );
}

#[test]
fn a_stage_with_the_name_of_a_task_is_another_file() {
    let files = [
        ("Capfile", "require 'capistrano/setup'\nrequire 'capistrano/deploy'\n"),
        ("config/deploy.rb", "lock '3'\nset :application, 'x'\n"),
        ("config/deploy/migrate.rb", "server 'a', roles: %w[app]\n"),
        ("config/deploy/production.rb", "server 'b', roles: %w[app]\n"),
    ];
    let ported = ported(&files).unwrap();
    let paths: Vec<&str> = ported.files.iter().map(|file| file.to.as_str()).collect();
    assert_eq!(
        paths[2..],
        ["config/deploy/migrate_stage.rhai", "config/deploy/production.rhai"]
    );
    assert!(
        ported
            .remarks
            .iter()
            .any(|remark| remark.contains("called migrate_stage")),
        "{:?}",
        ported.remarks
    );
}

#[test]
fn an_empty_string_has_no_parts() {
    carried(
        "task :t do\n  on roles(:app) do\n    capture('ls').split.each { |f| execute \"rm #{f}\" }\n    x = capture('id').split(',')\n    \
         execute :scp, \"x #{primary(:app)}:/y\", *x, *'a,b'.split(',')\n  end\nend\n",
        &[
            "for f in ruby_words(strip(capture(\"ls\"))) {",
            "let x = ruby_split(strip(capture(\"id\")), \",\");",
            "scp x ${primary(:app).host}:/y",
            "\"a,b\".split(\",\")",
        ],
    );
}

#[test]
fn what_does_nothing_in_capistrano_3_does_nothing_here() {
    let (text, notes) = recipe(&format!(
        "{THREE}set :repository, 'other'\nset :default_shell, 'bash -l'\nset :default_environment, {{ 'A' => 'b' }}\nset :default_env, {{ 'C' => 'd' }}\n"
    ));
    assert!(notes.is_empty(), "{notes:?}");
    has(&text, &["set :repository, \"x\";", "#{ C: \"d\" }"]);
    assert!(
        !text.contains("bash -l") && !text.contains("\"other\"") && !text.contains("A: \"b\""),
        "{text}"
    );
}

#[test]
fn a_default_holds_in_the_stages_that_do_not_set_it() {
    let files = [
        (
            "Capfile",
            "require 'capistrano/setup'\nrequire 'capistrano/deploy'\nrequire 'capistrano/passenger'\n",
        ),
        ("config/deploy.rb", "lock '3'\nset :application, 'x'\n"),
        (
            "config/deploy/production.rb",
            "server 'b', roles: %w[app]\nset :branch, 'main'\n",
        ),
        (
            "config/deploy/staging.rb",
            "server 'b', roles: %w[app]\nset :deploy_to, '/srv/x'\nset :branch, 'next'\n",
        ),
    ];
    let text = ported(&files).unwrap().files[1].text.clone();
    has(&text, &["set :deploy_to { `/var/www/${application}` }"]);
    // With Passenger's gem a deploy runs deploy:restart.
    assert!(
        !text.contains("set :branch") && !text.contains("restart_on_deploy"),
        "{text}"
    );
}
