set :rails_env, "production"
set :branch, "master"
role :app, "app1.example.com", "app2.example.com"
role :db, "db1.example.com", :primary => true
