# sudo in all forms.
set :user, "deploy"
set :runner, "app"
set :use_sudo, true
role :app, "app1"

task :forms do
  sudo "service nginx reload"
  sudo "whoami", :as => "postgres"
  run "#{sudo} ls /root && #{sudo :as => "app"} ls"
  run "#{try_sudo} mkdir /srv/x"
  try_sudo "rm -rf /srv/x"
  try_sudo "id", :as => runner
  run "cd /srv && #{try_sudo :as => runner} ls"
end
