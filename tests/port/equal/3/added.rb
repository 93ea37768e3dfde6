# Tasks of Capistrano that a recipe defines again: Rake adds what is in them.
# runs: deploy again
set :application, "shop"
set :repo_url, "git@example.com:shop.git"
set :deploy_to, "/srv/shop"

namespace :deploy do
  task :updated do
    on release_roles(:all) do
      execute :warm
    end
  end

  task :publishing => :announce

  task :announce do
    puts "publishes"
  end

  task :finished => :announce do
    puts "finished"
  end
end

task :deploy do
  puts "all done"
end

after :deploy, :last
task(:last) { puts "last" }

# Blocks of hooks, with names of tasks that are there.
namespace :deploy do
  after :restart, :publishing do
    on(roles(:app)) { execute "echo published" }
  end
  before :restart, :twice do
    puts "first"
  end
  after :restart, :twice do
    puts "second"
  end
end
task(:again) { invoke "deploy:restart" }
