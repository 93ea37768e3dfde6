set :application, "shop"
set :repository, "@REPOSITORY@"
set :scm, :git
set :branch, "main"
set :deploy_to, "@ROOT@"
set :use_sudo, false
set :user, "deploy"
set :keep_releases, 2
set :normalize_asset_timestamps, false
ssh_options[:port] = 2222

role :app, "app1", "app2"
role :web, "app1", "app2"
role :db, "app1", :primary => true

namespace :deploy do
  task :restart, :roles => :app do
    run "touch #{current_path}/tmp/restart.txt"
  end
end

after "deploy:update_code" do
  run "mkdir -p #{release_path}/config && ln -nfs #{shared_path}/config/database.yml #{release_path}/config/database.yml"
end

after "deploy:setup" do
  run "mkdir -p #{shared_path}/config"
  put "production:\n  host: db1\n", "#{shared_path}/config/database.yml", :mode => 0600
end

after "deploy", "deploy:cleanup"
