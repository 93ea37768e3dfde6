# Transactions.
role :app, "app1"
role :web, "www1"

namespace :own do
  task :default do
    transaction do
      copy
      switch
    end
  end

  task :copy, :roles => :app do
    on_rollback { run "rm -rf /srv/new; true" }
    run "cp -r /srv/old /srv/new"
  end

  task :switch, :roles => :web do
    on_rollback do
      run "ln -nfs /srv/old /srv/current"
    end
    run "ln -nfs /srv/new /srv/current"
  end
end
