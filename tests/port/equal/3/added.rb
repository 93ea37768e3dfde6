# Tasks of Capistrano that a recipe defines again: Rake adds what is in them.
# runs: deploy
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
