# Roles, tasks, and their options.
set :application, "shop"
set :repository, "http://svn.example.com/#{application}/trunk"

role :web, "www1.example.com", "www2.example.com"
role :app, "app1.example.com", "app2.example.com"
role :db, "db1.example.com", :primary => true
role :db, "db2.example.com"

desc "Show how long the servers are up."
task :uptime do
  run "uptime"
end

desc <<-DESC
Count the processes of the application. Only the application servers
are asked.
DESC
task :processes, :roles => :app do
  run "ps ax | grep #{application} | wc -l"
end

task :both, :roles => [:web, :app] do
  run "hostname"
  run "df -h #{deploy_to}"
end

task :dump, :roles => :db, :only => { :primary => true } do
  run "mysqldump shop | gzip > /tmp/shop.sql.gz"
end

task :replicas, :roles => :db, :except => { :primary => true } do
  run "mysql -e 'show slave status'"
end

task :one, :hosts => "www2.example.com" do
  run "uname -a"
end
