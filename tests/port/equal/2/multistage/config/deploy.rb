# stage: staging
set :stages, %w(staging production)
set :default_stage, "staging"
require "capistrano/ext/multistage"

set :application, "shop"
set(:deploy_to) { "/srv/#{application}-#{stage}" }

namespace :deploy do
  desc "Restart it."
  task :restart, :roles => :app do
    run "touch #{current_path}/tmp/restart.txt"
  end
end

desc "Tell the stage."
task :tell do
  run "echo #{stage} #{rails_env} #{branch} #{deploy_to}"
end

after "tell", "cache:clear"
