# Files that are loaded.
set :application, "shop"
role :app, "app1"
role :db, "db1", :primary => true

load "config/recipes/base"
load File.expand_path("../recipes/nginx.rb", __FILE__)
load "config/recipes/none" if File.exist?("config/recipes/none.rb")

task :main do
  nginx.setup
end
