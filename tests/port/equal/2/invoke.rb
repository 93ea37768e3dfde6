# Calls of tasks, and servers that are asked for.
role :app, "app1", "app2"
role :db, "db1", :primary => true

namespace :a do
  task(:one, :roles => :app) { run "one" }
  namespace :b do
    task(:two, :roles => :db) { run "two" }
  end
end

task :calls do
  a.one
  a.b.two
  find_and_execute_task "a:one"
  top.a.one
end

task :asks do
  servers = roles[:app].servers.map { |s| s.host }
  run "echo #{servers.join(",")}"
  puts find_servers(:roles => :db, :only => { :primary => true }).first.host
  roles[:app].each { |s| run "echo #{s.host}", :hosts => s.host }
end
