# Commands with servers and settings of their own.
role :app, "app1", "app2"
role :web, "www1", "app1"
role :db, "db1", :primary => true

task :of_commands, :roles => :app do
  run "all"
  run "once", :once => true
  run "web", :roles => :web
  run "db", :roles => :db, :only => { :primary => true }
  run "host", :hosts => "www1"
  run "sh", :shell => "bash"
  run "nothing", :roles => :app, :only => { :primary => true }, :on_no_matching_servers => :continue
end

task :environment, :roles => :app do
  run "env", :env => { "RAILS_ENV" => "production", "B" => "two words" }
  run "echo $CAPISTRANO:HOST$"
  run "cat > /tmp/in", :data => "input"
end

task :in_turns, :roles => :app, :max_hosts => 1 do
  run "restart"
end

task :tolerant, :roles => :app, :on_error => :continue do
  run "may fail"
end
