# A deploy with tasks around the steps of the library.
# runs: deploy cold_deploy deploy_with_migrations
set :application, "shop"
set :repository, "http://svn.example.com/shop/trunk"
set :revision, "123"
set :use_sudo, false
role :web, "www1"
role :app, "app1", "app2"
role :db, "db1", :primary => true

task :after_update_code, :except => { :no_release => true } do
  run "cp #{shared_path}/config/database.yml #{release_path}/config/database.yml"
end

task :before_symlink, :roles => :app do
  run "test -e #{release_path}/config/database.yml"
end

task :after_symlink, :roles => :web do
  run "touch #{current_path}/public/fresh"
end

task :restart, :roles => :app do
  run "#{current_path}/script/process/reaper --dispatcher=dispatch.fcgi"
end

task :after_deploy do
  puts "deployed #{application}"
end

task :spinner, :roles => :app do
  run "#{current_path}/script/spin"
end
