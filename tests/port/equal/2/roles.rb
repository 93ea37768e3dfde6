# Which servers a task has.
role :web, "www1", "www2"
role :app, "app1", "app2", :colour => "red"
role :db, "db1", :primary => true
role :db, "db2", :no_release => true
server "all1", :web, :app, :colour => "blue"

task(:everywhere) { run "everywhere" }
task(:web_and_db, :roles => [:web, :db]) { run "some" }
task(:main, :roles => :db, :only => { :primary => true }) { run "main" }
task(:others, :roles => :db, :except => { :primary => true }) { run "others" }
task(:red, :only => { :colour => "red" }) { run "red" }
task(:releases, :except => { :no_release => true }) { run "releases" }
task(:named, :hosts => "db2") { run "named" }
task(:several_named, :hosts => %w(www1 db2)) { run "named" }
task(:not_web, :except => { :colour => "blue" }, :roles => :app) { run "not blue" }
