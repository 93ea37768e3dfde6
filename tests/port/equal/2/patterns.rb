# Regular expressions.
role :app, "app1"
set :version, "v1.2.3"

task :matches do
  if version =~ /^v(\d+)\.(\d+)/
    run "echo #{$1} #{$2}"
  end
  run "echo #{version[/\d+$/]} #{version.match(/\.(\d)\./)[1]}"
  run "echo #{version.scan(/\d/).join(",")}"
  run "echo #{version.sub(/^v/, "").gsub(".", "-")}"
  run "echo no" if version !~ /beta/
  branch = "* main\n  other"[/\* (\S+)/, 1]
  run "echo #{branch}"
  run "echo #{"a_b c".gsub(/[_ ]/, "-")} #{"AbC".downcase =~ /abc/ ? "yes" : "no"}"
  run "echo #{"name=value".split("=", 2).last}"
end
