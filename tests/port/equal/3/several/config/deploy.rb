set :application, "shop"
set :repo_url, "git@example.com:shop.git"
set :deploy_to, "/srv/first"
set :socket, "unix://#{shared_path}/puma.sock"
set :host, "b.example.com"

namespace :lamp do
  task :check do
    on(roles(:all)) { execute :echo, "of the recipe" }
  end

  task :paths do
    on(roles(:app)) { execute :echo, fetch(:socket), shared_path, current_path }
  end

  task :off do
    on(roles(:app)) { execute :echo, "off" }
  end
end

task :long do
  on roles(:app) do |server|
    host = server.hostname.split(".").first
    within "/srv" do
      all = ["cd /tmp", "ls -l"].join(" && ")
      execute all
      one = "ls"
      execute one
      one += " -a"
      execute one
      execute :echo, host, server.hostname
    end
  end
end

after "lamp:paths", :off
