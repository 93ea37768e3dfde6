role :app, "app2"
role :web, "app2"
role :db, "app2", :primary => true
set :workers, 8
