require "capistrano/ext/multistage"
set :stages, %w(staging production)
set :default_stage, "staging"
set :application, "shop"
set :repository, "@REPOSITORY@"
set :scm, "git"
set :branch, "main"
set :deploy_via, :remote_cache
set :deploy_to, "@ROOT@"
set :use_sudo, false
set :user, "deploy"
set :normalize_asset_timestamps, false
set :shared_children, %w(log public/uploads)
set(:marker) { "#{stage}-#{application}" }
ssh_options[:port] = 2222

load "config/recipes/base"
load "config/recipes/web"

namespace :deploy do
  [:start, :stop, :restart].each do |action|
    task action, :roles => :app do
      run "echo #{action} >> #{shared_path}/log/actions"
    end
  end
end

after "deploy:finalize_update", "web:configure"
