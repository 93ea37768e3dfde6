# Values that come from files and from the environment.
require "yaml"
set :application, "shop"
set :repository, "svn://svn.example.com/shop"
set :use_sudo, false

words = File.read("public/index.html").split
first = words.first || "none"
set :title, File.read("public/index.html").strip
set :tag, "v-#{title}"
role :app, ENV["SHOP_HOST"] || "app1", "app2"
role :web, first.empty? ? "none" : "web1", :weight => words.length
server "db1", :db, :primary => true, :title => title

task :say, :roles => :app do
  run "echo #{title} #{tag} #{words.length}"
end

task :web, :roles => :web do
  run "echo #{first}"
end

task :db, :roles => :db do
  run "echo db"
end
