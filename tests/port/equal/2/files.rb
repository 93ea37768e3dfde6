# Files in both directions.
set :application, "shop"
role :app, "app1", "app2"
role :db, "db1"

task :sends, :roles => :app do
  put "text", "/tmp/text"
  put "secret", "/tmp/secret", :mode => 0600
  upload "config/database.yml", "/srv/database.yml"
  upload "public", "/srv/public", :via => :scp, :recursive => true
  upload "keys/$CAPISTRANO:HOST$", "/srv/key"
  top.upload "config/database.yml", "/srv/#{application}.yml", :mode => "0644"
  upload(StringIO.new("io"), "/srv/io")
end

task :fetches, :roles => :app do
  get "/var/log/app.log", "app.log"
  download "/var/log/app.log", "log.$CAPISTRANO:HOST$"
end

task :of_file, :roles => :db do
  put File.read("config/database.yml"), "/srv/database.yml"
end
