# The phases of a deploy with own tasks around them.
# runs: deploy
set :application, "shop"
set :repo_url, "git@example.com:shop.git"
set :deploy_to, "/srv/shop"

namespace :deploy do
  desc "Restart the application."
  task :restart do
    on roles(:app), in: :sequence, wait: 5 do
      execute :touch, release_path.join("tmp/restart.txt")
    end
  end

  after :publishing, :restart

  task :warm do
    on roles(:web) do
      within release_path do
        execute :rake, "cache:warm"
      end
    end
  end
  before :finishing, :warm
  after :updated, "config:link"
  after "deploy:reverted", "config:undo"
end

namespace :config do
  task :link do
    on release_roles(:all) do
      execute :ln, "-nfs", shared_path.join("database.yml"), release_path.join("config/database.yml")
    end
  end
  task :undo do
    on(roles(:app)) { execute :undo }
  end
end

before "deploy:starting", :announce
after "deploy:finished", :announce_end
task(:announce) { puts "begins" }
task(:announce_end) { puts "ends" }
