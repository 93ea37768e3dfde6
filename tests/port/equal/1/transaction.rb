# Transactions and what undoes a step.
role :app, "app1", "app2"
role :web, "www1"

task :copy, :roles => :app do
  on_rollback { delete "/srv/new", :recursive => true }
  run "cp -r /srv/old /srv/new"
end

task :switch, :roles => :web do
  on_rollback do
    run "mv /srv/current /srv/broken"
  end
  run "ln -nfs /srv/new /srv/current"
end

task :update_all do
  transaction do
    copy
    switch
  end
end

task :long do
  transaction do
    disable
    update_all
  end
  run "echo done"
end

task :disable, :roles => :web do
  on_rollback { run "rm -f /srv/down.html" }
  run "touch /srv/down.html"
end
