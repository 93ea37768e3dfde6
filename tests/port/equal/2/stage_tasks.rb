# Stages that are tasks.
# runs: staging show
set :application, "shop"

task :staging do
  set :rails_env, "staging"
  set :deploy_to, "/srv/staging"
  role :app, "stage1"
  role :db, "stage1", :primary => true
end

task :production do
  set :rails_env, "production"
  set :deploy_to, "/srv/production"
  role :app, "app1", "app2"
  role :db, "db1", :primary => true
end

task :show, :roles => :app do
  run "echo #{rails_env} #{deploy_to} #{current_path}"
end
