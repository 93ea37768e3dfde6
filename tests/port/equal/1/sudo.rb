# sudo in the forms of 1.x.
set :application, "shop"
role :app, "app1", "app2"
set :runner, "rails"

task :simple do
  sudo "apachectl graceful"
end

task :as_user, :roles => :app do
  sudo "/usr/bin/spin -c /srv/#{application}", :as => "app"
  sudo "id", :as => runner
end

task :by_name do
  send(run_method, "uptime")
end

task :by_choice do
  set :use_sudo, false
  if use_sudo
    sudo "killall ruby"
  else
    run "killall ruby"
  end
end
