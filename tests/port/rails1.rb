# The application server of 2006
require 'mongrel_cluster/recipes'

set :application, "bookshop"
set :repository, "http://svn.example.com/#{application}/trunk"
set :mongrel_servers, 3
set :password, "hunter2"

role :web, "www.example.com"
role :app, "app1.example.com", "app2.example.com"
role :db, "db.example.com", :primary => true

desc "Link the configuration"
task :after_update_code, :roles => [:app, :db] do
  run "ln -nfs #{shared_path}/database.yml #{release_path}/config/database.yml"
end

task :before_restart do
  set :use_sudo, true
end

task :long_deploy do
  transaction do
    update_code
    disable_web
    symlink
    migrate
  end

  restart
  enable_web
end

task :conf do
  text = render :template => "port: <%= mongrel_servers %>\n"
  put text, "#{shared_path}/mongrel.yml"
end
