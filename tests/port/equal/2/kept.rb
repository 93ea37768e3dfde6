# What Capistrano keeps and does not read, and files that are read in other words.
set :application, "shop"
set :repository, "svn://svn.example.com/shop"
set :use_sudo, false
role :app, "app1", "app2"
role :db, "db1", :primary => true

# This is no option, so the task goes everywhere.
task :everywhere, :role => :app do
  run "uptime"
end

# Neither is this one of a command.
task :terminal, :roles => :app do
  run "echo terminal", :options => { :pty => true }
end

task :one, :roles => :db do
  run "echo one"
end

task :two, :roles => :db do
  run "echo two"
end

# No task has this name: nothing ever runs these.
before "cold" do
  run "echo never"
end
after "warm", "everywhere"

# One hook on each of several tasks.
after %w(one two) do
  run "echo after"
end
before [:one, :two], :everywhere

task :read do
  text = File.open(File.expand_path("../config/database.yml", __FILE__), "rb").read rescue "none"
  run "echo #{text.length > 0}"
end
