# A ladder of conditions that chooses servers.
set :application, "shop"

if ENV["DEPLOY_ENV"] == "production"
  role :app, "app1", "app2"
  set :branch, "master"
elsif ENV["DEPLOY_ENV"] == "demo"
  role :app, "demo1"
  set :branch, "demo"
else
  role :app, "stage1"
  set :branch, ENV["BRANCH_NAME"] || "develop"
end

set :rails_env, (ENV["DEPLOY_ENV"] || "staging")
set(:url) { "http://#{rails_env}.example.com" }

task :show, :roles => :app do
  run "echo #{branch} #{rails_env} #{url}"
end
