# A deploy with own tasks, in place of those of the library and around them.
# runs: deploy:migrations deploy deploy:cold
set :application, "shop"
set :repository, "git@example.com:shop.git"
set :scm, :git
set :deploy_to, "/srv/#{application}"
set :use_sudo, false
set :normalize_asset_timestamps, false
role :web, "www1"
role :app, "app1", "app2"
role :db, "db1", :primary => true
role :mail, "mail1", :no_release => true

namespace :deploy do
  task :start, :roles => :app do
    run "touch #{current_path}/tmp/start.txt"
  end
  task :stop do ; end
  desc "Restart Passenger."
  task :restart, :roles => :app, :except => { :no_release => true } do
    run "#{try_sudo} touch #{File.join(current_path, "tmp", "restart.txt")}"
  end
  task :migrate, :roles => :db, :only => { :primary => true } do
    run "cd #{release_path} && rake db:migrate"
  end
end

namespace :config do
  task :link, :except => { :no_release => true } do
    run "ln -nfs #{shared_path}/config/database.yml #{release_path}/config/database.yml"
  end
  task :tell, :roles => :web do
    run "echo #{release_name} > #{shared_path}/version"
  end
end

after "deploy:update_code", "config:link"
before "deploy:create_symlink", "config:tell"
after "deploy", "deploy:cleanup_own"
after "deploy:restart", "config:tell"

namespace :deploy do
  task :cleanup_own, :roles => :app do
    run "rm -rf #{deploy_to}/old"
  end
end
