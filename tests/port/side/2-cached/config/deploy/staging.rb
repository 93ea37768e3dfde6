role :app, "app1", "app2"
role :web, "app1", "app2"
role :db, "app1", :primary => true
set :workers, 2
