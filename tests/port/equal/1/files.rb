# Files in both directions, and their removal.
set :application, "shop"
role :app, "app1", "app2"
role :db, "db1", :primary => true

task :push_text, :roles => :app do
  put "some text", "/tmp/text"
  put "#{application}\n", "/tmp/name", :mode => 0600
end

task :remove, :roles => :app do
  delete "/tmp/text"
  delete "/tmp/#{application}", :recursive => true
end

task :fetch_dump, :roles => :db, :only => { :primary => true } do
  filename = "#{application}.dump.sql"
  run "mysqldump #{application} > /tmp/#{filename}"
  get "/tmp/#{filename}", filename
  delete "/tmp/#{filename}"
end
