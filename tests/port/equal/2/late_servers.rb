# runs: deploy
# Servers, roles and paths that a hook of a deploy chooses.
set :application, "shop"
set :repository, "/srv/shop.git"
set :scm, :git
set :use_sudo, false
set(:branch) { target == "live" ? "stable" : "main" }

before "deploy", "pick"
after "deploy:update_code", "tell"

task :pick do
  set :target, fetch(:target, "live")
  set :deploy_to, "/srv/#{target}/#{application}"
  role :app, "#{target}1", "#{target}2"
  role :db, "#{target}1", :primary => true
  server "edge", :web
  logger.info "chosen"
end

task :tell, :roles => :app do
  puts "#{branch} on #{target}"
  run "ls #{shared_path}"
  run "ls #{current_path} #{release_path}", :roles => [:db, :web]
end

namespace :deploy do
  task(:restart) { run "touch #{current_path}/tmp/restart.txt" }
end
