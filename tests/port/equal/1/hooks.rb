# Tasks that run before and after others because of their names.
# runs: publish all
set :application, "shop"
role :app, "app1", "app2"
role :db, "db1", :primary => true

task :publish, :roles => :app do
  run "publish"
end

task :before_publish, :roles => :db do
  run "backup"
end

task :after_publish do
  run "announce"
end

task :after_announce, :roles => :app do
  run "never by itself"
end

task :all do
  publish
  after_announce
end
