# Tasks that several files define, paths that are read before the stage has its own, and lines inside of quotes.
# runs: app:restart paths quoted
lock "~> 3.0"
set :application, "shop"
set :repo_url, "git@git.example.com:shop.git"
set :deploy_to, "/srv/shop"
set :socket, "#{shared_path}/tmp/sockets/shop.sock"
set :log, "#{current_path}/log/shop.log"
server "app1", roles: %w[app]

namespace :app do
  task :restart do
    on roles(:app) do
      execute :touch, "deploy"
    end
  end
end

task :paths do
  on roles(:app) do
    execute :ls, fetch(:socket), fetch(:log), shared_path, releases_path, current_path
  end
end

task :quoted do
  on roles(:app) do
    execute "echo 'one
      two' && date"
    execute <<~COMMAND
      cd /tmp
      ls
    COMMAND
  end
end
