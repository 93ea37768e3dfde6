# Strings and what is put into them.
set :application, "shop"
set :sizes, { :small => 1, "large" => 3 }
role :app, "app1"

task :interpolated, :roles => :app do
  run "echo #{application}-#{1 + 2} #{application.upcase} #{sizes[:small]} #{sizes["large"]}"
  run 'echo #{application} "quoted" it''s'
  run %Q{echo "#{application}" 'single'}
  run %q(echo '#{application}' (nested))
  run "echo \"double\" \\ back \t tab"
  run "echo $HOME `hostname` \#{plain}"
  run "echo " + application + " " + :symbol.to_s
  run "echo " << application
  run "echo %s and %d" % [application, 42]
  run "a" "b"
end

task :changed do
  text = "  Some Text  "
  run "echo #{text.strip.downcase} #{text.strip.gsub(/e/, "3")} #{"a,b,c".split(",").last}"
  run "echo #{"shop".capitalize} #{"x" * 3} #{"abc"[0, 2]} #{"abc".length}"
  run "echo #{"a-b".tr("-", "_")} #{"path/to/file.rb".sub(".rb", "")} #{"abc".include?("b")}"
  run "echo #{"5".to_i + 1} #{5.to_s + "1"}"
end
