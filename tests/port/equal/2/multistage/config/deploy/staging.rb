set :rails_env, "staging"
set :branch, "develop"
server "stage1.example.com", :app, :web, :db, :primary => true
